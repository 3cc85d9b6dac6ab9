"""`python -m tests.benchmarks.interpreters [--only WORD] [--folds N] [--gold NAME …]`: compare interpreters.

The one in the process and Rasa with each of its pipelines, on the same examples and the same split: trained
on nlu/data and asked tests/nlu/gold, and trained on some folds of nlu/data and asked the one held back. Rasa
is asked over HTTP, as the bot asks it. Prints sums and never a text: one of the gold files must stay unread.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import yaml

from nlu.embedded import open_embedded
from nlu.interpreter import ASK_KNOWLEDGE, Interpretation, Interpreter
from nlu.rasa import RasaInterpreter
from nlu.reading import Reader
from nlu.training import Example, TrainingData, load_training_data
from tests.benchmarks.interpreter_measures import Asked, Figures, as_table, figures_of
from tests.rasa.server import PYTHON, ROOT, RasaServer, environment

GOLD = ROOT / "tests/nlu/gold"
STYLES = ("accented", "unaccented", "teencode")
_START = """
import json, sys, time
began = time.perf_counter()
from pathlib import Path
from nlu.embedded import open_embedded
open_embedded(Path(sys.argv[1]))
status = Path("/proc/self/status").read_text().splitlines()
memory = next(int(line.split()[1]) for line in status if line.startswith("VmRSS:")) / 1024
print(json.dumps([time.perf_counter() - began, memory]))
"""


@dataclass(slots=True)
class Costs:
    """What an engine costs; seconds and megabytes."""

    training: float = 0.0
    start: float = 0.0
    memory: float = 0.0


class Engine(Protocol):
    """One way to get an interpreter from examples."""

    name: str

    def open(self, data: TrainingData, costs: Costs) -> contextlib.AbstractAsyncContextManager[Interpreter]:
        """Learn from `data`; `costs` is filled in."""
        ...


class Embedded:
    """The interpreter in the process."""

    name = "embedded"

    @contextlib.asynccontextmanager
    async def open(self, data: TrainingData, costs: Costs) -> AsyncIterator[Interpreter]:
        """See Engine. Start and memory are those of a process of its own that finds everything learnt."""
        began = time.perf_counter()
        # Under a name of its own, or it would find learnt what setting up has left.
        interpreter = open_embedded(None, data=replace(data, content_hash=""))
        costs.training = time.perf_counter() - began
        if data.examples == load_training_data().examples:
            costs.start, costs.memory = _start_of_embedded()
        yield interpreter


class Rasa:
    """A server with a pipeline of nlu/rasa."""

    def __init__(self, name: str, config: str) -> None:
        self.name = name
        self._config = config

    @contextlib.asynccontextmanager
    async def open(self, data: TrainingData, costs: Costs) -> AsyncIterator[Interpreter]:
        """See Engine."""
        with tempfile.TemporaryDirectory(prefix="kh-rasa-") as name:
            folder = Path(name)
            (folder / "nlu.yml").write_text(_as_yaml(data.examples), "utf-8")
            costs.training = _train(self._config, folder)
            server = RasaServer(folder / "nlu.tar.gz", folder)
            try:
                costs.start = server.start()
                asking = RasaInterpreter(server.url, server.token, Nobody(), Reader(), timeout=30)
                yield asking
                await asking.aclose()
                costs.memory = server.resident_megabytes()
            finally:
                server.end()


def _start_of_embedded() -> tuple[float, float]:
    """Seconds and megabytes of a fresh process; the first one learns and does not count."""
    with tempfile.TemporaryDirectory() as folder:
        said = [
            json.loads(
                subprocess.run(
                    [sys.executable, "-c", _START, folder], cwd=ROOT, stdout=subprocess.PIPE, check=True
                ).stdout.splitlines()[-1]
            )
            for _ in range(4)
        ]
    seconds, megabytes = min(said[1:])
    return seconds, megabytes


def _train(config: str, folder: Path) -> float:
    """Train `folder`/nlu.yml to `folder`/nlu.tar.gz; gives the seconds of the whole command."""
    command = [
        str(PYTHON),
        "-m",
        "rasa",
        "train",
        "nlu",
        "--nlu",
        str(folder / "nlu.yml"),
        "--config",
        config,
    ]
    command += ["--domain", "domain.yml", "--out", str(folder), "--fixed-model-name", "nlu"]
    began = time.perf_counter()
    with (folder / "train.log").open("wb") as log:
        subprocess.run(
            command,
            cwd=ROOT / "nlu/rasa",
            env=environment(folder / "cache"),
            stdout=log,
            stderr=log,
            check=True,
        )
    return time.perf_counter() - began


class Nobody:
    """Answers what is never asked of Rasa: messages without a word."""

    async def interpret(self, text: str) -> Interpretation:
        """No idea."""
        return Interpretation(ASK_KNOWLEDGE, 0.0, text, text, is_sure=False)


def engines() -> list[Engine]:
    """Those that are available here."""
    available: list[Engine] = [Embedded()]
    if PYTHON.exists():
        available += [Rasa("Rasa, light", "config.yml"), Rasa("Rasa, DIET", "config-diet.yml")]
    return available


async def measure(engine: Engine, folds: int, gold: Sequence[str]) -> Figures:
    """All figures of one engine."""
    data = load_training_data()
    costs = Costs()
    by_set: dict[str, list[Asked]] = {}
    async with engine.open(data, costs) as interpreter:
        for warm in data.examples[:50]:
            await interpreter.interpret(warm.text)
        for name in gold:
            for style, text, intent in _gold(name):
                by_set.setdefault(f"{name}, {style}", []).append(await _ask(interpreter, text, intent))
    held_back: list[Asked] = []
    for learnt, asked in _split(data.examples, folds):
        async with engine.open(replace(data, examples=learnt, content_hash=""), Costs()) as interpreter:
            held_back += [await _ask(interpreter, one.text, one.intent) for one in asked]
        _say(f"  {engine.name}: a fold is done")
    if held_back:
        by_set[f"held back in {folds} folds"] = held_back
    return figures_of(engine.name, by_set, costs.training, costs.start, costs.memory)


async def _ask(interpreter: Interpreter, text: str, intent: str) -> Asked:
    began = time.perf_counter()
    found = await interpreter.interpret(text)
    return Asked(intent, found.intent, found.confidence, found.is_sure, time.perf_counter() - began)


def _gold(name: str) -> Iterable[tuple[str, str, str]]:
    root = yaml.safe_load((GOLD / f"{name}.yml").read_text("utf-8"))
    return [(style, row["q"], row["intent"]) for style in STYLES for row in root[style]]


def _split(
    examples: Sequence[Example], folds: int
) -> Iterable[tuple[tuple[Example, ...], tuple[Example, ...]]]:
    """The same parts on every machine, each with its share of every intent."""
    if folds < 2:
        return
    part: dict[Example, int] = {}
    by_intent: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        by_intent[example.intent].append(example)
    for of_intent in by_intent.values():
        shuffled = sorted(of_intent, key=lambda one: hashlib.blake2b(one.text.encode()).digest())
        part |= {example: place % folds for place, example in enumerate(shuffled)}
    for fold in range(folds):
        yield (
            tuple(one for one in examples if part[one] != fold),
            tuple(one for one in examples if part[one] == fold),
        )


def _as_yaml(examples: Iterable[Example]) -> str:
    by_intent: dict[str, list[str]] = defaultdict(list)
    for example in examples:
        by_intent[example.intent].append(f"- {example.text}\n")
    nlu = [{"intent": intent, "examples": "".join(lines)} for intent, lines in by_intent.items()]
    return yaml.safe_dump({"version": "3.1", "nlu": nlu}, allow_unicode=True, width=10_000)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def main() -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.interpreters", description=__doc__)
    parser.add_argument("--only", default="", help="engines whose name contains this word")
    parser.add_argument("--folds", type=int, default=5, help="parts of nlu/data; below 2: none held back")
    parser.add_argument("--gold", nargs="*", default=["development", "blind"], help="files of tests/nlu/gold")
    given = parser.parse_args()
    columns = []
    for engine in engines():
        if given.only.lower() in engine.name.lower():
            _say(f"{engine.name} …")
            columns.append(asyncio.run(measure(engine, given.folds, given.gold)))
    sys.stdout.write(as_table(columns) + "\n")


if __name__ == "__main__":
    main()
