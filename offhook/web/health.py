"""For whoever watches over the server: is it alive, is it ready, and how is it.

Yes or no is for everybody; reasons and figures are for this machine alone.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.types import Scope

from offhook.web.guard import is_local
from offhook.web.problem import Refused

Labels = tuple[tuple[str, str], ...]
Samples = Iterable[tuple[Labels, float]]


@dataclass(frozen=True, slots=True)
class Metric:
    """One name of the Prometheus text format. `read` gives its present values."""

    name: str
    help: str
    read: Callable[[], Samples]
    kind: str = "gauge"  # or counter


class Health:
    """Checks and metrics, handed in by the parts that know."""

    def __init__(self) -> None:
        self._checks: dict[str, Callable[[], str]] = {}
        self._metrics: dict[str, Metric] = {}

    def check(self, name: str, why_not: Callable[[], str]) -> None:
        """`why_not` says what keeps this part from being ready; nothing when it is."""
        self._checks[name] = why_not

    def measure(self, metric: Metric) -> None:
        if metric.name in self._metrics:
            raise ValueError(f"two metrics are called {metric.name}")
        self._metrics[metric.name] = metric

    def why_not_ready(self) -> dict[str, str]:
        return {name: why for name, why_not in self._checks.items() if (why := why_not())}

    def text(self) -> str:
        """Everything measured, in Prometheus' text format."""
        lines = []
        for metric in self._metrics.values():
            lines += [f"# HELP {metric.name} {metric.help}", f"# TYPE {metric.name} {metric.kind}"]
            for labels, value in metric.read():
                named = ",".join(f'{name}="{_escaped(label)}"' for name, label in labels)
                lines.append(f"{metric.name}{{{named}}} {value:.10g}".replace("{}", ""))
        return "\n".join(lines) + "\n"


def health_routes(health: Health) -> list[HTTPRouteHandler]:
    @get("/healthz", operation_id="isAlive", tags=["health"], sync_to_thread=False)
    def healthz() -> dict[str, str]:
        """Whether the server answers at all."""
        return {"status": "ok"}

    @get("/readyz", operation_id="isReady", tags=["health"], sync_to_thread=False)
    def readyz(scope: Scope) -> Response[dict[str, object]]:
        """Whether calls can be made; what is missing is told to this machine only."""
        reasons = health.why_not_ready()
        body: dict[str, object] = {"status": "not ready" if reasons else "ok"}
        if reasons and is_local(dict(scope)):
            body["reasons"] = reasons
        return Response(body, status_code=503 if reasons else 200)

    @get(
        "/metrics", operation_id="getMetrics", tags=["health"], media_type="text/plain", sync_to_thread=False
    )
    def metrics(scope: Scope) -> Response[str]:
        """Figures for Prometheus, for this machine only."""
        if not is_local(dict(scope)):
            raise Refused("forbidden", "Metrics are shown on this machine only.", 403)
        return Response(health.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return [healthz, readyz, metrics]


def _escaped(label: str) -> str:
    return label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
