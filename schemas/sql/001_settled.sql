-- What the settler writes. Every row of money carries (partition, seq) of the frame that it came from and no wall
-- clock: the tables are a function of the frames.

CREATE TABLE meta (
    only_row     boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    currency     text NOT NULL,
    charge_scale integer NOT NULL CHECK (charge_scale BETWEEN 0 AND 12)
);
COMMENT ON TABLE meta IS 'What the first catalog fixed for the generation.';

CREATE TABLE claim (
    partition    integer PRIMARY KEY,
    epoch        bigint NOT NULL,
    next_seq     bigint NOT NULL,
    next_step    integer NOT NULL,
    next_offset  bigint NOT NULL,
    last_hash    bytea NOT NULL,
    watermark_us bigint,
    closed_s     bigint
);
COMMENT ON TABLE claim IS 'Who settles a partition (epoch is the fence) and which frame comes next.';
COMMENT ON COLUMN claim.next_offset IS 'Of usage.frames: where to read on.';
COMMENT ON COLUMN claim.closed_s IS 'Every second below is settled (seconds since 1970).';

CREATE TABLE line_names (
    line      uuid PRIMARY KEY,
    partition integer NOT NULL,
    account   text NOT NULL,
    product   text NOT NULL,
    resource  text NOT NULL,
    meter     text NOT NULL,
    sku       text NOT NULL,
    kind      text NOT NULL
);
COMMENT ON TABLE line_names IS 'line = the first 16 bytes of SHA-256 over the six names, each behind its length.';
CREATE INDEX line_names_resource ON line_names (account, product, resource);

CREATE TABLE settled (
    hour      timestamptz NOT NULL,
    line      uuid NOT NULL,
    partition integer NOT NULL,
    seq       bigint NOT NULL,
    usage     bytea NOT NULL,
    units     numeric(40, 0) NOT NULL,
    priced    boolean NOT NULL,
    "exists"  boolean NOT NULL,
    total     numeric NOT NULL,
    amount    numeric NOT NULL,
    PRIMARY KEY (hour, line, seq)
) PARTITION BY RANGE (hour);
COMMENT ON TABLE settled IS 'Charges, insert-only: a correction is a further row, and a line is their sum.';
COMMENT ON COLUMN settled.usage IS 'The final usage that the row was rated from (schemas/README.md).';
COMMENT ON COLUMN settled.total IS 'The charge of that usage; 0 when unpriced or not existing.';
COMMENT ON COLUMN settled.amount IS 'total minus the total of the row before.';
CREATE TABLE settled_default PARTITION OF settled DEFAULT;

CREATE VIEW lines AS
SELECT n.account,
       to_char(s.hour AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS hour,
       n.product, n.resource, n.meter, n.sku, n.kind,
       s.units::text AS units,
       CASE WHEN s.priced THEN round(s.total, m.charge_scale)::text END AS amount,
       m.currency
FROM (SELECT DISTINCT ON (hour, line) hour, line, units, priced, "exists", total
      FROM settled ORDER BY hour, line, seq DESC) s
JOIN line_names n USING (line)
CROSS JOIN meta m
WHERE s."exists";
COMMENT ON VIEW lines IS 'The charge lines as the contract has them: the net of one account, product, resource, meter, sku, kind and hour.';

CREATE TABLE open_counts (
    line      uuid NOT NULL,
    hour      timestamptz NOT NULL,
    partition integer NOT NULL,
    usage     bytea NOT NULL,
    PRIMARY KEY (line, hour)
);
COMMENT ON TABLE open_counts IS 'Counts of hours that are not closed yet; they settle at the close.';

CREATE TABLE orders (
    account   text NOT NULL,
    source    text NOT NULL,
    id        text NOT NULL,
    "order"   text NOT NULL,
    kind      text NOT NULL,
    time_us   bigint NOT NULL,
    product   text,
    sku       text,
    quantity  bigint,
    months    integer,
    partition integer NOT NULL,
    seq       bigint NOT NULL,
    UNIQUE (account, source, id)
);
COMMENT ON TABLE orders IS 'What happened to orders, each event once for ever.';
CREATE INDEX orders_order ON orders (account, "order");

CREATE TABLE order_usage (
    account    text NOT NULL,
    "order"    text NOT NULL,
    product    text NOT NULL,
    resource   text NOT NULL,
    first_hour bigint NOT NULL,
    last_hour  bigint NOT NULL,
    PRIMARY KEY (account, "order", product, resource)
);
COMMENT ON TABLE order_usage IS 'Which resources named an order, from which hour to which (seconds since 1970).';

CREATE TABLE order_due (
    account   text NOT NULL,
    "order"   text NOT NULL,
    partition integer NOT NULL,
    due_us    bigint NOT NULL,
    PRIMARY KEY (account, "order")
);
COMMENT ON TABLE order_due IS 'Orders that void_after voids unless something comes first.';
CREATE INDEX order_due_when ON order_due (partition, due_us);

CREATE TABLE credits (
    account   text NOT NULL,
    source    text NOT NULL,
    id        text NOT NULL,
    payment   text NOT NULL,
    time_us   bigint NOT NULL,
    amount    numeric NOT NULL,
    currency  text NOT NULL,
    partition integer NOT NULL,
    seq       bigint NOT NULL,
    UNIQUE (account, source, id)
);
COMMENT ON TABLE credits IS 'Payments that came in, each once for ever.';

CREATE TABLE catalogs (
    partition integer NOT NULL,
    seq       bigint NOT NULL,
    ordinal   integer NOT NULL,
    from_s    bigint,
    text      text NOT NULL,
    PRIMARY KEY (partition, seq, ordinal)
);
COMMENT ON TABLE catalogs IS 'Catalogs as each partition''s log has them; from_s null: since ever.';

CREATE TABLE rejected_events (
    partition integer NOT NULL,
    seq       bigint NOT NULL,
    ordinal   integer NOT NULL,
    reason    text NOT NULL,
    feed      text NOT NULL,
    source    text NOT NULL,
    id        text NOT NULL,
    "offset"  bigint NOT NULL,
    PRIMARY KEY (partition, seq, ordinal)
);
COMMENT ON TABLE rejected_events IS 'Records that came too late for the rules.';

CREATE VIEW hour_complete AS
SELECT to_timestamp(min(closed_s)) AT TIME ZONE 'UTC' AS complete_before, count(*) AS partitions
FROM claim;
COMMENT ON VIEW hour_complete IS 'Every hour before this one (UTC) is settled in all partitions.';

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is insert-only: a correction is a further row', TG_TABLE_NAME;
END $$;
CREATE TRIGGER settled_insert_only BEFORE UPDATE OR DELETE ON settled FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER settled_no_truncate BEFORE TRUNCATE ON settled EXECUTE FUNCTION refuse_change();
CREATE TRIGGER orders_insert_only BEFORE UPDATE OR DELETE ON orders FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER orders_no_truncate BEFORE TRUNCATE ON orders EXECUTE FUNCTION refuse_change();
CREATE TRIGGER credits_insert_only BEFORE UPDATE OR DELETE ON credits FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER credits_no_truncate BEFORE TRUNCATE ON credits EXECUTE FUNCTION refuse_change();
