"""myapp-prune: forget the oldest events, as realtime.retention and realtime.retention_rows say. For cron, once an hour or a day."""
import argparse

from . import console

PROG = "myapp-prune"


def main(argv=None):
    """Console command. Ends with 0, or with 1 and what is wrong on stderr, in one line."""
    parser = argparse.ArgumentParser(prog=PROG, description="Forget the oldest events of the log.")
    parser.add_argument("ini", metavar="INI", help="the ini file of the application")
    with console.one_line(PROG), console.application(parser.parse_args(argv).ini) as registry:
        print(f"{registry.realtime.prune()} events forgotten")
