#include "cli/explain_events.h"

#include <stdio.h>

#include "cli/events_json.h"
#include "lib/base/check.h"
#include "lib/base/names.h"
#include "lib/base/time.h"
#include "lib/codec/usage.h"
#include "lib/domain/seen.h"
#include "lib/io/progress.h"

/* A file system's last report before the hour, as it is printed. */
struct report {
    int64_t time_us;
    struct packer text;
};

struct search {
    const struct explain_wanted *wanted;
    struct usage_records records;
    struct seen seen;   /* of what was printed */
    struct names names; /* of file systems: number - 1 is the index of the report */
    VEC(struct report) reports;
    uint64_t printed;
    uint64_t signs;
    int64_t first_sign_us;
    int64_t last_sign_us;
    struct progress_state progress;
};

/* --- which --- */

static bool counts_meter(const struct kind_row *kind, enum meter meter)
{
    for (int i = 0; i < kind->meter_count; i++)
        if (kind->meters[i] == meter)
            return true;
    return false;
}

static bool is_wanted(const struct explain_wanted *wanted, const struct record *record)
{
    const struct kind_row *kind = kind_row(record->kind);
    if (!str_equal(record->account, wanted->account))
        return false;
    if (wanted->of_order)
        return kind->shape == SHAPE_ORDER && str_equal(record->subject, wanted->resource);
    if (kind->shape == SHAPE_ORDER || record->product != wanted->product)
        return false;
    if (kind->shape == SHAPE_POOL)
        return str_equal(record->sku, wanted->sku);
    if (!str_equal(record->subject, wanted->resource))
        return false;
    return kind->shape != SHAPE_COUNT ||
           (str_equal(record->sku, wanted->sku) && counts_meter(kind, wanted->meter));
}

/* A failed event stands twice, at `since` and at `time` (CONTRACT §2). */
static bool is_within(const struct explain_wanted *wanted, const struct record *record)
{
    int64_t since_us = record_effective_us(record), time_us = record->time_us;
    bool since = since_us >= wanted->from_us && since_us < wanted->to_us;
    return since || wanted->of_order || (time_us >= wanted->from_us && time_us < wanted->to_us);
}

/* Whether the log had it before. */
static bool is_repeated(struct search *search, const struct record *record)
{
    struct identity identity = identity_of(record);
    enum shape shape = kind_row(record->kind)->shape;
    if (shape == SHAPE_LEVEL ||
        shape == SHAPE_POOL) { /* sent again with another time, it is another change */
        identity.low ^= hash_mix((uint64_t)record->time_us, (uint64_t)record->since_us);
        identity.high ^= hash_str(record->subject);
    }
    return record_bills(record) && !seen_add(&search->seen, 0, identity);
}

/* --- printing --- */

static void put_event(const struct search *search, const struct record *record,
                      const struct log_message *from, bool repeated, struct packer *out)
{
    static const struct event_marks unmarked;
    char line[300], at[TIME_TEXT_SIZE] = "";
    time_print(from->timestamp_ms / 1000, at);
    int size = snprintf(line, sizeof line, "  %s/%u, offset %lld, %s%s: ", search->wanted->topic,
                        from->partition, (long long)from->offset, at,
                        repeated               ? " (repeated)"
                        : record_bills(record) ? ""
                                               : " (did not succeed: bills nothing)");
    pack_raw(out, line, (size_t)size);
    event_print(record, &unmarked, out);
}

static void print_text(struct search *search, const struct packer *text)
{
    progress_hide();
    fwrite(text->bytes.at, 1, text->bytes.count, stdout);
    search->printed++;
}

/* Of two of one time the later in the log is as good: what they leave is shown by the settled usage. */
static void keep_report(struct search *search, const struct record *record, const struct log_message *from)
{
    uint32_t number = names_intern(&search->names, record->subject);
    while (search->reports.count < number)
        vec_push(&search->reports, (struct report){.time_us = INT64_MIN});
    struct report *report = &search->reports.at[number - 1];
    if (record->since_us < report->time_us)
        return;
    report->time_us = record->since_us;
    vec_clear(&report->text.bytes);
    put_event(search, record, from, false, &report->text);
}

static void take_sign(struct search *search, const struct record *record)
{
    if (record->since_us < search->wanted->signs_from_us || record->since_us >= search->wanted->to_us)
        return;
    search->first_sign_us = search->signs == 0 || record->since_us < search->first_sign_us
                                ? record->since_us
                                : search->first_sign_us;
    search->last_sign_us = search->signs == 0 || record->since_us > search->last_sign_us
                               ? record->since_us
                               : search->last_sign_us;
    search->signs++;
}

static void take_record(struct search *search, const struct record *record, const struct log_message *from)
{
    const struct explain_wanted *wanted = search->wanted;
    const struct kind_row *kind = kind_row(record->kind);
    if (!is_wanted(wanted, record))
        return;
    if (kind->shape == SHAPE_LEVEL && kind->change == CHANGE_NONE) {
        take_sign(search, record);
    } else if (kind->shape == SHAPE_POOL && record->since_us < wanted->hour_us) {
        keep_report(search, record, from);
    } else if (is_within(wanted, record)) {
        struct packer text = {0};
        put_event(search, record, from, is_repeated(search, record), &text);
        print_text(search, &text);
        vec_release(&text.bytes);
    }
}

static bool take(void *context, const struct read_part *part, const struct log_message *from)
{
    struct search *search = context;
    struct message message;
    (void)part;
    if (from->offset >= search->wanted->to)
        return false;
    search->progress.bytes += from->value.size;
    if (usage_decode(from->value, &search->records, &message) == DECODE_OK)
        for (uint32_t i = 0; i < message.record_count; i++, search->progress.events++)
            take_record(search, &message.records[i], from);
    progress_set(&search->progress);
    return true;
}

/* --- */

static void print_rest(struct search *search)
{
    char first[TIME_TEXT_SIZE], last[TIME_TEXT_SIZE];
    for (uint32_t i = 0; i < search->reports.count; i++)
        if (search->reports.at[i].text.bytes.count > 0)
            print_text(search, &search->reports.at[i].text);
    progress_hide();
    if (search->signs > 0) {
        time_print(time_second(search->first_sign_us), first);
        time_print(time_second(search->last_sign_us), last);
        printf("  %llu heartbeats, from %s to %s\n", (unsigned long long)search->signs, first, last);
    }
    if (search->printed == 0)
        printf("  none is left in the log\n");
}

static void print_range(const struct explain_wanted *wanted, int64_t low)
{
    printf("\nsource events (%s/%u", wanted->topic, wanted->partition);
    if (wanted->from > 0)
        printf(", from offset %lld", (long long)wanted->from);
    if (wanted->to < INT64_MAX)
        printf(", before offset %lld", (long long)wanted->to);
    printf(")\n");
    if (low > wanted->from)
        printf("  the log begins at offset %lld: events of before are older than the log\n", (long long)low);
}

enum error_class explain_print_events(const struct explain_wanted *wanted, const struct read_source *source,
                                      struct error *error)
{
    struct log_range range = {.topic = wanted->topic, .partition = wanted->partition};
    struct search search = {.wanted = wanted, .progress.stage = "reading the log"};
    struct reading reading = {0};
    names_init(&search.names);
    enum error_class class = log_ranges(source->log, &range, 1, error);
    if (class == ERROR_NONE) {
        print_range(wanted, range.low);
        read_add(&reading, wanted->topic, wanted->partition, wanted->from, NULL);
        class = read_through(&reading, source, take, &search, error);
    }
    if (class == ERROR_NONE && source->host->stopping(source->host))
        class = error_set(error, ERROR_RETRY, "told to stop", "not all of the log is read");
    if (class == ERROR_NONE)
        print_rest(&search);
    progress_hide();
    for (uint32_t i = 0; i < search.reports.count; i++)
        vec_release(&search.reports.at[i].text.bytes);
    vec_release(&search.reports);
    names_release(&search.names);
    seen_release(&search.seen);
    usage_records_release(&search.records);
    read_release(&reading);
    return class;
}
