"""Rate limits: how often somebody has tried something, and when he may try again. It knows nothing of accounts and passwords.

Counted in a sliding window of the library `limits`: in Redis for all processes together, or in this process's own memory.
"""
import ipaddress
import logging
import math
import threading
import time
from functools import cached_property

from limits.errors import StorageError
from limits.storage import Storage, storage_from_string
from limits.storage.base import SlidingWindowCounterSupport
from limits.strategies import SlidingWindowCounterRateLimiter
from pyramid.events import NewRequest

from myapp.realtime import PublishAsked, problem

from .errors import TooManyAttempts
from .requests import SAFE_METHODS

log = logging.getLogger(__name__)

REDIS_TIMEOUT_S = 1.0   # for an answer of Redis; who signs in waits for it
PAUSE_S = 10.0          # in which a Redis that has failed is not asked again: one line in the log, and one slow sign-in, each time
SWEEP_AT = 10_000       # counters at which those are looked for that count nothing any more


class OwnMemory(Storage, SlidingWindowCounterSupport):
    """Counts in this process's memory. Any thread. The library's own looks through every key in a thread started by most hits."""
    STORAGE_SCHEME = None

    def __init__(self, clock=time.time):
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()       # guards what follows
        self._counts = {}                   # key -> (number of the window, count in the one before, count, when it is worth nothing)
        self._sweep_at = SWEEP_AT

    def acquire_sliding_window_entry(self, key, limit, expiry, amount=1):
        with self._lock:
            window, before, count, weight = self._window(key, expiry)
            if math.floor(before * weight) + count + amount > limit:
                return False
            self._counts[key] = window, before, count + amount, (window + 2) * expiry
            if len(self._counts) >= self._sweep_at:
                self._sweep()
            return True

    def get_sliding_window(self, key, expiry):
        with self._lock:
            _, before, count, weight = self._window(key, expiry)
        return before, weight * expiry, count, (1 + weight) * expiry

    def clear_sliding_window(self, key, expiry):
        self.clear(key)

    def clear(self, key):
        with self._lock:
            self._counts.pop(key, None)

    def reset(self):
        with self._lock:
            count = len(self._counts)
            self._counts.clear()
        return count

    def _window(self, key, expiry):
        """(number of the window, count in the one before, count in this one, how much of the one before still counts: 0..1)."""
        window, passed = divmod(self._clock() / expiry, 1)
        then, before, count, _ = self._counts.get(key, (window, 0, 0, 0))
        if then != window:
            before, count = (count if then == window - 1 else 0), 0
        return window, before, count, 1 - passed

    def _sweep(self):
        moment = self._clock()
        self._counts = {key: entry for key, entry in self._counts.items() if entry[3] > moment}
        self._sweep_at = max(SWEEP_AT, 2 * len(self._counts))

    # The rest of the interface is for strategies that are not used here.

    base_exceptions = ()

    def check(self):
        return True

    def incr(self, key, expiry, amount=1):
        raise NotImplementedError

    def get(self, key):
        raise NotImplementedError

    def get_expiry(self, key):
        raise NotImplementedError


class RateLimits:
    """Counts attempts. Any thread. A `rate` is one of the library's, `key` texts that say who tries what."""

    def __init__(self, redis_url=None, clock=time.monotonic):
        """redis_url: counts for all processes; None: each counts for itself. Nothing is connected yet."""
        self._own = SlidingWindowCounterRateLimiter(OwnMemory())
        self._redis_url, self._clock = redis_url, clock
        self._lock = threading.Lock()       # guards what follows
        self._due = 0.0                     # when Redis is asked again

    def hit(self, rate, *key):
        """Count an attempt. Returns False, and does not count it, when there were too many already."""
        return self._ask("hit", rate, *key)

    def test(self, rate, *key):
        """Tell whether hit() would return True."""
        return self._ask("test", rate, *key)

    def clear(self, rate, *key):
        """Forget the attempts."""
        self._ask("clear", rate, *key)

    def retry_after_s(self, rate, *key):
        """Return in how many whole seconds, at least 1, there may be room again."""
        return max(1, math.ceil(self._ask("get_window_stats", rate, *key).reset_time - time.time()))

    def _ask(self, act, *arguments):
        if self._redis_url and self._clock() >= self._due:
            try:
                return getattr(self._shared, act)(*arguments)
            except StorageError as error:
                self._pause(error)
        return getattr(self._own, act)(*arguments)

    @cached_property
    def _shared(self):
        return SlidingWindowCounterRateLimiter(storage_from_string(
            self._redis_url, wrap_exceptions=True, socket_timeout=REDIS_TIMEOUT_S, socket_connect_timeout=REDIS_TIMEOUT_S, retry=None))

    def _pause(self, error):
        with self._lock:
            if self._clock() < self._due:
                return
            self._due = self._clock() + PAUSE_S
        log.warning("rate limits: Redis does not answer (%s); this process counts for itself meanwhile", type(error.storage_error).__name__)


class NoLimits:
    """RateLimits that count nothing: there is room for everything, so that nobody asks when there is again."""

    def hit(self, rate, *key):
        return True

    test = hit

    def clear(self, rate, *key):
        pass


def address_key(address):
    """Return what counts as one address: of IPv6 the network of 64 bits, which one customer has for himself."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return address or "unknown"
    if parsed.version == 4 or parsed.ipv4_mapped:
        return str(getattr(parsed, "ipv4_mapped", None) or parsed)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def count_write(event):
    """Subscriber of NewRequest. Raises TooManyAttempts when an account, or an anonymous address, writes too often through the API."""
    request = event.request
    if request.method in SAFE_METHODS or not request.path_info.startswith("/api/") or request.path_info == "/api/tokens":
        return      # a sign-in counts by itself
    if wait_s := excess(request):
        raise TooManyAttempts(wait_s)


def count_publication(event):
    """Subscriber of PublishAsked: what is published by a WebSocket is a write like any other. Raises a problem of status 429."""
    if wait_s := excess(event.request):
        raise problem(429, str(TooManyAttempts(wait_s)), retry_after_s=wait_s)


def excess(request):
    """Count a write. Returns 0, or in how many seconds there may be room again for whoever asks."""
    rate, limits = request.registry["myapp.settings"]["rate_limit.api_writes"], request.registry["myapp.api_limits"]
    key = "write", request.authenticated_userid or address_key(request.remote_addr)
    return 0 if limits.hit(rate, *key) else limits.retry_after_s(rate, *key)


def redis_url(settings):
    """Return the broker's URL when it is a Redis, else None."""
    broker = (settings.get("realtime.broker") or "").strip()
    return broker if broker.partition(":")[0] in {"redis", "rediss"} else None


def begin_counting(registry):
    """Give the registry the limits that its settings ask for, with nothing counted yet. Returns whether there are any."""
    is_enabled = registry["myapp.settings"]["rate_limit.enabled"]
    registry["myapp.sign_in_limits"] = RateLimits(redis_url(registry.settings)) if is_enabled else NoLimits()
    registry["myapp.api_limits"] = RateLimits() if is_enabled else NoLimits()
    return is_enabled


def includeme(config):
    if begin_counting(config.registry):
        config.add_subscriber(count_write, NewRequest)
        config.add_subscriber(count_publication, PublishAsked)
