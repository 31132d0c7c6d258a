"""A running Offhook for the stories: the demo office as its own process, on free ports of loopback.

With `workers` it is run as a server with so many media workers.

Stories wait for facts with `eventually`, never for seconds.
"""

import asyncio
import contextlib
import json
import os
import signal
import sqlite3
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec

from offhook.config import Address, Demo, Records
from offhook.configfile import shown
from offhook.demo import configuration, furnish
from tests.ports import free_port

PASSWORD = "correct-horse-battery"  # without blanks, which SIPp cannot say


async def eventually(
    look: Callable[[], bool | Awaitable[bool]], *, within: float = 30.0, what: str = ""
) -> None:
    """Waits until what `look` says is true; fails when it is not in time."""
    deadline = time.monotonic() + within
    while True:
        found = look()
        if found if isinstance(found, bool) else await found:
            return
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within:g} s: {what or look}")
        await asyncio.sleep(0.05)


class Office:
    """The demo, started and stopped as a person would; `data` outlives a restart."""

    def __init__(
        self,
        data: Path,
        *,
        sip_host: str = "127.0.0.1",
        environment: dict[str, str] | None = None,
        workers: int = 0,
        records: Records | None = None,
    ) -> None:
        self.data = data
        self.sip_host = sip_host
        self._workers = workers
        self._records = records
        self._sip_host = f"[{sip_host}]" if ":" in sip_host else sip_host
        self.http_port, self.sip_port, self.sips_port = free_port(), free_port(), free_port()
        self.log = data.parent / f"{data.name}.log"
        self._environment = environment or {}
        self._process: subprocess.Popen[bytes] | None = None
        self.ready_after = 0.0

    # ---- life

    def start(self) -> None:
        begun = time.monotonic()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "offhook", *self._told()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self._environment},
            )
        while True:
            if self._process.poll() is not None:
                raise AssertionError(f"the demo ended at once:\n{self.log.read_text()[-3000:]}")
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{self.url}/readyz", timeout=1).close()
                break
            if time.monotonic() > begun + 30:
                raise AssertionError(f"the demo is not ready after 30 s:\n{self.log.read_text()[-3000:]}")
            time.sleep(0.02)
        self.ready_after = time.monotonic() - begun

    def _told(self) -> list[str]:
        return self._as_demo() if not self._workers and self._records is None else self._as_server()

    def _as_demo(self) -> list[str]:
        return [
            *("demo", "--data", str(self.data), "--http", f"127.0.0.1:{self.http_port}"),
            *("--sip", f"{self._sip_host}:{self.sip_port}", "--sips", f"{self._sip_host}:{self.sips_port}"),
            *("--password", PASSWORD),
        ]

    def _as_server(self) -> list[str]:
        """The same office with a configuration file of its own, for what the demo cannot be told."""
        addresses = (
            Address(f"127.0.0.1:{self.http_port}"),
            Address(f"{self._sip_host}:{self.sip_port}"),
            Address(f"{self._sip_host}:{self.sips_port}"),
        )
        options = Demo(self.data, *addresses, PASSWORD)
        self.data.mkdir(parents=True, exist_ok=True)
        config = configuration(options)
        media = msgspec.structs.replace(config.media, workers=self._workers)
        config = msgspec.structs.replace(config, media=media, records=self._records or config.records)
        asyncio.run(furnish(config, options))
        file = self.data.parent / "offhook.toml"
        text = shown(config)
        for hook in config.records.webhook:
            text = text.replace("***", hook.secret, 1)  # it is shown to nobody, and has to be known here
        file.write_text(text)
        return ["serve", "--config", str(file)]

    def stop(self, sign: int = signal.SIGTERM) -> int:
        """End it; its exit status, negative if the signal itself ended it."""
        assert self._process is not None, "only a started office can be stopped"
        self._process.send_signal(sign)
        return self._process.wait(15)

    def end(self) -> None:
        """After a story, however it went."""
        if self._process is not None and self._process.poll() is None:
            self.stop()

    def kill(self) -> None:
        self.stop(signal.SIGKILL)

    @property
    def pid(self) -> int:
        assert self._process is not None, "only a started office has a process"
        return self._process.pid

    def worker_pids(self) -> list[int]:
        """The media workers, found as the server's children."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return [
            int(child)
            for child in children
            if b"offhook.media.worker" in Path(f"/proc/{child}/cmdline").read_bytes()
        ]

    def kept_bindings(self) -> int:
        """How many are on disk by now; they are written together, a moment after they are made."""
        with contextlib.closing(sqlite3.connect(self.data / "offhook.db")) as database:
            return int(database.execute("select count(*) from bindings").fetchone()[0])

    def manage(self, *words: str) -> Any:
        """A command of the administrator's, such as `device add ben --sip-user …`; what it says as JSON."""
        done = subprocess.run(
            [sys.executable, "-m", "offhook", *words, "--json"],
            env={**os.environ, "OFFHOOK_DATA": str(self.data)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    # ---- looking in

    def metrics(self) -> dict[str, float]:
        """What /metrics says: each line's name with its labels, and its value."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        samples = [line.rpartition(" ") for line in lines if not line.startswith("#")]
        return {name: float(value) for name, _, value in samples}

    @property
    def open_ports(self) -> float:
        """Media ports in use, over all workers."""
        return sum(n for name, n in self.metrics().items() if name.startswith("offhook_media_ports"))

    @property
    def ports_of_workers(self) -> list[float]:
        """Media ports in use, of each worker."""
        return [n for name, n in self.metrics().items() if name.startswith("offhook_media_ports")]

    @property
    def live_calls(self) -> float:
        return sum(n for name, n in self.metrics().items() if name.startswith("offhook_calls"))

    async def is_quiet(self, within: float = 30.0) -> None:
        """No call is left, no port is lent, and all there is to say of it is written."""

        names = ("offhook_calls", "offhook_media_ports", "offhook_records_waiting", "offhook_store_waiting")

        def quiet() -> bool:
            return not any(n for name, n in self.metrics().items() if name.startswith(names))

        await eventually(quiet, within=within, what="no call, no port left, nothing to be written")

    async def is_at_ease(self) -> None:
        """It refuses new calls while it is late (503): a Chromium that starts may take its processor."""
        await eventually(lambda: self.metrics()["offhook_loop_lag_seconds"] < 0.04, what="a loop on time")

    def errors(self) -> list[str]:
        """Lines of the log that should not be there."""
        lines = self.log.read_text().splitlines()
        return [line for line in lines if "ERROR" in line or "Traceback" in line or "CRITICAL" in line]

    def sign_in(self, username: str, password: str = PASSWORD) -> "Account":
        account = Account(self)
        account.post("login", {"username": username, "password": password})
        return account


class Account:
    """A signed-in user's HTTP, with the cookie and nothing else of a browser."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self.cookie = ""

    def get(self, path: str) -> Any:
        return self._ask(urllib.request.Request(f"{self._office.url}/api/v1/{path}"))

    def post(self, path: str, body: object) -> Any:
        request = urllib.request.Request(
            f"{self._office.url}/api/v1/{path}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json", "Origin": self._office.url},
        )
        return self._ask(request)

    def do(self, command: str, **fields: object) -> Any:
        """Run a command as POST /api/v1/commands/<command>."""
        return self.post(f"commands/{command}", fields)["ok"]

    def _ask(self, request: urllib.request.Request) -> Any:
        if self.cookie:
            request.add_header("Cookie", self.cookie)
        with urllib.request.urlopen(request, timeout=10) as answer:
            if (cookie := answer.headers.get("Set-Cookie")) is not None:
                self.cookie = cookie.partition(";")[0]
            text = answer.read()
        return json.loads(text) if text else None


def trusting() -> ssl.SSLContext:
    """For phones in tests: the office's certificate is its own."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
