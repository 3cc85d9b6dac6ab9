"""A real Rasa server, trained from the shipped examples: it keeps the contract, and may crash unnoticed.

`make rasa-train` first: these tests take the model that is there, and fail when it is older than its data.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from nlu.breaker import Breaker
from nlu.interpreter import Interpretation
from nlu.rasa import RasaInterpreter, look_at
from nlu.rasa_answer import Unusable
from nlu.reading import Reader
from nlu.training import load_training_data
from tests.interpreter import interpreter as shipped
from tests.nlu.contract import INTENTS, ODD, PLAIN, WITH_ENTITIES, InterpreterContract
from tests.rasa.server import LIGHT, ROOT, RasaServer

pytestmark = [pytest.mark.rasa, pytest.mark.timeout(240)]

PATIENT = 10.0
"""Seconds; a busy machine must not make Rasa look late."""


class Fallback:
    """The interpreter in the process, and how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    async def interpret(self, text: str) -> Interpretation:
        self.asked += 1
        return await shipped().interpret(text)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RasaServer]:
    assert LIGHT.exists(), "no model: run `make rasa-train`"
    newest = max(path.stat().st_mtime for path in (ROOT / "nlu/data").glob("*.yml"))
    assert LIGHT.stat().st_mtime >= newest, "the model is older than the examples: run `make rasa-train`"
    running = RasaServer(LIGHT, tmp_path_factory.mktemp("rasa"))
    running.start()
    yield running
    running.end()


@pytest.fixture
def fallback() -> Fallback:
    return Fallback()


@pytest.fixture
async def interpreter(server: RasaServer, fallback: Fallback) -> AsyncIterator[RasaInterpreter]:
    asking = RasaInterpreter(
        server.url,
        server.token,
        fallback,
        Reader(),
        timeout=PATIENT,
        intents=INTENTS,
        breaker=Breaker(time.monotonic, failures=1, first_pause=0.2, longest_pause=0.2),
    )
    yield asking
    await asking.aclose()


class TestRasa(InterpreterContract):
    """The fixture `interpreter` asks the server."""

    async def test_it_is_rasa_that_answers(self, interpreter: RasaInterpreter, fallback: Fallback) -> None:
        handed_over = {
            "nothing",
            "blanks",
            "punctuation",
            "ten thousand characters",
            "ten thousand without a space",
        }
        asked = [*PLAIN, *WITH_ENTITIES, *(text for name, text in ODD.items() if name not in handed_over)]
        for text in asked:
            await interpreter.interpret(text)
            assert fallback.asked == 0, text

    async def test_both_engines_find_the_same_entities(self, interpreter: RasaInterpreter) -> None:
        for text in (*PLAIN, *WITH_ENTITIES, *ODD.values()):
            assert (await interpreter.interpret(text)).entities == (await shipped().interpret(text)).entities


async def test_the_server_knows_the_intents_of_the_examples_and_no_others(server: RasaServer) -> None:
    data = load_training_data()
    examples = {example.intent: example.text for example in data.examples}
    model = await look_at(server.url, server.token, [*examples.values(), *PLAIN], seconds=4 * PATIENT)
    assert model.name == LIGHT.name
    assert model.intents == frozenset(data.intents)


async def test_nobody_is_answered_without_the_token_and_nobody_can_read_it(server: RasaServer) -> None:
    assert server.status() == 200
    assert server.status(token="") == 401
    assert server.status(token="wrong") == 401
    assert server.status(path="/webhooks/rest/") == 404
    assert server.token not in server.command_line
    assert server.token not in server.log_path.read_text("utf-8")
    with pytest.raises(Unusable, match="denied"):
        await look_at(server.url, "wrong", ["xin chào"], seconds=PATIENT)


async def test_a_crash_is_not_noticed_and_rasa_is_used_again_when_it_is_back(
    server: RasaServer, interpreter: RasaInterpreter, fallback: Fallback
) -> None:
    before = await interpreter.interpret("Cho tôi gặp cán bộ")
    assert fallback.asked == 0
    answers = [asyncio.create_task(interpreter.interpret(text)) for text in PLAIN]
    await asyncio.sleep(0)
    server.kill()
    found = [one.intent for one in await asyncio.gather(*answers)]
    assert found == list(PLAIN.values())
    assert (await interpreter.interpret("Cho tôi gặp cán bộ")).intent == "human_request"
    assert fallback.asked > 0

    await asyncio.to_thread(server.start)
    await asyncio.sleep(0.3)
    await interpreter.interpret("Cho tôi gặp cán bộ")
    asked = fallback.asked
    assert await interpreter.interpret("Cho tôi gặp cán bộ") == before
    assert fallback.asked == asked


def test_it_ends_when_told_to_and_leaves_nobody_behind(tmp_path: Path) -> None:
    for how in (signal.SIGINT, signal.SIGTERM):
        one = RasaServer(LIGHT, tmp_path)
        one.start()
        assert one.end(how) == 0
        assert one.status() == 0


def test_a_server_without_a_token_does_not_start(tmp_path: Path) -> None:
    one = RasaServer(LIGHT, tmp_path)
    one.token = ""
    with pytest.raises(AssertionError, match="RASA_TOKEN is not set"):
        one.start()
