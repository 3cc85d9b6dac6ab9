"""What people can ask to be sent, in the words they agree to. Data only.

The wording a citizen said yes to is kept with the yes (store.subscriptions), so it may be changed here for
those who agree later, and must then get a new version.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Topic(StrEnum):
    """Ids never change: they are in the database and in payloads."""

    MONTH = "month"
    ASSESSMENT = "assessment"
    TRAINING = "training"
    SCHOLARSHIP = "scholarship"
    LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Offer:
    """One topic as it is offered."""

    topic: Topic
    label: str
    """On a button: at most 20 characters (Messenger's limit)."""
    promise: str
    """What comes and how often, to be put after a dash."""
    per_month: int
    """At most so many messages in a calendar month are sent under this topic; the promise says it."""


OFFERS: tuple[Offer, ...] = (
    Offer(
        Topic.MONTH, "Tháng Khuyến học", "lịch và tin của Tháng Khuyến học, Ngày Khuyến học Việt Nam 2/10", 4
    ),
    Offer(Topic.ASSESSMENT, "Nhắc tự đánh giá", "lời nhắc tự đánh giá “Công dân học tập”", 1),
    Offer(Topic.TRAINING, "Lớp học, tập huấn", "lớp học và buổi tập huấn gần nơi bạn ở", 2),
    Offer(Topic.SCHOLARSHIP, "Học bổng", "tin học bổng và cách xin", 2),
    Offer(Topic.LOCAL, "Tin địa phương", "tin khuyến học ở xã, phường của bạn", 2),
)
WORDING_VERSION = 1


def offer_of(topic: Topic) -> Offer:
    """The offer of a topic."""
    return next(one for one in OFFERS if one.topic is topic)
