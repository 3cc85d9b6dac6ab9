"""What the states of a campaign are called wherever people read them: on pages, at the command line. Pure."""

from __future__ import annotations

from bot.outreach.campaign import State

STATES = {
    State.DRAFT: "đang soạn",
    State.APPROVAL: "chờ duyệt",
    State.SCHEDULED: "đã hẹn giờ",
    State.RUNNING: "đang gửi",
    State.PAUSED: "đang tạm dừng",
    State.STOPPED: "đã dừng hẳn",
    State.DONE: "đã gửi xong",
}
