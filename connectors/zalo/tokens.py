"""The access token of one Official Account, kept alive across processes (platforms A4).

A refresh token works once, and each refresh kills the pair before it. So: one refresher at a time everywhere
(`TokenStore.refresh_turn`), the new pair durable before anybody uses it, and a refresh that was begun is
never cancelled half-way. If the process dies between Zalo's answer and the save, the chain is broken and
only a person can mend it; that shows at the next call as a refused refresh, which raises the alarm. No token
is ever logged or shown.

Which pair counts: the stored one, unless the environment brings a pair that was never seen before. Every pair
ever stored is remembered by fingerprint, so that an old environment never overrules a younger store.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from connectors.errors import Misconfigured, RetryLater, SendError
from connectors.zalo.config import ZaloConfig
from connectors.zalo.token_store import Refresher, TokenPair, TokenStore

_log = structlog.get_logger(__name__)

ACCESS_LIFETIME = timedelta(hours=25)
"""Life of an access token (platforms A4, [H]); assumed for a pair whose age is not known."""
_LONGEST_LIFETIME = timedelta(days=90)
_FAILED_PAUSE = timedelta(seconds=30)
"""After a refresh that failed for now, while the old token still works."""
_REFUSED_PAUSE = timedelta(minutes=10)
"""After a refused refresh: a person must act, asking again at once changes nothing."""
_REJECTED_PAUSE = timedelta(seconds=3)
"""A token this young is not refreshed again because it was rejected; that would only burn tokens."""
_SAVE_ATTEMPTS = 4
_WATCH_SECONDS = 60.0
_OVERDUE_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class TokenState:
    """How the token is doing, for `check()`, the metrics and the console."""

    expires_at: datetime | None
    """None while no pair is known."""
    obtained_at: datetime | None
    refused_code: str
    """Zalo's code when it refused the last refresh; empty when it did not. A person must re-consent."""
    failing_since: datetime | None
    """Since when refreshing has kept failing, for whatever reason."""
    is_expiry_near: bool
    """Refreshing fails and the token ends soon, or has ended."""


class ZaloTokens:
    """Gives a usable access token, whatever it takes."""

    def __init__(
        self,
        config: ZaloConfig,
        store: TokenStore,
        refresher: Refresher,
        *,
        clock: Callable[[], datetime],
        environment: tuple[str, str] = ("", ""),
    ) -> None:
        """`environment` is the operator's (access token, refresh token); either may be empty."""
        self._config = config
        self._store = store
        self._refresher = refresher
        self._clock = clock
        self._environment = (environment[0].strip(), environment[1].strip())
        self._pair: TokenPair | None = None
        self._unsaved: TokenPair | None = None
        self._is_adopted = False
        self._work: asyncio.Task[TokenPair] | None = None
        self._failing_since: datetime | None = None
        self._failure: SendError | None = None
        self._failed_pair = ""
        self._not_before = datetime.min.replace(tzinfo=UTC)

    @property
    def state(self) -> TokenState:
        """How the token is doing, from memory."""
        pair, failure = self._pair, self._failure
        near = pair is not None and self._clock() >= pair.expires_at - self._config.expiry_alarm
        return TokenState(
            expires_at=pair.expires_at if pair else None,
            obtained_at=pair.obtained_at if pair else None,
            refused_code=(failure.code or "refused") if isinstance(failure, Misconfigured) else "",
            failing_since=self._failing_since,
            is_expiry_near=near and self._failing_since is not None,
        )

    async def current(self) -> str:
        """A usable access token, refreshed when its end is near.

        Raises RetryLater when a refresh is needed and cannot be had now, Misconfigured when a person must
        act. Cancelling the caller does not cancel a refresh.
        """
        pair = self._pair
        if pair is None or self._is_due(pair):
            pair = await self._together(rejected="")
        return pair.access_token

    async def reject(self, access_token: str) -> str:
        """Zalo rejected this token: gives another one, refreshing once unless a newer one is there."""
        if self._pair is not None and self._pair.access_token != access_token:
            return self._pair.access_token
        return (await self._together(rejected=access_token)).access_token

    async def keep_fresh(self, stop: asyncio.Event) -> None:
        """Refresh before expiry even without traffic, and raise the alarm in time. Runs until `stop`."""
        while not stop.is_set():
            try:
                await self.current()
            except SendError as error:
                _log.warning("zalo_token_not_usable", error=error.outcome, code=error.code)
            state = self.state
            if state.is_expiry_near:
                _log.error(
                    "zalo_token_expiry_near",
                    expires_at=state.expires_at.isoformat() if state.expires_at else "",
                    refused_code=state.refused_code,
                )
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self._watch_seconds())

    async def aclose(self) -> None:
        """Wait for a refresh in hand: abandoning it could lose the only valid pair."""
        if self._work is not None:
            await asyncio.wait({self._work})

    def _watch_seconds(self) -> float:
        """Until the next look: a minute, or less for short-lived tokens."""
        if self._pair is None:
            return _WATCH_SECONDS
        due_in = (self._pair.expires_at - self._ahead(self._pair) - self._clock()).total_seconds()
        return min(_WATCH_SECONDS, due_in) if due_in > 0 else _OVERDUE_SECONDS

    def _ahead(self, pair: TokenPair) -> timedelta:
        """How long before its end this pair is refreshed; a short-lived one at half its life."""
        return min(self._config.refresh_ahead, (pair.expires_at - pair.obtained_at) / 2)

    def _is_due(self, pair: TokenPair) -> bool:
        return self._clock() >= pair.expires_at - self._ahead(pair)

    async def _together(self, *, rejected: str) -> TokenPair:
        """All who need a token now wait for the same piece of work."""
        work = self._work
        if work is None or work.done():
            self._work = work = asyncio.create_task(self._renewed(rejected))
            work.add_done_callback(_retrieve)  # the last waiter may have left
            return await asyncio.shield(work)
        pair = await asyncio.shield(work)
        if pair.access_token == rejected:  # that work began before the rejection
            return await self._together(rejected=rejected)
        return pair

    async def _renewed(self, rejected: str) -> TokenPair:
        try:
            self._pair = await self._best_pair(rejected)
        except SendError:
            raise
        except Exception as error:  # a store may fail in any way; the sender must only see that it may retry
            _log.error("zalo_token_store_failed", error=type(error).__name__)
            raise RetryLater("the token store is not available", code=type(error).__name__) from error
        return self._pair

    async def _best_pair(self, rejected: str) -> TokenPair:
        """In this order: the stored pair while it is good, a refreshed one, the stored one while it lives."""
        await self._settle_unsaved()
        pair = await self._known_pair()
        if pair.fingerprint != self._failed_pair:
            self._failure = self._failing_since = None
        if not self._is_due(pair) and pair.access_token != rejected:
            return pair
        self._pair = pair
        is_alive = pair.access_token not in {"", rejected} and self._clock() < pair.expires_at
        try:
            if pair.access_token == rejected and self._is_newborn(pair):
                raise RetryLater("a fresh token was rejected", retry_after=_REJECTED_PAUSE.total_seconds())
            self._respect_pause(is_alive=is_alive)
            return await self._refreshed(pair)
        except SendError:
            if is_alive:
                return pair
            raise

    def _respect_pause(self, *, is_alive: bool) -> None:
        """Do not ask again at once what was refused; after a mere failure, only when it is not urgent."""
        failure = self._failure
        if failure is None or self._clock() >= self._not_before:
            return
        if is_alive or isinstance(failure, Misconfigured):
            raise failure.with_traceback(None)

    def _is_newborn(self, pair: TokenPair) -> bool:
        return self._clock() - pair.obtained_at < _REJECTED_PAUSE and pair.fingerprint != self._fingerprint()

    async def _known_pair(self) -> TokenPair:
        """The stored pair, after the environment's was looked at once."""
        if not self._is_adopted:
            await self._adopt_environment()
            self._is_adopted = True
        pair = await self._store.load()
        if pair is None:
            _log.error("zalo_token_missing")
            raise Misconfigured("no Zalo token is stored or configured")
        return pair

    def _environment_pair(self) -> TokenPair | None:
        access_token, refresh_token = self._environment
        if not (access_token or refresh_token):
            return None
        now = self._clock()
        # Its age is unknown. Taken for new: if it is not, Zalo rejects it and the refresh follows then.
        expires_at = now + ACCESS_LIFETIME if access_token else now
        return TokenPair(access_token, refresh_token, expires_at, now)

    def _fingerprint(self) -> str:
        pair = self._environment_pair()
        return pair.fingerprint if pair else ""

    async def _adopt_environment(self) -> None:
        pair = self._environment_pair()
        if pair is None or await self._store.has_seen(pair.fingerprint):
            return
        async with self._turn():
            if not await self._store.has_seen(pair.fingerprint):
                await self._store.save(pair)
                _log.info("zalo_token_pair_adopted", source="environment")

    @contextlib.asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(self._store.refresh_turn())
            except TimeoutError as error:
                raise RetryLater("another process is refreshing the Zalo token") from error
            yield

    async def _refreshed(self, stale: TokenPair) -> TokenPair:
        async with self._turn():
            stored = await self._store.load() or stale
            if stored.access_token != stale.access_token and not self._is_due(stored):
                return stored  # somebody else was faster
            try:
                pair = await self._ask(stored)
            except SendError as error:
                self._note_failure(stored, error)
                raise
            self._unsaved = pair
            await self._settle_unsaved()
            return pair

    async def _ask(self, pair: TokenPair) -> TokenPair:
        if not pair.refresh_token:
            raise Misconfigured("there is no refresh token", code="no_refresh_token")
        given = await self._refresher.refresh(pair.refresh_token)
        now = self._clock()
        lifetime = given.lifetime or ACCESS_LIFETIME
        if not given.refresh_token:
            _log.error("zalo_refresh_token_missing_in_answer")
        return TokenPair(given.access_token, given.refresh_token, now + min(lifetime, _LONGEST_LIFETIME), now)

    async def _settle_unsaved(self) -> None:
        """Make a new pair durable. Until that worked nobody may use it, and it is never forgotten."""
        pair = self._unsaved
        if pair is None:
            return
        for attempt in range(1, _SAVE_ATTEMPTS + 1):
            try:
                await self._store.save(pair)
                break
            except Exception as error:  # a store may fail in any way; the pair in hand is irreplaceable
                _log.error("zalo_token_pair_not_saved", attempt=attempt, error=type(error).__name__)
                if attempt == _SAVE_ATTEMPTS:
                    raise RetryLater("the new Zalo token could not be stored") from error
                await asyncio.sleep(0.2 * attempt)
        self._unsaved = None
        self._failure = self._failing_since = None
        _log.info("zalo_token_refreshed", expires_at=pair.expires_at.isoformat())

    def _note_failure(self, pair: TokenPair, error: SendError) -> None:
        now = self._clock()
        is_refused = isinstance(error, Misconfigured)
        self._failure = error
        self._failed_pair = pair.fingerprint
        self._failing_since = self._failing_since or now
        self._not_before = now + (_REFUSED_PAUSE if is_refused else _FAILED_PAUSE)
        if is_refused:
            _log.error("zalo_token_refresh_refused", code=error.code)
        else:
            _log.warning("zalo_token_refresh_failed", code=error.code)


def _retrieve(work: asyncio.Task[TokenPair]) -> None:
    if not work.cancelled():
        work.exception()
