#include "lib/io/pg_option.h"

#include "lib/io/pg_url.h"

const char *check_database(const char *value)
{
    return pg_url_fault(value);
}
