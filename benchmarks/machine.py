"""The machine that is measured on: its cores, its network, its limits, its name. Each of them is made as fair as we may make it.

Nothing here fails for want of a right: what could not be had is a sentence in `conditions`, which stands beneath the tables.
"""
import atexit
import ctypes
import datetime
import fcntl
import os
import platform
import resource
import socket
import struct
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

CLONE_NEWNET = 0x40000000       # of <sched.h>; os.unshare came with Python 3.12
SIOCSIFFLAGS, IFF_UP = 0x8914, 1    # of <net/if.h>
# The loopback's own congestion control, as reno is the cheapest and the same on every machine; ports and backlog for all streams.
NETWORK = {
    "net/ipv4/tcp_congestion_control": "reno",
    "net/ipv4/ip_local_port_range": "10000 65000",
    "net/core/somaxconn": "16384",
}
NICENESS = -10          # nine parts of a core in ten, where another program wants it too
RESERVED_FILES = 1500   # of each process, for all that is no stream; our server keeps 1,000 for connections that ask and 256 for the rest


@dataclass
class Machine:
    """server_core, client_core: where to run what, None where there is but one core. most_streams: that the file limit allows."""
    server_core: int | None
    client_core: int | None
    most_streams: int
    conditions: list[str]
    _ticks_before: "Ticks" = field(default_factory=lambda: _ticks())

    @contextmanager
    def on_core(self, core):
        """Within, this process runs on `core`, and so does for ever what it starts."""
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, before if core is None else {core})
        try:
            yield
        finally:
            os.sched_setaffinity(0, before)

    def share_of_others(self):
        """Return what share of all cores other programs, or other guests of the host, have used since `prepare`.

        Only what has ended counts as our own, so ask when all servers are stopped.
        """
        before, now = self._ticks_before, _ticks()
        return max(0, (now.busy_s - before.busy_s) - (now.own_s - before.own_s)) / max(now.all_s - before.all_s, 1e-9)

    def __str__(self):
        return (f"{_processor()}, {os.cpu_count()} cores, Linux {platform.release()}, Python {platform.python_version()}, "
                f"{datetime.date.today():%d %B %Y}; {'; '.join(self.conditions)}; "
                f"other programs used {self.share_of_others():.0%} of the cores meanwhile")


@dataclass(frozen=True)
class Ticks:
    """Seconds of CPU since the machine, or this process, began: of all cores, of those the busy ones, of this process and its children."""
    all_s: float
    busy_s: float
    own_s: float


def _ticks():
    user, nice, system, idle, waiting, *interrupts_and_steal = map(int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9])
    busy, hertz, own = user + nice + system + sum(interrupts_and_steal), os.sysconf("SC_CLK_TCK"), os.times()
    return Ticks((busy + idle + waiting) / hertz, busy / hertz,
                 own.user + own.system + own.children_user + own.children_system)


def prepare():
    """Return the Machine, its network and limits set for this process and all that it starts; this process is the client's."""
    conditions = []
    server_core, client_core = _cores(conditions)
    _enter_private_network(conditions)
    _go_ahead_of_others(conditions)
    machine = Machine(server_core, client_core, _raise_file_limit() - RESERVED_FILES, conditions)
    if client_core is not None:
        os.sched_setaffinity(0, {client_core})
    return machine


def _cores(conditions):
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        conditions.append("ONE core for server and client together: every figure is too high")
        return None, None
    conditions.append("the server on one core, load client and publisher on another")
    return cores[-1], cores[0]


def _enter_private_network(conditions):
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
        conditions.append("in the machine's own network (only root may make a private one)")
        return
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH22x", b"lo", IFF_UP))
    refused = [name for name, value in NETWORK.items() if not _is_set(Path("/proc/sys", name), value)]
    conditions.append("a private network namespace" + (f" (could not set {', '.join(refused)})" if refused else ""))


def _go_ahead_of_others(conditions):
    try:
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
    except OSError:
        conditions.append("no priority over other programs (only root may take it)")
    else:
        conditions.append(f"all of it at niceness {NICENESS}")
        go_ahead([os.getpid()])
        atexit.register(go_ahead, [os.getpid()], 0)     # a terminal's session lives on


def go_ahead(pids, niceness=NICENESS):
    """Have the whole sessions of `pids` go ahead of others, as far as we may.

    Where the kernel first shares a core among sessions (its autogroup), a process' own niceness counts within its session alone.
    """
    for pid in pids:
        with suppress(OSError):
            Path(f"/proc/{pid}/autogroup").write_text(str(niceness))


def _is_set(path, value):
    try:
        path.write_text(value)
    except OSError:
        return False
    return True


def _raise_file_limit():
    """Return how many files a process may have open from now on."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for wanted in (60_000, hard):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(wanted, hard)))
            return wanted
        except (OSError, ValueError):
            continue
    return soft


def _processor():
    names = [line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return names[0] if names else platform.machine()


def free_port():
    """Return a TCP port of 127.0.0.1 that is free, below those that the private network gives to outgoing connections."""
    for port in range(8100, 10_000):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                probe.listen()
            except OSError:
                continue
            return port
    raise OSError("no free port among 8100 to 9999")
