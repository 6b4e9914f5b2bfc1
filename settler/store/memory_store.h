/* The settler's tables in memory: an adapter of port.h, with the semantics of PostgreSQL's tables, and with
 * faults. Pure.
 *
 * Tables outlive the stores that are opened on them, as a database does its connections. Between begin and
 * commit of one store nothing of another may come: a test is of one thread, and a call of store.h ends what
 * it begins. Same calls, same tables. */
#pragma once

#include "lib/base/pack.h"
#include "settler/store/store.h"

struct memory_tables;

/* What befalls a call of the port (a statement). */
enum memory_fault {
    MEMORY_FAULT_NONE,
    MEMORY_FAULT_REFUSED,    /* RETRY: rows are refused; the store stays good */
    MEMORY_FAULT_DEAD,       /* ABORT: the connection broke before it, */
    MEMORY_FAULT_REPLY_LOST, /* or behind it: a COMMIT is done, and nobody knows */
};
#define MEMORY_FAULT_COUNT 4

struct memory_tables *memory_tables_new(void);
void memory_tables_free(struct memory_tables *tables);

/* A backup. */
struct memory_tables *memory_tables_copy(const struct memory_tables *tables);
/* What is there becomes what the backup has; stores that are open are dead. */
void memory_tables_restore(struct memory_tables *tables, const struct memory_tables *backup);

/* The fault befalls the n-th call from now on, 1 is the next; it replaces one that waits. */
void memory_tables_fail(struct memory_tables *tables, uint64_t n, enum memory_fault fault);
/* Calls so far, of all stores: which is the n-th. */
uint64_t memory_tables_calls(const struct memory_tables *tables);
/* How often that fault befell a call. */
uint64_t memory_tables_struck(const struct memory_tables *tables, enum memory_fault fault);

/* Appends all rows but who owns a partition (the fence) and how far its notices are sent, a line a row,
 * sorted: of equal tables equal bytes.
 */
void memory_tables_print(const struct memory_tables *tables, struct packer *out);

/* The context is the tables, which outlive the stores. */
struct store_opener memory_store_opener(struct memory_tables *tables);
