"""A telephone company, played by Kamailio, and people outside who have telephones there."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from secrets import token_bytes

import pytest

from offhook.media.worker.srtp import Error, Shield
from offhook.sdp.crypto import KEY_BYTES, SUITE
from offhook.sip.message import Request
from offhook.sip.transaction import ServerTransaction
from tests.phones.phone import Call, Phone, Refused
from tests.phones.sound import Sound
from tests.ports import free_port
from tests.stories.office import eventually

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
        self.password = PASSWORD  # it wants from the account, from its next start on
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def start(self) -> None:
        text = (HERE / "provider.cfg").read_text()
        for word, value in {
            "LISTEN": self.host,
            "ACCOUNT": ACCOUNT,
            "PASSWORD": self.password,
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
            try:
                yield phone
            finally:
                with contextlib.suppress(Refused):  # by a provider that has stopped
                    await phone.unregister()

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


class SealedLine(Phone):
    """A provider that takes calls whose sound is sealed (SRTP with keys in the SDP), and no others."""

    async def call(self, number: str, *, is_sealed: bool) -> Call:
        """Call a number at the server."""
        call = self._line(is_sealed=is_sealed)
        uri = f"sip:{number}@{self.domain}".encode()
        call.session = self.endpoint.invite(
            uri,
            self.flow,
            call,
            local=b"<sip:+498912345@%b>" % self.host.encode(),
            remote=b"<%b>" % uri,
            sdp=call.sound.describe(),
            headers=b"",
            now=self.now,
        )
        return call

    def requested(self, tx: ServerTransaction, request: Request, identity: object, now: float) -> None:
        if request.method != "INVITE":
            super().requested(tx, request, identity, now)
        elif b"RTP/SAVP" not in request.body:
            self.endpoint.respond(tx, 488, now)
        else:
            call = self._line(is_sealed=True)
            call.invite, call.their_sdp = request, request.body
            call.session = self.endpoint.accept(tx, request, call, now)
            call.ring()
            self._incoming.put_nowait(call)

    def _line(self, *, is_sealed: bool) -> Call:
        call = Call(self, number="")
        if is_sealed:
            call.sound.close()
            call.sound = SealedSound(self.host)
        self.calls.append(call)
        return call


class SealedSound(Sound):
    """The same tones through SRTP."""

    def __init__(self, host: str) -> None:
        super().__init__(host)
        self._key = token_bytes(KEY_BYTES)
        self._sealing = _SealedSocket(fileno=self._socket.detach())
        self._socket = self._sealing

    def describe(self, direction: str = "sendrecv", *, version: int = 1, codecs: str = "8 0 101") -> bytes:
        plain = super().describe(direction, version=version, codecs=codecs)
        return plain.replace(b"RTP/AVP", b"RTP/SAVP") + (
            b"a=crypto:1 %b inline:%b\r\n" % (SUITE.encode(), b64encode(self._key))
        )

    def believe(self, sdp: bytes) -> None:
        super().believe(sdp)
        found = re.search(rb"a=crypto:\d+ %b inline:([^|\s]+)" % SUITE.encode(), sdp)
        assert found is not None, f"a key that we can use: {sdp.decode()}"
        self._sealing.shield = Shield(SUITE, ours=self._key, theirs=b64decode(found[1]))


class _SealedSocket(socket.socket):
    """Seals what is sent; what cannot be opened is as if it had not come."""

    shield: Shield | None = None

    def sendto(self, data: bytes, to: tuple[str, int]) -> int:  # type: ignore[override]  # all that is used
        assert self.shield is not None, "nothing is said before the keys are known"
        return super().sendto(self.shield.seal(data), to)

    def recv(self, size: int, flags: int = 0) -> bytes:
        data = super().recv(size, flags)
        try:
            return b"" if self.shield is None else self.shield.open(data)
        except (Error, ValueError):
            return b""


async def _answers(probe: Phone) -> bool:
    response = await probe.ask("OPTIONS")
    return response is not None and response.status == 200
