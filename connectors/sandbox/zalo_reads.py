"""The stand-in's reading calls: OA, people, history, quota (platforms A6, A7). They change nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from connectors.sandbox.clock import to_ms
from connectors.sandbox.standin import Call, Json, Line, Reply
from connectors.sandbox.zalo_checks import INVALID_PARAMETER, OVER_LIMIT
from connectors.sandbox.zalo_people import ZaloPerson

if TYPE_CHECKING:
    from connectors.sandbox.zalo import ZaloSandbox

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
TOO_MANY = {"getlist": 50, "history": 10}  # platforms A6
_OK: Json = {"error": 0, "message": "Success"}


def success(data: Json) -> Reply:
    """The answer of a call that went well."""
    return Reply({"data": data, **_OK})


class ZaloReads:
    """Answers what can be asked about the OA and the people it knows."""

    def __init__(self, oa: ZaloSandbox) -> None:
        self._oa = oa

    async def get_oa(self, _: Call) -> Reply:
        """The OA's own profile: the cheapest way to see whether a token works."""
        followers = sum(person.is_follower for person in self._oa.people.values())
        return success(
            {
                "oa_id": self._oa.account.oa_id,
                "name": self._oa.account.name,
                "description": "Tài khoản mô phỏng",
                "num_follower": followers,
                "is_verified": True,
            }
        )

    async def user_detail(self, call: Call) -> Reply:
        """One person's profile, as platforms A6 lists it."""
        person = self._oa.people.get(str(query_data(call).get("user_id", "")))
        if person is None:
            return self._oa.refuse(INVALID_PARAMETER)
        last = person.last_interaction_at
        return success(
            {
                "user_id": person.id,
                "user_id_by_app": self._oa.events.user_id_by_app(person.id),
                "user_external_id": "",
                "display_name": person.name,
                "user_alias": "",
                "is_sensitive": False,
                "user_last_interaction_date": last.astimezone(VIETNAM).strftime("%d/%m/%Y") if last else "",
                "user_is_follower": person.is_follower,
                "avatar": "",
                "avatars": {"120": "", "240": ""},
                "tags_and_notes_info": {"notes": [], "tag_names": []},
                "shared_info": {"address": "", "city": "", "district": "", "phone": "", "name": ""},
            }
        )

    async def user_list(self, call: Call) -> Reply:
        """Ids of the people the OA knows, a page at a time."""
        span = _span(query_data(call), TOO_MANY["getlist"], last_offset=9951)
        if span is None:
            return self._oa.refuse(INVALID_PARAMETER)
        wanted = query_data(call).get("is_follower")
        users = [p.id for p in self._oa.people.values() if wanted in (None, "", p.is_follower)]
        page = [{"user_id": user} for user in users[span]]
        return success({"total": len(users), "count": len(page), "offset": span.start, "users": page})

    async def recent_chats(self, call: Call) -> Reply:
        """The last message of each conversation, newest first."""
        span = _span(query_data(call), TOO_MANY["history"])
        if span is None:
            return self._oa.refuse(OVER_LIMIT)
        lines = [(p, p.transcript[-1]) for p in self._oa.people.values() if p.transcript]
        lines.sort(key=lambda pair: pair[1].at, reverse=True)
        return Reply({"data": [self._as_history(p, n) for p, n in lines[span]], **_OK})

    async def conversation(self, call: Call) -> Reply:
        """One conversation, newest first; `src` 1 is from the person."""
        span = _span(query_data(call), TOO_MANY["history"])
        if span is None:
            return self._oa.refuse(OVER_LIMIT)
        person = self._oa.people.get(str(query_data(call).get("user_id", "")))
        lines = [] if person is None else person.transcript[::-1][span]
        return Reply({"data": [self._as_history(person, line) for line in lines if person], **_OK})

    def _as_history(self, person: ZaloPerson, line: Line) -> Json:
        from_person = line.who == "person"
        oa = (self._oa.account.oa_id, self._oa.account.name)
        (from_id, from_name), (to_id, to_name) = (
            ((person.id, person.name), oa) if from_person else (oa, (person.id, person.name))
        )
        return {
            "src": 1 if from_person else 0,
            "time": to_ms(line.at),
            "type": "text",
            "message": str(line.message.get("text", "")),
            "message_id": line.message_id,
            "from_id": from_id,
            "to_id": to_id,
            "from_display_name": from_name,
            "to_display_name": to_name,
        }

    async def quota(self, call: Call) -> Reply:
        """What may still be sent: to one person, or from the package."""
        left = str(self._oa.rules.paid_messages_left)
        if call.params.get("quota_owner"):
            asset = {
                "asset_id": "sandbox-asset",
                "product_type": str(call.params.get("product_type", "cs")),
                "quota_type": str(call.params.get("quota_type", "sub_quota")),
                "valid_through": "31/12/2026",
                "total": "500",
                "remain": left,
            }
            return Reply({"data": [asset], **_OK})
        person = self._oa.people.get(str(call.params.get("user_id", "")))
        if person is None or person.last_interaction_at is None:
            return self._oa.refuse(INVALID_PARAMETER)
        promotion = {"daily_remain": 1, "daily_total": 1, "monthly_remain": 4, "monthly_total": 4}
        return success(
            {
                "last_interaction": str(to_ms(person.last_interaction_at)),
                "cs_reply": {"remain": "8", "total": "8"},
                "promotion": promotion,
            }
        )


def query_data(call: Call) -> Json:
    """GET parameters travel as one JSON object in `data` (platforms A6, [H])."""
    try:
        opened = json.loads(call.query.get("data", "{}"))
    except ValueError:
        return {}
    return opened if isinstance(opened, dict) else {}


def _span(data: Json, most: int, last_offset: int | None = None) -> slice | None:
    """`offset` and `count` as a slice; None when they are missing or over the limit."""
    offset, count = data.get("offset"), data.get("count")
    if not isinstance(offset, int) or not isinstance(count, int):
        return None
    if offset < 0 or not 1 <= count <= most or (last_offset is not None and offset > last_offset):
        return None
    return slice(offset, offset + count)
