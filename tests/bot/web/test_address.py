"""A visitor cannot choose the address by which they are counted."""

from __future__ import annotations

import pytest
from aiohttp.test_utils import make_mocked_request

from bot.web.address import address_behind


@pytest.mark.parametrize(
    ("proxies", "forwarded", "counted"),
    [
        (0, "9.9.9.9", ""),
        (1, "9.9.9.9, 203.0.113.7", "203.0.113.7"),
        (1, "203.0.113.7", "203.0.113.7"),
        (2, "9.9.9.9, 203.0.113.7, 10.0.0.2", "203.0.113.7"),
        (2, "203.0.113.7", ""),
        (1, "", ""),
    ],
)
def test_only_what_our_own_proxies_wrote_counts(proxies: int, forwarded: str, counted: str) -> None:
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = make_mocked_request("GET", "/", headers=headers)
    assert address_behind(proxies)(request) == (counted or request.remote or "")
