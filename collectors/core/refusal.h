/* Why an event was refused at a door, as coarse as a counter's label. Pure. */
#pragma once

#include "collectors/core/fields.h"

enum refusal {
    REFUSED_JSON, /* the first are as in enum field */
    REFUSED_SPECVERSION,
    REFUSED_ID,
    REFUSED_SOURCE,
    REFUSED_TYPE,
    REFUSED_SUBJECT,
    REFUSED_TIME,
    REFUSED_DATA,
    REFUSED_ACCOUNT,
    REFUSED_DATA_FIELD, /* any other of data */
    REFUSED_TOO_EARLY,
    REFUSED_TOO_LATE,
};
#define REFUSAL_COUNT 12

_Static_assert((int)REFUSED_ACCOUNT == (int)FIELD_ACCOUNT && (int)REFUSED_JSON == (int)FIELD_JSON,
               "those of one name stand in one place");

static inline enum refusal refusal_of(enum field field)
{
    return field <= FIELD_ACCOUNT ? (enum refusal)field : REFUSED_DATA_FIELD;
}
