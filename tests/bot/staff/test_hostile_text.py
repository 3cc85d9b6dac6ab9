"""What strangers write is shown as they wrote it and does nothing: on every page, to every role.

Each planted text carries a mark of its own, so that a text no page shows is noticed: it would prove nothing.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

import openpyxl
import pytest
from yarl import URL

from bot.dialogue.turn import Mode, Outcome
from bot.staff.console import ROLES_OF
from bot.store import content, misses
from bot.store.content import Status
from bot.store.outbox import State as SendState
from bot.store.staff import Role
from connectors.message import Attachment, Option, Source, Text
from knowledge.content import Kind, item
from tests.bot.staff.conftest import Console
from tests.bot.staff.walk import STREAM, Answer, Reached, Walk, readable, walk

BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
ATTACKS = (
    "<script>khxau()</script>",
    '"><img src=x onerror=khxau() khxau=1>',
    "' onmouseover='khxau()' khxau='1",
    "</textarea></title></script><script>khxau()</script>",
    "javascript:khxau()",
    "khxau{{7*7}}{% raw %}",
    "\u202egpj.exe\u202c",
    "<!--",
    "ừ" * 300,
)
ELSEWHERE = "https://tep.example.com/don.pdf"
MARKS: set[str] = set()
"""Of everything planted."""
_LEADS = (
    "href",
    "src",
    "action",
    "formaction",
    "data",
    "poster",
    "srcset",
    "xlink:href",
    "ping",
    "background",
)
_NEVER = {"base", "iframe", "object", "embed", "style", "frame", "applet"}
_FORMULA = re.compile(r"\s*[=+\-@]")


def hostile(mark: str, limit: int = 4000, start: str = "") -> str:
    """All attacks in one text, behind a mark to find it by."""
    MARKS.add(mark)
    return f"{start}{mark} {' '.join(ATTACKS)}"[:limit]


async def plant(console: Console) -> None:
    """Hostile words wherever words can come from."""
    now, write = console.clock(), console.database.write
    await console.hear(
        hostile("dau-loi"),
        mode=Mode.WAITING,
        attachments=(
            Attachment("file", ELSEWHERE, hostile("dau-ten-tep", 300)),
            Attachment("link", "javascript:khxau()", hostile("dau-lien-ket", 300)),
            Attachment("image", "data:text/html,<script>khxau()</script>", "dau-anh.jpg"),
        ),
    )
    await console.tell(
        Text(
            hostile("dau-tra-loi"),
            options=(Option(hostile("dau-nut", 80), "x"),),
            sources=(Source(hostile("dau-nguon", 200), url="javascript:khxau()"),),
        ),
        SendState.FAILED,
        hostile("dau-ly-do", 200),
    )
    await console.hear(hostile("dau-chua-biet"), user="hoa", outcome=Outcome.ABSTAINED)
    await console.hear(hostile("dau-hong"), user="tu", outcome=Outcome.PARKED)
    entry = {
        "question": hostile("dau-cau-hoi", 60),
        "variants": [hostile("dau-cach-hoi", 150)],
        "answer": hostile("dau-cau-dap", 500),
        "facts": ["su-that"],
    }
    for kind, id_, body, status in (
        (Kind.FACT, "su-that", _fact(), Status.PUBLISHED),
        (Kind.ENTRY, "cau-xau", entry, Status.PUBLISHED),
        (Kind.ENTRY, "nhap-xau", {**entry, "question": hostile("dau-nhap", 60)}, Status.DRAFT),
    ):
        made = item(kind, id_, body)
        await write(
            lambda c, made=made, status=status: content.save(  # type: ignore[misc]
                c, made, by="can-bo", why=hostile("dau-vi-sao", 200), at=now, status=status
            )
        )
    for reason in ("no_match", "wrong"):
        said = f"dau-hut {ATTACKS[0]} {ATTACKS[5]}"
        await write(
            lambda c, reason=reason, said=said: misses.record(  # type: ignore[misc]
                c, key=f"hut {reason}", sample=f"\x00{said}", reason=reason, nearest="cau-xau", at=now
            )
        )


def _fact() -> dict[str, object]:
    source = {"title": hostile("dau-can-cu", 200), "url": "https://nguon.example.com/x"}
    return {
        "statement": hostile("dau-su-that", 300),
        "certainty": "certain",
        "locator": hostile("dau-cho", 200),
        "source": source,
    }


async def opened(console: Console, role: Role, given: tuple[str, ...] = ()) -> Walk:
    """Everything a role may open that links lead to."""

    async def get(path: str) -> Answer:
        address = URL(path, encoded=True)
        async with console.client.get(address, allow_redirects=False) as answer:
            is_stream = answer.content_type == STREAM
            body = b"" if is_stream else await answer.read()
            return Answer(answer.status, answer.content_type, answer.headers, body)

    roles_of = console.app[ROLES_OF]
    return await walk(get, readable(roles_of, role), given, same_shape=12)


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
    """Whether an address is ours, or that of what a citizen sent, opened at arm's length."""
    if value == ELSEWHERE and tag == "a":
        return {"noopener", "noreferrer"} <= set(attributes.get("rel", "").split())
    return bool(re.match(r"(/(?![/\\])|[?#]|$)", value))


def cells_of(answer: Answer) -> list[str]:
    """The cells of a sheet that is handed out."""
    if answer.media_type == "text/csv":
        text = answer.body.decode("utf-8-sig")
        return [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    if "spreadsheet" in answer.media_type:
        book = openpyxl.load_workbook(io.BytesIO(answer.body))
        return [
            f"={cell.value}" if cell.data_type == "f" else ""
            for sheet in book
            for row in sheet.iter_rows()
            for cell in row
        ]
    return []


@pytest.mark.parametrize("role", list(Role))
async def test_what_strangers_write_is_shown_and_does_nothing(console: Console, role: Role) -> None:
    await plant(console)
    await console.become(role, f'{role.value} "><script khxau=1>')
    done = await opened(console, role)
    assert not [
        f"{one.path}: {one.answer.status}" for one in done.reached.values() if one.answer.status >= 400
    ]
    faults = {
        one.path: found for one in done.reached.values() if one.is_markup and (found := [*faults_of(one)])
    }
    assert faults == {}
    for one in done.reached.values():
        formulas = [cell for cell in cells_of(one.answer) if _FORMULA.match(cell)]
        assert formulas == [], one.path
    if role is Role.ADMIN:
        assert done.missed == []
        shown = "".join(one.markup.text for one in done.reached.values() if one.is_markup)
        assert {mark for mark in MARKS if mark not in shown} == set()


def test_the_check_itself_notices_each_attack() -> None:
    """Nothing above can pass by looking away."""

    def page(body: str) -> Reached:
        return Reached("/staff/", "/staff/", Answer(200, "text/html", {}, f"<html>{body}".encode()))

    for attack in (*ATTACKS[:3], ATTACKS[6], "<textarea>" + ATTACKS[3], "<p onclick=x>", "khxau49"):
        body = f"<input value='{attack}'>" if attack.startswith("'") else attack
        assert [*faults_of(page(body))], attack
    for address in (
        "//khxau.example",
        "/\\khxau.example",
        "javascript:x",
        "https://khxau.example",
        ELSEWHERE,
    ):
        assert [*faults_of(page(f'<a href="{address}">'))], address
    assert not [*faults_of(page(f'<a rel="noopener noreferrer" href="{ELSEWHERE}"><a href="?trang=2">'))]
