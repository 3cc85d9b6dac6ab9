"""The bot's own sentences. Everything a citizen reads that is not an FAQ answer is here.

Warm, short and plain; the citizen is always "bạn"; no promise the Hội cannot keep. What staff may word
themselves, and when a person answers, comes from the rules of the house; without any, nothing is promised
but that somebody answers.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from datetime import datetime

from bot.dialogue.nearest import Contact, contact_for
from bot.office import Office
from connectors.message import Option

MENU = Option("Xem gợi ý", "cmd:menu")
PERSON = Option("Gặp cán bộ", "cmd:person")
WRONG = Option("Chưa đúng ý", "cmd:wrong")
BACK_TO_BOT = Option("Hỏi trợ lý", "cmd:bot")
ASSESS = Option("Tự đánh giá", "do:start_assessment")
RESUME = Option("Làm tiếp", "do:resume_assessment")

WISHES = {
    "start_assessment": ASSESS,
    "resume_assessment": RESUME,
    "stop": Option("Để khi khác", "do:stop"),
    "human_request": PERSON,
    "ask_my_result": Option("Xem kết quả của mình", "do:ask_my_result"),
    "submit_story": Option("Gửi tin bài", "do:submit_story"),
    "subscribe": Option("Nhận tin nhắc", "do:subscribe"),
    "unsubscribe": Option("Ngừng nhận tin", "do:unsubscribe"),
    "erase_my_data": Option("Xóa dữ liệu của mình", "do:erase_my_data"),
    "export_my_data": Option("Xem dữ liệu của mình", "do:export_my_data"),
}
"""What a citizen can want of us, as buttons. The names are those of nlu/data."""


@dataclass(frozen=True, slots=True)
class Texts:
    """Sentences with the association's name and contact line filled in."""

    association: str = "Hội Khuyến học"
    contact: str = "Hội Khuyến học xã, phường nơi bạn ở"
    own_welcome: str = ""
    """Staff's words for `welcome`; empty: ours."""
    own_greeting: str = ""
    """Staff's words for `greeting`; empty: ours."""
    office: Office | None = None
    """When officers are at work; None: nobody said, and no hour is promised."""
    contacts: tuple[Contact, ...] = ()
    """By commune."""
    now: datetime | None = None
    """The moment in which this is said; without it no hour is promised."""

    def at(self, now: datetime, place: str = "") -> Texts:
        """The same for somebody who writes at this moment, from this commune if it is known."""
        nearest = contact_for(self.contacts, place)
        return replace(self, now=now, contact=nearest.in_words if nearest else self.contact)

    @property
    def _promise(self) -> str:
        if self.office is None or self.now is None:
            return "Cán bộ sẽ trả lời bạn ngay trong cuộc trò chuyện này khi vào giờ làm việc."
        return self.office.promise(self.now)

    @property
    def _closed(self) -> str:
        """When a person answers, in brackets to follow a word; empty while it is now, or not known."""
        when = self.office.when_if_closed(self.now) if self.office and self.now else ""
        return f" ({when})" if when else ""

    @property
    def welcome(self) -> str:
        """First contact: who is speaking (a machine), and what it can do."""
        return self.own_welcome or (
            f"Chào bạn! Mình là trợ lý tự động của {self.association}. Mình giúp bạn tra cứu các quyết định, "
            "chỉ thị và tiêu chí về khuyến học, xã hội học tập, danh hiệu “Công dân học tập”. "
            "Bạn cứ gõ câu hỏi, không cần dấu cũng được. Lúc nào cần gặp người thật, bạn nhắn "
            "“gặp cán bộ” nhé."
        )

    @property
    def greeting(self) -> str:
        """Hello in return."""
        return self.own_greeting or (
            "Chào bạn! Bạn muốn hỏi điều gì về khuyến học? Bạn có thể bấm một gợi ý bên dưới hoặc gõ câu hỏi."
        )

    @property
    def identity(self) -> str:
        """Asked who is speaking: always the truth."""
        return (
            f"Mình là trợ lý tự động của {self.association}, không phải người thật. Mình chỉ trả "
            f"lời theo các văn "
            "bản đã được nạp và luôn ghi rõ nguồn. Bạn muốn gặp người thật thì nhắn “gặp cán bộ” nhé."
        )

    @property
    def help(self) -> str:
        """What can be asked."""
        return (
            "Bạn có thể hỏi mình về: Quyết định 1373, 677, 387; bộ tiêu chí “Công dân học tập”; "
            "gia đình, dòng họ, "
            "cộng đồng, đơn vị học tập; Ngày Khuyến học Việt Nam; học bổng và các hoạt động của Hội. "
            "Bạn gõ có dấu hay không dấu đều được. Muốn gặp người thật, bạn nhắn “gặp cán bộ”."
        )

    @property
    def thanks(self) -> str:
        """You are welcome."""
        return "Không có gì, mình rất vui được giúp bạn. Bạn cần hỏi gì thêm thì cứ nhắn nhé."

    @property
    def goodbye(self) -> str:
        """Farewell."""
        return "Chào bạn, hẹn gặp lại. Chúc bạn học mỗi ngày một điều hay!"

    @property
    def person_called(self) -> str:
        """A person was asked for: what happens now, and what to do meanwhile."""
        return (
            f"Mình đã báo cán bộ của Hội. {self._promise} "
            f"Nếu cần gấp, bạn liên hệ {self.contact}. Trong lúc chờ, bạn vẫn có thể hỏi mình."
        )

    @property
    def person_not_needed(self) -> str:
        """Somebody who was waiting for a person does not want one any more."""
        return "Vâng, vậy mình báo lại là bạn không cần gặp cán bộ nữa. Bạn cần gì cứ nhắn mình nhé."

    @property
    def person_already_called(self) -> str:
        """Asked again while still waiting."""
        return (
            f"Cán bộ đã nhận được lời nhắn của bạn và sẽ trả lời sớm nhất có thể{self._closed}. "
            f"Nếu cần gấp, bạn liên hệ {self.contact} nhé."
        )

    @property
    def bot_is_back(self) -> str:
        """The citizen chose to talk to the bot again."""
        return "Mình đây. Bạn muốn hỏi điều gì?"

    @property
    def not_known(self) -> str:
        """An honest no, the first time."""
        return (
            "Mình chưa có thông tin về điều này nên không dám trả lời bừa. Có phải bạn muốn hỏi "
            "một trong các câu dưới đây?"
        )

    @property
    def out_of_scope(self) -> str:
        """Not what this assistant is for."""
        return (
            "Câu này nằm ngoài phần mình biết. Mình giúp được bạn về khuyến học, xã hội học tập và danh hiệu "
            "“Công dân học tập”, ví dụ:"
        )

    @property
    def wrong_answer(self) -> str:
        """The citizen says the answer missed the point."""
        return (
            "Cảm ơn bạn đã nói để mình sửa. Bạn hỏi lại bằng lời khác giúp mình, hoặc chọn một câu dưới đây. "
            "Nếu vẫn chưa được, bạn bấm “Gặp cán bộ” nhé."
        )

    @property
    def too_vague(self) -> str:
        """Several things could be meant."""
        return "Bạn nói rõ thêm một chút được không? Có phải bạn muốn hỏi:"

    @property
    def not_known_again(self) -> str:
        """An honest no, repeated: offer a person."""
        return (
            "Mình vẫn chưa tìm được câu trả lời. Bạn bấm “Gặp cán bộ” để người của Hội giúp "
            f"bạn{self._closed}, hoặc liên hệ {self.contact} nhé."
        )

    @property
    def not_known_in_between(self) -> str:
        """An honest no, with a flow's question below it."""
        return "Điều này mình chưa có thông tin nên không dám trả lời bừa. Mình hỏi tiếp nhé."

    @property
    def greeting_in_between(self) -> str:
        """Hello in return, with a flow's question below it."""
        return "Chào bạn, mình vẫn ở đây. Mình hỏi tiếp nhé."

    @property
    def flow_is_long(self) -> str:
        """Somebody sighs in the middle of a flow."""
        return (
            "Mình hiểu, trả lời từng câu cũng hơi mệt. Bạn nghỉ lúc nào cũng được: nhắn “dừng” là mình giữ "
            "phần đã làm; câu nào khó thì nhắn “bỏ qua”."
        )

    @property
    def cannot_read(self) -> str:
        """A picture, file or sound instead of words."""
        return (
            "Mình đã nhận được, nhưng mình chỉ đọc được chữ thôi. Bạn gõ câu hỏi giúp mình nhé, "
            "hoặc nhắn “gặp cán bộ” để người của Hội xem."
        )

    @property
    def contact_received(self) -> str:
        """Contact details were shared."""
        return "Cảm ơn bạn, Hội đã nhận được thông tin liên hệ và chỉ dùng để trả lời bạn."

    @property
    def contact_unasked(self) -> str:
        """A telephone number, out of the blue."""
        return "Mình thấy bạn gửi số điện thoại. Bạn có muốn cán bộ của Hội liên hệ lại không?"

    @property
    def slow_down(self) -> str:
        """Too many messages in a minute."""
        return "Bạn nhắn nhanh quá, mình chưa theo kịp. Bạn chờ khoảng một phút rồi nhắn tiếp giúp mình nhé."

    @property
    def still_lost(self) -> str:
        """An honest no, for the third time and on: nothing but a person helps."""
        return (
            "Xin lỗi bạn, mình vẫn chưa hiểu nên không hỏi đi hỏi lại nữa. Bạn có muốn mình chuyển cho "
            "cán bộ "
            f"của Hội không? Bạn nhắn “có” hoặc bấm “Gặp cán bộ”. Cần gấp thì liên hệ {self.contact} nhé."
        )

    @property
    def which_is_meant(self) -> str:
        """A message that may hold a wish, not clear enough to act on."""
        return "Mình chưa chắc hiểu đúng ý bạn. Bạn muốn:"

    @property
    def praise(self) -> str:
        """The answer was good."""
        return "Cảm ơn bạn, giúp được bạn là mình vui rồi. Bạn cần hỏi gì thêm cứ nhắn nhé."

    @property
    def yes_to_nothing(self) -> str:
        """A yes when nothing was asked."""
        return "Vâng ạ. Bạn muốn hỏi gì tiếp? Bạn gõ câu hỏi hoặc bấm một gợi ý bên dưới nhé."

    @property
    def no_to_nothing(self) -> str:
        """A no to what was offered."""
        return "Vâng, vậy thôi ạ. Bạn muốn hỏi điều khác thì cứ gõ, hoặc bấm “Gặp cán bộ” nhé."

    @property
    def stopped(self) -> str:
        """Asked to stop when nothing is going on."""
        return "Vâng, mình dừng ở đây. Khi nào cần bạn cứ nhắn nhé."

    @property
    def nothing_to_repeat(self) -> str:
        """Asked to say it again, with nothing said."""
        return "Mình chưa nói gì để nhắc lại. Bạn hỏi giúp mình nhé, ví dụ:"

    @property
    def paused(self) -> str:
        """A command, or an answer, to something that was left a while ago; what it was is said behind it."""
        return "Mình đang tạm dừng nên chưa ghi gì."

    @property
    def nothing_underway(self) -> str:
        """Back, skip, correct: without a flow."""
        return "Hiện mình và bạn không làm dở phần nào. Bạn muốn làm gì ạ?"

    @property
    def nothing_to_resume(self) -> str:
        """Asked to go on with something that is not there."""
        return "Mình không thấy phần nào bạn đang làm dở. Bạn có muốn bắt đầu tự đánh giá không?"

    def left_in_the_middle(self, title: str) -> str:
        """Added to a greeting when something can be taken up again."""
        return f"Bạn đang để dở {title}. Bạn có muốn làm tiếp không?"

    def flow_resumed(self, title: str) -> str:
        """Taken up again."""
        return f"Mình làm tiếp {title} nhé."

    def flow_lost(self, title: str) -> str:
        """What was remembered cannot be read any more."""
        return (
            f"Xin lỗi bạn, {title} vừa được sửa đổi nên phần đang làm dở không dùng tiếp được. "
            "Mình bắt đầu lại nhé."
        )

    def flow_kept(self, title: str) -> str:
        """A person is called in the middle of a flow."""
        return f"Mình vẫn giữ {title}; khi nào muốn, bạn nhắn “làm tiếp”."

    @property
    def flow_unclear_again(self) -> str:
        """Answers were not understood several times in a row."""
        return (
            "Mình vẫn chưa hiểu câu trả lời của bạn, xin lỗi bạn nhé. Bạn có muốn gặp cán bộ để được "
            "giúp không? "
            "Nhắn “có” để gặp cán bộ, “nhắc lại” để xem lại câu hỏi, hoặc “dừng” để nghỉ (mình giữ phần "
            "đã làm)."
        )

    @property
    def insult(self) -> str:
        """Met calmly, once."""
        return (
            "Mình xin lỗi nếu đã làm bạn bực mình. Mình chỉ là trợ lý tự động nên có lúc chưa hiểu đúng. "
            "Bạn nói rõ điều bạn cần, hoặc bấm “Gặp cán bộ” để nói chuyện với người của Hội nhé."
        )

    @property
    def insult_again(self) -> str:
        """The second time: a person."""
        return (
            "Mình chưa giúp được bạn, nên mình đã nhờ cán bộ của Hội trả lời bạn ngay trong cuộc trò "
            f"chuyện này{self._closed}. "
            f"Nếu cần gấp, bạn liên hệ {self.contact}."
        )

    @property
    def only_vietnamese(self) -> str:
        """Asked, in Vietnamese, for another language."""
        return (
            "Hiện mình chỉ nói được tiếng Việt. Nếu bạn muốn trao đổi bằng tiếng Thái, tiếng Mông hay "
            "tiếng khác, "
            "bạn bấm “Gặp cán bộ”, Hội sẽ tìm người giúp bạn."
        )

    @property
    def apology(self) -> str:
        """Something of ours broke and the message could not be answered."""
        return (
            "Xin lỗi bạn, mình gặp trục trặc nên chưa trả lời được tin nhắn vừa rồi. Cán bộ của "
            "Hội đã được báo. "
            "Bạn có thể hỏi câu khác hoặc thử lại sau ít phút."
        )

    def comment_public(self, seed: str) -> str:
        """Below a comment, for everybody. `seed` picks among wordings that say the same: Facebook refuses
        the same public words twice in a row (platforms B10, 506)."""
        wordings = (
            f"Cảm ơn bạn đã hỏi! {self.association} vừa gửi câu trả lời vào tin nhắn riêng cho bạn.",
            f"Chào bạn, {self.association} đã nhắn tin riêng trả lời bạn rồi nhé.",
            f"Cảm ơn bạn đã quan tâm. Bạn xem tin nhắn riêng từ {self.association} giúp mình nhé!",
            f"{self.association} vừa trả lời bạn trong tin nhắn riêng. Bạn cần hỏi thêm cứ nhắn nhé.",
            f"Câu hỏi của bạn rất hay! {self.association} đã gửi câu trả lời vào hộp thư của bạn.",
        )
        return wordings[zlib.crc32(seed.encode()) % len(wordings)]

    @property
    def comment_private_unknown(self) -> str:
        """In private, when the question in a comment has no answer in the content."""
        return (
            "Chào bạn, mình là trợ lý tự động của Hội. Mình chưa có thông tin cho câu hỏi trong "
            "bình luận của bạn. "
            "Bạn trả lời tin nhắn này để được hỏi tiếp hoặc để gặp cán bộ của Hội nhé."
        )
