"""What the Zalo door must be told: one app, one Official Account, and what may still change at Zalo.

Numbers that docs/platforms.md marks [H] are constants beside the code that uses them; the unsure ones are
fields here, so that an operator can follow Zalo without a new release.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta, timezone
from typing import Literal

VIETNAM = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")
"""Zalo's night and day are Vietnamese, wherever this program runs. Vietnam keeps no summer time."""

MIN_REFRESH_AHEAD = timedelta(hours=1)
"""A token is never left to its last hour: somebody must have time to repair a broken refresh."""

Buttons = Literal["auto", "on", "off"]


@dataclass(frozen=True, slots=True)
class ZaloConfig:
    """Settings of one Official Account. Secrets never show in `repr`."""

    app_id: str
    app_secret: str = field(repr=False)
    """App Secret: for OAuth and `appsecret_proof`, never for webhooks (platforms A2, A4)."""
    oa_id: str
    oa_secret_key: str = field(repr=False)
    """OA Secret Key from the app's Webhook page: signs the webhooks (platforms A2, [H])."""
    api_base: str = "https://openapi.zalo.me"
    oauth_base: str = "https://oauth.zaloapp.com"
    buttons: Buttons = "auto"
    """The button template on v3 is unsure (platforms A5 [L], F5). `auto` sends it and, after a definite
    rejection, sends written options and leaves buttons alone for `buttons_pause`. `on` does the same
    without the pause. `off` always writes options out."""
    buttons_pause: timedelta = timedelta(hours=1)
    max_buttons: int = 5
    """Platforms A5 [H]."""
    button_title_limit: int = 35
    """Characters; 35 or 100 depending on the source (platforms A5 [L])."""
    text_limit: int = 2000
    """Characters of one message (platforms A5 [H]; what Zalo counts is not known, so UTF-16 units are
    counted, which is never less than code points)."""
    window: timedelta = timedelta(days=7)
    """How long after the person's last action a consultation message is taken (platforms A7 [H])."""
    send_proof: bool = True
    """Send `appsecret_proof` with every call. Optional unless the app demands it (platforms A4)."""
    refresh_ahead: timedelta = timedelta(hours=5)
    """Refresh this long before the access token expires: at 20 of its 25 hours (platforms A4)."""
    expiry_alarm: timedelta = timedelta(hours=4)
    """Raise the alarm when a refresh keeps failing and this little time is left."""
    upload_lifetime: timedelta = timedelta(days=6)
    """How long an uploaded id is reused; Zalo forgets it after 7 days (platforms A6 [M])."""

    def __post_init__(self) -> None:
        if self.refresh_ahead < MIN_REFRESH_AHEAD:
            raise ValueError("refresh_ahead must be at least one hour")
        if not 100 <= self.text_limit <= 2000:
            raise ValueError("text_limit must be between 100 and 2000")
