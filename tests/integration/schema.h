/* A schema of its own for a test of the store, in the database that HOURGLASS_DATABASE names. What fails here
 * fails the test. */
#pragma once

#include "settler/store/pg/pg_store.h"

enum { SCHEMA_SIZE = 40 };

/* False: there is no database. */
bool schema_database(void);

struct pg *connect_to(const char *schema);
/* The settler's store in a schema that is migrated. */
struct store *store_of(const char *schema);
/* Migrated and empty. */
struct pg *new_schema(const char *schema);
/* Ends the connection too. */
void drop_schema(struct pg *pg, const char *schema);
/* Rows of a query, fields by a bar, NUL-terminated. */
struct packer query_text(struct pg *pg, const char *sql);
