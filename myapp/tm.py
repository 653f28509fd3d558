"""The transaction of a request, for pyramid_tm: which manager it has, and when its answer takes everything back.

Both see to one thing besides: a conflict that is worth a new attempt is marked for pyramid_retry before an exception view's
answer hides it.
"""
import transaction
from pyramid_retry import mark_error_retryable
from pyramid_tm import default_commit_veto


class TransactionManager(transaction.TransactionManager):
    """A transaction manager of one request, explicit: nothing joins a transaction that was not begun.

    It marks an error of commit() that is worth a new attempt. pyramid_tm would look too late: a catch-all exception view
    has turned the error into a response by then.
    """

    def __init__(self, request):
        super().__init__(explicit=True)

    def commit(self):
        current = self.get()
        try:
            super().commit()
        except Exception as error:
            if current.isRetryableError(error):
                mark_error_retryable(error)
            raise


def commit_veto(request, response):
    """For pyramid_tm: an answer 4xx or 5xx leaves nothing behind.

    An exception view may have made that answer of an error that is worth a new attempt; after a veto pyramid_tm no longer
    looks for one, so it is marked here.
    """
    if getattr(request, "exception", None) is not None and request.tm.get().isRetryableError(request.exception):
        mark_error_retryable(request.exception)
    return default_commit_veto(request, response)
