#!/usr/bin/env python3
"""What the views say of five weeks that came through the real processes: they agree with each other and with the charge
lines, and name what runs, what was ordered, what is charged and what is left. Needs deploy/local/up's servers."""
import datetime
import json
import os
import subprocess
import sys
import tempfile
import time

import facts
import history
from facts import TOP, tell

NAME = f'v{os.getpid()}x{int(time.time())}'
UNTIL = '2026-12-04T00:00:00Z'
CATALOG = """
currency: USD
void_after: 2d
products:
  container:
    settle: hourly
    skus:
      gpu:
        payg: [{price: "2.00", per: hour}, {from: "2026-12-01T00:00:00Z", price: "2.50", per: hour}]
        subscription: {price: "1200.00", per: month}
      kept: {subscription: {price: "10.00", per: month}}
  maas:
    settle: cycle
    skus:
      chat: {input_tokens: {price: "0.60", per: 1M}, output_tokens: {price: "1.20", per: 1M}}
"""
GROUPS = 'account, hour, product, sku, meter, kind'


def event(number, kind, subject, when, account='acme', **data):
    return {'specversion': '1.0', 'id': str(number), 'source': '/cloud', 'type': kind, 'subject': subject, 'time': when,
            'data': {'account': account, **data}}


def events():
    gpu = {'sku': 'gpu'}
    order = {'product': 'container', 'sku': 'gpu', 'quantity': 1}
    yield 'account.credited', 'pay-1', '2026-10-30T00:00:00Z', {'amount': '9000', 'currency': 'USD'}
    yield 'account.credited', 'yen', '2026-10-30T01:00:00Z', {'amount': '500', 'currency': 'JPY'}
    yield 'order.paid', 'over', '2026-10-30T02:00:00Z', {**order, 'months': 1}
    yield 'order.fulfilled', 'over', '2026-10-30T03:00:00Z', {}
    yield 'container.launched', 'a', '2026-10-31T22:00:00Z', gpu
    yield 'container.launched', 'unpriced', '2026-11-01T00:00:00Z', {'sku': 'kept'}
    yield 'container.stopped', 'unpriced', '2026-11-01T00:30:00Z', {}
    yield 'maas.tokens', 'chat-1', '2026-11-02T00:00:00Z', {'model': 'chat', 'input_tokens': 2000000, 'output_tokens': 30}
    yield 'order.paid', 'forgotten', '2026-11-03T00:00:00Z', {**order, 'months': 12}
    yield 'order.paid', 'back', '2026-11-10T00:00:00Z', {**order, 'months': 1}
    yield 'order.refunded', 'back', '2026-11-11T12:00:00Z', {}
    yield 'order.paid', 'year', '2026-11-20T00:00:00Z', {**order, 'months': 12}
    yield 'order.fulfilled', 'year', '2026-11-20T01:00:00Z', {}
    yield 'container.launched', 'b', '2026-11-20T02:00:00Z', {**gpu, 'order': 'year'}
    yield 'account.debited', 'pay-2', '2026-11-21T00:00:00Z', {'amount': '0.5', 'currency': 'USD'}
    yield 'container.stopped', 'a', '2026-12-02T10:00:00Z', {}
    yield 'container.launched', 'c', '2026-12-02T20:00:00Z', gpu
    yield 'maas.tokens', 'chat-1', '2026-12-03T12:00:00Z', {'model': 'chat', 'input_tokens': 1000000, 'output_tokens': 0}
    # late
    yield 'container.launched', 'd', '2026-12-02T08:00:00Z', gpu
    yield 'container.stopped', 'd', '2026-12-02T09:00:00Z', {}


def begin():
    with tempfile.TemporaryDirectory() as folder:
        catalog, file = f'{folder}/catalog.yaml', f'{folder}/events.ndjson'
        with open(catalog, 'w', encoding='utf-8') as out:
            out.write(CATALOG)
        with open(file, 'w', encoding='utf-8') as out:
            for number, (kind, subject, when, data) in enumerate(events()):
                out.write(json.dumps(event(number, kind, subject, when, **data)) + '\n')
            out.write(json.dumps(event(99, 'container.launched', 'z', '2026-12-03T23:00:00Z', 'other', sku='gpu')) + '\n')
        done = subprocess.run([TOP / 'deploy/local/run', '--catalog', catalog, '--until', UNTIL, file],
                              env=dict(os.environ, HOURGLASS_RUN_NAME=NAME), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=300, check=False)
    tell(done.returncode == 0, 'five weeks are settled', done.stderr)


def views_agree(ask):
    for name, query in (
            ('lines', f"""SELECT {GROUPS}, sum(units), sum(amount), count(*) FILTER (WHERE amount IS NULL), count(*), currency
                FROM lines GROUP BY {GROUPS}, currency"""),
            ('changes', f"""SELECT {GROUPS}, sum(units),
                CASE WHEN sum(lines) > sum(unpriced) THEN sum(amount) END, sum(unpriced), sum(lines), currency
                FROM changes GROUP BY {GROUPS}, currency HAVING sum(lines) <> 0""")):
        found = ask(f'SELECT count(*) FROM spend; (TABLE spend EXCEPT {query}) UNION ALL ({query} EXCEPT TABLE spend) LIMIT 2')
        tell(int(found[0]) > 700 and len(found) == 1, f'spend is what {name} sum to', *found)
    found = ask("""SELECT b.account, b.balance = s.last, b.balance = t.moved, b.balance = b.credited - b.debited - b.charged
        FROM balances b
        LEFT JOIN (SELECT account, (array_agg(balance))[count(*)] AS last FROM statement GROUP BY account) s USING (account)
        LEFT JOIN (SELECT account, sum(CASE WHEN to_account = 'account:' || account THEN amount ELSE -amount END) AS moved
                   FROM transfers GROUP BY account) t USING (account) ORDER BY 1""")
    tell(found == ['acme|t|t|t', 'other|t|t|t'], 'the last line of a statement, and all transfers, come to the balance', *found)


def bills_are_totals(ask):
    found = ask("""SELECT account, month, product, b.amount = s.amount, unpriced, payable, cut_at FROM bills b
        JOIN LATERAL (SELECT sum(amount) AS amount FROM spend s
            WHERE s.account = b.account AND (b.product = '*' OR s.product = b.product) AND to_char(hour, 'YYYY-MM') = b.month) s
            ON true ORDER BY 1, 2, 3""")
    spent = ask("SELECT round(sum(amount), 2) FROM spend WHERE account = 'acme' AND hour < '2026-11-01Z'")[0]
    tell(found[:2] == [f'acme|2026-10|*|t|0|{spent}|2026-11-02 00:00:00+00',
                       'acme|2026-10|container|t|0||2026-11-02 00:00:00+00']
         and [line.split('|')[1:5] for line in found[2:]] == [['2026-11', product, 't', '1' if product != 'maas' else '0']
                                                              for product in ('*', 'container', 'maas')],
         "a bill is its month's spend, cut a day after it", *found)


def what_is_there_is_named(ask):
    """Of the file's end: 2026-12-04T00:00:00Z."""
    found = ask("SELECT resource, state, quantity, \"order\", since FROM resources WHERE account = 'acme' ORDER BY 1")
    tell(found == ['a|stopped|1||2026-12-02 10:00:00+00', 'b|running|1|year|2026-11-20 02:00:00+00',
                   'c|running|1||2026-12-02 20:00:00+00', 'd|stopped|1||2026-12-02 09:00:00+00', 'unpriced|stopped|1||2026-11-01 00:30:00+00'],
         'resources names what runs and what ended', *found)
    found = ask("SELECT name, state, ends_at, used, covers, amount, given_back FROM orders WHERE account = 'acme' ORDER BY 1")
    used = round(14 / 365, 6)
    tell(found == [f'back|refunded|2026-11-11 12:00:00+00|{1.5 / 30:.6f}|0|1200.000000|1140.000000',
                   'forgotten|void||0|0|14400.000000|14400.000000',
                   'over|ended|2026-11-30 02:00:00+00|1.000000|0|1200.000000|0.000000',
                   f'year|fulfilled|2027-11-20 00:00:00+00|{used}|1|14400.000000|0.000000'],
         'orders says what became of each', *found)
    found = ask("SELECT sku, meter, since, until, price, per FROM prices WHERE product = 'container' AND sku = 'gpu'"
                ' ORDER BY meter, since NULLS FIRST')
    tell(found == ['gpu|months|||1200|1', 'gpu|runtime||2026-12-01 00:00:00+00|2|3600',
                   'gpu|runtime|2026-12-01 00:00:00+00||2.5|3600'], 'prices has what was charged and what is', *found)
    found = ask("""SELECT prepaid, burn, as_of, runs_out = as_of + round(available / burn * 3600, 6) * interval '1 second'
        FROM balances ORDER BY account""")
    tell(found == [f't|2.500000|{UNTIL[:10]} 00:00:00+00|t', f'f|2.500000|{UNTIL[:10]} 00:00:00+00|'],
         'balances say how long they last', *found)
    found = ask("SELECT what, name, amount, currency, balance FROM statement WHERE account = 'acme' AND what <> 'charge'")
    tell([line.split('|')[:4] for line in found] == [
        ['credit', 'pay-1', '9000.000000', 'USD'], ['credit', 'yen', '500', 'JPY'], ['debit', 'pay-2', '-0.500000', 'USD'],
        ['bill', '', '-1.200036', 'USD']] and found[0].endswith('|9000.000000') and found[1].endswith('|9000.000000'),
        'a statement names payments and bills', *found)


def what_changed_is_found_by_its_time(ask):
    found = ask("""SELECT hour, sum(units), sum(amount), sum(lines) FROM changes
        WHERE at >= '2026-12-03T11:59:00Z' AND hour < '2026-12-02T12:00:00Z' GROUP BY hour ORDER BY hour""")
    tell(found == ['2026-12-02 08:00:00+00|3600|2.500000|1'], 'what a late event changed is found by when it came', *found)


def main():
    begin()
    url, = facts.servers('DATABASE')
    session = history.Session(url, f'run_{NAME}')
    try:
        views_agree(session.ask)
        bills_are_totals(session.ask)
        what_is_there_is_named(session.ask)
        what_changed_is_found_by_its_time(session.ask)
    finally:
        session.end()
        subprocess.run([TOP / 'deploy/local/runs', 'drop', NAME], stdout=subprocess.DEVNULL, check=False)
    return facts.end()


if __name__ == '__main__':
    sys.exit(main())
