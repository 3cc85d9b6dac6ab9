"""What strangers write is shown as they wrote it and does nothing: on every page, to every role.

Each planted text carries a mark of its own, so that a text no page shows is noticed: it would prove nothing.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
from yarl import URL

from bot.staff.console import ROLES_OF
from bot.store.database import Database
from bot.store.staff import Role
from tests.bot.staff.conftest import Console
from tests.bot.staff.plants import ATTACKS, ELSEWHERE, NAME, Plants
from tests.bot.staff.walk import STREAM, Answer, Reached, Walk, readable, walk
from tests.conftest import StandingClock

BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_LEADS = ("href", "src", "action", "formaction", "data", "poster", "srcset", "xlink:href", "ping")
_NEVER = {"base", "iframe", "object", "embed", "style", "frame", "applet"}
_FORMULA = re.compile(r"\s*[=+\-@]")
PICTURES_ALONE = {
    "/staff/van-ban/{id}/trang/{page}",
    "/staff/tu-danh-gia/bai/{code}/tep/{id}",
    "/staff/chien-dich/_anh/{name}",
}
"""Nothing of what strangers wrote is in these; they are looked at with real files in tests/e2e/console and in
test_campaign_pictures."""
SHOWN_NOWHERE = {"dau-lien-ket", "dau-nut"}
_BY_ROLE = [
    Role.ADMIN,  # opens every page; the others the same ones with less on them
    *(pytest.param(one, marks=pytest.mark.service) for one in Role if one is not Role.ADMIN),
]


@pytest.fixture
async def planted(database: Database, clock: StandingClock, data_dir: Path) -> AsyncIterator[Plants]:
    console = Console(database, clock)
    console.desk = replace(console.desk, data_dir=data_dir)
    await console.start()
    plants = Plants(console, data_dir)
    await plants.everywhere()
    yield plants
    await console.client.close()


async def opened(plants: Plants, role: Role) -> Walk:
    """Everything a role may open that links lead to."""
    console = plants.console

    async def get(path: str) -> Answer:
        address = URL(path, encoded=True)
        async with console.client.get(address, allow_redirects=False) as answer:
            body = b"" if answer.content_type == STREAM else await answer.read()
            return Answer(answer.status, answer.content_type, answer.headers, body)

    roles_of = console.app[ROLES_OF]
    routes = readable(roles_of, role)
    return await walk(get, routes, plants.addresses, same_shape=4, same_query=1)


def faults_of(one: Reached) -> Iterator[str]:
    """What a page does with what strangers wrote beyond showing it."""
    markup = one.markup
    for tag, attributes in markup.tags:
        if tag in _NEVER or (tag == "script" and "src" not in attributes):
            yield f"<{tag}>"
        for name, value in attributes.items():
            if name.startswith("on") or "khxau" in name or name == "style":
                yield f"{tag} {name}={value[:60]}"
            if name in _LEADS and not _stays(tag, attributes, value):
                yield f"{tag} {name} leads to {value[:60]}"
    if "khxau49" in markup.text:
        yield "a template was filled in"
    if any(char in one.answer.body.decode() for char in BIDI):
        yield "the direction of writing is turned round"
    if b"\x00" in one.answer.body:
        yield "a null byte"


def _stays(tag: str, attributes: dict[str, str], value: str) -> bool:
    """Whether an address is ours, or one that may be led to, opened at arm's length."""
    if value in ELSEWHERE and tag == "a":
        return {"noopener", "noreferrer"} <= set(attributes.get("rel", "").split())
    return bool(re.match(r"(/(?![/\\])|[?#]|$)", value))


def cells_of(answer: Answer) -> list[str]:
    """The cells of a sheet that is handed out; a formula begins with its sign."""
    if answer.media_type == "text/csv":
        text = answer.body.decode("utf-8-sig")
        return [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    if "spreadsheet" not in answer.media_type:
        return []
    book = openpyxl.load_workbook(io.BytesIO(answer.body))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    return [f"={cell.value}" for cell in cells if cell.data_type == "f"]


@pytest.mark.parametrize("role", _BY_ROLE)
async def test_what_strangers_write_is_shown_and_does_nothing(planted: Plants, role: Role) -> None:
    await planted.console.become(role, f"{role.value} {NAME}")
    done = await opened(planted, role)
    pages = list(done.reached.values())
    failed = [
        f"{one.path}: {one.answer.status}"
        for one in pages
        if one.answer.status >= 400 and one.path not in planted.addresses
    ]
    assert not failed, "\n".join(failed)
    faults = [f"{one.path}: {fault}" for one in pages if one.is_markup for fault in faults_of(one)]
    faults += [
        f"{one.path}: {cell}" for one in pages for cell in cells_of(one.answer) if _FORMULA.match(cell)
    ]
    assert not faults, "\n".join(faults)
    if role is Role.ADMIN:
        assert set(done.missed) <= PICTURES_ALONE
        shown = "".join(one.markup.text for one in pages if one.is_markup)
        shown += " ".join(value for one in pages if one.is_markup for value in one.markup.values("value"))
        assert {mark for mark in planted.marks if mark not in shown} <= SHOWN_NOWHERE


def test_the_check_itself_notices_each_attack() -> None:
    """Nothing above can pass by looking away."""

    def page(body: str) -> Reached:
        return Reached("/staff/", "/staff/", Answer(200, "text/html", {}, f"<html>{body}".encode()))

    for attack in (*ATTACKS[:3], ATTACKS[6], "<textarea>" + ATTACKS[3], "<p onclick=x>", "khxau49"):
        body = f"<input value='{attack}'>" if attack.startswith("'") else attack
        assert [*faults_of(page(body))], attack
    bare = next(iter(ELSEWHERE))
    for address in ("//khxau.example", "/\\khxau.example", "javascript:x", "https://khxau.vn", bare):
        assert [*faults_of(page(f'<a href="{address}">'))], address
    assert not [*faults_of(page(f'<a rel="noopener noreferrer" href="{bare}"><a href="?trang=2">'))]
