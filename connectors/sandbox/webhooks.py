"""The platforms' side of webhooks: writing bodies, signing them, posting, and trying again.

Zalo signs with plain SHA-256 over app id, body, timestamp and key (platforms A2); Meta with HMAC over a
body that is ASCII-escaped, slashes included (platforms B2). Both sign the exact bytes they post. The
retry schedules run on a scaled clock, because a real hour is too long for a test. This module is an
independent reading of the contract: it must never borrow code from the connectors it is used to test.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import json
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

import aiohttp

ZALO_TIMEOUT_SECONDS = 2.0  # platforms A1, [H]
ZALO_RETRY_DELAYS = (30.0, 300.0, 900.0, 1800.0, 3600.0)  # platforms A1, [H]: then switched off
META_TIMEOUT_SECONDS = 5.0  # platforms B3, [H]
META_RETRY_DELAYS = (0.0, 0.0, 1.0, 900.0, 900.0, 1800.0)
"""Immediately a few more times, and an hour in all until the app is unsubscribed (platforms B3, [H]);
how the later attempts lie within that hour is not documented."""
META_FEED_RETRY_DELAYS = (0.0, 60.0, 600.0, 3600.0, 14_400.0, 36_000.0, 74_940.0)
"""Immediately, then ever more rarely for 36 h, then dropped (platforms B3, [H])."""

MAX_POSTS_AT_ONCE = 64
MAX_WAITING_RETRIES = 5000
KEPT_DELIVERIES = 2000
OK = 200


class Signature(StrEnum):
    """How a delivery is signed."""

    GOOD = "good"
    BAD = "bad"
    """Right shape, wrong digest."""
    MISSING = "missing"
    """No signature header at all."""


def zalo_mac(app_id: str, body: bytes, timestamp: str, key: str) -> str:
    """The hexadecimal digest of platforms A2. `key` is the OA Secret Key, not the App Secret."""
    return hashlib.sha256(app_id.encode() + body + timestamp.encode() + key.encode()).hexdigest()


def meta_digest(secret: str, body: bytes) -> str:
    """The hexadecimal digest of platforms B2."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def zalo_body(event: Mapping[str, object], *, escaped: bool = False) -> bytes:
    """The bytes Zalo posts: compact JSON, raw UTF-8 or `\\u`-escaped (which one is not documented)."""
    return json.dumps(event, ensure_ascii=escaped, separators=(",", ":")).encode()


def meta_body(event: Mapping[str, object]) -> bytes:
    """The bytes Meta posts: compact JSON, lower-case `\\u` escapes and `\\/` for every slash."""
    return json.dumps(event, ensure_ascii=True, separators=(",", ":")).replace("/", "\\/").encode()


@dataclass(frozen=True, slots=True)
class Attempt:
    """One POST of a delivery."""

    status: int | None
    """None when no answer came in time."""
    error: str
    """Why there is no status: `timeout` or the error's class name. Empty otherwise."""
    milliseconds: float

    @property
    def accepted(self) -> bool:
        """Did the receiver answer 200? Whether other 2xx count is not documented, so they do not."""
        return self.status == OK


@dataclass(slots=True)
class Delivery:
    """One webhook body on its way, with every attempt to hand it over."""

    id: int
    kind: str
    """Event name, for reading the log."""
    body: bytes
    """As posted last."""
    headers: Mapping[str, str] = field(default_factory=dict)
    attempts: list[Attempt] = field(default_factory=list)
    state: str = "sending"
    """`sending`, `accepted`, `retrying`, `given_up`, `not_sent` (nobody listens or switched off)."""

    @property
    def status(self) -> int | None:
        """HTTP status of the last attempt; None before the first one or without an answer."""
        return self.attempts[-1].status if self.attempts else None

    @property
    def accepted(self) -> bool:
        """Has the receiver answered 200?"""
        return self.state == "accepted"


@dataclass(frozen=True, slots=True)
class Posting:
    """What to post and how. `render(n)` gives body and headers of attempt n (0 is the first)."""

    kind: str
    render: Callable[[int], tuple[bytes, Mapping[str, str]]]
    delays: Sequence[float]
    """Unscaled seconds before each retry."""
    switches_off: bool
    """Does running out of retries end all deliveries?"""


class WebhookSender:
    """Posts deliveries to the bot: bounded, recorded, retried on a scaled clock."""

    def __init__(
        self,
        url: str | None,
        *,
        timeout_seconds: float,
        time_scale: float = 1.0,
        retries: bool = True,
    ) -> None:
        self.url = url
        """Where the bot listens; None: deliveries are recorded and not posted."""
        self.timeout_seconds = timeout_seconds
        self.time_scale = time_scale
        """1.0 is real time; 0.001 makes an hour last 3.6 seconds."""
        self.retries = retries
        self.enabled = True
        """False after the platform switched the webhook off or unsubscribed the app."""
        self.deliveries: deque[Delivery] = deque(maxlen=KEPT_DELIVERIES)
        self.on_change: Callable[[], None] = lambda: None
        self._numbers = itertools.count(1)
        self._session: aiohttp.ClientSession | None = None
        self._slots = asyncio.Semaphore(MAX_POSTS_AT_ONCE)
        self._waiting: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Open the connection pool. Called by the stand-in."""
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=self.timeout_seconds)
            self._session = aiohttp.ClientSession(timeout=timeout)

    async def aclose(self) -> None:
        """Forget retries still waiting and close every connection. May be called twice."""
        waiting = list(self._waiting)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None

    @property
    def waiting(self) -> int:
        """Deliveries with a retry still to come."""
        return len(self._waiting)

    def switch_on(self) -> None:
        """What an officer does by hand in the console after the platform switched the webhook off."""
        self.enabled = True
        self.on_change()

    async def post(self, posting: Posting, *, wanted: bool = True) -> Delivery:
        """Make the first attempt and return; retries, if any are due, go on by themselves.

        `wanted` is False for an event nobody subscribed to: it is recorded and stays here.
        """
        delivery = self._record(posting)
        if self._session is None or self.url is None or not self.enabled or not wanted:
            delivery.state = "not_sent"
            self.on_change()
            return delivery
        await self._attempt(delivery, posting, 0)
        if not delivery.accepted:
            self._schedule_retries(delivery, posting)
        self.on_change()
        return delivery

    async def post_again(self, delivery: Delivery) -> Attempt:
        """Post a recorded delivery once more, byte for byte."""
        attempt = await self._request("POST", body=delivery.body, headers=delivery.headers)
        delivery.attempts.append(attempt)
        self.on_change()
        return attempt

    async def post_together(self, postings: Iterable[Posting]) -> list[Delivery]:
        """A burst: all first attempts at the same time."""
        return list(await asyncio.gather(*(self.post(posting) for posting in postings)))

    async def probe(self, body: bytes = b"{}") -> Attempt:
        """The unsigned POST Zalo makes when the URL is saved in its console (platforms A1)."""
        headers = {"Content-Type": "application/json", "User-Agent": "ZaloWebhook"}
        return await self._request("POST", body=body, headers=headers)

    async def handshake(self, verify_token: str, challenge: str = "1158201444") -> tuple[Attempt, bool]:
        """Meta's GET (platforms B1); the flag tells whether the bare challenge came back."""
        answer: list[bytes] = []
        query = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": verify_token}
        attempt = await self._request("GET", query=query, keep=answer)
        return attempt, attempt.accepted and answer == [challenge.encode()]

    def _record(self, posting: Posting) -> Delivery:
        body, headers = posting.render(0)
        delivery = Delivery(next(self._numbers), posting.kind, body, headers)
        self.deliveries.append(delivery)
        return delivery

    def _schedule_retries(self, delivery: Delivery, posting: Posting) -> None:
        if not self.retries or not posting.delays or len(self._waiting) >= MAX_WAITING_RETRIES:
            delivery.state = "given_up"
            return
        delivery.state = "retrying"
        task = asyncio.create_task(self._retry(delivery, posting))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def _retry(self, delivery: Delivery, posting: Posting) -> None:
        for number, delay in enumerate(posting.delays, start=1):
            await asyncio.sleep(delay * self.time_scale)
            if not self.enabled:
                break
            await self._attempt(delivery, posting, number)
            self.on_change()
            if delivery.accepted:
                return
        delivery.state = "given_up"
        if posting.switches_off:
            self.enabled = False
        self.on_change()

    async def _attempt(self, delivery: Delivery, posting: Posting, number: int) -> None:
        delivery.body, delivery.headers = posting.render(number)
        attempt = await self._request("POST", body=delivery.body, headers=delivery.headers)
        delivery.attempts.append(attempt)
        if attempt.accepted:
            delivery.state = "accepted"

    async def _request(
        self,
        method: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        keep: list[bytes] | None = None,
    ) -> Attempt:
        if self._session is None or self.url is None:
            return Attempt(None, "nobody listens", 0.0)
        async with self._slots:
            started = time.perf_counter()
            status: int | None = None
            error = ""
            try:
                async with self._session.request(
                    method, self.url, data=body, headers=headers, params=query, allow_redirects=False
                ) as response:
                    content = await response.read()
                    status = response.status
                    if keep is not None:
                        keep.append(content)
            except TimeoutError:
                error = "timeout"
            except aiohttp.ClientError as failure:
                error = type(failure).__name__
            return Attempt(status, error, (time.perf_counter() - started) * 1000)


def zalo_posting(
    event: Mapping[str, object],
    *,
    key: str,
    escaped: bool = False,
    signature: Signature = Signature.GOOD,
    server: str = "OA OpenAPI",
) -> Posting:
    """Zalo's POST of one event: the same bytes every time, `num_retry` counting the repeats."""
    body = zalo_body(event, escaped=escaped)
    mac = zalo_mac(str(event.get("app_id", "")), body, str(event.get("timestamp", "")), key)
    headers = {"Content-Type": "application/json", "User-Agent": "ZaloWebhook", "X-ZEvent-Server": server}
    if signature is Signature.GOOD:
        headers["X-ZEvent-Signature"] = f"mac={mac}"
    elif signature is Signature.BAD:
        headers["X-ZEvent-Signature"] = f"mac={mac[::-1]}"

    def render(attempt: int) -> tuple[bytes, Mapping[str, str]]:
        return body, headers | ({"num_retry": str(attempt)} if attempt else {})

    return Posting(str(event.get("event_name", "")), render, ZALO_RETRY_DELAYS, switches_off=True)


def meta_posting(
    page: Mapping[str, object],
    *,
    kind: str,
    secret: str,
    signature: Signature = Signature.GOOD,
) -> Posting:
    """Meta's POST of one page object. A repeat has a later `entry.time`, hence other bytes."""
    is_feed = kind.startswith("feed")

    def render(attempt: int) -> tuple[bytes, Mapping[str, str]]:
        body = meta_body(_later(page, attempt))
        digest = meta_digest(secret, body)
        headers = {"Content-Type": "application/json", "User-Agent": "facebookexternalua"}
        if signature is Signature.GOOD:
            headers["X-Hub-Signature-256"] = f"sha256={digest}"
        elif signature is Signature.BAD:
            headers["X-Hub-Signature-256"] = f"sha256={digest[::-1]}"
        return body, headers

    delays = META_FEED_RETRY_DELAYS if is_feed else META_RETRY_DELAYS
    return Posting(kind, render, delays, switches_off=not is_feed)


def without_retries(posting: Posting) -> Posting:
    """The same posting, tried once: for deliveries that are meant to be refused."""
    return replace(posting, delays=())


def _later(page: Mapping[str, object], attempt: int) -> Mapping[str, object]:
    entries = page.get("entry")
    if not attempt or not isinstance(entries, list):
        return page
    moved = [
        {**entry, "time": entry["time"] + attempt} if isinstance(entry.get("time"), int) else entry
        for entry in entries
    ]
    return {**page, "entry": moved}
