"""What one Facebook page needs in order to be answered, and the numbers Facebook may change.

Read once at start and handed down. Secrets stay out of `repr`, so a logged configuration leaks nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

CHANNEL = "messenger"

STANDARD_WINDOW = timedelta(hours=24)
"""Free replies after the person's last action (platforms B7, [H])."""
HUMAN_AGENT_WINDOW = timedelta(days=7)
"""What an officer may use with the HUMAN_AGENT tag (platforms B7, [H])."""

PAGE_INBOX_APP_ID = "263902037430900"
PAGE_INBOX_APP_IDS = frozenset({PAGE_INBOX_APP_ID, "26390203743090"})
"""The app that stands for a person typing in the Page Inbox; two official pages differ (platforms F12)."""


@dataclass(frozen=True, slots=True)
class MessengerConfig:
    """One page. All four credentials are needed; an empty one makes the door refuse, never accept."""

    page_id: str
    app_secret: str = field(repr=False)
    """Signs webhooks; not the verify token (platforms C7)."""
    verify_token: str = field(repr=False)
    page_access_token: str = field(repr=False)
    app_id: str = ""
    """Our app. Optional: our own echoes are recognised by their stamp."""
    graph_base: str = "https://graph.facebook.com"
    graph_version: str = "v25.0"
    human_agent_tag: bool = False
    """Has Meta granted the page the "Human Agent" permission?"""
    comments_enabled: bool = False
    """Answer top-level comments under the page's posts."""
    utility: bool = False
    """May the page send utility messages (permission `page_utility_messaging`, platforms B7 [H])?"""
    utility_language: str = "vi"
    utility_metadata: bool = True
    """Stamp utility messages like all others, so that their echo is known as ours. The page on them does not
    say whether `metadata` may stand beside `template`; without it an `app_id` has to tell."""
    app_secret_proof: bool = True
    """Send `appsecret_proof` with each call; its effect on page tokens is recalled only (platforms E)."""
    send_timeout_seconds: float = 9.0
    """For one whole send, an upload included. The house allows 10 s."""
    connect_timeout_seconds: float = 3.0
    rate_limit_pause_seconds: float = 300.0
    """Pause after a rate limit when Facebook gives no estimate (platforms B9, B10)."""
    attachment_lifetime: timedelta = timedelta(days=89)
    """How long an uploaded file's id is used again; Facebook keeps it 90 days (platforms B6)."""

    @property
    def graph_url(self) -> str:
        """Root of all Graph calls, version included."""
        return f"{self.graph_base.rstrip('/')}/{self.graph_version}"
