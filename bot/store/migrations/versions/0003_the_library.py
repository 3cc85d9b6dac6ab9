"""the library: documents that were taken in, and their passages."""

import sqlalchemy as sa
from alembic import op

import bot.store.schema

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Bring the schema here."""
    op.create_table(
        "library_sources",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column(
            "name", sa.String(length=300), nullable=False, comment="As the file was called by whoever gave it"
        ),
        sa.Column("media", sa.String(length=10), nullable=False),
        sa.Column(
            "number", sa.String(length=80), nullable=False, comment="Document number; empty: none was found"
        ),
        sa.Column(
            "title", sa.String(length=300), nullable=False, comment="What a citizen reads as the source"
        ),
        sa.Column("issued", sa.Date(), nullable=True),
        sa.Column("issuer", sa.String(length=300), nullable=False),
        sa.Column("signer", sa.String(length=120), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False, comment="0: the format has none"),
        sa.Column("quality", sa.Float(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("replaces_id", _ROW_ID, nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False, comment="loading, active, replaced or off"),
        sa.Column("added_at", bot.store.schema.UtcDateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.String(length=60), nullable=False),
        sa.Column("report", sa.Text(), nullable=False, comment="JSON: what was found when it was taken in"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_library_sources")),
    )
    op.create_index(op.f("ix_library_sources_sha256"), "library_sources", ["sha256"], unique=False)
    op.create_index(op.f("ix_library_sources_status"), "library_sources", ["status"], unique=False)
    op.create_table(
        "library_passages",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("source_id", _ROW_ID, nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("locator", sa.String(length=300), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column(
            "section", sa.String(length=40), nullable=False, comment="The same for all passages of one part"
        ),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("quality", sa.Float(), nullable=False),
        sa.Column("damaged", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False, comment="ok, review, accepted or hidden"),
        sa.Column(
            "suggestion",
            sa.Text(),
            nullable=False,
            comment="How a damaged text may have read; empty: no idea",
        ),
        sa.Column(
            "original", sa.Text(), nullable=True, comment="What was read, when a person changed the text"
        ),
        sa.Column("changed_by", sa.String(length=60), nullable=True),
        sa.Column("changed_at", bot.store.schema.UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_library_passages")),
        sa.UniqueConstraint("source_id", "ordinal", name=op.f("uq_library_passages_source_id_ordinal")),
    )
    op.create_index(
        op.f("ix_library_passages_state_source_id"), "library_passages", ["state", "source_id"], unique=False
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("library_passages")
    op.drop_table("library_sources")
