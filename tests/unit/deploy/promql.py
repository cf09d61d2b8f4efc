"""What a PromQL expression asks for, and whether there is such a thing: metrics, their labels, and the labels' values."""

import re
from collections.abc import Iterable, Iterator

import promql_parser as promql
from grpc import StatusCode
from merchantcredit.common.v1.error_reason_pb2 import ErrorReason

from services.common.eventlog.topics import CREDIT_GROUP, DISPATCH_GROUP, FEEDBACK_GROUP, SEARCH_GROUP, TOPICS
from services.common.telemetry.names import METRICS, Kind, Metric
from services.common.telemetry.prometheus import PrometheusSink
from tests.unit.deploy.containers import LASTING
from tests.unit.deploy.methods import METHODS

#: What the scrape adds to every sample (deploy/observability/prometheus.yaml).
TARGET = frozenset({"job", "instance", "process"})
#: Labels whose values are closed; a matcher must meet at least one of them.
VALUES = {
    "job": {"merchantcredit"},
    "process": {f"{service}-{role}" for service, role in LASTING},
    "service": {service for service, role in LASTING if role == "relay"},
    "group": {CREDIT_GROUP, SEARCH_GROUP, DISPATCH_GROUP, FEEDBACK_GROUP},
    "topic": set(TOPICS),
    "method": set(METHODS),
    "code": {code.name for code in StatusCode},
    "reason": {name.removeprefix("ERROR_REASON_") for name in ErrorReason.keys()},  # noqa: SIM118 - no dict
}


def samples() -> dict[str, frozenset[str]]:
    """Return the name of every sample that Prometheus has of us, with its labels."""
    found = {"up": TARGET}
    for metric in METRICS:
        found |= {name: TARGET | labels for name, labels in _samples(metric)}
    own = {f.name for f in PrometheusSink().registry.collect()} - {m.name.removesuffix("_total") for m in METRICS}
    return found | {f"{name}_total" if name == "process_cpu_seconds" else name: TARGET for name in own}


def _samples(metric: Metric) -> Iterator[tuple[str, frozenset[str]]]:
    labels = frozenset(metric.labels)
    if metric.kind is not Kind.HISTOGRAM:
        yield metric.name, labels
        return
    yield f"{metric.name}_bucket", labels | {"le"}
    yield f"{metric.name}_sum", labels
    yield f"{metric.name}_count", labels


SAMPLES = samples()


def faults(expression: str) -> list[str]:
    """Return what is wrong with an expression; raises ValueError when it is no PromQL."""
    tree = promql.parse(expression)
    return [*_unknown(tree), *_foreign(tree)]


def _unknown(tree: promql.Expr) -> Iterator[str]:
    """Yield metrics that there are not, labels that they have not, and values that a label never has."""
    for selector in selectors(tree):
        if selector.name not in SAMPLES:
            yield f"{selector.name}: no such metric"
            continue
        for told in selector.matchers.matchers:
            if told.name not in SAMPLES[selector.name]:
                yield f"{selector.name}: has no label {told.name}"
            elif told.name in VALUES and not any(_meets(told, value) for value in VALUES[told.name]):
                yield f"{selector.name}: {told.name} is never {told.value}"


def _meets(told: promql.Matcher, value: str) -> bool:
    """Tell whether a matcher takes a value, or leaves it out by name."""
    if told.op in (promql.MatchOp.Re, promql.MatchOp.NotRe):
        return re.fullmatch(told.value, value) is not None
    return bool(told.value == value)


def _foreign(tree: promql.Expr) -> Iterator[str]:
    """Yield labels by which is grouped or matched what does not have them."""
    for node in nodes(tree):
        if isinstance(node, promql.AggregateExpr) and node.modifier:
            yield from _missing(node.modifier.labels, selectors(node.expr))
        if isinstance(node, promql.BinaryExpr) and node.modifier and node.modifier.matching:
            yield from _missing(node.modifier.matching.labels, [*selectors(node.lhs), *selectors(node.rhs)])


def _missing(labels: Iterable[str], within: Iterable[promql.VectorSelector]) -> Iterator[str]:
    for selector in within:
        for label in set(labels) - SAMPLES.get(selector.name or "", frozenset()):
            yield f"{selector.name}: has no label {label} to group or match by"


def nodes(tree: promql.Expr) -> list[promql.Expr]:
    """Return all parts of an expression."""
    found: list[promql.Expr] = []
    promql.walk(tree, found.append)
    return found


def selectors(tree: promql.Expr) -> list[promql.VectorSelector]:
    """Return what an expression asks for."""
    return [part for part in nodes(tree) if isinstance(part, promql.VectorSelector)]


def labels_of_result(expression: str) -> set[str]:
    """Return the labels that a result may carry: those grouped by, or where nothing is grouped all of the samples'."""
    tree = promql.parse(expression)
    grouping = [node for node in nodes(tree) if isinstance(node, promql.AggregateExpr)]
    if grouping:
        return {label for node in grouping if node.modifier for label in node.modifier.labels}
    return {label for selector in selectors(tree) for label in SAMPLES[selector.name or ""]}
