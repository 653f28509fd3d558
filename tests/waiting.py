"""Waiting for a thing, and never for time."""
import threading
import time

WAIT_S = 30.0       # for what must come; it mostly comes within milliseconds, on a busy machine many times as late
LOOK_S = 0.01


def wait_until(is_so, *, timeout_s=WAIT_S):
    """Wait for what another thread or process does. Raises AssertionError when it does not come to pass."""
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline, "it does not come to pass"
        threading.Event().wait(LOOK_S)
