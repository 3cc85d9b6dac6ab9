"""What a person reads on Zalo: nothing lost, nothing too long, the same in words as with buttons."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.message import Card, File, Link, Option, Part, PublicReply, Source, Text
from connectors.splitting import utf16_length
from connectors.zalo.config import ZaloConfig
from connectors.zalo.render import fit, has_rich_form, to_message, written

CONFIG = ZaloConfig("1", "s", "2", "k")
SMALL = ZaloConfig("1", "s", "2", "k", text_limit=160)
YES_NO = (Option("Có", "yes"), Option("Không", "no"))


def button_payload(message: dict[str, Any]) -> dict[str, Any]:
    payload = message["attachment"]["payload"]
    assert isinstance(payload, dict)
    return payload


def test_an_answer_ends_with_its_sources_and_links() -> None:
    part = Text(
        "Mục tiêu đến năm 2030 là 40%.",
        sources=(
            Source("Quyết định 677/QĐ-TTg ngày 03/6/2022", "mục tiêu đến 2030", "https://vb.example/677"),
        ),
        links=(Link("Trang của Hội", "https://hoi.example"),),
    )

    assert to_message(part, CONFIG, buttons=False) == {
        "text": "Mục tiêu đến năm 2030 là 40%.\n\n"
        "Nguồn: Quyết định 677/QĐ-TTg ngày 03/6/2022, mục tiêu đến 2030 – https://vb.example/677\n"
        "Trang của Hội: https://hoi.example"
    }


def test_options_in_words_are_numbered() -> None:
    assert written(Text("Bạn bắt đầu nhé?", YES_NO)) == (
        "Bạn bắt đầu nhé?\n\n1. Có\n2. Không\nBạn gõ số từ 1 đến 2 để chọn nhé."
    )


def test_options_beside_a_score_are_never_numbered() -> None:
    text = written(Text("Bạn tự chấm từ 0 đến 10.", (Option("Bỏ qua", "skip"),), numbered=False))

    assert text == (
        "Bạn tự chấm từ 0 đến 10.\n\n• Bỏ qua\nBạn gõ đúng chữ của mục muốn chọn nhé, ví dụ: Bỏ qua"
    )


def test_options_as_buttons_come_back_as_their_payload() -> None:
    part = Text("Bạn bắt đầu nhé?", YES_NO, links=(Link("Hướng dẫn", "https://hoi.example/hd"),))

    assert to_message(part, CONFIG, buttons=True) == {
        "attachment": {
            "type": "template",
            "payload": {
                "template_type": "button",
                "text": "Bạn bắt đầu nhé?",
                "buttons": [
                    {"title": "Có", "type": "oa.query.hide", "payload": "yes"},
                    {"title": "Không", "type": "oa.query.hide", "payload": "no"},
                    {
                        "title": "Hướng dẫn",
                        "type": "oa.open.url",
                        "payload": {"url": "https://hoi.example/hd"},
                    },
                ],
            },
        }
    }


def test_a_link_without_room_for_a_button_is_written_out() -> None:
    five = tuple(Option(f"Mục {n}", str(n)) for n in range(5))
    part = Text("Chọn:", five, links=(Link("Trang", "https://hoi.example"),))

    payload = button_payload(to_message(part, CONFIG, buttons=True))

    assert payload["text"] == "Chọn:\n\nTrang: https://hoi.example"
    assert len(payload["buttons"]) == 5


@pytest.mark.parametrize(
    "part",
    [
        Text("Chọn:"),
        Text("Chọn:", tuple(Option(f"Mục {n}", str(n)) for n in range(6))),
        Text("Chọn:", (Option("nhãn dài quá ba mươi lăm ký tự thì không vừa", "a"),)),
        Text("Chọn:", (Option("Có", "p" * 1001),)),
        Text("Chọn:", (Option("Có", ""),)),
        Text("", YES_NO),
        Card("Tiêu đề", image_url="http://khong-an-toan.example/a.jpg"),
    ],
)
def test_what_does_not_fit_buttons_is_written(part: Part) -> None:
    assert not has_rich_form(part, CONFIG)


def test_a_card_is_a_picture_message() -> None:
    (card,) = fit(Card("Tháng Khuyến học", "Từ 01/9 đến 02/10", "https://hoi.example/a.jpg"), CONFIG)

    assert isinstance(card, Card)
    assert to_message(card, CONFIG, buttons=True) == {
        "text": "Tháng Khuyến học\nTừ 01/9 đến 02/10",
        "attachment": {
            "type": "template",
            "payload": {
                "template_type": "media",
                "elements": [{"media_type": "image", "url": "https://hoi.example/a.jpg"}],
            },
        },
    }
    assert to_message(card, CONFIG, buttons=False) == {"text": "Tháng Khuyến học\nTừ 01/9 đến 02/10"}


def test_a_card_with_options_becomes_a_picture_and_a_text() -> None:
    pieces = fit(Card("Tiêu đề", "Dòng dưới", "https://hoi.example/a.jpg", YES_NO), CONFIG)

    assert pieces == (Card("Tiêu đề", image_url="https://hoi.example/a.jpg"), Text("Dòng dưới", YES_NO))


def test_a_card_without_a_picture_is_a_text() -> None:
    assert fit(Card("Tiêu đề", "Dòng dưới", options=YES_NO), CONFIG) == (Text("Tiêu đề\nDòng dưới", YES_NO),)


def test_the_caption_of_a_document_goes_before_it_and_stays_with_a_picture() -> None:
    document = File("/a", "kq.pdf", "application/pdf", "Kết quả của bạn")
    picture = File("/a", "kq.png", "image/png", "Kết quả của bạn")

    assert fit(document, CONFIG) == (Text("Kết quả của bạn"), File("/a", "kq.pdf", "application/pdf"))
    assert fit(picture, CONFIG) == (picture,)


def test_a_public_reply_is_not_shown_to_one_person() -> None:
    assert fit(PublicReply("Cảm ơn bạn"), CONFIG) == ()


def test_nothing_to_say_is_no_message() -> None:
    assert fit(Text(" \n"), CONFIG) == ()


def test_text_is_composed_before_it_is_counted() -> None:
    assert fit(Text("e\u0302\u0301" * 2000), CONFIG) == (Text("ế" * 2000),)


lines = st.text(st.sampled_from("ab ếđ.!?\n👍🇻") | st.characters(), max_size=90)
addresses = st.from_regex(r"https://[a-z]{3,20}\.example/[a-z0-9]{0,30}", fullmatch=True)
options = st.lists(st.builds(Option, lines, lines), max_size=7).map(tuple)
texts = st.builds(
    Text,
    st.lists(lines, max_size=12).map(" ".join),
    options,
    st.booleans(),
    st.lists(st.builds(Source, lines, lines, addresses), max_size=4).map(tuple),
    st.lists(st.builds(Link, lines, addresses), max_size=4).map(tuple),
)
cards = st.builds(
    Card,
    lines,
    lines,
    st.just("") | addresses,
    options,
    st.lists(st.builds(Link, lines, addresses)).map(tuple),
)


def letters(text: str) -> str:
    """Everything but white space: what must survive cutting."""
    return "".join(text.split())


@given(texts | cards)
def test_every_form_of_every_piece_is_within_the_limits(part: Text | Card) -> None:
    for piece in fit(part, SMALL):
        assert isinstance(piece, Text | Card)
        for buttons in (False, has_rich_form(piece, SMALL)):
            message = to_message(piece, SMALL, buttons=buttons)
            assert utf16_length(str(message.get("text", ""))) <= SMALL.text_limit
            json.dumps(message).encode()
        if has_rich_form(piece, SMALL) and isinstance(piece, Text):
            payload = button_payload(message)
            assert 0 < utf16_length(payload["text"]) <= SMALL.text_limit
            assert 0 < len(payload["buttons"]) <= 5
            assert all(0 < utf16_length(button["title"]) <= 35 for button in payload["buttons"])


@given(texts)
def test_cutting_loses_no_word_of_text_sources_links_and_options(part: Text) -> None:
    pieces = fit(part, SMALL)

    whole = fit(part, ZaloConfig("1", "s", "2", "k"))
    seen = "".join(letters(written(piece)) for piece in pieces if isinstance(piece, Text))
    assert seen == "".join(letters(written(piece)) for piece in whole if isinstance(piece, Text))


@given(st.lists(lines, max_size=12).map(" ".join))
def test_options_stay_together_on_the_last_piece(text: str) -> None:
    pieces = fit(Text(text, YES_NO, sources=(Source("Quyết định 677/QĐ-TTg"),)), SMALL)

    assert [piece.options for piece in pieces if isinstance(piece, Text)] == [()] * (len(pieces) - 1) + [
        YES_NO
    ]


def test_a_list_too_long_for_one_message_is_written_over_several() -> None:
    many = tuple(Option(f"Lựa chọn số {n} với một nhãn khá dài", str(n)) for n in range(1, 30))

    pieces = fit(Text("Bạn chọn nhé.", many), SMALL)

    said = "\n".join(written(piece) for piece in pieces if isinstance(piece, Text))
    assert len(pieces) > 2
    assert all(f"{n}. {option.label}" in said.replace("\n", " ") for n, option in enumerate(many, 1))
