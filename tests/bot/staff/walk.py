"""Walking the console as a person does: from the menu, along links, until nothing new comes.

The route table says which pages there must be; what links lead to says where they are. So a page that is
added is looked at without being named anywhere. Knows no browser and no database.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urlsplit

from bot.store.staff import Role

Roles = Mapping[tuple[str, str], frozenset[Role]]
HOME = "/staff/"
_PARAMETER = re.compile(r"\{(\w+)(?::([^{}]+))?\}")
_ASSETS = "/staff/assets/"
STREAM = "text/event-stream"
SAME_SHAPE = 6
"""Pages of one route without a query that are opened; the seventh conversation shows nothing new."""
SAME_QUERY = 2
"""The same for addresses with the same names in their query."""


class Markup(HTMLParser):
    """A page taken apart: its tags with their attributes, and its words."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return "".join(self.words)

    def values(self, *names: str) -> Iterable[str]:
        """What stands in attributes of these names; of all, when none is named."""
        for _, attributes in self.tags:
            yield from (value for name, value in attributes.items() if not names or name in names)


@dataclass(frozen=True)
class Answer:
    """What came for one address."""

    status: int
    media_type: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reached:
    """A page that was opened."""

    path: str
    route: str
    answer: Answer

    @property
    def is_page(self) -> bool:
        """A whole page, to be looked at; not a fragment, a file or a stream."""
        return self.answer.media_type == "text/html" and b"<html" in self.answer.body[:200]

    @property
    def is_markup(self) -> bool:
        return self.answer.media_type == "text/html"

    @cached_property
    def markup(self) -> Markup:
        return Markup(self.answer.body.decode())

    @cached_property
    def looks(self) -> frozenset[str]:
        """What it is made of: two pages with the same need not both be looked at."""
        return frozenset(
            f"{tag}.{name}.{attributes.get('type', '')}"
            for tag, attributes in self.markup.tags
            for name in attributes.get("class", "").split() or [""]
        )


Get = Callable[[str], Awaitable[Answer]]


@dataclass
class Walk:
    """Where a walk came."""

    routes: tuple[str, ...]
    reached: dict[str, Reached] = field(default_factory=dict)

    @property
    def missed(self) -> list[str]:
        """Routes no page was opened of."""
        return sorted(set(self.routes) - {one.route for one in self.reached.values()})

    def of(self, route: str) -> list[Reached]:
        return [one for one in self.reached.values() if one.route == route]

    def to_look_at(self, route: str, most: int = 3) -> list[Reached]:
        """Pages of a route that differ in what they are made of, those that show the most first."""
        left = [one for one in self.of(route) if one.is_page]
        seen: set[str] = set()
        chosen: list[Reached] = []
        while left and len(chosen) < most:
            best = max(left, key=lambda one: len(one.looks - seen))
            if chosen and not best.looks - seen:
                break
            chosen.append(best)
            left.remove(best)
            seen |= best.looks
        return chosen


def readable(roles_of: Roles, role: Role | None = None) -> tuple[str, ...]:
    """The addresses of everything that is read: what `role` may open, or (None) what anybody may.

    Static files are no pages, and `/staff` only leads to the first one.
    """
    return tuple(
        path
        for (method, path), roles in roles_of.items()
        if method == "GET"
        and not path.startswith(_ASSETS)
        and path != "/staff"
        and (not roles if role is None else role in roles)
    )


def route_of(path: str, routes: Iterable[str]) -> str:
    """The route an address belongs to, or nothing. What is spelt out goes before what is not."""
    found = [route for route in routes if _pattern(route).fullmatch(path)]
    return min(found, key=lambda route: len(_PARAMETER.findall(route)), default="")


async def walk(
    get: Get,
    routes: tuple[str, ...],
    given: Iterable[str] = (),
    *,
    same_shape: int = SAME_SHAPE,
    same_query: int = SAME_QUERY,
) -> Walk:
    """Open everything that can be reached from the first page and from `given`; then what nothing led to.

    A page that nothing links to is opened at its bare address: one that needs a query has to be linked.
    """
    done = Walk(routes)
    opened: dict[tuple[str, frozenset[str]], int] = {}
    streams: set[str] = set()
    ahead = deque([*([HOME] if HOME in routes else []), *given])
    met = set(ahead)
    bare = [route for route in routes if "{" not in route]
    while True:
        while ahead:
            address = ahead.popleft()
            parts = urlsplit(address)
            route = route_of(parts.path, routes)
            names = frozenset(name for name, _ in parse_qsl(parts.query, keep_blank_values=True))
            most = same_query if names else same_shape
            if not route or route in streams or opened.get((route, names), 0) >= most:
                continue
            opened[route, names] = opened.get((route, names), 0) + 1
            one = Reached(address, route, await get(address))
            done.reached[address] = one
            if one.answer.media_type == STREAM:
                streams.add(route)  # one is enough: each stays open for a while
            if one.is_markup:
                for link in links_of(one.markup):
                    if link not in met:
                        met.add(link)
                        ahead.append(link)
        missed = set(done.missed)
        ahead.extend(address for address in (*_guesses(done), *bare) if address not in met)
        ahead = deque(address for address in ahead if route_of(address, routes) in missed)
        met.update(ahead)
        if not ahead:
            return done


def links_of(markup: Markup) -> list[str]:
    """Addresses of the console a page names, wherever it does; what a form sends is not followed."""
    found = []
    for tag, attributes in markup.tags:
        for name, value in attributes.items():
            posts = tag == "form" and name == "action" and attributes.get("method", "get").lower() == "post"
            if value.startswith("/staff/") and not posts and not value.startswith(_ASSETS):
                found.append(value.partition("#")[0])
    return found


def _pattern(route: str) -> re.Pattern[str]:
    made, last = "", 0
    for found in _PARAMETER.finditer(route):
        made += re.escape(route[last : found.start()]) + f"({found.group(2) or '[^/]+'})"
        last = found.end()
    return re.compile(made + re.escape(route[last:]))


def _guesses(done: Walk) -> list[str]:
    """Addresses of missed routes, made of the parts of addresses that were reached: what only a script
    asks for stands in no link."""
    found = []
    for route in done.missed:
        wanted = route.split("/")
        for one in done.reached.values():
            if one.answer.status != 200:
                continue
            known, there = one.route.split("/"), urlsplit(one.path).path.split("/")
            if len(known) != len(there):
                continue
            shared = next(
                (n for n, (a, b) in enumerate(zip(wanted, known, strict=False)) if a != b),
                min(len(wanted), len(known)),
            )
            if not any("{" in part for part in wanted[shared:]):
                found.append("/".join([*there[:shared], *wanted[shared:]]))
                break
    return found
