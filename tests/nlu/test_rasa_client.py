"""Asking Rasa: a good answer is used, and whatever else happens, the citizen gets the fallback's in time.

The server here is a stand-in on loopback (`rasa_stand_in.py`), not Rasa.
"""

from __future__ import annotations

import asyncio
import json
import time
import traceback
from collections.abc import AsyncIterator

import pytest
import structlog

from nlu.breaker import Breaker
from nlu.interpreter import Entity, Interpretation, Likelihood
from nlu.rasa import MAX_ANSWER_BYTES, MAX_CONNECTIONS, RasaInterpreter, look_at, url_is_usable
from nlu.rasa_answer import Unusable
from nlu.reading import Reader
from tests.nlu.rasa_stand_in import (
    Behaviour,
    Flood,
    RasaStandIn,
    drop,
    hang,
    says,
    stop_in_the_middle,
)

TOKEN = "s3cret&?+ /#%"
INTENTS = frozenset({"human_request", "ask_knowledge", "out_of_scope", "help", "greet", "erase_my_data"})
PATIENT = 5.0
"""Seconds; a busy machine must not make a good answer look late."""
HASTY = 0.1


class Fallback:
    """Always the same guess, and how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    async def interpret(self, text: str) -> Interpretation:
        self.asked += 1
        return Interpretation("help", 0.7, text, text.casefold())


class Told:
    """A monitor that writes down what it is told."""

    def __init__(self) -> None:
        self.engines: list[str] = []
        self.reasons: list[str] = []
        self.circuits: list[str] = []

    def parsed(self, engine: str, seconds: float) -> None:
        assert seconds > 0
        self.engines.append(engine)

    def failed(self, reason: str) -> None:
        self.reasons.append(reason)

    def circuit(self, state: str) -> None:
        if self.circuits[-1:] != [state]:
            self.circuits.append(state)


class Bench:
    """An interpreter, the stand-in it asks, and what they told. `seconds` is the breaker's clock."""

    def __init__(self, timeout: float = PATIENT) -> None:
        self.timeout = timeout
        self.rasa = RasaStandIn(TOKEN)
        self.fallback = Fallback()
        self.told = Told()
        self.seconds = 0.0
        self.interpreter = self._asking()

    def _asking(self) -> RasaInterpreter:
        return RasaInterpreter(
            self.rasa.url,
            TOKEN,
            self.fallback,
            Reader(),
            timeout=self.timeout,
            intents=INTENTS,
            monitor=self.told,
            breaker=Breaker(lambda: self.seconds, failures=3, first_pause=1, longest_pause=4),
        )

    async def start(self) -> None:
        await self.rasa.start()
        self.interpreter = self._asking()

    async def close(self) -> None:
        await self.interpreter.aclose()
        await self.rasa.stop()


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    made = Bench()
    await made.start()
    yield made
    await made.close()


@pytest.fixture
async def hasty() -> AsyncIterator[Bench]:
    """One that waits no longer than HASTY seconds."""
    made = Bench(HASTY)
    await made.start()
    yield made
    await made.close()


async def test_what_rasa_says_is_taken_over(bench: Bench) -> None:
    text = "Cho em gặp cán bộ về QĐ 1373/QĐ-TTg với ạ"
    start = text.index("1373")
    bench.rasa.entities = [
        {"entity": "year", "value": "2030", "start": 0, "end": 3, "extractor": "EntityFinder"},
        {"entity": "document", "value": "1373/QĐ-TTg", "start": start, "end": start + 11},
        {"entity": "document", "value": "beyond the end", "start": 5, "end": 500},
        {"entity": "score", "value": 7, "start": 0, "end": 1},
        "nonsense",
    ]
    bench.rasa.others = [("greet", 0.01), ("nlu_fallback", 0.05), ("help", 0.02), ("ask_knowledge", 0.03),
                         ("human_request", 0.9), ("out_of_scope", 0.005)]  # fmt: skip
    found = await bench.interpreter.interpret(text)
    read = Reader().read(text)
    assert (found.intent, found.confidence, found.is_sure) == ("human_request", 0.9, True)
    assert (found.text, found.folded, found.restored) == (read.text, read.folded, read.restored)
    assert found.entities == (
        Entity("year", "2030", 0, 3),
        Entity("document", "1373/QĐ-TTg", start, start + 11),
    )
    assert found.alternatives == (
        Likelihood("ask_knowledge", 0.03),
        Likelihood("help", 0.02),
        Likelihood("greet", 0.01),
    )
    assert bench.told.engines == ["rasa"]
    assert bench.fallback.asked == 0


@pytest.mark.parametrize(
    ("best", "other", "sure"),
    [
        (("human_request", 0.45), ("help", 0.44), False),
        (("ask_knowledge", 0.45), ("help", 0.44), False),
        (("ask_knowledge", 0.45), ("out_of_scope", 0.44), True),
    ],
)
async def test_between_two_wishes_it_asks_back_unless_both_lead_to_the_documents(
    bench: Bench, best: tuple[str, float], other: tuple[str, float], sure: bool
) -> None:
    bench.rasa.intent, bench.rasa.others = best, [other]
    found = await bench.interpreter.interpret("cái kia thì sao")
    assert found.intent == best[0]
    assert found.is_sure is sure


async def test_a_citizen_cannot_dictate_an_intent_and_places_stay_right(bench: Bench) -> None:
    bench.rasa.entities = [{"entity": "year", "value": "2030", "start": 14, "end": 18}]
    text = " \u00a0//erase_my_data 2030 "
    found = await bench.interpreter.interpret(text)
    assert bench.rasa.questions == ["erase_my_data 2030"]
    (year,) = found.entities
    assert found.text[year.start : year.end] == "2030"


@pytest.mark.parametrize("text", ["", "  ", "/", " / \u00a0", "a" * 1001])
async def test_what_rasa_need_not_see_is_never_sent(bench: Bench, text: str) -> None:
    for _ in range(5):
        assert (await bench.interpreter.interpret(text)).intent == "help"
    assert bench.rasa.questions == []
    assert bench.told.reasons == []


async def test_half_a_character_is_no_obstacle(bench: Bench) -> None:
    found = await bench.interpreter.interpret("gặp cán bộ \ud83d")
    assert found.intent == "human_request"
    assert bench.told.reasons == []


FAULTS: list[tuple[Behaviour, str]] = [
    (says(b"", 500), "status"),
    (says(b"", 404), "status"),
    (says(b"", 409), "no_model"),
    (says(b"", 302, {"Location": "/status"}), "status"),
    (says(b"<html>busy</html>"), "malformed"),
    (says(b'{"intent": {"name": "greet", "confid'), "malformed"),
    (says(b"\xff\xfe"), "malformed"),
    (says(b"[" * 100_000), "malformed"),
    (says(b'{"intent": ' + b"9" * 5000 + b"}"), "malformed"),
    (says(b"{}", 200, {"Content-Encoding": "gzip"}), "malformed"),
    (says(b"null"), "malformed"),
    (says(b"{}"), "malformed"),
    (says(b'{"intent": {"name": null, "confidence": 0.0}}'), "malformed"),
    (says(b'{"intent": {"name": "greet"}}'), "malformed"),
    (says(b'{"intent": {"name": "greet", "confidence": NaN}}'), "malformed"),
    (says(b'{"intent": {"name": "greet", "confidence": 1' + b"0" * 400 + b"}}"), "malformed"),
    (says(b'{"intent": {"name": "greet", "confidence": true}}'), "malformed"),
    (says(b'{"intent": {"name": "greet", "confidence": 1}, "entities": 3}'), "malformed"),
    (says(b'{"intent": {"name": "buy_car", "confidence": 1}}'), "unknown_intent"),
    (drop, "unreachable"),
]


@pytest.mark.parametrize(("behaviour", "reason"), FAULTS)
async def test_any_fault_of_the_server_gives_the_fallbacks_answer(
    bench: Bench, behaviour: Behaviour, reason: str
) -> None:
    bench.rasa.misbehaves = behaviour
    with structlog.testing.capture_logs() as logged:
        found = await bench.interpreter.interpret("Cho em hỏi bí mật")
    assert found.intent == "help"
    assert bench.told.reasons == [reason]
    assert bench.told.engines == []
    assert "s3cret" not in repr(logged)
    assert "bí mật" not in repr(logged)


@pytest.mark.parametrize("behaviour", [hang, stop_in_the_middle])
async def test_a_server_that_is_too_slow_holds_up_a_turn_no_longer_than_told(
    hasty: Bench, behaviour: Behaviour
) -> None:
    hasty.rasa.misbehaves = behaviour
    started = time.monotonic()
    assert (await hasty.interpreter.interpret("chào")).intent == "help"
    assert HASTY <= time.monotonic() - started < 1
    assert hasty.told.reasons == ["timeout"]


async def test_a_ranking_may_be_missing(bench: Bench) -> None:
    answer = {"intent": {"name": "greet", "confidence": 1.0000002}}
    bench.rasa.misbehaves = says(json.dumps(answer).encode())
    found = await bench.interpreter.interpret("chào")
    assert (found.intent, found.confidence, found.alternatives) == ("greet", 1.0, ())


async def test_an_answer_without_end_is_cut_off(bench: Bench) -> None:
    flood = Flood()
    bench.rasa.misbehaves = flood
    assert (await bench.interpreter.interpret("chào")).intent == "help"
    assert bench.told.reasons == ["malformed"]
    assert flood.sent < 40 * MAX_ANSWER_BYTES


async def test_a_wrong_token_is_told_apart(bench: Bench) -> None:
    bench.rasa.token = "another"
    assert (await bench.interpreter.interpret("chào")).intent == "help"
    assert bench.told.reasons == ["denied"]


async def test_a_server_that_goes_away_is_left_alone_and_used_again_when_it_is_back(bench: Bench) -> None:
    ask = bench.interpreter.interpret
    assert (await ask("một")).intent == "human_request"
    await bench.rasa.stop()
    for _ in range(5):
        assert (await ask("hai")).intent == "help"
    assert len(bench.told.reasons) == 3
    await bench.rasa.start()
    assert (await ask("ba")).intent == "help"  # the pause is not over
    bench.seconds += 1.1
    assert (await ask("bốn")).intent == "human_request"
    assert (await ask("năm")).intent == "human_request"
    assert bench.told.circuits == ["closed", "open", "trying", "closed"]
    assert bench.rasa.questions == ["một", "bốn", "năm"]


async def test_a_server_may_come_up_after_us() -> None:
    late = Bench()
    await late.rasa.start()
    await late.rasa.stop()  # only its port is known now
    late.interpreter = late._asking()
    assert (await late.interpreter.interpret("chào")).intent == "help"
    await late.rasa.start()
    assert (await late.interpreter.interpret("chào")).intent == "human_request"
    await late.close()


async def test_while_it_hangs_only_one_turn_in_a_pause_waits(hasty: Bench) -> None:
    hasty.rasa.misbehaves = hang
    await asyncio.gather(*(hasty.interpreter.interpret("chào") for _ in range(3)))
    hasty.seconds += 1.1
    started = time.monotonic()
    found = await asyncio.gather(*(hasty.interpreter.interpret("chào") for _ in range(20)))
    assert {one.intent for one in found} == {"help"}
    assert hasty.told.reasons == ["timeout"] * 4
    assert time.monotonic() - started < 1


async def test_a_turn_that_was_cancelled_while_trying_leaves_the_way_open(bench: Bench) -> None:
    bench.rasa.misbehaves = says(b"", 500)
    for _ in range(3):
        await bench.interpreter.interpret("chào")
    bench.seconds += 1.1
    bench.rasa.misbehaves = hang
    bench.rasa.asked.clear()
    turn = asyncio.create_task(bench.interpreter.interpret("chào"))
    await bench.rasa.asked.wait()
    turn.cancel()
    with pytest.raises(asyncio.CancelledError):
        await turn
    bench.rasa.misbehaves = None
    assert (await bench.interpreter.interpret("chào")).intent == "human_request"


async def test_many_questions_at_once_share_few_connections(bench: Bench) -> None:
    found = await asyncio.gather(*(bench.interpreter.interpret(f"câu {n}") for n in range(50)))
    assert {one.intent for one in found} == {"human_request"}
    assert sorted(bench.rasa.questions) == sorted(f"câu {n}" for n in range(50))
    assert bench.rasa.most_in_hand <= MAX_CONNECTIONS
    assert 0 < bench.rasa.open_connections <= MAX_CONNECTIONS


async def test_closing_leaves_nothing_and_answers_what_is_out(bench: Bench) -> None:
    before = asyncio.all_tasks()
    await bench.interpreter.interpret("chào")
    bench.rasa.misbehaves = hang
    bench.rasa.asked.clear()
    out = asyncio.create_task(bench.interpreter.interpret("chào"))
    await bench.rasa.asked.wait()
    await bench.interpreter.aclose()
    assert (await out).intent == "help"
    assert (await bench.interpreter.interpret("chào")).intent == "help"
    await bench.interpreter.aclose()
    for _ in range(200):
        if not bench.rasa.open_connections and asyncio.all_tasks() <= before:
            break
        await asyncio.sleep(0.005)
    assert bench.rasa.open_connections == 0
    assert asyncio.all_tasks() <= before


async def test_a_look_at_the_server_tells_its_model_and_intents(bench: Bench) -> None:
    bench.rasa.model_file = "/app/models/nlu-20261002.tar.gz"
    bench.rasa.learnt = {"chào": "greet"}
    seen = await look_at(bench.rasa.url + "/", TOKEN, ["chào", "gặp cán bộ"])
    assert seen.name == "nlu-20261002.tar.gz"
    assert seen.intents == {"greet", "human_request", "ask_knowledge", "help"}


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [(says(b"", 409), "no_model"), (says(b"[]"), "malformed"), (hang, "timeout"), (drop, "unreachable")],
)
async def test_a_look_in_vain_says_why_and_nothing_secret(
    bench: Bench, behaviour: Behaviour, reason: str
) -> None:
    bench.rasa.misbehaves = behaviour
    with pytest.raises(Unusable) as caught:
        await look_at(bench.rasa.url, TOKEN, ["chào"], seconds=0.1)
    assert caught.value.reason == reason
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("url", "usable"),
    [
        ("http://127.0.0.1:5005", True),
        ("https://nlu.example.vn/rasa/", True),
        ("http://[::1]:5005", True),
        ("127.0.0.1:5005", False),
        ("http://rasa:abc", False),
        ("http://rasa server", False),
        ("http://", False),
        ("http://user:pass@rasa:5005", False),
        ("http://rasa:5005/?token=abc", False),
        ("http://rasa:5005\n", False),
    ],
)
def test_an_address_that_cannot_be_asked_is_known_before(url: str, usable: bool) -> None:
    assert url_is_usable(url) is usable
