"""Who is writing, and from which page: the session cookie and the rules about origins.

The cookie holds a random secret; the conversation is named by its hash, so that no log, staff page or
backup holds anything that opens somebody's conversation. Must never identify a visitor by anything else.
"""

from __future__ import annotations

import hashlib
import re
from urllib.parse import urlsplit

from aiohttp import web

from connectors.message import ConversationId
from connectors.web import ACCOUNT, NAME

COOKIE = "kh_chat"
_SECRET = re.compile(r"[0-9a-f]{32}")
_DERIVATION = b"khuyenhoc web chat\x00"


def secret_of(request: web.Request) -> str | None:
    """The session secret the browser brought, or None when there is none or it is not ours."""
    secret = request.cookies.get(COOKIE, "")
    return secret if _SECRET.fullmatch(secret) else None


def conversation_of(secret: str) -> ConversationId:
    """The conversation that belongs to a session secret."""
    user = hashlib.sha256(_DERIVATION + secret.encode()).hexdigest()[:32]
    return ConversationId(NAME, ACCOUNT, user)


def visitor(request: web.Request) -> ConversationId | None:
    """Whose browser this is. For every other handler that serves chat visitors (file downloads)."""
    secret = secret_of(request)
    return conversation_of(secret) if secret else None


def comes_from(request: web.Request, allowed: tuple[str, ...]) -> bool:
    """May the page that made this request write in its visitor's name?

    Browsers put Origin on every POST. Its host must be the one they asked for, or an allowed origin;
    the scheme is not compared because a proxy before us may end TLS. A program that is no browser sends
    none, and carries nobody's cookies.
    """
    origin = request.headers.get("Origin")
    if origin is None:
        return request.headers.get("Sec-Fetch-Site", "none") in {"none", "same-origin"}
    if origin in allowed:
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and parts.netloc == request.host


def is_https(request: web.Request) -> bool:
    """Does the visitor see https? The page's own origin knows, even behind a proxy that ends TLS."""
    return request.secure or request.headers.get("Origin", "").startswith("https://")


def keep_session(
    request: web.Request, response: web.StreamResponse, secret: str, *, days: int, in_frame: bool
) -> None:
    """Give the browser its session for another `days`.

    In a frame on another site a Lax cookie would never come back, so there it is SameSite=None and, so
    that it cannot follow the visitor from site to site, Partitioned. Both need https. That the other site
    is an allowed one was enforced by the browser: frame-ancestors keeps all others from framing the page.
    """
    secure = is_https(request)
    elsewhere = in_frame and secure
    parts = [f"{COOKIE}={secret}", f"Max-Age={days * 86_400}", "Path=/", "HttpOnly"]
    parts += ["SameSite=None", "Secure", "Partitioned"] if elsewhere else ["SameSite=Lax"]
    if secure and not elsewhere:
        parts.append("Secure")
    # Written by hand: http.cookies learns the word Partitioned only in Python 3.14.
    response.headers.add("Set-Cookie", "; ".join(parts))


def end_session(request: web.Request, response: web.StreamResponse, *, in_frame: bool) -> None:
    """Make the browser forget its session."""
    keep_session(request, response, "", days=0, in_frame=in_frame)
