-- Money beyond charges: what each frame changed, the ledger, balances, bills and notices; what runs now, and the prices.
-- All of it is a function of the frames: rows of money carry (partition, seq) and no wall clock.

-- What was settled before these tables were there is missing in them, and only the frames have it.
DO $$
BEGIN
    IF EXISTS (SELECT FROM settled) OR EXISTS (SELECT FROM payments) THEN
        RAISE EXCEPTION 'this schema has money that was settled without a ledger: settle the generation anew'
            USING HINT = 'Give hourglass-settler a schema of its own: it reads usage.frames from the beginning, and comes to the same lines.';
    END IF;
END $$;

-- --- settled ---

-- A line is found by four bytes of a hash of it: a third less than with its sixteen. That no frame is settled twice is
-- `frame_steps`' to refuse (docs/decisions/007-settled-key.md).
ALTER TABLE settled DROP CONSTRAINT settled_pkey;
CREATE INDEX settled_line ON settled (account, hour, uuid_hash(line));
-- Each hour updates the rows of the orders that ran in it: a page has room for all of its rows once more.
ALTER TABLE order_usage SET (fillfactor = 50);

-- --- insert-only ---

-- Small beside `settled` where an account has many resources, as large where it has one: so what has few values is a
-- letter, and nothing is null (docs/decisions/016-letters.md). A capital one: a word compared with it is cut to its first
-- letter without an error, and so equals none of them. charges_in_words says the letters.
CREATE TABLE charges (
    hour      timestamptz NOT NULL,
    account   bigint NOT NULL,
    seq       bigint NOT NULL,
    lines     integer NOT NULL,
    unpriced  integer NOT NULL,
    billed    date NOT NULL DEFAULT '-infinity',
    partition smallint NOT NULL,
    accrues   boolean NOT NULL,
    product   "char" NOT NULL CHECK (product IN ('C', 'M', 'N', 'S', 'A')),
    meter     "char" NOT NULL CHECK (meter IN ('R', 'C', 'M', 'I', 'H', 'W', 'O', 'G')),
    kind      "char" NOT NULL CHECK (kind IN ('U', 'S', 'R', 'V')),
    sku       text NOT NULL COLLATE "C",
    units     numeric NOT NULL,
    amount    numeric NOT NULL
);
COMMENT ON TABLE charges IS 'What each frame changed, by account, hour, product, sku, meter and kind, insert-only; charges_in_words says the letters.';
COMMENT ON COLUMN charges.hour IS 'The hour of the lines.';
COMMENT ON COLUMN charges.account IS 'account_key of the account''s name.';
COMMENT ON COLUMN charges.seq IS 'The frame that changed it,';
COMMENT ON COLUMN charges.partition IS 'and the partition that the frame is of.';
COMMENT ON COLUMN charges.lines IS 'How many lines more exist; below zero: fewer.';
COMMENT ON COLUMN charges.unpriced IS 'How many lines more are without a price.';
COMMENT ON COLUMN charges.billed IS 'First day of the month whose bill holds it, where that is a later one than the hour''s own; else -infinity.';
COMMENT ON COLUMN charges.accrues IS 'Whether the balance waits for the month''s bill: the product was settled by cycle in that hour.';
COMMENT ON COLUMN charges.product IS 'container, model, node, storage: the first letter; maas: A.';
COMMENT ON COLUMN charges.meter IS 'What units counts: runtime, capacity, months, input_tokens, output_tokens: the first letter; cached_input_tokens H, cache_write_tokens W, images G.';
COMMENT ON COLUMN charges.kind IS 'usage, subscription, refund or void: the first letter.';
COMMENT ON COLUMN charges.sku IS 'What it is sold as.';
COMMENT ON COLUMN charges.units IS 'Billed units more.';
COMMENT ON COLUMN charges.amount IS 'What is charged more.';
CREATE INDEX charges_account ON charges (account, hour);
CREATE INDEX charges_late ON charges (account, billed) WHERE billed > '-infinity';

CREATE TABLE frames (
    partition    integer NOT NULL,
    seq          bigint NOT NULL,
    watermark_us bigint,
    closed_s     bigint,
    next_offset  bigint NOT NULL,
    PRIMARY KEY (partition, seq)
);
COMMENT ON TABLE frames IS 'Frames that wrote money: when that was in log time, and where it stands in the log.';
COMMENT ON COLUMN frames.partition IS 'Of the log.';
COMMENT ON COLUMN frames.seq IS 'The frame''s number in its partition, from 0.';
COMMENT ON COLUMN frames.watermark_us IS 'The epoch''s watermark, microseconds since 1970; null: log time had not begun.';
COMMENT ON COLUMN frames.closed_s IS 'Every second below was settled then (seconds since 1970).';
COMMENT ON COLUMN frames.next_offset IS 'Of usage.records: what it says was read below this offset.';

-- The claim's compare-and-set is what keeps a frame from being settled twice; this needs no trust in it.
CREATE TABLE frame_steps (
    partition integer NOT NULL,
    seq       bigint NOT NULL,
    step      integer NOT NULL,
    PRIMARY KEY (partition, seq, step)
);
COMMENT ON TABLE frame_steps IS 'Transactions that wrote money, each once: a frame is settled in one, or in several steps.';
COMMENT ON COLUMN frame_steps.partition IS 'Of the log.';
COMMENT ON COLUMN frame_steps.seq IS 'The frame.';
COMMENT ON COLUMN frame_steps.step IS 'The step of the frame''s work, from 0.';

CREATE TABLE ledger (
    account   bigint NOT NULL,
    seq       bigint NOT NULL,
    step      integer NOT NULL,
    ordinal   integer NOT NULL,
    partition smallint NOT NULL,
    what      "char" NOT NULL CHECK (what IN ('+', '-', 'C', 'B')),
    product   "char" NOT NULL CHECK (product IN ('', 'C', 'M', 'N', 'S', 'A')),
    kind      "char" NOT NULL CHECK (kind IN ('', 'U', 'S', 'R', 'V')),
    name      text NOT NULL COLLATE "C",
    amount    numeric NOT NULL CHECK (amount <> 0)
);
CREATE INDEX ledger_account ON ledger (account, seq);
COMMENT ON TABLE ledger IS 'Every change of a balance, insert-only: a transfer between the account and a house account; view transfers names both sides, ledger_in_words says the letters.';
COMMENT ON COLUMN ledger.account IS 'account_key of the account''s name.';
COMMENT ON COLUMN ledger.seq IS 'The frame that posted it.';
COMMENT ON COLUMN ledger.partition IS 'The partition of the frame.';
COMMENT ON COLUMN ledger.step IS 'The step of the frame''s work, from 0.';
COMMENT ON COLUMN ledger.ordinal IS 'Its place among the transfers of the step, from 1.';
COMMENT ON COLUMN ledger.what IS 'credit +, debit -, charge C (hourly products), bill B (products by cycle).';
COMMENT ON COLUMN ledger.product IS 'Of a charge or a bill, as in charges; else empty.';
COMMENT ON COLUMN ledger.kind IS 'Of a charge, as in charges; else empty.';
COMMENT ON COLUMN ledger.name IS 'The payment; the order of an order''s lines; the month of a bill, as 2026-11; else empty.';
COMMENT ON COLUMN ledger.amount IS 'By how much the balance rises; below zero: falls.';

CREATE TABLE bill_cuts (
    partition    integer NOT NULL,
    month        date NOT NULL,
    seq          bigint NOT NULL,
    watermark_us bigint NOT NULL,
    PRIMARY KEY (partition, month)
);
COMMENT ON TABLE bill_cuts IS 'Which frame cut the bills of a month; there once the cut''s last step is done.';
COMMENT ON COLUMN bill_cuts.partition IS 'Each cuts the bills of its accounts.';
COMMENT ON COLUMN bill_cuts.month IS 'The month''s first day.';
COMMENT ON COLUMN bill_cuts.seq IS 'The frame.';
COMMENT ON COLUMN bill_cuts.watermark_us IS 'When that was in log time, microseconds since 1970.';

CREATE TABLE bill_totals (
    account   bigint NOT NULL,
    month     date NOT NULL,
    product   text NOT NULL COLLATE "C",
    amount    numeric NOT NULL,
    unpriced  bigint NOT NULL,
    payable   numeric,
    carried   numeric,
    seq       bigint NOT NULL,
    partition integer NOT NULL,
    PRIMARY KEY (account, month, product),
    CHECK ((product = '*') = (payable IS NOT NULL AND carried IS NOT NULL))
);
COMMENT ON TABLE bill_totals IS 'Bills as they were cut: a row for each product, and * for the whole. Never changed.';
COMMENT ON COLUMN bill_totals.account IS 'account_key of the account''s name.';
COMMENT ON COLUMN bill_totals.month IS 'The month''s first day.';
COMMENT ON COLUMN bill_totals.product IS 'A product, or * for the whole bill.';
COMMENT ON COLUMN bill_totals.amount IS 'Exact.';
COMMENT ON COLUMN bill_totals.unpriced IS 'Lines without a price, more or fewer.';
COMMENT ON COLUMN bill_totals.payable IS 'Of the whole: amount and what the bill before carried, rounded half to even to bill_scale.';
COMMENT ON COLUMN bill_totals.carried IS 'Of the whole: what that rounding left.';
COMMENT ON COLUMN bill_totals.seq IS 'The frame that cut it.';
COMMENT ON COLUMN bill_totals.partition IS 'The partition of the frame.';

CREATE TABLE notices (
    partition    integer NOT NULL,
    number       bigint NOT NULL,
    seq          bigint NOT NULL,
    ordinal      integer NOT NULL,
    account      text NOT NULL COLLATE "C",
    state        text NOT NULL CHECK (state IN ('good', 'grace', 'suspended')),
    balance      numeric NOT NULL,
    available    numeric NOT NULL,
    deadline_s   bigint CHECK ((deadline_s IS NOT NULL) = (state = 'grace')),
    watermark_us bigint NOT NULL,
    PRIMARY KEY (partition, number),
    UNIQUE (partition, seq, ordinal)
);
CREATE INDEX notices_account ON notices (account, partition, number);
COMMENT ON TABLE notices IS 'Every change of an account''s state or deadline, insert-only; topic billing.notices says them.';
COMMENT ON COLUMN notices.partition IS 'Of the account.';
COMMENT ON COLUMN notices.number IS 'From 0 in the partition, without gaps.';
COMMENT ON COLUMN notices.seq IS 'The frame at whose end it changed.';
COMMENT ON COLUMN notices.ordinal IS 'Its place among the frame''s notices, from 1.';
COMMENT ON COLUMN notices.account IS 'Whose state it is.';
COMMENT ON COLUMN notices.state IS 'good, grace or suspended.';
COMMENT ON COLUMN notices.balance IS 'At the frame''s end.';
COMMENT ON COLUMN notices.available IS 'balance less what accrued.';
COMMENT ON COLUMN notices.deadline_s IS 'Of grace: until when (seconds since 1970).';
COMMENT ON COLUMN notices.watermark_us IS 'The epoch''s watermark, microseconds since 1970.';

COMMENT ON TABLE account_names IS 'Accounts that have lines or payments, and what settled.account, charges.account and ledger.account hold for them.';

-- --- derived, updated ---

CREATE TABLE accounts (
    name         text COLLATE "C" PRIMARY KEY,
    partition    integer NOT NULL,
    prepaid      boolean NOT NULL,
    made_prepaid boolean NOT NULL,
    seq          bigint NOT NULL,
    deadline_us  bigint CHECK ((deadline_us IS NOT NULL) = (state = 'grace')),
    state        text NOT NULL CHECK (state IN ('good', 'grace', 'suspended')),
    credited     numeric NOT NULL,
    debited      numeric NOT NULL,
    charged      numeric NOT NULL,
    accrued      numeric NOT NULL,
    carried      numeric NOT NULL,
    moved        numeric
) WITH (fillfactor = 60);
CREATE INDEX accounts_partition ON accounts (partition, name);
CREATE INDEX accounts_deadline ON accounts (partition, deadline_us) WHERE deadline_us IS NOT NULL;
COMMENT ON TABLE accounts IS 'Balances and states as they are, derived from the money rows: accounts that were charged, credited or debited.';
COMMENT ON COLUMN accounts.name IS 'The account.';
COMMENT ON COLUMN accounts.partition IS 'The partition that it is in, for ever.';
COMMENT ON COLUMN accounts.seq IS 'The frame that changed it last.';
COMMENT ON COLUMN accounts.deadline_us IS 'Of grace: until when (microseconds since 1970).';
COMMENT ON COLUMN accounts.prepaid IS 'Whether it was ever credited for its balance: others are always good.';
COMMENT ON COLUMN accounts.state IS 'good, grace or suspended.';
COMMENT ON COLUMN accounts.credited IS 'Sum of the credits posted.';
COMMENT ON COLUMN accounts.debited IS 'Sum of the debits posted.';
COMMENT ON COLUMN accounts.charged IS 'Sum of the charges and bills posted; balance = credited - debited - charged.';
COMMENT ON COLUMN accounts.accrued IS 'Charges of products by cycle that no bill holds yet; available = balance - accrued.';
COMMENT ON COLUMN accounts.carried IS 'What the last bill''s rounding left.';
COMMENT ON COLUMN accounts.made_prepaid IS 'While frame `seq` is settled in steps: that made it prepaid,';
COMMENT ON COLUMN accounts.moved IS 'and changed so far by so much what is available.';

CREATE TABLE resource_states (
    account   text NOT NULL COLLATE "C",
    product   text NOT NULL COLLATE "C",
    resource  text NOT NULL COLLATE "C",
    partition integer NOT NULL,
    quantity  bigint NOT NULL,
    since_s   bigint NOT NULL,
    sign_s    bigint,
    state     text NOT NULL COLLATE "C",
    sku       text NOT NULL COLLATE "C",
    "order"   text COLLATE "C",
    PRIMARY KEY (account, product, resource)
) WITH (fillfactor = 80);
COMMENT ON TABLE resource_states IS 'What runs, and what ended lately; no charge hangs on it.';
COMMENT ON COLUMN resource_states.account IS 'Whose it is.';
COMMENT ON COLUMN resource_states.product IS 'container, model or node.';
COMMENT ON COLUMN resource_states.resource IS 'Its name.';
COMMENT ON COLUMN resource_states.partition IS 'The partition of the account.';
COMMENT ON COLUMN resource_states.quantity IS 'With how many units of the sku it runs, or last ran.';
COMMENT ON COLUMN resource_states.since_s IS 'When that became so (seconds since 1970); silent: the last sign of life.';
COMMENT ON COLUMN resource_states.sign_s IS 'The last sign of life as known when the state last changed; null: it is not watched for any.';
COMMENT ON COLUMN resource_states.state IS 'running, silent, stopped, failed or deleted.';
COMMENT ON COLUMN resource_states.sku IS 'What it runs with, or last ran with.';
COMMENT ON COLUMN resource_states."order" IS 'The order that it runs with, or last ran with.';

CREATE TABLE price_list (
    ordinal   integer PRIMARY KEY,
    product   text NOT NULL COLLATE "C",
    sku       text NOT NULL COLLATE "C",
    meter     text NOT NULL COLLATE "C",
    since_s   bigint,
    until_s   bigint,
    price     numeric NOT NULL,
    per       numeric NOT NULL,
    free      numeric NOT NULL,
    settle    text NOT NULL CHECK (settle IN ('hourly', 'cycle')),
    set_by    text NOT NULL,
    set_us    bigint NOT NULL
);
COMMENT ON TABLE price_list IS 'What was charged when, as partition 0 has the catalogs; written with each catalog.';
COMMENT ON COLUMN price_list.ordinal IS 'From 0, by product, sku, meter and time.';
COMMENT ON COLUMN price_list.product IS 'container, model, node, storage or maas.';
COMMENT ON COLUMN price_list.sku IS 'What is sold.';
COMMENT ON COLUMN price_list.meter IS 'What is counted; months and years of subscriptions: months, per 1 or 12.';
COMMENT ON COLUMN price_list.since_s IS 'From this second on (since 1970); null: since ever.';
COMMENT ON COLUMN price_list.until_s IS 'Up to, not including; null: it holds still.';
COMMENT ON COLUMN price_list.price IS 'Of `per` units.';
COMMENT ON COLUMN price_list.per IS 'So many units cost the price: quantity-seconds, byte-seconds, or what the meter counts.';
COMMENT ON COLUMN price_list.free IS 'Of storage: bytes that are free.';
COMMENT ON COLUMN price_list.settle IS 'hourly or cycle.';
COMMENT ON COLUMN price_list.set_by IS 'Who wrote the catalog.';
COMMENT ON COLUMN price_list.set_us IS 'When, by the clock of its writer, microseconds since 1970.';

ALTER TABLE catalogs ADD COLUMN hash bytea, ADD COLUMN set_by text, ADD COLUMN set_us bigint;
COMMENT ON COLUMN catalogs.hash IS 'SHA-256 of the message in the log; null: settled before that was kept.';
COMMENT ON COLUMN catalogs.set_by IS 'Who wrote it.';
COMMENT ON COLUMN catalogs.set_us IS 'When, by the clock of its writer, microseconds since 1970.';

ALTER TABLE meta ADD COLUMN bill_scale integer CHECK (bill_scale BETWEEN 0 AND 12);
COMMENT ON COLUMN meta.bill_scale IS 'Decimals of what is asked to be paid.';

CREATE OR REPLACE FUNCTION refuse_other_meta() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' OR NEW.currency <> OLD.currency OR NEW.charge_scale <> OLD.charge_scale
        OR (OLD.bill_scale IS NOT NULL AND NEW.bill_scale IS DISTINCT FROM OLD.bill_scale)
        OR (OLD.partitions IS NOT NULL AND NEW.partitions IS DISTINCT FROM OLD.partitions)
        OR (OLD.init_hash IS NOT NULL AND NEW.init_hash IS DISTINCT FROM OLD.init_hash) THEN
        RAISE EXCEPTION 'meta holds for the generation and does not change';
    END IF;
    RETURN NEW;
END $$;

ALTER TABLE claim
    ADD COLUMN step         integer NOT NULL DEFAULT 0,
    ADD COLUMN step_account text COLLATE "C",
    ADD COLUMN step_notices integer NOT NULL DEFAULT 0,
    ADD COLUMN epoch_open   boolean NOT NULL DEFAULT false,
    ADD COLUMN next_month   date,
    ADD COLUMN next_notice  bigint NOT NULL DEFAULT 0,
    ADD COLUMN notices_sent bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN claim.step IS 'Steps of frame next_seq that are done.';
COMMENT ON COLUMN claim.step_account IS 'Not null: its lines are done, and its accounts up to this one.';
COMMENT ON COLUMN claim.step_notices IS 'Notices that those steps wrote.';
COMMENT ON COLUMN claim.epoch_open IS 'Frame next_seq - 1 did not end its epoch.';
COMMENT ON COLUMN claim.next_month IS 'The month whose bills are cut next; null: no watermark came yet.';
COMMENT ON COLUMN claim.next_notice IS 'Number of the next row of notices.';
COMMENT ON COLUMN claim.notices_sent IS 'Notices below this number stand in billing.notices.';

DO $$
DECLARE
    money text;
BEGIN
    FOREACH money IN ARRAY ARRAY['charges', 'frames', 'frame_steps', 'ledger', 'bill_cuts', 'bill_totals', 'notices'] LOOP
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
        'INSERT ON %I.meta', 'UPDATE (partitions, init_hash, bill_scale) ON %I.meta', 'INSERT ON %I.account_names',
        'INSERT ON %I.line_names', 'INSERT ON %I.settled', 'INSERT ON %I.order_facts', 'INSERT ON %I.payments',
        'INSERT ON %I.catalogs', 'INSERT ON %I.rejected', 'INSERT ON %I.charges', 'INSERT ON %I.frames',
        'INSERT ON %I.frame_steps', 'INSERT ON %I.ledger', 'INSERT ON %I.bill_cuts', 'INSERT ON %I.bill_totals',
        'INSERT ON %I.notices',
        'INSERT, UPDATE ON %I.accounts', 'INSERT, UPDATE, DELETE ON %I.resource_states',
        'INSERT, DELETE ON %I.price_list', 'INSERT, UPDATE ON %I.claim', 'INSERT, UPDATE ON %I.order_usage',
        'INSERT, DELETE ON %I.order_due', 'EXECUTE ON FUNCTION %I.settled_range',
        'EXECUTE ON FUNCTION %I.account_key'] LOOP
        EXECUTE format('GRANT ' || what || ' TO %I', here, role);
    END LOOP;
END $$;

SELECT pin_functions();
