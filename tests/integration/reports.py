#!/usr/bin/env python3
"""What `hourglass balances`, `bills` and `notices` promise: the rows of CONTRACT §6 from what stands in PostgreSQL, in its
order and with its decimals, of all accounts or of one, in each format. Needs deploy/local/up's servers."""
import json
import os
import sys
import time

import facts
import history
from facts import tell

SCHEMA = f'reports_{os.getpid()}_{int(time.time())}'
DATABASE, = facts.servers('DATABASE')
sql = history.Session(DATABASE, SCHEMA).ask


def hourglass(*words, schema=SCHEMA):
    return facts.hourglass(*words, '--database', DATABASE, '--schema', schema)


def rows(*words):
    """The cells of each row, without the currency."""
    return [tuple(json.loads(row).values())[:-1] for row in hourglass(*words).stdout.splitlines()]


def account(name, **sums):
    sums = ', '.join(str(sums.get(sum, 0)) for sum in ('credited', 'debited', 'charged', 'accrued'))
    sql(f"""INSERT INTO account_names (name) VALUES ('{name}');
        INSERT INTO accounts (name, partition, seq, prepaid, made_prepaid, state, credited, debited, charged, accrued, carried)
            VALUES ('{name}', 0, 5, false, false, 'good', {sums}, 0)""")


def line(name, lines=1, amount=0):
    sql(f"""INSERT INTO account_names (name) VALUES ('{name}') ON CONFLICT DO NOTHING;
        INSERT INTO charges (hour, account, seq, partition, lines, unpriced, accrues, product, meter, kind, sku, units, amount)
            VALUES ('2026-11-01Z', account_key('{name}'), 5, 0, {lines}, 0, false, 'N', 'R', 'U', 'n', 1,
                    {amount})""")


def balances():
    account('b', credited='1.5000001', debited='0.25', charged='0.500000000000', accrued='2')
    account('B', credited='100')
    account('é', charged='-12345678901234567890123456789.000001')
    line('unpriced')
    line('b')
    account('corrected away')
    line('corrected away', amount='0.5')
    line('corrected away', lines=-1, amount='-0.5')
    account('free')
    line('free')
    wanted = [('B', '100.0000', '0.0000', '0.0000', '0.0000', '100.0000'),
              ('b', '1.5000001', '0.2500', '0.5000', '2.0000', '0.7500001'),
              ('free', *['0.0000'] * 5), ('unpriced', *['0.0000'] * 5),
              ('é', '0.0000', '0.0000', '-12345678901234567890123456789.000001', '0.0000',
               '12345678901234567890123456789.000001')]
    found = rows('balances')
    tell(found == wanted, 'balances: who has money that moved or a line has a row, by bytes, without trailing zeros beyond '
         'charge_scale', found)
    found = [rows('balances', '--account', name) for name in ('b', 'unpriced', 'corrected away', 'nobody')]
    tell(found == [wanted[1:2], wanted[3:4], [], []], 'balances of one account', found)


def bills():
    sql("""INSERT INTO bill_cuts VALUES (0, '2026-11-01', 8, 1796169600000000), (0, '2026-12-01', 9, 1798848000000000);
        INSERT INTO bill_totals VALUES
            (account_key('b'), '2026-12-01', '*', -7.22, 0, -7.2, -0.0192, 9, 0),
            (account_key('b'), '2026-12-01', 'node', -7.22, 0, NULL, NULL, 9, 0),
            (account_key('b'), '2026-11-01', 'maas', 0.7408, -1, NULL, NULL, 8, 0),
            (account_key('b'), '2026-11-01', '*', 0.7408, -1, 0.74, 0.0008, 8, 0),
            (account_key('B'), '2026-11-01', '*', 1180.7968, 2, 1180.80, -0.0032, 8, 0),
            (account_key('B'), '2027-01-01', '*', 1, 0, 1, 0, 10, 0)""")
    wanted = [('B', '2026-11', '*', '1180.7968', 2, '1180.80', '-0.0032'), ('b', '2026-11', '*', '0.7408', -1, '0.74', '0.0008'),
              ('b', '2026-11', 'maas', '0.7408', -1, None, None), ('b', '2026-12', '*', '-7.2200', 0, '-7.20', '-0.0192'),
              ('b', '2026-12', 'node', '-7.2200', 0, None, None)]
    found = rows('bills')
    tell(found == wanted, 'bills: by account, month and product; the whole alone asks for something; what is not cut whole '
         'is not shown', found)
    tell(rows('bills', '--account', 'b') == wanted[1:], 'bills of one account')
    found = hourglass('bills', '--format', 'csv', '--account', 'B').stdout
    tell(found == 'account,month,product,amount,unpriced,payable,carried,currency\n'
         'B,2026-11,*,1180.7968,2,1180.80,-0.0032,USD\n', 'bills as CSV', found)


def notices():
    sql("""INSERT INTO notices VALUES
        (1, 0, 3, 1, 'p', 'grace', -1, -1.50000, 1793541600, 1793534409999999),
        (1, 2, 9, 1, 'p', 'good', 4, 4, NULL, 1793543390000000),
        (1, 1, 5, 2, 'p', 'suspended', -6, -6.00005, NULL, 1793541600000000),
        (0, 0, 7, 1, 'A', 'suspended', -0.01, -0.01, NULL, 1793541600000000)""")
    wanted = [('A', 'suspended', '-0.0100', '-0.0100', None, '2026-11-01T14:00:00Z'),
              ('p', 'grace', '-1.0000', '-1.5000', '2026-11-01T14:00:00Z', '2026-11-01T12:00:09Z'),
              ('p', 'suspended', '-6.0000', '-6.00005', None, '2026-11-01T14:00:00Z'),
              ('p', 'good', '4.0000', '4.0000', None, '2026-11-01T14:29:50Z')]
    found = rows('notices')
    tell(found == wanted, 'notices: by account, then as they happened; seconds are rounded down', found)
    tell(rows('notices', '--account', 'A') == wanted[:1], 'notices of one account')


def who_has_nothing_is_told():
    for command in ('balances', 'bills', 'notices'):
        done = hourglass(command, schema='nowhere')
        tell(done.returncode == 78 and done.stdout == '' and f'no {command} in it: run hourglass db migrate' in done.stderr,
             f'{command} of a schema that is not there: 78, and what to do', done)


def main():
    try:
        assert hourglass('db', 'migrate').returncode == 0
        done = [hourglass(command, '--format', 'csv').stdout.count('\n') for command in ('balances', 'bills', 'notices')]
        tell(done == [1, 1, 1], 'before the first catalog there is a header and nothing else', done)
        sql("INSERT INTO meta (currency, charge_scale, bill_scale) VALUES ('USD', 4, 2)")
        balances()
        bills()
        notices()
        who_has_nothing_is_told()
    finally:
        sql(f'DROP SCHEMA IF EXISTS {SCHEMA} CASCADE')
    return facts.end()


if __name__ == '__main__':
    sys.exit(main())
