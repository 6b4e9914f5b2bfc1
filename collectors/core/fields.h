/* The fields of an event, one row each: what it must look like, and where in a record it goes (CONTRACT §2).
 *
 * A field is looked at alone; which an event of some type needs, and what must hold between them, is in
 * accept.c. */
#pragma once

#include "collectors/core/json.h"
#include "lib/domain/record.h"

/* In CONTRACT's order. FIELD_JSON means the text as a whole. */
enum field {
    FIELD_JSON,
    FIELD_SPECVERSION,
    FIELD_ID,
    FIELD_SOURCE,
    FIELD_TYPE,
    FIELD_SUBJECT,
    FIELD_TIME,
    FIELD_DATA,
    FIELD_ACCOUNT,
    /* Then `data` beside it, as lib/domain/kinds.h numbers it. */
    FIELD_SKU = FIELD_ACCOUNT + DATA_SKU,
    FIELD_QUANTITY = FIELD_ACCOUNT + DATA_QUANTITY,
    FIELD_ORDER = FIELD_ACCOUNT + DATA_ORDER,
    FIELD_SINCE = FIELD_ACCOUNT + DATA_SINCE,
    FIELD_BYTES = FIELD_ACCOUNT + DATA_BYTES,
    FIELD_MODEL = FIELD_ACCOUNT + DATA_MODEL,
    FIELD_INPUT_TOKENS = FIELD_ACCOUNT + DATA_INPUT_TOKENS,
    FIELD_OUTPUT_TOKENS = FIELD_ACCOUNT + DATA_OUTPUT_TOKENS,
    FIELD_CACHED_INPUT_TOKENS = FIELD_ACCOUNT + DATA_CACHED_INPUT_TOKENS,
    FIELD_CACHE_WRITE_TOKENS = FIELD_ACCOUNT + DATA_CACHE_WRITE_TOKENS,
    FIELD_USAGE = FIELD_ACCOUNT + DATA_USAGE,
    FIELD_IMAGES = FIELD_ACCOUNT + DATA_IMAGES,
    FIELD_STATUS = FIELD_ACCOUNT + DATA_STATUS,
    FIELD_PRODUCT = FIELD_ACCOUNT + DATA_PRODUCT,
    FIELD_MONTHS = FIELD_ACCOUNT + DATA_MONTHS,
    FIELD_AMOUNT = FIELD_ACCOUNT + DATA_AMOUNT,
    FIELD_CURRENCY = FIELD_ACCOUNT + DATA_CURRENCY,
    FIELD_FOR = FIELD_ACCOUNT + DATA_FOR,
    FIELD_PROMPT_TOKENS = FIELD_ACCOUNT + DATA_LAST + 1,
    FIELD_USAGE_INPUT_TOKENS,
    FIELD_TOTAL_TOKENS,
    FIELD_CACHE_READ_INPUT_TOKENS,
    FIELD_CACHE_CREATION_INPUT_TOKENS,
    FIELD_PROMPT_DETAILS,
    FIELD_INPUT_DETAILS,
    FIELD_COMPLETION_TOKENS,
    FIELD_USAGE_OUTPUT_TOKENS,
    FIELD_PROMPT_CACHED,
    FIELD_PROMPT_WRITTEN,
    FIELD_INPUT_CACHED,
};
#define FIELD_COUNT (FIELD_INPUT_CACHED + 1)

/* The fields of one object have consecutive numbers, from its first on. */
#define FIELD_FIRST_OF_EVENT FIELD_SPECVERSION
#define FIELD_FIRST_OF_DATA FIELD_ACCOUNT
#define FIELD_FIRST_OF_USAGE FIELD_PROMPT_TOKENS
#define FIELD_FIRST_OF_PROMPT_DETAILS FIELD_PROMPT_CACHED
#define FIELD_FIRST_OF_INPUT_DETAILS FIELD_INPUT_CACHED

/* "data.usage.prompt_tokens" */
struct str field_name(enum field field);
/* "prompt_tokens" */
struct str field_key(enum field field);
/* "data.quantity: expected ..."; static. */
struct str field_reason(enum field field);
/* "data.quantity: expected only once"; static. */
struct str field_reason_repeated(enum field field);
/* "subject: expected UTF-8 ..."; static: of an attribute that stood beside its event. */
struct str field_reason_bytes(enum field field);

/* Whether the value is one that the field can have; then the record has it, if it keeps it at all. */
bool field_take(enum field field, const struct json_value *value, struct record *record);
