#!/usr/bin/env python3
"""What `hourglass tail`, `catalog apply` and `catalog show` promise, with real Kafka, real PostgreSQL and the processes
themselves. Needs deploy/local/up's servers. Takes about a minute and a half."""
import datetime
import hashlib
import json
import os
import pathlib
import pwd
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

import facts
import kafka_client
from facts import BUILD, TOP, Program, hourglass, tell, time_text, wait_for

CATALOG = TOP / 'deploy/local/catalog.yaml'
PARTITIONS = 3
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix='hourglass-commands'))
RUN = f'c{os.getpid()}x{int(time.time())}'


KAFKA, DATABASE = facts.servers('KAFKA', 'DATABASE')


def command(prefix, *words, **more):
    return hourglass(*words, '--kafka', KAFKA, '--prefix', prefix, **more)


def tail(prefix, topic, *words):
    done = command(prefix, 'tail', topic, '-e', *words)
    if done.returncode != 0:
        tell(False, f'tail {topic} ends well', done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


def changed(name, *changes):
    """The catalog with parts of its text replaced."""
    text = CATALOG.read_text()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    path = FOLDER / name
    path.write_text(text)
    return path


def applied_hour(done):
    found = re.search(r'from (\S+Z)', done.stdout)
    return found and int(datetime.datetime.strptime(found[1], '%Y-%m-%dT%H:%M:%SZ')
                         .replace(tzinfo=datetime.timezone.utc).timestamp())


class Generation:
    """Topics and the processes that work on them."""

    def __init__(self, name, *init, settings=None):
        self.prefix, self.processes, self.programs, self.words = f'{RUN}{name}.', {}, {}, {}
        if settings:
            kafka_client.make_topic(KAFKA, self.prefix + 'usage.records', PARTITIONS, settings)
        done = command(self.prefix, 'init', '--catalog', CATALOG, '--partitions', PARTITIONS, '--replicas', 1, *init)
        if done.returncode != 0:
            raise OSError(done.stderr)

    def start(self, part, *words):
        program = Program(part, FOLDER, '--kafka', KAFKA, '--prefix', self.prefix, *words, as_name=self.prefix + part)
        self.processes[part], self.programs[part], self.words[part] = program.process, program, words

    def aggregate(self):
        self.start('aggregator', '--partitions', 'all', '--group', self.prefix + 'aggregator')

    def collect(self):
        self.port_file = FOLDER / f'{self.prefix}port'
        self.start('collector', '--http-port', 0, '--http-port-file', self.port_file)

    def post(self, event):
        for _ in range(200):
            try:
                url = f'http://127.0.0.1:{self.port_file.read_text().strip()}/v1/events'
                request = urllib.request.Request(url, json.dumps(event).encode(),
                                                 {'content-type': 'application/cloudevents+json'})
                with urllib.request.urlopen(request, timeout=20) as answer:
                    return answer.status
            except (OSError, ValueError):
                time.sleep(0.1)
        return None

    def counters(self, *parts):
        return {name: int(value) for part in parts for name, value in
                re.findall(r'^(hourglass_\S+_total(?:\{.*?\})?) (\d+)$', self.programs[part].get('/metrics')[1], re.M)}

    def kill_and_start(self, *parts):
        for part in parts:
            self.programs[part].kill()
            self.start(part, *self.words[part])

    def stop(self, *parts):
        for part in parts or list(self.processes):
            process = self.processes.pop(part)
            process.terminate()
            process.wait(60)


def event(kind, number, second, **data):
    return {'specversion': '1.0', 'id': f'e{number}', 'source': '/platform', 'type': kind, 'subject': 'r1',
            'time': time_text(second), 'data': {'account': 'a', **data}}


# --- tail

def tail_shows_every_topic():
    simulated = Generation('s', '--simulated')
    begin = 1793527200
    events = FOLDER / 'events.ndjson'
    good = [event('container.launched', 1, begin, sku='gpu.a100'), event('container.deleted', 2, begin + 200)]
    events.write_text('\n'.join(map(json.dumps, good)) + '\n{"nothing": true}\n')
    simulated.aggregate()
    simulated.start('collector', '--file', events, '--until', time_text(begin + 7200))
    simulated.processes.pop('collector').wait(60)
    wait_for(lambda: any(f['levels'] for f in tail(simulated.prefix, 'usage.frames') if f['closed_s'] >= begin + 3600))
    frames = tail(simulated.prefix, 'usage.frames')
    simulated.stop()
    records = tail(simulated.prefix, 'usage.records')
    tell([m['offset'] for m in records if m['control']] == [0] * PARTITIONS and
         all(m['control']['Init']['catalog'] == CATALOG.read_text() for m in records if m['control']),
         'tail shows rules and catalog at the first offset of each partition')
    bodies = [r for m in records for r in m['records']]
    tell([(r['time'], r['body']) for r in bodies] == [
        (time_text(begin), {'Launched': {'product': 'container', 'sku': 'gpu.a100', 'quantity': 1, 'order': ''}}),
        (time_text(begin + 200), {'Deleted': {'product': 'container'}})], 'tail shows records by their schemas', bodies)
    levels = [l for f in frames for l in f['levels']]
    tell(levels and all(l['hour'] == time_text(begin) for l in levels) and
         levels[-1]['segments'] == [{'from_s': 0, 'len_s': 200, 'sku': 'gpu.a100', 'order': '', 'quantity': '1'}],
         'tail shows frames, 128-bit numbers as strings', levels)
    tell(all(f['partition'] == g['partition'] and f['hash'] == g['prev_hash'] for f, g in zip(frames, frames[1:])
             if g['seq'] == f['seq'] + 1 and f['partition'] == g['partition']), 'tail shows the chain of hashes')
    snapshots = tail(simulated.prefix, 'aggregator.snapshots', '-p', '0')
    tell(snapshots[0]['schema'] == 'Generation' and snapshots[0]['simulated'] and
         snapshots[0]['partitions'] == PARTITIONS, 'tail shows the generation', snapshots[0])
    kafka_client.put(KAFKA, simulated.prefix + 'usage.rejects', 0, b'garbage')
    rejects = tail(simulated.prefix, 'usage.rejects', '-p', '0')
    tell(rejects[0]['schema'] == 'Reject' and rejects[0]['bytes'] == '{"nothing": true}', 'tail shows rejects', rejects)
    tell(rejects[-1] == {'partition': 0, 'offset': len(rejects) - 1, 'undecoded_bytes': 7},
         'tail says what does not decode', rejects)
    done = command(simulated.prefix, 'catalog', 'apply', CATALOG)
    tell(done.returncode == 2 and 'simulated' in done.stderr, 'apply refuses a simulated generation', done)
    tail_has_kcats_options(simulated.prefix, records)


def tail_has_kcats_options(prefix, records):
    of = [m for m in records if m['partition'] == 1]
    whole = command('', 'tail', prefix + 'usage.records', '-e')
    tell(len(whole.stdout.splitlines()) == len(records), 'the whole name of a topic is as good as the short one')
    tell(tail(prefix, 'usage.records', '-p', '1') == of, '-p: one partition')
    tell(tail(prefix, 'usage.records', '-p', '1', '-c', '2') == of[:2], '-c: so many messages')
    tell(tail(prefix, 'usage.records', '-p1', '-o', '1') == of[1:], '-o N: from that offset on')
    tell(tail(prefix, 'usage.records', '-p1', '-o-2') == of[-2:], '-o -N: so many before the end')
    tell(tail(prefix, 'usage.records', '-o', 'beginning', '-c1')[0]['offset'] == 0, '-o beginning')
    tell(tail(prefix, 'usage.records', '-o', 'end') == [], '-o end -e: nothing')
    tell(command(prefix, 'tail', 'no.such', '-e').returncode == 78, 'a topic that is not there is a fault')
    tell(command(prefix, 'tail', 'usage.records', '-o', 'x').returncode == 64, 'an offset that is none is a fault')
    for words in (['tail'], ['catalog', 'apply'], ['catalog', 'show']):
        done = hourglass(*words, '--help')
        tell(done.returncode == 0 and '--kafka' in done.stdout, ' '.join(words) + ' --help lists its options')


# --- catalogs

def apply_refuses(live):
    soon = int(time.time()) // 3600 * 3600
    for why, words in (
            ('another currency', [changed('currency.yaml', ('USD', 'EUR'))]),
            ('another charge_scale', [changed('scale.yaml', ('charge_scale: 6', 'charge_scale: 5'))]),
            ('another bill_scale', [changed('bill.yaml', ('charge_scale: 6', 'bill_scale: 3'))]),
            ('a name with a control character', [CATALOG, '--by', 'a\tb']),
            ('a name of more than 256 bytes', [CATALOG, '--by', 'a' * 257]),
            ('another liveness', [changed('liveness.yaml', ('liveness: 300', 'liveness: 301'))]),
            ('what is no catalog', [changed('bad.yaml', ('currency', 'currenzy'))]),
            ('an hour that is no whole one', [CATALOG, '--from', time_text(soon + 10 * 3600 + 60)]),
            ('what is no time', [CATALOG, '--from', 'tomorrow']),
            ('an hour less than three hours ahead', [CATALOG, '--from', time_text(soon + 3 * 3600)])):
        done = command(live.prefix, 'catalog', 'apply', *words)
        tell(done.returncode == 2 and done.stderr, f'apply refuses {why}', done)
    controls = [m for m in tail(live.prefix, 'usage.records') if m['control']]
    tell(len(controls) == PARTITIONS, 'what is refused leaves nothing in the log', controls)


def controls_of(prefix):
    """By partition, the control messages' bodies in log order."""
    found = {p: [] for p in range(PARTITIONS)}
    for message in tail(prefix, 'usage.records'):
        for body in (message['control'] or {}).values():
            found[message['partition']].append(body)
    return found


def init_again_agrees(prefix):
    first = controls_of(prefix)
    me = f'{pwd.getpwuid(os.geteuid()).pw_name}@{socket.gethostname()}'
    tell(all(len(c) == 1 and c[0]['prev_hash'] == '0' * 64 and c[0]['by'] == me and
             abs(c[0]['clock_us'] / 1e6 - time.time()) < 600 for c in first.values()),
         'the first message names nobody before it, its writer and his clock', first)
    tell(first[0][0]['rules']['frame_rows'] == 50000 and first[0][0]['rules']['frame_bytes'] == 524288,
         'its rules bound frames', first[0])
    words = ('init', '--catalog', CATALOG, '--partitions', PARTITIONS, '--replicas', 1)
    done = command(prefix, *words, '--by', 'somebody else')
    tell(done.returncode == 0 and controls_of(prefix) == first,
         'init again, by another and later, leaves all as it is', done)
    done = command(prefix, *words, '--report-hours', 25)
    tell(done.returncode == 78 and 'something else' in done.stderr and controls_of(prefix) == first,
         'init with other rules is refused', done)
    done = command(prefix, *words, '--by', 'a\tb')
    tell(done.returncode == 2 and '--by' in done.stderr, 'init refuses a name with a control character', done)


def facts_of(prefix, second):
    """By partition, the texts of the catalogs that its frames have for the hour."""
    found = {p: [] for p in range(PARTITIONS)}
    for frame in tail(prefix, 'usage.frames'):
        for fact in frame['facts']:
            if fact.get('CatalogFact', {}).get('from_s') == second:
                found[frame['partition']].append(fact['CatalogFact']['catalog'])
    return found


def shown(prefix, *words):
    done = command(prefix, 'catalog', 'show', *words)
    return done.returncode, done.stdout


def control_bytes(second, text, previous):
    """A CatalogChange as usage.records has it, behind the one of that hash."""
    header = (BUILD / 'schemas/fingerprints.h').read_text()
    number = int(re.search(r'SCHEMA_USAGE_MESSAGE\s+0x([0-9A-Fa-f]+)', header)[1], 16)

    def long(value):
        value, out = value << 1, b''
        while value > 127:
            value, out = value >> 7, out + bytes([value & 127 | 128])
        return out + bytes([value])
    return (b'\xc3\x01' + number.to_bytes(8, 'little') + long(0) * 4 + long(2) + previous + long(0) * 2 + long(second) +
            long(len(text)) + text + long(0))


def sha256(data):
    return hashlib.sha256(data).digest()


def last_control(prefix, partition, but):
    """The hash of the last control message of a partition's log, that one left out."""
    hashes = [message['control']['CatalogChange']['hash'] for message in tail(prefix, 'usage.records', '-p', partition)
              if 'CatalogChange' in (message['control'] or {})]
    return bytes.fromhex([found for found in hashes if found != sha256(but).hex()][-1])


def apply_in_a_live_generation():
    live = Generation('l')
    live.aggregate()
    live.collect()
    follower = subprocess.Popen([BUILD / 'cli/hourglass', 'tail', 'usage.records', '--kafka', KAFKA, '--prefix',
                                 live.prefix, '-o', 'end', '-c', '2'], stdout=subprocess.PIPE, text=True)
    init_again_agrees(live.prefix)
    apply_refuses(live)
    said = follower.communicate(timeout=60)[0].splitlines()
    tell(len(said) == 2 and all(json.loads(line)['offset'] > 0 for line in said), 'tail follows what is new', said)
    tell(shown(live.prefix)[1].startswith('since ever ') and 'all 3 partitions agree' in shown(live.prefix)[1],
         'show tells the first catalog', shown(live.prefix))
    dearer = changed('dearer.yaml', ('"2.50"', '"9.00"'))
    before = time.time()
    done = command(live.prefix, 'catalog', 'apply', dearer, '--by', 'Ann')
    hour = applied_hour(done)
    tell(done.returncode == 0 and hour in {int(t + 3 * 3600) // 3600 * 3600 + 3600 for t in (before, time.time())},
         'apply takes the next whole hour after three hours', done)
    tell(facts_of(live.prefix, hour) == {p: [dearer.read_text()] for p in range(PARTITIONS)},
         'when apply returns, frames of every partition have the catalog')
    tell(all([c['by'] for c in found][1:] == ['Ann'] and found[1]['prev_hash'] == found[0]['hash']
             for found in controls_of(live.prefix).values()), 'it names its writer and the message before it')
    done = command(live.prefix, 'catalog', 'apply', dearer, '--from', time_text(hour))
    controls = [m for m in tail(live.prefix, 'usage.records') if m['control']]
    tell(done.returncode == 0 and len(controls) == 2 * PARTITIONS, 'repeating it writes nothing', done, len(controls))
    status, text = shown(live.prefix)
    tell(status == 0 and [line.split()[0] for line in text.splitlines()[:2]] == ['since', time_text(hour)],
         'show tells both', text)
    apply_names_partitions(live, dearer, hour + 3600)
    apply_again_and_disagree(live, dearer, hour)
    live.stop()


def apply_names_partitions(live, catalog, hour):
    live.stop('aggregator')
    done = command(live.prefix, 'catalog', 'apply', catalog, '--from', time_text(hour), '--timeout', '3')
    tell(done.returncode == 75 and '0, 1, 2' in done.stderr, 'apply names partitions without a frame in time', done)
    live.aggregate()
    done = command(live.prefix, 'catalog', 'apply', catalog, '--from', time_text(hour))
    tell(done.returncode == 0 and len({c['hash'] for c in controls_of(live.prefix)[0]}) == 3,
         'repeated later it goes on with what is there', done)


def apply_again_and_disagree(live, dearer, hour):
    third = changed('third.yaml', ('"2.50"', '"3.00"'))
    for path in (third, dearer, third):
        done = command(live.prefix, 'catalog', 'apply', path, '--from', time_text(hour))
        tell(done.returncode == 0 and 'written to 3' in done.stdout, 'of the same hour another may follow', done)
    status, text = shown(live.prefix, '--text')
    tell(status == 0 and text.count('# ' + time_text(hour)) == 1 and third.read_text() in text,
         'show --text has the later of two for the same hour', text)
    agreed = shown(live.prefix)
    records, catalog = live.prefix + 'usage.records', CATALOG.read_bytes()
    stray = control_bytes(hour, catalog, bytes(32))
    kafka_client.put(KAFKA, records, 1, stray)
    tell(shown(live.prefix) == agreed, 'show leaves out what names another message before it')
    other = control_bytes(hour, catalog, last_control(live.prefix, 1, stray))
    kafka_client.put(KAFKA, records, 1, other)
    wait_for(lambda: shown(live.prefix, '--whole')[0] != 0)
    status, text = shown(live.prefix, '--whole')
    tell(status == 1 and text.endswith('not as in partition 0: 1\n'), 'show --whole names a partition that differs', text)
    kafka_client.put(KAFKA, records, 1, control_bytes(int(time.time()) // 3600 * 3600, catalog, sha256(other)))
    tell(shown(live.prefix, '--whole') == (status, text), 'show leaves out what the partition refused as too late')


# --- prices, to the end

def sql(text):
    return subprocess.run(['psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', DATABASE, '-c', text], stdout=subprocess.PIPE,
                          text=True, check=True).stdout.split('\n')[:-1]


def an_applied_catalog_reaches_the_tables():
    """Through every partition's log and frames, and the settler."""
    ahead = Generation('p', settings={'message.timestamp.type': 'CreateTime', 'retention.ms': '-1',
                                      'message.timestamp.after.max.ms': str(2**63 - 1)})
    schema = f'{RUN}p'
    hourglass('db', 'migrate', '--database', DATABASE, '--schema', schema)
    ahead.aggregate()
    ahead.start('settler', '--database', DATABASE, '--schema', schema, '--partitions', 'all', '--group', schema)
    ahead.collect()
    dearer = changed('dearer.yaml', ('"2.50"', '"9.00"'))
    done = command(ahead.prefix, 'catalog', 'apply', dearer)
    hour = applied_hour(done)
    tell(done.returncode == 0, 'a dearer catalog is applied', done)
    catalogs = (f"SELECT partition, from_s, text = $t${dearer.read_text()}$t$ FROM {schema}.catalogs"
                ' WHERE from_s IS NOT NULL ORDER BY 1')
    wait_for(lambda: len(sql(catalogs)) == PARTITIONS)
    rows = sql(catalogs)
    tell(rows == [f'{p}|{hour}|t' for p in range(PARTITIONS)], "the catalog stands in the database's catalogs", rows)
    ahead.stop()
    sql(f'SET client_min_messages = warning; DROP SCHEMA {schema} CASCADE')


def main():
    tail_shows_every_topic()
    apply_in_a_live_generation()
    an_applied_catalog_reaches_the_tables()
    return facts.end()


if __name__ == '__main__':
    sys.exit(main())
