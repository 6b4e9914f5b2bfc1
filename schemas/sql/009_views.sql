-- What analysts read: views with types, a row's account always there to be asked for. Those of contract 1 (lines, hours,
-- rejects) stand where they were made. An account is looked for by its name in account_names or accounts, and what is
-- keyed by its number from there: so a question about an account, and row-level security, is one comparison.

-- --- how they are reached ---

-- Rows come as log time goes on, so these indexes grow at their ends; measured: docs/decisions/015-indexes-of-charges.md
CREATE INDEX charges_hour ON charges (hour);
CREATE INDEX charges_frame ON charges (seq, partition);
CREATE INDEX charges_orders ON charges (account, product, kind, hour) WHERE kind <> 'U';
-- A sample sees the few frames that close an hour, not the many that wrote some rows each: without this, what changed in an
-- hour is looked for in the whole table.
ALTER TABLE charges ALTER COLUMN seq SET (n_distinct = -0.05);
CREATE INDEX frames_at ON frames ((to_timestamp(watermark_us / 1000000.0)));
-- Bills are written month after month.
CREATE INDEX bill_totals_month ON bill_totals
    USING brin ((extract(year FROM month)::text || '-' || lpad(extract(month FROM month)::text, 2, '0')))
    WITH (autosummarize = on);
CREATE INDEX resource_states_order ON resource_states (account, "order") WHERE "order" IS NOT NULL;

-- --- letters ---

CREATE VIEW charges_in_words AS
SELECT hour, account, seq, partition::integer AS partition, lines, unpriced, billed, accrues,
       CASE product WHEN 'C' THEN 'container' WHEN 'M' THEN 'model' WHEN 'N' THEN 'node' WHEN 'S' THEN 'storage'
                    WHEN 'A' THEN 'maas' END COLLATE "C" AS product,
       CASE meter WHEN 'R' THEN 'runtime' WHEN 'C' THEN 'capacity' WHEN 'M' THEN 'months' WHEN 'I' THEN 'input_tokens'
                  WHEN 'H' THEN 'cached_input_tokens' WHEN 'W' THEN 'cache_write_tokens' WHEN 'O' THEN 'output_tokens'
                  WHEN 'G' THEN 'images' END COLLATE "C" AS meter,
       CASE kind WHEN 'U' THEN 'usage' WHEN 'S' THEN 'subscription' WHEN 'R' THEN 'refund' WHEN 'V' THEN 'void' END
           COLLATE "C" AS kind,
       sku, units, amount
FROM charges;
COMMENT ON VIEW charges_in_words IS 'Table charges with words where it has letters.';

CREATE VIEW ledger_in_words AS
SELECT account, seq, partition::integer AS partition, step, ordinal,
       CASE what WHEN '+' THEN 'credit' WHEN '-' THEN 'debit' WHEN 'C' THEN 'charge' WHEN 'B' THEN 'bill' END COLLATE "C"
           AS what,
       CASE product WHEN 'C' THEN 'container' WHEN 'M' THEN 'model' WHEN 'N' THEN 'node' WHEN 'S' THEN 'storage'
                    WHEN 'A' THEN 'maas' END COLLATE "C" AS product,
       CASE kind WHEN 'U' THEN 'usage' WHEN 'S' THEN 'subscription' WHEN 'R' THEN 'refund' WHEN 'V' THEN 'void' END
           COLLATE "C" AS kind,
       CASE WHEN what <> 'B' THEN nullif(name, '') END AS name, CASE WHEN what = 'B' THEN name END AS month, amount
FROM ledger;
COMMENT ON VIEW ledger_in_words IS 'Table ledger with words where it has letters, and null where it has nothing.';

DO $$
DECLARE
    col record;
BEGIN
    FOR col IN SELECT v.attrelid::regclass AS view, v.attname AS name, col_description(t.attrelid, t.attnum) AS said
               FROM pg_attribute v JOIN pg_attribute t ON t.attname = v.attname
               WHERE (v.attrelid, t.attrelid) IN (('charges_in_words'::regclass, 'charges'::regclass),
                                                  ('ledger_in_words'::regclass, 'ledger'::regclass)) AND t.attnum > 0 LOOP
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', col.view, col.name, col.said);
    END LOOP;
END $$;
COMMENT ON COLUMN charges_in_words.product IS 'container, model, node, storage or maas.';
COMMENT ON COLUMN charges_in_words.meter IS 'What units counts.';
COMMENT ON COLUMN charges_in_words.kind IS 'usage, subscription, refund or void.';
COMMENT ON COLUMN ledger_in_words.what IS 'credit, debit, charge (hourly products), bill (products by cycle).';
COMMENT ON COLUMN ledger_in_words.product IS 'Of a charge or a bill.';
COMMENT ON COLUMN ledger_in_words.kind IS 'Of a charge: usage, subscription, refund or void.';
COMMENT ON COLUMN ledger_in_words.name IS 'The payment, or the order of an order''s lines.';
COMMENT ON COLUMN ledger_in_words.month IS 'Of a bill, as 2026-11.';

-- --- money ---

CREATE VIEW spend AS
SELECT a.name AS account, c.hour, c.product, c.sku, c.meter, c.kind, sum(c.units) AS units,
       CASE WHEN sum(c.lines) > sum(c.unpriced) THEN round(sum(c.amount), m.charge_scale) END AS amount,
       sum(c.unpriced) AS unpriced, sum(c.lines) AS lines, m.currency
FROM account_names a
JOIN charges_in_words c ON c.account = a.account
CROSS JOIN meta m
GROUP BY a.name, c.hour, c.product, c.sku, c.meter, c.kind, m.charge_scale, m.currency
HAVING sum(c.lines) <> 0;
COMMENT ON VIEW spend IS 'What the charge lines sum to, by account, hour, product, sku, meter and kind.';
COMMENT ON COLUMN spend.account IS 'Who owes it.';
COMMENT ON COLUMN spend.hour IS 'The beginning of the hour, as in lines.';
COMMENT ON COLUMN spend.product IS 'container, model, node, storage or maas.';
COMMENT ON COLUMN spend.sku IS 'What it is sold as.';
COMMENT ON COLUMN spend.meter IS 'What units counts.';
COMMENT ON COLUMN spend.kind IS 'usage, subscription, refund or void.';
COMMENT ON COLUMN spend.units IS 'Billed units, those without a price too.';
COMMENT ON COLUMN spend.amount IS 'Of the lines that have a price; null: none has one.';
COMMENT ON COLUMN spend.unpriced IS 'Lines without a price.';
COMMENT ON COLUMN spend.lines IS 'Lines in all.';
COMMENT ON COLUMN spend.currency IS 'Of the amount, ISO 4217.';

CREATE VIEW changes AS
SELECT a.name AS account, to_timestamp(f.watermark_us / 1000000.0) AS at, c.hour, c.product, c.sku, c.meter, c.kind,
       c.units, round(c.amount, m.charge_scale) AS amount, c.unpriced::bigint AS unpriced, c.lines::bigint AS lines,
       m.currency, to_timestamp(f.closed_s) AS closed, c.partition, c.seq
FROM frames f
JOIN charges_in_words c ON c.partition = f.partition AND c.seq = f.seq
JOIN account_names a ON a.account = c.account
CROSS JOIN meta m;
COMMENT ON VIEW changes IS 'What each frame changed of spend: a row of spend is the sum of its changes.';
COMMENT ON COLUMN changes.account IS 'Who owes it.';
COMMENT ON COLUMN changes.at IS 'When it was settled, in log time; null: before log time began.';
COMMENT ON COLUMN changes.hour IS 'The hour that changed.';
COMMENT ON COLUMN changes.product IS 'container, model, node, storage or maas.';
COMMENT ON COLUMN changes.sku IS 'What it is sold as.';
COMMENT ON COLUMN changes.meter IS 'What units counts.';
COMMENT ON COLUMN changes.kind IS 'usage, subscription, refund or void.';
COMMENT ON COLUMN changes.units IS 'Billed units more.';
COMMENT ON COLUMN changes.amount IS 'What is charged more; 0 of what has no price.';
COMMENT ON COLUMN changes.unpriced IS 'How many lines more are without a price.';
COMMENT ON COLUMN changes.lines IS 'How many lines more there are.';
COMMENT ON COLUMN changes.currency IS 'Of the amount, ISO 4217.';
COMMENT ON COLUMN changes.closed IS 'Every hour before it was settled then.';
COMMENT ON COLUMN changes.partition IS 'With seq, the frame.';
COMMENT ON COLUMN changes.seq IS 'The frame''s number in its partition.';

-- Amounts have charge_scale places, and more where they are not zero. Years that no calendar of a client knows are cut off,
-- at both ends.
CREATE VIEW balances AS
SELECT a.name AS account, round(a.credited, greatest(m.charge_scale, min_scale(a.credited))) AS credited,
       round(a.debited, greatest(m.charge_scale, min_scale(a.debited))) AS debited,
       round(a.charged, greatest(m.charge_scale, min_scale(a.charged))) AS charged,
       round(a.accrued, greatest(m.charge_scale, min_scale(a.accrued))) AS accrued,
       round(v.balance, greatest(m.charge_scale, min_scale(v.balance))) AS balance,
       round(v.available, greatest(m.charge_scale, min_scale(v.available))) AS available, a.state, to_timestamp(a.deadline_us / 1000000) AS deadline, a.prepaid, b.burn,
       CASE WHEN a.prepaid AND b.burn > 0
            THEN to_timestamp(greatest(0, least(253402300799::numeric,
                     k.watermark_us / 1000000.0 + round(v.available * 3600 / b.burn, 6))))
       END AS runs_out,
       to_timestamp(k.watermark_us / 1000000.0) AS as_of, m.currency
FROM accounts a
CROSS JOIN LATERAL (SELECT a.credited - a.debited - a.charged AS balance,
                           a.credited - a.debited - a.charged - a.accrued AS available) v
CROSS JOIN meta m
LEFT JOIN claim k ON k.partition = a.partition
LEFT JOIN LATERAL (
    SELECT CASE WHEN k.closed_s IS NOT NULL THEN round(coalesce(sum(c.amount), 0), m.charge_scale) END AS burn
    FROM charges c
    WHERE c.account = account_key(a.name) AND c.hour = to_timestamp(k.closed_s / 3600 * 3600 - 3600)
      AND c.kind = 'U') b ON true;
COMMENT ON VIEW balances IS 'What accounts have, as of the last epoch that is settled.';
COMMENT ON COLUMN balances.account IS 'The account.';
COMMENT ON COLUMN balances.credited IS 'What was paid in.';
COMMENT ON COLUMN balances.debited IS 'What was paid out, charged back or corrected.';
COMMENT ON COLUMN balances.charged IS 'Charges and bills that were posted.';
COMMENT ON COLUMN balances.accrued IS 'Charges of products by cycle that no bill holds yet.';
COMMENT ON COLUMN balances.balance IS 'credited less debited and charged.';
COMMENT ON COLUMN balances.available IS 'balance less accrued.';
COMMENT ON COLUMN balances.state IS 'good, grace or suspended.';
COMMENT ON COLUMN balances.deadline IS 'Of grace: when the account is suspended unless it is credited.';
COMMENT ON COLUMN balances.prepaid IS 'Whether it was ever credited for its balance: others are always good.';
COMMENT ON COLUMN balances.burn IS 'Usage charges of the last complete hour; null: no hour is complete.';
COMMENT ON COLUMN balances.runs_out IS 'When available is 0 at that rate, from 1970 to 9999; null: it does not fall, or the account is not prepaid.';
COMMENT ON COLUMN balances.as_of IS 'Log time up to which the account is settled.';
COMMENT ON COLUMN balances.currency IS 'Of the amounts, ISO 4217.';

CREATE VIEW bills AS
SELECT a.name AS account,
       extract(year FROM b.month)::text || '-' || lpad(extract(month FROM b.month)::text, 2, '0') AS month,
       b.product, round(b.amount, greatest(m.charge_scale, min_scale(b.amount))) AS amount, b.unpriced,
       round(b.payable, m.bill_scale) AS payable,
       round(b.carried, greatest(m.charge_scale, min_scale(b.carried))) AS carried, m.currency,
       to_timestamp(c.watermark_us / 1000000.0) AS cut_at
FROM account_names a
JOIN bill_totals b ON b.account = a.account
JOIN bill_cuts c ON c.partition = b.partition AND c.month = b.month
CROSS JOIN meta m;
COMMENT ON VIEW bills IS 'Bills as they were cut: a row for each product, and * for the whole. Never changed.';
COMMENT ON COLUMN bills.account IS 'Who owes it.';
COMMENT ON COLUMN bills.month IS 'As 2026-11.';
COMMENT ON COLUMN bills.product IS 'A product, or * for the whole bill.';
COMMENT ON COLUMN bills.amount IS 'Exact.';
COMMENT ON COLUMN bills.unpriced IS 'Lines without a price, more or fewer.';
COMMENT ON COLUMN bills.payable IS 'Of the whole: what the month comes to, with what the bill before carried, rounded to bill_scale; below zero: a credit note.';
COMMENT ON COLUMN bills.carried IS 'Of the whole: what that rounding left for the next bill.';
COMMENT ON COLUMN bills.currency IS 'Of the amounts, ISO 4217.';
COMMENT ON COLUMN bills.cut_at IS 'When it was cut, in log time.';

-- A payment in another currency stands before what else its frame changed: the balance beside it is as it was.
CREATE VIEW statement AS
SELECT account, at, what, product, kind, name, month, amount, currency,
       round(balance, greatest(charge_scale, min_scale(balance))) AS balance, partition, seq
FROM (SELECT t.*, sum(moved) OVER (PARTITION BY account ORDER BY seq, step, ordinal, name ROWS UNBOUNDED PRECEDING)
      AS balance FROM (
    SELECT a.name AS account, to_timestamp(f.watermark_us / 1000000.0) AS at, l.what, l.product, l.kind, l.name,
           l.month, round(l.amount, greatest(m.charge_scale, min_scale(l.amount))) AS amount, m.currency, l.amount AS moved,
           l.partition, l.seq, l.step, l.ordinal, m.charge_scale
    FROM account_names a
    JOIN ledger_in_words l ON l.account = a.account
    LEFT JOIN frames f ON f.partition = l.partition AND f.seq = l.seq
    CROSS JOIN meta m
    UNION ALL
    SELECT p.account, to_timestamp(f.watermark_us / 1000000.0),
           CASE p.kind WHEN 'credited' THEN 'credit' ELSE 'debit' END COLLATE "C", NULL, NULL, p.payment COLLATE "C",
           NULL, CASE p.kind WHEN 'credited' THEN p.amount ELSE -p.amount END, p.currency, 0, p.partition, p.seq, -1, 0,
           m.charge_scale
    FROM payments p
    JOIN meta m ON m.currency <> p.currency
    LEFT JOIN frames f ON f.partition = p.partition AND f.seq = p.seq) t) s
ORDER BY account, seq, step, ordinal, name;
COMMENT ON VIEW statement IS 'Every change of a balance in its order, and payments in other currencies, which change none.';
COMMENT ON COLUMN statement.account IS 'Whose balance.';
COMMENT ON COLUMN statement.at IS 'When it was posted, in log time; null: before log time began.';
COMMENT ON COLUMN statement.what IS 'credit, debit, charge (hourly products), bill (products by cycle).';
COMMENT ON COLUMN statement.product IS 'Of a charge or a bill.';
COMMENT ON COLUMN statement.kind IS 'Of a charge: usage, subscription, refund or void.';
COMMENT ON COLUMN statement.name IS 'The payment, or the order of an order''s lines.';
COMMENT ON COLUMN statement.month IS 'Of a bill, as 2026-11.';
COMMENT ON COLUMN statement.amount IS 'By how much the balance rises; below zero: falls. In another currency: what was paid, as it would be posted.';
COMMENT ON COLUMN statement.currency IS 'Of the amount, ISO 4217.';
COMMENT ON COLUMN statement.balance IS 'After it, in the catalog''s currency.';
COMMENT ON COLUMN statement.partition IS 'With seq, the frame.';
COMMENT ON COLUMN statement.seq IS 'The frame''s number in its partition.';

CREATE VIEW transfers AS
SELECT a.name AS account, to_timestamp(f.watermark_us / 1000000.0) AS at,
       CASE WHEN l.amount < 0 THEN 'account:' || a.name ELSE h.house END AS from_account,
       CASE WHEN l.amount < 0 THEN h.house ELSE 'account:' || a.name END AS to_account,
       round(abs(l.amount), greatest(m.charge_scale, min_scale(l.amount))) AS amount, m.currency, l.what, l.product, l.kind, l.name,
       l.month, l.partition, l.seq, l.step::bigint AS step, l.ordinal::bigint AS ordinal
FROM account_names a
JOIN ledger_in_words l ON l.account = a.account
CROSS JOIN LATERAL (
    SELECT CASE WHEN l.product IS NULL THEN 'house:cash' ELSE 'house:revenue:' || l.product END AS house) h
LEFT JOIN frames f ON f.partition = l.partition AND f.seq = l.seq
CROSS JOIN meta m;
COMMENT ON VIEW transfers IS 'The ledger in double entry: what went from one account to another, and what for.';
COMMENT ON COLUMN transfers.account IS 'The customer''s account, which is on one of the two sides.';
COMMENT ON COLUMN transfers.at IS 'When it was posted, in log time; null: before log time began.';
COMMENT ON COLUMN transfers.from_account IS 'account:NAME, house:cash or house:revenue:PRODUCT: what it is taken from.';
COMMENT ON COLUMN transfers.to_account IS 'What it is given to.';
COMMENT ON COLUMN transfers.amount IS 'Above zero.';
COMMENT ON COLUMN transfers.currency IS 'Of the amount, ISO 4217.';
COMMENT ON COLUMN transfers.what IS 'credit, debit, charge (hourly products), bill (products by cycle).';
COMMENT ON COLUMN transfers.product IS 'Of a charge or a bill.';
COMMENT ON COLUMN transfers.kind IS 'Of a charge: usage, subscription, refund or void.';
COMMENT ON COLUMN transfers.name IS 'The payment, or the order of an order''s lines.';
COMMENT ON COLUMN transfers.month IS 'Of a bill, as 2026-11.';
COMMENT ON COLUMN transfers.partition IS 'With seq, the frame.';
COMMENT ON COLUMN transfers.seq IS 'The frame''s number in its partition.';
COMMENT ON COLUMN transfers.step IS 'The step of the frame''s work, from 0.';
COMMENT ON COLUMN transfers.ordinal IS 'Its place among the account''s transfers in the step, from 1.';

-- Log time never falls from frame to frame, so twenty or thirty looks find it.
CREATE FUNCTION first_frame(place integer, since timestamptz) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
    low bigint := 0;
    high bigint := (SELECT max(seq) + 1 FROM frames WHERE partition = place);
    middle bigint;
    next frames;
BEGIN
    WHILE low < high LOOP
        middle := low + (high - low) / 2;
        SELECT * INTO next FROM frames f WHERE f.partition = place AND f.seq >= middle ORDER BY f.seq LIMIT 1;
        IF to_timestamp(next.watermark_us / 1000000.0) >= since THEN
            high := middle;
        ELSE
            low := next.seq + 1;
        END IF;
    END LOOP;
    RETURN low;
END $$;
COMMENT ON FUNCTION first_frame IS 'A number that the partition''s frames that wrote money reach at that log time, and none before.';

-- What a balance was is counted back from what it is: what is asked for and what came after it is read, and nothing of
-- before. The view's rows are made one after another from the account's first on, whatever is asked of them:
-- docs/decisions/017-statements.md
CREATE FUNCTION statement_of(whose text, since timestamptz, until timestamptz) RETURNS SETOF statement LANGUAGE plpgsql STABLE AS $$
DECLARE
    key constant bigint := account_key(whose);
    place constant integer := coalesce((SELECT l.partition FROM ledger_in_words l WHERE l.account = key LIMIT 1),
                                       (SELECT p.partition FROM payments p WHERE p.account = whose LIMIT 1));
    from_seq constant bigint := CASE WHEN since IS NULL THEN 0 ELSE first_frame(place, since) END;
    to_seq constant bigint := CASE WHEN until IS NULL THEN 9223372036854775807 ELSE first_frame(place, until) END;
    opening constant numeric := coalesce((SELECT b.balance FROM balances b WHERE b.account = whose), 0)
        - coalesce((SELECT sum(l.amount) FROM ledger_in_words l WHERE l.account = key AND l.seq >= from_seq), 0);
BEGIN
    RETURN QUERY
    SELECT whose, s.at, s.what, s.product, s.kind, s.name, s.month, s.amount, s.currency,
           round(s.balance, greatest(s.charge_scale, min_scale(s.balance))), s.partition, s.seq
    FROM (SELECT t.*, opening + sum(t.moved) OVER (ORDER BY t.seq, t.step, t.ordinal, t.name ROWS UNBOUNDED PRECEDING)
          AS balance FROM (
        SELECT to_timestamp(f.watermark_us / 1000000.0) AS at, l.what, l.product, l.kind, l.name,
               l.month, round(l.amount, greatest(m.charge_scale, min_scale(l.amount))) AS amount, m.currency, l.amount AS moved,
               l.partition, l.seq, l.step, l.ordinal, m.charge_scale
        FROM ledger_in_words l
        LEFT JOIN LATERAL (SELECT * FROM frames WHERE partition = l.partition AND seq = l.seq OFFSET 0) f ON true
        CROSS JOIN meta m
        WHERE l.account = key AND l.seq >= from_seq AND l.seq < to_seq
        UNION ALL
        SELECT to_timestamp(f.watermark_us / 1000000.0),
               CASE p.kind WHEN 'credited' THEN 'credit' ELSE 'debit' END COLLATE "C", NULL, NULL, p.payment COLLATE "C",
               NULL, CASE p.kind WHEN 'credited' THEN p.amount ELSE -p.amount END, p.currency, 0, p.partition, p.seq, -1, 0,
               m.charge_scale
        FROM payments p
        JOIN meta m ON m.currency <> p.currency
        LEFT JOIN frames f ON f.partition = p.partition AND f.seq = p.seq
        WHERE p.account = whose AND p.seq >= from_seq AND p.seq < to_seq) t) s
    ORDER BY s.seq, s.step, s.ordinal, s.name;
END $$;
COMMENT ON FUNCTION statement_of IS 'Rows of view statement of the account with since <= at < until, in their order (null: no bound), without reading what was before.';

CREATE VIEW prices AS
SELECT p.product, p.sku, p.meter, to_timestamp(p.since_s) AS since, to_timestamp(p.until_s) AS until, p.price, p.per,
       p.free, p.settle, m.currency, p.set_by, to_timestamp(p.set_us / 1000000.0) AS set_at
FROM price_list p
CROSS JOIN meta m
ORDER BY p.ordinal;
COMMENT ON VIEW prices IS 'What is charged now, and was: an amount is units x price / per.';
COMMENT ON COLUMN prices.product IS 'container, model, node, storage or maas.';
COMMENT ON COLUMN prices.sku IS 'What is sold.';
COMMENT ON COLUMN prices.meter IS 'What is counted; months: of a subscription.';
COMMENT ON COLUMN prices.since IS 'From then on; null: since ever.';
COMMENT ON COLUMN prices.until IS 'Up to, not including; null: it holds still.';
COMMENT ON COLUMN prices.price IS 'Of `per` units.';
COMMENT ON COLUMN prices.per IS 'So many units cost the price: an hour of one is 3600 quantity-seconds, a GB-hour 3.6 x 10^12 byte-seconds.';
COMMENT ON COLUMN prices.free IS 'Of storage: bytes of an account that are free.';
COMMENT ON COLUMN prices.settle IS 'hourly: the balance falls as it is settled; cycle: with the month''s bill.';
COMMENT ON COLUMN prices.currency IS 'Of the price, ISO 4217.';
COMMENT ON COLUMN prices.set_by IS 'Who wrote the catalog.';
COMMENT ON COLUMN prices.set_at IS 'When, by the clock of its writer.';

-- --- what runs, and what was ordered ---

CREATE VIEW resources AS
SELECT account, product, resource, state, sku, quantity, "order", to_timestamp(since_s) AS since,
       to_timestamp(sign_s) AS last_sign
FROM resource_states;
COMMENT ON VIEW resources IS 'What runs, and what ended lately. For eyes: no charge hangs on it.';
COMMENT ON COLUMN resources.account IS 'Whose it is.';
COMMENT ON COLUMN resources.product IS 'container, model or node.';
COMMENT ON COLUMN resources.resource IS 'Its name.';
COMMENT ON COLUMN resources.state IS 'running, silent (it runs, but shows no sign of life), stopped, failed or deleted.';
COMMENT ON COLUMN resources.sku IS 'What it runs with, or last ran with.';
COMMENT ON COLUMN resources.quantity IS 'How many of the sku.';
COMMENT ON COLUMN resources."order" IS 'The order that it runs with, or last ran with.';
COMMENT ON COLUMN resources.since IS 'When that became so; silent: the last sign of life.';
COMMENT ON COLUMN resources.last_sign IS 'The last sign of life as known when the state last changed; null: it is not watched for any.';

-- What an order's lines say of it decides: whether a refund or a void counts is the settler's to know. They are looked for
-- in the hours of its facts, and, since a void that nobody asked for has none, in the hours in which such orders were
-- voided.
CREATE VIEW orders AS
SELECT o.account, o.name, o.product, o.sku, o.quantity, o.months::bigint AS months, o.paid_at,
       CASE WHEN s.state = 'refunded' THEN f.refunded_at WHEN s.state <> 'void' THEN o.end_at END AS ends_at, s.state,
       CASE WHEN s.state = 'void' OR k.watermark_us IS NULL THEN 0::numeric
            ELSE round(least(1, greatest(0, extract(epoch FROM least(to_timestamp(k.watermark_us / 1000000),
                CASE WHEN s.state = 'refunded' THEN f.refunded_at END) - o.from_second)
                / extract(epoch FROM o.end_at - o.from_second))), 6) END AS used,
       CASE WHEN s.state IN ('paid', 'fulfilled') THEN (
            SELECT count(*) FROM resource_states r
            WHERE r.account = o.account COLLATE "C" AND r."order" = o.name COLLATE "C" AND r.state = 'running'
              AND r.product = o.product COLLATE "C" AND r.sku = o.sku COLLATE "C")
            ELSE 0 END AS covers,
       round(l.amount, m.charge_scale) AS amount,
       CASE WHEN l.ended_by IS NULL THEN round(0, m.charge_scale) ELSE round(-l.returned, m.charge_scale) END
           AS given_back
FROM (
    SELECT DISTINCT ON (account, "order") account, "order" AS name, product, sku, quantity, months, partition, time_us,
           to_timestamp(time_us / 1000000.0) AS paid_at, to_timestamp(time_us / 1000000) AS from_second,
           (to_timestamp(time_us / 1000000) AT TIME ZONE 'UTC' + months * interval '1 month') AT TIME ZONE 'UTC' AS end_at
    FROM order_facts WHERE kind = 'paid'
    ORDER BY account, "order", time_us, id COLLATE "C", source COLLATE "C") o
JOIN account_names a ON a.name = o.account
CROSS JOIN meta m
LEFT JOIN claim k ON k.partition = o.partition
CROSS JOIN LATERAL (
    SELECT to_timestamp(min(greatest(time_us, o.time_us)) FILTER (WHERE kind = 'refunded') / 1000000) AS refunded_at,
           bool_or(kind = 'fulfilled') AS fulfilled
    FROM order_facts WHERE account = o.account AND "order" = o.name) f
CROSS JOIN LATERAL (
    SELECT sum(t.amount) FILTER (WHERE t.kind = 'subscription') AS amount,
           sum(t.amount) FILTER (WHERE t.kind <> 'subscription') AS returned,
           max(t.kind) FILTER (WHERE t.kind <> 'subscription') AS ended_by
    FROM (SELECT DISTINCT ON (s.line, s.hour) n.kind, s."exists", CASE WHEN s.priced THEN s.total END AS amount
          FROM line_names n
          CROSS JOIN LATERAL (
              SELECT to_timestamp(greatest(time_us, o.time_us) / 3600000000 * 3600) AS hour
              FROM order_facts WHERE account = o.account AND "order" = o.name
              UNION
              SELECT hour FROM charges
              WHERE account = a.account AND product = upper(left(o.product, 1))::"char"
                AND kind = 'V' AND n.kind = 'void'
                AND hour >= to_timestamp(o.time_us / 3600000000 * 3600)) h
          JOIN settled s ON s.account = a.account AND s.hour = h.hour AND uuid_hash(s.line) = uuid_hash(n.line) AND s.line = n.line
          WHERE n.account = o.account AND n.product = o.product AND n.resource = o.name AND n.kind <> 'usage'
          ORDER BY s.line, s.hour, s.seq DESC) t
    WHERE t."exists") l
CROSS JOIN LATERAL (
    SELECT CASE WHEN l.ended_by = 'void' THEN 'void' WHEN l.ended_by = 'refund' THEN 'refunded'
                WHEN o.end_at <= to_timestamp(k.watermark_us / 1000000.0) THEN 'ended'
                WHEN f.fulfilled THEN 'fulfilled' ELSE 'paid' END AS state) s;
COMMENT ON VIEW orders IS 'Orders that were paid, and what became of them.';
COMMENT ON COLUMN orders.account IS 'Whose it is.';
COMMENT ON COLUMN orders.name IS 'The order.';
COMMENT ON COLUMN orders.product IS 'container, model or node.';
COMMENT ON COLUMN orders.sku IS 'What it covers.';
COMMENT ON COLUMN orders.quantity IS 'How many of the sku in each second.';
COMMENT ON COLUMN orders.months IS 'For how many months it was paid.';
COMMENT ON COLUMN orders.paid_at IS 'The time of its order.paid.';
COMMENT ON COLUMN orders.ends_at IS 'Up to when it covers: the end of its months, or its refund; null: it is void and covers nothing.';
COMMENT ON COLUMN orders.state IS 'paid, fulfilled, refunded, void or ended (its months are over).';
COMMENT ON COLUMN orders.used IS 'The share of its months that is over, or was when it was refunded: from 0 to 1; void: 0.';
COMMENT ON COLUMN orders.covers IS 'Resources that run with it now.';
COMMENT ON COLUMN orders.amount IS 'What was charged for it; null: it has no price.';
COMMENT ON COLUMN orders.given_back IS 'What its refund or void gave back; null: it has no price.';

-- --- who may read what ---

-- The views read with the rights of their owner, so nothing behind them is needed; account_key is called by them as by
-- whoever asks.
CREATE FUNCTION grant_analyst(role name) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    here constant name := current_schema;
    what text;
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', here, role);
    FOR what IN SELECT relname FROM pg_catalog.pg_class WHERE relnamespace = here::regnamespace AND relkind = 'v' LOOP
        EXECUTE format('GRANT SELECT ON %I.%I TO %I', here, what, role);
    END LOOP;
    FOREACH what IN ARRAY ARRAY['account_names', 'line_names', 'settled', 'frames', 'notices',
                                'order_facts', 'payments', 'catalogs', 'meta', 'bill_cuts'] LOOP
        EXECUTE format('GRANT SELECT ON %I.%I TO %I', here, what, role);
    END LOOP;
    FOREACH what IN ARRAY ARRAY['account_key', 'first_frame', 'statement_of'] LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %I.%I TO %I', here, what, role);
    END LOOP;
END $$;
COMMENT ON FUNCTION grant_analyst IS 'Lets a role read the views and the rows of money behind them, and nothing of how the settler works.';

-- --- what tables and columns that were made before say of themselves ---

COMMENT ON TABLE migrations IS 'What was done to this schema, in order.';
COMMENT ON COLUMN migrations.number IS 'From 1.';
COMMENT ON COLUMN migrations.name IS 'Of the file, without its ending.';
COMMENT ON COLUMN migrations.digest IS 'SHA-256 of the file, in hexadecimal digits.';
COMMENT ON COLUMN migrations.applied_at IS 'When, by the clock of the server.';

COMMENT ON COLUMN meta.only_row IS 'True: there is one row.';
COMMENT ON COLUMN meta.currency IS 'Of all amounts, ISO 4217.';
COMMENT ON COLUMN meta.charge_scale IS 'Decimals of a charge.';

COMMENT ON COLUMN claim.partition IS 'Of the log.';
COMMENT ON COLUMN claim.fence IS 'Rises with each claim; who has a lower one writes nothing.';
COMMENT ON COLUMN claim.next_seq IS 'The frame that comes next.';
COMMENT ON COLUMN claim.next_step IS 'The step of it that comes next.';
COMMENT ON COLUMN claim.last_hash IS 'SHA-256 of the frame before.';
COMMENT ON COLUMN claim.watermark_us IS 'Of the last epoch that is settled whole, microseconds since 1970; null: log time has not begun.';

COMMENT ON COLUMN account_names.name IS 'The account.';
COMMENT ON COLUMN account_names.account IS 'account_key of it.';

COMMENT ON COLUMN line_names.line IS 'What settled.line holds.';
COMMENT ON COLUMN line_names.partition IS 'The partition of the account.';
COMMENT ON COLUMN line_names.account IS 'Who owes it.';
COMMENT ON COLUMN line_names.product IS 'container, model, node, storage or maas.';
COMMENT ON COLUMN line_names.resource IS 'What was used; * for storage; the order, of an order''s lines.';
COMMENT ON COLUMN line_names.meter IS 'What units counts.';
COMMENT ON COLUMN line_names.sku IS 'What it is sold as.';
COMMENT ON COLUMN line_names.kind IS 'usage, subscription, refund or void.';

COMMENT ON COLUMN settled.hour IS 'The beginning of the hour in which the seconds lie.';
COMMENT ON COLUMN settled.seq IS 'The frame that it came from,';
COMMENT ON COLUMN settled.partition IS 'and the partition of the frame.';
COMMENT ON COLUMN settled.priced IS 'Whether all of it has a price.';
COMMENT ON COLUMN settled."exists" IS 'Whether there is such a line; false: the usage is kept, and nothing of it is billed.';
COMMENT ON COLUMN settled.units IS 'What is billed of that usage.';

COMMENT ON COLUMN order_facts.account IS 'Whose order.';
COMMENT ON COLUMN order_facts.source IS 'Of the event.';
COMMENT ON COLUMN order_facts.id IS 'Of the event.';
COMMENT ON COLUMN order_facts."order" IS 'Its name.';
COMMENT ON COLUMN order_facts.time_us IS 'The time of the event, microseconds since 1970.';
COMMENT ON COLUMN order_facts.product IS 'Of paid: container, model or node.';
COMMENT ON COLUMN order_facts.sku IS 'Of paid: what it covers.';
COMMENT ON COLUMN order_facts.quantity IS 'Of paid: how many of the sku.';
COMMENT ON COLUMN order_facts.months IS 'Of paid: for how many months.';
COMMENT ON COLUMN order_facts.partition IS 'Of the frame.';
COMMENT ON COLUMN order_facts.seq IS 'The frame that said it.';

COMMENT ON COLUMN order_usage.account IS 'Whose resource.';
COMMENT ON COLUMN order_usage."order" IS 'The order that it named.';
COMMENT ON COLUMN order_usage.product IS 'container, model or node.';
COMMENT ON COLUMN order_usage.resource IS 'Its name.';
COMMENT ON COLUMN order_usage.first_hour IS 'The first hour in which it named the order (seconds since 1970).';
COMMENT ON COLUMN order_usage.last_hour IS 'The last such hour.';

COMMENT ON COLUMN order_due.account IS 'Whose order.';
COMMENT ON COLUMN order_due."order" IS 'Its name.';
COMMENT ON COLUMN order_due.partition IS 'The partition of the account.';
COMMENT ON COLUMN order_due.due_us IS 'When it is void, microseconds since 1970.';

COMMENT ON COLUMN payments.account IS 'Who paid, or was paid.';
COMMENT ON COLUMN payments.kind IS 'credited or debited.';
COMMENT ON COLUMN payments.payment IS 'Its name: it counts once, whatever is sent again.';
COMMENT ON COLUMN payments.source IS 'Of the event.';
COMMENT ON COLUMN payments.id IS 'Of the event.';
COMMENT ON COLUMN payments.time_us IS 'The time of the event, microseconds since 1970.';
COMMENT ON COLUMN payments.amount IS 'Above zero.';
COMMENT ON COLUMN payments.currency IS 'Of the amount, ISO 4217; what is not the catalog''s is kept, not posted.';
COMMENT ON COLUMN payments.partition IS 'Of the frame.';
COMMENT ON COLUMN payments.seq IS 'The frame that said it.';

COMMENT ON COLUMN catalogs.partition IS 'Whose log has it.';
COMMENT ON COLUMN catalogs.seq IS 'The frame that said it.';
COMMENT ON COLUMN catalogs.ordinal IS 'Its place among the frame''s catalogs.';
COMMENT ON COLUMN catalogs.from_s IS 'The hour that it holds from (seconds since 1970); null: since ever.';
COMMENT ON COLUMN catalogs.text IS 'The catalog, YAML.';

COMMENT ON COLUMN rejected.topic IS 'usage.rejects: an entrance refused it; usage.records: it was too late for the rules.';
COMMENT ON COLUMN rejected.partition IS 'Of the topic.';
COMMENT ON COLUMN rejected.seq IS 'Of usage.records: the frame that said it.';
COMMENT ON COLUMN rejected.ordinal IS 'Its place among the frame''s rejects.';
COMMENT ON COLUMN rejected.reason IS 'Begins with the name of the field that broke a rule.';
COMMENT ON COLUMN rejected.feed IS 'The entrance that it came by.';
COMMENT ON COLUMN rejected.sender IS 'Who handed it in; empty: not known.';
COMMENT ON COLUMN rejected.origin IS 'Where it was handed in from; empty: not known.';
COMMENT ON COLUMN rejected.account IS 'As the event has it; empty: not known. So are type, source and id.';
COMMENT ON COLUMN rejected.type IS 'Of the event.';
COMMENT ON COLUMN rejected.source IS 'Of the event.';
COMMENT ON COLUMN rejected.id IS 'Of the event.';

COMMENT ON COLUMN hour_complete.complete_before IS 'The hour, UTC.';
COMMENT ON COLUMN hour_complete.partitions IS 'Partitions that were ever claimed.';
COMMENT ON COLUMN hour_complete.partitions_expected IS 'Partitions that there are; null: not known yet.';

-- A range of `settled` says what it is; its columns are those of `settled`, with what they say.
DO $$
DECLARE
    range regclass;
    col record;
BEGIN
    FOR range IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'settled'::regclass LOOP
        EXECUTE format('COMMENT ON TABLE %s IS %L', range, 'A range of `settled`, by hour.');
        FOR col IN SELECT attname, col_description(attrelid, attnum) AS said FROM pg_attribute
                   WHERE attrelid = 'settled'::regclass AND attnum > 0 AND NOT attisdropped LOOP
            EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', range, col.attname, col.said);
        END LOOP;
    END LOOP;
END $$;

CREATE OR REPLACE FUNCTION settled_range(within timestamptz) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
SET lock_timeout = '2s' AS $$
DECLARE
    ranges_max constant integer := 120;
    here constant name := current_schema;
    settled constant regclass := format('%I.settled', here)::regclass;
    first constant timestamp := date_trunc('month', within AT TIME ZONE 'UTC');
    from_hour constant timestamptz := first AT TIME ZONE 'UTC';
    to_hour constant timestamptz := (first + interval '1 month') AT TIME ZONE 'UTC';
    name constant text := 'settled_' || to_char(first, 'YYYY_MM');
    taken boolean;
BEGIN
    PERFORM pg_advisory_xact_lock(74680118, hashtext(here));
    EXECUTE format('SELECT EXISTS (SELECT FROM %I.settled_default WHERE hour >= $1 AND hour < $2)', here)
        INTO taken USING from_hour, to_hour;
    IF taken OR to_regclass(format('%I.%I', here, name)) IS NOT NULL
        OR (SELECT count(*) FROM pg_catalog.pg_inherits WHERE inhparent = settled) > ranges_max THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE %1$I.%2$I (LIKE %1$I.settled INCLUDING ALL)', here, name);
    EXECUTE format('ALTER TABLE %1$I.settled ATTACH PARTITION %1$I.%2$I FOR VALUES FROM (%3$L) TO (%4$L)', here, name,
                   from_hour, to_hour);
    EXECUTE format('CREATE TRIGGER %1$I BEFORE TRUNCATE ON %2$I.%3$I EXECUTE FUNCTION %2$I.refuse_change()',
                   name || '_no_truncate', here, name);
    EXECUTE format('COMMENT ON TABLE %I.%I IS %L', here, name, 'A range of `settled`, by hour.');
    RETURN true;
END $$;

CREATE OR REPLACE FUNCTION grant_reader(role name) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    here constant name := current_schema;
    what text;
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', here, role);
    EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO %I', here, role);
    FOREACH what IN ARRAY ARRAY['account_key', 'first_frame', 'statement_of'] LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %I.%I TO %I', here, what, role);
    END LOOP;
END $$;

SELECT pin_functions();
