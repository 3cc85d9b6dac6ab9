"""The state of the account in words an officer understands. Pure."""

from __future__ import annotations

from connectors.channel import Health
from connectors.errors import Misconfigured, SendError
from connectors.zalo.client import OaProfile
from connectors.zalo.config import VIETNAM
from connectors.zalo.error_codes import TokenRejected
from connectors.zalo.tokens import TokenState

_CONSENT = (
    "Quản trị viên của OA đăng nhập developers.zalo.me, cấp quyền lại cho ứng dụng, "
    "rồi điền cặp mã mới vào ZALO_ACCESS_TOKEN và ZALO_REFRESH_TOKEN và khởi động lại."
)
_SECRET = "Kiểm tra ZALO_APP_SECRET có đúng Khóa bí mật của ứng dụng trên developers.zalo.me không."  # noqa: S105
_ACCOUNT_TROUBLE = {
    "-204": ("Zalo đã khóa OA này.", "Liên hệ Zalo để biết lý do và mở lại OA."),
    "-205": ("Zalo không tìm thấy OA này.", "Kiểm tra ZALO_OA_ID."),
    "-221": ("OA chưa được Zalo xác thực.", "Hoàn tất xác thực OA tại oa.zalo.me."),
    "-224": (
        "Gói dịch vụ của OA không cho phép gửi tin qua ứng dụng.",
        "Chọn gói có Open API tại oa.zalo.me.",
    ),
    "-242": ("Zalo không chấp nhận chữ ký của ứng dụng.", _SECRET),
    "no_refresh_token": ("Chưa có mã làm mới để gia hạn mã truy cập của OA.", _CONSENT),
}


def healthy(profile: OaProfile, oa_id: str, state: TokenState) -> Health:
    """The account answered. It may still be the wrong one, or its token may be about to end."""
    if profile.oa_id and profile.oa_id != oa_id:
        return Health(
            ok=False,
            summary=f"Mã truy cập đang dùng thuộc OA khác ({profile.oa_id}).",
            remedy="Kiểm tra ZALO_OA_ID, hoặc lấy cặp mã mới cho đúng OA.",
        )
    until = state.expires_at.astimezone(VIETNAM).strftime("%H:%M ngày %d/%m/%Y") if state.expires_at else ""
    if state.refused_code:
        return Health(
            ok=False,
            summary=f"OA còn hoạt động đến {until}, nhưng Zalo không cho gia hạn mã truy cập nữa.",
            remedy=_CONSENT,
        )
    if state.is_expiry_near:
        return Health(
            ok=False,
            summary=f"Mã truy cập sắp hết hạn lúc {until} mà chưa gia hạn được.",
            remedy="Kiểm tra máy chủ có ra được oauth.zaloapp.com không.",
        )
    return Health(ok=True, summary=f"OA {profile.name or oa_id} đang hoạt động.")


def unhealthy(error: SendError, state: TokenState) -> Health:
    """The account did not answer, or answered with an error."""
    if error.code in _ACCOUNT_TROUBLE:
        summary, remedy = _ACCOUNT_TROUBLE[error.code]
        return Health(ok=False, summary=summary, remedy=remedy)
    missing = isinstance(error, Misconfigured) and state.expires_at is None
    if isinstance(error, TokenRejected) or state.refused_code or missing:
        summary = "Chưa có mã truy cập của OA." if missing else "Zalo không còn chấp nhận mã truy cập của OA."
        return Health(ok=False, summary=summary, remedy=_CONSENT)
    if isinstance(error, Misconfigured):
        return Health(
            ok=False,
            summary=f"Zalo từ chối ứng dụng hoặc OA này (mã {error.code or 'không rõ'}).",
            remedy="Kiểm tra quyền của ứng dụng và gói dịch vụ của OA tại developers.zalo.me.",
        )
    return Health(
        ok=False,
        summary="Lúc này chưa gọi được Zalo.",
        remedy="Tin đang chờ sẽ được gửi lại. Nếu kéo dài, kiểm tra đường mạng của máy chủ.",
    )
