"""The real programs that tests run against: which there are, where they come from, and a private PostgreSQL.

Typed as a command it checks the programs (`--install`: installs the missing ones, as root on Debian). It uses the standard
library alone, for it runs before anything else does, and must know neither pytest nor the application.
"""
import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

# Program -> the Debian package that has it.
PROGRAMS = {
    "chromium": "chromium",
    "nginx": "nginx",
    "node": "nodejs",
    "postgres": "postgresql",
    "rabbitmq-server": "rabbitmq-server",
    "redis-server": "redis-server",
}
CHROMIUM_ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)
POSTGRES_SETTINGS = {
    "fsync": "off",              # a test machine that loses power starts again; synchronous_commit keeps its meaning
    "full_page_writes": "off",
    "listen_addresses": "'127.0.0.1'",
    "max_connections": "200",    # two pytest processes, each with a pool and 16 writers
}
START_TIMEOUT_S = 60   # of pg_ctl; a start takes 0.2 s, on a busy machine some seconds
PORT_TRIES = 5         # another program may take the free port between our look and PostgreSQL's bind


class ServiceError(Exception):
    """A program is missing or did not start; the message says which and what to do."""


def find_program(name):
    """Return the path of `name`, or None. PATH first, then the folders where Debian puts servers."""
    newest_first = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda folder: -float(folder.split("/")[4]))
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *newest_first, "/usr/sbin"]))


def program(name):
    """Return the path of `name`, or raise ServiceError."""
    path = find_program(name)
    if path is None:
        raise ServiceError(f"{name} is missing (Debian package {PROGRAMS[name]}); as root on Debian, `python tests/services.py --install` "
                           "installs it")
    return path


def chromium():
    """Return the path of Debian's Chromium, to be started with CHROMIUM_ARGUMENTS."""
    return program("chromium")


def missing_packages():
    """Return the Debian packages of the programs that are not there, sorted."""
    return sorted(package for name, package in PROGRAMS.items() if find_program(name) is None)


def install_programs():
    """Install what is missing, as root on Debian; else raise ServiceError, which names the packages."""
    packages = missing_packages()
    if not packages:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise ServiceError(f"the tests need these Debian packages: {' '.join(packages)}; install them, or run this as root on Debian")
    print("Installing", *packages, flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
        if subprocess.run(["apt-get", "-qq", *command], env=environment).returncode:
            raise ServiceError(f"apt-get {' '.join(command)} failed; what it printed above says why")
    if missing_packages():
        raise ServiceError(f"apt-get installed them, yet these packages' programs are not found: {' '.join(missing_packages())}")


class Postgres:
    """A private PostgreSQL server in a temporary folder, on a free port of 127.0.0.1, for one test run.

    A keeper process owns it and ends it when our end of a pipe closes, however that comes about: stop(), an exception, kill -9.

        with Postgres() as server:
            server.url   # postgresql://myapp@127.0.0.1:PORT/postgres, the maintenance database
    """

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exc_info):
        self.stop()

    def start(self):
        """Return when the server answers. Raises ServiceError."""
        # A session of its own: Ctrl-C at the terminal must reach pytest alone, which then stops the server when its tests are done.
        self._keeper = subprocess.Popen([sys.executable, __file__, "--keep-postgres"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, start_new_session=True)
        self.url = self._keeper.stdout.readline().strip()
        if not self.url.startswith("postgresql:"):
            reason = self._keeper.stdout.read()
            self.stop()
            raise ServiceError(f"PostgreSQL did not start: {self.url}\n{reason}".strip())

    def stop(self):
        """Return when the server is gone and its folder removed."""
        with self._keeper:
            self._keeper.stdin.close()


def keep_postgres():
    """Run a PostgreSQL server until the standard input ends. Prints its URL when it answers."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)   # the pipe alone decides, or a group-wide SIGTERM would leave the server behind
    with tempfile.TemporaryDirectory(prefix="myapp-postgresql-", ignore_cleanup_errors=True) as folder:
        url = serve_postgres(Path(folder))
        try:
            print(url, flush=True)
            sys.stdin.read()
        finally:
            run_postgres_tool("pg_ctl", Path(folder), "-w", "-m", "immediate", "stop")


def serve_postgres(folder):
    """Make a cluster in `folder` and start it. Returns the URL of its maintenance database; raises ServiceError."""
    user, group = server_account()
    if user is not None:
        os.chown(folder, user, group)
    run_postgres_tool("initdb", folder, "--no-sync", "--auth=trust", "--username=myapp", "--encoding=UTF8", "--locale=C")
    with open(folder / "data/postgresql.conf", "a") as conf:
        conf.writelines(f"{name} = {value}\n" for name, value in {**POSTGRES_SETTINGS, "unix_socket_directories": f"'{folder}'"}.items())
    for tries_left in reversed(range(PORT_TRIES)):
        port = free_port()
        try:
            run_postgres_tool("pg_ctl", folder, "-w", "-t", str(START_TIMEOUT_S), "-l", str(folder / "log"), "-o", f"-p {port}", "start")
        except ServiceError:
            if not tries_left:
                raise
        else:
            return f"postgresql://myapp@127.0.0.1:{port}/postgres"


def run_postgres_tool(name, folder, *arguments):
    """Run a program of PostgreSQL on the cluster in `folder`. Raises ServiceError with what it and the server said."""
    user, group = server_account()
    # The cwd is one that the account may read: ours may be root's alone.
    done = subprocess.run([Path(program("postgres")).resolve().with_name(name), "-D", folder / "data", *arguments], cwd=folder,
                          user=user, group=group, extra_groups=None if user is None else [],
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        log = folder / "log"
        raise ServiceError(f"{name} ended with {done.returncode}: {done.stderr.strip()}\n{log.read_text() if log.exists() else ''}")


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


def free_port():
    """Return a TCP port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main(arguments):
    if arguments == ["--keep-postgres"]:
        keep_postgres()
    elif arguments == ["--install"]:
        install_programs()
    elif arguments:
        raise ServiceError(f"{' '.join(arguments)}: unknown; give nothing (check) or --install")
    elif missing_packages():
        raise ServiceError(f"missing Debian packages: {' '.join(missing_packages())}; --install installs them")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except ServiceError as error:
        sys.exit(f"tests/services.py: {error}")
