"""The tables. Alembic migrations follow these definitions; a test fails when the two differ."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    Dialect,
    Float,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, kept in UTC: SQLite forgets time zones, so they are put back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime must not reach the database")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


RowId = BigInteger().with_variant(Integer(), "sqlite")
"""SQLite counts up by itself only for INTEGER keys."""

conversations = Table(
    "conversations",
    metadata,
    Column("key", String(300), primary_key=True),
    Column("channel", String(20), nullable=False),
    Column("account", String(80), nullable=False),
    Column("user", String(200), nullable=False),
    Column("state", Text, nullable=False, comment="ConversationState as JSON"),
    Column("revision", Integer, nullable=False, comment="Counts commits: a turn on an old state fails"),
    Column("mode", String(10), nullable=False, comment="bot, waiting (for a person) or person"),
    Column("mode_since", UtcDateTime, nullable=False),
    Column("person_last_at", UtcDateTime, comment="Last message by an officer"),
    Column("last_heard_at", UtcDateTime, comment="Last action that opens the platform's window"),
    Column("can_receive", SmallInteger, nullable=False, comment="0 after unfollow or a block"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("officer", String(60), comment="Who took it over in the console; null in the other modes"),
    Index(None, "mode", "mode_since"),
    Index(None, "mode", "last_heard_at"),
)

conversation_notes = Table(
    "conversation_notes",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("conversation_key", String(300), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("author", String(60), nullable=False, comment="Name of the officer"),
    Column("text", Text, nullable=False, comment="Among officers; never sent to anybody"),
    Index(None, "conversation_key", "id"),
)

inbound_events = Table(
    "inbound_events",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("channel", String(20), nullable=False),
    Column("account", String(80), nullable=False),
    Column("event_key", String(300), nullable=False, comment="The platform's id: redelivery is a no-op"),
    Column("conversation_key", String(300), nullable=False, comment="Empty for account-wide notices"),
    Column("kind", String(20), nullable=False),
    Column("body", Text, nullable=False, comment="InboundEvent as JSON"),
    Column("sent_at", UtcDateTime, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("handled_at", UtcDateTime),
    Column("outcome", String(20), comment="What became of it; `parked` is a dead letter"),
    Column("attempts", SmallInteger, nullable=False, server_default=text("0")),
    Column("not_before", UtcDateTime, comment="After a failed turn: when to try again"),
    Column("error", String(200), comment="Class of the failure, never its text"),
    UniqueConstraint("channel", "account", "event_key"),
    Index(None, "conversation_key", "id"),
    Index(
        "ix_inbound_events_open",
        "conversation_key",
        "sent_at",
        "id",
        sqlite_where=text("handled_at IS NULL"),
        postgresql_where=text("handled_at IS NULL"),
    ),
    Index(
        "ix_inbound_events_parked",
        "id",
        sqlite_where=text("outcome = 'parked'"),
        postgresql_where=text("outcome = 'parked'"),
    ),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("conversation_key", String(300), nullable=False),
    Column("channel", String(20), nullable=False),
    Column("account", String(80), nullable=False),
    Column("user", String(200), nullable=False),
    Column("event_id", RowId, comment="The inbound event this answers"),
    Column("author", String(10), nullable=False, comment="bot, officer or campaign"),
    Column("part", Text, nullable=False, comment="Reply part as JSON: one platform call"),
    Column("stamp", String(40), nullable=False, unique=True, comment="Put on the send to know its echo"),
    Column("priority", SmallInteger, nullable=False, comment="0 replies, 10 campaigns"),
    Column("state", String(10), nullable=False),
    Column("attempts", SmallInteger, nullable=False, server_default=text("0")),
    Column("unknowns", SmallInteger, nullable=False, server_default=text("0")),
    Column("not_before", UtcDateTime, nullable=False),
    Column("lease_owner", String(200)),
    Column("lease_until", UtcDateTime),
    Column("platform_message_id", String(200)),
    Column("error", String(200), comment="Why the last attempt failed, for officers and operators"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, comment="Not sent after this, when it was not tried before"),
    Column("sent_at", UtcDateTime),
    Column("delivered_at", UtcDateTime),
    Column("seen_at", UtcDateTime),
    Column("officer", String(60), comment="Who wrote it in the console; null: nobody there"),
    Index(None, "conversation_key", "id"),
    Index(None, "platform_message_id"),
    Index(
        "ix_outbox_officers",
        "conversation_key",
        "created_at",
        sqlite_where=text("author = 'officer'"),
        postgresql_where=text("author = 'officer'"),
    ),
    Index(
        "ix_outbox_dead",
        "id",
        sqlite_where=text("state IN ('failed', 'unknown')"),
        postgresql_where=text("state IN ('failed', 'unknown')"),
    ),
    Index(
        "ix_outbox_open",
        "conversation_key",
        "priority",
        "id",
        sqlite_where=text("state IN ('waiting', 'sending', 'checking')"),
        postgresql_where=text("state IN ('waiting', 'sending', 'checking')"),
    ),
    Index(
        "ix_outbox_due",
        "channel",
        "account",
        "priority",
        "id",
        sqlite_where=text("state = 'waiting'"),
        postgresql_where=text("state = 'waiting'"),
    ),
)

turns = Table(
    "turns",
    metadata,
    Column("event_id", RowId, primary_key=True, autoincrement=False),
    Column("conversation_key", String(300), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("intent", String(40), nullable=False),
    Column("confidence", Float, nullable=False),
    Column("entry_id", String(120), nullable=False, comment="FAQ entry that answered, if any"),
    Column("passages", Text, nullable=False, comment="JSON list of [id, score]"),
    Column("took_ms", Float, nullable=False),
    Column("declined", String(20), comment="Why there was no answer (AbstentionReason); null: there was one"),
    Index(None, "conversation_key"),
    Index(None, "at", "outcome", "entry_id"),
)

channel_accounts = Table(
    "channel_accounts",
    metadata,
    Column("key", String(120), primary_key=True, comment="channel:account"),
    Column("tokens", Text, comment="Token record as JSON; newest pair wins"),
    Column("refresh_owner", String(200)),
    Column("refresh_until", UtcDateTime),
    Column("broken_since", UtcDateTime, comment="Set while every send would fail"),
    Column("broken_why", String(300)),
    Column("paused_until", UtcDateTime, comment="No sends before this"),
)

staff = Table(
    "staff",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("name", String(60), nullable=False, unique=True),
    Column("role", String(10), nullable=False, comment="admin, editor, agent or viewer"),
    Column("password_hash", String(200), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("disabled_at", UtcDateTime),
    Column("seen_at", UtcDateTime, comment="Last request, to the minute"),
)

staff_sessions = Table(
    "staff_sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("staff_id", RowId, nullable=False),
    Column("csrf", String(64), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, comment="Last request, to the minute"),
    Column("device", String(80), nullable=False, server_default="", comment="`Chrome, Android`"),
    Index(None, "staff_id"),
)

staff_invites = Table(
    "staff_invites",
    metadata,
    Column("token_hash", String(64), primary_key=True, comment="SHA-256 of what is in the link"),
    Column("staff_id", RowId, comment="The account that gets a new password; null: a new account"),
    Column("name", String(60), nullable=False),
    Column("role", String(10), nullable=False),
    Column("made_by", String(60), nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("staff_id", RowId, comment="Null: the command line, or the program itself"),
    Column("who", String(60), nullable=False, comment="Name at that time; accounts may be renamed"),
    Column("action", String(40), nullable=False, comment="bot.store.audit.Action"),
    Column("subject", String(300), nullable=False, comment="What it was about: an id, never its content"),
    Column("detail", Text, nullable=False, comment="JSON object; no personal data, no secrets"),
    Index(None, "at"),
    Index(None, "subject", "at"),
)

house_rules = Table(
    "house_rules",
    metadata,
    Column("id", RowId, primary_key=True, comment="The highest is in force; the others are history"),
    Column("at", UtcDateTime, nullable=False),
    Column("by", String(60), nullable=False),
    Column("why", String(300), nullable=False),
    Column("body", Text, nullable=False, comment="JSON: everything staff may set, whole"),
)

content_items = Table(
    "content_items",
    metadata,
    Column("kind", String(10), primary_key=True),
    Column("id", String(120), primary_key=True),
    Column("body", Text, nullable=False, comment="JSON as it is live, or was when it was taken away"),
    Column("shipped", Text, comment="JSON as shipped when it was last taken; null: not shipped"),
    Column("conflict", Text, comment="JSON newly shipped that waits for a decision of staff"),
    Column("status", String(10), nullable=False, comment="published, draft or archived"),
    Column("changed_by", String(60)),
    Column("changed_at", UtcDateTime, comment="Null: untouched by staff"),
)

content_history = Table(
    "content_history",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("kind", String(10), nullable=False),
    Column("item_id", String(120), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("changed_by", String(60), nullable=False, comment="Empty: a new version of the program"),
    Column("why", String(300), nullable=False),
    Column("before", Text, comment="JSON that was live; null: none was"),
    Column("after", Text, comment="JSON that is live from then on; null: none is"),
    Column("draft", Text, comment="JSON saved without being live; null: this was no draft"),
    Index(None, "kind", "item_id", "id"),
)

content_revision = Table(
    "content_revision",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False, comment="1: there is one row"),
    Column("number", Integer, nullable=False, comment="Grows with every transaction that changes content"),
    Column(
        "shipped_digest", String(64), nullable=False, comment="Of all content last taken from the program"
    ),
)

misses = Table(
    "misses",
    metadata,
    Column("key", String(200), primary_key=True, comment="The question folded, personal data masked"),
    Column("sample", String(500), nullable=False, comment="As typed last, personal data masked"),
    Column("count", Integer, nullable=False),
    Column("first_at", UtcDateTime, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
    Column("reason", String(20), nullable=False),
    Column("nearest_entry", String(120), nullable=False, comment="Empty: nothing was near"),
    Column("state", String(12), nullable=False, server_default="open", comment="bot.store.misses.State"),
    Column("decided_by", String(60), comment="The officer; null: the bot answered it when asked again"),
    Column("decided_at", UtcDateTime),
    Column("answered_by", String(120), comment="What answers it now, or is to when it is asked again"),
    Column(
        "asked_revision",
        Integer,
        nullable=False,
        server_default=text("0"),
        comment="Of the content it was last asked of again",
    ),
    Index(None, "count"),
    Index(None, "state", "last_at"),
)

library_sources = Table(
    "library_sources",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("sha256", String(64), nullable=False),
    Column("name", String(300), nullable=False, comment="As the file was called by whoever gave it"),
    Column("media", String(10), nullable=False),
    Column("number", String(80), nullable=False, comment="Document number; empty: none was found"),
    Column("title", String(300), nullable=False, comment="What a citizen reads as the source"),
    Column("issued", Date),
    Column("issuer", String(300), nullable=False),
    Column("signer", String(120), nullable=False),
    Column("pages", Integer, nullable=False, comment="0: the format has none"),
    Column("quality", Float, nullable=False),
    Column("version", Integer, nullable=False),
    Column("replaces_id", RowId),
    Column("status", String(10), nullable=False, comment="loading, active, replaced or off"),
    Column("added_at", UtcDateTime, nullable=False),
    Column("added_by", String(60), nullable=False),
    Column("report", Text, nullable=False, comment="JSON: what was found when it was taken in"),
    Column("superseded_by", String(80), comment="Number of the document that replaces this one in law"),
    Index(None, "sha256"),
    Index(None, "status"),
)

library_uploads = Table(
    "library_uploads",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("name", String(300), nullable=False, comment="As the file was called by whoever gave it"),
    Column("bytes", BigInteger, nullable=False),
    Column("path", String(200), nullable=False, comment="Below DATA_DIR/uploads until it is taken in"),
    Column("state", String(10), nullable=False, comment="waiting, reading, done or failed"),
    Column("by", String(60), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("lease_owner", String(200)),
    Column("lease_until", UtcDateTime, comment="Who reads it now holds it until then; later anybody may"),
    Column("attempts", SmallInteger, nullable=False, server_default=text("0")),
    Column("finished_at", UtcDateTime),
    Column("source_id", RowId),
    Column("report", Text, comment="JSON of bot.ingest.FileReport; null until it is finished"),
    Index(None, "state", "id"),
)

entry_imports = Table(
    "entry_imports",
    metadata,
    Column("token", String(32), primary_key=True, comment="Of the dry run in DATA_DIR/imports"),
    Column("staff_id", RowId, nullable=False, comment="Who said that it be written"),
    Column("state", String(10), nullable=False, comment="waiting, writing, done or failed"),
    Column("total", Integer, nullable=False, comment="Rows to be written"),
    Column("position", Integer, nullable=False, server_default=text("0"), comment="Rows gone through so far"),
    Column(
        "refused", Text, nullable=False, comment="JSON: why a row was not written, by its place in the run"
    ),
    Column("at", UtcDateTime, nullable=False),
    Column("lease_owner", String(200)),
    Column("lease_until", UtcDateTime, comment="Who writes it now holds it until then; later anybody may"),
    Column("attempts", SmallInteger, nullable=False, server_default=text("0")),
    Column("finished_at", UtcDateTime),
    Index(None, "state"),
    comment="Files of entries an officer agreed to, each written once, however often a process is killed",
)

library_passages = Table(
    "library_passages",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("source_id", RowId, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("kind", String(10), nullable=False),
    Column("locator", String(300), nullable=False),
    Column("page", Integer, nullable=False),
    Column("section", String(40), nullable=False, comment="The same for all passages of one part"),
    Column("text", Text, nullable=False),
    Column("quality", Float, nullable=False),
    Column("damaged", SmallInteger, nullable=False),
    Column("state", String(10), nullable=False, comment="ok, review, accepted or hidden"),
    Column("suggestion", Text, nullable=False, comment="How a damaged text may have read; empty: no idea"),
    Column("original", Text, comment="What was read, when a person changed the text"),
    Column("changed_by", String(60)),
    Column("changed_at", UtcDateTime),
    UniqueConstraint("source_id", "ordinal"),
    Index(None, "state", "source_id"),
)

assessments = Table(
    "assessments",
    metadata,
    Column("code", String(20), primary_key=True, comment="As on the citizen's sheet: KH-7Q2M-XA4T"),
    Column("conversation_key", String(300), nullable=False),
    Column("channel", String(20), nullable=False),
    Column("criteria", String(40), nullable=False, comment="Id of the set it is made under"),
    Column("group_id", String(40), nullable=False, comment="Empty before it is chosen"),
    Column("place", String(200), nullable=False, comment="The commune, if it was given freely"),
    Column("step", String(20), nullable=False, comment="Where it stands (AssessmentProgress.step)"),
    Column("furthest", String(20), nullable=False, comment="The furthest step it ever reached"),
    Column("remind", SmallInteger, nullable=False, comment="1: the citizen agreed to be reminded once"),
    Column("began_at", UtcDateTime, nullable=False),
    Column("touched_at", UtcDateTime, nullable=False, comment="When the citizen last took a step"),
    Column("reminded_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("points", Text, comment="JSON list, by indicator; null until it is finished"),
    Column("total", Integer),
    Column("passed", SmallInteger),
    Index(None, "conversation_key", "began_at"),
    Index(None, "began_at"),
    Index(None, "finished_at"),
    Index(
        "ix_assessments_to_remind",
        "touched_at",
        sqlite_where=text("remind = 1 AND reminded_at IS NULL AND finished_at IS NULL"),
        postgresql_where=text("remind = 1 AND reminded_at IS NULL AND finished_at IS NULL"),
    ),
)

evidence = Table(
    "evidence",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("code", String(20), nullable=False, comment="The assessment it was given for"),
    Column("identity", String(64), nullable=False, comment="Digest: what is given again is kept once"),
    Column("indicator", SmallInteger, nullable=False, comment="0: for the whole"),
    Column("kind", String(20), nullable=False),
    Column("text", Text, nullable=False, comment="The words, or the file's name as the citizen called it"),
    Column("url", Text, nullable=False, comment="Where the platform keeps it; emptied once it is not needed"),
    Column("state", String(10), nullable=False, comment="waiting, kept, noted, refused, too_large or failed"),
    Column("path", String(200), comment="The file, below DATA_DIR/evidence"),
    Column("media_type", String(100), comment="By its content"),
    Column("bytes", Integer),
    Column("why", String(200), comment="Why there is no file, or why the last try failed"),
    Column("attempts", SmallInteger, nullable=False, server_default=text("0")),
    Column("not_before", UtcDateTime, nullable=False, comment="When it may be fetched (again)"),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("code", "identity"),
    Index(
        "ix_evidence_waiting",
        "not_before",
        sqlite_where=text("state = 'waiting'"),
        postgresql_where=text("state = 'waiting'"),
    ),
)

evidence_removals = Table(
    "evidence_removals",
    metadata,
    Column("path", String(200), primary_key=True, comment="What must go, below DATA_DIR/evidence"),
    Column("marked_at", UtcDateTime, nullable=False),
)

consents = Table(
    "consents",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("conversation_key", String(300), nullable=False),
    Column("topic", String(20), nullable=False, comment="bot.outreach.topics.Topic"),
    Column("action", String(3), nullable=False, comment="in or out"),
    Column("at", UtcDateTime, nullable=False),
    Column("wording", Text, nullable=False, comment="What the citizen was told and answered to"),
    Column("event_id", RowId, comment="The citizen's message; null: the platform, or an officer"),
    Index(None, "conversation_key", "id"),
    comment="Proof: lines are added, never changed; they go with everything else of a person",
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("conversation_key", String(300), primary_key=True),
    Column("topic", String(20), primary_key=True),
    Column("since", UtcDateTime, nullable=False),
    Column("consent_id", RowId, nullable=False),
    Index(None, "topic", "conversation_key"),
    comment="Who is subscribed now; follows from consents",
)

profiles = Table(
    "profiles",
    metadata,
    Column("conversation_key", String(300), primary_key=True),
    Column("commune", String(200), nullable=False, comment="With its province; empty: not given"),
    Column("group_id", String(40), nullable=False, comment="Learner group of the criteria; empty: not given"),
    Column("given_at", UtcDateTime, nullable=False),
    Index(None, "commune"),
    comment="What citizens told about themselves freely, to get what concerns them",
)

campaigns = Table(
    "campaigns",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("name", String(120), nullable=False),
    Column("topic", String(20), nullable=False),
    Column("state", String(10), nullable=False, comment="bot.outreach.campaign.State"),
    Column("message", Text, nullable=False, comment="JSON: text, image, button"),
    Column("audience", Text, nullable=False, comment="JSON: who is meant"),
    Column("outside", String(10), nullable=False, comment="hold or leave"),
    Column("hold_until", UtcDateTime),
    Column("scheduled_at", UtcDateTime),
    Column("created_by", String(60), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("asked_by", String(60), nullable=False, server_default=""),
    Column("approved_by", String(60), nullable=False, server_default=""),
    Column("approved_at", UtcDateTime),
    Column("planned_at", UtcDateTime),
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("paused_why", String(300), nullable=False, server_default=""),
    Column("occasion", String(120), nullable=False, server_default="", comment="Id in the calendar"),
    Column("occasion_on", Date),
    Column("date_confirmed_by", String(60), nullable=False, server_default=""),
    Column("needs_date", SmallInteger, nullable=False, server_default=text("0")),
    Index(None, "state", "scheduled_at"),
    Index(
        "ix_campaigns_occasion_once",
        "occasion",
        "occasion_on",
        unique=True,
        sqlite_where=text("occasion <> ''"),
        postgresql_where=text("occasion <> ''"),
    ),
)

campaign_recipients = Table(
    "campaign_recipients",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("campaign_id", RowId, nullable=False),
    Column("conversation_key", String(300), nullable=False),
    Column("channel", String(20), nullable=False),
    Column("account", String(80), nullable=False),
    Column("state", String(10), nullable=False, comment="waiting, held, queued or skipped"),
    Column("standing", String(10), nullable=False, comment="free, paid or closed, when last decided"),
    Column("why", String(20), nullable=False, comment="bot.outreach.windows.Why, when last decided"),
    Column("outbox_id", RowId, comment="What becomes of a queued one is told there"),
    Column("decided_at", UtcDateTime, nullable=False),
    UniqueConstraint("campaign_id", "conversation_key"),
    Index(None, "campaign_id", "state", "id"),
    Index(None, "conversation_key", "campaign_id"),
    Index(None, "outbox_id"),
    Index(
        "ix_campaign_recipients_held",
        "conversation_key",
        sqlite_where=text("state = 'held'"),
        postgresql_where=text("state = 'held'"),
    ),
    comment="Written down when a campaign begins: nobody comes in later, nobody twice",
)

broadcasts = Table(
    "broadcasts",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("account", String(80), nullable=False, comment="The Official Account the article lies in"),
    Column("name", String(120), nullable=False),
    Column("article", String(80), nullable=False, comment="Its id on Zalo"),
    Column("target", Text, nullable=False, comment="JSON: coarse groups of followers; empty: all of them"),
    Column("state", String(10), nullable=False, comment="bot.outreach.broadcast.State"),
    Column("scheduled_at", UtcDateTime),
    Column("created_by", String(60), nullable=False),
    Column("written_by", String(60), nullable=False, comment="Who changed it last"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("asked_by", String(60), nullable=False, server_default=""),
    Column("approved_by", String(60), nullable=False, server_default=""),
    Column("approved_at", UtcDateTime),
    Column(
        "why", String(300), nullable=False, server_default="", comment="Why it waits, failed or is unknown"
    ),
    Column("not_before", UtcDateTime, comment="Waits until then, for the reason given"),
    Column("claimed_at", UtcDateTime, comment="When the one call began"),
    Column("given_on", Date, comment="The house's day of a call that was not refused for certain"),
    Column("sent_at", UtcDateTime, comment="When Zalo took it"),
    Column("message_id", String(120), nullable=False, server_default=""),
    # At most one a day, whatever runs at once: nulls are distinct on both databases.
    UniqueConstraint("account", "given_on"),
    Index(None, "state", "scheduled_at"),
    comment="Articles shown to all followers of an Official Account: to nobody in particular",
)

erasures = Table(
    "erasures",
    metadata,
    Column("key_hash", String(64), primary_key=True, comment="SHA-256 of the conversation's key"),
    Column("at", UtcDateTime, nullable=False),
    Column("event_id", RowId, comment="The demand, while it and the answer to it are still there"),
    comment="Who asked to be forgotten: after a restore from a backup they are forgotten again",
)

reports = Table(
    "reports",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("period", String(10), nullable=False, comment="2026-10, 2026-Q4 or 2026"),
    Column("state", String(10), nullable=False, comment="draft or final"),
    Column("made_at", UtcDateTime, nullable=False),
    Column("made_by", String(60), nullable=False, comment="Empty: prepared by the program"),
    Column("figures", Text, nullable=False, comment="JSON: every number with what it was counted from"),
    Column("notes", Text, nullable=False, comment="JSON: what staff wrote into it, by section"),
    Column("revision", Integer, nullable=False),
    UniqueConstraint("period"),
)
