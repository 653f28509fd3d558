"""Displays: which process one came to last, and when it went."""
import sqlalchemy as sa
from alembic import op

revision = "app_0009"
down_revision = "app_0008"


def upgrade():
    op.add_column("displays", sa.Column("seen_by", sa.String(32)))
    op.add_column("displays", sa.Column("gone", sa.DateTime(timezone=True)))


def downgrade():
    op.drop_column("displays", "gone")
    op.drop_column("displays", "seen_by")
