#!/usr/bin/env python3
"""Aggregator and settler while what they need is away, frozen, gone or somebody else's: whether they wait, for how long,
what they say of it, and when they end. Real Kafka, real PostgreSQL; the collector's ticks keep log time going."""
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import traceback

import facts
import kafka_client
from facts import BUILD, TOP, Program, local, run, tell, wait_for

FOLDER = pathlib.Path(tempfile.mkdtemp(prefix='hourglass-outages'))
RUN = f'o{os.getpid()}x{int(time.time())}'
CATALOG, PARTITIONS, AWAY_S = TOP / 'deploy/local/catalog.yaml', 4, 14
processes = []
KAFKA = DATABASE = ''


class Process(Program):
    def __init__(self, name, part, prefix, *words):
        self.name = name
        words = ['--kafka', KAFKA, '--prefix', prefix, *words]
        if part == 'collector':
            words += ['--http-port', '0', '--http-port-file', FOLDER / f'{name}.http']
        if part == 'settler' and '--schema' not in words:
            words += ['--schema', prefix.rstrip('.')]
        environment = {**os.environ, 'HOURGLASS_DATABASE': DATABASE}
        if part != 'settler':
            del environment['HOURGLASS_DATABASE']
        super().__init__(part, FOLDER, *words, as_name=name, env=environment)
        processes.append(self)

    def not_ready(self):
        return self.get('/readyz')[0] == 503

    def metric(self, name):
        found = re.search(rf'^hourglass_{re.escape(name)} (\S+)$', self.get('/metrics')[1], re.M)
        return float(found[1]) if found else None

    def said(self, event):
        return re.findall(rf'event={event}\b.*', self.log.read_text())

    def lives(self):
        return self.process.poll() is None

    def ends(self, seconds=30):
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None


def generation(prefix, *words):
    run(BUILD / 'cli/hourglass', 'init', '--kafka', KAFKA, '--prefix', prefix, '--partitions', PARTITIONS, '--replicas', 1,
        '--catalog', CATALOG, *words)


def migrate(schema):
    run(BUILD / 'cli/hourglass', 'db', 'migrate', '--database', DATABASE, '--schema', schema)


# --- servers that are away

def goes_on(process):
    """Whether it settles or folds what comes from now on."""
    name = f'{process.name}_watermark_timestamp_seconds'
    before = process.metric(name)
    return before is not None and wait_for(lambda: (process.metric(name) or 0) > before, 30)


def outage(what, begin, end, those):
    before = {process: (len(process.said('waiting')), len(process.said('back'))) for process in those}
    begin()
    began = time.monotonic()
    for process in those:
        seen = wait_for(process.not_ready, 10)
        seconds = time.monotonic() - began
        tell(seen and seconds < 4, f'{what}: the {process.name} is not ready within seconds ({seconds:.1f} s)',
             process.get('/readyz'), process.log.read_text()[-800:])
        tell(process.get('/readyz')[1].strip() not in ('', 'ready'), f'{what}: its /readyz says why', process.get('/readyz'))
    while time.monotonic() < began + AWAY_S:
        time.sleep(0.2)
    end()
    for process in those:
        tell(process.lives(), f'{what} for {AWAY_S} s: the {process.name} waits', process.log.read_text()[-800:])
        tell(wait_for(process.is_ready, 45), f'{what}: the {process.name} is ready again', process.get('/readyz'),
             process.log.read_text()[-800:])
        lines, backs = len(process.said('waiting')) - before[process][0], len(process.said('back')) - before[process][1]
        tell(1 <= lines <= 3 and backs >= 1, f'{what}: the {process.name} says so and says when it is over, not more',
             process.log.read_text()[-1500:])
        tell(goes_on(process), f'{what}: the {process.name} goes on', process.log.read_text()[-800:])


def servers_away(prefix):
    generation(prefix)
    migrate(prefix.rstrip('.'))
    Process('collector', 'collector', prefix)
    aggregator, settler = Process('aggregator', 'aggregator', prefix), Process('settler', 'settler', prefix)
    tell(wait_for(aggregator.is_ready) and wait_for(settler.is_ready), 'aggregator and settler are ready',
         aggregator.log.read_text()[-800:], settler.log.read_text()[-800:])
    tell(goes_on(aggregator) and goes_on(settler), 'and at work')
    frozen = []

    def freeze(*pids):
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
            frozen.append(pid)

    def thaw():
        while frozen:
            os.kill(frozen.pop(), signal.SIGCONT)

    def database():
        first = int(local('pg_pid'))
        return [int(pid) for pid in run('pgrep', '-P', first).split()] + [first]

    try:
        outage('PostgreSQL is away', lambda: local('pg_stop'), lambda: local('pg_start'), [settler])
        outage('PostgreSQL is frozen', lambda: freeze(*database()), thaw, [settler])
        outage('Kafka is frozen', lambda: freeze(int(local('kafka_pid'))), thaw, [aggregator, settler])
        outage('Kafka is away', lambda: local('kafka_stop'), lambda: local('kafka_start'), [aggregator, settler])
    finally:
        thaw()
    return aggregator, settler


# --- another owner

def claims_lost(prefix, settler):
    other = Process('other', 'settler', prefix, '--group', f'{RUN}-other', '--partitions', 'all')
    tell(wait_for(lambda: settler.metric('settler_partitions_lost_total') or not settler.lives(), 40),
         'another settler takes the claims', settler.log.read_text()[-800:])
    tell(wait_for(settler.not_ready, 10), 'the one that lost them is not ready', settler.get('/readyz'))
    other.kill()
    tell(wait_for(settler.is_ready, 90) and goes_on(settler), 'it claims them again once the other has ended',
         settler.log.read_text()[-1500:])


def lag_is_shown(prefix, aggregator, settler):
    for process, group, topic in ((aggregator, 'aggregator', 'usage.records'), (settler, 'settler', 'usage.frames')):
        offset = kafka_client.committed(KAFKA, f'{prefix}hourglass-{group}', prefix + topic, 0)
        tell(offset > 0, f"the {group}'s group, whose name has the prefix, has its offsets committed", offset)
        rows = {name: process.metric(f'{group}_{name}{{partition="0"}}')
                for name in ('lag_records', 'lag_seconds', 'partition_watermark_timestamp_seconds')}
        tell(None not in rows.values() and rows['lag_records'] < 50 and 0 < rows['lag_seconds'] < 60,
             f'the {group} shows how far behind each partition is', rows)


# --- what an operator must mend

def told_and_ended(what, process, words):
    status = process.ends()
    tell(status == 78 and words in process.log.read_text(), f'{what}: ends with 78 and says the way out', status,
         process.log.read_text()[-800:])


def ends(prefix):
    told_and_ended('an aggregator of another prefix', Process('lost-aggregator', 'aggregator', 'nothing.'), 'hourglass init')
    told_and_ended('a settler of another prefix', Process('lost-settler', 'settler', 'nothing.', '--schema',
                                                          prefix.rstrip('.')), 'hourglass init')
    told_and_ended('a settler of a schema that is not there', Process('no-schema', 'settler', prefix, '--schema', RUN + 'n'),
                   'hourglass db migrate')


def log_made_anew(prefix, settler):
    for process in processes:
        if process.lives() and process != settler:
            process.kill()
    topics = [prefix + name for name in ('usage.records', 'usage.frames', 'usage.rejects', 'aggregator.snapshots')]
    kafka_client.delete_topics(KAFKA, topics)
    tell(wait_for(settler.not_ready, 10), 'topics are deleted: the settler that reads them is not ready',
         settler.get('/readyz'))
    changed = FOLDER / 'changed.yaml'
    changed.write_text(CATALOG.read_text() + '\n# another one\n')
    wait_for(lambda: subprocess.run([BUILD / 'cli/hourglass', 'init', '--kafka', KAFKA, '--prefix', prefix, '--partitions',
                                     str(PARTITIONS), '--replicas', '1', '--catalog', changed], check=False,
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0, 30)
    told_and_ended('a settler that runs while its log is made anew', settler, 'made anew')
    told_and_ended('a settler whose log was made anew', Process('anew', 'settler', prefix), 'made anew')


# --- records that are gone, or damaged

def one_stops(what, name, spoil):
    """An aggregator begins at a log of which partition 2 was spoilt."""
    prefix = f'{RUN}{name}.'
    generation(prefix, '--simulated')
    events = FOLDER / 'events.ndjson'
    events.write_text(run(TOP / 'deploy/local/day.py', '--resources', 60, '--seed', 7))
    run(BUILD / 'collectors/hourglass-collector', '--kafka', KAFKA, '--prefix', prefix, '--file', events)
    spoil(prefix + 'usage.records')
    aggregator = Process(name, 'aggregator', prefix)
    tell(wait_for(lambda: aggregator.said('partition_stopped partition=2 ')), f'{what}: its partition stops',
         aggregator.log.read_text()[-1500:])
    tell(wait_for(lambda: (aggregator.metric('aggregator_frames_total') or 0) > 100), f'{what}: the others go on',
         aggregator.log.read_text()[-1500:])
    tell(aggregator.lives() and aggregator.metric('aggregator_partitions_stopped') == 1 and aggregator.not_ready() and
         aggregator.metric('aggregator_restarts_total') == 0, f'{what}: one is stopped, and the process is not ready',
         aggregator.get('/readyz'))
    aggregator.kill()


def delete_first(topic):
    kafka_client.delete_records(KAFKA, topic, 2, 5)


def flip_a_byte(topic):
    """On the broker's disk, in the last batch: the broker hands it out as it is, its checksum tells."""
    folder = pathlib.Path(os.environ.get('HOURGLASS_RUN', TOP / '.run')) / 'kafka/data' / f'{topic}-2'
    with open(max(folder.glob('*.log')), 'r+b') as segment:
        segment.seek(-30, os.SEEK_END)
        byte = segment.read(1)[0]
        segment.seek(-1, os.SEEK_CUR)
        segment.write(bytes([byte ^ 0xff]))


def prove():
    prefix = RUN + 'a.'
    aggregator, settler = servers_away(prefix)
    claims_lost(prefix, settler)
    lag_is_shown(prefix, aggregator, settler)
    ends(prefix)
    log_made_anew(prefix, settler)
    one_stops('records below a position are gone', 'gone', delete_first)
    one_stops('a record is damaged', 'damaged', flip_a_byte)


def main():
    global KAFKA, DATABASE
    try:
        run(TOP / 'deploy/local/up')
        KAFKA, DATABASE = facts.servers('KAFKA', 'DATABASE')
        prove()
    except Exception:  # what is left to stop is stopped, whatever went wrong
        tell(False, 'the test comes to its end', traceback.format_exc())
    finally:
        for process in processes:
            if process.lives():
                process.kill()
        local('pg_start; kafka_start')
    sys.exit(facts.end())


signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
main()
