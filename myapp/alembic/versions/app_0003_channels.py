"""Channels of the updates feed, and who reads the private ones."""
import sqlalchemy as sa
from alembic import op

revision = "app_0003"
down_revision = "app_0002"

BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade():
    op.create_table(
        "channels",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("title", sa.String(100), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("visibility", sa.String(20), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("changed", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_channels"),
        sa.UniqueConstraint("name", name="uq_channels_name"),
        sa.CheckConstraint("kind IN ('announcement', 'discussion')", name="ck_channels_kind"),
        sa.CheckConstraint("visibility IN ('public', 'private')", name="ck_channels_visibility"),
        sqlite_autoincrement=True)
    op.create_index("ix_channels_changed", "channels", ["changed"])
    op.create_table(
        "channel_members",
        sa.Column("channel_id", BIG_ID, nullable=False),
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("channel_id", "user_id", name="pk_channel_members"),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name="fk_channel_members_channel_id_channels", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_channel_members_user_id_users", ondelete="CASCADE"))
    op.create_index("ix_channel_members_user_id", "channel_members", ["user_id"])


def downgrade():
    op.drop_table("channel_members")
    op.drop_table("channels")
