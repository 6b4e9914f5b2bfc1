#include "cli/control_register.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/base/check.h"
#include "lib/codec/frame.h"
#include "lib/codec/usage.h"
#include "lib/run/read_through.h"
#include "lib/run/send.h"

enum { POLL_MS = 100 };

static struct str text_of(const struct packer *packer)
{
    return (struct str){packer->bytes.at, packer->bytes.count};
}

static bool same_hash(const uint8_t a[CONTROL_HASH_SIZE], const uint8_t b[CONTROL_HASH_SIZE])
{
    return memcmp(a, b, CONTROL_HASH_SIZE) == 0;
}

static bool same_catalog(const struct catalog_text *a, const struct catalog_text *b)
{
    return a->from_s == b->from_s && str_equal(a->text, b->text);
}

/* --- entries --- */

/* The entry with these bytes, a new one if need be. NULL: they are no control message. */
static struct register_entry *entry_of(struct control_register *of, struct str bytes)
{
    for (uint32_t i = 0; i < of->entries.count; i++)
        if (str_equal(text_of(&of->entries.at[i].bytes), bytes))
            return &of->entries.at[i];
    struct register_entry entry = {0};
    struct usage_records records = {0};
    pack_raw(&entry.bytes, bytes.at, bytes.size);
    bool good = usage_decode(text_of(&entry.bytes), &records, &entry.message) == DECODE_OK &&
                entry.message.control != CONTROL_NONE;
    usage_records_release(&records);
    if (!good) {
        vec_release(&entry.bytes.bytes);
        return NULL;
    }
    vec_push(&of->entries, entry);
    return &of->entries.at[of->entries.count - 1];
}

static struct register_entry *entry_by_hash(struct control_register *of,
                                            const uint8_t hash[CONTROL_HASH_SIZE])
{
    for (uint32_t i = 0; i < of->entries.count; i++)
        if (same_hash(of->entries.at[i].message.origin.hash, hash))
            return &of->entries.at[i];
    return NULL;
}

void control_register_release(struct control_register *of)
{
    for (uint32_t i = 0; i < of->entries.count; i++) {
        vec_release(&of->entries.at[i].bytes.bytes);
        vec_release(&of->entries.at[i].frames);
    }
    vec_release(&of->entries);
    vec_release(&of->order);
}

struct register_entry *control_register_last(const struct control_register *of)
{
    CHECK(of->order.count > 0); /* it was read */
    return &of->entries.at[of->order.at[of->order.count - 1]];
}

struct register_entry *control_register_find(const struct control_register *of, int64_t from_s)
{
    for (uint32_t i = of->order.count; i > 0; i--) {
        struct register_entry *entry = &of->entries.at[of->order.at[i - 1]];
        if (entry->message.catalog.from_s == from_s)
            return entry;
    }
    return NULL;
}

static bool follows_last(const struct control_register *of, const struct register_entry *entry)
{
    return entry->message.control == CONTROL_CATALOG &&
           same_hash(entry->message.origin.prev_hash, control_register_last(of)->message.origin.hash);
}

static void add_to_order(struct control_register *of, struct register_entry *entry)
{
    vec_push(&of->order, (uint32_t)(entry - of->entries.at));
}

/* --- reading --- */

static enum error_class stopped(const struct control_register *of, enum error_class class,
                                struct error *error)
{
    return class == ERROR_NONE && of->host->stopping(of->host)
               ? error_set(error, ERROR_RETRY, "register", "told to stop")
               : class;
}

static enum error_class read_all(struct control_register *of, const struct log_position *from,
                                 read_visit *visit, void *context, struct error *error)
{
    struct reading reading = {0};
    read_add(&reading, from->topic, from->partition, from->offset, NULL);
    enum error_class class =
        read_through(&reading, &(struct read_source){of->log, of->host, of->limit_ms}, visit, context, error);
    read_release(&reading);
    return stopped(of, class, error);
}

static bool take_first(void *context, const struct read_part *part, const struct log_message *message)
{
    (void)part;
    struct control_register *of = context;
    struct register_entry *first = message->offset == 0 ? entry_of(of, message->value) : NULL;
    if (first != NULL && first->message.control == CONTROL_INIT) {
        add_to_order(of, first);
        first->copied = first->held = true;
    }
    return false;
}

static enum error_class read_first(struct control_register *of, struct error *error)
{
    struct log_position begin = {of->topics->records, 0, 0};
    enum error_class class = log_partitions(of->log, of->topics->records, &of->partitions, error);
    if (class == ERROR_NONE && of->partitions == 0)
        class = error_set(error, ERROR_FATAL, of->topics->records, "there is no such topic (hourglass init)");
    if (class == ERROR_NONE)
        class = read_all(of, &begin, take_first, of, error);
    if (class == ERROR_NONE && of->order.count == 0)
        class =
            error_set(error, ERROR_FATAL, of->topics->records, "it has no first catalog (hourglass init)");
    return class;
}

/* What a message of the index says of its control message. */
static void take_words(struct register_entry *entry, const char *key)
{
    entry->noted = entry->noted || strcmp(key, "taken") == 0;
    entry->copied = entry->copied || strcmp(key, "copied") == 0;
    entry->held = entry->held || strcmp(key, "held") == 0;
    if (strncmp(key, "from ", 5) != 0 || entry->frames.count > 0)
        return;
    for (const char *at = key + 4; *at == ' ';) {
        char *end;
        vec_push(&entry->frames, strtoll(at + 1, &end, 10));
        at = end;
    }
}

static bool take_index(void *context, const struct read_part *part, const struct log_message *message)
{
    (void)part;
    struct register_entry *entry = entry_of(context, message->value);
    char *key = strndup(message->key.at == NULL ? "" : message->key.at, message->key.size);
    CHECK(key != NULL);
    if (entry != NULL)
        take_words(entry, key);
    free(key);
    return true;
}

static enum error_class read_index(struct control_register *of, struct error *error)
{
    uint32_t count = 0;
    struct log_position begin = {of->topics->index, 0, 0};
    enum error_class class = log_partitions(of->log, of->topics->index, &count, error);
    of->indexed = count > 0;
    return class == ERROR_NONE && of->indexed ? read_all(of, &begin, take_index, of, error) : class;
}

/* The entry of a fact; of one that the index does not know, the message is made again from it. NULL: it is
 * none of the register's. */
static struct register_entry *entry_of_fact(struct control_register *of, const struct fact *fact)
{
    struct register_entry *known = entry_by_hash(of, fact->origin.hash);
    if (known != NULL)
        return known;
    struct packer bytes = {0};
    struct message message = {
        .control = CONTROL_CATALOG, .origin = fact->origin, .feed = STR(""), .catalog = fact->catalog};
    memcpy(message.origin.prev_hash, control_register_last(of)->message.origin.hash, CONTROL_HASH_SIZE);
    usage_encode(&message, &bytes);
    struct register_entry *made = entry_of(of, text_of(&bytes));
    vec_release(&bytes.bytes);
    return made != NULL && same_hash(made->message.origin.hash, fact->origin.hash) ? made : NULL;
}

struct facts {
    struct control_register *of;
    struct frame_rows rows;
};

static bool take_facts(void *context, const struct read_part *part, const struct log_message *message)
{
    (void)part;
    struct facts *facts = context;
    struct frame frame;
    if (frame_decode(message->value, &facts->rows, &frame) != DECODE_OK)
        return true;
    for (uint32_t i = 0; i < frame.fact_count; i++) {
        if (frame.facts[i].control != CONTROL_CATALOG)
            continue;
        struct register_entry *entry = entry_of_fact(facts->of, &frame.facts[i]);
        if (entry != NULL && follows_last(facts->of, entry))
            add_to_order(facts->of, entry);
    }
    return true;
}

static enum error_class read_facts(struct control_register *of, int64_t from, struct error *error)
{
    struct facts facts = {.of = of};
    struct log_position begin = {of->topics->frames, 0, from};
    enum error_class class = read_all(of, &begin, take_facts, &facts, error);
    frame_rows_release(&facts.rows);
    return class;
}

/* Puts into the order what the index says was taken. */
static void follow_index(struct control_register *of)
{
    for (uint32_t i = 0; i < of->entries.count; i++) {
        if (!of->entries.at[i].noted || !follows_last(of, &of->entries.at[i]))
            continue;
        add_to_order(of, &of->entries.at[i]);
        i = UINT32_MAX; /* from the first again */
    }
}

/* Where in partition 0's frames to look for what was announced and may have been taken; -1: nowhere. What
 * does not follow the last one is never taken any more. */
static int64_t look_from(const struct control_register *of)
{
    int64_t from = -1;
    for (uint32_t i = 0; i < of->entries.count; i++) {
        const struct register_entry *entry = &of->entries.at[i];
        if (follows_last(of, entry) && entry->frames.count > 0 && (from < 0 || entry->frames.at[0] < from))
            from = entry->frames.at[0];
    }
    return from;
}

enum error_class control_register_read(struct control_register *of, bool whole, struct error *error)
{
    control_register_release(of);
    enum error_class class = read_first(of, error);
    if (class == ERROR_NONE)
        class = read_index(of, error);
    if (class != ERROR_NONE)
        return class;
    /* An index of another log, or none, does not know this first message. */
    if (whole || !of->entries.at[0].noted)
        return read_facts(of, 0, error);
    follow_index(of);
    int64_t from = look_from(of);
    return from < 0 ? ERROR_NONE : read_facts(of, from, error);
}

/* --- writing --- */

static struct send sender_of(const struct control_register *of)
{
    return (struct send){.log = of->log, .host = of->host, .limit_ms = of->limit_ms};
}

static enum error_class put(const struct control_register *of, const struct log_record *record,
                            struct error *error)
{
    struct send send = sender_of(of);
    return stopped(of, send_record(&send, record, error), error);
}

static enum error_class drain(const struct control_register *of, struct error *error)
{
    struct send send = sender_of(of);
    return stopped(of, send_drain(&send, 0, error), error);
}

static enum error_class note(const struct control_register *of, const struct register_entry *entry,
                             const char *key, struct error *error)
{
    struct log_record record = {
        .topic = of->topics->index, .key = str_of(key), .value = text_of(&entry->bytes)};
    return of->indexed ? put(of, &record, error) : ERROR_NONE;
}

static enum error_class note_taken(struct control_register *of, struct register_entry *entry,
                                   struct error *error)
{
    if (entry->noted)
        return ERROR_NONE;
    entry->noted = true;
    return note(of, entry, "taken", error);
}

/* Says in the index what was found beside it. */
static enum error_class note_order(struct control_register *of, struct error *error)
{
    enum error_class class = ERROR_NONE;
    for (uint32_t i = 0; i < of->order.count && class == ERROR_NONE; i++)
        class = note_taken(of, &of->entries.at[of->order.at[i]], error);
    return class;
}

/* Says in the index what is about to be appended, before it is. */
static enum error_class announce(struct control_register *of, struct register_entry *entry,
                                 struct error *error)
{
    VEC(struct log_range) ranges = {0};
    struct packer key = {0};
    pack_raw(&key, "from", 4);
    for (uint32_t p = 0; p < of->partitions; p++)
        vec_push(&ranges, (struct log_range){.topic = of->topics->frames, .partition = p});
    enum error_class class = log_ranges(of->log, ranges.at, ranges.count, error);
    for (uint32_t p = 0; p < of->partitions && class == ERROR_NONE; p++) {
        char number[24];
        int size = snprintf(number, sizeof number, " %lld", (long long)ranges.at[p].high);
        vec_push(&entry->frames, ranges.at[p].high);
        pack_raw(&key, number, (size_t)size);
    }
    pack_raw(&key, "", 1);
    if (class == ERROR_NONE)
        class = note(of, entry, key.bytes.at, error);
    if (class == ERROR_NONE)
        class = drain(of, error);
    vec_release(&ranges);
    vec_release(&key.bytes);
    return class;
}

/* --- waiting for frames --- */

/* What to look for in frames as they come. */
struct wait {
    struct control_register *of;
    struct register_entry *entry;
    struct frame_rows rows;
    uint32_t missing; /* partitions that are looked at and have not said yet */
    bool *shown;      /* by partition; NULL: partition 0's verdict is asked for */
    struct register_decision *decision;
};

static void look_for_catalog(struct wait *wait, uint32_t partition, const struct frame *frame)
{
    for (uint32_t i = 0; i < frame->fact_count && !wait->shown[partition]; i++)
        wait->shown[partition] = frame->facts[i].control == CONTROL_CATALOG &&
                                 same_catalog(&frame->facts[i].catalog, &wait->entry->message.catalog);
    wait->missing -= wait->shown[partition];
}

static void lose(struct wait *wait, struct str why)
{
    snprintf(wait->decision->why, sizeof wait->decision->why, "%.*s", STR_ARG(why));
    wait->decision->verdict = REGISTER_LOST;
    wait->missing = 0;
}

static void look_for_verdict(struct wait *wait, const struct frame *frame)
{
    char hash[2 * CONTROL_HASH_SIZE + 1];
    for (size_t i = 0; i < CONTROL_HASH_SIZE; i++)
        snprintf(hash + 2 * i, sizeof hash - 2 * i, "%02x", wait->entry->message.origin.hash[i]);
    for (uint32_t i = 0; i < frame->fact_count && wait->missing > 0; i++) {
        const struct fact *fact = &frame->facts[i];
        if (fact->control != CONTROL_CATALOG)
            continue;
        if (same_hash(fact->origin.hash, wait->entry->message.origin.hash)) {
            wait->decision->verdict = REGISTER_TAKEN;
            wait->missing = 0;
        } else {
            lose(wait, STR("another catalog came before it"));
        }
    }
    for (uint32_t i = 0; i < frame->reject_count && wait->missing > 0; i++)
        if (str_equal(frame->rejects[i].id, str_of(hash)))
            lose(wait, frame->rejects[i].reason);
}

static void look_at(struct wait *wait, const struct log_message *message)
{
    struct frame frame;
    if (message->partition >= wait->of->partitions ||
        frame_decode(message->value, &wait->rows, &frame) != DECODE_OK)
        return;
    if (wait->shown == NULL)
        look_for_verdict(wait, &frame);
    else if (!wait->shown[message->partition])
        look_for_catalog(wait, message->partition, &frame);
}

/* Reads frames of partitions [0, count) as they come. */
static enum error_class follow(struct wait *wait, uint32_t count, int64_t timeout_ms, struct error *error)
{
    struct control_register *of = wait->of;
    struct host *host = of->host;
    VEC(struct log_position) positions = {0};
    for (uint32_t p = 0; p < count; p++) {
        int64_t from = p < wait->entry->frames.count ? wait->entry->frames.at[p] : 0;
        vec_push(&positions, (struct log_position){of->topics->frames, p, from});
    }
    int64_t until_ms = host->now_ms(host) + timeout_ms;
    enum error_class class = log_assign(of->log, positions.at, positions.count, error);
    while (class == ERROR_NONE && wait->missing > 0 && host->now_ms(host) < until_ms &&
           !host->stopping(host)) {
        struct log_message message;
        enum log_got got = log_poll(of->log, POLL_MS, &message, error);
        host->alive(host);
        if (got == LOG_GOT_ERROR && error->class != ERROR_RETRY)
            class = error->class;
        if (got != LOG_GOT_MESSAGE)
            continue;
        look_at(wait, &message);
        log_release(of->log, &message);
    }
    vec_release(&positions);
    frame_rows_release(&wait->rows);
    return class;
}

/* --- deciding, copying --- */

/* One of the same catalog that was announced before and left open; NULL: there is none. */
static struct register_entry *find_open(struct control_register *of, const struct catalog_text *catalog)
{
    for (uint32_t i = 0; i < of->entries.count; i++)
        if (follows_last(of, &of->entries.at[i]) && of->entries.at[i].frames.count == of->partitions &&
            same_catalog(&of->entries.at[i].message.catalog, catalog))
            return &of->entries.at[i];
    return NULL;
}

static struct register_entry *make(struct control_register *of, const struct catalog_text *catalog,
                                   const struct control_origin *origin)
{
    struct message message = {
        .control = CONTROL_CATALOG, .origin = *origin, .feed = STR(""), .catalog = *catalog};
    struct packer bytes = {0};
    memcpy(message.origin.prev_hash, control_register_last(of)->message.origin.hash, CONTROL_HASH_SIZE);
    usage_encode(&message, &bytes);
    struct register_entry *entry = entry_of(of, text_of(&bytes));
    vec_release(&bytes.bytes);
    CHECK(entry != NULL);
    return entry;
}

enum error_class control_register_append(struct control_register *of, const struct catalog_text *catalog,
                                         const struct control_origin *origin, int64_t timeout_ms,
                                         struct register_decision *decision, struct error *error)
{
    *decision = (struct register_decision){.verdict = REGISTER_OPEN};
    enum error_class class = note_order(of, error);
    struct register_entry *entry = find_open(of, catalog);
    if (entry == NULL) {
        entry = make(of, catalog, origin);
        class = class == ERROR_NONE ? announce(of, entry, error) : class;
    }
    /* One that was left open may not have been appended; where it was, it is skipped. */
    struct log_record record = {.topic = of->topics->records, .value = text_of(&entry->bytes)};
    if (class == ERROR_NONE)
        class = put(of, &record, error);
    if (class == ERROR_NONE)
        class = drain(of, error);
    struct wait wait = {.of = of, .entry = entry, .missing = 1, .decision = decision};
    if (class == ERROR_NONE)
        class = follow(&wait, 1, timeout_ms, error);
    if (class != ERROR_NONE || decision->verdict != REGISTER_TAKEN)
        return class;
    add_to_order(of, entry);
    class = note_taken(of, entry, error);
    return class == ERROR_NONE ? drain(of, error) : class;
}

static enum error_class copy_one(struct control_register *of, struct register_entry *entry,
                                 struct error *error)
{
    enum error_class class = ERROR_NONE;
    for (uint32_t p = 1; p < of->partitions && class == ERROR_NONE; p++) {
        struct log_record record = {
            .topic = of->topics->records, .partition = p, .value = text_of(&entry->bytes)};
        class = put(of, &record, error);
    }
    return class;
}

enum error_class control_register_copy(struct control_register *of, uint32_t *copied, struct error *error)
{
    /* From the first that may lack somewhere on all of them: what stands behind one that lacked was refused
     * there. */
    uint32_t first = 0;
    while (first < of->order.count && of->entries.at[of->order.at[first]].copied)
        first++;
    *copied = of->order.count - first;
    enum error_class class = note_order(of, error);
    for (uint32_t i = first; i < of->order.count && class == ERROR_NONE; i++)
        class = copy_one(of, &of->entries.at[of->order.at[i]], error);
    if (class == ERROR_NONE)
        class = drain(of, error);
    for (uint32_t i = first; i < of->order.count && class == ERROR_NONE; i++) {
        of->entries.at[of->order.at[i]].copied = true;
        class = note(of, &of->entries.at[of->order.at[i]], "copied", error);
    }
    return class == ERROR_NONE ? drain(of, error) : class;
}

enum error_class control_register_hold(struct control_register *of, struct register_entry *entry,
                                       int64_t timeout_ms, bool *shown, struct error *error)
{
    struct wait wait = {.of = of, .entry = entry, .shown = shown, .missing = of->partitions};
    for (uint32_t p = 0; p < of->partitions; p++)
        shown[p] = entry->held;
    enum error_class class = entry->held ? ERROR_NONE : follow(&wait, of->partitions, timeout_ms, error);
    if (class != ERROR_NONE || entry->held || wait.missing > 0)
        return class;
    entry->held = true;
    class = note(of, entry, "held", error);
    return class == ERROR_NONE ? drain(of, error) : class;
}

enum error_class control_register_begin(struct control_register *of, struct str first, struct error *error)
{
    enum error_class class = read_index(of, error);
    struct register_entry *entry = class == ERROR_NONE ? entry_of(of, first) : NULL;
    if (entry == NULL)
        return class;
    class = note_taken(of, entry, error);
    return class == ERROR_NONE ? drain(of, error) : class;
}
