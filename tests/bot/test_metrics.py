"""What operators read about the understanding of messages."""

from __future__ import annotations

from prometheus_client import generate_latest

from bot.metrics import Metrics, NluMetrics
from nlu.monitor import Monitor


def test_what_interpreters_tell_is_shown_by_engine_and_reason() -> None:
    metrics = Metrics()
    monitor: Monitor = NluMetrics(metrics)
    monitor.parsed("rasa", 0.012)
    monitor.parsed("embedded", 0.001)
    monitor.failed("timeout")
    monitor.circuit("trying")
    shown = generate_latest(metrics.registry).decode()
    assert 'kh_nlu_seconds_count{engine="rasa"} 1.0' in shown
    assert 'kh_nlu_seconds_sum{engine="embedded"} 0.001' in shown
    assert 'kh_nlu_failures_total{reason="timeout"} 1.0' in shown
    assert "kh_nlu_circuit_open 1.0" in shown
    monitor.circuit("closed")
    assert "kh_nlu_circuit_open 0.0" in generate_latest(metrics.registry).decode()
