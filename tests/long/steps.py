#!/usr/bin/env python3
"""An order that is paid late for 1,000 containers, and fails: what it covered, 250,000 lines each time, is settled in steps,
and between two of them the other partitions go on. Through deploy/local/run; needs deploy/local/up's servers.

usage: tests/long/steps.py"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(TOP / 'tests/integration'))
import facts
from facts import BUILD, tell

NAME = f'steps_{os.getpid()}'
CONTAINERS, PAID_AT, HOURS = 1000, 250, 400
UNTIL = '2026-11-17T16:00:00Z'
CATALOG = """currency: USD
products:
  container: {settle: hourly, skus: {s: {payg: {price: '1', per: hour}, subscription: {price: '10', per: month}}}}
"""
# Transactions of other partitions between the first and the last step of a frame.
BETWEEN = """
    WITH rows AS MATERIALIZED (SELECT DISTINCT partition, seq, xmin::text::bigint AS step FROM settled),
    frames AS (SELECT partition, min(step) AS first, max(step) AS last, count(*) AS steps FROM rows
               GROUP BY partition, seq HAVING count(*) > 1)
    SELECT count(DISTINCT (f.partition, f.first)), max(f.steps), count(DISTINCT r.step)
    FROM frames f LEFT JOIN rows r ON r.partition <> f.partition AND r.step BETWEEN f.first AND f.last"""


def events():
    number = 0

    def event(kind, subject, hour, second, **data):
        nonlocal number
        number += 1
        time = f'2026-11-{1 + hour // 24:02}T{hour % 24:02}:00:{second:02}Z'
        return json.dumps({'specversion': '1.0', 'id': str(number), 'source': '/s', 'type': kind, 'subject': subject,
                           'time': time, 'data': data}) + '\n'

    for i in range(CONTAINERS):
        yield event('container.launched', f'c{i}', 0, 0, account='A', sku='s', order='o')
    for account in 'BCDEFGH':
        yield event('container.launched', 'x', 0, 0, account=account, sku='s')
    for hour in range(1, HOURS):
        for account in 'BCDEFGH':
            yield event('container.reconfigured', 'x', hour, 10, account=account, quantity=1 + hour % 7)
        if hour == PAID_AT:
            yield event('order.paid', 'o', 0, 0, account='A', product='container', sku='s', quantity=600, months=2)
        if hour == PAID_AT + 1:
            yield event('order.failed', 'o', hour, 20, account='A')


def main():
    url, = facts.servers('DATABASE')
    with tempfile.TemporaryDirectory() as folder:
        file, catalog = pathlib.Path(folder, 'events'), pathlib.Path(folder, 'catalog')
        file.write_text(''.join(events()))
        catalog.write_text(CATALOG)
        words = ['--catalog', catalog, '--until', UNTIL, file]
        rate = subprocess.run([BUILD / 'cli/hourglass', 'rate', *words], stdout=subprocess.PIPE, check=True).stdout
        run = subprocess.run([TOP / 'deploy/local/run', *words], stdout=subprocess.PIPE, check=True,
                             env=dict(os.environ, HOURGLASS_RUN_NAME=NAME)).stdout
    tell(run == rate, f"the {len(rate.splitlines())} lines are rate's")
    found = subprocess.run(['psql', '-XqAt', url, '-c', f'SET search_path = run_{NAME}', '-c', BETWEEN],
                           stdout=subprocess.PIPE, check=True, text=True).stdout
    frames, steps, others = (int(n or 0) for n in found.split('|'))
    tell(frames > 0 and others > 0, 'between the steps of a frame other partitions are settled: '
         f'{frames} frames of up to {steps} steps, {others} transactions of others between')
    subprocess.run(['psql', '-Xq', url, '-c', 'SET client_min_messages = warning',
                    '-c', f'DROP SCHEMA run_{NAME} CASCADE'], check=True)
    return facts.end()


if __name__ == '__main__':
    sys.exit(main())
