"""Asking a Rasa server what a message wants, and doing without it whenever it does not say.

The server is another program that may start late, be slow, break or go away at any time; a citizen must never
notice. Must never raise into a turn, hold one up for more than `timeout`, or let the token out: Rasa wants it
in the address, so no address and no text of an exception is logged or passed on.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import aiohttp
import structlog
from yarl import URL

from nlu.breaker import Breaker
from nlu.features import symbols
from nlu.folding import syllables
from nlu.interpreter import Interpretation, Interpreter
from nlu.monitor import Monitor, Unwatched
from nlu.rasa_answer import Failure, Unusable, interpretation_of
from nlu.reading import Reader, Reading

log = structlog.get_logger(__name__)

TIMEOUT_SECONDS = 0.8
"""How long a turn waits for Rasa, the wait for a free connection included."""
LONGEST_TEXT = 1000
"""Characters; a longer message is a story, which the interpreter at hand reads as well and sooner."""
MAX_CONNECTIONS = 8
MAX_ANSWER_BYTES = 256 * 1024
"""An answer about the longest text has some tens of kilobytes."""
_HOST = re.compile(r"[\w.:-]*\w")


@dataclass(frozen=True, slots=True)
class RasaModel:
    """What a running server has loaded."""

    name: str
    """File name of the model."""
    intents: frozenset[str]
    """Names it gave, likeliest or not, to the questions it was tried with."""


class RasaInterpreter:
    """Interprets by asking the server at `url`; `fallback` interprets whatever the server does not.

    `token` is the server's `--auth-token`, empty for none. `timeout` is seconds. `intents` are the names our
    data have: an answer with another is not used. Its session opens with the first question and is closed by
    `aclose`; after that the fallback answers.
    """

    def __init__(
        self,
        url: str,
        token: str,
        fallback: Interpreter,
        reader: Reader,
        *,
        timeout: float = TIMEOUT_SECONDS,
        intents: Collection[str] | None = None,
        monitor: Monitor | None = None,
        breaker: Breaker | None = None,
    ) -> None:
        self._address = _address(url, "model/parse", token)
        self._fallback = fallback
        self._reader = reader
        self._timeout = timeout
        self._intents = intents
        self._monitor = monitor or Unwatched()
        self._breaker = breaker or Breaker(time.monotonic)
        self._session: aiohttp.ClientSession | None = None
        self._is_closed = False
        self._was_well = True

    async def interpret(self, text: str) -> Interpretation:
        """What the server says about `text`, or else what the fallback says. Never an exception."""
        if self._is_closed or len(text) > LONGEST_TEXT:
            return await self._fallback.interpret(text)
        reading = self._reader.read(text)
        question, begins = _question(reading.text)
        ticket = self._breaker.ask() if question and _says_something(reading) else None
        self._watch_circuit()
        found = None if ticket is None else await self._ask(question, begins, reading, ticket)
        return found or await self._fallback.interpret(text)

    async def aclose(self) -> None:
        """Close the connections; questions that are out get the fallback's answer."""
        self._is_closed = True
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _ask(self, question: str, begins: int, reading: Reading, ticket: int) -> Interpretation | None:
        started = time.perf_counter()
        try:
            answer = await _exchange(self._open(), "POST", self._address, self._timeout, {"text": question})
            found = interpretation_of(answer, reading, asked_from=begins, intents=self._intents)
        except Unusable as unusable:
            # A model of other data answers well enough; only its word is of no use here.
            self._settle(ticket, unusable.reason, works=unusable.reason == "unknown_intent")
            return None
        except asyncio.CancelledError:
            self._breaker.given_up(ticket)
            self._watch_circuit()
            raise
        except Exception as error:
            # An interpreter is total: whatever this is, the citizen gets the fallback's answer.
            log.error("rasa_failed", error=type(error).__name__)
            self._settle(ticket, "unexpected", works=False)
            return None
        self._settle(ticket, None, works=True)
        self._monitor.parsed("rasa", time.perf_counter() - started)
        return found

    def _settle(self, ticket: int, reason: Failure | None, *, works: bool) -> None:
        if reason is not None:
            log.debug("rasa_failed", reason=reason)
            self._monitor.failed(reason)
        if works:
            self._breaker.worked(ticket)
        else:
            self._breaker.failed(ticket)
        self._watch_circuit(reason)

    def _watch_circuit(self, reason: Failure | None = None) -> None:
        circuit = self._breaker.circuit
        self._monitor.circuit(circuit)
        is_well = circuit == "closed"
        if is_well != self._was_well:
            self._was_well = is_well
            if is_well:
                log.info("rasa_answers_again")
            else:
                log.warning("rasa_given_up_for_now", reason=reason)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = _new_session()
        return self._session


def url_is_usable(url: str) -> bool:
    """May a server be asked at `url`: http(s), a host, a path at most, and no secrets in it."""
    try:
        address = _address(url, "status", "token")
        return (
            address.scheme in ("http", "https")
            and _HOST.fullmatch(address.host or "") is not None
            and address.port != 0
            and address.user is None
            and address.password is None
            and url.isprintable()
            and not {"?", "#"} & set(url)
        )
    except ValueError:
        return False


async def look_at(url: str, token: str, questions: Sequence[str], *, seconds: float = 10.0) -> RasaModel:
    """What the server at `url` has loaded, tried with some questions within `seconds`. Raises Unusable.

    A model that learned to understand and not to talk does not list its intents; it has to be asked.
    """
    address, reader = _address(url, "model/parse", token), Reader()
    seen: set[str] = set()
    try:
        async with asyncio.timeout(seconds), _new_session() as session:
            status = await _exchange(session, "GET", _address(url, "status", token), seconds)
            name = status.get("model_file") if isinstance(status, dict) else None
            if not isinstance(name, str):
                raise Unusable("malformed")
            for text in questions:
                question, _ = _question(text)
                answer = await _exchange(session, "POST", address, seconds, {"text": question})
                found = interpretation_of(answer, reader.read(text))
                seen.update([found.intent], (other.intent for other in found.alternatives))
    except TimeoutError:
        raise Unusable("timeout") from None
    return RasaModel(name.replace("\\", "/").rsplit("/", 1)[-1], frozenset(seen))


def _address(url: str, path: str, token: str) -> URL:
    address = URL(url.rstrip("/") + "/" + path)
    return address.with_query(token=token) if token else address


def _says_something(reading: Reading) -> bool:
    """Is there a word or an emoji? On anything else a model knows only how often each wish is met."""
    return bool(syllables(reading.folded) or symbols(reading.text))


def _question(text: str) -> tuple[str, int]:
    """What to ask about `text`, and where in it that begins.

    Rasa takes a text that begins with `/` for the name of an intent, which no citizen may dictate, and strips
    blanks before it counts places. Halves of characters cannot be sent; the length stays the same.
    """
    begins = next((at for at, char in enumerate(text) if char != "/" and not char.isspace()), len(text))
    return text[begins:].rstrip().encode("utf-8", "replace").decode(), begins


def _new_session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(),
        connector=aiohttp.TCPConnector(limit=MAX_CONNECTIONS),
        # A compressed answer could unpack to any size; ours are small and mostly on this machine.
        headers={"Accept": "application/json", "Accept-Encoding": "identity"},
        auto_decompress=False,
        timeout=aiohttp.ClientTimeout(total=None),  # _exchange bounds the whole
    )


async def _exchange(
    session: aiohttp.ClientSession, method: str, address: URL, seconds: float, body: object = None
) -> object:
    """One call; gives the JSON value of the answer. Raises Unusable, and nothing that quotes the address."""
    try:
        async with (
            asyncio.timeout(seconds),
            session.request(method, address, json=body, allow_redirects=False) as response,
        ):
            if response.status != 200:
                raise Unusable(_reason_of(response.status), response.status)
            content = await _bounded(response)
    except TimeoutError:
        raise Unusable("timeout") from None
    except (aiohttp.ClientError, OSError):
        raise Unusable("unreachable") from None
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise Unusable("malformed") from None


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    content = bytearray()
    async for chunk in response.content.iter_any():
        content += chunk
        if len(content) > MAX_ANSWER_BYTES:
            response.close()
            raise Unusable("malformed")
    return bytes(content)


def _reason_of(status: int) -> Failure:
    if status in (401, 403):
        return "denied"
    return "no_model" if status == 409 else "status"
