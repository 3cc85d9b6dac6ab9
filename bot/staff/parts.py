"""What the console needs from the rest of the house."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import timedelta, tzinfo
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from bot.clock import Clock
from bot.dialogue.turn import Hearing
from bot.noticeboard import Noticeboard
from bot.staff.tries import SharedTries
from bot.store.database import Database
from bot.web.contract import Hints
from connectors.channel import Channel
from connectors.message import ConversationId
from knowledge.base import KnowledgeBase
from knowledge.criteria_files import CriteriaBook
from knowledge.ingest import Limits


class Nudge(Protocol):
    """How the console tells the senders that something waits. bot.nerves.Nerves fulfils it."""

    async def hint_outbox(self) -> None:
        """Something waits to be sent. Never raises."""
        ...


@dataclass(frozen=True, slots=True)
class StaffParts:
    """One installation, as its console sees it."""

    database: Database
    nerves: Nudge
    channels: Sequence[Channel]
    clock: Clock
    association_name: str
    base: Callable[[], KnowledgeBase]
    """What the bot knows at the moment, to search as the bot does."""
    assistant: Hearing
    """Whom staff try questions on; a turn changes nothing by itself."""
    public_url: str = ""
    """The address officers open, `https://…`; forms from there are ours even behind a proxy."""
    trusted_proxies: int = 0
    zone: tzinfo = field(default_factory=lambda: ZoneInfo("Asia/Ho_Chi_Minh"))
    board: Noticeboard = field(default_factory=Noticeboard)
    """The rules of the house."""
    hints: Callable[[], AbstractAsyncContextManager[Hints]] | None = None
    """Hints that something was just said, where there are any: open pages hear of it the sooner."""
    shared_tries: SharedTries | None = None
    """Counts tries of secrets for all web processes; None: each counts for itself."""
    officer_windows: Mapping[str, timedelta] = field(default_factory=dict)
    """By channel: how long officers may reply where that is longer than the channel's own window."""

    approval_above: int = 200
    """A campaign to more people than this needs a second person."""
    campaign_pace: float | None = None
    """Messages a minute of campaigns, over all accounts; None: as fast as they go."""
    broadcasts_per_month: int = 4
    """Articles that may be shown to all followers on Zalo in a month."""

    criteria: CriteriaBook = field(default_factory=lambda: CriteriaBook(()))
    """The sets self-assessments are made under."""
    data_dir: Path | None = None
    """Where files that are taken in lie; None: nowhere this process can read."""
    file_limits: Limits = field(default_factory=Limits)
    """Of one file that is taken in."""

    @property
    def handoff_return(self) -> timedelta:
        """How long after an officer's last line the bot answers again."""
        return self.board.rules.handoff_return

    def channel_of(self, conversation: ConversationId) -> Channel | None:
        """The channel of a conversation, or None when it is off now."""
        for channel in self.channels:
            if (channel.name, channel.account) == (conversation.channel, conversation.account):
                return channel
        return None
