"""The one shape of an error on the chat's HTTP interface: `{"error":{"code","message"}}`.

`code` is for programs and never changes, `message` is a plain Vietnamese sentence for the citizen.
Neither may carry what the citizen wrote or what went wrong inside.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, TypeVar

import structlog
from aiohttp import web

_log = structlog.get_logger(__name__)

_Self = TypeVar("_Self")
_Handler = Callable[[_Self, web.Request], Awaitable[web.StreamResponse]]


class ChatError(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}

    def response(self) -> web.Response:
        return json_response(
            {"error": {"code": self.code, "message": self.message}}, status=self.status, headers=self.headers
        )


def malformed() -> ChatError:
    return ChatError(400, "malformed", "Yêu cầu không đúng định dạng. Bạn tải lại trang rồi thử lại nhé.")


def no_session() -> ChatError:
    return ChatError(401, "no_session", "Trình duyệt này chưa có cuộc trò chuyện nào.")


def foreign_origin() -> ChatError:
    return ChatError(403, "foreign_origin", "Trang web này chưa được phép dùng khung trò chuyện.")


def wrong_method(allowed: str) -> ChatError:
    return ChatError(405, "wrong_method", "Địa chỉ này không nhận kiểu yêu cầu đó.", {"Allow": allowed})


def too_large() -> ChatError:
    return ChatError(413, "too_large", "Tin nhắn quá lớn. Bạn gửi tin ngắn hơn nhé.")


def not_json() -> ChatError:
    return ChatError(415, "not_json", "Yêu cầu không đúng định dạng. Bạn tải lại trang rồi thử lại nhé.")


def empty_text() -> ChatError:
    return ChatError(422, "empty", "Tin nhắn chưa có nội dung. Bạn nhập câu hỏi rồi gửi lại nhé.")


def too_long(limit: int) -> ChatError:
    grouped = f"{limit:,}".replace(",", ".")
    return ChatError(
        422, "too_long", f"Tin nhắn dài quá {grouped} ký tự. Bạn chia thành vài tin ngắn hơn nhé."
    )


def too_fast(wait_seconds: int) -> ChatError:
    return ChatError(
        429,
        "too_fast",
        f"Bạn gửi hơi nhanh. Bạn đợi {wait_seconds} giây rồi gửi tiếp nhé.",
        {"Retry-After": str(wait_seconds)},
    )


def too_many_pages() -> ChatError:
    return ChatError(
        429,
        "too_many_pages",
        "Cuộc trò chuyện đang mở ở quá nhiều cửa sổ. Bạn đóng bớt rồi tải lại trang nhé.",
        {"Retry-After": "30"},
    )


def unavailable() -> ChatError:
    return ChatError(
        503, "unavailable", "Hệ thống đang bận. Bạn thử lại sau ít phút nhé.", {"Retry-After": "5"}
    )


def json_response(content: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """UTF-8 JSON that no cache keeps."""
    return web.Response(
        text=json.dumps(content, ensure_ascii=False, separators=(",", ":")),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **(headers or {})},
    )


def answering_problems(handler: _Handler[_Self]) -> _Handler[_Self]:
    """A handler whose failures, expected or not, are answered in the one shape."""

    @wraps(handler)
    async def guarded(self: _Self, request: web.Request) -> web.StreamResponse:
        try:
            return await handler(self, request)
        except ChatError as problem:
            return problem.response()
        except (web.HTTPException, ConnectionResetError):
            raise
        except Exception as error:
            # The store or something behind it is away. The page keeps the message and tries again.
            _log.error("web_chat_unavailable", handler=handler.__name__, error=type(error).__name__)
            return unavailable().response()

    return guarded
