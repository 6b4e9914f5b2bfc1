"""JSON as senders write it: odd blanks, odd escapes, keys in any order, times in any form of RFC 3339."""

import json

import times


class Raw:
    """A piece of text that stands as it is."""

    def __init__(self, text):
        self.text = text


class Pairs:
    """An object whose keys may repeat."""

    def __init__(self, pairs):
        self.pairs = pairs


class Writer:
    """Writes values as JSON; how, is drawn from `rng`. A plain one writes no blanks and no escapes."""

    def __init__(self, rng, plain):
        self._rng = rng
        self._plain = plain
        self._odd_blanks = not plain and rng.random() < 0.3
        self._odd_escapes = not plain and rng.random() < 0.3

    def write(self, value):
        """The text of a value: Raw, Pairs, dict, list, str, int, bool or None."""
        if isinstance(value, Raw):
            return value.text
        if isinstance(value, dict):
            pairs = list(value.items())
            if not self._plain:
                self._rng.shuffle(pairs)
            value = Pairs(pairs)
        if isinstance(value, Pairs):
            return self._wrap("{", "}", [self.write(key) + self._blank() + ":" + self._blank()
                                         + self.write(item) for key, item in value.pairs])
        if isinstance(value, list):
            return self._wrap("[", "]", [self.write(item) for item in value])
        return self._string(value) if isinstance(value, str) else json.dumps(value)

    def _wrap(self, opening, closing, items):
        comma = self._blank() + "," + self._blank()
        return opening + self._blank() + comma.join(items) + self._blank() + closing

    def _blank(self):
        if not self._odd_blanks:
            return ""
        return self._rng.choice(["", "", " ", "  ", "\t", "\r", " \t "])

    def _string(self, text):
        if not self._odd_escapes:
            return json.dumps(text, ensure_ascii=False)
        return '"' + "".join(self._char(char) for char in text) + '"'

    def _char(self, char):
        if char == "/" and self._rng.random() < 0.5:
            return "\\/"
        if self._rng.random() < 0.2:
            units = char.encode("utf-16-be")
            pattern = self._rng.choice(["\\u{:04x}", "\\u{:04X}"])
            return "".join(pattern.format(int.from_bytes(units[at:at + 2], "big"))
                           for at in range(0, len(units), 2))
        return json.dumps(char, ensure_ascii=False)[1:-1]


def time_text(rng, us, plain=False):
    """RFC 3339 for microseconds since 1970, in one of the forms that it allows (CONTRACT §1)."""
    if plain:
        return _time(us, 0, "Z", "T", False, "")
    minutes = rng.choice([0, 0, 0, 480, -210, 1439, -1439, 345])
    if us // times.US + minutes * 60 < 0:
        minutes = 0
    zone = rng.choice(["Z", "Z", "z", "+00:00", "-00:00"])
    if minutes:
        zone = f"{'+' if minutes > 0 else '-'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
    more = rng.choice(["", "", "0", "9", "999", "5" * 60])
    return _time(us, minutes * 60, zone, rng.choice("TTTt"), rng.random() < 0.5, more)


def _time(us, offset, zone, letter, sixty, more):
    second, fraction = divmod(us, times.US)
    text = times.format_hour(second + offset)[:-1].replace("T", letter)
    if sixty and text.endswith(":59"):
        text = text[:-2] + "60"
    digits = f"{fraction:06d}"
    digits = digits + more if more else digits.rstrip("0")
    return text + ("." + digits if digits else "") + zone
