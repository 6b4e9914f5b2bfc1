#!/usr/bin/env python3
"""One register (DESIGN §2): many `init` or `catalog apply` at once, or killed in the middle, leave one and the same in all
partitions. Real Kafka and the processes themselves; needs deploy/local/up's servers. Takes about three minutes."""
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

import facts
from facts import BUILD, TOP, Program, tell, time_text, wait_for

CATALOG = TOP / 'deploy/local/catalog.yaml'
PARTITIONS = 4
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix='hourglass-register'))
RUN = f'g{os.getpid()}x{int(time.time())}'
KAFKA, = facts.servers('KAFKA')


def start(prefix, *words):
    return subprocess.Popen([BUILD / 'cli/hourglass', *map(str, words), '--kafka', KAFKA, '--prefix', prefix],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def end(process, timeout=120):
    out, err = process.communicate(timeout=timeout)
    return process.returncode, out, err


def run(prefix, *words):
    return end(start(prefix, *words))


def tail(prefix, topic):
    status, out, err = run(prefix, 'tail', topic, '-e')
    if status != 0:
        tell(False, f'tail {topic} ends well', err)
    return [json.loads(line) for line in out.splitlines()]


def priced(name, price):
    path = FOLDER / f'{name}.yaml'
    path.write_text(CATALOG.read_text().replace('"2.50"', f'"{price}"'))
    return path


def controls_of(prefix):
    """By partition, the control messages in log order, as (kind, body)."""
    found = [[] for _ in range(PARTITIONS)]
    for message in tail(prefix, 'usage.records'):
        for kind, body in (message['control'] or {}).items():
            found[message['partition']].append((kind, body))
    return found


def taken_of(prefix):
    """By partition, what its frames show of the register, in order: (hour, catalog)."""
    found = [[] for _ in range(PARTITIONS)]
    for frame in sorted(tail(prefix, 'usage.frames'), key=lambda f: (f['partition'], f['offset'])):
        for fact in frame['facts']:
            for kind in ('InitFact', 'CatalogFact'):
                if kind in fact:
                    found[frame['partition']].append((fact[kind].get('from_s'), fact[kind]['catalog']))
    return found


class Live:
    """The aggregator and the collector of a generation."""

    def __init__(self, prefix):
        self.prefix, self.programs = prefix, []

    def __enter__(self):
        for name, words in (('aggregator', ['--partitions', 'all', '--group', self.prefix]), ('collector', ['--http-port', 0])):
            self.programs.append(Program(name, FOLDER, '--kafka', KAFKA, '--prefix', self.prefix, *words,
                                         as_name=self.prefix + name))
        return self

    def __exit__(self, *_):
        for program in self.programs:
            program.process.terminate()
        for program in self.programs:
            program.process.wait(60)


# --- init

def inits_at_once(round_number, catalogs):
    prefix = f'{RUN}i{round_number}.'
    started = [(path, start(prefix, 'init', '--catalog', path, '--partitions', PARTITIONS, '--replicas', 1,
                            '--by', f'n{i}')) for i, path in enumerate(catalogs)]
    ends = [(path, *end(process)) for path, process in started]
    firsts = [found[0][1] if found else None for found in controls_of(prefix)]
    tell(all(first and first['hash'] == firsts[0]['hash'] for first in firsts),
         f'{len(catalogs)} init at once, round {round_number}: one first message stands in all partitions', firsts)
    won = firsts[0]['catalog']
    tell(all(status == (0 if path.read_text() == won else 78) for path, status, _, _ in ends),
         'who asked for it ends with 0, who asked for another with 78', [e[1:] for e in ends])
    tell({m['init_digest'] for m in tail(prefix, 'aggregator.snapshots') if 'init_digest' in m} == {firsts[0]['hash']},
         'the manifest names it')
    return prefix, won


def inits():
    one, other = priced('one', '1.00'), priced('other', '2.00')
    for round_number in range(6):
        prefix, won = inits_at_once(round_number, [one] * 6 if round_number % 2 == 0 else [one, other] * 3)
        if round_number > 1:
            continue
        with Live(prefix):
            def all_began(prefix=prefix, won=won):
                return all(t == [(None, won)] or [c for _, c in t] == [won] for t in taken_of(prefix))
            tell(wait_for(all_began), 'and every partition works with it', taken_of(prefix))


# --- apply

def agrees(prefix, what):
    wait_for(lambda: run(prefix, 'catalog', 'show', '--whole')[0] == 0, 30)
    status, out, err = run(prefix, 'catalog', 'show', '--whole')
    taken = taken_of(prefix)
    tell(status == 0 and all(t == taken[0] for t in taken), what + ': all partitions hold the same, in order', out, err,
         [[(h, c[:0]) for h, c in t] for t in taken])
    status, out, err = run(prefix, 'catalog', 'show')
    tell(status == 0, what + ': show says so without reading all', out, err)
    return taken[0]


def applies_at_once(prefix, round_number, hour):
    paths = [priced(f'a{round_number}', f'{round_number + 3}.00'), priced(f'b{round_number}', f'{round_number + 3}.50')]
    started = [start(prefix, 'catalog', 'apply', path, '--from', time_text(hour), '--by', path.stem) for path in paths]
    ends = [end(process) for process in started]
    statuses = sorted(status for status, _, _ in ends)
    tell(statuses in ([0, 0], [0, 75]), f'two apply at once, round {round_number}: one at least holds', ends)
    taken = agrees(prefix, f'round {round_number}')
    of_hour = [catalog for h, catalog in taken if h == hour]
    won = [path.read_text() for path, (status, _, _) in zip(paths, ends) if status == 0]
    tell(sorted(of_hour) == sorted(won), 'what ended with 0 stands there, what ended with 75 nowhere', ends)


def same_applies_at_once(prefix, hour):
    path = priced('same', '77.00')
    ends = [end(p) for p in [start(prefix, 'catalog', 'apply', path, '--from', time_text(hour)) for _ in range(3)]]
    tell([status for status, _, _ in ends] == [0, 0, 0], 'three apply of the same at once all end with 0', ends)
    taken = agrees(prefix, 'the same thrice')
    tell([c for h, c in taken if h == hour] == [path.read_text()], 'and it stands there once')


def killed_and_repeated(prefix, round_number, hour, delay):
    path = priced(f'k{round_number}', f'{round_number + 20}.00')
    process = start(prefix, 'catalog', 'apply', path, '--from', time_text(hour))
    try:
        process.wait(delay)
    except subprocess.TimeoutExpired:
        process.kill()
    process.communicate()
    follows = round_number % 2 == 1
    wanted = priced(f'f{round_number}', f'{round_number + 20}.50') if follows else path
    status, out, err = run(prefix, 'catalog', 'apply', wanted, '--from', time_text(hour))
    if follows and status == 75: # what was killed came before it after all
        agrees(prefix, 'what was killed, copied by who came after it')
        status, out, err = run(prefix, 'catalog', 'apply', wanted, '--from', time_text(hour))
    tell(status == 0, f'killed after {delay:.2f} s, then ' + ('another' if follows else 'repeated') + ': it holds', out, err)
    taken = agrees(prefix, f'killed in round {round_number}')
    tell([c for h, c in taken if h == hour][-1] == wanted.read_text(), 'and it is the one in force')


def applies():
    prefix = f'{RUN}a.'
    status, _, err = run(prefix, 'init', '--catalog', CATALOG, '--partitions', PARTITIONS, '--replicas', 1)
    tell(status == 0, 'a generation is made', err)
    with Live(prefix):
        first = int(time.time()) // 3600 * 3600 + 6 * 3600
        for round_number in range(4):
            applies_at_once(prefix, round_number, first + round_number * 3600)
        same_applies_at_once(prefix, first + 6 * 3600)
        draw = random.Random(7)
        for round_number in range(6):
            killed_and_repeated(prefix, round_number, first + (7 + round_number) * 3600, draw.uniform(0.05, 3))
        status, out, err = run(prefix, 'catalog', 'apply', priced('last', '99.00'), '--from', time_text(first + 20 * 3600),
                               '--timeout', '30')
        tell(status == 0 and f'written to {PARTITIONS}' in out, 'after all of that apply works as at first', out, err)
        bounded_reading(prefix, first + 21 * 3600)


def bounded_reading(prefix, hour):
    """What the index says is believed only where it is of this log; without it, or told to, all is read."""
    index = tail(prefix, 'usage.register')
    tell(index[0]['key'] == 'taken' and list(index[0]['control']) == ['Init'] and
         {m['key'].split(' ')[0] for m in index} == {'from', 'taken', 'copied', 'held'},
         'usage.register says where the register stands', [m['key'] for m in index])
    tell(run(prefix, 'catalog', 'show')[:2] == run(prefix, 'catalog', 'show', '--whole')[:2],
         'by the index and by all frames show prints the same')
    status, out, err = run(prefix, 'catalog', 'apply', priced('whole', '98.00'), '--from', time_text(hour), '--whole')
    tell(status == 0, 'apply --whole reads all frames, and applies', out, err)
    agrees(prefix, 'applied by all frames')


def main():
    inits()
    applies()
    return facts.end()


if __name__ == '__main__':
    sys.exit(main())
