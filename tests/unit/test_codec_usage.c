/* Messages of usage.records: ours, avro-c's and everybody's bytes. */
#include <stdio.h>

#include "lib/base/digest.h"
#include "lib/codec/usage.h"
#include "lib/codec/wire.h"
#include "tests/support/again.h"
#include "tests/support/oracle.h"
#include "tests/support/samples.h"
#include "tests/support/test.h"

enum { ROUNDS = 3000, HOSTILE = 40, PATH = 100 };

static const char *const branches[RECORD_KIND_COUNT] = {
    "Launched",    "Reconfigured",   "Heartbeat", "Stopped", "Failed",    "Deleted",
    "StorageUsed", "StorageDeleted", "Tokens",    "Images",  "OrderPaid", "OrderFulfilled",
    "OrderFailed", "OrderRefunded",  "Credited",  "Debited"};

static struct packer encoded(const struct message *message)
{
    struct packer bytes = {0};
    usage_encode(message, &bytes);
    return bytes;
}

static struct str str_of_packer(const struct packer *packer)
{
    return (struct str){packer->bytes.at, packer->bytes.count};
}

static void a_message_comes_back_as_it_went(void **state)
{
    (void)state;
    struct samples samples = {.random = random_of(1)};
    struct usage_records room = {0};
    for (int round = 0; round < ROUNDS; round++) {
        struct message message = sample_message(&samples), back;
        struct packer bytes = encoded(&message);
        assert_int_equal(usage_decode(str_of_packer(&bytes), &room, &back), DECODE_OK);
        assert_true(same_message(&message, &back));
        vec_release(&bytes.bytes);
        samples_reset(&samples);
    }
    usage_records_release(&room);
    samples_release(&samples);
}

static void avro_c_takes_our_bytes_and_gives_them_back(void **state)
{
    (void)state;
    struct samples samples = {.random = random_of(2)};
    struct oracle *oracle = oracle_new("usage_message");
    for (int round = 0; round < ROUNDS; round++) {
        struct message message = sample_message(&samples);
        struct packer ours = encoded(&message), theirs = {0};
        assert_true(oracle_read(oracle, str_of_packer(&ours)));
        oracle_write(oracle, &theirs);
        assert_true(str_equal(str_of_packer(&ours), str_of_packer(&theirs)));
        assert_int_equal(again_is_same(usage_again, str_of_packer(&theirs)), DECODE_OK);
        vec_release(&ours.bytes);
        vec_release(&theirs.bytes);
        samples_reset(&samples);
    }
    oracle_free(oracle);
    samples_release(&samples);
}

/* --- names of the schema --- */

static void expect_product(struct oracle *oracle, const char *at, const struct record *record)
{
    oracle_expect_bytes(oracle, at, "product", str_of(product_name(record->product)));
}

static void expect_level_body(struct oracle *oracle, const char *at, const struct record *record)
{
    expect_product(oracle, at, record);
    if (record->kind == RECORD_LAUNCHED || record->kind == RECORD_RECONFIGURED) {
        oracle_expect_bytes(oracle, at, "sku", record->sku);
        oracle_expect_long(oracle, at, "quantity", record->quantity);
        oracle_expect_bytes(oracle, at, "order", record->order);
    }
    if (record->kind == RECORD_FAILED)
        oracle_expect_long(oracle, at, "since_us", record->since_us);
}

static void expect_report_body(struct oracle *oracle, const char *at, const struct record *record)
{
    oracle_expect_bytes(oracle, at, "sku", record->sku);
    if (record->kind == RECORD_STORAGE_USED)
        oracle_expect_long(oracle, at, "bytes", record->bytes);
    if (record->kind == RECORD_IMAGES) {
        oracle_expect_long(oracle, at, "images", record->images);
        oracle_expect_long(oracle, at, "succeeded", record->succeeded);
    }
    if (record->kind == RECORD_TOKENS) {
        oracle_expect_long(oracle, at, "input_tokens", record->input_tokens);
        oracle_expect_long(oracle, at, "cached_input_tokens", record->cached_input_tokens);
        oracle_expect_long(oracle, at, "cache_write_tokens", record->cache_write_tokens);
        oracle_expect_long(oracle, at, "output_tokens", record->output_tokens);
    }
}

static void expect_other_body(struct oracle *oracle, const char *at, const struct record *record)
{
    if (record->kind == RECORD_ORDER_PAID) {
        expect_product(oracle, at, record);
        oracle_expect_bytes(oracle, at, "sku", record->sku);
        oracle_expect_long(oracle, at, "quantity", record->quantity);
        oracle_expect_long(oracle, at, "months", record->months);
    } else if (record->kind == RECORD_CREDITED || record->kind == RECORD_DEBITED) {
        oracle_expect_bytes(oracle, at, "amount", record->amount);
        oracle_expect_bytes(oracle, at, "currency", record->currency);
    }
    if (record->kind == RECORD_CREDITED)
        oracle_expect_long(oracle, at, "for_bill", record->for_bill);
}

static void avro_c_finds_each_value_of_a_record_under_its_name(void **state)
{
    (void)state;
    struct samples samples = {.random = random_of(3)};
    struct oracle *oracle = oracle_new("usage_message");
    for (int round = 0; round < ROUNDS; round++) {
        enum record_kind kind = (enum record_kind)(round % RECORD_KIND_COUNT);
        struct record record = sample_record(&samples, kind);
        struct message message = {
            .clock_us = round, .feed = STR("http"), .records = &record, .record_count = 1};
        struct packer bytes = encoded(&message);
        assert_true(oracle_read(oracle, str_of_packer(&bytes)));
        const char *at = "records/0/";
        char body[PATH];
        snprintf(body, sizeof body, "%sbody/%s/", at, branches[kind]);
        oracle_expect_bytes(oracle, at, "account", record.account);
        oracle_expect_bytes(oracle, at, "subject", record.subject);
        oracle_expect_bytes(oracle, at, "source", record.source);
        oracle_expect_bytes(oracle, at, "id", record.id);
        oracle_expect_long(oracle, at, "time_us", record.time_us);
        if (kind <= RECORD_DELETED)
            expect_level_body(oracle, body, &record);
        else if (kind <= RECORD_IMAGES)
            expect_report_body(oracle, body, &record);
        else
            expect_other_body(oracle, body, &record);
        vec_release(&bytes.bytes);
        samples_reset(&samples);
    }
    oracle_free(oracle);
    samples_release(&samples);
}

static void expect_control(struct oracle *oracle, const struct message *message)
{
    bool init = message->control == CONTROL_INIT;
    const char *at = init ? "control/Init/" : "control/CatalogChange/";
    const char *rules = "control/Init/rules/";
    const struct control_origin *origin = &message->origin;
    struct str prev_hash = {(const char *)origin->prev_hash, CONTROL_HASH_SIZE};
    oracle_expect_bytes(oracle, at, "prev_hash", prev_hash);
    oracle_expect_bytes(oracle, at, "by", origin->by);
    oracle_expect_long(oracle, at, "clock_us", origin->clock_us);
    oracle_expect_bytes(oracle, at, "catalog", message->catalog.text);
    if (!init) {
        oracle_expect_long(oracle, at, "from_s", message->catalog.from_s);
        return;
    }
    oracle_expect_long(oracle, rules, "number", message->rules.number);
    oracle_expect_long(oracle, rules, "epoch_us", message->rules.epoch_us);
    oracle_expect_long(oracle, rules, "delay_us", message->rules.delay_us);
    oracle_expect_long(oracle, rules, "lifecycle_horizon_us", message->rules.lifecycle_horizon_us);
    oracle_expect_long(oracle, rules, "report_horizon_us", message->rules.report_horizon_us);
    oracle_expect_long(oracle, rules, "epoch_records", message->rules.epoch_records);
    oracle_expect_long(oracle, rules, "frame_rows", message->rules.frame_rows);
    oracle_expect_long(oracle, rules, "frame_bytes", message->rules.frame_bytes);
    oracle_expect_long(oracle, rules, "snapshot_bytes", message->rules.snapshot_bytes);
}

static void avro_c_finds_each_value_of_a_message_under_its_name(void **state)
{
    (void)state;
    struct samples samples = {.random = random_of(4)};
    struct oracle *oracle = oracle_new("usage_message");
    for (int round = 0; round < ROUNDS; round++) {
        struct message message = sample_message(&samples);
        struct packer bytes = encoded(&message);
        assert_true(oracle_read(oracle, str_of_packer(&bytes)));
        oracle_expect_long(oracle, "", "clock_us", message.clock_us);
        oracle_expect_bytes(oracle, "", "feed", message.feed);
        oracle_expect_long(oracle, "", "incarnation", (int64_t)message.incarnation);
        oracle_expect_long(oracle, "", "acknowledged", (int64_t)message.acknowledged);
        if (message.control != CONTROL_NONE)
            expect_control(oracle, &message);
        vec_release(&bytes.bytes);
        samples_reset(&samples);
    }
    oracle_free(oracle);
    samples_release(&samples);
}

/* --- everybody's bytes --- */

static void damaged_bytes_are_refused_or_the_one_encoding_of_something_else(void **state)
{
    (void)state;
    struct samples samples = {.random = random_of(5)};
    for (int round = 0; round < HOSTILE; round++) {
        struct message message = sample_message(&samples);
        struct packer bytes = encoded(&message);
        if (bytes.bytes.count < 1500)
            again_survives(usage_again, str_of_packer(&bytes));
        vec_release(&bytes.bytes);
        samples_reset(&samples);
    }
    samples_release(&samples);
}

static void a_control_message_comes_with_the_hash_of_all_its_bytes(void **state)
{
    (void)state;
    struct message message = {.control = CONTROL_CATALOG,
                              .origin = {.by = STR("ann@host"), .clock_us = 5},
                              .feed = STR(""),
                              .catalog = {3600, STR("currency: USD")}};
    struct message back;
    struct usage_records room = {0};
    struct packer bytes = encoded(&message);
    uint8_t hash[CONTROL_HASH_SIZE];
    digest_of(bytes.bytes.at, bytes.bytes.count, hash);
    assert_int_equal(usage_decode(str_of_packer(&bytes), &room, &back), DECODE_OK);
    assert_memory_equal(back.origin.hash, hash, sizeof hash);
    vec_clear(&bytes.bytes);
    message.origin.clock_us = 6;
    usage_encode(&message, &bytes);
    assert_int_equal(usage_decode(str_of_packer(&bytes), &room, &back), DECODE_OK);
    assert_memory_not_equal(back.origin.hash, hash, sizeof hash);
    usage_records_release(&room);
    vec_release(&bytes.bytes);
}

/* The last byte of a record's body before the array's end and what the fields before it said. */
static void assert_refused_with_last(const struct record *record, char last)
{
    struct message message = {.feed = STR(""), .records = record, .record_count = 1};
    struct packer bytes = encoded(&message), copy = {0};
    assert_int_equal(usage_again(str_of_packer(&bytes), &copy), DECODE_OK);
    bytes.bytes.at[bytes.bytes.count - 2] = last;
    assert_int_equal(usage_again(str_of_packer(&bytes), &copy), DECODE_MALFORMED);
    vec_release(&bytes.bytes);
    vec_release(&copy.bytes);
}

static void what_acceptance_never_says_of_a_record_is_refused(void **state)
{
    (void)state;
    struct record record = {.account = STR("a"), .subject = STR("r"), .source = STR("s"), .id = STR("i")};
    struct record images = record, reconfigured = record;
    images.kind = RECORD_IMAGES;
    images.sku = STR("m");
    images.images = 3;
    images.succeeded = true;
    assert_refused_with_last(&images, 0); /* images of what did not succeed */
    reconfigured.kind = RECORD_RECONFIGURED;
    reconfigured.product = PRODUCT_NODE;
    reconfigured.sku = STR("");
    reconfigured.order = STR("");
    reconfigured.quantity = 1;
    struct message message = {.feed = STR(""), .records = &reconfigured, .record_count = 1};
    struct packer bytes = encoded(&message);
    bytes.bytes.at[bytes.bytes.count - 3] = 0; /* nothing new: no sku, no quantity, no order */
    assert_int_equal(usage_again(str_of_packer(&bytes), &(struct packer){0}), DECODE_MALFORMED);
    vec_release(&bytes.bytes);
}

static void parts_of_input_beyond_it_are_refused(void **state)
{
    (void)state;
    struct record tokens = {.kind = RECORD_TOKENS,
                            .account = STR("a"),
                            .subject = STR("r"),
                            .source = STR("s"),
                            .id = STR("i"),
                            .sku = STR("m"),
                            .input_tokens = 5,
                            .cached_input_tokens = 2,
                            .cache_write_tokens = 3};
    struct message message = {.feed = STR(""), .records = &tokens, .record_count = 1};
    struct packer bytes = encoded(&message), copy = {0};
    assert_int_equal(usage_again(str_of_packer(&bytes), &copy), DECODE_OK);
    bytes.bytes.at[bytes.bytes.count - 3] = 4 << 1; /* 2 + 4 of 5 */
    assert_int_equal(usage_again(str_of_packer(&bytes), &copy), DECODE_MALFORMED);
    vec_release(&bytes.bytes);
    vec_release(&copy.bytes);
}

static void an_amount_that_is_none_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"x.23", "1,23", "-123", "0.00", ".123", "12e4"};
    struct record payment = {.kind = RECORD_CREDITED,
                             .account = STR("a"),
                             .subject = STR("p"),
                             .source = STR("s"),
                             .id = STR("i"),
                             .amount = STR("4.56"),
                             .currency = STR("USD")};
    struct message message = {.feed = STR(""), .records = &payment, .record_count = 1};
    struct packer bytes = encoded(&message), copy = {0};
    assert_int_equal(usage_again(str_of_packer(&bytes), &copy), DECODE_OK);
    char *amount = memmem(bytes.bytes.at, bytes.bytes.count, "4.56", 4);
    assert_non_null(amount);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        memcpy(amount, bad[i], 4);
        assert_int_equal(usage_again(str_of_packer(&bytes), &copy), DECODE_MALFORMED);
    }
    vec_release(&bytes.bytes);
    vec_release(&copy.bytes);
}

static void another_schema_is_told_from_a_fault(void **state)
{
    (void)state;
    struct message message = {.feed = STR("http")};
    struct packer bytes = encoded(&message);
    for (uint32_t at = 0; at < WIRE_HEADER_SIZE; at++) {
        bytes.bytes.at[at] ^= 1;
        assert_int_equal(usage_again(str_of_packer(&bytes), &(struct packer){0}),
                         at < 2 ? DECODE_MALFORMED : DECODE_OTHER_SCHEMA);
        bytes.bytes.at[at] ^= 1;
    }
    assert_string_equal(decode_outcome_name(DECODE_OTHER_SCHEMA), "other schema");
    vec_release(&bytes.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_comes_back_as_it_went),
        cmocka_unit_test(avro_c_takes_our_bytes_and_gives_them_back),
        cmocka_unit_test(avro_c_finds_each_value_of_a_record_under_its_name),
        cmocka_unit_test(avro_c_finds_each_value_of_a_message_under_its_name),
        cmocka_unit_test(damaged_bytes_are_refused_or_the_one_encoding_of_something_else),
        cmocka_unit_test(a_control_message_comes_with_the_hash_of_all_its_bytes),
        cmocka_unit_test(what_acceptance_never_says_of_a_record_is_refused),
        cmocka_unit_test(parts_of_input_beyond_it_are_refused),
        cmocka_unit_test(an_amount_that_is_none_is_refused),
        cmocka_unit_test(another_schema_is_told_from_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
