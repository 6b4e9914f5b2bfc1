#include "lib/io/pg_state.h"

#include <stddef.h>
#include <string.h>

/* The first row whose beginning fits holds. */
static const struct {
    const char *begins;
    enum error_class class;
} classes[] = {
    {"28P01", ERROR_FATAL}, /* wrong password */
    {"28", ERROR_ABORT},    /* not let in: pg_hba, NOLOGIN, too many of this role */
    {"3D000", ERROR_ABORT}, /* no such database: it is being restored */
    {"08", ERROR_ABORT},    /* the connection */
    {"53", ERROR_ABORT},    /* too many connections, disk full, out of memory */
    {"58", ERROR_ABORT},    /* the system under the server */
    {"25006", ERROR_ABORT}, /* read-only: another server took over, or the disk is full */
    {"25P03", ERROR_ABORT}, /* idle in a transaction for too long: it is cut */
    {"57014", ERROR_RETRY}, /* statement_timeout, or somebody cancelled it */
    {"57", ERROR_ABORT},    /* shutting down, starting up, crashed, database dropped */
    {"", ERROR_RETRY},      /* the rows: constraints, data, rights, locks, deadlocks */
};

enum error_class pg_state_class(const char *sqlstate)
{
    size_t i = 0;
    if (sqlstate == NULL || sqlstate[0] == 0)
        return ERROR_ABORT;
    while (strncmp(sqlstate, classes[i].begins, strlen(classes[i].begins)) != 0)
        i++;
    return classes[i].class;
}
