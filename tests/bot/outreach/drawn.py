"""Pictures as people and mischief-makers send them in."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image

GPS, ORIENTATION = 0x8825, 0x0112


def photo(
    width: int = 300, height: int = 200, kind: str = "JPEG", *, orientation: int = 1, mode: str = "RGB"
) -> bytes:
    """Left half red, right half blue; with the place it was taken and a comment, as phones write them."""
    picture = Image.new(mode, (width, height), (200, 0, 0) if mode == "RGB" else 0)
    if mode == "RGB":
        picture.paste((0, 0, 200), (width // 2, 0, width, height))
    noted = Image.Exif()
    noted[ORIENTATION] = orientation
    noted.get_ifd(GPS)[1] = "N-o-i-c-h-u-p"
    made = io.BytesIO()
    extra = {"comment": b"loi-binh", "xmp": b"<x>loi-xmp</x>"} if kind == "JPEG" else {}
    picture.save(made, kind, exif=noted, **extra)
    return made.getvalue()


def bomb(width: int = 30_000, height: int = 30_000) -> bytes:
    """A PNG of a few hundred kilobytes at most that unpacks to nearly a thousand million points."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes((width // 8 + 1) * 1000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
