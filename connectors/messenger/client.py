"""Calls to the Graph API for one page: one method, one call, one outcome (platforms B5, B6, B8).

Never decides whether something may be sent, and never tries again. The token travels in a header, so that no
address that might be logged contains it. Logs carry names of calls and codes only.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

import aiohttp

from connectors.channel import Receipt
from connectors.errors import Misconfigured, OutcomeUnknown, RetryLater, SendError
from connectors.message import File
from connectors.messenger.answers import WAS_SENT, Answer, Json, read_answer
from connectors.messenger.config import PAGE_INBOX_APP_ID, MessengerConfig
from connectors.messenger.events import USER_REF_PREFIX
from connectors.messenger.render import attachment_type
from connectors.messenger.untrusted import as_identifier, as_list, as_object, as_text
from connectors.uploads import Uploads

UTILITY = "UTILITY"
"""The messaging type of templates approved beforehand (platforms B7)."""
HUMAN_AGENT = "HUMAN_AGENT"
"""The one tag still usable for officers' answers (platforms B7)."""

_LARGEST_ANSWER_BYTES = 1_000_000
_NO_PROFILE = frozenset({"100/33", "100/2018218", "10/2018218", "2018218", "2018247", "10/2018247"})


@dataclass(frozen=True, slots=True)
class UserProfile:
    """What Facebook tells about a person; everything may be empty (platforms B8)."""

    first_name: str = ""
    last_name: str = ""
    picture_url: str = ""


@dataclass(frozen=True, slots=True)
class Upload:
    """The content of a file to hand over, in memory."""

    content: bytes
    name: str
    media_type: str
    kind: str
    """`image`, `audio`, `video` or `file`."""

    @classmethod
    def of(cls, part: File, content: bytes) -> Upload:
        """The upload for a File part whose content was read."""
        return cls(content, part.name, part.media_type, attachment_type(part))


def appsecret_proof(app_secret: str, access_token: str) -> str:
    """HMAC-SHA256 of the token under the app secret, in hex (platforms B2)."""
    return hmac.new(app_secret.encode(), access_token.encode(), hashlib.sha256).hexdigest()


def recipient_of(user: str) -> dict[str, str]:
    """The `recipient` object for a person: by page-scoped id, or by a plugin's reference."""
    if user.startswith(USER_REF_PREFIX):
        return {"user_ref": user.removeprefix(USER_REF_PREFIX)}
    return {"id": user}


class GraphApi:
    """The Graph API as one page sees it.

    Every method raises a SendError: RetryLater when the request surely did not arrive, OutcomeUnknown when it
    may have, otherwise what the answer says.
    """

    def __init__(
        self, config: MessengerConfig, session: aiohttp.ClientSession, clock: Callable[[], datetime]
    ) -> None:
        """`clock` gives the present as an aware datetime. The session stays the caller's to close."""
        self._config = config
        self._session = session
        self._clock = clock
        self._uploads = Uploads(config.attachment_lifetime, clock)

    async def send(
        self,
        recipient: Mapping[str, str],
        message: Mapping[str, object],
        *,
        tag: str = "",
        is_template: bool = False,
        timeout_seconds: float | None = None,
    ) -> Receipt:
        """Send one message; with a tag as MESSAGE_TAG, a template as UTILITY, else as RESPONSE."""
        kind = "MESSAGE_TAG" if tag else UTILITY if is_template else "RESPONSE"
        body: dict[str, object] = {
            "recipient": recipient,
            "messaging_type": kind,
            "message": message,
        }
        if tag:
            body["tag"] = tag
        path = f"{self._config.page_id}/messages"
        return _receipt(await self._post(path, body, timeout_seconds=timeout_seconds), "message_id")

    async def private_reply(self, comment_id: str, message: Mapping[str, object]) -> Receipt:
        """The one private message a comment allows, within 7 days."""
        return await self.send({"comment_id": comment_id}, message)

    async def public_reply(self, comment_id: str, text: str) -> Receipt:
        """Answer below a comment for everybody to read."""
        path = f"{quote(comment_id, safe='')}/comments"
        return _receipt(await self._post(path, {"message": text}), "id")

    async def sender_action(self, user: str, action: str, *, timeout_seconds: float | None = None) -> None:
        """`typing_on`, `typing_off` or `mark_seen`. The body is recipient and action, nothing else."""
        body = {"recipient": recipient_of(user), "sender_action": action}
        await self._post(f"{self._config.page_id}/messages", body, timeout_seconds=timeout_seconds)

    async def upload(self, upload: Upload, *, timeout_seconds: float | None = None) -> str:
        """The reusable attachment id of this content, uploading it unless that was done before.

        Nothing reaches the person, so an unclear outcome is a RetryLater.
        """
        digest = f"{hashlib.sha256(upload.content).hexdigest()}:{upload.kind}:{upload.name}"
        return await self._uploads.share(
            digest,
            lambda: self._uploaded(upload, timeout_seconds),
            seconds=timeout_seconds or self._config.send_timeout_seconds,
        )

    async def _uploaded(self, upload: Upload, timeout_seconds: float | None) -> str:
        payload = {"attachment": {"type": upload.kind, "payload": {"is_reusable": True}}}
        form = aiohttp.FormData(quote_fields=False)  # as UTF-8, or the person reads %E1%BA%BF in the name
        form.add_field("message", json.dumps(payload))
        form.add_field(
            "filedata",
            upload.content,
            filename=_file_name(upload.name),
            content_type=_media_type(upload.media_type),
        )
        path = f"{self._config.page_id}/message_attachments"
        try:
            answer = await self._call("POST", path, form=form, timeout_seconds=timeout_seconds)
        except OutcomeUnknown as unclear:
            raise RetryLater("the upload did not finish", code=unclear.code) from None
        attachment_id = as_identifier(answer.get("attachment_id"))
        if not attachment_id:
            raise RetryLater("the upload gave no id")
        return attachment_id

    def forget_upload(self, attachment_id: str) -> None:
        """Facebook no longer knows this id: upload again next time."""
        self._uploads.forget(attachment_id)

    async def aclose(self) -> None:
        """Break off uploads that are on their way."""
        await self._uploads.aclose()

    async def page_id(self) -> str:
        """The id of the page the token belongs to."""
        return as_identifier((await self._get("me", fields="id")).get("id"))

    async def user_profile(self, user: str) -> UserProfile:
        """Name and picture of a person; empty where Facebook gives none."""
        try:
            answer = await self._get(quote(user, safe=""), fields="first_name,last_name,profile_pic")
        except SendError as error:
            if error.code in _NO_PROFILE:
                return UserProfile()
            raise
        return UserProfile(
            as_text(answer.get("first_name"), 100),
            as_text(answer.get("last_name"), 100),
            as_text(answer.get("profile_pic"), 2048),
        )

    async def get_profile(self, fields: Sequence[str]) -> Json:
        """The named properties of the page's Messenger profile; absent ones are missing."""
        answer = await self._get("me/messenger_profile", fields=",".join(fields))
        merged: dict[str, object] = {}
        for part in as_list(answer.get("data")):
            merged.update(as_object(part))
        return merged

    async def set_profile(self, properties: Mapping[str, object]) -> None:
        """Set properties of the Messenger profile. Ten calls in ten minutes are allowed."""
        await self._post("me/messenger_profile", properties)

    async def delete_profile(self, fields: Sequence[str]) -> None:
        """Remove properties of the Messenger profile."""
        await self._call("DELETE", "me/messenger_profile", body={"fields": list(fields)})

    async def subscribe(self, fields: Sequence[str]) -> None:
        """Have these webhook fields of the page delivered to our app."""
        path = f"{self._config.page_id}/subscribed_apps"
        await self._call("POST", path, query={"subscribed_fields": ",".join(fields)})

    async def subscribed_fields(self) -> frozenset[str]:
        """The webhook fields of the page that are delivered to our app (to any, if our app id is unknown)."""
        answer = await self._get(f"{self._config.page_id}/subscribed_apps")
        fields: set[str] = set()
        for value in as_list(answer.get("data")):
            app = as_object(value)
            if self._config.app_id in {"", as_identifier(app.get("id"))}:
                fields.update(as_identifier(field) for field in as_list(app.get("subscribed_fields")))
        return frozenset(fields - {""})

    async def pass_thread(self, user: str, target_app_id: str = PAGE_INBOX_APP_ID, note: str = "") -> None:
        """Hand the thread to another app, by default to the people in the Page Inbox."""
        body = {"recipient": recipient_of(user), "target_app_id": target_app_id, "metadata": note}
        await self._post("me/pass_thread_control", body)

    async def take_thread(self, user: str, note: str = "") -> None:
        """Take the thread back from whoever has it."""
        await self._post("me/take_thread_control", {"recipient": recipient_of(user), "metadata": note})

    async def _get(self, path: str, **query: str) -> Json:
        try:
            return await self._call("GET", path, query=query)
        except OutcomeUnknown as unclear:  # reading changes nothing: simply ask again
            raise RetryLater("Facebook did not answer", code=unclear.code) from None

    async def _post(
        self, path: str, body: Mapping[str, object], *, timeout_seconds: float | None = None
    ) -> Json:
        return await self._call("POST", path, body=body, timeout_seconds=timeout_seconds)

    async def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        form: aiohttp.FormData | None = None,
        timeout_seconds: float | None = None,
    ) -> Json:
        config = self._config
        if not config.page_access_token:
            raise Misconfigured("no page access token is configured")
        params = dict(query or {})
        if config.app_secret_proof and config.app_secret:
            params["appsecret_proof"] = appsecret_proof(config.app_secret, config.page_access_token)
        total = min(timeout_seconds or config.send_timeout_seconds, config.send_timeout_seconds)
        connect = min(config.connect_timeout_seconds, total)
        try:
            async with self._session.request(
                method,
                f"{config.graph_url}/{path}",
                params=params,
                json=body,
                data=form,
                headers={"Authorization": f"Bearer {config.page_access_token}"},
                timeout=aiohttp.ClientTimeout(total=total, connect=connect, sock_connect=connect),
                allow_redirects=False,
            ) as response:
                answer = Answer(
                    response.status,
                    {name.lower(): value for name, value in response.headers.items()},
                    await _read_body(response),
                )
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            raise RetryLater("Facebook cannot be reached", code="connect") from None
        except aiohttp.InvalidURL:
            raise Misconfigured("the Graph address is not valid") from None
        except (aiohttp.ClientError, TimeoutError, OSError) as lost:
            raise OutcomeUnknown("the connection was lost", code=type(lost).__name__) from None
        return read_answer(answer, config.rate_limit_pause_seconds)


async def _read_body(response: aiohttp.ClientResponse) -> bytes | None:
    """The body; None when it breaks off or is absurdly long (the status alone then has to tell)."""
    try:
        body = await response.content.read(_LARGEST_ANSWER_BYTES)
        while not response.content.at_eof() and len(body) < _LARGEST_ANSWER_BYTES:
            body += await response.content.read(_LARGEST_ANSWER_BYTES)
    except (aiohttp.ClientError, asyncio.IncompleteReadError, TimeoutError, OSError):
        return None
    return body if response.content.at_eof() else None


def _receipt(answer: Json, field: str) -> Receipt:
    message_id = as_identifier(answer.get(field))
    if not message_id and not (answer.get("recipient_id") or WAS_SENT in answer):
        raise OutcomeUnknown("the answer names no message", code="no-id")
    return Receipt(message_id)


def _media_type(value: str) -> str:
    """A media type that can stand in a header; anything odd is called bytes."""
    is_plain = value.isascii() and value.isprintable() and value.count("/") == 1 and " " not in value
    return value if is_plain else "application/octet-stream"


def _file_name(value: str) -> str:
    """A file name that can stand between quotes in a header."""
    return "".join(char for char in value if char.isprintable() and char not in '"\\/') or "tep"
