"""The OAuth desk: rotation, spent tokens, expiry, codes, and a restart in between."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from connectors.sandbox import SandboxClock, ZaloSandbox, running

PATH = "/v4/oa/access_token"


@pytest.fixture
def token_lifetime() -> timedelta:
    """What the platform gives: 25 hours."""
    return timedelta(seconds=90_000)


async def token_call(zalo: ZaloSandbox, http: aiohttp.ClientSession, **form: str) -> dict[str, Any]:
    body = {"app_id": zalo.account.app_id, "grant_type": "refresh_token"} | form
    secret = body.pop("secret", zalo.account.app_secret)
    async with http.post(zalo.base_url + PATH, data=body, headers={"secret_key": secret}) as response:
        assert response.status == 200
        answer: dict[str, Any] = await response.json()
        return answer


async def works(zalo: ZaloSandbox, http: aiohttp.ClientSession, token: str) -> int:
    async with http.get(zalo.base_url + "/v2.0/oa/getoa", headers={"access_token": token}) as response:
        return int((await response.json())["error"])


async def test_a_refresh_rotates_both_tokens_and_works_once(
    zalo: ZaloSandbox, http: aiohttp.ClientSession
) -> None:
    old_access, old_refresh = zalo.account.access_token, zalo.account.refresh_token
    assert await works(zalo, http, old_access) == 0
    first = await token_call(zalo, http, refresh_token=old_refresh)
    assert first["expires_in"] == "90000"
    assert {first["access_token"], first["refresh_token"]}.isdisjoint({old_access, old_refresh})
    assert await works(zalo, http, old_access) == -216
    assert await works(zalo, http, first["access_token"]) == 0
    spent = await token_call(zalo, http, refresh_token=old_refresh)
    assert spent["error"] == -14014
    assert "access_token" not in spent
    assert zalo.tokens.refreshes == 1


async def test_tokens_end_by_time(
    zalo: ZaloSandbox, http: aiohttp.ClientSession, sandbox_clock: SandboxClock
) -> None:
    sandbox_clock.advance(timedelta(seconds=90_000))
    assert await works(zalo, http, zalo.account.access_token) == -220
    sandbox_clock.advance(timedelta(days=90))
    answer = await token_call(zalo, http, refresh_token=zalo.account.refresh_token)
    assert answer["error"] == -14014


async def test_the_desk_wants_a_form_with_the_right_app_and_secret(
    zalo: ZaloSandbox, http: aiohttp.ClientSession
) -> None:
    refresh = zalo.account.refresh_token
    assert (await token_call(zalo, http, refresh_token=refresh, secret="OA key"))["error"] == -14002
    assert (await token_call(zalo, http, refresh_token=refresh, app_id="1"))["error"] == -14002
    assert (await token_call(zalo, http, refresh_token=refresh, grant_type="password"))["error"] == -118
    as_json = {"app_id": zalo.account.app_id, "grant_type": "refresh_token", "refresh_token": refresh}
    headers = {"secret_key": zalo.account.app_secret}
    async with http.post(zalo.base_url + PATH, json=as_json, headers=headers) as response:
        assert (await response.json())["error"] == -118
    assert "error" not in await token_call(zalo, http, refresh_token=refresh)


async def test_a_code_is_redeemed_once_with_its_verifier(
    zalo: ZaloSandbox, http: aiohttp.ClientSession
) -> None:
    verifier = "v" * 43
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    query = {"app_id": zalo.account.app_id, "redirect_uri": "https://bot.example/back", "state": "s"}
    page = zalo.base_url + "/v4/oa/permission"
    async with http.get(
        page, params=query | {"code_challenge": challenge}, allow_redirects=False
    ) as response:
        came = parse_qs(urlsplit(response.headers["Location"]).query)
    assert (came["oa_id"], came["state"]) == ([zalo.account.oa_id], ["s"])
    code = {"grant_type": "authorization_code", "code": came["code"][0], "code_verifier": verifier}
    answer = await token_call(zalo, http, **code)
    assert await works(zalo, http, answer["access_token"]) == 0
    assert (await token_call(zalo, http, **code))["error"] == -118


async def test_a_restarted_stand_in_still_knows_the_pair_it_gave_out(
    zalo: ZaloSandbox, http: aiohttp.ClientSession
) -> None:
    pair = await token_call(zalo, http, refresh_token=zalo.account.refresh_token)
    async with running(ZaloSandbox()) as restarted:
        assert await works(restarted, http, pair["access_token"]) == 0
        assert await works(restarted, http, restarted.account.access_token) == -216
        assert "error" not in await token_call(restarted, http, refresh_token=pair["refresh_token"])


async def test_revoked_tokens_are_gone_for_good(zalo: ZaloSandbox, http: aiohttp.ClientSession) -> None:
    zalo.tokens.revoke()
    assert await works(zalo, http, zalo.account.access_token) == -216
    answer = await token_call(zalo, http, refresh_token=zalo.account.refresh_token)
    assert answer["error"] == -14014
