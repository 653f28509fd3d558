"""myapp-prune: forget the oldest events, the sessions that have expired and old lines of the audit trail. For cron, once an hour or a day.

How old, realtime.retention, realtime.retention_rows and myapp.audit_retention say.
"""
import argparse
from datetime import timedelta

from myapp.app import audit, credentials
from myapp.app.models import now

from . import console

PROG = "myapp-prune"


def main(argv=None):
    """Console command. Ends with 0, or with 1 and what is wrong on stderr, in one line."""
    parser = argparse.ArgumentParser(prog=PROG, description="Forget old events, expired sessions and old lines of the audit trail.")
    parser.add_argument("ini", metavar="INI", help="the ini file of the application")
    with console.one_line(PROG), console.application(parser.parse_args(argv).ini) as registry:
        print(f"{registry.realtime.prune()} events forgotten")
        print(f"{forget_rows(registry, credentials.prune, registry['myapp.terms'])} expired sessions forgotten")
        oldest = now() - timedelta(seconds=registry["myapp.settings"]["audit_retention"])
        print(f"{forget_rows(registry, audit.prune, oldest)} lines of the audit trail forgotten")


def forget_rows(registry, prune, *arguments):
    with registry["dbsession_factory"].begin() as dbsession:
        return prune(dbsession, *arguments)
