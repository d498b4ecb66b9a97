"""Counters for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest


class Metrics:
    """What one server counts; a registry of its own, so that several servers can live in one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "govor_requests", "Requests by path and status.", ["path", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "govor_request_seconds",
            "Seconds from request to answer.",
            ["path"],
            buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
            registry=self.registry,
        )
        self.audio_s = Counter("govor_audio_seconds", "Seconds transcribed.", registry=self.registry)
        self.waiting = Gauge("govor_waiting", "Recordings that wait.", registry=self.registry)
        self.running = Gauge("govor_running", "Recordings being transcribed.", registry=self.registry)
        self.live = Gauge("govor_live", "People who speak.", registry=self.registry)
        self.reloads = Counter("govor_model_reloads", "Models exchanged.", registry=self.registry)

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self.registry)
