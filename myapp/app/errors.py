"""What the acts refuse, one family. Pages turn it into a form with messages, the API into a problem; neither decides what is refused.

`status` is the HTTP status that it comes to, `members` what a program is told besides the sentence, `headers` what HTTP is.
"""


class Refusal(Exception):
    """The root of the family. Its text is a sentence for the person who asked."""
    status = 400
    members = {}
    headers = {}


class Unreadable(Refusal):
    """The request is not what it says it is: bytes that are no UTF-8, a body that is no JSON."""


class TooLarge(Refusal):
    """The request has more bytes than are taken."""
    status = 413


class AddressTooLong(Refusal):
    """The path and the query have more bytes than are taken."""
    status = 414


class WrongType(Refusal):
    """The body is of a type that is not taken here."""
    status = 415


class NotFound(Refusal):
    """There is no such object, or no longer."""
    status = 404


class InvalidFields(Refusal):
    """Fields are missing or wrong. `errors` is {field: sentence}."""
    status = 422

    def __init__(self, errors):
        super().__init__("Some fields need another value.")
        self.errors = errors
        self.members = {"errors": errors}


class NotAllowed(Refusal):
    """The person may not do this, whatever the values."""
    status = 403


class Taken(Refusal):
    """A value that must be unique belongs to another object. `errors` is {field: sentence}."""
    status = 409

    def __init__(self, errors):
        super().__init__(" ".join(errors.values()))
        self.errors = errors
        self.members = {"errors": errors}


class Stale(Refusal):
    """The object has changed since the person read it. `present` is the object as it is now, as the API shows it."""
    status = 409

    def __init__(self, present):
        super().__init__("This was changed meanwhile.")
        self.present = present
        self.members = {"present": present}


class LastAdmin(Refusal):
    """The only account that may do everything would be lost."""
    status = 409

    def __init__(self):
        super().__init__("This is the last admin. Give somebody else the role admin first.")


class NotPrivate(Refusal):
    """A public channel has no members; everybody reads it."""
    status = 409

    def __init__(self):
        super().__init__("This channel is public: everybody reads it, so it has no members.")


class NotSignedIn(Refusal):
    """Nobody has said who he is."""
    status = 401
    headers = {"WWW-Authenticate": 'Bearer realm="myapp"'}

    def __init__(self, sentence="Sign in to see this."):
        super().__init__(sentence)


class SignInRefused(NotSignedIn):
    """A name and a password do not belong together. It does not say which of them is wrong, or whether there is such an account."""

    def __init__(self):
        super().__init__("The name or the password is not right.")


class TooManyAttempts(Refusal):
    """Somebody has tried too often. `retry_after_s` is when it may go on, in whole seconds."""
    status = 429

    def __init__(self, retry_after_s):
        super().__init__(f"That was too often. Try again in {retry_after_s} seconds.")
        self.retry_after_s = retry_after_s
        self.headers = {"Retry-After": str(retry_after_s)}


class TooBusy(Refusal):
    """So many passwords are looked at in this moment that the pages would have to wait for one more."""
    status = 503
    headers = {"Retry-After": "2"}

    def __init__(self):
        super().__init__("Too many people sign in at this moment. Try again in a few seconds.")


class TooManyTokens(Refusal):
    """The account has as many tokens as one may have."""
    status = 409

    def __init__(self, most):
        super().__init__(f"An account has at most {most} tokens. Revoke one that is no longer used first.")


class NotAToken(Refusal):
    """What the request rests upon is no token."""
    status = 409

    def __init__(self):
        super().__init__("This request was not made with a token.")
