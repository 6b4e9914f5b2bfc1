/* Frames in parts: cut by one rule, whole again from any copies in any order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/codec/assemble.h"
#include "lib/codec/wire.h"
#include "tests/support/again.h"
#include "tests/support/oracle.h"
#include "tests/unit/random.h"

enum { SHUFFLES = 20, PARTS = 3 };

static struct str slice(const struct packer *packer)
{
    return (struct str){packer->bytes.at, packer->bytes.count};
}

/* Bytes that are no frame, but are cut as one; the last 32 stand for its hash. */
static struct packer bytes_of(uint32_t size, uint64_t seed)
{
    struct random random = random_of(seed);
    struct packer bytes = {0};
    while (bytes.bytes.count + sizeof(uint64_t) <= size)
        pack_u64(&bytes, random_next(&random));
    pack_raw(&bytes, "12345678", size - bytes.bytes.count);
    return bytes;
}

static struct packer part_message(const struct packer *whole, uint64_t seq, uint32_t part)
{
    struct frame frame = {.partition = 3, .seq = seq};
    struct packer message = {0};
    struct frame_part cut = frame_part_of(&frame, slice(whole), part);
    frame_part_encode(&cut, &message);
    return message;
}

static void a_frame_is_cut_every_900_000_bytes(void **state)
{
    (void)state;
    assert_int_equal(frame_part_count(FRAME_PART_BYTES), 1);
    assert_int_equal(frame_part_count(FRAME_PART_BYTES + 1), 2);
    struct packer whole = bytes_of(2 * FRAME_PART_BYTES + 1, 1);
    struct frame frame = {.partition = 3, .seq = 8};
    assert_int_equal(frame_part_count(whole.bytes.count), 3);
    for (uint32_t i = 0; i < 3; i++) {
        struct frame_part part = frame_part_of(&frame, slice(&whole), i);
        assert_int_equal(part.bytes.size, i < 2 ? FRAME_PART_BYTES : 1);
        assert_ptr_equal(part.bytes.at, whole.bytes.at + i * FRAME_PART_BYTES);
    }
    vec_release(&whole.bytes);
}

static void avro_c_reads_a_part_under_the_schemas_names(void **state)
{
    (void)state;
    struct oracle *oracle = oracle_new("frame_part");
    struct packer whole = bytes_of(FRAME_PART_BYTES + 5, 1), message = part_message(&whole, 8, 1),
                  theirs = {0};
    const char *tail = whole.bytes.at + whole.bytes.count;
    assert_true(oracle_read(oracle, slice(&message)));
    oracle_expect_long(oracle, "", "partition", 3);
    oracle_expect_long(oracle, "", "seq", 8);
    oracle_expect_long(oracle, "", "part", 1);
    oracle_expect_long(oracle, "", "parts", 2);
    oracle_expect_bytes(oracle, "", "hash", (struct str){tail - FRAME_HASH_SIZE, FRAME_HASH_SIZE});
    oracle_expect_bytes(oracle, "", "bytes", (struct str){tail - 5, 5});
    oracle_write(oracle, &theirs);
    assert_true(str_equal(slice(&message), slice(&theirs)));
    again_survives(frame_part_again, slice(&message));
    oracle_free(oracle);
    vec_release(&whole.bytes);
    vec_release(&message.bytes);
    vec_release(&theirs.bytes);
}

static void any_copies_in_any_order_make_it_whole(void **state)
{
    (void)state;
    struct random random = random_of(4);
    struct assembler assembler = {0};
    struct packer whole = bytes_of(2 * FRAME_PART_BYTES + 77, 1);
    struct packer messages[PARTS];
    for (uint32_t i = 0; i < PARTS; i++)
        messages[i] = part_message(&whole, 8, i);
    for (int64_t shuffle = 0; shuffle < SHUFFLES; shuffle++) {
        bool seen[PARTS] = {false};
        struct str out = {0};
        enum assemble_outcome outcome = ASSEMBLE_MORE;
        for (int64_t offset = 100; outcome == ASSEMBLE_MORE; offset++) {
            uint32_t i = random_below(&random, PARTS);
            seen[i] = true;
            outcome = assemble(&assembler, slice(&messages[i]), offset, &out);
            assert_int_equal(assembler_first_offset(&assembler), outcome == ASSEMBLE_MORE ? 100 : INT64_MAX);
        }
        assert_int_equal(outcome, ASSEMBLE_FRAME);
        assert_true(seen[0] && seen[1] && seen[2]);
        assert_true(str_equal(out, slice(&whole)));
    }
    for (uint32_t i = 0; i < PARTS; i++)
        vec_release(&messages[i].bytes);
    assembler_release(&assembler);
    vec_release(&whole.bytes);
}

static void frames_of_one_number_and_two_hashes_are_never_mixed(void **state)
{
    (void)state;
    struct assembler assembler = {0};
    struct packer one = bytes_of(FRAME_PART_BYTES + 40, 1), other = bytes_of(FRAME_PART_BYTES + 40, 2);
    struct packer first = part_message(&one, 8, 0), second = part_message(&other, 8, 1);
    struct packer last = part_message(&one, 8, 1);
    struct str out;
    assert_int_equal(assemble(&assembler, slice(&first), 1, &out), ASSEMBLE_MORE);
    assert_int_equal(assemble(&assembler, slice(&second), 2, &out), ASSEMBLE_MORE);
    assert_int_equal(assemble(&assembler, slice(&last), 3, &out), ASSEMBLE_FRAME);
    assert_true(str_equal(out, slice(&one)));
    assert_int_equal(assembler_first_offset(&assembler), 2);
    assembler_release(&assembler);
    vec_release(&one.bytes);
    vec_release(&other.bytes);
    vec_release(&first.bytes);
    vec_release(&second.bytes);
    vec_release(&last.bytes);
}

static void what_is_no_frame_is_told_from_another_schemas_message(void **state)
{
    (void)state;
    struct assembler assembler = {0};
    struct str out;
    assert_int_equal(assemble(&assembler, STR("not a frame"), 1, &out), ASSEMBLE_BAD);
    assert_int_equal(assemble(&assembler, STR("\xC3\x01 another schema"), 1, &out), ASSEMBLE_OTHER_SCHEMA);
    assert_int_equal(assembler_first_offset(&assembler), INT64_MAX);
    assembler_release(&assembler);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_is_cut_every_900_000_bytes),
        cmocka_unit_test(avro_c_reads_a_part_under_the_schemas_names),
        cmocka_unit_test(any_copies_in_any_order_make_it_whole),
        cmocka_unit_test(frames_of_one_number_and_two_hashes_are_never_mixed),
        cmocka_unit_test(what_is_no_frame_is_told_from_another_schemas_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
