"""One Zalo Official Account as a Channel: receives, renders, sends, and says how it is.

This module decides the order of attempts and nothing else: which form first, when a plainer form may follow
(only after a definite rejection, so that nobody gets a message twice), when a token or an upload is renewed.
Retrying is the business of the outbox.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeVar

import aiohttp
import structlog

from connectors.channel import Capabilities, Delivery, Health, Outgoing, Receipt
from connectors.errors import Misconfigured, Refused, RetryLater, SendError
from connectors.message import Card, File, InboundEvent, Part, Template, Text
from connectors.uploads import Uploads
from connectors.zalo.broadcast import BroadcastTarget
from connectors.zalo.client import CALL_SECONDS, ZaloApi
from connectors.zalo.config import ZaloConfig
from connectors.zalo.error_codes import (
    NO_RIGHT,
    UNSUPPORTED_SHAPE,
    AttachmentExpired,
    QuotaExhausted,
    TokenRejected,
    of_template,
)
from connectors.zalo.health import healthy, unhealthy
from connectors.zalo.oauth import ZaloOAuth
from connectors.zalo.recipient import is_anonymous
from connectors.zalo.render import (
    Message,
    file_message,
    fit,
    gif_message,
    has_rich_form,
    image_message,
    is_gif,
    is_picture,
    to_message,
)
from connectors.zalo.token_store import TokenStore
from connectors.zalo.tokens import TokenState, ZaloTokens
from connectors.zalo.uploads import Content, read_content
from connectors.zalo.webhook import receive

_log = structlog.get_logger(__name__)
T = TypeVar("T")

SEND_SECONDS = 9.5
"""All of one `send`, token and upload included: `Channel.send` returns within 10 s."""
_LEAST_SECONDS = 0.5
"""With less time left no call is begun: it could only end in doubt."""


def utc_now() -> datetime:
    """The clock used outside tests."""
    return datetime.now(UTC)


class ZaloChannel:
    """The account `config.oa_id`. Must be made and used inside one event loop."""

    name = "zalo"

    def __init__(
        self,
        config: ZaloConfig,
        store: TokenStore,
        *,
        environment_tokens: tuple[str, str] = ("", ""),
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """`environment_tokens` is the operator's (access token, refresh token) pair; either may be empty."""
        self._config = config
        self._clock = clock
        self._session = aiohttp.ClientSession(
            cookie_jar=aiohttp.DummyCookieJar(),
            # The sender bounds what is in flight; a pool's own limit would make hanging calls hold up others.
            connector=aiohttp.TCPConnector(limit=0),
        )
        self._api = ZaloApi(self._session, config, clock)
        self._tokens = ZaloTokens(
            config, store, ZaloOAuth(self._session, config), clock=clock, environment=environment_tokens
        )
        self._uploads = Uploads(config.upload_lifetime, clock)
        self._plain_until: datetime | None = None

    @property
    def account(self) -> str:
        return self._config.oa_id

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            text_limit=self._config.text_limit,
            max_options=0 if self._config.buttons == "off" else self._config.max_buttons,
            option_label_limit=self._config.button_title_limit,
            window=self._config.window,
            takes_templates=True,
        )

    @property
    def token_state(self) -> TokenState:
        """How the access token is doing, for the metrics."""
        return self._tokens.state

    def receive(self, delivery: Delivery) -> tuple[InboundEvent, ...]:
        """Verify and parse one webhook delivery; see `webhook.receive`."""
        return receive(delivery, self._config, self._clock())

    def fit(self, part: Part, user: str = "") -> tuple[Part, ...]:
        """Split and shape a part so that each result is exactly one call."""
        if isinstance(part, Template) and is_anonymous(user):  # templates go to user ids alone (A9)
            part = Text(part.text)
        return fit(part, self._config)

    async def send(self, message: Outgoing) -> Receipt:
        """Send one fitted part. Raises a SendError; see `error_codes` for which."""
        budget = _Budget(SEND_SECONDS)
        part = message.part
        if isinstance(part, File):
            return await self._send_file(message.user, part, budget)
        if isinstance(part, Template):
            return await self._send_template(message.user, part, budget)
        if not isinstance(part, Text | Card):
            raise Refused("an Official Account has no public comments", code="public_reply")
        if not self._may_try_rich(part, message.user):
            return await self._send_plain(message.user, part, budget)
        try:
            rich = to_message(part, self._config, buttons=True)
            return await self._post(message.user, rich, budget)
        except SendError as error:
            if error.code not in UNSUPPORTED_SHAPE:
                raise
            _log.warning("zalo_form_rejected", part=part.type, code=error.code)
        receipt = await self._send_plain(message.user, part, budget)
        # Only now is it certain that the form was at fault, and not the person or the account.
        if isinstance(part, Text) and self._config.buttons == "auto":
            self._plain_until = self._clock() + self._config.buttons_pause
        return receipt

    async def broadcast(self, article: str, target: BroadcastTarget) -> Receipt:
        """Show an article to all followers a target means: once, whatever comes of it. Raises a SendError."""
        budget = _Budget(SEND_SECONDS)
        return await self._authorised(
            lambda token: self._api.broadcast(token, article, target, seconds=budget.call_seconds()), budget
        )

    async def show_typing(self, user: str) -> None:
        """Zalo has no typing indicator (platforms A5)."""

    async def keep_fresh(self, stop: asyncio.Event) -> None:
        """Keep the token alive without traffic, until `stop`. To be run once per process."""
        await self._tokens.keep_fresh(stop)

    async def check(self) -> Health:
        """Ask Zalo for the account's own profile. Never raises."""
        budget = _Budget(SEND_SECONDS)
        try:
            profile = await self._authorised(
                lambda token: self._api.get_oa(token, seconds=budget.call_seconds()), budget
            )
        except SendError as error:
            return unhealthy(error, self._tokens.state)
        return healthy(profile, self._config.oa_id, self._tokens.state)

    async def aclose(self) -> None:
        """Wait for a refresh in hand, then release connections."""
        await self._uploads.aclose()
        await self._tokens.aclose()
        await self._session.close()

    def _may_try_rich(self, part: Text | Card, user: str) -> bool:
        if not has_rich_form(part, self._config):
            return False
        if isinstance(part, Card):
            return True
        if self._config.buttons == "off" or is_anonymous(user):  # nothing is known of buttons on v2 (A5)
            return False
        return self._plain_until is None or self._clock() >= self._plain_until

    async def _send_plain(self, user: str, part: Text | Card, budget: _Budget) -> Receipt:
        return await self._post(user, to_message(part, self._config, buttons=False), budget)

    async def _post(self, user: str, message: Message, budget: _Budget) -> Receipt:
        return await self._authorised(
            lambda token: self._api.send_cs(token, user, message, seconds=budget.call_seconds()), budget
        )

    async def _send_template(self, user: str, part: Template, budget: _Budget) -> Receipt:
        try:
            return await self._authorised(
                lambda token: self._api.send_template(
                    token, user, part.id, part.values, seconds=budget.call_seconds()
                ),
                budget,
            )
        except SendError as error:
            raise of_template(error, self._clock()) from None

    async def _send_file(self, user: str, file: File, budget: _Budget) -> Receipt:
        content = await asyncio.to_thread(read_content, file)
        known = self._uploads.get(content.digest)
        if known:
            try:
                return await self._post(user, _file_message(content, known), budget)
            except AttachmentExpired:
                self._uploads.forget(known)
        uploaded = await self._uploads.share(
            content.digest, lambda: self._upload(content, budget), seconds=budget.call_seconds()
        )
        return await self._post(user, _file_message(content, uploaded), budget)

    async def _upload(self, content: Content, budget: _Budget) -> str:
        name = content.file.name
        if is_gif(name):
            call = self._api.upload_gif
        else:
            call = self._api.upload_image if is_picture(name) else self._api.upload_file
        try:
            return await self._authorised(
                lambda token: call(
                    token, content.data, name, content.file.media_type, seconds=budget.call_seconds()
                ),
                budget,
            )
        except (Misconfigured, QuotaExhausted) as error:
            # It is uploads that this account may not make, or no more this month: its words must go on.
            if error.code in NO_RIGHT or isinstance(error, QuotaExhausted):
                raise Refused("the account cannot upload files", code=error.code) from error
            raise

    async def _authorised(self, call: Callable[[str], Awaitable[T]], budget: _Budget) -> T:
        """Make a call with a token; when that is rejected, once more with another."""
        token = await budget.wait(self._tokens.current())
        try:
            return await call(token)
        except TokenRejected as error:
            _log.warning("zalo_token_rejected", code=error.code)
            token = await budget.wait(self._tokens.reject(token))
        return await call(token)


class _Budget:
    """The time left for one `send`."""

    def __init__(self, seconds: float) -> None:
        self._clock = asyncio.get_running_loop().time
        self._ends_at = self._clock() + seconds

    def call_seconds(self) -> float:
        """For the next call. Raises RetryLater when too little is left to begin one."""
        left = self._ends_at - self._clock()
        if left < _LEAST_SECONDS:
            raise RetryLater("no time left for another call")
        return min(CALL_SECONDS, left)

    async def wait(self, token: Awaitable[str]) -> str:
        """Wait for a token, whose refresh goes on even when this wait ends."""
        try:
            async with asyncio.timeout_at(self._ends_at):
                return await token
        except TimeoutError as error:
            raise RetryLater("the Zalo token is still being refreshed") from error


def _file_message(content: Content, uploaded: str) -> Message:
    name, caption = content.file.name, content.file.caption
    if is_gif(name):
        return gif_message(uploaded, *content.pixels, caption)
    return image_message(uploaded, caption) if is_picture(name) else file_message(uploaded)
