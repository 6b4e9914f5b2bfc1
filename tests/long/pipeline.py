"""What the loads of this folder share: servers, a generation of its own for each run, its processes, what they cost.

A load's program measures one build folder, or several side by side: those named on the command line, else
HOURGLASS_BUILD, else build/. It uses what a build promises to the outside alone: programs and their options, HTTP, SQL,
metrics. Before a figure is printed, what stands in PostgreSQL was compared with what the load itself expects.
"""
import argparse
import ctypes
import decimal
import http.client
import json
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback

TOP = pathlib.Path(__file__).resolve().parents[2]
TICKS = os.sysconf('SC_CLK_TCK')
FOLDERS = {'collector': 'collectors', 'aggregator': 'aggregator', 'settler': 'settler'}
POINTER, COUNT = ctypes.c_void_p, ctypes.c_size_t
XXHASH, RD = ctypes.CDLL('libxxhash.so.0'), ctypes.CDLL('librdkafka.so.1')
XXHASH.XXH3_64bits.restype = ctypes.c_uint64
for function in ('rd_kafka_conf_new', 'rd_kafka_new', 'rd_kafka_queue_new', 'rd_kafka_queue_poll',
                 'rd_kafka_DeleteTopic_new'):
    getattr(RD, function).restype = POINTER


class Wrong(Exception):
    """The run did not do what it is measured for: its figures mean nothing."""


def say(text):
    print(time.strftime('%H:%M:%S ') + text, file=sys.stderr, flush=True)


def wait_for(what, seconds, pause=0.1):
    """What `what` returns once it is true; Wrong after so many seconds without."""
    end = time.monotonic() + seconds
    while True:
        found = what()
        if found:
            return found
        if time.monotonic() > end:
            raise Wrong(f'not within {seconds} s: {getattr(what, "__doc__", None) or what}')
        time.sleep(pause)


def partition_of(account, partitions):
    """The pipeline's own: XXH3-64 of the account's bytes, modulo P (schemas/README.md)."""
    name = account.encode()
    return XXHASH.XXH3_64bits(name, COUNT(len(name))) % partitions


def account_in(partition, partitions, begin):
    """The first of begin0, begin1, … that lives in the partition."""
    return next(name for name in (f'{begin}{i}' for i in range(1000000)) if partition_of(name, partitions) == partition)


def stamp(second):
    return time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(second))


# --- servers

class Servers:
    """Kafka and PostgreSQL of deploy/local/up; they stay up, as that command leaves them."""

    def __init__(self):
        self.run = pathlib.Path(os.environ.get('HOURGLASS_RUN', TOP / '.run'))
        subprocess.run([TOP / 'deploy/local/up'], stdin=subprocess.DEVNULL, check=True, timeout=300)
        said = subprocess.run([TOP / 'deploy/local/status', '--env'], stdout=subprocess.PIPE, check=True, text=True)
        found = dict(line.split('=', 1) for line in said.stdout.splitlines())
        self.kafka, self.database = found['HOURGLASS_KAFKA'], found['HOURGLASS_DATABASE']

    def sql(self, text):
        """Rows of a query, fields as text."""
        session = Session(self.database)
        try:
            return session.sql(text)
        finally:
            session.close()

    def database_cpu_s(self):
        """CPU seconds of all processes of the cluster, those that ended included (the postmaster reaped them)."""
        postmaster = int((self.run / 'postgres.pid').read_text())
        fields = stat(postmaster)
        ticks = sum(map(int, fields[11:15]))
        for child in pathlib.Path(f'/proc/{postmaster}/task/{postmaster}/children').read_text().split():
            try:
                ticks += sum(map(int, stat(int(child))[11:13]))
            except OSError:
                pass  # it ended between the two looks
        return ticks / TICKS

    def topic_bytes(self, topic):
        """What a topic's partitions take on the broker's disk, as they were sent (compressed)."""
        logs = (self.run / 'kafka/data').glob(f'{topic}-[0-9]*/*.log')
        return sum(log.stat().st_size for log in logs)


class Session:
    """A connection to PostgreSQL that stays open, for who asks often. For one thread."""

    END = '-- end of rows --'

    def __init__(self, database):
        self.process = subprocess.Popen(
            ['psql', '-X', '-q', '-A', '-t', '-F', '\t', '-v', 'ON_ERROR_STOP=1', database], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def sql(self, text):
        self.process.stdin.write(f'{text};\n\\echo {self.END}\n')
        self.process.stdin.flush()
        lines = []
        for line in self.process.stdout:
            if line.rstrip('\n') == self.END:
                return [row.split('\t') for row in lines]
            lines.append(line.rstrip('\n'))
        raise Wrong(f'{text[:200]}: {lines[-3:]}')  # psql ends at the first error

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(60)


def delete_topics(broker, topics):
    """Those that are not there are no error."""
    why, conf = ctypes.create_string_buffer(300), RD.rd_kafka_conf_new()
    RD.rd_kafka_conf_set(POINTER(conf), b'bootstrap.servers', broker.encode(), why, COUNT(300))
    client = POINTER(RD.rd_kafka_new(0, POINTER(conf), why, COUNT(300)))
    queue = POINTER(RD.rd_kafka_queue_new(client))
    old = (POINTER * len(topics))(*(RD.rd_kafka_DeleteTopic_new(topic.encode()) for topic in topics))
    RD.rd_kafka_DeleteTopics(client, old, COUNT(len(topics)), None, queue)
    event = POINTER(RD.rd_kafka_queue_poll(queue, 30000))
    if not event:
        raise OSError('topics not deleted')
    RD.rd_kafka_event_destroy(event)
    RD.rd_kafka_DeleteTopic_destroy_array(old, COUNT(len(topics)))
    RD.rd_kafka_queue_destroy(queue)
    RD.rd_kafka_destroy(client)


def stat(pid):
    """Fields of /proc/PID/stat behind the name: 11 and 12 are user and system ticks, 13 and 14 reaped children's."""
    return pathlib.Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()


# --- a generation and its processes

class Generation:
    """Topics and a schema of its own. A context: in the end processes are stopped, topics and schema are dropped."""

    def __init__(self, servers, build, name, catalog, partitions=4, simulated=True):
        self.servers, self.build, self.partitions = servers, build, partitions
        self.name = f'{name}{os.getpid()}x{int(time.time() * 1000) % 10 ** 9}'
        self.prefix, self.schemas = self.name + '.', []
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f'hourglass-{name}-'))
        self.processes = []
        (self.folder / 'catalog.yaml').write_text(catalog)
        words = ['--kafka', servers.kafka, '--prefix', self.prefix, '--partitions', partitions, '--replicas', 1,
                 '--catalog', self.folder / 'catalog.yaml'] + ['--simulated'] * simulated
        self.hourglass('init', *words)
        self.schema = self.new_schema()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.stop()
        self.drop()

    def hourglass(self, *words, output=None):
        done = subprocess.run([self.build / 'cli/hourglass', *map(str, words)], stdin=subprocess.DEVNULL,
                              stdout=output or subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            raise Wrong(f'hourglass {words[0]}: status {done.returncode}: {done.stderr[-1000:]}')

    def new_schema(self):
        schema = f'run_{self.name}_{len(self.schemas)}'
        self.schemas.append(schema)
        self.hourglass('db', 'migrate', '--database', self.servers.database, '--schema', schema)
        return schema

    def drop(self):
        for schema in self.schemas:
            self.servers.sql(f'DROP SCHEMA IF EXISTS {schema} CASCADE')
        topics = [f'{self.prefix}{topic}' for topic in
                  ('usage.records', 'usage.frames', 'aggregator.snapshots', 'usage.rejects', 'billing.notices')]
        delete_topics(self.servers.kafka, topics)
        subprocess.run(['rm', '-rf', self.folder], check=True)

    def start(self, program, *words, name=None, schema=None, limit_bytes=None):
        words = ['--kafka', self.servers.kafka, '--prefix', self.prefix, *words]
        if program != 'collector':
            words += ['--group', f'{self.name}-{name or program}', '--instance', f'{self.name}-{name or program}']
        if program == 'settler':
            words += ['--database', self.servers.database, '--schema', schema or self.schema]
        process = Process(self, name or program, self.build / FOLDERS[program] / f'hourglass-{program}', words,
                          limit_bytes)
        self.processes.append(process)
        return process

    def send_file(self, file, until_s=None):
        """Sends a file of events in simulated time; returns the second up to which it is then settled."""
        until = self.folder / 'until'
        process = self.start('collector', '--file', file, '--until-file', until, '--whole-hours',
                             *(['--until', stamp(until_s)] if until_s else []))
        wait_for(lambda: not process.is_alive(), 3600)
        if process.status != 0:
            raise Wrong(f'collector: status {process.status}: {process.said()}')
        return int(until.read_text())

    def wait_settled(self, until_s, schema=None):
        """Until every partition is settled up to that second; Wrong when a process ends."""
        waiting = subprocess.Popen(
            [self.build / 'cli/hourglass', 'lines', '--database', self.servers.database, '--schema',
             schema or self.schema, '--wait-for', str(until_s), '--partitions', str(self.partitions),
             '--timeout', '600'],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            while waiting.poll() is None:
                for process in self.processes:
                    if process.name != 'collector' and not process.is_alive():
                        raise Wrong(f'{process.name} ended with {process.status}: {process.said()}')
                    process.peak_mb()
                time.sleep(0.05)
        finally:
            waiting.kill()
            waiting.wait()
        if waiting.returncode != 0:
            raise Wrong(f'not settled up to {stamp(until_s)}')

    def lines(self, schema=None):
        """The file with the lines that stand in the database."""
        path = self.folder / 'lines.ndjson'
        with open(path, 'wb') as out:
            self.hourglass('lines', '--database', self.servers.database, '--schema', schema or self.schema, output=out)
        return path

    def sums(self, where='true'):
        """Number of lines, sum of units, sum of amounts."""
        row = self.servers.sql(f'SELECT count(*), coalesce(sum(units::numeric), 0), coalesce(sum(amount::numeric), 0) '
                               f'FROM {self.schema}.lines WHERE {where}')[0]
        return int(row[0]), int(row[1]), decimal.Decimal(row[2])

    def disk_bytes(self, schema=None):
        return int(self.servers.sql('SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0) FROM pg_class c JOIN '
                                    'pg_namespace n ON n.oid = relnamespace WHERE relkind = \'r\' AND nspname = '
                                    f"'{schema or self.schema}'")[0][0])

    def settled_rows(self, schema=None):
        return int(self.servers.sql(f'SELECT count(*) FROM {schema or self.schema}.settled')[0][0])

    def inserted_rows(self, session):
        """Rows of `settled` so far by PostgreSQL's own counters: cheap, at most some seconds behind."""
        return int(session.sql('SELECT coalesce(sum(n_tup_ins), 0) FROM pg_stat_all_tables WHERE '
                               f"schemaname = '{self.schema}' AND relname LIKE 'settled%'")[0][0])


class Process:
    """A program of the build. It is stopped by its pid; what it used is known afterwards too."""

    def __init__(self, generation, name, program, words, limit_bytes):
        self.name, self.log = name, generation.folder / f'{name}.log'
        self.metrics = pathlib.Path(program).name.replace('-', '_')  # what the names of its metrics begin with
        self.admin_file = generation.folder / f'{name}.admin'
        self.admin_file.unlink(missing_ok=True)
        self.connection = self.status = None
        self.used_s, self.top_mb = 0.0, 0.0
        words = [str(word) for word in words] + ['--admin-port-file', str(self.admin_file)]

        def limit():
            if limit_bytes:
                resource.setrlimit(resource.RLIMIT_AS, (limit_bytes, limit_bytes))

        self.begun = time.monotonic()
        with open(self.log, 'ab') as log:
            self.process = subprocess.Popen([program, *words], stdin=subprocess.PIPE, stdout=log, stderr=log,
                                            preexec_fn=limit)

    def is_alive(self):
        if self.status is None:
            pid, status, usage = os.wait4(self.process.pid, os.WNOHANG)
            if pid:
                self.ended(status, usage)
        return self.status is None

    def ended(self, status, usage):
        self.status = self.process.returncode = os.waitstatus_to_exitcode(status)
        self.used_s, self.top_mb = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
        self.process.stdin.close()

    def cpu_s(self):
        return sum(map(int, stat(self.process.pid)[11:13])) / TICKS if self.is_alive() else self.used_s

    def peak_mb(self):
        """The most memory it ever held."""
        if self.is_alive():
            status = pathlib.Path(f'/proc/{self.process.pid}/status').read_text()
            self.top_mb = int(re.search(r'VmHWM:\s+(\d+)', status)[1]) / 1024
        return self.top_mb

    def get(self, path):
        """Status and text of an answer on the admin port; (0, '') while there is none."""
        if not self.is_alive():
            raise Wrong(f'{self.name} ended with {self.status}: {self.said()}')
        try:
            if self.connection is None:
                port = int(self.admin_file.read_text())
                self.connection = http.client.HTTPConnection('127.0.0.1', port, timeout=30)
            self.connection.request('GET', path)
            answer = self.connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, ValueError, http.client.HTTPException):
            self.connection = None
            return 0, ''

    def is_ready(self):
        return self.get('/readyz')[0] == 200

    def metric(self, name):
        found = re.search(rf'^{self.metrics}_{re.escape(name)} (\S+)$', self.get('/metrics')[1], re.M)
        return int(float(found[1])) if found else 0

    def said(self):
        return self.log.read_text(errors='replace')[-1500:]

    def stop(self, number=signal.SIGTERM):
        if not self.is_alive():
            return
        self.process.send_signal(number)
        end = time.monotonic() + 20
        while self.is_alive():
            if time.monotonic() > end:
                self.process.kill()
            time.sleep(0.02)


# --- results

def exact(found, wanted, what):
    if found != wanted:
        raise Wrong(f'{what}: {found}, expected {wanted}')


def rate_lines(build, catalog, events, out):
    """`hourglass rate` into a file; its CPU seconds and its most memory."""
    with open(out, 'wb') as to:
        process = subprocess.Popen([build / 'cli/hourglass', 'rate', '--catalog', catalog, events], stdout=to)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if status != 0:
        raise Wrong(f'rate: status {process.returncode}')
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def same_files(one, other, what):
    if subprocess.run(['cmp', '-s', one, other], check=False).returncode != 0:
        raise Wrong(f'{what}: the bytes differ')


def sum_lines(path):
    """Number of lines, sum of units, sum of amounts of a file of lines."""
    count = units = 0
    amount = decimal.Decimal(0)
    with open(path, encoding='utf-8') as lines:
        for line in map(json.loads, lines):
            count, units = count + 1, units + int(line['units'])
            amount += decimal.Decimal(line['amount'])
    return count, units, amount


def show(title, bars, columns):
    """A table: measure, bar, a column a build. What a build could not do stands below it."""
    measures = list(dict.fromkeys(name for _, figures, _ in columns for name in figures))
    rows = [['', 'bar'] + [str(build) for build, _, _ in columns]]
    rows += [[name, bars.get(name, '')] + [figures.get(name, '-') for _, figures, _ in columns] for name in measures]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    print(f'\n{title}\n')
    for row in rows:
        print('  '.join(cell.ljust(width) if i == 0 else cell.rjust(width)
                        for i, (cell, width) in enumerate(zip(row, widths))).rstrip())
    for build, _, why in columns:
        if why:
            print(f'\n{build}: NOT RIGHT: {why}')
    sys.stdout.flush()


def main(text, title, bars, add_options, measure):
    """Runs `measure(servers, build, options, figures)` for each build; it fills `figures`, measure to text."""
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     epilog='HOURGLASS_RUN: the run folder of deploy/local/up, whose servers are used.')
    parser.add_argument('builds', nargs='*', type=pathlib.Path, metavar='BUILD',
                        help='build folders, measured one after another (default: HOURGLASS_BUILD, else build)')
    add_options(parser)
    options = parser.parse_args()
    builds = options.builds or [pathlib.Path(os.environ.get('HOURGLASS_BUILD', TOP / 'build'))]
    for build in builds:
        if not (build / 'cli/hourglass').exists():
            parser.error(f'nothing is built in {build}: meson setup --buildtype=release {build} && ninja -C {build}')
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    servers, columns = Servers(), []
    for build in builds:
        figures, why = {}, ''
        say(f'{title}: {build}')
        try:
            measure(servers, build.resolve(), options, figures)
        except Wrong as wrong:
            why = str(wrong)
        except Exception:  # the other builds are measured all the same
            why = traceback.format_exc()
        columns.append((build, figures, why))
    show(title, bars, columns)
    sys.exit(any(why for _, _, why in columns))
