"""Reaching people: consent, profiles, campaigns and their recipients, reports."""

import sqlalchemy as sa
from alembic import op

import bot.store.schema

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Bring the schema here."""
    moment = bot.store.schema.UtcDateTime(timezone=True)
    op.create_table(
        "campaign_recipients",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("campaign_id", _ROW_ID, nullable=False),
        sa.Column("conversation_key", sa.String(length=300), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("account", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False, comment="waiting, held, queued or skipped"),
        sa.Column(
            "standing",
            sa.String(length=10),
            nullable=False,
            comment="free, paid or closed, when last decided",
        ),
        sa.Column(
            "why", sa.String(length=20), nullable=False, comment="bot.outreach.windows.Why, when last decided"
        ),
        sa.Column("outbox_id", _ROW_ID, nullable=True, comment="What becomes of a queued one is told there"),
        sa.Column("decided_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_recipients")),
        sa.UniqueConstraint(
            "campaign_id",
            "conversation_key",
            name=op.f("uq_campaign_recipients_campaign_id_conversation_key"),
        ),
        comment="Written down when a campaign begins: nobody comes in later, nobody twice",
    )
    op.create_index(
        op.f("ix_campaign_recipients_conversation_key_campaign_id"),
        "campaign_recipients",
        ["conversation_key", "campaign_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_campaign_recipients_campaign_id_state_id"),
        "campaign_recipients",
        ["campaign_id", "state", "id"],
        unique=False,
    )
    op.create_index(
        "ix_campaign_recipients_held",
        "campaign_recipients",
        ["conversation_key"],
        unique=False,
        sqlite_where=sa.text("state = 'held'"),
        postgresql_where=sa.text("state = 'held'"),
    )
    op.create_index(
        op.f("ix_campaign_recipients_outbox_id"), "campaign_recipients", ["outbox_id"], unique=False
    )
    op.create_table(
        "campaigns",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("topic", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False, comment="bot.outreach.campaign.State"),
        sa.Column("message", sa.Text(), nullable=False, comment="JSON: text, image, button"),
        sa.Column("audience", sa.Text(), nullable=False, comment="JSON: who is meant"),
        sa.Column("outside", sa.String(length=10), nullable=False, comment="hold or leave"),
        sa.Column("hold_until", moment, nullable=True),
        sa.Column("scheduled_at", moment, nullable=True),
        sa.Column("created_by", sa.String(length=60), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("asked_by", sa.String(length=60), server_default="", nullable=False),
        sa.Column("approved_by", sa.String(length=60), server_default="", nullable=False),
        sa.Column("approved_at", moment, nullable=True),
        sa.Column("planned_at", moment, nullable=True),
        sa.Column("started_at", moment, nullable=True),
        sa.Column("finished_at", moment, nullable=True),
        sa.Column("paused_why", sa.String(length=300), server_default="", nullable=False),
        sa.Column(
            "occasion", sa.String(length=120), server_default="", nullable=False, comment="Id in the calendar"
        ),
        sa.Column("occasion_on", sa.Date(), nullable=True),
        sa.Column("date_confirmed_by", sa.String(length=60), server_default="", nullable=False),
        sa.Column("needs_date", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaigns")),
    )
    op.create_index(
        "ix_campaigns_occasion_once",
        "campaigns",
        ["occasion", "occasion_on"],
        unique=True,
        sqlite_where=sa.text("occasion <> ''"),
        postgresql_where=sa.text("occasion <> ''"),
    )
    op.create_index(
        op.f("ix_campaigns_state_scheduled_at"), "campaigns", ["state", "scheduled_at"], unique=False
    )
    op.create_table(
        "consents",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("conversation_key", sa.String(length=300), nullable=False),
        sa.Column("topic", sa.String(length=20), nullable=False, comment="bot.outreach.topics.Topic"),
        sa.Column("action", sa.String(length=3), nullable=False, comment="in or out"),
        sa.Column("at", moment, nullable=False),
        sa.Column("wording", sa.Text(), nullable=False, comment="What the citizen was told and answered to"),
        sa.Column(
            "event_id",
            _ROW_ID,
            nullable=True,
            comment="The citizen's message; null: the platform, or an officer",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
        comment="Proof: lines are added, never changed; they go with everything else of a person",
    )
    op.create_index(
        op.f("ix_consents_conversation_key_id"), "consents", ["conversation_key", "id"], unique=False
    )
    op.create_table(
        "erasures",
        sa.Column(
            "key_hash", sa.String(length=64), nullable=False, comment="SHA-256 of the conversation's key"
        ),
        sa.Column("at", moment, nullable=False),
        sa.Column(
            "event_id",
            _ROW_ID,
            nullable=True,
            comment="The demand, while it and the answer to it are still there",
        ),
        sa.PrimaryKeyConstraint("key_hash", name=op.f("pk_erasures")),
        comment="Who asked to be forgotten: after a restore from a backup they are forgotten again",
    )
    op.create_table(
        "profiles",
        sa.Column("conversation_key", sa.String(length=300), nullable=False),
        sa.Column(
            "commune", sa.String(length=200), nullable=False, comment="With its province; empty: not given"
        ),
        sa.Column(
            "group_id",
            sa.String(length=40),
            nullable=False,
            comment="Learner group of the criteria; empty: not given",
        ),
        sa.Column("given_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("conversation_key", name=op.f("pk_profiles")),
        comment="What citizens told about themselves freely, to get what concerns them",
    )
    op.create_index(op.f("ix_profiles_commune"), "profiles", ["commune"], unique=False)
    op.create_table(
        "reports",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("period", sa.String(length=10), nullable=False, comment="2026-10, 2026-Q4 or 2026"),
        sa.Column("state", sa.String(length=10), nullable=False, comment="draft or final"),
        sa.Column("made_at", moment, nullable=False),
        sa.Column("made_by", sa.String(length=60), nullable=False, comment="Empty: prepared by the program"),
        sa.Column(
            "figures", sa.Text(), nullable=False, comment="JSON: every number with what it was counted from"
        ),
        sa.Column("notes", sa.Text(), nullable=False, comment="JSON: what staff wrote into it, by section"),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports")),
        sa.UniqueConstraint("period", name=op.f("uq_reports_period")),
    )
    op.create_table(
        "subscriptions",
        sa.Column("conversation_key", sa.String(length=300), nullable=False),
        sa.Column("topic", sa.String(length=20), nullable=False),
        sa.Column("since", moment, nullable=False),
        sa.Column("consent_id", _ROW_ID, nullable=False),
        sa.PrimaryKeyConstraint("conversation_key", "topic", name=op.f("pk_subscriptions")),
        comment="Who is subscribed now; follows from consents",
    )
    op.create_index(
        op.f("ix_subscriptions_topic_conversation_key"),
        "subscriptions",
        ["topic", "conversation_key"],
        unique=False,
    )
    op.add_column(
        "outbox",
        sa.Column(
            "expires_at", moment, nullable=True, comment="Not sent after this, when it was not tried before"
        ),
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_column("outbox", "expires_at")
    op.drop_table("subscriptions")
    op.drop_table("reports")
    op.drop_table("profiles")
    op.drop_table("erasures")
    op.drop_table("consents")
    op.drop_table("campaigns")
    op.drop_table("campaign_recipients")
