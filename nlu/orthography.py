"""The spelling of a marked Vietnamese syllable: can it be written like this at all?

Folding forgives everything; this forgives nothing. `tuyén`, `hoach` and `hoc` fold to good syllables and are
misspelt all the same: `uye` before a consonant needs its circumflex, and a syllable that ends in c, ch, p
or t has an acute or a dot. That is how damaged text is told from clean text without a dictionary. Says
nothing about meaning, and must not be used on what citizens type: they leave marks out on purpose.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_TONES = {"\N{COMBINING ACUTE ACCENT}", "\N{COMBINING GRAVE ACCENT}", "\N{COMBINING HOOK ABOVE}",
          "\N{COMBINING TILDE}", "\N{COMBINING DOT BELOW}"}  # fmt: skip
_SHARP = {"\N{COMBINING ACUTE ACCENT}", "\N{COMBINING DOT BELOW}"}

_RHYMES = re.findall(
    r"\w+",
    """
a ac ach ai am an ang anh ao ap at au ay ă ăc ăm ăn ăng ăp ăt â âc âm ân âng âp ât âu ây
e ec em en eng eo ep et ê êch êm ên ênh êp êt êu
i ia ich im in inh ip it iu iêc iêm iên iêng iêp iêt iêu y yêm yên yêng yêt yêu
o oa oac oach oai oam oan oang oanh oao oap oat oay oăc oăm oăn oăng oăt
oc oe oen oeo oet oi om on ong oong op ot
ô ôc ôi ôm ôn ông ôp ôt ơ ơi ơm ơn ơp ơt
u ua uân uâng uât uây uc uê uêch uênh ui um un ung uơ up ut uy uya uych uyên uyêt uynh uyp uyt uyu
uôc uôi uôm uôn uông uôt ư ưa ưc ưi ưm ưn ưng ưt ưu ươc ươi ươm ươn ương ươp ươt ươu
""",
)
_AFTER_QU = [*(r for r in _RHYMES if r[0] in "aăâeêiyơ"), "ôc", "yt", "yn", "ynh", "ych", "yp", "yu", "ya"]
_SYLLABLE = re.compile(
    rf"(?:qu(?:{'|'.join(_AFTER_QU)})|gi(?:êng|êt|êc|n)?"
    rf"|(?:ngh|ng|nh|ch|gh|gi|kh|ph|th|tr|[bcdđghklmnrstvx])?(?:{'|'.join(_RHYMES)}))"
)
_STOPPED = re.compile(r"(?:ch|[cpt])$")


@lru_cache(maxsize=16384)
def is_well_spelt(word: str) -> bool:
    """Could this be a Vietnamese syllable with all its marks? (`hoạch`, `Quyết` yes; `hoach`, `Quyét` no.)

    Case and the place of the tone mark do not matter; anything but letters makes it no.
    """
    plain: list[str] = []
    tones: list[str] = []
    for character in unicodedata.normalize("NFD", word.lower()):
        (tones if character in _TONES else plain).append(character)
    if len(tones) > 1:
        return False
    letters = unicodedata.normalize("NFC", "".join(plain))
    if _SYLLABLE.fullmatch(letters) is None:
        return False
    return _STOPPED.search(letters) is None or bool(tones and tones[0] in _SHARP)
