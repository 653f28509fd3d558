"""The pulse of a database: what changes with each commit of any process, and can be asked for next to nothing. SQLite has one."""

MOST_ASKED = 30         # times of one connection: a file that was replaced lives on in those that have it open


class Pulse:
    """One thread's."""

    def __init__(self, engine):
        """engine: of the log, which checks that a connection leads to the file that is there now."""
        self._engine, self._connection, self._left, self._opened = engine, None, 0, 0

    def read(self):
        """Return what changes with a commit, in some us; None where the database has no such thing. Raises SQLAlchemyError."""
        if self._engine.dialect.name != "sqlite":
            return None
        if self._connection is None or self._left == 0:
            self._open()
        self._left -= 1
        # SQLite counts the commits of others for each connection by itself: values of two connections are not to be compared.
        return self._opened, self._connection.exec_driver_sql("PRAGMA data_version").scalar()

    def _open(self):
        self.close()
        self._connection = self._engine.connect()
        self._connection.detach()       # the places of the pool stay the readers'
        self._left, self._opened = MOST_ASKED, self._opened + 1

    def close(self):
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
