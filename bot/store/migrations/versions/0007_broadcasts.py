"""Articles shown to all followers of a Zalo account; imports of entries that outlive their process."""

import sqlalchemy as sa
from alembic import op

import bot.store.schema

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Bring the schema here."""
    moment = bot.store.schema.UtcDateTime(timezone=True)
    op.create_table(
        "broadcasts",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column(
            "account",
            sa.String(length=80),
            nullable=False,
            comment="The Official Account the article lies in",
        ),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("article", sa.String(length=80), nullable=False, comment="Its id on Zalo"),
        sa.Column(
            "target",
            sa.Text(),
            nullable=False,
            comment="JSON: coarse groups of followers; empty: all of them",
        ),
        sa.Column("state", sa.String(length=10), nullable=False, comment="bot.outreach.broadcast.State"),
        sa.Column("scheduled_at", moment, nullable=True),
        sa.Column("created_by", sa.String(length=60), nullable=False),
        sa.Column("written_by", sa.String(length=60), nullable=False, comment="Who changed it last"),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("asked_by", sa.String(length=60), server_default="", nullable=False),
        sa.Column("approved_by", sa.String(length=60), server_default="", nullable=False),
        sa.Column("approved_at", moment, nullable=True),
        sa.Column(
            "why",
            sa.String(length=300),
            server_default="",
            nullable=False,
            comment="Why it waits, failed or is unknown",
        ),
        sa.Column("not_before", moment, nullable=True, comment="Waits until then, for the reason given"),
        sa.Column("claimed_at", moment, nullable=True, comment="When the one call began"),
        sa.Column(
            "given_on",
            sa.Date(),
            nullable=True,
            comment="The house's day of a call that was not refused for certain",
        ),
        sa.Column("sent_at", moment, nullable=True, comment="When Zalo took it"),
        sa.Column("message_id", sa.String(length=120), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broadcasts")),
        sa.UniqueConstraint("account", "given_on", name=op.f("uq_broadcasts_account_given_on")),
        comment="Articles shown to all followers of an Official Account: to nobody in particular",
    )
    op.create_index(
        op.f("ix_broadcasts_state_scheduled_at"), "broadcasts", ["state", "scheduled_at"], unique=False
    )

    op.create_table(
        "entry_imports",
        sa.Column(
            "token", sa.String(length=32), nullable=False, comment="Of the dry run in DATA_DIR/imports"
        ),
        sa.Column("staff_id", _ROW_ID, nullable=False, comment="Who said that it be written"),
        sa.Column("state", sa.String(length=10), nullable=False, comment="waiting, writing, done or failed"),
        sa.Column("total", sa.Integer(), nullable=False, comment="Rows to be written"),
        sa.Column(
            "position",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="Rows gone through so far",
        ),
        sa.Column(
            "refused",
            sa.Text(),
            nullable=False,
            comment="JSON: why a row was not written, by its place in the run",
        ),
        sa.Column("at", moment, nullable=False),
        sa.Column("lease_owner", sa.String(length=200), nullable=True),
        sa.Column(
            "lease_until",
            moment,
            nullable=True,
            comment="Who writes it now holds it until then; later anybody may",
        ),
        sa.Column("attempts", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("finished_at", moment, nullable=True),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_entry_imports")),
        comment="Files of entries an officer agreed to, each written once, however often a process is killed",
    )
    op.create_index(op.f("ix_entry_imports_state"), "entry_imports", ["state"], unique=False)


def downgrade() -> None:
    """Take it back."""
    op.drop_table("entry_imports")
    op.drop_table("broadcasts")
