"""SIPp as a foreign phone: runs one of the scenarios in tests/stories/sipp once and says how it went."""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from offhook.sip.flow import Transport

SCENARIOS = Path(__file__).parent.parent / "stories" / "sipp"
EXISTS = shutil.which("sipp") is not None
_TRANSPORTS = {"udp": "u1", "tcp": "t1", "tls": "l1"}


def credentials(user: str, password: str, what: object) -> str:
    """A line of SIPp's input file: who, the number to dial or the seconds to register for, the digest."""
    return f"{user};{what};[authentication username={user} password={password}]"


async def sipp(
    scenario: str,
    server: tuple[str, int],
    line: str = "",
    *,
    port: int = 0,
    transport: Transport = "udp",
    host: str = "",
    user: str = "phone",
    pause_ms: int = 100,
    seconds: float = 15.0,
    keys: Mapping[str, str] | None = None,
) -> None:
    """Play the scenario; raises AssertionError with SIPp's own words when it fails.

    `keys` are the scenario's own words, such as the number to send a call on to.
    """
    with tempfile.TemporaryDirectory() as folder:
        errors = Path(folder, "errors")
        command = [
            *("sipp", f"[{server[0]}]:{server[1]}" if ":" in server[0] else f"{server[0]}:{server[1]}"),
            *("-sf", str(SCENARIOS / f"{scenario}.xml"), "-m", "1", "-nostdin", "-s", user),
            *("-i", host or server[0], "-t", _TRANSPORTS[transport], "-d", str(pause_ms)),
            *("-timeout", f"{seconds:g}", "-timeout_error", "-trace_err", "-error_file", str(errors)),
        ]
        for key, value in (keys or {}).items():
            command += ["-key", key, value]
        if port:
            command += ["-p", str(port)]
        if line:
            lines = Path(folder, "lines.csv")
            lines.write_text(f"SEQUENTIAL\n{line}\n")
            command += ["-inf", str(lines)]
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=folder,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            _, said = await process.communicate()
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
        if process.returncode:
            more = errors.read_text()[-1500:] if errors.exists() else ""
            raise AssertionError(
                f"{scenario} ended with {process.returncode}: {said.decode()[-500:]}\n{more}"
            )
