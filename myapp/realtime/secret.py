"""What of a URL is secret: nothing of it may stand in a message."""
import re
from urllib.parse import unquote

IN_QUERY = re.compile(r"[?&]\w*password=([^&\s]*)")


def without_password(url):
    """Return a URL with nothing before the last @, and no query: a password may stand in either, and have any character in it."""
    scheme = re.match(r"[\w+.-]*:?/*", url)[0]
    head, mark, query = url[len(scheme):].partition("?")
    if "@" in query:        # a password with a ? in it, or a query with an @
        return f"{scheme}…"
    _, at, place = head.rpartition("@")
    return f"{scheme}{at and '…@'}{place}{mark and '?…'}"


def passwords_in(url):
    """Return the passwords of a URL, or of several in one text, a set: as they are written, and as they are meant."""
    written = {*IN_QUERY.findall(url)}
    for begun in re.finditer("//[^:/@]*:", url):        # a password may have an @ in it, though it should not
        rest = url[begun.end():]
        written |= {rest.partition("@")[0], rest.rpartition("@")[0]} if "@" in rest else set()
    # One of three characters is in every other word: to blot it out there would tell which it is.
    return {form for password in written for form in (password, unquote(password)) if len(form) > 3}
