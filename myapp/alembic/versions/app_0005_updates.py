"""Updates of the channels, and how far each person has read them."""
import sqlalchemy as sa
from alembic import op

revision = "app_0005"
down_revision = "app_0004"

BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade():
    op.create_table(
        "updates",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("channel_id", BIG_ID, nullable=False),
        sa.Column("author_id", BIG_ID),
        sa.Column("author", sa.String(100), nullable=False),
        sa.Column("title", sa.String(100), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("level", sa.String(20), nullable=False),
        sa.Column("search_key", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("changed", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_updates"),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name="fk_updates_channel_id_channels", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name="fk_updates_author_id_users", ondelete="SET NULL"),
        sa.CheckConstraint("level IN ('info', 'success', 'warning', 'danger')", name="ck_updates_level"),
        sqlite_autoincrement=True)
    op.create_index("ix_updates_channel_id_id", "updates", ["channel_id", "id"])
    op.create_index("ix_updates_author_id", "updates", ["author_id"])
    op.create_index("ix_updates_changed", "updates", ["changed"])
    op.create_table(
        "read_marks",
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("channel_id", BIG_ID, nullable=False),
        sa.Column("update_id", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "channel_id", name="pk_read_marks"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_read_marks_user_id_users", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name="fk_read_marks_channel_id_channels", ondelete="CASCADE"))
    op.create_index("ix_read_marks_channel_id", "read_marks", ["channel_id"])


def downgrade():
    op.drop_table("read_marks")
    op.drop_table("updates")
