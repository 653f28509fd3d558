"""The topics of the application: their names, who may see them, and what an event of each type looks like on a page."""

USERS = "users"
USER_CREATED = "user_created"
USER_UPDATED = "user_updated"
USER_DELETED = "user_deleted"
USER_ROW = "myapp.app:templates/users/row.jinja2"


def includeme(config):
    config.add_topic(USERS, permission="view", fragments={USER_CREATED: USER_ROW, USER_UPDATED: USER_ROW, USER_DELETED: None})
