/* Rows of named columns in their three formats (CONTRACT §5, §6). */
#include "lib/domain/sheet.h"
#include "tests/support/test.h"

static const struct column columns[] = {
    {"name", COLUMN_TEXT, 6},
    {"count", COLUMN_NUMBER, 6},
    {"amount", COLUMN_DECIMAL, 8, "unpriced"},
    {"note", COLUMN_TEXT, 6},
};
enum { COLUMNS = sizeof columns / sizeof *columns };

static const struct str plain[COLUMNS] = {{"ann", 3}, {"-2", 2}, {"12.50", 5}, {"x", 1}};

static void assert_row(enum sheet_format format, const struct str cells[COLUMNS], const char *expected)
{
    struct packer out = {0};
    sheet_row(&(struct sheet){format, columns, COLUMNS}, cells, &out);
    pack_raw(&out, "", 1);
    assert_string_equal(out.bytes.at, expected);
    vec_release(&out.bytes);
}

static void assert_header(enum sheet_format format, const char *expected)
{
    struct packer out = {0};
    sheet_header(&(struct sheet){format, columns, COLUMNS}, &out);
    pack_raw(&out, "", 1);
    assert_string_equal(out.bytes.at, expected);
    vec_release(&out.bytes);
}

static void a_row_of_ndjson_is_an_object_whose_numbers_alone_have_no_quotes(void **state)
{
    (void)state;
    assert_header(SHEET_NDJSON, "");
    assert_row(SHEET_NDJSON, plain, "{\"name\":\"ann\",\"count\":-2,\"amount\":\"12.50\",\"note\":\"x\"}\n");
}

static void a_row_of_csv_stands_below_its_header(void **state)
{
    (void)state;
    assert_header(SHEET_CSV, "name,count,amount,note\n");
    assert_row(SHEET_CSV, plain, "ann,-2,12.50,x\n");
}

static void figures_of_a_table_stand_at_the_right_and_nothing_trails(void **state)
{
    (void)state;
    assert_header(SHEET_TABLE, "name     count    amount  note\n");
    assert_row(SHEET_TABLE, plain, "ann         -2     12.50  x\n");
}

static void null_is_null_or_empty_or_the_word_of_its_column(void **state)
{
    (void)state;
    static const struct str nulls[COLUMNS] = {{0}};
    assert_row(SHEET_NDJSON, nulls, "{\"name\":null,\"count\":null,\"amount\":null,\"note\":null}\n");
    assert_row(SHEET_CSV, nulls, ",,,\n");
    assert_row(SHEET_TABLE, nulls, "-            -  unpriced  -\n");
}

static void an_empty_text_is_not_null(void **state)
{
    (void)state;
    const struct str cells[COLUMNS] = {STR(""), STR("0"), STR("0"), STR("")};
    assert_row(SHEET_NDJSON, cells, "{\"name\":\"\",\"count\":0,\"amount\":\"0\",\"note\":\"\"}\n");
}

static void json_escapes_quotes_backslashes_and_controls_alone(void **state)
{
    (void)state;
    const struct str cells[COLUMNS] = {STR("\"a\\b\""), STR("1"), STR("1"), STR("\xC3\xA9\n\x1F/")};
    assert_row(SHEET_NDJSON, cells,
               "{\"name\":\"\\\"a\\\\b\\\"\",\"count\":1,\"amount\":\"1\","
               "\"note\":\"\xC3\xA9\\u000a\\u001f/\"}\n");
}

static void csv_quotes_what_would_end_a_field_or_a_record(void **state)
{
    (void)state;
    const struct str cells[COLUMNS] = {STR("a,b"), STR("1\r"), STR("1\n"), STR("say \"no\"")};
    assert_row(SHEET_CSV, cells, "\"a,b\",\"1\r\",\"1\n\",\"say \"\"no\"\"\"\n");
}

static void columns_of_a_table_align_by_characters_and_give_way_to_long_cells(void **state)
{
    (void)state;
    const struct str accents[COLUMNS] = {STR("\xC3\xA9\xC3\xA9"), STR("1"), STR("1"), STR("x")};
    assert_row(SHEET_TABLE, accents, "\xC3\xA9\xC3\xA9           1         1  x\n");
    const struct str wide[COLUMNS] = {STR("longer than six"), STR("1234567"), STR("1"), STR("x")};
    assert_row(SHEET_TABLE, wide, "longer than six  1234567         1  x\n");
}

static void a_table_shows_no_control_characters(void **state)
{
    (void)state;
    const struct str cells[COLUMNS] = {STR("a\x1B[2J"), STR("1"), STR("1"), STR("\x7F\n")};
    assert_row(SHEET_TABLE, cells, "a?[2J        1         1  ??\n");
}

static void formats_are_found_by_their_names(void **state)
{
    (void)state;
    assert_int_equal(sheet_format_of("ndjson"), SHEET_NDJSON);
    assert_int_equal(sheet_format_of("csv"), SHEET_CSV);
    assert_int_equal(sheet_format_of("table"), SHEET_TABLE);
    assert_null(sheet_formats[SHEET_TABLE + 1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_of_ndjson_is_an_object_whose_numbers_alone_have_no_quotes),
        cmocka_unit_test(a_row_of_csv_stands_below_its_header),
        cmocka_unit_test(figures_of_a_table_stand_at_the_right_and_nothing_trails),
        cmocka_unit_test(null_is_null_or_empty_or_the_word_of_its_column),
        cmocka_unit_test(an_empty_text_is_not_null),
        cmocka_unit_test(json_escapes_quotes_backslashes_and_controls_alone),
        cmocka_unit_test(csv_quotes_what_would_end_a_field_or_a_record),
        cmocka_unit_test(columns_of_a_table_align_by_characters_and_give_way_to_long_cells),
        cmocka_unit_test(a_table_shows_no_control_characters),
        cmocka_unit_test(formats_are_found_by_their_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
