/* The rules by which a partition stops before it bills wrongly (DESIGN §6), by the words that the stages use.
 */
#pragma once

#include "tests/simulation/house.h"

enum stop_rule {
    RULE_RECORDS_GONE,
    RULE_OFFSET_GAP,
    RULE_NO_RULES,
    RULE_RULES_UNKNOWN,
    RULE_CATALOG_BAD,
    RULE_RECORDS_MISSING,
    RULE_RECORDS_SCHEMA,
    RULE_FRAME_DIFFERS,
    RULE_TWO_CHAINS,
    RULE_FRAMES_SCHEMA,
    RULE_FRAMES_GONE,
    RULE_FRAME_MISSED,
    RULE_TWO_FRAMES,
    RULE_FRAME_BAD,
    STOP_RULES,
};

const char *stop_rule_name(enum stop_rule rule);
/* Ends the process where the cause is none of them. */
enum stop_rule stop_rule_of(const struct house_stop *stop);
