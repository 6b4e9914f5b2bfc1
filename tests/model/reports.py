"""What `rate` reports beside the lines (CONTRACT §6): balances and bills, worked out from a Rating."""

from fractions import Fraction

import times
from events import utf8

DAY = 86400
MOST_PLACES = 12  # of what a sender or a catalog may say


def decimal(amount, places):
    """An exact amount with `places` decimals at least, and beyond them no zero at its end."""
    digits = amount * 10 ** MOST_PLACES
    assert digits == int(digits), amount
    whole, part = divmod(abs(int(digits)), 10 ** MOST_PLACES)
    part = f"{part:0{MOST_PLACES}d}"
    part = part[:places] + part[places:].rstrip("0")
    return ("-" if digits < 0 else "") + str(whole) + ("." + part if part else "")


def row(**fields):
    """NDJSON of one row: strings quoted, numbers bare, None as null; keys in the order given."""
    texts = []
    for name, value in fields.items():
        if isinstance(value, str):
            value = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        texts.append(f'"{name}":{"null" if value is None else value}')
    return "{" + ",".join(texts) + "}\n"


class Balance:
    """What an account's balance is made of."""

    def __init__(self):
        self.credited = self.debited = self.charged = self.accrued = Fraction(0)


def cut_of(second):
    """The second at which the bill of the month that a second lies in is cut: a day after the month's end."""
    return times.add_months(times.month_of(second), 1) + DAY


def balances(rating):
    """The rows of the report, an account each that has a line or a payment in the catalog's currency."""
    found = {}
    for event in rating.events:
        if event.product == "account" and event.data["currency"] == rating.catalogs.currency:
            balance = found.setdefault(event.account, Balance())
            if event.type == "account.credited":
                balance.credited += Fraction(event.data["amount"])
            else:
                balance.debited += Fraction(event.data["amount"])
    for line in rating.lines.charges():
        balance = found.setdefault(line.account, Balance())
        accrues = rating.catalogs.at(line.hour).settles_by_cycle(line.product)
        if accrues and cut_of(line.hour) > rating.until:
            balance.accrued += line.amount or 0
        else:
            balance.charged += line.amount or 0
    for account in sorted(found, key=utf8):
        yield _balance_row(account, found[account], rating.catalogs)


def _balance_row(account, balance, catalogs):
    scale = catalogs.charge_scale
    sums = {name: decimal(getattr(balance, name), scale) for name in ("credited", "debited", "charged", "accrued")}
    whole = balance.credited - balance.debited - balance.charged
    return row(account=account, **sums, balance=decimal(whole, scale), currency=catalogs.currency)


class Sums:
    """What a product's lines of a month come to."""

    def __init__(self):
        self.amount = Fraction(0)
        self.unpriced = 0

    def add(self, amount, unpriced):
        """Adds a line, or several."""
        self.amount += amount
        self.unpriced += unpriced


def bills(rating):
    """The rows of the report, by account, month and product; `*` is the whole bill."""
    found = {}
    for line in rating.lines.charges():
        if cut_of(line.hour) <= rating.until:
            products = found.setdefault(line.account, {}).setdefault(line.month, {})
            products.setdefault(line.product, Sums()).add(line.amount or 0, line.amount is None)
    for account in sorted(found, key=utf8):
        carried = Fraction(0)
        for month in sorted(found[account]):
            products = found[account][month]
            asked, carried = _payable(products, carried, rating.catalogs.bill_scale)
            yield from _bill_rows(account, month, products, (asked, carried), rating.catalogs)


def _payable(products, carried, scale):
    """(what a bill asks for, what the rounding leaves): half to even, with what the bill before carried."""
    due = sum((sums.amount for sums in products.values()), carried)
    payable = Fraction(round(due * 10 ** scale), 10 ** scale)
    return payable, due - payable


def _bill_rows(account, month, products, asked, catalogs):
    whole = Sums()
    for sums in products.values():
        whole.add(sums.amount, sums.unpriced)
    payable, carried = (decimal(asked[0], catalogs.bill_scale), decimal(asked[1], catalogs.charge_scale))
    rows = {"*": (whole, payable, carried), **{product: (sums, None, None) for product, sums in products.items()}}
    for product in sorted(rows, key=utf8):
        sums, payable, carried = rows[product]
        yield row(account=account, month=month, product=product, amount=decimal(sums.amount, catalogs.charge_scale),
                  unpriced=int(sums.unpriced), payable=payable, carried=carried, currency=catalogs.currency)
