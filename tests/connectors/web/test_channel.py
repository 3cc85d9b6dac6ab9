"""The web chat's door: replies shaped, hints given, nothing lost and nothing dangerous let through."""

from __future__ import annotations

import pytest

from connectors.channel import Channel, Outgoing, Receipt
from connectors.message import Card, File, Link, Option, PublicReply, Source, Text
from connectors.web import WebChannel, show_part


async def _ignore(user: str, kind: str) -> None:
    """A nudge nobody hears."""


def test_every_option_stays_a_button() -> None:
    text = Text("Chọn nhé", options=tuple(Option(f"Lựa chọn rất dài thứ {n}", f"p{n}") for n in range(40)))
    assert WebChannel(_ignore).fit(text) == (text,)


def test_a_very_long_text_is_cut_at_sentences_and_keeps_what_belongs_to_it() -> None:
    channel: Channel = WebChannel(_ignore)
    sentence = "Một câu có dấu tiếng Việt đầy đủ. "
    text = Text(sentence * 300, options=(Option("A", "a"),), sources=(Source("Nguồn"),))
    pieces = channel.fit(text)
    assert [piece.type for piece in pieces] == ["text"] * 3
    assert all(isinstance(piece, Text) and len(piece.text) <= 4000 for piece in pieces)
    assert " ".join(piece.text for piece in pieces if isinstance(piece, Text)) == text.text.strip()
    assert isinstance(pieces[-1], Text)
    assert (pieces[-1].options, pieces[-1].sources) == (text.options, text.sources)
    assert all(not piece.options for piece in pieces[:-1] if isinstance(piece, Text))


async def test_a_send_wakes_the_page() -> None:
    told: list[tuple[str, str]] = []

    async def nudge(user: str, kind: str) -> None:
        told.append((user, kind))

    channel = WebChannel(nudge)
    await channel.show_typing("u1")
    assert await channel.send(Outgoing("u1", Text("chào"), "stamp")) == Receipt()
    assert told == [("u1", "typing"), ("u1", "message")]


async def test_a_lost_hint_fails_no_send() -> None:
    async def nudge(user: str, kind: str) -> None:
        raise ConnectionError("no Redis")

    channel = WebChannel(nudge)
    assert await channel.send(Outgoing("u1", Text("chào"), "stamp")) == Receipt()
    await channel.show_typing("u1")
    assert (await channel.check()).ok


def test_paragraphs_and_lists_are_told_apart() -> None:
    shown = show_part(Text("Có 3 nhóm:\n- Tự học\n• Dùng công cụ\n\nMỗi chỉ số 10 điểm.\nTổng 100 điểm."))
    assert shown["blocks"] == [
        {"type": "paragraph", "text": "Có 3 nhóm:"},
        {"type": "list", "items": ["Tự học", "Dùng công cụ"]},
        {"type": "paragraph", "text": "Mỗi chỉ số 10 điểm.\nTổng 100 điểm."},
    ]


def test_a_minus_sign_makes_no_list() -> None:
    assert show_part(Text("-5 độ"))["blocks"] == [{"type": "paragraph", "text": "-5 độ"}]


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//evil", "http://", "http://[", ""]
)
def test_only_web_addresses_become_links(url: str) -> None:
    part = Text(
        "x", links=(Link("mở", url), Link("tốt", "https://a.vn")), sources=(Source("QĐ", "Điều 3", url),)
    )
    shown = show_part(part)
    assert shown["links"] == [{"label": "tốt", "url": "https://a.vn"}]
    assert shown["sources"] == [{"title": "QĐ", "locator": "Điều 3", "url": ""}]
    assert "image" not in str(show_part(Card("t", image_url=url)))


def test_a_file_shows_its_name_and_never_its_place() -> None:
    shown = show_part(
        File("/data/x.pdf", "phiếu.pdf", "application/pdf", "Của bạn"), file_url="/chat/files/7"
    )
    assert shown == {
        "blocks": [{"type": "paragraph", "text": "Của bạn"}],
        "file": {"name": "phiếu.pdf", "url": "/chat/files/7"},
    }


@pytest.mark.parametrize(("media_type", "shown"), [("image/png", True), ("image/svg+xml", False)])
def test_only_a_picture_without_scripts_is_shown_as_one(media_type: str, shown: bool) -> None:
    drawn = show_part(File("/data/x", "x", media_type), file_url="/chat/files/7")["file"]
    assert isinstance(drawn, dict)
    assert drawn.get("picture", False) is shown


def test_a_public_reply_is_shown_as_text() -> None:
    assert WebChannel(_ignore).fit(PublicReply("cảm ơn")) == (Text("cảm ơn"),)
