"""myapp-prune: forget the oldest events, as realtime.retention and realtime.retention_rows say. For cron, once an hour or a day."""
import argparse
import sys

from pyramid.paster import get_app, setup_logging

from myapp.realtime import LogUnavailable


def main(argv=None):
    """Console command. Ends with 0, or with 1 and one line on stderr that says what is wrong."""
    parser = argparse.ArgumentParser(prog="myapp-prune", description="Forget the oldest events of the log.")
    parser.add_argument("ini", metavar="INI", help="the ini file of the application")
    options = parser.parse_args(argv)
    try:
        setup_logging(options.ini)
        runtime = get_app(options.ini).registry.realtime
        print(f"{runtime.prune()} events forgotten")
        runtime.close()
    except (LogUnavailable, OSError, LookupError, ValueError) as error:
        print(f"myapp-prune: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(1)
