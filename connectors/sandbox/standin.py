"""What both stand-ins share: reading calls, recording them, faults, waiting, and a clean end.

A stand-in is a small HTTP server on loopback that behaves like a platform's API as far as
docs/platforms.md describes it. It is not the platform, reaches nothing outside this machine, and must
never be imported by the parts that serve citizens.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self, TypeVar

from aiohttp import BodyPartReader, web

from connectors.sandbox.clock import Clock, IdSource
from connectors.sandbox.faults import Faults, spoil
from connectors.sandbox.webhooks import WebhookSender

Json = Mapping[str, object]
"""A JSON object as it came over the wire."""

T = TypeVar("T")
S = TypeVar("S", bound="StandIn")
MAX_UPLOAD_BYTES = 32 * 1024 * 1024
KEPT_REQUESTS = 20_000
_NOTHING: Json = {}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came as multipart."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Call:
    """One API call as it arrived. `params` is the JSON body, or the form with JSON values opened."""

    name: str
    method: str
    path: str
    route: Mapping[str, str]
    """The variable pieces of the path."""
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Names in lower case."""
    content_type: str
    params: Json
    at: datetime
    file: Upload | None = None
    malformed: bool = False
    """The body claimed to be JSON and was not."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the platform would answer."""

    body: Json
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A message the stand-in accepted for a person."""

    user: str
    message: Json
    """The `message` object as it was sent."""
    message_id: str
    at: datetime
    kind: str = "message"
    """`message`, `private_reply`, `template` or `anonymous`."""
    extra: Json = field(default_factory=dict)
    """The rest of the call: messaging_type, tag, reply_to."""

    @property
    def text(self) -> str:
        """The words the person reads, wherever the message carries them."""
        if isinstance(text := self.message.get("text"), str):
            return text
        payload = child(self.message, "attachment", "payload")
        if isinstance(text := payload.get("text"), str):
            return text
        first = first_object(payload.get("elements"))
        return "\n".join(str(first[k]) for k in ("title", "subtitle") if first.get(k))

    @property
    def options(self) -> tuple[tuple[str, str], ...]:
        """Everything to press that comes back to the bot: (label, payload)."""
        return tuple(pressable(self.message))


@dataclass(slots=True)
class Line:
    """One line of a conversation as the person's phone shows it."""

    who: str
    """`person`, `bot` or `officer`."""
    message: Json
    at: datetime
    message_id: str
    note: str = ""
    """`sent`, `delivered`, `seen` …"""


Handler = Callable[[Call], Awaitable[Reply]]


class StandIn:
    """A fake platform API. Subclasses add the routes; `running` serves one on a loopback port."""

    def __init__(self, *, clock: Clock, ids: IdSource, webhooks: WebhookSender) -> None:
        self.clock = clock
        self.ids = ids
        self.webhooks = webhooks
        self.webhooks.on_change = self.notify
        self.faults = Faults()
        self.requests: deque[Call] = deque(maxlen=KEPT_REQUESTS)
        self.sent: list[SentMessage] = []
        self.base_url = ""
        self.revision = 0
        """Grows with everything that happens; the page waits on it."""
        self._changed = asyncio.Event()
        self._closing = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    # -- to be provided by each platform ------------------------------------------------------------
    def routes(self) -> list[web.RouteDef]:
        """The platform's paths."""
        raise NotImplementedError

    def user_of(self, call: Call) -> str:
        """The person a call concerns, or empty: for faults bound to one person."""
        raise NotImplementedError

    def refuse(self, code: int, subcode: int = 0) -> Reply:
        """An error in the platform's own shape."""
        raise NotImplementedError

    # -- serving ------------------------------------------------------------------------------------
    def application(self) -> web.Application:
        """The stand-in as an aiohttp application; starts and ends its own background work."""
        app = web.Application(client_max_size=MAX_UPLOAD_BYTES)
        app.add_routes(self.routes())
        app.cleanup_ctx.append(self._lifespan)
        return app

    async def _lifespan(self, _: web.Application) -> AsyncIterator[None]:
        await self.webhooks.start()
        yield
        await self.aclose()

    def begin_closing(self) -> None:
        """Let hanging answers and waiting pages go, before the server is asked to stop."""
        self._closing.set()
        self.notify()

    @property
    def is_closing(self) -> bool:
        """Is the stand-in about to stop?"""
        return self._closing.is_set()

    async def aclose(self) -> None:
        """End every task of this stand-in and close its connections. May be called twice."""
        self.begin_closing()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.webhooks.aclose()

    def call(self, name: str, handler: Handler) -> Callable[[web.Request], Awaitable[web.Response]]:
        """Wrap `handler`: read, record, show a fault if one waits, answer."""

        async def serve(request: web.Request) -> web.Response:
            call = await _read(request, name, self.clock())
            self.requests.append(call)
            self.notify()

            async def answer() -> web.Response:
                return _response(await handler(call))

            fault = self.faults.take(name, self.user_of(call))
            if fault is None:
                return await answer()
            return await spoil(
                fault,
                request,
                answer=answer,
                refuse=lambda code, subcode: _response(self.refuse(code, subcode)),
                closing=self._closing,
            )

        return serve

    def in_background(self, work: Coroutine[None, None, None]) -> None:
        """Run `work` beside the answer; it ends with the stand-in at the latest."""
        if self.is_closing:
            work.close()
            return
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- waiting ------------------------------------------------------------------------------------
    def notify(self) -> None:
        """Something happened: wake whoever waits."""
        self.revision += 1
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def wait_for(self, condition: Callable[[Self], T], timeout: float = 5.0) -> T:  # noqa: ASYNC109
        """Wait until `condition(self)` is true and return what it gave. Raises TimeoutError."""
        async with asyncio.timeout(timeout):
            while not (found := condition(self)):
                # The poll is for conditions that look at something besides this stand-in.
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), 0.05)
            return found

    async def settled(self, timeout: float = 5.0) -> None:  # noqa: ASYNC109
        """Wait until every echo and receipt has been posted (retries still waiting do not count)."""
        async with asyncio.timeout(timeout):
            while self._tasks:
                await asyncio.wait(set(self._tasks))

    def sent_to(self, user: str) -> list[SentMessage]:
        """The accepted messages for one person, in order."""
        return [message for message in self.sent if message.user == user]


@contextlib.asynccontextmanager
async def running(sandbox: S, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[S]:
    """Serve a stand-in on a loopback port (0: any free one) and set its `base_url`."""
    runner = web.AppRunner(sandbox.application(), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        bound_port = runner.addresses[0][1]
        sandbox.base_url = f"http://{host}:{bound_port}"
        yield sandbox
    finally:
        sandbox.begin_closing()
        await runner.cleanup()


def child(value: object, *path: str) -> Json:
    """The object found by following `path`, or an empty one."""
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else _NOTHING


def objects(value: object) -> list[Json]:
    """The objects in a list; nothing else."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def first_object(value: object) -> Json:
    """The first object of a list, or an empty one."""
    return next(iter(objects(value)), _NOTHING)


def pressable(message: Json) -> list[tuple[str, str]]:
    """(label, payload) of all quick replies and buttons that send something back."""
    payload = child(message, "attachment", "payload")
    buttons = [*objects(message.get("quick_replies")), *objects(payload.get("buttons"))]
    for element in objects(payload.get("elements")):
        buttons += objects(element.get("buttons"))
    return [
        (str(button.get("title", "")), str(button["payload"]))
        for button in buttons
        if isinstance(button.get("payload"), str)
    ]


class RateMeter:
    """Counts calls in a sliding span. Pure apart from the moments it is given."""

    def __init__(self, span: timedelta) -> None:
        self._span = span
        self._moments: deque[datetime] = deque()

    def admit(self, now: datetime, limit: int) -> bool:
        """Count one call at `now` unless `limit` calls are already in the span."""
        while self._moments and now - self._moments[0] >= self._span:
            self._moments.popleft()
        if len(self._moments) >= limit:
            return False
        self._moments.append(now)
        return True

    @property
    def used(self) -> int:
        """Calls counted in the present span."""
        return len(self._moments)


def _response(reply: Reply) -> web.Response:
    return web.json_response(reply.body, status=reply.status, headers=dict(reply.headers))


async def _read(request: web.Request, name: str, at: datetime) -> Call:
    params: Json = {}
    file: Upload | None = None
    malformed = False
    if request.content_type == "multipart/form-data":
        params, file = await _read_multipart(request)
    elif request.content_type == "application/x-www-form-urlencoded":
        params = {key: _opened(str(value)) for key, value in (await request.post()).items()}
    elif raw := await request.read():
        try:
            decoded = json.loads(raw)
        except ValueError:
            decoded = None
        malformed = not isinstance(decoded, dict)
        params = decoded if isinstance(decoded, dict) else {}
    return Call(
        name=name,
        method=request.method,
        path=request.path,
        route=dict(request.match_info),
        query=dict(request.query),
        headers={key.lower(): value for key, value in request.headers.items()},
        content_type=request.content_type,
        params=params,
        at=at,
        file=file,
        malformed=malformed,
    )


async def _read_multipart(request: web.Request) -> tuple[Json, Upload | None]:
    params: dict[str, object] = {}
    file: Upload | None = None
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        content = bytes(await part.read(decode=True))
        if part.filename is not None:
            media_type = part.headers.get("Content-Type", "application/octet-stream")
            file = Upload(part.filename, media_type, content)
            params[part.name or ""] = part.filename
        else:
            params[part.name or ""] = _opened(content.decode("utf-8", "replace"))
    return params, file


def _opened(value: str) -> object:
    """A form value that holds a JSON object or list, as Graph accepts it; other text stays text."""
    if not value.startswith(("{", "[")):
        return value
    try:
        opened: object = json.loads(value)
    except ValueError:
        return value
    return opened
