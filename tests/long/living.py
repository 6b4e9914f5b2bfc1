"""A generation that lives: a process of each kind, events that flow all the time, and what is looked at while something
befalls it. In the end its lines are compared with `hourglass rate` of all that was answered 200."""
import contextlib
import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import types

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'integration'))
from facts import BUILD, TOP, tell

FOLDER = pathlib.Path(tempfile.mkdtemp(prefix='hourglass-faults'))
RUN = f'f{os.getpid()}x{int(time.time())}'
PARTITIONS = 4
PROGRAMS = {'collector': 'collectors', 'aggregator': 'aggregator', 'settler': 'settler'}
CATALOG = """currency: USD
products:
  container:
    settle: hourly
    skus: {gpu: {payg: {price: "3.60", per: hour}}}
  maas:
    settle: hourly
    skus: {llm: {input_tokens: {price: "1.00", per: 1K}, output_tokens: {price: "2.00", per: 1K}}}
"""
ACCOUNTS = 16
at = types.SimpleNamespace(kafka='', database='', settlers='', root='')  # the servers; root: PostgreSQL's own user


def wait_for(what, seconds=60, pause=0.1):
    end = time.monotonic() + seconds
    while True:
        found = what()
        if found or time.monotonic() > end:
            return found
        time.sleep(pause)


def run(*words, check=True, **more):
    return subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=300, check=check, **more)


def local(script):
    """Commands of deploy/local/lib.sh."""
    return run('bash', '-c', f'set -eu; . deploy/local/lib.sh; run_open; {script}', cwd=TOP).stdout


def hourglass(*words, check=True):
    return run(BUILD / 'cli/hourglass', *words, check=check)


def sql(text):
    """As the server's own user, whatever its transactions are by default."""
    done = run('psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', at.root, '-c', text, check=False,
               env={**os.environ, 'PGOPTIONS': '-c default_transaction_read_only=off -c client_min_messages=error'})
    if done.returncode != 0:
        raise OSError(done.stderr)
    return done.stdout.splitlines()


# --- processes

class Process:
    def __init__(self, part, prefix, name=None, words=(), database=None):
        self.part, self.name = part, name or part
        self.prefix, self.words, self.database = prefix, list(words), database or at.settlers
        self.log = FOLDER / f'{prefix}{self.name}.log'
        self.port, self.door = FOLDER / f'{prefix}{self.name}.port', FOLDER / f'{prefix}{self.name}.door'
        self.start()

    def start(self):
        for old in (self.port, self.door):
            old.unlink(missing_ok=True)
        words = ['--kafka', at.kafka, '--prefix', self.prefix, '--admin-port-file', self.port, *self.words]
        environment = dict(os.environ)
        if self.part == 'collector':
            words += ['--http-port', '0', '--http-port-file', self.door]
        if self.part == 'settler':
            environment['HOURGLASS_DATABASE'] = self.database
            if '--schema' not in words:
                words += ['--schema', schema_of(self.prefix)]
        with open(self.log, 'ab') as log:
            self.process = subprocess.Popen([BUILD / PROGRAMS[self.part] / f'hourglass-{self.part}', *map(str, words)],
                                            stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment)
        processes.append(self)

    def get(self, path, timeout=10):
        try:
            connection = http.client.HTTPConnection('127.0.0.1', int(self.port.read_text()), timeout=timeout)
            connection.request('GET', path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, ValueError, http.client.HTTPException):
            return 0, ''

    def ready(self):
        return self.get('/readyz')[0] == 200

    def metrics(self):
        return {name: float(value) for name, value in
                re.findall(r'^hourglass_(\S+(?:\{.*?\})?) (\S+)$', self.get('/metrics')[1], re.M)}

    def partitions_now(self, key='partition_watermark_timestamp_seconds'):
        return {int(n): v for n, v in ((re.match(rf'{self.part}_{key}{{partition="(\d+)"}}', k), v)
                                      for k, v in self.metrics().items()) if n for n in [n[1]]}

    def said(self, event):
        return re.findall(rf'event={event}\b.*', self.text())

    def text(self):
        return self.log.read_text(errors='replace')

    def lives(self):
        return self.process.poll() is None

    def ends(self, seconds=40):
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def kill(self):
        self.process.kill()
        self.process.wait()

    def again(self):
        self.start()
        return self


processes = []


def schema_of(prefix):
    return prefix.rstrip('.')


class Watch(threading.Thread):
    """What /readyz says, five times a second."""
    def __init__(self, process):
        super().__init__(daemon=True)
        self.process, self.seen, self.over = process, [], False
        self.began = time.monotonic()
        self.start()

    def run(self):
        while not self.over:
            status, text = self.process.get('/readyz', 3)
            self.seen.append((time.monotonic() - self.began, status, text.strip()))
            time.sleep(0.2)

    def end(self):
        self.over = True
        self.join()
        return self

    def first(self, status):
        return next((at for at, got, _ in self.seen if got == status), None)

    def words(self):
        return sorted({text[:160] for _, status, text in self.seen if status == 503})

    def flaps(self, until):
        """How often it was ready again before the end of the fault."""
        mine = [got for at, got, _ in self.seen if at < until]
        return sum(1 for a, b in zip(mine, mine[1:]) if a == 503 and b == 200)


# --- events

def stamp(second):
    return time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(second))


class Flow(threading.Thread):
    """Sends a batch again until it is answered 200, then the next: over all partitions, all the time."""
    def __init__(self, world):
        super().__init__(daemon=True)
        self.world, self.over, self.accepted, self.number, self.refused = world, False, [], 0, []
        self.begin = int(time.time()) - 7200
        self.start()

    def event(self, kind, subject, second, account, **data):
        self.number += 1
        return {'specversion': '1.0', 'id': f'e{self.number}', 'source': '/platform', 'type': kind, 'subject': subject,
                'time': stamp(second), 'data': {'account': account, **data}}

    def batch(self):
        now, events = int(time.time()), []
        for i in range(ACCOUNTS):
            account, subject = f'a{i}', f'r{i}n{self.number}'
            events.append(self.event('maas.tokens', f'end{i}', self.begin, account, model='llm', input_tokens=10 + i,
                                     output_tokens=i))
            events.append(self.event('container.launched', subject, now - 1800, account, sku='gpu'))
            events.append(self.event('container.stopped', subject, now - 10 * (self.number % 100), account, sku='gpu'))
        return events

    def post(self, body):
        try:
            connection = http.client.HTTPConnection('127.0.0.1', int(self.world.collector.door.read_text()), timeout=20)
            connection.request('POST', '/v1/events', body, {'Content-Type': 'application/cloudevents-batch+json'})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, ValueError, http.client.HTTPException) as error:
            return 0, str(error)

    def run(self):
        while not self.over:
            events = self.batch()
            body = json.dumps(events).encode()
            while True:
                status, text = self.post(body)
                if status == 200:
                    self.accepted += events
                    break
                if status in (400, 413, 415):
                    self.refused.append((status, text[:500]))
                    break
                time.sleep(0.3)
            time.sleep(0.3)

    def end(self):
        self.over = True
        self.join(60)
        return self


class World:
    """A generation with a process of each kind, and events that flow."""
    def __init__(self, name, collector=(), aggregator=(), settler=()):
        self.prefix = f'{RUN}{name}.'
        self.schema = schema_of(self.prefix)
        catalog = FOLDER / 'catalog.yaml'
        catalog.write_text(CATALOG)
        self.catalog = catalog
        hourglass('init', '--kafka', at.kafka, '--prefix', self.prefix, '--partitions', PARTITIONS, '--replicas', 1,
                  '--catalog',
                  catalog)
        hourglass('db', 'migrate', '--database', at.database, '--schema', self.schema)
        sql(f"SET search_path TO {self.schema}; SELECT grant_settler('hourglass_settler')")
        self.collector = Process('collector', self.prefix, words=collector)
        self.aggregator = Process('aggregator', self.prefix, words=aggregator)
        self.settler = Process('settler', self.prefix, words=settler)
        self.all = [self.collector, self.aggregator, self.settler]
        tell(all(wait_for(p.ready) for p in self.all), 'all are ready', *[p.text()[-800:] for p in self.all])
        self.flow = Flow(self)

    def lines(self):
        done = hourglass('lines', '--database', at.database, '--schema', self.schema)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def expected(self):
        file = FOLDER / 'events.ndjson'
        file.write_text(''.join(json.dumps(e) + '\n' for e in self.flow.accepted))
        return [json.loads(line) for line in hourglass('rate', '--catalog', self.catalog, file).stdout.splitlines()]

    def settles(self, seconds=40):
        """Whether every partition's log time moves on."""
        before = self.settler.partitions_now()
        return wait_for(lambda: len(self.settler.partitions_now()) == PARTITIONS and
                        all(v > before.get(n, 0) for n, v in self.settler.partitions_now().items()), seconds)

    def exact(self, what, seconds=90):
        """Ends the flow."""
        flow = self.flow.end()
        wanted = self.expected()
        good = wait_for(lambda: self.lines() == wanted, seconds, 1)
        found = self.lines()
        tell(good and wanted and not flow.refused, f'{what}: {len(wanted)} lines of {len(flow.accepted)} events are exact',
             len(found), [l for l in wanted if l not in found][:3], [l for l in found if l not in wanted][:3],
             flow.refused[:3],
             self.settler.get('/readyz'), self.aggregator.get('/readyz'), self.settler.text()[-1500:],
             self.aggregator.text()[-800:])

    def end(self):
        self.flow.over = True
        for process in processes:
            if process.prefix == self.prefix and process.lives():
                process.kill()


def outage(world, what, begin, end, seconds, those, within=2.5, back=45, steady=True):
    """Those are not ready within a moment, say so once, and once a minute, and when it is over; they go on. Not steady: the
    fault comes and goes."""
    before = {p: (len(p.said('waiting')) + len(p.said('partition_waits')),
                  len(p.said('back')) + len(p.said('partition_back')),
                  len(p.text().splitlines())) for p in those}
    began = time.monotonic()
    begin()
    watches = {p: Watch(p) for p in those}
    lag = time.monotonic() - began
    time.sleep(max(0, seconds - (time.monotonic() - began)))
    lasted = time.monotonic() - began
    end()
    ready = {p: wait_for(p.ready, back) for p in those}
    for p in those:
        watch = watches[p].end()
        first = watch.first(503)
        tell(p.lives(), f'{what} for {lasted:.0f} s: the {p.name} waits', p.text()[-800:])
        tell(first is not None and first < within, f'{what}: the {p.name} is not ready within seconds '
             f'({"never" if first is None else f"{first + lag:.1f} s"})', watch.seen[:20])
        tell(not steady or watch.flaps(lasted) == 0, f'{what}: and stays so ({watch.flaps(lasted)} times ready)',
             watch.words())
        print('#   ' + ' | '.join(watch.words()), flush=True)
        tell(ready[p], f'{what}: the {p.name} is ready again', p.get('/readyz'), p.text()[-1500:])
        waits = len(p.said('waiting')) + len(p.said('partition_waits')) - before[p][0]
        backs = len(p.said('back')) + len(p.said('partition_back')) - before[p][1]
        lines = len(p.text().splitlines()) - before[p][2]
        most = (1 + int(lasted + back) // 60) * (PARTITIONS + 1) * (1 if steady else 3)
        tell(1 <= waits <= most and backs >= 1 and (lines < 40 or not steady),
             f'{what}: the {p.name} says {waits} times that it waits, '
             f'{backs} times back, {lines} lines in all', '\n'.join(p.text().splitlines()[-lines:][:30]))
        tell(not p.said('gave_up'), f'{what}: it does not give up', p.text()[-500:])
    tell(world.settles(), f'{what}: all partitions go on', world.settler.partitions_now(), world.settler.text()[-1200:],
         world.aggregator.text()[-800:])


# --- freezing

@contextlib.contextmanager
def frozen(pids):
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in reversed(pids):
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGCONT)


class Frozen:
    def __init__(self, whom):
        self.whom, self.pids = whom, []

    def begin(self):
        self.pids = self.whom()
        for pid in self.pids:
            os.kill(pid, signal.SIGSTOP)

    def end(self):
        while self.pids:
            with contextlib.suppress(OSError):
                os.kill(self.pids.pop(), signal.SIGCONT)


def database_pids():
    first = int(local('pg_pid'))
    return [int(pid) for pid in run('pgrep', '-P', first).stdout.split()] + [first]


def broker_pids():
    return [int(local('kafka_pid'))]
