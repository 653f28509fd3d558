"""Open files: how many this process may have, and how they are shared out between connections that ask and streams.

Out of descriptors nothing works any more: waitress's listener spins and logs megabytes. So streams never get the last ones.
"""
try:
    import resource
except ImportError:     # Windows
    resource = None

ENOUGH = 65_536         # open files: some 60,000 streams, more than one process can serve
RESERVE = 64, 256       # at least and at most, for the database, the broker, log files and whatever the application opens
CONNECTIONS = 1000      # waitress's own 100 are soon taken by browsers that keep their connections


def raise_limit():
    """Let the process have as many open files as it may, up to ENOUGH; return how many. Where there is no such limit: ENOUGH."""
    if resource is None:
        return ENOUGH
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    soft, hard = (ENOUGH if limit == resource.RLIM_INFINITY else limit for limit in limits)
    wanted = max(soft, min(hard, ENOUGH))
    try:
        if wanted > soft:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, limits[1]))
    except (OSError, ValueError):   # macOS allows fewer than it says
        return soft
    return wanted


def connections(limit):
    """Return how many connections waitress may have, of `limit` open files, unless the ini says so."""
    return min(CONNECTIONS, limit // 4)


def room_for_streams(limit, connection_limit):
    """Return how many streams there is room for. Raises ValueError when there is none."""
    least, most = RESERVE
    room = limit - connection_limit - min(most, max(least, limit // 4))
    if room < 1:
        raise ValueError(f"connection_limit = {connection_limit}: leaves no room for streams, this process may have {limit} open files; "
                         "lower it, or raise the limit (ulimit -n, LimitNOFILE= of systemd)")
    return room
