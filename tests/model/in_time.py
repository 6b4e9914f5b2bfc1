"""Which cases have the same bills in the pipeline as in `rate` (CONTRACT §6, Reports): those in which nothing that comes
can change a month whose bill is cut already, and none is due at a partition's first watermark.

Stricter than it need be: an order counts from when it was paid, whatever changes of it.
"""

from reports import cut_of
import times


def settles_in_time(rating):
    """Whether every event reaches back to no second whose month was due when it came."""
    paid = {}
    for event in rating.log:
        if event.type == "order.paid":
            paid[event.account, event.subject] = min(event.time_us, paid.get((event.account, event.subject), event.time_us))
    now_us = 0
    for event in rating.log:
        reaches = times.second_of(_reaches_us(event, paid, now_us)) - max(rating.catalogs.liveness.values(), default=0)
        if cut_of(max(reaches, 0)) * times.US <= now_us:
            return False
        now_us = max(now_us, event.effective_us)
    return not any(_is_voided_late(us, rating.catalogs) for us in paid.values())


def _reaches_us(event, paid, now_us):
    """From when on an event may change what is billed, but for silence: of an order that is undone, from its payment."""
    in_order = event.effective_us >= now_us and event.type != "order.failed"
    if event.product != "order" or in_order:
        return event.effective_us
    return min(event.effective_us, paid.get((event.account, event.subject), event.effective_us))


def _is_voided_late(paid_us, catalogs):
    """Whether the wait for an order that nobody answers ends after the bill of its month."""
    paid = times.second_of(paid_us)
    return paid + catalogs.at(paid).void_after >= cut_of(paid)
