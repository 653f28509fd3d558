"""The application: users and their pages on top of the add-on. Put together here, part by part."""


def includeme(config):
    config.registry.settings.setdefault("jinja2.undefined", "strict")   # a misspelt name in a template is an error, not a gap
    config.registry.settings.setdefault("jinja2.trim_blocks", "true")
    config.registry.settings.setdefault("jinja2.lstrip_blocks", "true")
    config.include("pyramid_jinja2")
    config.add_jinja2_search_path("myapp.app:templates")
    config.include(".settings")
    config.include(".auto_login")
    config.include(".credentials")
    config.include(".security")
    config.include(".csrf")
    config.include(".sign_in")
    config.include(".headers")
    config.include(".requests")
    config.include(".rate_limits")      # after requests: what cannot be read is not counted
    config.include(".audit")
    config.include(".topics")
    config.include(".broker_notices")
    config.include(".roster")
    config.include(".api")
    config.include(".pages")
    config.include(".health")
    config.add_assets("static", "myapp.app:static")
