"""Webhooks: each complete call record is POSTed to whoever is owed it, until it is taken.

What is owed lies in the database, so a restart forgets nothing. A hook that fails is tried again after
10 seconds and then ever more rarely, for three days; it rests between any two failures, and what it was
owed meanwhile follows in the order of the calls once it answers. Each hook is looked after by itself:
one that hangs keeps no other waiting.
"""

import asyncio
import hashlib
import hmac
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

import msgspec

from offhook import __version__
from offhook.config import Webhook as Settings
from offhook.store.deliveries import Delivery
from offhook.store.export import Told, Who, told
from offhook.store.records import Record

if TYPE_CHECKING:
    import httpx

LOOK_SECONDS = 2.0  # between two looks for what is owed
TIMEOUT_SECONDS = 10.0
FIRST_PAUSE = 10.0  # seconds; twice as long after each further failure
LONGEST_PAUSE = 6 * 3600.0
GIVE_UP_SECONDS = 3 * 86400.0  # after the record was complete

logger = logging.getLogger(__name__)


class Body(msgspec.Struct, frozen=True):
    """What is POSTed. Other types may come."""

    type: str
    record: Told


class Book(Protocol):
    async def due(self, hook: str, now: float) -> Delivery | None: ...

    async def attempted(self, delivery: Delivery) -> None: ...

    async def wake(self, hook: str, now: float) -> None: ...


class Shelf(Protocol):
    async def by_id(self, id: str) -> Record | None: ...


class Webhook:
    """One hook. `wall` gives the Unix time."""

    def __init__(
        self,
        settings: Settings,
        client: "httpx.AsyncClient",
        deliveries: Book,
        records: Shelf,
        who: Who,
        wall: Callable[[], float],
        patience: float = TIMEOUT_SECONDS,
    ) -> None:
        self.host = urlsplit(settings.url).hostname or ""
        self.attempts: Counter[str] = Counter()  # "taken", "refused"
        self._url = settings.url
        self._secret = settings.secret.encode()
        self._client = client
        self._deliveries = deliveries
        self._records = records
        self._who = who
        self._wall = wall
        self._patience = patience
        self._rests_until = 0.0
        self._fails = False

    async def look(self) -> None:
        """Deliver what is due; stop at the first that fails."""
        now = self._wall()
        while now >= self._rests_until:
            delivery = await self._deliveries.due(self._url, now)
            if delivery is None:
                return
            record = await self._records.by_id(delivery.record)
            if record is None:
                gone = "the record has been deleted"
                await self._deliveries.attempted(
                    msgspec.structs.replace(delivery, next_try=None, finished=now, problem=gone)
                )
                continue
            status, problem = await self._post(delivery.id, record)
            now = self._wall()
            await self._deliveries.attempted(_outcome(delivery, status, problem, now))
            self.attempts["refused" if problem else "taken"] += 1
            if problem:
                self._rests_until = now + FIRST_PAUSE
                self._report(problem)
            elif self._fails:
                self._fails = False
                logger.warning("webhook %s: takes records again", self.host)
                await self._deliveries.wake(self._url, now)

    async def _post(self, id: str, record: Record) -> tuple[int | None, str]:
        """The status, and what is wrong."""
        import httpx  # here: a server without webhooks does without it

        body = msgspec.json.encode(Body("record", told(record, self._who)))
        at = f"{self._wall():.0f}"
        headers = {
            "content-type": "application/json",
            "user-agent": f"Offhook/{__version__}",
            "offhook-delivery": id,
            "offhook-signature": f"t={at},v1={signature(self._secret, at, body)}",
        }
        try:
            async with (
                asyncio.timeout(self._patience),
                self._client.stream("POST", self._url, content=body, headers=headers) as answer,
            ):
                pass  # what it says is of no interest, and may be endless
        except TimeoutError:
            return None, f"no answer within {self._patience:g} s"
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return None, f"{type(error).__name__}: {error}".rstrip(": ")
        if answer.is_success:
            return answer.status_code, ""
        if answer.is_redirect:
            return answer.status_code, f"{answer.status_code}: redirects are not followed"
        return answer.status_code, f"{answer.status_code} {answer.reason_phrase}".rstrip()

    def _report(self, problem: str) -> None:
        if not self._fails:
            logger.warning("webhook %s: %s; records wait and are sent again", self.host, problem)
        self._fails = True


@asynccontextmanager
async def open_webhooks(
    settings: Sequence[Settings],
    deliveries: Book,
    records: Shelf,
    who: Who,
    wall: Callable[[], float],
    *,
    patience: float = TIMEOUT_SECONDS,
) -> AsyncIterator[list[Webhook]]:
    """The hooks that are set up; `look` at each every `LOOK_SECONDS`."""
    if not settings:
        yield []
        return
    import httpx

    async with httpx.AsyncClient(timeout=2 * patience, follow_redirects=False) as client:
        yield [Webhook(one, client, deliveries, records, who, wall, patience) for one in settings]


def signature(secret: bytes, at: str, body: bytes) -> str:
    """What proves that a body comes from us, and when it was sent: HMAC-SHA256 of `<at>.<body>`, in hex."""
    return hmac.new(secret, at.encode() + b"." + body, hashlib.sha256).hexdigest()


def _outcome(delivery: Delivery, status: int | None, problem: str, now: float) -> Delivery:
    """What is to be kept of an attempt, and when there is another."""
    attempts = delivery.attempts + 1
    pause = min(FIRST_PAUSE * 2 ** (attempts - 1), LONGEST_PAUSE)
    is_over = not problem or now - delivery.created >= GIVE_UP_SECONDS
    return msgspec.structs.replace(
        delivery,
        attempts=attempts,
        next_try=None if is_over else now + pause,
        finished=now if is_over else None,
        status=status,
        problem=problem,
    )
