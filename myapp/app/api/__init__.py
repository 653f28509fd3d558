"""The JSON API: one file a resource. Errors are problem+json, made in pages/errors.py of what the acts refuse."""


def includeme(config):
    config.include(".users")
