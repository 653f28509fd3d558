"""The table of the `myapp.*` keys, and what an ini file's [server:main] must not say beside them."""
import ipaddress

import plaster

from myapp.realtime import Setting, text

SETTINGS = [
    Setting("auto_login", text, "",
            "Development only: the name or e-mail of the account as which every request from this machine's own browser is signed in."),
]
EVERYWHERE = "0.0.0.0"                                  # where waitress listens when it is not told
LOOPBACK_NAMES = {"localhost", "127.0.0.1", "::1"}      # how a browser on this machine may name it


def includeme(config):
    config.include("myapp.realtime.settings")
    config.registry["myapp.settings"] = values = config.read_settings("myapp.", SETTINGS)
    if values["auto_login"]:
        config.add_start_up_check(lambda: auto_login_problems(server_of_ini(config.registry.get("ini", {}))))


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
                       for address in _addresses(server) if not is_loopback(_host(address))]


def is_loopback(address):
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
