"""Call records, written: for each call one row per user who took part, and one more where it went on.

A record is kept when its call is accepted for routing, again when it is answered, when the user's
part ends and when the whole conversation does; writing it twice does no harm. While the disk does
not answer the rows wait in memory and the calls go on.
"""
# ruff: noqa: S608  # the only words put into statements are this module's own

import asyncio
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Literal

import msgspec

from offhook.calls.leg import NOBODY, Party
from offhook.store.database import Database, Row, Value
from offhook.store.keys import Keys
from offhook.store.search import searchable

Direction = Literal["in", "out", "diverted", "transferred"]
Outcome = Literal[
    "answered", "missed", "declined", "busy", "cancelled", "failed", "elsewhere", "forwarded"
]  # fmt: skip
Listed = Literal["missed", "incoming", "outgoing"]

COLUMNS = (
    "id, call, user_id, direction, outcome, other_number, other_name, other_user, device, begun, answered,"
    " ended, cause, complete, part_of, via_how, via_number, via_name, via_user, to_number, to_name, to_user"
)
_ALL = COLUMNS + ", list, search, events"
# Most records are opened, answered and ended without anything unusual: three statements that touch no
# more than they must halve what writing a call costs.
_OPENED = (
    "id, call, user_id, direction, outcome, other_number, other_name, other_user, begun, cause, complete"
)
_ANSWERED = "id, outcome, other_number, other_name, other_user, device, answered"
_ENDED = _ANSWERED + ", ended, cause, complete, list, search, events"


def _placeholders(columns: str) -> str:
    return ", ".join(f"${n}" for n in range(1, columns.count(",") + 2))


def _update(columns: str) -> str:
    _, *others = columns.split(", ")
    changes = ", ".join(f"{column} = ${n}" for n, column in enumerate(others, 2))
    return f"update records set {changes} where id = $1"


_KEEP = (
    f"insert into records ({_ALL}) values ({_placeholders(_ALL)}) on conflict (id) do update set "
    + ", ".join(
        f"{column} = excluded.{column}"
        for column in _ALL.split(", ")
        if column not in ("id", "call", "user_id", "direction", "begun", "part_of")
    )
)
_OPEN = f"insert into records ({_OPENED}) values ({_placeholders(_OPENED)}) on conflict (id) do nothing"
_ANSWER, _END = _update(_ANSWERED), _update(_ENDED)
_DELIVER = (
    "insert into deliveries (hook, record, created, next_try) values ($1, $2, $3, $3)"
    " on conflict (record, hook) do nothing"
)
_LONGEST_SEARCH = 200  # letters: an index has no room for whatever a stranger's phone may call itself


class Event(msgspec.Struct, frozen=True, array_like=True):
    """A step of a call as one of its records sees it; `msg` is one of the words of innovaphone's CDRs.

    `-from` says that the own side did it, `-to` that the other did. `number` and `name` are whom it
    was about, `conf` is the call it happened in, `cause` a Q.850 value. `at` is in Unix seconds.
    """

    msg: str
    at: float
    number: str
    name: str
    cause: int | None
    conf: str


class Record(msgspec.Struct, frozen=True):
    """One user's part in one call. `ended` is None while it lasts; its `outcome` is then a guess.

    `direction` is "in" or "out"; or "diverted" and "transferred" for how a call went on without the
    user, whose doing it was. `number`, `name` and `other` (a user id, or "") are the other party's.
    Times are Unix seconds. `events` are there when the record was asked for by itself.
    """

    id: str
    call: str
    user: str
    direction: Direction
    outcome: Outcome
    number: str
    name: str
    other: str
    device: str
    begun: float
    answered: float | None = None
    ended: float | None = None
    cause: str = ""
    complete: bool = False  # nothing more will come: the conversation is over, for the others as well
    part_of: str = ""  # the record of the same user and call that it continues
    via_how: str = ""  # why it rang for the user: diverted, transferred, recalled, picked-up, retrieved
    via: Party = NOBODY
    to: Party = NOBODY  # who has it now: sent on to, or answered by instead
    events: tuple[Event, ...] = ()

    @property
    def topics(self) -> tuple[str, ...]:
        return (f"own.{self.user}",)

    @property
    def listed(self) -> Listed | None:
        """The list of calls it is shown in: one row for each user and call that is over."""
        if self.ended is None or self.part_of:
            return None
        if self.direction in ("out", "transferred"):
            return "outgoing"
        return "missed" if self.outcome == "missed" else "incoming"


class Records:
    """Made by `open`, by the one server that writes to this database."""

    def __init__(self, database: Database, site: str, last: int, hooks: Sequence[str] = ()) -> None:
        self._database = database
        self._keys = Keys(site)
        self._last = last
        self._hooks = hooks
        self._numbers: dict[str, int] = {}  # of records that are not complete: quicker than from their ids
        self._open: set[str] = set()  # those of them that have a row

    @classmethod
    async def open(cls, database: Database, site: str, hooks: Sequence[str] = ()) -> "Records":
        """Each of `hooks`, URLs, is owed every record that becomes complete."""
        rows = await database.read("select max(id) from records")
        return cls(database, site, rows[0][0] or 0, hooks)

    def new_id(self) -> str:
        """The next id; known at once, so that a record can be named before the disk has answered."""
        self._last += 1
        id = self._keys.id(self._last)
        self._numbers[id] = self._last
        return id

    def keep(self, records: Iterable[Record], *, now: float = 0.0) -> "asyncio.Future[Any]":
        """Write these as they are now, in the next group commit; done when they are on disk.

        What hooks are owed for complete ones, from `now` on, is written in the same transaction.
        """
        statements: dict[str, list[tuple[Value, ...]]] = {}
        records = list(records)
        for record in records:
            sql, row = self._statement(record)
            statements.setdefault(sql, []).append(row)
            if record.complete and self._hooks:
                statements.setdefault(_DELIVER, []).extend((hook, row[0], now) for hook in self._hooks)
        if _DELIVER in statements:
            steps = [(sql, row) for sql, rows in statements.items() for row in rows]
            writes: list[asyncio.Future[Any]] = [self._database.transact(steps)]
        else:
            writes = [self._database.write(sql, rows) for sql, rows in statements.items()]
        done = writes[0] if len(writes) == 1 else asyncio.gather(*writes)

        def written(done: "asyncio.Future[Any]") -> None:
            if done.cancelled() or done.exception() is not None:  # nobody knows which rows there are now
                self._open.difference_update([record.id for record in records])

        done.add_done_callback(written)
        return done

    async def close_open(self, end: float) -> None:
        """End what a crash left open at `end`, the last time the server was seen alive."""
        await self._database.transact(
            [
                *(
                    (
                        "insert into deliveries (hook, record, created, next_try)"
                        " select $1, id, cast($2 as double precision), cast($2 as double precision)"
                        " from records where not complete"
                        " on conflict (record, hook) do nothing",
                        (hook, end),
                    )
                    for hook in self._hooks
                ),
                (
                    "update records set complete = true, cause = 'restart',"
                    " outcome = case when direction in ('diverted', 'transferred') then outcome"
                    " when answered is null then 'failed' else 'answered' end,"
                    " list = case when part_of is not null then null"
                    " when direction in ('out', 'transferred') then 'outgoing' else 'incoming' end,"
                    " ended = case when $1 > coalesce(answered, begun) then $1"
                    " else coalesce(answered, begun) end"
                    " where not complete and ended is null",
                    (end,),
                ),
                # These had left already; the others, whom they had put through, were still talking.
                ("update records set complete = true where not complete", ()),
            ]
        )

    def _statement(self, record: Record) -> tuple[str, tuple[Value, ...]]:
        """The least that brings its row up to date."""
        keys, id = self._keys, record.id
        key = self._numbers.get(id) or keys.key(id)
        if record.complete:
            self._numbers.pop(id, None)
        is_usual = not record.via_how and record.to is NOBODY and not record.part_of
        if id not in self._open:
            if not record.complete:
                self._open.add(id)
            if record.answered is None and record.ended is None and is_usual:
                return _OPEN, (
                    key,
                    record.call,
                    keys.key(record.user),
                    record.direction,
                    record.outcome,
                    _storable(record.number),
                    _storable(record.name),
                    keys.key_or_null(record.other),
                    record.begun,
                    record.cause,
                    False,
                )
            return _KEEP, self._row(key, record)
        if record.complete:
            self._open.discard(id)
        if not is_usual:
            return _KEEP, self._row(key, record)
        number, name = _storable(record.number), _storable(record.name)
        answered = (
            key,
            record.outcome,
            number,
            name,
            keys.key_or_null(record.other),
            keys.key_or_null(record.device),
            record.answered,
        )
        if record.ended is None:
            return _ANSWER, answered
        return _END, (
            *answered,
            record.ended,
            record.cause,
            record.complete,
            *_found_by(record.listed, number, name),
            _encoded(record.events),
        )

    def _row(self, key: int, record: Record) -> tuple[Value, ...]:
        keys = self._keys
        number, name, via, to = _storable(record.number), _storable(record.name), record.via, record.to
        return (
            key,
            record.call,
            keys.key(record.user),
            record.direction,
            record.outcome,
            number,
            name,
            keys.key_or_null(record.other),
            keys.key_or_null(record.device),
            record.begun,
            record.answered,
            record.ended,
            record.cause,
            record.complete,
            keys.key_or_null(record.part_of),
            record.via_how,
            _storable(via.number),
            _storable(via.name),
            keys.key_or_null(via.user),
            _storable(to.number),
            _storable(to.name),
            keys.key_or_null(to.user),
            *_found_by(record.listed, number, name),
            _encoded(record.events),
        )


def record_of(keys: Keys, row: Row) -> Record:
    """A row of `COLUMNS`."""
    (
        id, call, user, direction, outcome, number, name, other, device, begun, answered,
        ended, cause, complete, part_of, via_how, via_number, via_name, via_user, to_number, to_name, to_user,
    ) = row  # fmt: skip
    return Record(
        keys.id(id),
        call,
        keys.id(user),
        direction,
        outcome,
        number,
        name,
        keys.id(other),
        keys.id(device),
        begun,
        answered,
        ended,
        cause,
        bool(complete),
        keys.id(part_of),
        via_how,
        Party(via_number, via_name, keys.id(via_user)) if via_how else NOBODY,
        Party(to_number, to_name, keys.id(to_user)) if to_number or to_name or to_user else NOBODY,
    )


_encoder = msgspec.json.Encoder()


def _encoded(events: tuple[Event, ...]) -> str:
    try:
        return _encoder.encode(events).decode()
    except UnicodeEncodeError:  # half a surrogate pair in a stranger's name
        clean = [Event(e.msg, e.at, _storable(e.number), _storable(e.name), e.cause, e.conf) for e in events]
        return _encoder.encode(clean).decode()


def _found_by(listed: Listed | None, number: str, name: str) -> tuple[str | None, str]:
    """In which list, and with which words."""
    return listed, "" if listed is None else _search(number, name)


@lru_cache(maxsize=4096)
def _search(number: str, name: str) -> str:
    return searchable(number, name)[:_LONGEST_SEARCH]


def _storable(text: str) -> str:
    """Text from a stranger's phone: PostgreSQL refuses NUL, both refuse half a surrogate pair."""
    if text.isprintable():  # which neither of them is
        return text
    return text.replace("\0", "").encode("utf-8", "replace").decode()
