"""Redis as the nervous system: announcements, locks, rates and hints. Never the truth.

Everything here may vanish at any moment: an announcement that is lost is made again by the sweep, a lock
that is lost is caught by the revision check in SQL, a rate limit starts over. All Redis keys are built
in this module, and no message text ever enters one.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, cast

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from bot.liveness import LEASE_SECONDS, is_dead, this_process
from bot.tasks import end

log = structlog.get_logger(__name__)

_STREAM = "kh:announced"
_GROUP = "workers"
_STREAM_LENGTH = 100_000
_SWEEP = "kh:sweep"
_OUTBOX_CHANNEL = "kh:outbox"
_WEB_CHANNEL = "kh:web:"


def _lock_key(name: str) -> str:
    return f"kh:lock:{name}"


def _bucket_key(account: str) -> str:
    return f"kh:bucket:{account}"


def _tries_key(name: str) -> str:
    """Who tries to get in is nobody's business: names and addresses are hashed."""
    return f"kh:tries:{hashlib.sha256(name.encode()).hexdigest()}"


# Compare before changing: a lock that ran out and was taken by somebody else must not be touched.
_RELEASE = "if redis.call('get',KEYS[1])==ARGV[1] then return redis.call('del',KEYS[1]) else return 0 end"
_RENEW = (
    "if redis.call('get',KEYS[1])==ARGV[1] then "
    "return redis.call('pexpire',KEYS[1],ARGV[2]) else return 0 end"
)
_STEAL = (
    "if redis.call('get',KEYS[1])==ARGV[1] then "
    "redis.call('set',KEYS[1],ARGV[2],'PX',ARGV[3]) return 1 else return 0 end"
)
# One command for many announcements: their number, not their size, is what a client pays for.
# KEYS: stream. ARGV: length to keep, then the conversations.
_ANNOUNCE = """
for i = 2, #ARGV do redis.call('xadd', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'c', ARGV[i]) end
return #ARGV - 1
"""
_ANNOUNCED_AT_ONCE = 500
_LOOKED_THROUGH = 2000
# A token bucket holding one minute's worth. KEYS: bucket. ARGV: per minute, wanted, now in seconds.
# Returns {tokens given, milliseconds until one is there}.
_TAKE = """
local rate, want, now = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local have = redis.call('hmget', KEYS[1], 'level', 'at')
local level, at = tonumber(have[1]) or rate, tonumber(have[2]) or now
level = math.min(rate, level + math.max(0, now - at) * rate / 60)
local given = math.max(math.min(want, math.floor(level)), -rate)
level = math.min(rate, level - given)
redis.call('hset', KEYS[1], 'level', level, 'at', now)
redis.call('expire', KEYS[1], 120)
local wait = 0
if given == 0 then wait = math.ceil((1 - level) * 60000 / rate) end
return {given, wait}
"""


# A sliding window by the server's clock, which all processes share. KEYS: window. ARGV: limit, microseconds.
# Returns 0, or the microseconds until the oldest of the window is out of it; refused ones are not counted.
_TRY = """
local clock = redis.call('time')
local now = clock[1] * 1000000 + clock[2]
redis.call('zremrangebyscore', KEYS[1], '-inf', now - ARGV[2])
local count = redis.call('zcard', KEYS[1])
if count >= tonumber(ARGV[1]) then
    local oldest = redis.call('zrange', KEYS[1], 0, 0, 'withscores')
    return math.max(1, oldest[2] + ARGV[2] - now)
end
redis.call('zadd', KEYS[1], now, string.format('%.0f:%d', now, count))
redis.call('pexpire', KEYS[1], math.ceil(ARGV[2] / 1000))
return 0
"""


@dataclass
class LocalBucket:
    """The same token bucket in this process alone, for when Redis is away."""

    level: float
    at: float

    def take(self, per_minute: int, want: int, now: float) -> int:
        """How many of `want` sends may go now."""
        self.level = min(per_minute, self.level + max(0.0, now - self.at) * per_minute / 60)
        self.at = now
        given = min(want, int(self.level))
        self.level -= given
        return given


@dataclass
class _Waiters:
    """Tasks in this process that wait for hints about one name."""

    queues: dict[str, set[asyncio.Queue[str]]] = field(default_factory=dict)

    def give(self, name: str, hint: str) -> None:
        for queue in self.queues.get(name, ()):
            if not queue.full():
                queue.put_nowait(hint)


class Hints:
    """What a subscriber sees: the next hint, or nothing within the time-out."""

    def __init__(self, queue: asyncio.Queue[str]) -> None:
        self._queue = queue

    async def wait(self, timeout: float) -> str | None:  # noqa: ASYNC109 - part of the Nudges protocol
        """The next hint, or None after `timeout` seconds. A hint is never proof: look in SQL."""
        try:
            return await asyncio.wait_for(self._queue.get(), timeout)
        except TimeoutError:
            return None


class Nerves:
    """This process's connection to Redis."""

    def __init__(self, url: str, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        # One quick second try repairs a connection that Redis closed; longer waiting is the callers' affair.
        self.url = url
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=64,
            timeout=2,
            socket_timeout=5,
            socket_connect_timeout=1,
            decode_responses=True,
            retry=Retry(NoBackoff(), 1),
        )
        self._redis = Redis(connection_pool=pool)
        self._owner = this_process()
        self._held: set[str] = set()
        self._waiters = _Waiters()
        self._buckets: dict[str, LocalBucket] = {}
        self._monotonic = monotonic
        self._tasks: list[asyncio.Task[None]] = []
        self._unannounced: dict[str, None] = {}
        self._announcer: asyncio.Task[None] | None = None
        self._outbox_hinted = False
        self._hinter: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin renewing locks and listening for hints."""
        self._tasks = [
            asyncio.create_task(self._renew_forever(), name="lock-renewal"),
            asyncio.create_task(self._listen_forever(), name="hint-listener"),
        ]

    async def aclose(self) -> None:
        """Stop the background work and disconnect."""
        telling = {task for task in (self._announcer, self._hinter) if task is not None}
        if telling:
            await asyncio.wait(telling, timeout=1)
        await end(*self._tasks, *telling)
        await self._redis.aclose()
        await self._redis.connection_pool.disconnect()

    async def is_up(self) -> bool:
        """True when Redis answers."""
        try:
            return bool(await cast("Any", self._redis.ping()))
        except (RedisError, OSError):
            return False

    # --- announcements: "this conversation has something unhandled" -------------------------------

    async def announce(self, conversation_keys: Iterable[str]) -> None:
        """Tell the workers. Never raises: what is not announced is found by the sweep."""
        keys = list(conversation_keys)
        try:
            for start in range(0, len(keys), _ANNOUNCED_AT_ONCE):
                some = keys[start : start + _ANNOUNCED_AT_ONCE]
                await cast("Any", self._redis.eval(_ANNOUNCE, 1, _STREAM, _STREAM_LENGTH, *some))
        except (RedisError, OSError) as error:
            log.warning("announce_failed", reason=type(error).__name__)

    def announce_soon(self, conversation_keys: Iterable[str]) -> None:
        """Like `announce`, without waiting: what comes while Redis is being told is told together."""
        self._unannounced.update(dict.fromkeys(conversation_keys))
        if self._announcer is None or self._announcer.done():
            self._announcer = asyncio.create_task(self._announce_waiting(), name="announcer")

    async def _announce_waiting(self) -> None:
        while self._unannounced:
            keys = tuple(self._unannounced)
            self._unannounced.clear()
            await self.announce(keys)

    async def announced(self, count: int) -> list[str]:
        """Conversation keys announced since the last call; waits up to a second, then gives [].

        Each announcement reaches one worker, at most once. Raises RedisError when Redis is away.
        """
        try:
            answer = await self._redis.xreadgroup(
                _GROUP, self._owner, {_STREAM: ">"}, count=count, block=1000, noack=True
            )
        except ResponseError as error:
            if "NOGROUP" not in str(error):
                raise
            # First start, or Redis came back empty: begin with what is already in the stream.
            with suppress(ResponseError):
                await self._redis.xgroup_create(_STREAM, _GROUP, id="0", mkstream=True)
            return []
        streams = cast("list[tuple[str, list[tuple[str, dict[str, str]]]]]", answer or [])
        return [fields["c"] for _, rows in streams for _, fields in rows]

    async def forget(self, conversation_key: str) -> None:
        """Take every announcement of a conversation out, also those long taken. Never raises: what stays
        holds an id and no words, and is pushed out by newer ones."""
        first = "-"
        try:
            while True:
                found = await self._redis.xrange(_STREAM, min=first, count=_LOOKED_THROUGH)
                rows = cast("list[tuple[str, dict[str, str]]]", found)
                if not rows:
                    return
                theirs = [id_ for id_, fields in rows if fields.get("c") == conversation_key]
                if theirs:
                    await self._redis.xdel(_STREAM, *theirs)
                first = f"({rows[-1][0]}"
        except (RedisError, OSError) as error:
            log.warning("announcements_not_forgotten", reason=type(error).__name__)

    async def backlog(self) -> int:
        """Announcements nobody has taken yet. Raises RedisError when Redis is away."""
        groups = await self._redis.xinfo_groups(_STREAM)
        return sum(int(group.get("lag") or 0) for group in groups)

    async def may_sweep(self, seconds: float) -> bool:
        """True for one process every `seconds`. Raises RedisError when Redis is away."""
        return bool(await self._redis.set(_SWEEP, self._owner, nx=True, px=int(seconds * 1000)))

    # --- locks -------------------------------------------------------------------------------------

    @asynccontextmanager
    async def lock(self, name: str) -> AsyncIterator[bool]:
        """Try to hold the lock; yields False at once when somebody alive holds it.

        Renewed while held. Raises RedisError when Redis is away.
        """
        key, lease = _lock_key(name), int(LEASE_SECONDS * 1000)
        got = bool(await self._redis.set(key, self._owner, nx=True, px=lease))
        if not got:
            holder = await self._redis.get(key)
            if holder is not None and is_dead(str(holder)):
                got = bool(await cast("Any", self._redis.eval(_STEAL, 1, key, holder, self._owner, lease)))
        if not got:
            yield False
            return
        self._held.add(key)
        try:
            yield True
        finally:
            self._held.discard(key)
            with suppress(RedisError, OSError):
                await cast("Any", self._redis.eval(_RELEASE, 1, key, self._owner))

    async def _renew_forever(self) -> None:
        while True:
            await asyncio.sleep(LEASE_SECONDS / 3)
            for key in tuple(self._held):
                with suppress(RedisError, OSError):
                    await cast(
                        "Any", self._redis.eval(_RENEW, 1, key, self._owner, int(LEASE_SECONDS * 1000))
                    )

    # --- rates -------------------------------------------------------------------------------------

    async def take(self, account: str, per_minute: int, want: int) -> tuple[int, float]:
        """Take up to `want` sends from the account's bucket; negative `want` gives unused ones back.

        Returns (how many may go, seconds until the next one when it is none). Without Redis the limit is
        kept per process: better too careful by a little than blind.
        """
        try:
            given, wait_ms = await cast(
                "Any", self._redis.eval(_TAKE, 1, _bucket_key(account), per_minute, want, time.time())
            )
            return int(given), int(wait_ms) / 1000
        except (RedisError, OSError):
            now = self._monotonic()
            bucket = self._buckets.setdefault(account, LocalBucket(per_minute, now))
            return bucket.take(per_minute, want, now), 60 / per_minute

    async def try_once(self, name: str, limit: int, seconds: float) -> int:
        """Count one try of `name`, of which there are at most `limit` in any `seconds`.

        0 when it was admitted, else whole seconds until the next. Raises RedisError when Redis is away.
        """
        wait = await cast("Any", self._redis.eval(_TRY, 1, _tries_key(name), limit, int(seconds * 1_000_000)))
        return math.ceil(int(wait) / 1_000_000)

    # --- hints -------------------------------------------------------------------------------------

    async def hint_outbox(self) -> None:
        """Something waits to be sent. Never raises, and does not wait: hints that come together are one."""
        self._outbox_hinted = True
        if self._hinter is None or self._hinter.done():
            self._hinter = asyncio.create_task(self._hint_outbox(), name="outbox-hinter")

    async def _hint_outbox(self) -> None:
        while self._outbox_hinted:
            self._outbox_hinted = False
            await self._publish(_OUTBOX_CHANNEL, "go")

    async def hint_web(self, user: str, what: str) -> None:
        """Tell whoever serves this person's page: `message` or `typing`. Never raises."""
        await self._publish(_WEB_CHANNEL + user, what)

    @asynccontextmanager
    async def outbox_hints(self) -> AsyncIterator[Hints]:
        """Hints that something waits to be sent."""
        async with self._subscribed(_OUTBOX_CHANNEL, 1) as hints:
            yield hints

    @asynccontextmanager
    async def web_hints(self, user: str) -> AsyncIterator[Hints]:
        """Hints for one person's page."""
        async with self._subscribed(_WEB_CHANNEL + user, 16) as hints:
            yield hints

    async def _publish(self, channel: str, hint: str) -> None:
        try:
            await self._redis.publish(channel, hint)
        except (RedisError, OSError):
            self._waiters.give(channel, hint)

    @asynccontextmanager
    async def _subscribed(self, name: str, size: int) -> AsyncIterator[Hints]:
        queue: asyncio.Queue[str] = asyncio.Queue(size)
        self._waiters.queues.setdefault(name, set()).add(queue)
        try:
            yield Hints(queue)
        finally:
            queues = self._waiters.queues[name]
            queues.discard(queue)
            if not queues:
                del self._waiters.queues[name]

    async def _listen_forever(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    await pubsub.psubscribe(_OUTBOX_CHANNEL, _WEB_CHANNEL + "*")
                    while True:
                        message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=5)
                        if message is not None:
                            self._waiters.give(str(message["channel"]), str(message["data"]))
            except (RedisError, OSError):
                await asyncio.sleep(0.5)
