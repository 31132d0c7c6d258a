"""A telephone company, played by Kamailio, and people outside who have telephones there."""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.phones.phone import Phone
from tests.stories.office import eventually, free_port

HERE = Path(__file__).parent
ACCOUNT, PASSWORD = "offhook", "provided"

needs_kamailio = pytest.mark.skipif(shutil.which("kamailio") is None, reason="kamailio is not installed")


class Provider:
    """Sends calls for `numbers` (E.164 without +) to the account that registered, or straight to `trunk`."""

    def __init__(self, folder: Path, numbers: str, *, trunk: str = "", shortest: int = 60) -> None:
        self.port = free_port()
        self._folder = folder
        self._numbers = numbers
        self._trunk = trunk
        self._shortest = shortest
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def start(self) -> None:
        text = (HERE / "provider.cfg").read_text()
        for word, value in {
            "LISTEN": self.host,
            "ACCOUNT": ACCOUNT,
            "PASSWORD": PASSWORD,
            "NUMBERS": self._numbers,
            "TRUNK": self._trunk,
            "SHORTEST": str(self._shortest),
        }.items():
            text = text.replace(word, value)
        config = self._folder / "provider.cfg"
        config.write_text(text)
        command = ["kamailio", "-DD", "-E", "-f", str(config), "-Y", str(self._folder), "-m", "64"]
        with (self._folder / "provider.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        async with self._somebody("probe") as probe:
            await eventually(lambda: _answers(probe), what=f"a provider: {self.log[-2000:]}")

    @property
    def log(self) -> str:
        return (self._folder / "provider.log").read_text()

    def stop(self) -> None:
        """It is gone: packets to it are refused by the machine."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(15)
            self._process = None

    def falls_silent(self) -> None:
        """It takes packets and says nothing."""
        self._signal(signal.SIGSTOP)

    def wakes_up(self) -> None:
        self._signal(signal.SIGCONT)

    @asynccontextmanager
    async def telephone(self, number: str) -> AsyncIterator[Phone]:
        """Somebody outside, reached under this number (E.164 without +)."""
        async with self._somebody(number) as phone:
            await phone.register()
            yield phone

    @asynccontextmanager
    async def _somebody(self, name: str) -> AsyncIterator[Phone]:
        phone = await Phone.open(name, "", ("127.0.0.1", self.port))
        phone.shows_credentials = False
        try:
            yield phone
        finally:
            await phone.close()

    def _signal(self, sign: int) -> None:
        assert self._process is not None, "only a running provider hears signals"
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, sign)


async def _answers(probe: Phone) -> bool:
    response = await probe.ask("OPTIONS")
    return response is not None and response.status == 200
