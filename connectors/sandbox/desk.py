"""What one can do on the sandbox page: act as a citizen, answer as an officer, switch faults on.

Each action is one entry of a table: the page sends its name and a few texts. Errors are ValueErrors in
Vietnamese, because the page shows them as they are.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from connectors.sandbox.faults import Fault
from connectors.sandbox.graph import GraphSandbox
from connectors.sandbox.graph_people import MessengerPerson
from connectors.sandbox.standin import StandIn
from connectors.sandbox.webhooks import Delivery, Signature
from connectors.sandbox.zalo import ZaloSandbox
from connectors.sandbox.zalo_people import ZaloPerson

MAX_TEXT = 20_000
"""More than any platform takes, so that too much can be tried; less than would choke the page."""
MAX_PEOPLE = 50

Ask = Mapping[str, str]
"""The texts that came with an action: `user`, `text`, `payload`, `title`, `value` …"""

COMMON_FAULTS: Mapping[str, Fault] = {
    "http_500": Fault.http(500),
    "http_503": Fault.http(503),
    "hang": Fault.hang(30),
    "reset_before": Fault.reset(accepted=False),
    "reset_after": Fault.reset(accepted=True),
    "truncated": Fault.truncated(),
    "html": Fault.html(),
    "delay": Fault.delay(4),
}
ZALO_FAULTS: Mapping[str, Fault] = {
    "rate": Fault.error(-32),
    "window": Fault.error(-230),
    "quota": Fault.error(-211),
    "failed": Fault.error(-200),
    "package": Fault.error(-224),
}
GRAPH_FAULTS: Mapping[str, Fault] = {
    "rate": Fault.error(613),
    "window": Fault.error(10, 2018278),
    "person": Fault.error(551, 1545041),
    "temporary": Fault.error(2),
}


class Desk:
    """Performs the page's actions on the two stand-ins."""

    def __init__(self, zalo: ZaloSandbox, graph: GraphSandbox) -> None:
        self._zalo = zalo
        self._graph = graph

    async def perform(self, channel: str, action: str, ask: Ask) -> str:
        """Do one thing; gives a short Vietnamese sentence about the result. Raises ValueError."""
        if len(ask.get("text", "")) > MAX_TEXT:
            raise ValueError("Nội dung quá dài.")
        sandbox: StandIn = self._graph if channel == "messenger" else self._zalo
        if channel not in ("zalo", "messenger"):
            raise ValueError("Không có kênh này.")
        if action.startswith("fault:"):
            return _add_fault(sandbox, action.removeprefix("fault:"), ask)
        table = self._messenger_actions() if channel == "messenger" else self._zalo_actions()
        act = table.get(action) or self._common_actions(sandbox).get(action)
        if act is None:
            raise ValueError("Không có thao tác này.")
        return _told(await act(ask))

    def _common_actions(self, sandbox: StandIn) -> dict[str, Callable[[Ask], Awaitable[Delivery | str]]]:
        async def clear(_: Ask) -> str:
            sandbox.faults.clear()
            sandbox.notify()
            return "Đã bỏ mọi sự cố."

        async def switch_on(_: Ask) -> str:
            sandbox.webhooks.switch_on()
            return "Đã bật lại webhook."

        async def repeat_last(_: Ask) -> Delivery | str:
            return await _repeat(sandbox)

        async def add_person(ask: Ask) -> str:
            people = self._graph.people if sandbox is self._graph else self._zalo.people
            name = ask.get("name", "").strip()[:40]
            if not name or len(people) >= MAX_PEOPLE:
                raise ValueError("Hãy đặt tên cho người mới (tối đa 50 người).")
            if sandbox is self._graph:
                self._graph.person(sandbox.ids.number(), name)
            else:
                self._zalo.person(sandbox.ids.number(), name)
            sandbox.notify()
            return f"Đã thêm {name}."

        return {
            "clear_faults": clear,
            "switch_on": switch_on,
            "repeat_last": repeat_last,
            "add_person": add_person,
        }

    # -- Zalo ---------------------------------------------------------------------------------------
    def _zalo_person(self, ask: Ask) -> ZaloPerson:
        person = self._zalo.people.get(ask.get("user", ""))
        if person is None:
            raise ValueError("Chưa chọn người.")
        return person

    def _zalo_actions(self) -> dict[str, Callable[[Ask], Awaitable[Delivery | str]]]:
        zalo, who = self._zalo, self._zalo_person

        async def quiet(ask: Ask) -> str:
            who(ask).goes_quiet(timedelta(days=8))
            zalo.notify()
            return "Coi như người này đã im lặng thêm 8 ngày."

        async def block(ask: Ask) -> str:
            person = who(ask)
            person.refusal_code = 0 if person.refusal_code else -244
            zalo.notify()
            return "Đã chặn OA." if person.refusal_code else "Đã bỏ chặn OA."

        async def expire_token(_: Ask) -> str:
            zalo.tokens.expire()
            return "Access token hiện tại đã hết hạn."

        async def revoke_token(_: Ask) -> str:
            zalo.tokens.revoke()
            return "Mọi token đã bị thu hồi."

        async def probe(_: Ask) -> str:
            attempt = await zalo.webhooks.probe()
            return f"Bot trả lời {attempt.status or attempt.error}."

        async def switch(ask: Ask) -> str:
            _set_zalo_switch(zalo, ask.get("name", ""), ask.get("value") == "true")
            return "Đã đổi."

        return {
            "says": lambda ask: who(ask).says(_words(ask)),
            "presses": lambda ask: who(ask).presses(ask.get("payload", "")),
            "follows": lambda ask: who(ask).follows(),
            "unfollows": lambda ask: who(ask).unfollows(),
            "image": lambda ask: who(ask).sends_image(),
            "sticker": lambda ask: who(ask).sends_sticker(),
            "location": lambda ask: who(ask).sends_location(),
            "file": lambda ask: who(ask).sends_file(),
            "voice": lambda ask: who(ask).sends_voice(),
            "reacts": lambda ask: who(ask).reacts(ask.get("target", "")),
            "withdraws": lambda ask: who(ask).withdraws(),
            "info": lambda ask: who(ask).submits_info(_invented_details(who(ask).name)),
            "officer": lambda ask: zalo.say_as_console(who(ask).id, _words(ask)),
            "quiet": quiet,
            "block": block,
            "expire_token": expire_token,
            "revoke_token": revoke_token,
            "probe": probe,
            "switch": switch,
            "unknown_event": lambda _: zalo.deliver(
                zalo.events.notice("event_of_tomorrow", {}, zalo.clock())
            ),
            "bad_signature": lambda ask: who(ask).says("Chữ ký sai", signature=Signature.BAD),
            "no_signature": lambda ask: who(ask).says("Không có chữ ký", signature=Signature.MISSING),
        }

    # -- Messenger ----------------------------------------------------------------------------------
    def _messenger_person(self, ask: Ask) -> MessengerPerson:
        person = self._graph.people.get(ask.get("user", ""))
        if person is None:
            raise ValueError("Chưa chọn người.")
        return person

    def _messenger_actions(self) -> dict[str, Callable[[Ask], Awaitable[Delivery | str]]]:
        graph, who = self._graph, self._messenger_person

        async def quiet(ask: Ask) -> str:
            who(ask).goes_quiet(timedelta(hours=25))
            graph.notify()
            return "Coi như người này đã im lặng thêm 25 giờ."

        async def block(ask: Ask) -> str:
            person = who(ask)
            person.blocked = not person.blocked
            graph.notify()
            return "Đã chặn trang." if person.blocked else "Đã bỏ chặn trang."

        async def comment(ask: Ask) -> Delivery:
            _, delivery = await who(ask).comments(_words(ask), parent_id=ask.get("target", ""))
            return delivery

        async def handshake(_: Ask) -> str:
            return "Bắt tay được." if await graph.handshake() else "Bot không nhận mã xác minh."

        async def switch(ask: Ask) -> str:
            _set_graph_switch(graph, ask.get("name", ""), ask.get("value") == "true")
            return "Đã đổi."

        return {
            "says": lambda ask: who(ask).says(_words(ask)),
            "taps": lambda ask: who(ask).taps(ask.get("payload", ""), ask.get("title", "")),
            "presses": lambda ask: who(ask).presses(ask.get("payload", ""), ask.get("title", "")),
            "starts": lambda ask: who(ask).starts(),
            "image": lambda ask: who(ask).sends_image(),
            "sticker": lambda ask: who(ask).sends_sticker(),
            "location": lambda ask: who(ask).sends_location(),
            "file": lambda ask: who(ask).sends("file", {"url": "https://cdn.example/minh-chung.pdf"}),
            "voice": lambda ask: who(ask).sends("audio", {"url": "https://cdn.example/giong.mp4"}),
            "reacts": lambda ask: who(ask).reacts(ask.get("target", "")),
            "comment": comment,
            "officer": lambda ask: graph.say_from_inbox(who(ask).id, _words(ask)),
            "take": lambda ask: who(ask).officer_takes_thread(),
            "return": lambda ask: who(ask).officer_returns_thread(),
            "quiet": quiet,
            "block": block,
            "probe": handshake,
            "switch": switch,
            "unknown_event": lambda ask: graph.deliver(
                "event_of_tomorrow", {"sender": {"id": who(ask).id}, "event_of_tomorrow": {}}
            ),
            "bad_signature": lambda ask: who(ask).says("Chữ ký sai", signature=Signature.BAD),
            "no_signature": lambda ask: who(ask).says("Không có chữ ký", signature=Signature.MISSING),
        }


def _words(ask: Ask) -> str:
    text = ask.get("text", "")
    if not text.strip():
        raise ValueError("Chưa có nội dung.")
    return text


def _told(result: Delivery | str) -> str:
    if isinstance(result, str):
        return result
    if result.state == "not_sent":
        return "Chưa gửi: webhook đang tắt hoặc loại sự kiện này không được đăng ký."
    last = result.attempts[-1]
    return f"Bot trả lời {last.status or last.error} sau {last.milliseconds:.0f} ms."


def _add_fault(sandbox: StandIn, name: str, ask: Ask) -> str:
    own = GRAPH_FAULTS if isinstance(sandbox, GraphSandbox) else ZALO_FAULTS
    fault = COMMON_FAULTS.get(name) or own.get(name)
    times = ask.get("times", "1")
    if fault is None or not times.isdecimal() or not 1 <= int(times) <= 1000:
        raise ValueError("Không có sự cố này, hoặc số lần không hợp lệ.")
    if ask.get("user"):
        sandbox.faults.for_user(ask["user"], fault, times=int(times))
    else:
        sandbox.faults.next(fault, times=int(times))
    sandbox.notify()
    return f"Sự cố chờ sẵn cho {times} lần gửi tới."


async def _repeat(sandbox: StandIn) -> str:
    """Post the last delivery once more, byte for byte: every platform does that sooner or later."""
    if not sandbox.webhooks.deliveries:
        raise ValueError("Chưa có gì để gửi lại.")
    attempt = await sandbox.webhooks.post_again(sandbox.webhooks.deliveries[-1])
    return f"Đã gửi lại, bot trả lời {attempt.status or attempt.error}."


def _set_zalo_switch(zalo: ZaloSandbox, name: str, value: bool) -> None:
    if name == "accepts_buttons":
        zalo.rules.accepts_buttons = value
    elif name == "long_text_is_201":
        zalo.rules.long_text_code = -201 if value else -210
    elif name == "escapes_unicode":
        zalo.rules.escapes_unicode = value
    else:
        raise ValueError("Không có công tắc này.")
    zalo.notify()


def _set_graph_switch(graph: GraphSandbox, name: str, value: bool) -> None:
    if name == "token_expired":
        graph.token_subcode = 463 if value else None
    elif name in ("echo_first", "page_restricted", "human_agent_permitted"):
        setattr(graph.rules, name, value)
    else:
        raise ValueError("Không có công tắc này.")
    graph.notify()


def _invented_details(name: str) -> dict[str, object]:
    address = {"user_city": "Hà Nội", "user_ward": "Ba Đình", "user_address": "Số 1 phố Mô Phỏng"}
    details: dict[str, object] = {"name": name, "phone": "84900000000", "user_dob": "", "gender": ""}
    return details | {"full_address": address}
