"""Running stand-ins, a receiver for their webhooks, and an HTTP client to call them with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

from connectors.sandbox import GraphSandbox, SandboxClock, ZaloSandbox, running
from tests.connectors.sandbox.receiver import Receiver, receiving


@pytest.fixture
def sandbox_clock() -> SandboxClock:
    """Ten in the morning in Viet Nam, until moved."""
    return SandboxClock(datetime(2026, 11, 2, 3, 0, tzinfo=UTC))


@pytest.fixture
def token_lifetime() -> timedelta:
    """Long, so that tests about windows need not think of tokens."""
    return timedelta(days=60)


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        yield session


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


@pytest.fixture
async def zalo(
    receiver: Receiver, sandbox_clock: SandboxClock, token_lifetime: timedelta
) -> AsyncIterator[ZaloSandbox]:
    made = ZaloSandbox(
        webhook_url=receiver.url, clock=sandbox_clock, time_scale=0.0, token_lifetime=token_lifetime
    )
    async with running(made) as sandbox:
        yield sandbox


@pytest.fixture
async def graph(receiver: Receiver, sandbox_clock: SandboxClock) -> AsyncIterator[GraphSandbox]:
    made = GraphSandbox(webhook_url=receiver.url, clock=sandbox_clock, time_scale=0.0)
    async with running(made) as sandbox:
        yield sandbox
