#include "cli/ask.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/base/check.h"
#include "lib/base/time.h"
#include "lib/io/file.h"

enum { FETCH_ROWS = 5000, COLUMNS_MAX = 16, SLACK_MS = 10000, TIME_MAX_BYTES = 40 };

struct ask_options ask_options;

/* --- asking --- */

static bool fail(struct ask *ask)
{
    ask->error = ask->pg->error;
    return false;
}

/* The catalog's word for it; it asks for no right that who reads the view does not have. */
static bool is_there(struct ask *ask, const struct ask_options *options, const char *needs)
{
    PGresult *found = ask_rows(ask, "SELECT to_regclass($1) IS NOT NULL", 1, (const char *const[]){needs});
    if (found == NULL)
        return false;
    bool there = PQgetvalue(found, 0, 0)[0] == 't';
    PQclear(found);
    if (!there) {
        char why[120];
        snprintf(why, sizeof why, "no such schema, or no %s in it: run hourglass db migrate", needs);
        error_set(&ask->error, ERROR_FATAL, options->schema, why);
    }
    return there;
}

bool ask_begin(struct ask *ask, const struct ask_options *options, const char *needs)
{
    *ask = (struct ask){0};
    ask->pg = pg_connect(options->database, options->schema, &ask->error);
    if (ask->pg == NULL)
        return false;
    ask->pg->deadline_ms = options->timeout_s == 0 ? 0 : options->timeout_s * 1000 + SLACK_MS;
    char begin[160];
    snprintf(begin, sizeof begin,
             "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET LOCAL jit = off;"
             " SET LOCAL statement_timeout = '%llds'",
             (long long)options->timeout_s);
    return pg_script(ask->pg, begin) ? is_there(ask, options, needs) : fail(ask);
}

PGresult *ask_rows(struct ask *ask, const char *sql, int count, const char *const *values)
{
    PGresult *result = pg_query(ask->pg, sql, count, values);
    if (result == NULL)
        fail(ask);
    return result;
}

bool ask_do(struct ask *ask, const char *sql)
{
    return pg_script(ask->pg, sql) || fail(ask);
}

struct str ask_cell(const PGresult *result, int row, int column)
{
    if (PQgetisnull(result, row, column))
        return CELL_NULL;
    return (struct str){PQgetvalue(result, row, column), (uint32_t)PQgetlength(result, row, column)};
}

int ask_end(struct ask *ask, const struct option_page *page, int status)
{
    pg_free(ask->pg);
    if (ask->error.class == ERROR_NONE)
        return status;
    fprintf(stderr, "%s: %s\n", page->name, ask->error.text);
    return ask->error.class == ERROR_FATAL ? EX_CONFIG : EX_TEMPFAIL;
}

/* --- printing --- */

const char *const ask_formats[] = {"table", "csv", "spreadsheet", "ndjson", "json", NULL};

struct ask_sheet ask_sheet_of(const char *format, const struct column *columns, uint32_t count)
{
    CHECK(count <= COLUMNS_MAX);
    bool array = strcmp(format, "json") == 0, spreadsheet = strcmp(format, "spreadsheet") == 0;
    enum sheet_format base = array ? SHEET_NDJSON : spreadsheet ? SHEET_CSV : sheet_format_of(format);
    return (struct ask_sheet){.sheet = {base, columns, count}, .array = array, .spreadsheet = spreadsheet};
}

void ask_put_text(struct packer *out, const char *text)
{
    pack_raw(out, text, strlen(text));
}

void ask_put_header(struct ask_sheet *sheet, struct packer *out)
{
    if (sheet->array)
        ask_put_text(out, "[");
    sheet_header(&sheet->sheet, out);
}

/* What a spreadsheet would compute; the mark before it makes it text. */
static struct str as_text(struct str cell, char *room, uint32_t size)
{
    if (cell.size == 0 || cell.size + 1 > size || memchr("=+-@\t\r", cell.at[0], 6) == NULL)
        return cell;
    room[0] = '\'';
    memcpy(room + 1, cell.at, cell.size);
    return (struct str){room, cell.size + 1};
}

void ask_put_row(struct ask_sheet *sheet, const struct str *cells, struct packer *out)
{
    enum { CELL_MAX = 512 };
    char room[COLUMNS_MAX][CELL_MAX];
    struct str plain[COLUMNS_MAX];
    for (uint32_t i = 0; i < sheet->sheet.count; i++) {
        bool guarded = sheet->spreadsheet && sheet->sheet.columns[i].type == COLUMN_TEXT;
        plain[i] = guarded ? as_text(cells[i], room[i], CELL_MAX) : cells[i];
    }
    if (sheet->array)
        ask_put_text(out, sheet->begun ? ",\n" : "\n");
    sheet_row(&sheet->sheet, plain, out);
    if (sheet->array)
        out->bytes.count--; /* the row's end: what comes next begins with one */
    sheet->begun = true;
}

void ask_put_end(struct ask_sheet *sheet, struct packer *out)
{
    if (sheet->array)
        ask_put_text(out, "\n]\n");
}

bool ask_write(struct ask *ask, struct packer *out)
{
    bool good = file_write_all(STDOUT_FILENO, out->bytes.at, out->bytes.count);
    if (!good)
        error_set(&ask->error, ERROR_RETRY, "standard output", strerror(errno));
    vec_clear(&out->bytes);
    return good;
}

static bool declare(struct ask *ask, const struct ask_question *question)
{
    struct packer sql = {0};
    ask_put_text(&sql, "DECLARE asked NO SCROLL CURSOR FOR ");
    pack_raw(&sql, question->sql, strlen(question->sql) + 1);
    bool good = pg_do(ask->pg, sql.bytes.at, question->count, question->values, NULL);
    vec_release(&sql.bytes);
    return good ? good : fail(ask);
}

bool ask_each(struct ask *ask, const struct ask_question *question, struct packer *out)
{
    char fetch[64];
    snprintf(fetch, sizeof fetch, "FETCH %d FROM asked", FETCH_ROWS);
    bool good = declare(ask, question);
    for (int count = FETCH_ROWS; good && count == FETCH_ROWS;) {
        PGresult *rows = ask_rows(ask, fetch, 0, NULL);
        count = rows == NULL ? 0 : PQntuples(rows);
        for (int i = 0; i < count; i++)
            question->take(question->context, rows, i, out);
        PQclear(rows);
        good = rows != NULL && ask_write(ask, out);
    }
    return good && (pg_script(ask->pg, "CLOSE asked") || fail(ask));
}

static void print_row(void *context, const PGresult *rows, int row, struct packer *out)
{
    struct ask_printing *printing = context;
    struct str cells[COLUMNS_MAX];
    for (uint32_t j = 0; j < printing->sheet.sheet.count; j++)
        cells[j] = ask_cell(rows, row, (int)j);
    ask_put_row(&printing->sheet, cells, out);
    printing->rows++;
}

bool ask_print(struct ask *ask, struct ask_printing *printing)
{
    struct packer out = {0};
    const struct ask_question question = {printing->sql, printing->count, printing->values, print_row,
                                          printing};
    ask_put_header(&printing->sheet, &out);
    bool good = ask_each(ask, &question, &out);
    ask_put_end(&printing->sheet, &out);
    good = good && ask_write(ask, &out);
    vec_release(&out.bytes);
    return good;
}

/* --- times --- */

bool ask_moment(const char *text, int64_t *second_s)
{
    char whole[64];
    size_t size = strlen(text);
    if (size > TIME_MAX_BYTES)
        return false;
    snprintf(whole, sizeof whole, "%s%s", text,
             size == strlen("2026-11")      ? "-01T00:00:00Z"
             : size == strlen("2026-11-01") ? "T00:00:00Z"
                                            : "");
    int64_t us;
    if (!time_parse(str_of(whole), &us))
        return false;
    *second_s = time_second(us);
    return true;
}

const char *check_moment(const char *value)
{
    int64_t second_s;
    return ask_moment(value, &second_s) ? NULL
                                        : "expected a time as in 2026-11-01T10:00:00Z, 2026-11-01 or 2026-11";
}

bool ask_month(const char *text, int64_t *first_s)
{
    return strlen(text) == strlen("2026-11") && ask_moment(text, first_s);
}

const char *check_month(const char *value)
{
    int64_t first_s;
    return ask_month(value, &first_s) ? NULL : "expected a month as in 2026-11";
}
