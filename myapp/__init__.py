"""The application `myapp`: pages that update themselves, on plain Pyramid.

This file puts the products together by their dotted names and imports nothing of them.
"""
from pyramid.config import Configurator


def main(global_config, **settings):
    """Return the WSGI application; PasteDeploy calls it with `[DEFAULT]` and with what follows `[app:main]`.

    Raises StartUpError, a SystemExit that lists all that is wrong, when a setting or the database is not as it must be.
    """
    with Configurator(settings=settings) as config:
        config.registry["ini"] = dict(global_config)
        config.include("myapp.db")
        config.include("myapp.realtime")
        config.include("myapp.app")
    return config.make_wsgi_app()
