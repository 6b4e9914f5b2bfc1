#!/usr/bin/env python3
"""Measures keys of `settled` (docs/decisions/007-settled-key.md): fills the schema's own table as the settler does, an
hour at a time and accounts in order, under each key, and asks what is asked of it. Needs deploy/local/up's PostgreSQL on
this machine, and nothing beside it. Ten million rows take some minutes and 3 GB a key.

usage: tests/long/settled_key.py [--rows N] [--usage BYTES] [--order COLUMN] [KEY...]"""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get('HOURGLASS_BUILD', TOP / 'build'))
SCHEMA = f'key_{os.getpid()}'
LONG_MS = 5000
LIMIT_MS = 20000
TICKS = os.sysconf('SC_CLK_TCK')
FIRST_HOUR = "'2026-11-01T00:00:00Z'::timestamptz"
# accounts of so many lines: 14,000 lines an hour, 720 hours are 10 million rows
ACCOUNTS = [(1, 1000), (9, 200), (90, 40), (900, 6), (2200, 1)]
LINES = sum(accounts * lines for accounts, lines in ACCOUNTS)
KEYS = {
    'none': '',
    'hour,line,seq': 'ALTER TABLE settled ADD PRIMARY KEY (hour, line, seq)',
    'line,hour,seq': 'ALTER TABLE settled ADD PRIMARY KEY (line, hour, seq)',
    'hour,account,line,seq': 'ALTER TABLE settled ADD PRIMARY KEY (hour, account, line, seq)',
    'account,hour,line,seq': 'ALTER TABLE settled ADD PRIMARY KEY (account, hour, line, seq)',
    'account,hour,line': 'CREATE INDEX ON settled (account, hour, line)',
    'account,hour,hash': 'CREATE INDEX ON settled (account, hour, uuid_hash(line))',
    'account,hour': 'CREATE INDEX ON settled (account, hour)',
}


class Session:
    """A psql that stays, and the CPU that its server process took."""

    def __init__(self, url):
        self.psql = subprocess.Popen(['psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', url], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL)
        self.ask(f'SET client_min_messages = warning; SET search_path = {SCHEMA}; SET timezone = UTC')
        self.pid = self.ask('SELECT pg_backend_pid()')[0]

    def ask(self, sql):
        self.psql.stdin.write(sql + ('\n' if sql.endswith('on') else ';\n') + '\\echo DONE\n')
        self.psql.stdin.flush()
        lines = []
        for line in self.psql.stdout:
            if line == 'DONE\n':
                return lines
            lines.append(line[:-1])
        raise SystemExit('psql ended: ' + sql[:200])

    def number(self, sql):
        return float(self.ask(sql)[0])

    def cpu_s(self):
        fields = pathlib.Path(f'/proc/{self.pid}/stat').read_text().rsplit(')', 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def execution_ms(self, sql):
        """The least of five after one that warms, of one where it is long."""
        times = []
        while len(times) < 6 and sum(times) < LONG_MS:
            said = '\n'.join(self.ask(f'\\set ON_ERROR_STOP off\nSET statement_timeout = {LIMIT_MS};\n'
                                       f'EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql};\n'
                                       'SET statement_timeout = 0;\n\\set ON_ERROR_STOP on'))
            if not said:
                return f'more than {LIMIT_MS // 1000} s'
            times.append(json.loads(said)[0]['Execution Time'])
        return f'{min(times):.2f} ms'


def begin(session, usage_bytes, order):
    sizes = ', '.join(f'({accounts}, {lines})' for accounts, lines in ACCOUNTS)
    session.ask(f"""
        CREATE TABLE source AS
        SELECT row_number() OVER () AS n, *, account_key(account) AS key,
               decode(substr(repeat(md5(resource), 99), 1, 2 * {usage_bytes}), 'hex') AS bytes
        FROM (SELECT account, resource, md5(account || resource)::uuid AS line
              FROM (VALUES {sizes}) v(accounts, lines), generate_series(1, accounts) a, generate_series(1, lines) r,
                   format('account-%s-%s', lines, a) account, format('resource-%s', r) resource
              ORDER BY account, {order}) names;
        INSERT INTO meta (currency, charge_scale) VALUES ('USD', 6);
        INSERT INTO account_names (name) SELECT DISTINCT account FROM source;
        INSERT INTO line_names
            SELECT line, 0, account, 'container', resource, 'runtime', 'gpu.a100', 'usage' FROM source""")
    session.ask(VIEWS)
    session.ask('VACUUM ANALYZE source; VACUUM ANALYZE line_names; VACUUM ANALYZE account_names')


def empty(session, key):
    """The table anew, with that key alone."""
    session.ask(f"""
        ALTER TABLE settled DISABLE TRIGGER USER; ALTER TABLE settled_default DISABLE TRIGGER USER;
        DROP TABLE IF EXISTS settled_2026_11;
        SELECT 1 FROM settled_range({FIRST_HOUR})""")
    for name in session.ask("SELECT conname FROM pg_constraint WHERE conrelid = 'settled'::regclass AND contype = 'p'"):
        session.ask(f'ALTER TABLE settled DROP CONSTRAINT {name}')
    for name in session.ask("SELECT i.indexrelid::regclass FROM pg_index i WHERE i.indrelid = 'settled'::regclass"):
        session.ask(f'DROP INDEX {name}')
    session.ask(KEYS[key] or 'SELECT')


def row_of(hour, seq, where=''):
    return f"""INSERT INTO settled (hour, account, line, partition, seq, usage, units, priced, "exists", total, amount)
        SELECT {FIRST_HOUR} + interval '1 hour' * {hour}, key, line, 0, {seq}, bytes, 3600, true, true,
               0.000137 * (n % 7919 + {seq}), 0.000137 * (n % 7919 + {seq}) FROM source {where}"""


def fill(session, hours):
    """An hour after the other; of each hundredth line, the hour of a day ago again."""
    cpu_s, began, wal = session.cpu_s(), time.monotonic(), session.ask('SELECT pg_current_wal_insert_lsn()')[0]
    rows = 0
    for hour in range(hours):
        session.ask(row_of(hour, hour))
        rows += LINES
        if hour >= 24:
            session.ask(row_of(hour - 24, hour, f'WHERE n % 100 = {hour % 100}'))
            rows += LINES // 100
    millions = rows / 1e6
    took = f'{(session.cpu_s() - cpu_s) / millions:.2f} CPU s, {(time.monotonic() - began) / millions:.2f} s'
    wal = session.number(f"SELECT pg_current_wal_insert_lsn() - '{wal}'::pg_lsn")
    print(f'  filling: {rows} rows; a million: {took}, {wal / rows:.0f} bytes of log a row')
    session.ask('VACUUM ANALYZE settled')
    heap = session.number("SELECT pg_table_size('settled_2026_11')") / rows
    index = session.number("SELECT pg_indexes_size('settled_2026_11')") / rows
    print(f'  size: {heap:.0f} + {index:.0f} = {heap + index:.0f} bytes a row', flush=True)


# The last row of each line: none later, or the first of its hour's.
VIEWS = """
CREATE OR REPLACE VIEW lines_none_later AS
SELECT s.hour, n.account, n.product, n.resource, s.units, s.total AS amount
FROM settled s JOIN account_names a ON a.account = s.account
JOIN line_names n ON n.line = s.line AND n.account = a.name
WHERE s."exists" AND NOT EXISTS (
    SELECT FROM settled l WHERE l.account = s.account AND l.hour = s.hour AND l.line = s.line AND l.seq > s.seq);
CREATE OR REPLACE VIEW lines_first AS
SELECT s.hour, n.account, n.product, n.resource, s.units, s.total AS amount
FROM account_names a
CROSS JOIN LATERAL (SELECT DISTINCT ON (s.hour, s.line) s.hour, s.line, s."exists", s.units, s.total
                    FROM settled s WHERE s.account = a.account ORDER BY s.hour, s.line, s.seq DESC) s
JOIN line_names n ON n.line = s.line AND n.account = a.name
WHERE s."exists"
"""


def ask_view(session, hours, view):
    middle = f"{FIRST_HOUR} + interval '1 hour' * {hours // 2}"
    for _, lines in ACCOUNTS[:4]:
        took = session.execution_ms(f"SELECT * FROM {view} WHERE account = 'account-{lines}-1' AND hour = {middle}")
        print(f"  an account's hour, {lines} lines: {took}", flush=True)
    for _, lines in ACCOUNTS[:4]:
        took = session.execution_ms(f"SELECT product, sum(amount) FROM {view} WHERE account = 'account-{lines}-1'"
                                    f" AND hour >= {FIRST_HOUR} AND hour < {FIRST_HOUR} + interval '30 days'"
                                    ' GROUP BY product')
        print(f"  an account's month, {lines * hours} rows: {took}", flush=True)
    took = session.execution_ms(f'SELECT product, sum(amount) FROM {view} WHERE hour = {middle} GROUP BY product')
    print(f'  an hour of all accounts, {LINES} lines: {took}', flush=True)


def ask_settler(session, hours):
    """The last row of each line and hour: by line, or all of the account's hour and then those wanted."""
    middle = f"{FIRST_HOUR} + interval '1 hour' * {hours // 2}"
    by_line = """LEFT JOIN LATERAL (SELECT usage, total FROM settled WHERE account = k.key
        AND hour = to_timestamp(k.hour_s) AND uuid_hash(line) = uuid_hash(n.line) AND line = n.line
        ORDER BY seq DESC LIMIT 1) s ON true"""
    by_hour = """LEFT JOIN (SELECT DISTINCT ON (s.account, s.hour, s.line) s.account, s.hour, s.line, s.usage, s.total
        FROM (SELECT DISTINCT u.key, u.hour_s FROM wanted w, unnest(w.keys, w.hours) u(key, hour_s)) d
        JOIN settled s ON s.account = d.key AND s.hour = to_timestamp(d.hour_s)
        ORDER BY s.account, s.hour, s.line, s.seq DESC) s
        ON s.account = k.key AND s.hour = to_timestamp(k.hour_s) AND s.line = n.line"""
    for count, what in ((1000, 'n % 14 = 3'), (LINES, 'true')):
        session.ask(f"""CREATE TEMP TABLE wanted AS SELECT array_agg(extract(epoch FROM {middle})::bigint) AS hours,
            array_agg(key) AS keys, array_agg(account) AS accounts, array_agg(resource) AS resources
            FROM source WHERE {what}""")
        for name, last in (('by line', by_line), ('by hour', by_hour)):
            took = session.execution_ms(f"""SELECT k.number, s.usage, s.total FROM wanted w,
                unnest(w.hours, w.keys, w.accounts, w.resources)
                    WITH ORDINALITY k(hour_s, key, account, resource, number)
                JOIN line_names n ON n.account = k.account AND n.product = 'container' AND n.resource = k.resource
                {last}""".replace('FROM wanted w,', 'FROM wanted w CROSS JOIN', 1))
            print(f"  the settler's last rows of {count} lines and hours, {name}: {took}", flush=True)
        session.ask('DROP TABLE wanted')


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument('--rows', type=int, default=10_000_000)
    parser.add_argument('--usage', type=int, default=70)
    parser.add_argument('--order', default='line', help='of an hour of an account, as it is written')
    parser.add_argument('keys', nargs='*', default=list(KEYS))
    options = parser.parse_args()
    said = subprocess.run([TOP / 'deploy/local/status', '--env'], stdout=subprocess.PIPE, check=False, text=True).stdout
    url = re.search('^HOURGLASS_DATABASE=(.+)$', said, re.M)[1]
    subprocess.run([BUILD / 'cli/hourglass', 'db', 'migrate', '--database', url, '--schema', SCHEMA], check=True)
    session = Session(url)
    hours = max(48, options.rows // LINES)
    try:
        begin(session, options.usage, options.order)
        for key in options.keys:
            print(key, flush=True)
            empty(session, key)
            fill(session, hours)
            if KEYS[key]:
                for view in ('lines_none_later', 'lines_first'):
                    print(f' {view}', flush=True)
                    ask_view(session, hours, view)
                ask_settler(session, hours)
    finally:
        Session(url).ask(f'DROP SCHEMA {SCHEMA} CASCADE')
    return 0


if __name__ == '__main__':
    sys.exit(main())
