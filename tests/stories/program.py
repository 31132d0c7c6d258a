"""A program of a user's own: it follows the office over the WebSocket and asks, as docs/protocol.md says.

It carries no sound, so nothing rings there.
"""

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.stories.office import Office, eventually

Thing = dict[str, Any]  # as JSON brings it


class Refused(Exception):
    """No, and why: the word for programs and the sentence for people."""

    def __init__(self, word: str, text: str) -> None:
        super().__init__(f"{word}: {text}")
        self.word = word
        self.text = text


class Program:
    """The mirror of what its user may see; `things[kind][id]`."""

    def __init__(self, connection: ClientConnection) -> None:
        self.things: dict[str, dict[str, Thing]] = {}
        self._connection = connection
        self._ids = itertools.count(1)
        self._answers: dict[int, asyncio.Future[Thing]] = {}
        self._greeted = asyncio.Event()

    # ---- asking

    async def do(self, command: str, **fields: object) -> Any:
        """Raises Refused."""
        id = next(self._ids)
        answered = self._answers[id] = asyncio.get_running_loop().create_future()
        await self._connection.send(json.dumps({"id": id, "ask": {"do": command, **fields}}))
        async with asyncio.timeout(10):
            answer = await answered
        if "refused" in answer:
            raise Refused(answer["refused"], answer["text"])
        return answer["ok"]

    async def refuses(self, command: str, **fields: object) -> str:
        """The word with which this is refused; it must be, and with a sentence."""
        with pytest.raises(Refused) as refused:
            await self.do(command, **fields)
        assert refused.value.text.endswith("."), f"a sentence: {refused.value.text!r}"
        return refused.value.word

    # ---- looking

    def all(self, kind: str) -> list[Thing]:
        return list(self.things.get(kind, {}).values())

    def calls_with(self, number: str) -> list[Thing]:
        """Those not over that have this number in them, newest last."""
        return [
            call
            for call in sorted(self.all("call"), key=lambda call: str(call["begun"]))
            if call["state"] != "ended"
            and any(leg["party"]["number"] == number and leg["state"] != "gone" for leg in call["legs"])
        ]

    async def call_with(self, number: str) -> str:
        """The id of the only call with this number."""
        await eventually(
            lambda: bool(self.calls_with(number)), what=f"a call with {number}: {self.all('call')}"
        )
        return str(self.calls_with(number)[-1]["id"])

    async def sees(self, kind: str, holds: Callable[[Thing], bool] = lambda thing: True) -> Thing:
        """The first thing of this kind of which it holds."""
        found: list[Thing] = []

        def look() -> bool:
            found[:] = [thing for thing in self.all(kind) if holds(thing)]
            return bool(found)

        await eventually(look, what=f"a {kind} among {self.all(kind)}")
        return found[0]

    def device(self, name: str) -> str:
        """The id of the user's device of this name or kind."""
        return next(str(d["id"]) for d in self.all("device") if name in (d["name"], d["kind"]))

    # ----

    async def follow(self) -> None:
        """Take in what comes until the connection ends."""
        with contextlib.suppress(ConnectionClosed):
            async for frame in self._connection:
                for line in str(frame).splitlines():
                    self._take(json.loads(line))

    async def greeted(self, tab: str) -> None:
        hello = {"tab": tab, "boot": 0, "n": 0, "sound": False, "visible": True}
        await self._connection.send(json.dumps({"hello": hello}))
        await self._greeted.wait()

    def _take(self, line: Thing) -> None:
        if "snapshot" in line:
            self.things.clear()
            for each in line["snapshot"]:
                self._take(each)
            self._greeted.set()
        elif "set" in line:
            self.things.setdefault(line["set"], {})[line["id"]] = line["value"]
        elif "drop" in line:
            self.things.get(line["drop"], {}).pop(line["id"], None)
        elif (waiting := self._answers.pop(line.get("id", 0), None)) is not None:
            waiting.set_result(line)


_tabs = itertools.count(1)


@asynccontextmanager
async def program_of(office: Office, user: str) -> AsyncIterator[Program]:
    account = office.sign_in(user)
    url = f"ws://{office.url.removeprefix('http://')}/api/v1/ws"
    headers = {"Cookie": account.cookie, "Origin": office.url}
    async with connect(url, additional_headers=headers) as connection:
        program = Program(connection)
        following = asyncio.get_running_loop().create_task(program.follow())
        try:
            await program.greeted(f"program{next(_tabs)}")
            yield program
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
