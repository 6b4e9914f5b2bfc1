#!/usr/bin/env python3
"""Fees are settled at the top of the hour: what runs through it is charged with the first epoch whose watermark reaches its
end, and not before. Live, with servers and processes of its own, whose clock is set shortly before an hour. Takes two
minutes.

usage: tests/long/top_of_the_hour.py"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.request

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(TOP / 'tests/integration'))
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix='hourglass-hour'))
START_S = 60  # from the start of the processes to the hour
WITHIN_S = 30  # after it the charge stands
os.environ['HOURGLASS_RUN'] = str(FOLDER / 'servers')
import facts
from facts import Program, hourglass, tell, time_text, wait_for

PREFIX, SCHEMA = 'hour.', 'hour'
CATALOG = """currency: USD
products:
  container: {settle: hourly, skus: {gpu: {payg: {price: "3.60", per: hour}}}}
"""
programs = []


ahead_s = edge_s = 0


def now():
    return time.time() + ahead_s


def move_clock():
    """The broker's, and that of what is started from now on; PostgreSQL's is of no account."""
    global ahead_s, edge_s
    edge_s = (int(time.time()) // 3600 + 2) * 3600
    ahead_s = edge_s - START_S - int(time.time())
    facts.local('kafka_stop')
    os.environ.update(LD_PRELOAD=str(facts.BUILD / 'tests/support/moved-clock.so'), MOVED_CLOCK_S=str(ahead_s))
    facts.local('kafka_start')


def must(*words):
    done = hourglass(*words)
    if done.returncode != 0:
        raise OSError(f'{words}: {done.stderr}')
    return done.stdout


def start(kafka):
    def program(name, *words):
        programs.append(Program(name, FOLDER, '--kafka', kafka, '--prefix', PREFIX, *words))
        return programs[-1]
    catalog = FOLDER / 'catalog.yaml'
    catalog.write_text(CATALOG)
    database, = facts.servers('DATABASE')
    must('init', '--kafka', kafka, '--prefix', PREFIX, '--partitions', 1, '--replicas', 1, '--catalog', catalog)
    must('db', 'migrate', '--database', database, '--schema', SCHEMA)
    program('collector', '--http-port', 0, '--http-port-file', FOLDER / 'port')
    program('aggregator', '--partitions', 'all', '--group', 'aggregator')
    program('settler', '--partitions', 'all', '--group', 'settler', '--database', database, '--schema', SCHEMA)
    tell(all(wait_for(p.is_ready) for p in programs), 'the processes are ready', *[p.log.read_text()[-500:] for p in programs])
    return database


def post(kind, second, **data):
    event = {'specversion': '1.0', 'id': kind, 'source': '/platform', 'type': kind, 'subject': 'c',
             'time': time_text(second), 'data': {'account': 'acme', **data}}
    port = (FOLDER / 'port').read_text().strip()
    request = urllib.request.Request(f'http://127.0.0.1:{port}/v1/events', json.dumps(event).encode(),
                                     {'content-type': 'application/cloudevents+json'})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def prove(database):
    launched_at = edge_s - 1800
    tell(now() < edge_s - 15, f'{edge_s - now():.0f} s before the hour a container of half an hour is told')
    post('container.launched', launched_at, sku='gpu')

    def charged():
        return must('lines', '--database', database, '--schema', SCHEMA)
    early = wait_for(charged, edge_s - now(), 0.2)
    tell(not early, 'fees settled at the top of the hour: and not before', early)
    line = wait_for(charged, edge_s + WITHIN_S - now(), 0.2)
    tell(line and json.loads(line)['units'] == '1800' and json.loads(line)['hour'] == time_text(launched_at // 3600 * 3600),
         f'fees settled at the top of the hour: the charge stands {now() - edge_s:.1f} s after it', line)
    found = facts.run('psql', '-XqAt', database, '-c', f"""SET search_path = {SCHEMA};
        SELECT extract(epoch FROM at) >= {edge_s}, extract(epoch FROM at) < {edge_s} + 10 FROM changes""").split()
    tell(found == ['t|t'], 'fees settled at the top of the hour: with the first epoch whose watermark reaches the hour\'s end', found)


def main():
    FOLDER.chmod(0o755)  # PostgreSQL's own user works in it too
    try:
        subprocess.run([TOP / 'deploy/local/up'], stdin=subprocess.DEVNULL, check=True, timeout=300)
        move_clock()
        kafka, = facts.servers('KAFKA')
        prove(start(kafka))
    finally:
        for program in programs:
            program.kill()
        os.environ.pop('LD_PRELOAD', None)
        subprocess.run([TOP / 'deploy/local/reset'], stdin=subprocess.DEVNULL, check=False, timeout=300)
    return facts.end()


if __name__ == '__main__':
    sys.exit(main())
