"""Pages that are only a picture: recognised by Tesseract with its Vietnamese data, where that is installed.

Tesseract is a program of its own and runs as one; nothing of it is linked in. Absent, a scanned page is
reported, not guessed.
"""

from __future__ import annotations

import os
import shutil
import subprocess

from knowledge.ingest.programs import LANGUAGE

DPI = 300
"""What Tesseract's models were trained on."""
PAGE_SECONDS = 60


def recognise(grey: bytes, width: int, height: int) -> str:
    """The text of a page given as grey pixels, row by row; empty when nothing could be made of it."""
    program = shutil.which("tesseract")
    if program is None:
        return ""
    image = b"P5\n%d %d\n255\n" % (width, height) + grey
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command, the picture comes on standard input
            [program, "stdin", "stdout", "-l", LANGUAGE, "--dpi", str(DPI)],
            input=image,
            capture_output=True,
            timeout=PAGE_SECONDS,
            check=False,
            env={**os.environ, "OMP_THREAD_LIMIT": "1"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace").replace("\f", "") if done.returncode == 0 else ""
