"""myapp-init-db: bring the database to this release's schema, and make the first channels and the first account. Twice does nothing new."""
import argparse
import secrets
from pathlib import Path

import sqlalchemy as sa
from alembic.util import CommandError

from myapp import db, migration
from myapp.app.channels import Channels
from myapp.app.displays import Displays
from myapp.app.identity import Identity
from myapp.app.models import Channel, ChannelKind, Display, Level, NumberRow, Role, Update, User, Visibility, email_key
from myapp.app.rows import Rows
from myapp.app.updates import Updates
from myapp.app.users import Users
from myapp.realtime import log, session

from . import console

PROG = "myapp-init-db"
ADMIN = {"name": "admin", "email": "admin@localhost", "role": Role.ADMIN}
CONSOLE = Identity(None, "console", Role.ADMIN)     # who acts; whoever can read the ini file may do everything
PASSWORD_BYTES = 12     # 16 characters, 96 bits

CHANNELS = [
    {"name": "general", "title": "General", "kind": ChannelKind.DISCUSSION},
    {"name": "announcements", "title": "Announcements", "kind": ChannelKind.ANNOUNCEMENT},
]
SAMPLE = [
    ("Amara Okafor", "amara.okafor@example.org", "editor"), ("Björn Lindqvist", "bjorn.lindqvist@example.org", "member"),
    ("Chiara Bianchi", "chiara.bianchi@example.org", "member"), ("Dmitri Volkov", "dmitri.volkov@example.org", "editor"),
    ("Elif Yılmaz", "elif.yilmaz@example.org", "member"), ("Farid Haddad", "farid.haddad@example.org", "member"),
    ("Grace Njoroge", "grace.njoroge@example.org", "admin"), ("Hiroshi Tanaka", "hiroshi.tanaka@example.org", "member"),
    ("Inês Carvalho", "ines.carvalho@example.org", "editor"), ("Jakub Nowak", "jakub.nowak@example.org", "member"),
]
SAMPLE_ROWS = [3, 8, 5]
SAMPLE_DISPLAY = {"slug": "lobby", "name": "Lobby", "panels": [
    {"kind": "channel", "channel": "announcements"}, {"kind": "users"}, {"kind": "rows"}, {"kind": "clock"}]}
SAMPLE_UPDATES = [      # e-mail of the author, and what he posts
    ("amara.okafor@example.org", {
        "channel": "announcements", "title": "Welcome", "level": Level.SUCCESS,
        "text": "Everything that changes here changes on every open page at once.\n\nOpen this page twice and post something."}),
    ("bjorn.lindqvist@example.org", {"channel": "general", "text": "Lunch at half past twelve? The new place by the canal has a table."}),
    ("chiara.bianchi@example.org", {"channel": "general", "text": "I am in. Their menu: https://example.org/menu"}),
    ("ines.carvalho@example.org", {
        "channel": "announcements", "title": "Maintenance on Saturday", "level": Level.WARNING,
        "text": "The warehouse scanners are off from 6 to 8 in the morning."}),
]


def main(argv=None):
    """Console command. Ends with 0, or with 1 and what is wrong on stderr, in one line."""
    with console.one_line(PROG):
        options = parser().parse_args(argv)
        password = options.admin_password or read_password(options.admin_password_file)
        prepare(options)
        with console.application(options.ini) as registry:
            make_channels(registry)
            make_admin(registry, password)
            if options.sample:
                make_sample(registry)
                make_sample_updates(registry)
                make_sample_display(registry)


def parser():
    parser = argparse.ArgumentParser(prog=PROG, description="Make or migrate the database, and the first account.")
    parser.add_argument("ini", metavar="INI", help="the ini file whose sqlalchemy.url names the database")
    password = parser.add_mutually_exclusive_group()
    password.add_argument("--admin-password", metavar="P", type=console.text,
                          help="of the account admin, if it has to be made; else one is generated")
    password.add_argument("--admin-password-file", metavar="F", type=Path, help="a file whose first line is that password")
    parser.add_argument("--sample", action="store_true", help="add ten users, some rows, some updates and a display to try things with")
    parser.add_argument("--new-epoch", action="store_true",
                        help="after a backup was restored: every open page starts over, instead of mixing two histories")
    return parser


def read_password(path):
    """Return the first line of the file `path`; None when there is no path. Raises Failure."""
    try:
        return path and path.read_text(encoding="utf-8").partition("\n")[0]
    except OSError as error:
        raise console.Failure(f"{path} cannot be read: {error.strerror}; its first line is to be the password") from error
    except UnicodeDecodeError:      # the cause is not shown: it holds the password
        raise console.Failure(f"{path} is not UTF-8; its first line is to be the password") from None


def prepare(options):
    """Bring the database to this release's schema and, if that is asked for, begin another life of the event log."""
    try:
        engine = db.create_engine(console.read_settings(options.ini))
    except ValueError as error:
        raise console.Failure(str(error)) from error
    try:
        migrate(engine)
        if options.new_epoch:
            with engine.begin() as connection:
                log.new_epoch(connection)
            print("The event log has a new epoch; open pages start over.")
    finally:
        engine.dispose()


def migrate(engine):
    try:
        migration.upgrade(engine)
    except CommandError as error:
        raise console.Failure(f"{db.shown(engine.url)} cannot be migrated: {error}; was it made by a newer release?") from error
    print(f"The schema of {db.shown(engine.url)} is that of this release.")


def make_channels(registry):
    with session(registry) as rt:
        present = set(rt.request.dbsession.scalars(sa.select(Channel.name)))
        missing = [channel for channel in CHANNELS if channel["name"] not in present]
        for channel in missing:
            Channels.of(rt.request, CONSOLE).create(channel)
    print(f"Made {len(missing)} channels.")


def make_admin(registry, password):
    with session(registry) as rt:
        if rt.request.dbsession.scalar(sa.select(sa.func.count(User.id)).where(User.role == Role.ADMIN)):
            return print("There is an admin already; no account was made and no password changed.")
        given = password or secrets.token_urlsafe(PASSWORD_BYTES)
        Users.of(rt.request, CONSOLE).create({**ADMIN, "password": given})
    print("Made the account admin (admin@localhost)" + (" with the password given." if password else f" with the password {given}"))


def make_sample(registry):
    with session(registry) as rt:
        taken = set(rt.request.dbsession.scalars(sa.select(User.email_key)))
        missing = [user for user in SAMPLE if email_key(user[1]) not in taken]
        for name, email, role in missing:
            Users.of(rt.request, CONSOLE).create({"name": name, "email": email, "role": role})
    print(f"Added {len(missing)} sample users.")
    with session(registry) as rt:
        is_empty = rt.request.dbsession.scalar(sa.select(NumberRow.id).limit(1)) is None
        for value in SAMPLE_ROWS if is_empty else []:
            Rows.of(rt.request, CONSOLE).create({"value": value})


def make_sample_updates(registry):
    """Nothing is added where somebody has posted already, or where authors or channels of them are gone."""
    with session(registry) as rt:
        dbsession = rt.request.dbsession
        if dbsession.scalar(sa.select(Update.id).limit(1)) is not None:
            return print("There are updates already; none was added.")
        people = {user.email_key: user for user in dbsession.scalars(sa.select(User))}
        channels = set(dbsession.scalars(sa.select(Channel.name)))
        wanted = [(people[author], given) for author, given in SAMPLE_UPDATES if author in people and given["channel"] in channels]
        for author, given in wanted:
            Updates.of(rt.request, Identity(author.id, author.name, author.role)).create(given)
    print(f"Added {len(wanted)} sample updates.")


def make_sample_display(registry):
    """Nothing is made where there is a display already, or where the channel that it would show is gone or private."""
    with session(registry) as rt:
        dbsession, channel = rt.request.dbsession, SAMPLE_DISPLAY["panels"][0]["channel"]
        is_public = sa.select(Channel.id).where(Channel.name == channel, Channel.visibility == Visibility.PUBLIC)
        if dbsession.scalar(sa.select(Display.id).limit(1)) is None and dbsession.scalar(is_public) is not None:
            Displays.of(rt.request, CONSOLE).create(SAMPLE_DISPLAY)
