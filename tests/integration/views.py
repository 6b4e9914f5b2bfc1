#!/usr/bin/env python3
"""What the views promise: their columns and types, what they say of rows that were corrected, and that a question about an
account's hour reads that hour alone. Real PostgreSQL; needs deploy/local/up's servers."""
import json
import os
import subprocess
import sys
import time

import facts
from facts import BUILD, TOP, tell

SCHEMA = f'views_{os.getpid()}_{int(time.time())}'
LINES = [('hour', 'timestamp with time zone'), ('account', 'text'), ('product', 'text'), ('resource', 'text'),
         ('meter', 'text'), ('sku', 'text'), ('kind', 'text'), ('units', 'numeric'), ('amount', 'numeric'),
         ('currency', 'text')]


DATABASE, = facts.servers('DATABASE')


def sql(text):
    done = subprocess.run(['psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', DATABASE, '-c', 'SET client_min_messages = error',
                           '-c', f'SET search_path = {SCHEMA}', '-c', 'SET timezone = UTC', '-c', text],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def hourglass(*words):
    return subprocess.run([BUILD / 'cli/hourglass', *words, '--database', DATABASE, '--schema', SCHEMA],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120, check=False)


def migrate(last=None):
    """The schema as of that migration, of all without it."""
    if last is None:
        done = hourglass('db', 'migrate')
        assert done.returncode == 0, done.stderr
        return
    sql(f"""CREATE SCHEMA {SCHEMA};
        CREATE TABLE migrations (number integer PRIMARY KEY, name text NOT NULL, digest text NOT NULL,
                                 applied_at timestamptz NOT NULL DEFAULT now())""")
    for path in sorted((TOP / 'schemas/sql').glob('*.sql'))[:last]:
        sql(path.read_text())
        sql(f"INSERT INTO migrations VALUES ({int(path.name[:3])}, '{path.stem}',"
            f" encode(sha256(convert_to($t${path.read_text()}$t$, 'UTF8')), 'hex'))")


def drop():
    sql(f'DROP SCHEMA {SCHEMA} CASCADE')


def add(account, resource, hour, seq, units, total, priced=True, exists=True, sku='gpu'):
    line = f"md5('{account}/{resource}/{sku}')::uuid"
    sql(f"""INSERT INTO account_names (name) VALUES ('{account}') ON CONFLICT DO NOTHING;
        INSERT INTO line_names VALUES ({line}, 0, '{account}', 'container', '{resource}', 'runtime', '{sku}', 'usage')
            ON CONFLICT DO NOTHING;
        INSERT INTO settled (hour, account, line, partition, seq, usage, units, priced, "exists", total, amount)
            VALUES ('{hour}', account_key('{account}'), {line}, 0, {seq}, '', {units}, {priced}, {exists}, {total},
                    {total})""")


# --- what the view says

def columns_and_types():
    found = [tuple(row.split('|')) for row in sql(f"""SELECT attname, format_type(atttypid, NULL),
        col_description(attrelid, attnum) IS NOT NULL, obj_description(attrelid, 'pg_class') IS NOT NULL
        FROM pg_attribute WHERE attrelid = 'lines'::regclass AND attnum > 0 ORDER BY attnum""")]
    tell(found == [(name, kind, 't', 't') for name, kind in LINES], 'lines has its columns, with types and comments', found)


def the_last_row_is_the_line():
    sql("INSERT INTO meta (currency, charge_scale) VALUES ('USD', 6)")
    add('acme', 'a', '2026-11-01T10:00:00Z', 1, 3600, '2.5')
    add('acme', 'a', '2026-11-01T10:00:00Z', 7, 1800, '1.25')
    add('acme', 'b', '2026-11-01T10:00:00Z', 1, 3600, '2.5')
    add('acme', 'b', '2026-11-01T10:00:00Z', 3, 0, '0', exists=False)
    add('acme', 'c', '2026-11-01T11:00:00Z', 2, 60, '0', priced=False)
    add('Öl', 'a', '2026-11-01T10:00:00Z', 2, 10 ** 38, '123456789012345678901234567890.5')
    found = sql('SELECT hour, account, resource, units, amount, currency FROM lines ORDER BY account COLLATE "C", hour')
    tell(found == ['2026-11-01 10:00:00+00|acme|a|1800|1.250000|USD', '2026-11-01 11:00:00+00|acme|c|60||USD',
                   f'2026-11-01 10:00:00+00|Öl|a|{10 ** 38}|123456789012345678901234567890.500000|USD'],
         'a line is its last row; gone it is no line, unpriced it has no amount', found)
    done = hourglass('lines')
    wanted = [('acme', 10, 'a', '1800', '"1.250000"'), ('acme', 11, 'c', '60', 'null'),
              ('Öl', 10, 'a', str(10 ** 38), '"123456789012345678901234567890.500000"')]
    text = ''.join(f'{{"account":"{account}","hour":"2026-11-01T{hour}:00:00Z","product":"container",'
                   f'"resource":"{resource}","meter":"runtime","sku":"gpu","kind":"usage","units":"{units}",'
                   f'"amount":{amount},"currency":"USD"}}\n'
                   for account, hour, resource, units, amount in wanted)
    tell(done.stdout == text, 'hourglass lines prints them as rate does', done)


def an_hour_is_complete_when_all_partitions_say_so():
    sql('INSERT INTO claim (partition, fence, next_seq, next_step, next_offset, last_hash, closed_s) '
        "VALUES (0, 1, 9, 0, 9, '', 1793530800), (1, 1, 0, 0, 0, '', NULL)")
    found = sql('SELECT * FROM hour_complete')
    sql('UPDATE claim SET closed_s = 1793527200 WHERE partition = 1')
    found += sql('SELECT * FROM hour_complete')
    tell(found == ['|2', '2026-11-01 10:00:00|2'], 'no hour is complete while a partition has not said so', found)


# --- how it is read

def nodes(plan):
    yield plan
    for part in plan.get('Plans', ()):
        yield from nodes(part)


def an_accounts_hour_is_read_alone():
    sql("SELECT settled_range('2026-12-01Z')")
    sql("""INSERT INTO account_names (name) SELECT 'many-' || a FROM generate_series(1, 500) a;
        INSERT INTO line_names
            SELECT md5(a || '/' || r)::uuid, 0, 'many-' || a, 'container', 'r' || r, 'runtime', 'gpu', 'usage'
            FROM generate_series(1, 500) a, generate_series(1, 5) r;
        INSERT INTO settled (hour, account, line, partition, seq, usage, units, priced, "exists", total, amount)
            SELECT h, account_key('many-' || a), md5(a || '/' || r)::uuid, 0, 1, '', 1, true, true, 1, 1
            FROM generate_series('2026-12-01T00:00:00Z'::timestamptz, '2026-12-02T15:00:00Z', '1 hour') h,
                 generate_series(1, 500) a, generate_series(1, 5) r""")
    sql('ANALYZE')
    for what, when in (('hour', "hour = '2026-12-01T10:00:00Z'"),
                       ('day', "hour >= '2026-12-01T10:00:00Z' AND hour < '2026-12-02T10:00:00Z'")):
        plan = json.loads('\n'.join(sql(f'''EXPLAIN (FORMAT JSON)
            SELECT * FROM lines WHERE account = 'many-7' AND {when}''')))
        found = list(nodes(plan[0]['Plan']))
        whole = [node for node in found if node['Node Type'] == 'Seq Scan' and node['Relation Name'].startswith('settled')]
        conditions = [node['Index Cond'] for node in found if node.get('Index Name', '').startswith('settled')]
        good = conditions and not whole and all('account' in c and 'hour' in c for c in conditions)
        tell(good, f"an account's {what} is read by an index, by account and hour", json.dumps(plan, indent=1))


# --- what stood before

def what_stood_before_is_kept():
    migrate(3)
    sql("""INSERT INTO meta (currency, charge_scale) VALUES ('EUR', 4);
        INSERT INTO line_names
            VALUES ('00000000-0000-0000-0000-000000000001', 0, 'acme', 'container', 'r', 'runtime', 'gpu', 'usage');
        SELECT settled_range('2026-11-05Z');
        INSERT INTO settled SELECT h, '00000000-0000-0000-0000-000000000001', 3, 9, '\\x01', 60, true, true, 1.5, 1.5
            FROM unnest(ARRAY['2026-11-01Z', '2026-10-31T23:00:00Z']::timestamptz[]) h;
        INSERT INTO orders VALUES ('acme', '/s', '1', 'o', 'paid', 5, 'node', 'gpu', 2, 12, 3, 9);
        INSERT INTO credits
            VALUES ('acme', '/s', '1', 'p', 5, 10, 'EUR', 3, 9), ('acme', '/s', '2', 'p', 6, 11, 'EUR', 3, 10);
        INSERT INTO rejected_events VALUES (3, 9, 0, 'late', 'http', '/s', '3', 17);
        INSERT INTO claim VALUES (3, 4, 11, 0, 12, '\\x00', 13, 14)""")
    migrate()
    found = sql("""
        SELECT tableoid::regclass, hour, account = account_key('acme'), line, partition, seq, usage, units, total
            FROM settled ORDER BY hour;
        SELECT * FROM order_facts; SELECT * FROM payments; SELECT * FROM rejected; SELECT fence, closed_s FROM claim;
        SELECT hour, account, resource, units, amount FROM lines ORDER BY hour""")
    line = '00000000-0000-0000-0000-000000000001'
    tell(found == [f'settled_default|2026-10-31 23:00:00+00|t|{line}|3|9|\\x01|60|1.5',
                   f'settled_2026_11|2026-11-01 00:00:00+00|t|{line}|3|9|\\x01|60|1.5',
                   'acme|/s|1|o|paid|5|node|gpu|2|12|3|9', 'acme|credited|p|/s|1|5|10|EUR|balance|3|9',
                   '3|9|0|late|http|/s|3|17', '4|14', '2026-10-31 23:00:00+00|acme|r|60|1.5000',
                   '2026-11-01 00:00:00+00|acme|r|60|1.5000'], 'rows of the tables as they were are kept', *found)
    drop()


def main():
    what_stood_before_is_kept()
    migrate()
    columns_and_types()
    the_last_row_is_the_line()
    an_hour_is_complete_when_all_partitions_say_so()
    an_accounts_hour_is_read_alone()
    drop()
    return facts.end()


if __name__ == '__main__':
    sys.exit(main())
