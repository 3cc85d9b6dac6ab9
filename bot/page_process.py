"""The process that draws one page of one PDF and dies: started by bot.page_pictures, imported nowhere.

What is wanted comes on standard input as one line of JSON (`path`, `page` from 1, `width` in pixels), the
picture goes to standard output as WebP. Anything that goes wrong is an exit status and no picture.
"""

from __future__ import annotations

import json
import os
import sys

import pypdfium2

from bot.bounds import bind

MEMORY_BYTES = 1024 * 1024 * 1024
CPU_SECONDS = 20
MOST_PIXELS = 12_000_000
"""A page at a readable width has two or three million; a paper strip of a kilometre is drawn smaller."""
_QUALITY = 80


def main() -> None:
    """Read one wish, answer with one picture."""
    wish = json.loads(sys.stdin.buffer.readline())
    # Libraries may print: their words must not get into the picture.
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    bind(MEMORY_BYTES, CPU_SECONDS)
    document = pypdfium2.PdfDocument(wish["path"])
    page = document[wish["page"] - 1]
    width, height = page.get_size()
    scale = wish["width"] / width
    if width * height * scale * scale > MOST_PIXELS:
        scale = (MOST_PIXELS / (width * height)) ** 0.5
    page.render(scale=scale).to_pil().convert("RGB").save(answer, "WEBP", quality=_QUALITY, method=2)
    answer.flush()


if __name__ == "__main__":
    main()
