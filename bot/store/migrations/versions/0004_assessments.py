"""self-assessments, the evidence given for them, and files that must go."""

import sqlalchemy as sa
from alembic import op

import bot.store.schema

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TO_REMIND = sa.text("remind = 1 AND reminded_at IS NULL AND finished_at IS NULL")
_WAITING = sa.text("state = 'waiting'")


def upgrade() -> None:
    """Bring the schema here."""
    moment = bot.store.schema.UtcDateTime(timezone=True)
    op.create_table(
        "assessments",
        sa.Column(
            "code", sa.String(length=20), nullable=False, comment="As on the citizen's sheet: KH-7Q2M-XA4T"
        ),
        sa.Column("conversation_key", sa.String(length=300), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("criteria", sa.String(length=40), nullable=False, comment="Id of the set it is made under"),
        sa.Column("group_id", sa.String(length=40), nullable=False, comment="Empty before it is chosen"),
        sa.Column(
            "place", sa.String(length=200), nullable=False, comment="The commune, if it was given freely"
        ),
        sa.Column(
            "step",
            sa.String(length=20),
            nullable=False,
            comment="Where it stands (AssessmentProgress.step)",
        ),
        sa.Column(
            "furthest", sa.String(length=20), nullable=False, comment="The furthest step it ever reached"
        ),
        sa.Column(
            "remind", sa.SmallInteger(), nullable=False, comment="1: the citizen agreed to be reminded once"
        ),
        sa.Column("began_at", moment, nullable=False),
        sa.Column("touched_at", moment, nullable=False, comment="When the citizen last took a step"),
        sa.Column("reminded_at", moment, nullable=True),
        sa.Column("finished_at", moment, nullable=True),
        sa.Column(
            "points", sa.Text(), nullable=True, comment="JSON list, by indicator; null until it is finished"
        ),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("passed", sa.SmallInteger(), nullable=True),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_assessments")),
    )
    op.create_index(
        op.f("ix_assessments_conversation_key_began_at"),
        "assessments",
        ["conversation_key", "began_at"],
        unique=False,
    )
    op.create_index(op.f("ix_assessments_began_at"), "assessments", ["began_at"], unique=False)
    op.create_index(op.f("ix_assessments_finished_at"), "assessments", ["finished_at"], unique=False)
    op.create_index(
        "ix_assessments_to_remind",
        "assessments",
        ["touched_at"],
        unique=False,
        sqlite_where=_TO_REMIND,
        postgresql_where=_TO_REMIND,
    )
    op.create_table(
        "evidence",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False, comment="The assessment it was given for"),
        sa.Column(
            "identity",
            sa.String(length=64),
            nullable=False,
            comment="Digest: what is given again is kept once",
        ),
        sa.Column("indicator", sa.SmallInteger(), nullable=False, comment="0: for the whole"),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column(
            "text",
            sa.Text(),
            nullable=False,
            comment="The words, or the file's name as the citizen called it",
        ),
        sa.Column(
            "url",
            sa.Text(),
            nullable=False,
            comment="Where the platform keeps it; emptied once it is not needed",
        ),
        sa.Column(
            "state",
            sa.String(length=10),
            nullable=False,
            comment="waiting, kept, noted, refused, too_large or failed",
        ),
        sa.Column("path", sa.String(length=200), nullable=True, comment="The file, below DATA_DIR/evidence"),
        sa.Column("media_type", sa.String(length=100), nullable=True, comment="By its content"),
        sa.Column("bytes", sa.Integer(), nullable=True),
        sa.Column(
            "why",
            sa.String(length=200),
            nullable=True,
            comment="Why there is no file, or why the last try failed",
        ),
        sa.Column("attempts", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("not_before", moment, nullable=False, comment="When it may be fetched (again)"),
        sa.Column("created_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence")),
        sa.UniqueConstraint("code", "identity", name=op.f("uq_evidence_code_identity")),
    )
    op.create_index(
        "ix_evidence_waiting",
        "evidence",
        ["not_before"],
        unique=False,
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    )
    op.create_table(
        "evidence_removals",
        sa.Column(
            "path",
            sa.String(length=200),
            nullable=False,
            comment="What must go, below DATA_DIR/evidence",
        ),
        sa.Column("marked_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_evidence_removals")),
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("evidence_removals")
    op.drop_table("evidence")
    op.drop_table("assessments")
