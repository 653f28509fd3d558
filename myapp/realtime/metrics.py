"""Metrics: what a process is doing, as Prometheus reads it. Loaded only when somebody asks, for its library is an extra."""
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

# name of the metric -> (what it says, where it stands in Runtime.stats())
COUNTERS = {
    "broker_published": ("events carried to the broker", ("broker", "published")),
    "broker_dropped": ("events never carried to the broker; those that were logged come from the log", ("broker", "dropped")),
    "broker_received": ("events that the broker has brought", ("broker", "received")),
    "broker_unreadable": ("messages that no broker of this kind has sent", ("broker", "unreadable")),
    "hub_holes": ("times that the log was read for an event which the broker had not brought", ("hub", "holes")),
}
GAUGES = {
    "threads": ("threads", ("process", "threads")),
    "hub_behind": ("events that the log has and the hub has not yet", ("hub", "behind")),
    "log_events": ("events that the log keeps", ("log", "events")),
    "log_floor": ("seq up to which the log is pruned", ("log", "floor")),
}


def exposition(stats):
    """Return `stats`, as Runtime.stats() has them, and the memory and CPU time of the process: (bytes, their content type)."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Stats(stats))
    ProcessCollector(registry=registry)
    return generate_latest(registry), CONTENT_TYPE_LATEST


class Stats(Collector):
    """The stats of one moment."""

    def __init__(self, stats):
        self._stats = stats

    def collect(self):
        for metrics, family in (COUNTERS, CounterMetricFamily), (GAUGES, GaugeMetricFamily):
            for name, (words, (part, figure)) in metrics.items():
                if (value := self._stats[part][figure]) is not None:
                    yield family(f"myapp_{name}", words, value=value)
        state = GaugeMetricFamily("myapp_broker_up", "1 if the broker works, 0 if it does not or is not known yet",
                                  value=self._stats["broker"]["state"] == "up")
        streams = GaugeMetricFamily("myapp_streams", "open streams", labels=["transport"])
        for transport, count in self._stats["transports"].items():
            streams.add_metric([transport], count)
        yield from (state, streams)
