"""How the keeper runs nginx: one process before one other server, with a site for each way in which proxies treat streams."""
from tests.services import program

from . import HOST, free_ports
from .kind import Kind

TARGET = "target"       # in the folder: the file that says before which server it is, as host:port
IMPATIENCE_S = 3
# Name of a site -> what it does otherwise than nginx does by itself.
SITES = {
    "plain": "",
    "buffering": "proxy_ignore_headers X-Accel-Buffering;",
    "impatient": f"proxy_read_timeout {IMPATIENCE_S}s;",
}
# As whoever starts it, with no path outside its folder; one process, so that it needs no other account for a second one.
SETTINGS = """\
daemon off;
master_process off;
pid {folder}/pid;
error_log stderr crit;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    map $http_upgrade $upgrade_or_nothing {{ default upgrade; "" ""; }}
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $upgrade_or_nothing;
{sites}
}}
"""
SITE = """\
    server {{
        listen {host}:{port};
        {directives}
        location / {{ proxy_pass http://{target}; }}
    }}
"""


class Nginx(Kind):
    name = "nginx"
    greeting = b"GARBAGE\r\n\r\n"       # which it answers itself: the server behind it need not be there
    welcome = b"HTTP/1.1 400 "

    def __init__(self, folder, *ports):
        super().__init__(folder, ports[0])
        self._ports = dict(zip(SITES, ports, strict=True))

    @property
    def url(self):
        """{name of a site: its URL}."""
        return {name: f"http://{HOST}:{port}" for name, port in self._ports.items()}

    def prepare(self):
        target = (self.folder / TARGET).read_text()
        sites = "".join(SITE.format(host=HOST, port=self._ports[name], directives=directives, target=target)
                        for name, directives in SITES.items())
        (self.folder / "nginx.conf").write_text(SETTINGS.format(folder=self.folder, sites=sites))

    def options(self):
        return {"args": [program("nginx"), "-e", "stderr", "-p", self.folder, "-c", self.folder / "nginx.conf"]}


def make(folder):
    return Nginx(folder, *free_ports(len(SITES)))
