/* The smaller messages: chunks, manifests, rejects; ours, avro-c's and everybody's bytes. */
#include "lib/codec/topics.h"
#include "tests/support/again.h"
#include "tests/support/oracle.h"
#include "tests/support/samples.h"
#include "tests/support/test.h"

enum { ROUNDS = 500, TEXT_MAX = 300 };

static struct str slice(const struct packer *packer)
{
    return (struct str){packer->bytes.at, packer->bytes.count};
}

static struct str digest_str(const uint8_t digest[DIGEST_SIZE])
{
    return (struct str){(const char *)digest, DIGEST_SIZE};
}

static void fill_digest(struct samples *samples, uint8_t digest[DIGEST_SIZE])
{
    for (int i = 0; i < DIGEST_SIZE; i++)
        digest[i] = (uint8_t)random_next(&samples->random);
}

/* Each puts a random message, gives it to the oracle and says what must stand where. */
typedef void round_of(struct samples *samples, struct oracle *oracle, struct packer *bytes);

static void chunk_round(struct samples *samples, struct oracle *oracle, struct packer *bytes)
{
    struct snapshot_chunk chunk = {.partition = (uint32_t)sample_long(samples, 0, UINT32_MAX),
                                   .seq = (uint64_t)sample_long(samples, 0, INT64_MAX),
                                   .index = (uint32_t)sample_long(samples, 0, UINT32_MAX),
                                   .bytes = sample_text(samples, 1, TEXT_MAX)};
    snapshot_chunk_encode(&chunk, bytes);
    assert_true(oracle_read(oracle, slice(bytes)));
    oracle_expect_long(oracle, "", "partition", chunk.partition);
    oracle_expect_long(oracle, "", "seq", (int64_t)chunk.seq);
    oracle_expect_long(oracle, "", "index", chunk.index);
    oracle_expect_bytes(oracle, "", "bytes", chunk.bytes);
}

static void manifest_round(struct samples *samples, struct oracle *oracle, struct packer *bytes)
{
    struct snapshot_manifest manifest = {.partition = (uint32_t)sample_long(samples, 0, UINT32_MAX),
                                         .seq = (uint64_t)sample_long(samples, 0, INT64_MAX),
                                         .chunks = (uint32_t)sample_long(samples, 1, UINT32_MAX),
                                         .size_bytes = (uint64_t)sample_long(samples, 1, INT64_MAX),
                                         .frame_offset = sample_long(samples, 0, INT64_MAX),
                                         .next_offset = sample_long(samples, 0, INT64_MAX)};
    fill_digest(samples, manifest.digest);
    snapshot_manifest_encode(&manifest, bytes);
    assert_true(oracle_read(oracle, slice(bytes)));
    oracle_expect_long(oracle, "", "partition", manifest.partition);
    oracle_expect_long(oracle, "", "seq", (int64_t)manifest.seq);
    oracle_expect_long(oracle, "", "chunks", manifest.chunks);
    oracle_expect_long(oracle, "", "size_bytes", (int64_t)manifest.size_bytes);
    oracle_expect_bytes(oracle, "", "digest", digest_str(manifest.digest));
    oracle_expect_long(oracle, "", "frame_offset", manifest.frame_offset);
    oracle_expect_long(oracle, "", "next_offset", manifest.next_offset);
}

static void generation_round(struct samples *samples, struct oracle *oracle, struct packer *bytes)
{
    struct generation generation = {.partitions = (uint32_t)sample_long(samples, 1, UINT32_MAX),
                                    .rules_number = (uint32_t)sample_long(samples, 1, UINT32_MAX),
                                    .lifecycle_horizon_us = sample_long(samples, 0, INT64_MAX),
                                    .report_horizon_us = sample_long(samples, 0, INT64_MAX),
                                    .simulated = random_below(&samples->random, 2)};
    fill_digest(samples, generation.init_digest);
    generation_encode(&generation, bytes);
    assert_true(oracle_read(oracle, slice(bytes)));
    oracle_expect_long(oracle, "", "partitions", generation.partitions);
    oracle_expect_long(oracle, "", "rules_number", generation.rules_number);
    oracle_expect_long(oracle, "", "lifecycle_horizon_us", generation.lifecycle_horizon_us);
    oracle_expect_long(oracle, "", "report_horizon_us", generation.report_horizon_us);
    oracle_expect_long(oracle, "", "simulated", generation.simulated);
    oracle_expect_bytes(oracle, "", "init_digest", digest_str(generation.init_digest));
}

static void reject_round(struct samples *samples, struct oracle *oracle, struct packer *bytes)
{
    struct reject reject = {.reason = sample_text(samples, 1, TEXT_MAX),
                            .feed = sample_text(samples, 0, 200),
                            .sender = sample_text(samples, 0, 64),
                            .origin = sample_text(samples, 0, TEXT_MAX),
                            .account = sample_text(samples, 0, 128),
                            .type = sample_text(samples, 0, 256),
                            .source = sample_text(samples, 0, 256),
                            .id = sample_text(samples, 0, 128),
                            .clock_us = sample_long(samples, INT64_MIN, INT64_MAX),
                            .bytes = sample_text(samples, 0, TEXT_MAX)};
    reject_encode(&reject, bytes);
    assert_true(oracle_read(oracle, slice(bytes)));
    oracle_expect_bytes(oracle, "", "reason", reject.reason);
    oracle_expect_bytes(oracle, "", "feed", reject.feed);
    oracle_expect_bytes(oracle, "", "sender", reject.sender);
    oracle_expect_bytes(oracle, "", "origin", reject.origin);
    oracle_expect_bytes(oracle, "", "account", reject.account);
    oracle_expect_bytes(oracle, "", "type", reject.type);
    oracle_expect_bytes(oracle, "", "source", reject.source);
    oracle_expect_bytes(oracle, "", "id", reject.id);
    oracle_expect_long(oracle, "", "clock_us", reject.clock_us);
    oracle_expect_bytes(oracle, "", "bytes", reject.bytes);
}

static const struct {
    const char *schema;
    round_of *round;
    again *decode_and_encode;
} messages[] = {
    {"snapshot_chunk", chunk_round, snapshot_chunk_again},
    {"snapshot_manifest", manifest_round, snapshot_manifest_again},
    {"generation", generation_round, generation_again},
    {"reject_2", reject_round, reject_again},
};
enum { MESSAGES = sizeof messages / sizeof *messages };

static void avro_c_finds_each_value_under_its_name_and_gives_the_bytes_back(void **state)
{
    (void)state;
    struct samples samples = {.random = random_of(1)};
    for (int i = 0; i < MESSAGES * ROUNDS; i++) {
        int m = i / ROUNDS;
        struct oracle *oracle = oracle_new(messages[m].schema);
        struct packer ours = {0}, theirs = {0};
        messages[m].round(&samples, oracle, &ours);
        oracle_write(oracle, &theirs);
        assert_true(str_equal(slice(&ours), slice(&theirs)));
        assert_int_equal(again_is_same(messages[m].decode_and_encode, slice(&ours)), DECODE_OK);
        if (i % ROUNDS < 20)
            again_survives(messages[m].decode_and_encode, slice(&ours));
        oracle_free(oracle);
        vec_release(&ours.bytes);
        vec_release(&theirs.bytes);
        samples_reset(&samples);
    }
    samples_release(&samples);
}

static void one_kinds_message_is_another_schemas_to_every_other(void **state)
{
    (void)state;
    struct samples samples = {.random = random_of(2)};
    for (int written = 0; written < MESSAGES; written++) {
        struct oracle *oracle = oracle_new(messages[written].schema);
        struct packer bytes = {0}, unused = {0};
        messages[written].round(&samples, oracle, &bytes);
        for (int read = 0; read < MESSAGES; read++)
            if (read != written)
                assert_int_equal(messages[read].decode_and_encode(slice(&bytes), &unused),
                                 DECODE_OTHER_SCHEMA);
        assert_int_equal(usage_again(slice(&bytes), &unused), DECODE_OTHER_SCHEMA);
        assert_int_equal(frame_again(slice(&bytes), &unused), DECODE_OTHER_SCHEMA);
        oracle_free(oracle);
        vec_release(&bytes.bytes);
    }
    samples_release(&samples);
}

static void a_reject_is_cut_to_what_its_reader_takes(void **state)
{
    (void)state;
    static char long_text[LIMIT_REJECT_BYTES * 2];
    struct str text = {long_text, sizeof long_text};
    struct reject reject = {.reason = text, .origin = text, .bytes = text}, back;
    struct packer bytes = {0};
    reject_encode(&reject, &bytes);
    assert_int_equal(reject_decode(slice(&bytes), &back), DECODE_OK);
    assert_int_equal(back.bytes.size, LIMIT_REJECT_BYTES);
    vec_release(&bytes.bytes);
}

static void a_reject_keeps_no_name_that_is_none(void **state)
{
    (void)state;
    struct reject reject = {.reason = STR("id: expected"),
                            .id = STR("\xff"),
                            .type = STR("a\nb"),
                            .source = STR("good"),
                            .account = STR("\0")},
                  back;
    struct packer bytes = {0};
    reject_encode(&reject, &bytes);
    assert_int_equal(reject_decode(slice(&bytes), &back), DECODE_OK);
    assert_int_equal(back.id.size + back.type.size + back.account.size, 0);
    assert_true(str_equal(back.source, STR("good")));
    vec_release(&bytes.bytes);
}

static void the_first_schema_of_rejects_is_read_for_ever(void **state)
{
    (void)state;
    static const char bytes[] = "\xC3\x01\x82\x3A\xE7\xEE\x43\x62\x61\x95"
                                "\x0A"
                                "reaso"
                                "\x08"
                                "file"
                                "\x06"
                                "f:1"
                                "\x54"
                                "\x04"
                                "{}";
    struct reject back = {.sender = STR("x")};
    assert_int_equal(reject_decode((struct str){bytes, sizeof bytes - 1}, &back), DECODE_OK);
    assert_true(str_equal(back.reason, STR("reaso")) && str_equal(back.feed, STR("file")));
    assert_true(str_equal(back.origin, STR("f:1")) && str_equal(back.bytes, STR("{}")));
    assert_int_equal(back.clock_us, 42);
    assert_int_equal(back.sender.size + back.account.size + back.id.size, 0);
    assert_int_equal(reject_decode((struct str){bytes, sizeof bytes - 2}, &back), DECODE_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(avro_c_finds_each_value_under_its_name_and_gives_the_bytes_back),
        cmocka_unit_test(one_kinds_message_is_another_schemas_to_every_other),
        cmocka_unit_test(a_reject_is_cut_to_what_its_reader_takes),
        cmocka_unit_test(a_reject_keeps_no_name_that_is_none),
        cmocka_unit_test(the_first_schema_of_rejects_is_read_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
