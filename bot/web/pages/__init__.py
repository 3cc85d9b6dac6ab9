"""The public pages and their files, read and rendered once at start.

No page depends on who asks for it, so each is one block of bytes with an ETag. Nothing here may hold a
script or a style in the page itself: the Content-Security-Policy forbids both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

_HERE = Path(__file__).parent
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Page:
    """Bytes to serve under a type."""

    body: bytes
    content_type: str
    etag: str

    def answer(self, request: web.Request, headers: Mapping[str, str]) -> web.Response:
        """200 with the bytes, or 304 when the browser has these very bytes."""
        if any(tag.value == self.etag for tag in request.if_none_match or ()):
            response = web.Response(status=304, headers=headers)
        else:
            response = web.Response(
                body=self.body, content_type=self.content_type, charset="utf-8", headers=headers
            )
        response.etag = self.etag
        return response


def page(body: bytes, content_type: str) -> Page:
    """A page, named by a hash of its bytes."""
    return Page(body, content_type, hashlib.sha256(body).hexdigest()[:20])


def load_static() -> dict[str, Page]:
    """Every file of `static/` by its name. There are few and they are small."""
    return {
        path.name: page(path.read_bytes(), _TYPES[path.suffix])
        for path in sorted((_HERE / "static").iterdir())
        if path.suffix in _TYPES
    }


def render(template: str, values: Mapping[str, object]) -> Page:
    """Render one template of `templates/`, every value escaped."""
    return page(_environment().get_template(template).render(values).encode(), "text/html")


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
