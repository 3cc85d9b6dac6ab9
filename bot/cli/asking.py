"""Commands that put questions to the bot: what it answers, understands and finds, and how well."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot import app
from bot.ask import as_text, ask, ask_lines, options_of
from bot.cli.opening import data_dir_option, settled, tell_progress, told_plainly
from bot.evaluation import Report, report_lines, report_on, report_record, shipped_gold
from bot.gold import GoldFileBroken, GoldQuestion, load_gold
from bot.settings import Settings
from bot.understand import Backend, RasaUnusable, interpret_lines, interpret_one, opened_backend
from nlu.training import TrainingDataBroken

if TYPE_CHECKING:
    from knowledge.index import Mode

_existing_file = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command(name="ask")
@click.argument("question", required=False)
@click.option("--jsonl", is_flag=True, help='Read lines {"id","q"} from standard input.')
@data_dir_option
def ask_command(question: str | None, jsonl: bool, data_dir: Path | None) -> None:
    """Ask a question and print the answer a citizen would see."""
    settings = settled(data_dir=data_dir)
    if not jsonl and not question:
        raise click.UsageError('Write a question: khuyenhoc ask "cong dan hoc tap la gi"')
    with told_plainly():
        asyncio.run(_ask_lines(settings) if jsonl else _ask_one(settings, question or ""))


async def _ask_lines(settings: Settings) -> None:
    lines = (line.decode("utf-8", "replace") for line in sys.stdin.buffer)
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    async with app.open_assistant(settings, tell_progress) as assistant:
        await ask_lines(assistant, lines, sys.stdout)


async def _ask_one(settings: Settings, question: str) -> None:
    async with app.open_assistant(settings, tell_progress) as assistant:
        turn = await ask(assistant, question)
    click.echo(as_text(turn))
    for label in options_of(turn):
        click.echo(f"  • {label}")


@click.command()
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
    settings = settled(data_dir=data_dir)
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


@click.command(name="eval")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, dir_okay=False))
@data_dir_option
@click.option("--failures", is_flag=True, help="List every question that went wrong, with the answer given.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per file.")
@click.option("--retrieval", is_flag=True, help="Also measure how well each way of searching finds.")
def eval_command(
    files: tuple[Path, ...], data_dir: Path | None, failures: bool, as_json: bool, retrieval: bool
) -> None:
    """Put gold questions to the bot and count what was answered right, wrong or not at all."""
    settings = settled(data_dir=data_dir)
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
        await librarian.learn_meanings(tell_progress)
        assistant = app.make_assistant(settings, librarian, interpreter)
        return [await report_on(path, one, assistant, librarian.base, modes) for path, one in gold.items()]


def _search_modes() -> dict[str, Mode]:
    # Imported here alone: the index brings FAISS along, which most commands need not wait for.
    from knowledge.index import Mode  # noqa: PLC0415

    return {mode.name.lower(): mode for mode in Mode}


@click.command()
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

    settings = settled()
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
