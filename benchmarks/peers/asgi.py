"""ASGI: Starlette and sse-starlette under uvicorn, an asyncio.Queue for each stream: the recipe of their documentation."""
import asyncio
from pathlib import Path

from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
from starlette.templating import Jinja2Templates

from benchmarks.content import Numbers, compute, page

templates = Jinja2Templates(Path(__file__).parent.parent)
numbers = Numbers()
streams = set()


async def events(request):
    return EventSourceResponse(stream())


async def stream():
    waiting = asyncio.Queue()
    streams.add(waiting)
    try:
        while True:
            yield {"data": await waiting.get()}
    finally:
        streams.discard(waiting)


async def publish(request):
    for _ in range(int(request.query_params["count"])):
        data = numbers.event_json()
        for waiting in streams:
            waiting.put_nowait(data)
    return Response()


async def show_page(request):
    return templates.TemplateResponse(request, "page.jinja2", page())


def busy(request):      # not async: Starlette gives it a thread, as it should
    compute(float(request.query_params["seconds"]))
    return Response()


app = Starlette(routes=[
    Route("/events", events), Route("/pub", publish, methods=["POST"]), Route("/page", show_page), Route("/busy", busy)])
