"""Displays: what each shows, the key by which it opens, and when it was last seen."""
import sqlalchemy as sa
from alembic import op

revision = "app_0008"
down_revision = "app_0007"

BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade():
    op.create_table(
        "displays",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("slug", sa.String(50), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("panels", sa.JSON, nullable=False),
        sa.Column("key_hash", sa.String(64)),
        sa.Column("key_number", sa.Integer, nullable=False),
        sa.Column("seen", MOMENT),
        sa.Column("build", sa.String(64)),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("changed", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_displays"),
        sa.UniqueConstraint("slug", name="uq_displays_slug"),
        sa.UniqueConstraint("key_hash", name="uq_displays_key_hash"),
        sqlite_autoincrement=True)
    op.create_index("ix_displays_changed", "displays", ["changed"])


def downgrade():
    op.drop_table("displays")
