"""The topics of the application: their names, who may see them, and what an event of each type looks like on a page."""
from . import metrics
from .contexts import (
    PUBLISH,
    VIEW,
    BrokerContext,
    ChannelContext,
    ChannelsContext,
    DisplayContext,
    DisplaysContext,
    MetricContext,
    RowsContext,
    StatsContext,
    UserContext,
    UsersContext,
)

USERS = UsersContext.topic
USER_CREATED = "user_created"
USER_UPDATED = "user_updated"
USER_DELETED = "user_deleted"
USER_ROW = "myapp.app:templates/users/row.jinja2"

CHANNELS = ChannelsContext.topic        # of the public channels alone
CHANNEL_CREATED = "channel_created"
CHANNEL_UPDATED = "channel_updated"
CHANNEL_DELETED = "channel_deleted"

ROWS = RowsContext.topic
ROW_CREATED = "row_created"
ROW_UPDATED = "row_updated"
ROW_DELETED = "row_deleted"
ROW_ROW = "myapp.app:templates/rows/row.jinja2"

UPDATES = ChannelContext.pattern
UPDATE_CREATED = "update_created"
UPDATE_DELETED = "update_deleted"
UPDATES_CHANGED = "updates_changed"     # directly after each of these, for clients that want the signal alone
UPDATE_ROW = "myapp.app:templates/updates/row.jinja2"
USER = UserContext.pattern
NOTICE = "notice"                       # to one user
CHANNELS_READ = "channels_read"         # transient: what is left unread where this user has just read, for the other pages that he has open
METRIC = MetricContext.pattern
MONITOR = StatsContext.topic            # what each process is doing, by itself, while somebody listens
BROKER = BrokerContext.topic            # whether it works: of each process to whoever listens there
BROKER_CHANGED = "broker_changed"       # transient
DISPLAYS = DisplaysContext.topic        # of the list of all
DISPLAY_SEEN = "display_seen"           # transient: it has come or gone
DISPLAY = DisplayContext.pattern        # of one display, for itself
DISPLAY_CHANGED = "display_changed"
DISPLAY_COMMAND = "display_command"     # transient: what it is to do now


def includeme(config):
    config.add_topic(USERS, factory=UsersContext, permission=VIEW,
                     fragments={USER_CREATED: USER_ROW, USER_UPDATED: USER_ROW, USER_DELETED: None})
    config.add_topic(CHANNELS, factory=ChannelsContext, permission=VIEW)
    config.add_topic(ROWS, factory=RowsContext, permission=VIEW, fragments={ROW_CREATED: ROW_ROW, ROW_UPDATED: ROW_ROW, ROW_DELETED: None})
    config.add_topic(UPDATES, factory=ChannelContext, permission=VIEW,     # posted by the acts alone: no update without its row
                     fragments={UPDATE_CREATED: UPDATE_ROW, UPDATE_DELETED: None})
    config.add_topic(USER, factory=UserContext, permission=VIEW)
    config.add_topic(DISPLAYS, factory=DisplaysContext, permission=VIEW)
    config.add_topic(DISPLAY, factory=DisplayContext, permission=VIEW)
    config.add_topic(METRIC, factory=MetricContext, permission=VIEW, publish_permission=PUBLISH, validate=metrics.validate,
                     keep=metrics.keep)
    config.add_topic(BROKER, factory=BrokerContext, permission=VIEW)
    config.add_topic(MONITOR, factory=StatsContext, permission=VIEW)
    config.report_stats(MONITOR)
