"""Where the pages about documents are. Pure; ids are numbers, and nothing else is taken for one."""

from __future__ import annotations

from urllib.parse import quote

from aiohttp import web

from bot.staff.access import not_found
from bot.staff.typed import number_in

LIBRARY = "/staff/van-ban"
REVIEW = f"{LIBRARY}/xem-lai"
UPLOADS = f"{LIBRARY}/tai-len"
PASSAGES = f"{LIBRARY}/doan"
SHIPPED = f"{LIBRARY}/di-kem"


def source_path(source_id: int) -> str:
    """The page of a document that was taken in."""
    return f"{LIBRARY}/{source_id}"


def upload_path(upload_id: int) -> str:
    """The report on a file that was sent in."""
    return f"{UPLOADS}/{upload_id}"


def passage_path(passage_id: int) -> str:
    """The page of one passage."""
    return f"{PASSAGES}/{passage_id}"


def shipped_path(number: str) -> str:
    """The page of a document that comes with the program."""
    return f"{SHIPPED}?so={quote(number, safe='')}"


def id_of(request: web.Request, name: str = "id") -> int:
    """The id in a path. Raises PageError (404)."""
    found = number_in(request.match_info[name])
    if not found:
        raise not_found()
    return found
