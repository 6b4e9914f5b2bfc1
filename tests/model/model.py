#!/usr/bin/env python3
"""What `hourglass rate` prints, worked out slowly and plainly from CONTRACT.md alone.

    model.py --catalog FILE[@HOUR]... [--until TIME] [--report lines|balances|bills] [--every-second] EVENTS...

The level of a second is looked up in the fold of the events (CONTRACT §2.1) each
time it is asked for. Between two neighbouring seconds of change every second is like the first, so that one is
worked out and counted as often as there are seconds; with --every-second each is worked out by itself.
"""

import argparse
import bisect
import itertools
import sys
from dataclasses import dataclass, replace
from fractions import Fraction

import reports
import times
from catalog import BadCatalog, read_catalogs
from events import COUNTED, UNITS, Rejected, parse_line, utf8
from orders import read_orders

KINDS = {kind: rank for rank, kind in enumerate(
    ("launched", "reconfigured", "heartbeat", "stopped", "failed", "deleted"))}
ENDS = {"stopped", "failed", "deleted"}
STORAGE_KINDS = {"used": 0, "deleted": 1}
REPORTS = {"lines": lambda rating: rating.lines.print(), "balances": reports.balances, "bills": reports.bills}


@dataclass(frozen=True)
class Level:
    """What a resource runs at."""

    sku: str
    quantity: int
    order: str | None


@dataclass(frozen=True)
class Charge:
    """A line as bills and balances need it: its hour as a second, its amount as it is printed, None unpriced."""

    account: str
    hour: int
    month: str
    product: str
    amount: Fraction | None


class Lines:
    """The charge lines: units and the exact amount of each, None when a billed unit has no price."""

    def __init__(self, catalogs):
        self._catalogs = catalogs
        self._lines = {}

    def rounded(self, amount):
        """An exact amount to the decimals of a charge, half to even (CONTRACT §4)."""
        scale = 10 ** self._catalogs.charge_scale
        return Fraction(round(amount * scale), scale)

    def add(self, account, second, product, resource, meter, sku, kind, units, amount):
        """Adds to the line of the hour that `second` lies in."""
        key = (account, times.format_hour(times.hour_of(second)), product, resource, meter, sku, kind)
        had_units, had_amount = self._lines.get(key, (0, Fraction(0)))
        total = None if amount is None or had_amount is None else had_amount + amount
        self._lines[key] = (had_units + units, total)

    def charges(self):
        """Each line as a Charge, in no order."""
        for (account, hour, product, *_), (_, amount) in self._lines.items():
            rounded = None if amount is None else self.rounded(amount)
            yield Charge(account, times.second_of(times.parse_us(hour)), hour[:7], product, rounded)

    def print(self):
        """The lines as NDJSON, sorted field by field as bytes (CONTRACT §5)."""
        for key in sorted(self._lines, key=lambda key: tuple(utf8(field) for field in key)):
            units, amount = self._lines[key]
            names = ("account", "hour", "product", "resource", "meter", "sku", "kind")
            fields = [f'"{name}":{_quote(value)}' for name, value in zip(names, key)]
            fields.append(f'"units":"{units}"')
            fields.append(f'"amount":{self._decimal(amount)}')
            fields.append(f'"currency":"{self._catalogs.currency}"')
            yield "{" + ",".join(fields) + "}\n"

    def _decimal(self, amount):
        if amount is None:
            return "null"
        scale = self._catalogs.charge_scale
        digits = round(amount * 10 ** scale)
        sign = "-" if digits < 0 else ""
        whole, part = divmod(abs(digits), 10 ** scale)
        return f'"{sign}{whole}.{part:0{scale}d}"' if scale else f'"{sign}{whole}"'


def _quote(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


class Fold:
    """What the events of one resource leave behind, second by second."""

    def __init__(self, places, step, start):
        """`places`: the sort keys and events of CONTRACT §2.1; `step`: (state, kind, event) to state."""
        self.seconds = []
        self._states = []
        self._start = start
        places = sorted(places, key=lambda place: place[0])
        for at_us, group in itertools.groupby(places, key=lambda place: place[0][0]):
            for _, kind, event in ends_first(list(group), start):
                start = step(start, kind, event)
                self.seconds.append(times.second_of(at_us))
                self._states.append(start)

    def at(self, second):
        """The state left by the last change whose time, cut to the second, is <= `second`."""
        index = bisect.bisect_right(self.seconds, second)
        return self._states[index - 1] if index else self._start

    def alive(self, second, liveness, until):
        """Whether the signs around a second are near enough to each other, or to now (CONTRACT §2.2)."""
        index = bisect.bisect_right(self.seconds, second)
        last = self.seconds[index - 1]
        following = self.seconds[index] if index < len(self.seconds) else until
        return not liveness or following - last <= liveness


def ends_first(places, before):
    """The places of one microsecond, sorted: what runs before it ends first; stored bytes, an int, do not run."""
    if not isinstance(before, Level):
        return places
    return sorted(places, key=lambda place: place[1] not in ENDS)


def places_of(events, ranks, until_us):
    """Where the events stand in the fold; a failed one at `since` and again at `time`."""
    places = []
    for event in events:
        kind = event.type.split(".")[1]
        for at_us in {event.effective_us, event.time_us}:
            if at_us < until_us:
                places.append(((at_us, ranks[kind], utf8(event.id), utf8(event.source)), kind, event))
    return places


def run_step(level, kind, event):
    """The level of a container, model or node after one more event; None: not running."""
    data = event.data
    if kind == "launched":
        return Level(data["sku"], data["quantity"], data["order"])
    if kind == "reconfigured":
        return replace(level, **data) if level else None
    if kind == "heartbeat":
        return level
    return None


def store_step(_bytes, kind, event):
    """The stored bytes of a file system after one more event."""
    return event.data["bytes"] if kind == "used" else 0


def group_by(items, key):
    """{key: items that have it}"""
    groups = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups


class Rating:
    """The whole of CONTRACT §4 over the accepted events, in the order of the log, before `until` (a second)."""

    def __init__(self, catalogs, events, until, every_second):
        self.catalogs = catalogs
        self.until = until
        self.every_second = every_second
        until_us = until * times.US
        self.log = [event for event in events if event.effective_us < until_us]
        self.events = once(self.log)
        self.lines = Lines(catalogs)
        self.orders = read_orders(self.events, catalogs, until_us, self.lines)
        for product in UNITS:
            self.rate_running(product)
        self.rate_storage()
        self.rate_counts()

    def folds(self, events, ranks, step, start):
        """{subject: Fold}"""
        return {subject: Fold(places_of(group, ranks, self.until * times.US), step, start)
                for subject, group in group_by(events, lambda event: event.subject).items()}

    def spans(self, product, seconds):
        """[from, to) spans, each inside an hour, in which nothing changes, from the first of `seconds` on."""
        marks = set(seconds) | self.catalogs.changes(product) | {self.until}
        for order in self.orders.values():
            marks |= {order.start, order.end}
        first = min(seconds)
        marks = sorted(mark for mark in marks if first <= mark <= self.until)
        for begin, end in zip(marks, marks[1:]):
            while begin < end:
                stop = begin + 1 if self.every_second else min(end, times.hour_of(begin) + times.HOUR)
                yield begin, stop
                begin = stop

    def charge(self, account, product, resource, meter, sku, second, units, seconds=1):
        """Adds usage of `units` in each of `seconds` seconds that are like `second`."""
        if units == 0:
            return
        price = self.catalogs.at(second).price(product, sku, meter_price(meter), second)
        amount = None if price is None else price * units * seconds
        self.lines.add(account, second, product, resource, meter, sku, "usage", units * seconds, amount)

    def rate_running(self, product):
        """Runtime of a product, account by account."""
        events = [event for event in self.events if event.product == product]
        for account, group in group_by(events, lambda event: event.account).items():
            folds = self.folds(group, KINDS, run_step, None)
            seconds = [second for fold in folds.values() for second in fold.seconds]
            for begin, end in self.spans(product, seconds):
                for name, level, units in self.billed(account, product, folds, begin):
                    self.charge(account, product, name, "runtime", level.sku, begin, units, end - begin)

    def billed(self, account, product, folds, second):
        """(resource, level, pay-as-you-go units) in a second; orders cover in bytewise order of names."""
        left = {}
        liveness = self.catalogs.liveness.get(product, 0)
        for name in sorted(folds, key=utf8):
            level = folds[name].at(second)
            if level is None or not folds[name].alive(second, liveness, self.until):
                continue
            order = self.orders.get((account, level.order))
            covered = 0
            if order and order.product == product and order.sku == level.sku and order.covers(second):
                covered = min(level.quantity, left.setdefault(order.name, order.quantity))
                left[order.name] -= covered
            yield name, level, level.quantity - covered

    def rate_storage(self):
        """Stored bytes above the free ones, pool by pool (account and sku)."""
        events = [event for event in self.events if event.product == "storage"]
        pools = group_by(events, lambda event: (event.account, event.data["sku"]))
        for (account, sku), group in pools.items():
            folds = self.folds(group, STORAGE_KINDS, store_step, 0)
            seconds = [second for fold in folds.values() for second in fold.seconds]
            for begin, end in self.spans("storage", seconds):
                stored = sum(fold.at(begin) for fold in folds.values())
                billable = max(0, stored - self.catalogs.at(begin).free(sku))
                self.charge(account, "storage", "*", "capacity", sku, begin, billable, end - begin)

    def rate_counts(self):
        """Tokens and images, each in the second that its event falls in."""
        for event in self.events:
            counts = {}
            if event.type == "maas.tokens":
                counts = {name: event.data[name] for name in COUNTED}
            if event.type == "maas.images" and event.data["status"] == "succeeded":
                counts = {"images": event.data["images"]}
            for meter, units in counts.items():
                self.charge(event.account, "maas", event.subject, meter, event.data["model"],
                            times.second_of(event.time_us), units)


def meter_price(meter):
    """The catalog's name of what a meter costs."""
    return "payg" if meter in ("runtime", "capacity") else meter


def once(events):
    """The events without repeats: of each identity the first (CONTRACT §2)."""
    seen = set()
    kept = []
    for event in events:
        identity = event.identity()
        if identity is None or identity not in seen:
            kept.append(event)
            seen.add(identity)
    return kept


def read_events(names, on_reject):
    """The accepted events of the named files, repeats and all (CONTRACT §2, §5)."""
    accepted = []
    for name in names:
        data = sys.stdin.buffer.read() if name == "-" else read_file(name)
        for number, line in enumerate(data.split(b"\n"), 1):
            if not line.strip(b" \t\r"):
                continue
            try:
                accepted.append(parse_line(line))
            except Rejected as error:
                on_reject(name, number, str(error))
    return accepted


def read_file(name):
    """The bytes of a file."""
    with open(name, "rb") as file:
        return file.read()


def until_of(text, events):
    """TIME as a second: what was asked for, or the end of the hour of the latest event, repeats aside."""
    if text is not None:
        us = times.parse_us(text)
        if us is None:
            raise ValueError(f"--until: not a time: {text}")
        return times.second_of(us)
    latest_us = max((event.effective_us for event in once(events)), default=0)
    return times.hour_of(times.second_of(latest_us)) + times.HOUR


def rate(arguments):
    """(exit status, Rating, or None if the status is 2, lines of standard error)"""
    rejected = []
    try:
        catalogs = read_catalogs(arguments.catalog, read_file)
        events = read_events(arguments.events, lambda *reject: rejected.append(reject))
        until = until_of(arguments.until, events)
    except (BadCatalog, OSError, ValueError) as error:
        return 2, None, [f"{error}\n"]
    rating = Rating(catalogs, events, until, arguments.every_second)
    complaints = [f"{name}:{number}: {reason}\n" for name, number, reason in rejected]
    return (3 if rejected else 0), rating, complaints


def report(rating, name):
    """The lines of standard output: those of the report of a name, none where nothing could be rated."""
    return list(REPORTS[name](rating)) if rating else []


def main(argv):
    """Runs the model as a command; returns its exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--catalog", action="append", required=True)
    parser.add_argument("--until")
    parser.add_argument("--report", choices=REPORTS, default="lines")
    parser.add_argument("--every-second", action="store_true")
    parser.add_argument("events", nargs="+")
    arguments = parser.parse_args(argv)
    status, rating, err = rate(arguments)
    sys.stderr.writelines(err)
    sys.stdout.buffer.write("".join(report(rating, arguments.report)).encode("utf-8"))
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
