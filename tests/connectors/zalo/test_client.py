"""What is read from Zalo: queries in the one parameter `data`, odd answers never more than empty values."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp
import pytest

from connectors.errors import RetryLater
from connectors.zalo.client import ChatMessage, Quota, UserDetail, ZaloApi
from tests.connectors.zalo.fakes import FakeClock, ScriptedServer, hangs_up, says_text


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer() as running:
        yield running


@pytest.fixture
async def api(server: ScriptedServer) -> AsyncIterator[ZaloApi]:
    async with aiohttp.ClientSession() as session:
        yield ZaloApi(session, server.config(), FakeClock())


async def test_a_person_is_looked_up_by_json_in_one_parameter(server: ScriptedServer, api: ZaloApi) -> None:
    server.on(
        "/v3.0/oa/user/detail",
        {
            "error": 0,
            "data": {
                "user_id": "u1",
                "display_name": "Lan",
                "user_is_follower": True,
                "user_last_interaction_date": "01/09/2026",
            },
        },
    )

    assert await api.user_detail("t", "u1") == UserDetail("u1", "Lan", True, "01/09/2026")
    assert json.loads(server.requests[0].query["data"]) == {"user_id": "u1"}


async def test_the_history_says_who_spoke(server: ScriptedServer, api: ZaloApi) -> None:
    rows = [
        {
            "src": 0,
            "time": 1767225600000,
            "message": "Dạ",
            "message_id": "m2",
            "from_id": "oa1",
            "to_id": "u1",
        },
        {
            "src": "1",
            "time": "1767225500000",
            "message": "Chào",
            "message_id": "m1",
            "from_id": "u1",
            "to_id": "oa1",
        },
        "không phải dòng nào",
    ]
    server.on("/v2.0/oa/conversation", {"error": 0, "data": rows})

    ours, theirs, _ = await api.recent_chat("t", user="u1")

    assert ours == ChatMessage("m2", "u1", False, datetime(2026, 1, 1, tzinfo=UTC), "Dạ")
    assert (theirs.user, theirs.from_user, theirs.text) == ("u1", True, "Chào")
    assert json.loads(server.requests[0].query["data"]) == {"offset": 0, "count": 10, "user_id": "u1"}


async def test_quota_numbers_come_as_text(server: ScriptedServer, api: ZaloApi) -> None:
    row = {"quota_type": "sub_quota", "remain": "12", "total": "500", "valid_through": "31/12/2026"}
    server.on("/v3.0/oa/quota/message", {"error": 0, "data": [row]})

    assert await api.quota("t") == (Quota("sub_quota", 12, 500, "31/12/2026"),)


@pytest.mark.parametrize("answer", [hangs_up, says_text("<html>"), says_text("{")])
async def test_reading_can_always_be_tried_again(
    server: ScriptedServer, api: ZaloApi, answer: object
) -> None:
    server.on("/v2.0/oa/getoa", answer)  # type: ignore[arg-type]

    with pytest.raises(RetryLater):
        await api.get_oa("t")


@pytest.mark.parametrize("data", [None, [], "x", {"oa_id": ["a"], "name": 5}])
async def test_odd_data_is_empty(server: ScriptedServer, api: ZaloApi, data: object) -> None:
    server.on("/v2.0/oa/getoa", {"error": 0, "data": data})

    assert (await api.get_oa("t")).oa_id == ""
