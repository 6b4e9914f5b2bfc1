-- A partition that has closed nothing yet is no reason to call an hour complete.
CREATE OR REPLACE VIEW hour_complete AS
SELECT CASE WHEN bool_and(closed_s IS NOT NULL) THEN to_timestamp(min(closed_s)) AT TIME ZONE 'UTC' END
           AS complete_before,
       count(*) AS partitions
FROM claim;
COMMENT ON VIEW hour_complete IS 'Every hour before this one (UTC) is settled in all partitions that have a claim; null: of one of them none is.';
