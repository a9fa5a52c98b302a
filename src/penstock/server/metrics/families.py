"""Samples, gathered family by family, as Prometheus' client takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from penstock.core.measure import Histogram
    from penstock.server.metrics.declared import Metric

__all__ = ["MOST_PARTITIONS", "Families"]

MOST_PARTITIONS = 1_000
"""Above so many partitions a family tells its topics as a whole: each label set is a time series somewhere."""

Family = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily

_FAMILIES: dict[str, type[Family]] = {
    "counter": CounterMetricFamily,
    "gauge": GaugeMetricFamily,
    "histogram": HistogramMetricFamily,
}


class Families:
    """What one scrape gives."""

    def __init__(self) -> None:
        self._found: dict[str, Family] = {}

    def __iter__(self) -> Iterator[Family]:
        return iter(self._found.values())

    def add(self, metric: Metric, value: float, *labels: str) -> None:
        """One sample."""
        family = self._family(metric)
        assert not isinstance(family, HistogramMetricFamily)
        family.add_metric(labels, value)

    def add_durations(self, metric: Metric, value: Histogram, *labels: str) -> None:
        """One histogram."""
        family = self._family(metric)
        assert isinstance(family, HistogramMetricFamily)
        buckets = [("+Inf" if bound == float("inf") else str(bound), count) for bound, count in value.buckets]
        family.add_metric(labels, buckets, value.seconds)

    def add_partitions(self, metric: Metric, values: Mapping[tuple[str, ...], Mapping[int, int]]) -> None:
        """A sample for each partition; or where they are too many, one for all of a topic, partition `all`."""
        whole = sum(map(len, values.values())) > MOST_PARTITIONS
        for labels, of in values.items():
            for partition, value in {"all": sum(of.values())}.items() if whole else of.items():
                self.add(metric, value, *labels, str(partition))

    def _family(self, metric: Metric) -> Family:
        if metric.name not in self._found:
            self._found[metric.name] = _FAMILIES[metric.kind](metric.name, metric.help, labels=metric.labels)
        return self._found[metric.name]
