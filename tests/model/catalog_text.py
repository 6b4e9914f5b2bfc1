"""A catalog's text (CONTRACT §3) as a tree of nodes: JSON by our own reader, any other YAML by PyYAML's scanner.

A node says where it stands, for the complaint about it. JSON text that breaks no rule of JSON has no places: a
catalog of ours that is JSON is complained about by its file alone.
"""

from dataclasses import dataclass

import strict_json

MAX_DEPTH = 64
_NULLS = {"", "~", "null", "Null", "NULL"}


class BadCatalog(Exception):
    """The catalog is refused; `line` and `column` say where, counted from 1, or are None."""

    def __init__(self, node, text):
        super().__init__(text)
        self.line = node.line if node else None
        self.column = node.column if node else None


@dataclass(frozen=True)
class Node:
    """`value`: the text of a scalar, the nodes of a list, the (key node, node) pairs of a mapping, None for null."""

    kind: str
    value: object
    bare: bool = False
    line: int | None = None
    column: int | None = None


def read(data):
    """The tree of a catalog's bytes; raises BadCatalog."""
    try:
        return _of_json(strict_json.parse(data))
    except strict_json.JsonError:
        return read_yaml(data)


def _of_json(value):
    if isinstance(value, strict_json.Object):
        return Node("map", [(Node("scalar", key), _of_json(item)) for key, item in value.pairs])
    if isinstance(value, list):
        return Node("list", [_of_json(item) for item in value])
    if value is None:
        return Node("null", None)
    if isinstance(value, strict_json.Number):
        return Node("scalar", value.text, True)
    if isinstance(value, bool):
        return Node("scalar", "true" if value else "false", True)
    return Node("scalar", value)


def read_yaml(data):
    """The same of bytes that are YAML, JSON or not."""
    try:
        import yaml  # only what is no JSON needs it
    except ImportError as error:
        raise BadCatalog(None, "no JSON, and without PyYAML no other YAML is read") from error
    try:
        return _Events(yaml, yaml.parse(data, Loader=yaml.SafeLoader)).document()
    except yaml.MarkedYAMLError as error:
        raise BadCatalog(_mark(error.problem_mark or error.context_mark), f"YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise BadCatalog(None, f"YAML: {error}") from error


def _mark(mark):
    return Node("null", None, False, mark.line + 1, mark.column + 1) if mark else None


class _Events:
    """Builds the tree from PyYAML's events, which still know of anchors, aliases, tags and quotes."""

    def __init__(self, yaml, events):
        self._yaml = yaml
        self._events = events

    def document(self):
        """The one document of the stream."""
        next(self._events)
        start = next(self._events)
        if isinstance(start, self._yaml.StreamEndEvent):
            raise BadCatalog(_mark(start.start_mark), "expected a mapping")
        root = self._node(next(self._events), 0)
        next(self._events)
        end = next(self._events)
        if not isinstance(end, self._yaml.StreamEndEvent):
            raise BadCatalog(_mark(end.start_mark), "expected one document")
        return root

    def _node(self, event, depth):
        yaml, place = self._yaml, (event.start_mark.line + 1, event.start_mark.column + 1)
        if depth > MAX_DEPTH or isinstance(event, yaml.AliasEvent) or event.anchor or event.tag:
            raise BadCatalog(_mark(event.start_mark), "expected no anchor, alias or tag, nothing nested this deep")
        if isinstance(event, yaml.ScalarEvent):
            bare = event.style is None
            if bare and event.value in _NULLS:
                return Node("null", None, True, *place)
            return Node("scalar", event.value, bare, *place)
        if isinstance(event, yaml.SequenceStartEvent):
            return Node("list", list(self._items(yaml.SequenceEndEvent, depth)), False, *place)
        items = list(self._items(yaml.MappingEndEvent, depth))
        return Node("map", list(zip(items[::2], items[1::2])), False, *place)

    def _items(self, end, depth):
        while True:
            event = next(self._events)
            if isinstance(event, end):
                return
            yield self._node(event, depth + 1)
