"""What the sandbox page shows, as plain JSON: conversations as on a phone, deliveries, faults. Pure.

Both platforms' wire messages are reduced to one shape (words, pictures, files, things to press), because
a phone shows them alike. Nothing here changes a stand-in.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from connectors.sandbox.graph import GraphSandbox
from connectors.sandbox.graph_people import MessengerPerson
from connectors.sandbox.standin import Json, Line, StandIn, child, objects
from connectors.sandbox.webhooks import Delivery
from connectors.sandbox.zalo import ZaloSandbox
from connectors.sandbox.zalo_people import ZaloPerson

SHOWN_LINES = 200
SHOWN_DELIVERIES = 80


def snapshot(zalo: ZaloSandbox, graph: GraphSandbox, *, bot_url: str, time_scale: float) -> dict[str, object]:
    """Everything the page needs to draw itself."""
    return {
        "bot_url": bot_url,
        "time_scale": time_scale,
        "zalo": {
            **_common(zalo),
            "account": zalo.account.name,
            "people": [_person(person) for person in zalo.people.values()],
            "switches": {
                "accepts_buttons": zalo.rules.accepts_buttons,
                "long_text_is_201": zalo.rules.long_text_code == -201,
                "escapes_unicode": zalo.rules.escapes_unicode,
            },
        },
        "messenger": {
            **_common(graph),
            "account": graph.account.name,
            "people": [_person(person) for person in graph.people.values()],
            "menu": _menu(graph.profile),
            "comments": [
                {
                    "id": comment.id,
                    "parent": "" if comment.parent_id == comment.post_id else comment.parent_id,
                    "who": _author(graph, comment.author),
                    "is_page": comment.author == graph.account.page_id,
                    "text": comment.text,
                    "at": _clock_time(comment.at),
                    "privately_answered": comment.privately_answered,
                }
                for comment in list(graph.comments.values())[-SHOWN_LINES:]
            ],
            "switches": {
                "echo_first": graph.rules.echo_first,
                "page_restricted": graph.rules.page_restricted,
                "token_expired": graph.token_subcode is not None,
                "human_agent_permitted": graph.rules.human_agent_permitted,
            },
        },
    }


def _common(sandbox: StandIn) -> dict[str, object]:
    deliveries = list(sandbox.webhooks.deliveries)[-SHOWN_DELIVERIES:]
    return {
        "base_url": sandbox.base_url,
        "webhook_enabled": sandbox.webhooks.enabled,
        "sent": len(sandbox.sent),
        "deliveries": [_delivery(delivery) for delivery in reversed(deliveries)],
        "faults": [
            {
                "kind": fault.kind.value,
                "code": fault.code or fault.status,
                "on": on,
                "user": user,
                "left": left,
            }
            for fault, on, user, left in sandbox.faults.waiting
        ],
    }


def _delivery(delivery: Delivery) -> dict[str, object]:
    last = delivery.attempts[-1] if delivery.attempts else None
    return {
        "id": delivery.id,
        "kind": delivery.kind,
        "state": delivery.state,
        "status": delivery.status,
        "error": last.error if last else "",
        "ms": round(last.milliseconds, 1) if last else None,
        "attempts": len(delivery.attempts),
        "body": delivery.body.decode("utf-8", "replace"),
    }


def _person(person: ZaloPerson | MessengerPerson) -> dict[str, object]:
    view: dict[str, object] = {
        "id": person.id,
        "name": person.name,
        "window_open": person.window_is_open,
        "lines": [_line(line) for line in person.transcript[-SHOWN_LINES:]],
    }
    if isinstance(person, ZaloPerson):
        return view | {"follower": person.is_follower, "blocked": bool(person.refusal_code)}
    return view | {"blocked": person.blocked, "owned_elsewhere": bool(person.owner_app_id)}


def _line(line: Line) -> dict[str, object]:
    message = line.message
    payload = child(message, "attachment", "payload")
    view: dict[str, object] = {
        "id": line.message_id,
        "who": line.who,
        "at": _clock_time(line.at),
        "note": line.note,
        "text": message.get("text") or payload.get("text") or "",
        "shape": message.get("note", ""),
        "pictures": [],
        "cards": [],
        "file": "",
        "buttons": [_button(button) for button in objects(payload.get("buttons"))],
        "quick": [
            {"title": str(reply.get("title", "")), "press": str(reply.get("payload", ""))}
            for reply in objects(message.get("quick_replies"))
        ],
    }
    return view | _attached(child(message, "attachment"), payload)


def _attached(attachment: Json, payload: Json) -> dict[str, object]:
    """Pictures, cards and files of either platform."""
    kind, template = attachment.get("type"), payload.get("template_type")
    if kind == "image":
        return {"pictures": [_media_address(payload)]}
    if kind in ("file", "audio", "video"):
        return {"file": str(payload.get("token") or payload.get("attachment_id") or payload.get("url", ""))}
    elements = objects(payload.get("elements"))
    if template == "media":
        return {"pictures": [_media_address(element) for element in elements]}
    return {
        "cards": [
            {
                "title": str(element.get("title", "")),
                "subtitle": str(element.get("subtitle", "")),
                "picture": str(element.get("image_url", "")),
                "buttons": [_button(button) for button in objects(element.get("buttons"))],
            }
            for element in elements
        ]
    }


def _media_address(media: Json) -> str:
    """The address a picture was given by, or where this page keeps an uploaded one."""
    if url := media.get("url"):
        return str(url)
    return f"/api/media/{media.get('attachment_id', '')}"


def _button(button: Json) -> dict[str, str]:
    title, payload = str(button.get("title", "")), button.get("payload")
    if isinstance(payload, str) and button.get("type") != "phone_number":
        return {"title": title, "press": payload, "draw": str(button.get("type") != "oa.query.hide")}
    url = button.get("url") or child(payload).get("url")
    return {"title": title, "url": str(url or "")}


def _menu(profile: Mapping[str, object]) -> list[dict[str, str]]:
    """Persistent menu and ice breakers as the phone offers them."""
    items: list[dict[str, str]] = []
    for group in objects(profile.get("ice_breakers")):
        items += [
            {"title": str(q.get("question", "")), "press": str(q.get("payload", ""))}
            for q in objects(group.get("call_to_actions"))
        ]
    for menu in objects(profile.get("persistent_menu")):
        items += [_button(item) for item in objects(menu.get("call_to_actions"))]
    return items


def _author(graph: GraphSandbox, author: str) -> str:
    if author == graph.account.page_id:
        return graph.account.name
    return graph.people[author].name if author in graph.people else author


def _clock_time(moment: datetime) -> str:
    return moment.astimezone().strftime("%H:%M")
