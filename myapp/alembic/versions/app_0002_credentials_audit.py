"""Credentials: sessions and tokens; and the audit trail. A user is also looked for by name, at sign-in."""
import sqlalchemy as sa
from alembic import op

revision = "app_0002"
down_revision = "app_0001"

BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade():
    op.create_table(
        "credentials",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("csrf_token", sa.String(64)),
        sa.Column("name", sa.String(100)),
        sa.Column("scopes", sa.JSON),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("seen", MOMENT, nullable=False),
        sa.Column("expires", MOMENT),
        sa.Column("address", sa.String(45)),
        sa.Column("agent", sa.String(200)),
        sa.PrimaryKeyConstraint("id", name="pk_credentials"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_credentials_user_id_users", ondelete="CASCADE"),
        sa.UniqueConstraint("secret_hash", name="uq_credentials_secret_hash"),
        sa.CheckConstraint("kind IN ('session', 'token')", name="ck_credentials_kind"),
        sqlite_autoincrement=True)
    op.create_index("ix_credentials_user_id", "credentials", ["user_id"])
    op.create_index("ix_credentials_expires", "credentials", ["expires"])
    op.create_table(
        "audit",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("user_id", sa.BigInteger),
        sa.Column("user_name", sa.String(100)),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("address", sa.String(45)),
        sa.PrimaryKeyConstraint("id", name="pk_audit"))
    op.create_index("ix_audit_created", "audit", ["created"])
    op.create_index("ix_users_name", "users", ["name"])


def downgrade():
    op.drop_index("ix_users_name", "users")
    op.drop_table("audit")
    op.drop_table("credentials")
