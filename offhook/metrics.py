"""What /metrics shows, and what /readyz asks."""

import resource
from collections import Counter
from collections.abc import Sequence

from offhook.calls.member import State
from offhook.calls.switch import Switch
from offhook.features.records.webhooks import Webhook
from offhook.lag import LagWatch
from offhook.media.engine import MediaEngine
from offhook.phones.edge import Phones
from offhook.store.database import Database
from offhook.web.health import Health, Metric, Samples


def measure(
    health: Health,
    *,
    phones: Phones,
    switch: Switch,
    engine: MediaEngine,
    database: Database,
    lag: LagWatch,
    webhooks: Sequence[Webhook] = (),
) -> None:
    def ready() -> int:
        return sum(worker.is_ready for worker in engine.workers.values())

    def calls() -> Samples:
        states = Counter(call.state for call in switch.calls.values())
        return [((("state", state),), states[state]) for state in State if state is not State.ENDED]

    def sip() -> Samples:
        return [((("what", what),), count) for what, count in phones.endpoint.counters.items()]

    def workers() -> Samples:
        return [((("worker", str(state.number)),), state.ports) for state in engine.states()]

    def stock() -> Samples:
        return [((("worker", str(state.number)),), state.stock) for state in engine.states()]

    def cpu() -> Samples:
        used = resource.getrusage(resource.RUSAGE_SELF)
        return [((), used.ru_utime + used.ru_stime)]

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

    def delivered() -> Samples:
        return [
            ((("host", hook.host), ("outcome", outcome)), count)
            for hook in webhooks
            for outcome, count in hook.attempts.items()
        ]

    for metric in (
        Metric(
            "offhook_registrations", "Contacts that can ring.", lambda: [((), float(len(phones.registrar)))]
        ),
        Metric("offhook_calls", "Live calls by state.", calls),
        Metric("offhook_sip_total", "SIP messages by method and class.", sip, "counter"),
        Metric(
            "offhook_loop_lag_seconds",
            "How late the loop is, p90 of the last second.",
            lambda: [((), lag.p90())],
        ),
        Metric("offhook_loop_lag_worst_seconds", "The latest it ever was.", lambda: [((), lag.worst)]),
        Metric("offhook_cpu_seconds_total", "CPU time of the server process.", cpu, "counter"),
        Metric("offhook_media_workers", "Media workers that run.", lambda: [((), float(ready()))]),
        Metric(
            "offhook_media_workers_replaced_total",
            "Workers that died.",
            lambda: [((), float(engine.replaced))],
            "counter",
        ),
        Metric("offhook_media_ports", "Open ports of each worker.", workers),
        Metric("offhook_media_stock", "Sockets each worker has ready.", stock),
        Metric("offhook_media_packets_total", "Packets of each worker.", packets, "counter"),
        Metric("offhook_media_refused_total", "Packets not let through.", refused, "counter"),
        Metric("offhook_webhook_attempts_total", "Records sent to webhooks.", delivered, "counter"),
        Metric("offhook_store_waiting", "Writes not yet on disk.", lambda: [((), float(database.waiting))]),
    ):
        health.measure(metric)
    health.check("media", lambda: "" if ready() else "no media worker is ready")
    health.check("database", lambda: database.trouble)
