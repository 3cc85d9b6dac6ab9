"""`khuyenhoc ask --jsonl`: one line out for each line in, whatever comes in."""

from __future__ import annotations

import io
import json

from bot.ask import ask_lines
from bot.dialogue.assistant import Assistant
from bot.dialogue.texts import Texts
from tests.interpreter import interpreter
from tests.shipped import knowledge


async def test_bad_lines_give_an_error_and_the_rest_go_on() -> None:
    source = [
        '\ufeff{"id": 1, "q": "quyet dinh 1373 la gi"}',
        "not json",
        "",
        '{"id": 2}',
        '{"id": NaN, "q": "chào"}',
        '{"id": 1e400, "q": "chào"}',
        '{"id": "\\ud800", "q": "ch\\ud800ào"}',
        "[" * 100_000,
        '{"id": "last", "q": "gap nguoi that"}',
    ]
    target = io.StringIO()
    assistant = Assistant(interpreter(), knowledge(), Texts())
    await ask_lines(assistant, source, target)
    lines = target.getvalue().splitlines()
    for line in lines:
        line.encode()
    records = [json.loads(line) for line in lines]
    assert [r["id"] for r in records] == [1, None, None, None, None, "\ud800", None, "last"]
    assert records[0]["outcome"] == "answered"
    assert "1373/QĐ-TTg" in records[0]["answer"]
    assert records[0]["citations"][0]["document"] == "1373/QĐ-TTg"
    assert records[-1]["outcome"] == "handoff"
    assert all("error" in r for r in records if r["id"] is None)
