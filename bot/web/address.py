"""The visitor's network address, right behind the operator's own proxies and unforgeable otherwise."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web


def address_behind(trusted_proxies: int) -> Callable[[web.Request], str]:
    """How to find the address when `trusted_proxies` of ours stand before the program.

    Each proxy appends the address it saw, so the visitor's is that many entries from the end; whatever
    stands further left was written by the visitor and means nothing.
    """

    def address(request: web.Request) -> str:
        seen = [
            part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()
        ]
        if trusted_proxies and len(seen) >= trusted_proxies:
            return seen[-trusted_proxies]
        return request.remote or ""

    return address
