"""RFC 8259 JSON, read strictly (CONTRACT §2, "The text is RFC 8259 JSON").

Python's own reader is too lax for this: it takes NaN, forgets which digits a number was written with, and
keeps the last of two equal keys. Here an object is its list of pairs, and a number is its text.
"""

import re

MAX_DEPTH = 64

_BLANKS = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_PLAIN = re.compile(r'[^"\\\x00-\x1f]*')
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS = {"true": True, "false": False, "null": None}


class JsonError(Exception):
    """The text is not JSON."""


class Number:
    """A JSON number as it was written."""

    def __init__(self, text):
        self.text = text


class Object:
    """A JSON object: its pairs in their order, equal keys and all."""

    def __init__(self, pairs):
        self.pairs = pairs


def parse(data):
    """The value of `data` (bytes); raises JsonError."""
    try:
        text = data.decode("utf-8", "strict")
    except UnicodeDecodeError as error:
        raise JsonError("not UTF-8") from error
    value, at = _value(text, _skip(text, 0), 0)
    if _skip(text, at) != len(text):
        raise JsonError("something after the value")
    return value


def _skip(text, at):
    return _BLANKS.match(text, at).end()


def _value(text, at, depth):
    """The value that begins at `at` inside `depth` containers, and where it ends."""
    first = text[at:at + 1]
    if first in ("{", "["):
        if depth + 1 > MAX_DEPTH:
            raise JsonError("nested too deep")
        return _object(text, at, depth + 1) if first == "{" else _array(text, at, depth + 1)
    if first == '"':
        return _string(text, at)
    for word, value in _WORDS.items():
        if text.startswith(word, at):
            return value, at + len(word)
    number = _NUMBER.match(text, at)
    if not number:
        raise JsonError("no value")
    return Number(number.group()), number.end()


def _object(text, at, depth):
    pairs = []
    at = _skip(text, at + 1)
    if text.startswith("}", at):
        return Object(pairs), at + 1
    while True:
        if not text.startswith('"', at):
            raise JsonError("no key")
        key, at = _string(text, at)
        at = _skip(text, at)
        if not text.startswith(":", at):
            raise JsonError("no colon")
        value, at = _value(text, _skip(text, at + 1), depth)
        pairs.append((key, value))
        at = _skip(text, at)
        if text.startswith("}", at):
            return Object(pairs), at + 1
        if not text.startswith(",", at):
            raise JsonError("no comma")
        at = _skip(text, at + 1)


def _array(text, at, depth):
    values = []
    at = _skip(text, at + 1)
    if text.startswith("]", at):
        return values, at + 1
    while True:
        value, at = _value(text, at, depth)
        values.append(value)
        at = _skip(text, at)
        if text.startswith("]", at):
            return values, at + 1
        if not text.startswith(",", at):
            raise JsonError("no comma")
        at = _skip(text, at + 1)


def _string(text, at):
    parts = []
    at += 1
    while True:
        plain = _PLAIN.match(text, at)
        parts.append(plain.group())
        at = plain.end()
        if text.startswith('"', at):
            return _join_surrogates("".join(parts)), at + 1
        if not text.startswith("\\", at):
            raise JsonError("a string without end or with a control character")
        char, at = _escape(text, at + 1)
        parts.append(char)


def _escape(text, at):
    char = text[at:at + 1]
    if char in _ESCAPES:
        return _ESCAPES[char], at + 1
    digits = text[at + 1:at + 5]
    if char != "u" or not re.fullmatch(r"[0-9A-Fa-f]{4}", digits):
        raise JsonError("a bad escape")
    return chr(int(digits, 16)), at + 5


def _join_surrogates(text):
    """Escaped pairs become their character; a lone surrogate stays, for the caller to refuse."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
