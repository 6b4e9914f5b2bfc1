"""The catalog (CONTRACT §3), for the model only as JSON: products, prices in time, units, free bytes."""

import re
from fractions import Fraction

import strict_json
import times

HOUR, DAY = 3600, 86400
TIME_UNITS = {"second": 1, "minute": 60, "hour": HOUR, "day": DAY}
STORAGE_UNITS = {"GB-hour": 10 ** 9 * HOUR, "GiB-hour": 2 ** 30 * HOUR, "GB-day": 10 ** 9 * DAY,
                 "GiB-day": 2 ** 30 * DAY}
COUNT_UNITS = {"1": 1, "1K": 1000, "1M": 10 ** 6}
MONTH = {"month": 1}

_RUNTIME = {"payg": TIME_UNITS, "subscription": MONTH}
METERS = {
    "container": _RUNTIME,
    "model": _RUNTIME,
    "node": _RUNTIME,
    "storage": {"payg": STORAGE_UNITS},
    "maas": {"input_tokens": COUNT_UNITS, "output_tokens": COUNT_UNITS, "images": COUNT_UNITS},
}

_PRICE = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,12})?")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": HOUR, "d": DAY}
_BYTES = {"": 1, "GB": 10 ** 9, "GiB": 2 ** 30}


class BadCatalog(Exception):
    """The catalog is refused."""


class Catalog:
    """What the rules ask of a catalog."""

    def __init__(self, text):
        top = _object(_parse(text), ("currency", "products"),
                      ("charge_scale", "grace", "void_after"), "catalog")
        self.currency = _currency(top["currency"])
        self.charge_scale = _whole(top.get("charge_scale", strict_json.Number("6")), 12, "charge_scale")
        self.void_after = _measure(top.get("void_after", "0"), _SECONDS, "void_after")
        _measure(top.get("grace", "24h"), _SECONDS, "grace")
        self.liveness = {}
        self._prices = {}
        self._free = {}
        for product, value in _pairs(top["products"], "products"):
            self._read_product(product, value)

    def price(self, product, sku, meter, second):
        """Price of one of the meter's units (a Fraction) at a second, or None: unpriced."""
        found = None
        for since, price in self._prices.get((product, sku, meter), []):
            if since is None or since <= second:
                found = price
        return found

    def changes(self, product):
        """The seconds at which a price of the product changes."""
        return sorted({since for key, prices in self._prices.items() if key[0] == product
                       for since, _ in prices if since is not None})

    def free(self, sku):
        """Bytes of a storage sku that are free for an account."""
        return self._free.get(sku, 0)

    def _read_product(self, product, value):
        if product not in METERS:
            raise BadCatalog(f"unknown product {product}")
        optional = ("liveness",) if "subscription" in METERS[product] else ()
        fields = _object(value, ("settle", "skus"), optional, product)
        if fields["settle"] not in ("hourly", "cycle"):
            raise BadCatalog(f"{product}: settle is hourly or cycle")
        if "liveness" in fields:
            self.liveness[product] = _whole(fields["liveness"], 10 ** 15, "liveness")
        for sku, meters in _pairs(fields["skus"], f"{product}.skus"):
            self._read_sku(product, sku, meters)

    def _read_sku(self, product, sku, value):
        units = METERS[product]
        optional = tuple(units) + (("free",) if product == "storage" else ())
        for name, field in _object(value, (), optional, sku).items():
            if name == "free":
                self._free[sku] = _measure(field, _BYTES, "free")
            else:
                self._prices[product, sku, name] = _price_list(field, units[name])


def _parse(text):
    try:
        return strict_json.parse(text)
    except strict_json.JsonError as error:
        raise BadCatalog(f"not JSON: {error}") from error


def _pairs(value, where):
    if not isinstance(value, strict_json.Object):
        raise BadCatalog(f"{where}: must be a mapping")
    keys = [key for key, _ in value.pairs]
    if len(set(keys)) != len(keys):
        raise BadCatalog(f"{where}: a key twice")
    return value.pairs


def _object(value, required, optional, where):
    fields = dict(_pairs(value, where))
    for key in fields:
        if key not in required + optional:
            raise BadCatalog(f"{where}: unknown key {key}")
    for key in required:
        if key not in fields:
            raise BadCatalog(f"{where}: no {key}")
    return fields


def _currency(value):
    if not isinstance(value, str) or not re.fullmatch(r"[A-Z]{3}", value):
        raise BadCatalog("currency: three capitals")
    return value


def _scalar(value, where):
    """The characters of a scalar, quoted or not."""
    if isinstance(value, strict_json.Number):
        return value.text
    if isinstance(value, str):
        return value
    raise BadCatalog(f"{where}: must be a scalar")


def _whole(value, most, where):
    """A bare decimal integer."""
    if not isinstance(value, strict_json.Number) or not re.fullmatch(r"[0-9]{1,16}", value.text):
        raise BadCatalog(f"{where}: must be a bare integer")
    if int(value.text) > most:
        raise BadCatalog(f"{where}: at most {most}")
    return int(value.text)


def _measure(value, units, where):
    """A duration or a size: an integer and a unit, quoted or not."""
    match = re.fullmatch(r"([0-9]+)([A-Za-z]*)", _scalar(value, where))
    if not match or match.group(2) not in units:
        raise BadCatalog(f"{where}: an integer and a unit")
    return int(match.group(1)) * units[match.group(2)]


def _price_list(value, units):
    """[(second from which it holds, or None since ever; price of one unit)], rising."""
    entries = value if isinstance(value, list) else [value]
    if not entries:
        raise BadCatalog("an empty list of prices")
    prices = [_price(entry, units) for entry in entries]
    for (before, _), (after, _) in zip(prices, prices[1:]):
        if after is None or (before is not None and after <= before):
            raise BadCatalog("from must rise")
    return prices


def _price(entry, units):
    fields = _object(entry, ("price", "per"), ("from",), "price")
    text = _scalar(fields["price"], "price")
    unit = _scalar(fields["per"], "per")
    if not _PRICE.fullmatch(text):
        raise BadCatalog(f"price: bad number {text}")
    if unit not in units:
        raise BadCatalog(f"per: bad unit {unit}")
    since = None
    if "from" in fields:
        us = times.parse_us(_scalar(fields["from"], "from"))
        if us is None:
            raise BadCatalog("from: not a time")
        since = times.second_of(us)
    return since, Fraction(text) / units[unit]
