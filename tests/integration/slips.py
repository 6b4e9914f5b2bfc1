#!/usr/bin/env python3
"""What who asks the database may do wrong, or meet: values left empty, times the wrong way round, a standard output that is
closed or full, a table that is locked. Each ends with a word and the right status. Needs deploy/local/up's PostgreSQL."""
import os
import subprocess
import sys
import time

import facts
from facts import BUILD, tell

SCHEMA = f'slips_{os.getpid()}_{int(time.time())}'
DATABASE, = facts.servers('DATABASE')
# What prints something of an empty schema.
COMMANDS = {'spend': [], 'changes': ['--since', '2026-01'], 'resources': [], 'orders': [], 'prices': [],
            'balances': ['--format', 'csv'], 'bills': ['--format', 'csv'], 'notices': ['--format', 'csv'],
            'lines': ['--format', 'csv']}
STORED = ('balances', 'bills', 'notices', 'lines')


def command(name, *words):
    return [str(BUILD / 'cli/hourglass'), name, *COMMANDS.get(name, []), *words, '--database', DATABASE, '--schema', SCHEMA]


def end(words, **more):
    return subprocess.run(words, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
                          **{'stdout': subprocess.PIPE, **more})


def psql(text):
    return subprocess.run(['psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', DATABASE, '-c',
                           f'SET client_min_messages = error; SET search_path = {SCHEMA}', '-c', text],
                          stdout=subprocess.PIPE, check=True, text=True, timeout=60).stdout


def an_output_that_is_closed_or_full():
    closed, full = {}, {}
    for name in COMMANDS:
        closed[name] = end(['sh', '-c', 'exec "$@" >&-', 'sh', *command(name)])
        with open('/dev/full', 'w', encoding='utf-8') as out:
            full[name] = end(command(name), stdout=out)
    for what, done in (('closed', closed), ('full', full)):
        tell(all(d.returncode == 75 and f'hourglass {n}: standard output: ' in d.stderr for n, d in done.items()),
             f'a standard output that is {what} is said, and nothing of the answer goes to the database', done)


def values_that_are_none():
    for name in COMMANDS:
        if name == 'prices':
            continue
        done = [end(command(name, '--account', value)) for value in ('', b'\xff', 'a\nb', 'x' * 129)]
        tell(all(d.returncode == 64 and 'expected a name' in d.stderr and not d.stdout for d in done),
             f'{name}: an account that is no name is refused, an empty one is not "of all"', done)
    for words in (('spend', '--from', ''), ('changes', '--until', ''), ('prices', '--at', ''), ('prices', '--sku', ''),
                  ('bill', '', '2026-01'), ('explain', 'a', '2026-01-01T00:00:00Z', '', 'runtime')):
        done = end(command(*words))
        tell(done.returncode == 64 and 'expected a' in done.stderr, f'{" ".join(words)}: an empty value is refused', done)
    for words in (('spend', '--from', '2026-03', '--to', '2026-01'), ('changes', '--until', '2025-12')):
        done = end(command(*words))
        tell(done.returncode == 64 and 'expected a time after' in done.stderr, f'{words[0]}: the wrong way round is refused', done)
    done = end([BUILD / 'cli/hourglass', 'events', '--kafka', '127.0.0.1:1', '--from', '2026-03-01T00:00:00Z', '--to',
                '2026-01-01T00:00:00Z'])
    tell(done.returncode == 64 and 'expected a time after' in done.stderr, 'events: so it is', done)


def a_table_that_is_locked():
    with subprocess.Popen(['psql', '-XqAt', DATABASE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        other.stdin.write(f'BEGIN; LOCK TABLE {SCHEMA}.meta; SELECT 1;\n')
        other.stdin.flush()
        other.stdout.readline()
        done = {name: end(command(name, '--timeout', '1')) for name in STORED}
        other.stdin.close()
    tell(all(d.returncode == 75 and 'lock timeout' in d.stderr for d in done.values()),
         'a table that stays locked is waited for as long as --timeout says', done)


def a_migration_that_meets_a_reader():
    with subprocess.Popen(['psql', '-XqAt', DATABASE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        other.stdin.write(f'BEGIN; LOCK TABLE {SCHEMA}.migrations; SELECT 1;\n')
        other.stdin.flush()
        other.stdout.readline()
        done = end([BUILD / 'cli/hourglass', 'db', 'migrate', '--database', DATABASE, '--schema', SCHEMA])
        other.stdin.close()
    tell(done.returncode == 75 and 'lock timeout' in done.stderr, 'a migration stands before nobody for long: 75, try again', done)


def main():
    made = end(['sh', '-c', '"$@"', 'sh', BUILD / 'cli/hourglass', 'db', 'migrate', '--database', DATABASE, '--schema', SCHEMA])
    assert made.returncode == 0, made.stderr
    psql("INSERT INTO meta (currency, charge_scale, bill_scale, partitions) VALUES ('USD', 6, 2, 1)")
    try:
        an_output_that_is_closed_or_full()
        values_that_are_none()
        a_table_that_is_locked()
        a_migration_that_meets_a_reader()
    finally:
        psql(f'DROP SCHEMA {SCHEMA} CASCADE')
    return facts.end()


if __name__ == '__main__':
    sys.exit(main())
