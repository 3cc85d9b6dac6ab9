"""Words that take a consent back and nothing else, whatever is going on: heard without the interpreter. Pure.

Few and plain on purpose: everything else that means the same is the interpreter's (`unsubscribe`), or `dừng`
when nothing else could be stopped.
"""

from __future__ import annotations

import re

from nlu.text import fold, normalise

_ENDS = re.compile(
    r"(?:(?:hay |lam on |cho )?(?:toi |minh |em |chau |bac )?(?:muon |xin |hay )?)?"
    r"(?:dung|ngung|thoi|huy|bo|tat|khong)(?: bo)? "
    r"(?:nhan|gui|dang ky|nhan tin|theo doi)(?: (?:tin|thong bao|nhac|tin nhan|tin nhac|nua|a|di))*"
    r"|stop|unsubscribe|huy dk|huy dky"
)
_LENGTH = 40
_BARE = frozenset({"dung", "ngung", "dung lai"})


def stops_bare(text: str) -> bool:
    """`dừng` alone, also typed `dung`: where nothing was asked that a `đúng` could answer, it means this."""
    return fold(text).strip(" .!,") in _BARE and "đúng" not in normalise(text).lower()


def ends_news(text: str) -> bool:
    """Whether these words, and no others, say that nothing more shall be sent."""
    folded = fold(text).strip(" .!,")
    return len(folded) <= _LENGTH and _ENDS.fullmatch(folded) is not None
