/* A line's usage as bytes (schemas/README.md, Tables). */
#include <stdlib.h>
#include <string.h>

#include "settler/core/usage.h"
#include "tests/support/test.h"

#define QUANTITY_MOST (~(unsigned __int128)0)

struct world {
    struct book book;
    uint32_t hour;
    struct packer packed;
};

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    book_init(&world->book);
    const struct line_key key = {
        .product = PRODUCT_CONTAINER,
        .meter = METER_RUNTIME,
        .account = names_intern(&world->book.names, STR("acme")),
        .resource = names_intern(&world->book.names, STR("c-1")),
    };
    world->hour = book_hour(&world->book, book_line(&world->book, &key), 3600);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    book_release(&world->book);
    vec_release(&world->packed.bytes);
    free(world);
    return 0;
}

static struct line_hour *hour_of(struct world *world)
{
    return &world->book.hours.at[world->hour];
}

static void use(struct world *world, uint16_t from_s, uint16_t len_s, unsigned __int128 quantity,
                const char *order)
{
    uint32_t name = names_intern(&world->book.names, str_of(order));
    book_add_use(&world->book, hour_of(world), (struct use){from_s, len_s, name, quantity});
}

static struct str pack(struct world *world)
{
    vec_clear(&world->packed.bytes);
    usage_pack(&world->book, hour_of(world), &world->packed);
    return (struct str){world->packed.bytes.at, world->packed.bytes.count};
}

static bool unpack(struct world *world, const void *bytes, uint32_t size)
{
    return usage_unpack(&world->book, world->hour, (struct str){bytes, size});
}

static void a_whole_hour_of_one_unit_takes_five_bytes(void **state)
{
    struct world *world = *state;
    use(world, 0, 3600, 1, "");
    assert_int_equal(pack(world).size, 5);
    assert_memory_equal(world->packed.bytes.at, "\x00\x90\x1c\x01\x00", 5);
}

static void what_is_packed_is_unpacked_the_same(void **state)
{
    struct world *world = *state;
    char longest[257] = {0};
    memset(longest, 'o', 256);
    use(world, 0, 0, 0, "");
    use(world, 0, 127, 128, "a");
    use(world, 1, 3599, (unsigned __int128)UINT64_MAX + 1, longest);
    use(world, UINT16_MAX, UINT16_MAX, QUANTITY_MOST, "b");
    struct str bytes = pack(world);
    char *copy = malloc(bytes.size);
    assert_non_null(copy);
    memcpy(copy, bytes.at, bytes.size);
    assert_true(unpack(world, copy, bytes.size));
    assert_int_equal(hour_of(world)->use_count, 4);
    assert_true(hour_of(world)->uses[3].quantity == QUANTITY_MOST);
    struct str again = pack(world);
    assert_int_equal(again.size, bytes.size);
    assert_memory_equal(again.at, copy, bytes.size);
    free(copy);
}

/* Only the bytes of a step's end are an end. */
static void what_breaks_off_inside_a_step_is_no_usage(void **state)
{
    struct world *world = *state;
    use(world, 300, 3000, QUANTITY_MOST, "order-1");
    struct str bytes = pack(world);
    char *copy = malloc(bytes.size);
    assert_non_null(copy);
    memcpy(copy, bytes.at, bytes.size);
    for (uint32_t size = 1; size < bytes.size; size++)
        assert_false(unpack(world, copy, size));
    assert_true(unpack(world, copy, bytes.size));
    free(copy);
}

static void numbers_that_do_not_fit_are_no_usage(void **state)
{
    struct world *world = *state;
    assert_true(unpack(world, "\xff\xff\x03\x00\x01\x00", 6)); /* from 65,535 */
    assert_false(unpack(world, "\x80\x80\x04\x00\x01\x00", 6));
    static const char more_than_128_bits[] =
        "\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
        "\xff\xff\x04\x00";
    assert_false(unpack(world, more_than_128_bits, sizeof more_than_128_bits - 1));
    assert_false(unpack(world,
                        "\x00\x00\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80"
                        "\x80\x80\x00\x00",
                        24));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_whole_hour_of_one_unit_takes_five_bytes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_packed_is_unpacked_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_breaks_off_inside_a_step_is_no_usage, set_up, tear_down),
        cmocka_unit_test_setup_teardown(numbers_that_do_not_fit_are_no_usage, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
