"""myapp-publish: publish one event from a shell or from cron. Every open page has it, within 3 s if the broker is the memory one."""
import argparse
import json
import sys

from myapp.realtime import session

from . import console

PROG = "myapp-publish"


def main(argv=None):
    """Console command. Ends with 0, or with 1 and what is wrong on stderr, in one line."""
    with console.one_line(PROG):
        options = parser().parse_args(argv)
        publish(options, read_json(options.data))
    print(f"published {options.type} to {options.topic}")


def parser():
    parser = argparse.ArgumentParser(prog=PROG, description="Publish one event to a topic.")
    parser.add_argument("ini", metavar="INI", help="the ini file of the application")
    parser.add_argument("topic", metavar="TOPIC", type=console.text, help="a declared topic, such as users")
    parser.add_argument("type", metavar="TYPE", type=console.text, help="the event's type, such as user_updated")
    parser.add_argument("data", metavar="JSON", help="the event's data, a JSON object; - reads it from standard input")
    parser.add_argument("--key", metavar="K", type=console.text, help="id of the element that the event is about, such as user-12")
    return parser


def read_json(argument):
    """Return the data that an argument gives, or standard input when it is `-`. Raises Failure, which does not quote it."""
    try:
        given = (sys.stdin.buffer.read() if argument == "-" else argument.encode()).decode()
    except UnicodeError as error:
        raise console.Failure("the data is not UTF-8; give it in UTF-8, or with \\u escapes") from error
    try:
        return json.loads(given)
    except (ValueError, RecursionError) as error:
        raise console.Failure(f"the data cannot be read as JSON: {error}; write an object such as '{{\"value\": 1}}'") from error


def publish(options, data):
    """Publish what the options say, in a transaction of its own."""
    with console.application(options.ini) as registry, session(registry) as rt:
        rt.publish(options.topic, options.type, data, key=options.key)
