"""Signed webhook deliveries, written out as whole HTTP requests before the clock runs.

The bodies come from the sandbox's builders, so they look and are signed as the platforms do it. Every
delivery has a message id of its own: a repeated id would be a cheap no-op and would flatter the figures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from connectors.sandbox.graph import GraphAccount
from connectors.sandbox.graph_events import GraphEvents
from connectors.sandbox.webhooks import meta_body, meta_digest, zalo_body, zalo_mac
from connectors.sandbox.zalo import ZaloAccount
from connectors.sandbox.zalo_events import ZaloEvents

ChannelName = Literal["zalo", "messenger"]
ZALO, GRAPH = ZaloAccount(), GraphAccount()
QUESTIONS = (
    "Công dân học tập là gì?",
    "cong dan hoc tap la gi",
    "Tháng Khuyến học là tháng mấy?",
    "ai cong nhan danh hieu cong dan hoc tap",
    "Quyết định 677/QĐ-TTg nói gì?",
    "Gia đình học tập cần tiêu chí nào?",
    "xin chào",
    "cảm ơn bạn nhiều",
    "giá vàng hôm nay bao nhiêu",
)
"""What citizens typically write: with and without accents, small talk, and one thing nobody can answer."""


@dataclass(frozen=True, slots=True)
class Script:
    """Which deliveries to write."""

    channel: ChannelName
    count: int
    users: int
    """People who write; message number i comes from person i modulo `users`."""
    run: str
    """Distinguishes this measurement's people and messages from every other's. Digits only."""
    per_second: float
    """How closely the messages' own time stamps follow each other."""
    questions: tuple[str, ...] = QUESTIONS

    def user(self, number: int) -> str:
        """Who sends message `number`."""
        return f"7{self.run}{number % self.users:06d}"

    def question(self, number: int) -> str:
        """What message `number` says: each person asks one question after the other."""
        return self.questions[(number // self.users) % len(self.questions)]


def write_requests(script: Script, began: datetime | None = None) -> list[bytes]:
    """Every delivery of the script as the bytes of one HTTP request, in sending order."""
    began = began or datetime.now(UTC)
    write = _zalo_request if script.channel == "zalo" else _messenger_request
    return [
        write(script, number, began + timedelta(seconds=number / script.per_second))
        for number in range(script.count)
    ]


def _zalo_request(script: Script, number: int, at: datetime) -> bytes:
    event = ZaloEvents(ZALO.app_id, ZALO.oa_id).text(
        script.user(number), script.question(number), f"{script.run}x{number:08d}", at
    )
    body = zalo_body(event)
    mac = zalo_mac(ZALO.app_id, body, str(event["timestamp"]), ZALO.oa_secret_key)
    headers = {
        "User-Agent": "ZaloWebhook",
        "X-ZEvent-Server": "OA OpenAPI",
        "X-ZEvent-Signature": f"mac={mac}",
    }
    return _request("/webhooks/zalo", headers, body)


def _messenger_request(script: Script, number: int, at: datetime) -> bytes:
    events = GraphEvents(GRAPH.page_id, GRAPH.app_id)
    message = events.text(script.user(number), script.question(number), f"m_{script.run}x{number:08d}", at)
    body = meta_body(events.page([events.entry([message], at)]))
    digest = meta_digest(GRAPH.app_secret, body)
    headers = {"User-Agent": "facebookexternalua", "X-Hub-Signature-256": f"sha256={digest}"}
    return _request("/webhooks/messenger", headers, body)


def _request(path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    lines: Sequence[str] = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
