"""Time (CONTRACT §1): RFC 3339 in, microseconds since 1970 inside, whole seconds and hours out."""

import datetime
import re

US = 1_000_000
HOUR = 3600

_RFC3339 = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?"
    r"(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))")
_EPOCH = datetime.date(1970, 1, 1)
_END_US = (datetime.date(2200, 1, 1) - _EPOCH).days * 86400 * US


def parse_us(text):
    """Microseconds since 1970, or None when `text` is no time of ours."""
    match = _RFC3339.fullmatch(text)
    if not match:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    fraction, sign, offset_hour, offset_minute = match.groups()[6:]
    if hour > 23 or minute > 59 or second > 60:
        return None
    second = min(second, 59)  # `:60` reads as `:59`, its fraction kept
    try:
        days = (datetime.date(year, month, day) - _EPOCH).days
    except ValueError:
        return None
    seconds = days * 86400 + hour * HOUR + minute * 60 + second
    if sign:
        if int(offset_hour) > 23 or int(offset_minute) > 59:
            return None
        offset = int(offset_hour) * HOUR + int(offset_minute) * 60
        seconds += -offset if sign == "+" else offset
    us = seconds * US + int(((fraction or "") + "000000")[:6])
    return us if 0 <= us < _END_US else None


def second_of(us):
    """The whole second that a time falls in."""
    return us // US


def hour_of(second):
    """The first second of the hour that a second lies in."""
    return second - second % HOUR


def month_of(second):
    """The first second of the calendar month that a second lies in."""
    date = _EPOCH + datetime.timedelta(days=second // 86400)
    return (date.replace(day=1) - _EPOCH).days * 86400


def format_hour(second):
    """`2026-11-01T10:00:00Z` (CONTRACT §4)."""
    moment = datetime.datetime.combine(_EPOCH, datetime.time()) + datetime.timedelta(seconds=second)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def add_months(second, months):
    """`second` + calendar months, the day clamped to the month's end (CONTRACT §4, Subscription)."""
    days, in_day = divmod(second, 86400)
    date = _EPOCH + datetime.timedelta(days=days)
    year, month = divmod(date.year * 12 + date.month - 1 + months, 12)
    month += 1
    day = date.day
    while not _exists(year, month, day):
        day -= 1
    return (datetime.date(year, month, day) - _EPOCH).days * 86400 + in_day


def _exists(year, month, day):
    try:
        datetime.date(year, month, day)
    except ValueError:
        return False
    return True
