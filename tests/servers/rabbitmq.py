"""How the keeper runs RabbitMQ: a node of its own, with its own epmd, which sees nothing of one that the machine runs."""
import glob
import os
from pathlib import Path
from urllib.parse import quote

from tests.services import program

from . import HOST, PASSWORD, USER, free_ports
from .kind import Kind

# Erlang's own configuration, not a rabbitmq.conf: to read that one, RabbitMQ first looks through the schemas of all its plugins.
SETTINGS = f"""\
[{{rabbit, [
    {{default_user, <<"{USER}">>}},
    {{default_pass, <<"{PASSWORD}">>}},
    %% No alarm, which would block publishers: the machine's other work must not decide about a test.
    {{vm_memory_high_watermark, 1.0}},
    {{disk_free_limit, 0}},
    {{log, [{{console, [{{enabled, true}}, {{level, warning}}]}}, {{file, [{{file, false}}]}}]}}
]}}].
"""
ERLANG = (
    "+S 1:1",       # one scheduler: no test needs more, and two processors are all that many a machine has
    "+SDio 1",      # threads for the disk, of which there would be ten
    "-kernel inet_dist_use_interface {127,0,0,1}",
)


class RabbitMQ(Kind):
    name = "RabbitMQ"
    greeting = b"AMQP\0\0\x09\x01"
    welcome = b"\x01\0\0"      # Connection.Start, on channel 0

    def __init__(self, folder, port, erlang_port, epmd_port):
        """erlang_port, epmd_port: for what the nodes of a cluster say to each other; there is no way to have none."""
        super().__init__(folder, port)
        self._erlang_port, self._epmd_port = erlang_port, epmd_port

    @property
    def url(self):
        return f"amqp://{USER}:{quote(PASSWORD, safe='')}@{HOST}:{self.port}/%2F"

    def prepare(self):
        (self.folder / "plugins").mkdir()
        (self.folder / "erlang.config").write_text(SETTINGS)
        (self.folder / "enabled_plugins").write_text("[].\n")

    def options(self):
        return {"args": [server_script()], "env": self._environment()}

    def _environment(self):
        """Nothing of RabbitMQ or Erlang that the caller's environment or the machine's configuration may set: those files are absent."""
        at = {name: str(self.folder / name) for name in ("absent", "data", "enabled_plugins", "erlang", "logs", "plugins")}
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",                          # Erlang warns of any other
            "HOME": str(self.folder),                   # where the cookie is made
            "ERL_CRASH_DUMP_SECONDS": "0",
            "ERL_EPMD_ADDRESS": HOST,
            "ERL_EPMD_PORT": str(self._epmd_port),
            "RABBITMQ_ADVANCED_CONFIG_FILE": at["absent"],
            "RABBITMQ_CONFIG_FILE": at["absent"],
            "RABBITMQ_CONFIG_FILES": at["absent"],
            "RABBITMQ_CONF_ENV_FILE": at["absent"],
            "RABBITMQ_DIST_PORT": str(self._erlang_port),
            "RABBITMQ_ENABLED_PLUGINS_FILE": at["enabled_plugins"],
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_LOG_BASE": at["logs"],
            "RABBITMQ_MNESIA_BASE": at["data"],
            "RABBITMQ_NODENAME": "myapp@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": HOST,
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_PLUGINS_DIR": at["plugins"],
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": " ".join([*ERLANG, "-config", at["erlang"]]),
        }


def server_script():
    """Return the path of RabbitMQ's own script: Debian's on the PATH runs it as another user and wants root."""
    own = sorted(glob.glob("/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server"), key=lambda path: Path(path).stat().st_mtime)
    return own[-1] if own else program("rabbitmq-server")


def make(folder):
    return RabbitMQ(folder, *free_ports(3))
