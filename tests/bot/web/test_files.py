"""Files in the web chat: handed to the browser they were said to, to nobody else, and never run as a page."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.web.files import MAX_BYTES
from connectors.message import ConversationId, File
from tests.bot.web.conftest import Client, Open, say
from tests.bot.web.house import FakeHouse

NAME = "Phiếu “tự đánh giá”\r\n.pdf"


def conversation_in(house: FakeHouse) -> ConversationId:
    conversation = next(iter(house.events.values())).conversation
    assert conversation is not None
    return conversation


@pytest.fixture
def paper(tmp_path: Path) -> File:
    path = tmp_path / "paper.pdf"
    path.write_bytes(b"%PDF-1.4 test")
    return File(str(path), NAME, "application/pdf")


async def test_a_file_comes_whole_with_its_name_and_is_kept_nowhere(
    client: Client, house: FakeHouse, paper: File
) -> None:
    await say(client)
    house.reply(conversation_in(house), paper)
    answer = await client.get("/chat/files/1")
    assert (answer.status, await answer.read()) == (200, b"%PDF-1.4 test")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "private, no-store"
    named = answer.headers["Content-Disposition"]
    assert named.startswith("inline; filename*=UTF-8''Phi%E1%BA%BFu")
    assert named.isascii()
    assert named.isprintable()


async def test_a_kind_a_browser_might_run_is_only_offered_to_keep(
    client: Client, house: FakeHouse, paper: File
) -> None:
    await say(client)
    house.reply(conversation_in(house), File(paper.path, "x.html", "text/html"))
    answer = await client.get("/chat/files/1")
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


async def test_another_browser_gets_nothing(
    client: Client, open_client: Open, house: FakeHouse, paper: File
) -> None:
    await say(client)
    house.reply(conversation_in(house), paper)
    stranger = await open_client()
    assert (await stranger.get("/chat/files/1")).status == 401
    await say(stranger)
    assert (await stranger.get("/chat/files/1")).status == 404


@pytest.mark.parametrize("row", ["2", "0", "-1", "x", "1.5", "99999999999999999999", "..%2f1", "%31%00"])
async def test_a_row_that_is_no_file_of_theirs_is_not_there(
    client: Client, house: FakeHouse, paper: File, row: str
) -> None:
    await say(client)
    house.reply(conversation_in(house), paper)
    house.reply(conversation_in(house), "chỉ là lời")
    assert (await client.get(f"/chat/files/{row}")).status == 404


async def test_a_file_that_is_gone_says_how_to_get_it_again(
    client: Client, house: FakeHouse, paper: File
) -> None:
    await say(client)
    house.reply(conversation_in(house), File(f"{paper.path}.gone", NAME, "application/pdf"))
    answer = await client.get("/chat/files/1")
    assert answer.status == 404
    told = await answer.json()
    assert told["error"]["code"] == "file_gone"
    assert "kết quả của tôi" in told["error"]["message"]


async def test_a_file_too_big_for_a_phone_is_not_read_into_memory(
    client: Client, house: FakeHouse, tmp_path: Path
) -> None:
    path = tmp_path / "big.pdf"
    with path.open("wb") as opened:
        opened.truncate(MAX_BYTES + 1)
    await say(client)
    house.reply(conversation_in(house), File(str(path), NAME, "application/pdf"))
    assert (await client.get("/chat/files/1")).status == 404
