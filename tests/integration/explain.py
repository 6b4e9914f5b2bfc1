#!/usr/bin/env python3
"""What `hourglass explain` promises: from a line back to its rows, seconds, formula and events, and its charge again; of
levels, what is covered, storage, counts and an order's lines, through the real pipeline. Needs deploy/local/up's
servers."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import facts
import kafka_client
from facts import TOP, hourglass, tell

FOLDER = pathlib.Path(tempfile.mkdtemp(prefix='hourglass-explain'))
NAME = f'x{os.getpid()}x{int(time.time())}'
SCHEMA, PREFIX = f'run_{NAME}', f'{NAME}.'
KAFKA, DATABASE, READER = facts.servers('KAFKA', 'DATABASE', 'SETTLER_DATABASE')
CATALOG = '''
currency: USD
products:
  container:
    settle: hourly
    liveness: 0
    skus:
      gpu.a100: {payg: {price: "2.50", per: hour}, subscription: {price: "1200.00", per: month}}
      gpu.h200: {payg: [{price: "7.20", per: hour}, {from: "2026-11-01T10:30:00Z", price: "9.00", per: hour}]}
  node: {settle: hourly, liveness: 300, skus: {n: {payg: {price: "0.73", per: minute}}}}
  storage: {settle: hourly, skus: {standard: {payg: {price: "0.0002", per: GB-hour}, free: 20GB}}}
  maas: {settle: cycle, skus: {m: {input_tokens: {price: "0.60", per: 1M}, output_tokens: {price: "1.20", per: 1M}},
                               flux: {images: {price: "0.04", per: 1}}}}
'''
NUMBERS = iter(range(1, 1000))


def event(kind, subject, clock, identity=None, day='01', **data):
    return {'specversion': '1.0', 'id': identity or f'e{next(NUMBERS)}', 'source': '/p', 'type': kind, 'subject': subject,
            'time': f'2026-11-{day}T{clock}Z', 'data': {'account': 'acme', **data}}


EVENTS = [
    event('container.launched', 'c1', '07:15:00', 'launch', sku='gpu.a100', quantity=2),
    event('container.launched', 'c2', '09:00:00', sku='gpu.a100', quantity=2, order='o1'),
    event('order.paid', 'o1', '09:10:00', 'paid', product='container', sku='gpu.a100', quantity=1, months=1),
    event('order.paid', 'o2', '09:15:00', product='container', sku='gpu.a100', quantity=1, months=2),
    event('order.paid', 'o3', '09:15:00', product='container', sku='gpu.a100', quantity=3, months=12),
    event('storage.used', 'f1', '08:00:00', 'old', bytes=10 ** 10),
    event('storage.used', 'f1', '09:00:00', 'report', bytes=3 * 10 ** 10),
    event('storage.used', 'f2', '10:20:00', 'more', bytes=10 ** 10),
    event('node.launched', 'n1', '10:01:00', sku='n'),
    event('node.heartbeat', 'n1', '10:04:00'),
    event('node.heartbeat', 'n1', '10:08:00'),
    event('container.reconfigured', 'c1', '10:20:00', 'resize', quantity=3, sku='gpu.h200'),
    event('maas.tokens', 'llm', '10:10:00', 'call', model='m', input_tokens=1500, output_tokens=20),
    event('maas.tokens', 'llm', '10:10:00', 'call', model='m', input_tokens=1500, output_tokens=20),
    event('maas.tokens', 'llm', '10:40:00', 'second', model='m', input_tokens=500, output_tokens=20),
    event('maas.images', 'draw', '10:41:00', model='flux', images=9, status='failed'),
    event('maas.images', 'draw', '10:42:00', model='flux', images=2, status='succeeded'),
    event('order.refunded', 'o2', '11:15:00', 'refund'),
    event('order.failed', 'o3', '11:16:00'),
    event('container.failed', 'c1', '11:40:00', 'late', since='2026-11-01T10:50:00Z'),
    event('container.launched', 'free', '11:50:00', sku='gpu.a100'),
]


def explain(*words, status=0, **more):
    done = hourglass('explain', *words, '--database', DATABASE, '--schema', SCHEMA, '--kafka', KAFKA, '--prefix', PREFIX,
                     **more)
    if done.returncode != status:
        tell(False, f'explain {words}: status {status}', done.returncode, done.stdout, done.stderr)
    return done.stdout


def says(text, fact, *patterns):
    missing = [p for p in patterns if not re.search(p, text, re.M)]
    tell(not missing, fact, missing, text)


def told(text):
    """Ids of the events that are printed with their places."""
    return [json.loads(found)['id'] for found in
            re.findall(r'usage\.records/\d+, offset \d+, 2026-\S+Z(?: \([^)]*\))?: (\{.*\})$', text, re.M)]


def lines():
    done = hourglass('lines', '--database', DATABASE, '--schema', SCHEMA)
    return [json.loads(line) for line in done.stdout.splitlines()]


def every_line_agrees(found):
    for line in found:
        text = explain(line['account'], line['hour'], line['resource'], line['meter'], '--product', line['product'],
                       '--sku', line['sku'], '--kind', line['kind'])
        amount = line['amount'] or 'unpriced'
        if text.splitlines()[-1:] != [f'recomputed {amount} = stored {amount}']:
            tell(False, f'the last line of {line}', text)
            return
    tell(len(found) > 20, f'the {len(found)} lines are recomputed as they are stored', len(found))


def levels():
    hour = '2026-11-01T10:00:00Z'
    text = explain('acme', hour, 'c1', 'runtime', '--sku', 'gpu.h200')
    says(text, 'a correction is a row of its own, with its frame and log time', r'^  frame \d/\d+, log time 2026-11-01T1\d:',
         r'changed by \+', r'changed by -')
    says(text, 'seconds are runs, with quantity and price', r'^  10:20:00 - 10:30:00, 600 s: quantity 3, billed 3, 7\.20 per hour$',
         r'^  10:30:00 - 10:50:00, 1200 s: quantity 3, billed 3, 9\.00 per hour$')
    says(text, 'the formula has each price', r'1800 x 7\.20 / 3600 \+ 3600 x 9\.00 / 3600')
    tell(told(text) == ['resize', 'late'], 'source events are those of the hour, late ones too', told(text))
    text = explain('acme', hour, 'c1', 'runtime', '--sku', 'gpu.a100')
    says(text, 'what ran already is followed back to its beginning', r'^what the hour began with began 2026-11-01T07:15:00Z$')
    tell(told(text)[:1] == ['launch'] and 'resize' in told(text), 'and its launch is found', told(text))
    text = explain('acme', hour, 'c1', 'runtime')
    tell(len(re.findall('^recomputed', text, re.M)) == 2, 'without --sku each line is explained', text)
    text = explain('acme', hour, 'n1', 'runtime')
    says(text, 'signs of life are counted', r'2 heartbeats, from 2026-11-01T10:04:00Z to 2026-11-01T10:08:00Z',
         r'10:01:00 - 10:08:00, 420 s')


def covered():
    text = explain('acme', '2026-11-01T09:00:00Z', 'c2', 'runtime')
    says(text, 'covered seconds are told from others', r'^  09:00:00 - 09:10:00, 600 s: quantity 2, order o1, not covered, billed 2',
         r'^  09:10:00 - 10:00:00, 3000 s: quantity 2, order o1, covered 1, billed 1')
    says(text, 'and the order is shown', r'^order o1', r'"id":"paid"', r'covers \[2026-11-01T09:10:00Z, 2026-12-01T09:10:00Z\)')


def pools_and_counts():
    text = explain('acme', '2026-11-01T10:00:00Z', '*', 'capacity')
    says(text, 'storage shows what is free', r'10:00:00 - 10:20:00, 1200 s: bytes 30000000000, free 20000000000, billed 10000000000',
         r'0\.0002 per GB-hour')
    tell(sorted(told(text)) == ['more', 'report'], 'of what was before the hour the last report of each file system', told(text))
    text = explain('acme', '2026-11-01T10:00:00Z', 'llm', 'input_tokens')
    says(text, 'a count shows its sums by price', r'^  from 10:00:00 on: 2000 counted, 0\.60 per 1M$', r'2000 x 0\.60 / 1000000')
    says(text, 'of the log no more is read than what the frames that saw the hour were made of',
         r'^source events \(\S+/\d, from offset [1-9]\d*, before offset [1-9]\d*\)$')
    tell(told(text) == ['call', 'call', 'second'] and text.count('(repeated)') == 1, 'its events, repeats marked', text)
    says(explain('acme', '2026-11-01T10:00:00Z', 'draw', 'images'), 'what did not succeed is marked', r'did not succeed')


def orders():
    text = explain('acme', '2026-11-01T11:00:00Z', 'o2', 'months', '--kind', 'refund')
    says(text, 'a refund shows what was paid and the seconds left', r'-\(2400\.000000 x \d+ / 5270400\)', r'"id":"refund"')
    says(explain('acme', '2026-11-01T09:00:00Z', 'o2', 'months'), 'a subscription shows months and price',
         r'2 x 1200\.00 / 1$')
    says(explain('acme', '2026-11-01T11:00:00Z', 'o3', 'months'), 'a void gives all back', r'-\(43200\.000000\): a void')


def faults():
    hour = '2026-11-01T10:00:00Z'
    explain('acme', hour, 'nothing', 'runtime', status=66)
    explain('acme', '2026-11-01T10:01:00Z', 'c1', 'runtime', status=64)
    done = hourglass('explain', 'acme', hour, 'c1', 'runtime', '--database', DATABASE, '--schema', 'none')
    tell(done.returncode in (75, 78) and done.stderr, 'a schema that is none is told', done)
    done = hourglass('explain', 'acme', hour, 'c2', 'runtime', '--database', READER, '--schema', SCHEMA)
    tell(done.returncode == 0 and 'source events' not in done.stdout and 'recomputed' in done.stdout,
         'without --kafka the events are left out', done)


def older_than_the_log():
    for partition in range(4):
        kafka_client.delete_records(KAFKA, PREFIX + 'usage.records', partition, -1)
    text = explain('acme', '2026-11-01T10:00:00Z', 'c1', 'runtime', '--sku', 'gpu.a100')
    says(text, 'what is older than the log is named', r'^  the log begins at offset \d+: events of before are older',
         r'^  none is left in the log$', r'^recomputed (\S+) = stored \1$')


def tampered():
    """As the tables' owner can, or a superuser, who switches triggers off."""
    def change(text):
        subprocess.run(['psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', DATABASE, '-c', f'SET search_path = {SCHEMA};'
                        f'ALTER TABLE settled DISABLE TRIGGER USER; UPDATE settled s SET {text} FROM line_names n'
                        " WHERE n.line = s.line AND n.resource = 'llm' AND n.meter = 'output_tokens'"], check=True)
    words = 'acme', '2026-11-01T10:00:00Z', 'llm', 'output_tokens'
    change('total = total + 1')
    says(explain(*words, status=1), 'a total that was changed is found',
         r"^the rows' changes add up to 0\.000048, the last total is not that: recomputed 0\.000048, stored 1\.000048$")
    change('amount = amount + 1')
    says(explain(*words, status=1), 'though the change was made to fit', r'^recomputed 0\.000048, stored 1\.000048$')
    change('total = total - 1, amount = amount - 1, units = units + 1')
    says(explain(*words, status=1), 'and units that were changed', r'^units are 40, stored 41: recomputed')
    change("units = units - 1, total = total + 0.0000001, amount = amount + 0.0000001")
    says(explain(*words, status=1), 'and decimals that nobody charges', r'^a number that is stored has other decimals than a charge: recomputed')
    change("total = round(total - 0.0000001, 6), amount = round(amount - 0.0000001, 6), usage = usage || '\\x80'")
    says(explain(*words, status=1), 'and usage that is none', r'^the usage that is stored is none: recomputed no line, stored 0\.000048$')


def main():
    catalog, events = FOLDER / 'catalog.yaml', FOLDER / 'events.ndjson'
    catalog.write_text(CATALOG)
    events.write_text('\n'.join(map(json.dumps, EVENTS)) + '\n')
    done = subprocess.run([TOP / 'deploy/local/run', '--catalog', catalog, '--until', '2026-11-01T13:00:00Z', events],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                          env=dict(os.environ, HOURGLASS_RUN_NAME=NAME))
    if not tell(done.returncode == 0, 'the events are settled', done.stderr):
        return facts.end()
    every_line_agrees(lines())
    levels()
    covered()
    pools_and_counts()
    orders()
    faults()
    tampered()
    older_than_the_log()
    subprocess.run([TOP / 'deploy/local/runs', 'drop', NAME], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   check=False)
    return facts.end()


if __name__ == '__main__':
    sys.exit(main())
