"""The security headers, on every response, errors and redirects among them."""
import re

from pyramid.tweens import EXCVIEW, INGRESS

# Nothing from elsewhere and nothing inline: markup that slips into a page could then still run nothing.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors {}")

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",               # not no-referrer: a form's Origin would then be "null"
    "Cross-Origin-Opener-Policy": "same-origin",
}
NOT_FRAMED = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY.format("'none'"),
    "X-Frame-Options": "DENY",                      # frame-ancestors for those that do not know it
}
ONLY_HTTPS = {"Strict-Transport-Security": "max-age=31536000"}  # seconds: a year, the least that browsers' preload lists take
CACHE_CONTROL = "private, no-store"     # of what does not say otherwise: pages and API answers are for one viewer
DISPLAY = re.compile("/displays/(?!new$)[^/]+")     # the pages that another site may show in a frame; not the form that makes one


def tween_factory(handler, registry):
    framed = framed_by(registry["myapp.settings"]["frame_origins"])

    def tween(request):
        response = handler(request)
        response.headers.update(HEADERS)
        response.headers.update(framed if DISPLAY.fullmatch(request.environ.get("PATH_INFO", "")) else NOT_FRAMED)
        if request.scheme == "https":
            response.headers.update(ONLY_HTTPS)
        response.headers.setdefault("Cache-Control", CACHE_CONTROL)
        return response
    return tween


def framed_by(origins):
    """Return the headers of a page that pages of `origins`, a set or None, may frame. There is no X-Frame-Options that could say so."""
    return {"Content-Security-Policy": CONTENT_SECURITY_POLICY.format(" ".join(sorted(origins)))} if origins else NOT_FRAMED


def includeme(config):
    config.add_tween("myapp.app.headers.tween_factory", under=INGRESS, over=["pyramid_tm.tm_tween_factory", EXCVIEW])
