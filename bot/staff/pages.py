"""Drawing the console's pages: templates, the frame around every page, headers, static files.

Everything a template prints is escaped; no page holds a script or a style of its own, and the policy sent
with each page forbids both. Pages are never kept by a browser or a proxy: they show people's messages.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.plain_words import channel_name
from bot.staff.words import ROLES
from bot.store.staff import Role, Session
from bot.web.pages import Page, page

_HERE = Path(__file__).parent
_TYPES = {".css": "text/css", ".js": "text/javascript"}
FONTS = ("BeVietnamPro-Regular.ttf", "BeVietnamPro-SemiBold.ttf", "BeVietnamPro-Bold.ttf")
_TURNS_WRITING_ROUND = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
_HEADERS = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "font-src 'self'",
            "img-src 'self'",
            "connect-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
}

NOTICES = {
    "da-ra": "Đã đăng xuất.",
    "het-phien": "Phiên làm việc đã hết. Bạn đăng nhập lại để tiếp tục nhé.",
    "da-nhan": "Bạn đã nhận cuộc trò chuyện này. Trợ lý ngừng trả lời, bạn viết cho người dân ở ô bên dưới.",
    "da-tra": "Đã trả lại cho trợ lý. Từ bây giờ trợ lý trả lời người dân.",
    "da-gui": "Đã nhận câu trả lời, đang gửi cho người dân.",
    "da-ghi": "Đã lưu ghi chú. Chỉ cán bộ thấy.",
    "gui-lai": "Tin sẽ được gửi lại ngay.",
    "bo-qua": "Đã bỏ qua tin này.",
    "da-luu": "Đã lưu. Khoảng một giây nữa trợ lý trả lời theo bản này.",
    "da-nhap": "Đã lưu bản nháp. Người dân chưa thấy câu này.",
    "da-luu-tru": "Đã đưa vào lưu trữ. Trợ lý không trả lời bằng câu này nữa.",
    "da-rut": "Đã rút lại. Liên kết ấy không dùng được nữa.",
    "da-doi-quyen": "Đã đổi quyền. Quyền mới có ngay, người ấy không cần đăng nhập lại.",
    "da-khoa": "Đã khóa tài khoản. Thiết bị nào đang đăng nhập bằng tài khoản này cũng bị đăng xuất.",
    "da-mo-khoa": "Đã mở khóa. Người ấy đăng nhập bằng mật khẩu cũ.",
    "da-ket-thuc": "Đã đăng xuất thiết bị ấy.",
    "da-ket-thuc-het": "Đã đăng xuất các thiết bị ấy.",
    "da-doi-mat-khau": "Đã đổi mật khẩu. Các thiết bị khác của bạn đã bị đăng xuất.",
    "chao-mung": "Đã đặt mật khẩu và đăng nhập. Lần sau bạn đăng nhập bằng tên và mật khẩu này.",
    "da-luu-chien-dich": "Đã lưu bản nháp. Chưa gửi cho ai cả.",
    "da-gui-thu": "Đang gửi thử đến điện thoại của bạn. Người dân chưa nhận gì cả.",
    "da-chep-chien-dich": "Đã chép thành một bản nháp mới.",
    "da-luu-bai-viet": "Đã lưu bản nháp. Chưa gửi cho ai cả.",
    "da-luu-bao-cao": "Đã lưu.",
    "da-dem-lai": "Đã đếm lại. Số liệu dưới đây là mới nhất.",
    "da-chot": "Đã chốt. Từ bây giờ báo cáo này không đổi nữa.",
    "da-mo-lai": "Đã mở lại. Báo cáo này là bản nháp, bạn sửa xong thì chốt lại nhé.",
    "da-soan-chien-dich": "Đã soạn sẵn chiến dịch từ tin mẫu của lịch. Chưa gửi cho ai cả.",
    "da-luu-lich": "Đã lưu. Lịch theo bản này từ bây giờ.",
    "da-cat-lich": "Đã đưa vào lưu trữ. Lịch không nhắc dịp này nữa.",
    "da-chon-lich": "Đã chọn xong. Lịch theo bản đã chọn từ bây giờ.",
    "da-luu-cai-dat": "Đã lưu. Khoảng một giây nữa trợ lý làm theo cài đặt này.",
    "cai-dat-nhu-cu": "Cài đặt vẫn như cũ, không có gì phải lưu.",
    "da-chon": "Đã chọn xong. Khoảng một giây nữa trợ lý trả lời theo bản đã chọn.",
    "da-tai-len": "Đã nhận tệp. Trợ lý đang đọc; kết quả hiện ở bên dưới.",
    "doc-lai": "Tệp sẽ được đọc lại ngay.",
    "da-bo-tep": "Đã bỏ tệp này khỏi danh sách.",
    "da-tat": "Đã tắt. Khoảng một giây nữa trợ lý không tìm trong văn bản này.",
    "da-bat": "Đã bật lại. Khoảng một giây nữa trợ lý tìm trong văn bản này.",
    "doan-da-luu": "Đã lưu đoạn vừa rồi. Khoảng một giây nữa trợ lý trích được đoạn này.",
    "doan-giu": "Đã giữ nguyên chữ của đoạn vừa rồi.",
    "doan-an": "Đã ẩn đoạn vừa rồi. Trợ lý không tìm trong đoạn ấy nữa.",
    "doan-hien": "Đã hiện lại đoạn này.",
    "doan-xem-lai": "Đã trả về chữ máy đọc. Đoạn này lại nằm trong danh sách cần xem.",
}
"""What a page may be asked to say on top, by its code in the address. Never free text: an address can be
made by anybody."""
WARNINGS = {
    "nguoi-khac": "Cán bộ khác vừa nhận cuộc trò chuyện này trước bạn.",
    "quan-tri-cuoi": "Chưa làm được: Hội phải còn ít nhất một người quản trị. "
    "Bạn đặt thêm một người quản trị nữa rồi làm lại nhé.",
    "rut-roi": "Liên kết ấy đã được dùng hoặc đã được rút rồi.",
    "dang-khoa": "Tài khoản này đang khóa. Bạn mở khóa trước, rồi tạo liên kết.",
    "da-xong": "Tin này đã được xử lý rồi.",
    "chua-gui-lai": "Chưa gửi lại được: đã hết hạn trả lời người này, hoặc kênh đang tắt.",
    "chua-thay-ma": "Chưa thấy tin có mã của bạn trong 15 phút qua. Bạn nhắn mã cho Hội rồi bấm lại nhé.",
    "da-gui-thu-roi": "Mã bạn nhắn lần trước đã được dùng. Muốn gửi thử lần nữa, bạn nhắn lại mã nhé.",
    "chua-chon-tep": "Bạn chưa chọn tệp nào.",
    "da-doi-roi": "Đã có người đổi trước rồi; dưới đây là trạng thái mới nhất.",
    "co-chien-dich": "Dịp này có chiến dịch rồi, chính là chiến dịch dưới đây.",
    "chua-nhan": "Trợ lý đang trả lời cuộc trò chuyện này rồi.",
}


@dataclass(frozen=True, slots=True)
class NavItem:
    """A page in the menu."""

    path: str
    label: str
    roles: frozenset[Role]
    group: str = ""
    """The heading it stands under; empty for what stands above all headings."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """What a handler wants drawn: a template and what it shows."""

    template: str
    values: Mapping[str, object] = field(default_factory=dict)
    status: int = 200


class Pages:
    """Draws pages for one installation."""

    def __init__(self, association_name: str, menu: tuple[NavItem, ...]) -> None:
        """`menu` in the order of work; each visitor sees the items of their role."""
        self._association = association_name
        self._menu = menu
        self._static = _static()
        self.version = hashlib.sha256(
            "".join(one.etag for one in self._static.values()).encode()
        ).hexdigest()[:12]
        """Another one whenever a static file is another: what has it in its address never changes."""
        self._templates = _environment(f"/staff/assets/{self.version}")

    def asset(self, name: str) -> Page | None:
        """A static file."""
        return self._static.get(name)

    def draw(self, drawing: Drawing, request: web.Request, session: Session | None = None) -> web.Response:
        """The whole page; `session` None draws it for somebody who is not signed in."""
        role = session.officer.role if session else None
        code = request.query.get("bao", "")
        frame = {
            "association": self._association,
            "officer": session.officer.name if session else "",
            "role": ROLES[role] if role else "",
            "csrf": session.csrf if session else "",
            "menu": [] if role is None else _grouped(item for item in self._menu if role in item.roles),
            "here": request.path,
            "notice": NOTICES.get(code, ""),
            "warning": WARNINGS.get(code, ""),
        }
        text = self._templates.get_template(drawing.template).render({**frame, **drawing.values})
        return web.Response(text=text, status=drawing.status, content_type="text/html")

    def draw_fragment(self, drawing: Drawing, request: web.Request, session: Session) -> web.Response:
        """The living part of a page alone, or 304 when the page shows it already."""
        values = {"csrf": session.csrf, **drawing.values}
        body = self._templates.get_template(drawing.template).render(values).encode()
        etag = hashlib.sha256(body).hexdigest()[:20]
        if any(tag.value == etag for tag in request.if_none_match or ()):
            response = web.Response(status=304)
        else:
            response = web.Response(body=body, content_type="text/html", charset="utf-8")
        response.etag = etag
        return response


@functools.cache
def _static() -> Mapping[str, Page]:
    """Letters, styles and scripts as they were when the program started."""
    return _fonts() | {
        path.name: page(path.read_bytes(), _TYPES[path.suffix])
        for path in sorted((_HERE / "static").iterdir())
        if path.suffix in _TYPES
    }


@functools.cache
def _environment(assets: str) -> Environment:
    """The templates, with what is the same on every page; consoles of one process share them compiled."""
    made = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_in_reading_order,
    )
    made.globals |= {"channel_name": channel_name, "assets": assets}
    return made


def _grouped(items: Iterable[NavItem]) -> list[tuple[str, list[NavItem]]]:
    return [(group, list(found)) for group, found in itertools.groupby(items, key=lambda item: item.group)]


def _in_reading_order(value: object) -> object:
    """What a template prints, without the invisible letters that turn the direction of writing round: with
    one of them a file `đơn.exe` reads `đơnexe.pdf`. No Vietnamese text needs any."""
    return value.translate(_TURNS_WRITING_ROUND) if isinstance(value, str) else value


def _fonts() -> dict[str, Page]:
    """The letters of the console, out of their package (SIL Open Font License)."""
    folder = files("fontpkg_be_vietnam_pro") / "files"
    return {name: page((folder / name).read_bytes(), "font/ttf") for name in FONTS}


def guard_headers(response: web.StreamResponse) -> web.StreamResponse:
    """Put the headers of the console on a response; what it already says itself stays."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    return response
