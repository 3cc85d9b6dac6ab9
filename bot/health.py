"""Is this process alive, and would a message sent now be taken and answered?"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import SQLAlchemyError

from bot.clock import Clock
from bot.metrics import Metrics
from bot.nerves import Nerves
from bot.store import accounts, conversations, events, outbox
from bot.store.database import Database
from bot.store.migrate import is_current
from connectors.channel import Channel
from connectors.zalo import ZaloChannel
from knowledge.answer import Knowledge

CHECK_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Parts:
    """What readiness depends on."""

    database: Database
    nerves: Nerves
    knowledge: Knowledge
    channels: Sequence[Channel]
    zalo: ZaloChannel | None
    metrics: Metrics
    clock: Clock


async def readiness(parts: Parts) -> dict[str, bool]:
    """Each precondition of answering, by name."""

    async def database() -> bool:
        return await is_current(parts.database)

    async def check(question: Awaitable[bool]) -> bool:
        try:
            return bool(await asyncio.wait_for(question, CHECK_SECONDS))
        except (SQLAlchemyError, OSError, TimeoutError):
            return False

    return {
        "database": await check(database()),
        "redis": await check(parts.nerves.is_up()),
        "knowledge": parts.knowledge.size > 0,
    }


async def refresh_gauges(parts: Parts) -> None:
    """Bring the gauges up to what SQL says now."""
    metrics, now = parts.metrics, parts.clock()
    metrics.valkey_up.set(await parts.nerves.is_up())
    async with parts.database.read() as connection:
        waiting = await events.backlog(connection)
        depths = {(d.channel, d.account): d for d in await outbox.depth(connection)}
        modes = await conversations.count_by_mode(connection)
        broken = {c.name: await accounts.state(connection, f"{c.name}:{c.account}") for c in parts.channels}
    metrics.inbox_open.set(waiting.unhandled)
    metrics.inbox_oldest.set((now - waiting.oldest_at).total_seconds() if waiting.oldest_at else 0)
    metrics.inbox_parked.set(waiting.parked)
    for channel in parts.channels:
        depth = depths.get((channel.name, channel.account))
        oldest = depth.oldest_at if depth else None
        metrics.outbox_open.labels(channel.name).set(depth.open if depth else 0)
        metrics.outbox_oldest.labels(channel.name).set((now - oldest).total_seconds() if oldest else 0)
        metrics.outbox_dead.labels(channel.name).set(depth.dead if depth else 0)
        metrics.account_broken.labels(channel.name).set(broken[channel.name].broken_since is not None)
    if parts.zalo is not None and (expires_at := parts.zalo.token_state.expires_at) is not None:
        metrics.token_seconds.labels(parts.zalo.name).set((expires_at - now).total_seconds())
    for mode in ("bot", "waiting", "person"):
        metrics.conversations.labels(mode).set(modes.get(mode, 0))


def add_health_routes(app: web.Application, parts: Parts) -> None:
    """Serve /healthz, /readyz and /metrics."""

    async def healthz(_request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def readyz(_request: web.Request) -> web.Response:
        answers = await readiness(parts)
        ready = all(answers.values())
        return web.json_response({"ready": ready, **answers}, status=200 if ready else 503)

    async def metrics(_request: web.Request) -> web.Response:
        try:
            await refresh_gauges(parts)
        except (SQLAlchemyError, OSError):
            parts.metrics.inbox_open.set(-1)
        return web.Response(
            body=generate_latest(parts.metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )

    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)
