"""Plain WSGI: a queue for each stream and a generator that waits on it. waitress gives each a thread, gunicorn with gevent a greenlet.

`python -m benchmarks.peers.wsgi PORT STREAMS` serves it with waitress; gunicorn finds `app`.
"""
import queue
import sys
import threading
from pathlib import Path
from urllib.parse import parse_qs

import jinja2

from benchmarks.content import Numbers, compute, page

templates = jinja2.Environment(loader=jinja2.FileSystemLoader(Path(__file__).parent.parent), autoescape=True)
numbers = Numbers()
streams = set()
streams_lock = threading.Lock()


def app(environ, start_response):
    query = {name: values[0] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
    return ADDRESSES[environ["PATH_INFO"]](query, start_response)


def events(query, start_response):
    start_response("200 OK", [("Content-Type", "text/event-stream"), ("Cache-Control", "no-cache")])
    return stream()


def stream():
    waiting = queue.SimpleQueue()
    with streams_lock:
        streams.add(waiting)
    try:
        yield b": welcome\n\n"
        while True:
            yield waiting.get()
    finally:
        with streams_lock:
            streams.discard(waiting)


def publish(query, start_response):
    for _ in range(int(query["count"])):
        frame = f"data: {numbers.event_json()}\n\n".encode()
        with streams_lock:
            for waiting in streams:
                waiting.put(frame)
    return answer(start_response, b"")


def show_page(query, start_response):
    return answer(start_response, templates.get_template("page.jinja2").render(page()).encode())


def busy(query, start_response):
    compute(float(query["seconds"]))
    return answer(start_response, b"")


def answer(start_response, body):
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(body)))])
    return [body]


ADDRESSES = {"/events": events, "/pub": publish, "/page": show_page, "/busy": busy}


def main(port, most_streams):
    import waitress
    threading.stack_size(256 * 1024)    # the usual 8 MiB are address space only, yet a thousand of them fill some containers
    # poll, because select() ends with a crash at the 1,024th connection; a thread for each stream and four for all else.
    waitress.serve(app, host="127.0.0.1", port=port, threads=most_streams + 4, connection_limit=most_streams + 100,
                   backlog=4096, asyncore_use_poll=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
