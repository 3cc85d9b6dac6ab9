"""A self-assessment against the whole running program: on every channel, through kills, races and faults."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import sqlite3
import sys
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bot.cli import main
from connectors.sandbox import SandboxSettings, running
from knowledge.criteria_files import CRITERIA_DIR, load_criteria
from tests.service.citizens import (
    Citizen,
    GraphWithPictures,
    WebHands,
    ZaloWithPictures,
    browser,
    messenger_citizen,
    until,
    web_citizen,
    zalo_citizen,
)
from tests.service.process import Service, free_port

pytestmark = pytest.mark.timeout(300)

POINTS = (8, 7, 9, 6, 10, 4, 10, 9, 10, 10)


@dataclass
class Place:
    """The program with stand-ins that also hand out pictures."""

    service: Service
    zalo: ZaloWithPictures
    graph: GraphWithPictures

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """What the database says."""
        with closing(sqlite3.connect(self.service.data_dir / "khuyenhoc.db", timeout=10)) as connection:
            return connection.execute(query, values).fetchall()

    def change(self, query: str, *values: object) -> int:
        """Put a row into a shape the program would not give it; gives how many."""
        path = self.service.data_dir / "khuyenhoc.db"
        with closing(sqlite3.connect(path, timeout=10)) as connection, connection:
            return connection.execute(query, values).rowcount

    def log(self) -> str:
        """What the processes logged."""
        return self.service.log_path.read_text("utf-8", "replace")


@pytest.fixture
async def place(data_dir: Path) -> AsyncIterator[Place]:
    """Stand-ins running, the program not yet started."""
    port = free_port()
    base = f"http://127.0.0.1:{port}/webhooks"
    async with AsyncExitStack() as stack:
        zalo = await stack.enter_async_context(
            running(
                ZaloWithPictures(webhook_url=f"{base}/zalo", time_scale=0.004, webhook_timeout_seconds=10)
            )
        )
        graph = await stack.enter_async_context(
            running(
                GraphWithPictures(
                    webhook_url=f"{base}/messenger", time_scale=0.004, webhook_timeout_seconds=10
                )
            )
        )
        environment = {
            **SandboxSettings().bot_environment(),
            "ZALO_API_BASE": zalo.base_url,
            "ZALO_OAUTH_BASE": zalo.base_url,
            "MESSENGER_GRAPH_BASE": graph.base_url,
        }
        service = Service(data_dir, environment, port)
        stack.push_async_callback(service.end)
        yield Place(service, zalo, graph)


# --- on every channel --------------------------------------------------------------------------------


async def goes_through_it(citizen: Citizen, picture: str = "") -> None:
    """The one assessment that is made on every channel."""
    says, presses = citizen.says, citizen.presses
    await says("tôi muốn tự đánh giá công dân học tập", "chỉ để bạn tham khảo", "xóa dữ liệu của tôi")
    await presses("Đồng ý, nhắc mình", "Bạn đang làm gì")
    await says("tôi làm ruộng", "Người dân trong xã", "Câu 1/10")
    await presses("Khá tốt", "Câu 1: mình ghi 8 điểm", "Câu 2/10")
    await says("7", "Câu 2: mình ghi 7 điểm", "Câu 3/10")
    await says("ngay khuyen hoc la ngay nao", "2/10", "Câu 3/10")
    await says("tám", "Câu 3: mình ghi 8 điểm", "Câu 4/10")
    await says("à nhầm, 9 điểm", "Mình sửa câu 3 thành 9 điểm", "Câu 4/10")
    if picture:
        await citizen.shows(picture, "minh chứng cho câu 4", "Câu 4/10")
    await presses("Bình thường", "Câu 4: mình ghi 6 điểm", "Câu 5/10")
    await says("10", "Câu 5: mình ghi 10 điểm", "Câu 6/10")
    await says("4", "Câu 6: mình ghi 4 điểm", "Câu 7/10")
    await says("rất tốt", "Câu 7: mình ghi 10 điểm", "Câu 8/10")
    await says("chín điểm", "Câu 8: mình ghi 9 điểm", "Câu 9/10")
    await says("1", "Câu 9: mình ghi 1 điểm", "Câu 10/10")
    await says("câu 9 cho 10 điểm", "Mình sửa câu 9 thành 10 điểm", "Câu 10/10")
    await presses("Rất tốt", "Câu 10: mình ghi 10 điểm", "xã, phường nào")
    await says("xã Chiềng Mai, Sơn La", "xã Chiềng Mai, tỉnh Sơn La")
    await presses(
        "Xem kết quả", "Bạn được 83 điểm nhưng chỉ số 6", "tự chấm, chỉ để tham khảo", "congdanhoctap.vn"
    )
    assert sorted(await citizen.files()) == ["document", "picture"]


@pytest.mark.service
async def test_the_same_assessment_on_all_three_channels_at_once(place: Place) -> None:
    await place.service.start()
    async with browser() as theirs, browser() as stranger:
        citizens = [
            zalo_citizen(place.zalo),
            messenger_citizen(place.graph),
            web_citizen(place.service.url, theirs),
        ]
        async with asyncio.TaskGroup() as group:
            group.create_task(goes_through_it(citizens[0], place.zalo.picture("ruong.jpg")))
            group.create_task(goes_through_it(citizens[1], place.graph.picture("lop.jpg")))
            group.create_task(goes_through_it(citizens[2]))
        for citizen in citizens:
            await has_been_told_all(citizen)
        mine, other = citizens[2].hands, WebHands(place.service.url, stranger)
        assert isinstance(mine, WebHands)
        await other.type_in("xin chào")
        addresses = [line["file"]["url"] for line in await mine.lines() if "file" in line]
        for address, media_type, begins in zip(
            addresses, ("image/png", "application/pdf"), (b"\x89PNG", b"%PDF-"), strict=True
        ):
            status, told_type, content = await mine.fetch(address)
            assert (status, told_type, content[: len(begins)]) == (200, media_type, begins)
            assert (await other.fetch(address))[0] == 404, "somebody else's browser gets nothing"
    rows = place.rows("SELECT channel, points, total, passed, furthest, place FROM assessments ORDER BY 1")
    told = (json.dumps(list(POINTS)), sum(POINTS), 0, "finished", "xã Chiềng Mai, tỉnh Sơn La")
    assert rows == [(channel, *told) for channel in ("messenger", "web", "zalo")]
    await until(lambda: _kept_files(place, 2))
    assert place.zalo.fetched == ["ruong.jpg"]
    assert place.graph.fetched == ["lop.jpg"]
    assert uploaded(place) == {"zalo": [".pdf", ".png"], "messenger": [".pdf", ".png"]}
    report = await command(place, "report", "assessments", "--format", "csv")
    assert "Hoàn thành" in report
    assert "Chiềng Mai" not in report, "a place with fewer than five people is not named"


async def has_been_told_all(citizen: Citizen) -> None:
    """Every question was asked, none of them numbered, and each label is one the channel shows whole."""
    seen = await citizen.hands.seen()
    texts = "\n".join(one.text for one in seen)
    assert all(f"Câu {number}/10" in texts for number in range(1, 11))
    label_limit, most = {"zalo": (35, 5), "messenger": (20, 13), "web": (120, 60)}[citizen.channel]
    for one in seen:
        assert len(one.options) <= most
        assert all(len(label) <= label_limit for label, _ in one.options)
        assert not any(label.strip().isdigit() for label, _ in one.options), "a number would be the points"
        assert "Bạn gõ số" not in one.text


def uploaded(place: Place) -> dict[str, list[str]]:
    """The endings of the files that were uploaded, and that they hold what they say."""
    found: dict[str, list[str]] = {}
    for name, stand_in in (("zalo", place.zalo), ("messenger", place.graph)):
        files = [call.file for call in stand_in.requests if call.name == "upload" and call.file]
        assert all(file.content.startswith((b"\x89PNG", b"%PDF-")) for file in files)
        found[name] = sorted(Path(file.name).suffix for file in files)
    return found


async def _kept_files(place: Place, count: int) -> bool:
    kept = place.rows("SELECT path FROM evidence WHERE state = 'kept'")
    return len(kept) == count and all(
        (place.service.data_dir / "evidence" / path).stat().st_size for (path,) in kept
    )


async def command(place: Place, *words: str) -> str:
    """Run a command of the program beside the running one; gives what it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", *words, env=place.service.environment, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0
    return printed.decode()


# --- killed ------------------------------------------------------------------------------------------

KILLS = (
    "recorded",
    "accepted-not-recorded",
    "claimed-not-sent",
    "after-commit",
    "before-commit",
    "turn-decided",
    "announced-not-taken",
    "stored-not-announced",
)
"""From the end of a message's path to its beginning: what one kill leaves lying, the next one meets."""
KILLS_AT_THE_END = (
    "sheet-drawn",
    "before-commit",
    "after-commit",
    "claimed-not-sent",
    "accepted-not-recorded",
    "recorded",
)
"""All of them while one and the same tap is being answered."""


async def begins(citizen: Citizen) -> None:
    """To the first question."""
    await citizen.says("tự đánh giá công dân học tập", "Bạn đồng ý bắt đầu")
    await citizen.presses("Đồng ý, nhắc mình", "Bạn đang làm gì")
    await citizen.says("nông dân", "Câu 1/10")


async def answers_all(citizen: Citizen, first: int = 1) -> None:
    """From question `first` to the last step."""
    for number, got in list(enumerate(POINTS, 1))[first - 1 :]:
        await citizen.says(str(got), f"Câu {number}: mình ghi {got} điểm")
    await citizen.presses("Bỏ qua", "Điểm bạn cho")


async def redelivered(place: Place) -> None:
    """What the platform does in the end with what was not acknowledged, without its pauses."""
    await place.zalo.settled()
    for delivery in list(place.zalo.webhooks.deliveries):
        if not delivery.accepted and not delivery.attempts[-1].accepted:
            assert (await place.zalo.webhooks.post_again(delivery)).accepted


async def ends_before(process: asyncio.subprocess.Process, condition: Callable[[], Awaitable[bool]]) -> bool:
    """Wait until a process has ended or a condition holds; whether it has ended."""

    async def either() -> bool:
        return process.returncode is not None or await condition()

    await until(either, 40)
    return process.returncode is not None


@pytest.mark.crash
async def test_killed_at_every_point_it_goes_on_at_the_same_question_and_loses_no_answer(
    place: Place,
) -> None:
    place.zalo.webhooks.retries = False
    rules = place.zalo.rules  # echoes and receipts are handled too, and would meet the kills in our stead
    rules.sends_echo = rules.sends_received = rules.sends_seen = False
    citizen = zalo_citizen(place.zalo)
    whole = await place.service.start()
    await begins(citizen)
    await citizen.shows(place.zalo.picture("ruong.jpg"), "minh chứng cho câu 1")
    await until(lambda: _kept_files(place, 1))
    await place.service.kill(whole)
    number = 1

    async def is_asked() -> bool:
        """And nothing is on its way, so that each kill meets the one message it is meant for."""
        asked = any(f"Câu {number}/10" in words for words in await citizen.words())
        open_ = "SELECT count(*) FROM outbox WHERE state IN ('waiting', 'sending', 'checking')"
        return asked and place.rows(open_) == [(0,)] and await place.service.is_ready()

    for point in KILLS:
        doomed = await place.service.start(crash_at=point, ready=False)
        if not await ends_before(doomed, is_asked):
            await citizen.hands.tap("", f"f:assessment:{number}:{POINTS[number - 1]}")
            number += 1
        async with asyncio.timeout(20):
            assert await doomed.wait() == -9
    assert number >= 5, "at least four kills met an answer"
    await place.service.start()
    await redelivered(place)
    await until(is_asked)
    await answers_all(citizen, number)
    await citizen.presses("Xem kết quả", "Bạn được 83 điểm", "Việc nên làm trước")
    assert place.rows("SELECT points, total FROM assessments") == [(json.dumps(list(POINTS)), 83)]
    assert await citizen.files() == ["picture", "document"]
    assert place.zalo.fetched == ["ruong.jpg"], "kept before the first kill, not asked for again"
    noted = [words.partition(":")[0] for words in await citizen.words() if "mình ghi" in words]
    assert list(dict.fromkeys(noted)) == [f"Câu {one}" for one in range(1, 11)]
    assert len(noted) <= 11, "one copy at most: accepted by the platform, not recorded by us"


@pytest.mark.crash
async def test_killed_again_and_again_at_the_end_there_is_one_result_with_one_card_and_one_paper(
    place: Place,
) -> None:
    place.zalo.webhooks.retries = False
    citizen = zalo_citizen(place.zalo)
    fetching = await place.service.start(crash_at="evidence-fetched")
    await begins(citizen)
    await answers_all(citizen)
    await citizen.hands.show(place.zalo.picture("giay-khen.jpg"))
    async with asyncio.timeout(20):
        assert await fetching.wait() == -9
    # The file belongs to the dead process for some minutes more: they pass.
    assert place.change("UPDATE evidence SET not_before = created_at WHERE state = 'waiting'") == 1
    tapped = False
    for point in KILLS_AT_THE_END:
        doomed = await place.service.start(crash_at=point, ready=not tapped)
        if not tapped:
            await until(lambda: _kept_files(place, 1))
            await citizen.hands.tap("", "f:assessment:evidence:done")
            tapped = True
        async with asyncio.timeout(40):
            assert await doomed.wait() == -9
    await place.service.start()
    await redelivered(place)

    async def was_told() -> bool:
        return "Việc nên làm trước" in "\n".join(await citizen.words())

    await until(was_told, 40)
    await asyncio.sleep(1.0)
    assert place.rows("SELECT points, total, step FROM assessments") == [
        (json.dumps(list(POINTS)), 83, "finished")
    ]
    assert await citizen.files() == ["picture", "document"]
    verdicts = [words for words in await citizen.words() if words.startswith("Bạn được 83 điểm")]
    assert len(verdicts) <= 2, "one copy at most: accepted by the platform, not recorded by us"
    assert place.zalo.fetched == ["giay-khen.jpg"] * 2, "the first time nobody was left to write it down"
    assert len(list((place.service.data_dir / "evidence").rglob("*.*"))) == 1
    assert len(list((place.service.data_dir / "sheets").iterdir())) == 2


# --- at once -----------------------------------------------------------------------------------------


@pytest.mark.service
async def test_two_taps_at_once_go_one_step(place: Place) -> None:
    await place.service.start()
    async with browser() as session:
        citizen = web_citizen(place.service.url, session)
        await begins(citizen)
        hands = citizen.hands
        assert isinstance(hands, WebHands)
        for number in range(1, 11):
            again = {"payload": f"f:assessment:{number}:8", "label": "Khá tốt"}
            same = {**again, "client_id": str(uuid.uuid4())}
            statuses = await asyncio.gather(
                hands.post(**again), hands.post(**again), hands.post(**same), hands.post(**same)
            )
            assert list(statuses) == [202] * 4

            async def were_answered() -> bool:
                return place.rows("SELECT count(*) FROM inbound_events WHERE handled_at IS NULL") == [(0,)]

            await until(were_answered)
            if number == 5:
                for pid in place.service.valkey_pids():
                    os.kill(pid, signal.SIGKILL)
        noted = [words for words in await citizen.words() if "mình ghi 8 điểm" in words]
        assert len(noted) == 10
        await citizen.says("bỏ qua", "Điểm bạn cho")
        done = {"payload": "f:assessment:evidence:done", "label": "Xem kết quả"}
        await asyncio.gather(*(hands.post(**done) for _ in range(3)))
        await until(were_answered)
        assert len(place.rows("SELECT code FROM assessments")) == 1
        assert place.rows("SELECT count(*) FROM evidence") == [(0,)]


# --- things that go wrong ----------------------------------------------------------------------------


@pytest.mark.service
async def test_sheets_that_cannot_be_written_cost_the_sheets_alone(place: Place) -> None:
    folder = place.service.data_dir / "sheets"
    folder.write_text("in the way")
    await place.service.start()
    citizen = messenger_citizen(place.graph)
    await begins(citizen)
    for number in range(1, 11):
        await citizen.says("9", f"Câu {number}: mình ghi 9 điểm")
    await citizen.presses("Bỏ qua", "Điểm bạn cho")
    await citizen.presses("Xem kết quả", "Bạn được 90/100 điểm", "cất minh chứng")
    assert await citizen.files() == []
    assert place.log().count("sheet_left_out") == 2
    folder.unlink()
    await citizen.says("kết quả của tôi", "Bạn được 90/100 điểm", "cất minh chứng")
    assert await citizen.files() == ["picture", "document"]


@pytest.mark.service
def test_criteria_with_an_error_keep_it_from_starting(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "criteria"
    shutil.copytree(CRITERIA_DIR, folder)
    head = folder / "324-2023" / "set.yml"
    head.write_text(head.read_text().replace("indicators: 4}", "indicators: 5}", 1))
    monkeypatch.setattr("bot.app.load_criteria", lambda: load_criteria(folder))
    given = {"DATA_DIR": str(data_dir), "PORT": str(free_port()), "EMBEDDER": "none"}
    ended = CliRunner().invoke(main, ["serve"], env=given)
    assert ended.exit_code == 1
    assert re.search(r"324-2023/set\.yml:\d+: \S+", ended.stderr)
    assert "sẵn sàng" not in ended.output


GARBAGE: tuple[tuple[int, object], ...] = (
    (99, {"something": "of tomorrow"}),
    (1, {}),
    (1, {"points": [1, None, "x"], "step": "²", "criteria": ["324-2023"], "code": 7}),
    (1, {"code": "KH", "criteria": "999-2999", "points": [None] * 10, "step": "3", "remind": False}),
    (0, {"step": "3" * 5000, "evidence": [[[[[]]]]]}),
)


@pytest.mark.service
async def test_what_another_version_left_behind_is_begun_anew_politely(place: Place) -> None:
    await place.service.start()
    async with AsyncExitStack() as stack:
        for version, data in GARBAGE:
            citizen = web_citizen(place.service.url, await stack.enter_async_context(browser()))
            await begins(citizen)
            await citizen.says("8", "Câu 2/10")
            (key,) = place.rows(
                "SELECT conversation_key FROM assessments ORDER BY began_at DESC, code LIMIT 1"
            )[0]
            ((state,),) = place.rows("SELECT state FROM conversations WHERE key = ?", key)
            torn = json.loads(state)
            torn["underway"] |= {"version": version, "data": data}
            torn["kept"] = {"assessment": {"results": [data, None, 7]}}
            place.change("UPDATE conversations SET state = ? WHERE key = ?", json.dumps(torn), key)
            await citizen.says("9", "để dở phần tự đánh giá")
            await citizen.says("kết quả của tôi", "chưa có kết quả")
            await citizen.says("làm tiếp", "Mình bắt đầu lại nhé", "Bạn đồng ý bắt đầu")
            await citizen.presses("Đồng ý, không nhắc", "Bạn đang làm gì")
    assert place.rows("SELECT count(*) FROM inbound_events WHERE outcome = 'parked'") == [(0,)]
    assert "turn_raised" not in place.log()


@pytest.mark.service
async def test_whatever_is_sent_as_evidence_the_assessment_goes_on(place: Place) -> None:
    place.service.configure(CITIZEN_MESSAGES_PER_MINUTE="1000")
    await place.service.start()
    zalo, user = place.zalo, "2512523625412515"
    citizen = zalo_citizen(zalo, user)
    await begins(citizen)

    async def sends(name: str, url: str, kind: str = "file") -> None:
        event = zalo.events.file(
            "2512523625412515", name, "99999999999999999999", zalo.ids.message(), zalo.clock()
        )
        event["message"]["attachments"][0]["payload"]["url"] = url  # type: ignore[index]
        event["message"]["attachments"][0]["type"] = kind  # type: ignore[index]
        before = len(await citizen.hands.seen())
        await zalo.deliver(event)

        async def was_answered() -> bool:
            return len(await citizen.hands.seen()) > before

        await until(was_answered)

    here = zalo.picture("that.jpg")
    hostile = (
        ("../../../etc/passwd", zalo.picture("rong.jpg", b"")),
        ("\u202egpj.exe\x00" + "a" * 5000, zalo.picture("trang.html", b"<script>alert(1)</script>")),
        ("=HYPERLINK(1)", "https://169.254.169.254/latest/meta-data/"),
        ("ảnh 1.jpg", "http://127.0.0.1:22/x.jpg"),
        ("ảnh 2.jpg", "file:///etc/passwd"),
        ("ảnh 3.jpg", "https://[::ffff:127.0.0.1]/x.jpg"),
        ("ảnh 4.jpg", f"{zalo.base_url}@evil.example/x.jpg"),
        ("ảnh 5.jpg", zalo.base_url + "/" + "x" * 5000),
        ("ảnh 6.jpg", zalo.picture("to.jpg", b"\xff\xd8\xff" + b"0" * (11 * 1024 * 1024))),
        ("ảnh 7.jpg", f"{zalo.base_url}/pictures/khong-co.jpg"),
        ("tốt.jpg", here),
    )
    for number, (name, url) in enumerate(hostile):
        if number % 3 == 0 and number:
            await citizen.says("8", "mình ghi 8 điểm")  # three pieces of evidence at most for each question
        await sends(name, url, "image" if number % 2 else "file")
    before = await citizen.words()
    assert "Câu 4/10" in before[-1]
    for number in range(100):
        await zalo.deliver(
            zalo.events.image("2512523625412515", f"{here}?{number}", zalo.ids.message(), zalo.clock())
        )
    await citizen.says("x" * 2000)
    await citizen.says("9" * 2000)
    await citizen.says("8", "Câu 4: mình ghi 8 điểm", "Câu 5/10")

    async def is_settled() -> bool:
        return place.rows("SELECT count(*) FROM evidence WHERE state = 'waiting' AND attempts = 0") == [(0,)]

    await until(is_settled, 40)
    states = Counter(state for (state,) in place.rows("SELECT state FROM evidence"))
    assert states["kept"] >= 1
    assert sum(states.values()) <= 20
    folder = place.service.data_dir / "evidence"
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".part"]
    assert {path.suffix for path in files} == {".jpg"}
    assert all(re.fullmatch(r"KH-\w{4}-\w{4}/\d+\.jpg", str(path.relative_to(folder))) for path in files)
    assert len(files) == states["kept"]
    assert "turn_raised" not in place.log()
    assert "evidence_failed" not in place.log()


@pytest.mark.service
async def test_erasing_leaves_no_row_and_no_file_in_the_middle_and_right_after_the_end(place: Place) -> None:
    await place.service.start()
    half, whole = zalo_citizen(place.zalo), messenger_citizen(place.graph)
    await begins(half)
    await half.shows(place.zalo.picture("ruong-nha-toi.jpg"), "minh chứng cho câu 1")
    await begins(whole)
    await whole.shows(place.graph.picture("lop-cua-toi.jpg"), "minh chứng cho câu 1")
    await whole.says("minh chứng câu 2: tôi đọc báo Nông nghiệp mỗi tuần", "1 lời kể")
    await answers_all(whole)
    await until(lambda: _kept_files(place, 2))
    for citizen, last in ((half, ()), (whole, ("Xem kết quả",))):
        for label in last:
            await citizen.presses(label, "Bạn được 83 điểm")
        await citizen.says("xóa dữ liệu của tôi", "Bạn có chắc muốn xóa")
        await citizen.says("có", "Mình đã xóa xong")
        await citizen.says("kết quả của tôi", "chưa có kết quả")
        await citizen.says("làm tiếp", "không thấy phần nào")

    async def is_gone() -> bool:
        folders = (place.service.data_dir / name for name in ("evidence", "sheets"))
        return not [path for folder in folders for path in folder.rglob("*") if path.is_file()]

    await until(is_gone)
    assert place.rows("SELECT * FROM assessments") == []
    assert place.rows("SELECT * FROM evidence") == []
    dumped = "\n".join(
        repr(row)
        for (table,) in place.rows("SELECT name FROM sqlite_master WHERE type = 'table'")
        for row in place.rows(f'SELECT * FROM "{table}"')
    )
    for trace in ("ruong-nha-toi", "lop-cua-toi", "báo Nông nghiệp", "mình ghi 8 điểm", "Bạn được 83"):
        assert trace not in dumped


@pytest.mark.service
async def test_of_two_workers_one_reminds_and_only_once(place: Place) -> None:
    hours_to_noon = (12 - datetime.now(UTC).hour) % 24
    east = hours_to_noon if hours_to_noon <= 14 else hours_to_noon - 24
    place.service.configure(TIMEZONE=f"Etc/GMT{-east:+d}")  # people are reminded by day: there it is noon
    whole = await place.service.start()
    citizens = [zalo_citizen(place.zalo, f"25125236254125{n:02}") for n in range(3)]
    for citizen in citizens:
        await begins(citizen)
    await citizens[1].says("8", "Câu 2/10")
    await citizens[2].says("dừng lại", "làm tiếp")
    assert await place.service.interrupt(whole) == 0
    for table, column in (("assessments", "touched_at"), ("conversations", "last_heard_at")):
        earlier = f"strftime('%Y-%m-%d %H:%M:%f000', {column}, '-25 hours')"
        assert place.change(f"UPDATE {table} SET {column} = {earlier}") == 3
    # Both look for whom to remind as soon as they run.
    worker = await place.service.start(role="worker")
    await place.service.start()

    async def all_were_reminded() -> bool:
        return all(["Mình chỉ nhắc một lần" in "\n".join(await one.words()) for one in citizens])

    await until(all_were_reminded)
    await place.service.kill(worker)
    await place.service.start(role="worker")
    await citizens[1].presses("Làm tiếp", "Câu 2/10")
    await asyncio.sleep(1.0)
    for citizen in citizens:
        assert "\n".join(await citizen.words()).count("Mình chỉ nhắc một lần") == 1
