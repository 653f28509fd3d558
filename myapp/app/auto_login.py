"""Auto-login: development on one's own machine, signed in without a password; and where the start refuses it.

A request counts as one's own when it was made on this machine, to this machine's own name, and not by another site's page.
"""
import ipaddress
import logging
import re

import plaster

log = logging.getLogger(__name__)

EVERYWHERE = "0.0.0.0"                                  # where waitress listens when it is not told
LOOPBACK_NAMES = {"localhost", "127.0.0.1", "::1"}      # how a browser on this machine may name it


def comes_from_own_browser(environ):
    """Tell whether a WSGI request was made on this machine, to this machine's own name, and not by another site's page.

    The Host is checked because a foreign name may resolve to 127.0.0.1 (DNS rebinding), Origin and Sec-Fetch-Site because
    a foreign page in one's own browser may send requests here.
    """
    host, scheme = environ.get("HTTP_HOST", ""), environ["wsgi.url_scheme"]
    return (
        _is_loopback_ip(environ.get("REMOTE_ADDR", ""))
        and _hostname(host) in LOOPBACK_NAMES
        and environ.get("HTTP_ORIGIN", f"{scheme}://{host}") == f"{scheme}://{host}"
        and environ.get("HTTP_SEC_FETCH_SITE", "none") in {"same-origin", "none"}
    )


def _is_loopback_ip(address):
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return False
    return _is_loopback(address)


def _hostname(host):
    """The name in a Host header, None when there is more in it than a name and a port."""
    match = re.fullmatch(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9.-]+))(?::[0-9]{1,5})?", host.lower(), re.ASCII)
    return match and (match[1] or match[2])


def server_of_ini(ini):
    """Return the keys of [server:main] of the file behind `ini` (PasteDeploy's global configuration); {} where there is none."""
    if not ini.get("__file__"):
        return {}
    given = {key: value for key, value in ini.items() if key not in {"__file__", "here"}}
    try:
        return plaster.get_settings(ini["__file__"], "server:main", given)
    except (plaster.PlasterError, LookupError):     # served by something else than pserve
        return {}


def auto_login_problems(server):
    """Return why `myapp.auto_login` would open the application to others, given the keys of [server:main]; [] when it would not."""
    advice = "leave myapp.auto_login out, or serve on 127.0.0.1 without a proxy"
    problems = [f"myapp.auto_login with {key} = {server[key]!r} in [server:main]: a proxy's requests all look local; {advice}"
                for key in ("trusted_proxy", "unix_socket") if server.get(key)]
    return problems + [f"myapp.auto_login with the listen address {address!r} in [server:main]: others could reach it; {advice}"
                       for address in _addresses(server) if not _is_loopback(_host(address))]


def _is_loopback(address):
    """Tell whether an IP address, as text, or `localhost` is this machine's own and unreachable for others."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address == "localhost"
    return (getattr(parsed, "ipv4_mapped", None) or parsed).is_loopback


def _addresses(server):
    if not server or server.get("unix_socket"):
        return []
    return server.get("listen", "").split() or [server.get("host") or EVERYWHERE]


def _host(address):
    """The host of `host`, `host:port`, `[v6]:port`."""
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.rpartition(":")[0] if address.count(":") == 1 else address


def includeme(config):
    auto_login = config.registry["myapp.settings"]["auto_login"]
    config.add_request_method(lambda request: bool(auto_login), "is_auto_login", property=True)
    if auto_login:
        config.add_start_up_check(lambda: auto_login_problems(server_of_ini(config.registry.get("ini", {}))))
        log.warning("myapp.auto_login = %s: requests from this machine are signed in without a password; for development only", auto_login)
