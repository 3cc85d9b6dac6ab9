"""From reply parts to Zalo's wire `message`, without losing a word the person must read.

Pure. `fit` shapes a part so that each result is one call in *every* form it may be sent in; `to_message`
writes one form. Nothing here decides which form is sent, and typed numbers are understood by the assistant.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import replace

from connectors.message import Card, File, Link, Option, Part, PublicReply, Source, Template, Text
from connectors.splitting import split_text, utf16_length
from connectors.zalo.config import ZaloConfig

Message = dict[str, object]
"""The `message` object of a send (platforms A5)."""

PAYLOAD_LIMIT = 1000
"""Characters of an `oa.query.hide` payload (platforms A5, [H])."""
_IMAGES = (".jpg", ".jpeg", ".png")
_GIF = ".gif"
_CHOOSE = "Bạn chọn một mục dưới đây nhé:"


def fit(part: Part, config: ZaloConfig) -> tuple[Part, ...]:
    """Split and shape a part so that each result is exactly one call.

    Options, sources and links stay together on the last piece; only a list so long that it alone would fill
    half a message is written out over several pieces instead. A card that carries options becomes a picture
    and a text, because Zalo's picture message has no buttons. A PublicReply becomes nothing: an Official
    Account has no comments, and what was meant for everybody must not surprise one person.
    """
    match part:
        case Text():
            return _fit_text(part, config.text_limit)
        case Card():
            return _fit_card(part, config.text_limit)
        case File():
            return _fit_file(part, config.text_limit)
        case PublicReply():
            return ()
        case Template():
            return (part,)


def to_message(part: Text | Card, config: ZaloConfig, *, buttons: bool) -> Message:
    """The wire form of a fitted part: with buttons (a card: with its picture), or all in written words."""
    if isinstance(part, Card):
        return (
            _media(part.image_url, written(_card_text(part)))
            if buttons
            else {"text": written(_card_text(part))}
        )
    return _button_template(part, config) if buttons else {"text": written(part)}


def has_rich_form(part: Part, config: ZaloConfig) -> bool:
    """Is there a form with buttons or a picture to try before the written one?"""
    if isinstance(part, Card):
        return _is_showable(part.image_url)
    if (
        not isinstance(part, Text)
        or not part.options
        or not part.text
        or len(part.options) > config.max_buttons
    ):
        return False
    return all(_is_pressable(option, config) for option in part.options)


def image_message(attachment_id: str, caption: str = "") -> Message:
    """An uploaded picture. `{"type":"image"}` would be rejected; only the media template is taken (A5)."""
    return _media_element({"media_type": "image", "attachment_id": attachment_id}, caption)


def gif_message(attachment_id: str, width: int, height: int, caption: str = "") -> Message:
    """An uploaded moving picture; Zalo demands its size in pixels (platforms A5 [H])."""
    element = {"media_type": "gif", "attachment_id": attachment_id, "width": width, "height": height}
    return _media_element(element, caption)


def file_message(token: str) -> Message:
    """An uploaded document, named by `token` (platforms A5 [H], F10)."""
    return {"attachment": {"type": "file", "payload": {"token": token}}}


def is_picture(name: str) -> bool:
    """Is this file name shown as a picture (still or moving)? Pictures carry their caption themselves."""
    return name.lower().endswith((*_IMAGES, _GIF))


def is_gif(name: str) -> bool:
    """Is this file name a moving picture?"""
    return name.lower().endswith(_GIF)


def written(part: Text) -> str:
    """Everything in words: the text, its sources and links, then the options as a list."""
    return _join("\n\n", _body(part, part.links), _option_lines(part))


def _body(part: Text, links: tuple[Link, ...]) -> str:
    return _join("\n\n", part.text, _join("\n", *map(_source_line, part.sources), *map(_link_line, links)))


def _source_line(source: Source) -> str:
    return "Nguồn: " + _join(" – ", _join(", ", source.title, source.locator), source.url)


def _link_line(link: Link) -> str:
    return _join(": ", link.label, link.url)


def _option_lines(part: Text) -> str:
    if not part.options:
        return ""
    if part.numbered:
        lines = [f"{number}. {option.label}" for number, option in enumerate(part.options, 1)]
        only = len(part.options) == 1
        hint = "Bạn gõ số 1 để chọn nhé." if only else f"Bạn gõ số từ 1 đến {len(lines)} để chọn nhé."
    else:
        lines = [f"• {option.label}" for option in part.options]
        hint = f"Bạn gõ đúng chữ của mục muốn chọn nhé, ví dụ: {part.options[0].label}"
    return _join("\n", *lines, hint)


def _join(separator: str, *pieces: str) -> str:
    return separator.join(piece for piece in pieces if piece)


def _is_pressable(option: Option, config: ZaloConfig) -> bool:
    return (
        0 < utf16_length(option.label) <= config.button_title_limit
        and 0 < utf16_length(option.payload) <= PAYLOAD_LIMIT
    )


def _is_showable(url: str) -> bool:
    return url.startswith("https://")


def _button_template(part: Text, config: ZaloConfig) -> Message:
    """Options as `oa.query.hide` (a press comes back as text equal to the payload), links as `oa.open.url`.

    Links that find no room as buttons are written out.
    """
    room = config.max_buttons - len(part.options)
    as_buttons = tuple(link for link in part.links if _opens(link, config))[:room]
    as_lines = tuple(link for link in part.links if link not in as_buttons)
    buttons: list[Message] = [
        {"title": option.label, "type": "oa.query.hide", "payload": option.payload} for option in part.options
    ]
    buttons += [
        {"title": link.label, "type": "oa.open.url", "payload": {"url": link.url}} for link in as_buttons
    ]
    payload = {"template_type": "button", "text": _body(part, as_lines), "buttons": buttons}
    return {"attachment": {"type": "template", "payload": payload}}


def _opens(link: Link, config: ZaloConfig) -> bool:
    return link.url.startswith("https://") and 0 < utf16_length(link.label) <= config.button_title_limit


def _media(url: str, caption: str) -> Message:
    return _media_element({"media_type": "image", "url": url}, caption)


def _media_element(element: Mapping[str, object], caption: str) -> Message:
    message: Message = {"text": caption} if caption else {}
    payload = {"template_type": "media", "elements": [element]}
    return {**message, "attachment": {"type": "template", "payload": payload}}


def _fit_text(part: Text, limit: int) -> tuple[Text, ...]:
    part = _tidy_text(part)
    if not written(part):
        return ()
    if utf16_length(written(part)) <= limit:
        return (part,)
    if _tail_length(part) > limit // 2:  # too much beside the text to keep it in one message
        part = replace(part, text=_body(part, part.links), sources=(), links=())
    if _tail_length(part) > limit // 2:
        part = replace(part, text=written(part), options=())
    *head, last = split_text(part.text, limit, utf16=True)
    *more, last = split_text(last, limit - _tail_length(part), utf16=True)
    return (*(Text(piece) for piece in (*head, *more)), replace(part, text=last))


def _tail_length(part: Text) -> int:
    """How much the last piece needs beside its text."""
    return utf16_length(written(replace(part, text=""))) + len("\n\n")


def _card_text(card: Card) -> Text:
    return Text(_join("\n", card.title, card.subtitle), options=card.options, links=card.links)


def _fit_card(card: Card, limit: int) -> tuple[Part, ...]:
    card = replace(card, title=_tidy(card.title), subtitle=_tidy(card.subtitle))
    if not _is_showable(card.image_url):
        return _fit_text(_card_text(card), limit)
    if not card.options and utf16_length(written(_tidy_text(_card_text(card)))) <= limit:
        text = _tidy_text(_card_text(card))
        return (replace(card, links=text.links),)
    if utf16_length(card.title) > limit:
        return (Card("", image_url=card.image_url), *_fit_text(_card_text(card), limit))
    below = Text(card.subtitle or _CHOOSE, options=card.options, links=card.links)
    return (Card(card.title, image_url=card.image_url), *_fit_text(below, limit))


def _fit_file(file: File, limit: int) -> tuple[Part, ...]:
    """A document has no room for words, so its caption goes before it; a picture carries a short one."""
    caption = _tidy(file.caption)
    if not caption:
        return (replace(file, caption=""),)
    if is_picture(file.name) and utf16_length(caption) <= limit:
        return (replace(file, caption=caption),)
    return (*_fit_text(Text(caption), limit), replace(file, caption=""))


def _tidy(text: str) -> str:
    """NFC (the platform counts composed letters, platforms C20), without what UTF-8 cannot carry."""
    kept = "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in {"Cc", "Cs"})
    return unicodedata.normalize("NFC", kept).strip()


def _line(text: str) -> str:
    return " ".join(_tidy(text).split())


def _tidy_text(part: Text) -> Text:
    return replace(
        part,
        text=_tidy(part.text),
        options=tuple(Option(_line(option.label), option.payload) for option in part.options),
        sources=tuple(Source(_line(s.title), _line(s.locator), s.url.strip()) for s in part.sources),
        links=tuple(Link(_line(link.label), link.url.strip()) for link in part.links),
    )
