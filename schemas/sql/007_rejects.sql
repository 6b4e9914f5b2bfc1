-- What every entrance refused, beside what was too late for the rules: for eyes, no money hangs on it.

ALTER TABLE rejected
    ADD COLUMN topic   text NOT NULL DEFAULT 'usage.records' CHECK (topic IN ('usage.records', 'usage.rejects')),
    ADD COLUMN at_us   bigint,
    ADD COLUMN sender  text NOT NULL DEFAULT '',
    ADD COLUMN origin  text NOT NULL DEFAULT '',
    ADD COLUMN account text NOT NULL DEFAULT '',
    ADD COLUMN type    text NOT NULL DEFAULT '',
    ADD COLUMN event   bytea,
    DROP CONSTRAINT rejected_pkey,
    ADD PRIMARY KEY (topic, partition, "offset", seq, ordinal);
COMMENT ON TABLE rejected IS 'Events that were refused: at an entrance (usage.rejects), or as too late for the rules (usage.records).';
COMMENT ON COLUMN rejected."offset" IS 'Of the message of that topic and partition; of usage.rejects each is one event, with seq and ordinal 0.';
COMMENT ON COLUMN rejected.at_us IS 'The clock of the collector that refused it, or the watermark of the frame that says so.';
COMMENT ON COLUMN rejected.event IS 'The first 4 KiB of it, as it came.';

ALTER TABLE claim ADD COLUMN next_reject bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN claim.next_reject IS 'Of usage.rejects: where to read on.';

CREATE VIEW rejects AS
SELECT to_timestamp(at_us / 1000000.0) AS at, feed AS entrance, reason, nullif(sender, '') AS sender,
       nullif(type, '') AS type, nullif(source, '') AS source, nullif(id, '') AS id, topic, partition, "offset"
FROM rejected;
COMMENT ON VIEW rejects IS 'Events that were refused, whichever entrance they came through.';
COMMENT ON COLUMN rejects.at IS 'When, by the collector''s clock; of what was too late for the rules, by log time.';
COMMENT ON COLUMN rejects.entrance IS 'http, a topic, a file.';
COMMENT ON COLUMN rejects.reason IS 'Begins with the name of the field that broke a rule.';
COMMENT ON COLUMN rejects.sender IS 'Who handed it in, where that is known.';
COMMENT ON COLUMN rejects.type IS 'As the event has it, where it could be one; so are source and id.';
COMMENT ON COLUMN rejects.source IS 'With id the event''s identity.';
COMMENT ON COLUMN rejects.id IS 'With source the event''s identity; of a control message its hash.';
COMMENT ON COLUMN rejects.topic IS 'usage.rejects: an entrance refused it; usage.records: it was too late for the rules.';
COMMENT ON COLUMN rejects.partition IS 'Of the topic.';
COMMENT ON COLUMN rejects."offset" IS 'Of the message.';
