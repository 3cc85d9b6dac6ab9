"""What `khuyenhoc sandbox` serves: both stand-ins and a phone-like page to try the bot with.

The page is for people who run or change the bot, on their own machine, with invented accounts. It is
never part of the service: bind it to loopback.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from aiohttp import web

from connectors.sandbox.desk import Desk
from connectors.sandbox.graph import GraphAccount, GraphSandbox
from connectors.sandbox.phone import snapshot
from connectors.sandbox.standin import MAX_UPLOAD_BYTES
from connectors.sandbox.zalo import ZaloAccount, ZaloSandbox

STATIC = Path(__file__).parent / "static"
WAIT_SECONDS = 20.0
_ZALO, _GRAPH = ZaloAccount(), GraphAccount()
_PICTURES = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG": "image/png", b"GIF8": "image/gif"}

SECURITY_HEADERS = {
    # Pictures may come from wherever the bot says; everything else is ours.
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' https: http: data:; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """Where the bot listens and which invented accounts it was given."""

    bot_url: str = "http://127.0.0.1:8080"
    """Base address of the running bot; deliveries go to `/webhooks/zalo` and `/webhooks/messenger`."""
    host: str = "127.0.0.1"
    port: int = 8090
    zalo_app_id: str = _ZALO.app_id
    zalo_app_secret: str = _ZALO.app_secret
    zalo_oa_id: str = _ZALO.oa_id
    zalo_oa_secret_key: str = _ZALO.oa_secret_key
    zalo_access_token: str = _ZALO.access_token
    zalo_refresh_token: str = _ZALO.refresh_token
    messenger_page_id: str = _GRAPH.page_id
    messenger_app_id: str = _GRAPH.app_id
    messenger_app_secret: str = _GRAPH.app_secret
    messenger_verify_token: str = _GRAPH.verify_token
    messenger_page_access_token: str = _GRAPH.page_access_token
    webhook_time_scale: float = 1.0
    """How fast the platforms' retry schedules run; 0.01 makes 5 minutes last 3 seconds."""

    @property
    def zalo_base(self) -> str:
        """Base address of the fake Zalo API and its OAuth desk."""
        return f"http://{self.host}:{self.port}/zalo"

    @property
    def graph_base(self) -> str:
        """Base address of the fake Graph API."""
        return f"http://{self.host}:{self.port}/graph"

    def bot_environment(self) -> Mapping[str, str]:
        """The environment with which the bot talks to these stand-ins."""
        return {
            "ZALO_APP_ID": self.zalo_app_id,
            "ZALO_APP_SECRET": self.zalo_app_secret,
            "ZALO_OA_ID": self.zalo_oa_id,
            "ZALO_OA_SECRET_KEY": self.zalo_oa_secret_key,
            "ZALO_ACCESS_TOKEN": self.zalo_access_token,
            "ZALO_REFRESH_TOKEN": self.zalo_refresh_token,
            "ZALO_API_BASE": self.zalo_base,
            "ZALO_OAUTH_BASE": self.zalo_base,
            "MESSENGER_PAGE_ID": self.messenger_page_id,
            "MESSENGER_APP_SECRET": self.messenger_app_secret,
            "MESSENGER_VERIFY_TOKEN": self.messenger_verify_token,
            "MESSENGER_PAGE_ACCESS_TOKEN": self.messenger_page_access_token,
            "MESSENGER_GRAPH_BASE": self.graph_base,
        }


DEMO_ENV: Mapping[str, str] = MappingProxyType(dict(SandboxSettings().bot_environment()))
"""Settings with which the bot talks to `khuyenhoc sandbox` on its default port. Invented throughout."""


def build_sandbox_app(settings: SandboxSettings) -> web.Application:
    """One application: the fake APIs under `/zalo` and `/graph`, the page at `/`."""
    zalo, graph = _zalo(settings), _graph(settings)
    page = _Page(zalo, graph, settings)
    app = web.Application(client_max_size=MAX_UPLOAD_BYTES, middlewares=[_security_headers])
    app.add_subapp("/zalo", zalo.application())
    app.add_subapp("/graph", graph.application())
    app.add_routes(
        [
            web.get("/", page.index),
            web.get("/api/state", page.state),
            web.post("/api/do", page.perform),
            web.get("/api/media/{upload_id}", page.media),
            web.static("/static", STATIC),
        ]
    )
    app.on_shutdown.append(page.begin_closing)
    return app


def _zalo(settings: SandboxSettings) -> ZaloSandbox:
    account = ZaloAccount(
        app_id=settings.zalo_app_id,
        app_secret=settings.zalo_app_secret,
        oa_id=settings.zalo_oa_id,
        oa_secret_key=settings.zalo_oa_secret_key,
        access_token=settings.zalo_access_token,
        refresh_token=settings.zalo_refresh_token,
    )
    zalo = ZaloSandbox(
        account,
        webhook_url=f"{settings.bot_url.rstrip('/')}/webhooks/zalo",
        time_scale=settings.webhook_time_scale,
    )
    zalo.base_url = settings.zalo_base
    for number, name in enumerate(("Cô Lan", "Anh Minh", "Bác Hòa"), start=1):
        zalo.person(f"100000000000000000{number}", name)
    return zalo


def _graph(settings: SandboxSettings) -> GraphSandbox:
    account = GraphAccount(
        page_id=settings.messenger_page_id,
        app_id=settings.messenger_app_id,
        app_secret=settings.messenger_app_secret,
        verify_token=settings.messenger_verify_token,
        page_access_token=settings.messenger_page_access_token,
    )
    graph = GraphSandbox(
        account,
        webhook_url=f"{settings.bot_url.rstrip('/')}/webhooks/messenger",
        time_scale=settings.webhook_time_scale,
    )
    graph.base_url = settings.graph_base
    for number, name in enumerate(("Chị Thảo", "Em Nam"), start=1):
        graph.person(f"200000000000000{number}", name)
    return graph


class _Page:
    """The page and the little API behind it."""

    def __init__(self, zalo: ZaloSandbox, graph: GraphSandbox, settings: SandboxSettings) -> None:
        self._zalo, self._graph, self._settings = zalo, graph, settings
        self._desk = Desk(zalo, graph)

    async def begin_closing(self, _: web.Application) -> None:
        """Let waiting pages go, so that Ctrl-C is not held up by them."""
        self._zalo.begin_closing()
        self._graph.begin_closing()

    @property
    def _revision(self) -> int:
        return self._zalo.revision + self._graph.revision

    async def index(self, _: web.Request) -> web.FileResponse:
        """The page."""
        return web.FileResponse(STATIC / "index.html")

    async def state(self, request: web.Request) -> web.Response:
        """Everything there is to see; with `since`, waits until there is something new."""
        since = request.query.get("since", "")
        if since == str(self._revision):
            await self._something_new(int(since))
        view = snapshot(
            self._zalo,
            self._graph,
            bot_url=self._settings.bot_url,
            time_scale=self._settings.webhook_time_scale,
        )
        return web.json_response({"revision": self._revision, **view})

    async def _something_new(self, since: int) -> None:
        def moved(_: object) -> bool:
            return self._revision != since or self._zalo.is_closing

        waits = [
            asyncio.ensure_future(sandbox.wait_for(moved, WAIT_SECONDS))
            for sandbox in (self._zalo, self._graph)
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def perform(self, request: web.Request) -> web.Response:
        """One action. Only JSON, so that no other site's form can post here."""
        if request.content_type != "application/json":
            return _problem("Chỉ nhận JSON.", 415)
        ask: object = None
        with contextlib.suppress(ValueError):
            ask = json.loads(await request.read())
        if not isinstance(ask, dict) or not all(isinstance(value, str) for value in ask.values()):
            return _problem("Yêu cầu không hợp lệ.", 400)
        try:
            told = await self._desk.perform(ask.get("channel", ""), ask.get("action", ""), ask)
        except ValueError as refusal:
            return _problem(str(refusal), 400)
        return web.json_response({"ok": True, "told": told})

    async def media(self, request: web.Request) -> web.Response:
        """A picture the bot uploaded, so that the phone can show it."""
        found = self._zalo.uploads.get(request.match_info["upload_id"])
        content = found[0].file.content if found else b""
        media_type = next((kind for start, kind in _PICTURES.items() if content.startswith(start)), None)
        if media_type is None:
            raise web.HTTPNotFound
        return web.Response(body=content, content_type=media_type)


def _problem(text: str, status: int) -> web.Response:
    return web.json_response({"ok": False, "told": text}, status=status)


@web.middleware
async def _security_headers(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    response = await handler(request)
    if not request.path.startswith(("/zalo/", "/graph/")):
        response.headers.update(SECURITY_HEADERS)
    return response
