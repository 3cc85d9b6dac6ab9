"""The Facebook page as a channel of the house.

Puts the pure parts (webhook, render, answers) and the Graph client together, and guards what must never reach
Facebook: a message outside its window, a HUMAN_AGENT tag on something a bot wrote (platforms C10), a second
private message to a commenter in one part. It never retries and never chooses words for a citizen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import structlog

from connectors.channel import Capabilities, Delivery, Health, Outgoing, Receipt
from connectors.errors import Misconfigured, Refused, RetryLater, SendError, WindowClosed
from connectors.message import File, InboundEvent, Part, PublicReply, Template, Text
from connectors.messenger import webhook
from connectors.messenger.answers import EXPIRED_ATTACHMENT, is_tag_refusal, is_unavailable, of_template
from connectors.messenger.client import HUMAN_AGENT, GraphApi, Upload, recipient_of
from connectors.messenger.comments import comment_id_of, fit_comment_reply
from connectors.messenger.config import CHANNEL, HUMAN_AGENT_WINDOW, STANDARD_WINDOW, MessengerConfig
from connectors.messenger.profile import wanted_fields
from connectors.messenger.render import (
    MOST_QUICK_REPLIES,
    TEXT_LIMIT,
    TITLE_LIMIT,
    fit,
    to_message,
    to_template,
)

_log = structlog.get_logger(__name__)

_TYPING_SECONDS = 3.0
_MOST_TYPING_CALLS = 50
"""Typing bubbles under way at once; more are left out, for replies are worth more than bubbles."""
_LARGEST_IMAGE_BYTES = 8_000_000
_LARGEST_FILE_BYTES = 25_000_000
_UPLOAD_SHARE = 0.7
"""How much of a send's time an upload may take; the message itself needs the rest."""


def _now() -> datetime:
    return datetime.now(UTC)


class MessengerChannel:
    """One page. Make it inside the event loop that uses it, and close it with `aclose`."""

    def __init__(
        self,
        config: MessengerConfig,
        *,
        session: aiohttp.ClientSession | None = None,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        """`clock` gives the present as an aware datetime. A session that is handed in stays the caller's."""
        self._config = config
        self._clock = clock
        # The sender bounds what is in flight; a pool's own limit would make hanging calls hold up others.
        self._owned_session = (
            None if session else aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        )
        used = session or self._owned_session
        assert used is not None
        self.api = GraphApi(config, used, clock)
        self._typing: set[asyncio.Task[None]] = set()
        self._tag_refused = False

    @property
    def name(self) -> str:
        return CHANNEL

    @property
    def account(self) -> str:
        """The page id."""
        return self._config.page_id

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            text_limit=TEXT_LIMIT,
            max_options=MOST_QUICK_REPLIES,
            option_label_limit=TITLE_LIMIT,
            window=STANDARD_WINDOW,
            shows_typing=True,
            takes_templates=self._config.utility,
        )

    def handshake(self, query: Mapping[str, str]) -> str:
        """The challenge to answer Facebook's GET with, as plain text. Raises Unauthorised or Malformed."""
        return webhook.handshake(self._config, query)

    def receive(self, delivery: Delivery) -> tuple[InboundEvent, ...]:
        """Verify, then read every event about our page. Raises an InboundError."""
        return webhook.receive(self._config, delivery, self._clock())

    def fit(self, part: Part, user: str = "") -> tuple[Part, ...]:
        """Shape a part into single calls. For a comment's conversation pass `user`: one message is all.

        A whole turn that answers a comment goes through `comments.fit_comment_reply` instead.
        """
        if comment_id_of(user):
            return fit_comment_reply((part,))
        if isinstance(part, Template) and not self._config.utility:
            part = Text(part.text)
        return fit(part)

    async def send(self, message: Outgoing) -> Receipt:
        """Make the one call for a fitted part, an upload before it included."""
        comment_id = comment_id_of(message.user)
        if comment_id:
            return await self._answer_comment(comment_id, message)
        part = message.part
        if isinstance(part, PublicReply):
            raise Refused("a public reply needs a comment")
        if isinstance(part, Template):
            return await self._send_template(message, part)
        tag = self._tag_for(message)
        if isinstance(part, File):
            return await self._send_file(message, part, tag)
        return await self._send_message(message, to_message(part, message.stamp), tag)

    async def show_typing(self, user: str) -> None:
        """Show the typing bubble, in the background and without a promise."""
        if comment_id_of(user) or len(self._typing) >= _MOST_TYPING_CALLS:
            return
        task = asyncio.create_task(self._show_typing(user))
        self._typing.add(task)
        task.add_done_callback(self._typing.discard)

    async def check(self) -> Health:
        """Does the token work, is it this page's, and are the events we need delivered?"""
        try:
            page = await self.api.page_id()
        except Misconfigured as error:
            _log.warning("messenger_check_failed", code=error.code)
            return Health(
                ok=False,
                summary="Facebook không chấp nhận mã truy cập của Trang.",
                remedy="Tạo lại mã truy cập Trang rồi đặt vào MESSENGER_PAGE_ACCESS_TOKEN.",
            )
        except SendError as error:
            _log.warning("messenger_check_failed", code=error.code)
            return Health(
                ok=False,
                summary="Hiện chưa kết nối được với Facebook.",
                remedy="Kiểm tra đường mạng của máy chủ rồi thử lại sau ít phút.",
            )
        if page != self._config.page_id:
            return Health(
                ok=False,
                summary="Mã truy cập thuộc về một Trang khác.",
                remedy="Kiểm tra lại MESSENGER_PAGE_ID và MESSENGER_PAGE_ACCESS_TOKEN.",
            )
        return await self._check_subscription()

    async def aclose(self) -> None:
        """Stop typing bubbles and close the session if it is ours."""
        for task in self._typing:
            task.cancel()
        await asyncio.gather(*self._typing, return_exceptions=True)
        await self.api.aclose()
        if self._owned_session:
            await self._owned_session.close()

    def _tag_for(self, message: Outgoing) -> str:
        """The tag this send needs; raises WindowClosed when it may not be sent at all.

        Without a known last action Facebook itself decides: it knows better than we do.
        """
        age = self._silence(message)
        if age is None or age < STANDARD_WINDOW:
            return ""
        if message.by_person and self._config.human_agent_tag and age < HUMAN_AGENT_WINDOW:
            return HUMAN_AGENT
        raise WindowClosed("the person has not written for too long")

    def _silence(self, message: Outgoing) -> timedelta | None:
        return self._clock() - message.last_heard_at if message.last_heard_at else None

    async def _send_message(
        self,
        message: Outgoing,
        body: Mapping[str, object],
        tag: str,
        timeout_seconds: float | None = None,
    ) -> Receipt:
        try:
            recipient = recipient_of(message.user)
            return await self.api.send(recipient, body, tag=tag, timeout_seconds=timeout_seconds)
        except SendError as error:
            if tag and is_tag_refusal(error):
                self._tag_refused = True
                _log.warning("messenger_tag_refused", code=error.code)
                raise WindowClosed("the HUMAN_AGENT tag is not granted", code=error.code) from None
            silence = self._silence(message)
            if is_unavailable(error.code) and silence is not None and silence >= STANDARD_WINDOW:
                raise WindowClosed("the person has not written for too long", code=error.code) from None
            raise

    async def _send_template(self, message: Outgoing, part: Template) -> Receipt:
        """Taken whenever the person last wrote. A refusal of templates says nothing about other messages."""
        if not self._config.utility:
            raise Refused("templates are turned off for this page")
        stamp = message.stamp if self._config.utility_metadata else ""
        body = to_template(part, self._config.utility_language, stamp)
        try:
            return await self.api.send(recipient_of(message.user), body, is_template=True)
        except SendError as error:
            raise of_template(error, self._clock()) from None

    async def _send_file(self, message: Outgoing, part: File, tag: str) -> Receipt:
        upload = Upload.of(part, await _read_file(part))
        upload_seconds = self._config.send_timeout_seconds * _UPLOAD_SHARE
        rest_seconds = self._config.send_timeout_seconds - upload_seconds
        attachment_id = await self.api.upload(upload, timeout_seconds=upload_seconds)
        body = to_message(part, message.stamp, attachment_id=attachment_id)
        try:
            return await self._send_message(message, body, tag, rest_seconds)
        except Refused as error:
            if error.code != EXPIRED_ATTACHMENT:
                raise
            self.api.forget_upload(attachment_id)
            raise RetryLater("the uploaded file has expired", code=error.code) from None

    async def _answer_comment(self, comment_id: str, message: Outgoing) -> Receipt:
        if not self._config.comments_enabled:
            raise Refused("answering comments is turned off")
        fitted = fit_comment_reply((message.part,))
        if not fitted:
            raise Refused("there is nothing to say")
        part = fitted[0]
        if isinstance(part, PublicReply):
            return await self.api.public_reply(comment_id, part.text)
        assert not isinstance(part, File | Template)  # fit_comment_reply turns both into words
        return await self.api.private_reply(comment_id, to_message(part, message.stamp))

    async def _show_typing(self, user: str) -> None:
        try:
            await self.api.sender_action(user, "typing_on", timeout_seconds=_TYPING_SECONDS)
        except SendError as error:
            _log.debug("messenger_typing_failed", code=error.code)

    async def _check_subscription(self) -> Health:
        try:
            subscribed = await self.api.subscribed_fields()
        except SendError as error:
            _log.info("messenger_subscription_unknown", code=error.code)
            return Health(
                ok=True, summary="Trang đang hoạt động; chưa xem được danh sách sự kiện đã đăng ký."
            )
        missing = [field for field in wanted_fields(self._config.comments_enabled) if field not in subscribed]
        if missing:
            return Health(
                ok=False,
                summary=f"Trang chưa gửi cho chúng ta {len(missing)} loại sự kiện: {', '.join(missing)}.",
                remedy="Chạy lệnh: khuyenhoc channel setup messenger",
            )
        if self._tag_refused:
            return Health(
                ok=False,
                summary="Trang đang hoạt động, nhưng Facebook chưa cho cán bộ trả lời sau 24 giờ.",
                remedy="Xin quyền “Human Agent” cho ứng dụng, hoặc tắt tùy chọn này trong cấu hình.",
            )
        return Health(ok=True, summary="Trang đang hoạt động bình thường.")


async def _read_file(part: File) -> bytes:
    largest = _LARGEST_IMAGE_BYTES if part.media_type.startswith("image/") else _LARGEST_FILE_BYTES
    path = Path(part.path)
    try:
        size = (await asyncio.to_thread(path.stat)).st_size
        if size > largest:
            raise Refused("the file is larger than Facebook takes", code="file-size")
        return await asyncio.to_thread(path.read_bytes)
    except OSError:
        raise Refused("the file is no longer there", code="file-missing") from None
