"""Rendering must respect every limit of platforms B6 and drop nothing a person must read."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.message import Card, File, Link, Option, Source, Text
from connectors.messenger.render import fit, to_message
from connectors.splitting import is_grapheme_boundary, utf16_length

words = st.sampled_from(
    [
        "Học tập suốt đời.",
        "Bạn",
        "ơi!",
        "\n",
        "👨‍👩‍👧‍👦",
        "🇻🇳",
        "👋🏽",
        "e\u0302\u0301",
        "https://a.example/b?c=1",
    ]
)
prose = st.lists(words, max_size=12).map(" ".join)
long_prose = st.tuples(prose, st.integers(1, 60)).map(lambda pair: pair[0] * pair[1])
label = st.one_of(st.sampled_from(["Có", "Tự đánh giá", "Mức độ rất đồng ý với nội dung này"]), prose)
options = st.lists(st.builds(Option, label, st.sampled_from(["A", "B" * 1000, "C" * 1001, ""])), max_size=16)
url = st.sampled_from(["https://a.example", "http://b.example/x?y=1#z", "tel:113", "https://có dấu.example"])
links = st.lists(st.builds(Link, label, url), max_size=5)
sources = st.lists(st.builds(Source, label, label, st.sampled_from(["", "https://s.example/1"])), max_size=3)
texts = st.builds(Text, long_prose, options.map(tuple), st.booleans(), sources.map(tuple), links.map(tuple))
cards = st.builds(Card, prose, prose, url, options.map(tuple), links.map(tuple))


def bare(text: str) -> str:
    return "".join(unicodedata.normalize("NFC", text).split())


def check_limits(message: dict[str, Any]) -> None:
    assert message["metadata"] == "kh:s-1"
    assert ("text" in message) != ("attachment" in message)
    if "text" in message:
        assert 0 < utf16_length(message["text"]) <= 1990
        replies = message.get("quick_replies", [])
        assert len(replies) <= 13
        buttons: list[dict[str, str]] = []
    else:
        payload = message["attachment"]["payload"]
        replies = []
        element = payload["elements"][0] if payload["template_type"] == "generic" else payload
        buttons = element.get("buttons", [])
        if payload["template_type"] == "button":
            assert 0 < utf16_length(payload["text"]) <= 640
            assert 1 <= len(buttons) <= 3
        else:
            assert 0 < utf16_length(element["title"]) <= 80
            assert utf16_length(element.get("subtitle", "")) <= 80
            assert len(element) > 1
            assert len(buttons) <= 3
    for pressed in [*replies, *buttons]:
        assert 0 < utf16_length(pressed["title"]) <= 20
        assert 0 < len(pressed.get("payload", "x")) <= 1000
        assert pressed.get("url", "https://").startswith(("https://", "http://"))


@settings(deadline=None)
@given(st.one_of(texts, cards))
def test_every_fitted_part_is_one_message_within_the_limits(part: Text | Card) -> None:
    for fitted in fit(part):
        assert isinstance(fitted, Text | Card)
        check_limits(to_message(fitted, "s-1"))


@settings(deadline=None)
@given(texts)
def test_a_split_text_loses_no_words(part: Text) -> None:
    fitted = [p for p in fit(part) if isinstance(p, Text)]
    everything = bare("".join(p.text for p in fitted))
    buttons = bare("".join(link.label + link.url for p in fitted for link in p.links))
    titles = [bare(option.label) for p in fitted for option in p.options]

    assert everything.startswith(bare(part.text))
    for source in part.sources:
        assert bare(source.title) in everything
        assert bare(source.locator) in everything
        assert source.url in everything
    for link in part.links:
        assert bare(link.label) in everything + buttons
        assert bare(link.url) in everything + buttons
    for option in part.options:
        assert bare(option.label) in everything or bare(option.label) in titles


@settings(deadline=None)
@given(st.one_of(texts, cards))
def test_fitting_what_is_fitted_changes_nothing(part: Text | Card) -> None:
    once = fit(part)

    assert tuple(again for fitted in once for again in fit(fitted)) == once


@settings(deadline=None)
@given(texts)
def test_no_piece_ends_inside_a_character(part: Text) -> None:
    for before, after in zip(fit(part), fit(part)[1:], strict=False):
        assert isinstance(before, Text)
        assert isinstance(after, Text)
        assert is_grapheme_boundary(before.text + after.text, len(before.text))


def test_short_options_are_quick_replies_below_the_text() -> None:
    part = Text("Bạn muốn làm gì?", options=(Option("Tự đánh giá", "assess"), Option("Gặp cán bộ", "person")))

    assert [to_message(p, "7") for p in fit(part) if isinstance(p, Text)] == [
        {
            "text": "Bạn muốn làm gì?",
            "quick_replies": [
                {"content_type": "text", "title": "Tự đánh giá", "payload": "assess"},
                {"content_type": "text", "title": "Gặp cán bộ", "payload": "person"},
            ],
            "metadata": "kh:7",
        }
    ]


LONG = (
    Option("Công dân học tập là gì, gồm những tiêu chí nào?", "q1"),
    Option("Tự đánh giá như thế nào?", "q2"),
)


def test_long_labels_are_written_out_and_pressed_by_number() -> None:
    assert fit(Text("Bạn hỏi về:", options=LONG)) == (
        Text(
            "Bạn hỏi về:\n\n1. Công dân học tập là gì, gồm những tiêu chí nào?\n2. Tự đánh giá như thế nào?",
            options=(Option("1", "q1"), Option("2", "q2")),
        ),
    )


def test_where_a_typed_number_has_a_meaning_long_labels_are_never_numbered() -> None:
    (fitted,) = fit(Text("Bạn chọn nhé:", options=LONG, numbered=False))

    assert isinstance(fitted, Text)
    assert "• Công dân học tập là gì, gồm những tiêu chí nào?" in fitted.text
    assert [option.label for option in fitted.options] == ["Công dân học tập là…", "Tự đánh giá như thế…"]


def test_shortened_titles_stay_different() -> None:
    labels = [
        "Rất đồng ý với nội dung thứ nhất",
        "Rất đồng ý với nội dung thứ hai",
        "Rất đồng ý với nội dung thứ hai.",
    ]
    part = Text("Chọn:", options=tuple(Option(text, text) for text in labels), numbered=False)

    (fitted,) = fit(part)

    assert isinstance(fitted, Text)
    titles = [option.label for option in fitted.options]
    assert len(set(titles)) == 3
    assert not any(title.isdigit() for title in titles)


def test_more_options_than_fit_are_all_written_out() -> None:
    part = Text("Chọn:", options=tuple(Option(f"Mục {n}", f"p{n}") for n in range(1, 16)))

    (fitted,) = fit(part)

    assert isinstance(fitted, Text)
    assert "15. Mục 15" in fitted.text
    assert [option.label for option in fitted.options] == [str(n) for n in range(1, 14)]


def test_sources_stand_below_the_answer() -> None:
    source = Source("Quyết định 677/QĐ-TTg ngày 03/6/2022", "mục tiêu đến 2030", "https://vb.example/677")

    assert fit(Text("Có.", sources=(source, source))) == (
        Text(
            "Có.\n\nNguồn: Quyết định 677/QĐ-TTg ngày 03/6/2022, mục tiêu đến 2030 – https://vb.example/677"
        ),
    )


def test_links_become_buttons_when_they_fit_and_lines_when_not() -> None:
    link = Link("Xem văn bản", "https://vb.example/677")

    (short,) = fit(Text("Bạn xem ở đây nhé.", links=(link,)))
    (with_options,) = fit(Text("Bạn xem ở đây nhé.", links=(link,), options=(Option("Cảm ơn", "ok"),)))

    assert isinstance(short, Text)
    assert isinstance(with_options, Text)
    assert to_message(short, "1")["attachment"] == {
        "type": "template",
        "payload": {
            "template_type": "button",
            "text": "Bạn xem ở đây nhé.",
            "buttons": [{"type": "web_url", "title": "Xem văn bản", "url": "https://vb.example/677"}],
        },
    }
    assert with_options.text == "Bạn xem ở đây nhé.\n\nXem văn bản: https://vb.example/677"


def test_what_a_card_cannot_show_follows_as_text() -> None:
    title = "Tháng Khuyến học năm nay diễn ra trên toàn quốc với rất nhiều hoạt động dành cho mọi người"
    card = Card(
        title, "Từ 1/9", "https://i.example/a.jpg", options=tuple(Option(f"Mục {n}", "p") for n in range(4))
    )

    picture, text = fit(card)

    assert isinstance(picture, Card)
    assert isinstance(text, Text)
    assert picture.title.endswith("…")
    assert picture.options == ()
    assert text.text.startswith(title)
    assert len(text.options) == 4


def test_a_card_with_little_on_it_is_one_message() -> None:
    card = Card(
        "Thẻ",
        "Dòng phụ",
        "https://i.example/a.jpg",
        (Option("Chọn", "p"),),
        (Link("Xem", "https://x.example"),),
    )

    assert fit(card) == (card,)
    assert to_message(card, "1") == {
        "attachment": {
            "type": "template",
            "payload": {
                "template_type": "generic",
                "elements": [
                    {
                        "title": "Thẻ",
                        "subtitle": "Dòng phụ",
                        "image_url": "https://i.example/a.jpg",
                        "buttons": [
                            {"type": "postback", "title": "Chọn", "payload": "p"},
                            {"type": "web_url", "title": "Xem", "url": "https://x.example"},
                        ],
                    }
                ],
            },
        },
        "metadata": "kh:1",
    }


def test_a_bare_title_is_a_text_not_a_card() -> None:
    assert fit(Card("Chỉ có tên")) == (Text("Chỉ có tên"),)


def test_a_files_caption_goes_ahead_of_it() -> None:
    file = File("/du/lieu/a.pdf", "a.pdf", "application/pdf", "Phiếu của bạn đây.")

    caption, attached = fit(file)

    assert caption == Text("Phiếu của bạn đây.")
    assert isinstance(attached, File)
    assert to_message(attached, "1", attachment_id="77")["attachment"] == {
        "type": "file",
        "payload": {"attachment_id": "77"},
    }
    with pytest.raises(ValueError, match="upload"):
        to_message(attached, "1")


def test_nothing_to_say_is_no_message() -> None:
    assert fit(Text(" ")) == ()
    assert fit(Card("")) == ()
