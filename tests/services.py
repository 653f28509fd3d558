"""The real programs that tests run against: which there are, and where they come from. servers/ runs private ones.

Typed as a command it checks the programs (`--install`: installs the missing ones, as root on Debian). It uses the standard
library alone, for it runs before anything else does, and must know neither pytest nor the application.
"""
import glob
import os
import shutil
import subprocess
import sys
from pathlib import Path

# Program -> the Debian package that has it.
PROGRAMS = {
    "chromium-headless-shell": "chromium-headless-shell",
    "curl": "curl",
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
# Where `make .venv/can-test` puts npm's packages that only tests use.
LIBRARIES = Path(__file__).parents[1] / "build/test-libraries/node_modules"


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
    """Return the path of Debian's Chromium, to be started with CHROMIUM_ARGUMENTS: without its windows, which take three quarters of
    the time that a new browser context needs."""
    return program("chromium-headless-shell")


def library(path):
    """Return where a file of npm's packages lies, by its path in node_modules/, or raise ServiceError."""
    if not (LIBRARIES / path).exists():
        raise ServiceError(f"{LIBRARIES / path} is missing; `make .venv/can-test` installs what package.json names")
    return LIBRARIES / path


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


def main(arguments):
    if arguments == ["--install"]:
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
