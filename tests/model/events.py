"""One line of a file to one event, or to the reason why not (CONTRACT §2)."""

import re
from dataclasses import dataclass

import strict_json
import times

UNITS = ("container", "model", "node")
MAX_COUNT = 10 ** 15
MAX_BYTES = 10 ** 18

ATTRIBUTES = ("specversion", "id", "source", "type", "subject", "time", "data")

_INTEGER = re.compile(r"-?[0-9]+")
_AMOUNT = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,12})?")


class Rejected(Exception):
    """An event that breaks a rule; its text is the reason and begins with the field's name."""


@dataclass(frozen=True)
class Event:
    """An accepted event. `effective_us` is `since` for a failed one, else `time_us` (CONTRACT §2.1)."""

    id: str
    source: str
    type: str
    subject: str
    account: str
    time_us: int
    effective_us: int
    data: dict


def utf8(text):
    """The bytes that names are measured and ordered by."""
    return text.encode("utf-8")


def parse_line(line):
    """The event of one line (bytes); raises Rejected."""
    try:
        value = strict_json.parse(line)
    except strict_json.JsonError as error:
        raise Rejected(f"json: {error}") from error
    if not isinstance(value, strict_json.Object):
        raise Rejected("json: not an object")
    return _event(_fields(value, ATTRIBUTES, ""))


def _event(top):
    if top.get("specversion") != "1.0":
        raise Rejected("specversion: must be \"1.0\"")
    event_id = _text(top, "id", "", 128)
    source = _text(top, "source", "", 256)
    kind = _text(top, "type", "", 256)
    subject = _text(top, "subject", "", 256)
    time_us = _time(top, "time", "")
    if not isinstance(top.get("data"), strict_json.Object):
        raise Rejected("data: must be an object")
    if kind not in READERS:
        raise Rejected("type: unknown")
    names, read = READERS[kind]
    data = _fields(top["data"], ("account",) + names, "data.")
    account = _text(data, "account", "data.", 128)
    values = read(data)
    effective_us = values.get("since", time_us)
    if effective_us > time_us:
        raise Rejected("data.since: after time")
    return Event(event_id, source, kind, subject, account, time_us, effective_us, values)


def _fields(obj, names, prefix):
    """The keys of ours in `obj`; one that stands twice is refused, others are ignored."""
    found = {}
    for key, value in obj.pairs:
        if key in names:
            if key in found:
                raise Rejected(f"{prefix}{key}: twice")
            found[key] = value
    return found


def _text(fields, name, prefix, most=256):
    """A string of 1 to `most` bytes without control characters."""
    value = fields.get(name)
    if not isinstance(value, str):
        raise Rejected(f"{prefix}{name}: must be a string")
    try:
        size = len(utf8(value))
    except UnicodeEncodeError as error:
        raise Rejected(f"{prefix}{name}: a lone surrogate") from error
    if not 1 <= size <= most:
        raise Rejected(f"{prefix}{name}: must be 1 to {most} bytes")
    if any(char <= "\x1f" or "\x7f" <= char <= "\x9f" for char in value):
        raise Rejected(f"{prefix}{name}: a control character")
    return value


def _time(fields, name, prefix):
    value = fields.get(name)
    us = times.parse_us(value) if isinstance(value, str) else None
    if us is None:
        raise Rejected(f"{prefix}{name}: must be an RFC 3339 time from 1970 to 2199")
    return us


def _integer(fields, name, prefix, least, most):
    value = fields.get(name)
    if not isinstance(value, strict_json.Number) or not _INTEGER.fullmatch(value.text):
        raise Rejected(f"{prefix}{name}: must be an integer")
    if len(value.text) > 20 or not least <= int(value.text) <= most:
        raise Rejected(f"{prefix}{name}: must be {least} to {most}")
    return int(value.text)


def _launched(data):
    values = {"sku": _text(data, "sku", "data."), "quantity": 1, "order": None}
    if "quantity" in data:
        values["quantity"] = _integer(data, "quantity", "data.", 1, MAX_COUNT)
    if "order" in data:
        values["order"] = _text(data, "order", "data.")
    return values


def _reconfigured(data):
    values = {}
    if "sku" in data:
        values["sku"] = _text(data, "sku", "data.")
    if "quantity" in data:
        values["quantity"] = _integer(data, "quantity", "data.", 1, MAX_COUNT)
    if not values:
        raise Rejected("data.sku: neither sku nor quantity")
    return values


def _failed(data):
    if "since" not in data:
        return {}
    _text(data, "since", "data.")
    return {"since": _time(data, "since", "data.")}


def _nothing(_data):
    return {}


def _stored(data):
    return {"sku": _text(data, "sku", "data.") if "sku" in data else "standard"}


def _used(data):
    return {"bytes": _integer(data, "bytes", "data.", 0, MAX_BYTES), **_stored(data)}


def _tokens(data):
    values = {"model": _text(data, "model", "data.")}
    if "input_tokens" in data or "output_tokens" in data:
        for name in ("input_tokens", "output_tokens"):
            values[name] = _integer(data, name, "data.", 0, MAX_COUNT)
        return values
    if not isinstance(data.get("usage"), strict_json.Object):
        raise Rejected("data.usage: must be an object, or input_tokens and output_tokens stand")
    usage = _fields(data["usage"], ("prompt_tokens", "completion_tokens"), "data.usage.")
    values["input_tokens"] = _integer(usage, "prompt_tokens", "data.usage.", 0, MAX_COUNT)
    values["output_tokens"] = 0
    if "completion_tokens" in usage:
        values["output_tokens"] = _integer(usage, "completion_tokens", "data.usage.", 0, MAX_COUNT)
    return values


def _images(data):
    return {"model": _text(data, "model", "data."), "status": _text(data, "status", "data."),
            "images": _integer(data, "images", "data.", 0, MAX_COUNT)}


def _paid(data):
    values = {"product": _text(data, "product", "data."), "sku": _text(data, "sku", "data."),
              "quantity": _integer(data, "quantity", "data.", 1, MAX_COUNT),
              "months": _integer(data, "months", "data.", 1, 120)}
    if values["product"] not in UNITS:
        raise Rejected("data.product: must be container, model or node")
    return values


def _credited(data):
    amount = _text(data, "amount", "data.")
    if not _AMOUNT.fullmatch(amount) or not amount.strip("0."):
        raise Rejected("data.amount: must be a positive decimal")
    currency = _text(data, "currency", "data.")
    if not re.fullmatch(r"[A-Z]{3}", currency):
        raise Rejected("data.currency: must be three capitals")
    return {"amount": amount, "currency": currency}


def _readers():
    """type: (its data fields beside account, what reads them), a row for each row of CONTRACT §2's table."""
    table = {
        "storage.used": (("bytes", "sku"), _used),
        "storage.deleted": (("sku",), _stored),
        "maas.tokens": (("model", "input_tokens", "output_tokens", "usage"), _tokens),
        "maas.images": (("model", "images", "status"), _images),
        "order.paid": (("product", "sku", "quantity", "months"), _paid),
        "order.fulfilled": ((), _nothing),
        "order.failed": ((), _nothing),
        "order.refunded": ((), _nothing),
        "account.credited": (("amount", "currency"), _credited),
    }
    for product in UNITS:
        table[f"{product}.launched"] = (("sku", "quantity", "order"), _launched)
        table[f"{product}.reconfigured"] = (("sku", "quantity"), _reconfigured)
        table[f"{product}.stopped"] = ((), _nothing)
        table[f"{product}.deleted"] = ((), _nothing)
        table[f"{product}.failed"] = (("since",), _failed)
        table[f"{product}.heartbeat"] = ((), _nothing)
    return table


READERS = _readers()
