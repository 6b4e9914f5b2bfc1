/* `hourglass catalog show`: the catalogs in force, as partition 0's register has them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/control_register.h"
#include "lib/base/check.h"
#include "lib/base/digest.h"
#include "lib/base/time.h"
#include "lib/codec/frame.h"
#include "lib/io/file.h"
#include "lib/io/kafka_log.h"
#include "lib/io/process.h"
#include "lib/run/read_through.h"
#include "lib/run/value_checks.h"

enum { EXIT_DISAGREE = 1, KAFKA_LIMIT_MS = 30000, PATH_BYTES = 4096 };

static const char *kafka, *prefix, *folder;
static bool with_text, with_whole;
static bool unwritten; /* a file or folder of --all */

static const struct option_row rows[] = {
    {"kafka", OPTION_TEXT, &kafka, NULL, 0, 0, "bootstrap servers, HOST:PORT,...", .value = "SERVERS",
     .check = check_servers},
    {"prefix", OPTION_TEXT, &prefix, "", 0, 0, "before each topic's name", .check = check_prefix},
    {"text", OPTION_SWITCH, &with_text, "false", 0, 0, "the YAML too, each after a line that begins with #"},
    {"all", OPTION_TEXT, &folder, "", 0, 0,
     "write each into a file of DIR, and print instead the arguments that hourglass rate takes them by",
     .value = "DIR"},
    {"whole", OPTION_SWITCH, &with_whole, "false", 0, 0,
     "compare all frames of all partitions, whatever the index (usage.register) says"},
};

/* --- what partitions' frames show --- */

struct shown_catalog {
    int64_t from_s;
    uint8_t digest[DIGEST_SIZE];
};

struct shown {
    VEC(struct shown_catalog) list; /* of an hour, the later in the log */
};

struct look {
    struct shown *partitions;
    struct frame_rows rows;
};

static void take_fact(struct shown *shown, const struct catalog_text *catalog)
{
    struct shown_catalog found = {.from_s = catalog->from_s};
    digest_of(catalog->text.at, catalog->text.size, found.digest);
    for (uint32_t i = 0; i < shown->list.count; i++) {
        if (shown->list.at[i].from_s != found.from_s)
            continue;
        shown->list.at[i] = found;
        return;
    }
    vec_push(&shown->list, found);
}

static bool take_frame(void *context, const struct read_part *part, const struct log_message *message)
{
    struct look *look = context;
    struct frame frame;
    if (frame_decode(message->value, &look->rows, &frame) != DECODE_OK)
        return true;
    for (uint32_t i = 0; i < frame.fact_count; i++)
        if (frame.facts[i].control != CONTROL_NONE)
            take_fact(&look->partitions[part->partition], &frame.facts[i].catalog);
    return true;
}

/* The entry is the one in force from its hour on. */
static bool in_force(const struct control_register *of, const struct register_entry *entry)
{
    return control_register_find(of, entry->message.catalog.from_s) == entry;
}

static bool shows(const struct shown *shown, const struct catalog_text *catalog)
{
    uint8_t digest[DIGEST_SIZE];
    digest_of(catalog->text.at, catalog->text.size, digest);
    for (uint32_t i = 0; i < shown->list.count; i++)
        if (shown->list.at[i].from_s == catalog->from_s)
            return memcmp(shown->list.at[i].digest, digest, DIGEST_SIZE) == 0;
    return false;
}

/* Whether it shows all that is in force and not known to hold everywhere; where all was read, that alone. */
static bool agrees(const struct control_register *of, const struct shown *shown)
{
    uint32_t hours = 0;
    for (uint32_t i = 0; i < of->order.count; i++) {
        const struct register_entry *entry = &of->entries.at[of->order.at[i]];
        if (!in_force(of, entry))
            continue;
        hours++;
        if ((with_whole || !entry->held) && !shows(shown, &entry->message.catalog))
            return false;
    }
    return !with_whole || hours == shown->list.count;
}

/* Where partition p's frames say of what is not known to hold everywhere; -1: all is. */
static int64_t look_from(const struct control_register *of, uint32_t partition)
{
    int64_t from = with_whole ? 0 : -1;
    for (uint32_t i = 0; i < of->order.count; i++) {
        const struct register_entry *entry = &of->entries.at[of->order.at[i]];
        int64_t of_it = partition < entry->frames.count ? entry->frames.at[partition] : 0;
        if (!entry->held && (from < 0 || of_it < from))
            from = of_it;
    }
    return from;
}

static enum error_class look_at_frames(const struct control_register *of, struct shown *partitions,
                                       struct error *error)
{
    struct look look = {.partitions = partitions};
    struct reading reading = {0};
    enum error_class class = ERROR_NONE;
    for (uint32_t p = 0; p < of->partitions; p++) {
        int64_t from = look_from(of, p);
        if (from >= 0)
            read_add(&reading, of->topics->frames, p, from, NULL);
    }
    if (reading.parts.count > 0)
        class = read_through(&reading, &(struct read_source){of->log, of->host, of->limit_ms}, take_frame,
                             &look, error);
    read_release(&reading);
    frame_rows_release(&look.rows);
    return class;
}

/* --- printing --- */

static void print_catalog(const struct catalog_text *catalog)
{
    char hour[TIME_TEXT_SIZE] = "since ever          ";
    uint8_t digest[DIGEST_SIZE];
    digest_of(catalog->text.at, catalog->text.size, digest);
    if (catalog->from_s != INT64_MIN)
        time_print(catalog->from_s, hour);
    printf("%s%s  ", with_text ? "# " : "", hour);
    for (int i = 0; i < DIGEST_SIZE; i++)
        printf("%02x", digest[i]);
    printf("\n");
    struct str text = catalog->text;
    if (with_text)
        printf("%.*s%s", STR_ARG(text), text.size > 0 && text.at[text.size - 1] == '\n' ? "" : "\n");
}

static enum error_class cannot_write(const char *path, struct error *error)
{
    unwritten = true;
    return error_set(error, ERROR_FATAL, path, strerror(errno));
}

/* DIR/since-ever.yaml, or DIR/HOUR.yaml, which is to be named with its hour. */
static enum error_class write_catalog(const struct catalog_text *catalog, struct error *error)
{
    char hour[TIME_TEXT_SIZE] = "since-ever", path[PATH_BYTES];
    bool dated = catalog->from_s != INT64_MIN;
    if (dated)
        time_print(catalog->from_s, hour);
    snprintf(path, sizeof path, "%s/%s.yaml", folder, hour);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    bool good = fd >= 0 && file_write_all(fd, catalog->text.at, catalog->text.size);
    good = fd >= 0 && close(fd) == 0 && good;
    if (!good)
        return cannot_write(path, error);
    printf("--catalog %s%s%s\n", path, dated ? "@" : "", dated ? hour : "");
    return ERROR_NONE;
}

static enum error_class put_catalog(const struct catalog_text *catalog, struct error *error)
{
    if (folder[0] != 0)
        return write_catalog(catalog, error);
    print_catalog(catalog);
    return ERROR_NONE;
}

/* By hour. */
static enum error_class put_catalogs(const struct control_register *of, struct error *error)
{
    enum error_class class = ERROR_NONE;
    const struct register_entry *next = control_register_find(of, INT64_MIN);
    while (next != NULL && class == ERROR_NONE) {
        const struct register_entry *last = next;
        class = put_catalog(&last->message.catalog, error);
        next = NULL;
        for (uint32_t i = 0; i < of->order.count; i++) {
            const struct register_entry *entry = &of->entries.at[of->order.at[i]];
            int64_t from_s = entry->message.catalog.from_s;
            bool later = in_force(of, entry) && from_s > last->message.catalog.from_s;
            if (later && (next == NULL || from_s < next->message.catalog.from_s))
                next = entry;
        }
    }
    return class;
}

/* What is no argument of rate goes to standard error. */
static int tell_agreement(const struct control_register *of, const struct shown *partitions)
{
    FILE *out = folder[0] != 0 ? stderr : stdout;
    uint32_t others = 0;
    for (uint32_t p = 0; p < of->partitions; p++) {
        if (agrees(of, &partitions[p]))
            continue;
        fprintf(out, others++ == 0 ? "# not as in partition 0: %u" : " %u", p);
    }
    if (others == 0)
        fprintf(out, "# all %u partitions agree", of->partitions);
    fprintf(out, "\n");
    return others == 0 ? EX_OK : EXIT_DISAGREE;
}

static enum error_class show(struct log *log, int *status, struct error *error)
{
    struct topics topics = topics_of(prefix);
    struct control_register of = {
        .log = log, .host = process_host(), .topics = &topics, .limit_ms = KAFKA_LIMIT_MS};
    enum error_class class = control_register_read(&of, with_whole, error);
    struct shown *partitions = calloc(of.partitions + 1, sizeof *partitions);
    CHECK(partitions != NULL);
    if (class == ERROR_NONE)
        class = look_at_frames(&of, partitions, error);
    if (class == ERROR_NONE && folder[0] != 0 && mkdir(folder, 0777) != 0 && errno != EEXIST)
        class = cannot_write(folder, error);
    if (class == ERROR_NONE)
        class = put_catalogs(&of, error);
    if (class == ERROR_NONE)
        *status = tell_agreement(&of, partitions);
    for (uint32_t p = 0; p < of.partitions; p++)
        vec_release(&partitions[p].list);
    free(partitions);
    control_register_release(&of);
    return class;
}

static const struct option_page page = {
    .name = "hourglass catalog show",
    .summary =
        "Print the catalogs in force: from when each holds, its SHA-256, whether all partitions agree.",
    .example = "  hourglass catalog show --kafka 127.0.0.1:9092 --text\n"
               "  hourglass events --kafka 127.0.0.1:9092 |\n"
               "      hourglass rate $(hourglass catalog show --kafka 127.0.0.1:9092 --all catalogs) -\n",
    .statuses = "0 all partitions have the same; 1 they have not; 73 a file of --all cannot be written;\n"
                "75 Kafka could not be read; 78 there is no generation of that prefix.",
    .rows = rows,
    .count = sizeof rows / sizeof *rows,
};

static int run(void)
{
    process_begin();
    int status = EX_OK;
    struct error error;
    struct kafka_log_config config = {.brokers = kafka, .client_id = "hourglass-catalog", .reads = true};
    struct log *log = kafka_log_open(&config, &(struct log_client){0}, &error);
    enum error_class class = log == NULL ? error.class : show(log, &status, &error);
    if (class != ERROR_NONE) {
        fprintf(stderr, "hourglass catalog show: %s\n", error.text);
        status = class == ERROR_FATAL ? EX_CONFIG : EX_TEMPFAIL;
        status = unwritten ? EX_CANTCREAT : status;
    }
    log_close(log);
    return status;
}

const struct command command_catalog_show = {&page, run};
