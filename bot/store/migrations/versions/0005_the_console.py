"""The staff console: notes, invitations, the audit log, rules staff set, uploads, what became of misses."""

import sqlalchemy as sa
from alembic import op

import bot.store.schema

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Bring the schema here."""
    moment = bot.store.schema.UtcDateTime(timezone=True)
    op.create_table(
        "audit_log",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column(
            "staff_id", _ROW_ID, nullable=True, comment="Null: the command line, or the program itself"
        ),
        sa.Column(
            "who", sa.String(length=60), nullable=False, comment="Name at that time; accounts may be renamed"
        ),
        sa.Column("action", sa.String(length=40), nullable=False, comment="bot.store.audit.Action"),
        sa.Column(
            "subject",
            sa.String(length=300),
            nullable=False,
            comment="What it was about: an id, never its content",
        ),
        sa.Column("detail", sa.Text(), nullable=False, comment="JSON object; no personal data, no secrets"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
    )
    op.create_index(op.f("ix_audit_log_at"), "audit_log", ["at"], unique=False)
    op.create_index(op.f("ix_audit_log_subject_at"), "audit_log", ["subject", "at"], unique=False)
    op.create_table(
        "conversation_notes",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("conversation_key", sa.String(length=300), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("author", sa.String(length=60), nullable=False, comment="Name of the officer"),
        sa.Column("text", sa.Text(), nullable=False, comment="Among officers; never sent to anybody"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation_notes")),
    )
    op.create_index(
        op.f("ix_conversation_notes_conversation_key_id"),
        "conversation_notes",
        ["conversation_key", "id"],
        unique=False,
    )
    op.create_table(
        "house_rules",
        sa.Column("id", _ROW_ID, nullable=False, comment="The highest is in force; the others are history"),
        sa.Column("at", moment, nullable=False),
        sa.Column("by", sa.String(length=60), nullable=False),
        sa.Column("why", sa.String(length=300), nullable=False),
        sa.Column("body", sa.Text(), nullable=False, comment="JSON: everything staff may set, whole"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_house_rules")),
    )
    op.create_table(
        "library_uploads",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column(
            "name", sa.String(length=300), nullable=False, comment="As the file was called by whoever gave it"
        ),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column(
            "path",
            sa.String(length=200),
            nullable=False,
            comment="Below DATA_DIR/uploads until it is taken in",
        ),
        sa.Column("state", sa.String(length=10), nullable=False, comment="waiting, reading, done or failed"),
        sa.Column("by", sa.String(length=60), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("lease_owner", sa.String(length=200), nullable=True),
        sa.Column(
            "lease_until",
            moment,
            nullable=True,
            comment="Who reads it now holds it until then; later anybody may",
        ),
        sa.Column("attempts", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("finished_at", moment, nullable=True),
        sa.Column("source_id", _ROW_ID, nullable=True),
        sa.Column(
            "report",
            sa.Text(),
            nullable=True,
            comment="JSON of bot.ingest.FileReport; null until it is finished",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_library_uploads")),
    )
    op.create_index(op.f("ix_library_uploads_state_id"), "library_uploads", ["state", "id"], unique=False)
    op.create_table(
        "staff_invites",
        sa.Column(
            "token_hash", sa.String(length=64), nullable=False, comment="SHA-256 of what is in the link"
        ),
        sa.Column(
            "staff_id",
            _ROW_ID,
            nullable=True,
            comment="The account that gets a new password; null: a new account",
        ),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("made_by", sa.String(length=60), nullable=False),
        sa.Column("made_at", moment, nullable=False),
        sa.Column("expires_at", moment, nullable=False),
        sa.Column("used_at", moment, nullable=True),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_staff_invites")),
    )
    op.add_column(
        "conversations",
        sa.Column(
            "officer",
            sa.String(length=60),
            nullable=True,
            comment="Who took it over in the console; null in the other modes",
        ),
    )
    op.add_column(
        "content_history",
        sa.Column(
            "draft",
            sa.Text(),
            nullable=True,
            comment="JSON saved without being live; null: this was no draft",
        ),
    )
    op.create_index(
        op.f("ix_conversations_mode_last_heard_at"), "conversations", ["mode", "last_heard_at"], unique=False
    )
    op.add_column(
        "library_sources",
        sa.Column(
            "superseded_by",
            sa.String(length=80),
            nullable=True,
            comment="Number of the document that replaces this one in law",
        ),
    )
    op.add_column(
        "misses",
        sa.Column(
            "state",
            sa.String(length=12),
            server_default="open",
            nullable=False,
            comment="bot.store.misses.State",
        ),
    )
    op.add_column(
        "misses",
        sa.Column(
            "decided_by",
            sa.String(length=60),
            nullable=True,
            comment="The officer; null: the bot answered it when asked again",
        ),
    )
    op.add_column("misses", sa.Column("decided_at", moment, nullable=True))
    op.add_column(
        "misses",
        sa.Column(
            "answered_by",
            sa.String(length=120),
            nullable=True,
            comment="What answers it now, or is to when it is asked again",
        ),
    )
    op.add_column(
        "misses",
        sa.Column(
            "asked_revision",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="Of the content it was last asked of again",
        ),
    )
    op.add_column(
        "outbox",
        sa.Column(
            "officer",
            sa.String(length=60),
            nullable=True,
            comment="Who wrote it in the console; null: nobody there",
        ),
    )
    op.add_column(
        "turns",
        sa.Column(
            "declined",
            sa.String(length=20),
            nullable=True,
            comment="Why there was no answer (AbstentionReason); null: there was one",
        ),
    )
    op.drop_index(op.f("ix_turns_at"), table_name="turns")
    op.create_index(
        op.f("ix_turns_at_outcome_entry_id"), "turns", ["at", "outcome", "entry_id"], unique=False
    )
    op.create_index(
        "ix_outbox_officers",
        "outbox",
        ["conversation_key", "created_at"],
        unique=False,
        sqlite_where=sa.text("author = 'officer'"),
        postgresql_where=sa.text("author = 'officer'"),
    )
    op.create_index(
        "ix_outbox_dead",
        "outbox",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state IN ('failed', 'unknown')"),
        postgresql_where=sa.text("state IN ('failed', 'unknown')"),
    )
    op.create_index(
        "ix_inbound_events_parked",
        "inbound_events",
        ["id"],
        unique=False,
        sqlite_where=sa.text("outcome = 'parked'"),
        postgresql_where=sa.text("outcome = 'parked'"),
    )
    op.create_index(op.f("ix_misses_state_last_at"), "misses", ["state", "last_at"], unique=False)
    op.add_column("staff", sa.Column("seen_at", moment, nullable=True, comment="Last request, to the minute"))
    op.add_column(
        "staff_sessions", sa.Column("seen_at", moment, nullable=True, comment="Last request, to the minute")
    )
    op.add_column(
        "staff_sessions",
        sa.Column(
            "device", sa.String(length=80), server_default="", nullable=False, comment="`Chrome, Android`"
        ),
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_column("staff_sessions", "device")
    op.drop_column("staff_sessions", "seen_at")
    op.drop_column("staff", "seen_at")
    op.drop_index(op.f("ix_misses_state_last_at"), table_name="misses")
    op.drop_index("ix_inbound_events_parked", table_name="inbound_events")
    op.drop_index("ix_outbox_dead", table_name="outbox")
    op.drop_index("ix_outbox_officers", table_name="outbox")
    op.drop_index(op.f("ix_turns_at_outcome_entry_id"), table_name="turns")
    op.create_index(op.f("ix_turns_at"), "turns", ["at"], unique=False)
    op.drop_column("misses", "asked_revision")
    op.drop_column("misses", "answered_by")
    op.drop_column("misses", "decided_at")
    op.drop_column("misses", "decided_by")
    op.drop_column("misses", "state")
    op.drop_column("turns", "declined")
    op.drop_column("outbox", "officer")
    op.drop_column("library_sources", "superseded_by")
    op.drop_column("content_history", "draft")
    op.drop_index(op.f("ix_conversations_mode_last_heard_at"), table_name="conversations")
    op.drop_column("conversations", "officer")
    op.drop_table("staff_invites")
    op.drop_table("library_uploads")
    op.drop_table("house_rules")
    op.drop_table("conversation_notes")
    op.drop_table("audit_log")
