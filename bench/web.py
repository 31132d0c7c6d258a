"""What the web edge costs: a change nobody may see, a change many see, a snapshot, and the loop meanwhile.

    python -m bench.web [--clients 1000] [--changes 60]

Clients are real WebSockets in a process of their own; CPU is the server's alone.
"""

import argparse
import asyncio
import multiprocessing
import tempfile
import time
from pathlib import Path

import uvloop

from offhook.feed import Feed
from offhook.people.directory import User
from offhook.people.groups import Groups
from offhook.people.presence import Presence
from offhook.store.database import open_database
from offhook.web.follow import Outbox, Share
from offhook.web.views import Views
from tests.web.house import Served, open_house
from tests.web.office import ANNA, BEN, USERS, furnish

STATES = ("available", "on-call")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--changes", type=int, default=60)
    asked = parser.parse_args()
    for followers in (10, 500, 5000):
        print(f"change unseen by {followers:5} connected clients   {unseen(followers):8.2f} µs")
    for followers in (1, 100):
        print(f"change seen by {followers:7} clients, into outboxes {seen(followers):8.2f} µs each")
    cost, size = snapshot(500)
    print(f"snapshot of a client that follows 500 users     {cost:8.0f} µs, {size / 1000:.0f} KB")
    with tempfile.TemporaryDirectory() as folder:
        furnish(file := Path(folder) / "offhook.db")
        uvloop.run(deliveries(file, asked.clients, asked.changes))


def unseen(followers: int, changes: int = 20_000) -> float:
    """µs for a change that concerns none of those who follow."""
    feed, views = Feed(), Views(float)
    for n in range(followers):
        _share(feed, views, f"hq.user{n}", [f"hq.other{n}"])
    began = time.process_time()
    for n in range(changes):
        feed.set(Presence("hq.nobody", STATES[n % 2], float(n)))
    return (time.process_time() - began) / changes * 1e6


def seen(followers: int, changes: int = 2_000) -> float:
    """µs per follower for a change all of them see; encoded once."""
    feed, views = Feed(), Views(float)
    for n in range(followers):
        _share(feed, views, f"hq.user{n}", ["hq.one"])
    began = time.process_time()
    for n in range(changes):
        feed.set(Presence("hq.one", STATES[n % 2], float(n)))
    return (time.process_time() - began) / changes / followers * 1e6


def snapshot(users: int, times: int = 50) -> tuple[float, int]:
    feed, views = Feed(), Views(float)
    ids = [f"hq.{n}" for n in range(users)]
    for n, id in enumerate(ids):
        feed.set(User(id, f"user{n}", f"First Last {n}", str(1000 + n)))
        feed.set(Presence(id, "available", float(n)))
    began = time.process_time()
    for _ in range(times):
        outbox = _share(feed, views, ids[0], ids)
        text = outbox.take()
    return (time.process_time() - began) / times * 1e6, len(text)


def _share(feed: Feed, views: Views, user: str, watched: list[str]) -> Outbox:
    outbox = Outbox()
    share = Share(feed, views, Groups(feed), user, outbox, wake=lambda: None)
    share.begin(watched, fits=lambda n: False, boot=1, time=0.0)
    return outbox


async def deliveries(file: Path, clients: int, changes: int) -> None:
    """All clients follow one user, whose presence changes ten times a second."""
    database = await open_database(f"sqlite://{file}")
    try:
        async with open_house(file.parent / "no-page", database) as served:
            sessions, now = served.house.stores.sessions, served.house.time.unix()
            tokens = [await sessions.make(user.id, now=now) for user in USERS]
            host, port = served.server.addresses[0]
            ours, theirs = multiprocessing.Pipe()
            readers = multiprocessing.get_context("spawn").Process(
                target=_read_all, args=(theirs, host, port, tokens, clients, changes), daemon=True
            )
            import offhook.web.session as session

            session.TABS_OF_A_USER = clients  # one user per client would only make the set-up longer
            readers.start()
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(None, ours.recv)
            stalls = asyncio.ensure_future(_stalls())
            cpu = time.process_time()
            for n in range(changes):
                served.house.feed.set(Presence(BEN.id, STATES[n % 2], float(n)))
                await asyncio.sleep(0.1)
            await loop.run_in_executor(None, ours.recv)
            cpu = time.process_time() - cpu
            stalls.cancel()
            late = sorted(await stalls)
            _report(served, clients, changes, cpu, late)
            readers.kill()
            readers.join()
    finally:
        await database.close()


def _report(served: Served, clients: int, changes: int, cpu: float, late: list[float]) -> None:
    counters = served.web.hub.counters
    print(f"delivery to each of {clients} WebSockets            {cpu / clients / changes * 1e6:8.1f} CPU-µs")
    print(
        f"loop late meanwhile: p99 {late[int(len(late) * 0.99)] * 1e3:.1f} ms, most {late[-1] * 1e3:.1f} ms"
    )
    print(f"frames {counters['frames']}, cut off {counters['too_slow']}, followed by {ANNA.name} and others")


async def _stalls() -> list[float]:
    """How late a 5 ms timer is, each time."""
    late: list[float] = []
    try:
        while True:
            due = time.perf_counter() + 0.005
            await asyncio.sleep(0.005)
            late.append(time.perf_counter() - due)
    except asyncio.CancelledError:
        return late


def _read_all(pipe: object, host: str, port: int, tokens: list[str], clients: int, changes: int) -> None:
    asyncio.run(_readers(pipe, host, port, tokens, clients, changes))


async def _readers(pipe: object, host: str, port: int, tokens: list[str], clients: int, changes: int) -> None:
    from websockets.asyncio.client import connect

    async def one(n: int) -> object:
        headers = {"Cookie": f"offhook={tokens[n % len(tokens)]}"}
        socket = await connect(
            f"ws://{host}:{port}/api/v1/ws", additional_headers=headers, proxy=None, compression=None
        )
        await socket.send(f'{{"hello": {{"tab": "tab{n}", "users": ["{BEN.id}"]}}}}')
        await socket.recv()
        return socket

    async def read(socket: object) -> None:
        last = f'"since":{1_000_000 + changes - 1}.0'
        while last not in await socket.recv():  # type: ignore[attr-defined]  # a ClientConnection
            pass

    sockets = [await one(n) for n in range(clients)]
    pipe.send("connected")  # type: ignore[attr-defined]  # a Connection
    await asyncio.gather(*(read(socket) for socket in sockets))
    pipe.send("read")  # type: ignore[attr-defined]  # a Connection


if __name__ == "__main__":
    main()
