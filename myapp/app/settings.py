"""The table of the `myapp.*` keys."""
import limits

from myapp.realtime import Setting, boolean, duration, origins, text

SECRET_LEAST = 32       # characters; no placeholder such as change-me has so many


def secret(value):
    """A cast to a text that nobody can guess."""
    if len(value) < SECRET_LEAST:
        raise ValueError(f"at least {SECRET_LEAST} characters, such as `openssl rand -hex 32` prints; or leave it out")
    return value


def rate(value):
    """A cast to a rate of the library `limits`: `10 per 5 minutes`, `100/hour`."""
    try:
        given = limits.parse_many(value)
    except ValueError:
        given = []
    if len(given) != 1 or not given[0].amount or not given[0].get_expiry():
        raise ValueError("one rate such as 10 per 5 minutes, 100/hour")
    return given[0]


SETTINGS = [
    Setting("auto_login", text, "",
            "Development only: the name or e-mail of the account as which every request from this machine's own browser is signed in."),
    Setting("secret", secret, "",
            "Key of the hashes by which sessions and tokens are stored, the same in every process; a new one ends them all."),
    Setting("session_timeout", duration("1s"), "8h", "How long a session lasts without a request; an open stream is none."),
    Setting("session_lifetime", duration("1m"), "7d", "How long a session lasts, however much it is used."),
    Setting("rate_limit.enabled", boolean, "true", "Whether attempts to sign in and writes through the API are counted at all."),
    Setting("rate_limit.sign_in", rate, "10 per 5 minutes",
            "How often one account may be tried; one address may fail five times as often. Counted in Redis, where that is the broker."),
    Setting("rate_limit.api_writes", rate, "30000 per minute", "How often one account may write through the API, in each process."),
    Setting("public_read", boolean, "false", "Whether public topics, and what they tell of, may be read without signing in."),
    Setting("audit_retention", duration("1d"), "365d", "How long myapp-prune keeps the lines of the audit trail."),
    Setting("frame_origins", origins, "", "Origins whose pages may frame a display."),
]


def includeme(config):
    config.include("myapp.realtime.settings")
    config.registry["myapp.settings"] = config.read_settings("myapp.", SETTINGS)
