"""How the keeper runs PostgreSQL."""
import os
import pwd
import struct
import subprocess
from pathlib import Path

from tests.services import ServiceError, program

from . import HOST, USER, free_ports
from .kind import Kind

SETTINGS = {
    "fsync": "off",              # a test machine that loses power starts again; synchronous_commit keeps its meaning
    "full_page_writes": "off",
    "listen_addresses": f"'{HOST}'",
    "max_connections": "200",    # two pytest processes, each with a pool and 16 writers
    "dynamic_shared_memory_type": "mmap",   # files in its folder, not in /dev/shm, where a killed server would leave them
}
PROTOCOL = 3 << 16
GUARDED = "guarded"     # a role that needs its password, once somebody has made it; all others need none
SHARED_MEMORY_LINE = 6           # of postmaster.pid: key and id of a System V segment


class Postgres(Kind):
    name = "PostgreSQL"
    greeting = b"user\0%b\0database\0postgres\0\0" % USER.encode()
    greeting = struct.pack("!ii", 8 + len(greeting), PROTOCOL) + greeting
    welcome = b"R"      # authenticated; while it recovers it answers with an error, E

    @property
    def url(self):
        return f"postgresql://{USER}@{HOST}:{self.port}/postgres"

    def prepare(self):
        user, group = server_account()
        if user is not None:
            os.chown(self.folder, user, group)
        self._make_cluster()
        rules = self.folder / "data/pg_hba.conf"
        rules.write_text(f"host all {GUARDED} {HOST}/32 scram-sha-256\n{rules.read_text()}")
        with open(self.folder / "data/postgresql.conf", "a") as conf:
            conf.writelines(f"{name} = {value}\n" for name, value in {
                **SETTINGS, "port": self.port, "unix_socket_directories": f"'{self.folder}'"}.items())

    def options(self):
        return {"args": [program("postgres"), "-D", self.folder / "data"], **as_account()}

    def segments(self):
        """Return that which says who uses the folder: only the next start here would remove it."""
        left = self.folder / "data/postmaster.pid"
        lines = left.read_text().splitlines() if left.exists() else []
        is_said = len(lines) > SHARED_MEMORY_LINE and lines[SHARED_MEMORY_LINE].split()
        return lines[SHARED_MEMORY_LINE].split()[1:] if is_said else []

    def _make_cluster(self):
        # The cwd is one that the account may read: ours may be root's alone.
        done = subprocess.run([Path(program("postgres")).resolve().with_name("initdb"), "-D", self.folder / "data", "--no-sync",
                               "--auth=trust", f"--username={USER}", "--encoding=UTF8", "--locale=C"],
                              cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, **as_account())
        if done.returncode:
            raise ServiceError(f"initdb ended with {done.returncode}: {done.stderr.strip()}")


def as_account():
    """Return the arguments of Popen that make it run as server_account()."""
    user, group = server_account()
    return {} if user is None else {"user": user, "group": group, "extra_groups": []}


def server_account():
    """Return (user, group) that PostgreSQL runs as: it refuses root. (None, None) = our own."""
    if os.geteuid() != 0:
        return None, None
    for name in ("postgres", "nobody"):
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            continue
        return account.pw_uid, account.pw_gid
    raise ServiceError("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody; run the tests as another user")


def make(folder):
    return Postgres(folder, *free_ports(1))
