"""The command line. Each command reads its settings, calls one part of the house, and prints."""

from __future__ import annotations

import asyncio
import json
import shlex
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bot import app
from bot.ask import as_text, ask, ask_lines, options_of
from bot.assessment_report import assessment_figures
from bot.assessment_tally import Period
from bot.backup import BackupFailed, back_up, restore
from bot.clock import utc_now
from bot.doctor import Level, examine
from bot.embedded_valkey import ValkeyUnavailable
from bot.evaluation import Report, report_lines, report_on, report_record, shipped_gold
from bot.gold import GoldFileBroken, GoldQuestion, load_gold
from bot.ingest import FileReport, Outcome, describe, ingest_files
from bot.logs import set_up_logging
from bot.outreach import by_hand as campaigns_by_hand
from bot.outreach import report_by_hand
from bot.outreach.report_periods import ReportPeriod, period_of
from bot.outreach.reports import as_json as report_as_json
from bot.report_drawing import FORMS as REPORT_FORMS
from bot.report_files import FORMS, Figures, written_as
from bot.settings import Settings
from bot.staff import by_hand
from bot.staff.passwords import (
    FIRST_ADMIN,
    MAX_LENGTH,
    MIN_LENGTH,
    first_admin,
    hash_password,
    new_password,
)
from bot.store import staff
from bot.store.campaigns import Overtaken
from bot.store.database import Database, StoreUnavailable
from bot.store.migrate import SchemaTooNew
from bot.understand import Backend, RasaUnusable, interpret_lines, interpret_one, opened_backend
from connectors.message import clean_text
from connectors.messenger import setup_profile
from knowledge.content import ContentError
from knowledge.criteria_files import load_criteria
from knowledge.ingest import Limits
from nlu.training import TrainingDataBroken

if TYPE_CHECKING:
    from knowledge.index import Mode

T = TypeVar("T")
_STARTED = time.monotonic()
COMMAND_LINE = "dòng lệnh"
"""Who took a document in, when it was nobody of the console."""


def read_settings(**overrides: object) -> Settings:
    """The settings, with what the command line says on top; a mistake ends the program in plain words."""
    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        for problem in error.errors():
            where = ".".join(str(part) for part in problem["loc"]).upper()
            click.echo(
                f"Cấu hình chưa đúng: {f'{where}: ' if where else ''}{_in_plain_words(problem)}", err=True
            )
        raise SystemExit(2) from None
    except UnicodeDecodeError:
        click.echo("Cấu hình chưa đúng: tệp .env phải được lưu ở bảng mã UTF-8.", err=True)
        raise SystemExit(2) from None


_WORDS = {
    "int_parsing": "phải là một số nguyên",
    "float_parsing": "phải là một số",
    "bool_parsing": "chỉ nhận true hoặc false",
    "literal_error": "chỉ nhận {expected}",
    "greater_than": "phải lớn hơn {gt}",
    "greater_than_equal": "phải từ {ge} trở lên",
    "less_than_equal": "nhiều nhất là {le}",
}


def _in_plain_words(problem: ErrorDetails) -> str:
    """What is wrong with a setting, without its value: it may be a secret."""
    words = _WORDS.get(problem["type"])
    if words is None:
        return problem["msg"].removeprefix("Value error, ")
    return words.format(**problem.get("ctx", {})).replace(" or ", " hoặc ")


@contextmanager
def _told_plainly() -> Iterator[None]:
    """What keeps the program from starting, said to whoever installs it."""
    try:
        yield
    except StoreUnavailable as error:
        raise click.ClickException(
            f"Không mở được cơ sở dữ liệu ({error}). Kiểm tra DATABASE_URL, hoặc quyền ghi và chỗ trống "
            "của thư mục DATA_DIR. Xem thêm: khuyenhoc doctor."
        ) from error
    except SchemaTooNew as error:
        raise click.ClickException(
            "Cơ sở dữ liệu đã được một phiên bản mới hơn nâng cấp. Hãy chạy phiên bản đó, "
            "hoặc khôi phục một bản sao lưu cũ hơn."
        ) from error
    except TrainingDataBroken as error:
        raise click.ClickException(f"Câu mẫu kèm chương trình có lỗi:\n{error}") from error
    except ContentError as error:
        raise click.ClickException(f"Nội dung kèm chương trình có lỗi: {error}") from error
    except (ValkeyUnavailable, app.HalfConfigured) as error:
        raise click.ClickException(str(error)) from error
    except app.AddressTaken as error:
        raise click.ClickException(
            f"Không mở được địa chỉ {error}. Có chương trình khác đang dùng cổng này? Thử --port khác."
        ) from error


data_dir_option = click.option(
    "--data-dir", type=click.Path(path_type=Path, file_okay=False), help="Data folder (DATA_DIR)."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="khuyenhoc")
def main() -> None:
    """The chatbot of a learning-promotion association: Zalo, Messenger and the web."""


@main.command()
@click.option("--port", type=click.IntRange(0, 65535), help="Port (PORT); 0 takes a free one.")
@click.option("--host", help="Address to listen on (HOST).")
@data_dir_option
@click.option("--role", type=click.Choice(app.ROLES), default="all", show_default=True)
def serve(port: int | None, host: str | None, data_dir: Path | None, role: app.Role) -> None:
    """Run the bot until Ctrl-C."""
    settings = read_settings(port=port, host=host, data_dir=data_dir)
    set_up_logging(settings.log_format, settings.log_level)
    with _told_plainly():
        asyncio.run(_serve(settings, role))


async def _serve(settings: Settings, role: app.Role) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)

    is_built = asyncio.Event()

    async def ready(house: app.House, port: int) -> None:
        is_built.set()
        if role in ("all", "web"):
            password = await first_admin(house.database, house.clock)
            click.echo(_banner(house, port, password))
        else:
            click.echo(f"Tiến trình {role} đang chạy. Ctrl-C để dừng.")

    serving = asyncio.create_task(app.serve(settings, role, stop, ready))
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if is_built.is_set() or not stop.is_set():
        await serving
        return
    # Ctrl-C while everything is still being put together: nothing is in hand that must be finished first.
    serving.cancel()
    with suppress(asyncio.CancelledError):
        await serving


def _banner(house: app.House, port: int, password: str) -> str:
    host = house.settings.host
    base = f"http://{'127.0.0.1' if host in ('0.0.0.0', '::') else host}:{port}"  # noqa: S104 - compared, not bound
    off = "tắt (xem: khuyenhoc doctor)"
    lines = [
        "",
        f"  Trợ lý khuyến học đã sẵn sàng sau {time.monotonic() - _STARTED:.1f} giây.",
        f"  Trang cho người dân:  {base}/",
        f"  Trang cho cán bộ:     {base}/staff/",
    ]
    if password:
        lines.append(
            f"      đăng nhập lần đầu:  {FIRST_ADMIN}  /  {password}   (chỉ hiện một lần, bạn ghi lại nhé)"
        )
    lines += [
        "  Kênh:  web bật"
        f" · Zalo {'bật' if house.zalo else off}"
        f" · Messenger {'bật' if house.messenger else off}",
        "  Ctrl-C để dừng.",
        "",
    ]
    return "\n".join(lines)


@main.command(name="ask")
@click.argument("question", required=False)
@click.option("--jsonl", is_flag=True, help='Read lines {"id","q"} from standard input.')
@data_dir_option
def ask_command(question: str | None, jsonl: bool, data_dir: Path | None) -> None:
    """Ask a question and print the answer a citizen would see."""
    settings = read_settings(data_dir=data_dir)
    set_up_logging("console", "error")
    if not jsonl and not question:
        raise click.UsageError('Write a question: khuyenhoc ask "cong dan hoc tap la gi"')
    with _told_plainly():
        asyncio.run(_ask_lines(settings) if jsonl else _ask_one(settings, question or ""))


async def _ask_lines(settings: Settings) -> None:
    lines = (line.decode("utf-8", "replace") for line in sys.stdin.buffer)
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    async with app.open_assistant(settings, _tell_progress) as assistant:
        await ask_lines(assistant, lines, sys.stdout)


async def _ask_one(settings: Settings, question: str) -> None:
    async with app.open_assistant(settings, _tell_progress) as assistant:
        turn = await ask(assistant, question)
    click.echo(as_text(turn))
    for label in options_of(turn):
        click.echo(f"  • {label}")


def _tell_progress(done: int, of: int) -> None:
    """Making vectors takes seconds the first time: say so, on standard error."""
    if done % 50 == 0 or done == of:
        click.echo(f"Đang học nghĩa của nội dung: {done}/{of}", err=True)


@main.command()
@click.argument("message", required=False)
@click.option("--jsonl", is_flag=True, help='Read lines {"id","q"} from standard input.')
@click.option(
    "--backend",
    type=click.Choice(["embedded", "rasa"]),
    default="embedded",
    show_default=True,
    help="Who interprets: the bot itself, or the Rasa server at RASA_URL and nobody else.",
)
@data_dir_option
def nlu(message: str | None, jsonl: bool, backend: Backend, data_dir: Path | None) -> None:
    """Tell what a message is taken for."""
    settings = read_settings(data_dir=data_dir)
    set_up_logging("console", "error")
    if not jsonl and not message:
        raise click.UsageError('Write a message: khuyenhoc nlu "cho toi gap can bo"')
    try:
        silent = asyncio.run(_interpret(settings, backend, None if jsonl else message))
    except (RasaUnusable, TrainingDataBroken) as error:
        raise click.ClickException(str(error)) from error
    if silent:
        raise click.ClickException(f"{silent} câu không được trả lời.")


async def _interpret(settings: Settings, backend: Backend, message: str | None) -> int:
    async with opened_backend(settings, backend) as interpreter:
        if message is not None:
            click.echo("\n".join(await interpret_one(interpreter, message)))
            return 0
        lines = (line.decode("utf-8", "replace") for line in sys.stdin.buffer)
        sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
        return await interpret_lines(interpreter, lines, sys.stdout)


@main.command(name="eval")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, dir_okay=False))
@data_dir_option
@click.option("--failures", is_flag=True, help="List every question that went wrong, with the answer given.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per file.")
@click.option("--retrieval", is_flag=True, help="Also measure how well each way of searching finds.")
def eval_command(
    files: tuple[Path, ...], data_dir: Path | None, failures: bool, as_json: bool, retrieval: bool
) -> None:
    """Put gold questions to the bot and count what was answered right, wrong or not at all."""
    settings = read_settings(data_dir=data_dir)
    set_up_logging("console", "error")
    paths = files or tuple(shipped_gold())
    if not paths:
        raise click.ClickException(
            "Không thấy câu hỏi mẫu nào: bản cài đặt này không kèm thư mục tests/knowledge/gold. "
            "Hãy ghi tên tệp, hoặc chạy từ thư mục mã nguồn."
        )
    try:
        gold = {path: load_gold(path) for path in paths}
    except GoldFileBroken as error:
        raise click.ClickException(f"Tệp câu hỏi mẫu có lỗi: {error}") from error
    for report in asyncio.run(_evaluate(settings, gold, retrieval)):
        if as_json:
            click.echo(json.dumps(report_record(report, failures=failures), ensure_ascii=False))
        else:
            click.echo("\n".join([*report_lines(report, failures=failures), ""]))


async def _evaluate(
    settings: Settings, gold: Mapping[Path, Sequence[GoldQuestion]], retrieval: bool
) -> list[Report]:
    modes = _search_modes() if retrieval else {}
    async with (
        app.open_database(settings) as database,
        app.open_knowledge(settings, database) as librarian,
        app.open_interpreter(settings, librarian) as interpreter,
    ):
        await librarian.learn_meanings(_tell_progress)
        assistant = app.make_assistant(settings, librarian, interpreter)
        return [await report_on(path, one, assistant, librarian.base, modes) for path, one in gold.items()]


def _search_modes() -> dict[str, Mode]:
    # Imported here alone: the index brings FAISS along, which most commands need not wait for.
    from knowledge.index import Mode  # noqa: PLC0415

    return {mode.name.lower(): mode for mode in Mode}


_existing_file = click.Path(path_type=Path, exists=True, dir_okay=False)


@main.command()
@click.option("--corpus", required=True, type=_existing_file, help='Lines {"id","text"}.')
@click.option("--queries", required=True, type=_existing_file, help='Lines {"id","q"}.')
@click.option("-k", "k", type=click.IntRange(1, 1000), default=10, show_default=True, help="Hits per query.")
@click.option(
    "--mode", type=click.Choice(["hybrid", "dense", "lexical"]), default="hybrid", show_default=True
)
@click.option(
    "--index",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep the index in this folder.",
)
def search(corpus: Path, queries: Path, k: int, mode: str, folder: Path | None) -> None:
    """Find the nearest passages of a file for each question of another, as the bot would."""
    # Imported here alone: the index brings FAISS along, which most commands need not wait for.
    from bot.corpus_search import NoMeaning, opened_corpus  # noqa: PLC0415

    settings = read_settings()
    set_up_logging("console", "error")
    chosen = _search_modes()[mode]
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]

    def tell(sentence: str) -> None:
        click.echo(sentence, err=True)

    try:
        with (
            corpus.open(encoding="utf-8", errors="replace") as passages,
            queries.open(encoding="utf-8", errors="replace") as asked,
            opened_corpus(passages, chosen, settings.embedder, folder, tell) as opened,
        ):
            count = opened.answer_lines(asked, sys.stdout, k, chosen)
            tell(f"Đã tìm cho {count} câu hỏi.")
    except NoMeaning as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"Không đọc hoặc ghi được tệp ({error.strerror or error}).") from error


@main.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@data_dir_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object per file.")
def ingest(files: tuple[Path, ...], data_dir: Path | None, as_json: bool) -> None:
    """Take documents and question sheets in; the bot may be running."""
    settings = read_settings(data_dir=data_dir)
    set_up_logging("console", "error")

    def tell(report: FileReport) -> None:
        line = json.dumps(report.as_json(), ensure_ascii=False, default=list) if as_json else None
        click.echo(line or "\n".join(describe(report)))

    with _told_plainly():
        has_failed = asyncio.run(_ingest(settings, files, tell))
    if has_failed:
        raise SystemExit(1)


async def _ingest(settings: Settings, files: Sequence[Path], tell: Callable[[FileReport], None]) -> bool:
    has_failed = False
    async with app.open_database(settings) as database:
        async for report in ingest_files(
            database, settings.data_dir, files, by=COMMAND_LINE, clock=utc_now, limits=Limits()
        ):
            tell(report)
            has_failed = has_failed or report.outcome is Outcome.FAILED
    return has_failed


@main.command()
@data_dir_option
def doctor(data_dir: Path | None) -> None:
    """Tell what is configured, what is missing and what is broken."""
    settings = read_settings(data_dir=data_dir)
    set_up_logging("console", "silent")
    findings = asyncio.run(examine(settings))
    for finding in findings:
        click.echo(str(finding))
    if any(finding.level is Level.BAD for finding in findings):
        raise SystemExit(1)


@main.group()
def channel() -> None:
    """Set up a channel."""


@channel.command()
@click.argument("name", type=click.Choice(["messenger"]))
def setup(name: str) -> None:
    """Put greeting, menu and first questions on the page, and subscribe to its events."""
    settings = read_settings()
    set_up_logging("console", "warning")
    if not settings.messenger_is_on:
        raise click.ClickException(
            "Messenger đang tắt: điền các biến MESSENGER_… trước (xem khuyenhoc doctor)."
        )
    for line in asyncio.run(_setup_messenger(settings)):
        click.echo(f" {line}")


async def _setup_messenger(settings: Settings) -> list[str]:
    channel_ = app.make_messenger(settings, utc_now)
    assert channel_ is not None
    try:
        texts = app.make_profile_texts(settings, app.load_knowledge())
        steps = await setup_profile(channel_.api, texts, comments_enabled=settings.messenger_comments)
        return [str(step) for step in steps]
    finally:
        await channel_.aclose()


@main.group()
def report() -> None:
    """Figures for staff: counts, never persons."""


_day = click.DateTime(formats=["%Y-%m-%d", "%d/%m/%Y"])


@report.command()
@click.option("--from", "first", type=_day, help="First day, 2026-01-31; without it from the beginning.")
@click.option("--to", "last", type=_day, help="Last day, included; without it today.")
@click.option("--format", "form", type=click.Choice(list(FORMS)), default="text", show_default=True)
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), help="The file to write; needed for xlsx."
)
@data_dir_option
def assessments(
    first: datetime | None, last: datetime | None, form: str, output: Path | None, data_dir: Path | None
) -> None:
    """Self-assessments by group, place, month and channel, where people stopped, averages."""
    settings = read_settings(data_dir=data_dir)
    set_up_logging("console", "error")
    if form == "xlsx" and output is None:
        raise click.UsageError("Định dạng xlsx cần --output TỆP.")
    period = Period(
        first.date() if first else None,
        last.date() if last else utc_now().astimezone(settings.zone).date(),
        settings.zone,
    )
    if period.since >= period.until:
        raise click.UsageError("Ngày ở --from phải trước hoặc trùng ngày ở --to.")
    with _told_plainly():
        figures = asyncio.run(_add_up(settings, period))
    content = written_as(form, figures)
    if output is None:
        sys.stdout.buffer.write(content)
        return
    try:
        output.write_bytes(content)
    except OSError as error:
        raise click.ClickException(f"Không ghi được {output} ({error.strerror}).") from error
    click.echo(f"Đã ghi {output}.")


async def _add_up(settings: Settings, period: Period) -> Figures:
    async with app.open_database(settings) as database:
        return await assessment_figures(database, period, load_criteria().sets)


@report.command()
@click.argument("period")
@click.option("--form", type=click.Choice(REPORT_FORMS), default="docx", show_default=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="The file to write.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as one JSON object.")
@data_dir_option
def period(period: str, form: str, out: Path | None, as_json: bool, data_dir: Path | None) -> None:
    """Write the report of a month (2026-10), a quarter (2026-Q4) or a year (2026)."""
    settings = read_settings(data_dir=data_dir)
    set_up_logging("console", "error")
    if out is None and not as_json:
        raise click.UsageError("Cần --out TỆP, hoặc --json để chỉ xem số liệu.")
    try:
        wanted = period_of(period)
    except ValueError:
        raise click.UsageError(f"Kỳ {period!r} chưa đúng: viết 2026-10, 2026-Q4 hoặc 2026.") from None
    with _told_plainly():
        figures, content = asyncio.run(_report(settings, wanted, form if out else ""))
    if out is not None:
        try:
            out.write_bytes(content)
        except OSError as error:
            raise click.ClickException(f"Không ghi được {out} ({error.strerror}).") from error
    click.echo(json.dumps(figures, ensure_ascii=False) if as_json else f"Đã ghi {out}.")


async def _report(settings: Settings, wanted: ReportPeriod, form: str) -> tuple[dict[str, Any], bytes]:
    """The figures, and the file when a form is asked for."""
    async with (
        app.open_database(settings) as database,
        app.open_knowledge(settings, database) as librarian,
    ):
        desk = app.report_desk_of(settings, database, librarian, load_criteria())
        found, notes = await report_by_hand.look_up(desk, wanted)
        name = settings.association_name
        content = await report_by_hand.file_of(desk, found, notes, form, name) if form else b""
        return report_as_json(found), content


@main.group()
def campaign() -> None:
    """Campaigns that run: look, pause, go on, stop."""


@campaign.command(name="list")
@data_dir_option
def list_campaigns(data_dir: Path | None) -> None:
    """Show the latest campaigns with their numbers and states."""
    settings = read_settings(data_dir=data_dir)
    set_up_logging("console", "error")
    with _told_plainly():
        lines = _on_database(settings, lambda d: campaigns_by_hand.told(d, settings.zone))
    for line in lines or ["Chưa có chiến dịch nào."]:
        click.echo(line)


@campaign.command()
@click.argument("number", type=int)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
@data_dir_option
def progress(number: int, as_json: bool, data_dir: Path | None) -> None:
    """Show how far a campaign is, every recipient counted once."""
    settings = read_settings(data_dir=data_dir)
    set_up_logging("console", "error")
    pace = app.campaign_pace(settings)
    with _told_plainly(), _known_campaign(number):
        found = _on_database(settings, lambda d: campaigns_by_hand.progress(d, number, pace))
    lines = [json.dumps(found, ensure_ascii=False)] if as_json else campaigns_by_hand.in_words(found)
    for line in lines:
        click.echo(line)


def _brake(did: campaigns_by_hand.Did, help_: str, said: str) -> None:
    @campaign.command(name=did, help=help_)
    @click.argument("number", type=int)
    @data_dir_option
    def command(number: int, data_dir: Path | None) -> None:
        settings = read_settings(data_dir=data_dir)
        set_up_logging("console", "error")
        with _told_plainly(), _known_campaign(number):
            _on_database(
                settings, lambda d: campaigns_by_hand.carry_out(app.office_of(settings, d), number, did)
            )
        click.echo(f"Chiến dịch {number}: {said}.")


_brake("pause", "Nothing more goes out until it is resumed; takes effect within seconds.", "đã tạm dừng")
_brake("resume", "Go on with a paused campaign.", "gửi tiếp")
_brake("stop", "End a campaign for good: whoever did not get it yet never does.", "đã dừng hẳn")


@contextmanager
def _known_campaign(number: int) -> Iterator[None]:
    try:
        yield
    except campaigns_by_hand.NoSuchCampaign:
        raise click.ClickException(f"Không có chiến dịch số {number}. Xem: khuyenhoc campaign list") from None
    except Overtaken:
        raise click.ClickException(
            "Chưa làm được: chiến dịch không ở trạng thái cho phép, hoặc vừa có người đổi. "
            f"Xem: khuyenhoc campaign progress {number}"
        ) from None


@main.group(name="staff")
def staff_group() -> None:
    """Accounts of the staff console."""


@staff_group.command()
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice([role.value for role in staff.Role]),
    help="Without it a new account may look only, and an existing one keeps its role.",
)
@click.option("--password", help="At least 10 characters; without it one is made and printed.")
@data_dir_option
def add(name: str, role: str | None, password: str | None, data_dir: Path | None) -> None:
    """Create an account, or give an existing one a new password; a locked one is open again."""
    settings = read_settings(data_dir=data_dir)
    set_up_logging("console", "error")
    if password is not None and not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise click.ClickException(f"Mật khẩu cần từ {MIN_LENGTH} đến {MAX_LENGTH} ký tự.")
    kept = clean_text(name)
    if not kept or len(kept) > staff.NAME_LIMIT:
        raise click.ClickException(f"Tên cần từ 1 đến {staff.NAME_LIMIT} ký tự.")
    chosen = password or new_password()
    wanted = staff.Role(role) if role else None
    with _told_plainly():
        hashed = hash_password(chosen)
        is_new, given = _on_accounts(settings, lambda d: by_hand.put(d, kept, wanted, hashed, utc_now()))
    click.echo(f"{'Đã tạo' if is_new else 'Đã đổi mật khẩu của'} tài khoản {kept} (quyền {given.value}).")
    if password is None:
        click.echo(f"Mật khẩu: {chosen}   (chỉ hiện một lần)")


@staff_group.command(name="list")
@data_dir_option
def list_staff(data_dir: Path | None) -> None:
    """Show the accounts: name, role, state, last use."""
    settings = read_settings(data_dir=data_dir)
    set_up_logging("console", "error")
    with _told_plainly():
        lines = _on_accounts(settings, lambda d: by_hand.told(d, utc_now(), settings.zone))
    for line in lines:
        click.echo(line)


@staff_group.command()
@click.argument("name")
@data_dir_option
def lock(name: str, data_dir: Path | None) -> None:
    """Lock an account: whoever is signed in with it is out at once."""
    settings = read_settings(data_dir=data_dir)
    set_up_logging("console", "error")
    with _told_plainly():
        _on_accounts(settings, lambda d: by_hand.lock(d, clean_text(name), utc_now()))
    click.echo(f"Đã khóa tài khoản {name}. Mở lại bằng: khuyenhoc staff add {shlex.quote(name)}")


def _on_database(settings: Settings, work: Callable[[Database], Coroutine[Any, Any, T]]) -> T:
    async def run() -> T:
        async with app.open_database(settings) as database:
            return await work(database)

    return asyncio.run(run())


def _on_accounts(settings: Settings, work: Callable[[Database], Coroutine[Any, Any, T]]) -> T:
    try:
        return _on_database(settings, work)
    except staff.LastAdmin:
        raise click.ClickException(
            "Đây là người quản trị cuối cùng. Thêm một người quản trị khác trước: "
            "khuyenhoc staff add TÊN --role admin"
        ) from None
    except by_hand.NoSuchAccount:
        raise click.ClickException(
            "Không có tài khoản mang đúng tên này. Xem các tài khoản: khuyenhoc staff list"
        ) from None


@main.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@data_dir_option
def backup(file: Path, data_dir: Path | None) -> None:
    """Write all data of a SQLite installation to FILE (.tar.gz); the bot may be running."""
    settings = read_settings(data_dir=data_dir)
    try:
        size = back_up(settings, file)
    except BackupFailed as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Đã sao lưu vào {file} ({size / 1024:.0f} KB). Tệp có dữ liệu cá nhân: giữ cẩn thận.")


@main.command(name="restore")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@data_dir_option
def restore_command(file: Path, data_dir: Path | None) -> None:
    """Put the data of a backup in place of what is there; the bot must be stopped."""
    settings = read_settings(data_dir=data_dir)
    try:
        restored = restore(settings, file)
    except BackupFailed as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Đã khôi phục. Dữ liệu trước đó (nếu có) được giữ ở {restored.kept}.")
    if restored.forgotten:
        click.echo(
            f"{restored.forgotten} người đã yêu cầu xóa dữ liệu sau khi bản sao này được tạo: "
            "dữ liệu của họ đã được xóa lại."
        )


@main.command()
@click.option("--port", type=int, default=8090, show_default=True)
@click.option("--bot-url", default="http://127.0.0.1:8080", show_default=True)
@click.option(
    "--print-env", is_flag=True, help="Print the settings with which the bot talks to this sandbox."
)
def sandbox(port: int, bot_url: str, print_env: bool) -> None:
    """Stand-ins for Zalo and Facebook, with a phone-like page to act as a citizen."""
    # Imported here alone: what serves citizens must not depend on a stand-in.
    from aiohttp import web  # noqa: PLC0415

    from connectors.sandbox import SandboxSettings, build_sandbox_app  # noqa: PLC0415

    if print_env:
        for name, value in SandboxSettings(bot_url=bot_url, port=port).bot_environment().items():
            click.echo(f"{name}={value}")
        return
    set_up_logging("console", "warning")
    sandbox_settings = SandboxSettings(bot_url=bot_url, port=port)
    web.run_app(build_sandbox_app(sandbox_settings), host="127.0.0.1", port=port)
