"""A small content of questions, and the hands of an officer at their pages."""

from __future__ import annotations

import re
from html import unescape

from aiohttp import ClientResponse

from bot.store import editing
from bot.store.database import Database
from bot.store.editing import Kept
from knowledge.content import Item, Kind, item
from tests.bot.staff.conftest import Console

FAQ = "/staff/cau-hoi"
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


def fact(fact_id: str, statement: str, certainty: str = "certain") -> Item:
    body = {
        "statement": statement,
        "certainty": certainty,
        "locator": "điều 1",
        "source": {"title": "Điều lệ"},
    }
    return item(Kind.FACT, fact_id, {**body, "topic": "Hội"})


def entry(entry_id: str, question: str, answer: str, *facts: str, **more: object) -> Item:
    return item(Kind.ENTRY, entry_id, {"question": question, "answer": answer, "facts": list(facts), **more})


SHIPPED = (
    fact("nguong", "Người đạt phải có từ 80 điểm trở lên."),
    fact("phi", "Hội viên đóng hội phí mỗi năm một lần.", "single-source"),
    entry("dat", "Bao nhiêu điểm thì đạt?", "Từ 80 điểm trở lên.", "nguong", next=["phi"], only_if=["điểm"]),
    entry("phi", "Hội phí đóng thế nào?", "Theo Điều lệ, đóng mỗi năm một lần.", "phi"),
)


async def kept(database: Database, entry_id: str) -> Kept:
    async with database.read() as connection:
        one = await editing.find(connection, Kind.ENTRY, entry_id)
    assert one is not None
    return one


def form_of(page: str, **changed: str) -> dict[str, str]:
    """What a browser would send: the form's fields as drawn, some of them typed anew."""
    fields: dict[str, str] = {}
    for tag in re.findall(r"<input [^>]*>", page[page.index("data-editor") :]):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and ('type="checkbox"' not in tag or " checked" in tag):
            fields.setdefault(name.group(1), unescape(value.group(1)) if value else "")
    areas = re.findall(r'<textarea [^>]*name="([^"]*)"[^>]*>\n?(.*?)</textarea>', page, re.DOTALL)
    fields |= {name: unescape(text) for name, text in areas}
    return {**fields, **{name.replace("_", "-"): value for name, value in changed.items()}}


async def send(console: Console, path: str, form: dict[str, str]) -> ClientResponse:
    data = {**form, "csrf": console.csrf}
    return await console.client.post(path, data=data, allow_redirects=False)


async def edit(console: Console, entry_id: str, **changed: str) -> ClientResponse:
    page = await console.page(f"{FAQ}/{entry_id}")
    return await send(console, f"{FAQ}/{entry_id}", form_of(page, **{"viec": "luu", **changed}))
