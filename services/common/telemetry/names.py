"""The closed list of metrics: each name with its kind, labels and meaning. Dashboard, alerts and code use no other."""

from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """What a metric is: a count that only grows, a present value, or how values are spread."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Metric(NamedTuple):
    """One metric; `name` is as Prometheus shows it, a histogram's without `_bucket`, `_sum` and `_count`."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    meaning: str
    buckets: tuple[float, ...] = ()


#: From a call that hits a cache to a batch that is about to be taken for dead.
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0)
_RECORDS = (1, 10, 50, 100, 250, 500, 1000, 2000, 4000, 8000)

# fmt: off
LAG = Metric(
    "merchantcredit_consumer_lag_records", Kind.GAUGE, ("group", "topic"),
    "Records between where this process has committed and the end of the topic, over the partitions that it owns.",
)
FRESH_AT = Metric(
    "merchantcredit_consumer_fresh_at_timestamp_seconds", Kind.GAUGE, ("group",),
    "Unix time up to which all records of the partitions that this process owns are applied, or at which it began with"
    " more than it has yet applied; asked for every 10 s.",
)
BATCH_RECORDS = Metric(
    "merchantcredit_batch_records", Kind.HISTOGRAM, ("group",), "Records of a committed batch.", _RECORDS
)
BATCH_SECONDS = Metric(
    "merchantcredit_batch_seconds", Kind.HISTOGRAM, ("group",),
    "Seconds from the end of the poll to the commit of a batch.", _SECONDS,
)
BATCHES_SUPERSEDED = Metric(
    "merchantcredit_batches_superseded_total", Kind.COUNTER, ("group",),
    "Batches rolled back as a whole because another worker was at the same rows; they are read again.",
)
DEAD_LETTERS = Metric(
    "merchantcredit_dead_letters_total", Kind.COUNTER, ("group", "reason"),
    "Records that could not be applied, by the reason of the closed list of errors.",
)
PENDING = Metric(
    "merchantcredit_pending_messages", Kind.GAUGE, (),
    "Messages of the outbox that have no number yet (counted up to 100,000), as the sequencer sees them.",
)
PENDING_AGE = Metric(
    "merchantcredit_pending_oldest_seconds", Kind.GAUGE, (),
    "Age of the oldest message of the outbox that has no number yet; 0 when there is none.",
)
ARCHIVE_HELD = Metric(
    "merchantcredit_archive_held_bytes", Kind.GAUGE, (),
    "Bytes of the server's write-ahead log that its archive has not taken; 0 where there is no archive.",
)
RELAY_AGE = Metric(
    "merchantcredit_relay_oldest_unsent_seconds", Kind.GAUGE, ("service",),
    "Age of the oldest numbered message that Kafka has not taken; 0 when there is none. Told by the relay that leads.",
)
RELAY_LEADS = Metric(
    "merchantcredit_relay_leads", Kind.GAUGE, ("service",), "1 while this process holds the relay's lease, else 0."
)
RELAY_RECORDS = Metric(
    "merchantcredit_relay_records_total", Kind.COUNTER, ("service",), "Messages that the relay brought to Kafka."
)
RELAY_TURNS_LOST = Metric(
    "merchantcredit_relay_turns_lost_total", Kind.COUNTER, ("service", "reason"),
    "Turns that ended because another took over or the cluster refused, by the error's type.",
)
INDEX_FRESH_AT = Metric(
    "merchantcredit_index_fresh_at_timestamp_seconds", Kind.GAUGE, (),
    "Unix time up to which every change of the record topic is in the index; staleness is time() minus this.",
)
CALLS = Metric(
    "merchantcredit_grpc_calls_total", Kind.COUNTER, ("method", "code"), "Ended gRPC calls, by method and status code."
)
CALL_SECONDS = Metric(
    "merchantcredit_grpc_call_seconds", Kind.HISTOGRAM, ("method",),
    "Seconds of a unary gRPC call in the server.", _SECONDS,
)
ERRORS = Metric(
    "merchantcredit_errors_total", Kind.COUNTER, ("part", "reason"),
    "Errors by the part that met them (a gRPC service or a loop) and their reason of the closed list.",
)
PUNISHMENT_FAULTS = Metric(
    "merchantcredit_punishment_faults", Kind.GAUGE, (),
    "Measures of joint punishment without a valid cause or basis, or otherwise amiss, at the last hourly check.",
)
LOOP_BEAT = Metric(
    "merchantcredit_loop_beat_timestamp_seconds", Kind.GAUGE, ("loop",),
    "Unix time of a loop's last round; a loop that is stuck stops beating.",
)

# fmt: on

METRICS: tuple[Metric, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Metric))
