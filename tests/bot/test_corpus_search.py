"""`khuyenhoc search`: lines in, lines out, in order, whatever stands in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bot.cli import main

pytestmark = pytest.mark.service

CORPUS = [
    {"id": 1, "text": "Học bổng dành cho học sinh nghèo vượt khó."},
    {"id": "1", "text": "Công dân học tập là người tự học suốt đời."},
    {"id": "điều-3", "text": "Hội viên đóng hội phí mỗi năm."},
    {"id": "empty", "text": ""},
    {"id": [4], "text": "Hội viên đóng hội phí mỗi năm."},
]


@pytest.fixture(autouse=True)
def _in_a_clean_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EMBEDDER", raising=False)


def _write(path: Path, lines: list[Any]) -> str:
    text = "".join(
        (line if isinstance(line, str) else json.dumps(line, ensure_ascii=False)) + "\n" for line in lines
    )
    path.write_text(text, encoding="utf-8")
    return str(path)


def _search(folder: Path, queries: list[Any], *more: str, corpus: list[Any] | None = None) -> Result:
    given = _write(folder / "corpus.jsonl", CORPUS if corpus is None else corpus)
    asked = _write(folder / "queries.jsonl", queries)
    return CliRunner().invoke(main, ["search", "--corpus", given, "--queries", asked, *more])


def _records(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_each_question_gives_a_line_in_order_and_bad_lines_do_no_harm(tmp_path: Path) -> None:
    queries = [
        {"id": "a", "q": "cong dan hoc tap"},
        "not json",
        {"id": 2},
        {"id": None, "q": "học bổng"},
        {"id": {"x": 1}, "q": ""},
        "\ufeff" + json.dumps({"id": 3.5, "q": "hội phí"}),
    ]
    found = _records(_search(tmp_path, queries, "--mode", "lexical", "-k", "3"))
    assert [record["id"] for record in found] == ["a", None, None, None, {"x": 1}, 3.5]
    assert ["error" in record for record in found] == [False, True, True, False, False, False]
    assert found[0]["hits"][0]["id"] == "1"
    assert found[3]["hits"][0]["id"] == 1
    assert found[4]["hits"] == []
    assert [hit["id"] for hit in found[5]["hits"]][:2] == ["điều-3", [4]]
    assert all(0 <= hit["score"] <= 1 for record in found for hit in record.get("hits", []))


def test_bad_lines_and_repeated_ids_of_the_corpus_are_told_on_standard_error(tmp_path: Path) -> None:
    corpus = [*CORPUS, "broken", {"text": "không có id"}, {"id": 9, "text": 5}, {"id": 1, "text": "thổ cẩm"}]
    result = _search(tmp_path, [{"id": 0, "q": "thổ cẩm"}], "--mode", "lexical", corpus=corpus)
    assert [hit["id"] for hit in _records(result)[0]["hits"]] == [1]
    assert result.stderr.count("Bỏ qua") == 3
    assert "1 dòng có id đã gặp" in result.stderr


def test_an_empty_corpus_finds_nothing(tmp_path: Path) -> None:
    assert _records(_search(tmp_path, [{"id": 0, "q": "học"}], "--mode", "lexical", corpus=[])) == [
        {"id": 0, "hits": []}
    ]


def test_a_kept_index_embeds_nothing_the_second_time(tmp_path: Path) -> None:
    queries = [{"id": n, "q": text} for n, text in enumerate(["hoc bong cho hoc sinh", "tự học suốt đời"])]
    first = _search(tmp_path, queries, "--index", "kept")
    second = _search(tmp_path, queries, "--index", "kept")
    assert "Đang tạo vector" in first.stderr
    assert "Đang tạo vector" not in second.stderr
    assert _records(first) == _records(second)
    assert [record["hits"][0]["id"] for record in _records(second)] == [1, "1"]


def test_words_alone_load_no_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(setting: str) -> None:
        raise AssertionError(setting)

    monkeypatch.setattr("bot.corpus_search.open_embedder", refuse)
    assert _records(_search(tmp_path, [{"id": 0, "q": "hội phí"}], "--mode", "lexical"))[0]["hits"]


def test_without_a_model_hybrid_goes_on_and_dense_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMBEDDER", "none")
    assert _records(_search(tmp_path, [{"id": 0, "q": "hội phí"}]))[0]["hits"]
    dense = _search(tmp_path, [{"id": 0, "q": "hội phí"}], "--mode", "dense")
    assert dense.exit_code == 1
    assert "EMBEDDER=none" in dense.stderr
    monkeypatch.setenv("EMBEDDER", "gpt")
    assert _search(tmp_path, []).exit_code == 2
