"""Hostile words wherever words can come from, each behind a mark of its own."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from functools import partial
from pathlib import Path

from bot.dialogue.turn import Mode, Outcome
from bot.flows.results import AssessmentResult, Evidence
from bot.ingest import FOLDER as ORIGINALS
from bot.outreach.campaign import Audience, Message
from bot.outreach.report_counting import Bureau
from bot.outreach.report_drafts import ReportDesk
from bot.outreach.report_periods import Kind as Month
from bot.outreach.report_periods import containing
from bot.outreach.topics import Topic
from bot.report_drawing import CLOSING
from bot.staff.faq.comparing import Planned, Verdict
from bot.staff.faq.keeping import DryRun, DryRuns
from bot.store import (
    assessments,
    audit,
    broadcasts,
    campaigns,
    content,
    house_rules,
    invites,
    library,
    misses,
    notes,
    reports,
    subscriptions,
    uploads,
)
from bot.store.audit import Action
from bot.store.broadcasts import NewBroadcast
from bot.store.campaigns import NewCampaign
from bot.store.content import Status
from bot.store.invites import LASTS, Invite
from bot.store.library import NewPassage, NewSource, State
from bot.store.outbox import State as SendState
from bot.store.reports import LETTERHEAD
from bot.store.staff import Role
from bot.store.uploads import NewUpload, UploadState
from connectors.message import Attachment, ConversationId, Option, Source, Text
from connectors.zalo import BroadcastTarget
from knowledge.content import Kind, item
from knowledge.criteria_files import load_criteria
from tests.bot.staff.conftest import LAN, Console

ATTACKS = (
    "<script>khxau()</script>",
    '"><img src=x onerror=khxau() khxau=1>',
    "' onmouseover='khxau()' khxau='1",
    "</textarea></title></script><script>khxau()</script>",
    "javascript:khxau()",
    "khxau{{7*7}}{% raw %}",
    "\u202egpj.exe\u202c",
    "<!--",
    "ừ" * 300,
)
ELSEWHERE = frozenset(
    {
        "https://tep.example.com/don.pdf",
        "https://nguon.example.com/x",
        "webcal://hoi.example.vn/lich.ics",
    }
)
"""Addresses off the site that may be led to: a citizen's attachment, the official page of a document; and our
own calendar, by the name under which phones subscribe."""
NAME = 'Lan "><script khxau=1>'
"""An officer's."""


class Plants:
    """Plants; `marks` are what can be looked for afterwards."""

    def __init__(self, console: Console, data_dir: Path) -> None:
        self.console, self.data_dir = console, data_dir
        self.marks: set[str] = set()
        self.addresses: list[str] = []
        """Where pages are that nothing links to."""

    def hostile(self, mark: str, limit: int = 4000, start: str = "") -> str:
        """All attacks in one text, behind a mark to find it by."""
        self.marks.add(mark)
        return f"{start}{mark} {' '.join(ATTACKS)}"[:limit]

    async def everywhere(self) -> None:
        await self.talks()
        await self.answers()
        await self.documents()
        await self.office()
        await self.results()

    async def talks(self) -> None:
        console, hostile = self.console, self.hostile
        file, page = "https://tep.example.com/don.pdf", "data:text/html,<script>khxau()</script>"
        await console.hear(
            hostile("dau-loi"),
            mode=Mode.WAITING,
            attachments=(
                Attachment("file", file, hostile("dau-ten-tep", 300)),
                Attachment("link", "javascript:khxau()", hostile("dau-lien-ket", 300)),
                Attachment("image", page, "anh.jpg"),
            ),
        )
        await console.tell(
            Text(
                hostile("dau-tra-loi"),
                options=(Option(hostile("dau-nut", 80), "x"),),
                sources=(Source(hostile("dau-nguon", 200), url="javascript:khxau()"),),
            ),
            SendState.FAILED,
            hostile("dau-ly-do", 200),
        )
        await console.hear(hostile("dau-chua-biet"), user="hoa", outcome=Outcome.ABSTAINED)
        await console.hear(hostile("dau-hong"), user="tu", outcome=Outcome.PARKED)
        await console.database.write(
            partial(
                notes.add,
                conversation_key=LAN.key,
                author=NAME,
                text=hostile("dau-ghi-chu", 500),
                at=console.clock(),
            )
        )

    async def answers(self) -> None:
        now, write, hostile = self.console.clock(), self.console.database.write, self.hostile
        fact = {
            "statement": hostile("dau-su-that", 300),
            "certainty": "certain",
            "locator": hostile("dau-cho", 200),
            "source": {"title": hostile("dau-can-cu", 200), "url": "https://nguon.example.com/x"},
        }
        entry = {
            "question": hostile("dau-cau-hoi", 60),
            "variants": [hostile("dau-cach-hoi", 150)],
            "answer": hostile("dau-cau-dap", 500),
            "facts": ["su-that"],
        }
        document = {
            "type": "Quyết định",
            "title": hostile("dau-van-ban", 300),
            "issued": "2024-01-02",
            "issuer": hostile("dau-co-quan", 200),
            "signer": hostile("dau-nguoi-ky", 100),
            "level": "trung-uong",
            "status": hostile("dau-tinh-trang", 60),
            "certainty": "certain",
            "aliases": [hostile("dau-ten-khac", 100)],
            "url": "https://nguon.example.com/x",
        }
        occasion = {
            "title": hostile("dau-dip", 120),
            "first": "10-01",
            "certainty": "certain",
            "facts": ["su-that"],
            "note": hostile("dau-dip-ghi", 300),
            "message": hostile("dau-dip-tin", 900),
        }
        for kind, id_, body, status in (
            (Kind.DOCUMENT, "77/QĐ-XAU", document, Status.PUBLISHED),
            (Kind.FACT, "su-that", fact, Status.PUBLISHED),
            (Kind.OCCASION, "dip-xau", occasion, Status.PUBLISHED),
            (Kind.OCCASION, "dip-cat", {**occasion, "title": hostile("dau-dip-cu", 120)}, Status.ARCHIVED),
            (Kind.ENTRY, "cau-xau", entry, Status.PUBLISHED),
            (Kind.ENTRY, "nhap-xau", {**entry, "question": hostile("dau-nhap", 60)}, Status.DRAFT),
        ):
            why = hostile("dau-vi-sao", 200)
            await write(
                partial(content.save, item=item(kind, id_, body), by=NAME, why=why, at=now, status=status)
            )
        for reason in ("no_match", "wrong"):
            sample = f"\x00{hostile(f'dau-hut-{reason[:2]}', 300)}"
            await write(
                partial(misses.record, key=reason, sample=sample, reason=reason, nearest="cau-xau", at=now)
            )
        row = Planned(
            2, "Trang 1", Verdict.WRONG, "", hostile("dau-nhap-tep", 200), reasons=(hostile("dau-sai", 90),)
        )
        run = DryRun(hostile("dau-ten-bang", 100), NAME, now, 0, [row], (hostile("dau-luu-y", 90),))
        self.addresses.append(f"/staff/cau-hoi/_nhap/{DryRuns(self.data_dir / 'imports').keep(run)}")

    async def documents(self) -> None:
        now, write, hostile = self.console.clock(), self.console.database.write, self.hostile
        original = self.data_dir / ORIGINALS / f"{hashlib.sha256(b'x').hexdigest()}.txt"
        _put(original, b"x")
        source = NewSource(
            original.stem, hostile("dau-tep", 250), "txt", hostile("dau-so", 80), hostile("dau-ten-vb", 300),
            None, hostile("dau-noi", 300), hostile("dau-ky", 120), 0, 0.3, {},
        )  # fmt: skip
        id_ = await write(partial(library.begin, new=source, by=NAME, at=now))
        passage = NewPassage(
            "text", hostile("dau-vi-tri", 300), 0, "1", hostile("dau-doan", 900), 0.3, True, State.REVIEW,
            hostile("dau-goi-y", 900),
        )  # fmt: skip
        await write(partial(library.add_passages, source_id=id_, first=0, passages=[passage]))
        await write(partial(library.finish, source_id=id_, at=now))
        _put(self.data_dir / "uploads" / "1.pdf", b"%PDF")
        new = NewUpload(hostile("dau-gui-len", 150), 4, "1.pdf")
        sent = await write(partial(uploads.add, new=new, by=NAME, at=now))
        await write(partial(uploads.claim, id_=sent, owner="x", now=now, until=now + timedelta(minutes=1)))
        report = {"file": "x", "outcome": "failed", "error": hostile("dau-loi-doc", 200)}
        await write(
            partial(
                uploads.finish,
                id_=sent,
                owner="x",
                state=UploadState.FAILED,
                source_id=None,
                report=report,
                at=now,
            )
        )

    async def office(self) -> None:
        now, write, hostile = self.console.clock(), self.console.database.write, self.hostile
        link = Invite("0" * 64, None, 'Tư "><b khxau=1>', Role.VIEWER, NAME, now, now + LASTS)
        await write(partial(invites.make, invite=link))
        await write(
            partial(
                audit.note, by=None, action=Action.ENTRY_SAVED, subject="cau-xau", at=now,
                detail={"entry": ATTACKS[0]},
            )
        )  # fmt: skip
        body = {"greeting": hostile("dau-chao", 300, "Chào bạn "), "contact_line": ATTACKS[1]}
        body = {name: text.replace("\u202e", "").replace("\u202c", "") for name, text in body.items()}
        why = hostile("dau-doi", 200)
        await write(partial(house_rules.add, body=body, over=0, by=NAME, why=why, at=now))
        await write(
            partial(
                subscriptions.agree, conversation_key=LAN.key, topics=list(Topic), wording=ATTACKS[0],
                event_id=None, at=now,
            )
        )  # fmt: skip
        campaign = NewCampaign(
            hostile("dau-chien-dich", 120), Topic.MONTH, Message(hostile("dau-tin", 900)), Audience()
        )
        await write(partial(campaigns.create, new=campaign, by=NAME, at=now))
        article = NewBroadcast(hostile("dau-bai-viet", 120), "4402c73f7e7a9724ce6b", BroadcastTarget(), None)
        await write(partial(broadcasts.create, new=article, account="oa", by=NAME, at=now))
        console = self.console
        desk = ReportDesk(Bureau(console.database, console.desk.zone, (), console.desk.base), console.clock)
        period = containing(Month.MONTH, now.astimezone(console.desk.zone).date())
        await desk.prepare(period, None)
        written = {
            CLOSING: hostile("dau-nhan-xet", 900),
            LETTERHEAD[0]: hostile("dau-cap-tren", 90),
            "cau-hoi": hostile("dau-phan", 900),
        }
        await write(partial(reports.write_notes, period=period.key, revision=1, notes=written))

    async def results(self) -> None:
        now, criteria = self.console.clock(), load_criteria().current
        points = tuple(indicator.most for indicator in criteria.indicators)
        given = (
            Evidence(1, "text", self.hostile("dau-minh-chung", 900)),
            Evidence(2, "link", "x", "javascript:khxau()"),
        )
        result = AssessmentResult(
            "KH-XAUX-XAUX", criteria.id, criteria.groups[0].id, points, sum(points), True, now,
            self.hostile("dau-xa", 200), given,
        )  # fmt: skip
        await self.console.database.write(partial(assessments.finish, who=_who(), result=result, at=now))


def _who() -> ConversationId:
    return LAN


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
