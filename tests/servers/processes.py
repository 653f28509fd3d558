"""The processes under this one, as Linux shows them: who they are, and a signal to all of them."""
import contextlib
import ctypes
import os
import signal
import time
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36     # linux/prctl.h
LOOK_S = 0.002                  # between two looks at processes on their way to a stop, of which the kernel tells but the parent


def adopt_orphans():
    """Make this process the parent of whatever loses its own below it: a daemon cannot slip away from it any more."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def below(ancestor):
    """Return {pid: state} of all processes below `ancestor`, dead ones left out; the state is the letter that ps shows."""
    parents, states = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):      # it has ended since
            state, parent = (folder / "stat").read_text().rpartition(") ")[2].split()[:2]
            parents[int(folder.name)], states[int(folder.name)] = int(parent), state
    found, wave = set(), {ancestor}
    while wave:
        wave = {pid for pid, parent in parents.items() if parent in wave}
        found |= wave
    return {pid: states[pid] for pid in found if states[pid] not in "ZX"}


def freeze_all():
    """Stop all processes below this one. Returns when none runs: one may fork between our look and the signal."""
    while running := [pid for pid, state in below(os.getpid()).items() if state != "T"]:
        send(signal.SIGSTOP, running)
        time.sleep(LOOK_S)


def thaw_all():
    """Let all processes below this one go on."""
    send(signal.SIGCONT, below(os.getpid()))


def kill_all():
    """Kill all processes below this one, frozen ones too. Returns when none is left; needs adopt_orphans()."""
    with contextlib.suppress(ChildProcessError):
        while True:     # until there is no child: each that dies leaves us its own
            send(signal.SIGKILL, below(os.getpid()))
            os.waitpid(-1, 0)


def send(number, pids):
    """Send a signal to those of the processes that are still there."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
