"""Bytes to Vietnamese text, whatever code page they were written in.

Old documents come in TCVN3 (the .VnTime fonts), VNI and VPS, and often as Unicode files that only look right
in such a font: their letters are those a Western code page shows. So conversion works on text as code page
1252 shows it, and the same function serves files of bytes and files of Unicode. Which code page it was is
decided by how many words come out well spelt; when none is clearly better, nothing is converted.

The tables list the letters of each code page as published with the fonts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from knowledge.ingest.reading import IngestError

_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_SHARE = 0.6
"""Of the words with foreign letters, so many must come out well spelt before a code page is believed."""
_BETTER_BY = 0.2
_SAMPLE = 60_000
"""Characters that are judged; a document does not change its fonts for good after that."""
_WORD = re.compile(r"[^\W\d_]+", re.UNICODE)


def as_shown(data: bytes) -> str:
    """The bytes as code page 1252 shows them; the five it leaves open as Latin-1 does."""
    return "".join(
        bytes([one]).decode("latin-1" if one in {0x81, 0x8D, 0x8F, 0x90, 0x9D} else "cp1252") for one in data
    )


def _table(letters: str, codes: str) -> dict[str, str]:
    """Letters, and the hexadecimal codes they have."""
    shown = [as_shown(bytes.fromhex(code)) for code in codes.split()]
    return dict(zip(shown, letters.replace(" ", ""), strict=True))


_LETTERS = "aàảãáạ ăằẳẵắặ âầẩẫấậ eèẻẽéẹ êềểễếệ iìỉĩíị oòỏõóọ ôồổỗốộ ơờởỡớợ uùủũúụ ưừửữứự yỳỷỹýỵ"
TCVN3 = _table(
    "àảãáạ ăằẳẵắặ âầẩẫấậ èẻẽéẹ êềểễếệ ìỉĩíị òỏõóọ ôồổỗốộ ơờởỡớợ ùủũúụ ưừửữứự ỳỷỹýỵ đ ĂÂÊÔƠƯĐ",
    "B5 B6 B7 B8 B9  A8 BB BC BD BE C6  A9 C7 C8 C9 CA CB  CC CE CF D0 D1  AA D2 D3 D4 D5 D6  D7 D8 DC DD DE "
    "DF E1 E2 E3 E4  AB E5 E6 E7 E8 E9  AC EA EB EC ED EE  EF F1 F2 F3 F4  AD F5 F6 F7 F8 F9  FA FB FC FD FE "
    "AE A1 A2 A3 A4 A5 A6 A7",
)
"""Capital letters with a tone have no code: capital fonts draw the small ones large."""
VPS = _table(
    "àảãáạ ăằẳẵắặ âầẩẫấậ èẻẽéẹ êềểễếệ ìỉĩíị òỏõóọ ôồổỗốộ ơờởỡớợ ùủũúụ ưừửữứự ỳỷỹýỵ đ",
    "E0 E4 E3 E1 E5  E6 A2 A3 A4 A1 A5  E2 C0 C4 C5 C3 C6  E8 C8 EB E9 CB  EA 8A 8B CD 89 8C  EC CC EF ED CE "
    "F2 D5 F5 F3 86  F4 D2 B0 87 D3 B6  D6 A9 AA AB A7 AE  F9 FB DB FA F8  DC D8 BA BB D9 BF  FF 9B CF 9A 9C "
    "C7",
) | _table(
    "ÀẢÃÁ ĂẰẲẮ ÂẦẨẤ ÈẺẼÉ ỀỂỄẾ ÌỈĨÍ ÒỎÕÓ ÔỒỔỖỐ ƠỜỞỠỚ ÙỦŨÚ ƯỪỬỨ ỲỶỸÝ Đ",
    "80 81 82 C1  88 8E 8F 8D  C2 84 85 83  D7 DE FE C9  93 94 95 90  B5 B7 B8 B4 "
    "BC BD BE B9  D4 97 98 99 96  F7 9E 9F A6 9D  A8 D1 AC DA  D0 AF B1 AD  B2 FD B3 DD  F1",
)
_VNI_BASES = {"a": "a", "e": "e", "o": "o", "u": "u", "y": "y", "ô": "ơ", "ö": "ư"}
_VNI_TONES = dict(zip("ùøûõï", "\u0301\u0300\u0309\u0303\u0323", strict=True))
_VNI_ROOFS = dict(zip("âáàåãä", ("", *_VNI_TONES.values()), strict=True))
_VNI_BOWLS = dict(zip("êéèúüë", ("", *_VNI_TONES.values()), strict=True))
_VNI_ALONE = {"í": "í", "ì": "ì", "æ": "ỉ", "ó": "ĩ", "ò": "ị", "î": "ỵ", "ñ": "đ", "ô": "ơ", "ö": "ư"}


def _vni_table() -> dict[str, str]:
    """One or two characters to a letter: VNI writes the mark behind its letter."""
    table = dict(_VNI_ALONE)
    for base, letter in _VNI_BASES.items():
        table |= {base + mark: letter + tone for mark, tone in _VNI_TONES.items()}
    for base in "aeo":
        table |= {base + mark: base + "\u0302" + tone for mark, tone in _VNI_ROOFS.items()}
    table |= {"a" + mark: "a\u0306" + tone for mark, tone in _VNI_BOWLS.items()}
    small = {old: unicodedata.normalize("NFC", new) for old, new in table.items()}
    large = {old.upper(): new.upper() for old, new in small.items()}
    mixed = {old[0].upper() + old[1:]: new.upper() for old, new in small.items() if len(old) == 2}
    return small | large | mixed


VNI = _vni_table()
_VNI_PATTERN = re.compile("|".join(sorted(map(re.escape, VNI), key=len, reverse=True)))


def from_tcvn3(shown: str) -> str:
    """TCVN3 text as code page 1252 shows it, in Unicode."""
    return "\n".join(map(_line_from_tcvn3, shown.split("\n")))


_WORD_TCVN3 = re.compile(rf"(?:[A-Za-z]|[{re.escape(''.join(TCVN3))}])+")


def _line_from_tcvn3(shown: str) -> str:
    text = _WORD_TCVN3.sub(lambda word: _capital_where_meant(word.group()), shown)
    plain = [letter for letter in shown if letter.isascii() and letter.isalpha()]
    is_title = len(plain) >= _TITLE_LETTERS and all(map(str.isupper, plain))
    return text.upper() if is_title else text


_TITLE_LETTERS = 6


def _capital_where_meant(word: str) -> str:
    """`CéNG` was drawn with a capital font."""
    plain = [letter for letter in word if letter.isascii()]
    text = "".join(TCVN3.get(letter, letter) for letter in word)
    if plain and all(letter.isupper() for letter in plain) and (len(plain) > 1 or word[0] not in plain):
        return text.upper()
    return text


def from_vni(shown: str) -> str:
    """VNI text as code page 1252 shows it, in Unicode."""
    return _VNI_PATTERN.sub(lambda match: VNI[match.group()], shown)


def from_vps(shown: str) -> str:
    """VPS text as code page 1252 shows it, in Unicode."""
    return "".join(VPS.get(letter, letter) for letter in shown)


_LEGACY: dict[str, Callable[[str], str]] = {"TCVN3": from_tcvn3, "VNI": from_vni, "VPS": from_vps}


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text, and what it was written in."""

    text: str
    """In NFC."""
    encoding: str
    """`utf-8`, `utf-16`, `windows-1258`, `TCVN3`, `VNI`, `VPS` or `windows-1252`."""


def decode(data: bytes, is_well_spelt: Callable[[str], bool]) -> Decoded:
    """The text of a file of bytes. Raises IngestError for what is no text at all."""
    for bom, name in _BOMS:
        if data.startswith(bom):
            return Decoded(_tidied(data.decode(name, "replace")), name.removesuffix("-sig"))
    silent = _unmarked_utf16(data)
    if silent:
        return Decoded(_tidied(data.decode(silent, "replace")), "utf-16")
    if data.count(0) > len(data) // 100:
        raise IngestError("Đây không phải tệp văn bản mà mình đọc được.")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return _from_code_page(data, is_well_spelt)
    better = from_legacy_font(text, is_well_spelt)
    return Decoded(_tidied(better.text), better.encoding)


def from_legacy_font(text: str, is_well_spelt: Callable[[str], bool]) -> Decoded:
    """Unicode text that was typed for a TCVN3, VNI or VPS font, converted; other text as it is."""
    best, share = Decoded(text, "utf-8"), _share(text, is_well_spelt)
    if share is None:
        return best
    share += _BETTER_BY
    for name, convert in _LEGACY.items():
        found = _share(text, is_well_spelt, convert)
        if found is not None and found >= max(share, _SHARE):
            best, share = Decoded(convert(text), name), found
    return best


def _from_code_page(data: bytes, is_well_spelt: Callable[[str], bool]) -> Decoded:
    shown = as_shown(data)
    plain = Decoded(_tidied(shown), "windows-1252")
    candidates = [plain, Decoded(_tidied(data.decode("cp1258", "replace")), "windows-1258")]
    candidates += [Decoded(_tidied(convert(shown)), name) for name, convert in _LEGACY.items()]
    return max(candidates, key=lambda one: _share(one.text, is_well_spelt) or 0.0)


def _share(
    text: str, is_well_spelt: Callable[[str], bool], convert: Callable[[str], str] | None = None
) -> float | None:
    """How many words are well spelt, of those that are not plain ASCII before; None: there are none."""
    sample = text[:_SAMPLE]
    marked = [run for run in sample.split() if not run.isascii()]
    if not marked:
        return None
    joined = unicodedata.normalize("NFC", " ".join(marked))
    words = _WORD.findall(convert(joined) if convert else joined)
    # Letters a conversion leaves as symbols (`¸`, `©`) cut words to pieces: those count as wrong, too.
    strays = sum(1 for one in (convert(joined) if convert else joined) if unicodedata.category(one) in _STRAY)
    return sum(map(is_well_spelt, words)) / max(len(words) + strays, 1)


_STRAY = {"So", "Sc", "Sk", "No", "Cc", "Cn", "Co", "Sm"}


def _unmarked_utf16(data: bytes) -> str:
    """`utf-16-le` or `-be` when every other byte is zero, as plain letters make it; else nothing."""
    sample = data[:4000]
    half = len(sample) // 2
    if half < 4 or sample.count(0) < half // 3:
        return ""
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if odd > 10 * max(even, 1) // 2:
        return "utf-16-le"
    return "utf-16-be" if even > 10 * max(odd, 1) // 2 else ""


def _tidied(text: str) -> str:
    return unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
