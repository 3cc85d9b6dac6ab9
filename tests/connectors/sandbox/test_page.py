"""What `khuyenhoc sandbox` serves: the page, its little API, and both stand-ins under one roof."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from connectors.messenger import MessengerChannel, MessengerConfig
from connectors.sandbox import DEMO_ENV, SandboxSettings, build_sandbox_app
from connectors.zalo import ZaloChannel, ZaloConfig
from tests.connectors.sandbox.receiver import Receiver, receiving
from tests.connectors.zalo.fakes import MemoryTokenStore

PERSON = {"zalo": "1000000000000000001", "messenger": "2000000000000001"}


@pytest.fixture
async def site() -> AsyncIterator[tuple[str, Receiver]]:
    """The page's address and the bot behind it."""
    async with receiving() as bot:
        app = web.Application()
        app.router.add_route("*", "/webhooks/{channel}", bot.take)
        bot.verify_token = SandboxSettings().messenger_verify_token
        house = web.AppRunner(app, shutdown_timeout=0.5)
        await house.setup()
        await web.TCPSite(house, "127.0.0.1", 0).start()
        settings = replace(SandboxSettings(), bot_url=f"http://127.0.0.1:{house.addresses[0][1]}")
        runner = web.AppRunner(build_sandbox_app(settings), access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", bot
        await runner.cleanup()
        await house.cleanup()


async def do(http: aiohttp.ClientSession, base: str, channel: str, action: str, **extra: str) -> Any:
    ask = {"channel": channel, "action": action, "user": PERSON[channel]} | extra
    async with http.post(f"{base}/api/do", json=ask) as response:
        answer = await response.json()
        assert response.status == (200 if answer["ok"] else 400)
        return answer


async def state(http: aiohttp.ClientSession, base: str, **query: str) -> Any:
    async with http.get(f"{base}/api/state", params=query) as response:
        return await response.json()


async def test_the_page_loads_without_anything_inline(
    site: tuple[str, Receiver], http: aiohttp.ClientSession
) -> None:
    base, _ = site
    async with http.get(base) as response:
        page = await response.text()
        policy = response.headers["Content-Security-Policy"]
    assert response.status == 200
    assert "không phải Zalo hay Messenger thật" in page
    assert "'unsafe-inline'" not in policy
    assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", page)
    for path in re.findall(r'(?:src|href)="(/[^"]+)"', page):
        async with http.get(base + path) as response:
            assert response.status == 200, path


async def test_what_a_citizen_does_reaches_the_bot_and_what_it_says_is_shown(
    site: tuple[str, Receiver], http: aiohttp.ClientSession
) -> None:
    base, bot = site
    assert (await do(http, base, "zalo", "says", text="Xin chào"))["ok"]
    assert (await do(http, base, "messenger", "says", text="Xin chào"))["ok"]
    assert bot.events[0]["message"]["text"] == "Xin chào"
    assert bot.events[1]["entry"][0]["messaging"][0]["message"]["text"] == "Xin chào"
    button = {"title": "Bắt đầu", "type": "oa.query.hide", "payload": "BAT_DAU"}
    payload = {"template_type": "button", "text": "Chào bạn", "buttons": [button]}
    body = {
        "recipient": {"user_id": PERSON["zalo"]},
        "message": {"attachment": {"type": "template", "payload": payload}},
    }
    headers = {"access_token": DEMO_ENV["ZALO_ACCESS_TOKEN"]}
    async with http.post(f"{base}/zalo/v3.0/oa/message/cs", json=body, headers=headers) as response:
        assert (await response.json())["error"] == 0
    seen = await state(http, base)
    line = seen["zalo"]["people"][0]["lines"][-1]
    assert (line["who"], line["text"], line["buttons"][0]["press"]) == ("bot", "Chào bạn", "BAT_DAU")
    assert seen["zalo"]["deliveries"][-1]["status"] == 200


@pytest.mark.parametrize("channel", ["zalo", "messenger"])
async def test_every_action_the_page_offers_works(
    site: tuple[str, Receiver], http: aiohttp.ClientSession, channel: str
) -> None:
    base, _ = site
    async with http.get(f"{base}/static/sandbox.js") as response:
        script = await response.text()
    offered: set[str] = set()
    for table in ("EXTRAS", "ODDITIES"):
        block = script.split(f"const {table} = {{")[1].split("\n};")[0]
        wanted = [*re.split(r"\b(both|zalo|messenger): \[", block)]
        for name, part in zip(wanted[1::2], wanted[2::2], strict=True):
            if name in ("both", channel):
                offered |= set(re.findall(r'\["(\w+)",', part))
    assert len(offered) > 12
    await do(http, base, channel, "says", text="a")
    for action in sorted(offered):
        assert (await do(http, base, channel, action))["ok"], action
    faults = script.split("const FAULTS = {")[1].split("\n};")[0]
    for name, part in re.findall(r"\b(both|zalo|messenger): \[(.*?)\n?  ?\],\n", faults + "\n", re.S):
        for fault in re.findall(r'\["(\w+)",', part) if name in ("both", channel) else []:
            assert (await do(http, base, channel, f"fault:{fault}"))["ok"], fault
    assert len((await state(http, base))[channel]["faults"]) > 8
    assert (await do(http, base, channel, "clear_faults"))["ok"]
    switches = (await state(http, base))[channel]["switches"]
    for name in switches:
        assert (await do(http, base, channel, "switch", name=name, value="true"))["ok"]
        assert f"    {name}: " in script, f"the page has no words for {name}"
    assert all((await state(http, base))[channel]["switches"].values())


async def test_officers_comments_and_new_people(
    site: tuple[str, Receiver], http: aiohttp.ClientSession
) -> None:
    base, bot = site
    await do(http, base, "zalo", "officer", text="Em chào bạn ạ")
    assert bot.events[-1]["sender"]["admin_id"]
    await do(http, base, "messenger", "comment", text="Đăng ký thế nào?")
    assert bot.events[-1]["entry"][0]["changes"][0]["value"]["message"] == "Đăng ký thế nào?"
    assert (await state(http, base))["messenger"]["comments"][0]["who"] == "Chị Thảo"
    assert (await do(http, base, "zalo", "add_person", name="Chú Tư"))["ok"]
    assert (await state(http, base))["zalo"]["people"][-1]["name"] == "Chú Tư"
    assert (await do(http, base, "messenger", "probe"))["told"] == "Bắt tay được."


async def test_nonsense_is_refused_in_plain_words(
    site: tuple[str, Receiver], http: aiohttp.ClientSession
) -> None:
    base, _ = site
    assert (await do(http, base, "zalo", "dance"))["told"] == "Không có thao tác này."
    assert (await do(http, base, "zalo", "says", text=" "))["told"] == "Chưa có nội dung."
    assert not (await do(http, base, "zalo", "says", text="a", user="nobody"))["ok"]
    assert not (await do(http, base, "zalo", "fault:hang", times="9999999"))["ok"]
    async with http.post(f"{base}/api/do", data={"channel": "zalo"}) as response:
        assert response.status == 415, "a form of another site cannot act here"
    async with http.post(f"{base}/api/do", json=["a"]) as response:
        assert response.status == 400
    async with http.get(f"{base}/api/media/none") as response:
        assert response.status == 404


async def test_a_waiting_page_hears_of_news_at_once_and_never_holds_up_the_end(
    http: aiohttp.ClientSession,
) -> None:
    runner = web.AppRunner(
        build_sandbox_app(SandboxSettings(bot_url="http://127.0.0.1:9")), shutdown_timeout=5
    )
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    revision = (await state(http, base))["revision"]
    waiting = asyncio.create_task(state(http, base, since=str(revision)))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    await do(http, base, "zalo", "add_person", name="Chú Tư")
    assert (await asyncio.wait_for(waiting, 2))["revision"] > revision
    latest = (await state(http, base))["revision"]
    held = asyncio.create_task(state(http, base, since=str(latest)))
    await asyncio.sleep(0.05)
    started = time.monotonic()
    await runner.cleanup()
    assert time.monotonic() - started < 2
    await asyncio.gather(held, return_exceptions=True)


def test_the_demo_settings_name_everything_and_are_invented() -> None:
    assert set(DEMO_ENV) == {
        "ZALO_APP_ID",
        "ZALO_APP_SECRET",
        "ZALO_OA_ID",
        "ZALO_OA_SECRET_KEY",
        "ZALO_ACCESS_TOKEN",
        "ZALO_REFRESH_TOKEN",
        "ZALO_API_BASE",
        "ZALO_OAUTH_BASE",
        "MESSENGER_PAGE_ID",
        "MESSENGER_APP_SECRET",
        "MESSENGER_VERIFY_TOKEN",
        "MESSENGER_PAGE_ACCESS_TOKEN",
        "MESSENGER_GRAPH_BASE",
    }
    secrets = {value for name, value in DEMO_ENV.items() if name.endswith(("TOKEN", "SECRET", "KEY"))}
    assert all(value.startswith("sandbox-") for value in secrets)
    assert len(secrets) == 7


async def test_the_real_channels_work_with_the_printed_addresses(http: aiohttp.ClientSession) -> None:
    runner = web.AppRunner(build_sandbox_app(SandboxSettings(bot_url="http://127.0.0.1:9")))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    env = {name: value.replace("http://127.0.0.1:8090", base) for name, value in DEMO_ENV.items()}
    zalo = ZaloChannel(
        ZaloConfig(
            app_id=env["ZALO_APP_ID"],
            app_secret=env["ZALO_APP_SECRET"],
            oa_id=env["ZALO_OA_ID"],
            oa_secret_key=env["ZALO_OA_SECRET_KEY"],
            api_base=env["ZALO_API_BASE"],
            oauth_base=env["ZALO_OAUTH_BASE"],
        ),
        MemoryTokenStore(),
        environment_tokens=(env["ZALO_ACCESS_TOKEN"], env["ZALO_REFRESH_TOKEN"]),
    )
    messenger = MessengerChannel(
        MessengerConfig(
            page_id=env["MESSENGER_PAGE_ID"],
            app_secret=env["MESSENGER_APP_SECRET"],
            verify_token=env["MESSENGER_VERIFY_TOKEN"],
            page_access_token=env["MESSENGER_PAGE_ACCESS_TOKEN"],
            graph_base=env["MESSENGER_GRAPH_BASE"],
        )
    )
    try:
        assert (await zalo.check()).ok
        assert (await messenger.check()).ok
        await do(http, base, "zalo", "expire_token")
        assert (await zalo.check()).ok, "the token is refreshed at the stand-in's own desk"
    finally:
        await zalo.aclose()
        await messenger.aclose()
        await runner.cleanup()
