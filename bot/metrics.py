"""What `/metrics` shows: one registry per process, handed to the parts that count."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5)


class Metrics:
    """The counters of this process. Labels never carry an id of a person or a conversation."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        r = self.registry
        self.deliveries = Counter(
            "kh_deliveries", "Webhook deliveries by answer", ["channel", "status"], registry=r
        )
        self.ack_seconds = Histogram(
            "kh_ack_seconds", "Time to acknowledge a delivery", ["channel"], buckets=_SECONDS, registry=r
        )
        self.events = Counter("kh_events", "Events taken in", ["channel", "kind"], registry=r)
        self.turn_seconds = Histogram(
            "kh_turn_seconds", "Time to decide one turn", ["channel"], buckets=_SECONDS, registry=r
        )
        self.turns = Counter("kh_turns", "Turns by outcome", ["channel", "outcome"], registry=r)
        self.turn_failures = Counter(
            "kh_turn_failures", "Turns that raised", ["channel", "error"], registry=r
        )
        self.sends = Counter("kh_sends", "Sends by outcome", ["channel", "outcome"], registry=r)
        self.send_seconds = Histogram(
            "kh_send_seconds", "Time of one platform call", ["channel"], buckets=_SECONDS, registry=r
        )
        self.outbox_open = Gauge("kh_outbox_open", "Messages waiting to go out", ["channel"], registry=r)
        self.outbox_oldest = Gauge(
            "kh_outbox_oldest_seconds", "Age of the oldest message waiting", ["channel"], registry=r
        )
        self.outbox_dead = Gauge("kh_outbox_dead", "Dead letters", ["channel"], registry=r)
        self.inbox_open = Gauge("kh_inbox_open", "Events not handled yet", registry=r)
        self.inbox_oldest = Gauge("kh_inbox_oldest_seconds", "Age of the oldest unhandled event", registry=r)
        self.inbox_parked = Gauge("kh_inbox_parked", "Events parked after failed turns", registry=r)
        self.token_seconds = Gauge(
            "kh_token_seconds_left", "Seconds until the access token runs out", ["channel"], registry=r
        )
        self.account_broken = Gauge(
            "kh_account_broken", "1 while an account cannot send", ["channel"], registry=r
        )
        self.evidence = Counter(
            "kh_evidence", "Evidence files by what became of them", ["channel", "outcome"], registry=r
        )
        self.reminders = Counter(
            "kh_reminders", "Reminders of unfinished assessments", ["channel"], registry=r
        )
        self.campaign_messages = Counter(
            "kh_campaign_messages",
            "Recipients of campaigns: fed to the outbox, given when they wrote, taken back unsent",
            ["what"],
            registry=r,
        )
        self.campaigns_paused = Counter(
            "kh_campaigns_paused", "Campaigns that paused by themselves, by reason", ["reason"], registry=r
        )
        self.broadcasts = Counter(
            "kh_broadcasts", "Articles for all followers on Zalo by what came of their call", ["outcome"],
            registry=r,
        )  # fmt: skip
        self.conversations = Gauge(
            "kh_conversations", "Conversations by who answers them", ["mode"], registry=r
        )
        self.nlu_seconds = Histogram(
            "kh_nlu_seconds", "Time to interpret one message", ["engine"], buckets=_SECONDS, registry=r
        )
        self.nlu_failures = Counter(
            "kh_nlu_failures", "Messages the Rasa server gave no usable answer to", ["reason"], registry=r
        )
        self.nlu_circuit_open = Gauge(
            "kh_nlu_circuit_open", "1 while the Rasa server is not asked because it failed", registry=r
        )
        self.valkey_up = Gauge("kh_redis_up", "1 when Redis answers", registry=r)


class NluMetrics:
    """What interpreters tell (`nlu.monitor.Monitor`), counted."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def parsed(self, engine: str, seconds: float) -> None:
        """One message was interpreted."""
        self._metrics.nlu_seconds.labels(engine).observe(seconds)

    def failed(self, reason: str) -> None:
        """The Rasa server gave nothing that can be used."""
        self._metrics.nlu_failures.labels(reason).inc()

    def circuit(self, state: str) -> None:
        """A server that is being tried again is not back yet."""
        self._metrics.nlu_circuit_open.set(state != "closed")
