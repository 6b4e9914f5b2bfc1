/* How each fault is struck at a house. False: there was nothing to strike yet. */
#pragma once

#include "tests/simulation/plan.h"

typedef bool strike(struct house *house, struct planned *planned);

/* strike_process.c: processes, their handles and stores. */
strike strike_kill, strike_handle_dies, strike_ack_lost, strike_acks_delayed, strike_queue_full,
    strike_ranges_fail, strike_brokers_away, strike_open_refused, strike_second_owner, strike_frozen,
    strike_leaves, strike_claim_taken, strike_rows_refused, strike_connection_lost, strike_reply_lost,
    strike_tables_restored;

/* strike_log.c: what stands in the log. */
strike strike_snapshot_missing, strike_snapshot_torn, strike_snapshot_flipped, strike_snapshot_spoiled,
    strike_snapshots_compacted, strike_frame_foreign, strike_first_record_wrong, strike_records_tail_lost,
    strike_records_deleted, strike_record_spoiled, strike_record_missing, strike_record_of_later_schema,
    strike_frames_tail_lost, strike_frame_flipped, strike_frame_spoiled, strike_frame_forged,
    strike_frame_unsettleable, strike_frame_of_later_schema;
