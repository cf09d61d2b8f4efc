"""Metrics for Prometheus, and the little HTTP server that shows them with the process's health; loaded only when on."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.process_collector import ProcessCollector

from services.common.telemetry import health, metrics
from services.common.telemetry.names import METRICS, Kind, Metric

TEXT = "text/plain; charset=utf-8"


class PrometheusSink:
    """Keeps every metric of the list in a registry of its own, with memory and processor time of the process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._made = {metric.name: _make(metric) for metric in METRICS}
        #: Without labels a metric would be shown as 0 from the start, also by who knows nothing of it: an old index, no fault.
        self._unset = {metric.name for metric in METRICS if not metric.labels}
        self._guard = threading.Lock()
        for metric in METRICS:
            if metric.labels:
                self.registry.register(self._made[metric.name])

    def add(self, metric: Metric, amount: float, labels: tuple[str, ...]) -> None:
        """Add to a counter."""
        self._of(metric, labels).inc(amount)

    def put(self, metric: Metric, value: float, labels: tuple[str, ...]) -> None:
        """Set a gauge."""
        self._of(metric, labels).set(value)

    def observe(self, metric: Metric, value: float, labels: tuple[str, ...]) -> None:
        """Note one value of a histogram."""
        self._of(metric, labels).observe(value)

    def _of(self, metric: Metric, labels: tuple[str, ...]):  # type: ignore[no-untyped-def]  # noqa: ANN202 - one of three kinds
        made = self._made[metric.name]
        if metric.name in self._unset:
            self._show(metric)
        return made.labels(*labels) if labels else made

    def _show(self, metric: Metric) -> None:
        with self._guard:
            if metric.name in self._unset:
                self.registry.register(self._made[metric.name])
                self._unset.remove(metric.name)


def _make(metric: Metric) -> Counter | Gauge | Histogram:
    match metric.kind:
        case Kind.COUNTER:
            return Counter(metric.name, metric.meaning, metric.labels, registry=None)
        case Kind.GAUGE:
            return Gauge(metric.name, metric.meaning, metric.labels, registry=None)
        case Kind.HISTOGRAM:
            return Histogram(metric.name, metric.meaning, metric.labels, registry=None, buckets=metric.buckets)


class TelemetryServer:
    """Answers /metrics, /livez and /readyz from a thread; `port` is the one that it got."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        sink = PrometheusSink()
        self._server = ThreadingHTTPServer((host, int(port)), _handler(sink.registry))
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, name="telemetry", daemon=True)
        metrics.use(sink)
        self._thread.start()

    def close(self) -> None:
        """Turn metrics off and free the port."""
        metrics.use(None)
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(registry: CollectorRegistry) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answer one request."""
            match self.path.partition("?")[0]:
                case "/metrics":
                    self._answer(200, CONTENT_TYPE_LATEST, generate_latest(registry))
                case "/livez":
                    self._tell(health.not_live)
                case "/readyz":
                    self._tell(health.not_ready)
                case _:
                    self._answer(404, TEXT, b"ask for /metrics, /livez or /readyz\n")

        def _tell(self, missing: Callable[[], list[str]]) -> None:
            silent = missing()
            body = f"not heard of: {', '.join(silent)}\n" if silent else "ok\n"
            self._answer(503 if silent else 200, TEXT, body.encode())

        def _answer(self, status: int, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Say nothing: a scrape each few seconds is no event."""

    return Handler
