/* Messages of usage.records: ours, avro-c's and everybody's bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "lib/codec/usage.h"
#include "lib/codec/wire.h"
#include "tests/support/again.h"
#include "tests/support/oracle.h"
#include "tests/support/samples.h"

enum { ROUNDS = 3000, HOSTILE = 40, PATH = 100 };

static const char *const branches[RECORD_KIND_COUNT] = {
    "Launched",  "Reconfigured",   "Heartbeat",      "Stopped",       "Failed",
    "Deleted",   "StorageUsed",    "StorageDeleted", "Tokens",        "Images",
    "OrderPaid", "OrderFulfilled", "OrderFailed",    "OrderRefunded", "Credited"};

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
    }
    if (record->kind == RECORD_LAUNCHED)
        oracle_expect_bytes(oracle, at, "order", record->order);
    if (record->kind == RECORD_FAILED)
        oracle_expect_long(oracle, at, "since_us", record->since_us);
}

static void expect_report_body(struct oracle *oracle, const char *at, const struct record *record)
{
    oracle_expect_bytes(oracle, at, "sku", record->sku);
    if (record->kind == RECORD_STORAGE_USED)
        oracle_expect_long(oracle, at, "bytes", record->bytes);
    if (record->kind == RECORD_IMAGES)
        oracle_expect_long(oracle, at, "images", record->images);
    if (record->kind == RECORD_TOKENS) {
        oracle_expect_long(oracle, at, "input_tokens", record->input_tokens);
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
    } else if (record->kind == RECORD_CREDITED) {
        oracle_expect_bytes(oracle, at, "amount", record->amount);
        oracle_expect_bytes(oracle, at, "currency", record->currency);
    }
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
        cmocka_unit_test(another_schema_is_told_from_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
