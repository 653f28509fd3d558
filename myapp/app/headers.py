"""The security headers, on every response, errors and redirects among them."""
from pyramid.tweens import EXCVIEW, INGRESS

# Nothing from elsewhere and nothing inline: markup that slips into a page could then still run nothing.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")

HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",                      # frame-ancestors for those that do not know it
    "Referrer-Policy": "same-origin",               # not no-referrer: a form's Origin would then be "null"
    "Cross-Origin-Opener-Policy": "same-origin",
}
CACHE_CONTROL = "private, no-store"     # of what does not say otherwise: pages and API answers are for one viewer


def tween_factory(handler, registry):
    def tween(request):
        response = handler(request)
        response.headers.update(HEADERS)
        response.headers.setdefault("Cache-Control", CACHE_CONTROL)
        return response
    return tween


def includeme(config):
    config.add_tween("myapp.app.headers.tween_factory", under=INGRESS, over=["pyramid_tm.tm_tween_factory", EXCVIEW])
