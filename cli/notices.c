/* `hourglass notices`: every change of an account's state or deadline, from the database, or as it is said in
 * billing.notices. */
#include "cli/command.h"
#include "cli/notices_follow.h"
#include "cli/stored.h"
#include "lib/domain/limits.h"
#include "lib/run/value_checks.h"

static struct notices_follow following;
static bool follows;

/* Those of stored.h, and what is followed: then there is no database. */
static const struct option_row rows[] = {
    {"database", OPTION_TEXT, &stored_options.database, "", 0, 0, PG_DATABASE_HELP, .value = "URL",
     .check = check_database},
    {"schema", OPTION_TEXT, &stored_options.schema, "hourglass", 0, 0, "where the tables stand"},
    {"account", OPTION_TEXT, &stored_options.account, "", 0, 0, "only what is of this account",
     .value = "NAME", .name_bytes = LIMIT_ID_BYTES},
    {"format", OPTION_TEXT, &stored_options.format, "ndjson", 0, 0, "ndjson, csv or table", .value = "FORMAT",
     .words = sheet_formats},
    {"wait-for", OPTION_NUMBER, &stored_options.wait_for_s, "0", 0, INT64_MAX,
     "first wait until every partition is settled up to this second since 1970"},
    {"partitions", OPTION_NUMBER, &stored_options.partitions, "0", 0, 4096,
     "how many that must be; 0: do not wait"},
    {"timeout", OPTION_NUMBER, &stored_options.timeout_s, "120", 1, 86400,
     "seconds to wait without progress, or for a table that is locked"},
    {"follow", OPTION_SWITCH, &follows, "false", 0, 0,
     "print notices as they come, from Kafka and not from the database, until told to stop"},
    {"from-beginning", OPTION_SWITCH, &following.from_beginning, "false", 0, 0,
     "with --follow, first those that are there"},
    {"kafka", OPTION_TEXT, &following.kafka, "", 0, 0, "with --follow: bootstrap servers, HOST:PORT,...",
     .value = "SERVERS", .check = check_servers},
    {"prefix", OPTION_TEXT, &following.prefix, "", 0, 0, "with --follow: before the topic's name",
     .check = check_prefix},
};

/* Seconds are rounded down. */
static const char sql[] =
    "SELECT account, state, balance, available, deadline_s, floor(watermark_us / 1000000.0)::bigint"
    " FROM notices WHERE $1::text IS NULL OR account = $1"
    " ORDER BY account COLLATE \"C\", partition, number";

static void print_header(const struct report_style *style, struct packer *out)
{
    report_header(style, REPORT_NOTICES, out);
}

static void print_notice(const struct report_style *style, const PGresult *found, int row, struct packer *out)
{
    struct report_notice notice = {
        .account = stored_text(found, row, 0),
        .state = stored_text(found, row, 1),
        .balance = stored_amount(found, row, 2),
        .available = stored_amount(found, row, 3),
        .deadline_s = PQgetisnull(found, row, 4) ? INT64_MIN : stored_number(found, row, 4),
        .at_s = stored_number(found, row, 5),
    };
    report_print_notice(style, &notice, out);
}

static const struct option_page page = {
    .name = "hourglass notices",
    .summary = "Print what became of accounts: good, grace, suspended, and when.",
    .details =
        "A row for each time that the state of an account, or its deadline, changed; each account's in "
        "their order. Followed, one may be there twice: of an account's, what is not above its last `id` is "
        "a repeat.\n\n" PG_PASSWORD_HELP,
    .example = "  PGPASSFILE=pgpass hourglass notices --database postgresql://reader@db/billing --format "
               "table\n"
               "  hourglass notices --follow --kafka k1:9092,k2:9092\n",
    .statuses = STORED_STATUSES,
    .rows = rows,
    .count = sizeof rows / sizeof *rows,
};

static int run(void)
{
    static const struct stored notices = {"notices", sql, print_header, print_notice};
    if (follows && following.kafka[0] == 0)
        return options_misused(&page, "--kafka: expected SERVERS with --follow");
    if (!follows && stored_options.database[0] == 0)
        return options_misused(&page, "--database: expected URL, or --follow");
    following.account = stored_options.account;
    following.format = stored_options.format;
    return follows ? notices_follow(&following) : stored_print(&notices, &page);
}

const struct command command_notices = {&page, run};
