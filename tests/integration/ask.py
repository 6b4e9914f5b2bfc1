#!/usr/bin/env python3
"""What the commands that ask the database promise (bill, spend, changes, resources, orders, prices): rows of money as the
settler writes them stand in a schema of its own, and each figure is computed here again. Needs deploy/local/up's
PostgreSQL."""
import csv
import datetime
import decimal
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

import facts
from facts import BUILD, TOP, letter, tell

SCHEMA = f'ask_{os.getpid()}_{int(time.time())}'
DATABASE, = facts.servers('DATABASE')
UTC = datetime.timezone.utc
HOSTILE = '=cmd|"a"<b>&\'c\', 账户'
OCTOBER, NOVEMBER, DECEMBER = (datetime.datetime(2026, month, 1, tzinfo=UTC) for month in (10, 11, 12))


def sql(text):
    done = subprocess.run(['psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', DATABASE, '-c', 'SET client_min_messages = error',
                           '-c', f'SET search_path = {SCHEMA}', '-c', 'SET timezone = UTC', '-c', text],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def hourglass(*words, **more):
    return subprocess.run([BUILD / 'cli/hourglass', *map(str, words), '--database', DATABASE, '--schema', SCHEMA],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120, check=False, **more)


def objects(*words):
    done = hourglass(*words, '--format', 'ndjson')
    if done.returncode != 0:
        tell(False, ' '.join(map(str, words)) + ' ends well', done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


def fields(rows, *names):
    return [tuple(row[name] for name in names) for row in rows]


def total(rows):
    return sum(decimal.Decimal(row['amount']) for row in rows)


def second(moment):
    return int(moment.timestamp())


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def text_of(moment):
    return moment.strftime('%Y-%m-%dT%H:%M:%SZ')


class Frames:
    """Frames of one partition, and what they changed."""

    def __init__(self):
        self.seq = 0

    def frame(self, at, closed):
        self.seq += 1
        sql(f'INSERT INTO frames VALUES (0, {self.seq}, {second(at) * 1000000}, {second(closed)}, {self.seq})')

    def account(self, name):
        sql(f'INSERT INTO account_names (name) VALUES ({quoted(name)}) ON CONFLICT DO NOTHING')

    def charge(self, account, hour, product, sku, meter, units, amount, **more):
        """In the last frame. A list of hours has the change in each of them."""
        hours = ','.join(quoted(text_of(h)) for h in (hour if isinstance(hour, list) else [hour]))
        kind, lines, unpriced = more.get('kind', 'usage'), more.get('lines', 1), more.get('unpriced', 0)
        billed = quoted(text_of(more['billed'])[:10] if 'billed' in more else '-infinity')
        self.account(account)
        sql(f"""INSERT INTO charges (hour, account, seq, partition, lines, unpriced, billed, accrues, product, meter, kind,
                                     sku, units, amount)
            SELECT h, account_key({quoted(account)}), {self.seq}, 0, {lines}, {unpriced}, {billed}, {product == 'maas'},
                   '{letter(product)}', '{letter(meter)}', '{letter(kind)}', {quoted(sku)}, {units}, {amount}
            FROM unnest(ARRAY[{hours}]::timestamptz[]) h""")

    def post(self, account, what, amount, product=None, kind=None):
        letters = ', '.join(quoted(letter(word)) for word in (what, product, kind))
        sql(f"""INSERT INTO ledger (account, seq, partition, step, ordinal, what, product, kind, name, amount)
            SELECT account_key({quoted(account)}), {self.seq}, 0, 0, count(*) + 1, {letters}, '', {amount}
            FROM ledger WHERE account = account_key({quoted(account)}) AND seq = {self.seq}""")

    def cut(self, month, at):
        sql(f"INSERT INTO bill_cuts VALUES (0, '{text_of(month)[:10]}', {self.seq}, {second(at) * 1000000})")

    def bill(self, account, month, products, payable, carried):
        for product, (amount, unpriced) in products.items():
            last = f'{payable}, {carried}' if product == '*' else 'NULL, NULL'
            sql(f"""INSERT INTO bill_totals VALUES (account_key({quoted(account)}), '{text_of(month)[:10]}', '{product}',
                {amount}, {unpriced}, {last}, {self.seq}, 0)""")


def hours(begin, count):
    return [begin + datetime.timedelta(hours=i) for i in range(count)]


def after(moment, **more):
    return moment + datetime.timedelta(**more)


def two_months():
    """October is cut, November is cut with a correction of October, December runs."""
    sql("INSERT INTO meta (currency, charge_scale, bill_scale, partitions) VALUES ('USD', 6, 2, 1)")
    sql(f"""INSERT INTO price_list VALUES
        (0, 'container', 'gpu.a100', 'months', NULL, NULL, 1200.00, 1, 0, 'hourly', 'ann', 0),
        (1, 'container', 'gpu.a100', 'runtime', NULL, {second(after(NOVEMBER, days=10))}, 2.50, 3600, 0, 'hourly', 'ann', 0),
        (2, 'container', 'gpu.a100', 'runtime', {second(after(NOVEMBER, days=10))}, NULL, 2.25, 3600, 0, 'hourly', 'bob', 0),
        (3, 'storage', 'standard', 'capacity', NULL, NULL, 0.0002, 3600e9, 20e9, 'hourly', 'ann', 0),
        (4, 'maas', 'qwen-72b', 'cached_input_tokens', NULL, {second(after(NOVEMBER, hours=30, minutes=30))}, 0.60, 1e6, 0, 'cycle',
         'ann', 0),
        (5, 'maas', 'qwen-72b', 'cached_input_tokens', {second(after(NOVEMBER, hours=30, minutes=30))}, NULL, 0.50, 1e6, 0, 'cycle',
         'ann', 0)""")
    f = Frames()
    f.frame(after(OCTOBER, hours=1), after(OCTOBER, hours=1))
    f.post('acme', 'credit', 5000)
    f.charge('acme', hours(OCTOBER, 10), 'container', 'gpu.a100', 'runtime', 3600, '2.5')
    f.post('acme', 'charge', -25, 'container', 'usage')
    f.frame(after(NOVEMBER, days=1), after(NOVEMBER, days=1))
    f.cut(OCTOBER, after(NOVEMBER, days=1))
    f.bill('acme', OCTOBER, {'container': (25, 0), '*': (25, 0)}, 25, '0.004')
    return f


def november(f):
    f.frame(after(NOVEMBER, days=11), after(NOVEMBER, days=11))
    f.charge('acme', hours(after(NOVEMBER, days=9), 48), 'container', 'gpu.a100', 'runtime', 7200,
             '5.00 - CASE WHEN h >= \'2026-11-11Z\' THEN 0.5 ELSE 0 END')
    f.charge('acme', hours(after(NOVEMBER, days=9), 3), 'storage', 'standard', 'capacity', 10 ** 12, '0.000056')
    f.charge('acme', hours(after(NOVEMBER, hours=30), 2), 'maas', 'qwen-72b', 'cached_input_tokens', 1234567, '0.7')
    f.charge('acme', after(NOVEMBER, hours=31), 'maas', 'new', 'output_tokens', 500, 0, unpriced=1)
    f.charge('acme', NOVEMBER, 'container', 'gpu.a100', 'months', 1, 1200, kind='subscription')
    f.charge('acme', after(NOVEMBER, hours=5), 'container', 'gpu.a100', 'months', 0, '-1192.500001', kind='refund')
    f.charge('acme', OCTOBER, 'container', 'gpu.a100', 'runtime', -1800, '-1.25', lines=0, billed=NOVEMBER)
    # Taken back in another frame: nothing is left of it.
    f.charge('acme', after(NOVEMBER, hours=3), 'container', 'gpu.h100', 'runtime', 60, 1)
    f.post('acme', 'charge', '-234.749831', 'container', 'usage')
    f.post('acme', 'debit', '-10.5')
    f.frame(after(DECEMBER, days=1), after(DECEMBER, days=1))
    f.charge('acme', after(NOVEMBER, hours=3), 'container', 'gpu.h100', 'runtime', -60, -1, lines=-1)
    f.post('acme', 'bill', '-1.4', 'maas')
    f.charge('late', after(NOVEMBER, hours=7), 'container', 'gpu.a100', 'runtime', 3600, '2.5')
    f.bill('late', NOVEMBER, {'container': ('2.5', 0), '*': ('2.5', 0)}, '2.5', 0)
    f.cut(NOVEMBER, after(DECEMBER, days=1))
    f.bill('acme', NOVEMBER, {'container': ('234.249999', 0), 'storage': ('0.000168', 0), 'maas': ('1.4', 1),
                              '*': ('235.650167', 1)}, '235.65', '0.004167')
    f.frame(after(DECEMBER, days=2), after(DECEMBER, days=2))
    f.charge('acme', DECEMBER, 'container', 'gpu.a100', 'runtime', 3600, '2.25')
    f.post('acme', 'charge', '-2.25', 'container', 'usage')
    f.charge('idle', DECEMBER, 'container', 'gpu.a100', 'runtime', 3600, '2.25')
    f.charge('late', after(NOVEMBER, hours=7), 'container', 'gpu.a100', 'runtime', 720, '0.5', lines=0, billed=DECEMBER)
    sql(f"""INSERT INTO claim (partition, fence, next_seq, next_step, next_offset, last_hash, watermark_us, closed_s)
        VALUES (0, 1, {f.seq + 1}, 0, 9, '', {second(after(DECEMBER, days=2)) * 1000000}, {second(after(DECEMBER, days=2))});
        INSERT INTO accounts (name, partition, seq, prepaid, made_prepaid, state, credited, debited, charged, accrued, carried)
            VALUES ('acme', 0, {f.seq}, true, false, 'good', 5000, 10.5, 262.399831, 0, 0.004167)""")


# --- bill

def a_bill_is_what_was_cut():
    done = hourglass('bill', 'acme', '2026-11', '--format', 'json')
    bill = json.loads(done.stdout)
    tell(done.returncode == 0, 'a bill that was cut: 0', done)
    tell([bill[k] for k in ('account', 'month', 'currency', 'cut_at', 'amount', 'unpriced', 'carried_before', 'payable', 'carried')]
         == ['acme', '2026-11', 'USD', '2026-12-02T00:00:00Z', '235.650167', 1, '0.004000', '235.65', '0.004167'],
         'a bill comes to what was cut, with what the last one carried', bill)
    tell([(p['product'], p['amount'], p['unpriced']) for p in bill['products']] ==
         [('container', '234.249999', 0), ('maas', '1.400000', 1), ('storage', '0.000168', 0)], 'its products', bill)
    tell([bill[k] for k in ('balance_before', 'credits', 'debits', 'charges', 'bills', 'balance_after')] ==
         ['4975.000000', '0.000000', '-10.500000', '-234.749831', '-1.400000', '4728.350169'],
         "the ledger's balance at the cuts, and what stands between them", bill)
    return bill


def lines_of_a_bill(bill):
    found = [tuple(line.values()) for line in bill['lines']]
    wanted = [
        (None, 'usage', 'container', 'gpu.a100', 'runtime', 24, 0, '172800', 'hour', '3600', '2.50', '120.000000'),
        (None, 'usage', 'container', 'gpu.a100', 'runtime', 24, 0, '172800', 'hour', '3600', '2.25', '108.000000'),
        (None, 'usage', 'maas', 'new', 'output_tokens', 1, 1, '500', '1M tokens', '1000000', None, '0.000000'),
        (None, 'usage', 'maas', 'qwen-72b', 'cached_input_tokens', 1, 0, '1234567', '1M tokens', '1000000', '0.60, 0.50',
         '0.700000'),
        (None, 'usage', 'maas', 'qwen-72b', 'cached_input_tokens', 1, 0, '1234567', '1M tokens', '1000000', '0.50', '0.700000'),
        (None, 'usage', 'storage', 'standard', 'capacity', 3, 0, '3000000000000', 'GB-hour', '3600000000000', '0.0002',
         '0.000168'),
        (None, 'subscription', 'container', 'gpu.a100', 'months', 1, 0, '1', 'month', '1', '1200.00', '1200.000000'),
        (None, 'refund', 'container', 'gpu.a100', 'months', 1, 0, '0', 'month', '1', None, '-1192.500001'),
        ('2026-10', 'usage', 'container', 'gpu.a100', 'runtime', 0, 0, '-1800', 'hour', '3600', '2.50', '-1.250000'),
    ]
    tell(found == wanted, 'lines stand by the price that held in their hours, corrections under their own month,'
         ' and what was taken back nowhere', *found)
    tell(sum(decimal.Decimal(line['amount']) for line in bill['lines']) == decimal.Decimal(bill['amount']),
         'they sum to the bill')


def a_bill_for_eyes_and_for_the_books():
    table = hourglass('bill', 'acme', '2026-11').stdout
    for text in ('Bill of acme, 2026-11, in USD, cut at 2026-12-02T00:00:00Z', '\nUsage\n', '\nSubscriptions\n', '\nRefunds\n',
                 '\nCorrections of earlier months\n', 'maas new output_tokens: 1 line', 'at the cut of 2026-10, 2026-11-02T00:00:00Z',
                 '~0.833333', '48  hour ', 'unpriced'):
        tell(text in table, f'the table says {text.strip()!r}', table)
    tell('\nVoids\n' not in table, 'the table has no section without a line')
    rows = list(csv.DictReader(io.StringIO(hourglass('bill', 'acme', '2026-11', '--format', 'csv').stdout)))
    figures = {row['row']: row['amount'] for row in rows if row['row'] not in ('line', 'product')}
    tell(figures == {'total': '235.650167', 'carried_before': '0.004000', 'payable': '235.65', 'carried': '0.004167',
                     'balance_before': '4975.000000', 'credits': '0.000000', 'debits': '-10.500000', 'charges': '-234.749831',
                     'bills': '-1.400000', 'balance_after': '4728.350169'}, 'csv has every figure', figures)
    tell(sum(row['row'] == 'line' for row in rows) == 9 and {row['account'] for row in rows} == {'acme'},
         'and a row for each line')


def months_without_a_bill():
    for month, status, text in (('2026-12', 3, 'is not cut yet'), ('2026-09', 1, 'before the log began'),
                                ('2027-01', 3, 'is not cut yet')):
        done = hourglass('bill', 'acme', month)
        tell(done.returncode == status and not done.stdout and text in done.stderr, f'a bill of {month}: {status}, and why', done)
    done = hourglass('bill', 'idle', '2026-11')
    tell(done.returncode == 1 and 'nothing was charged' in done.stderr, 'an account without a charge has no bill: 1', done)
    done = hourglass('bill', 'nobody', '2026-11')
    tell(done.returncode == 1 and 'not known' in done.stderr, 'nor has one that is not known: 1', done)
    done = hourglass('bill', 'acme', '2026-13')
    tell(done.returncode == 64 and 'expected a month' in done.stderr, 'a month that is none: 64', done)
    done = hourglass('bill', 'acme', '2026-12', '--so-far', '--format', 'json')
    bill = json.loads(done.stdout)
    tell(done.returncode == 0 and [bill[k] for k in ('cut_at', 'complete_before', 'amount', 'payable', 'carried_before',
                                                     'balance_before', 'charges', 'balance_after')] ==
         [None, '2026-12-03T00:00:00Z', '2.250000', None, '0.004167', '4728.350169', '-2.250000', '4726.100169'],
         'what stands in a month so far is printed where it is asked for', bill)
    tell('NOT CUT YET' in hourglass('bill', 'acme', '2026-12', '--so-far').stdout, 'and the table says so')


def what_comes_after_the_cut():
    first, second_bill = (json.loads(hourglass('bill', 'late', month, '--so-far', '--format', 'json').stdout)
                          for month in ('2026-11', '2026-12'))
    tell((first['payable'], fields(first['lines'], 'month', 'units')) == ('2.50', [(None, '3600')]) and
         fields(second_bill['lines'], 'month', 'units', 'amount') == [('2026-11', '720', '0.500000')],
         'what comes after the cut is no line of the bill, and one of the next, under its own month', first, second_bill)


def a_bill_that_is_not_its_lines(f):
    f.charge('acme', after(NOVEMBER, days=20), 'storage', 'standard', 'capacity', 1, '0.000001')
    done = hourglass('bill', 'acme', '2026-11')
    tell(done.returncode == 70 and 'storage' in done.stderr, 'a bill that is not the sum of its lines is noticed: 70', done)
    f.charge('acme', after(NOVEMBER, days=20), 'storage', 'standard', 'capacity', -1, '-0.000001', lines=-1)


def hostile_names(f):
    f.frame(after(DECEMBER, days=2, hours=1), after(DECEMBER, days=2, hours=1))
    sql(f"UPDATE claim SET closed_s = {second(after(DECEMBER, days=2, hours=1))}")
    f.charge(HOSTILE, after(DECEMBER, days=2), 'container', '@sku', 'runtime', 10 ** 40, '123456789012345678901234567890.5')
    words = 'bill', HOSTILE, '2026-12', '--so-far', '--format'
    found = json.loads(hourglass(*words, 'json').stdout)
    tell(found['account'] == HOSTILE and found['lines'][0]['sku'] == '@sku' and
         found['amount'] == '123456789012345678901234567890.500000' and found['lines'][0]['units'] == str(10 ** 40),
         'a hostile name and a large amount come out of json as they are', found)
    row = next(csv.DictReader(io.StringIO(hourglass(*words, 'csv').stdout)))
    tell((row['account'], row['sku']) == (HOSTILE, '@sku'), 'and out of csv', row)
    row = next(csv.DictReader(io.StringIO(hourglass(*words, 'spreadsheet').stdout)))
    tell((row['account'], row['sku'], row['amount']) ==
         ("'" + HOSTILE, "'@sku", '123456789012345678901234567890.500000'), 'for a spreadsheet they are no formulas', row)


def bills():
    frames = two_months()
    november(frames)
    lines_of_a_bill(a_bill_is_what_was_cut())
    a_bill_for_eyes_and_for_the_books()
    months_without_a_bill()
    what_comes_after_the_cut()
    a_bill_that_is_not_its_lines(frames)
    hostile_names(frames)
    return frames


def bills_of_the_pipeline():
    """A worked case through Kafka and PostgreSQL: each of its bills, with the sums that it is made of."""
    case = TOP / 'tests/conformance/balances-and-bills'
    name = f'ask{os.getpid()}'
    facts.run(TOP / 'deploy/local/run', '--catalog', case / 'catalog.yaml', *(case / 'args').read_text().split(),
              case / 'events.ndjson', env={**os.environ, 'HOURGLASS_RUN_NAME': name})
    wanted = [json.loads(line) for line in (case / 'bills.ndjson').read_text().splitlines()]
    for whole in (row for row in wanted if row['product'] == '*'):
        done = subprocess.run([BUILD / 'cli/hourglass', 'bill', whole['account'], whole['month'], '--format', 'json',
                               '--database', DATABASE, '--schema', f'run_{name}'], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=60, check=False)
        bill = json.loads(done.stdout)
        figures = 'amount', 'unpriced', 'payable', 'carried'
        products = [(row['product'], row['amount']) for row in wanted if row['product'] != '*'
                    and (row['account'], row['month']) == (whole['account'], whole['month'])]
        tell(done.returncode == 0 and [bill[k] for k in figures] == [whole[k] for k in figures] and
             [(p['product'], p['amount']) for p in bill['products']] == products and
             total(bill['lines']) == decimal.Decimal(whole['amount']),
             f'the bill of {whole["account"]} for {whole["month"]} as the pipeline cut it is what its lines come to', done)
        moved = sum(decimal.Decimal(bill[k]) for k in ('balance_before', 'credits', 'debits', 'charges', 'bills'))
        tell(moved == decimal.Decimal(bill['balance_after']), 'and its balance what stands between the cuts', bill)
    facts.run(TOP / 'deploy/local/runs', 'drop', name)


# --- spend

def spend_is_what_lines_sum_to(f):
    of_november = '--account', 'acme', '--from', '2026-11'
    rows = objects('spend', '--every', 'day', *of_november)
    tell(fields(rows, 'day', 'product', 'amount', 'unpriced', 'currency') == [
        ('2026-11-01', 'container', '7.499999', 0, 'USD'), ('2026-11-02', 'maas', '1.400000', 1, 'USD'),
        ('2026-11-10', 'container', '120.000000', 0, 'USD'), ('2026-11-10', 'storage', '0.000168', 0, 'USD'),
        ('2026-11-11', 'container', '108.000000', 0, 'USD')], 'spend by day: a month is its end exclusive, products by bytes', *rows)
    whole = total(rows)
    for by in ('product', 'sku', 'account', 'meter'):
        tell(total(objects('spend', '--by', by, '--every', 'hour', *of_november)) == whole, f'by {by} each hour it comes to the same')
    rows = objects('spend', '--by', 'meter', *of_november)
    tell(fields(rows, 'product', 'meter', 'units') ==
         [('container', 'months', '1'), ('container', 'runtime', '345600'), ('maas', 'cached_input_tokens', '2469134'),
          ('maas', 'output_tokens', '500'), ('storage', 'capacity', '3000000000000')], 'by meter it has units', *rows)
    sql(f"""INSERT INTO line_names VALUES (md5('r1')::uuid, 0, 'acme', 'container', 'r1', 'runtime', 'gpu.a100', 'usage'),
            (md5('r2')::uuid, 0, 'acme', 'container', 'r2', 'runtime', 'new', 'usage');
        INSERT INTO settled (hour, account, seq, line, partition, priced, "exists", usage, units, total, amount)
        SELECT '2026-11-10Z', account_key('acme'), {f.seq}, line, 0, sku <> 'new', true, '', 7200,
               CASE WHEN sku = 'new' THEN 0 ELSE 5 END, 5 FROM line_names""")
    rows = objects('spend', '--by', 'resource', *of_november)
    tell(fields(rows, 'account', 'product', 'resource', 'amount', 'unpriced') ==
         [('acme', 'container', 'r1', '5.000000', 0), ('acme', 'container', 'r2', '0.000000', 1)], 'resources are of lines', *rows)
    rows = objects('spend', '--by', 'sku', '--account', 'acme')
    tell(fields(rows, 'product', 'sku', 'amount') == [('container', 'gpu.a100', '2.250000')],
         'without --from it is the month that runs', *rows)


def the_largest_and_who_rose():
    span = '--from', '2026-11', '--to', '2026-12', '--account', 'acme'
    rows = objects('spend', '--by', 'sku', '--top', 1, *span)
    tell(fields(rows, 'product', 'sku', 'amount') == [('container', 'gpu.a100', '235.499999'), (None, None, '1.400168')],
         '--top 1: the largest, and the others as one', *rows)
    rows = objects('spend', '--by', 'account', '--top', 2)
    tell([row['account'] for row in rows] == [HOSTILE, 'acme', None], 'the largest spenders', *rows)
    rows = objects('spend', '--rose', '--by', 'account', '--from', '2026-12-02', '--to', '2026-12-04')
    tell(fields(rows, 'account', 'before', 'amount', 'rise') ==
         [(HOSTILE, '0.000000', '123456789012345678901234567890.500000', '123456789012345678901234567890.500000')],
         'who rose most against the span before; who fell is not named', *rows)
    rows = objects('spend', '--rose', '--account', 'acme', '--from', '2026-11-10', '--to', '2026-11-11')
    tell(fields(rows, 'product', 'before', 'amount', 'rise') == [('container', '0.000000', '120.000000', '120.000000'),
                                                                  ('storage', '0.000000', '0.000168', '0.000168')], 'by product', *rows)
    rows = objects('spend', '--rose', '--account', 'acme', '--from', '2026-12')
    tell(fields(rows, 'product', 'before', 'rise') == [('container', '0.000000', '2.250000')],
         'a span that still grows is compared up to the last complete hour', *rows)


def a_forecast(f):
    # 168 complete hours before 2026-12-03T01:00: of acme one hour of 2.25, and a subscription, which does not come again.
    f.charge('acme', after(DECEMBER, days=2, hours=1), 'container', 'gpu.a100', 'months', 1, 1200, kind='subscription')
    rows = objects('spend', '--forecast', '--account', 'acme')
    left = 31 * 24 - 49
    wanted = (decimal.Decimal('1202.25') + left * decimal.Decimal('2.25') / 168).quantize(decimal.Decimal('0.000001'))
    tell(fields(rows, 'product', 'month', 'so_far', 'hours_left', 'hour_mean', 'forecast') ==
         [('container', '2026-12', '1202.250000', left, '0.013393', str(wanted))],
         "a forecast: the month so far and the hours left times the mean of a week's usage", wanted, *rows)
    table = hourglass('spend', '--forecast').stdout
    tell('forecast = so far + hours left x' in table, 'the table marks it as such', table)


def tables_and_bars():
    words = 'spend', '--from', '2026-11', '--account', 'acme'
    plain, bars = hourglass(*words).stdout, hourglass(*words, '--bars').stdout
    tell('complete before 2026-12-03T01:00:00Z' in plain, 'the table names the last complete hour', plain)
    tell('█' not in plain and '█' * 40 in bars, 'bars where they are asked for, the largest 40 cells', bars)
    ours, theirs = os.openpty()
    subprocess.run([BUILD / 'cli/hourglass', *words, '--database', DATABASE, '--schema', SCHEMA], stdout=theirs, timeout=60,
                   check=False)
    os.close(theirs)
    tell('█' * 40 in os.read(ours, 100000).decode(), 'and on a terminal')
    os.close(ours)
    rows = json.loads(hourglass(*words, '--format', 'json').stdout)
    tell(total(rows) == decimal.Decimal('236.900167'), 'json is one array', rows)
    tell(json.loads(hourglass('spend', '--from', '2020-01', '--format', 'json').stdout) == [], 'of nothing an empty one')


def charts():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'chart.svg')
        done = hourglass('spend', '--by', 'sku', '--every', 'day', '--from', '2026-11', '--account', 'acme', '--svg', path)
        with open(path, encoding='utf-8') as file:
            text = file.read()
        drawn = xml.etree.ElementTree.fromstring(text)
        name = '{http://www.w3.org/2000/svg}'
        bars = [rect.find(name + 'title').text for rect in drawn.iter(name + 'rect') if rect.find(name + 'title') is not None]
        tell(done.returncode == 0 and sorted(bars) == [
            '2026-11-01 container gpu.a100: 7.499999 USD', '2026-11-02 maas qwen-72b: 1.400000 USD',
            '2026-11-10 container gpu.a100: 120.000000 USD', '2026-11-10 storage standard: 0.000168 USD',
            '2026-11-11 container gpu.a100: 108.000000 USD'], 'a chart has a bar for each amount', bars)
        tell('prefers-color-scheme:dark' in text and not re.search(r'href|url\(|<script', text), 'for light and dark, with nothing from elsewhere')
        hourglass('spend', '--by', 'account', '--every', 'day', '--from', '2026-12', '--svg', path)
        with open(path, encoding='utf-8') as file:
            titles = [t.text for t in xml.etree.ElementTree.fromstring(file.read()).iter(name + 'title')]
        tell(any(HOSTILE in title for title in titles), 'a hostile name is text in it', titles)
        done = hourglass('spend', '--every', 'day', '--svg', os.path.join(folder, 'no', 'chart.svg'))
        tell(done.returncode == 75 and 'No such file' in done.stderr, 'a chart that cannot be written: 75', done)


def what_cannot_be_asked():
    for words, text in ((('--from', '2026-13'), 'expected a time'), (('--from', '2026-11', '--to', '2026-11'), 'after --from'),
                        (('--svg', '/tmp/x'), '--svg needs --every'), (('--rose', '--forecast'), 'two questions'),
                        (('--forecast', '--from', '2026-11'), 'running month'),
                        (('--every', 'hour', '--from', '2026-01', '--to', '2026-06', '--svg', '/tmp/x'), 'too many times')):
        done = hourglass('spend', *words)
        tell(done.returncode == 64 and text in done.stderr and not done.stdout, f'spend {" ".join(words)} is refused', done)
    with subprocess.Popen(['psql', '-XqAt', DATABASE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        other.stdin.write(f'BEGIN; LOCK TABLE {SCHEMA}.charges; SELECT 1;\n')
        other.stdin.flush()
        other.stdout.readline()
        done = hourglass('spend', '--timeout', 1)
        other.stdin.close()
    tell(done.returncode == 75 and 'statement timeout' in done.stderr, 'what takes longer than --timeout is given up: 75', done)


def spend(f):
    spend_is_what_lines_sum_to(f)
    the_largest_and_who_rose()
    a_forecast(f)
    tables_and_bars()
    charts()
    what_cannot_be_asked()


# --- changes

def corrections(f):
    """An account of which little was as it should be, on a day of 2027."""
    day = datetime.datetime(2027, 1, 5, tzinfo=UTC)

    def frame(hour, minute, closed):
        f.frame(after(day, hours=hour, minutes=minute), after(day, hours=closed))

    def charge(hour, product, sku, units, amount, **more):
        f.charge('moves', after(day, hours=hour), product, sku, 'runtime', units, amount, **more)

    frame(10, 0, 10)
    charge(9, 'node', 'n', 3600, 10)
    frame(10, 20, 10)
    charge(10, 'node', 'n', 600, 1)
    frame(12, 0, 12)
    charge(11, 'node', 'n', 3600, 10)
    frame(12, 30, 12)
    charge(11, 'node', 'n', 60, '0.5', lines=0)
    charge(11, 'node', 'other', 5, 0, unpriced=1)
    frame(12, 31, 12)
    charge(9, 'node', 'n', 3600, 20, kind='void', lines=1)
    charge(9, 'node', 'n', 1800, 5, lines=0)
    charge(9, 'node', 'other', 100, '0.1')
    frame(12, 32, 12)
    charge(12, 'node', 'n', 0, -7, kind='refund')
    charge(8, 'container', 'c', 1, 100, kind='subscription')
    charge(9, 'container', 'c', -3600, -3, lines=-1)
    frame(12, 33, 12)
    charge(9, 'storage', 's', 0, '-0.25', lines=0)
    charge(9, 'maas', 'q', 9, 9)
    frame(12, 34, 12)
    charge(9, 'maas', 'q', -9, -9, lines=-1)
    frame(15, 30, 15)
    charge(13, 'node', 'n', 60, 1)
    frame(16, 0, 16)
    charge(15, 'node', 'n', 3600, 10)
    return day


def what_moved_and_why(f):
    day = corrections(f)
    rows = objects('changes', '--since', '2027-01', '--account', 'moves')
    wanted = [
        ('12:32', 8, 'container', 'subscription', 'late order', '1', 0, '100.000000'),
        ('12:32', 9, 'container', 'usage', 'late order', '-3600', 0, '-3.000000'),
        ('12:31', 9, 'node', 'usage', 'void', '1800', 0, '5.000000'),
        ('12:31', 9, 'node', 'void', 'void', '3600', 0, '20.000000'),
        ('12:31', 9, 'node', 'usage', 'late event', '100', 0, '0.100000'),
        ('12:33', 9, 'storage', 'usage', 'price', '0', 0, '-0.250000'),
        ('12:30', 11, 'node', 'usage', 'late event', '60', 0, '0.500000'),
        ('12:30', 11, 'node', 'usage', 'late event', '5', 1, '0.000000'),
        ('12:32', 12, 'node', 'refund', 'refund', '0', 0, '-7.000000'),
        ('15:30', 13, 'node', 'usage', 'late event', '60', 0, '1.000000'),
    ]
    found = [(row['at'][11:16], (datetime.datetime.fromisoformat(row['hour'][:-1] + '+00:00') - day).seconds // 3600)
             + tuple(row[k] for k in ('product', 'kind', 'why', 'units', 'unpriced', 'amount')) for row in rows]
    tell(found == wanted, 'what moved in hours that were over, by how much and why: neither hours that just closed, nor what was'
         ' settled at once, nor what was taken back', *found)
    rows = objects('changes', '--since', '2027-01-05T12:32:00Z', '--until', '2027-01-05T12:33:00Z')
    tell(fields(rows, 'product', 'why') == [('container', 'late order'), ('container', 'late order'), ('node', 'refund')],
         'between two times of the log', *rows)
    tell(len(objects('changes', '--since', '4h', '--account', 'moves')) == 10 and
         len(objects('changes', '--since', '60m', '--account', 'moves')) == 1, 'so long ago is before the last frame')
    table = hourglass('changes', '--since', '2027-01', '--account', 'moves').stdout
    tell(re.search(r'^in all +10 +116\.350000', table, re.M) and re.search(r'^void +2 +25\.0', table, re.M),
         'the table sums them by why', table)
    for words in (('24',), ('0h',), ('yesterday',), ('9999999d',)):
        done = hourglass('changes', '--since', *words)
        tell(done.returncode == 64 and 'expected a time' in done.stderr, f'changes --since {words[0]} is refused', done)


# --- resources, orders, prices

def something_runs(f):
    begin = datetime.datetime(2027, 1, 1, tzinfo=UTC)
    f.frame(after(begin, days=5), after(begin, days=5))
    sql(f"""UPDATE claim SET closed_s = {second(after(begin, days=5))}, watermark_us = {second(after(begin, days=5))}000000;
        INSERT INTO order_facts (account, source, id, "order", kind, time_us, product, sku, quantity, months, partition, seq)
            VALUES ('runs', '/s', '1', 'o1', 'paid', {second(begin)}000000, 'container', 'gpu.a100', 3, 1, 0, {f.seq});
        INSERT INTO account_names (name) VALUES ('runs'), ('ends') ON CONFLICT DO NOTHING;
        INSERT INTO line_names VALUES (md5('o1')::uuid, 0, 'runs', 'container', 'o1', 'months', 'gpu.a100', 'subscription');
        INSERT INTO settled (hour, account, seq, line, partition, priced, "exists", usage, units, total, amount)
            VALUES ('{text_of(begin)}', account_key('runs'), {f.seq}, md5('o1')::uuid, 0, true, true, '', 3, 3600, 3600);
        INSERT INTO resource_states SELECT 'runs', 'container', name, 0, 2, {second(begin)}, sign, state, sku, o FROM (VALUES
            ('r0', NULL::bigint, 'running', 'new', 'o1'), ('r1', NULL, 'running', 'gpu.a100', 'o1'), ('r2', NULL, 'running', 'gpu.a100', 'o1'),
            ('r3', NULL, 'running', 'gpu.a100', 'o1'), ('r4', {second(begin)}, 'silent', 'gpu.a100', NULL),
            ('r5', NULL, 'stopped', 'gpu.a100', NULL), ('r6', NULL, 'running', 'new', NULL),
            ('r7', NULL, 'running', 'gpu.a100', NULL)) t(name, sign, state, sku, o);
        INSERT INTO accounts (name, partition, seq, prepaid, made_prepaid, state, credited, debited, charged, accrued, carried)
            VALUES ('runs', 0, {f.seq}, true, false, 'good', 100, 0, 10, 0, 0), ('ends', 0, {f.seq}, true, false, 'good', 10, 0, 0, 0, 0)""")
    f.charge('runs', after(begin, days=4, hours=23), 'container', 'gpu.a100', 'runtime', 3600, 10)
    f.charge('ends', after(begin, days=4, hours=23), 'container', 'gpu.a100', 'runtime', 3600, 4)
    return begin


def what_runs_and_what_it_costs(f):
    something_runs(f)
    rows = objects('resources', '--account', 'runs')
    tell(fields(rows, 'resource', 'state', 'quantity', 'order', 'covered', 'hourly') == [
        ('r0', 'running', 2, 'o1', 0, None), ('r1', 'running', 2, 'o1', 2, '0.000000'), ('r2', 'running', 2, 'o1', 1, '2.250000'),
        ('r3', 'running', 2, 'o1', 0, '4.500000'), ('r4', 'silent', 2, None, 0, '0.000000'), ('r5', 'stopped', 2, None, 0, None),
        ('r6', 'running', 2, None, 0, None), ('r7', 'running', 2, None, 0, '4.500000')],
         'what runs costs its price of now, less what an order covers; what is silent or ended nothing', *rows)
    rows = objects('resources', '--state', 'running')
    tell(fields(rows, 'resource', 'covered') == [('r0', 0), ('r1', 2), ('r2', 1), ('r3', 0), ('r6', 0), ('r7', 0)], 'of one state', *rows)
    tell(fields(objects('resources', '--state', 'silent'), 'resource', 'last_sign') == [('r4', '2027-01-01T00:00:00Z')],
         'what is silent says when it last was heard')
    table = hourglass('resources', '--account', 'runs').stdout
    tell('6 running (2 of them without a price), 1 silent, 1 ended; 11.250000 USD an hour' in table, 'the table has the sum', table)
    tell(re.search(r'^runs +good +10\.000000 +90\.000000 +2027-01-06T09:00:00Z', table, re.M),
         'and when the balance is used up at the rate of the last complete hour', table)
    table = hourglass('resources').stdout
    tell(table.index('\nends ') < table.index('90.000000'), 'of all accounts those that end first', table)


def orders_and_prices():
    rows = objects('orders', '--account', 'runs')
    tell(fields(rows, 'name', 'state', 'quantity', 'months', 'paid_at', 'ends_at', 'covers', 'amount', 'given_back') ==
         [('o1', 'paid', 3, 1, '2027-01-01T00:00:00Z', '2027-02-01T00:00:00Z', 3, '3600.000000', '0.000000')], 'orders', *rows)
    tell(not objects('orders', '--account', 'acme'), 'of one account')
    rows = objects('prices', '--sku', 'gpu.a100', '--at', '2026-11-11')
    tell(fields(rows, 'meter', 'price', 'unit', 'per', 'since', 'until', 'set_by') ==
         [('months', '1200.00', 'month', '1', None, None, 'ann'),
          ('runtime', '2.25', 'hour', '3600', '2026-11-11T00:00:00Z', None, 'bob')], 'which price held, and who set it', *rows)
    tell(fields(objects('prices', '--product', 'storage'), 'price', 'unit', 'free') == [('0.0002', 'GB-hour', '20000000000')],
         'of storage: what is free')
    tell(len(objects('prices')) == 6, 'all that held ever')


# --- who may ask

def an_analyst_can_ask_all_of_it():
    settler, = facts.servers('SETTLER_DATABASE')
    words = ('bill acme 2026-11', 'spend', 'spend --by resource --account acme', 'spend --forecast', 'changes --since 2026-11',
             'changes --since 24h', 'resources', 'orders', 'prices')

    def ask(word):
        return subprocess.run([BUILD / 'cli/hourglass', *word.split(), '--database', settler, '--schema', SCHEMA],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60, check=False)

    done = ask('spend')
    tell(done.returncode == 78 and not done.stdout, 'who may read nothing is refused: 78', done)
    sql("SELECT grant_analyst('hourglass_settler')")
    for word in words:
        done = ask(word)
        tell(done.returncode == 0 and done.stdout, f"an analyst's role can ask: {word}", done)
    done = subprocess.run([BUILD / 'cli/hourglass', 'spend', '--database', DATABASE, '--schema', 'nowhere'],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    tell(done.returncode == 78 and 'hourglass db migrate' in done.stderr, 'a schema that is not there: 78, and what to do', done)


def main():
    made = hourglass('db', 'migrate')
    assert made.returncode == 0, made.stderr
    frames = bills()
    spend(frames)
    what_moved_and_why(frames)
    what_runs_and_what_it_costs(frames)
    orders_and_prices()
    an_analyst_can_ask_all_of_it()
    bills_of_the_pipeline()
    sql(f'DROP SCHEMA {SCHEMA} CASCADE')
    return facts.end()


if __name__ == '__main__':
    sys.exit(main())
