"""The catalog (CONTRACT §3): products, prices in time, units, free bytes; and several, each from its hour on."""

import re
from fractions import Fraction

import catalog_text
import times
from catalog_text import BadCatalog
from currencies import minor_unit

HOUR, DAY = 3600, 86400
TIME_UNITS = {"second": 1, "minute": 60, "hour": HOUR, "day": DAY}
STORAGE_UNITS = {"GB-hour": 10 ** 9 * HOUR, "GiB-hour": 2 ** 30 * HOUR, "GB-day": 10 ** 9 * DAY,
                 "GiB-day": 2 ** 30 * DAY}
COUNT_UNITS = {"1": 1, "1K": 1000, "1M": 10 ** 6}

_RUNTIME = {"payg": TIME_UNITS, "subscription": {"month": 1}, "subscription_year": {"year": 1}}
METERS = {
    "container": _RUNTIME,
    "model": _RUNTIME,
    "node": _RUNTIME,
    "storage": {"payg": STORAGE_UNITS},
    "maas": {meter: COUNT_UNITS for meter in ("input_tokens", "cached_input_tokens", "cache_write_tokens",
                                              "output_tokens", "images")},
}
PARTS_OF_INPUT = ("cached_input_tokens", "cache_write_tokens")

_PRICE = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,12})?")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": HOUR, "d": DAY}
_BYTES = {"": 1, "GB": 10 ** 9, "GiB": 2 ** 30}


class Catalog:
    """What the rules ask of a catalog."""

    def __init__(self, data):
        """`data`: the catalog's bytes."""
        top = _object(catalog_text.read(data), ("currency", "products"),
                      ("charge_scale", "bill_scale", "grace", "void_after"))
        self.currency = _currency(top["currency"])
        self.charge_scale = _whole(top["charge_scale"], 12) if "charge_scale" in top else 6
        self.bill_scale = _whole(top["bill_scale"], 12) if "bill_scale" in top else minor_unit(self.currency)
        self.grace = _measure(top["grace"], _SECONDS) if "grace" in top else 24 * HOUR
        self.void_after = _measure(top["void_after"], _SECONDS) if "void_after" in top else 0
        self.liveness = {}
        self._cycle = set()
        self._prices = {}
        self._free = {}
        for product, (key, value) in _mapping(top["products"]).items():
            self._read_product(product, key, value)

    def price(self, product, sku, meter, second):
        """Price of one of the meter's units (a Fraction) at a second, or None: unpriced."""
        if meter in PARTS_OF_INPUT and (product, sku, meter) not in self._prices:
            meter = "input_tokens"
        found = None
        for since, price in self._prices.get((product, sku, meter), []):
            if since is None or since <= second:
                found = price
        return found

    def order_price(self, product, sku, months, second):
        """Price of one unit of quantity for `months` (a Fraction) at a second, or None: unpriced."""
        year = self.price(product, sku, "subscription_year", second)
        if months % 12 == 0 and year is not None:
            return year * months / 12
        month = self.price(product, sku, "subscription", second)
        return None if month is None else month * months

    def changes(self, product):
        """The seconds at which a price of the product changes."""
        return {since for key, prices in self._prices.items() if key[0] == product
                for since, _ in prices if since is not None}

    def free(self, sku):
        """Bytes of a storage sku that are free for an account."""
        return self._free.get(sku, 0)

    def settles_by_cycle(self, product):
        """Whether a product accrues until the month's bill; one that is not there settles by the hour."""
        return product in self._cycle

    def fixed(self):
        """What a later catalog may not say otherwise."""
        return self.currency, self.charge_scale, self.bill_scale, {k: v for k, v in self.liveness.items() if v}

    def _read_product(self, product, key, value):
        if product not in METERS:
            raise BadCatalog(key, "expected one of the products")
        optional = ("liveness",) if "subscription" in METERS[product] else ()
        fields = _object(value, ("settle", "skus"), optional)
        if _scalar(fields["settle"]) not in ("hourly", "cycle"):
            raise BadCatalog(fields["settle"], "expected hourly or cycle")
        if fields["settle"].value == "cycle":
            self._cycle.add(product)
        if "liveness" in fields:
            self.liveness[product] = _whole(fields["liveness"], 10 ** 15)
        for sku, (_, meters) in _mapping(fields["skus"]).items():
            self._read_sku(product, sku, meters)

    def _read_sku(self, product, sku, value):
        units = METERS[product]
        optional = tuple(units) + (("free",) if product == "storage" else ())
        for name, field in _object(value, (), optional).items():
            if name == "free":
                self._free[sku] = _measure(field, _BYTES)
            else:
                self._prices[product, sku, name] = _price_list(field, units[name])


class Catalogs:
    """The catalogs of a run: the first holds since ever, each other from its hour on (CONTRACT §3, §5)."""

    def __init__(self, first, later=()):
        """`later`: (hour, Catalog) as the command line has them; of the same hour the last one holds."""
        for _, catalog in later:
            if catalog.fixed() != first.fixed():
                raise BadCatalog(None, "expected currency, charge_scale, bill_scale and liveness of the first catalog")
        self.currency = first.currency
        self.charge_scale = first.charge_scale
        self.bill_scale = first.bill_scale
        self.liveness = first.liveness
        self._first = first
        self._later = sorted(dict(later).items())

    def at(self, second):
        """The catalog that rates the hour of a second."""
        held = self._first
        for hour, catalog in self._later:
            if hour <= times.hour_of(second):
                held = catalog
        return held

    def changes(self, product):
        """The seconds at which a price of the product, or the catalog, may change."""
        seconds = {hour for hour, _ in self._later}
        for catalog in [self._first] + [catalog for _, catalog in self._later]:
            seconds |= catalog.changes(product)
        return seconds


def read_catalogs(names, read_file):
    """The Catalogs of FILE[@HOUR] names; raises BadCatalog, whose text begins with the file, or ValueError."""
    first, later = [], []
    for name in names:
        file, at, hour = name.rpartition("@")
        catalog = _read_one(file if at else name, read_file)
        if at:
            later.append((_hour(name, hour), catalog))
        else:
            first.append(catalog)
    if len(first) != 1:
        raise ValueError("--catalog: each but one names the hour that it holds from")
    return Catalogs(first[0], later)


def _read_one(file, read_file):
    try:
        return Catalog(read_file(file))
    except BadCatalog as error:
        place = f":{error.line}:{error.column}" if error.line else ""
        raise ValueError(f"{file}{place}: {error}") from error


def _hour(name, text):
    us = times.parse_us(text)
    if us is None or us % (HOUR * times.US):
        raise ValueError(f"--catalog {name}: not a whole hour")
    return times.second_of(us)


def _mapping(node):
    """{key: (key node, node)} of a mapping; no key twice."""
    if node.kind != "map":
        raise BadCatalog(node, "expected a mapping")
    fields = {}
    for key, value in node.value:
        if key.kind != "scalar":
            raise BadCatalog(key, "expected a key")
        if key.value in fields:
            raise BadCatalog(key, "expected each key once")
        fields[key.value] = (key, value)
    return fields


def _object(node, required, optional):
    """{key: node} of a mapping with these keys."""
    fields = _mapping(node)
    for name, (key, _) in fields.items():
        if name not in required + optional:
            raise BadCatalog(key, "expected one of " + ", ".join(required + optional))
    for name in required:
        if name not in fields:
            raise BadCatalog(node, f"expected {name}")
    return {name: value for name, (_, value) in fields.items()}


def _currency(node):
    if not re.fullmatch(r"[A-Z]{3}", _scalar(node)):
        raise BadCatalog(node, "expected three capitals")
    return node.value


def _scalar(node):
    """The characters of a scalar, quoted or not."""
    if node.kind != "scalar":
        raise BadCatalog(node, "expected a scalar")
    return node.value


def _whole(node, most):
    """A bare decimal integer."""
    if not re.fullmatch(r"[0-9]{1,16}", _scalar(node)) or not node.bare or int(node.value) > most:
        raise BadCatalog(node, f"expected a bare integer of at most {most}")
    return int(node.value)


def _measure(node, units):
    """A duration or a size: an integer and a unit, quoted or not."""
    match = re.fullmatch(r"([0-9]+)([A-Za-z]*)", _scalar(node))
    if not match or match.group(2) not in units:
        raise BadCatalog(node, "expected an integer and a unit")
    return int(match.group(1)) * units[match.group(2)]


def _price_list(node, units):
    """[(second from which it holds, or None since ever; price of one unit)], rising."""
    entries = node.value if node.kind == "list" else [node]
    if not entries:
        raise BadCatalog(node, "expected a price")
    prices = [_price(entry, units) for entry in entries]
    for entry, (before, _), (after, _) in zip(entries[1:], prices, prices[1:]):
        if after is None or (before is not None and after <= before):
            raise BadCatalog(_from_of(entry), "expected a from after the one before")
    return prices


def _from_of(entry):
    """The node of an entry's `from`, or the entry."""
    return {key.value: value for key, value in entry.value}.get("from", entry)


def _price(node, units):
    fields = _object(node, ("price", "per"), ("from",))
    if not _PRICE.fullmatch(_scalar(fields["price"])):
        raise BadCatalog(fields["price"], "expected a price")
    if _scalar(fields["per"]) not in units:
        raise BadCatalog(fields["per"], "expected one of " + ", ".join(units))
    since = None
    if "from" in fields:
        us = times.parse_us(_scalar(fields["from"]))
        if us is None:
            raise BadCatalog(fields["from"], "expected a time")
        since = times.second_of(us)
    return since, Fraction(fields["price"].value) / units[fields["per"].value]
