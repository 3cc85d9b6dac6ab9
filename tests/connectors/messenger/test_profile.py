"""Setting up the page: within the limits, in an order Facebook accepts, safe to repeat."""

from __future__ import annotations

from dataclasses import replace

import aiohttp
import pytest

from connectors.errors import Misconfigured
from connectors.message import Link, Option
from connectors.messenger.client import GraphApi
from connectors.messenger.profile import ProfileTexts, find_faults, setup_profile
from tests.connectors.messenger.deliveries import CONFIG, NOW, PAGE
from tests.connectors.messenger.fake_graph import FakeGraph, Reply, graph_error, running_graph

TEXTS = ProfileTexts(
    greeting="Chào bạn, đây là trợ lý tự động của Hội Khuyến học.",
    menu=(Option("Tự đánh giá", "assess"), Link("Trang của Hội", "https://khuyenhoc.example")),
    ice_breakers=(Option("Công dân học tập là gì?", "what"),),
)
OK = Reply({"result": "success"})


async def set_up(fake: FakeGraph, texts: ProfileTexts, *, comments_enabled: bool = False) -> tuple[str, ...]:
    async with aiohttp.ClientSession() as session:
        api = GraphApi(replace(CONFIG, graph_base=fake.url), session, lambda: NOW)
        return await setup_profile(api, texts, comments_enabled=comments_enabled)


async def test_the_page_gets_greeting_menu_questions_and_events() -> None:
    async with running_graph() as fake:
        fake.replies += [OK, OK, Reply({"success": "true"})]
        done = await set_up(fake, TEXTS)

    first, second, third = fake.calls
    assert first.body == {
        "get_started": {"payload": "GET_STARTED"},
        "greeting": [{"locale": "default", "text": TEXTS.greeting}],
    }
    assert second.body == {
        "persistent_menu": [
            {
                "locale": "default",
                "composer_input_disabled": False,
                "call_to_actions": [
                    {"type": "postback", "title": "Tự đánh giá", "payload": "assess"},
                    {"type": "web_url", "title": "Trang của Hội", "url": "https://khuyenhoc.example"},
                ],
            }
        ],
        "ice_breakers": [
            {
                "locale": "default",
                "call_to_actions": [{"question": "Công dân học tập là gì?", "payload": "what"}],
            }
        ],
    }
    assert third.path == f"/v25.0/{PAGE}/subscribed_apps"
    assert "feed" not in third.query["subscribed_fields"].split(",")
    assert {"messages", "message_echoes", "standby"} <= set(third.query["subscribed_fields"].split(","))
    assert len(done) == 4


async def test_comments_are_asked_for_only_when_they_are_answered() -> None:
    async with running_graph() as fake:
        await set_up(fake, TEXTS, comments_enabled=True)

    assert "feed" in fake.calls[-1].query["subscribed_fields"].split(",")


async def test_what_is_no_longer_wanted_is_removed() -> None:
    async with running_graph() as fake:
        await set_up(fake, replace(TEXTS, menu=(), ice_breakers=()))

    assert [(call.method, call.body) for call in fake.calls[1:2]] == [
        ("DELETE", {"fields": ["persistent_menu", "ice_breakers"]})
    ]


async def test_a_refused_step_stops_the_setup() -> None:
    async with running_graph() as fake:
        fake.replies.append(graph_error(190))
        with pytest.raises(Misconfigured):
            await set_up(fake, TEXTS)

    assert len(fake.calls) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        replace(TEXTS, greeting="x" * 161),
        replace(TEXTS, greeting=" "),
        replace(TEXTS, menu=(Option("x" * 31, "p"),)),
        replace(TEXTS, menu=(Option("Mục", "p" * 1001),)),
        replace(TEXTS, menu=(Option("Mục", "p"),) * 21),
        replace(TEXTS, menu=(Link("Trang", "khuyenhoc.example"),)),
        replace(TEXTS, ice_breakers=(Option("Hỏi?", "p"),) * 5),
        replace(TEXTS, get_started=""),
    ],
)
async def test_texts_facebook_would_reject_are_named_before_any_call(wrong: ProfileTexts) -> None:
    assert len(find_faults(wrong)) == 1
    async with running_graph() as fake:
        with pytest.raises(ValueError, match=r"\.$"):
            await set_up(fake, wrong)

    assert fake.calls == []
