-- Payments that come in and go out, facts of orders by their whole identity, and charges by account: `settled` names its
-- account, and is read by it.

CREATE FUNCTION account_key(name text) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT ('x' || encode(substr(sha256(convert_to(name, 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint
$$;
COMMENT ON FUNCTION account_key IS 'What settled.account holds: the first 8 bytes of SHA-256 of the account''s name, big-endian and signed.';

-- So that a question that names an account becomes one that names its number. Two names of one number would do no harm.
CREATE TABLE account_names (
    name    text PRIMARY KEY,
    account bigint NOT NULL GENERATED ALWAYS AS (account_key(name)) STORED
);
COMMENT ON TABLE account_names IS 'Accounts that have lines, and what settled.account holds for them.';
INSERT INTO account_names (name) SELECT DISTINCT account FROM line_names;

-- --- settled ---

CREATE TABLE settled_before AS
SELECT account_key(n.account) AS account, s.* FROM settled s JOIN line_names n USING (line);
CREATE TABLE ranges_before AS
SELECT to_timestamp(substr(relname, 9), 'YYYY_MM') + interval '14 days' AS within
FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid
WHERE inhparent = 'settled'::regclass AND relname ~ '^settled_\d{4,}_\d\d$';
DROP VIEW lines;
DROP TABLE settled;

-- Columns of fixed size first, widest before narrower: nothing is lost between them.
CREATE TABLE settled (
    hour      timestamptz NOT NULL,
    account   bigint NOT NULL,
    seq       bigint NOT NULL,
    line      uuid NOT NULL,
    partition integer NOT NULL,
    priced    boolean NOT NULL,
    "exists"  boolean NOT NULL,
    usage     bytea NOT NULL,
    units     numeric(40, 0) NOT NULL,
    total     numeric NOT NULL,
    amount    numeric NOT NULL,
    PRIMARY KEY (account, hour, line, seq) -- measured: docs/decisions/007-settled-key.md
) PARTITION BY RANGE (hour);
COMMENT ON TABLE settled IS 'Charges, insert-only: a correction is a further row, and a line is their sum.';
COMMENT ON COLUMN settled.account IS 'account_key of the account''s name.';
COMMENT ON COLUMN settled.line IS 'Of line_names.';
COMMENT ON COLUMN settled.usage IS 'The final usage that the row was rated from (schemas/README.md).';
COMMENT ON COLUMN settled.total IS 'The charge of that usage; 0 when unpriced or not existing.';
COMMENT ON COLUMN settled.amount IS 'total minus the total of the row before.';
CREATE TABLE settled_default PARTITION OF settled DEFAULT;
CREATE TRIGGER settled_default_no_truncate BEFORE TRUNCATE ON settled_default EXECUTE FUNCTION refuse_change();

SELECT settled_range(within) FROM ranges_before;
INSERT INTO settled (hour, account, seq, line, partition, priced, "exists", usage, units, total, amount)
SELECT hour, account, seq, line, partition, priced, "exists", usage, units, total, amount FROM settled_before;
DROP TABLE ranges_before, settled_before;

-- The last row of each line is looked for among those of an account and hour, never in the whole table.
-- An account is looked for by its name, and a line by itself: IS TRUE keeps the check of its account from being taken for
-- the way to it, which reads all lines of the account for each row where the server has no statistics yet.
CREATE VIEW lines AS
SELECT s.hour, a.name AS account, n.product, n.resource, n.meter, n.sku, n.kind, s.units,
       CASE WHEN s.priced THEN round(s.total, m.charge_scale) END AS amount, m.currency
FROM account_names a
CROSS JOIN LATERAL (
    SELECT DISTINCT ON (hour, line) hour, line, units, priced, "exists", total
    FROM settled WHERE account = a.account ORDER BY hour, line, seq DESC) s
JOIN line_names n ON n.line = s.line AND (n.account = a.name) IS TRUE
CROSS JOIN meta m
WHERE s."exists";
COMMENT ON VIEW lines IS 'Charge lines: the net of one account, product, resource, meter, sku, kind and hour.';
COMMENT ON COLUMN lines.hour IS 'The beginning of the hour in which the seconds lie; of an order''s lines, in which its event lies.';
COMMENT ON COLUMN lines.account IS 'Who owes it.';
COMMENT ON COLUMN lines.product IS 'container, model, node, storage or maas.';
COMMENT ON COLUMN lines.resource IS 'What was used; * for storage, which an account has one pool of; the order, of an order''s lines.';
COMMENT ON COLUMN lines.meter IS 'What units counts: runtime (quantity-seconds), capacity (byte-seconds), months, or what was called for.';
COMMENT ON COLUMN lines.sku IS 'What it is sold as.';
COMMENT ON COLUMN lines.kind IS 'usage, subscription, refund or void.';
COMMENT ON COLUMN lines.units IS 'What is billed: the free and the covered part left out.';
COMMENT ON COLUMN lines.amount IS 'What it costs, with the catalog''s charge_scale; null: it has no price.';
COMMENT ON COLUMN lines.currency IS 'Of the amount, ISO 4217.';

-- --- orders, payments, rejects ---

ALTER TABLE orders RENAME TO order_facts;
ALTER INDEX orders_order RENAME TO order_facts_order;
ALTER TABLE order_facts DROP CONSTRAINT orders_account_source_id_key, ADD PRIMARY KEY (account, kind, source, id);
COMMENT ON TABLE order_facts IS 'What happened to orders, each event once for ever.';
COMMENT ON COLUMN order_facts.kind IS 'paid, fulfilled, failed or refunded.';
DROP TRIGGER orders_insert_only ON order_facts;
DROP TRIGGER orders_no_truncate ON order_facts;

CREATE TABLE payments (
    account   text NOT NULL,
    kind      text NOT NULL CHECK (kind IN ('credited', 'debited')),
    payment   text NOT NULL,
    source    text NOT NULL,
    id        text NOT NULL,
    time_us   bigint NOT NULL,
    amount    numeric NOT NULL,
    currency  text NOT NULL,
    purpose   text NOT NULL CHECK (purpose IN ('balance', 'bill')),
    partition integer NOT NULL,
    seq       bigint NOT NULL,
    PRIMARY KEY (account, kind, payment)
);
COMMENT ON TABLE payments IS 'Payments to and from accounts, each once for ever, in whatever currency.';
COMMENT ON COLUMN payments.purpose IS 'What it was paid for: the balance, or a bill.';
INSERT INTO payments
SELECT DISTINCT ON (account, payment)
       account, 'credited', payment, source, id, time_us, amount, currency, 'balance', partition, seq
FROM credits ORDER BY account, payment, seq, source, id;
DROP TABLE credits;

ALTER TABLE rejected_events RENAME TO rejected;
ALTER INDEX rejected_events_pkey RENAME TO rejected_pkey;

-- Counts come once, when their hour closes.
DROP TABLE open_counts;

ALTER TABLE claim RENAME COLUMN epoch TO fence;
COMMENT ON TABLE claim IS 'Who settles a partition (fence: of two, the higher), and which frame comes next.';

-- --- who may do what ---

DO $$
DECLARE
    money text;
BEGIN
    FOREACH money IN ARRAY ARRAY[
        'settled', 'order_facts', 'payments', 'account_names', 'line_names', 'catalogs', 'rejected'] LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION refuse_change()',
                       money || '_insert_only', money);
        EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I EXECUTE FUNCTION refuse_change()',
                       money || '_no_truncate', money);
    END LOOP;
END $$;

CREATE OR REPLACE FUNCTION grant_settler(role name) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    here constant name := current_schema;
    what text;
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', here, role);
    EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO %I', here, role);
    FOREACH what IN ARRAY ARRAY[
        'INSERT ON %I.meta', 'INSERT ON %I.account_names', 'INSERT ON %I.line_names', 'INSERT ON %I.settled',
        'INSERT ON %I.order_facts', 'INSERT ON %I.payments', 'INSERT ON %I.catalogs', 'INSERT ON %I.rejected',
        'INSERT, UPDATE ON %I.claim', 'INSERT, UPDATE ON %I.order_usage', 'INSERT, DELETE ON %I.order_due',
        'EXECUTE ON FUNCTION %I.settled_range',
        'EXECUTE ON FUNCTION %I.account_key'] LOOP
        EXECUTE format('GRANT ' || what || ' TO %I', here, role);
    END LOOP;
END $$;

CREATE OR REPLACE FUNCTION grant_reader(role name) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    here constant name := current_schema;
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', here, role);
    EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO %I', here, role);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %I.account_key TO %I', here, role);
END $$;

SELECT pin_functions();
