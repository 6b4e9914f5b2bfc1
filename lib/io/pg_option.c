#include "lib/io/pg_option.h"

#include "lib/io/pg.h"

/* What libpq says is not passed on: it repeats the text, with the password that may stand in it. */
const char *check_database(const char *value)
{
    PQconninfoOption *read = PQconninfoParse(value, NULL);
    if (read == NULL)
        return "expected postgresql://USER@HOST:PORT/NAME, or key=value words";
    PQconninfoFree(read);
    return NULL;
}
