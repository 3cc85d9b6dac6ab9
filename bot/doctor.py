"""`khuyenhoc doctor`: what is configured, what is missing and what is broken, in plain words."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.exc import SQLAlchemyError

from bot import app
from bot.clock import utc_now
from bot.embedded_valkey import ValkeyUnavailable
from bot.nerves import Nerves
from bot.settings import MESSENGER_NEEDED, ZALO_NEEDED, Settings
from bot.store import accounts, campaigns, content, events, outbox, staff
from bot.store.database import Database, StoreUnavailable
from bot.store.migrate import SchemaTooNew
from connectors.channel import Channel, Health
from knowledge.checklists import load_checklists
from knowledge.content import Content, ContentError, content_of, load_content
from knowledge.criteria_files import load_criteria
from knowledge.embedding import EmbedderUnavailable, VectorStore, open_embedder
from knowledge.ingest.programs import has_tesseract, libreoffice
from knowledge.repertoire import Repertoire
from nlu.embedded import edition_of
from nlu.rasa import RasaModel, look_at
from nlu.rasa_answer import Unusable
from nlu.training import TrainingData, TrainingDataBroken, load_training_data


class Level(StrEnum):
    """How a finding reads at a glance."""

    GOOD = "✔"
    OFF = "–"
    WARN = "!"
    BAD = "✘"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    level: Level
    what: str
    says: str
    remedy: str = ""

    def __str__(self) -> str:
        lines = [f" {self.level} {self.what}: {self.says}"]
        if self.remedy:
            lines.append(f"     → {self.remedy}")
        return "\n".join(lines)


async def examine(settings: Settings) -> list[Finding]:
    """Look at everything once. Never raises for a fault of the installation: that is a finding."""
    findings = [_folder(settings)]
    async with AsyncExitStack() as stack:
        try:
            database = await stack.enter_async_context(app.open_database(settings))
        except (StoreUnavailable, SQLAlchemyError, SchemaTooNew, OSError) as error:
            findings.append(
                Finding(Level.BAD, "Cơ sở dữ liệu", f"không mở được ({type(error).__name__})",
                        "Kiểm tra DATABASE_URL hoặc quyền ghi của DATA_DIR.")
            )  # fmt: skip
            return findings
        kind = "SQLite trong thư mục dữ liệu" if database.is_sqlite else "PostgreSQL"
        findings.append(Finding(Level.GOOD, "Cơ sở dữ liệu", f"{kind}, lược đồ đúng phiên bản"))
        findings.append(await _redis(settings))
        findings.extend(await _knowledge(settings, database))
        findings.extend(await _understanding(settings))
        findings.append(await asyncio.to_thread(_criteria))
        findings.extend(await asyncio.to_thread(_readers))
        findings.extend(await _queues(database))
        findings.append(await _outreach(database))
        findings.append(await _console(database))
        findings.extend(await _channels(settings, database))
    return findings


def _folder(settings: Settings) -> Finding:
    folder = settings.data_dir
    if folder.exists() and not os.access(folder, os.W_OK):
        return Finding(
            Level.BAD, "Thư mục dữ liệu", f"không ghi được vào {folder}", "Cấp quyền ghi cho chương trình."
        )
    if folder.exists() and folder.stat().st_mode & 0o077:
        return Finding(
            Level.WARN,
            "Thư mục dữ liệu",
            f"{folder} cho người khác trên máy đọc",
            f"Chạy: chmod 700 {folder}",
        )
    return Finding(Level.GOOD, "Thư mục dữ liệu", str(folder))


async def _redis(settings: Settings) -> Finding:
    try:
        async with app.open_redis_url(settings) as url:
            nerves = Nerves(url)
            up = await nerves.is_up()
            await nerves.aclose()
    except ValkeyUnavailable as error:
        return Finding(Level.BAD, "Redis", str(error))
    name = "Redis theo REDIS_URL" if settings.redis_url else "Valkey đi kèm"
    if up:
        return Finding(Level.GOOD, "Redis", f"{name} đang trả lời")
    return Finding(
        Level.BAD, "Redis", f"{name} không trả lời",
        "Tin nhắn vẫn được lưu; bot sẽ trả lời khi Redis chạy lại.",
    )  # fmt: skip


async def _knowledge(settings: Settings, database: Database) -> list[Finding]:
    """What citizens are answered from, and whether it is found by meaning too."""
    async with database.read() as connection:
        items = await content.load(connection)
    try:
        shipped = await asyncio.to_thread(load_content)
    except ContentError as error:
        return [
            Finding(
                Level.BAD, "Kho câu trả lời",
                f"nội dung đi kèm có lỗi, chương trình sẽ không khởi động: {error}",
                "Sửa tệp đó; xem mọi lỗi bằng: .venv/bin/python -m knowledge.shipped",
            )
        ]  # fmt: skip
    # Before the first start the database is empty, and what ships is what will be known.
    known = await asyncio.to_thread(content_of, items) if items else shipped
    size = Finding(
        Level.GOOD if known.entries else Level.BAD,
        "Kho câu trả lời",
        f"{len(known.entries)} câu hỏi đáp, {len(known.facts)} dữ kiện, {len(known.documents)} văn bản",
    )
    return [size, await asyncio.to_thread(_meaning, settings, known)]


def _meaning(settings: Settings, known: Content) -> Finding:
    """Opens the model as the bot would and lets go of it again: up to 20 seconds for a large one."""
    what, setting = "Tìm theo nghĩa", settings.embedder
    folder = settings.data_dir / "vectors"  # where app.open_knowledge keeps them
    by_words = "Trợ lý vẫn trả lời, chỉ tìm theo từ."
    try:
        embedder = open_embedder(setting)
    except EmbedderUnavailable as error:
        return Finding(Level.WARN, what, f"chưa dùng được EMBEDDER={setting}: {error}", by_words)
    if embedder is None:
        return Finding(Level.OFF, what, f"đang tắt (EMBEDDER={setting}); trợ lý tìm theo từ")
    try:
        texts = [line.meaning for line in Repertoire(known).lines]
        missing = len(VectorStore(folder, embedder).missing(texts))
    except OSError as error:
        return Finding(
            Level.WARN, what,
            f"mở được EMBEDDER={setting}, nhưng không dùng được thư mục vectơ ({error.strerror})",
            f"Kiểm tra quyền ghi của {folder}. {by_words}",
        )  # fmt: skip
    finally:
        embedder.close()
    if missing:
        return Finding(
            Level.GOOD, what,
            f"mở được EMBEDDER={setting}; còn {missing} trên {len(texts)} mục chưa tính vectơ, "
            "chương trình tự làm khi chạy",
        )  # fmt: skip
    return Finding(Level.GOOD, what, f"mở được EMBEDDER={setting}; đủ vectơ của {len(texts)} mục")


async def _understanding(settings: Settings) -> list[Finding]:
    """What finds out what a message wants: the interpreter in the program, and Rasa when it is asked."""
    try:
        data = await asyncio.to_thread(load_training_data)
    except TrainingDataBroken as error:
        first, *others = error.faults
        more = f" (và {len(others)} lỗi nữa)" if others else ""
        return [
            Finding(
                Level.BAD, "Hiểu câu hỏi",
                f"câu mẫu đi kèm có lỗi, chương trình sẽ không khởi động: {first}{more}",
                "Sửa tệp đó trong nlu/data.",
            )
        ]  # fmt: skip
    found = [await asyncio.to_thread(_interpreter, settings, data)]
    if settings.nlu == "rasa":
        found.append(await _rasa(settings, data))
    return found


def _interpreter(settings: Settings, data: TrainingData) -> Finding:
    """Answers alone with NLU=embedded, and in Rasa's place whenever Rasa does not."""
    kept = settings.data_dir / "nlu" / f"nlu-{edition_of(data)}.npz"  # where app.open_interpreter keeps it
    state = "đã học xong" if kept.exists() else "chưa học, chương trình tự học trong vài giây khi chạy"
    return Finding(
        Level.GOOD, "Hiểu câu hỏi",
        f"bộ hiểu đi kèm, {len(data.examples)} câu mẫu của {len(data.intents)} loại yêu cầu; {state}",
    )  # fmt: skip


def _criteria() -> Finding:
    """What citizens assess themselves by: used whole or not at all."""
    what = "Bộ tiêu chí tự đánh giá"
    try:
        book = load_criteria()
        lists = load_checklists()
    except ContentError as error:
        return Finding(
            Level.BAD, what, f"tệp tiêu chí có lỗi, chương trình sẽ không khởi động: {error}",
            "Sửa tệp đó trong knowledge/content/criteria.",
        )  # fmt: skip
    current = book.current
    groups = ", ".join(group.name for group in current.groups)
    old = [one.document for one in book.sets if one is not current]
    also = f"; bộ cũ chỉ để đọc: {', '.join(old)}" if old else ""
    return Finding(
        Level.GOOD, what,
        f"hợp lệ: {current.document} ({current.id}), {len(current.indicators)} chỉ số, "
        f"{len(current.groups)} nhóm ({groups}){also}; {len(lists)} bảng gợi ý cho mô hình khác",
    )  # fmt: skip


_MEANWHILE = "Trong lúc đó bộ hiểu đi kèm trả lời thay."
_RASA_SILENT = {
    "unreachable": ("không kết nối được", "Chạy máy chủ (make rasa), hoặc sửa RASA_URL."),
    "timeout": ("không trả lời kịp", "Xem máy chủ có đang quá tải hoặc bị treo không."),
    "denied": ("từ chối mã truy cập", "Đặt RASA_TOKEN đúng bằng mã của máy chủ."),
    "no_model": ("đang chạy nhưng chưa có mô hình", "Dạy và chạy lại máy chủ: make rasa."),
    "status": (
        "báo lỗi HTTP {status}",
        "Xem nhật ký của máy chủ, và RASA_URL có đúng là máy chủ Rasa không.",
    ),
    "malformed": ("trả lời không đọc được", "Xem RASA_URL có đúng là máy chủ Rasa không."),
}


async def _rasa(settings: Settings, data: TrainingData) -> Finding:
    """Asks the server as the bot would, with a little more patience."""
    what = "Hiểu câu hỏi bằng Rasa"
    token = settings.rasa_token.get_secret_value()
    try:
        model = await look_at(settings.rasa_url, token, _some_of_each(data))
    except Unusable as unusable:
        says, remedy = _RASA_SILENT.get(unusable.reason, _RASA_SILENT["malformed"])
        says = says.format(status=unusable.status)
        return Finding(
            Level.WARN, what, f"máy chủ {settings.rasa_url} {says}", f"{remedy} {_MEANWHILE}"
        )  # fmt: skip
    differs = _differences(model, data)
    if differs:
        return Finding(
            Level.WARN, what,
            f"mô hình {model.name} học từ dữ liệu khác với bản này: {differs}",
            "Dạy lại rồi khởi động lại máy chủ: make rasa. Yêu cầu mà mô hình chưa biết, nó sẽ hiểu nhầm.",
        )  # fmt: skip
    return Finding(Level.GOOD, what, f"máy chủ {settings.rasa_url} đang trả lời bằng mô hình {model.name}")


def _some_of_each(data: TrainingData) -> list[str]:
    """Two examples of every intent: a model that learned it names it for one of them at least."""
    return [e.text for intent in data.intents for e in [e for e in data.examples if e.intent == intent][:2]]


def _differences(model: RasaModel, data: TrainingData) -> str:
    """Intents that only one side knows; empty when both know the same."""
    missing = sorted(set(data.intents) - model.intents)
    foreign = sorted(model.intents - set(data.intents))
    parts = [f"thiếu {', '.join(missing)}"] if missing else []
    parts += [f"thừa {', '.join(foreign)}"] if foreign else []
    return "; ".join(parts)


def _readers() -> list[Finding]:
    """Programs that read what our own libraries cannot; everything else works without them."""
    scans = has_tesseract()
    office = libreoffice()
    return [
        Finding(Level.GOOD, "Đọc tài liệu quét", "có Tesseract với dữ liệu tiếng Việt")
        if scans
        else Finding(
            Level.OFF, "Đọc tài liệu quét", "chưa có Tesseract với dữ liệu tiếng Việt",
            "Muốn đọc được trang ảnh chụp, cài: tesseract-ocr tesseract-ocr-vie.",
        ),
        Finding(Level.GOOD, "Đọc tệp Word đời cũ", "có LibreOffice")
        if office
        else Finding(
            Level.OFF, "Đọc tệp Word đời cũ", "chưa có LibreOffice",
            "Muốn đọc tệp .doc, .rtf, .odt, cài: libreoffice-writer.",
        ),
    ]  # fmt: skip


async def _queues(database: Database) -> list[Finding]:
    async with database.read() as connection:
        waiting = await events.backlog(connection)
        depths = await outbox.depth(connection)
    late = waiting.oldest_at is not None and (utc_now() - waiting.oldest_at).total_seconds() > 60
    found = [
        Finding(
            Level.WARN if late else Level.GOOD,
            "Tin nhắn đến",
            f"{waiting.unhandled} tin chưa xử lý",
            "Có tin chờ hơn một phút: xem tiến trình worker có chạy không." if late else "",
        )
    ]
    if waiting.parked:
        found.append(Finding(Level.WARN, "Tin lỗi", f"{waiting.parked} tin không xử lý được, đã để riêng"))
    found.extend(
        Finding(
            Level.WARN if depth.dead else Level.GOOD,
            f"Tin gửi đi ({depth.channel})",
            f"{depth.open} tin đang chờ, {depth.dead} tin không gửi được",
        )
        for depth in depths
    )
    return found


async def _outreach(database: Database) -> Finding:
    """Campaigns that need somebody: those that paused by themselves, and messages nobody knows about."""
    what = "Chiến dịch"
    async with database.read() as connection:
        found = await campaigns.attention(connection, utc_now().date())
    said = []
    if found.troubled:
        said.append(f"{found.troubled} chiến dịch đang tạm dừng vì trục trặc")
    if found.unknown:
        said.append(f"{found.unknown} tin không rõ đã tới hay chưa")
    if not said:
        return Finding(Level.GOOD, what, "không có gì đang chờ bạn")
    remedy = "Xem: khuyenhoc campaign list, hoặc trang Chiến dịch. Tin không rõ không tự gửi lại."
    return Finding(Level.WARN, what, "; ".join(said), remedy)


async def _console(database: Database) -> Finding:
    async with database.read() as connection:
        accounts_made = await staff.count(connection)
    if accounts_made:
        return Finding(Level.GOOD, "Trang cán bộ", f"{accounts_made} tài khoản")
    return Finding(
        Level.OFF, "Trang cán bộ", "chưa có tài khoản; lần chạy đầu tiên sẽ tạo tài khoản quản trị"
    )


async def _channels(settings: Settings, database: Database) -> list[Finding]:
    findings = [Finding(Level.GOOD, "Trang web", "luôn bật")]
    made: tuple[tuple[str, str, Channel | None], ...] = (
        (
            "Zalo OA",
            f"{', '.join(ZALO_NEEDED)} và cặp mã truy cập",
            app.make_zalo(settings, database, utc_now),
        ),
        ("Messenger", ", ".join(MESSENGER_NEEDED), app.make_messenger(settings, utc_now)),
    )
    for name, needed, channel in made:
        if channel is None:
            findings.append(Finding(Level.OFF, name, "đang tắt", f"Muốn bật, điền: {needed}."))
            continue
        try:
            health = await asyncio.wait_for(channel.check(), 12)
            async with database.read() as connection:
                state = await accounts.state(connection, f"{channel.name}:{channel.account}")
        except TimeoutError:
            health = Health(ok=False, summary="Nền tảng không trả lời trong 12 giây.")
        finally:
            await channel.aclose()
        findings.append(Finding(Level.GOOD if health.ok else Level.BAD, name, health.summary, health.remedy))
        if health.ok and state.broken_since is not None:
            findings.append(
                Finding(Level.WARN, name, f"các lần gửi gần đây bị từ chối: {state.broken_why}",
                        "Sẽ tự thử lại sau mỗi nửa phút.")
            )  # fmt: skip
    return findings
