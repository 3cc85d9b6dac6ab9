"""One line for somebody who writes in another language, in that language where we are sure of our words."""

from __future__ import annotations

_LINES = {
    "en": "Hello! I am the automatic assistant of {association} and I only understand Vietnamese. "
    "Send “gặp cán bộ” to reach a person.",
    "fr": "Bonjour ! Je suis l’assistant automatique de {association} et je ne comprends que le vietnamien. "
    "Envoyez « gặp cán bộ » pour joindre une personne.",
    "zh": "您好！我是{association}的自动助手，只懂越南语。如需人工服务，请发送“gặp cán bộ”。",
    "hmn": "Nyob zoo!",
}
_IN_VIETNAMESE = (
    "Mình là trợ lý tự động và mới chỉ hiểu tiếng Việt (có dấu hay không dấu đều được). "
    "Muốn gặp người thật, bạn nhắn “gặp cán bộ”."
)


def line_in(language: str, association: str) -> str:
    """What to answer to a message in `language` (ISO 639)."""
    line = _LINES.get(language, "").format(association=association)
    return f"{line}\n{_IN_VIETNAMESE}" if line else _IN_VIETNAMESE
