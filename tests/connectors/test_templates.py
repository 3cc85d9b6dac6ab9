"""Paid template messages: what goes out on each channel and what each answer means, against the stand-ins.

One table for both platforms: the same part, the same outcomes in the house's words.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.channel import Channel, Delivery, Outgoing
from connectors.errors import Refused, SendError, TemplatesUnavailable
from connectors.message import EventKind, Template, Text, decode_part, encode_part
from connectors.messenger import MessengerChannel, MessengerConfig
from connectors.sandbox import GraphSandbox, SandboxClock, ZaloSandbox, running
from connectors.sandbox.zalo_templates import ApprovedTemplate
from connectors.web.channel import WebChannel
from connectors.zalo import ZaloChannel, ZaloConfig
from tests.connectors.sandbox.receiver import Receiver, receiving
from tests.connectors.zalo.fakes import MemoryTokenStore

USER = "2512523625412515"
LONG_AGO = timedelta(days=30)
BY_NAME = Template("1", {"ten": "Lan", "ngay": "02/10"}, "Chào Lan, hẹn bạn ngày 02/10.")
BY_PLACE = Template("nhac", {"2": "02/10", "1": "Lan"}, "Chào Lan, hẹn bạn ngày 02/10.")
NAMED = Template("nhac_ten", {"ten": "Lan", "ngay": "02/10"}, "Chào Lan, hẹn bạn ngày 02/10.")


@dataclass
class Doors:
    """Both platforms, each with somebody who wrote thirty days ago."""

    zalo: ZaloSandbox
    graph: GraphSandbox
    channels: dict[str, Channel]
    heard: dict[str, Receiver]

    def sent(self, name: str) -> list[Any]:
        return (self.zalo if name == "zalo" else self.graph).sent_to(USER)

    async def send(self, name: str, part: Template) -> Any:
        channel = self.channels[name]
        (fitted,) = channel.fit(part, USER)
        long_ago = self.zalo.clock() - LONG_AGO
        return await channel.send(Outgoing(USER, decode_part(encode_part(fitted)), "stamp", long_ago))


@pytest.fixture
async def doors() -> AsyncIterator[Doors]:
    clock = SandboxClock(datetime(2026, 11, 2, 3, 0, tzinfo=UTC))
    async with AsyncExitStack() as stack:
        heard = {name: await stack.enter_async_context(receiving()) for name in ("zalo", "messenger")}
        lasting = timedelta(days=60)
        zalo = await stack.enter_async_context(
            running(ZaloSandbox(webhook_url=heard["zalo"].url, clock=clock, token_lifetime=lasting))
        )
        graph = await stack.enter_async_context(
            running(GraphSandbox(webhook_url=heard["messenger"].url, clock=clock))
        )
        oa, page = zalo.account, graph.account
        on_zalo = ZaloChannel(
            ZaloConfig(oa.app_id, oa.app_secret, oa.oa_id, oa.oa_secret_key, zalo.base_url, zalo.base_url),
            MemoryTokenStore(),
            environment_tokens=(oa.access_token, oa.refresh_token),
            clock=clock,
        )
        stack.push_async_callback(on_zalo.aclose)
        on_page = MessengerChannel(
            MessengerConfig(
                page.page_id, page.app_secret, page.verify_token, page.page_access_token,
                graph_base=graph.base_url, utility=True,
            ),
            clock=clock,
        )  # fmt: skip
        stack.push_async_callback(on_page.aclose)
        await zalo.person(USER).follows()
        await graph.person(USER).says("Xin chào")
        clock.advance(LONG_AGO)
        zalo.templates["1"] = ApprovedTemplate("Chào <ten>, hẹn bạn ngày <ngay>.")
        zalo.templates["phone"] = ApprovedTemplate("Chào <ten>", takes_user_ids=False)
        graph.utility_templates["nhac"] = "Chào {{1}}, hẹn bạn ngày {{2}}."
        graph.utility_templates["nhac_ten"] = "Chào {{ten}}, hẹn bạn ngày {{ngay}}."
        yield Doors(zalo, graph, {"zalo": on_zalo, "messenger": on_page}, heard)


@pytest.mark.parametrize(("name", "part"), [("zalo", BY_NAME), ("messenger", BY_PLACE), ("messenger", NAMED)])
async def test_a_template_is_taken_long_after_the_window_and_reads_as_its_text(
    doors: Doors, name: str, part: Template
) -> None:
    receipt = await doors.send(name, part)
    (sent,) = doors.sent(name)
    assert (sent.text, sent.kind, sent.message_id) == (part.text, "template", receipt.message_id)
    sandbox = doors.zalo if name == "zalo" else doors.graph
    await sandbox.settled()
    kinds = [
        event.kind
        for got in doors.heard[name].got
        for event in doors.channels[name].receive(Delivery(got.body, got.headers))  # type: ignore[attr-defined]
    ]
    assert EventKind.OWN_ECHO in kinds
    assert EventKind.HUMAN_ECHO not in kinds


@pytest.mark.parametrize(
    ("name", "part", "error", "code"),
    [
        # What everybody's template would be answered with says nothing about other messages of the account.
        ("zalo", Template("9", {"ten": "Lan"}, "x"), TemplatesUnavailable, "-131"),
        ("zalo", Template("phone", {"ten": "Lan"}, "x"), TemplatesUnavailable, "-249"),
        ("zalo", Template("1", {"ten": "Lan"}, "x"), TemplatesUnavailable, "-1122"),
        ("messenger", Template("khac", {}, "x"), TemplatesUnavailable, "100"),
        ("messenger", Template("nhac", {"1": "Lan"}, "x"), TemplatesUnavailable, "100"),
        ("messenger", Template("nhac_ten", {"1": "Lan", "2": "x"}, "x"), TemplatesUnavailable, "100"),
        # What is about this one person.
        ("zalo", Template("1", {"ten": "L" * 201, "ngay": "x"}, "x"), Refused, "-1121"),
    ],
)
async def test_a_template_that_is_not_taken_is_told_apart_from_a_broken_account(
    doors: Doors, name: str, part: Template, error: type[SendError], code: str
) -> None:
    with pytest.raises(error) as raised:
        await doors.send(name, part)
    assert raised.value.code == code
    assert doors.sent(name) == []


@pytest.mark.parametrize("code", [-224, -320, -321, -115])
async def test_no_money_or_no_right_for_templates_leaves_other_messages_alone(
    doors: Doors, code: int
) -> None:
    doors.zalo.person(USER).refusal_code = code
    with pytest.raises(TemplatesUnavailable) as raised:
        await doors.send("zalo", BY_NAME)
    assert raised.value.needs_operator


async def test_somebody_who_left_facebook_is_gone_for_templates_too(doors: Doors) -> None:
    doors.graph.person(USER).blocked = True
    with pytest.raises(Refused) as raised:
        await doors.send("messenger", BY_PLACE)
    assert raised.value.code == "551/1545041"


async def test_where_there_are_no_templates_their_words_are_a_text() -> None:
    async def nudge(user: str, kind: str) -> None: ...

    off = MessengerChannel(MessengerConfig("1", "s", "v", "t"))
    zalo = ZaloChannel(ZaloConfig("1", "s", "2", "k"), MemoryTokenStore())
    try:
        assert WebChannel(nudge).fit(BY_NAME, "lan") == (Text(BY_NAME.text),)
        assert off.fit(BY_NAME, USER) == (Text(BY_NAME.text),)
        assert off.fit(BY_NAME, "comment:1_2") != (BY_NAME,)
        assert zalo.fit(BY_NAME, USER) == (BY_NAME,)
        assert [one.capabilities.takes_templates for one in (off, zalo)] == [False, True]
        with pytest.raises(Refused):
            await off.send(Outgoing(USER, BY_NAME, "stamp"))
    finally:
        await off.aclose()
        await zalo.aclose()
