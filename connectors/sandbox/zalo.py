"""A stand-in for the Zalo OA API and its webhooks. It is not Zalo: it knows what docs/platforms.md knows.

It checks tokens, shapes, limits and windows, answers every error with HTTP 200 and a negative code, and
posts the echo and the receipts that follow a send. Serve it with `running(ZaloSandbox(...))`.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from dataclasses import dataclass
from datetime import date, timedelta

from aiohttp import web

from connectors.sandbox.clock import Clock, IdSource, SandboxClock, to_ms
from connectors.sandbox.standin import (
    Call,
    Handler,
    Json,
    Line,
    RateMeter,
    Reply,
    SentMessage,
    StandIn,
    child,
    first_object,
)
from connectors.sandbox.webhooks import (
    ZALO_TIMEOUT_SECONDS,
    Delivery,
    Signature,
    WebhookSender,
    without_retries,
    zalo_posting,
)
from connectors.sandbox.zalo_checks import (
    INVALID_PARAMETER,
    StoredUpload,
    ZaloRules,
    check_broadcast,
    check_message,
    check_upload,
    echo_kind,
)
from connectors.sandbox.zalo_events import Event, ZaloEvents
from connectors.sandbox.zalo_people import FREE_FOR, ZaloPerson
from connectors.sandbox.zalo_reads import VIETNAM, ZaloReads, query_data, success
from connectors.sandbox.zalo_templates import ZaloTemplates
from connectors.sandbox.zalo_tokens import INVALID_GRANT, TokenDesk, TokenPair, TokenRefused

UPLOAD_LIFETIME = timedelta(days=7)  # platforms A6, [M]
QUOTABLE_FOR = timedelta(hours=48)  # platforms A5, [M]
RATE_LIMITED, OUT_OF_QUOTA, NIGHT, SHUT, BAD_PROOF = -32, -211, -234, -240, -242
WINDOW_EXPIRED, NEVER_INTERACTED = -230, -232
RECIPIENTS_ARE_FULL, STILL_PROCESSING = -218, -214


@dataclass(frozen=True, slots=True)
class ZaloAccount:
    """The invented OA and app. The defaults open nothing anywhere."""

    app_id: str = "1234567890123456789"
    app_secret: str = "sandbox-zalo-app-secret"  # noqa: S105 - invented
    oa_id: str = "388613280878808645"
    oa_secret_key: str = "sandbox-oa-secret-key"  # noqa: S105 - invented
    access_token: str = "sandbox-zalo-access-token"  # noqa: S105 - invented
    refresh_token: str = "sandbox-zalo-refresh-token"  # noqa: S105 - invented
    name: str = "Hội Khuyến học (mô phỏng)"


class ZaloSandbox(StandIn):
    """The fake OA. `person(id)` gives somebody to act as; `sent` holds what was accepted."""

    def __init__(
        self,
        account: ZaloAccount | None = None,
        *,
        webhook_url: str | None = None,
        clock: Clock | None = None,
        ids: IdSource | None = None,
        token_lifetime: timedelta = timedelta(seconds=90_000),
        time_scale: float = 1.0,
        webhook_timeout_seconds: float = ZALO_TIMEOUT_SECONDS,
    ) -> None:
        webhooks = WebhookSender(webhook_url, timeout_seconds=webhook_timeout_seconds, time_scale=time_scale)
        super().__init__(clock=clock or SandboxClock(), ids=ids or IdSource(), webhooks=webhooks)
        self.account = account or ZaloAccount()
        self.rules = ZaloRules()
        self.events = ZaloEvents(self.account.app_id, self.account.oa_id)
        self.tokens = TokenDesk(
            TokenPair(self.account.access_token, self.account.refresh_token),
            app_id=self.account.app_id,
            app_secret=self.account.app_secret,
            clock=self.clock,
            lifetime=token_lifetime,
        )
        self.people: dict[str, ZaloPerson] = {}
        self.uploads: dict[str, tuple[StoredUpload, float]] = {}
        """Attachment id or file token to the file and the time it came (seconds since 1970)."""
        self.reactions: list[Json] = []
        self.broadcasts: list[Json] = []
        self._broadcast_days: list[date] = []
        self._template_desk = ZaloTemplates(self, self._accept)
        self.templates = self._template_desk.approved
        """What is approved, by template id."""
        self._rate = RateMeter(timedelta(minutes=1))

    # -- for tests and the page ---------------------------------------------------------------------
    def person(self, user: str, name: str = "") -> ZaloPerson:
        """The person with this id, made on first mention. Without an action yet the window is shut."""
        if user not in self.people:
            self.people[user] = ZaloPerson(self, user, name or f"Người dùng {user[-4:]}")
        return self.people[user]

    async def deliver(
        self,
        event: Event,
        *,
        signature: Signature = Signature.GOOD,
        retry: bool = True,
        server: str = "OA OpenAPI",
    ) -> Delivery:
        """Post one event to the bot. Returns after the first attempt; call twice for a duplicate."""
        posting = zalo_posting(
            event,
            key=self.account.oa_secret_key,
            escaped=self.rules.escapes_unicode,
            signature=signature,
            server=server,
        )
        is_sound = retry and signature is Signature.GOOD
        return await self.webhooks.post(posting if is_sound else without_retries(posting))

    async def say_as_console(self, user: str, text: str, *, admin_id: str = "7711223344556677") -> Delivery:
        """An officer answers by hand at oa.zalo.me: `oa_send_text` with an `admin_id`."""
        msg_id, at = self.ids.message(), self.clock()
        self.person(user).transcript.append(Line("officer", {"text": text}, at, msg_id))
        message = {"text": text, "msg_id": msg_id}
        return await self.deliver(self.events.oa_send("text", user, message, at, admin_id=admin_id))

    # -- StandIn ------------------------------------------------------------------------------------
    def routes(self) -> list[web.RouteDef]:
        """Paths of platforms A4 to A9. The OAuth desk lies beside the API: both base URLs are ours."""
        guarded, reads, templates = self._guarded, ZaloReads(self), self._template_desk
        table: list[tuple[str, str, str, Handler]] = [
            ("POST", "/v4/oa/access_token", "token", self._token),
            ("POST", "/v3.0/oa/message/cs", "send", guarded(self._send)),
            ("POST", "/v2.0/oa/message", "v2_message", guarded(self._send_v2)),
            ("POST", "/v3.0/oa/message/template", "template", guarded(templates.by_user)),
            ("POST", "/message/template", "template", guarded(templates.by_phone)),
            ("POST", "/v2.0/oa/upload/{kind:image|gif|file}", "upload", guarded(self._upload)),
            ("GET", "/v2.0/oa/getoa", "getoa", guarded(reads.get_oa)),
            ("GET", "/v3.0/oa/user/detail", "user", guarded(reads.user_detail)),
            ("GET", "/v3.0/oa/user/getlist", "user", guarded(reads.user_list)),
            ("GET", "/v2.0/oa/listrecentchat", "history", guarded(reads.recent_chats)),
            ("GET", "/v2.0/oa/conversation", "history", guarded(reads.conversation)),
            ("POST", "/v3.0/oa/quota/message", "quota", guarded(reads.quota)),
            ("GET", "/v2.0/oa/getprofile", "shut", guarded(self._shut)),
            ("GET", "/v2.0/oa/getfollowers", "shut", guarded(self._shut)),
            ("POST", "/v3.0/oa/message/transaction", "shut", guarded(self._shut)),
            ("POST", "/v3.0/oa/message/promotion", "shut", guarded(self._shut)),
        ]
        routes = [web.route(method, path, self.call(name, handler)) for method, path, name, handler in table]
        return [*routes, web.get("/v4/oa/permission", self._permission_page)]

    def user_of(self, call: Call) -> str:
        """The person a call concerns."""
        found = child(call.params, "recipient").get("user_id") or call.params.get("user_id")
        return found if isinstance(found, str) else str(query_data(call).get("user_id", ""))

    def refuse(self, code: int, subcode: int = 0) -> Reply:
        """An API error: HTTP 200 and a negative code. The wording is ours; only the code may be used."""
        return Reply({"error": code, "message": f"Stand-in error {code}"})

    # -- OAuth --------------------------------------------------------------------------------------
    async def _token(self, call: Call) -> Reply:
        if call.content_type != "application/x-www-form-urlencoded":
            return _token_error(INVALID_GRANT)
        try:
            pair = self.tokens.exchange(call.params, call.headers.get("secret_key", ""))
        except TokenRefused as refusal:
            return _token_error(refusal.code)
        self.notify()
        return Reply(
            {
                "access_token": pair.access_token,
                "refresh_token": pair.refresh_token,
                "expires_in": str(int(self.tokens.lifetime.total_seconds())),
            }
        )

    async def _permission_page(self, request: web.Request) -> web.Response:
        """The page where an OA's admin grants the app its rights; this one grants at once."""
        query = request.query
        target, challenge = query.get("redirect_uri", ""), query.get("code_challenge", "")
        if query.get("app_id") != self.account.app_id or not challenge or not target:
            return web.json_response({"error": -14003, "error_name": "Invalid redirect uri"})
        state = f"&state={query['state']}" if "state" in query else ""
        code = self.tokens.issue_code(challenge)
        separator = "&" if "?" in target else "?"
        location = f"{target}{separator}code={code}&oa_id={self.account.oa_id}{state}"
        return web.Response(status=302, headers={"Location": location})

    def _guarded(self, handler: Handler) -> Handler:
        """Token, proof and rate limit come before anything else."""

        async def serve(call: Call) -> Reply:
            limit = self.rules.requests_per_minute
            if not self._rate.admit(call.at, limit):
                return self.refuse(RATE_LIMITED)
            token = call.headers.get("access_token", "")
            code = self.tokens.verdict(token) or self._proof_verdict(call, token)
            if code:
                return self.refuse(code)
            if call.malformed:
                return self.refuse(INVALID_PARAMETER)
            reply = await handler(call)
            left = str(limit - self._rate.used)
            return Reply(
                reply.body, reply.status, {"X-RateLimit-Limit": str(limit), "X-RateLimit-Remain": left}
            )

        return serve

    def _proof_verdict(self, call: Call, token: str) -> int:
        if not self.rules.requires_proof:
            return 0
        proof = hmac.new(self.account.app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()
        return 0 if hmac.compare_digest(call.headers.get("appsecret_proof", ""), proof) else BAD_PROOF

    # -- sending ------------------------------------------------------------------------------------
    async def _send(self, call: Call) -> Reply:
        user, message = child(call.params, "recipient").get("user_id"), child(call.params, "message")
        if call.content_type != "application/json" or not isinstance(user, str) or not user:
            return self.refuse(INVALID_PARAMETER)
        code = check_message(message, self.rules, self._find_upload)
        if not code and "quote_message_id" in message and not self._can_be_quoted(user, message):
            code = INVALID_PARAMETER
        code = code or self._window_verdict(user)
        if code:
            return self.refuse(code)
        quota = self._charge(user)
        if quota is None:
            return self.refuse(OUT_OF_QUOTA)
        sent = self._accept(user, message)
        data = {
            "message_id": sent.message_id,
            "user_id": user,
            "sent_time": str(to_ms(sent.at)),
            "quota": quota,
        }
        return Reply({"data": data, "error": 0, "message": "Success"})

    def _window_verdict(self, user: str) -> int:
        person = self.people.get(user)
        if person is None or person.last_interaction_at is None:
            return NEVER_INTERACTED
        if person.refusal_code:
            return person.refusal_code
        return 0 if person.window_is_open else WINDOW_EXPIRED

    def _charge(self, user: str) -> Json | None:
        last = self.people[user].last_interaction_at
        if last is not None and self.clock() - last < FREE_FOR:
            return {"quota_type": "reply"}
        if self.rules.paid_messages_left <= 0:
            return None
        self.rules.paid_messages_left -= 1
        remain = str(self.rules.paid_messages_left)
        return {"quota_type": "sub_quota", "remain": remain, "total": "500", "expired_date": "31/12/2026"}

    def _can_be_quoted(self, user: str, message: Json) -> bool:
        return any(
            line.message_id == message["quote_message_id"] and self.clock() - line.at <= QUOTABLE_FOR
            for line in self.person(user).transcript
        )

    def _accept(self, user: str, message: Json, kind: str = "message") -> SentMessage:
        sent = SentMessage(user, message, self.ids.message(), self.clock(), kind)
        line = Line("bot", message, sent.at, sent.message_id, "sent")
        self.sent.append(sent)
        self.person(user).transcript.append(line)
        self.notify()
        self.in_background(self._follow_up(sent, line))
        return sent

    async def _follow_up(self, sent: SentMessage, line: Line) -> None:
        """The echo, then the receipts: in this order, each after the one before was tried once."""
        if self.rules.sends_echo:
            kind, echo = echo_kind(sent.message), {"msg_id": sent.message_id, **_echoed(sent.message)}
            await self.deliver(self.events.oa_send(kind, sent.user, echo, self.clock()))
        if self.rules.sends_received:
            line.note = "delivered"
            await self.deliver(self.events.received(sent.user, sent.message_id, self.clock()))
        if self.rules.sends_seen:
            line.note = "seen"
            await self.deliver(self.events.seen(sent.user, [sent.message_id], self.clock()))
        self.notify()
        await asyncio.sleep(0)

    async def _send_v2(self, call: Call) -> Reply:
        """Reactions, anonymous answers and broadcasts; consultation by v2 is shut (platforms A5, A8)."""
        recipient, message = child(call.params, "recipient"), child(call.params, "message")
        if action := child(call.params, "sender_action"):
            if not isinstance(recipient.get("user_id"), str) or not action.get("react_message_id"):
                return self.refuse(INVALID_PARAMETER)
            self.reactions.append({"user": recipient["user_id"], **action})
            return success({"message_id": self.ids.message()})
        if "target" in recipient:
            return self._broadcast(message, call)
        if isinstance(anonymous := recipient.get("anonymous_id"), str) and recipient.get("conversation_id"):
            if code := check_message(message, self.rules, self._find_upload):
                return self.refuse(code)
            return success({"message_id": self._accept(anonymous, message, "anonymous").message_id})
        return self.refuse(SHUT)

    def _broadcast(self, message: Json, call: Call) -> Reply:
        """Platforms A8: a finished article, by day, once a day, so many times a month."""
        local = call.at.astimezone(VIETNAM)
        if local.hour >= 22 or local.hour < 6:
            return self.refuse(NIGHT)
        if code := check_broadcast(child(call.params, "recipient").get("target"), message):
            return self.refuse(code)
        article = str(first_object(child(message, "attachment", "payload").get("elements"))["attachment_id"])
        if article in self.rules.processing:
            return self.refuse(STILL_PROCESSING)
        if self._broadcast_days.count(local.date()):
            return self.refuse(RECIPIENTS_ARE_FULL)
        months = [(day.year, day.month) for day in self._broadcast_days]
        if months.count((local.year, local.month)) >= self.rules.broadcasts_per_month:
            return self.refuse(OUT_OF_QUOTA)
        self._broadcast_days.append(local.date())
        self.broadcasts.append(dict(call.params))
        self.notify()
        return success({"message_id": self.ids.message()})

    async def _shut(self, _: Call) -> Reply:
        return self.refuse(SHUT)

    # -- uploads ------------------------------------------------------------------------------------
    async def _upload(self, call: Call) -> Reply:
        kind, file = call.route["kind"], call.file
        code = check_upload(kind, file)
        if not code and "file" not in call.params:
            code = INVALID_PARAMETER
        if not code and self.rules.uploads_left <= 0:
            code = OUT_OF_QUOTA
        if code or file is None:
            return self.refuse(code)
        self.rules.uploads_left -= 1
        upload_id = self.ids.message()
        self.uploads[upload_id] = (StoredUpload(kind, file), call.at.timestamp())
        return success({"token" if kind == "file" else "attachment_id": upload_id})

    def _find_upload(self, upload_id: str) -> StoredUpload | None:
        if upload_id not in self.uploads:
            return None
        stored, came_at = self.uploads[upload_id]
        age = self.clock().timestamp() - came_at
        return StoredUpload(stored.kind, stored.file, age > UPLOAD_LIFETIME.total_seconds())


def _token_error(code: int) -> Reply:
    """The OAuth desk's own shape; which text fields are there varies (platforms A4)."""
    return Reply(
        {
            "error": code,
            "error_name": "Stand-in OAuth error",
            "error_reason": "Refused by the stand-in",
            "error_description": "Refused by the stand-in",
            "ref_doc": "docs/platforms.md",
        }
    )


def _echoed(message: Json) -> Event:
    """The `message` of an echo: the words, and for media the attachments in webhook form."""
    echoed: Event = {}
    if isinstance(text := message.get("text"), str) and text:
        echoed["text"] = text
    payload = child(message, "attachment", "payload")
    if isinstance(text := payload.get("text"), str):
        echoed["text"] = text
    element = first_object(payload.get("elements"))
    if payload.get("template_type") == "media":
        url = str(element.get("url") or f"https://cdn.example/{element.get('attachment_id')}")
        echoed["attachments"] = [
            {"type": element.get("media_type"), "payload": {"thumbnail": url, "url": url}}
        ]
    elif "token" in payload:
        url = f"https://cdn.example/{payload['token']}"
        echoed["attachments"] = [{"type": "file", "payload": {"url": url}}]
    return echoed
