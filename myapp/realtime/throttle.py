"""The throttle: warnings that may come by the thousand, of which the log needs one now and then. What they are about it does not know."""
import logging
import threading
import time

INTERVAL_S = 10.0       # between two lines: a storm that lasts a minute is six lines, and the first comes at once


class Throttle:
    """One kind of warning. Any thread."""

    def __init__(self, logger, *, interval_s=INTERVAL_S, clock=time.monotonic):
        self._logger, self._interval_s, self._clock = logger, interval_s, clock
        self._lock = threading.Lock()       # guards what follows
        self._due, self._passed_over = 0.0, 0

    def warning(self, message, *arguments):
        """Log it as `logger.warning` does, or only count it; the next line says how many were passed over."""
        self._log(logging.WARNING, message, arguments, False)

    def exception(self, message, *arguments):
        """The same as an error, with the traceback of the exception that is being handled."""
        self._log(logging.ERROR, message, arguments, True)

    def _log(self, level, message, arguments, exc_info):
        with self._lock:
            if self._clock() < self._due:
                self._passed_over += 1
                return
            passed_over, self._passed_over = self._passed_over, 0
            self._due = self._clock() + self._interval_s
        more = f" ({passed_over} more like it were not logged)" if passed_over else ""
        self._logger.log(level, message + more, *arguments, exc_info=exc_info)
