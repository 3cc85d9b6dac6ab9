"""Self-assessments of the furnished house: half a year of them, over groups and communes, in every state."""

from __future__ import annotations

import io
import random
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from PIL import Image, ImageDraw

from bot.flows.results import AssessmentProgress, AssessmentResult, Evidence
from bot.store import assessments, evidence
from bot.store.database import Database
from bot.store.evidence import State
from connectors.message import ConversationId
from knowledge.criteria_files import load_criteria
from tests.e2e.furnished.talks import facebook, web, zalo

PLACES = ("Phường An Bình", "Xã Phú Lâm", "Phường Tân Mai", "Xã Suối Hoa", "Phường Bến Đò", "")
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
SHOWN = (
    Evidence(1, "image", "giay-chung-nhan-tin-hoc.png", "https://tep.example.com/1.png"),
    Evidence(2, "text", "Tôi đọc sách ở thư viện phường mỗi chủ nhật."),
    Evidence(3, "file", "so-tay-hoc-tap.pdf", "https://tep.example.com/2.pdf"),
    Evidence(5, "link", "Bài viết về lớp học buổi tối", "https://baophuong.example.com/lop-hoc"),
    Evidence(7, "image", "anh-lop-hoc.png", "https://tep.example.com/3.png"),
)


async def assess(database: Database, data_dir: Path, now: datetime, many: int = 120) -> str:
    """People assess themselves; gives the code of one with evidence of every kind."""
    chance = random.Random(20261002)
    criteria = load_criteria().current
    groups = [group.id for group in criteria.groups]
    shown = ""
    for number in range(many):
        who = (zalo, facebook, web)[chance.choice((0, 0, 0, 1, 2))](200 + number)
        began = now - timedelta(days=chance.betavariate(1, 2.5) * 180, minutes=chance.randrange(60, 600))
        code = "KH-" + "-".join("".join(chance.choice(_LETTERS) for _ in range(4)) for _ in range(2))
        group, place = chance.choice(groups), chance.choice(PLACES)
        step = chance.choices(
            ["finished", "consent", "group", "3", "6", "9", "place"], [11, 1, 1, 2, 2, 1, 1]
        )[0]
        progress = AssessmentProgress(
            code, criteria.id, "" if step in {"consent", "group"} else group, step, remind=number % 3 == 0
        )
        if step != "finished":
            await database.write(partial(assessments.move_on, who=who, progress=progress, at=began))
            continue
        points = tuple(chance.choice((4, *[6] * 3, *[8] * 8, *[10] * 10)) for _ in criteria.indicators)
        verdict = criteria.verdict(points)
        given = SHOWN if not shown else SHOWN[: chance.randrange(3)]
        result = AssessmentResult(
            code, criteria.id, group, points, verdict.total, verdict.passed, began + timedelta(minutes=14),
            place, given,
        )  # fmt: skip
        await _finish(database, data_dir, who, result)
        shown = shown or code
    return shown


async def _finish(database: Database, data_dir: Path, who: ConversationId, result: AssessmentResult) -> None:
    at = result.finished_at
    await database.write(lambda c: assessments.finish(c, who, result, at))
    waiting = await database.write(
        lambda c: evidence.claim(c, now=at, until=at + timedelta(minutes=3), limit=20)
    )
    for number, one in enumerate(waiting):
        if number == 2:
            await database.write(
                partial(evidence.give_up, id_=one.id, state=State.TOO_LARGE, why="too large")
            )
            continue
        is_picture = one.url.endswith(".png")
        data = _picture() if is_picture else b"%PDF-1.4\n%%EOF\n"
        path = Path(one.code) / f"{one.id}.{'png' if is_picture else 'pdf'}"
        place = data_dir / "evidence" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        kind = "image/png" if is_picture else "application/pdf"
        await database.write(
            partial(evidence.keep, id_=one.id, path=path.as_posix(), media_type=kind, size=len(data))
        )


def _picture() -> bytes:
    """A certificate, seen from far away."""
    made = Image.new("RGB", (480, 320), (250, 246, 232))
    pen = ImageDraw.Draw(made)
    pen.rectangle((14, 14, 466, 306), outline=(150, 110, 40), width=4)
    for top, width in ((70, 220), (120, 320), (160, 280), (230, 120)):
        pen.rectangle((240 - width // 2, top, 240 + width // 2, top + 14), fill=(120, 128, 132))
    out = io.BytesIO()
    made.save(out, "PNG")
    return out.getvalue()
