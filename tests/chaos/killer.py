#!/usr/bin/env python3
"""Kills the processes of a run, one after the other, each after it has done something since it began.

killer.py FOLDER: the hook of deploy/local/run. CHAOS_VICTIMS names the victims, CHAOS_LOG a file that a line is
added to for each kill, CHAOS_PAUSE_MS how long a victim is let work after its counter moved.
"""
import os
import pathlib
import random
import signal
import subprocess
import sys
import time
import urllib.request

FOLDER = pathlib.Path(sys.argv[1])
LOCAL = pathlib.Path(__file__).resolve().parents[2] / 'deploy/local'
RANDOM = random.Random(os.environ.get('CHAOS_SEED', '1'))
COUNTERS = {'aggregator': ('hourglass_aggregator_frames_total', 'hourglass_aggregator_frames_replayed_total'),
            'settler': ('hourglass_settler_frames_total', 'hourglass_settler_frames_repeated_total'),
            'collector': ('hourglass_collector_messages_total',)}
RESTARTS_MAX = 6  # of servers: on a slow machine a run would not end


def read(path):
    try:
        return path.read_text().strip()
    except OSError:
        return ''


def counted(victim):
    """The sum of the victim's counters, or None while it does not answer."""
    port = read(FOLDER / f'{victim}.port')
    if not port:
        return None
    try:
        with urllib.request.urlopen(f'http://127.0.0.1:{port}/metrics', timeout=1) as answer:
            lines = answer.read().decode().splitlines()
    except (OSError, ValueError):
        return None
    values = (line.rsplit(' ', 1) for line in lines if not line.startswith('#'))
    return sum(int(value) for name, value in values if name in COUNTERS[victim])


def log(text):
    with open(os.environ['CHAOS_LOG'], 'a', encoding='utf-8') as file:
        file.write(text + '\n')


def kill(victim):
    """Waits until the victim has counted something, then kills it. False: it ended by itself."""
    pid = read(FOLDER / f'{victim}.pid')
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if (counted(victim) or 0) > 0 and read(FOLDER / f'{victim}.pid') == pid:
            break
        pid = read(FOLDER / f'{victim}.pid')
        time.sleep(0.01)
    else:
        return False
    time.sleep(RANDOM.uniform(0, float(os.environ.get('CHAOS_PAUSE_MS', '150'))) / 1000)
    did = counted(victim)
    try:
        os.kill(int(pid), signal.SIGKILL)
    except (OSError, ValueError):
        return False
    (FOLDER / f'{victim}.port').unlink(missing_ok=True)
    log(f'killed {victim} {pid} after {did}')
    return True


def restart_server(victim, settled):
    """Stops a server hard and starts it again, with its data; how many frames the settler had then. Not before it has
    settled some since the last time: it waits while servers are away, and would never get on."""
    calls = {'kafka': 'kafka_stop kill; kafka_start', 'postgres': 'pg_stop kill; pg_start'}
    frames = counted('settler') or 0
    if frames in (0, settled):
        return settled
    subprocess.run(['bash', '-c', f'. {LOCAL}/lib.sh; run_open; {calls[victim]}'], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    log(f'killed {victim}')
    return frames


def main():
    victims = os.environ['CHAOS_VICTIMS'].split(',')
    # The collector works for a short while only: it comes first.
    first = ['collector'] if 'collector' in victims else []
    settled = restarts = 0
    while restarts < RESTARTS_MAX:
        victim = first.pop() if first else RANDOM.choice(victims)
        if victim in ('kafka', 'postgres'):
            before, settled = settled, restart_server(victim, settled)
            restarts += settled != before
        else:
            kill(victim)
        time.sleep(0.05)


if __name__ == '__main__':
    main()
