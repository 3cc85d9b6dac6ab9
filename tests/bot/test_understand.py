"""`khuyenhoc nlu`: a record for each line, and the engine that was asked for or none."""

from __future__ import annotations

import io
import json

import pytest

from bot.settings import Settings
from bot.understand import RasaUnusable, interpret_lines, interpret_one, make_reader, opened_backend
from nlu.embedded import open_embedded
from nlu.training import load_training_data
from tests.interpreter import interpreter


async def test_every_line_gives_one_record_in_order_and_a_bad_one_says_what_is_wrong() -> None:
    target = io.StringIO()
    lines = [
        '{"id": 7, "q": "cho toi gap can bo"}',
        "",
        "nonsense",
        '{"id": "x", "q": "QĐ 1373/QĐ-TTg nói gì"}',
    ]
    assert await interpret_lines(interpreter(), lines, target) == 0
    first, bad, last = map(json.loads, target.getvalue().splitlines())
    assert (first["id"], first["intent"], first["is_sure"]) == (7, "human_request", True)
    assert bad["id"] is None
    assert "line 3" in bad["error"]
    assert last["id"] == "x"
    assert last["entities"][0]["value"] == "1373/QĐ-TTg"
    assert set(last) == {
        "id", "intent", "confidence", "text", "folded", "restored", "is_sure", "alternatives", "entities"
    }  # fmt: skip


async def test_marks_are_put_back_by_what_ships_with_the_program() -> None:
    data = load_training_data()
    shipped = open_embedded(None, make_reader(data), data)
    first, second, *_ = await interpret_one(shipped, "tu danh gia cong dan hoc tap")
    assert first.startswith("start_assessment")
    assert second.endswith("tự đánh giá công dân học tập")


async def test_who_asks_for_rasa_is_never_answered_by_another(unused_tcp_port: int) -> None:
    settings = Settings(_env_file=None, rasa_url=f"http://127.0.0.1:{unused_tcp_port}")
    with pytest.raises(RasaUnusable, match="không dùng được"):
        async with opened_backend(settings, "rasa"):
            pytest.fail("there is no server")
