"""Training data: every fault has its place, and only what teaches changes the hash."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nlu.training import SHIPPED, TrainingDataBroken, load_training_data, plain_text

GOOD = """# a comment
version: "3.1"
nlu:
  - intent: affirm
    examples: |
      - đúng
      - đạt [40%](percentage) rồi
  - intent: stop
    examples: |
      - dừng
      - dung
  - synonym: Sơn La
    examples: |
      - tỉnh sơn la
  - regex: year
    examples: |
      - 20[0-9]{2}
  - lookup: title
    examples: |
      - công dân học tập
"""


def write(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, "utf-8")
    return folder


def test_reads_rasas_format_and_takes_annotations_off(tmp_path: Path) -> None:
    data = load_training_data(write(tmp_path, "a.yml", GOOD), least=2)
    assert [(e.intent, e.text, e.where) for e in data.examples] == [
        ("affirm", "đúng", "a.yml:6"),
        ("affirm", "đạt 40% rồi", "a.yml:7"),
        ("stop", "dung", "a.yml:11"),
        ("stop", "dừng", "a.yml:10"),
    ]
    assert data.synonyms == (("Sơn La", ("tỉnh sơn la",)),)
    assert data.regexes == (("year", ("20[0-9]{2}",)),)
    assert data.lookups == (("title", ("công dân học tập",)),)


@pytest.mark.parametrize(
    ("example", "plain"),
    [
        ("ở [Sơn La](place) nhé", "ở Sơn La nhé"),
        ('ở [sl]{"entity": "place", "value": "Sơn La"} nhé', "ở sl nhé"),
        ('[a]{"entity": "x"} và [b](y:z)', "a và b"),
        ("[không phải chú thích]", "[không phải chú thích]"),
    ],
)
def test_annotations_of_each_kind_become_plain_text(example: str, plain: str) -> None:
    assert plain_text(example) == plain


BROKEN = """nlu:
  - intent: affirm
    examples: |
      - Đúng rồi!
      -
      chấm
    colour: blue
  - intent: deny
    examples: |
      - đúng  rồi
      - không
      - không ạ
  - examples: |
      - ai đấy
  - intent: Sai Ten
    examples: |
      - a
  - intent: stop
    examples: dừng
"""


def test_every_fault_is_named_with_file_and_line(tmp_path: Path) -> None:
    write(tmp_path, "b.yml", BROKEN)
    write(tmp_path, "c.yml", "nlu:\n  - intent: x\n   examples: y\n")
    (tmp_path / "d.yml").write_bytes(b"nlu: \xff")
    with pytest.raises(TrainingDataBroken) as caught:
        load_training_data(tmp_path, least=2)
    found = {(fault.file, fault.line): fault.reason for fault in caught.value.faults}
    for place, word in {
        ("b.yml", 5): "empty",
        ("b.yml", 6): "begins with",
        ("b.yml", 7): "colour",
        ("b.yml", 10): "affirm in b.yml:4",
        ("b.yml", 4): "affirm has 1 examples and needs 2",
        ("b.yml", 13): "needs one of",
        ("b.yml", 15): "Sai Ten",
        ("b.yml", 19): '"|"',
        ("c.yml", 3): "YAML",
        ("d.yml", 1): "UTF-8",
    }.items():
        assert word in found[place], (place, found)
    assert "b.yml:7: " in str(caught.value)


def test_marks_tell_examples_apart_and_their_place_does_not(tmp_path: Path) -> None:
    text = "nlu:\n  - intent: yes\n    examples: |\n      - {}\n  - intent: no\n    examples: |\n      - {}\n"
    load_training_data(write(tmp_path, "a.yml", text.format("dung", "dừng")), least=1)
    with pytest.raises(TrainingDataBroken):
        load_training_data(write(tmp_path, "a.yml", text.format("hoà nhé", "Hòa nhé?")), least=1)


def test_only_what_teaches_changes_the_hash(tmp_path: Path) -> None:
    before = load_training_data(write(tmp_path, "a.yml", GOOD), least=1).content_hash
    head, tail = GOOD.split("  - intent: stop")
    (tmp_path / "a.yml").write_text("nlu:\n  - intent: stop" + tail, "utf-8")
    (tmp_path / "z.yml").write_text(head.replace("# a comment", "# another"), "utf-8")
    assert load_training_data(tmp_path, least=1).content_hash == before
    (tmp_path / "z.yml").write_text(head + "      - vâng\n", "utf-8")
    assert load_training_data(tmp_path, least=1).content_hash != before


def test_the_shipped_examples_are_sound_and_know_every_intent_of_their_guide() -> None:
    data = load_training_data()
    guide = (SHIPPED / "README.md").read_text("utf-8")
    assert set(data.intents) == set(re.findall(r"^\| `(\w+)` \|", guide, re.MULTILINE))
    assert len(data.examples) > 2000
