"""Zalo's OAuth v4: trading a refresh token for a new pair (platforms A4).

One call, made once. Whether it worked is decided by the `access_token` in the answer and by nothing else
(platforms F4). Nothing here stores or logs a token.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import aiohttp

from connectors.errors import Misconfigured, RetryLater
from connectors.zalo.client import error_code, failure_of_status, json_object, time_limits
from connectors.zalo.config import ZaloConfig
from connectors.zalo.token_store import RefreshedTokens
from connectors.zalo.wire import Json, size

REFRESH_SECONDS = 9.0
"""Longer than other calls: an answer that is not waited for is a lost pair."""
_RATE_LIMIT = -32


@dataclass(frozen=True, slots=True)
class ZaloOAuth:
    """The token endpoint of one app. The session belongs to the caller."""

    session: aiohttp.ClientSession
    config: ZaloConfig

    async def refresh(self, refresh_token: str) -> RefreshedTokens:
        """Trade a refresh token for a new pair.

        Raises RetryLater for rate limits, 5xx, network failures and unreadable answers; Misconfigured, with
        Zalo's code, for every readable answer without an access token: a person must consent again.
        """
        try:
            async with self.session.post(
                self.config.oauth_base.rstrip("/") + "/v4/oa/access_token",
                headers={"secret_key": self.config.app_secret},
                data={
                    "refresh_token": refresh_token,
                    "app_id": self.config.app_id,
                    "grant_type": "refresh_token",
                },
                timeout=time_limits(REFRESH_SECONDS),
                allow_redirects=False,
            ) as response:
                content = await response.read()
        except ValueError as error:  # the address, or a secret that is no header value; nothing was sent
            raise Misconfigured("the OAuth address or the App Secret is not usable") from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise RetryLater("no answer from Zalo's OAuth", code=type(error).__name__) from error
        if failure := failure_of_status(response):
            raise failure
        answer = json_object(content)
        if answer is None:
            raise RetryLater("unreadable answer from Zalo's OAuth", code=f"HTTP {response.status}")
        return _tokens(answer)


def _tokens(answer: Json) -> RefreshedTokens:
    access_token, refresh_token = answer.get("access_token"), answer.get("refresh_token")
    if not isinstance(access_token, str) or not access_token:
        code = error_code(answer)
        if code == _RATE_LIMIT:
            raise RetryLater("rate limit of Zalo's OAuth", code=str(code))
        raise Misconfigured("Zalo refused the refresh token", code=str(code or "no_access_token"))
    seconds = size(answer.get("expires_in"))  # text, by the documentation (platforms A4)
    return RefreshedTokens(
        access_token,
        refresh_token if isinstance(refresh_token, str) else "",
        timedelta(seconds=seconds) if seconds and seconds < 10**9 else None,
    )
