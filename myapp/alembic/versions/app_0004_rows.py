"""Rows of two numbers."""
import sqlalchemy as sa
from alembic import op

revision = "app_0004"
down_revision = "app_0003"

BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade():
    op.create_table(
        "number_rows",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("a", sa.Integer, nullable=False),
        sa.Column("b", sa.Integer, nullable=False),
        sa.Column("changed_by", sa.String(100), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("changed", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_number_rows"),
        sa.CheckConstraint("a BETWEEN 1 AND 9", name="ck_number_rows_a"),
        sa.CheckConstraint("b BETWEEN 1 AND 9", name="ck_number_rows_b"),
        sqlite_autoincrement=True)
    op.create_index("ix_number_rows_changed", "number_rows", ["changed"])


def downgrade():
    op.drop_table("number_rows")
