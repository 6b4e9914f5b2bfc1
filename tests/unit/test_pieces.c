/* Snapshots put together from their topic, and which of them are given up. */
#include "aggregator/core/pieces.h"
#include "tests/support/test.h"

enum { PARTITION = 3, CHUNK = 10 };

struct topic {
    struct pieces pieces;
    struct kept kept;
    struct packer joined;
};

static int begin(void **state)
{
    static struct topic topic;
    topic = (struct topic){0};
    pieces_init(&topic.pieces, PARTITION, UINT64_MAX);
    *state = &topic;
    return 0;
}

static int end(void **state)
{
    struct topic *topic = *state;
    pieces_release(&topic->pieces);
    kept_release(&topic->kept);
    vec_release(&topic->joined.bytes);
    return 0;
}

/* Snapshot `seq` of two chunks of its digit. */
static void take_chunk(struct topic *topic, uint64_t seq, uint32_t index)
{
    char bytes[CHUNK], key[SNAPSHOT_KEY_SIZE];
    memset(bytes, (int)('0' + seq), sizeof bytes);
    struct snapshot_chunk chunk = {PARTITION, seq, index, {bytes, sizeof bytes}};
    struct packer message = {0};
    snapshot_chunk_encode(&chunk, &message);
    snapshot_chunk_key(key, PARTITION, seq, index);
    pieces_take(&topic->pieces, str_of(key), (struct str){message.bytes.at, message.bytes.count},
                &topic->kept);
    vec_release(&message.bytes);
}

static void take_manifest(struct topic *topic, uint64_t seq, uint8_t fault)
{
    char bytes[2 * CHUNK], key[SNAPSHOT_KEY_SIZE];
    memset(bytes, (int)('0' + seq), sizeof bytes);
    struct snapshot_manifest manifest = {
        .partition = PARTITION, .seq = seq, .chunks = 2, .size_bytes = sizeof bytes, .frame_offset = 1};
    digest_of(bytes, sizeof bytes, manifest.digest);
    manifest.digest[0] ^= fault;
    struct packer message = {0};
    snapshot_manifest_encode(&manifest, &message);
    snapshot_manifest_key(key, PARTITION, seq);
    pieces_take(&topic->pieces, str_of(key), (struct str){message.bytes.at, message.bytes.count},
                &topic->kept);
    vec_release(&message.bytes);
}

static void take_snapshot(struct topic *topic, uint64_t seq)
{
    take_chunk(topic, seq, 0);
    take_chunk(topic, seq, 1);
    take_manifest(topic, seq, 0);
}

static void take_tombstone(struct topic *topic, uint64_t seq)
{
    char key[SNAPSHOT_KEY_SIZE];
    snapshot_manifest_key(key, PARTITION, seq);
    pieces_take(&topic->pieces, str_of(key), STR(""), &topic->kept);
}

static void assert_joins(struct topic *topic, uint64_t seq)
{
    struct snapshot_manifest manifest;
    vec_clear(&topic->joined.bytes);
    assert_int_equal(pieces_join(&topic->pieces, &manifest, &topic->joined), PIECES_WHOLE);
    assert_int_equal(manifest.seq, seq);
    assert_int_equal(topic->joined.bytes.count, 2 * CHUNK);
    assert_int_equal(topic->joined.bytes.at[0], '0' + seq);
}

static void no_snapshot_is_none(void **state)
{
    struct topic *topic = *state;
    struct snapshot_manifest manifest;
    take_chunk(topic, 1, 0);
    take_manifest(topic, 1, 0);
    assert_int_equal(pieces_join(&topic->pieces, &manifest, &topic->joined), PIECES_NONE);
}

static void the_newest_whole_one_is_taken_and_older_chunks_go(void **state)
{
    struct topic *topic = *state;
    take_snapshot(topic, 1);
    take_snapshot(topic, 2);
    assert_int_equal(topic->pieces.list.count, 2);
    assert_int_equal(topic->pieces.manifests.count, 1);
    take_chunk(topic, 3, 0); /* its writer was killed */
    assert_joins(topic, 2);
}

static void the_order_of_messages_and_copies_do_not_matter(void **state)
{
    struct topic *topic = *state;
    take_manifest(topic, 2, 0);
    take_chunk(topic, 2, 1);
    take_snapshot(topic, 1);
    take_chunk(topic, 2, 1);
    take_chunk(topic, 2, 0);
    take_manifest(topic, 2, 0);
    take_chunk(topic, 1, 0);
    assert_joins(topic, 2);
}

static void one_that_is_not_what_its_manifest_says_is_passed_over(void **state)
{
    struct topic *topic = *state;
    struct snapshot_manifest manifest;
    take_snapshot(topic, 1);
    take_chunk(topic, 2, 0);
    take_chunk(topic, 2, 1);
    take_manifest(topic, 2, 1);
    assert_int_equal(pieces_join(&topic->pieces, &manifest, &topic->joined), PIECES_BAD);
    assert_int_equal(manifest.seq, 2);
    pieces_release(&topic->pieces);
    pieces_init(&topic->pieces, PARTITION, manifest.seq);
    take_snapshot(topic, 1);
    take_chunk(topic, 2, 0);
    take_chunk(topic, 2, 1);
    take_manifest(topic, 2, 1);
    assert_joins(topic, 1);
}

static void what_was_given_up_does_not_stand(void **state)
{
    struct topic *topic = *state;
    for (uint64_t seq = 1; seq <= 3; seq++)
        take_snapshot(topic, seq);
    take_tombstone(topic, 1);
    assert_int_equal(topic->kept.list.count, 2);
    assert_int_equal(topic->kept.list.at[0].seq, 2);
    assert_joins(topic, 3);
}

static void the_newest_two_that_stand_are_kept(void **state)
{
    (void)state;
    struct kept kept = {0};
    struct kept_snapshot old;
    kept_note(&kept, (struct kept_snapshot){7, 2, true});
    kept_note(&kept, (struct kept_snapshot){5, 2, true});
    assert_false(kept_spare(&kept, &old));
    kept_note(&kept, (struct kept_snapshot){8, 1, false}); /* another owner's, perhaps */
    assert_false(kept_spare(&kept, &old));
    kept_note(&kept, (struct kept_snapshot){9, 3, true});
    assert_true(kept_spare(&kept, &old));
    assert_int_equal(old.seq, 5);
    kept_forget(&kept, old.seq);
    assert_false(kept_spare(&kept, &old));
    kept_note(&kept, (struct kept_snapshot){8, 1, true}); /* it does stand */
    assert_true(kept_spare(&kept, &old));
    assert_int_equal(old.seq, 7);
    kept_release(&kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_snapshot_is_none, begin, end),
        cmocka_unit_test_setup_teardown(the_newest_whole_one_is_taken_and_older_chunks_go, begin, end),
        cmocka_unit_test_setup_teardown(the_order_of_messages_and_copies_do_not_matter, begin, end),
        cmocka_unit_test_setup_teardown(one_that_is_not_what_its_manifest_says_is_passed_over, begin, end),
        cmocka_unit_test_setup_teardown(what_was_given_up_does_not_stand, begin, end),
        cmocka_unit_test(the_newest_two_that_stand_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
