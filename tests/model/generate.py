#!/usr/bin/env python3
"""A random case from a seed: catalog.json and perhaps others, catalogs, events.ndjson, args.

    generate.py SEED [--whole-hours] [--out DIRECTORY]

Few distinct instants, so that ties, exact liveness gaps and exact ends happen by themselves. `args` holds
`--until TIME` or nothing; with --whole-hours TIME is a whole hour, as `deploy/local/run` asks. `catalogs` names the
catalogs as the command line does, FILE or FILE@HOUR, one a line.
"""

import argparse
import pathlib
import random
import sys
from dataclasses import dataclass

import faults
import times
from events import LEVELS, UNITS
from json_text import Pairs, Raw, Writer, time_text
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
STATES = ["succeeded", "succeeded", "failed", "Succeeded"]
SOURCES = ["/platform", "/a", "/B", "/a/b", "é", "😀", "\uffee", "s" * 256]


@dataclass
class Planned:
    """An event to send: when it happened, and when it arrives."""

    us: int
    arrives_us: float
    event: dict


class Case:
    """The random choices of one case."""

    def __init__(self, seed, whole_hours):
        self.rng = random.Random(seed)
        rng = self.rng
        self.whole_hours = whole_hours
        self.months = rng.random() < (0.25 if whole_hours else 0.06)
        self.long = not self.months and rng.random() < 0.12
        self.hours = self._hours()
        self.base_us = times.parse_us(rng.choice(BASES if rng.random() < 0.95 else EDGES))
        self.end_us = min(self.base_us + self.hours * HOUR_US, times.parse_us("2199-12-31T23:59:59.999999Z"))
        self.instants = self._instants()
        self.catalog = RandomCatalog(rng, self.instants)
        self.later = self._later_catalogs()
        self.plain = rng.random() < 0.5
        self.writer = Writer(rng, self.plain)
        self.accounts = rng.sample(NAMES, rng.choice([1, 1, 2, 3]))
        self.subjects = rng.sample(LONG_NAMES, rng.randint(1, 4))
        self.orders = rng.sample(LONG_NAMES, rng.randint(1, 3))
        self.skus = rng.sample(SKUS, rng.choice([1, 1, 2, 3]))
        self.products = rng.sample(UNITS, rng.choice([1, 1, 2]))
        self.big = rng.random() < 0.1
        self.few_ids = rng.random() < 0.3
        self.identities = set()
        self.planned = []
        self.deadlines_us = []

    def _hours(self):
        """How many hours the case lasts: few, some days, or past the ends of one month to three."""
        if self.months:
            return self.rng.choice([24 * 33, 24 * self.rng.randint(33, 70)])
        return self.rng.randint(49, 75) if self.long else self.rng.choice([1, 1, 2, 2, 3, 5])

    def month_ends_us(self):
        """The ends of months from the case's first second up to its end, the last one perhaps after it."""
        ends = [times.add_months(times.month_of(times.second_of(self.base_us)), 1)]
        while ends[-1] * US < self.end_us:
            ends.append(times.add_months(ends[-1], 1))
        return [end * US for end in ends]

    def _instants(self):
        """Few times: whole hours, neighbours of one another by a second or a microsecond, odd ones."""
        rng = self.rng
        hours = self.hours
        times_us = {self.base_us + rng.randrange(hours) * HOUR_US for _ in range(2)}
        for _ in range(rng.randint(2, 6)):
            times_us.add(self.base_us + rng.randrange(hours * 12) * 300 * US)
        if rng.random() < 0.4:
            hour_us = self.base_us + rng.randrange(hours) * HOUR_US
            times_us |= {hour_us + second * US for second in rng.sample([0, 1, 1799, 1800, 3598, 3599, 3600], 3)}
        for us in list(times_us):
            if rng.random() < 0.5:
                times_us.add(us + rng.choice([1, -1, US, -US, 60 * US, 59 * US, 61 * US, 300 * US, 301 * US,
                                              600 * US, 999_999, 500_000, 3600 * US, 3599 * US]))
        for _ in range(rng.randint(0, 3)):
            times_us.add(self.base_us + rng.randrange(hours * HOUR_US))
        for end_us in self.month_ends_us() if self.months else []:
            times_us |= {end_us + rng.choice([0, -1, -US, -HOUR_US, HOUR_US, 23 * HOUR_US, 24 * HOUR_US, 25 * HOUR_US])
                         for _ in range(2)}
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

    def _later_catalogs(self):
        """[(hour in us, RandomCatalog)] in the order of the command line, some of one hour."""
        rng = self.rng
        if rng.random() < 0.65:
            return []
        hours = [max(0, self.base_us + rng.randint(-1, self.hours + 1) * HOUR_US) for _ in range(rng.choice([1, 1, 2, 3]))]
        last_us = times.parse_us("2199-12-31T23:00:00Z")
        return [(min(us, last_us), RandomCatalog(rng, self.instants, self.catalog)) for us in hours]

    def identity(self, kind, account, *level):
        """An id and a source that make an event which is no repeat; `level` is the subject and time of a level's."""
        rng = self.rng
        ids = [str(rng.randint(1, 200)), f"e{rng.randint(1, 99)}", rng.choice(NAMES)]
        if self.few_ids:
            ids = ["1", "2", "e1", "a"]
        while True:
            event_id, source = rng.choice(ids), rng.choice(SOURCES[:2] if rng.random() < 0.8 else SOURCES)
            key = (event_id, source, kind, account) + (level if kind.split(".")[0] in LEVELS else ())
            if key not in self.identities:
                self.identities.add(key)
                return event_id, source
            ids.append(str(rng.randint(1, 9999)))

    def plan(self, kind, subject, us, data, account=None):
        """Adds an event, arriving when it happened."""
        account = account or self.rng.choice(self.accounts)
        event_id, source = self.identity(kind, account, subject, us)
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
        if kind == "reconfigured":
            data = self.change()
        if kind == "launched" and rng.random() < 0.6:
            data["quantity"] = max(1, self.count())
        if kind == "failed" and rng.random() < 0.7:
            since_us = min(self.instant(), us)
            us = min(us + rng.choice([0, 0, 0, HOUR_US]), self.end_us - 1)
            data["since"] = time_text(rng, since_us, self.plain)
        self.plan(f"{rng.choice(self.products)}.{kind}", rng.choice(self.subjects), us, data)

    def change(self):
        """What a reconfiguration says: one at least of sku, quantity and order."""
        rng = self.rng
        data = {"sku": rng.choice(self.skus), "quantity": max(1, self.count()), "order": rng.choice(self.orders)}
        return {name: data[name] for name in rng.sample(sorted(data), rng.choice([1, 1, 2, 3]))}

    def relaunches(self):
        """A resource that runs, ends and runs again within a microsecond, or a second, a few times."""
        rng = self.rng
        product, subject, account = rng.choice(self.products), rng.choice(self.subjects), rng.choice(self.accounts)
        kinds = ["launched", "launched", "stopped", "stopped", "reconfigured", "failed", "heartbeat", "deleted"]
        if rng.random() < 0.8:
            self.plan(f"{product}.launched", subject, self.base_us, {"sku": rng.choice(self.skus)}, account)
        for _ in range(rng.randint(1, 4)):
            at_us = self.instant()
            apart = rng.choice([[0], [0], [0, 1], [0, 500_000, 999_999], [0, US]])
            for kind in rng.sample(kinds, rng.randint(2, 4)):
                us = min(at_us + rng.choice(apart), self.end_us - 1)
                data = {"launched": {"sku": rng.choice(self.skus)}, "reconfigured": self.change()}.get(kind, {})
                if kind == "failed" and rng.random() < 0.5:
                    data = {"since": time_text(rng, us, self.plain)}
                    us = min(us + rng.choice([0, 1, US, 60 * US]), self.end_us - 1)
                self.plan(f"{product}.{kind}", subject, us, data, account)

    def usage(self):
        """What a model server says of a call, in one of the four forms, and keys of others that nobody reads."""
        rng = self.rng
        whole, part = self.count(), 0
        part = rng.choice([0, whole, whole // 2])
        other = rng.choice([None, whole - part, 0])
        form = rng.choice(["chat", "messages", "responses", "embeddings"])
        if form == "chat":
            usage = {"prompt_tokens": whole, "completion_tokens": rng.choice([None, self.count()])}
            usage["prompt_tokens_details"] = rng.choice([None, {}, {"cached_tokens": part, "cache_write_tokens": other},
                                                         {"cached_tokens": part, "audio_tokens": -1},
                                                         {"cached_tokens": None, "cache_write_tokens": part}])
            ignored = {"total_tokens": -1, "input_tokens": "x", "output_tokens": 7, "cache_read_input_tokens": 3}
        elif form == "messages":
            usage = {"input_tokens": whole, "output_tokens": rng.choice([None, self.count()]),
                     "cache_read_input_tokens": rng.choice([None, self.count()]),
                     "cache_creation_input_tokens": rng.choice([None, self.count()])}
            ignored = {"input_tokens_details": {"cached_tokens": 10 ** 15}, "total_tokens": None, "completion_tokens": 5}
        elif form == "responses":
            usage = {"input_tokens": whole, "output_tokens": rng.choice([None, self.count()])}
            usage["input_tokens_details"] = rng.choice([None, {}, {"cached_tokens": part}, {"cached_tokens": None},
                                                        {"cached_tokens": part, "cache_write_tokens": 10 ** 15}])
            ignored = {"total_tokens": 1.5, "completion_tokens": 5, "prompt_tokens_details": []}
        else:
            usage = {"total_tokens": whole, "completion_tokens": rng.choice([None, self.count()])}
            ignored = {"output_tokens": 5, "cache_read_input_tokens": 4, "prompt_tokens_details": 1,
                       "input_tokens_details": {"cached_tokens": 10 ** 15}}
        for name in list(usage)[1:]:
            if rng.random() < 0.3:
                del usage[name]
        if form == "messages" and not any(name.startswith("cache_") for name in usage):
            usage[rng.choice(["cache_read_input_tokens", "cache_creation_input_tokens"])] = None
        return {**usage, **{name: value for name, value in ignored.items() if rng.random() < 0.15}}

    def tokens(self):
        """The counts of a call of a model, in one of the two ways to say them."""
        rng = self.rng
        if rng.random() < 0.5:
            data = {"usage": self.usage()}
            if rng.random() < 0.1:
                data[rng.choice(["cached_input_tokens", "cache_write_tokens"])] = faults.harmless(rng)
            return data
        whole = self.count()
        cached = rng.choice([0, whole, whole // 2])
        data = {"input_tokens": whole, "output_tokens": self.count(), "cached_input_tokens": cached,
                "cache_write_tokens": rng.choice([0, whole - cached])}
        for name in ("cached_input_tokens", "cache_write_tokens"):
            if rng.random() < 0.5:
                del data[name]
        if rng.random() < 0.1:
            data["usage"] = faults.harmless(rng)
        return data

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
        if rng.random() < 0.6:
            self.plan("maas.tokens", rng.choice(self.subjects), self.instant(), {**data, **self.tokens()})
            return
        data.update(images=self.count(), status=rng.choice(STATES))
        self.plan("maas.images", rng.choice(self.subjects), self.instant(), data)

    def order(self):
        """A subscription, mostly with what ends it."""
        rng = self.rng
        name, account = rng.choice(self.orders), rng.choice(self.accounts)
        months = rng.choice([1, 1, 1, 2, 12, 12, 13, 24, 120])
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

    def payment(self):
        """A payment, in or out; one that has the subject of another of its kind is a repeat of it."""
        rng = self.rng
        data = {"amount": rng.choice(["1", "0.000000000001", "999999999999.999999999999", "007.50", "0.005", "12.3400"]),
                "currency": rng.choice([self.catalog.fixed["currency"]] * 2 + ["USD", "EUR"])}
        kind = rng.choice(["credited", "credited", "debited"])
        if rng.random() < 0.3:
            data["for"] = rng.choice(["balance", "bill"]) if kind == "credited" else faults.harmless(rng)
        self.plan(f"account.{kind}", rng.choice(self.subjects), self.instant(), data)

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
        if rng.random() < 0.5:  # one that comes under it as it runs
            subject, us = rng.choice(SHORT_NAMES), rng.choice(self.instants)
            self.plan(f"{product}.launched", subject, self.base_us, {"sku": sku}, account)
            self.plan(f"{product}.reconfigured", subject, us, {"order": name}, account)
        for subject in rng.sample(rng.choice([LONG_NAMES, SHORT_NAMES]), rng.randint(2, 5)):
            where = product if rng.random() < 0.9 else rng.choice(UNITS)
            data = {"sku": sku if rng.random() < 0.85 else rng.choice(SKUS), "quantity": rng.randint(1, 3), "order": name}
            if rng.random() < 0.25:
                del data["order"]
            self.plan(f"{where}.launched", subject, self.instant(), data, account)
            if rng.random() < 0.5:
                under = name if rng.random() < 0.7 else rng.choice(self.orders)
                data = {"quantity": rng.randint(1, 3), "order": under, "sku": sku}
                data = {key: data[key] for key in rng.sample(sorted(data), rng.choice([1, 1, 2, 3]))}
                self.plan(f"{where}.reconfigured", subject, self.instant(), data, account)
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
        makers = [self.running, self.storage, self.calls, self.order, self.payment]
        focus = rng.choice([[12, 2, 2, 3, 1], [12, 0, 0, 6, 0], [1, 8, 1, 0, 0], [1, 1, 8, 0, 1], [2, 0, 0, 10, 0],
                            [8, 3, 3, 3, 1], [4, 1, 6, 4, 6]])
        total = rng.choice([rng.randint(1, 12), rng.randint(5, 40), rng.randint(5, 60)])
        if rng.random() < 0.02:
            total = 250
        if self.long or (not self.months and rng.random() < 0.2):
            for _ in range(rng.randint(1, 3)):
                self.heartbeats()
        if rng.random() < 0.3:
            for _ in range(rng.randint(1, 2)):
                self.shared_order()
        if rng.random() < 0.3:
            for _ in range(rng.randint(1, 2)):
                self.relaunches()
        if rng.random() < 0.2:
            self.late_failure()
        for _ in range(total):
            rng.choices(makers, focus)[0]()

    def repeats(self):
        """Sends some events again, told otherwise or at another time, which makes another change of a level."""
        rng = self.rng
        share = rng.choice([0, 0, 0.05, 0.3])
        for planned in [planned for planned in self.planned if rng.random() < share]:
            us = planned.us
            event = {**planned.event, "data": self._told_otherwise(planned.event)}
            if rng.random() < 0.7 and "since" not in event["data"]:
                us = rng.choice([self.instant(), us + HOUR_US, max(us - HOUR_US, self.base_us), us + 1])
                us = min(us, self.end_us - 1)
                event["time"] = time_text(rng, us, self.plain)
            if rng.random() < 0.2:
                event["subject"] = rng.choice(self.subjects)
            self.planned.append(Planned(us, us, event))
        for planned in [planned for planned in self.planned if rng.random() < 0.25]:
            if planned.event["type"] == "maas.images":
                self.retell(planned)
            if planned.event["type"].endswith(".failed") and planned.event["type"] != "order.failed":
                since = time_text(rng, min(self.instant(), planned.us), self.plain)
                again = {**planned.event, "data": {**planned.event["data"], "since": since}}
                self.planned.append(Planned(planned.us, planned.us, again))
        if rng.random() < 0.15:
            self.late_repeat()

    def retell(self, job):
        """The same job of images, under the same id, in another state or two."""
        rng = self.rng
        for _ in range(rng.randint(1, 2)):
            us = rng.choice([job.us, self.instant()])
            data = {**job.event["data"], "status": rng.choice(STATES)}
            self.planned.append(Planned(us, us, {**job.event, "time": time_text(rng, us, self.plain), "data": data}))

    def late_repeat(self):
        """A repeat that is told after everything else, so that it would move a TIME that is not given."""
        rng = self.rng
        told = [planned for planned in self.planned if planned.event["type"].split(".")[0] not in LEVELS]
        if not told:
            return
        event = dict(rng.choice([planned for planned in told if planned.event["type"].startswith("account.")] or told).event)
        if event["type"].startswith("account."):
            event["id"], event["source"] = self.identity(event["type"], event["data"]["account"])
        us = min(self.end_us + rng.choice([0, HOUR_US, 5 * HOUR_US]), times.parse_us("2199-12-31T23:59:59Z"))
        self.planned.append(Planned(us, us, {**event, "time": time_text(rng, us, self.plain)}))

    def _told_otherwise(self, event):
        """The data of an event, perhaps with one thing in it that was not so."""
        rng = self.rng
        data = dict(event["data"])
        others = {"sku": rng.choice(SKUS), "quantity": rng.randint(1, 5), "bytes": rng.randrange(30 * 10 ** 9),
                  "images": rng.randint(0, 9), "output_tokens": rng.randint(0, 9), "months": rng.choice([1, 12]),
                  "amount": "3", "status": rng.choice(STATES), "usage": self.usage()}
        names = sorted(others.keys() & data.keys())
        if names and rng.random() < 0.5:
            name = rng.choice(names)
            data[name] = others[name]
        return data

    def arrange(self):
        """Decides when each event arrives: as it happened, by chance, backwards, or late."""
        rng = self.rng
        ways = ["ordered", "late", "late", "shuffled", "shuffled", "backwards"]
        if self.long or self.months:
            ways = ["late", "late", "late", "shuffled"] if self.long else ["ordered", "ordered", "late"]
        way = rng.choice(ways)
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
            lines.append(self.writer.write(self._with_strange_keys(planned.event)).encode("utf-8"))
            if rng.random() < 0.05:
                lines.insert(rng.randrange(len(lines) + 1), Writer(rng, False).write(planned.event).encode("utf-8"))
            if faulty and rng.random() < 0.1:
                lines.append(faults.spoil(rng, planned.event, self.writer))
            if not self.plain and rng.random() < 0.03:
                lines.append(rng.choice([b"", b" ", b" \t ", b"\t"]))
        return lines

    def _with_strange_keys(self, event):
        """The event, perhaps with a key twice that events of other types read."""
        rng = self.rng
        if self.plain or rng.random() < 0.97:
            return event
        read = faults.READERS[event["type"]][0]
        strange = [name for names, _ in faults.READERS.values() for name in names if name not in read]
        name = rng.choice(sorted(set(strange)))
        return {**event, "data": Pairs([*event["data"].items(), (name, faults.harmless(rng)), (name, Raw("0"))])}

    def catalog_names(self):
        """What the command line says of each catalog, in its order: FILE or FILE@HOUR; and the text of each file."""
        rng = self.rng
        named = [("catalog.json", "", self.catalog.text)]
        for number, (us, later) in enumerate(self.later, 1):
            named.append((f"catalog-{number}.json", "@" + time_text(rng, us, rng.random() < 0.5), later.text))
        where = rng.randrange(len(named))
        return named[1:where + 1] + named[:1] + named[where + 1:]

    def event_bytes(self):
        """events.ndjson"""
        ends = self.rng.choice([[b"\n"], [b"\n"], [b"\r\n"], [b"\n", b"\r\n"]])
        data = b"".join(line + self.rng.choice(ends) for line in self.lines())
        return data[:-1] if data and not self.plain and self.rng.random() < 0.2 else data

    def _near_month_ends_us(self):
        """The ends of months at which a bill may be cut: those in the case, and one soon after it."""
        return [us for us in self.month_ends_us() if us < self.end_us + 48 * HOUR_US]

    def args(self):
        """`--until TIME`, or nothing."""
        rng = self.rng
        if rng.random() < 0.25:
            return ""
        if not self.whole_hours and rng.random() < 0.01:
            return "--until " + rng.choice(["2026-11-01", "now", "2026-02-30T00:00:00Z", "1793527200"])
        if not self.whole_hours and self.deadlines_us and rng.random() < 0.1:
            us = rng.choice(self.deadlines_us)
        elif rng.random() < (0.7 if self.months or self.whole_hours else 0.25) and self._near_month_ends_us():
            us = rng.choice(self._near_month_ends_us()) + 24 * HOUR_US
            us += rng.choice([0, 0, HOUR_US, -HOUR_US] + ([] if self.whole_hours else [-1, -US, US - 1]))
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
    case.repeats()
    case.arrange()
    catalogs = case.catalog_names()
    for file, _, text in catalogs:
        (directory / file).write_text(text, encoding="utf-8")
    (directory / "catalogs").write_text("".join(f"{file}{hour}\n" for file, hour, _ in catalogs), encoding="utf-8")
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
