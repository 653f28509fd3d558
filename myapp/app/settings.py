"""The table of the `myapp.*` keys."""
from myapp.realtime import Setting, text

SETTINGS = [
    Setting("auto_login", text, "",
            "Development only: the name or e-mail of the account as which every request from this machine's own browser is signed in."),
]


def includeme(config):
    config.include("myapp.realtime.settings")
    config.registry["myapp.settings"] = config.read_settings("myapp.", SETTINGS)
