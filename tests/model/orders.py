"""Subscriptions (CONTRACT §4): what an order covers, and the lines that it makes."""

from dataclasses import dataclass

import times
from events import utf8


@dataclass(frozen=True)
class Order:
    """A paid order: it covers `quantity` units of `sku` in the seconds [start, end)."""

    account: str
    name: str
    product: str
    sku: str
    quantity: int
    start: int
    end: int

    def covers(self, second):
        """Whether the order runs in a second."""
        return self.start <= second < self.end


def read_orders(events, catalogs, until_us, lines):
    """The orders of `events` by (account, name); what they make is added to `lines`."""
    groups = {}
    for event in events:
        if event.type.startswith("order."):
            groups.setdefault((event.account, event.subject), []).append(event)
    orders = {}
    for key, group in groups.items():
        paid = [event for event in group if event.type == "order.paid"]
        if paid:
            first = min(paid, key=lambda event: (event.time_us, utf8(event.id), utf8(event.source)))
            orders[key] = _settle(first, group, catalogs.at(times.second_of(first.time_us)), until_us, lines)
    return orders


def _settle(paid, group, catalog, until_us, lines):
    """One order: its subscription line, and the first of refund and void, if any.

    `catalog` is that of the hour of `paid`, whatever the hour of what ends it."""
    data = paid.data
    start = times.second_of(paid.time_us)
    end = times.add_months(start, data["months"])
    price = catalog.order_price(data["product"], data["sku"], data["months"], start)
    amount = None if price is None else lines.rounded(price * data["quantity"])
    _line(lines, paid, "subscription", paid.time_us, data["quantity"] * data["months"], amount)
    runs_until = end
    ending = _first_ending(paid, group, catalog, until_us)
    if ending:
        at_us, kind = ending
        at = times.second_of(at_us)
        if kind == "void":
            runs_until = start
            _line(lines, paid, "void", at_us, 0, None if amount is None else -amount)
        elif at < end:
            runs_until = at
            back = None if amount is None else -lines.rounded(amount * (end - at) / (end - start))
            _line(lines, paid, "refund", at_us, 0, back)
    return Order(paid.account, paid.subject, data["product"], data["sku"], data["quantity"], start,
                 runs_until)


def _first_ending(paid, group, catalog, until_us):
    """(time, "void" or "refund") of what ends the order first, or None.

    By time, then void before refund; what is timed before paid counts as at paid."""
    endings = []
    for event in group:
        if event.type == "order.failed":
            endings.append((max(event.time_us, paid.time_us), 0, "void"))
        if event.type == "order.refunded":
            endings.append((max(event.time_us, paid.time_us), 1, "refund"))
    deadline_us = paid.time_us + catalog.void_after * times.US
    if catalog.void_after and deadline_us < until_us and not _answered(group, deadline_us):
        endings.append((deadline_us, 0, "void"))
    if not endings:
        return None
    at_us, _, kind = min(endings)
    return at_us, kind


def _answered(group, deadline_us):
    """Whether the order is fulfilled, failed or refunded at or before its deadline."""
    answers = ("order.fulfilled", "order.failed", "order.refunded")
    return any(event.type in answers and event.time_us <= deadline_us for event in group)


def _line(lines, paid, kind, at_us, units, amount):
    lines.add(paid.account, times.second_of(at_us), paid.data["product"], paid.subject, "months",
              paid.data["sku"], kind, units, amount)
