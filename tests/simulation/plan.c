#include "tests/simulation/plan.h"

#include <inttypes.h>
#include <stdio.h>

#include "tests/simulation/strike.h"

#define RULE(name) (UINT32_C(1) << RULE_##name)

/* Records that were lost are missed by who reads them, by the count of what was acknowledged, or because what
 * was folded does not come out again. */
#define RECORDS_LOST (RULE(RECORDS_GONE) | RULE(RECORDS_MISSING) | RULE(FRAME_DIFFERS))
#define FRAMES_LOST (RULE(FRAMES_GONE) | RULE(FRAME_MISSED))
#define FRAMES_FORKED (RULE(TWO_CHAINS) | RULE(FRAME_DIFFERS) | RULE(TWO_FRAMES) | RULE(FRAME_MISSED))

enum who { ANYONE, FOLDS, SETTLES };

static const struct {
    const char *name;
    strike *strike;
    uint32_t weight;
    enum who who; /* whom it befalls */
    uint32_t rules;
} table[FAULTS] = {
    [FAULT_KILL] = {"kill", strike_kill, 12, ANYONE, 0},
    [FAULT_HANDLE_DIES] = {"handle dies", strike_handle_dies, 6, ANYONE, 0},
    [FAULT_ACK_LOST] = {"acknowledgement lost", strike_ack_lost, 6, FOLDS, 0},
    [FAULT_ACKS_DELAYED] = {"acknowledgements delayed", strike_acks_delayed, 6, FOLDS, 0},
    [FAULT_QUEUE_FULL] = {"queue full", strike_queue_full, 3, FOLDS, 0},
    [FAULT_RANGES_FAIL] = {"ranges fail", strike_ranges_fail, 3, ANYONE, 0},
    [FAULT_BROKERS_AWAY] = {"brokers away", strike_brokers_away, 3, ANYONE, 0},
    [FAULT_OPEN_REFUSED] = {"no handle", strike_open_refused, 3, ANYONE, 0},
    [FAULT_SECOND_OWNER] = {"second owner", strike_second_owner, 8, ANYONE, 0},
    [FAULT_FROZEN] = {"frozen", strike_frozen, 4, ANYONE, 0},
    [FAULT_LEAVES] = {"leaves", strike_leaves, 5, ANYONE, 0},
    [FAULT_CLAIM_TAKEN] = {"claim taken", strike_claim_taken, 4, SETTLES, 0},
    [FAULT_ROWS_REFUSED] = {"rows refused", strike_rows_refused, 4, SETTLES, 0},
    [FAULT_CONNECTION_LOST] = {"connection lost", strike_connection_lost, 4, SETTLES, 0},
    [FAULT_REPLY_LOST] = {"reply lost", strike_reply_lost, 8, SETTLES, 0},
    [FAULT_TABLES_RESTORED] = {"tables restored", strike_tables_restored, 8, SETTLES, 0},
    [FAULT_SNAPSHOT_MISSING] = {"snapshot missing", strike_snapshot_missing, 3, ANYONE, 0},
    [FAULT_SNAPSHOT_TORN] = {"snapshot torn", strike_snapshot_torn, 3, ANYONE, 0},
    [FAULT_SNAPSHOT_FLIPPED] = {"snapshot flipped", strike_snapshot_flipped, 3, ANYONE, 0},
    [FAULT_SNAPSHOT_SPOILED] = {"snapshot spoiled", strike_snapshot_spoiled, 3, ANYONE, 0},
    [FAULT_SNAPSHOTS_COMPACTED] = {"snapshots compacted", strike_snapshots_compacted, 3, ANYONE, 0},
    [FAULT_FRAME_FOREIGN] = {"foreign frame", strike_frame_foreign, 6, ANYONE, 0},
    [FAULT_FIRST_RECORD_WRONG] = {"first record wrong", strike_first_record_wrong, 3, ANYONE,
                                  RULE(NO_RULES) | RULE(RULES_UNKNOWN) | RULE(CATALOG_BAD)},
    [FAULT_RECORDS_TAIL_LOST] = {"tail of records lost", strike_records_tail_lost, 3, ANYONE, RECORDS_LOST},
    [FAULT_RECORDS_DELETED] = {"records deleted", strike_records_deleted, 3, ANYONE, RULE(RECORDS_GONE)},
    [FAULT_RECORD_SPOILED] = {"record spoiled", strike_record_spoiled, 3, ANYONE, RULE(RECORDS_GONE)},
    [FAULT_RECORD_MISSING] = {"record missing", strike_record_missing, 3, ANYONE, RULE(OFFSET_GAP)},
    [FAULT_RECORD_OF_LATER_SCHEMA] = {"record of a later schema", strike_record_of_later_schema, 3, ANYONE,
                                      RULE(RECORDS_SCHEMA)},
    [FAULT_FRAMES_TAIL_LOST] = {"tail of frames lost", strike_frames_tail_lost, 3, ANYONE, FRAMES_LOST},
    [FAULT_FRAME_FLIPPED] = {"frame flipped", strike_frame_flipped, 3, ANYONE,
                             FRAMES_FORKED | RULE(FRAMES_SCHEMA)},
    [FAULT_FRAME_SPOILED] = {"frame spoiled", strike_frame_spoiled, 3, ANYONE, FRAMES_LOST},
    [FAULT_FRAME_FORGED] = {"frame forged", strike_frame_forged, 3, ANYONE, FRAMES_FORKED},
    [FAULT_FRAME_UNSETTLEABLE] = {"frame that cannot be settled", strike_frame_unsettleable, 3, ANYONE,
                                  FRAMES_FORKED | RULE(FRAME_BAD)},
    [FAULT_FRAME_OF_LATER_SCHEMA] = {"frame of a later schema", strike_frame_of_later_schema, 3, ANYONE,
                                     RULE(FRAMES_SCHEMA)},
};

const char *fault_name(enum fault fault)
{
    return table[fault].name;
}

/* --- making --- */

static enum fault choose(struct random *random, enum fault from, enum fault to)
{
    uint32_t all = 0;
    for (enum fault f = from; f < to; f++)
        all += table[f].weight;
    uint32_t luck = random_below(random, all);
    enum fault chosen = from;
    while (luck >= table[chosen].weight)
        luck -= table[chosen++].weight;
    return chosen;
}

static uint32_t choose_process(struct random *random, enum who who, const struct house *house)
{
    for (;;) {
        uint32_t i = random_below(random, house->count);
        if (who == ANYONE || (who == FOLDS) == (house->processes[i].kind == PROCESS_AGGREGATOR))
            return i;
    }
}

static void add(struct plan *plan, struct random *random, enum fault fault, const struct house *house)
{
    uint32_t messages = house->input->list.count;
    struct planned planned = {.fault = fault};
    planned.at = fault == FAULT_FIRST_RECORD_WRONG ? 0 : random_below(random, messages * 9 / 10);
    planned.process = choose_process(random, table[fault].who, house);
    planned.partition = random_below(random, house->input->partitions);
    planned.value = random_next(random);
    plan->list[plan->count++] = planned;
}

void plan_make(struct plan *plan, uint64_t seed, const struct house *house)
{
    struct random random = random_for(seed, 2);
    uint32_t count = 4 + random_below(&random, 5);
    *plan = (struct plan){0};
    while (plan->count < count)
        add(plan, &random, choose(&random, 0, FAULT_STOPS_FIRST), house);
    while (plan->list[count - 1].fault == plan->list[0].fault)
        plan->list[count - 1].fault = FAULT_KILL + (plan->list[0].fault == FAULT_KILL);
    if (random_below(&random, 3) == 0)
        add(plan, &random, choose(&random, FAULT_STOPS_FIRST, FAULTS), house);
}

void plan_struck(const struct plan *plan, uint32_t *faults, uint32_t *kinds)
{
    bool seen[FAULTS] = {false};
    *faults = *kinds = 0;
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct planned *planned = &plan->list[i];
        *faults += planned->struck;
        *kinds += planned->struck && !seen[planned->fault];
        seen[planned->fault] |= planned->struck;
    }
}

void plan_fill(struct plan *plan, uint64_t seed, const struct house *house)
{
    static const enum fault always[] = {FAULT_KILL, FAULT_CLAIM_TAKEN, FAULT_LEAVES};
    struct random random = random_for(seed, 5);
    uint32_t faults, kinds;
    plan_struck(plan, &faults, &kinds);
    for (int i = 0; i < 3 && (faults + (uint32_t)i < PLAN_FAULTS_LEAST || kinds < PLAN_KINDS_LEAST); i++)
        add(plan, &random, always[i], house);
}

void plan_release(struct plan *plan)
{
    for (uint32_t i = 0; i < plan->count; i++)
        if (plan->list[i].backup != NULL)
            memory_tables_free(plan->list[i].backup);
    plan->count = 0;
}

/* --- striking --- */

void plan_strike(struct plan *plan, struct house *house)
{
    for (uint32_t i = 0; i < plan->count; i++) {
        struct planned *planned = &plan->list[i];
        if (!planned->struck && house->fed >= planned->at)
            planned->struck = table[planned->fault].strike(house, planned);
    }
}

uint32_t plan_allows(const struct plan *plan, uint32_t partition)
{
    uint32_t rules = 0;
    for (uint32_t i = 0; i < plan->count; i++)
        if (plan->list[i].struck && plan->list[i].partition == partition)
            rules |= table[plan->list[i].fault].rules;
    return rules;
}

static bool was_struck(const struct plan *plan, enum fault fault, uint32_t partition)
{
    for (uint32_t i = 0; i < plan->count; i++)
        if (plan->list[i].struck && plan->list[i].fault == fault && plan->list[i].partition == partition)
            return true;
    return false;
}

bool plan_forges(const struct plan *plan, uint32_t partition)
{
    return was_struck(plan, FAULT_FRAME_FORGED, partition) ||
           was_struck(plan, FAULT_FRAME_FLIPPED, partition) ||
           was_struck(plan, FAULT_FRAME_UNSETTLEABLE, partition);
}

bool plan_spoils_frames(const struct plan *plan, uint32_t partition)
{
    return was_struck(plan, FAULT_FRAMES_TAIL_LOST, partition) ||
           was_struck(plan, FAULT_FRAME_FLIPPED, partition) ||
           was_struck(plan, FAULT_FRAME_SPOILED, partition);
}

void plan_print(const struct plan *plan)
{
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct planned *planned = &plan->list[i];
        printf("  at message %u: %s, process %u, partition %u, value %" PRIu64 "%s\n", planned->at,
               table[planned->fault].name, planned->process, planned->partition, planned->value,
               planned->struck ? "" : " (not struck)");
    }
}
