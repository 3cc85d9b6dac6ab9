"""The stand-in's calls about the page itself: profile, subscription, files, comments, threads, people.

Sending messages is `graph`; this is everything around it (platforms B3, B4, B5, B8).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from connectors.sandbox.graph_checks import (
    StoredAttachment,
    check_media,
    check_profile,
    check_size,
    error,
)
from connectors.sandbox.graph_events import PAGE_INBOX_APP
from connectors.sandbox.standin import Call, Json, RateMeter, Reply, child

if TYPE_CHECKING:
    from connectors.sandbox.graph import GraphSandbox
    from connectors.sandbox.graph_people import MessengerPerson

ATTACHMENT_LIFETIME = timedelta(days=90)  # platforms B6, [H]
PROFILE_CALLS, PROFILE_SPAN = 10, timedelta(minutes=10)  # platforms B8, [H]
SUBSCRIBABLE = frozenset(
    {
        "messages",
        "messaging_postbacks",
        "message_echoes",
        "message_deliveries",
        "message_reads",
        "message_reactions",
        "message_edits",
        "messaging_referrals",
        "messaging_optins",
        "messaging_handovers",
        "messaging_policy_enforcement",
        "standby",
        "feed",
    }
)
SUCCESS: Json = {"success": True}


class GraphPage:
    """Answers the calls that are not sends."""

    def __init__(self, graph: GraphSandbox) -> None:
        self._graph = graph
        self._profile_rate = RateMeter(PROFILE_SPAN)
        self._attachments: dict[str, tuple[StoredAttachment, float]] = {}

    def find_attachment(self, attachment_id: str) -> StoredAttachment | None:
        """A stored file by its id; `expired` after 90 days."""
        if attachment_id not in self._attachments:
            return None
        stored, came_at = self._attachments[attachment_id]
        age = self._graph.clock().timestamp() - came_at
        return StoredAttachment(
            stored.kind, stored.file, stored.url, age > ATTACHMENT_LIFETIME.total_seconds()
        )

    async def upload(self, call: Call) -> Reply:
        """message_attachments: keep a file, by address or sent along; it must be marked reusable."""
        attachment = child(call.params, "message", "attachment")
        kind, payload = str(attachment.get("type")), child(attachment, "payload")
        if payload.get("is_reusable") is not True:
            return self._graph.refuse_with(error("is_reusable must be true"))
        problem = check_size(kind, call.file) if call.file else None
        problem = problem or check_media(kind, payload, self.find_attachment, call.file)
        if problem or kind not in ("image", "audio", "video", "file"):
            return self._graph.refuse_with(problem or error("Unknown attachment type", 2018047))
        attachment_id = self._graph.ids.number()
        stored = StoredAttachment(kind, call.file, str(payload.get("url", "")))
        self._attachments[attachment_id] = (stored, call.at.timestamp())
        return Reply({"attachment_id": attachment_id})

    async def profile(self, call: Call) -> Reply:
        """messenger_profile: set, read, delete; ten calls in ten minutes."""
        graph = self._graph
        if not self._profile_rate.admit(call.at, PROFILE_CALLS):
            return graph.refuse(graph.rules.rate_limit_code)
        if call.method == "GET":
            wanted = call.query.get("fields", "").split(",")
            return Reply({"data": [{k: v for k, v in graph.profile.items() if k in wanted}]})
        if call.method == "DELETE":
            fields = call.params.get("fields")
            for field in fields if isinstance(fields, list) else []:
                graph.profile.pop(str(field), None)
            return Reply({"result": "success"})
        if problem := check_profile(call.params, graph.profile, graph.rules):
            return graph.refuse_with(problem)
        graph.profile.update({k: v for k, v in call.params.items() if k != "access_token"})
        return Reply({"result": "success"})

    async def subscription(self, call: Call) -> Reply:
        """subscribed_apps: what is posted to us at all. Subscribing again ends a switch-off."""
        graph = self._graph
        if call.method == "GET":
            fields = sorted(graph.subscribed_fields)
            app = {"id": graph.account.app_id, "name": "sandbox", "subscribed_fields": fields}
            return Reply({"data": [app] if graph.webhooks.enabled else []})
        if call.method == "DELETE":
            graph.webhooks.enabled = False
            return Reply(SUCCESS)
        given = call.query.get("subscribed_fields") or call.params.get("subscribed_fields") or ""
        fields = given if isinstance(given, list) else str(given).split(",")
        wanted = {str(field).strip() for field in fields if str(field).strip()}
        if not wanted or wanted - SUBSCRIBABLE:
            return graph.refuse_with(error(f"Unknown fields: {sorted(wanted - SUBSCRIBABLE)}"))
        graph.subscribed_fields = wanted
        graph.webhooks.switch_on()
        return Reply(SUCCESS)

    async def comment(self, call: Call) -> Reply:
        """A public answer below a comment; it comes back as a feed event from the page itself."""
        graph = self._graph
        parent = graph.comments.get(call.route["node"])
        text = call.params.get("message") or call.query.get("message")
        if parent is None:
            return graph.refuse_with(error("Object does not exist", 33))
        if not isinstance(text, str) or not text.strip():
            return graph.refuse_with(error("message is empty"))
        earlier = [reply.text for reply in graph.public_replies if reply.post_id == parent.post_id]
        if graph.rules.refuses_repeated_comments and earlier[-1:] == [text]:
            return graph.refuse(506)
        reply = graph.add_comment(graph.account.page_id, text, post_id=parent.post_id, parent_id=parent.id)
        graph.public_replies.append(reply)
        graph.notify()
        graph.in_background(graph.post_own_comment(reply))
        return Reply({"id": reply.id})

    async def thread(self, call: Call) -> Reply:
        """pass, take or request a thread. Our own call brings no event back to us."""
        graph = self._graph
        person = graph.people.get(str(child(call.params, "recipient").get("id", "")))
        if person is None:
            return graph.refuse(100, 2018001)
        action = call.route["action"]
        if action == "pass_thread_control":
            target = str(call.params.get("target_app_id", ""))
            if not target.isdecimal():
                return graph.refuse_with(error("target_app_id is missing"))
            if person.owner_app_id:
                return graph.refuse(100, 2534037)
            person.owner_app_id = "" if target == graph.account.app_id else target
        elif action == "release_thread_control":
            person.owner_app_id = PAGE_INBOX_APP
        elif action == "take_thread_control":
            person.owner_app_id = ""
        graph.notify()
        return Reply(SUCCESS)

    async def secondary_receivers(self, _: Call) -> Reply:
        """Gone with the Handover Protocol."""
        return self._graph.refuse(100)

    async def read(self, call: Call) -> Reply:
        """GET of one object: the page, a person, a comment. Only the fields asked for."""
        graph, node = self._graph, call.route["node"]
        fields = [field for field in call.query.get("fields", "id,name").split(",") if field]
        if node in ("me", graph.account.page_id):
            page = {"id": graph.account.page_id, "name": graph.account.name, "category": "Community"}
            return Reply(_picked(page, fields))
        if node in graph.people:
            return self._person(graph.people[node], fields)
        if (comment := graph.comments.get(node)) is not None:
            return Reply(_picked({"id": comment.id, "message": comment.text}, fields))
        return graph.refuse_with(error("Object does not exist", 33))

    def _person(self, person: MessengerPerson, fields: list[str]) -> Reply:
        if self._graph.rules.profiles_hidden:
            return self._graph.refuse(2018218)
        first, _, last = person.name.rpartition(" ")
        known = {"id": person.id, "first_name": last, "last_name": first, "name": person.name}
        return Reply(_picked({**known, "profile_pic": "https://cdn.example/p.jpg"}, fields))


def _picked(whole: Mapping[str, object], fields: list[str]) -> Json:
    return {field: whole[field] for field in ("id", *fields) if field in whole}
