"""Which comments reach the house, and how little may be said in return."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.message import (
    Card,
    EventKind,
    File,
    Link,
    Option,
    Part,
    PublicReply,
    Source,
    Text,
    encode_event,
)
from connectors.messenger.comments import MORE_IN_PRIVATE, comment_id_of, comment_user, fit_comment_reply
from connectors.messenger.render import fit_message
from connectors.splitting import utf16_length
from tests.connectors.messenger.deliveries import CONFIG, PAGE, comment, page, take


def test_a_top_level_comment_is_a_conversation_of_its_own() -> None:
    (event,) = take(page(comment(), name="changes"))

    assert event.kind is EventKind.COMMENT
    assert event.user == "comment:900_901"
    assert event.key == "comment:900_901"
    assert event.text == "Đăng ký ở đâu?"
    assert event.detail == {"post_id": f"{PAGE}_900"}
    assert event.sent_at == datetime.fromtimestamp(1767225699, UTC)


def test_the_commenters_name_and_id_are_not_kept() -> None:
    (event,) = take(page(comment(), name="changes"))

    assert "Lan" not in encode_event(event)
    assert "31337" not in encode_event(event)


@pytest.mark.parametrize(
    "change",
    [
        {"from": {"id": PAGE}},
        {"from": {"id": int(PAGE)}},
        {"from": None},
        {"parent_id": "900_899"},
        {"parent_id": None},
        {"post_id": None, "parent_id": None},
        {"verb": "edited"},
        {"verb": "remove"},
        {"verb": "hide"},
        {"item": "reaction"},
        {"item": "post"},
        {"message": None},
        {"message": "  "},
        {"comment_id": None},
    ],
)
def test_own_comments_replies_changes_and_wordless_ones_are_left_out(change: dict[str, object]) -> None:
    assert take(page(comment(**change), name="changes")) == ()


def test_comments_are_left_out_unless_they_are_turned_on() -> None:
    assert take(page(comment(), name="changes"), replace(CONFIG, comments_enabled=False)) == ()


def test_the_comments_id_survives_the_way_through_the_house() -> None:
    assert comment_id_of(comment_user("900_901")) == "900_901"
    assert comment_id_of("7654321098765432") == ""


def test_a_whole_turn_becomes_one_public_reply_and_one_private_message() -> None:
    parts = (
        PublicReply("Trang đã nhắn riêng cho bạn nhé."),
        Text("Có.", sources=(Source("Quyết định 677/QĐ-TTg"),)),
        PublicReply("Lần nữa"),
        Card("Tự đánh giá", "Mười câu hỏi"),
        Text("Bạn muốn biết thêm?", options=(Option("Có", "yes"),)),
    )

    public, private = fit_comment_reply(parts)

    assert public == PublicReply("Trang đã nhắn riêng cho bạn nhé.")
    assert isinstance(private, Text)
    assert private.text == (
        "Có.\n\nTự đánh giá\nMười câu hỏi\n\nBạn muốn biết thêm?\n\nNguồn: Quyết định 677/QĐ-TTg"
    )
    assert private.options == (Option("Có", "yes"),)


def test_a_long_private_reply_keeps_its_sources_and_says_that_more_is_to_be_had() -> None:
    long = Text(
        "Đây là một câu khá dài để thử. " * 200,
        sources=(Source("Quyết định 677/QĐ-TTg"),),
        options=(Option("Tự đánh giá", "assess"),),
    )

    (private,) = fit_comment_reply((long,))

    assert isinstance(private, Text)
    assert MORE_IN_PRIVATE in private.text
    assert "Nguồn: Quyết định 677/QĐ-TTg" in private.text
    assert private.options == (Option("Tự đánh giá", "assess"),)
    assert 1700 < utf16_length(private.text) <= 1990


def test_a_file_is_offered_instead_of_sent() -> None:
    (private,) = fit_comment_reply((File("/x/phieu.pdf", "phieu.pdf", "application/pdf", "Đây là phiếu."),))

    assert private == Text("Đây là phiếu.\nBạn nhắn cho Trang để nhận tệp phieu.pdf nhé.")


prose = st.tuples(
    st.sampled_from(["Một câu ngắn. ", "👨‍👩‍👧‍👦", "dài" * 30, "a\n"]), st.integers(0, 300)
).map(lambda pair: pair[0] * pair[1])
label = st.sampled_from(["Có", "Một nhãn rất dài và dài hơn hai mươi", "x" * 700])
text = st.builds(
    Text,
    prose,
    st.lists(st.builds(Option, label, st.just("p")), max_size=14).map(tuple),
    st.booleans(),
    st.lists(st.builds(Source, label), max_size=3).map(tuple),
    st.lists(st.builds(Link, label, st.just("https://a.example")), max_size=4).map(tuple),
)


@given(st.lists(st.one_of(text, st.builds(PublicReply, prose), st.builds(Card, prose)), max_size=4))
def test_an_answer_to_a_comment_is_never_more_than_one_message_of_each_kind(parts: list[Part]) -> None:
    fitted = fit_comment_reply(parts)

    assert [type(part) for part in fitted] in ([], [Text], [PublicReply], [PublicReply, Text])
    for part in fitted:
        assert isinstance(part, Text | PublicReply)
        assert 0 < utf16_length(part.text) <= 1990
        if isinstance(part, Text):
            assert len(fit_message(part)) == 1
    assert fit_comment_reply(fitted) == fitted
