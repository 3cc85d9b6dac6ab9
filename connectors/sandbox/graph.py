"""A stand-in for Meta's Graph API for one page, and its webhooks. It is not Meta: it knows what
docs/platforms.md knows.

It checks tokens, messaging types, windows, tags, limits and ownership of threads, and posts the echo,
delivery and read events that follow a send. Serve it with `running(GraphSandbox(...))`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiohttp import web

from connectors.sandbox.clock import Clock, IdSource, SandboxClock
from connectors.sandbox.graph_checks import (
    DEAD_TAGS,
    HUMAN_AGENT_WINDOW,
    MESSAGING_TYPES,
    SENDER_ACTIONS,
    STANDARD_WINDOW,
    GraphError,
    GraphRules,
    check_message,
    check_utility,
    error,
    utility_text,
)
from connectors.sandbox.graph_events import PAGE_INBOX_APP, Event, GraphEvents
from connectors.sandbox.graph_page import SUBSCRIBABLE, GraphPage
from connectors.sandbox.graph_people import Comment, MessengerPerson
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
)
from connectors.sandbox.webhooks import (
    META_TIMEOUT_SECONDS,
    Delivery,
    Signature,
    WebhookSender,
    meta_posting,
    without_retries,
)

PRIVATE_REPLY_WITHIN = timedelta(days=7)  # platforms B5, [H]
NO_SUCH_PERSON = GraphError(100, 2018001, "No matching user found")
WINDOW_CLOSED = GraphError(10, 2018278, "This message is sent outside of allowed window.")
HTTP_STATUS = {1: 500, 2: 503}  # platforms E: recalled; callers must look at the code
FIELD_OF_KIND: Mapping[str, str] = {
    "message": "messages",
    "postback": "messaging_postbacks",
    "echo": "message_echoes",
    "delivery": "message_deliveries",
    "read": "message_reads",
    "reaction": "message_reactions",
    "message_edit": "message_edits",
    "referral": "messaging_referrals",
    "optin": "messaging_optins",
    "policy_enforcement": "messaging_policy_enforcement",
    "pass_thread_control": "messaging_handovers",
    "take_thread_control": "messaging_handovers",
    "request_thread_control": "messaging_handovers",
    "feed": "feed",
}


@dataclass(frozen=True, slots=True)
class GraphAccount:
    """The invented page and app. The defaults open nothing anywhere."""

    page_id: str = "109876543210987"
    app_id: str = "5550001112223334"
    app_secret: str = "sandbox-fb-app-secret"  # noqa: S105 - invented
    verify_token: str = "sandbox-verify-token"  # noqa: S105 - invented
    page_access_token: str = "sandbox-page-access-token"  # noqa: S105 - invented
    name: str = "Hội Khuyến học (mô phỏng)"


class GraphSandbox(StandIn):
    """The fake page. `person(psid)` gives somebody to act as; `sent` holds what was accepted."""

    def __init__(
        self,
        account: GraphAccount | None = None,
        *,
        webhook_url: str | None = None,
        clock: Clock | None = None,
        ids: IdSource | None = None,
        time_scale: float = 1.0,
        webhook_timeout_seconds: float = META_TIMEOUT_SECONDS,
    ) -> None:
        webhooks = WebhookSender(webhook_url, timeout_seconds=webhook_timeout_seconds, time_scale=time_scale)
        super().__init__(clock=clock or SandboxClock(), ids=ids or IdSource(), webhooks=webhooks)
        self.account = account or GraphAccount()
        self.rules = GraphRules()
        self.events = GraphEvents(self.account.page_id, self.account.app_id)
        self.people: dict[str, MessengerPerson] = {}
        self.comments: dict[str, Comment] = {}
        self.public_replies: list[Comment] = []
        self.actions: list[tuple[str, str]] = []
        """Sender actions taken: (psid, action)."""
        self.profile: dict[str, object] = {}
        self.subscribed_fields: set[str] = set(SUBSCRIBABLE)
        self.utility_templates: dict[str, str] = {}
        """Approved utility templates: name to wording with `{{1}}` or `{{name}}` marks."""
        self.utility_languages = frozenset({"vi"})
        self.token_subcode: int | None = None
        """Set to 463, 460, 458 or 467: every call fails with 190 and this subcode."""
        self.post_id = f"{self.account.page_id}_1001"
        """A post people can comment on."""
        self._page = GraphPage(self)
        self._rate = RateMeter(timedelta(seconds=1))
        self._receipts = 0
        self._last_sent_at: dict[str, datetime] = {}

    # -- for tests and the page ---------------------------------------------------------------------
    def person(self, psid: str, name: str = "") -> MessengerPerson:
        """The person with this PSID, made on first mention; unknown to the page until the first action."""
        if psid not in self.people:
            self.people[psid] = MessengerPerson(self, psid, name or f"Người dùng {psid[-4:]}")
        return self.people[psid]

    @property
    def get_started_payload(self) -> str:
        """What the bot set for Get Started, or the usual text."""
        return str(child(self.profile, "get_started").get("payload", "GET_STARTED"))

    async def deliver(
        self,
        kind: str,
        *events: Event,
        signature: Signature = Signature.GOOD,
        standby: bool = False,
        retry: bool = True,
    ) -> Delivery:
        """Post messaging events in one entry. Returns after the first attempt."""
        entry = self.events.entry(events, self.clock(), standby=standby)
        if standby:
            entry["standby"] = [_without_payload(event) for event in events]
        field = "standby" if standby else FIELD_OF_KIND.get(kind, "")
        return await self.deliver_entries(kind, [entry], field=field, signature=signature, retry=retry)

    async def deliver_entries(
        self,
        kind: str,
        entries: list[Event],
        *,
        field: str = "",
        signature: Signature = Signature.GOOD,
        retry: bool = True,
        of: str = "page",
    ) -> Delivery:
        """Post several entries at once. `field` is the subscription they need; empty: none."""
        posting = meta_posting(
            self.events.page(entries, of=of), kind=kind, secret=self.account.app_secret, signature=signature
        )
        if not retry or signature is not Signature.GOOD:
            posting = without_retries(posting)
        return await self.webhooks.post(posting, wanted=not field or field in self.subscribed_fields)

    async def deliver_comment(
        self, comment: Comment, author: tuple[str, str], *, verb: str = "add"
    ) -> Delivery:
        """Post the feed event of a comment."""
        value = self.events.comment(
            comment.id,
            comment.post_id,
            author,
            comment.text,
            comment.at,
            parent_id=comment.parent_id,
            verb=verb,
        )
        entry = self.events.feed_entry([value], self.clock())
        return await self.deliver_entries("feed", [entry], field="feed")

    def add_comment(self, author: str, text: str, *, post_id: str = "", parent_id: str = "") -> Comment:
        """Write a comment down without telling anybody. `author` is a PSID or the page's id."""
        post = post_id or self.post_id
        comment_id = f"{post.split('_')[-1]}_{self.ids.number()}"
        comment = Comment(comment_id, post, parent_id or post, author, text, self.clock())
        self.comments[comment_id] = comment
        self.notify()
        return comment

    async def post_own_comment(self, comment: Comment) -> None:
        """The page's own words below a post come back as a feed event like everybody else's."""
        await self.deliver_comment(comment, (self.account.page_id, self.account.name))

    async def say_from_inbox(self, psid: str, text: str, *, app_id: str | None = PAGE_INBOX_APP) -> Delivery:
        """An officer answers by hand in the Page Inbox: an echo with the inbox's app id, no metadata.

        `app_id=None` leaves the id out, another number stands for another tool.
        """
        person, mid, at = self.person(psid), f"m_{self.ids.message()}", self.clock()
        person.transcript.append(Line("officer", {"text": text}, at, mid))
        if self.rules.inbox_takes_thread:
            person.owner_app_id = PAGE_INBOX_APP
        event = self.events.echo(psid, {"text": text}, mid, at, app_id=app_id)
        return await self.deliver("echo", event, standby=bool(person.owner_app_id))

    async def handshake(self, *, verify_token: str | None = None) -> bool:
        """Meta's GET before it accepts a callback address. True when the challenge came back."""
        token = self.account.verify_token if verify_token is None else verify_token
        _, agreed = await self.webhooks.handshake(token)
        return agreed

    # -- StandIn ------------------------------------------------------------------------------------
    def routes(self) -> list[web.RouteDef]:
        """Paths of platforms B3 to B8, under any version."""
        page, node = self._page, r"/{version:v\d+\.\d+}/{node}"
        control = "{action:(?:pass|take|request|release)_thread_control}"
        table: list[tuple[str, str, str, Handler]] = [
            ("POST", f"{node}/messages", "send", self._send),
            ("POST", f"{node}/message_attachments", "upload", page.upload),
            ("*", f"{node}/messenger_profile", "profile", page.profile),
            ("*", f"{node}/subscribed_apps", "subscription", page.subscription),
            ("*", f"{node}/secondary_receivers", "thread", page.secondary_receivers),
            ("POST", f"{node}/{control}", "thread", page.thread),
            ("POST", f"{node}/comments", "comment", page.comment),
            ("GET", node, "read", page.read),
        ]
        return [
            web.route(
                method, path, self.call(name, self._guarded(handler, any_node=name in ("comment", "read")))
            )
            for method, path, name, handler in table
        ]

    def user_of(self, call: Call) -> str:
        """The person a call concerns; for a private reply the author of the comment."""
        recipient = child(call.params, "recipient")
        if isinstance(psid := recipient.get("id"), str):
            return psid
        comment = self.comments.get(str(recipient.get("comment_id") or call.route.get("node", "")))
        return comment.author if comment else ""

    def refuse(self, code: int, subcode: int = 0) -> Reply:
        """An error in Graph's shape."""
        return self.refuse_with(GraphError(code, subcode, f"Stand-in error {code}"))

    def refuse_with(self, problem: GraphError) -> Reply:
        """An error in Graph's shape. The wording is ours; only the codes may be used."""
        body: dict[str, object] = {
            "message": f"(#{problem.code}) {problem.text}",
            "type": "OAuthException",
            "code": problem.code,
            "fbtrace_id": "Asandbox",
        }
        if problem.subcode:
            body["error_subcode"] = problem.subcode
        return Reply({"error": body}, status=HTTP_STATUS.get(problem.code, 400))

    def _guarded(self, handler: Handler, *, any_node: bool) -> Handler:
        """Token, rate and the page's own node come before anything else."""

        async def serve(call: Call) -> Reply:
            if problem := self._token_problem(call):
                return self.refuse_with(problem)
            if not self._rate.admit(call.at, self.rules.calls_per_second):
                return self.refuse(self.rules.rate_limit_code)
            if call.malformed:
                return self.refuse_with(error("The body is not a JSON object"))
            if not any_node and call.route["node"] not in ("me", self.account.page_id):
                return self.refuse_with(error("Object does not exist or is not permitted", 33))
            return await handler(call)

        return serve

    def _token_problem(self, call: Call) -> GraphError | None:
        bearer = call.headers.get("authorization", "").removeprefix("Bearer ")
        token = str(call.query.get("access_token") or call.params.get("access_token") or bearer)
        if not hmac.compare_digest(token.encode(), self.account.page_access_token.encode()):
            return GraphError(190, 467 if token else 0, "Invalid OAuth access token.")
        if self.token_subcode is not None:
            return GraphError(190, self.token_subcode, "Error validating access token")
        proof = call.query.get("appsecret_proof") or call.params.get("appsecret_proof")
        if proof is None:
            missing = error("API calls from the server require an appsecret_proof argument")
            return missing if self.rules.requires_proof else None
        right = hmac.new(self.account.app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()
        return None if proof == right else error("Invalid appsecret_proof provided in the API argument")

    # -- sending ------------------------------------------------------------------------------------
    async def _send(self, call: Call) -> Reply:
        recipient = child(call.params, "recipient")
        if "sender_action" in call.params:
            return self._act(call, recipient)
        comment = None
        if "comment_id" in recipient:
            comment, problem = self._private_reply_problem(recipient)
            psid = comment.author if comment else ""
        else:
            psid = str(recipient.get("id") if isinstance(recipient.get("id"), str) else "")
            problem = self._recipient_problem(psid) or self._window_problem(
                call.params, self.people.get(psid)
            )
        problem = problem or self._state_problem(psid) or self._content_problem(call)
        if problem:
            return self.refuse_with(problem)
        if comment is not None:
            comment.privately_answered = True
            self.person(psid).has_thread = True
        sent = await self._accept(call, psid, "private_reply" if comment else "message")
        return Reply({"recipient_id": psid, "message_id": sent.message_id})

    def _act(self, call: Call, recipient: Json) -> Reply:
        """Typing, seen, reactions: recipient and action only, answered without a message id."""
        if "message" in call.params:
            return self.refuse_with(error("sender_action stands alone", 2018014))
        psid, action = recipient.get("id"), call.params["sender_action"]
        if not isinstance(psid, str) or psid not in self.people or not self.people[psid].has_thread:
            return self.refuse_with(NO_SUCH_PERSON)
        target = child(call.params, "payload").get("message_id")
        if action not in SENDER_ACTIONS or (action in ("react", "unreact") and not target):
            return self.refuse_with(error())
        self.actions.append((psid, str(action)))
        self.notify()
        return Reply({"recipient_id": psid})

    def _recipient_problem(self, psid: str) -> GraphError | None:
        person = self.people.get(psid)
        if person is None or not person.has_thread:
            return NO_SUCH_PERSON
        if person.blocked:
            return GraphError(551, 1545041, "This person isn't available right now.")
        return None

    def _state_problem(self, psid: str) -> GraphError | None:
        if self.rules.page_restricted:
            return GraphError(10, 1893063, "Page is temporarily restricted")
        person = self.people.get(psid)
        if person is not None and person.automation_running:
            return GraphError(2018321, 0, "Automated flow controls the thread")
        if person is not None and person.owner_app_id:
            return GraphError(2018300, 0, "Another app controls the thread")
        return None

    def _window_problem(self, params: Json, person: MessengerPerson | None) -> GraphError | None:
        kind, tag = params.get("messaging_type"), params.get("tag")
        if kind not in MESSAGING_TYPES or (kind == "MESSAGE_TAG") != (tag is not None):
            return error("messaging_type is missing or does not fit the tag")
        last = person.last_action_at if person else None
        age = self.clock() - last if last else None
        if kind == "UTILITY":
            return None
        if kind != "MESSAGE_TAG":
            return None if age is not None and age < STANDARD_WINDOW else WINDOW_CLOSED
        return self._tag_problem(str(tag), params, age)

    def _tag_problem(self, tag: str, params: Json, age: timedelta | None) -> GraphError | None:
        template = child(params, "message", "attachment", "payload").get("template_type")
        if tag in DEAD_TAGS or tag not in ("HUMAN_AGENT", "CUSTOMER_FEEDBACK"):
            return error("Invalid parameter: tag")
        if tag == "CUSTOMER_FEEDBACK" and template != "customer_feedback":
            return error("CUSTOMER_FEEDBACK needs the customer_feedback template")
        if tag == "HUMAN_AGENT" and not self.rules.human_agent_permitted:
            return GraphError(self.rules.human_agent_refusal_code, 0, "Human Agent is not approved")
        return None if age is not None and age <= HUMAN_AGENT_WINDOW else WINDOW_CLOSED

    def _content_problem(self, call: Call) -> GraphError | None:
        message = child(call.params, "message")
        if call.params.get("messaging_type") == "UTILITY":
            return check_utility(message, self.utility_templates, self.utility_languages)
        return check_message(message, self.rules, self._page.find_attachment, call.file)

    def _private_reply_problem(self, recipient: Json) -> tuple[Comment | None, GraphError | None]:
        comment = self.comments.get(str(recipient["comment_id"]))
        rules = self.rules
        if comment is None:
            return None, error("Invalid comment_id", 2018292)
        if comment.author == self.account.page_id:
            return None, GraphError(rules.not_replyable_code, 0, "Comment cannot be answered")
        if comment.privately_answered:
            return None, GraphError(rules.already_replied_code, 0, "Already answered")
        if self.clock() - comment.at > PRIVATE_REPLY_WITHIN:
            return None, GraphError(rules.reply_too_late_code, 0, "Too late")
        return comment, None

    async def _accept(self, call: Call, psid: str, kind: str) -> SentMessage:
        message = child(call.params, "message")
        if call.params.get("messaging_type") == "UTILITY":
            kind, message = "template", {**message, "text": utility_text(message, self.utility_templates)}
        extra = {k: call.params[k] for k in ("messaging_type", "tag", "reply_to") if k in call.params}
        sent = SentMessage(psid, message, f"m_{self.ids.message()}", self.clock(), kind, extra)
        line = Line("bot", message, sent.at, sent.message_id, "sent")
        self.sent.append(sent)
        self._last_sent_at[psid] = sent.at
        self.person(psid).transcript.append(line)
        self.notify()
        if self.rules.sends_echo and self.rules.echo_first:
            await self._echo(sent)
        self.in_background(self._follow_up(sent, line))
        return sent

    async def _echo(self, sent: SentMessage) -> None:
        echo = self.events.echo(
            sent.user, _echoed(sent.message), sent.message_id, sent.at, app_id=self.account.app_id
        )
        await self.deliver("echo", echo)

    async def _follow_up(self, sent: SentMessage, line: Line) -> None:
        """Echo (if not posted already), delivery, read: in this order."""
        if self.rules.sends_echo and not self.rules.echo_first:
            await self._echo(sent)
        if self.rules.sends_delivery:
            line.note = "delivered"
            await self.deliver("delivery", self._delivery_event(sent))
        if self.rules.sends_read:
            line.note = "seen"
            await self.deliver("read", self.events.read(sent.user, self._watermark(sent), self.clock()))
        self.notify()

    def _delivery_event(self, sent: SentMessage) -> Event:
        self._receipts += 1
        every = self.rules.mids_in_every_nth_delivery
        mids = [sent.message_id] if every and self._receipts % every == 0 else []
        return self.events.delivery(sent.user, self._watermark(sent), self.clock(), mids=mids)

    def _watermark(self, sent: SentMessage) -> datetime:
        return self._last_sent_at.get(sent.user, sent.at)


def _echoed(message: Json) -> Event:
    """The `message` of an echo: words, metadata and attachments in webhook form."""
    echoed: Event = {key: message[key] for key in ("text", "metadata") if key in message}
    attachment = child(message, "attachment")
    if attachment:
        payload = dict(child(attachment, "payload"))
        if attachment.get("type") != "template":
            payload = {"url": str(payload.get("url", "https://cdn.example/stored"))}
        echoed["attachments"] = [{"type": attachment.get("type"), "payload": payload}]
    return echoed


def _without_payload(event: Event) -> Event:
    """In standby a postback comes without its payload (platforms B4)."""
    postback = child(event, "postback")
    if not postback:
        return event
    return {**event, "postback": {k: v for k, v in postback.items() if k != "payload"}}
