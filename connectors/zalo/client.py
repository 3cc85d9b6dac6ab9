"""Calls to Zalo's API: one method per call, one error class per way of failing.

Every call ends within the seconds it is given and is made exactly once. What is certain is told apart from
what is not: a connection that was never made can be tried again, a sent request without a readable answer
cannot (platforms A5: there is no idempotency key). No text, token or name is logged. A token is passed in
with every call; where it comes from is the business of `tokens`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import aiohttp

from connectors.channel import Receipt
from connectors.errors import Misconfigured, OutcomeUnknown, RetryLater, SendError
from connectors.zalo.broadcast import BroadcastTarget, article_message
from connectors.zalo.config import ZaloConfig
from connectors.zalo.error_codes import TokenRejected, error_for
from connectors.zalo.recipient import is_anonymous, recipient
from connectors.zalo.render import Message
from connectors.zalo.wire import Json, identifier, label, mapping, moment, size, words

CALL_SECONDS = 8.0
"""A whole call, where the caller gives no other bound. Everything outbound ends within 10 s."""
CONNECT_SECONDS = 3.0
TEMPLATE_PATH = "/v3.0/oa/message/template"
_PAGE = 10
"""`listrecentchat` and `conversation` give at most 10 messages per call (platforms A6 [M])."""


@dataclass(frozen=True, slots=True)
class OaProfile:
    """The Official Account a token belongs to."""

    oa_id: str
    name: str
    package: str
    """The package as Zalo names it, empty where it does not say."""


@dataclass(frozen=True, slots=True)
class UserDetail:
    """What Zalo tells about one person (platforms A6). The name is personal data."""

    user_id: str
    display_name: str
    is_follower: bool
    last_interaction_date: str
    """`DD/MM/YYYY`, by Zalo's day."""


@dataclass(frozen=True, slots=True)
class Quota:
    """Consultation messages of a package beyond the free 48 hours (platforms A7 [M])."""

    quota_type: str
    remain: int | None
    total: int | None
    valid_through: str


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One line of the conversation history, for finding out whether a send arrived (platforms F1)."""

    message_id: str
    user: str
    from_user: bool
    sent_at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class ZaloApi:
    """Zalo's OpenAPI for one app. Holds no state but the session, which belongs to the caller."""

    session: aiohttp.ClientSession
    config: ZaloConfig
    clock: Callable[[], datetime]

    async def send_cs(
        self, token: str, user: str, message: Message, *, seconds: float = CALL_SECONDS
    ) -> Receipt:
        """Send a consultation message; anonymous visitors are reached through v2. Raises a SendError."""
        path = "/v2.0/oa/message" if is_anonymous(user) else "/v3.0/oa/message/cs"
        body = {"recipient": recipient(user), "message": message}
        data = mapping(await self._post(path, token, body, seconds, ambiguous=True))
        quota_type = label(mapping(data.get("quota")).get("quota_type"))
        return Receipt(identifier(data.get("message_id")), quota_type or "billed")

    async def send_template(
        self,
        token: str,
        user: str,
        template: str,
        values: Mapping[str, str],
        *,
        seconds: float = CALL_SECONDS,
    ) -> Receipt:
        """Send an approved template, by user id, whenever they last wrote (platforms A9 [M])."""
        body = {"user_id": user, "template_id": template, "template_data": dict(values)}
        data = mapping(await self._post(TEMPLATE_PATH, token, body, seconds, ambiguous=True))
        return Receipt(identifier(data.get("message_id")) or identifier(data.get("msg_id")), "template")

    async def broadcast(
        self, token: str, article: str, target: BroadcastTarget, *, seconds: float = CALL_SECONDS
    ) -> Receipt:
        """Show an article to all followers a target means (platforms A8). Raises a SendError.

        A gateway's 5xx is no refusal here: behind it the article may be on its way to everybody.
        """
        body = {"recipient": {"target": target.wire()}, "message": article_message(article)}
        try:
            answer = await self._post("/v2.0/oa/message", token, body, seconds, ambiguous=True)
        except RetryLater as error:
            if error.code.startswith("HTTP 5"):
                raise OutcomeUnknown("no complete answer from Zalo", code=error.code) from error
            raise
        return Receipt(identifier(mapping(answer).get("message_id")))

    async def upload_image(
        self, token: str, content: bytes, name: str, media_type: str, *, seconds: float = CALL_SECONDS
    ) -> str:
        """Upload jpg or png of at most 1 MB; gives the attachment id."""
        return await self._upload("image", "attachment_id", token, (content, name, media_type), seconds)

    async def upload_gif(
        self, token: str, content: bytes, name: str, media_type: str, *, seconds: float = CALL_SECONDS
    ) -> str:
        """Upload a gif of at most 5 MB; gives the attachment id."""
        return await self._upload("gif", "attachment_id", token, (content, name, media_type), seconds)

    async def upload_file(
        self, token: str, content: bytes, name: str, media_type: str, *, seconds: float = CALL_SECONDS
    ) -> str:
        """Upload pdf, doc, docx or csv of at most 5 MB; gives the token."""
        return await self._upload("file", "token", token, (content, name, media_type), seconds)

    async def get_oa(self, token: str, *, seconds: float = CALL_SECONDS) -> OaProfile:
        """The account behind the token: the cheapest way to see whether the token works."""
        data = mapping(await self._get("/v2.0/oa/getoa", token, None, seconds))
        return OaProfile(
            identifier(data.get("oa_id")), label(data.get("name")), label(data.get("package_name"))
        )

    async def user_detail(self, token: str, user: str, *, seconds: float = CALL_SECONDS) -> UserDetail:
        """What Zalo knows of one person."""
        data = mapping(await self._get("/v3.0/oa/user/detail", token, {"user_id": user}, seconds))
        return UserDetail(
            identifier(data.get("user_id")),
            label(data.get("display_name")),
            data.get("user_is_follower") is True,
            label(data.get("user_last_interaction_date")),
        )

    async def quota(self, token: str, *, seconds: float = CALL_SECONDS) -> tuple[Quota, ...]:
        """What is left of the package's consultation messages."""
        body = {"quota_owner": "OA", "product_type": "cs", "quota_type": "sub_quota"}
        data = await self._post("/v3.0/oa/quota/message", token, body, seconds, ambiguous=False)
        rows = data if isinstance(data, list) else [data]
        return tuple(
            Quota(
                label(row.get("quota_type")),
                size(row.get("remain")),
                size(row.get("total")),
                label(row.get("valid_through")),
            )
            for row in map(mapping, rows)
            if row
        )

    async def recent_chat(
        self, token: str, *, user: str = "", offset: int = 0, seconds: float = CALL_SECONDS
    ) -> tuple[ChatMessage, ...]:
        """The latest messages of all conversations or of one person's, newest first, ten at a time."""
        query: dict[str, str | int] = {"offset": offset, "count": _PAGE}
        if user:
            query["user_id"] = user
        path = "/v2.0/oa/conversation" if user else "/v2.0/oa/listrecentchat"
        data = await self._get(path, token, query, seconds)
        rows = data if isinstance(data, list) else []
        return tuple(self._chat_message(row) for row in map(mapping, rows))

    def _chat_message(self, row: Json) -> ChatMessage:
        from_user = label(row.get("src")) == "1"
        return ChatMessage(
            message_id=identifier(row.get("message_id")),
            user=identifier(row.get("from_id" if from_user else "to_id")),
            from_user=from_user,
            sent_at=moment(row.get("time"), self.clock()),
            text=words(row.get("message")),
        )

    async def _upload(
        self, kind: str, wanted: str, token: str, file: tuple[bytes, str, str], seconds: float
    ) -> str:
        content, name, media_type = file
        # The name goes out as it is, like a browser sends it: quoted, Vietnamese names would reach the
        # person as percent signs.
        form = aiohttp.FormData(quote_fields=False, charset="utf-8")
        form.add_field("file", content, filename=_safe_name(name), content_type=media_type)
        answer = await self._call(
            "POST", f"/v2.0/oa/upload/{kind}", token, seconds, ambiguous=False, form=form
        )
        uploaded = mapping(answer).get(wanted)
        if not isinstance(uploaded, str) or not uploaded:
            raise RetryLater(f"upload answered without {wanted}")
        return uploaded

    async def _get(
        self, path: str, token: str, query: Mapping[str, str | int] | None, seconds: float
    ) -> object:
        # All GET parameters travel as JSON in the single parameter `data` (platforms A6, [H]).
        params = {"data": json.dumps(query)} if query is not None else None
        return await self._call("GET", path, token, seconds, ambiguous=False, params=params)

    async def _post(
        self, path: str, token: str, body: Mapping[str, object], seconds: float, *, ambiguous: bool
    ) -> object:
        return await self._call("POST", path, token, seconds, ambiguous=ambiguous, body=body)

    async def _call(
        self,
        method: str,
        path: str,
        token: str,
        seconds: float,
        *,
        ambiguous: bool,
        body: Mapping[str, object] | None = None,
        form: aiohttp.FormData | None = None,
        params: Mapping[str, str] | None = None,
    ) -> object:
        """One call; gives `data`. `ambiguous` calls may have worked even when no answer can be read."""
        headers = {"access_token": token}
        if self.config.send_proof and self.config.app_secret:
            headers["appsecret_proof"] = appsecret_proof(self.config.app_secret, token)
        lost: type[OutcomeUnknown] | type[RetryLater] = OutcomeUnknown if ambiguous else RetryLater
        try:
            async with self.session.request(
                method,
                self.config.api_base.rstrip("/") + path,
                headers=headers,
                json=body,
                data=form,
                params=params,
                timeout=time_limits(seconds),
                allow_redirects=False,
            ) as response:
                content = await response.read()
        except NEVER_CONNECTED as error:
            raise RetryLater("cannot connect to Zalo", code=type(error).__name__) from error
        except ValueError as error:  # the address, or a token that is no header value; nothing was sent
            raise Misconfigured("the API address or the token is not usable") from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise lost("no complete answer from Zalo", code=type(error).__name__) from error
        return self._read(response, content, lost)

    def _read(
        self,
        response: aiohttp.ClientResponse,
        content: bytes,
        lost: type[OutcomeUnknown] | type[RetryLater],
    ) -> object:
        if failure := failure_of_status(response):
            raise failure
        answer = json_object(content)
        if answer is None:
            raise _failure_without_code(response.status) or lost("unreadable answer from Zalo")
        code = error_code(answer)
        if code is None:
            raise _failure_without_code(response.status) or lost("answer without an error code")
        if code != 0:
            raise error_for(code, self.clock())
        return answer.get("data")


NEVER_CONNECTED = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
"""Failures before a single byte of the request was written."""


def appsecret_proof(app_secret: str, token: str) -> str:
    """Header of the same name: HMAC-SHA256 of the token under the App Secret, hex (platforms A4, [H])."""
    return hmac.new(app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()


def time_limits(seconds: float) -> aiohttp.ClientTimeout:
    """Bounds of one call. Connecting is bounded apart and below the whole, so that the two are told apart."""
    connect = min(CONNECT_SECONDS, seconds / 2)
    return aiohttp.ClientTimeout(total=seconds, connect=connect, sock_connect=connect)


def failure_of_status(response: aiohttp.ClientResponse) -> SendError | None:
    """What an HTTP status says by itself: Zalo's own errors come as 200, so others speak for a gateway."""
    if response.status >= 500:
        return RetryLater("Zalo is not available", code=f"HTTP {response.status}")
    if response.status == 429:
        wait = response.headers.get("Retry-After", "")
        return RetryLater(
            "rate limit", code="HTTP 429", retry_after=float(wait) if wait.isdecimal() else None
        )
    return None


def _failure_without_code(status: int) -> SendError | None:
    if status == 401:
        return TokenRejected("not authorised", code="HTTP 401")
    if status >= 300:
        return Misconfigured("unexpected answer of the API address", code=f"HTTP {status}")
    return None


def json_object(content: bytes) -> Json | None:
    """The JSON object in an answer, or None for anything else: half an object, a list, an HTML page."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def error_code(answer: Json) -> int | None:
    """The `error` of an answer, given as number or text; None where there is none."""
    value = answer.get("error")
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.removeprefix("-").isdecimal() and len(value) <= 8:
        return int(value)
    return None


def _safe_name(name: str) -> str:
    """A file name that cannot end its header early."""
    kept = "".join("_" if c in '"\\\r\n/' or not c.isprintable() else c for c in name)
    return kept[-120:] or "tep"
