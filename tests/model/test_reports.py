#!/usr/bin/env python3
"""What the model promises of balances and bills: CONTRACT §6's rules by example, and properties over random cases."""

import json
import pathlib
import shlex
import sys
import tempfile
import unittest
from fractions import Fraction

import compare
import generate
import in_time
import model
import reports
import test_model
import times
from test_model import TEN, event_of

DECEMBER = "2026-12-02T00:00:00Z"  # when the bill of November is cut


def catalog_of(settle, **more):
    """A catalog of images at 0.001 each, of containers at 1 an hour, and of a subscription to either; bills in cents."""
    container = {"s": {"payg": {"price": "1", "per": "hour"}, "subscription": {"price": "30", "per": "month"}}}
    images = {"m": {"images": {"price": "0.001", "per": "1"}}}
    return {"currency": "USD", "charge_scale": 3, "products": {
        "container": {"settle": settle, "skus": container}, "maas": {"settle": settle, "skus": images}}, **more}


def images(count, time=TEN, account="a", sku="m"):
    """A job of images, each job of another time."""
    event = event_of("maas.images", "ep", "00:00", time, account=account, model=sku, images=count, status="succeeded")
    return {**event, "time": time}


class Reports(test_model.Folder):
    """A test that asks for reports."""

    def report(self, name, catalogs, events, until=DECEMBER):
        """The rows of a report, without the currency."""
        lines = [json.dumps(event).encode("utf-8") for event in events]
        status, out, err = self.rate(catalogs, lines, until, name)
        self.assertEqual((status, err), (0, []))
        return [tuple(value for key, value in json.loads(row).items() if key != "currency") for row in out]

    def balances(self, *given):
        """The rows of balances."""
        return self.report("balances", *given)

    def bills(self, *given):
        """The rows of bills."""
        return self.report("bills", *given)


class Decimals(unittest.TestCase):
    """How sums are written."""

    def test_the_scale_at_least_and_beyond_it_no_zero_at_the_end(self):
        for text, places, expected in (("1.5", 3, "1.500"), ("1.2345", 3, "1.2345"), ("-0.004", 2, "-0.004"), ("7", 0, "7"),
                                       ("7.10", 0, "7.1"), ("0", 2, "0.00"), ("0.000000000001", 6, "0.000000000001")):
            self.assertEqual(reports.decimal(Fraction(text), places), expected)

    def test_a_bill_is_cut_a_day_after_its_months_end(self):
        for month, cut in (("2026-11-30T23", "2026-12-02"), ("2028-02-29T00", "2028-03-02"), ("2026-12-01T00", "2027-01-02")):
            at, due = (times.second_of(times.parse_us(text)) for text in (month + ":00:00Z", cut + "T00:00:00Z"))
            self.assertEqual(reports.cut_of(at), due)


class Balances(Reports):
    """Who has a balance, and what it is made of."""

    def test_a_payment_counts_once_credits_and_debits_apart_and_in_the_catalogs_currency(self):
        paid = [event_of(f"account.{kind}", subject, time, time + subject, account=account, amount=amount, currency=currency)
                for kind, account, subject, time, amount, currency in (
                    ("credited", "a", "p", "00:01", "10.5", "USD"), ("credited", "a", "p", "00:02", "99", "USD"),
                    ("debited", "a", "p", "00:03", "0.25", "USD"), ("credited", "a", "q", "00:04", "3", "EUR"),
                    ("credited", "b", "p", "00:05", "2", "EUR"), ("credited", "b", "p", "00:06", "2", "USD"),
                    ("debited", "c", "p", "00:07", "0.0000001", "USD"))]
        self.assertEqual(self.balances([catalog_of("hourly")], paid),
                         [("a", "10.500", "0.250", "0.000", "0.000", "10.250"),
                          ("c", "0.000", "0.0000001", "0.000", "0.000", "-0.0000001")])

    def test_what_is_paid_at_or_after_time_is_not_there(self):
        paid = event_of("account.credited", "p", "30:00", amount="1", currency="USD")
        self.assertEqual(self.balances([catalog_of("hourly")], [paid], "2026-11-01T10:30:00Z"), [])
        self.assertEqual(len(self.balances([catalog_of("hourly")], [paid], "2026-11-01T10:30:01Z")), 1)

    def test_what_settles_by_cycle_accrues_until_a_day_after_the_months_end(self):
        row = self.balances([catalog_of("cycle")], [images(7)], "2026-12-01T23:59:59Z")
        self.assertEqual(row, [("a", "0.000", "0.000", "0.000", "0.007", "0.000")])
        self.assertEqual(self.balances([catalog_of("cycle")], [images(7)]), [("a", "0.000", "0.000", "0.007", "0.000", "-0.007")])
        self.assertEqual(self.balances([catalog_of("hourly")], [images(7)], TEN[:-1] + ".5Z"), [])

    def test_a_product_settles_as_the_catalog_of_the_lines_hour_says_and_one_that_is_not_there_by_the_hour(self):
        first, later = catalog_of("hourly"), (catalog_of("cycle"), "2026-11-01T11:00:00Z")
        told = [images(1, "2026-11-01T10:59:59Z"), images(2, "2026-11-01T11:00:00Z")]
        self.assertEqual(self.balances([first, later], told, "2026-11-02T00:00:00Z"),
                         [("a", "0.000", "0.000", "0.001", "0.002", "-0.001")])
        gone = catalog_of("cycle")
        del gone["products"]["maas"]
        row = self.balances([gone], [images(1)], "2026-11-02T00:00:00Z")
        self.assertEqual(row, [("a", "0.000", "0.000", "0.000", "0.000", "0.000")])

    def test_an_orders_lines_settle_by_its_product_and_their_own_hour(self):
        first, later = catalog_of("cycle"), (catalog_of("hourly"), "2026-11-02T00:00:00Z")
        paid = event_of("order.paid", "o", "00:00", product="container", sku="s", quantity=1, months=1)
        failed = {**event_of("order.failed", "o", "00:00"), "time": "2026-11-02T00:00:00Z"}
        self.assertEqual(self.balances([first, later], [paid, failed], "2026-11-03T00:00:00Z"),
                         [("a", "0.000", "0.000", "-30.000", "30.000", "30.000")])


class Bills(Reports):
    """What stands in a bill, and what it asks for."""

    def test_payable_is_rounded_half_to_even_and_the_rest_is_carried_past_a_month_without_a_bill(self):
        told = [images(5, "2026-10-31T23:59:59Z"), images(10, "2026-12-01T00:00:00Z")]
        self.assertEqual(self.bills([catalog_of("hourly")], told, "2027-01-02T00:00:00Z"),
                         [("a", "2026-10", "*", "0.005", 0, "0.00", "0.005"), ("a", "2026-10", "maas", "0.005", 0, None, None),
                          ("a", "2026-12", "*", "0.010", 0, "0.02", "-0.005"), ("a", "2026-12", "maas", "0.010", 0, None, None)])

    def test_hourly_and_cycle_products_stand_in_one_bill_and_a_month_is_cut_a_day_after_its_end(self):
        catalog = catalog_of("hourly")
        catalog["products"]["maas"]["settle"] = "cycle"
        launch = [event_of("container.launched", "c", "00:00", sku="s"), event_of("container.stopped", "c", "30:00")]
        told = [*launch, images(1234)]
        self.assertEqual(self.bills([catalog], told, "2026-12-01T23:59:59Z"), [])
        self.assertEqual(self.bills([catalog], told),
                         [("a", "2026-11", "*", "1.734", 0, "1.73", "0.004"), ("a", "2026-11", "container", "0.500", 0, None, None),
                          ("a", "2026-11", "maas", "1.234", 0, None, None)])

    def test_lines_without_a_price_are_counted_and_charged_as_nothing(self):
        told = [images(1, sku="x"), images(2, "2026-11-01T11:00:00Z", sku="x"), images(3, "2026-11-01T12:00:00Z")]
        self.assertEqual(self.bills([catalog_of("cycle")], told)[0], ("a", "2026-11", "*", "0.003", 2, "0.00", "0.003"))

    def test_a_product_whose_lines_come_to_nothing_stands_in_the_bill(self):
        paid = event_of("order.paid", "o", "00:00", product="container", sku="s", quantity=1, months=1)
        self.assertEqual(self.bills([catalog_of("hourly")], [paid, event_of("order.failed", "o", "01:00")]),
                         [("a", "2026-11", "*", "0.000", 0, "0.00", "0.000"),
                          ("a", "2026-11", "container", "0.000", 0, None, None)])

    def test_a_refund_after_the_month_is_a_credit_note(self):
        paid = event_of("order.paid", "o", "00:00", product="container", sku="s", quantity=1, months=1)
        refunded = {**event_of("order.refunded", "o", "00:00"), "time": "2026-12-01T00:00:00Z"}
        rows = self.bills([catalog_of("hourly")], [paid, refunded], "2027-01-02T00:00:00Z")
        self.assertEqual([row for row in rows if row[2] == "*"],
                         [("a", "2026-11", "*", "30.000", 0, "30.00", "0.000"), ("a", "2026-12", "*", "-0.417", 0, "-0.42", "0.003")])

    def test_rows_are_in_order_of_bytes(self):
        told = [images(1, account=account) for account in ("é", "a!", "a", "B")]
        rows = self.bills([catalog_of("hourly")], told)
        self.assertEqual([row[0] for row in rows if row[2] == "*"], ["B", "a", "a!", "é"])

    def test_a_bill_of_finer_units_than_charges_carries_nothing(self):
        rows = self.bills([catalog_of("hourly", bill_scale=5)], [images(7)])
        self.assertEqual(rows[0], ("a", "2026-11", "*", "0.007", 0, "0.00700", "0.000"))


class RandomReports(unittest.TestCase):
    """Properties over the cases of the generator."""

    def ratings(self, whole_hours):
        """The Rating of each case that can be rated."""
        for seed in range(91_001, 91_121):
            with tempfile.TemporaryDirectory(prefix="hourglass-model-") as name:
                folder = pathlib.Path(name)
                generate.write_case(seed, whole_hours, folder)
                options = shlex.split((folder / "args").read_text(encoding="utf-8"))
                rating = compare.run_model(folder, compare.catalogs_of(folder, False), options)[1]
            if rating:
                yield rating

    @staticmethod
    def rows(rating, name):
        """The rows of a report."""
        return [json.loads(row) for row in model.report(rating, name)]

    def test_bills_carry_what_they_do_not_ask_for_and_their_products_sum_to_them(self):
        cut = 0
        for rating in self.ratings(False):
            for account in {row["account"] for row in self.rows(rating, "bills")}:
                rows = [row for row in self.rows(rating, "bills") if row["account"] == account]
                wholes = [row for row in rows if row["product"] == "*"]
                amount = sum(Fraction(row["amount"]) for row in rows if row["product"] != "*")
                self.assertEqual(amount, sum(Fraction(row["amount"]) for row in wholes))
                self.assertEqual(sum(Fraction(row["payable"]) for row in wholes) + Fraction(wholes[-1]["carried"]), amount)
                cut += len(wholes)
        self.assertGreater(cut, 100)

    def test_what_is_charged_or_accrued_is_what_the_lines_come_to(self):
        for rating in self.ratings(False):
            lines = {}
            for row in self.rows(rating, "lines"):
                lines[row["account"]] = lines.get(row["account"], 0) + Fraction(row["amount"] or 0)
            balances = {row["account"]: row for row in self.rows(rating, "balances")}
            self.assertLessEqual(lines.keys(), balances.keys())
            for account, row in balances.items():
                sums = {name: Fraction(row[name]) for name in ("credited", "debited", "charged", "accrued", "balance")}
                self.assertEqual(sums["charged"] + sums["accrued"], lines.get(account, 0))
                self.assertEqual(sums["balance"], sums["credited"] - sums["debited"] - sums["charged"])

    def test_some_cases_with_bills_settle_in_time_and_some_do_not(self):
        ratings = [rating for rating in self.ratings(True) if model.report(rating, "bills")]
        in_time_are = [in_time.settles_in_time(rating) for rating in ratings]
        self.assertGreater(sum(in_time_are), 10)
        self.assertGreater(len(in_time_are) - sum(in_time_are), 10)


if __name__ == "__main__":
    sys.exit(unittest.main())
