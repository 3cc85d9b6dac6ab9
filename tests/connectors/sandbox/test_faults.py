"""Each fault looks to a caller like the real thing, and says truly whether the call took effect."""

from __future__ import annotations

import asyncio
import json
import time

import aiohttp
import pytest

from connectors.sandbox import Fault, GraphSandbox, ZaloSandbox, running

USER = "2512523625412515"


async def post(zalo: ZaloSandbox, http: aiohttp.ClientSession, user: str = USER) -> aiohttp.ClientResponse:
    body = {"recipient": {"user_id": user}, "message": {"text": "Chào bạn"}}
    headers = {"access_token": zalo.account.access_token}
    async with http.post(f"{zalo.base_url}/v3.0/oa/message/cs", json=body, headers=headers) as response:
        await response.read()
        return response


@pytest.fixture
async def friend(zalo: ZaloSandbox) -> ZaloSandbox:
    """A stand-in with somebody in the window."""
    await zalo.person(USER).follows()
    return zalo


@pytest.mark.parametrize(
    ("fault", "status", "accepted"),
    [
        (Fault.http(500), 500, 0),
        (Fault.http(503), 503, 0),
        (Fault.http(503, accepted=True), 503, 1),
        (Fault.html(), 502, 0),
        (Fault.html(200), 200, 0),
        (Fault.truncated(), 200, 1),
        (Fault.error(-200), 200, 0),
    ],
)
async def test_answers_are_spoiled_once_and_only_accepted_ones_are_sent(
    friend: ZaloSandbox, http: aiohttp.ClientSession, fault: Fault, status: int, accepted: int
) -> None:
    friend.faults.next(fault)
    response = await post(friend, http)
    assert (response.status, len(friend.sent)) == (status, accepted)
    assert (await (await post(friend, http)).json())["error"] == 0
    assert len(friend.sent) == accepted + 1


async def test_truncated_json_and_html_cannot_be_read(
    friend: ZaloSandbox, http: aiohttp.ClientSession
) -> None:
    for fault in (Fault.truncated(), Fault.html(200)):
        friend.faults.next(fault)
        text = await (await post(friend, http)).text()
        with pytest.raises(json.JSONDecodeError):
            json.loads(text)


@pytest.mark.parametrize("accepted", [True, False])
async def test_a_reset_cuts_the_connection(
    friend: ZaloSandbox, http: aiohttp.ClientSession, accepted: bool
) -> None:
    friend.faults.next(Fault.reset(accepted=accepted))
    with pytest.raises(aiohttp.ClientConnectionError):
        await post(friend, http)
    assert len(friend.sent) == accepted


async def test_a_hanging_send_is_accepted_and_echoed_though_nobody_answers(
    friend: ZaloSandbox, http: aiohttp.ClientSession
) -> None:
    friend.faults.next(Fault.hang(30))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await post(friend, http)
    await friend.settled()
    assert len(friend.sent) == 1
    assert any(delivery.kind == "oa_send_text" for delivery in friend.webhooks.deliveries)


async def test_a_delay_answers_late_and_well(friend: ZaloSandbox, http: aiohttp.ClientSession) -> None:
    friend.faults.next(Fault.delay(0.15))
    started = time.monotonic()
    assert (await (await post(friend, http)).json())["error"] == 0
    assert time.monotonic() - started >= 0.15


async def test_a_fault_can_be_kept_for_one_person(friend: ZaloSandbox, http: aiohttp.ClientSession) -> None:
    await friend.person("other").follows()
    friend.faults.for_user(USER, Fault.http(500))
    assert [(await post(friend, http)).status for _ in range(2)] == [500, 500]
    assert (await post(friend, http, "other")).status == 200
    friend.faults.clear()
    assert (await post(friend, http)).status == 200


async def test_faults_meet_only_the_calls_they_are_for(
    friend: ZaloSandbox, http: aiohttp.ClientSession
) -> None:
    friend.faults.next(Fault.http(500), on="token")
    assert (await post(friend, http)).status == 200
    async with http.post(f"{friend.base_url}/v4/oa/access_token", data={}) as response:
        assert response.status == 500


async def test_graph_faults_follow_the_person_and_speak_graph(
    graph: GraphSandbox, http: aiohttp.ClientSession
) -> None:
    await graph.person("1").says("a")
    graph.faults.for_user("1", Fault.error(2), times=1)
    body = {"recipient": {"id": "1"}, "messaging_type": "RESPONSE", "message": {"text": "b"}}
    url = f"{graph.base_url}/v25.0/me/messages?access_token={graph.account.page_access_token}"
    async with http.post(url, json=body) as response:
        assert (response.status, (await response.json())["error"]["code"]) == (503, 2)
    async with http.post(url, json=body) as response:
        assert response.status == 200


async def test_a_hanging_call_does_not_hold_up_the_end(http: aiohttp.ClientSession) -> None:
    async with running(ZaloSandbox()) as zalo:
        zalo.faults.always(Fault.hang(60))
        call = asyncio.create_task(post(zalo, http))
        await zalo.wait_for(lambda s: s.requests)
        started = time.monotonic()
    assert time.monotonic() - started < 1.5
    with pytest.raises(aiohttp.ClientConnectionError):
        await call
