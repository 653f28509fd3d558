"""How the keeper runs Redis."""
from urllib.parse import quote

from tests.services import program

from . import HOST, PASSWORD, free_ports
from .kind import Kind

# In a file, for the arguments of a process can be read by all.
SETTINGS = f"""\
bind {HOST}
port {{port}}
dir {{folder}}
requirepass "{PASSWORD}"
# Nothing is kept on disk: a broker that has forgotten everything is what a client must bear.
save ""
appendonly no
"""


class Redis(Kind):
    name = "Redis"
    greeting = f"AUTH {PASSWORD}\r\nPING\r\n".encode()
    welcome = b"+OK\r\n+PONG\r\n"

    @property
    def url(self):
        return f"redis://:{quote(PASSWORD, safe='')}@{HOST}:{self.port}/0"

    def prepare(self):
        (self.folder / "redis.conf").write_text(SETTINGS.format(port=self.port, folder=self.folder))

    def options(self):
        return {"args": [program("redis-server"), self.folder / "redis.conf"]}


def make(folder):
    return Redis(folder, *free_ports(1))
