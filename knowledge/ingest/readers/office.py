"""Legacy Word files (.doc, .rtf, .odt) through LibreOffice, where it is installed.

LibreOffice runs as a program of its own, without a window, with a fresh profile in a temporary folder:
nothing of the user's settings is used, and macros stay off.
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

from knowledge.ingest.analysis import WritingAnalysis
from knowledge.ingest.limits import Limits
from knowledge.ingest.programs import libreoffice
from knowledge.ingest.readers.docx import read_docx
from knowledge.ingest.reading import IngestError, Reading

_SECONDS = 120


def read_legacy(path: Path, media: str, analysis: WritingAnalysis, limits: Limits) -> Reading:
    """A file LibreOffice can turn into .docx. Raises IngestError when it is absent or fails."""
    program = libreoffice()
    if program is None:
        raise IngestError(
            "Tệp Word đời cũ cần LibreOffice để đọc, máy này chưa cài. "
            "Bạn lưu lại thành .docx rồi thử lại nhé."
        )
    with tempfile.TemporaryDirectory(prefix="kh-doc-") as folder:
        source = Path(folder) / f"source.{media}"
        shutil.copyfile(path, source)
        command = [
            program, "--headless", "--norestore", "--nolockcheck", "--nodefault",
            f"-env:UserInstallation={(Path(folder) / 'profile').as_uri()}",
            "--convert-to", "docx", "--outdir", folder, str(source),
        ]  # fmt: skip
        try:
            subprocess.run(  # noqa: S603 - our own command; the file's name is ours, too
                command,
                capture_output=True,
                timeout=min(_SECONDS, limits.seconds),
                check=False,
                stdin=subprocess.DEVNULL,
                # It maps far more address space than it uses; our own bound is for parsers in this process.
                preexec_fn=_lift_memory_bound,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise IngestError("LibreOffice không đọc được tệp này.") from error
        made = Path(folder) / "source.docx"
        if not made.exists():
            raise IngestError("LibreOffice không đọc được tệp này (hỏng hoặc có mật khẩu).")
        return replace(read_docx(made, analysis, limits), media=media)


def _lift_memory_bound() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
