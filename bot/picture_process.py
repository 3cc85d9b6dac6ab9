"""The process that draws one picture anew and dies. bot.outreach.pictures starts it, and knows its bounds.

A line of JSON (unused so far) and the picture come on standard input, a JPEG goes to standard output. It is
drawn on a fresh sheet, so that nothing of the file comes along but what can be seen: no place, no camera, no
comment, nothing hung on behind. UNKNOWN and TOO_LARGE are told apart by the exit status.
"""

from __future__ import annotations

import io
import os
import struct
import sys
from collections.abc import Mapping

from PIL import ExifTags, Image, UnidentifiedImageError

from bot.bounds import bind

UNKNOWN, TOO_LARGE = 3, 4
"""Exit statuses: no picture of a kind that is taken (or damaged); more pixels than are drawn."""
MOST_PIXELS = 50_000_000
"""What phones take by themselves has 12 million; what unpacks to more than this may want to do harm."""
LONGEST_SIDE = 1440
MOST_BYTES = 500_000
"""Half of what Zalo takes (platforms A6), and quick on a cheap phone."""
MEMORY_BYTES = 1024 * 1024 * 1024
CPU_SECONDS = 20
_KINDS = ("JPEG", "PNG", "WEBP")
_QUALITIES = ((88, 0), (82, 2), (74, 2), (66, 2))
"""With how colour is thinned out: small coloured letters stay sharp where there is room."""

_TURNS: Mapping[int, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class TooLarge(ValueError):
    """More pixels than are drawn."""


def redrawn(content: bytes) -> bytes:
    """The picture as a small JPEG. Raises TooLarge, and whatever the library raises at what is no picture."""
    with Image.open(io.BytesIO(content), formats=_KINDS) as opened:
        if opened.width * opened.height > MOST_PIXELS:
            raise TooLarge
        opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
        sheet = _on_white(opened)
    for _ in range(8):
        for quality, subsampling in _QUALITIES:
            drawn = io.BytesIO()
            sheet.save(
                drawn, "JPEG", quality=quality, subsampling=subsampling, optimize=True, progressive=True
            )
            if drawn.tell() <= MOST_BYTES:
                return drawn.getvalue()
        sheet = sheet.resize((max(1, sheet.width * 3 // 4), max(1, sheet.height * 3 // 4)))
    raise TooLarge


def _on_white(opened: Image.Image) -> Image.Image:
    """The first picture of the file, upright and no larger than it may be, on a sheet of its own."""
    opened.load()
    picture: Image.Image = opened
    if picture.mode.startswith("I"):  # 16 bits of grey
        picture = picture.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE), reducing_gap=2.0)
    if turn := _TURNS.get(_orientation(opened)):
        picture = picture.transpose(turn)
    sheet = Image.new("RGB", picture.size, "white")
    sheet.paste(picture, mask=picture.getchannel("A") if picture.mode == "RGBA" else None)
    return sheet


def _orientation(opened: Image.Image) -> int:
    """How the camera was held, as it noted it."""
    try:
        noted = opened.getexif().get(ExifTags.Base.Orientation, 1)
    except (ValueError, TypeError, SyntaxError, KeyError, OSError, struct.error):
        return 1  # the note is damaged: as it lies
    return noted if isinstance(noted, int) else 1


def main() -> None:
    """Read one picture, answer with another."""
    sys.stdin.buffer.readline()
    content = sys.stdin.buffer.read()
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # libraries may print: their words must not get into the picture
    bind(MEMORY_BYTES, CPU_SECONDS)
    Image.MAX_IMAGE_PIXELS = None  # they are counted below, before anything is unpacked
    try:
        picture = redrawn(content)
    except TooLarge:
        sys.exit(TOO_LARGE)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, MemoryError):
        sys.exit(UNKNOWN)
    answer.write(picture)
    answer.flush()


if __name__ == "__main__":
    main()
