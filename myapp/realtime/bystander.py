"""The bystander: who takes part in a transaction only to see its savepoints rolled back. It stores nothing and waits for nobody."""


class Bystander:
    """A data manager of the package transaction. The thread of the transaction."""

    def __init__(self, present, go_back):
        """present(): what there is now. go_back(past): there is again no more than then; past is None when nothing was there yet."""
        self._present, self._go_back = present, go_back

    def savepoint(self):
        return Past(self._present(), self._go_back)

    def abort(self, transaction):
        self._go_back(None)

    tpc_abort = abort

    def tpc_begin(self, transaction):
        """Nothing is to be done, here or in a later phase of the commit."""

    commit = tpc_vote = tpc_finish = tpc_begin

    def sortKey(self):
        return "myapp.realtime"


class Past:
    def __init__(self, past, go_back):
        self._past, self._go_back = past, go_back

    def rollback(self):
        self._go_back(self._past)
