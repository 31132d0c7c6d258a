"""baresip as a foreign phone: it says a steady tone, does as it is told, and writes down what it hears.

It will not speak over loopback, so whoever uses it needs a network of another kind.
"""

import asyncio
import contextlib
import json
import re
import shutil
from array import array
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.tones import has, tone

EXISTS = shutil.which("baresip") is not None
_MODULES = next(iter(Path("/usr/lib").glob("**/baresip/modules")), Path("/usr/lib/baresip/modules"))


PORTS = range(10200, 10300)  # for its sound


class Baresip:
    """One running baresip; `dials` is what it calls as soon as it runs.

    It answers by itself unless it has a `control` port, at which it is told what to do.
    """

    def __init__(
        self,
        folder: Path,
        server: tuple[str, int],
        user: str,
        secret: str,
        hertz: float,
        *,
        dials: str = "",
        control: int = 0,
    ) -> None:
        host, port = server
        self._home = folder / f"baresip-{user}"
        self._home.mkdir()
        self._log = self._home / "log"
        self._dials = dials
        self._control = control
        voice = self._home / "voice.wav"
        voice.write_bytes(_wave(tone(hertz, 300.0 if control else 60.0)))
        modules = "\n".join(f"module {name}.so" for name in ("g711", "aufile", "sndfile"))
        (self._home / "config").write_text(
            f"sip_listen {host}:0\n"
            f"audio_source aufile,{voice}\naudio_player nothing,none\naudio_alert nothing,none\n"
            f"module_path {_MODULES}\n{modules}\nsnd_path {self._home}\n"
            "module_tmp uuid.so\nmodule_tmp account.so\nmodule_app menu.so\n"
            f"rtp_ports {PORTS.start}-{PORTS.stop - 1}\ncall_max_calls 4\n"
            + (f"module_app ctrl_tcp.so\nctrl_tcp_listen 127.0.0.1:{control}\n" if control else "")
        )
        mode = "manual" if control else "auto"
        (self._home / "accounts").write_text(
            f"<sip:{user}@{host}:{port};transport=udp>;auth_user={user};auth_pass={secret};"
            f"regint=600;answermode={mode};audio_codecs=pcma\n"
        )

    async def __aenter__(self) -> Self:
        words = ["baresip", "-f", str(self._home), *(["-e", f"/dial {self._dials}"] if self._dials else [])]
        with self._log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *words, stdin=asyncio.subprocess.PIPE, stdout=log, stderr=log
            )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, why: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        await self._process.wait()

    # ---- what it is told, with a `control` port

    async def tell(self, command: str, words: str = "") -> str:
        """What it answers to one of its menu's commands."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._control)
        order = json.dumps({"command": command, "params": words, "token": "it"}).encode()
        writer.write(b"%d:%b," % (len(order), order))
        try:
            async with asyncio.timeout(10):
                while True:
                    size = int((await reader.readuntil(b":"))[:-1])
                    said = json.loads((await reader.readexactly(size + 1))[:-1])
                    if said.get("response"):
                        assert said["ok"], f"baresip cannot {command} {words}: {said['data']}"
                        return str(said["data"])
        finally:
            writer.close()

    async def lines(self) -> dict[str, str]:
        """Its calls: the number of the other side, and the line to choose for it."""
        found = re.findall(r"\[line (\d+)\].*?sip:([^@]+)@", await self.tell("listcalls"))
        return {number: line for line, number in found}

    async def chooses(self, number: str) -> None:
        """What it is told next is about its call with this number."""
        await self.tell("line", (await self.lines())[number])

    # ---- what it did

    def has_said(self, words: str) -> bool:
        return words in self._log.read_text(errors="replace")

    def heard(self, hertz: float) -> bool:
        """Whether its last recording, complete when the call is over, ends with this tone."""
        recordings = sorted(self._home.glob("dump-*-dec.wav"))
        if not recordings:
            return False
        samples = array("h")
        data = recordings[-1].read_bytes()[44:]
        samples.frombytes(data[: len(data) // 2 * 2])
        return has(samples, hertz)


def _wave(samples: "array[int]") -> bytes:
    """16 bits, one channel, 8 kHz."""
    data = samples.tobytes()
    size, rate = len(data).to_bytes(4, "little"), (8000).to_bytes(4, "little")
    form = b"\x01\x00\x01\x00" + rate + (16000).to_bytes(4, "little") + b"\x02\x00\x10\x00"
    whole = (36 + len(data)).to_bytes(4, "little")
    return b"RIFF" + whole + b"WAVEfmt \x10\x00\x00\x00" + form + b"data" + size + data
