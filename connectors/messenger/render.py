"""From the house's reply parts to Messenger's message objects, within the limits of platforms B6.

Pure. `fit` makes parts that are one call each and drops nothing a person must read; `to_message` writes one
fitted part as JSON. Lengths are counted in UTF-16 units, which is never less than code points: nobody knows
which of the two Facebook counts (platforms E). Fitting a fitted part changes nothing, because parts wait in
the outbox between the two steps.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace

from connectors.message import Card, File, Link, Option, Part, PublicReply, Source, Template, Text
from connectors.messenger.events import STAMP_PREFIX
from connectors.splitting import shorten, split_text, utf16_length

TEXT_LIMIT = 1990
"""2,000 for the server (platforms B6, [H]), less a margin."""
MOST_QUICK_REPLIES = 13
TITLE_LIMIT = 20
"""Titles of quick replies ([M]) and of buttons ([H])."""
PAYLOAD_LIMIT = 1000
BUTTON_TEXT_LIMIT = 640
MOST_BUTTONS = 3
CARD_LINE_LIMIT = 80
METADATA_LIMIT = 999
"""Fewer than 1,000 characters (platforms B6, [H])."""

_ATTACHMENT_TYPES = frozenset({"image", "audio", "video"})


def fit(part: Part) -> tuple[Part, ...]:
    """Shape a part into parts of one call each. Empty parts give nothing."""
    if isinstance(part, Text):
        return fit_message(part)
    if isinstance(part, Card):
        return _fit_card(part)
    if isinstance(part, File):
        return (*fit_message(Text(part.caption)), replace(part, caption=""))
    if isinstance(part, Template):
        return (part,)
    return tuple(PublicReply(piece) for piece in split_text(part.text, TEXT_LIMIT, utf16=True))


def fit_message(part: Text) -> tuple[Text, ...]:
    """Split a text; sources become lines, and what can be pressed stays with the last piece."""
    body = unicodedata.normalize("NFC", part.text).strip()
    part = replace(part, options=tuple(option for option in part.options if option.label.strip()))
    options = _pressable(part.options)
    listed = _listing(part, options, is_alone=not (body or part.sources or part.links))
    buttons = () if part.options or not _fit_as_buttons(body, part) else part.links
    blocks = [
        "\n".join(dict.fromkeys(_source_line(source) for source in part.sources)),
        "" if buttons else "\n".join(_link_line(link) for link in part.links),
        listed,
    ]
    pieces = list(split_text(body, TEXT_LIMIT, utf16=True))
    for block in blocks:
        _append(pieces, block)
    if not pieces:
        return ()
    last = Text(pieces[-1], options=_titled(part, options, bool(listed)), links=buttons)
    return (*(Text(piece) for piece in pieces[:-1]), last)


def to_message(part: Text | Card | File, stamp: str, *, attachment_id: str = "") -> dict[str, object]:
    """The `message` object of one fitted part, stamped so that its echo is known as ours.

    A File needs the `attachment_id` of its upload. Raises ValueError without it.
    """
    message: dict[str, object]
    if isinstance(part, File):
        if not attachment_id:
            raise ValueError("a file is sent by the id of its upload")
        message = {"attachment": {"type": attachment_type(part), "payload": {"attachment_id": attachment_id}}}
    elif isinstance(part, Card):
        message = _template("generic", elements=[_element(part)])
    elif part.links:
        message = _template("button", text=part.text, buttons=_buttons((), part.links))
    else:
        message = {"text": part.text}
        if part.options:
            message["quick_replies"] = [
                {"content_type": "text", "title": option.label, "payload": option.payload}
                for option in part.options
            ]
    message["metadata"] = f"{STAMP_PREFIX}{stamp}"[:METADATA_LIMIT]
    return message


def to_template(part: Template, language: str, stamp: str) -> dict[str, object]:
    """The `message` object of a utility message (platforms B7); named marks go by name, numbers in order.

    An empty `stamp` leaves the metadata out.
    """
    by_position = all(name.isdecimal() for name in part.values)
    ordered = sorted(part.values, key=int) if by_position else list(part.values)
    parameters: list[dict[str, str]] = [
        {"type": "text", "text": part.values[name]}
        if by_position
        else {"type": "text", "parameter_name": name, "text": part.values[name]}
        for name in ordered
    ]
    template: dict[str, object] = {"name": part.id, "language": {"code": language}}
    if parameters:
        template["components"] = [{"type": "body", "parameters": parameters}]
    metadata = {"metadata": f"{STAMP_PREFIX}{stamp}"[:METADATA_LIMIT]} if stamp else {}
    return {"template": template, **metadata}


def attachment_type(part: File) -> str:
    """`image`, `audio`, `video` or `file`, as the upload and the message must agree on."""
    kind = part.media_type.partition("/")[0].lower()
    return kind if kind in _ATTACHMENT_TYPES else "file"


def with_tail(text: str, tail: str) -> str:
    """The text with a closing line below it."""
    return f"{text.rstrip()}\n{tail}"


def _append(pieces: list[str], block: str) -> None:
    """Put a block of lines below the last piece, or into pieces of its own when there is no room."""
    block = block.strip()
    if not block:
        return
    joined = f"{pieces[-1]}\n\n{block}" if pieces else block
    if utf16_length(joined) <= TEXT_LIMIT:
        pieces[-1:] = [joined]
    else:
        pieces.extend(split_text(block, TEXT_LIMIT, utf16=True))


def _one_line(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _source_line(source: Source) -> str:
    line = ", ".join(text for text in (_one_line(source.title), _one_line(source.locator)) if text)
    return f"Nguồn: {line} – {source.url}" if source.url else f"Nguồn: {line}"


def _link_line(link: Link) -> str:
    label = _one_line(link.label)
    return f"{label}: {link.url}" if label and label != link.url else link.url


def _is_web(url: str) -> bool:
    return url.startswith(("https://", "http://")) and not any(char.isspace() for char in url)


def _fits_button(label: str) -> bool:
    return bool(label.strip()) and utf16_length(_one_line(label)) <= TITLE_LIMIT


def _fit_as_buttons(body: str, part: Text) -> bool:
    sources = "\n".join(_source_line(source) for source in part.sources)
    return (
        body != ""
        and 0 < len(part.links) <= MOST_BUTTONS
        and utf16_length(body) + utf16_length(sources) + 2 <= BUTTON_TEXT_LIMIT
        and all(_is_web(link.url) and _fits_button(link.label) for link in part.links)
    )


def _pressable(options: Sequence[Option]) -> tuple[tuple[int, Option], ...]:
    """Options Facebook takes as quick replies, with their numbers. The others can only be read."""
    fitting = (
        (number, option)
        for number, option in enumerate(options, 1)
        if option.payload and len(option.payload) <= PAYLOAD_LIMIT
    )
    return tuple(fitting)[:MOST_QUICK_REPLIES]


def _listing(part: Text, pressable: Sequence[tuple[int, Option]], *, is_alone: bool) -> str:
    """The options written out, where the buttons alone would not show them in full."""
    labels = [_one_line(option.label) for option in part.options]
    fits = len(pressable) == len(part.options) and all(_fits_button(label) for label in labels)
    if not labels or (fits and not is_alone):
        return ""
    if part.numbered:
        return "\n".join(f"{number}. {label}" for number, label in enumerate(labels, 1))
    return "\n".join(f"• {label}" for label in labels)


def _titled(part: Text, pressable: Sequence[tuple[int, Option]], is_listed: bool) -> tuple[Option, ...]:
    if is_listed and part.numbered:
        return tuple(replace(option, label=str(number)) for number, option in pressable)
    titled: list[Option] = []
    for _, option in pressable:
        used = [earlier.label for earlier in titled]
        titled.append(replace(option, label=_unused_title(_one_line(option.label), used)))
    return tuple(titled)


def _unused_title(label: str, used: Sequence[str]) -> str:
    """A title of at most 20 that differs from those before it: the start, else start and end, else marked."""
    title = shorten(label, TITLE_LIMIT, utf16=True)
    if title not in used:
        return title
    if title == label:
        return title  # two options with one short label: they were meant alike
    last_word = shorten(label.rsplit(maxsplit=1)[-1], 10, utf16=True)
    title = f"{shorten(label, TITLE_LIMIT - utf16_length(last_word) - 1, utf16=True)} {last_word}"
    marks = "abcdefghijklm"
    candidates = [title, *(f"{shorten(label, TITLE_LIMIT - 4, utf16=True)} ({mark})" for mark in marks)]
    return next(candidate for candidate in candidates if candidate not in used)


def _fit_card(card: Card) -> tuple[Part, ...]:
    title, subtitle = _one_line(card.title), _one_line(card.subtitle)
    if not title:
        title, subtitle = subtitle, ""
    if not title:
        return fit_message(Text("", options=card.options, links=card.links))
    shown = replace(
        card,
        title=shorten(title, CARD_LINE_LIMIT, utf16=True),
        subtitle=shorten(subtitle, CARD_LINE_LIMIT, utf16=True) if subtitle else "",
        image_url=card.image_url if _is_web(card.image_url) else "",
    )
    was_cut = (shown.title, shown.subtitle) != (title, subtitle)
    rest = Text(f"{title}\n{subtitle}".strip() if was_cut else "")
    if not _buttons_fit_card(card):
        rest = replace(rest, options=card.options, links=card.links)
        shown = replace(shown, options=(), links=())
    if not (shown.subtitle or shown.image_url or shown.options or shown.links):
        return fit_message(replace(rest, text=title))  # a template needs more than a title
    return (shown, *fit_message(rest))


def _buttons_fit_card(card: Card) -> bool:
    return (
        len(card.options) + len(card.links) <= MOST_BUTTONS
        and len(_pressable(card.options)) == len(card.options)
        and all(_fits_button(option.label) for option in card.options)
        and all(_is_web(link.url) and _fits_button(link.label) for link in card.links)
    )


def _template(kind: str, **payload: object) -> dict[str, object]:
    return {"attachment": {"type": "template", "payload": {"template_type": kind, **payload}}}


def _element(card: Card) -> Mapping[str, object]:
    element: dict[str, object] = {"title": card.title}
    if card.subtitle:
        element["subtitle"] = card.subtitle
    if card.image_url:
        element["image_url"] = card.image_url
    if card.options or card.links:
        element["buttons"] = _buttons(card.options, card.links)
    return element


def _buttons(options: Sequence[Option], links: Sequence[Link]) -> list[dict[str, str]]:
    return [
        *({"type": "postback", "title": _one_line(o.label), "payload": o.payload} for o in options),
        *({"type": "web_url", "title": _one_line(link.label), "url": link.url} for link in links),
    ]
