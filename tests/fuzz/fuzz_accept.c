/* Any bytes as an event, as a batch, as binary mode: what is accepted keeps CONTRACT §2's limits, what is not
 * names a field, and the ways in agree with each other. */
#include "collectors/core/accept.h"
#include "collectors/core/json_mend.h"
#include "lib/base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define E15 INT64_C(1000000000000000)
#define END_US INT64_C(7258118400000000)

struct verdict {
    bool accepted;
    size_t count; /* of events told by a batch */
    struct record record;
    struct rejection rejection;
};

/* The code point at *at, which moves behind it. Overlong forms, surrogates and the like end the process. */
static uint32_t code_point(const uint8_t **at, const uint8_t *end)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    uint8_t first = *(*at)++;
    if (first < 0x80)
        return first;
    CHECK(first >= 0xc2 && first <= 0xf4);
    int more = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    uint32_t code = first & (0x3fu >> more);
    CHECK(end - *at >= more);
    for (int i = 0; i < more; i++) {
        CHECK((**at & 0xc0) == 0x80);
        code = code << 6 | (*(*at)++ & 0x3f);
    }
    CHECK(code >= least[more] && code <= 0x10ffff);
    CHECK(code < 0xd800 || code > 0xdfff);
    return code;
}

static void check_string(struct str text, uint32_t least, uint32_t most)
{
    CHECK(text.size >= least && text.size <= most);
    const uint8_t *at = (const uint8_t *)text.at, *end = at + text.size;
    while (at < end) {
        uint32_t code = code_point(&at, end);
        CHECK(code >= 0x20 && (code < 0x7f || code > 0x9f));
    }
}

static void check_integer(int64_t value, int64_t most)
{
    CHECK(value >= 0 && value <= most);
}

static void check_record(const struct record *record)
{
    bool paid = record->kind == RECORD_ORDER_PAID;
    bool payment = record->kind == RECORD_CREDITED || record->kind == RECORD_DEBITED;
    bool launched = record->kind == RECORD_LAUNCHED, changed = record->kind == RECORD_RECONFIGURED;
    bool has_sku = launched || paid || record->product == PRODUCT_STORAGE || record->product == PRODUCT_MAAS;
    CHECK(record->kind < RECORD_KIND_COUNT && record->product <= PRODUCT_NONE);
    check_string(record->account, 1, 128);
    check_string(record->id, 1, 128);
    check_string(record->source, 1, 256);
    check_string(record->subject, 1, 256);
    check_string(record->sku, has_sku, has_sku || changed ? 256 : 0);
    check_string(record->order, 0, launched || changed ? 256 : 0);
    check_string(record->amount, payment, payment ? 25 : 0);
    check_string(record->currency, payment ? 3 : 0, payment ? 3 : 0);
    CHECK(!record->for_bill || record->kind == RECORD_CREDITED);
    check_integer(record->quantity, launched || changed || paid ? E15 : 0);
    check_integer(record->bytes, record->kind == RECORD_STORAGE_USED ? E15 * 1000 : 0);
    check_integer(record->input_tokens, record->kind == RECORD_TOKENS ? 3 * E15 : 0);
    check_integer(record->cached_input_tokens, record->input_tokens);
    check_integer(record->cache_write_tokens, record->input_tokens - record->cached_input_tokens);
    check_integer(record->output_tokens, record->kind == RECORD_TOKENS ? E15 : 0);
    check_integer(record->images, record->succeeded ? E15 : 0);
    CHECK(!record->succeeded || record->kind == RECORD_IMAGES);
    check_integer(record->months, paid ? 120 : 0);
    CHECK(!(launched || paid) || record->quantity >= 1);
    CHECK(!changed || record->quantity >= 1 || record->sku.size >= 1 || record->order.size >= 1);
    CHECK(!paid || (record->months >= 1 && record->product <= PRODUCT_NODE));
    CHECK(record->time_us >= 0 && record->time_us < END_US);
    CHECK(record->since_us >= 0 && record->since_us <= record->time_us);
    CHECK(record->since_us == record->time_us || record->kind == RECORD_FAILED);
}

static void check_rejection(const struct rejection *rejection)
{
    struct str name = field_name(rejection->field);
    CHECK(rejection->reason.size > name.size);
    CHECK(memcmp(rejection->reason.at, name.at, name.size) == 0);
    CHECK(rejection->reason.at[name.size] == ':');
}

static void check_verdict(const struct verdict *verdict)
{
    if (verdict->accepted)
        check_record(&verdict->record);
    else
        check_rejection(&verdict->rejection);
}

/* Of a batch, the last verdict. */
static bool tell(void *context, size_t index, const struct record *record, const struct rejection *rejection)
{
    struct verdict *verdict = context;
    CHECK(index == verdict->count++);
    verdict->accepted = record != NULL;
    if (record != NULL)
        verdict->record = *record;
    else
        verdict->rejection = *rejection;
    check_verdict(verdict);
    return true;
}

static struct verdict event_verdict(struct acceptor *acceptor, struct str text)
{
    struct verdict verdict = {0};
    verdict.accepted = accept_event(acceptor, text, &verdict.record, &verdict.rejection);
    check_verdict(&verdict);
    return verdict;
}

static struct verdict batch_verdict(struct acceptor *acceptor, struct str text)
{
    struct verdict verdict = {0};
    if (!accept_batch(acceptor, text, tell, &verdict, &verdict.rejection)) {
        CHECK(verdict.count == 0);
        check_rejection(&verdict.rejection);
    }
    return verdict;
}

/* The part before the next LF, as an attribute. */
static struct str next_line(struct str *text)
{
    const char *feed = text->size == 0 ? NULL : memchr(text->at, '\n', text->size);
    if (feed == NULL)
        return (struct str){0};
    struct str line = {text->at, (uint32_t)(feed - text->at)};
    *text = (struct str){feed + 1, text->size - line.size - 1};
    return line;
}

static void binary(struct acceptor *acceptor, struct str text)
{
    struct verdict verdict = {0};
    struct event_attributes attributes = {.id = next_line(&text), .source = next_line(&text)};
    attributes.type = next_line(&text);
    attributes.subject = next_line(&text);
    attributes.specversion = next_line(&text);
    attributes.time = next_line(&text);
    verdict.accepted = accept_binary(acceptor, &attributes, text, &verdict.record, &verdict.rejection);
    check_verdict(&verdict);
}

static bool same_verdict(const struct verdict *a, const struct verdict *b)
{
    if (a->accepted != b->accepted)
        return false;
    if (!a->accepted)
        return a->rejection.field == b->rejection.field;
    return a->record.kind == b->record.kind && a->record.time_us == b->record.time_us &&
           a->record.quantity == b->record.quantity && a->record.input_tokens == b->record.input_tokens &&
           a->record.cached_input_tokens == b->record.cached_input_tokens &&
           a->record.cache_write_tokens == b->record.cache_write_tokens;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct acceptor *acceptor;
    if (acceptor == NULL)
        acceptor = acceptor_new();
    char *text = malloc(size), *array = malloc(size + 2);
    if (size > 0)
        memcpy(text, data, size);
    array[0] = '[';
    memcpy(array + 1, text, size);
    array[size + 1] = ']';
    binary(acceptor, (struct str){text, (uint32_t)size});
    batch_verdict(acceptor, (struct str){text, (uint32_t)size});
    struct verdict in_batch = batch_verdict(acceptor, (struct str){array, (uint32_t)size + 2});
    struct verdict alone = event_verdict(acceptor, (struct str){text, (uint32_t)size});
    bool one = in_batch.count == 1;
    CHECK(one ? same_verdict(&alone, &in_batch) : !alone.accepted);
    json_mend(text, (uint32_t)size);
    struct verdict mended = event_verdict(acceptor, (struct str){text, (uint32_t)size});
    CHECK(same_verdict(&alone, &mended));
    free(text);
    free(array);
    return 0;
}
