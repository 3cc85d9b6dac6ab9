"""The stand-in's OAuth desk: codes, token pairs, rotation, expiry (platforms A4).

A refresh token works once; each use gives a new pair and kills the old access token. Tokens carry their
generation and a check code, so that a restarted stand-in still knows a pair it issued before and a bot
that stored it is not locked out. These tokens open nothing but the stand-in.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.sandbox.clock import Clock

INVALID_REFRESH_TOKEN = -14014  # platforms A4, [M]
INVALID_APP = -14002  # platforms A4, [M]
INVALID_GRANT = -118  # platforms A4, [L]
TOKEN_INVALID = -216  # platforms A11
TOKEN_EXPIRED = -220  # platforms A11
CODE_LIFETIME = timedelta(minutes=10)  # platforms A4, [H]
REFRESH_LIFETIME = timedelta(days=90)  # platforms A4, [H]


class TokenRefused(Exception):
    """The desk says no; `code` is the platform's."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What one successful call to the desk gives."""

    access_token: str
    refresh_token: str


class TokenDesk:
    """Issues and checks the tokens of one OA."""

    def __init__(
        self, first: TokenPair, *, app_id: str, app_secret: str, clock: Clock, lifetime: timedelta
    ) -> None:
        self.pair = first
        self.lifetime = lifetime
        self.refreshes = 0
        """Successful refreshes so far."""
        self._app_id = app_id
        self._secret = app_secret
        self._clock = clock
        self._generation = 0
        self._issued_at = clock()
        self._expired = False
        self._codes: dict[str, tuple[str, datetime]] = {}

    def exchange(self, form: Mapping[str, object], secret_key: str) -> TokenPair:
        """The token call: code or refresh token in, a new pair out. Raises TokenRefused."""
        if form.get("app_id") != self._app_id or not hmac.compare_digest(
            secret_key.encode(), self._secret.encode()
        ):
            raise TokenRefused(INVALID_APP)
        grant = form.get("grant_type")
        if grant == "authorization_code":
            self._redeem(str(form.get("code", "")), str(form.get("code_verifier", "")))
        elif grant == "refresh_token":
            self._spend(str(form.get("refresh_token", "")))
            self.refreshes += 1
        else:
            raise TokenRefused(INVALID_GRANT)
        return self._issue()

    def issue_code(self, code_challenge: str) -> str:
        """What the permission page hands to the callback: single use, ten minutes."""
        code = secrets.token_urlsafe(24)
        self._codes[code] = (code_challenge, self._clock())
        return code

    def verdict(self, access_token: str) -> int:
        """0 for a good access token, else the error code."""
        if access_token != self.pair.access_token and not self._adopt(access_token, "access"):
            return TOKEN_INVALID
        if self._expired or self._clock() - self._issued_at >= self.lifetime:
            return TOKEN_EXPIRED
        return 0

    def expire(self) -> None:
        """The current access token stops working now; the refresh token still does."""
        self._expired = True

    def revoke(self) -> None:
        """Nothing issued so far works any more: the OA took its permission back."""
        self._generation += 1
        self._issue()

    def _redeem(self, code: str, verifier: str) -> None:
        challenge, issued_at = self._codes.pop(code, ("", None))
        if issued_at is None or self._clock() - issued_at > CODE_LIFETIME:
            raise TokenRefused(INVALID_GRANT)
        digest = hashlib.sha256(verifier.encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != challenge:
            raise TokenRefused(INVALID_GRANT)

    def _spend(self, refresh_token: str) -> None:
        known = refresh_token == self.pair.refresh_token or self._adopt(refresh_token, "refresh")
        if not known or self._clock() - self._issued_at > REFRESH_LIFETIME:
            raise TokenRefused(INVALID_REFRESH_TOKEN)

    def _issue(self) -> TokenPair:
        self._generation += 1
        self._issued_at = self._clock()
        self._expired = False
        self.pair = self._pair_of(self._generation)
        return self.pair

    def _adopt(self, token: str, kind: str) -> bool:
        """Take over a pair this stand-in issued before it was restarted, if it is newer than ours."""
        pieces = token.split("-")
        if len(pieces) != 4 or pieces[:2] != ["sandbox", kind] or not pieces[2].isdecimal():
            return False
        generation = int(pieces[2])
        if generation <= self._generation:
            return False
        pair = self._pair_of(generation)
        if token not in (pair.access_token, pair.refresh_token):
            return False
        self._generation, self.pair = generation, pair
        self._issued_at, self._expired = self._clock(), False
        return True

    def _pair_of(self, generation: int) -> TokenPair:
        return TokenPair(self._token("access", generation), self._token("refresh", generation))

    def _token(self, kind: str, generation: int) -> str:
        message = f"{kind}:{generation}".encode()
        check = hmac.new(self._secret.encode(), message, hashlib.sha256).hexdigest()[:24]
        return f"sandbox-{kind}-{generation}-{check}"
