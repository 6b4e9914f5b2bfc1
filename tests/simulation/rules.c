#include "tests/simulation/rules.h"

#include <stdio.h>

#include "lib/base/check.h"

static const struct {
    const char *name;
    enum process_kind kind;
    const char *words;
} table[STOP_RULES] = {
    [RULE_RECORDS_GONE] = {"records gone", PROCESS_AGGREGATOR, "the records at its offset"},
    [RULE_OFFSET_GAP] = {"gap in usage.records", PROCESS_AGGREGATOR, "the log skips offsets"},
    [RULE_NO_RULES] = {"no Init at offset 0", PROCESS_AGGREGATOR, "rules and catalog"},
    [RULE_RULES_UNKNOWN] = {"rules of another number", PROCESS_AGGREGATOR, "rules that"},
    [RULE_CATALOG_BAD] = {"catalog that does not parse", PROCESS_AGGREGATOR, "a catalog in the log"},
    [RULE_RECORDS_MISSING] = {"acknowledged records missing", PROCESS_AGGREGATOR, "acknowledged records"},
    [RULE_RECORDS_SCHEMA] = {"later schema in usage.records", PROCESS_AGGREGATOR, "a message of a schema"},
    [RULE_FRAME_DIFFERS] = {"frame does not come out as sent", PROCESS_AGGREGATOR, "does not come out"},
    [RULE_TWO_CHAINS] = {"two chains", PROCESS_AGGREGATOR, "two frames of one number"},
    [RULE_FRAMES_SCHEMA] = {"later schema in usage.frames", PROCESS_AGGREGATOR,
                            "usage.frames holds a schema"},
    [RULE_FRAMES_GONE] = {"frames gone", PROCESS_SETTLER, "the records at its offset"},
    [RULE_FRAME_MISSED] = {"next frame missed", PROCESS_SETTLER, "the next frame does not come"},
    [RULE_TWO_FRAMES] = {"two frames of one number", PROCESS_SETTLER, "two frames of one number"},
    [RULE_FRAME_BAD] = {"frame that cannot be settled", PROCESS_SETTLER, "cannot be settled"},
};

const char *stop_rule_name(enum stop_rule rule)
{
    return table[rule].name;
}

enum stop_rule stop_rule_of(const struct house_stop *stop)
{
    /* Words that are part of others' come last in the search. */
    static const enum stop_rule order[STOP_RULES] = {
        RULE_RECORDS_GONE,   RULE_FRAMES_GONE,   RULE_NO_RULES,    RULE_RULES_UNKNOWN, RULE_RECORDS_MISSING,
        RULE_RECORDS_SCHEMA, RULE_FRAME_DIFFERS, RULE_TWO_CHAINS,  RULE_FRAMES_SCHEMA, RULE_FRAME_MISSED,
        RULE_TWO_FRAMES,     RULE_FRAME_BAD,     RULE_CATALOG_BAD, RULE_OFFSET_GAP};
    for (int i = 0; i < STOP_RULES; i++)
        if (table[order[i]].kind == stop->kind && strstr(stop->why, table[order[i]].words) != NULL)
            return order[i];
    fprintf(stderr, "an unknown cause: %s\n", stop->why);
    CHECK_NEVER("a rule of the table");
}
