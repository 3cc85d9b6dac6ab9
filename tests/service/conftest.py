"""A small town: both platforms as stand-ins, and the program serving them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from connectors.sandbox import GraphSandbox, SandboxSettings, ZaloSandbox, running
from tests.service.process import Service, free_port


@dataclass
class Town:
    """Everything a scenario needs."""

    service: Service
    zalo: ZaloSandbox
    graph: GraphSandbox


@pytest.fixture
async def town(data_dir: Path) -> AsyncIterator[Town]:
    """Stand-ins running, the program not yet started. The platforms' retries run 250 times faster."""
    port = free_port()
    base = f"http://127.0.0.1:{port}/webhooks"
    async with AsyncExitStack() as stack:
        zalo = await stack.enter_async_context(
            running(ZaloSandbox(webhook_url=f"{base}/zalo", time_scale=0.004, webhook_timeout_seconds=10))
        )
        graph = await stack.enter_async_context(
            running(
                GraphSandbox(webhook_url=f"{base}/messenger", time_scale=0.004, webhook_timeout_seconds=10)
            )
        )
        environment = {
            **SandboxSettings().bot_environment(),
            "ZALO_API_BASE": zalo.base_url,
            "ZALO_OAUTH_BASE": zalo.base_url,
            "MESSENGER_GRAPH_BASE": graph.base_url,
        }
        service = Service(data_dir, environment, port)
        stack.push_async_callback(service.end)
        yield Town(service, zalo, graph)
