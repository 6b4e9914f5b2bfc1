#!/usr/bin/env python3
"""Kills in the middle of runs, a second aggregator and settler that come and go, servers that are restarted: the
lines must be the same bytes as offline. Real Kafka, real PostgreSQL; needs deploy/local/up's servers."""
import os
import pathlib
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(TOP / 'tests/integration'))
import facts
from facts import BUILD, tell

KILLS = int(os.environ.get('CHAOS_KILLS', '30'))
RUNS_MAX = 25


def run(events, catalog, log, victims, **extra):
    """A run of the pipeline under the killer. Returns the lines."""
    env = dict(os.environ, HOURGLASS_RUN_HOOK=str(TOP / 'tests/chaos/killer.py'), CHAOS_LOG=str(log),
               CHAOS_VICTIMS=victims, HOURGLASS_RUN_SNAPSHOT_BYTES='300000', HOURGLASS_RUN_FRAME_ROWS='20',
               HOURGLASS_RUN_FRAME_BYTES='2000', **extra)
    done = subprocess.run([TOP / 'deploy/local/run', '--catalog', catalog, events], env=env, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=600, check=False)
    if done.returncode != 0:
        sys.stderr.write(done.stderr.decode(errors='replace')[-2000:])
    return done.stdout


def kills_in(log):
    return log.read_text().splitlines() if log.exists() else []


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix='hourglass-chaos'))
    catalog, events = TOP / 'deploy/local/catalog.yaml', folder / 'events.ndjson'
    with open(events, 'wb') as out:
        subprocess.run([TOP / 'deploy/local/day.py', '--resources', '60', '--seed', '7'], stdout=out, check=True)
    want = subprocess.run([BUILD / 'cli/hourglass', 'rate', '--catalog', catalog, events], stdout=subprocess.PIPE,
                          check=True).stdout
    tell(len(want.splitlines()) > 500, f'the day has lines to get wrong: {len(want.splitlines())}')
    log = folder / 'kills'
    for number in range(RUNS_MAX):
        if len(kills_in(log)) >= KILLS:
            break
        before = len(kills_in(log))
        lines = run(events, catalog, log, 'aggregator,settler,collector', CHAOS_SEED=str(number))
        tell(lines == want, f'the same bytes after {len(kills_in(log)) - before} kills')
    for victim in ('aggregator', 'settler', 'collector'):
        count = sum(f' {victim} ' in line for line in kills_in(log))
        tell(count >= 2, f'{victim} was killed {count} times, each after it had done something')
    runs = pathlib.Path(os.environ.get('HOURGLASS_RUN', TOP / '.run')) / 'runs'
    restored = sum(path.read_text(errors='replace').count('snapshot=1') for path in runs.glob('*/aggregator.log'))
    tell(restored > 0, f'{restored} partitions went on from a snapshot')
    tell(len(kills_in(log)) >= KILLS, f'{len(kills_in(log))} kills in all')
    lines = run(events, catalog, log, 'aggregator,settler', HOURGLASS_RUN_ASSIGN='group', HOURGLASS_RUN_SECOND='1',
                CHAOS_SEED='99', CHAOS_PAUSE_MS='2000')
    tell(lines == want, 'the same bytes with a second aggregator and settler that come and are killed')
    servers = folder / 'servers'
    lines = run(events, catalog, servers, 'kafka,postgres', CHAOS_SEED='5')
    tell(lines == want and kills_in(servers), f'the same bytes after the servers were killed {len(kills_in(servers))} times')
    return facts.end()


if __name__ == '__main__':
    sys.exit(main())
