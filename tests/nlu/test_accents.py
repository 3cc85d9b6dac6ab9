"""Marks come back where they were left out, and nothing else changes."""

from __future__ import annotations

import re
import unicodedata
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu.accents import AccentRestorer, marked_syllables, share_of_marks
from nlu.text import fold
from tests.shipped import shipped


def _without_marks(text: str) -> str:
    return "".join(fold(c).upper() if c.isupper() else fold(c) for c in unicodedata.normalize("NFC", text))


@pytest.fixture(scope="module")
def sentences() -> list[str]:
    content = shipped().content
    facts = [fact.statement for fact in content.facts.values()]
    answers = [part for e in content.entries.values() for part in re.split(r"(?<=[.?!]) ", e.answer)]
    return [text for text in [*facts, *answers] if share_of_marks(text) > 0.5]


@pytest.fixture(scope="module")
def restorer(sentences: list[str]) -> AccentRestorer:
    return AccentRestorer.train(sentences)


def test_most_marks_come_back_on_sentences_never_seen(sentences: list[str]) -> None:
    taught = AccentRestorer.train(text for place, text in enumerate(sentences) if place % 10)
    right = half = total = 0
    for text in sentences[::10]:
        meant = marked_syllables(text)
        words = text.split(" ")
        half_marked = " ".join(
            _without_marks(word) if place % 2 else word for place, word in enumerate(words)
        )
        right += sum(
            one == other
            for one, other in zip(meant, marked_syllables(taught.restore(_without_marks(text))), strict=True)
        )
        half += sum(
            one == other
            for one, other in zip(meant, marked_syllables(taught.restore(half_marked)), strict=True)
        )
        total += len(meant)
    assert total > 500
    assert right / total > 0.94
    assert half / total > 0.96


def test_a_text_that_carries_its_marks_is_hardly_touched(sentences: list[str]) -> None:
    taught = AccentRestorer.train(text for place, text in enumerate(sentences) if place % 10)
    changed = total = 0
    for text in sentences[::10]:
        pairs = zip(marked_syllables(text), marked_syllables(taught.restore(text)), strict=True)
        changed += sum(one != other for one, other in pairs)
        total += len(text.split())
    assert changed / total < 0.003


def test_marks_that_were_typed_are_kept(restorer: AccentRestorer) -> None:
    assert restorer.restore("cong dân hoc tâp suot doi") == "công dân học tập suốt đời"
    assert restorer.restore("hôi khuyen hôc la gi") == "hội khuyến hôc là gì"  # a circumflex rules out `học`


def test_capitals_codes_numbers_and_strangers_stay(restorer: AccentRestorer) -> None:
    restored = restorer.restore("Cong dan hoc tap theo 324/QD-KHVN nam 2030, email hoc@tap.vn, KL49 wifi")
    assert restored.startswith("Công dân học tập theo 324/QD-KHVN năm 2030, email hoc@tap.vn, KL49 wifi")


def test_both_places_for_the_tone_are_one_spelling() -> None:
    assert marked_syllables("Hoà Bình thuỷ quý") == marked_syllables("Hòa Bình thủy quý")
    assert marked_syllables(unicodedata.normalize("NFD", "khuyến học")) == ("khuyến", "học")


def test_doubt_is_admitted(restorer: AccentRestorer) -> None:
    assert restorer.restoration("cong dan hoc tap").sureness == 1.0
    assert restorer.restoration("zwiebel brot kaufen").sureness == 0.0
    assert AccentRestorer().restoration("cong dan hoc tap").text == "cong dan hoc tap"


def test_unmarked_texts_teach_nothing() -> None:
    restorer = AccentRestorer.train(["học tập suốt đời"] * 2 + ["hoc tap suot doi"] * 50)
    assert restorer.restore("hoc tap suot doi") == "học tập suốt đời"


def test_what_is_learnt_later_is_known(restorer: AccentRestorer) -> None:
    later = AccentRestorer.train(["học tập suốt đời"])
    assert later.restore("tho cam Yen Chau") == "tho cam Yen Chau"
    later.learn(["thổ cẩm Yên Châu", "dệt thổ cẩm ở Yên Châu"])
    assert later.restore("tho cam Yen Chau") == "thổ cẩm Yên Châu"


_WORDS = [
    "cong",
    "dân",
    "hoc",
    "tâp",
    "khuyen",
    "học",
    "324/QĐ-TTg",
    "2030",
    "xa",
    "ĐANG",
    "Hoà",
    "đuoc",
    ",",
    "\n",
]
_SOME_VIETNAMESE = st.lists(
    st.sampled_from(_WORDS),
    max_size=12,
).map(" ".join)


@given(st.one_of(st.text(max_size=60), _SOME_VIETNAMESE))
def test_restoring_changes_nothing_but_marks(restorer: AccentRestorer, text: str) -> None:
    once = restorer.restore(text)
    assert fold(once) == fold(text)
    assert [c for c in once if c.isdigit()] == [c for c in unicodedata.normalize("NFC", text) if c.isdigit()]
    twice = restorer.restore(once)
    assert fold(twice) == fold(once)
    # Marks put back once may help others on a second look, but none is ever taken away again.
    assert share_of_marks(twice) >= share_of_marks(once) >= share_of_marks(text)


def test_a_very_long_text_is_answered_at_once(restorer: AccentRestorer) -> None:
    text = " ".join(islice(iter(["hoc tap cong dan"] * 20_000), 20_000))
    assert fold(restorer.restore(text)) == text
