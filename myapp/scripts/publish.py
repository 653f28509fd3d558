"""myapp-publish: publish one event from a shell or from cron. Every open page has it, within 3 s if the broker is the memory one."""
import argparse
import json
import sys

from pyramid.paster import get_app, setup_logging

from myapp.realtime import InvalidEvent, LogUnavailable, UnknownTopic, session


def main(argv=None):
    """Console command. Ends with 0, or with 1 and one line on stderr that says what is wrong."""
    options = parser().parse_args(argv)
    try:
        print(publish(options))
    except (InvalidEvent, LogUnavailable, UnknownTopic, OSError, LookupError, ValueError) as error:
        print(f"myapp-publish: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(1)


def parser():
    parser = argparse.ArgumentParser(prog="myapp-publish", description="Publish one event to a topic.")
    parser.add_argument("ini", metavar="INI", help="the ini file of the application")
    parser.add_argument("topic", metavar="TOPIC", help="a declared topic, such as users")
    parser.add_argument("type", metavar="TYPE", help="the event's type, such as user_updated")
    parser.add_argument("data", metavar="JSON", help="the event's data, a JSON object; - reads it from standard input")
    parser.add_argument("--key", metavar="K", help="id of the element that the event is about, such as user-12")
    return parser


def publish(options):
    """Publish what the options say, in a transaction of its own. Returns a sentence."""
    text = sys.stdin.read() if options.data == "-" else options.data
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidEvent(f"the data cannot be read as JSON: {error}; write an object such as '{{\"value\": 1}}'") from error
    setup_logging(options.ini)
    registry = get_app(options.ini).registry
    with session(registry) as rt:
        rt.publish(options.topic, options.type, data, key=options.key)
    registry.realtime.close()
    return f"published {options.type} to {options.topic}"
