#!/usr/bin/env python3
"""What the views promise: their columns and types, what they say of rows that were corrected, that they agree with each
other, and that what is asked of an account, a product or a time is read by an index. Real PostgreSQL; needs
deploy/local/up's servers."""
import itertools
import json
import os
import subprocess
import sys
import time

import facts
import history
from facts import BUILD, TOP, letter, tell

SCHEMA = f'views_{os.getpid()}_{int(time.time())}'
AT, NUMBER, COUNT, TEXT, BOOL, PART = ('timestamp with time zone', 'numeric', 'bigint', 'text', 'boolean', 'integer')
# As the contract has them; `changes` and `transfers` are ours.
VIEWS = {
    'lines': {'hour': AT, 'account': TEXT, 'product': TEXT, 'resource': TEXT, 'meter': TEXT, 'sku': TEXT, 'kind': TEXT,
              'units': NUMBER, 'amount': NUMBER, 'currency': TEXT},
    'spend': {'account': TEXT, 'hour': AT, 'product': TEXT, 'sku': TEXT, 'meter': TEXT, 'kind': TEXT, 'units': NUMBER,
              'amount': NUMBER, 'unpriced': COUNT, 'lines': COUNT, 'currency': TEXT},
    'balances': {'account': TEXT, 'credited': NUMBER, 'debited': NUMBER, 'charged': NUMBER, 'accrued': NUMBER,
                 'balance': NUMBER, 'available': NUMBER, 'state': TEXT, 'deadline': AT, 'prepaid': BOOL, 'burn': NUMBER,
                 'runs_out': AT, 'as_of': AT, 'currency': TEXT},
    'bills': {'account': TEXT, 'month': TEXT, 'product': TEXT, 'amount': NUMBER, 'unpriced': COUNT, 'payable': NUMBER,
              'carried': NUMBER, 'currency': TEXT, 'cut_at': AT},
    'statement': {'account': TEXT, 'at': AT, 'what': TEXT, 'product': TEXT, 'kind': TEXT, 'name': TEXT, 'month': TEXT,
                  'amount': NUMBER, 'currency': TEXT, 'balance': NUMBER, 'partition': PART, 'seq': COUNT},
    'prices': {'product': TEXT, 'sku': TEXT, 'meter': TEXT, 'since': AT, 'until': AT, 'price': NUMBER, 'per': NUMBER,
               'free': NUMBER, 'settle': TEXT, 'currency': TEXT, 'set_by': TEXT, 'set_at': AT},
    'resources': {'account': TEXT, 'product': TEXT, 'resource': TEXT, 'state': TEXT, 'sku': TEXT, 'quantity': COUNT,
                  'order': TEXT, 'since': AT, 'last_sign': AT},
    'orders': {'account': TEXT, 'name': TEXT, 'product': TEXT, 'sku': TEXT, 'quantity': COUNT, 'months': COUNT,
               'paid_at': AT, 'ends_at': AT, 'state': TEXT, 'used': NUMBER, 'covers': COUNT, 'amount': NUMBER,
               'given_back': NUMBER},
    'rejects': {'at': AT, 'entrance': TEXT, 'reason': TEXT, 'sender': TEXT, 'type': TEXT, 'source': TEXT, 'id': TEXT,
                'topic': TEXT, 'partition': PART, 'offset': COUNT},
    'hours': {'hour': AT, 'complete': BOOL, 'missing': 'integer[]', 'catalogs_differ': 'integer[]'},
    'changes': {'account': TEXT, 'at': AT, 'hour': AT, 'product': TEXT, 'sku': TEXT, 'meter': TEXT, 'kind': TEXT,
                'units': NUMBER, 'amount': NUMBER, 'unpriced': COUNT, 'lines': COUNT, 'currency': TEXT, 'closed': AT,
                'partition': PART, 'seq': COUNT},
    'transfers': {'account': TEXT, 'at': AT, 'from_account': TEXT, 'to_account': TEXT, 'amount': NUMBER, 'currency': TEXT,
                  'what': TEXT, 'product': TEXT, 'kind': TEXT, 'name': TEXT, 'month': TEXT, 'partition': PART,
                  'seq': COUNT, 'step': COUNT, 'ordinal': COUNT},
}


DATABASE, READER = facts.servers('DATABASE', 'SETTLER_DATABASE')


SESSION = history.Session(DATABASE, SCHEMA)
sql = SESSION.ask


def told(url, text, *settings):
    """What a session of its own answers: rows, or what it is told."""
    done = subprocess.run(['psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', url, '-c', f'SET search_path = {SCHEMA}',
                           *(word for setting in settings for word in ('-c', f'SET {setting}')), '-c', text],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    return done.stdout.splitlines() if done.returncode == 0 else done.stderr


def hourglass(*words):
    return subprocess.run([BUILD / 'cli/hourglass', *words, '--database', DATABASE, '--schema', SCHEMA],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120, check=False)


def migrate():
    done = hourglass('db', 'migrate')
    assert done.returncode == 0, done.stderr


def migrate_to(last, first=1):
    """Migrations by hand, as `db migrate` of earlier binaries ran them."""
    if first == 1:
        sql(f"""CREATE SCHEMA {SCHEMA};
            CREATE TABLE migrations (number integer PRIMARY KEY, name text NOT NULL, digest text NOT NULL,
                                     applied_at timestamptz NOT NULL DEFAULT now())""")
    for path in sorted((TOP / 'schemas/sql').glob('*.sql'))[first - 1:last]:
        sql(path.read_text())
        sql(f"INSERT INTO migrations VALUES ({int(path.name[:3])}, '{path.stem}',"
            f" encode(sha256(convert_to($t${path.read_text()}$t$, 'UTF8')), 'hex'))")


def drop():
    sql(f'DROP SCHEMA {SCHEMA} CASCADE')


def add(account, resource, hour, seq, units, total, priced=True, exists=True, sku='gpu', kind='usage', meter='runtime'):
    line = f"md5('{account}/{resource}/{sku}/{kind}')::uuid"
    sql(f"""INSERT INTO account_names (name) VALUES ('{account}') ON CONFLICT DO NOTHING;
        INSERT INTO line_names VALUES ({line}, 0, '{account}', 'container', '{resource}', '{meter}', '{sku}', '{kind}')
            ON CONFLICT DO NOTHING;
        INSERT INTO settled (hour, account, line, partition, seq, usage, units, priced, "exists", total, amount)
            VALUES ('{hour}', account_key('{account}'), {line}, 0, {seq}, '', {units}, {priced}, {exists}, {total},
                    {total})""")


# --- what the view says

def columns_and_types():
    for view, columns in VIEWS.items():
        found = dict(row.split('|') for row in sql(f"""SELECT attname, format_type(atttypid, NULL) FROM pg_attribute
            WHERE attrelid = '{view}'::regclass AND attnum > 0 ORDER BY attnum"""))
        tell(list(found.items()) == list(columns.items()), f'{view} has its columns, in order and with types', found)


def everything_is_commented():
    sql("SELECT settled_range('2027-12-01Z')")
    found = sql(f"""SELECT c.relname, NULL FROM pg_class c
        WHERE relnamespace = '{SCHEMA}'::regnamespace AND relkind IN ('r', 'p', 'v')
            AND obj_description(c.oid, 'pg_class') IS NULL
        UNION ALL SELECT c.relname, attname FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid
        WHERE relnamespace = '{SCHEMA}'::regnamespace AND relkind IN ('r', 'p', 'v') AND attnum > 0 AND NOT attisdropped
            AND col_description(c.oid, attnum) IS NULL ORDER BY 1, 2""")
    tell(not found, 'every table, view and column has a comment', *found)


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


def hours_and_whom_they_wait_for():
    """(hour_complete, the rows of `hours` at 09:00 to 11:00 of 2026-11-01)."""
    return sql("SELECT * FROM hour_complete"), sql("""SELECT to_char(hour, 'HH24'), complete, missing, catalogs_differ
        FROM hours WHERE hour BETWEEN '2026-11-01T09:00Z' AND '2026-11-01T11:00Z' ORDER BY hour""")


def claim(partition, closed):
    """closed: SQL of seconds."""
    sql(f"""INSERT INTO claim (partition, fence, next_seq, next_step, next_offset, last_hash, closed_s)
        VALUES ({partition}, 1, 9, 0, 9, '', {closed}) ON CONFLICT (partition) DO UPDATE SET closed_s = {closed}""")


def an_hour_is_complete_when_all_partitions_say_so():
    ten, eleven = 1793527200, 1793530800
    claim(0, eleven)
    claim(1, eleven)
    found = hours_and_whom_they_wait_for()
    tell(found == (['|2|'], ['09|f||{}', '10|f||{}', '11|f||{}']),
         'no hour is complete while nobody knows how many partitions there are', found)
    sql('UPDATE meta SET partitions = 4')
    found = hours_and_whom_they_wait_for()
    tell(found == (['|2|4'], ['09|f|{2,3}|{}', '10|f|{2,3}|{}', '11|f|{0,1,2,3}|{}']),
         'no hour is complete with two of four partitions settled, and hours says which are missing', found)
    claim(2, eleven)
    claim(3, 'NULL')
    found = hours_and_whom_they_wait_for()
    tell(found == (['|4|4'], ['09|f|{3}|{}', '10|f|{3}|{}', '11|f|{0,1,2,3}|{}']),
         'no hour is complete while a partition has closed none', found)
    claim(3, ten)
    found = hours_and_whom_they_wait_for()
    tell(found == (['2026-11-01 10:00:00|4|4'], ['09|t|{}|{}', '10|f|{3}|{}', '11|f|{0,1,2,3}|{}']),
         'an hour is complete once all of them have', found)
    claim(7, ten - 3600)
    found = sql('SELECT * FROM hour_complete')
    tell(found == ['2026-11-01 10:00:00|4|4'], 'a claim of no partition of the generation counts for nothing', found)
    sql('DELETE FROM claim WHERE partition = 7')


def where_catalogs_differ_is_said():
    sql(f"""INSERT INTO catalogs (partition, seq, ordinal, from_s, text)
        SELECT p, 0, 0, NULL, 'first' FROM generate_series(0, 3) p;
        INSERT INTO catalogs (partition, seq, ordinal, from_s, text)
        SELECT p, 5, 0, {1793527200}, CASE p WHEN 2 THEN 'other' ELSE 'second' END FROM generate_series(0, 2) p""")
    _, found = hours_and_whom_they_wait_for()
    tell(found == ['09|t|{}|{}', '10|f|{3}|{2,3}', '11|f|{0,1,2,3}|{2,3}'],
         'hours says which partitions rate an hour by another catalog', found)


def what_meta_says_is_not_changed():
    for change in ("UPDATE meta SET partitions = 5", "UPDATE meta SET currency = 'EUR'", 'DELETE FROM meta',
                   "UPDATE meta SET partitions = NULL"):
        answer = told(DATABASE, change)
        tell('does not change' in answer, f'{change} is refused', answer)


# --- balances, orders, prices: rows as the settler writes them

NOW_S = 1793527200 # 2026-11-01T10:00:00Z


def charge(account, hour, seq, amount, lines=1, unpriced=0, units=3600, kind='usage', product='container'):
    sql(f"""INSERT INTO charges (hour, account, seq, partition, lines, unpriced, accrues, product, meter, kind, sku, units,
                                 amount)
        VALUES ('{hour}', account_key('{account}'), {seq}, 0, {lines}, {unpriced}, false, '{letter(product)}', 'R',
                '{letter(kind)}', 'gpu', {units}, {amount})""")


def account(name, credited, charged, prepaid=True, accrued=0, state='good', deadline='NULL'):
    sql(f"""INSERT INTO accounts (name, partition, prepaid, made_prepaid, seq, deadline_us, state, credited, debited, charged,
                                  accrued, carried)
        VALUES ('{name}', 0, {prepaid}, false, 1, {deadline}, '{state}', {credited}, 0, {charged}, {accrued}, 0);
        INSERT INTO account_names (name) VALUES ('{name}') ON CONFLICT DO NOTHING""")


def begin_small():
    migrate()
    sql(f"""INSERT INTO meta (currency, charge_scale, bill_scale, partitions) VALUES ('USD', 6, 2, 1);
        INSERT INTO claim (partition, fence, next_seq, next_step, next_offset, last_hash, watermark_us, closed_s)
            VALUES (0, 1, 9, 0, 9, '', {NOW_S + 50}000000, {NOW_S});
        INSERT INTO frames SELECT 0, s, ({NOW_S}::bigint + s * 5) * 1000000, {NOW_S}, s FROM generate_series(1, 8) s""")


def spend_is_what_lines_sum_to():
    sql("INSERT INTO account_names (name) VALUES ('acme')")
    ten = '2026-11-01T09:00:00Z'
    charge('acme', ten, 1, '2.5', lines=2)
    charge('acme', ten, 2, '-0.5', lines=0, units=-600)
    charge('acme', ten, 3, '0', lines=1, unpriced=1, units=60)
    charge('acme', '2026-11-01T08:00:00Z', 3, '0', lines=1, unpriced=1)
    charge('acme', '2026-11-01T07:00:00Z', 3, '1')
    charge('acme', '2026-11-01T07:00:00Z', 4, '-1', lines=-1, units=-3600)
    found = sql('SELECT * FROM spend ORDER BY hour')
    names = 'container|gpu|runtime|usage'
    tell(found == [f'acme|2026-11-01 08:00:00+00|{names}|3600||1|1|USD',
                   f'acme|2026-11-01 09:00:00+00|{names}|3060|2.000000|1|3|USD'],
         'spend counts what has no price and adds it to no amount; what is gone is in no row', *found)


def a_balance_lasts_as_long_as_at_the_last_hours_rate():
    charge('acme', '2026-11-01T09:00:00Z', 4, '100', kind='subscription')
    account('acme', 10, 5, accrued=1, state='grace', deadline=f'{NOW_S + 7200}000000')
    account('postpaid', 0, 5, prepaid=False)
    account('still', 10, 5)
    account('for ever', 10 ** 30, 0)
    account('long over', 0, 10 ** 30)
    for name in ('postpaid', 'for ever', 'long over'):
        charge(name, '2026-11-01T09:00:00Z', 4, '0.000001')
    charge('still', '2026-11-01T08:00:00Z', 4, '3')
    found = sql('SELECT account, available, state, deadline, burn, runs_out FROM balances ORDER BY account COLLATE "C"')
    tell(found == ['acme|4.000000|grace|2026-11-01 12:00:00+00|2.000000|2026-11-01 12:00:50+00',
                   f'for ever|{10 ** 30}.000000|good||0.000001|9999-12-31 23:59:59+00',
                   f'long over|-{10 ** 30}.000000|good||0.000001|1970-01-01 00:00:00+00', 'postpaid|-5.000000|good||0.000001|',
                   'still|5.000000|good||0.000000|'],
         'runs_out is available by the usage of the last complete hour, of prepaid accounts alone', *found)
    sql('UPDATE claim SET closed_s = NULL')
    tell(sql("SELECT count(*), count(burn), count(runs_out) FROM balances") == ['5|0|0'],
         'no rate is known while no hour is complete')
    sql(f'UPDATE claim SET closed_s = {NOW_S}')


def payments_in_another_currency_are_in_the_statement():
    sql(f"""INSERT INTO account_names (name) VALUES ('foreign');
        INSERT INTO payments VALUES ('acme', 'credited', 'first', '/s', '1', 1, 10, 'USD', 'balance', 0, 1),
            ('acme', 'credited', 'yen', '/s', '2', 2, 1000, 'JPY', 'balance', 0, 2),
            ('acme', 'debited', 'euro', '/s', '3', 3, 7, 'EUR', 'balance', 0, 4),
            ('foreign', 'credited', 'yen', '/s', '4', 2, 1000, 'JPY', 'balance', 0, 2);
        INSERT INTO ledger (account, seq, partition, step, ordinal, what, product, kind, name, amount)
            VALUES (account_key('acme'), 1, 0, 0, 1, '+', '', '', 'first', 10),
                   (account_key('acme'), 1, 0, 0, 2, 'C', 'C', 'U', '', -2.5),
                   (account_key('acme'), 2, 0, 1, 1, 'C', 'C', 'R', 'o', 0.5),
                   (account_key('acme'), 3, 0, 0, 1, 'B', 'A', '', '2026-10', -3.0000001)""")
    found = sql("SELECT at, what, product, kind, name, month, amount, currency, balance, seq FROM statement"
                " WHERE account = 'acme'")
    tell(found == ['2026-11-01 10:00:05+00|credit|||first||10.000000|USD|10.000000|1',
                   '2026-11-01 10:00:05+00|charge|container|usage|||-2.500000|USD|7.500000|1',
                   '2026-11-01 10:00:10+00|credit|||yen||1000|JPY|7.500000|2',
                   '2026-11-01 10:00:10+00|charge|container|refund|o||0.500000|USD|8.000000|2',
                   '2026-11-01 10:00:15+00|bill|maas|||2026-10|-3.0000001|USD|4.9999999|3',
                   '2026-11-01 10:00:20+00|debit|||euro||-7|EUR|4.9999999|4'],
         'a statement has every change in its order, and payments in other currencies with the balance as it was', *found)
    tell(sql("SELECT what, amount, currency, balance FROM statement WHERE account = 'foreign'") == ['credit|1000|JPY|0.000000'],
         'an account that paid in another currency alone has a statement')
    found = sql("SELECT from_account, to_account, amount, what FROM transfers WHERE account = 'acme'")
    tell(found == ['house:cash|account:acme|10.000000|credit', 'account:acme|house:revenue:container|2.500000|charge',
                   'house:revenue:container|account:acme|0.500000|charge',
                   'account:acme|house:revenue:maas|3.0000001|bill'],
         'each transfer goes from one account to another', *found)


def a_bill_is_seen_when_its_cut_is_done():
    sql("""INSERT INTO bill_totals VALUES (account_key('acme'), '2026-10-01', 'maas', 3.004, 2, NULL, NULL, 3, 0),
               (account_key('acme'), '2026-10-01', '*', 3.004, 2, 3, 0.004, 3, 0)""")
    tell(not sql('SELECT * FROM bills'), 'a bill whose cut is not done is not seen')
    sql(f"INSERT INTO bill_cuts VALUES (0, '2026-10-01', 3, {NOW_S}000000)")
    found = sql("SELECT * FROM bills WHERE account = 'acme' AND month = '2026-10' ORDER BY product")
    tell(found == ['acme|2026-10|*|3.004000|2|3.00|0.004000|USD|2026-11-01 10:00:00+00',
                   'acme|2026-10|maas|3.004000|2|||USD|2026-11-01 10:00:00+00'], 'a bill is as it was cut', *found)


def prices_and_resources_are_typed():
    sql(f"""INSERT INTO price_list VALUES
            (0, 'container', 'gpu', 'runtime', NULL, {NOW_S}, 2.50, 3600, 0, 'hourly', 'ops@house', {NOW_S}500000),
            (1, 'container', 'gpu', 'runtime', {NOW_S}, NULL, 2.75, 3600, 0, 'hourly', 'ops@house', {NOW_S}500000);
        INSERT INTO resource_states
            VALUES ('acme', 'container', 'a', 0, 2, {NOW_S}, NULL, 'running', 'gpu', 'fulfilled'),
                   ('acme', 'container', 'b', 0, 2, {NOW_S}, {NOW_S - 60}, 'silent', 'gpu', 'fulfilled'),
                   ('acme', 'container', 'c', 0, 2, {NOW_S}, NULL, 'running', 'other', 'fulfilled'),
                   ('acme', 'container', 'd', 0, 2, {NOW_S}, NULL, 'running', 'gpu', 'ended'),
                   ('acme', 'container', 'e', 0, 2, {NOW_S}, NULL, 'running', 'gpu', NULL)""")
    found = sql('SELECT * FROM prices')
    at = '2026-11-01 10:00:00'
    tell(found == [f'container|gpu|runtime||{at}+00|2.50|3600|0|hourly|USD|ops@house|{at}.5+00',
                   f'container|gpu|runtime|{at}+00||2.75|3600|0|hourly|USD|ops@house|{at}.5+00'],
         'prices are those that were and that is', *found)
    found = sql("SELECT * FROM resources WHERE account = 'acme' AND resource IN ('b', 'e') ORDER BY resource")
    tell(found == [f'acme|container|b|silent|gpu|2|fulfilled|{at}+00|2026-11-01 09:59:00+00',
                   f'acme|container|e|running|gpu|2||{at}+00|'], 'resources are as they are', *found)


def ordered(name, paid, *facts_of_it, months=1):
    """paid: its time; facts: (kind, time)."""
    for kind, when in (('paid', paid), *facts_of_it):
        what = f"'container', 'gpu', 2, {months}" if kind == 'paid' else 'NULL, NULL, NULL, NULL'
        sql(f"""INSERT INTO order_facts VALUES ('acme', '/shop', '{name}-{when}', '{name}', '{kind}',
                extract(epoch FROM '{when}'::timestamptz) * 1000000, {what}, 0, 1)""")


def order_line(name, kind, when, total, seq=1, **more):
    add('acme', name, f'{when[:13]}:00:00Z', seq, 0, total, kind=kind, meter='months', **more)
    charge('acme', f'{when[:13]}:00:00Z', seq, total, kind=kind, units=0)


def an_order_says_what_became_of_it():
    october, may = '2026-10-15T10:30:00.5Z', '2026-01-31T10:30:00Z'
    for name, *facts_of_it in (('paid',), ('fulfilled', ('fulfilled', '2026-10-16T00:00:00Z')),
                               ('refunded', ('refunded', '2026-10-22T22:30:00.7Z'), ('refunded', '2026-10-25T00:00:00Z')),
                               ('failed', ('failed', '2026-10-01T00:00:00Z')), ('late', ('refunded', '2026-11-20T00:00:00Z'))):
        ordered(name, october, *facts_of_it)
    ordered('ended', may)
    ordered('void', october, months=12)
    ordered('unpriced', october, ('refunded', '2026-10-20T00:00:00Z'), months=12)
    sql("INSERT INTO order_facts VALUES ('acme', '/shop', 'x', 'never', 'refunded', 5, NULL, NULL, NULL, NULL, 0, 1)")
    for name in ('paid', 'fulfilled', 'refunded', 'failed', 'late', 'void'):
        order_line(name, 'subscription', october, '9')
    order_line('ended', 'subscription', may, '9')
    order_line('unpriced', 'subscription', october, '0', priced=False)
    order_line('unpriced', 'refund', '2026-10-20T00', '0', priced=False)
    order_line('refunded', 'refund', '2026-10-22T22', '-6.75')
    order_line('failed', 'void', october, '-9')
    order_line('late', 'refund', '2026-10-15T10', '-9')
    order_line('late', 'refund', '2026-10-15T10', '0', seq=2, exists=False)
    order_line('void', 'void', '2026-10-17T10', '-9')
    found = sql("""SELECT name, paid_at, ends_at, state, used, covers, amount, given_back FROM orders
        WHERE account = 'acme' ORDER BY name""")
    paid, end = '2026-10-15 10:30:00.5+00', '2026-11-15 10:30:00+00'
    used = round((17 * 86400 - 1800 + 50) / (31 * 86400), 6)
    tell(found == [f'ended|2026-01-31 10:30:00+00|2026-02-28 10:30:00+00|ended|1.000000|0|9.000000|0.000000',
                   f'failed|{paid}||void|0|0|9.000000|9.000000',
                   f'fulfilled|{paid}|{end}|fulfilled|{used}|1|9.000000|0.000000',
                   f'late|{paid}|{end}|paid|{used}|0|9.000000|0.000000',
                   f'paid|{paid}|{end}|paid|{used}|0|9.000000|0.000000',
                   f'refunded|{paid}|2026-10-22 22:30:00+00|refunded|{7.5 / 31:.6f}|0|9.000000|6.750000',
                   f'unpriced|{paid}|2026-10-20 00:00:00+00|refunded|{(4 * 24 + 13.5) / 365 / 24:.6f}|0||', f'void|{paid}||void|0|0|9.000000|9.000000'],
         'an order is paid, fulfilled, refunded, void or over, by what its lines say', *found)


# --- a quarter of money

def begin_quarter():
    migrate()
    history.begin(sql)
    history.fill(sql, 2160, step=720, every=24)
    history.end(sql, 2160)


def views_agree():
    groups = 'account, hour, product, sku, meter, kind'
    from_lines = f"""SELECT {groups}, sum(units), sum(amount), count(*) FILTER (WHERE amount IS NULL), count(*), currency
        FROM lines GROUP BY {groups}, currency"""
    from_changes = f"""SELECT {groups}, sum(units), sum(amount), sum(unpriced), sum(lines), currency
        FROM changes GROUP BY {groups}, currency"""
    for name, query in (('lines', from_lines), ('changes', from_changes)):
        found = sql(f'SELECT count(*) FROM spend; (TABLE spend EXCEPT {query}) UNION ALL ({query} EXCEPT TABLE spend) LIMIT 2')
        tell(int(found[0]) > 60000 and len(found) == 1, f'spend is what {name} sum to', *found)
    found = sql("""SELECT (SELECT count(*) FROM balances) > 20,
        NOT EXISTS (SELECT FROM balances b JOIN (SELECT account, (array_agg(balance))[count(*)] AS last FROM statement
            GROUP BY account) s USING (account) WHERE b.balance <> s.last),
        NOT EXISTS (SELECT FROM balances b JOIN (
            SELECT account, sum(CASE WHEN to_account = 'account:' || account THEN amount ELSE -amount END) AS moved
            FROM transfers GROUP BY account) t USING (account) WHERE b.balance <> t.moved),
        (SELECT sum(balance) + sum(charged) FROM balances) = (SELECT sum(credited) FROM balances)""")
    tell(found == ['t|t|t|t'], 'the last line of a statement, and all transfers, come to the balance', found)
    found = sql("""WITH months AS (SELECT account, to_char(hour, 'YYYY-MM') AS month, product, sum(amount) AS amount FROM spend
            GROUP BY 1, 2, ROLLUP (product))
        SELECT (SELECT count(*) FROM bills WHERE product = '*') >= 50,
            NOT EXISTS (SELECT FROM bills b LEFT JOIN months m ON m.account = b.account AND m.month = b.month
                AND coalesce(m.product, '*') = b.product WHERE m.amount IS DISTINCT FROM b.amount)""")
    tell(found == ['t|t'], 'bills come to the spend of their months', found)


def a_statement_of_a_time_is_the_views():
    at = lambda row: row.split('|')[1]
    for name in ('account-100-1', 'account-4-2', 'account-1-7'):
        whole = sql(f"SELECT * FROM statement WHERE account = '{name}'")
        times = sorted(set(map(at, whole)))
        edges = [None, '2026-01-01 00:00:00+00', *times[:3], times[len(times) // 3], times[len(times) // 2],
                 times[len(times) // 2][:17] + '01+00', *times[-2:], '2030-01-01 00:00:00+00']
        wrong = []
        for since, until in itertools.product(edges, edges):
            bound = lambda edge: 'NULL' if edge is None else f"'{edge}'"
            found = sql(f"SELECT * FROM statement_of('{name}', {bound(since)}, {bound(until)})")
            wanted = [row for row in whole if (since is None or at(row) >= since) and (until is None or at(row) < until)]
            if found != wanted:
                wrong.append((since, until, len(found), len(wanted)))
        tell(len(times) > 50 and not wrong, f"a statement of a time has the view's rows, of {name}: {len(edges) ** 2} times", *wrong)
    tell(sql("SELECT * FROM statement_of('nobody', NULL, NULL)") == [], 'of nobody there are none')


def pages(query):
    plan, = json.loads('\n'.join(sql(f'EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {query}')))
    return plan['Plan']['Shared Hit Blocks'] + plan['Plan']['Shared Read Blocks']


def a_statement_of_a_time_reads_nothing_of_before():
    name = 'account-100-1'
    last = sql(f"SELECT max(at) - interval '1 hour' FROM statement WHERE account = '{name}'")[0]
    asked = lambda since: f"SELECT * FROM statement_of('{name}', {since}, NULL)"
    sql(asked('NULL'))  # what its first call reads of the catalogs
    few, all_of_it = pages(asked(f"'{last}'")), pages(asked('NULL'))
    tell(10 * few < all_of_it, f'what is asked of the end is read by {few} pages, all of it by {all_of_it}')


def nodes(plan):
    yield plan
    for part in plan.get('Plans', ()):
        yield from nodes(part)


def explain(query, ask=sql):
    """The indexes that it is read by, the tables of money that it reads from end to end, the plan."""
    plan = json.loads('\n'.join(ask(f'EXPLAIN (FORMAT JSON) {query}')))
    found = list(nodes(plan[0]['Plan']))
    used = {node['Index Name'] for node in found if 'Index Name' in node}
    whole = {node['Relation Name'] for node in found if node['Node Type'].endswith('Seq Scan')
             and node['Relation Name'].startswith(('settled_2', 'charges', 'ledger', 'frames'))}
    return used, whole, json.dumps(plan, indent=1)


def questions_are_read_by_an_index():
    for what, query, wanted in history.questions('account-4-2', '2026-12-01'):
        used, whole, plan = explain(query)
        tell(wanted <= used and not whole, f'{what}: read by {", ".join(sorted(wanted))}', used, whole, plan)


# --- who may read what

ROLE = 'hourglass_settler' # which may do here what it is granted below


def an_analyst_reads_views_and_no_more():
    sql(f"SELECT grant_analyst('{ROLE}')")
    read = {view: told(READER, f'SELECT * FROM {view} LIMIT 1') for view in (*VIEWS, 'hour_complete')}
    tell(all(isinstance(answer, list) for answer in read.values()), 'an analyst reads every view', read)
    answer = told(READER, "SELECT count(*) > 0 FROM statement_of('account-4-2', NULL, NULL)")
    tell(answer == ['t'], "and an account's statement of a time", answer)
    refused = {name: told(READER, f'SELECT * FROM {name} LIMIT 1') for name in (
        'charges', 'ledger', 'frame_steps', 'claim', 'accounts', 'rejected', 'order_due', 'order_usage', 'bill_totals', 'migrations')}
    tell(all('permission denied' in answer for answer in refused.values()),
         'an analyst reads nothing of how the settler works', refused)
    writes = sql(f"""SELECT relname FROM pg_class WHERE relnamespace = '{SCHEMA}'::regnamespace AND relkind IN ('r', 'p', 'v')
        AND has_table_privilege('{ROLE}', oid, 'INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER')""")
    tell(not writes, 'an analyst changes nothing', *writes)


# One comparison a table: its account's number, or its name.
BY_NUMBER = ('settled', 'charges', 'ledger', 'bill_totals')
BY_NAME = {'account_names': 'name', 'accounts': 'name', 'line_names': 'account', 'payments': 'account',
           'order_facts': 'account', 'resource_states': 'account'}


def row_security_by_account_is_one_comparison():
    for table in BY_NUMBER:
        sql(f"""ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
            CREATE POLICY own ON {table} USING (account = account_key(current_setting('hourglass.account')))""")
    for table, column in BY_NAME.items():
        sql(f"""ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
            CREATE POLICY own ON {table} USING ({column} = current_setting('hourglass.account'))""")
    for view in VIEWS:
        sql(f'ALTER VIEW {view} SET (security_invoker = true)')
    own = "hourglass.account = 'account-4-2'"
    sql(f"SELECT grant_reader('{ROLE}')")
    answer = told(READER, "SELECT count(*) > 0 FROM statement_of('account-4-2', NULL, NULL)", own)
    tell(answer == ['t'], 'who reads everything reads a statement of a time', answer)
    for view, columns in VIEWS.items():
        if 'account' in columns:
            found = told(READER, f'SELECT account, count(*) > 0 FROM {view} GROUP BY account', own)
            used, whole, plan = explain(f'SELECT * FROM {view}', lambda text: told(READER, text, own))
            tell(found == ['account-4-2|t'] and used and not whole - {'frames'},
                 f'{view} restricted to an account by its tables is read by an index', found, used, whole, plan)
    _, whole, plan = explain("SELECT * FROM spend WHERE hour >= '2026-12-01Z'", lambda text: told(READER, text, own))
    tell(not whole and "hour >= '2026-12-01" in next(node['Index Cond'] for node in nodes(json.loads(plan)[0]['Plan'])
                                                     if node.get('Index Name') == 'charges_account'),
         'and a time that is asked for reaches the index too', whole, plan)


# --- what stood before

def what_stood_before_is_kept():
    migrate_to(3)
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
    migrate_to(7, first=4)
    found = sql("""
        SELECT tableoid::regclass, hour, account = account_key('acme'), line, partition, seq, usage, units, total
            FROM settled ORDER BY hour;
        SELECT * FROM order_facts; SELECT * FROM payments; SELECT partition, seq, ordinal, reason, feed, source, id, "offset", topic FROM rejected;
        SELECT fence, closed_s FROM claim;
        SELECT hour, account, resource, units, amount FROM lines ORDER BY hour""")
    line = '00000000-0000-0000-0000-000000000001'
    tell(found == [f'settled_default|2026-10-31 23:00:00+00|t|{line}|3|9|\\x01|60|1.5',
                   f'settled_2026_11|2026-11-01 00:00:00+00|t|{line}|3|9|\\x01|60|1.5',
                   'acme|/s|1|o|paid|5|node|gpu|2|12|3|9', 'acme|credited|p|/s|1|5|10|EUR|balance|3|9',
                   '3|9|0|late|http|/s|3|17|usage.records', '4|14', '2026-10-31 23:00:00+00|acme|r|60|1.5000',
                   '2026-11-01 00:00:00+00|acme|r|60|1.5000'], 'rows of the tables as they were are kept', *found)
    done = hourglass('db', 'migrate')
    tell(done.returncode == 75 and 'settle the generation anew' in done.stderr,
         'what was settled without a ledger is settled anew in another schema', done)
    drop()


def main():
    what_stood_before_is_kept()
    migrate()
    columns_and_types()
    everything_is_commented()
    the_last_row_is_the_line()
    an_hour_is_complete_when_all_partitions_say_so()
    where_catalogs_differ_is_said()
    what_meta_says_is_not_changed()
    drop()
    begin_small()
    spend_is_what_lines_sum_to()
    a_balance_lasts_as_long_as_at_the_last_hours_rate()
    payments_in_another_currency_are_in_the_statement()
    a_bill_is_seen_when_its_cut_is_done()
    prices_and_resources_are_typed()
    an_order_says_what_became_of_it()
    drop()
    begin_quarter()
    views_agree()
    a_statement_of_a_time_is_the_views()
    a_statement_of_a_time_reads_nothing_of_before()
    questions_are_read_by_an_index()
    an_analyst_reads_views_and_no_more()
    row_security_by_account_is_one_comparison()
    drop()
    return facts.end()


if __name__ == '__main__':
    sys.exit(main())
