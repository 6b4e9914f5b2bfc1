#!/usr/bin/env python3
"""What one small cause of very many rows does to the processes, and to everybody else.

post: the live pipeline, real clocks. Each second a container stops in a small account of every partition. Then two
requests bring 8 MB of lawful events: 25,000 containers of six accounts of one partition, launched 34 days ago, stopped
two hours ago: 20 million rows. Measured until all of them stand: the most memory of each process, the time, and for the
small accounts how long after its 200 a charge stands in PostgreSQL (looked at every half second). That of the
same partition begins with z: its rows come after the 20 million.

outage: simulated time. 5,000 containers run; then nothing is heard for ten days, and the log's clock jumps.

Right: number of lines, units and amounts are exactly those of the load; no process ended. Takes 5 GB of disk and, where
a process needs it, the memory of --limit-gb (then it is stopped by that, and the table says so)."""
import http.client
import json
import random
import shutil
import sys
import threading
import time

import pipeline

PARTITIONS, DAY_S = 4, 86400
BARS = {f'{load}: {what}': bar for load in ('post', 'outage') for what, bar in (
    ('aggregator at most', '<= 300 MB'), ('settler at most', '<= 300 MB'), ('all rows stand after', '<= 900 s'),
    ("the partition's others are current", '<= 60 s later'), ('other partitions wait', 'as before it'))}
CATALOG = """currency: USD
products:
  container:
    settle: hourly
    skus: {g: {payg: {price: "3.60", per: hour}}}
"""
PACE_S, LOOK_S, CURRENT_S, CANARY_S = 1.0, 0.5, 15, 60
DISK_BYTES = 12 * 10 ** 9


def event(what, number, subject, second, account):
    data = {'account': account} if what == 'stopped' else {'account': account, 'sku': 'g'}
    return {'specversion': '1.0', 'id': f'{what[0]}{number}', 'source': '/c', 'type': f'container.{what}',
            'subject': subject, 'time': pipeline.stamp(second), 'data': data}


def hours_of(launched, stopped):
    return (stopped - 1) // 3600 - launched // 3600 + 1


# --- post

class Door:
    """A client of the collector."""

    def __init__(self, port):
        self.port, self.connection = port, None

    def post(self, events):
        """Until it is answered 200; 503 asks to send again."""
        body = events if isinstance(events, bytes) else json.dumps(events, separators=(',', ':')).encode()
        self.connection = self.connection or http.client.HTTPConnection('127.0.0.1', self.port, timeout=60)
        for _ in range(60):
            self.connection.request('POST', '/v1/events', body, {'Content-Type': 'application/cloudevents-batch+json'})
            answer = self.connection.getresponse()
            said = answer.read()
            if answer.status != 503:
                break
            time.sleep(1)
        if answer.status != 200 or json.loads(said)['rejected']:
            raise pipeline.Wrong(f'POST: {answer.status} {said[:300]}')


class Canaries(threading.Thread):
    """Each second a container of each partition's small account stops, CANARY_S after its launch. When which was
    answered, and when its charge was first seen, stands in `sent` and `seen`, by name."""

    def __init__(self, generation, port):
        super().__init__(daemon=True)
        self.generation, self.door, self.why = generation, Door(port), None
        self.accounts = [pipeline.account_in(p, PARTITIONS, 'zz-small-') for p in range(PARTITIONS)]
        self.sent, self.seen, self.done = [{} for _ in range(PARTITIONS)], {}, False
        self.sending = threading.Lock()  # whoever holds it keeps them from being sent
        self.session = pipeline.Session(generation.servers.database)

    def run(self):
        try:
            due = looked = time.monotonic()
            number = 0
            while not self.done:
                if time.monotonic() >= due and self.sending.acquire(blocking=False):
                    try:
                        self.send(number)
                    finally:
                        self.sending.release()
                    number, due = number + 1, due + PACE_S
                if time.monotonic() >= looked:
                    self.look()
                    looked = max(looked + LOOK_S, time.monotonic())
                time.sleep(0.02)
        except Exception as error:  # main asks for it
            self.why = error
        finally:
            self.session.close()

    def send(self, number):
        now = int(time.time())
        for partition, account in enumerate(self.accounts):
            name = f'{partition}-{number}'
            self.door.post([event('launched', number, name, now - CANARY_S, account),
                            event('stopped', number, name, now, account)])
            self.sent[partition][name] = time.monotonic()

    def look(self):
        """A line's names are written in the transaction of its first charge."""
        names = ', '.join(f"'{account}'" for account in self.accounts)
        rows = self.session.sql(f'SELECT DISTINCT resource FROM {self.generation.schema}.line_names '
                                f'WHERE account IN ({names})')
        now = time.monotonic()
        for name, in rows:
            self.seen.setdefault(name, now)

    def waits(self, partition, begin, end):
        """Seconds from answer to charge, sorted, of what was sent in [begin, end); what is not charged has waited until
        now."""
        now = time.monotonic()
        return sorted(self.seen.get(name, now) - at for name, at in list(self.sent[partition].items())
                      if begin <= at < end)

    def is_current(self, partition):
        now = time.monotonic()
        return all(name in self.seen for name, at in list(self.sent[partition].items())
                   if at < now - CURRENT_S)


class Burst:
    """The requests' bodies, and what they come to: lines and seconds (a thousandth of a dollar each)."""

    def __init__(self, containers, partition, seed=1):
        pick = random.Random(seed)
        now = int(time.time())
        accounts = [pipeline.account_in(partition, PARTITIONS, f'big{i}-') for i in range(6)]
        self.lines = self.seconds = 0
        events = []
        for i in range(containers):
            account = accounts[0] if i % 5 else accounts[1 + i // 5 % 5]  # one has four fifths
            launched, stopped = (now - 34 * DAY_S + pick.randrange(3600), now - 2 * 3600 - pick.randrange(3600))
            events += [event('launched', i, f'c{i}', launched, account), event('stopped', i, f'c{i}', stopped, account)]
            self.lines, self.seconds = self.lines + hours_of(launched, stopped), self.seconds + stopped - launched
        half = len(events) // 4 * 2
        self.bodies = [json.dumps(part, separators=(',', ':')).encode() for part in (events[:half], events[half:])]


def summary(waits):
    if not waits:
        return '-'
    return f'p50 {waits[len(waits) // 2]:.1f}, p99 {waits[len(waits) * 99 // 100]:.1f}, max {waits[-1]:.1f} s'


def wait_burst(generation, canaries, processes, burst, minutes):
    """Seconds until all rows stand, and how much longer until the partition's small account is current."""
    begin, whole, told, session = time.monotonic(), None, 0, pipeline.Session(generation.servers.database)
    rows = 0
    while True:
        for process in processes:
            process.get('/healthz')  # Wrong when it has ended
            process.peak_mb()
        if canaries.why:
            raise canaries.why
        now = time.monotonic() - begin
        if now > minutes * 60:
            raise pipeline.Wrong(f'{rows} of {burst.lines} rows after {minutes} minutes')
        rows = generation.inserted_rows(session)
        if now > told:
            pipeline.say(f'{now:.0f} s: {rows} rows; ' + ', '.join(f'{p.name} {p.peak_mb():.0f} MB' for p in processes))
            told += 30
        if whole is None and rows >= burst.lines:
            whole = now
        if whole is not None and canaries.is_current(0):
            session.close()
            return whole, now - whole
        time.sleep(1)


def check_post(generation, canaries, burst):
    canaries.sending.acquire()
    sent = [name for partition in canaries.sent for name in partition]
    pipeline.wait_for(lambda: all(name in canaries.seen for name in sent), 120)
    pipeline.say('all is settled; checking')
    count, units, amount = generation.sums("account LIKE 'big%'")
    pipeline.exact((count, units, amount * 1000), (burst.lines, burst.seconds, burst.seconds), 'the burst')
    _, units, amount = generation.sums("account LIKE 'zz-small-%'")
    pipeline.exact((units, amount * 1000), (CANARY_S * len(sent),) * 2, 'the small accounts')


def measure_post(servers, build, options, figures):
    if shutil.disk_usage(servers.run).free < DISK_BYTES:
        raise pipeline.Wrong(f'less than {DISK_BYTES} bytes are free at {servers.run}')
    with pipeline.Generation(servers, build, 'post', CATALOG, PARTITIONS, simulated=False) as generation:
        limit = int(options.limit_gb * 2 ** 30)
        processes = [generation.start(program, limit_bytes=limit) for program in ('aggregator', 'settler')]
        port = generation.folder / 'port'
        collector = generation.start('collector', '--http-port', 0, '--http-port-file', port)
        pipeline.wait_for(lambda: all(p.is_ready() for p in processes + [collector]), 60)
        canaries = Canaries(generation, int(port.read_text()))
        canaries.start()
        time.sleep(options.quiet_s)  # a measured stretch before the burst
        burst = Burst(options.containers, 0)
        begin, cpu = time.monotonic(), [p.cpu_s() for p in processes] + [servers.database_cpu_s()]
        try:
            door = Door(canaries.door.port)
            for body in burst.bodies:
                door.post(body)
            pipeline.say(f'{sum(map(len, burst.bodies))} bytes posted: {burst.lines} rows')
            whole, later = wait_burst(generation, canaries, processes, burst, options.minutes)
            end = time.monotonic()
            check_post(generation, canaries, burst)
            used = [p.cpu_s() for p in processes] + [servers.database_cpu_s()]
            figures['post: all rows stand after'] = f'{whole:.0f} s'
            figures["post: the partition's others are current"] = f'{later:.1f} s later'
            figures["post: the partition's others wait"] = summary(canaries.waits(0, begin, end))
            others = sorted(w for p in range(1, PARTITIONS) for w in canaries.waits(p, begin, end))
            figures['post: other partitions wait'] = summary(others)
            before = sorted(w for p in range(PARTITIONS) for w in canaries.waits(p, 0, begin - CURRENT_S))
            figures['post: all of them, before it'] = summary(before)
            for name, was, now in zip(('aggregator', 'settler', 'database'), cpu, used):
                figures[f'post: {name}'] = f'{now - was:.1f} CPU s'
            figures['post: rows'] = str(burst.lines)
            figures['post: schema on disk'] = f'{generation.disk_bytes() / 1e6:.0f} MB'
            figures['post: usage.frames'] = f'{servers.topic_bytes(generation.prefix + "usage.frames") / 1e6:.0f} MB'
        finally:
            canaries.done = True
            canaries.join(60)
            for process in processes:
                figures[f'post: {process.name} at most'] = f'{process.peak_mb():.0f} MB' + \
                    (f', ended ({process.status})' if not process.is_alive() else '')


# --- outage

OUTAGE_S = 1793527200  # 2026-11-01T10:00:00Z


def measure_outage(servers, build, options, figures):
    with pipeline.Generation(servers, build, 'outage', CATALOG, options.partitions) as generation:
        before, after = generation.folder / 'before.ndjson', generation.folder / 'after.ndjson'
        back = OUTAGE_S + 3600 + int(options.days * DAY_S)
        lives = [(OUTAGE_S + i % 3600, back + 1 + i % 3599) for i in range(options.running)]
        accounts = [f'account-{i:04}' for i in range(options.running // 5)]
        with open(before, 'w', encoding='utf-8') as out:
            for i, (launched, _) in enumerate(lives):
                out.write(json.dumps(event('launched', i, f'c{i}', launched, accounts[i % len(accounts)])) + '\n')
        with open(after, 'w', encoding='utf-8') as out:
            for i, (_, stopped) in enumerate(lives):  # the first of each partition makes its clock jump
                out.write(json.dumps(event('stopped', i, f'c{i}', stopped, accounts[i % len(accounts)])) + '\n')
        limit = int(options.limit_gb * 2 ** 30)
        processes = [generation.start(program, '--partitions', 'all', limit_bytes=limit)
                     for program in ('aggregator', 'settler')]
        pipeline.wait_for(lambda: all(p.is_ready() for p in processes), 60)
        generation.wait_settled(generation.send_file(before, OUTAGE_S + 3600))
        pipeline.say(f'{options.running} run; {options.days} days pass')
        try:
            begin = time.monotonic()
            generation.wait_settled(generation.send_file(after))
            took = time.monotonic() - begin
            lines, seconds = sum(hours_of(*life) for life in lives), sum(b - a for a, b in lives)
            count, units, amount = generation.sums()
            pipeline.exact((count, units, amount * 1000), (lines, seconds, seconds), 'lines, units, milli-dollars')
            figures['outage: all rows stand after'] = f'{took:.1f} s'
            figures['outage: rows'] = str(lines)
            for process in processes:
                figures[f'outage: {process.name}'] = f'{process.cpu_s():.1f} CPU s'
        finally:
            for process in processes:
                figures[f'outage: {process.name} at most'] = f'{process.peak_mb():.0f} MB' + \
                    (f', ended ({process.status})' if not process.is_alive() else '')


def measure(servers, build, options, figures):
    for name, load in (('outage', measure_outage), ('post', measure_post)):
        if name in options.loads.split(','):
            load(servers, build, options, figures)


def options_of(parser):
    parser.add_argument('--loads', default='outage,post', help='which of them [outage,post]')
    parser.add_argument('--limit-gb', type=float, default=6, help='address space of a process [6]')
    parser.add_argument('--minutes', type=float, default=30, help='then the post is given up [30]')
    parser.add_argument('--containers', type=int, default=25000, help='of the post [25000]')
    parser.add_argument('--quiet-s', type=float, default=60, help='of the post: small accounts alone, at first [60]')
    parser.add_argument('--running', type=int, default=5000, help='of the outage [5000]')
    parser.add_argument('--days', type=float, default=10, help='of the outage [10]')
    parser.add_argument('--partitions', type=int, default=PARTITIONS, help='of the outage [4]')


if __name__ == '__main__':
    sys.exit(pipeline.main(__doc__, 'Bounded frames', BARS, options_of, measure))
