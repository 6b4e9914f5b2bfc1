/* What the files of the tables are made of. Internal to settler/store/pg. */
#pragma once

#include "lib/io/pg.h"
#include "settler/store/port.h"

/* Tables whose rows are written by COPY. */
enum copied { COPIED_SETTLED, COPIED_CHARGES, COPIED_LEDGER, COPIED_BILL_TOTALS, COPIED_NOTICES, COPIED };

/* A COPY under way. */
struct copy {
    const char *sql;
    struct packer out;
};

struct pg_store {
    struct store store;
    struct pg *pg;
    int64_t ranges_pause_least_ms;
    int64_t ranges_pause_ms; /* how long ranges of `settled` are not asked for after they were missed, */
    int64_t ranges_again_ms; /* and until when */
    /* Rows under way: COPYs, an INSERT of line_names; written when they are many, and at the end. */
    struct copy copies[COPIED];
    struct packer owner;  /* the account whose number was worked out last, */
    int64_t owner_number; /* and that */
    struct pg_array names[7];
    uint32_t names_count;
    uint32_t names_partition;
};

static inline struct pg_store *pg_store_of(struct store *store)
{
    return (struct pg_store *)store;
}

/* What the connection's last failure was. */
enum error_class pg_store_failed(const struct pg_store *store, struct error *error);
/* ERROR_NONE if it was good. */
enum error_class pg_store_done(const struct pg_store *store, bool done, struct error *error);

/* --- rows by COPY --- */

/* Begins a row of that table, with as many fields; sql is the statement. */
struct packer *copies_row(struct pg_store *store, enum copied table, const char *sql, int fields);
/* Ends it; written if the rows are many. */
enum error_class copies_end_row(struct pg_store *store, enum copied table, struct error *error);
/* Writes all that are under way. */
bool copies_flush(struct pg_store *store);
/* Forgets them. */
void copies_drop(struct pg_store *store);
void copies_release(struct pg_store *store);

/* --- fields of rows --- */

/* What settled.account, charges.account and ledger.account hold: the first 8 bytes of SHA-256 of the
 * account's name, big-endian, signed (SQL: account_key). */
int64_t account_number(struct pg_store *store, struct str account);
/* An amount of 10^-12 as a column of money has it. */
void copy_money(struct packer *out, const struct amount *amount);
void array_add_money(struct pg_array *array, const struct amount *amount);
struct amount money_at(const PGresult *rows, int row, int column);
void array_add_bool(struct pg_array *array, bool value);
/* "2026-11-01" */
enum { DATE_SIZE = 11 };
void print_date(int64_t second_s, char out[DATE_SIZE]);

struct str text_at(const PGresult *rows, int row, int column);
int64_t number_at(const PGresult *rows, int row, int column);
int64_t number_or(const PGresult *rows, int row, int column, int64_t if_null);

/* --- columns of one INSERT, filled side by side --- */

enum { COLUMNS_MAX = 13 };
struct columns {
    struct pg_array list[COLUMNS_MAX];
    uint32_t rows;
};

/* Runs sql with a frame's partition and seq as $1 and $2 and `count` columns behind them, and releases the
 * columns. No rows: nothing. */
bool columns_insert(struct pg *pg, struct columns *columns, int count, const char *sql,
                    const struct frame *frame);
/* The same without a frame: the columns are $1 on. */
bool columns_do(struct pg *pg, struct columns *columns, int count, const char *sql);
/* The rows of sql with the columns as $1 on, which are released; NULL: it failed. */
PGresult *columns_query(struct pg *pg, struct columns *columns, int count, const char *sql);

/* --- by table; each as store_ops has it --- */

enum error_class meta_read(struct store *store, struct meta_row *row, bool *found, struct error *error);
enum error_class meta_write(struct store *store, const struct meta_row *row, struct error *error);

enum error_class claim_take(struct store *store, uint32_t partition, struct claim_row *row,
                            struct error *error);
enum error_class claim_move(struct store *store, uint32_t partition, const struct claim_row *from,
                            const struct claim_row *to, bool *moved, struct error *error);

enum error_class claim_move_position(struct store *store, uint32_t partition,
                                     const struct position_move *move, bool *moved, struct error *error);

enum error_class notices_read(struct store *store, const struct notice_span *span, take_notice *take,
                              void *context, bool *ours, struct error *error);

enum error_class catalogs_read(struct store *store, uint32_t partition, take_catalog *take, void *context,
                               struct error *error);
bool catalogs_write(struct pg_store *store, const struct frame *frame);

enum error_class settled_put(struct store *store, const struct settled_table_row *row, struct error *error);
enum error_class settled_read_usage(struct store *store, const struct resource_hour *keys, uint32_t count,
                                    take_settled *take, void *context, struct error *error);
enum error_class settled_read_lines(struct store *store, const struct one_line_hour *keys, uint32_t count,
                                    take_settled *take, void *context, struct error *error);
enum error_class settled_make_ranges(struct store *store, int64_t day_s, struct error *error);

/* The lines of k.account, k.product, k.resource, as a query; their id is `line`, and line_names_take reads
 * the LINE_NAMES_FIELDS from `column` on. */
#define LINE_NAMES_OF_RESOURCE                                                                               \
    "SELECT line, meter, sku, kind FROM line_names WHERE account = k.account AND product = k.product AND "   \
    "resource = k.resource"
#define LINE_NAMES_FIELDS "n.meter, n.sku, n.kind"
void line_names_take(const PGresult *rows, int row, int column, struct line_names *out);
enum error_class line_names_put(struct store *store, const struct line_name_row *row, struct error *error);
bool line_names_flush(struct pg_store *store);
/* Forgets the rows under way. */
void line_names_drop(struct pg_store *store);

enum error_class order_facts_read(struct store *store, const struct order_name *orders, uint32_t count,
                                  take_order_fact *take, void *context, struct error *error);
enum error_class order_facts_read_identities(struct store *store, const struct fact_identity *facts,
                                             uint32_t count, take_order *take, void *context,
                                             struct error *error);
bool order_facts_write(struct pg_store *store, const struct frame *frame);

enum error_class order_usage_read(struct store *store, const struct order_name *orders, uint32_t count,
                                  take_order_user *take, void *context, struct error *error);
enum error_class order_usage_write(struct store *store, const struct order_usage_row *rows, uint32_t count,
                                   struct error *error);

enum error_class order_due_read_next(struct store *store, uint32_t partition, int64_t *due_us,
                                     struct error *error);
enum error_class order_due_read(struct store *store, const struct due_before *before, take_order *take,
                                void *context, struct error *error);
enum error_class order_due_write(struct store *store, uint32_t partition, const struct order_due_row *rows,
                                 uint32_t count, struct error *error);

bool payments_write(struct pg_store *store, const struct frame *frame);
enum error_class payments_read(struct store *store, const struct payment_identity *payments, uint32_t count,
                               take_payment *take, void *context, struct error *error);
bool rejected_write(struct pg_store *store, const struct frame *frame);
enum error_class rejected_write_copied(struct store *store, uint32_t partition,
                                       const struct store_reject *rows, uint32_t count, struct error *error);

enum error_class charges_put(struct store *store, const struct charge_row *row, struct error *error);
enum error_class charges_read_bill_sums(struct store *store, const struct bill_question *question,
                                        take_bill_sum *take, void *context, struct error *error);

enum error_class ledger_put(struct store *store, const struct ledger_row *row, struct error *error);

enum error_class bill_totals_put(struct store *store, const struct bill_total_row *row, struct error *error);
enum error_class bill_cuts_write(struct store *store, const struct bill_cut_row *rows, uint32_t count,
                                 struct error *error);

enum error_class notices_put(struct store *store, const struct notice_row *row, struct error *error);

enum error_class frames_write(struct store *store, const struct frame_row *rows, uint32_t count,
                              struct error *error);

enum error_class accounts_read(struct store *store, const struct str *names, uint32_t count,
                               take_account *take, void *context, struct error *error);
enum error_class accounts_read_next_deadline(struct store *store, uint32_t partition, int64_t *deadline_us,
                                             struct error *error);
enum error_class accounts_read_deadlines(struct store *store, const struct deadline_before *before,
                                         take_account *take, void *context, struct error *error);
enum error_class accounts_read_page(struct store *store, const struct account_page *page, take_account *take,
                                    void *context, struct error *error);
enum error_class accounts_write(struct store *store, const struct account_row *rows, uint32_t count,
                                struct error *error);

enum error_class resource_states_write(struct store *store, uint32_t partition, const struct state_row *rows,
                                       uint32_t count, struct error *error);
enum error_class price_list_write(struct store *store, const struct price_row *rows, uint32_t count,
                                  struct error *error);

/* The rows of sql with the orders' accounts and names as arrays $1 and $2; NULL: it failed. */
PGresult *orders_query(struct pg *pg, const struct order_name *orders, uint32_t count, const char *sql);
