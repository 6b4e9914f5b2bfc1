"""Random catalogs (CONTRACT §3), as JSON text, for a random case."""

import json

import catalog
import times
from currencies import minor_unit
from json_text import Raw, time_text

SKUS = ["s", "S", "t", "é", "1.0"]
FILE_SKUS = ["standard", "fast"]
MODELS = ["m", "M", "flux-1"]
PRICES = ["0", "0.1", "1", "2.50", "0.041", "1200.00", "999999999999.999999999999", "0.000000000001", "000000000007.10",
          "0.333333333333", "3", "0.5", "1.005", "0.000000000003"]
OFTEN_ABSENT = ("cached_input_tokens", "cache_write_tokens", "subscription_year")
SPOILERS = [("prize", 1), ("charge_scale", 13), ("charge_scale", "6"), ("charge_scale", -1), ("currency", "usd"),
            ("currency", None), ("void_after", "1h30m"), ("void_after", "1.5h"), ("void_after", "1 h"), ("grace", "x"),
            ("grace", None), ("bill_scale", 13), ("bill_scale", None), ("bill_scale", -1),
            ("products", []), ("products", None), ("products", {"gpu": {}})]


CURRENCIES = ["USD", "EUR", "CNY", "JPY", "KWD", "CLF", "XAU"]
CUTS = [0, 1, 1800, 3599]


class RandomCatalog:
    """What a case's events need to know of its catalog, and its text."""

    def __init__(self, rng, instants, first=None):
        """`first`: the catalog that this one follows, whose fixed part it keeps; perhaps not, if spoiled."""
        self._rng = rng
        self._instants = instants
        self._starts = instants + [us - us % (times.HOUR * times.US) + cut * times.US for us in instants for cut in CUTS]
        self._share = 0.95 if first or rng.random() < 0.8 else 0.6
        self.void_after = rng.choice([0, 0, 1, 60, 600, 3600, 5400, 172800])
        self.liveness = first.liveness if first else {
            product: rng.choice([0, 0, 0, 60, 300, 600, 3599, 3600, 4000]) for product in ("container", "model", "node")}
        self.fixed = first.fixed if first else self._fixed()
        self.spoiled = rng.random() < (0.06 if first else 0.01)
        self.products = {product for product in catalog.METERS if rng.random() < 0.97}
        if first:  # what the first has not, says nothing of liveness; what says something of it stays
            self.products |= {product for product, seconds in self.liveness.items() if seconds}
        else:
            self.liveness = {product: seconds if product in self.products else 0
                             for product, seconds in self.liveness.items()}
        self.text = self._write(self._top(first))

    def _fixed(self):
        rng = self._rng
        currency = rng.choice(["USD", "EUR", "CNY"] if rng.random() < 0.7 else CURRENCIES)
        return {"currency": currency, "charge_scale": rng.choice([0, 1, 2, 6, 6, 6, 7, 11, 12]),
                "bill_scale": minor_unit(currency) if rng.random() < 0.7 else rng.randint(0, 12)}

    def _top(self, first):
        rng = self._rng
        products = {product: self._product(product) for product in catalog.METERS if product in self.products}
        top = {**self.fixed, "products": products}
        for name, default in (("charge_scale", 6), ("bill_scale", minor_unit(top["currency"]))):
            if top[name] == default and rng.random() < 0.5:
                del top[name]
        if self.void_after or rng.random() < 0.5:
            top["void_after"] = self._duration(self.void_after)
        if rng.random() < 0.3:
            top["grace"] = rng.choice(["24h", 0, "1d", "90m"])
        if self.spoiled:
            self._spoil(top, first)
        return self._shuffled(top)

    def _spoil(self, top, first):
        """One thing that no catalog may say, or that this one may not, after `first`."""
        rng = self._rng
        key, value = rng.choice(SPOILERS)
        if first and rng.random() < 0.8:
            key = rng.choice(["currency", "charge_scale", "bill_scale", "liveness"])
            value = "XTS" if key == "currency" else (self.fixed.get(key, 0) + 1) % 13
        if key == "liveness":
            product = rng.choice(sorted(first.products & self.liveness.keys()) or ["node"])
            top["products"].setdefault(product, {"settle": "hourly", "skus": {}})["liveness"] = self.liveness[product] + 1
        else:
            top[key] = value
            if key == "currency" and first:
                top["bill_scale"] = self.fixed["bill_scale"]

    def _product(self, product):
        rng = self._rng
        names = {"storage": FILE_SKUS, "maas": MODELS}.get(product, SKUS)
        value = {"settle": rng.choice(["hourly", "cycle"]),
                 "skus": self._shuffled({name: self._sku(product) for name in names if rng.random() < self._share})}
        if self.liveness.get(product):
            value["liveness"] = self.liveness[product]
        return self._shuffled(value)

    def _sku(self, product):
        rng = self._rng
        meters = {meter: self._prices(list(units)) for meter, units in catalog.METERS[product].items()
                  if rng.random() < (0.5 if meter in OFTEN_ABSENT else 0.93)}
        if product == "storage" and rng.random() < 0.7:
            meters["free"] = rng.choice(["20GB", "1GiB", 0, "0GB", 1000, "15000000000", "2000000000GB"])
        return self._shuffled(meters)

    def _prices(self, units):
        rng = self._rng
        if rng.random() < 0.6:
            return self._price(units, None)
        starts = sorted(rng.sample(self._starts, min(len(self._starts), rng.randint(1, 3))))
        starts = [us for us, before in zip(starts, [-10 ** 6] + starts) if us // 10 ** 6 > before // 10 ** 6]
        if rng.random() < 0.2:
            return self._price(units, starts[0])
        if rng.random() < 0.7:
            starts.insert(0, None)
        return [self._price(units, start) for start in starts]

    def _price(self, units, start):
        rng = self._rng
        text = rng.choice(PRICES)
        if rng.random() < 0.2:
            text = f"{rng.randrange(10 ** rng.randint(1, 12))}.{rng.randrange(10 ** 12):012d}"
        bare = rng.random() < 0.2 and not (text[0] == "0" and text[1:2].isdigit())
        unit = rng.choice(units)
        price = {"price": Raw(text) if bare else text, "per": Raw("1") if unit == "1" and rng.random() < 0.2 else unit}
        if start is not None:
            price["from"] = time_text(rng, start)
        return self._shuffled(price)

    def _duration(self, seconds):
        texts = [seconds, str(seconds), f"{seconds}s"]
        for unit, size in (("m", 60), ("h", 3600), ("d", 86400)):
            if seconds % size == 0:
                texts.append(f"{seconds // size}{unit}")
        return self._rng.choice(texts)

    def _shuffled(self, pairs):
        items = list(pairs.items())
        self._rng.shuffle(items)
        return dict(items)

    def _write(self, value):
        """JSON that is YAML too: no blank before a colon; a bare price keeps its digits."""
        raws = []

        def mark(raw):
            raws.append(raw.text)
            return f"@raw{len(raws) - 1}@"

        indent = self._rng.choice([None, 0, 1, 2, 4])
        colon = self._rng.choice([":", ": "])
        text = json.dumps(value, default=mark, ensure_ascii=False, indent=indent, separators=(",", colon))
        for number, raw in enumerate(raws):
            text = text.replace(f'"@raw{number}@"', raw)
        return text + self._rng.choice(["", "\n"])
