"""Structured logs: event names and fields, one line each; never a message text, token or phone number."""

from __future__ import annotations

import hashlib
import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "silent": logging.CRITICAL,
}
_NEVER = frozenset({"text", "body", "token", "access_token", "refresh_token", "signature", "phone", "name"})


def _withhold(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The last guard: a field that could carry personal data or a secret loses its value."""
    for key in _NEVER & event.keys():
        event[key] = "***"
    return event


def set_up_logging(form: str, level: str) -> None:
    """Configure structlog once, at start. `form` is `console` or `json`; logs go to standard error."""
    last: list[structlog.typing.Processor]
    if form == "json":
        last = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    else:
        # Left to itself it prints the values of local variables where `rich` is installed: people's words.
        plain = structlog.dev.plain_traceback
        last = [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _withhold,
            *last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")


def digest_of(conversation_key: str) -> str:
    """How a conversation is called in logs: sixteen hexadecimal digits, as in the audit log. Whoever reads
    them can follow it and cannot tell whose it is."""
    return hashlib.sha256(conversation_key.encode()).hexdigest()[:16]
