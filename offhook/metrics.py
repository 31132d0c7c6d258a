"""What /metrics shows, and what /readyz asks."""

import resource
from collections import Counter
from collections.abc import Callable

from offhook.books import Books
from offhook.calls.member import State
from offhook.calls.switch import Switch
from offhook.lag import LagWatch
from offhook.media.engine import MediaEngine
from offhook.phones.edge import Phones
from offhook.store.database import Database
from offhook.trunks.trunks import Trunks
from offhook.web.health import Health, Metric, Samples


def measure(
    health: Health,
    *,
    phones: Phones,
    trunks: Trunks,
    switch: Switch,
    engine: MediaEngine,
    database: Database,
    lag: LagWatch,
    books: Books,
) -> None:
    for metric in (
        *_of_calls(phones, switch),
        *_of_trunks(trunks),
        *_of_media(engine),
        *_of_records(database, books),
        *_of_the_process(lag),
    ):
        health.measure(metric)
    health.check("phones", lambda: "" if phones.listening else "phones cannot reach us yet")
    health.check("media", lambda: "" if _ready(engine) else "no media worker is ready")
    health.check("database", lambda: database.trouble)


def _of_calls(phones: Phones, switch: Switch) -> list[Metric]:
    def calls() -> Samples:
        states = Counter(call.state for call in switch.calls.values())
        return [((("state", state),), states[state]) for state in State if state is not State.ENDED]

    def sip() -> Samples:
        return [((("what", what),), count) for what, count in phones.endpoint.counters.items()]

    return [
        Metric("offhook_registrations", "Contacts that can ring.", _one(lambda: len(phones.registrar))),
        Metric("offhook_calls", "Live calls by state.", calls),
        Metric("offhook_sip_total", "SIP messages by method and class.", sip, "counter"),
    ]


def _of_trunks(trunks: Trunks) -> list[Metric]:
    def is_open() -> Samples:
        return [((("trunk", state.name),), float(state.is_open)) for state in trunks.states()]

    def channels() -> Samples:
        return [((("trunk", state.name),), state.channels) for state in trunks.states()]

    return [
        Metric("offhook_trunk_open", "Whether the trunk can be used.", is_open),
        Metric("offhook_trunk_channels", "Calls on the trunk.", channels),
    ]


def _of_media(engine: MediaEngine) -> list[Metric]:
    def ports() -> Samples:
        return [((("worker", str(state.number)),), state.ports) for state in engine.states()]

    def stock() -> Samples:
        return [((("worker", str(state.number)),), state.stock) for state in engine.states()]

    def packets() -> Samples:
        return [
            ((("worker", str(state.number)), ("direction", direction)), count)
            for state in engine.states()
            if state.counters is not None
            for direction, count in (("in", state.counters.packets_in), ("out", state.counters.packets_out))
        ]

    def refused() -> Samples:
        return [
            ((("worker", str(state.number)), ("reason", reason)), count)
            for state in engine.states()
            if state.counters is not None
            for reason, count in state.counters.refused.items()
        ]

    return [
        Metric("offhook_media_workers", "Media workers that run.", _one(lambda: _ready(engine))),
        Metric(
            "offhook_media_workers_replaced_total",
            "Workers that died.",
            _one(lambda: engine.replaced),
            "counter",
        ),
        Metric("offhook_media_ports", "Open ports of each worker.", ports),
        Metric("offhook_media_stock", "Sockets each worker has ready.", stock),
        Metric("offhook_media_packets_total", "Packets of each worker.", packets, "counter"),
        Metric("offhook_media_refused_total", "Packets not let through.", refused, "counter"),
    ]


def _of_records(database: Database, books: Books) -> list[Metric]:
    def delivered() -> Samples:
        return [
            ((("host", hook.host), ("outcome", outcome)), count)
            for hook in books.webhooks
            for outcome, count in hook.attempts.items()
        ]

    return [
        Metric("offhook_webhook_attempts_total", "Records sent to webhooks.", delivered, "counter"),
        Metric(
            "offhook_records_waiting", "Steps of calls not yet on disk.", _one(lambda: books.recorder.waiting)
        ),
        Metric("offhook_store_waiting", "Writes not yet on disk.", _one(lambda: database.waiting)),
    ]


def _of_the_process(lag: LagWatch) -> list[Metric]:
    def cpu() -> float:
        used = resource.getrusage(resource.RUSAGE_SELF)
        return used.ru_utime + used.ru_stime

    return [
        Metric("offhook_loop_lag_seconds", "How late the loop is, p90 of the last second.", _one(lag.p90)),
        Metric("offhook_loop_lag_worst_seconds", "The latest it ever was.", _one(lambda: lag.worst)),
        Metric("offhook_cpu_seconds_total", "CPU time of the server process.", _one(cpu), "counter"),
    ]


def _ready(engine: MediaEngine) -> int:
    return sum(worker.is_ready for worker in engine.workers.values())


def _one(value: Callable[[], float]) -> Callable[[], Samples]:
    return lambda: [((), float(value()))]
