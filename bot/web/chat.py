"""The web chat: the landing page, the embeddable frame, and the few addresses the page talks to.

    GET  /                   landing page with the chat
    GET  /chat/frame         the chat alone, for a frame on another site
    GET  /widget.js          what another site includes: a button that opens the frame
    GET  /chat/assets/{name} scripts and styles
    POST /chat/messages      a message; 202 only once it is stored
    GET  /chat/history       the last lines of this browser's conversation
    GET  /chat/events        new lines as server-sent events
    GET  /chat/files/{row}   a file we sent into this browser's conversation
    POST /chat/leave         forget the conversation in this browser

A visitor gets a cookie with the first message, not before: who only reads leaves no trace. Handlers must
never log what was written, and never answer 202 before `Intake.accept` has returned.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from aiohttp import web

from bot.clock import Clock, utc_now
from bot.web import files, problem
from bot.web.contract import Author, Cursor, Hints, Intake, Line, Nudges, Transcript
from bot.web.front import Front
from bot.web.origin import is_origin
from bot.web.pace import SlidingWindow
from bot.web.pages import Page, load_static, render
from bot.web.problem import answering_problems, json_response
from bot.web.server_events import OpenStreams
from bot.web.stream import Rhythm, Stream
from bot.web.submission import TEXT_LIMIT, read_submission
from bot.web.visitor import comes_from, conversation_of, end_session, keep_session, secret_of, visitor
from connectors.web import Json, show_part

__all__ = [
    "Author",
    "ChatSettings",
    "Cursor",
    "Hints",
    "Intake",
    "Line",
    "Nudges",
    "Rhythm",
    "Transcript",
    "add_chat_routes",
    "visitor",
]

_log = structlog.get_logger(__name__)

_WINDOW_SECONDS = 60.0
_HISTORY_LINES = 200
_LANDING, _FRAME = "landing.html", "frame.html"
_EXAMPLES = (
    "Công dân học tập là gì?",
    "Bao nhiêu điểm thì đạt Công dân học tập?",
    "10 chỉ số của Công dân học tập là gì?",
    "Các bước để được công nhận Công dân học tập?",
    "Tôi thuộc nhóm đối tượng nào?",
    "Gia đình học tập là gì?",
    "Quyết định 677 nói về điều gì?",
    "Ngày Khuyến học Việt Nam là khi nào?",
)


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """What an installation decides about its web chat."""

    association_name: str = "Hội Khuyến học"
    contact_line: str = "Hội Khuyến học xã, phường nơi bạn ở"
    """Where to turn when no officer is at hand, in Vietnamese, to follow `liên hệ`."""
    front_now: Callable[[], Front] | None = None
    """Gives what staff have set of the page, where they may."""
    zalo_link: str = ""
    facebook_link: str = ""
    examples: tuple[str, ...] = _EXAMPLES
    """Six to eight questions to begin with. Each must be one the bot can answer."""
    allowed_origins: tuple[str, ...] = ()
    """Other sites that may embed the chat: `https://hkh.example.vn`, no path, no slash at the end."""
    messages_per_minute: int = 60
    """Per session."""
    messages_per_minute_per_ip: int = 600
    """Per network address; a school or a village office shares one."""
    pages_per_session: int = 8
    """Open event streams of one session, each an open page or tab."""
    pages_per_ip: int = 200
    session_days: int = 90
    """How long a browser remembers its conversation after the last message."""
    rhythm: Rhythm = field(default_factory=Rhythm)

    def __post_init__(self) -> None:
        for origin in self.allowed_origins:
            # It becomes part of a security header, where a stray character would change the policy.
            if not is_origin(origin):
                raise ValueError(
                    f"địa chỉ trang được nhúng phải có dạng https://ten-mien.vn (đang là {origin!r})"
                )


def remote_address(request: web.Request) -> str:
    """The address of whoever is connected to us; right when no proxy stands before us."""
    return request.remote or ""


def add_chat_routes(  # noqa: PLR0913 - every effect is handed in by name
    app: web.Application,
    settings: ChatSettings,
    intake: Intake,
    transcript: Transcript,
    nudges: Nudges,
    *,
    now: Clock = utc_now,
    monotonic: Callable[[], float] = time.monotonic,
    new_secret: Callable[[], str] = lambda: secrets.token_hex(16),
    address: Callable[[web.Request], str] = remote_address,
) -> None:
    """Put the web chat into `app`.

    `address` gives the visitor's network address (hand in one that reads X-Forwarded-For when a trusted
    proxy stands before us); `new_secret` 32 hex digits nobody can guess. Streams end on `app.on_shutdown`.
    """
    chat = _Chat(settings, intake, transcript, nudges, now, monotonic, new_secret, address)
    app.router.add_get("/", chat.landing)
    app.router.add_get("/chat/frame", chat.frame)
    app.router.add_get("/widget.js", chat.widget)
    app.router.add_get("/chat/assets/{name}", chat.asset)
    for path, method, handler in (
        ("/chat/messages", "POST", chat.post_message),
        ("/chat/history", "GET", chat.history),
        ("/chat/events", "GET", chat.events),
        ("/chat/files/{row}", "GET", chat.file),
        ("/chat/leave", "POST", chat.leave),
    ):
        resource = app.router.add_resource(path)
        resource.add_route(method, handler)
        resource.add_route("*", _refusing_others(method))
    app.on_shutdown.append(chat.close)


class _Chat:
    """The handlers and what they share."""

    def __init__(
        self,
        settings: ChatSettings,
        intake: Intake,
        transcript: Transcript,
        nudges: Nudges,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        new_secret: Callable[[], str],
        address: Callable[[web.Request], str],
    ) -> None:
        self._settings = settings
        self._intake = intake
        self._transcript = transcript
        self._now = now
        self._new_secret = new_secret
        self._address = address
        self._closing = asyncio.Event()
        self._stream = Stream(transcript, nudges, show_line, monotonic, self._closing, settings.rhythm)
        self._session_pace = SlidingWindow(settings.messages_per_minute, _WINDOW_SECONDS, monotonic)
        self._address_pace = SlidingWindow(settings.messages_per_minute_per_ip, _WINDOW_SECONDS, monotonic)
        self._open_pages = OpenStreams()
        self._static = load_static()
        self._drawn = self._draw(self._front())

    async def close(self, _: web.Application) -> None:
        """Let every open stream end, so that stopping the server waits for none of them."""
        self._closing.set()

    async def landing(self, request: web.Request) -> web.StreamResponse:
        return self._page(_LANDING).answer(request, page_headers())

    async def frame(self, request: web.Request) -> web.StreamResponse:
        return self._page(_FRAME).answer(request, page_headers(self._settings.allowed_origins))

    def _page(self, template: str) -> Page:
        """A page as it reads now; drawn anew only when staff changed it."""
        front = self._front()
        if front != self._drawn[0]:
            self._drawn = self._draw(front)
        return self._drawn[1][template]

    def _front(self) -> Front:
        now = self._settings.front_now
        return now() if now else Front(self._settings.contact_line)

    def _draw(self, front: Front) -> tuple[Front, dict[str, Page]]:
        shown = {"settings": self._settings, "front": front, "text_limit": TEXT_LIMIT}
        return front, {name: render(name, shown) for name in (_LANDING, _FRAME)}

    async def widget(self, request: web.Request) -> web.StreamResponse:
        headers = {
            "Cache-Control": "public, max-age=300",
            "Cross-Origin-Resource-Policy": "cross-origin",
            "X-Content-Type-Options": "nosniff",
        }
        return self._static["widget.js"].answer(request, headers)

    @answering_problems
    async def asset(self, request: web.Request) -> web.StreamResponse:
        found = self._static.get(request.match_info["name"])
        if found is None:
            raise problem.ChatError(404, "not_found", "Không có tệp này.")
        return found.answer(request, {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"})

    @answering_problems
    async def post_message(self, request: web.Request) -> web.StreamResponse:
        """Origin, pace, size, shape, store, 202: in this order."""
        self._check_origin(request)
        secret = secret_of(request)
        wait = self._session_pace.admit(secret) if secret else 0
        if wait := wait or self._address_pace.admit(self._address(request)):
            raise problem.too_fast(wait)
        submission = await read_submission(request)
        secret = secret or self._new_secret()
        await self._intake.accept([submission.event(conversation_of(secret), self._now())])
        response = json_response({"client_id": submission.client_id}, status=202)
        keep_session(
            request, response, secret, days=self._settings.session_days, in_frame=_says_it_is_framed(request)
        )
        return response

    @answering_problems
    async def history(self, request: web.Request) -> web.StreamResponse:
        """`{"session", "cursor", "lines"}`; without a session false, `0.0` and no lines."""
        conversation = visitor(request)
        if conversation is None:
            return json_response({"session": False, "cursor": str(Cursor()), "lines": []})
        lines = await self._transcript.recent(conversation, _HISTORY_LINES)
        cursor = lines[-1].cursor if lines else Cursor()
        return json_response(
            {"session": True, "cursor": str(cursor), "lines": [show_line(line) for line in lines]}
        )

    @answering_problems
    async def events(self, request: web.Request) -> web.StreamResponse:
        """Lines after Last-Event-ID, or after `?after=` on a page's first connection."""
        conversation = visitor(request)
        if conversation is None:
            raise problem.no_session()
        try:
            after = Cursor.parse(request.headers.get("Last-Event-ID") or request.query.get("after") or "0.0")
        except ValueError as error:
            raise problem.malformed() from error
        limits = {
            f"page:{conversation.key}": self._settings.pages_per_session,
            f"from:{self._address(request)}": self._settings.pages_per_ip,
        }
        with self._open_pages.one_more(limits) as admitted:
            if not admitted:
                raise problem.too_many_pages()
            return await self._stream.serve(request, conversation, after)

    @answering_problems
    async def file(self, request: web.Request) -> web.StreamResponse:
        """A file of this browser's own conversation; whoever asks for another's learns nothing."""
        conversation = visitor(request)
        if conversation is None:
            raise problem.no_session()
        try:
            row = Cursor.parse(f"0.{request.match_info['row']}").outbound
        except ValueError as error:
            raise files.gone() from error
        found = await self._transcript.file(conversation, row)
        if found is None:
            raise files.gone()
        return await files.answer_with(found)

    @answering_problems
    async def leave(self, request: web.Request) -> web.StreamResponse:
        """For a computer others use too: the browser forgets, the association's record stays."""
        self._check_origin(request)
        response = json_response({"session": False})
        end_session(request, response, in_frame=_says_it_is_framed(request))
        return response

    def _check_origin(self, request: web.Request) -> None:
        if not comes_from(request, self._settings.allowed_origins):
            _log.warning("web_origin_refused", path=request.path)
            raise problem.foreign_origin()


def show_line(line: Line) -> dict[str, Json]:
    """A line for the page: `id`, `name`, `author`, `at`, then `text` and `client_id`, or the part.

    `id` is the cursor after it, which depends on where reading began; `name` is the line's own and never
    changes, so the page shows a line once however often it comes.
    """
    shown: dict[str, Json] = {"id": str(line.cursor), "author": line.author.value, "at": line.at.isoformat()}
    if line.part is not None:
        row = line.cursor.outbound
        return {**shown, "name": f"o{row}", **show_part(line.part, file_url=f"/chat/files/{row}")}
    client_id = line.key.rpartition(":")[2]
    return {**shown, "name": f"c{client_id}", "client_id": client_id, "text": line.text}


def page_headers(may_embed: tuple[str, ...] = ()) -> dict[str, str]:
    """Headers of a page: only our own scripts and styles run, only allowed sites may frame it."""
    policy = (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: https:",
        "connect-src 'self'",
        "form-action 'none'",
        "base-uri 'none'",
        " ".join(("frame-ancestors 'self'", *may_embed)),
    )
    return {
        "Content-Security-Policy": "; ".join(policy),
        "Cache-Control": "no-cache",
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    }


def _says_it_is_framed(request: web.Request) -> bool:
    return request.query.get("frame") == "1"


def _refusing_others(method: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def refuse(_: web.Request) -> web.StreamResponse:
        return problem.wrong_method(method).response()

    return refuse
