"""Static files under an address that changes with the build, so that browsers may keep them for ever.

The build is a segment of the path: ES modules and style sheets find their neighbours by relative addresses, under the same build.
"""
from pyramid.httpexceptions import HTTPMovedPermanently, HTTPNotFound
from pyramid.security import NO_PERMISSION_REQUIRED
from pyramid.static import static_view

YEAR_S = 365 * 24 * 3600


def includeme(config):
    config.add_directive("add_assets", add_assets)
    config.add_request_method(asset_path)


def add_assets(config, name, spec):
    """Directive. Serve the folder `spec` (`package:folder`) under `/{name}/{build}/`; see `request.asset_path`."""
    serve = static_view(spec, cache_max_age=None, use_subpath=True)

    def view(context, request):
        try:
            response = serve(context, request)
        except HTTPMovedPermanently:    # a folder: to its address with a slash, made of whatever Host the client sent
            raise HTTPNotFound() from None
        # Another build's address, met while releases roll over: what is here may not be what belongs there, so keep nothing.
        current = request.matchdict["build"] == request.realtime.build
        response.cache_control = f"public, max-age={YEAR_S}, immutable" if current else "no-store"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    config.add_route(_route(name), f"/{name}/{{build}}/*subpath", request_method=("GET", "HEAD"))
    config.add_view(view, route_name=_route(name), permission=NO_PERMISSION_REQUIRED)


def asset_path(request, name, path):
    """Request method. The path of a file of the folder `name`, for a template."""
    return request.route_path(_route(name), build=request.realtime.build, subpath=path.split("/"))


def _route(name):
    return f"assets:{name}"
