"""Applications, lent to one test after another: to make one, which is to configure it, takes ten times as long as most tests.

What is lent twice is the configuration alone. All that an application does or counts lives in the objects that `_renew` makes.
"""
from collections import OrderedDict

from argon2 import PasswordHasher
from sqlalchemy.orm import sessionmaker

import myapp
from myapp import db
from myapp.app.database_state import DatabaseState
from myapp.app.passwords import Passwords
from myapp.app.rate_limits import begin_counting
from myapp.app.roster import Roster
from myapp.realtime.runtime import Runtime
from myapp.realtime.settings import TABLE, read_table

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)      # 1 ms instead of 50: many tests sign in
MOST = 8    # that are kept, each of some 10 MB

# All items of the registry: those that `_renew` makes anew, with its attribute `realtime`, and those that no request changes.
LIVING = {"dbsession_factory", "dbsession_readers", "myapp.api_limits", "myapp.database_state", "myapp.passwords", "myapp.roster",
          "myapp.sign_in_limits"}
SETTLED = {"ini", "myapp.settings", "myapp.terms"}


class Applications:
    """One of each set of settings, the URL of the database left out. An application is with one test at a time."""

    def __init__(self):
        self._free = OrderedDict()      # settings, as a key -> (application, its configuration when it was made); the oldest first
        self._lent = []                 # [(application, key, configuration)]

    def lend(self, url, settings, is_new=False):
        """Return an application on the database of `url`, such as myapp.main() would make now, or does make: is_new."""
        key = url.partition(":")[0], *sorted(settings.items())
        app, configuration = (None if is_new else self._free.pop(key, None)) or _make(url, settings)
        _renew(app.registry, url)
        self._lent.append((app, key, configuration))
        return app

    def take_back(self):
        """End what the test has left running. An application whose configuration it has changed is not lent again."""
        for app, key, configuration in self._lent:
            end(app)
            if _configuration(app.registry) == configuration:
                self._free[key] = app, configuration
        self._lent = []
        while len(self._free) > MOST:
            self._free.popitem(last=False)


def end(app):
    """End its streams and threads, and close its connections."""
    app.registry.realtime.close()
    app.registry["myapp.roster"].stop()
    app.registry["dbsession_factory"].kw["bind"].dispose()


def _make(url, settings):
    app = myapp.main({}, **{"sqlalchemy.url": url, **settings})
    end(app)
    return app, _configuration(app.registry)


def _renew(registry, url):
    """Give the registry, in place of what it had, all that lives as long as a process."""
    engine = db.create_engine({**registry.settings, "sqlalchemy.url": url})
    registry["dbsession_factory"] = sessionmaker(engine)
    registry["dbsession_readers"] = sessionmaker(engine.execution_options(reading=True))
    values, _ = read_table(registry.settings, "realtime.", TABLE)
    registry.realtime = Runtime(registry, values, make_broker=registry.realtime.make_broker, folders=tuple(myapp.__path__))
    registry["myapp.database_state"] = DatabaseState(registry)
    begin_counting(registry)
    registry["myapp.passwords"] = Passwords(QUICK)
    registry["myapp.roster"] = Roster(registry)


def _configuration(registry):
    """What a test that only uses the application leaves as it is."""
    items = {name: dict(value) if isinstance(value, dict) else value for name, value in registry.items() if name not in LIVING}
    attributes = {name: value for name, value in vars(registry).items() if name != "realtime"}
    registered = [*registry.registeredUtilities(), *registry.registeredAdapters(), *registry.registeredHandlers(),
                  *registry.registeredSubscriptionAdapters()]
    return items, attributes, dict(registry.settings), len(registered)
