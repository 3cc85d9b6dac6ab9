"""What the token keeper needs from others: a durable store for the pair, and the OAuth call.

The store is implemented by the house in SQL; nothing here knows how. Tokens never show in `repr`.
"""

from __future__ import annotations

import hashlib
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True)
class TokenPair:
    """An access token with the refresh token that replaces it."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: datetime
    """When the access token ends. Aware."""
    obtained_at: datetime
    """When we got it. Aware."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the pair, hex: recognises it without revealing it."""
        return hashlib.sha256(f"{self.access_token}\n{self.refresh_token}".encode()).hexdigest()


class TokenStore(Protocol):
    """Where the pair of one account lives. Shared by all processes that serve the account."""

    async def load(self) -> TokenPair | None:
        """The stored pair, or None before the first."""
        ...

    async def save(self, pair: TokenPair) -> None:
        """Store the pair and remember its fingerprint, in one transaction. Durable when it returns."""
        ...

    async def has_seen(self, fingerprint: str) -> bool:
        """Was a pair with this fingerprint ever saved?"""
        ...

    def refresh_turn(self) -> AbstractAsyncContextManager[None]:
        """Admits one holder across all processes. Waits at most about 10 seconds, then raises TimeoutError.

        A turn whose holder died becomes free by itself after about 15 seconds; a living holder needs at most
        10 (`oauth.REFRESH_SECONDS` and the save).
        """
        ...


class Refresher(Protocol):
    """The OAuth call itself; see `oauth.ZaloOAuth`."""

    async def refresh(self, refresh_token: str) -> RefreshedTokens:
        """Trade a refresh token for a new pair. Raises RetryLater, or Misconfigured when refused."""
        ...


@dataclass(frozen=True, slots=True)
class RefreshedTokens:
    """What Zalo gave for a refresh token."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    """Empty when Zalo gave none."""
    lifetime: timedelta | None
    """None when Zalo did not say, or said nonsense."""
