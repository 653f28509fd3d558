"""The JSON API: one file a resource. Errors are problem+json, made in pages/errors.py of what the acts refuse."""


def includeme(config):
    config.include(".users")
    config.include(".channels")
    config.include(".rows")
    config.include(".updates")
    config.include(".metrics")
    config.include(".displays")
    config.include(".topic_events")
    config.include(".audit")
    config.include(".stats")
    config.include(".me")
    config.include(".tokens")
    config.include(".sessions")
