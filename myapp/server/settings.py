"""The settings of [server:main]: our own, and those of waitress, read more strictly: a slip is named and does not pass for a wish."""
import difflib

from waitress.adjustments import Adjustments, asbool, asoctal, truthy

from ..realtime.settings import Setting, duration, size

TABLE = [
    Setting("switch_interval", duration("0.01ms", "1s"), "0.1ms",
            "How long a thread that computes may keep the others waiting, the streams too."),
    Setting("send_buffer", size("4KiB", "16MiB"), "32KiB", "What the kernel holds for one stream whose client does not read."),
]
OURS = {setting.key: setting for setting in TABLE}
DEFAULTS = {
    "asyncore_use_poll": True,          # select() knows no file descriptor beyond 1023: the first one ends the server
    "channel_request_lookahead": 1,     # else waitress does not tell that a client has gone
    "max_request_header_size": 64 << 10,    # bytes, past them 431; waitress has 256 KiB, and reads all anew with each packet. nginx has 32
    "max_request_body_size": 1 << 20,   # bytes, past them 413; waitress takes 1 GiB from anybody before it asks the application. nginx too
}
BOUNDS = {"port": (0, 65535)}           # of numbers; all others count something of which there must be one at least
FALSY = frozenset({"f", "false", "n", "no", "off", "0"})    # waitress takes any text that is not truthy for false


def read_settings(settings):
    """Return ({key of TABLE: typed value}, what is fit for waitress) of `settings`, text or typed, with our defaults.

    Raises ValueError, which names every key that is wrong, its value and what is allowed.
    """
    problems = [f"{key} = {str(value)[:100]!r}: {wrong}" for key, value in settings.items() if (wrong := _wrong(key, value))]
    if problems:
        raise ValueError("; ".join(problems))
    ours = {key: setting.cast(str(settings.get(key, setting.default)).strip()) for key, setting in OURS.items()}
    return ours, DEFAULTS | {key: value for key, value in settings.items() if key not in OURS}


def _wrong(key, value):
    """Return what is wrong with one setting, None when nothing is."""
    casts = dict(Adjustments._params)   # waitress tells its keys nowhere else
    if key in OURS:
        return _wrong_of_ours(OURS[key], value)
    if key not in casts:
        return f"no such setting{_nearest(key, [*casts, *OURS])}; they are those of waitress, {' and '.join(OURS)}"
    if key == "asyncore_use_poll" and _boolean(value) is False:
        return "must be true; with select() the server would end at its 1024th open file"
    if casts[key] is asbool and _boolean(value) is None:
        return "must be true or false"
    if casts[key] is int:
        return _wrong_number(value, *BOUNDS.get(key, (1, None)))
    if casts[key] is asoctal and not _is_octal(value):
        return "must be an octal number, such as 600"
    return None


def _wrong_of_ours(setting, value):
    try:
        setting.cast(str(value).strip())
    except ValueError as error:
        return f"must be {error}"
    return None


def _wrong_number(value, least, most):
    text = str(value).strip()
    if text.isascii() and text.isdigit() and least <= int(text) and (most is None or int(text) <= most):
        return None
    return f"must be a whole number, {least} or more" if most is None else f"must be a whole number from {least} to {most}"


def _boolean(value):
    text = str(value).strip().lower()
    return True if text in truthy else False if text in FALSY else None


def _is_octal(value):
    return isinstance(value, str) and value.strip().isdigit() and set(value.strip()) <= set("01234567")


def _nearest(key, keys):
    nearest = difflib.get_close_matches(key, keys, n=1)
    return f" (did you mean {nearest[0]!r}?)" if nearest else ""
