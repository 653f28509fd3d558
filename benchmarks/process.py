"""A server's processes as the kernel sees them: what they cost in CPU and memory, and how to start, freeze and end them."""
import contextlib
import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

from .machine import go_ahead

START_S = 30        # until a server answers its port; they take 0.1 to 3 s
STOP_S = 15         # for a polite end; then it is killed
QUIET_SHARE = 0.05  # of a core: a server that uses less is at rest
QUIET_LOOK_S = 0.25
QUIET_S = 30        # to come to rest; one that never does is measured as it is
CPU_CLOCK = 2       # CPUCLOCK_SCHED of the kernel: user and system time of a whole process in ns, its ended threads included


class Process:
    """A command and all that it starts. Its output goes to a file, which an error quotes."""

    def __init__(self, command, *, port, log, environment=None):
        """Return when it answers on `port`. It runs where this process does: see Machine.on_core. Raises OSError when it does not start."""
        self.port, self._log = port, Path(log)
        with self._log.open("wb") as output:
            self._process = subprocess.Popen(
                [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})}, start_new_session=True)
        go_ahead([self._process.pid])
        try:
            self._wait_until_it_answers()
        except BaseException:
            self.stop()
            raise

    def _wait_until_it_answers(self):
        deadline = time.monotonic() + START_S
        while self._process.poll() is None and time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise OSError(f"it does not answer on port {self.port}; it said: {self._log.read_text(errors='replace')[-2000:]}")

    def stop(self):
        """Return when all of it has ended."""
        self._signal(signal.SIGCONT, signal.SIGTERM)
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            pass
        self._signal(signal.SIGKILL)
        self._process.wait()

    def freeze(self):
        """Have it do nothing at all while another server is measured, not even its heartbeats."""
        self._signal(signal.SIGSTOP)

    def thaw(self):
        """Return when it is at rest again: what fell due meanwhile is done."""
        self._signal(signal.SIGCONT)
        self.wait_until_quiet()

    def wait_until_quiet(self):
        deadline, share = time.monotonic() + QUIET_S, 1
        while share > QUIET_SHARE and time.monotonic() < deadline:
            before = self.cpu_s()
            time.sleep(QUIET_LOOK_S)
            share = (self.cpu_s() - before) / QUIET_LOOK_S

    def cpu_s(self):
        """Return the CPU time that its living processes have used since they began, user and system."""
        return cpu_s(self._pids())

    def memory_bytes(self):
        """Return the memory that it has made, a page that its processes share counted once.

        Pages of files, so the programs themselves, are left out: how they count depends on who else has them open. Sockets' buffers
        are the kernel's.
        """
        rollups = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in self._pids()]
        return sum(int(kb) * 1024 for rollup in rollups for kb in re.findall(r"^Pss_(?:Anon|Shmem):\s+(\d+) kB", rollup, re.MULTILINE))

    def _pids(self):
        return [int(name) for name in os.listdir("/proc") if name.isdigit() and _group(int(name)) == self._process.pid]

    def _signal(self, *numbers):
        for number in numbers:
            try:
                os.killpg(self._process.pid, number)
            except ProcessLookupError:
                return


def cpu_s(pids):
    """Return the CPU time that those of the processes that still live have used since they began, user and system."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):      # it has ended since
            total += time.clock_gettime(~pid << 3 | CPU_CLOCK)
    return total


def _group(pid):
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None
