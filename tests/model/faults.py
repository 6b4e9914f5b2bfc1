"""Events that break exactly one rule (CONTRACT §2), and what may stand in an event without breaking any."""

from events import ATTRIBUTES, COUNTED, READERS
from json_text import Pairs, Raw

BAD_STRINGS = ["", None, 7, True, ["x"], {}, "a\x07b", "a\x7fb", "a\x80b", "a\x9fb", "\x00", "\n",
               Raw('"\\ud800"'), Raw('"x\\udc00"'), Raw('"\\ude00\\ud83d"'), Raw('"\\ud83dx"')]
BAD_INTEGERS = [Raw("1.0"), Raw("1e0"), Raw("1E+0"), Raw("10e-1"), "1", -1, None, True, [1], {}, Raw("-0.0"),
                Raw("18446744073709551617"), Raw("9" * 40), Raw("1e400")]
BAD_TIMES = ["2026-11-01 10:00:00Z", "2026-11-01T10:00Z", "2026-11-01T10:00:00", "2026-11-01T10:00:00+0800",
             "2026-11-01T10:00:00+24:00", "2026-11-01T10:00:00+08:60", "2026-11-01T24:00:00Z",
             "2026-11-01T10:60:00Z", "2026-11-01T10:00:61Z", "2026-02-29T10:00:00Z", "2026-00-10T10:00:00Z",
             "2026-13-01T10:00:00Z", "2026-11-00T10:00:00Z", "2026-11-31T10:00:00Z", "1969-12-31T23:59:59Z",
             "1970-01-01T00:59:59+01:00", "2200-01-01T00:00:00Z", "2199-12-31T23:30:00-01:00",
             "2026-11-01T10:00:00.Z", "2026-11-01T10:00:00,5Z", "20261101T100000Z", " 2026-11-01T10:00:00Z",
             "2026-11-01T10:00:00Z ", "2026-11-01T10:00:00 Z", "+2026-11-01T10:00:00Z", "2026-11-1T10:00:00Z",
             "0000-01-01T00:00:00Z", "2026-11-01T10:00:00Z\x00", "２026-11-01T10:00:00Z",
             "2026-11-01T1\u0660:00:00Z", "now", "", 1793527200, None]
BAD_AMOUNTS = ["0", "0.00", "-5", "+5", "1.", ".5", "1e3", "1234567890123", "1.1234567890123", "", " 1", 5,
               None, "1,5", "١"]
BAD_CURRENCIES = ["usd", "US", "USDX", "", None, 840, "ÉUR", "U D"]

INTEGERS = {"quantity": (1, 10 ** 15), "months": (1, 120), "bytes": (0, 10 ** 18), "images": (0, 10 ** 15),
            **{name: (0, 10 ** 15) for name in COUNTED}}
REQUIRED = {"sku", "account", "months", "bytes", "model", "images", "status", "product", "amount", "currency"}
TEXTS = {"account", "sku", "order", "model", "status", "product"}
LENGTHS = {"id": 128, "account": 128}

BAD_PURPOSES = ["", "bills", "Balance", " bill", None, 1, True, ["bill"]]
BAD_DETAILS = [[], "x", 1, True, [{}], Raw("0.5")]

BAD_LINES = ["not json", "[]", "{}", "null", "1", '"x"', "{", "}", '{"specversion":"1.0"}', "\x00", "\x0b", "\x0c",
             "\u00a0", "\u2028", "{]", "# comment", "[1,", "{\"a\"}", "{,}"]
BAD_IGNORED = ["NaN", "Infinity", "-Infinity", "01", "-01", "+1", ".5", "1.", "1e", "1e+", "-", "0x10", "True", "nul",
               "tru", "'x'", "x", "", '"\t"', '"\x00"', '"\x1f"', '"\\x41"', '"\\u12g4"', '"\\u12"', '"\\', '"a',
               "[1,]", "[,1]", "[1 2]", '{"a":1,}', '{"a" 1}', '{a:1}', "{1:1}", "[1}", "/**/1", "1 // x", "\u00a01"]
BAD_BYTES = [b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xe2\x82", b"\xf4\x90\x80\x80", b"\x80", b"\xf8\x88\x80\x80\x80",
             b"\xe0\x80\xaf"]


def nested(depth):
    """An array in an array ..., `depth` of them."""
    return Raw("[" * depth + "]" * depth)


def harmless(rng):
    """A value that is ignored: any JSON."""
    return rng.choice([None, True, 0, -1, 1, "", "x\u0085y", "\u0000", [], {}, [1, {"x": None}], Raw("1.5e3"), Raw("-0"),
                       Raw("1E-7"), Pairs([("a", 1), ("a", 2)]), Pairs([("id", 1), ("id", 2)]), {"": {}},
                       Raw('"\\u00e9\\/\\b\\f\\ud83d\\ude00"'), nested(10), nested(62)])


def spoil(rng, event, writer):
    """The line (bytes) of `event` with one fault."""
    ways = [_spoil_string, _spoil_string, _spoil_attribute, _spoil_time, _spoil_data, _spoil_data, _spoil_data,
            _repeat_key]
    if event["type"] == "maas.tokens":
        ways += [_too_many_parts] * 3 + [_spoil_usage] * 6
    if event["type"] == "account.credited":
        ways += [lambda rng, event: _with_data(event, {**event["data"], "for": rng.choice(BAD_PURPOSES)})] * 6
    if event["type"].endswith(".reconfigured"):
        ways += [_no_change]
    way = rng.choice(ways + [None, None])
    if way:
        return _line(writer, way(rng, event))
    return rng.choice([_bad_line, _bad_ignored, _bad_bytes, _too_deep, _around])(rng, event, writer)


def _line(writer, event):
    return writer.write(event).encode("utf-8")


def _with_data(event, data):
    return {**event, "data": data}


def _without(fields, name):
    return {key: value for key, value in fields.items() if key != name}


def _spoil_string(rng, event):
    """A string of ours that is none, or too long, or has a control character."""
    name = rng.choice(["id", "source", "type", "subject", "account", "account", "data"])
    most = LENGTHS.get(name, 256)
    too_long = rng.choice(["x" * (most + 1), "é" * (most // 2) + "x", "😀" * (most // 4 + 1)])
    bad = rng.choice(BAD_STRINGS + [too_long] * 4)
    if name == "account":
        return _with_data(event, {**event["data"], "account": bad})
    if name != "data":
        return {**event, name: bad}
    texts = [key for key, value in event["data"].items() if isinstance(value, str) and key in TEXTS]
    key = rng.choice(texts)
    bad = bad if key != "account" else ""
    return _with_data(event, {**event["data"], key: bad})


def _spoil_attribute(rng, event):
    """A missing attribute, an unknown type, another specversion, data that is no object."""
    name = rng.choice(ATTRIBUTES)
    bad = {"specversion": rng.choice(["1", "1.0.0", "0.3", 1, Raw("1.0"), None, "", " 1.0"]),
           "type": rng.choice(["maas.teapots", "container", "Container.launched", "container.launched ", "storage.failed",
                               "maas.heartbeat", "order.deleted", "node.used", "container.Launched", ".",
                               "account.paid"]),
           "data": rng.choice([None, [], "x", 1, [{}]])}
    if name in bad and rng.random() < 0.7:
        return {**event, name: bad[name]}
    return _without(event, name)


def _spoil_time(rng, event):
    return {**event, "time": rng.choice(BAD_TIMES)}


def _spoil_data(rng, event):
    """A field of data beside account: missing, of another type, out of its bounds."""
    data = event["data"]
    name = rng.choice([key for key in data if key in _read_of(event)])
    if name in INTEGERS:
        least, most = INTEGERS[name]
        bad = rng.choice(BAD_INTEGERS + [least - 1, most + 1, most * 10])
    elif name == "usage":
        return _with_data(event, {**data, "usage": _bad_usage(rng)})
    else:
        special = {"since": BAD_TIMES, "amount": BAD_AMOUNTS, "currency": BAD_CURRENCIES, "for": BAD_PURPOSES,
                   "product": ["maas", "storage", "Node", "", None, 1]}
        bad = rng.choice(special.get(name, BAD_STRINGS))
    if name in REQUIRED and not _optional(event["type"], name) and rng.random() < 0.3:
        return _with_data(event, _without(data, name))
    return _with_data(event, {**data, name: bad})


def _read_of(event):
    """The data fields of an event that are read in its form."""
    names = {"account", *READERS[event["type"]][0]}
    if event["type"] != "maas.tokens":
        return names
    return names - ({"usage"} if event["data"].keys() & {"input_tokens", "output_tokens"} else set(COUNTED))


def _optional(kind, name):
    return name == "sku" and not kind.endswith((".launched", ".paid"))


def _bad_usage(rng):
    """A usage object with one fault."""
    bad = rng.choice([value for value in BAD_INTEGERS if value is not None] + [10 ** 15 + 1])
    details = rng.choice(BAD_DETAILS)
    forms = [({"prompt_tokens": 5}, ["completion_tokens", "prompt_tokens_details"], ["cached_tokens", "cache_write_tokens"]),
             ({"input_tokens": 5, "cache_read_input_tokens": rng.choice([None, 3])},
              ["cache_creation_input_tokens", "output_tokens", "cache_read_input_tokens"], []),
             ({"input_tokens": 5}, ["output_tokens", "input_tokens_details"], ["cached_tokens"]),
             ({"total_tokens": 5}, ["completion_tokens"], [])]
    usage, others, parts = rng.choice(forms)
    teller, other = next(iter(usage)), rng.choice(others)
    ways = [None, [], "x", 7, {}, {"completion_tokens": 1}, {"cache_read_input_tokens": 1, "output_tokens": 1},
            {**usage, teller: rng.choice([bad, None])}, {**usage, teller: rng.choice([bad, None])},
            *[{**usage, other: details if "details" in other else bad}] * 2,
            Pairs([*usage.items(), (teller, 5)]), Pairs([*usage.items(), (other, None), (other, None)])]
    for part in parts:
        ways += [{**usage, others[1]: {part: bad}}, {**usage, others[1]: {part: rng.choice([6, 10 ** 15])}}]
    if len(parts) == 2:
        ways += [{**usage, others[1]: dict(zip(parts, [3, 3]))}]
    return rng.choice(ways)


def _no_change(_rng, event):
    """A reconfiguration that says nothing new."""
    return _with_data(event, {"account": event["data"]["account"]})


def _spoil_usage(rng, event):
    data = {name: value for name, value in event["data"].items() if name not in COUNTED}
    return _with_data(event, {**data, "usage": _bad_usage(rng)})


def _too_many_parts(rng, event):
    """Tokens of which more is cached and written than there are."""
    data = {name: value for name, value in event["data"].items() if name not in (*COUNTED, "usage")}
    whole = rng.choice([0, 1, 7, 10 ** 15 - 1])
    parts = rng.choice([(whole + 1, 0), (0, whole + 1), (whole, 1), (1, whole),
                        (whole // 2 + 1, whole // 2 + 1), (whole // 2 + 1, whole - whole // 2)])
    counts = dict(zip(COUNTED, [whole, *parts, 1]))
    return _with_data(event, {**data, **{name: count for name, count in counts.items()
                                       if count or name == "input_tokens" or rng.random() < 0.5}})


def _repeat_key(rng, event):
    """A key of ours twice, perhaps written with an escape the second time."""
    where, names = (event["data"], _read_of(event)) if rng.random() < 0.5 else (event, ATTRIBUTES)
    name = rng.choice([key for key in where if key in names])
    again = Raw('"' + f"\\u{ord(name[0]):04x}" + name[1:] + '"') if rng.random() < 0.3 else name
    pairs = list(where.items())
    pairs.insert(rng.randrange(len(pairs) + 1), (again, where[name]))
    return Pairs(pairs) if where is event else _with_data(event, Pairs(pairs))


def _bad_line(rng, _event, _writer):
    return rng.choice(BAD_LINES).encode("utf-8")


def _bad_ignored(rng, event, writer):
    return _line(writer, {**event, "x": Raw(rng.choice(BAD_IGNORED))})


def _bad_bytes(rng, event, writer):
    line = _line(writer, {**event, "x": "@@"})
    return line.replace(b"@@", rng.choice(BAD_BYTES)) if b"@@" in line else b"\xff" + line


def _too_deep(rng, event, writer):
    if rng.random() < 0.5:
        return _line(writer, {**event, "x": nested(64)})
    return _line(writer, _with_data(event, {**event["data"], "x": nested(63)}))


def _around(rng, event, writer):
    line = _line(writer, event)
    return rng.choice([b"[" + line + b"]", b"\xef\xbb\xbf" + line, line + b"," , line + b" " + line, line[:-1],
                       b"\x00" + line, line + b"\x00", line[1:], b"'" + line + b"'", b"\xc2\xa0" + line, line + b"\x0b"])
