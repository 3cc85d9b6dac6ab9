"""The cookie that holds a session's secret, with the strictest flags the connection allows.

Over https it carries the prefix `__Host-`: browsers then take it from this very host alone, over https, so
that neither a page of a sister domain nor somebody on the line can slip an officer into a session of theirs.
Over plain http (trying the program on one's own machine) no such cookie can be set; there the short name
is used, and it counts nowhere else.
"""

from __future__ import annotations

import re
from datetime import timedelta

from aiohttp import web

COOKIE = "kh_staff"
"""Over plain http."""
SECURE_COOKIE = "__Host-kh_staff"
_PATH = "/staff"
_SECRET = re.compile(r"[A-Za-z0-9_-]{20,100}")


def secret_in(request: web.Request, *, is_https: bool) -> str:
    """The secret the browser brought, or ""."""
    names = (SECURE_COOKIE,) if is_https else (SECURE_COOKIE, COOKIE)
    for name in names:
        brought = request.cookies.get(name, "")
        if _SECRET.fullmatch(brought):
            return brought
    return ""


def give(response: web.StreamResponse, secret: str, *, is_https: bool, lasts: timedelta) -> None:
    """Let the browser keep the secret."""
    seconds = int(lasts.total_seconds())
    if is_https:
        response.set_cookie(
            SECURE_COOKIE, secret, max_age=seconds, path="/", secure=True, httponly=True, samesite="Lax"
        )
    else:
        response.set_cookie(COOKIE, secret, max_age=seconds, path=_PATH, httponly=True, samesite="Lax")


def take_back(response: web.StreamResponse) -> None:
    """Let the browser forget it."""
    response.del_cookie(SECURE_COOKIE, path="/", secure=True, httponly=True, samesite="Lax")
    response.del_cookie(COOKIE, path=_PATH, httponly=True, samesite="Lax")
