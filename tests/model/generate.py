#!/usr/bin/env python3
"""A random case from a seed: catalog.json, events.ndjson, args.

    generate.py SEED [--whole-hours] [--out DIRECTORY]

Few distinct instants, so that ties, exact liveness gaps and exact ends happen by themselves. `args` holds
`--until TIME` or nothing; with --whole-hours TIME is a whole hour, as `deploy/local/run` asks.
"""

import argparse
import pathlib
import random
import sys
from dataclasses import dataclass

import faults
import times
from events import UNITS
from json_text import Writer, time_text
from random_catalog import FILE_SKUS, MODELS, SKUS, RandomCatalog

US = times.US
HOUR_US = times.HOUR * US
BASES = ["2026-11-01T10:00:00Z", "2026-02-28T09:00:00Z", "2024-02-29T22:00:00Z", "2026-12-31T23:00:00Z",
         "2028-03-01T00:00:00Z", "2026-04-30T12:00:00Z", "2025-02-28T23:00:00Z"]
EDGES = ["1970-01-01T00:00:00Z", "2199-12-31T20:00:00Z"]
NAMES = ["a", "B", "a!", "é", "e\u0301", "😀", "\uffee", 'z"\\/', "r10", "r9", "r r", "A", "*", "\u2028", "\u00a0",
         "~", "aa", "😀\uffee", "ö" * 64, "x" * 128]
LONG_NAMES = NAMES + ["y" * 256, "é" * 128, "😀" * 64]
SHORT_NAMES = ["B", "a", "é", "\uffee", "😀"]
SOURCES = ["/platform", "/a", "/B", "/a/b", "é", "😀", "\uffee", "s" * 256]


@dataclass
class Planned:
    """An event to send: when it happened, and when it arrives."""

    us: int
    arrives_us: int
    event: dict


class Case:
    """The random choices of one case."""

    def __init__(self, seed, whole_hours):
        self.rng = random.Random(seed)
        rng = self.rng
        self.whole_hours = whole_hours
        self.long = rng.random() < 0.12
        self.hours = rng.randint(49, 75) if self.long else rng.choice([1, 1, 2, 2, 3, 5])
        self.base_us = times.parse_us(rng.choice(BASES if rng.random() < 0.95 else EDGES))
        self.end_us = min(self.base_us + self.hours * HOUR_US, times.parse_us("2199-12-31T23:59:59.999999Z"))
        self.instants = self._instants()
        self.catalog = RandomCatalog(rng, self.instants)
        self.plain = rng.random() < 0.5
        self.writer = Writer(rng, self.plain)
        self.accounts = rng.sample(NAMES, rng.choice([1, 1, 2, 3]))
        self.subjects = rng.sample(LONG_NAMES, rng.randint(1, 4))
        self.orders = rng.sample(LONG_NAMES, rng.randint(1, 3))
        self.skus = rng.sample(SKUS, rng.choice([1, 1, 2, 3]))
        self.products = rng.sample(UNITS, rng.choice([1, 1, 2]))
        self.big = rng.random() < 0.1
        self.identities = set()
        self.planned = []
        self.deadlines_us = []

    def _instants(self):
        """Few times: whole hours, neighbours of one another by a second or a microsecond, odd ones."""
        rng = self.rng
        hours = self.hours
        times_us = {self.base_us + rng.randrange(hours) * HOUR_US for _ in range(2)}
        for _ in range(rng.randint(2, 6)):
            times_us.add(self.base_us + rng.randrange(hours * 12) * 300 * US)
        for us in list(times_us):
            if rng.random() < 0.5:
                times_us.add(us + rng.choice([1, -1, US, -US, 60 * US, 59 * US, 61 * US, 300 * US, 301 * US,
                                              600 * US, 999_999, 500_000, 3600 * US, 3599 * US]))
        for _ in range(rng.randint(0, 3)):
            times_us.add(self.base_us + rng.randrange(hours * HOUR_US))
        return sorted({us for us in times_us if self.base_us <= us < self.end_us} or {self.base_us})

    def instant(self):
        """One of the few times, sometimes a little off."""
        rng = self.rng
        us = rng.choice(self.instants)
        if rng.random() < 0.15:
            product = rng.choice(self.products)
            liveness = self.catalog.liveness[product] or 60
            us += rng.choice([1, -1, 500_000, US, -US, liveness * US, (liveness + 1) * US, -liveness * US,
                              liveness * US + 999_999, self.catalog.void_after * US])
        return min(max(us, self.base_us), self.end_us - 1)

    def count(self, big=10 ** 15):
        """A small number, or, in a case of big ones, one at the limit."""
        if self.big and self.rng.random() < 0.5:
            return self.rng.choice([big, big - 1, big // 3])
        return self.rng.choice([0, 1, 1, 2, 3, 7, 1000])

    def identity(self):
        """An id and a source that were not used together before."""
        rng = self.rng
        while True:
            event_id = rng.choice([str(rng.randint(1, 200)), f"e{rng.randint(1, 99)}", rng.choice(NAMES)])
            key = (event_id, rng.choice(SOURCES[:2] if rng.random() < 0.8 else SOURCES))
            if key not in self.identities:
                self.identities.add(key)
                return key

    def plan(self, kind, subject, us, data, account=None):
        """Adds an event, arriving when it happened."""
        event_id, source = self.identity()
        account = account or self.rng.choice(self.accounts)
        event = {"specversion": "1.0", "id": event_id, "source": source, "type": kind, "subject": subject,
                 "time": time_text(self.rng, us, self.plain), "data": {"account": account, **data}}
        if self.rng.random() < 0.1:
            event[self.rng.choice(["x", "datacontenttype", "extra"])] = faults.harmless(self.rng)
        if self.rng.random() < 0.1:
            event["data"][self.rng.choice(["x", "note", "Sku"])] = faults.harmless(self.rng)
        self.planned.append(Planned(us, us, event))

    def running(self):
        """One random event of a container, model or node."""
        rng = self.rng
        us = self.instant()
        kind = rng.choices(["launched", "reconfigured", "heartbeat", "stopped", "failed", "deleted"],
                           [8, 4, 4, 3, 3, 1])[0]
        data = {}
        if kind == "launched":
            data["sku"] = rng.choice(self.skus)
            if rng.random() < 0.6:
                data["order"] = rng.choice(self.orders)
        if kind == "reconfigured" and rng.random() < 0.5:
            data["sku"] = rng.choice(self.skus)
        if (kind == "launched" and rng.random() < 0.6) or (kind == "reconfigured" and ("sku" not in data or
                                                                                      rng.random() < 0.5)):
            data["quantity"] = max(1, self.count())
        if kind == "failed" and rng.random() < 0.7:
            since_us = min(self.instant(), us)
            us = min(us + rng.choice([0, 0, 0, HOUR_US]), self.end_us - 1)
            data["since"] = time_text(rng, since_us, self.plain)
        self.plan(f"{rng.choice(self.products)}.{kind}", rng.choice(self.subjects), us, data)

    def storage(self):
        """One random event of a file system."""
        rng = self.rng
        data = {"sku": rng.choice(FILE_SKUS)} if rng.random() < 0.3 else {}
        if rng.random() < 0.8:
            data["bytes"] = rng.choice([0, 5 * 10 ** 9, 15 * 10 ** 9, 20 * 10 ** 9, 20 * 10 ** 9 + 1, 2 ** 30, 2 ** 30 + 1,
                                        self.count(10 ** 18), 10 ** 18 if self.big else 1000])
        kind = "used" if "bytes" in data else "deleted"
        self.plan(f"storage.{kind}", rng.choice(self.subjects), self.instant(), data)

    def calls(self):
        """One random call of a model as a service."""
        rng = self.rng
        data = {"model": rng.choice(MODELS)}
        tokens = rng.random() < 0.6
        if tokens and rng.random() < 0.4:
            data["usage"] = {"prompt_tokens": self.count(), "total_tokens": -1}
            if rng.random() < 0.7:
                data["usage"]["completion_tokens"] = self.count()
        elif tokens:
            data.update(input_tokens=self.count(), output_tokens=self.count())
            if rng.random() < 0.1:
                data["usage"] = faults.harmless(rng)
        else:
            data.update(images=self.count(), status=rng.choice(["succeeded", "succeeded", "failed", "Succeeded"]))
        self.plan("maas.tokens" if tokens else "maas.images", rng.choice(self.subjects), self.instant(), data)

    def order(self):
        """A subscription, mostly with what ends it."""
        rng = self.rng
        name, account = rng.choice(self.orders), rng.choice(self.accounts)
        months = rng.choice([1, 1, 1, 2, 12, 120])
        paid_us = self.instant() if rng.random() < 0.5 else self._paid_to_end_at(self.instant(), months)
        data = {"product": rng.choice(self.products), "sku": rng.choice(self.skus),
                "quantity": max(1, self.count()), "months": months}
        if rng.random() < 0.9:
            self.plan("order.paid", name, paid_us, data, account)
        answers = [self.instant(), self.instant(), paid_us, paid_us + 1, paid_us - 1, paid_us - 300 * US,
                   paid_us + rng.randrange(US)]
        if self.catalog.void_after:
            deadline_us = paid_us + self.catalog.void_after * US
            answers += [deadline_us, deadline_us, deadline_us + 1, deadline_us - 1]
            self.deadlines_us.append(deadline_us)
        for _ in range(rng.choice([0, 1, 1, 2, 3])):
            us = min(max(rng.choice(answers), 0), self.end_us - 1)
            self.plan("order." + rng.choice(["fulfilled", "refunded", "refunded", "failed"]), name, us, {}, account)

    def _paid_to_end_at(self, end_us, months):
        """A time of payment from which `months` end with the second of `end_us`."""
        end = times.second_of(end_us)
        days = [day for day in range(int(months * 30.4) - 4, int(months * 30.5) + 5)
                if end - day * 86400 >= 0 and times.add_months(end - day * 86400, months) == end]
        return (end - self.rng.choice(days) * 86400) * US + end_us % US if days else end_us

    def credit(self):
        """A payment."""
        data = {"amount": self.rng.choice(["1", "0.000000000001", "999999999999.999999999999", "007.50"]),
                "currency": self.rng.choice(["USD", "EUR"])}
        self.plan("account.credited", self.rng.choice(self.subjects), self.instant(), data)

    def heartbeats(self):
        """A resource that runs long and says so, some signs a second late, missing, or told hours later."""
        rng = self.rng
        product, subject, account = rng.choice(self.products), rng.choice(self.subjects), rng.choice(self.accounts)
        liveness = self.catalog.liveness[product] or 3600
        us = rng.choice(self.instants)
        data = {"sku": rng.choice(self.skus), "quantity": max(1, self.count())}
        if rng.random() < 0.6:
            data["order"] = rng.choice(self.orders)
        self.plan(f"{product}.launched", subject, us, data, account)
        for _ in range(rng.randint(1, 25)):
            us += liveness * US + rng.choice([0, 0, 0, 1, -1, US - 1, US, -US, liveness * US])
            if us >= self.end_us:
                break
            self.plan(f"{product}.heartbeat", subject, us, {}, account)

    def shared_order(self):
        """Several resources under one order that is not enough for them, and some that ask in vain."""
        rng = self.rng
        product, sku, name, account = (rng.choice(self.products), rng.choice(self.skus), rng.choice(self.orders),
                                       rng.choice(self.accounts))
        months = rng.choice([1, 1, 12])
        paid_us = self.instants[0] if rng.random() < 0.6 else self._paid_to_end_at(self.instant(), months)
        self.plan("order.paid", name, paid_us, {"product": product, "sku": sku, "quantity": rng.randint(1, 4),
                                                "months": months}, account)
        self.plan("order.fulfilled", name, paid_us, {}, account)
        if rng.random() < 0.3:
            self.plan("order.refunded", name, max(self.instant(), paid_us), {}, account)
        for subject in rng.sample(rng.choice([LONG_NAMES, SHORT_NAMES]), rng.randint(2, 5)):
            where = product if rng.random() < 0.9 else rng.choice(UNITS)
            data = {"sku": sku if rng.random() < 0.85 else rng.choice(SKUS), "quantity": rng.randint(1, 3), "order": name}
            self.plan(f"{where}.launched", subject, self.instant(), data, account)
            if rng.random() < 0.5:
                self.plan(f"{where}.reconfigured", subject, self.instant(), {"quantity": rng.randint(1, 3)}, account)
            if rng.random() < 0.3:
                self.plan(f"{where}.{rng.choice(['stopped', 'heartbeat'])}", subject, self.instant(), {}, account)

    def late_failure(self):
        """A failure that is told after everything else, perhaps after TIME."""
        rng = self.rng
        us = min(self.end_us + rng.choice([0, 1, HOUR_US, 5 * HOUR_US]), times.parse_us("2199-12-31T23:59:59Z"))
        data = {"since": time_text(rng, self.instant(), self.plain)}
        self.plan(f"{rng.choice(self.products)}.failed", rng.choice(self.subjects), us, data)

    def fill(self):
        """All the events of the case."""
        rng = self.rng
        makers = [self.running, self.storage, self.calls, self.order, self.credit]
        focus = rng.choice([[12, 2, 2, 3, 1], [12, 0, 0, 6, 0], [1, 8, 1, 0, 0], [1, 1, 8, 0, 1], [2, 0, 0, 10, 0],
                            [8, 3, 3, 3, 1]])
        total = rng.choice([rng.randint(1, 12), rng.randint(5, 40), rng.randint(5, 60)])
        if rng.random() < 0.02:
            total = 250
        if self.long or rng.random() < 0.2:
            for _ in range(rng.randint(1, 3)):
                self.heartbeats()
        if rng.random() < 0.3:
            for _ in range(rng.randint(1, 2)):
                self.shared_order()
        if rng.random() < 0.2:
            self.late_failure()
        for _ in range(total):
            rng.choices(makers, focus)[0]()

    def arrange(self):
        """Decides when each event arrives: as it happened, by chance, backwards, or late."""
        rng = self.rng
        way = rng.choice(["late", "late", "late", "shuffled"] if self.long else
                         ["ordered", "late", "late", "shuffled", "shuffled", "backwards"])
        share = rng.choice([0.1, 0.3, 0.6])
        for planned in self.planned:
            if way == "shuffled":
                planned.arrives_us = rng.random()
            elif way == "backwards":
                planned.arrives_us = -planned.us
            elif way == "late" and rng.random() < share:
                planned.arrives_us += rng.choice([rng.randrange(2 * HOUR_US), rng.randrange(self.hours * HOUR_US)])
        self.planned.sort(key=lambda planned: planned.arrives_us)

    def lines(self):
        """The lines of events.ndjson: the events, some twice, and some that break a rule."""
        rng = self.rng
        faulty = rng.random() < 0.5
        lines = []
        for planned in self.planned:
            lines.append(self.writer.write(planned.event).encode("utf-8"))
            if rng.random() < 0.05:
                lines.insert(rng.randrange(len(lines) + 1), Writer(rng, False).write(planned.event).encode("utf-8"))
            if faulty and rng.random() < 0.1:
                event_id, source = self.identity()
                bad = {**planned.event, "id": event_id, "source": source}
                lines.append(faults.spoil(rng, bad, self.writer))
            if not self.plain and rng.random() < 0.03:
                lines.append(rng.choice([b"", b" ", b" \t ", b"\t"]))
        return lines

    def event_bytes(self):
        """events.ndjson"""
        ends = self.rng.choice([[b"\n"], [b"\n"], [b"\r\n"], [b"\n", b"\r\n"]])
        data = b"".join(line + self.rng.choice(ends) for line in self.lines())
        return data[:-1] if data and not self.plain and self.rng.random() < 0.2 else data

    def args(self):
        """`--until TIME`, or nothing."""
        rng = self.rng
        if rng.random() < 0.25:
            return ""
        if not self.whole_hours and rng.random() < 0.01:
            return "--until " + rng.choice(["2026-11-01", "now", "2026-02-30T00:00:00Z", "1793527200"])
        if not self.whole_hours and self.deadlines_us and rng.random() < 0.1:
            us = rng.choice(self.deadlines_us)
        elif self.whole_hours or rng.random() < 0.5:
            span = self.hours + rng.choice([0, 0, 0, 1, 5])
            us = self.base_us + rng.choice([span, span, rng.randint(1, span)]) * HOUR_US
        else:
            us = rng.choice([self.instant(), self.end_us, self.end_us - rng.randrange(HOUR_US), self.instant() + 60 * US])
        us = min(us, times.parse_us("2199-12-31T23:00:00Z"))
        return "--until " + time_text(rng, us, self.whole_hours or rng.random() < 0.5)


def write_case(seed, whole_hours, directory):
    """Writes the case of a seed to a directory that is there."""
    case = Case(seed, whole_hours)
    case.fill()
    case.arrange()
    (directory / "catalog.json").write_text(case.catalog.text, encoding="utf-8")
    (directory / "events.ndjson").write_bytes(case.event_bytes())
    (directory / "args").write_text(case.args(), encoding="utf-8")


def main(argv):
    """Runs the generator as a command; returns its exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("seed", type=int)
    parser.add_argument("--whole-hours", action="store_true")
    parser.add_argument("--out", type=pathlib.Path)
    arguments = parser.parse_args(argv)
    directory = arguments.out or pathlib.Path(f"case-{arguments.seed}")
    directory.mkdir(parents=True, exist_ok=True)
    write_case(arguments.seed, arguments.whole_hours, directory)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
