#!/usr/bin/env python3
"""What the model promises of itself: CONTRACT's rules by example, and properties over random cases."""

import argparse
import json
import pathlib
import random
import shutil
import sys
import tempfile
import unittest

import catalog_text
import compare
import generate
import model
import times
from catalog import Catalog
from events import Rejected, parse_line
from random_catalog import RandomCatalog

TEN = "2026-11-01T10:00:00Z"
PAYG = {"payg": {"price": "1", "per": "second"}}


def catalog_of(**products):
    """A catalog of skus by product, whose amounts have no decimals."""
    skus = {name: {"settle": "hourly", "skus": value} for name, value in products.items()}
    return {"currency": "USD", "charge_scale": 0, "products": skus}


def event_of(kind, subject, time, event_id="1", source="/s", account="a", **data):
    """An event; `time` is minutes and seconds of the hour from ten, or hours, minutes and seconds."""
    hour = "10:" if time.count(":") == 1 else ""
    return {"specversion": "1.0", "id": event_id, "source": source, "type": kind, "subject": subject,
            "time": f"2026-11-01T{hour}{time}Z", "data": {"account": account, **data}}


class Folder(unittest.TestCase):
    """A test with a folder of its own, in which it rates."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hourglass-model-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def rate(self, catalogs, lines, until=None, report="lines"):
        """(status, a report, complaints) for catalogs, each a text or (text, hour), and the lines of a file."""
        names = []
        for number, given in enumerate(catalogs):
            text, hour = given if isinstance(given, tuple) else (given, None)
            file = self.folder / f"{number}.json"
            file.write_bytes(text if isinstance(text, bytes) else json.dumps(text).encode("utf-8"))
            names.append(f"{file}@{hour}" if hour else str(file))
        events = self.folder / "events.ndjson"
        events.write_bytes(b"".join(line + b"\n" for line in lines))
        arguments = argparse.Namespace(catalog=names, events=[str(events)], until=until, every_second=False)
        status, rating, err = model.rate(arguments)
        return status, model.report(rating, report), err

    def lines(self, catalogs, events, until="2026-11-01T12:00:00Z"):
        """The lines without the account, resource and currency: (hour of the day, meter, sku, kind, units, amount)."""
        status, out, err = self.rate(catalogs, [json.dumps(event).encode("utf-8") for event in events], until)
        self.assertEqual((status, err), (0, []))
        keys = ("hour", "meter", "sku", "kind", "units", "amount")
        found = [[json.loads(line)[key] for key in keys] for line in out]
        return [(int(hour[11:13]), *rest) for hour, *rest in found]


class Identity(Folder):
    """What is a repeat (CONTRACT §2)."""

    def counted(self, *events):
        """Units by meter of tokens and images."""
        found = {}
        for _, meter, _, _, units, _ in self.lines([catalog_of()], events):
            found[meter] = found.get(meter, 0) + int(units)
        return found

    def test_a_repeat_of_a_count_at_another_time_and_place_counts_once_and_the_first_holds(self):
        first = event_of("maas.tokens", "ep", "00:05", model="m", input_tokens=2, output_tokens=0)
        again = event_of("maas.tokens", "other", "11:00:05", model="m", input_tokens=50, output_tokens=0)
        self.assertEqual(self.counted(first, again), {"input_tokens": 2})
        self.assertEqual(self.counted(again, first), {"input_tokens": 50})

    def test_the_same_id_in_another_account_type_or_source_is_another_event(self):
        data = {"model": "m", "input_tokens": 1, "output_tokens": 0}
        images = event_of("maas.images", "ep", "00:05", model="m", images=7, status="succeeded")
        self.assertEqual(self.counted(event_of("maas.tokens", "ep", "00:05", **data), images,
                                      event_of("maas.tokens", "ep", "00:05", account="b", **data),
                                      event_of("maas.tokens", "ep", "00:05", source="/t", **data)),
                         {"input_tokens": 3, "images": 7})

    def test_images_of_another_status_use_up_no_identity(self):
        told = [event_of("maas.images", "ep", f"00:0{number}", model="m", images=3, status=status)
                for number, status in enumerate(("processing", "failed", "succeeded", "succeeded"))]
        self.assertEqual(self.counted(*told), {"images": 3})

    def test_a_change_of_a_level_at_another_time_or_of_another_subject_is_another_change(self):
        events = [event_of("container.launched", "c", "00:00", sku="s"), event_of("container.stopped", "c", "00:10"),
                  event_of("container.launched", "c", "01:00", sku="s"), event_of("container.stopped", "c", "01:10"),
                  event_of("container.launched", "d", "00:00", sku="s"), event_of("container.stopped", "d", "00:10")]
        found = self.lines([catalog_of(container={"s": PAYG})], events)
        self.assertEqual([line[4] for line in found], ["20", "10"])

    def test_bytes_stored_at_another_time_are_another_change_under_one_id_too(self):
        events = [event_of("storage.used", "f", time, bytes=size) for time, size in (("00:00", 1), ("59:59", 5))]
        self.assertEqual(self.lines([catalog_of()], events, "2026-11-01T11:00:00Z")[0][4], "3604")

    def test_of_a_level_told_twice_otherwise_at_the_same_time_the_first_holds(self):
        events = [event_of("container.launched", "c", "59:50", sku=sku, quantity=quantity)
                  for sku, quantity in (("s", 1), ("t", 2))]
        for order, sku in ((1, "s"), (-1, "t")):
            found = self.lines([catalog_of()], events[::order], "2026-11-01T11:00:00Z")
            self.assertEqual([line[2] for line in found], [sku])

    def test_a_failure_since_another_time_is_another_failure(self):
        events = [event_of("container.launched", "c", "00:00", "l", sku="s"),
                  event_of("container.failed", "c", "00:50", since="2026-11-01T10:00:40Z"),
                  event_of("container.failed", "c", "00:50", since="2026-11-01T10:00:20Z")]
        self.assertEqual(self.lines([catalog_of()], events)[0][4], "20")

    def test_an_order_paid_again_at_another_time_is_a_repeat(self):
        data = {"product": "node", "sku": "s", "quantity": 1, "months": 1}
        events = [event_of("order.paid", "o", "11:00:00", **data), event_of("order.paid", "o", "10:00:00", **data)]
        self.assertEqual([line[0] for line in self.lines([catalog_of()], events)], [11])

    def test_a_repeat_moves_no_default_time_and_what_lies_after_time_is_no_first(self):
        data = {"model": "m", "input_tokens": 1, "output_tokens": 0}
        events = [event_of("container.launched", "c", "00:00", sku="s"),
                  event_of("maas.tokens", "ep", "00:05", "t", **data), event_of("maas.tokens", "ep", "11:00:05", "t", **data),
                  event_of("account.credited", "p", "00:06", "x", amount="1", currency="USD"),
                  event_of("account.credited", "p", "13:00:06", "y", amount="2", currency="USD")]
        self.assertEqual([line[4] for line in self.lines([catalog_of()], events, None)], ["3600", "1"])
        early = self.lines([catalog_of()], [events[2], events[1]], "2026-11-01T11:00:00Z")
        self.assertEqual([line[:2] for line in early], [(10, "input_tokens")])


class Usage(unittest.TestCase):
    """The two ways to say tokens, and the four forms of `usage` (CONTRACT §2)."""

    GOOD = [
        ({"prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 3}}, (3, 4, 3, 0)),
        ({"prompt_tokens": 10, "completion_tokens": None, "prompt_tokens_details": None, "input_tokens": -1}, (10, 0, 0, 0)),
        ({"prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": None}, "output_tokens": 9}, (10, 0, 0, 0)),
        ({"input_tokens": 10, "cache_creation_input_tokens": 5, "output_tokens": 1}, (10, 0, 5, 1)),
        ({"input_tokens": 0, "cache_read_input_tokens": 5, "cache_creation_input_tokens": None}, (0, 5, 0, 0)),
        ({"input_tokens": 3, "cache_read_input_tokens": None, "input_tokens_details": {"cached_tokens": 3}}, (3, 0, 0, 0)),
        ({"input_tokens": 10, "input_tokens_details": {"cached_tokens": 10, "cache_write_tokens": 9}}, (0, 10, 0, 0)),
        ({"input_tokens": 10, "total_tokens": 99, "completion_tokens": 7}, (10, 0, 0, 0)),
        ({"total_tokens": 9, "completion_tokens": 2, "output_tokens": 5, "cache_read_input_tokens": 4}, (9, 0, 0, 2)),
    ]
    BAD = [
        (None, "data.usage"), ([], "data.usage"), ({}, "data.usage.prompt_tokens"),
        ({"completion_tokens": 1, "cache_read_input_tokens": 1}, "data.usage.prompt_tokens"),
        ({"prompt_tokens": None, "input_tokens": 5}, "data.usage.prompt_tokens"),
        ({"input_tokens": None, "cache_read_input_tokens": 5}, "data.usage.input_tokens"),
        ({"total_tokens": "5"}, "data.usage.total_tokens"),
        ({"prompt_tokens": 1, "prompt_tokens_details": []}, "data.usage.prompt_tokens_details"),
        ({"input_tokens": 1, "input_tokens_details": {"cached_tokens": -1}}, "data.usage.input_tokens_details.cached_tokens"),
        ({"input_tokens": 1, "cache_creation_input_tokens": 1.5}, "data.usage.cache_creation_input_tokens"),
    ]

    def tokens(self, **data):
        """What the meters count of an event with this data."""
        line = json.dumps(event_of("maas.tokens", "ep", "00:00", model="m", **data)).encode("utf-8")
        return tuple(parse_line(line).data[name] for name in model.COUNTED)

    def reason(self, **data):
        """The fields that are named when it is rejected."""
        with self.assertRaises(Rejected) as caught:
            self.tokens(**data)
        return str(caught.exception).split(":", maxsplit=1)[0].split("|")

    def test_each_form_is_told_by_its_keys_and_read_by_its_row(self):
        for usage, counts in self.GOOD:
            self.assertEqual(self.tokens(usage=usage), counts, usage)

    def test_what_breaks_a_form_is_rejected_by_name(self):
        for usage, field in self.BAD:
            self.assertEqual(self.reason(usage=usage), [field], usage)

    def test_parts_of_the_input_are_not_more_than_it(self):
        self.assertEqual(self.tokens(input_tokens=10, output_tokens=1, cached_input_tokens=4, cache_write_tokens=6), (0, 4, 6, 1))
        self.assertIn("data.cached_input_tokens", self.reason(input_tokens=10, output_tokens=1, cached_input_tokens=11))
        self.assertIn("data.cache_write_tokens", self.reason(input_tokens=3, output_tokens=1, cached_input_tokens=1,
                                                             cache_write_tokens=3))
        details = {"cached_tokens": 2, "cache_write_tokens": 2}
        self.assertIn("data.usage.prompt_tokens_details", self.reason(usage={"prompt_tokens": 3, "prompt_tokens_details": details}))

    def test_one_way_to_say_tokens_ignores_the_other(self):
        self.assertEqual(self.tokens(input_tokens=1, output_tokens=2, usage=[]), (1, 0, 0, 2))
        self.assertEqual(self.tokens(usage={"prompt_tokens": 1}, cached_input_tokens=None, cache_write_tokens=9), (1, 0, 0, 0))
        self.assertEqual(self.reason(output_tokens=2, usage={"prompt_tokens": 1}), ["data.input_tokens"])
        self.assertEqual(self.reason(cached_input_tokens=2), ["data.usage"])

    def test_a_key_twice_is_refused_where_events_of_the_type_read_it(self):
        line = json.dumps(event_of("container.stopped", "c", "00:00"))[:-2]
        parse_line((line + ',"since":1,"since":2,"sku":1,"sku":2}}').encode("utf-8"))
        with self.assertRaises(Rejected):
            parse_line(line.replace("stopped", "failed").encode("utf-8") + b',"since":"' + TEN.encode("utf-8")
                       + b'","since":"' + TEN.encode("utf-8") + b'"}}')


class Ties(Folder):
    """The order of events of one microsecond (CONTRACT §2.1)."""

    def runs(self, *events):
        """Seconds that the resource runs for by sku, from ten to eleven."""
        return {line[2]: int(line[4]) for line in self.lines([catalog_of()], events, "2026-11-01T11:00:00Z")}

    def test_what_runs_ends_before_it_is_launched_again(self):
        launch = event_of("node.launched", "n", "00:00", "a", sku="s")
        again = event_of("node.launched", "n", "10:00", "b", sku="t")
        for kind in ("stopped", "failed", "deleted"):
            self.assertEqual(self.runs(launch, again, event_of(f"node.{kind}", "n", "10:00", "z")), {"s": 600, "t": 3000})

    def test_a_launch_and_a_stop_of_what_does_not_run_are_none(self):
        self.assertEqual(self.runs(event_of("node.launched", "n", "10:00", "z", sku="s"),
                                   event_of("node.stopped", "n", "10:00", "a")), {})

    def test_a_reconfiguration_beside_an_end_does_nothing(self):
        self.assertEqual(self.runs(event_of("node.launched", "n", "00:00", "a", sku="s"), event_of("node.stopped", "n", "10:00"),
                                   event_of("node.reconfigured", "n", "10:00", sku="t")), {"s": 600})

    def test_a_failure_ends_at_its_time_what_was_launched_since_and_not_what_is_launched_then(self):
        failed = event_of("node.failed", "n", "20:00", "f", since="2026-11-01T10:10:00Z")
        events = [event_of("node.launched", "n", "00:00", "a", sku="s"), failed,
                  event_of("node.launched", "n", "10:00", "b", sku="t"), event_of("node.launched", "n", "20:00", "c", sku="u")]
        self.assertEqual(self.runs(*events), {"s": 600, "t": 600, "u": 2400})


class ManyCatalogs(Folder):
    """Which catalog rates what (CONTRACT §3, §5)."""

    @staticmethod
    def container(price, **more):
        """A catalog with one sku, by the second."""
        return {**catalog_of(container={"s": {"payg": {"price": price, "per": "second"}}}), **more}

    def test_each_hour_is_rated_by_the_last_catalog_that_holds_and_of_one_hour_by_the_later_named(self):
        launch = [event_of("container.launched", "c", "59:59", sku="s")]
        found = self.lines([(self.container("7"), "2026-11-01T12:00:00+01:00"), self.container("1"),
                            (self.container("5"), "2026-11-01T11:00:00Z")], launch)
        self.assertEqual([line[5] for line in found], ["1", "18000"])

    def test_an_order_has_the_price_and_the_void_after_of_the_hour_that_it_was_paid_in(self):
        first, later = ({**catalog_of(node={"s": {"subscription": {"price": price, "per": "month"}}}), "void_after": wait}
                        for price, wait in (("100", "70m"), ("9", "5m")))
        events = [event_of("order.paid", name, time, name, product="node", sku="s", quantity=1, months=1)
                  for name, time in (("o", "55:00"), ("p", "11:30:00"))]
        found = self.lines([first, (later, "2026-11-01T11:00:00Z")], events, "2026-11-01T13:00:00Z")
        self.assertEqual([(line[0], line[3], line[5]) for line in found],
                         [(10, "subscription", "100"), (11, "subscription", "9"), (11, "void", "-9"), (12, "void", "-100")])

    def test_what_is_free_is_said_by_the_catalog_of_the_hour(self):
        pool = {"payg": {"price": "1", "per": "GB-hour"}, "free": "1GB"}
        events = [event_of("storage.used", "f", "00:00", bytes=2 * 10 ** 9)]
        later = catalog_of(storage={"standard": {**pool, "free": "2GB"}})
        found = self.lines([catalog_of(storage={"standard": pool}), (later, "2026-11-01T11:00:00Z")], events)
        self.assertEqual([(line[0], line[5]) for line in found], [(10, "1")])

    def test_a_sku_without_the_key_rates_cached_tokens_by_its_input_but_not_before_a_price_of_their_own(self):
        one, own = {"price": "1", "per": "1"}, {"from": "2026-11-01T10:30:00Z", "price": "3", "per": "1"}
        skus = {"m": {"input_tokens": one}, "n": {"input_tokens": one, "cached_input_tokens": own}, "o": {"output_tokens": one}}
        events = [event_of("maas.tokens", "ep", time, sku + time, model=sku, input_tokens=1, output_tokens=0, cached_input_tokens=1)
                  for sku in skus for time in ("10:00", "11:40:00")]
        found = self.lines([catalog_of(maas=skus)], events)
        self.assertEqual([(line[0], line[2], line[5]) for line in found],
                         [(10, "m", "1"), (10, "n", None), (10, "o", None), (11, "m", "1"), (11, "n", "3"), (11, "o", None)])

    def test_catalogs_that_contradict_the_first_or_name_no_whole_hour_are_refused(self):
        good = self.container("1")
        named = (good, "2026-11-01T11:00:00Z")
        self.assertEqual(self.rate([good, named], [])[0], 0)
        self.assertEqual(self.rate([good, ({**good, "bill_scale": 2}, named[1])], [])[0], 0)
        self.assertEqual(self.rate([good, ({**good, "charge_scale": 1}, named[1])], [])[0], 2)
        self.assertEqual(self.rate([good, ({**good, "bill_scale": 3}, named[1])], [])[0], 2)
        self.assertEqual(self.rate([good, ({**good, "currency": "EUR"}, named[1])], [])[0], 2)
        silent = json.loads(json.dumps(good))
        silent["products"]["container"]["liveness"] = 60
        self.assertEqual(self.rate([good, (silent, named[1])], [])[0], 2)
        for catalogs in ([good, good], [named, named], [good, (good, "2026-11-01T11:30:00Z")], [good, (good, "eleven")]):
            self.assertEqual(self.rate(catalogs, [])[:2], (2, []))

    def test_a_bill_asks_for_the_minor_units_of_its_currency(self):
        for currency, decimals in (("USD", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4), ("XAU", 2), ("ZZZ", 2)):
            catalog = Catalog(json.dumps({**catalog_of(), "currency": currency}).encode("utf-8"))
            self.assertEqual(catalog.bill_scale, decimals, currency)


class RandomCases(Folder):
    """Properties over the cases of the generator."""

    SEEDS = range(90_001, 90_041)

    def case(self, seed, repeats):
        """(case, catalogs as of `rate`, lines of events, TIME) of a seed, without faults; None if a catalog is bad."""
        case = generate.Case(seed, False)
        case.fill()
        if repeats:
            case.repeats()
        case.arrange()
        catalogs = [case.catalog.text.encode("utf-8")]
        catalogs += [(later.text.encode("utf-8"), times.format_hour(times.second_of(us))) for us, later in case.later]
        lines = [json.dumps(json.loads(case.writer.write(planned.event))).encode("utf-8") for planned in case.planned]
        bad = case.catalog.spoiled or any(later.spoiled for _, later in case.later)
        return None if bad else (case, catalogs, lines, times.format_hour(times.second_of(case.base_us) + 3 * times.HOUR))

    def cases(self, repeats=False):
        """The cases of the seeds."""
        return filter(None, (self.case(seed, repeats) for seed in self.SEEDS))

    def check_same(self, case, catalogs, lines, until, *others):
        """The lines are the same for other (catalogs, lines)."""
        expected = self.rate(catalogs, lines, until)
        self.assertEqual(expected[0], 0, expected[2])
        for other_catalogs, other_lines in others:
            self.assertEqual(self.rate(other_catalogs, other_lines, until), expected, case.base_us)

    def test_the_order_of_arrival_changes_nothing_where_nothing_is_told_twice(self):
        for case, catalogs, lines, until in self.cases():
            shuffled = random.Random(1).sample(lines, len(lines))
            self.check_same(case, catalogs, lines, until, (catalogs, shuffled), (catalogs, lines[::-1]))

    def test_what_is_sent_again_as_it_was_changes_nothing(self):
        for case, catalogs, lines, until in self.cases(repeats=True):
            self.check_same(case, catalogs, lines, until, (catalogs, lines + lines),
                            (catalogs, [line for line in lines for _ in range(2)]))

    def test_a_catalog_that_says_the_same_from_an_hour_on_changes_nothing(self):
        for case, catalogs, lines, until in self.cases(repeats=True):
            text, hour = catalogs[0], times.format_hour(times.second_of(case.base_us))
            self.check_same(case, [text], lines, until, ([text, (text, hour)], lines), ([(text, hour), text, (text, until)], lines))

    def test_a_later_catalog_is_a_price_that_changes_at_its_hour(self):
        for case, catalogs, lines, until in self.cases():
            first, hour = json.loads(catalogs[0], parse_float=str, parse_int=str), times.second_of(case.base_us) + times.HOUR
            first = {name: first[name] for name in ("currency", "products")}
            both, later = json.loads(json.dumps(first)), json.loads(json.dumps(first))
            for product, value in first["products"].items():
                value.pop("liveness", None)
                for sku, meters in value["skus"].items():
                    meters.pop("free", None)
                    for meter, prices in meters.items():
                        self.raise_price(prices, hour, (both, later), (product, sku, meter))
            for catalog in (both, later):
                for product, value in catalog["products"].items():
                    value.pop("liveness", None)
                    for meters in value["skus"].values():
                        meters.pop("free", None)
            self.check_same(case, [both], lines, until, ([first, (later, times.format_hour(hour))], lines))

    @staticmethod
    def raise_price(prices, hour, catalogs, where):
        """`catalogs`: that which has the old price before the hour and a new one after it, and that of the new one."""
        product, sku, meter = where
        prices = prices if isinstance(prices, list) else [prices]
        new = {"price": "17.5", "per": prices[0]["per"]}
        before = [price for price in prices
                  if "from" not in price or times.second_of(times.parse_us(price["from"])) < hour]
        both, later = (catalog["products"][product]["skus"][sku] for catalog in catalogs)
        both[meter] = before + [{**new, "from": times.format_hour(hour)}]
        later[meter] = new

    def test_spans_of_equal_seconds_give_what_each_second_by_itself_does(self):
        for seed in self.SEEDS[:25]:
            case = generate.Case(seed, False)
            folder = self.folder / str(seed)
            folder.mkdir()
            generate.write_case(seed, False, folder)
            until = times.format_hour(times.second_of(case.base_us) + times.HOUR)
            arguments = (folder, compare.catalogs_of(folder, False), ["--until", until])
            found = [compare.run_model(*arguments, every_second=every) for every in (True, False)]
            told = [(status, [compare.output(rating, name) for name in model.REPORTS], err) for status, rating, err in found]
            self.assertEqual(told[0], told[1], seed)

    def test_catalogs_are_read_alike_by_both_readers(self):
        for seed in self.SEEDS:
            data = RandomCatalog(random.Random(seed), [0, 10 ** 12]).text.encode("utf-8")
            self.assertEqual(plain(catalog_text.read(data)), plain(catalog_text.read_yaml(data)))


def plain(node):
    """A node without its place."""
    if node.kind == "map":
        return [(key.value, plain(value)) for key, value in node.value]
    if node.kind == "list":
        return [plain(value) for value in node.value]
    return node.kind, node.value, node.bare or node.kind == "null"


if __name__ == "__main__":
    sys.exit(unittest.main())
