"""The event log: its head and its rows.

Revision ID: realtime_0001
"""
import secrets

import sqlalchemy as sa
from alembic import op

revision = "realtime_0001"
down_revision = None
branch_labels = ("realtime",)
depends_on = None


def upgrade():
    head = op.create_table(
        "event_log_head",
        sa.Column("one", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("floor", sa.BigInteger, nullable=False),
        sa.Column("epoch", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("one", name="pk_event_log_head"),
        sa.CheckConstraint("one = 1", name="ck_event_log_head_single"))
    op.create_table(
        "event_log",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), autoincrement=False, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("key", sa.Text),
        sa.Column("data", sa.Text, nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.current_timestamp()),
        sa.PrimaryKeyConstraint("seq", name="pk_event_log"))
    op.create_index("ix_event_log_topic_seq", "event_log", ["topic", "seq"])
    op.bulk_insert(head, [{"one": 1, "seq": 0, "floor": 0, "epoch": secrets.token_hex(4)}])


def downgrade():
    op.drop_table("event_log")
    op.drop_table("event_log_head")
