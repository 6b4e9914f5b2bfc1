#!/usr/bin/env python3
"""The promises of the billing rules, one after the other, in their own words: two days of accounts go through
deploy/local/run, and what is owed is read back through lines, views and commands. docs/promises.md says which rule of the
code each fact rests on. Needs deploy/local/up's servers."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
from decimal import Decimal

import facts
from facts import TOP, hourglass, tell

FOLDER = pathlib.Path(tempfile.mkdtemp(prefix='hourglass-promises'))
NAME = f'p{os.getpid()}x{int(time.time())}'
SCHEMA, PREFIX = f'run_{NAME}', f'{NAME}.'
KAFKA, DATABASE = facts.servers('KAFKA', 'DATABASE')
DAY, NEXT, UNTIL = '2026-10-31', '2026-11-01', '2026-11-02T01:00:00Z'  # the bills of October are cut at 2026-11-02T00:00:00Z
CATALOG = '''
currency: USD
grace: 2h
void_after: 1h
products:
  container:
    settle: hourly
    skus:
      gpu: {payg: {price: "3.60", per: hour}, subscription: {price: "100.00", per: month},
            subscription_year: {price: "1000.00", per: year}}
      big: {payg: {price: "7.20", per: hour}, subscription: {price: "200.00", per: month}}
      dearer: {payg: [{price: "3.60", per: hour}, {from: "2026-10-31T10:30:00Z", price: "7.20", per: hour}]}
  node:
    settle: hourly
    skus:
      ml.gu7xf.8xlarge-gu108: {payg: {price: "0.73", per: minute}}
      ml.gu7xf.c96m1600.8-gu108: {subscription: {price: "23932.70", per: month}}
      ecs.g7.xlarge-4c16g: {subscription: {price: "78.94", per: month}}
  storage: {settle: hourly, skus: {standard: {payg: {price: "3.6", per: GB-hour}, free: 20GB}}}
  model:
    settle: cycle
    liveness: 600
    skus:
      llm.m: {payg: {price: "3.60", per: hour}, subscription: {price: "300.00", per: month}}
      llm.l: {payg: {price: "7.20", per: hour}}
  maas:
    settle: cycle
    skus:
      qwen-72b: {input_tokens: {price: "0.60", per: 1M}, output_tokens: {price: "1.20", per: 1M}}
      flux-1: {images: {price: "0.04", per: 1}}
'''
EVENTS = []


def event(account, kind, subject, clock, identity=None, day=DAY, **data):
    EVENTS.append({'specversion': '1.0', 'id': identity or f'e{len(EVENTS)}', 'source': '/platform', 'type': kind,
                   'subject': subject, 'time': f'{day}T{clock}Z', 'data': {'account': account, **data}})


def life(account, product, subject, sku, *between, how='stopped', **more):
    begin, end = between
    event(account, f'{product}.launched', subject, begin, sku=sku, **more)
    event(account, f'{product}.{how}', subject, end)


def order(account, name, product, sku, clock, quantity=1, months=1, fulfilled=True):
    event(account, 'order.paid', name, clock, product=product, sku=sku, quantity=quantity, months=months)
    if fulfilled:
        event(account, 'order.fulfilled', name, '10:59:00')


def credit(account, name, amount, clock):
    event(account, 'account.credited', name, clock, amount=amount, currency='USD')


# --- two days of accounts, one a promise

def resources():
    life('seconds', 'container', 'one', 'gpu', '10:00:00.9', '10:00:01.1')
    life('seconds', 'container', 'sixty-one', 'gpu', '10:10:00', '10:11:01')
    life('seconds', 'container', 'edge', 'gpu', '10:59:30', '11:00:45')
    life('top', 'container', 'c', 'gpu', '09:40:00', '12:20:00')
    for how in ('stopped', 'deleted', 'failed'):
        life('at-once', 'container', how, 'gpu', '10:00:00', '10:20:00', how=how)
    life('added', 'node', 'n', 'ml.gu7xf.8xlarge-gu108', '10:07:13.9', '10:50:00')
    life('created', 'container', 'c', 'gpu', '10:07:13.9', '10:50:00')
    event('created', 'container.heartbeat', 'c', '10:01:00')
    event('created', 'container.reconfigured', 'c', '10:02:00', quantity=5)
    for product, sku in (('container', 'gpu'), ('node', 'ml.gu7xf.8xlarge-gu108'), ('model', 'llm.m')):
        life('changed', product, 'deleted', sku, '10:00:00', '10:09:10.5', how='deleted')
        life('changed', product, 'shut-down', sku, '10:00:00', '10:08:10.5')
        event('changed', f'{product}.reconfigured', 'shut-down', '10:05:05.5', quantity=3)
    event('scaled', 'model.launched', 'm', '10:01:00', sku='llm.m')
    event('scaled', 'model.reconfigured', 'm', '10:05:07.7', sku='llm.l', quantity=2)
    event('scaled', 'model.deleted', 'm', '10:09:00')
    life('by-order-only', 'node', 'n', 'ml.gu7xf.c96m1600.8-gu108', '10:00:00', '10:30:00')
    life('figures', 'node', 'n', 'ml.gu7xf.8xlarge-gu108', '10:30:00', '11:15:00', how='deleted')


def idle_resources():
    for how in ('stopped', 'deleted'):
        life('idle', 'container', how, 'gpu', '10:00:00', '10:10:00', how=how)
        for kind, clock in (('heartbeat', '10:20:00'), ('reconfigured', '10:30:00'), ('stopped', '10:40:00'),
                            ('failed', '10:50:00'), ('deleted', '11:30:00')):
            more = {'quantity': 2} if kind == 'reconfigured' else {}
            event('idle', f'container.{kind}', how, clock, **more)
    for kind, clock in (('launched', '10:00:00'), ('stopped', '10:10:00')):
        for again in ('10:10:00', clock):
            event('idle', 'container.' + kind, 'told-twice', clock, f'{kind}-twice', sku='gpu')
    event('idle', 'model.launched', 'silent', '10:00:00', sku='llm.m')
    event('idle', 'model.heartbeat', 'silent', '10:10:00')
    for clock in ('10:05:00', '10:06:00'):
        event('idle', 'maas.images', 'draw', clock, 'a-retry', model='flux-1', images=1, status='succeeded')


def orders():
    for account, product, sku in (('void', 'container', 'gpu'), ('void-by-cycle', 'model', 'llm.m')):
        credit(account, 'p', '1000', '09:30:00')
        order(account, 'forgotten', product, sku, '10:00:00', fulfilled=False)
        order(account, 'impossible', product, sku, '10:05:00', fulfilled=False)
        event(account, 'order.failed', 'impossible', '10:20:00')
        order(account, 'good', product, sku, '10:10:00')
    event('fault', 'container.launched', 'c', '10:00:00', sku='gpu')
    event('fault', 'container.failed', 'c', '12:30:00', since=f'{DAY}T10:40:00Z')
    for account, product, sku in (('refund', 'container', 'gpu'), ('refund-by-cycle', 'model', 'llm.m')):
        credit(account, 'p', '1000', '09:30:00')
        order(account, 'o', product, sku, '10:00:00')
        event(account, 'order.refunded', 'o', '16:00:00')
        event(account, 'order.refunded', 'o', '17:00:00')
    life('at-payment', 'container', 'c', 'gpu', '10:00:00', '11:30:00', order='o')
    order('at-payment', 'o', 'container', 'gpu', '10:20:30.5')
    for months in (1, 12, 13, 24):
        order('terms', f'with-{months}', 'container', 'gpu', '10:00:00', quantity=2, months=months)
        order('terms', f'without-{months}', 'container', 'big', '10:00:00', quantity=2, months=months)
    order('figures', 'o-general', 'node', 'ecs.g7.xlarge-4c16g', '10:00:00', quantity=2)
    order('figures', 'o-lingjun', 'node', 'ml.gu7xf.c96m1600.8-gu108', '10:00:00', quantity=2)


def counts_and_bytes():
    gb = 10 ** 9
    for name, at, size in (('full', '10:00:00', 20 * gb), ('beyond', '10:00:00', 20 * gb + 1), ('one', '10:00:00', 12 * gb)):
        event('storage-' + name, 'storage.used', 'f1', at, bytes=size)
        event('storage-' + name, 'storage.deleted', 'f1', '10:30:00')
    event('storage-one', 'storage.used', 'f2', '10:10:00', bytes=9 * gb)
    event('storage-one', 'storage.deleted', 'f2', '10:40:00')
    credit('text', 'p', '1000', '09:30:00')
    event('text', 'maas.tokens', 'ep', '10:00:00', model='qwen-72b', input_tokens=1500000, output_tokens=500000)
    for status, count in (('succeeded', 3), ('failed', 9), ('processing', 5)):
        event('images', 'maas.images', 'draw', '10:00:00', model='flux-1', images=count, status=status)


def money():
    credit('grace', 'p1', '4', '10:00:00')
    life('grace', 'container', 'c', 'gpu', '10:00:00', '12:30:00')
    credit('grace', 'p2', '20', '14:30:00')
    credit('both', 'p', '100', '09:30:00')
    for day in (DAY, NEXT):
        event('both', 'container.launched', f'c{day}', '10:00:00', day=day, sku='gpu')
        event('both', 'container.stopped', f'c{day}', '12:00:00', day=day)
        event('both', 'maas.tokens', 'ep', '10:05:00', day=day, model='qwen-72b', input_tokens=10000000, output_tokens=0)
    event('both', 'account.debited', 'd', '13:00:00', amount='5', currency='USD')
    life('public', 'container', 'c', 'dearer', '10:00:00', '11:00:00')
    for day, clock in ((DAY, '11:01:00'), ('2026-11-02', '00:30:00')):  # log time goes on
        event('void', 'container.heartbeat', 'nothing', clock, day=day)


# --- what is read back

LINES = []


def command(*words):
    done = hourglass(*words, '--database', DATABASE, '--schema', SCHEMA)
    if done.returncode != 0:
        tell(False, f'{" ".join(words)} ends well', done.returncode, done.stdout, done.stderr)
    return done.stdout


def told(*words):
    """Rows of a command that prints NDJSON."""
    return [json.loads(line) for line in command(*words, '--format', 'ndjson').splitlines()]


def refuses(statement):
    done = subprocess.run(['psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', DATABASE, '-c',
                           f'SET search_path = {SCHEMA}; {statement}'], capture_output=True, text=True, check=False)
    return done.returncode != 0 and 'insert' in done.stderr


def plain(field):
    """A time without what is zero in it (all is UTC), a number without zeros at its end."""
    return re.sub(r':00\+00$|\+00$', '', re.sub(r'^(-?\d+)(?:\.0+|(\.\d*[1-9])0*)$', r'\1\2', field))


def sql(query, *columns):
    """Rows of columns as plain text."""
    done = facts.run('psql', '-XqAt', '-F', '|', '-v', 'ON_ERROR_STOP=1', DATABASE, '-c',
                     f'SET search_path = {SCHEMA}; SET timezone = UTC; SELECT {", ".join(columns)} FROM {query}')
    return [[plain(field) for field in line.split('|')] for line in done.splitlines()]


def charged(account, **where):
    """The account's lines: resource, hour of the day, units, amount."""
    return sorted((line['resource'], line['hour'][11:13], int(line['units']), line['amount']) for line in LINES
                  if line['account'] == account and all(line[key] == value for key, value in where.items()))


def moved(account, *columns, where='true'):
    """What frames changed, and the log time that they were settled at."""
    return sql(f"changes WHERE account = '{account}' AND ({where}) ORDER BY at, seq, hour, product", *columns)


def statement(account, *columns, where='true'):
    return sql(f"statement WHERE account = '{account}' AND ({where})", *columns)


def explained(account, hour, resource, meter, *words):
    return command('explain', account, f'{DAY}T{hour}:00:00Z', resource, meter, *words, '--kafka', KAFKA, '--prefix', PREFIX)


def runs(account, hour, resource, meter, *words):
    """The seconds of a line: from, to, quantity."""
    text = explained(account, hour, resource, meter, *words)
    return re.findall(r'^  ([0-9:]{8}) - ([0-9:]{8}), \d+ s: quantity (\d+),', text, re.M)


def promise(words, good, shows, *shown):
    tell(good, f'{words}: {shows}', *shown)


# --- how time is billed

def billed_per_second():
    found = charged('seconds')
    promise('billed per second', found == [('edge', '10', 30, '0.030000'), ('edge', '11', 45, '0.045000'),
                                           ('one', '10', 1, '0.001000'), ('sixty-one', '10', 61, '0.061000')],
            'a container of 1 s, of 61 s, and over an edge of hours is charged exactly its seconds', *found)


def settled_when():
    found = moved('top', 'hour', 'at', 'units')
    promise('fees settled at the top of the hour', found[:3] == [
        [f'{DAY} {hour:02}:00', f'{DAY} {hour + 1:02}:00', str(units)] for hour, units in ((9, 1200), (10, 3600), (11, 3600))],
        'the charge of an hour stands with the frame whose watermark reaches its end, and not before', *found)
    found = moved('at-once', 'hour', 'at', 'units', 'lines')
    promise('or immediately when shut down or deleted', found == [[f'{DAY} 10:00', f'{DAY} 10:19:50', '3600', '3']],
            'what is stopped, deleted or failed at 10:20:00 is charged with that message, and the hour\'s close adds nothing', *found)


def triggers():
    found = runs('added', '10', 'n', 'runtime')
    promise('node billing begins when it is added to the group', found == [('10:07:13', '10:50:00', '1')],
            'its first second is that of node.launched', *found)
    found = runs('created', '10', 'c', 'runtime')
    promise('billing starts when created or launched', found == [('10:07:13', '10:50:00', '1')],
            'the first second is the launch\'s, whatever came before', *found)
    for product in ('container', 'node', 'model'):
        found = [runs('changed', '10', name, 'runtime', '--product', product) for name in ('shut-down', 'deleted')]
        promise('stops or adjusts at shutdown, deletion, reconfiguration', found == [
            [('10:00:00', '10:05:05', '1'), ('10:05:05', '10:08:10', '3')], [('10:00:00', '10:09:10', '1')]],
            f'a {product}, to the second of each', *found)
    found = charged('scaled', sku='llm.m') + charged('scaled', sku='llm.l')
    promise('private models: after scaling the new configuration', found == [
        ('m', '10', 247, '0.247000'), ('m', '10', 466, '0.932000')],
            'from the second of the reconfiguration', *found)


def idle_is_not_charged():
    found = charged('idle', product='container')
    promise('no duplicate charges for idle or deleted resources', found == [
        (name, '10', 600, '0.600000') for name in ('deleted', 'stopped', 'told-twice')],
        'stopped and deleted: zero from then on, whatever is said of them later, and each event counts once', *found)
    found = charged('idle', product='model')
    promise('no duplicate charges for idle or deleted resources', found == [('silent', '10', 600, '0.600000')],
            'what shows no sign of life is charged up to the last one', *found)
    found = charged('idle', product='maas')
    promise('no duplicate charges for idle or deleted resources', found == [('draw', '10', 1, '0.040000')],
            'a call that is told twice, with another time, counts once', *found)


# --- orders

def voided():
    words = 'abnormal orders are voided automatically'
    found = statement('void', 'at', 'kind', 'name', 'amount', where="kind = 'void'")
    promise(words, found == [[f'{DAY} 10:19:50', 'void', 'impossible', '100'], [f'{DAY} 11:00:50', 'void', 'forgotten', '100']],
            'failed: at once; paid and never fulfilled: with the first frame after void_after', *found)
    found = sql("balances WHERE account LIKE 'void%' ORDER BY account", 'account', 'charged', 'balance')
    promise(words, found == [['void', '100', '900'], ['void-by-cycle', '300', '700']],
            'all of it is back on the balance, and only what was fulfilled is charged', *found)
    found = json.loads(command('bill', 'void-by-cycle', '2026-10', '--format', 'json'))
    kinds = {line['kind']: line['amount'] for line in found['lines']}
    promise(words, kinds == {'subscription': '900.000000', 'void': '-600.000000'} and found['payable'] == '300.00',
            'or off the bill', found)
    found = [charged('fault'), moved('fault', 'hour', 'units', where='units < 0')]
    promise(words, found == [[('c', '10', 2400, '2.400000')], [[f'{DAY} 10:00', '-1200'], [f'{DAY} 11:00', '-3600']]],
            'what a failed resource was charged since it failed is given back', *found)


def refunded():
    words = 'flexible refunds'
    found = statement('refund', 'at', 'what', 'kind', 'name', 'amount', 'balance')
    promise(words, found == [[f'{DAY} 09:29:50', 'credit', '', 'p', '1000', '1000'],
                             [f'{DAY} 10:00:50', 'charge', 'subscription', 'o', '-100', '900'],
                             [f'{DAY} 15:59:50', 'charge', 'refund', 'o', '99.166667', '999.166667']],
            'what is left of the seconds that were paid is on the balance in the same frame, once though it is asked twice, '
            'and a row of its own in the statement', *found)
    found = json.loads(command('bill', 'refund-by-cycle', '2026-10', '--format', 'json'))
    kinds = {line['kind']: line['amount'] for line in found['lines']}
    moves = statement('refund-by-cycle', 'at', 'what', 'amount')
    promise(words, kinds == {'subscription': '300.000000', 'refund': '-297.500000'} and
            moves[1:] == [['2026-11-02 00:00', 'bill', '-2.5']], 'of a product settled by cycle: with the bill', found, moves)


def subscribed():
    found = charged('at-payment', kind='usage'), runs('at-payment', '10', 'c', 'runtime')
    promise('container subscription: effective at payment', found[0] == [('c', '10', 1230, '1.230000')],
            'it covers from the second of order.paid on', *found)
    found = {name: amount for name, _, _, amount in charged('terms')}
    promise('subscription yearly or monthly', found == {
        'with-1': '200.000000', 'with-12': '2000.000000', 'with-13': '2600.000000', 'with-24': '4000.000000',
        'without-1': '400.000000', 'without-12': '4800.000000', 'without-13': '5200.000000', 'without-24': '9600.000000'},
        '1, 12, 13 and 24 months, with a price of a year and without', found)


def nodes():
    found = charged('figures', kind='subscription')
    promise('node subscription = price x quantity x months', found == [('o-general', '10', 2, '157.880000'),
                                                                      ('o-lingjun', '10', 2, '47865.400000')],
            '78.94 x 2 x 1 = 157.88; 23,932.70 x 2 x 1 = 47,865.40', *found)
    found = charged('figures', kind='usage')
    promise('node pay-as-you-go = price a minute x quantity x minutes', found == [('n', '10', 1800, '21.900000'),
                                                                              ('n', '11', 900, '10.950000')] and
            sum(Decimal(amount) for *_, amount in found) == Decimal('32.85'), '0.73 x 1 x 45 = 32.85, over an edge of hours', *found)
    found = (charged('by-order-only'), sql("spend WHERE account = 'by-order-only'", 'amount IS NULL', 'unpriced', 'lines'),
             sql("bills WHERE account = 'by-order-only'", 'product', 'unpriced'))
    promise('some nodes by subscription only', found == (
        [('n', '10', 1800, None)], [['t', '1', '1']], [['node', '1'], ['*', '1']]),
            'launched without an order it is unpriced, counted and seen, and never zero', *found)


# --- bytes, tokens, images

def counted():
    found = {account: charged('storage-' + account) for account in ('full', 'beyond', 'one')}
    promise('storage: 20 GB free per account, beyond it hourly', found == {
        'full': [], 'beyond': [('*', '10', 1800, '0.000000')], 'one': [('*', '10', 1200 * 10 ** 9, '1.200000')]},
        'of 20 GB nothing, of one byte more that byte, over several file systems together', found)
    found = {line['meter']: line['amount'] for line in LINES if line['account'] == 'text'}
    promise('MaaS text: input and output tokens', found == {'input_tokens': '0.900000', 'output_tokens': '0.600000'},
            'two meters, each at its price', found)
    moves = statement('text', 'at', 'what', 'product', 'month', 'amount')
    promise('MaaS text: by billing cycle', moves[1:] == [['2026-11-02 00:00', 'bill', 'maas', '2026-10', '-1.5']],
            'it accrues, and the month\'s bill debits it', *moves)
    found = charged('images'), sql("spend WHERE account = 'images'", 'units', 'lines')
    promise('MaaS images: successfully generated ones', found == ([('draw', '10', 3, '0.120000')], [['3', '1']]),
            'failed ones and those under way bill nothing', *found)
    text = explained('images', '10', 'draw', 'images')
    promise('MaaS images: successfully generated ones', len(re.findall('did not succeed', text)) == 2,
            'and are counted as such', text)


# --- balances and bills

def by_product():
    found = statement('both', 'at', 'what', 'product', 'amount', where=f"at < '{NEXT}Z' OR what = 'bill'")
    accrued = sql("balances WHERE account = 'both'", 'charged', 'accrued', 'balance', 'available')
    promise('differentiated strategies by product', found[1:] == [
        [f'{DAY} 11:00', 'charge', 'container', '-3.6'], [f'{DAY} 12:00', 'charge', 'container', '-3.6'],
        [f'{DAY} 12:59:50', 'debit', '', '-5'], ['2026-11-02 00:00', 'bill', 'maas', '-6']] and
        accrued == [['20.4', '6', '74.6', '68.6']], 'hourly and by cycle side by side in one account', *found, accrued)


def tolerated():
    found = [[row['state'], row['balance'], row['deadline'], row['at']] for row in told('notices', '--account', 'grace')]
    promise('grace period when the balance is insufficient', found == [
        ['grace', '-3.200000', f'{DAY}T14:00:00Z', f'{DAY}T12:00:00Z'], ['suspended', '-5.000000', None, f'{DAY}T14:00:00Z'],
        ['good', '15.000000', None, f'{DAY}T14:29:50Z']],
        'in grace with the frame that goes below zero, suspended at the deadline, good again with a credit, a notice each', *found)
    below = statement('grace', 'partition', 'seq', where='balance < 0')[:1]
    found = sql("notices WHERE account = 'grace' AND state = 'grace'", 'partition', 'seq')
    promise('grace period when the balance is insufficient', found == below != [], 'the notice is of the very frame', found, below)


def managed():
    words = 'balances, orders, bills, usage managed'
    same = {
        'balances': ([[row['account'], Decimal(row['balance'])] for row in told('balances')],
                     sql('balances', 'account', 'balance')),
        'orders': ([[row['account'], row['name'], row['state'], Decimal(row['amount'])] for row in told('orders')],
                   sql('orders', 'account', 'name', 'state', 'amount')),
        'bills': ([[row['account'], row['month'], row['product'], Decimal(row['amount'])] for row in told('bills')],
                  sql('bills', 'account', 'month', 'product', 'amount')),
        'usage': ([[line['account'], line['resource'], line['meter'], Decimal(line['units'])] for line in LINES],
                  sql('lines', 'account', 'resource', 'meter', 'units'))}
    for name, (printed, stored) in same.items():
        stored = [[*row[:-1], Decimal(row[-1])] for row in stored]
        promise(words, len(printed) > 15 and sorted(printed) == sorted(stored), f'{name} are read by command and by SQL alike',
                [row for row in printed if row not in stored], [row for row in stored if row not in printed])
    wrong = sql("""(SELECT account, sum(amount) AS amount FROM lines GROUP BY account) l FULL JOIN balances b USING (account)
        WHERE coalesce(l.amount, 0) IS DISTINCT FROM b.charged + b.accrued""", 'account', 'l.amount', 'b.charged', 'b.accrued')
    promise(words, not wrong, 'what is charged and what accrues add up to the lines', *wrong)
    wrong = sql("""balances b LEFT JOIN (
            SELECT account, sum(CASE WHEN to_account = 'account:' || account THEN amount ELSE -amount END) AS moved
            FROM transfers GROUP BY account) t USING (account)
        WHERE coalesce(moved, 0) <> balance""", 'account', 'balance', 'moved')
    promise(words, not wrong, 'all transfers add up to the balances', *wrong)
    wrong = sql("""(SELECT account, product, sum(amount) AS amount FROM lines WHERE hour < '2026-11-01Z' GROUP BY 1, 2) l
        FULL JOIN (SELECT * FROM bills WHERE product <> '*') b USING (account, product)
        WHERE coalesce(l.amount, 0) IS DISTINCT FROM b.amount""", 'account', 'product', 'l.amount', 'b.amount')
    promise(words, not wrong, 'the lines of a month add up to its bills', *wrong)


def audited():
    words = 'full audit tracking'
    chosen = {(line['product'], line['kind']): line for line in LINES if line['account'] != 'idle'}
    for (product, kind), line in chosen.items():
        text = explained(line['account'], line['hour'][11:13], line['resource'], line['meter'], '--product', product,
                         '--sku', line['sku'], '--kind', kind)
        amount = line['amount'] or 'unpriced'
        promise(words, re.search(r'^settled rows\n  frame \d+/\d+, log time ', text, re.M) and
                re.search(r'offset \d+, 2026-\S+: \{"specversion"', text) and
                text.endswith(f'\nrecomputed {amount} = stored {amount}\n'),
                f'a {kind} of {product} leads back to its rows, frames and events, and is recomputed', text)
    changed = [table for table in ('settled', 'charges', 'ledger', 'frames', 'bill_totals', 'notices', 'payments', 'order_facts',
                                   'catalogs')
               if not refuses(f'DELETE FROM {table}') or not refuses(f'UPDATE {table} SET seq = seq')]
    promise(words, not changed, 'nothing is ever updated or deleted', *changed)
    found = sql("prices WHERE coalesce(set_by, '') = '' OR set_at IS NULL", 'sku')
    promise(words, sql('prices', 'sku') and not found, 'each price names who set it, and when', *found)


def public():
    words = 'all rules are public and transparent'
    found = [[row['sku'], row['since'], row['until'], row['price'], row['unit']] for row in told('prices', '--sku', 'dearer')]
    change = '2026-10-31T10:30:00Z'
    promise(words, found == [['dearer', None, change, '3.60', 'hour'], ['dearer', change, None, '7.20', 'hour']],
            'what is charged now, and what was', *found)
    stored = sql("prices WHERE sku = 'dearer'", 'since', 'until', 'price')
    promise(words, stored == [['', f'{DAY} 10:30', '3.6'], [f'{DAY} 10:30', '', '7.2']], 'by SQL too', *stored)
    text = explained('public', '10', 'c', 'runtime')
    promise(words, re.search(r'^formula\n  1800 x 3\.60 / 3600 \+ 1800 x 7\.20 / 3600$', text, re.M) and
            text.rstrip().endswith('recomputed 5.400000 = stored 5.400000'), 'a charge is explained with its formula', text)


def spent():
    words = 'bills by time, product type and more'
    for every, size in (('hour', 13), ('day', 10), ('month', 7)):
        for by in ('product', 'sku', 'account', 'resource'):
            wanted, found = {}, {}
            for rows, when, sums in ((LINES, 'hour', wanted),
                                     (told('spend', '--from', '2026-10', '--to', '2026-12', '--every', every, '--by', by),
                                      every, found)):
                for row in rows:
                    key = (row[when][:size], row[by], row['account'] if by == 'resource' else '')
                    sums[key] = sums.get(key, 0) + Decimal(row['amount'] or 0)
            promise(words, found == wanted, f'by {every} and {by} they are what the lines sum to',
                    found.items() - wanted.items(), wanted.items() - found.items())
    found = json.loads(command('bill', 'both', '2026-10', '--format', 'json'))
    promise(words, {row['product']: row['amount'] for row in found['products']} == {'container': '7.200000', 'maas': '6.000000'}
            and found['payable'] == '13.20', 'and the bill of a month, by product', found)


def main():
    for part in (resources, idle_resources, orders, counts_and_bytes, money):
        part()
    catalog, events = FOLDER / 'catalog.yaml', FOLDER / 'events.ndjson'
    catalog.write_text(CATALOG)
    EVENTS.sort(key=lambda e: e['time'])
    events.write_text('\n'.join(map(json.dumps, EVENTS)) + '\n')
    done = subprocess.run([TOP / 'deploy/local/run', '--catalog', catalog, '--until', UNTIL, events],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                          env=dict(os.environ, HOURGLASS_RUN_NAME=NAME))
    if not tell(done.returncode == 0, 'the two days are settled', done.stderr):
        return facts.end()
    LINES.extend(map(json.loads, done.stdout.splitlines()))
    for part in (billed_per_second, settled_when, triggers, idle_is_not_charged, voided, refunded, subscribed, nodes, counted,
                 by_product, tolerated, managed, audited, public, spent):
        part()
    subprocess.run([TOP / 'deploy/local/runs', 'drop', NAME], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)
    return facts.end()


if __name__ == '__main__':
    sys.exit(main())
