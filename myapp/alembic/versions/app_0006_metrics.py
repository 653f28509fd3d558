"""The last value of each metric."""
import sqlalchemy as sa
from alembic import op

revision = "app_0006"
down_revision = "app_0005"

BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade():
    op.create_table(
        "metrics",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("name", sa.String(193), nullable=False),
        sa.Column("value", sa.JSON, nullable=False),
        sa.Column("unit", sa.String(20)),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("changed", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_metrics"),
        sa.UniqueConstraint("name", name="uq_metrics_name"))
    op.create_index("ix_metrics_changed", "metrics", ["changed"])


def downgrade():
    op.drop_table("metrics")
