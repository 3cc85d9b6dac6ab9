"""The addresses the platforms call: bytes in, verified and stored, 200 out. Nothing else happens here.

Order of the chain: size limit (aiohttp) → signature → parse → store → announce → 200. A delivery that
cannot be stored gets 503, so that the platform brings it again.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web

from bot.inbox import Inbox
from bot.metrics import Metrics
from bot.store.database import StoreUnavailable
from connectors.channel import Delivery, WebhookChannel
from connectors.errors import InboundError
from connectors.messenger import MessengerChannel

log = structlog.get_logger(__name__)

MAX_DELIVERY_BYTES = 2 * 1024 * 1024
"""Meta batches up to 1,000 updates; nothing honest is larger."""

_PROBE = b"{}"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def add_webhook(
    app: web.Application, path: str, channel: WebhookChannel, inbox: Inbox, metrics: Metrics
) -> None:
    """Serve `POST path` for one channel."""

    async def receive(request: web.Request) -> web.Response:
        started = time.perf_counter()
        structlog.contextvars.bind_contextvars(delivery=uuid.uuid4().hex[:12], channel=channel.name)
        status = await _take(request, channel, inbox)
        metrics.deliveries.labels(channel.name, str(status)).inc()
        metrics.ack_seconds.labels(channel.name).observe(time.perf_counter() - started)
        return web.Response(status=status)

    app.router.add_post(path, receive)


async def _take(request: web.Request, channel: WebhookChannel, inbox: Inbox) -> int:
    try:
        body = await request.read()
    except web.HTTPRequestEntityTooLarge:
        log.warning("delivery_refused", reason="too large")
        return 413
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        heard = channel.receive(Delivery(body, headers))
    except InboundError as error:
        log.warning("delivery_refused", reason=type(error).__name__, bytes=len(body))
        return error.status
    try:
        await inbox.accept(heard)
    except StoreUnavailable as error:
        log.error("delivery_not_stored", reason=str(error))
        return 503
    return 200


def add_messenger_handshake(app: web.Application, path: str, channel: MessengerChannel) -> None:
    """Serve Meta's `GET path?hub.mode=subscribe&…`: the bare challenge, or 403."""

    async def answer(request: web.Request) -> web.Response:
        try:
            challenge = channel.handshake(dict(request.query))
        except InboundError as error:
            return web.Response(status=error.status)
        return web.Response(text=challenge)

    app.router.add_get(path, answer)


def add_absent_channel(app: web.Application, path: str) -> None:
    """A channel that is off: say so to a platform that still calls (never accept what cannot be verified).

    Zalo shows the key we verify with only after its empty probe was answered with 200 (platforms A1), so
    that one body, which says nothing, is let through.
    """

    async def refuse(request: web.Request) -> web.Response:
        if request.content_length == len(_PROBE) and await request.read() == _PROBE:
            return web.Response()
        return web.Response(status=403, text="This channel is not configured.")

    app.router.add_route("*", path, refuse)
