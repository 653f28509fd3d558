"""Where a browser may be sent on to: a path of this application, never another site, however the address is spelt. No request."""
import re
from urllib.parse import unquote

MOST_CHARACTERS = 2000      # of an address; longer ones are no address that one was at

# What every reader takes as a path and nothing else: printable ASCII, no backslash, which browsers read as a slash.
ADDRESS = re.compile(r"(?P<path>/[^\\?#]*)(\?[^\\#]*)?(#[^\\]*)?")
UNPRINTABLE = re.compile(r"[^!-~]")
# A second slash, or a part of dots that a proxy could resolve, may make `//host` of a path; so may their percent-encoded forms.
AMBIGUOUS = re.compile(r"[\x00-\x1f\x7f\\]|//|/\.{1,2}(/|$)|%")


def safe_next(text):
    """Return `text` when it is an absolute path, with or without query and fragment, as a page of ours has it; else None.

    text: from anywhere, of any type. A path that is not ASCII is taken percent-encoded, as the browser's address has it.
    """
    if not isinstance(text, str) or len(text) > MOST_CHARACTERS or UNPRINTABLE.search(text):
        return None
    address = ADDRESS.fullmatch(text)
    return text if address and not AMBIGUOUS.search(unquote(address["path"], errors="replace")) else None
