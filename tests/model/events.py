"""One line of a file to one event, or to the reason why not (CONTRACT §2)."""

import re
from dataclasses import dataclass

import strict_json
import times

UNITS = ("container", "model", "node")
LEVELS = UNITS + ("storage",)
MAX_COUNT = 10 ** 15
MAX_BYTES = 10 ** 18

COUNTED = ("input_tokens", "cached_input_tokens", "cache_write_tokens", "output_tokens")
USAGE_KEYS = ("prompt_tokens", "prompt_tokens_details", "completion_tokens", "input_tokens", "input_tokens_details",
              "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens", "total_tokens")
ATTRIBUTES = ("specversion", "id", "source", "type", "subject", "time", "data")

_INTEGER = re.compile(r"-?[0-9]+")
_AMOUNT = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,12})?")


class Rejected(Exception):
    """An event that breaks a rule; its text is the reason and begins with the field's name.

    Where a rule binds several fields, the names of all stand there, `|` between them: any of them will do.
    """


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

    @property
    def product(self):
        """What stands before the dot of the type."""
        return self.type.split(".")[0]

    def identity(self):
        """What a repeat has in common with the first (CONTRACT §2), or None: it has no identity."""
        if self.product == "account":
            return self.account, self.type, self.subject
        if self.type == "maas.images" and self.data["status"] != "succeeded":
            return None
        key = (self.account, self.type, self.source, self.id)
        if self.product in LEVELS:
            key += (self.subject, self.time_us, self.effective_us)
        return key


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


def _optional(data, name, read, default, *bounds):
    """{name: what `read` says of the field}, or its default where the field is absent; null is a value."""
    return {name: read(data, name, "data.", *bounds) if name in data else default}


def _launched(data):
    return {"sku": _text(data, "sku", "data."), **_optional(data, "quantity", _integer, 1, 1, MAX_COUNT),
            **_optional(data, "order", _text, None)}


def _reconfigured(data):
    values = {}
    for name, read, bounds in (("sku", _text, ()), ("quantity", _integer, (1, MAX_COUNT)), ("order", _text, ())):
        if name in data:
            values[name] = read(data, name, "data.", *bounds)
    if not values:
        raise Rejected("data.sku|data.quantity|data.order: one at least")
    return values


def _failed(data):
    if "since" not in data:
        return {}
    _text(data, "since", "data.")
    return {"since": _time(data, "since", "data.")}


def _nothing(_data):
    return {}


def _stored(data):
    return _optional(data, "sku", _text, "standard")


def _used(data):
    return {"bytes": _integer(data, "bytes", "data.", 0, MAX_BYTES), **_stored(data)}


def _tokens(data):
    model = _text(data, "model", "data.")
    if "input_tokens" in data or "output_tokens" in data:
        counts = {name: _integer(data, name, "data.", 0, MAX_COUNT) for name in ("input_tokens", "output_tokens")}
        for name in ("cached_input_tokens", "cache_write_tokens"):
            counts.update(_optional(data, name, _integer, 0, 0, MAX_COUNT))
        return {"model": model, **_split(*(counts[name] for name in COUNTED), [f"data.{name}" for name in COUNTED[:3]])}
    if not isinstance(data.get("usage"), strict_json.Object):
        raise Rejected("data.usage: must be an object, or input_tokens and output_tokens stand")
    return {"model": model, **_usage(_fields(data["usage"], USAGE_KEYS, "data.usage."))}


def _split(given, cached, written, output, names):
    """What each meter counts: the parts of the input apart from the rest of it; `names` for the complaint."""
    if cached + written > given:
        raise Rejected("|".join(names) + ": the parts are more than the whole")
    return {"input_tokens": given - cached - written, "cached_input_tokens": cached, "cache_write_tokens": written,
            "output_tokens": output}


def _usage(usage):
    """The counts of what a model server says of a call: its form is told by its keys."""
    if "prompt_tokens" in usage:
        whole = _integer(usage, "prompt_tokens", "data.usage.", 0, MAX_COUNT)
        return _with_details(usage, whole, "prompt_tokens", "completion_tokens", ("cached_tokens", "cache_write_tokens"))
    if "input_tokens" in usage:
        whole = _integer(usage, "input_tokens", "data.usage.", 0, MAX_COUNT)
        if "cache_read_input_tokens" in usage or "cache_creation_input_tokens" in usage:
            read, written = _count(usage, "cache_read_input_tokens"), _count(usage, "cache_creation_input_tokens")
            return _split(whole + read + written, read, written, _count(usage, "output_tokens"), ())
        return _with_details(usage, whole, "input_tokens", "output_tokens", ("cached_tokens",))
    if "total_tokens" in usage:
        whole = _integer(usage, "total_tokens", "data.usage.", 0, MAX_COUNT)
        return _split(whole, 0, 0, _count(usage, "completion_tokens"), ())
    raise Rejected("data.usage.prompt_tokens: none of prompt_tokens, input_tokens and total_tokens")


def _with_details(usage, whole, name, output, parts):
    """The forms whose `…_details` say what of the whole was cached, and what written (where `parts` has it)."""
    prefix = f"data.usage.{name}_details"
    details = usage.get(f"{name}_details")
    if details is None:
        details = strict_json.Object([])
    if not isinstance(details, strict_json.Object):
        raise Rejected(f"{prefix}: must be an object")
    details = _fields(details, parts, prefix + ".")
    counts = [_count(details, part, prefix + ".") for part in parts] + [0]
    names = [f"data.usage.{name}", prefix] + [f"{prefix}.{part}" for part in parts]
    return _split(whole, counts[0], counts[1], _count(usage, output), names)


def _count(fields, name, prefix="data.usage."):
    """An integer that may be missing or null, which is 0."""
    return 0 if fields.get(name) is None else _integer(fields, name, prefix, 0, MAX_COUNT)


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


def _debited(data):
    amount = _text(data, "amount", "data.")
    if not _AMOUNT.fullmatch(amount) or not amount.strip("0."):
        raise Rejected("data.amount: must be a positive decimal")
    currency = _text(data, "currency", "data.")
    if not re.fullmatch(r"[A-Z]{3}", currency):
        raise Rejected("data.currency: must be three capitals")
    return {"amount": amount, "currency": currency}


def _credited(data):
    values = {**_debited(data), **_optional(data, "for", _text, "balance")}
    if values["for"] not in ("balance", "bill"):
        raise Rejected("data.for: must be balance or bill")
    return values


def _readers():
    """type: (its data fields beside account, what reads them), a row for each row of CONTRACT §2's table."""
    table = {
        "storage.used": (("bytes", "sku"), _used),
        "storage.deleted": (("sku",), _stored),
        "maas.tokens": (("model", "usage") + COUNTED, _tokens),
        "maas.images": (("model", "images", "status"), _images),
        "order.paid": (("product", "sku", "quantity", "months"), _paid),
        "order.fulfilled": ((), _nothing),
        "order.failed": ((), _nothing),
        "order.refunded": ((), _nothing),
        "account.credited": (("amount", "currency", "for"), _credited),
        "account.debited": (("amount", "currency"), _debited),
    }
    for product in UNITS:
        table[f"{product}.launched"] = (("sku", "quantity", "order"), _launched)
        table[f"{product}.reconfigured"] = (("sku", "quantity", "order"), _reconfigured)
        table[f"{product}.stopped"] = ((), _nothing)
        table[f"{product}.deleted"] = ((), _nothing)
        table[f"{product}.failed"] = (("since",), _failed)
        table[f"{product}.heartbeat"] = ((), _nothing)
    return table


READERS = _readers()
