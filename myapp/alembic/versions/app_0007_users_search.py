"""Users are looked for and put in order by their names, however these are written; and who changed one last."""
import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "app_0007"
down_revision = "app_0006"


def upgrade():
    op.add_column("users", sa.Column("name_key", sa.Text, nullable=False, server_default=""))
    op.add_column("users", sa.Column("changed_by", sa.String(100), nullable=False, server_default=""))
    op.create_index("ix_users_name_key", "users", ["name_key"])
    users = sa.table("users", sa.column("id"), sa.column("name"), sa.column("name_key"))
    connection = op.get_bind()
    for id, name in connection.execute(sa.select(users.c.id, users.c.name)).all():
        key = unicodedata.normalize("NFC", name.casefold())
        connection.execute(sa.update(users).where(users.c.id == id).values(name_key=key))


def downgrade():
    op.drop_index("ix_users_name_key", "users")
    op.drop_column("users", "changed_by")
    op.drop_column("users", "name_key")
