"""Programs beside us that read what no library of ours can: looked for, never needed.

Loads no parser, so that `doctor` may ask.
"""

from __future__ import annotations

import shutil
import subprocess

LANGUAGE = "vie"
_SECONDS = 20


def has_tesseract() -> bool:
    """Whether scans can be recognised: Tesseract and its Vietnamese data are there."""
    program = shutil.which("tesseract")
    if program is None:
        return False
    try:
        listed = subprocess.run(  # noqa: S603 - a fixed command
            [program, "--list-langs"], capture_output=True, timeout=_SECONDS, check=False, text=True
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return LANGUAGE in (listed.stdout + listed.stderr).split()


def libreoffice() -> str | None:
    """Where LibreOffice is, or None."""
    return shutil.which("soffice") or shutil.which("libreoffice")
