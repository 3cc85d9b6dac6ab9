"""Gold questions: what a right answer must hold, read from a file and compared with an answer.

Facts are compared and never wording, so that an answer may be worded anew without a question being touched.
Pure; it judges the assistant and must never be part of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from nlu.text import fold

STYLES = ("accented", "unaccented", "teencode")
"""The lists of a gold file: how the question is typed."""

_PERCENT = re.compile(r"phan\s+tram\b")
_TOKEN = re.compile(
    r"\d{1,3}(?:\.\d{3})+(?!\d)"  # 10.491: thousands
    r"|\d+[.,]\d{1,2}(?!\d|[./-]\d)"  # 37,87 but neither 1.005097 nor 3.6.2022
    r"|\d+|%|[^\W\d_]+"
)
_YEAR = re.compile(r"(?:19|20)\d\d")
_NOT_KNOWN = re.compile(
    r" (?:"
    r"chua (?:\w+ ){0,3}"
    r"(?:thong tin|xac minh|kiem chung|xac nhan|khang dinh|cong bo|tim|thay|ro|chac|doc|nguon|van ban)"
    r"|khong (?:\w+ ){0,2}(?:thong tin|tim thay|thay|ro|chac|nguon)"
    r"|can kiem chung|minh (?:chua|khong) biet"
    r") "
)


class Decline(StrEnum):
    """Why an honest no is the right answer."""

    OUT_OF_SCOPE = "out_of_scope"
    """Not ours: must not be answered."""
    UNKNOWN = "unknown"
    """Ours, but nobody knows: declined, or an answer that says so."""


@dataclass(frozen=True, slots=True)
class GoldQuestion:
    """One question and what is right."""

    line: int
    """Where it stands in its file."""
    style: str
    text: str
    has: tuple[tuple[str, ...], ...] = ()
    """Every group must occur, by any of its alternatives."""
    never: tuple[str, ...] = ()
    """None of these may occur."""
    decline: Decline | None = None
    after: str = ""
    """What was asked just before, in the same conversation."""

    def accepts(self, text: str) -> bool:
        """Whether `text` holds the key facts and nothing that must not be there."""
        seen = key_text(text)
        return all(any(key_text(key) in seen for key in group) for group in self.has) and not any(
            key_text(key) in seen for key in self.never
        )


class GoldFileBroken(ValueError):
    """A gold file that cannot be used. The message names file and line."""

    def __init__(self, path: Path, line: int, reason: str) -> None:
        super().__init__(f"{path}:{line}: {reason}")


def key_text(text: str) -> str:
    """`text` in the form in which key facts are compared: folded words and numbers between single blanks.

    `60 phần trăm` and `60%` give ` 60 % `; `03/6/2022` and `ngày 3 tháng 6 năm 2022` give ` 3 6 2022 `;
    `10.491` gives ` 10491 `. Since every word is fenced by blanks, `60%` is not found in `160%`.
    """
    words = [_canonical(word) for word in _TOKEN.findall(_PERCENT.sub("%", fold(text)))]
    return f" {' '.join(_without_date_words(words))} "


def _canonical(word: str) -> str:
    if not word[0].isdigit():
        return word
    if "." in word and len(word.rpartition(".")[2]) == 3:
        word = word.replace(".", "")
    whole, _, fraction = word.replace(".", ",").partition(",")
    return (whole.lstrip("0") or "0") + (f",{fraction}" if fraction else "")


def _without_date_words(words: list[str]) -> Iterator[str]:
    for place, word in enumerate(words):
        following = words[place + 1] if place + 1 < len(words) else ""
        before = words[place - 1] if place else ""
        if (
            (word == "ngay" and following.isdigit())
            or (word == "thang" and following.isdigit() and before.isdigit())
            or (word == "nam" and _YEAR.fullmatch(following))
        ):
            continue
        yield word


def says_it_is_not_known(text: str) -> bool:
    """Whether an answer owns up that there is no information, or none that was verified."""
    return _NOT_KNOWN.search(key_text(text)) is not None


# --- reading ----------------------------------------------------------------------------------------


def load_gold(path: Path) -> tuple[GoldQuestion, ...]:
    """The questions of one file, style by style. Raises GoldFileBroken."""
    try:
        root = yaml.compose(path.read_text("utf-8"), Loader=yaml.SafeLoader)
    except OSError as error:
        raise GoldFileBroken(path, 1, f"không đọc được ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise GoldFileBroken(path, 1, "không phải văn bản UTF-8") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise GoldFileBroken(path, line, f"YAML chưa đúng: {error.problem}") from error
    if not isinstance(root, yaml.MappingNode):
        raise GoldFileBroken(path, 1, f"cần các danh sách {', '.join(STYLES)}")
    found: list[GoldQuestion] = []
    for key, items in root.value:
        if key.value not in STYLES or not isinstance(items, yaml.SequenceNode):
            raise GoldFileBroken(path, key.start_mark.line + 1, f"cần các danh sách {', '.join(STYLES)}")
        found += [_question(path, key.value, item) for item in items.value]
    return tuple(found)


def _question(path: Path, style: str, node: yaml.Node) -> GoldQuestion:
    line = node.start_mark.line + 1
    try:
        return _checked(line, style, yaml.constructor.SafeConstructor().construct_object(node, deep=True))
    except (ValueError, yaml.YAMLError) as error:
        raise GoldFileBroken(path, line, str(error)) from error


def _checked(line: int, style: str, item: Any) -> GoldQuestion:
    """The item as a question. Raises ValueError with what is wrong."""
    if not isinstance(item, dict) or set(item) - {"q", "has", "not", "decline", "after"}:
        raise ValueError("mỗi câu chỉ có q, has, not, decline, after")
    if not all(_is_said(item.get(name, "-")) for name in ("q", "after")) or "q" not in item:
        raise ValueError("q và after cần là chữ, không để trống")
    if ("decline" in item) == ("has" in item) or ("not" in item and "has" not in item):
        raise ValueError("cần đúng một trong hai: has (có thể kèm not), hoặc decline")
    has, never = item.get("has", [["x"]]), item.get("not", [])
    if not (isinstance(has, list) and has and all(_is_list_of_keys(group) and group for group in has)):
        raise ValueError('has cần là danh sách các nhóm, mỗi giá trị trong dấu nháy: [["60%"]]')
    if not _is_list_of_keys(never):
        raise ValueError('not cần là danh sách, mỗi giá trị trong dấu nháy: ["40%"]')
    if item.get("decline", Decline.UNKNOWN) not in list(Decline):
        raise ValueError(f"decline cần là một trong: {', '.join(Decline)}")
    return GoldQuestion(
        line=line,
        style=style,
        text=item["q"],
        has=tuple(tuple(group) for group in item.get("has", [])),
        never=tuple(never),
        decline=Decline(item["decline"]) if "decline" in item else None,
        after=item.get("after", ""),
    )


def _is_said(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_list_of_keys(value: object) -> bool:
    """Keys that compare with something: a key of punctuation alone would occur in everything."""
    return isinstance(value, list) and all(isinstance(key, str) and key_text(key).strip() for key in value)
