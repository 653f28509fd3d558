"""Fields: what somebody typed or sent, made clean or refused with a sentence for each field.

A cast takes a value of any type and returns the clean one, or raises ValueError with what to do. No database, no request.
"""
import math
import re
import unicodedata
from datetime import UTC, datetime

from .errors import InvalidFields

REFUSED = {"Cc", "Cs", "Zl", "Zp"}      # categories: control characters with NUL, CR and LF; lone surrogates; line separators
BIDI_OVERRIDES = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")      # they make a text look like another one
INVISIBLE = {"Cf", "Zs", "Mn", "Me"}    # categories that alone would make a name that nobody can see
MORE_EMPTY_LINES = re.compile(r"\n{3,}")
EMAIL_MAX = 254                         # characters, of RFC 5321
SLUG = re.compile("[a-z0-9][a-z0-9_.-]{0,49}", re.ASCII)   # what a topic, an address and a person can all say
PASSWORD_LENGTH = range(8, 201)         # characters; beyond 200 hashing would be work for nothing
EMAIL = re.compile(
    r"""(?=.{1,64}@) [^\s@.,:;<>()\[\]\\"]+ (\.[^\s@.,:;<>()\[\]\\"]+)* @     # words between dots
        [^\W_]([\w-]{0,61}[^\W_])? (\.[^\W_]([\w-]{0,61}[^\W_])?)*            # a host, with or without a domain""", re.VERBOSE)


def read_fields(given, casts, *, required=(), ignored=()):
    """Return {field: clean value} of the fields of `given` that `casts` names.

    given     a mapping of untrusted values, from JSON or a form
    casts     {field: cast}
    required  fields that must be there
    ignored   fields that may be there and mean nothing, such as those that only the server sets
    Raises InvalidFields with a message for every field that is wrong, missing or unknown.
    """
    values, errors = {}, {field: "This is needed." for field in required if field not in given}
    for field, value in given.items():
        if field in casts:
            try:
                values[field] = casts[field](value)
            except ValueError as error:
                errors[field] = str(error)
        elif field not in ignored:
            errors[_printable(field)] = f"There is no such field; {'use ' + ', '.join(casts) if casts else 'leave it out'}."
    if errors:
        raise InvalidFields(errors)
    return values


def read_known(given, casts):
    """The same where other fields mean nothing, as in the query of an address."""
    return read_fields({field: given[field] for field in casts if field in given}, casts)


def line(most):
    """A cast to one line of 1 to `most` characters, trimmed and in the normal form NFC."""
    def cast(value):
        clean = _plain(value, most)
        _insist_on_length(clean, most)
        return clean
    return cast


def slug(*reserved):
    """A cast to what names a thing in topics and in addresses, for good; `reserved` are those whose addresses are other pages'."""
    def cast(value):
        if not isinstance(value, str) or not SLUG.fullmatch(value):
            raise ValueError("Write 1 to 50 characters: a to z, 0 to 9, and after the first of these also . _ and -")
        if value in reserved:
            raise ValueError(f"The address of {value} is another page's. Choose another one.")
        return value
    return cast


def text(most):
    """A cast to a text of 1 to `most` characters, in NFC. Its lines end with "\\n" alone; one empty line parts its paragraphs."""
    def cast(value):
        if not isinstance(value, str):
            raise ValueError("This must be text.")
        lines = unicodedata.normalize("NFC", value.strip()[:4 * most]).replace("\r\n", "\n").replace("\r", "\n").split("\n")
        _insist_on_plain("".join(lines).replace("\t", ""))
        clean = MORE_EMPTY_LINES.sub("\n\n", "\n".join(line.rstrip() for line in lines)).strip("\n")
        _insist_on_length(clean, most)
        return clean
    return cast


def email(value):
    """A cast to an e-mail address, trimmed and in NFC; its spelling is kept, upper and lower case too."""
    clean = _plain(value, EMAIL_MAX)
    if not clean:
        raise ValueError("This is needed.")
    if len(clean) > EMAIL_MAX:
        raise ValueError(f"At most {EMAIL_MAX} characters, please.")
    if not EMAIL.fullmatch(clean) or any(unicodedata.category(character) == "Cf" for character in clean):
        raise ValueError("Write an address such as name@example.org.")
    return clean


def password(value):
    """A cast to a password, or None when it is empty. Nothing is trimmed: blanks count."""
    if not isinstance(value, str):
        raise ValueError("This must be text.")
    clean = unicodedata.normalize("NFC", value[:PASSWORD_LENGTH.stop])
    if any(character == "\0" or unicodedata.category(character) == "Cs" for character in clean):
        raise ValueError("This contains a character that cannot be typed.")
    if clean and len(clean) not in PASSWORD_LENGTH:
        raise ValueError(f"{PASSWORD_LENGTH.start} to {PASSWORD_LENGTH.stop - 1} characters, please.")
    return clean or None


def choice(allowed):
    """A cast to one of the strings `allowed`."""
    def cast(value):
        if not isinstance(value, str) or value not in allowed:
            raise ValueError(f"Choose one of {', '.join(allowed)}.")
        return value
    return cast


def whole(least, most):
    """A cast to a whole number, from JSON or from text as forms and addresses have it."""
    def cast(value):
        number = int(value) if isinstance(value, str) and re.fullmatch("[0-9]{1,18}", value) else value
        if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= most:
            raise ValueError(f"This must be a whole number from {least} to {most}.")
        return number
    return cast


def number(value):
    """A cast to a number that JavaScript can hold."""
    try:
        if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(float(value)):
            return value
    except OverflowError:
        pass
    raise ValueError("This must be a finite number.")


def moment(value):
    """A cast to a moment, an aware datetime in UTC, from RFC 3339."""
    try:
        parsed = datetime.fromisoformat(value)
        if parsed.tzinfo is not None:
            return parsed.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        pass
    raise ValueError("Write a moment of RFC 3339, such as 2026-01-31T07:05:09Z.")


def _printable(text):
    """`text`, shortened, without what no page or message can carry."""
    return text[:100].encode("ascii", "backslashreplace").decode()


def _plain(value, most):
    """The text of one line. What is far too long is cut, so that a megabyte costs nothing; the caller then refuses its length."""
    if not isinstance(value, str):
        raise ValueError("This must be text.")
    clean = unicodedata.normalize("NFC", value.strip()[:4 * most])
    _insist_on_plain(clean)
    return clean


def _insist_on_plain(line):
    if any(unicodedata.category(character) in REFUSED or character in BIDI_OVERRIDES for character in line):
        raise ValueError("This contains a character that cannot be used here, such as a line break or a control character.")


def _insist_on_length(clean, most):
    if not clean:
        raise ValueError("This is needed.")
    if len(clean) > most:
        raise ValueError(f"At most {most} characters, please.")
    if all(character in "\n\t" or unicodedata.category(character) in INVISIBLE for character in clean):
        raise ValueError("This needs a character that one can see.")
