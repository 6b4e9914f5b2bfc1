"""Months of money by SQL, as the settler writes them: an hour's lines when it closes, a tenth of them before it closes (as
for what stops), some a day late and a few three weeks late; charges, ledger, bills, accounts and frames that agree with
them, resources and orders. And what analysts ask of them. `ask` runs SQL in the generation's schema, which is empty."""

import subprocess

FIRST = "'2026-11-01T00:00:00Z'::timestamptz"
FIRST_S = 1793491200
PARTITIONS = 4
SEQS_AN_HOUR = 720
# (accounts, lines) of each kind of account; account 1 of the first, say, is account-100-1.
SIZES = [(1, 100), (9, 20), (90, 4), (460, 1)]


class Session:
    """A psql that stays."""

    def __init__(self, url, schema):
        self.psql = subprocess.Popen(['psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', url], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, text=True)
        self.ask(f'SET client_min_messages = error; SET search_path = {schema}; SET timezone = UTC')

    def ask(self, sql):
        self.psql.stdin.write(sql + ';\n\\echo DONE\n')
        self.psql.stdin.flush()
        lines = []
        for line in self.psql.stdout:
            if line == 'DONE\n':
                return lines
            lines.append(line[:-1])
        raise SystemExit('psql ended: ' + sql[:200])

    def end(self):
        self.psql.stdin.close()
        self.psql.wait()


def begin(ask):
    values = ', '.join(f'({count}, {lines})' for count, lines in SIZES)
    ask(f"""
        INSERT INTO meta (currency, charge_scale, bill_scale, partitions) VALUES ('USD', 6, 2, {PARTITIONS});
        CREATE TABLE source AS
        SELECT row_number() OVER () AS n, names.*, account_key(account) AS key,
               (account_key(account) & 1023)::integer % {PARTITIONS} AS partition, md5(account || resource)::uuid AS line,
               CASE WHEN r % 10 < 6 THEN 'container' WHEN r % 10 < 8 THEN 'node' ELSE 'maas' END AS product,
               CASE WHEN r % 10 < 8 THEN 'runtime' WHEN r % 10 = 8 THEN 'input_tokens' ELSE 'output_tokens' END AS meter,
               'sku-' || r % 7 AS sku, decode(substr(repeat(md5(resource), 9), 1, 96), 'hex') AS usage
        FROM (SELECT account, resource, r
              FROM (VALUES {values}) v(accounts, lines), generate_series(1, accounts) a, generate_series(1, lines) r,
                   format('account-%s-%s', lines, a) account, format('resource-%s', r) resource
              ORDER BY account, r) names;
        INSERT INTO account_names (name) SELECT DISTINCT account FROM source;
        INSERT INTO line_names SELECT line, partition, account, product, resource, meter, sku, 'usage' FROM source;
        CREATE UNLOGGED TABLE stage (hour timestamptz, key bigint, seq bigint, line uuid, partition integer,
            n bigint, more integer, total numeric, amount numeric);
        INSERT INTO payments
            SELECT DISTINCT account, 'credited', 'p-' || p, '/pay', 'p-' || p, 0, 100000, CASE p WHEN 1 THEN 'USD' ELSE 'EUR' END,
                   'balance', partition, 12 * p FROM source, generate_series(1, 20) p;
        INSERT INTO ledger (account, seq, partition, step, ordinal, what, product, kind, name, amount)
            SELECT DISTINCT ON (key) key, 12, partition, 0, 999, '+', '', '', 'p-1', 100000 FROM source;
        INSERT INTO resource_states
            SELECT account, product, resource, partition, 1, {FIRST_S}, NULL, 'running', sku, 'order-' || r % 5
            FROM source WHERE product <> 'maas';
        INSERT INTO order_facts
            SELECT account, '/shop', resource, 'order-' || r, 'paid', {FIRST_S}000000 + r, 'container', 'sku-1', 1, 1 + r % 5,
                   partition, 12
            FROM source WHERE r <= 5""")
    ask('ANALYZE source; ANALYZE line_names; ANALYZE account_names')


# Lines of the hours from {first} up to {last}: as they close, and of some what was a day or three weeks earlier.
STAGE = f"""INSERT INTO stage
SELECT {FIRST} + interval '1 hour' * (h - before), key,
       CASE WHEN before = 0 AND n % 10 = 0 THEN h * {SEQS_AN_HOUR} + 12 * (n / 10 % 60 + 1)
            ELSE (h + 1) * {SEQS_AN_HOUR} END,
       line, partition, n, (before = 0)::integer, 0.000137 * (n % 7919 + 1 + before),
       0.000137 * CASE before WHEN 0 THEN n % 7919 + 1 ELSE before END
FROM generate_series({{first}}, {{last}} - 1, {{every}}) h, (VALUES (0, 1), (24, 100), (504, 5000)) late(before, share), source
WHERE h >= before AND n % share = h % share"""
SETTLED = """INSERT INTO settled (hour, account, seq, line, partition, priced, "exists", usage, units, total, amount)
SELECT s.hour, s.key, s.seq, s.line, s.partition, true, true, usage, 3600, s.total, s.amount
FROM stage s JOIN source USING (n) ORDER BY s.seq, s.partition, s.key, s.hour, s.line"""
# What each frame changed. As tables charges and ledger have a product:
LETTER = """(CASE product WHEN 'maas' THEN 'A' ELSE upper(left(product, 1)) END)::"char\""""
CHARGES = f"""INSERT INTO charges (hour, account, seq, partition, lines, unpriced, accrues, product, meter, kind, sku, units,
                      amount)
SELECT s.hour, s.key, s.seq, s.partition, sum(more), 0, product = 'maas', {LETTER}, upper(left(meter, 1))::"char", 'U', sku,
       sum(more) * 3600, sum(s.amount)
FROM stage s JOIN source USING (n) GROUP BY 1, 2, 3, 4, product, meter, sku ORDER BY seq, partition, s.key, s.hour"""
LEDGER = f"""INSERT INTO ledger (account, seq, partition, step, ordinal, what, product, kind, name, amount)
SELECT key, seq, partition, 0, row_number() OVER (PARTITION BY key, seq ORDER BY product), 'C', {LETTER}, 'U', '',
       -sum(amount)
FROM (SELECT s.*, product FROM stage s JOIN source USING (n) WHERE product <> 'maas') t
GROUP BY key, seq, partition, product ORDER BY seq, partition, key"""


def fill(ask, hours, step=24, every=1):
    """`hours` from FIRST on, or one of `every`; so many an INSERT."""
    ask(f"SELECT settled_range(month) FROM generate_series({FIRST}, {FIRST} + interval '1 hour' * {hours}, '1 month') month")
    for first in range(0, hours, step):
        ask('TRUNCATE stage')
        for table in (STAGE.format(first=first, last=min(first + step, hours), every=every), SETTLED, CHARGES, LEDGER):
            ask(table)


def end(ask, hours):
    """Bills of the months that are due, accounts as the ledger has them, claims."""
    ask(f"""
        INSERT INTO bill_cuts
            SELECT p, month, (extract(epoch FROM due)::bigint - {FIRST_S}) / 5, extract(epoch FROM due)::bigint * 1000000
            FROM generate_series({FIRST}, {FIRST} + interval '1 hour' * {hours}, '1 month') month,
                 generate_series(0, {PARTITIONS - 1}) p, LATERAL (SELECT month + interval '1 month 1 day' AS due) d
            WHERE due <= {FIRST} + interval '1 hour' * {hours};
        INSERT INTO bill_totals
            SELECT account, t.month, coalesce(product, '*'), amount, 0,
                   CASE WHEN product IS NULL THEN round(so_far, 2) - round(so_far - amount, 2) END,
                   CASE WHEN product IS NULL THEN so_far - round(so_far, 2) END, c.seq, partition
            FROM (SELECT account, month, product, partition, sum(amount) AS amount,
                         sum(sum(amount)) OVER (PARTITION BY account, product ORDER BY month) AS so_far
                  FROM charges_in_words, LATERAL (SELECT date_trunc('month', hour, 'UTC')::date AS month) m
                  GROUP BY account, month, partition, ROLLUP (product)) t
            JOIN bill_cuts c USING (partition, month) ORDER BY month, account;
        INSERT INTO ledger (account, seq, partition, step, ordinal, what, product, kind, name, amount)
            SELECT account, seq, partition, 0, 999, 'B', 'A', '', to_char(month, 'YYYY-MM'), -amount
            FROM bill_totals WHERE product = 'maas';
        INSERT INTO accounts (name, partition, prepaid, made_prepaid, seq, state, credited, debited, charged, accrued, carried)
            SELECT a.name, partition, true, false, 12, 'good', sum(amount) FILTER (WHERE what = '+'), 0,
                   coalesce(-sum(amount) FILTER (WHERE what <> '+'), 0), 0, 0
            FROM ledger JOIN account_names a USING (account) GROUP BY a.name, partition;
        UPDATE accounts a SET accrued = t.accrued FROM (
            SELECT name, sum(amount) AS accrued FROM charges JOIN account_names USING (account)
            WHERE accrues AND hour >= (SELECT max(month) + interval '1 month' FROM bill_cuts) GROUP BY name) t
            WHERE a.name = t.name COLLATE "C";
        INSERT INTO frames
            SELECT partition, seq, ({FIRST_S} + seq * 5) * 1000000, {FIRST_S} + seq / {SEQS_AN_HOUR} * 3600, seq
            FROM (SELECT partition, seq FROM charges UNION SELECT partition, seq FROM ledger
                  UNION SELECT partition, seq FROM bill_cuts UNION SELECT partition, seq FROM payments) t
            ORDER BY seq, partition;
        INSERT INTO claim (partition, fence, next_seq, next_step, next_offset, last_hash, watermark_us, closed_s)
            SELECT p, 1, {hours * SEQS_AN_HOUR + 1}, 0, 1, '', ({FIRST_S} + {hours} * 3600) * 1000000::bigint,
                   {FIRST_S} + {hours} * 3600
            FROM generate_series(0, {PARTITIONS - 1}) p;
        DROP TABLE stage""")
    ask('VACUUM ANALYZE settled, charges, ledger, frames, bill_totals, accounts, payments, order_facts, resource_states,'
        ' meta, claim, bill_cuts')


def questions(account, at):
    """(what is asked, SQL, indexes that it is read by). at: a day that begins a month, as text."""
    month = f"hour >= '{at}Z'::timestamptz AND hour < '{at}Z'::timestamptz + interval '1 month'"
    day = f"hour >= '{at}Z'::timestamptz AND hour < '{at}Z'::timestamptz + interval '1 day'"
    name = f"account = '{account}'"
    settled = f'settled_{at[:4]}_{at[5:7]}_account_hour_uuid_hash_idx'
    changed = 'SELECT account, hour, product, amount FROM changes WHERE at >='
    return [
        ("an account's hour, line by line", f"SELECT * FROM lines WHERE {name} AND hour = '{at}T10:00:00Z'", {settled}),
        ("an account's month, by resource",
         f'SELECT resource, sum(amount) FROM lines WHERE {name} AND {month} GROUP BY 1', {settled}),
        ("an account's hours", f'SELECT hour, sum(amount) FROM spend WHERE {name} AND {day} GROUP BY 1',
         {'charges_account'}),
        ("an account's month, by product", f'SELECT product, sum(amount) FROM spend WHERE {name} AND {month} GROUP BY 1',
         {'charges_account'}),
        ("a product's month", f"SELECT sum(amount) FROM spend WHERE product = 'node' AND {month}", {'charges_hour'}),
        ('an hour of all accounts', f"SELECT account, amount FROM spend WHERE hour = '{at}T10:00:00Z'", {'charges_hour'}),
        ('what changed in an hour', f"{changed} '{at}T10:00:00Z' AND at < '{at}T11:00:00Z'",
         {'frames_at', 'charges_frame'}),
        ('what changed in a day', f"{changed} '{at}Z' AND at < '{at}Z'::timestamptz + interval '1 day'",
         {'frames_at', 'charges_frame'}),
        ("an account's bill", f"SELECT * FROM bills WHERE {name} AND month = '{at[:7]}'", {'bill_totals_pkey'}),
        ("an account's balance", f'SELECT * FROM balances WHERE {name}', {'accounts_pkey', 'charges_account'}),
        ("an account's statement", f'SELECT * FROM statement WHERE {name}', {'ledger_account', 'payments_pkey'}),
        ("an account's statement of a month",
         f"SELECT * FROM statement_of('{account}', '{at}Z', '{at}Z'::timestamptz + interval '1 month')", set()),
        ("an account's transfers", f'SELECT * FROM transfers WHERE {name}', {'ledger_account'}),
        ("an account's resources", f'SELECT * FROM resources WHERE {name}', {'resource_states_pkey'}),
        ("an account's orders", f'SELECT * FROM orders WHERE {name}',
         {'order_facts_order', 'line_names_resource', 'settled_2026_11_account_hour_uuid_hash_idx', 'charges_orders'}),
    ]
