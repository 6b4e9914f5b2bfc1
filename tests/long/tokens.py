"""Calls of models as a cloud has them: 555 a second, few endpoints much and many little (Zipf), 1 % sent twice, up to
5 s out of order; all in one hour. The same arguments give the same bytes."""
import itertools
import random

ACCOUNTS, ENDPOINTS, MODELS, RATE, SECONDS_MAX = 10000, 100000, 8, 555, 3600
HOUR = '2026-11-01T10:'
EVENTS_MAX = RATE * (SECONDS_MAX - 10)
CATALOG = 'currency: USD\nproducts:\n  maas:\n    settle: cycle\n    skus:\n' + ''.join(
    f'      m{i}: {{input_tokens: {{price: "0.{60 + i}", per: 1M}}, output_tokens: {{price: "1.{20 + i}", per: 1M}}}}\n'
    for i in range(MODELS))


def event(number, endpoint, micros, tokens):
    second, micro = divmod(micros, 1000000)
    return (f'{{"specversion":"1.0","id":"call-{number}-{number * 7919 % 1000003}","source":"/gateway/{endpoint % 16}",'
            f'"type":"maas.tokens","subject":"endpoint-{endpoint}","time":"{HOUR}{second // 60:02}:{second % 60:02}.'
            f'{micro:06}Z","data":{{"account":"account-{endpoint % ACCOUNTS:05}","model":"m{endpoint % MODELS}",'
            f'"usage":{{"prompt_tokens":{tokens[0]},"completion_tokens":{tokens[1]}}}}}}}\n')


def micro_dollars(endpoint, meter, units):
    """Of a line, rounded half to even: 0.60 + 0.01 model dollars a million of input, 1.20 + 0.01 of output."""
    whole, rest = divmod(units * ((60, 120)[meter] + endpoint % MODELS), 100)
    return whole + (rest > 50 or (rest == 50 and whole % 2 == 1))


class Tokens:
    """`epochs` gives the events' text, 5 s of event time at once; then `expected` is (lines, units, micro-dollars)."""

    def __init__(self, count, seed=1):
        if count > EVENTS_MAX:
            raise ValueError(f'at most {EVENTS_MAX} events fit into the hour')
        self.count, self.random = count, random.Random(seed)
        self.sums = {}

    def epochs(self):
        weights = list(itertools.accumulate((rank + 1) ** -0.99 for rank in range(ENDPOINTS)))
        picked, epoch, ends, recent = [], [], 5 * RATE, [''] * 30000
        for number in range(self.count):
            if number % 10000 == 0:
                picked = self.random.choices(range(ENDPOINTS), cum_weights=weights, k=10000)
            if number >= ends:
                yield ''.join(epoch)
                epoch, ends = [], ends + 5 * RATE
            if number > 30000 and self.random.random() < 0.01:
                epoch.append(recent[self.random.randrange(30000)])
                continue
            micros = max(0, number * 1000000 // RATE - int(self.random.random() ** 4 * 5000000))
            tokens = self.random.randrange(1, 3000), self.random.randrange(1, 700)
            endpoint = picked[number % 10000]
            for meter in (0, 1):
                key = endpoint, meter
                self.sums[key] = self.sums.get(key, 0) + tokens[meter]
            recent[number % 30000] = text = event(number, endpoint, micros, tokens)
            epoch.append(text)
        yield ''.join(epoch)

    def expected(self):
        return (len(self.sums), sum(self.sums.values()),
                sum(micro_dollars(endpoint, meter, units) for (endpoint, meter), units in self.sums.items()))
