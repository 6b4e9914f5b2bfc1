#!/usr/bin/env python3
"""Prints what work costs: CPU seconds a million records, and settled rows a second of the settler's CPU.

CPU seconds are of the process that does the work (user + system), so other load on the machine shows less than in wall
time; compare figures of one run with each other, not with another machine's. Needs deploy/local/up's servers.
"""
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get('HOURGLASS_BUILD', TOP / 'build'))
EVENTS = int(sys.argv[1]) if len(sys.argv) > 1 else 1000000
CATALOG = {'currency': 'USD', 'products': {
    'container': {'settle': 'hourly', 'skus': {'cpu.s': {'payg': {'price': '0.000011', 'per': 'second'}}}},
    'maas': {'settle': 'cycle', 'skus': {'m': {'input_tokens': {'price': '0.6', 'per': '1M'},
                                               'output_tokens': {'price': '1.2', 'per': '1M'}}}}}}


def write_tokens(path):
    """Calls of models: 5,000 accounts, 50 a second."""
    with open(path, 'w', encoding='utf-8') as out:
        for i in range(EVENTS):
            second = i // 50
            account = (i * 2654435761) % 5000
            out.write(f'{{"specversion":"1.0","id":"call-{i}-{i * 7919 % 1000003}","source":"/gateway/{i % 16}","type":'
                      f'"maas.tokens","subject":"acct{account}/chat","time":"2026-11-{1 + second // 86400:02}T'
                      f'{second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}.{i % 1000:03}Z","data":'
                      f'{{"account":"acct{account}","model":"m","usage":{{"prompt_tokens":{i % 3000},'
                      f'"completion_tokens":{i % 700}}}}}}}\n')


def write_levels(path, resources, hours):
    """Containers that run through many hours: rows to settle, next to no events."""
    with open(path, 'w', encoding='utf-8') as out:
        for i in range(resources):
            out.write(f'{{"specversion":"1.0","id":"l{i}","source":"/c","type":"container.launched","subject":"c{i}","time":'
                      f'"2026-11-01T00:00:00Z","data":{{"account":"acct{i % 100}","sku":"cpu.s"}}}}\n')
        for hour in range(1, hours):
            out.write(f'{{"specversion":"1.0","id":"t{hour}","source":"/c","type":"container.heartbeat","subject":"c0",'
                      f'"time":"2026-11-{1 + hour // 24:02}T{hour % 24:02}:00:00Z","data":{{"account":"acct0"}}}}\n')


def rate(catalog, events):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([BUILD / 'cli/hourglass', 'rate', '--catalog', catalog, events], stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, after.ru_maxrss / 1024


class Sampler(threading.Thread):
    """Reads a run's processes until they are gone: CPU seconds and a counter of each."""

    def __init__(self, name):
        super().__init__(daemon=True)
        run = os.environ.get('HOURGLASS_RUN', str(TOP / '.run'))
        self.folder = pathlib.Path(run) / 'runs' / name
        self.cpu, self.metrics, self.done = {}, {}, False

    def run(self):
        while not self.done:
            for name in ('collector', 'aggregator', 'settler'):
                self.sample(name)
            time.sleep(0.02)

    def sample(self, name):
        try:
            pid = int((self.folder / f'{name}.pid').read_text())
            fields = pathlib.Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()
            self.cpu[name] = (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')
            port = (self.folder / f'{name}.port').read_text().strip()
            with urllib.request.urlopen(f'http://127.0.0.1:{port}/metrics', timeout=1) as answer:
                self.metrics[name] = answer.read().decode()
        except (OSError, ValueError, IndexError):
            pass

    def value(self, name, metric):
        for line in self.metrics.get(name, '').splitlines():
            if line.startswith(metric + ' '):
                return int(float(line.split()[-1]))
        return 0


def pipeline(catalog, events, name):
    sampler = Sampler(name)
    sampler.start()
    subprocess.run([TOP / 'deploy/local/run', '--catalog', catalog, events], stdout=subprocess.DEVNULL, check=True,
                   env=dict(os.environ, HOURGLASS_RUN_NAME=name))
    sampler.done = True
    sampler.join()
    return sampler


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix='hourglass-bench'))
    catalog = folder / 'catalog.yaml'
    catalog.write_text(json.dumps(CATALOG))
    tokens, levels = folder / 'tokens.ndjson', folder / 'levels.ndjson'
    write_tokens(tokens)
    write_levels(levels, 2000, 48)
    cpu, memory = rate(catalog, tokens)
    millions = EVENTS / 1e6
    print(f'rate, token events:          {cpu / millions:6.2f} CPU s a million ({EVENTS / cpu:,.0f} a second a core), '
          f'{memory:.0f} MiB at most')
    run = pipeline(catalog, tokens, f'bench{os.getpid()}t')
    for name in ('collector', 'aggregator', 'settler'):
        print(f'{name + " process, token events:":28} {run.cpu.get(name, 0) / millions:6.2f} CPU s a million')
    run = pipeline(catalog, levels, f'bench{os.getpid()}l')
    rows = run.value('settler', 'hourglass_settler_rows_total')
    print(f'settler, rows of levels:     {rows / max(run.cpu.get("settler", 0), 0.01):,.0f} rows a CPU second '
          f'({rows} rows)')
    for program in ('bench_accept', 'bench_codec', 'bench_settle', 'bench_simulate'):
        path = BUILD / 'tests/bench' / program
        if path.exists():
            print(f'--- {program}')
            subprocess.run([path], check=False)


if __name__ == '__main__':
    main()
