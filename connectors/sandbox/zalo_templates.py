"""The stand-in's paid template messages (ZBS, platforms A9): by user id and by telephone number."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connectors.sandbox.clock import to_ms
from connectors.sandbox.standin import Call, Json, Reply, SentMessage, child
from connectors.sandbox.zalo_checks import INVALID_PARAMETER, length
from connectors.sandbox.zalo_reads import success

if TYPE_CHECKING:
    from connectors.sandbox.zalo import ZaloSandbox

PHONE_INVALID, NOT_APPROVED, NO_UID_SUPPORT = -108, -131, -249
PARAMETER_TOO_LONG, PARAMETER_MISSING = -1121, -1122
VALUE_LIMIT = 200
"""Characters of one value. Zalo sets it per mark; this is the most the stand-in takes."""
_MARK = re.compile(r"<(\w+)>")
Accept = Callable[[str, Json, str], SentMessage]


@dataclass(frozen=True, slots=True)
class ApprovedTemplate:
    """A template somebody had approved."""

    wording: str
    """With its marks: `Chào <ten>`."""
    takes_user_ids: bool = True
    """May it be sent by user id, or by telephone number alone?"""


class ZaloTemplates:
    """Takes template sends. `approved` says what is approved, by template id."""

    def __init__(self, oa: ZaloSandbox, accept: Accept) -> None:
        """`accept` writes a message down as sent to somebody, and has its echo posted."""
        self._oa = oa
        self._accept = accept
        self.approved: dict[str, ApprovedTemplate] = {}

    async def by_user(self, call: Call) -> Reply:
        """By user id [M]: no window holds, but who does not want the account gets nothing."""
        user, values = call.params.get("user_id"), child(call.params, "template_data")
        is_complete = set(call.params) == {"user_id", "template_id", "template_data"}
        if call.content_type != "application/json" or not is_complete:
            return self._oa.refuse(INVALID_PARAMETER)
        if not isinstance(user, str) or not user:
            return self._oa.refuse(INVALID_PARAMETER)
        if code := self._verdict(call, by_user=True):
            return self._oa.refuse(code)
        person = self._oa.people.get(user)
        if person is not None and person.refusal_code:
            return self._oa.refuse(person.refusal_code)
        words = _filled(self.approved[str(call.params["template_id"])], values)
        return success(
            {"message_id": self._accept(user, {**call.params, "text": words}, "template").message_id}
        )

    async def by_phone(self, call: Call) -> Reply:
        """By telephone number [H]; the receipt comes as an event of the ZNS server."""
        oa, phone = self._oa, call.params.get("phone")
        if not isinstance(phone, str) or not phone.isdecimal() or not phone.startswith("84"):
            return oa.refuse(PHONE_INVALID)
        if code := self._verdict(call, by_user=False):
            return oa.refuse(code)
        msg_id, at = oa.ids.message(), oa.clock()
        oa.sent.append(SentMessage(phone, dict(call.params), msg_id, at, "template"))
        oa.notify()
        oa.in_background(self._report(phone, msg_id, str(call.params.get("tracking_id", ""))))
        quota = {"dailyQuota": "500", "remainingQuota": "499"}
        return success({"msg_id": msg_id, "sent_time": str(to_ms(at)), "sending_mode": "1", "quota": quota})

    async def _report(self, phone: str, msg_id: str, tracking_id: str) -> None:
        event = self._oa.events.template_received(phone, msg_id, tracking_id, self._oa.clock())
        await self._oa.deliver(event, server="ZNS")

    def _verdict(self, call: Call, *, by_user: bool) -> int:
        """An error code, or 0: approved, and every mark of the wording has its text."""
        name, values = call.params.get("template_id"), call.params.get("template_data")
        template = self.approved.get(name) if isinstance(name, str) else None
        if template is None:
            return NOT_APPROVED
        if by_user and not template.takes_user_ids:
            return NO_UID_SUPPORT
        if not isinstance(values, Mapping):
            return INVALID_PARAMETER
        marks = set(_MARK.findall(template.wording))
        if any(not isinstance(values.get(mark), str) or not values[mark] for mark in marks):
            return PARAMETER_MISSING
        if set(values) - marks:
            return INVALID_PARAMETER
        return PARAMETER_TOO_LONG if any(length(values[mark]) > VALUE_LIMIT for mark in marks) else 0


def _filled(template: ApprovedTemplate, values: Json) -> str:
    """What the person reads."""
    return _MARK.sub(lambda mark: str(values[mark[1]]), template.wording)
