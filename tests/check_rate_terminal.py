#!/usr/bin/env python3
"""What `hourglass rate` says beside its lines: progress on a terminal and when asked by SIGUSR1, a default TIME that one
event decides, lines without a price. check_rate_terminal.py HOURGLASS"""
import json
import os
import pathlib
import pty
import signal
import subprocess
import sys
import tempfile

HOURGLASS = str(pathlib.Path(sys.argv[1]).resolve())
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix='hourglass-rate'))
failed = 0


def tell(good, fact, *shown):
    global failed
    failed += not good
    if not good:
        print('not ok -', fact, *shown, flush=True)


def event(number, time, model='m'):
    return json.dumps({'specversion': '1.0', 'id': f'e{number}', 'source': 's', 'type': 'maas.images', 'subject': 'r',
                       'time': time, 'data': {'account': 'a', 'model': model, 'images': 1, 'status': 'succeeded'}}) + '\n'


def rate(*events, **more):
    path = FOLDER / 'events.ndjson'
    path.write_text(''.join(events))
    return subprocess.run([HOURGLASS, 'rate', '--catalog', CATALOG, *more.pop('words', ()), path], text=True,
                          stdout=subprocess.PIPE, stderr=more.pop('stderr', subprocess.PIPE), check=False, **more)


def on_a_terminal(*events, **env):
    """What is written to a terminal on standard error, and what stands on standard output."""
    ours, theirs = pty.openpty()
    done = rate(*events, stderr=theirs, env=dict(os.environ, **env))
    os.close(theirs)
    said = b''
    try:
        while chunk := os.read(ours, 65536):
            said += chunk
    except OSError:  # the other side is closed and all is read
        pass
    os.close(ours)
    return said.decode(), done.stdout


def terminal():
    good = [event(i, f'2026-11-01T{i % 24:02d}:00:00Z') for i in range(48)]
    plain = rate(*good)
    tell(plain.stderr == '' and plain.returncode == 0, 'off a terminal nothing is said of progress', plain.stderr)
    said, out = on_a_terminal(*good, TERM='xterm')
    tell('\r\x1b[Khourglass rate: reading, ' in said and '\n' not in said and said.endswith('\r\x1b[K'),
         'on a terminal one line is drawn, and taken away', repr(said))
    tell(out == plain.stdout, 'standard output is the same')
    tell('\x1b[3' not in said and '\x1b[1' not in said, 'it has no colour', repr(said))
    said, _ = on_a_terminal(*good, TERM='dumb')
    tell(said == '', 'a dumb terminal has no progress', repr(said))
    said, _ = on_a_terminal(good[0], 'nonsense\n', TERM='xterm')
    tell('events.ndjson:2: ' in said, 'what is rejected stands on a line of its own', repr(said))


def asked():
    process = subprocess.Popen([HOURGLASS, 'rate', '--catalog', CATALOG, '-'], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdin.write(event(1, '2026-11-01T10:00:00Z') + 'nonsense\n')
    process.stdin.flush()
    tell(process.stderr.readline().startswith('-:2: '), 'a reject is told at once')
    process.send_signal(signal.SIGUSR1)
    line = process.stderr.readline()
    tell(line.startswith('hourglass rate: reading, '), 'SIGUSR1 has a line written while it waits for input', line)
    out, err = process.communicate(timeout=20)
    tell(process.returncode == 3 and out.count('\n') == 1 and err == '', 'and it goes on', process.returncode, out, err)


def hints():
    near, far = [event(1, '2026-11-01T10:00:00Z'), event(2, '2026-11-02T11:00:00Z')], event(3, '2199-01-01T00:00:00Z')
    tell(rate(*near).stderr == '', 'a default TIME near the events is no news')
    done = rate(*near, far)
    tell('TIME is 2199-01-01T01:00:00Z, for 1 event' in done.stderr and '2026-11-02T11:00:00Z' in done.stderr and
         done.returncode == 0, 'a TIME that one event far ahead decides is told', done.stderr)
    tell(rate(*near, far, words=['--until', '2026-12-01T00:00:00Z']).stderr == '', 'not where --until names it')
    done = rate(*near, event(4, '2026-11-01T12:00:00Z', 'typo'))
    tell(done.stderr == 'hourglass rate: 1 line is unpriced (no price at the time)\n' and done.returncode == 0,
         'lines without a price are counted', done.stderr)
    done = rate(*near, event(4, '2026-11-01T12:00:00Z', 'typo'), event(5, '2026-11-01T13:00:00Z', 'typo'))
    tell('2 lines are unpriced' in done.stderr, 'all of them', done.stderr)


CATALOG = FOLDER / 'catalog.yaml'
CATALOG.write_text('currency: USD\nproducts:\n  maas: {settle: cycle, skus: {m: {images: {price: "1", per: 1}}}}\n')
terminal()
asked()
hints()
sys.exit(failed > 0)
