"""Citizens of the three channels with one set of hands: what is written once is done on every channel."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import aiohttp
from aiohttp import web

from connectors.sandbox import GraphSandbox, MessengerPerson, SentMessage, StandIn, ZaloPerson, ZaloSandbox
from connectors.sandbox.standin import child, first_object

PATIENCE = 20.0
"""Seconds; the machine that runs this may be busy."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Seen:
    """One message as it lies on the phone."""

    text: str
    options: tuple[tuple[str, str], ...] = ()
    """(label, payload)."""
    file: str = ""
    """`picture`, `document` or nothing."""


class Hands(Protocol):
    """What a citizen can do on a channel."""

    async def seen(self) -> list[Seen]:
        """Everything that came, in order."""
        ...

    async def type_in(self, words: str) -> None:
        """Send words."""
        ...

    async def tap(self, label: str, payload: str) -> None:
        """Press what was offered."""
        ...

    async def show(self, url: str) -> None:
        """Send a picture."""
        ...


@dataclass
class Citizen:
    """Somebody on a channel who waits for what comes."""

    channel: str
    hands: Hands

    async def says(self, words: str, *expected: str) -> list[Seen]:
        """Type something and wait until the new messages hold all of `expected`; gives them."""
        return await self._does(lambda: self.hands.type_in(words), words, expected)

    async def presses(self, label: str, *expected: str) -> list[Seen]:
        """Press the button with this label below the last message that has any."""
        seen = await self.hands.seen()
        offered = next((one.options for one in reversed(seen) if one.options), ())
        payload = dict(offered).get(label)
        assert payload is not None, f"{self.channel}: no {label!r} among {[one for one, _ in offered]}"
        return await self._does(lambda: self.hands.tap(label, payload), label, expected)

    async def shows(self, url: str, *expected: str) -> list[Seen]:
        """Send a picture."""
        return await self._does(lambda: self.hands.show(url), url, expected)

    async def words(self) -> list[str]:
        """All texts that came."""
        return [one.text for one in await self.hands.seen()]

    async def files(self) -> list[str]:
        """The kinds of all files that came."""
        return [one.file for one in await self.hands.seen() if one.file]

    async def _does(
        self, act: Callable[[], Awaitable[None]], what: str, expected: Sequence[str]
    ) -> list[Seen]:
        before = len(await self.hands.seen())
        await act()
        fresh: list[Seen] = []

        async def has_come() -> bool:
            fresh[:] = (await self.hands.seen())[before:]
            said = "\n".join(one.text for one in fresh)
            return bool(fresh) and all(words in said for words in expected)

        try:
            await until(has_come)
        except TimeoutError:
            told = [one.text for one in fresh]
            raise AssertionError(f"{self.channel}: after {what!r} not {expected} but {told}") from None
        return fresh


async def until(condition: Callable[[], Awaitable[T]], seconds: float = PATIENCE) -> T:
    """Wait until something holds. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not (found := await condition()):  # noqa: ASYNC110 - what is waited for lies in another process
            await asyncio.sleep(0.05)
        return found


# --- the platforms -----------------------------------------------------------------------------------


@dataclass
class PlatformHands:
    """A phone with Zalo or Messenger."""

    stand_in: ZaloSandbox | GraphSandbox
    person: ZaloPerson | MessengerPerson

    async def seen(self) -> list[Seen]:
        """As `Hands`."""
        return [_as_seen(one) for one in self.stand_in.sent_to(self.person.id)]

    async def type_in(self, words: str) -> None:
        """As `Hands`."""
        await self.person.says(words)

    async def tap(self, label: str, payload: str) -> None:
        """As `Hands`."""
        if isinstance(self.person, ZaloPerson):
            await self.person.presses(payload)
        else:
            await self.person.taps(payload, label)

    async def show(self, url: str) -> None:
        """As `Hands`; the stand-ins' own picture lies nowhere, so the event is made here."""
        ids, at = self.stand_in.ids, self.stand_in.clock()
        if isinstance(self.stand_in, ZaloSandbox):
            await self.stand_in.deliver(self.stand_in.events.image(self.person.id, url, ids.message(), at))
        else:
            event = self.stand_in.events.image(self.person.id, url, f"m_{ids.message()}", at)
            await self.stand_in.deliver("message", event)


def _as_seen(sent: SentMessage) -> Seen:
    attachment = child(sent.message, "attachment")
    payload = child(attachment, "payload")
    kind = str(first_object(payload.get("elements")).get("media_type") or attachment.get("type") or "")
    return Seen(sent.text, sent.options, {"image": "picture", "file": "document"}.get(kind, ""))


def zalo_citizen(sandbox: ZaloSandbox, user: str = "2512523625412515") -> Citizen:
    """Somebody on Zalo."""
    return Citizen("zalo", PlatformHands(sandbox, sandbox.person(user)))


def messenger_citizen(sandbox: GraphSandbox, user: str = "7654321098765432") -> Citizen:
    """Somebody on Messenger."""
    return Citizen("messenger", PlatformHands(sandbox, sandbox.person(user)))


class WithPictures:
    """Mixed into a stand-in: it also hands out what citizens are said to have sent, and counts."""

    pictures: dict[str, bytes]
    fetched: list[str]

    def routes(self) -> list[web.RouteDef]:
        """The platform's own, and the pictures."""
        self.pictures, self.fetched = {}, []
        own: list[web.RouteDef] = super().routes()  # type: ignore[misc]
        return [*own, web.get("/pictures/{name}", self._picture)]

    async def _picture(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        self.fetched.append(name)
        if name not in self.pictures:
            raise web.HTTPNotFound
        return web.Response(body=self.pictures[name], content_type="image/jpeg")

    def picture(self, name: str, content: bytes = b"\xff\xd8\xff\xe0 anh") -> str:
        """Keep a picture; gives its address."""
        assert isinstance(self, StandIn)
        self.pictures[name] = content
        return f"{self.base_url}/pictures/{name}"


class ZaloWithPictures(WithPictures, ZaloSandbox):
    """Zalo's stand-in."""


class GraphWithPictures(WithPictures, GraphSandbox):
    """Messenger's stand-in."""


# --- the web -----------------------------------------------------------------------------------------


class WebHands:
    """A browser with the chat open. One session is one citizen, with however many devices."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url, self._session = url, session

    async def seen(self) -> list[Seen]:
        """As `Hands`."""
        return [_as_read(line) for line in await self.lines() if line["author"] != "citizen"]

    async def lines(self) -> list[dict[str, Any]]:
        """The conversation as the page reads it."""
        async with self._session.get(f"{self._url}/chat/history") as answer:
            assert answer.status == 200
            lines: list[dict[str, Any]] = (await answer.json())["lines"]
            return lines

    async def post(self, **fields: str) -> int:
        """Send one message; gives the status."""
        body = {"client_id": str(uuid.uuid4()), **fields}
        async with self._session.post(f"{self._url}/chat/messages", json=body) as answer:
            return answer.status

    async def type_in(self, words: str) -> None:
        """As `Hands`."""
        assert await self.post(text=words) == 202

    async def tap(self, label: str, payload: str) -> None:
        """As `Hands`."""
        assert await self.post(payload=payload, label=label) == 202

    async def show(self, url: str) -> None:
        """The web chat takes no pictures."""
        raise NotImplementedError

    async def fetch(self, address: str) -> tuple[int, str, bytes]:
        """Something of the page's own: status, type and content."""
        async with self._session.get(f"{self._url}{address}") as answer:
            return answer.status, answer.content_type, await answer.read()


def _as_read(line: dict[str, Any]) -> Seen:
    texts: list[str] = []
    for block in line.get("blocks", []):
        texts += [block["text"]] if block["type"] == "paragraph" else block["items"]
    file = line.get("file")
    kind = ("picture" if file.get("picture") else "document") if file else ""
    options = tuple((one["label"], one["payload"]) for one in line.get("options", []))
    return Seen("\n".join(texts), options, kind)


def web_citizen(url: str, session: aiohttp.ClientSession) -> Citizen:
    """Somebody on the association's own page."""
    return Citizen("web", WebHands(url, session))


def browser() -> aiohttp.ClientSession:
    """A browser with its own cookies, also for an address without a name."""
    return aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
