#!/usr/bin/env python3
"""The promises of the billing rules that hang on real clocks, through live processes: what runs is seen, and a stop is
charged, within 15 s, a change of prices names its writer. Needs deploy/local/up's servers. Takes about half a minute."""
import json
import os
import pathlib
import sys
import tempfile
import time
import urllib.request

import facts
from facts import Program, hourglass, tell, time_text, wait_for

FOLDER = pathlib.Path(tempfile.mkdtemp(prefix='hourglass-promises'))
RUN = f'q{os.getpid()}x{int(time.time())}'
PREFIX, SCHEMA = RUN + '.', 'run_' + RUN
KAFKA, DATABASE = facts.servers('KAFKA', 'DATABASE')
SECONDS = 15  # what the promise gives from the event on
SILENT_SECONDS = 60  # and from where liveness is over
CATALOG = """currency: USD
products:
  container: {settle: hourly, skus: {gpu: {payg: {price: "3.60", per: hour}}}}
  node: {settle: hourly, liveness: 5, skus: {n: {payg: {price: "3.60", per: hour}}}}
"""
numbers = iter(range(1, 1000))
programs = []


def must(*words):
    done = hourglass(*words)
    if done.returncode != 0:
        raise OSError(f'{words}: {done.stderr}')
    return done.stdout


def told(*words):
    """Rows of a command that prints NDJSON."""
    return [json.loads(line) for line in
            must(*words, '--database', DATABASE, '--schema', SCHEMA, '--format', 'ndjson').splitlines()]


def start(name, *words):
    program = Program(name, FOLDER, '--kafka', KAFKA, '--prefix', PREFIX, *words)
    programs.append(program.process)
    return program


def event(kind, subject, second, **data):
    return {'specversion': '1.0', 'id': f'e{next(numbers)}', 'source': '/platform', 'type': kind, 'subject': subject,
            'time': time_text(second), 'data': {'account': 'acme', **data}}


def post(*events):
    port = (FOLDER / 'port').read_text().strip()
    request = urllib.request.Request(f'http://127.0.0.1:{port}/v1/events', json.dumps(events).encode(),
                                     {'content-type': 'application/cloudevents-batch+json'})
    with urllib.request.urlopen(request, timeout=20) as answer:
        said = json.load(answer)
    if said != {'accepted': len(events), 'rejected': []}:
        raise OSError(said)


def shows(wanted, seconds=SECONDS):
    """Whether `resources` comes to show state and quantity of each in time; how long it took."""
    begin = time.monotonic()

    def found():
        rows = {row['resource']: (row['state'], row['quantity']) for row in told('resources')}
        return all(rows.get(name) == what for name, what in wanted.items())
    return wait_for(found, seconds, 0.2), f'{time.monotonic() - begin:.1f} s'


def status_is_monitored(launched_at):
    words = 'real-time monitoring of resource status'
    names = ('reconfigured', 'stopped', 'failed', 'deleted')
    post(*(event('container.launched', name, launched_at, sku='gpu') for name in names))
    good, took = shows(dict.fromkeys(names, ('running', 1)))
    tell(good, f'{words}: what is launched runs, within {SECONDS} s ({took})', told('resources'))
    ended_at = int(time.time())
    post(event('container.reconfigured', 'reconfigured', ended_at, quantity=3),
         *(event('container.' + name, name, ended_at) for name in names[1:]))
    good, took = shows({name: ('running', 3) if name == 'reconfigured' else (name, 1) for name in names})
    tell(good, f'{words}: what is reconfigured, stopped, failed or deleted is so, within {SECONDS} s ({took})',
         told('resources'))
    return ended_at


def a_stop_is_charged_at_once(seconds):
    begin = time.monotonic()

    def sums():
        found = {}
        for line in told('lines'):
            if line['resource'] != 'reconfigured':
                found[line['resource']] = found.get(line['resource'], 0) + int(line['units'])
        return found
    good = wait_for(lambda: sums() == dict.fromkeys(('stopped', 'failed', 'deleted'), seconds), SECONDS, 0.2)
    tell(good, f'or immediately when shut down or deleted: the charge of a stop stands within {SECONDS} s of it '
         f'({time.monotonic() - begin:.1f} s more)', sums(), seconds)


def an_earlier_stop_is_shown(ended_at):
    """What was stopped was stopped a minute before: nothing but the time is another."""
    begin, earlier = time.monotonic(), time_text(ended_at - 60)
    post(event('container.stopped', 'stopped', ended_at - 60))
    good = wait_for(lambda: any(row['resource'] == 'stopped' and row['state'] == 'stopped' and row['since'] == earlier
                                for row in told('resources')), SECONDS, 0.2)
    tell(good, f'real-time monitoring of resource status: a stop that turns out to be earlier is shown so, within {SECONDS} s '
         f'({time.monotonic() - begin:.1f} s)', told('resources'))


def silence_is_found():
    good, took = shows({'quiet': ('silent', 1)}, SILENT_SECONDS)
    tell(good, f'real-time monitoring of resource status: silence is found without an event ({took})', told('resources'))
    row = next((row for row in told('resources') if row['resource'] == 'quiet'), {})
    tell(row.get('since') == row.get('last_sign') is not None, 'real-time monitoring of resource status: silent since its last sign',
         row)


def a_change_of_prices_names_its_writer():
    dearer = FOLDER / 'dearer.yaml'
    dearer.write_text(CATALOG.replace('gpu: {payg: {price: "3.60"', 'gpu: {payg: {price: "7.20"'))
    must('catalog', 'apply', dearer, '--by', 'Ann', '--kafka', KAFKA, '--prefix', PREFIX)

    def found():
        return [(row['price'], row['set_by'], row['until'] is None) for row in told('prices', '--sku', 'gpu')]
    good = wait_for(lambda: found() == [('3.60', 'Bob', False), ('7.20', 'Ann', True)], SECONDS, 0.2)
    tell(good, 'full audit tracking: prices say who changed them, and from when on', told('prices', '--sku', 'gpu'))


def prepare():
    catalog = FOLDER / 'catalog.yaml'
    catalog.write_text(CATALOG)
    must('init', '--kafka', KAFKA, '--prefix', PREFIX, '--partitions', 4, '--replicas', 1, '--catalog', catalog, '--by', 'Bob')
    must('db', 'migrate', '--database', DATABASE, '--schema', SCHEMA)
    door = start('collector', '--http-port', 0, '--http-port-file', FOLDER / 'port')
    others = [start('aggregator', '--partitions', 'all', '--group', PREFIX + 'aggregator'),
              start('settler', '--partitions', 'all', '--group', PREFIX + 'settler', '--database', DATABASE, '--schema', SCHEMA)]
    return tell(all(wait_for(program.is_ready) for program in (door, *others)), 'the processes are ready')


def main():
    try:
        if prepare():
            launched_at = int(time.time()) - 1800
            post(event('node.launched', 'quiet', int(time.time()), sku='n'))
            ended_at = status_is_monitored(launched_at)
            a_stop_is_charged_at_once(ended_at - launched_at)
            an_earlier_stop_is_shown(ended_at)
            a_change_of_prices_names_its_writer()
            silence_is_found()
    finally:
        for program in programs:
            program.kill()
            program.wait()
    return facts.end()


if __name__ == '__main__':
    sys.exit(main())
