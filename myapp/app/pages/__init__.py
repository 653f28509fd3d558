"""The pages: one file a page, each with its routes and views."""


def includeme(config):
    config.include(".dashboard")
    config.include(".user_list")
    config.include(".users")
    config.include(".rows")
    config.include(".updates")
    config.include(".channels")
    config.include(".channels_beside")
    config.include(".displays")
    config.include(".display")
    config.include(".login")
    config.include(".account")
    config.include(".audit")
    config.include(".monitor")
    config.include(".errors")
