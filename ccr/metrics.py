"""What `/metrics` shows. Any part but `desk` may import this and count where things happen.

Labels take only names that the code knows (a command's type, a refusal's code), never a person or a ticket.
"""

from functools import cache

from prometheus_client import (
    GC_COLLECTOR,
    PLATFORM_COLLECTOR,
    PROCESS_COLLECTOR,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

REGISTRY = CollectorRegistry()
for collector in (PROCESS_COLLECTOR, PLATFORM_COLLECTOR, GC_COLLECTOR):
    REGISTRY.register(collector)

SOCKETS = Gauge("ccr_sockets", "Open live connections.", registry=REGISTRY)

NODES_THERE = Gauge(
    "ccr_nodes_there",
    "1 while the line between processes works; 0 while it does not, or where there is none.",
    registry=REGISTRY,
)

NODES_OTHERS = Gauge("ccr_nodes_others", "Other processes of this registry that we hear.", registry=REGISTRY)

COMMANDS = Counter(
    "ccr_commands",
    "Commands by kind (the command's type) and outcome: ok, again (a repeated key), or a refusal's code.",
    ["kind", "outcome"],
    registry=REGISTRY,
)

COMMIT_SECONDS = Histogram(
    "ccr_commit_seconds",
    "From a write's start to the end of its commit, once for each transaction.",
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=REGISTRY,
)

COMMIT_UNITS = Histogram(
    "ccr_commit_units",
    "How many writes were committed together.",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128),
    registry=REGISTRY,
)

TIMELINE_READS = Counter(
    "ccr_timeline_reads", "Pages of timelines that were asked for, by whichever way.", registry=REGISTRY
)

QUEUE_DEPTH = Gauge(
    "ccr_queue_depth",
    "What waits: writer (for a transaction), reader (for a database thread), outbox (mails to be sent).",
    ["queue"],
    registry=REGISTRY,
)

OUTBOX_AGE_SECONDS = Gauge(
    "ccr_outbox_age_seconds", "How overdue the oldest unsent mail is; 0 where none is due.", registry=REGISTRY
)

NOTICES = Counter(
    "ccr_notices",
    "Notices by channel and outcome of a try: sent, put_off (to be tried again), given_up.",
    ["channel", "outcome"],
    registry=REGISTRY,
)

OUTBOX_DEAD = Gauge(
    "ccr_outbox_dead",
    "Notices of this channel that were given up and are still kept: an admin may send them again.",
    ["channel"],
    registry=REGISTRY,
)


def count_command(kind: str, outcome: str) -> None:
    """One command more of this kind and outcome."""
    _commands(kind, outcome).inc()


@cache
def _commands(kind: str, outcome: str) -> Counter:
    """Kept, because finding the label costs more than counting."""
    return COMMANDS.labels(kind=kind, outcome=outcome)


def exposition() -> bytes:
    """Everything above in Prometheus' text format, version 0.0.4."""
    return generate_latest(REGISTRY)
