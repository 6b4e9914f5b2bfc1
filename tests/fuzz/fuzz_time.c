/* Any bytes as a time: what parses lies in CONTRACT's years, and comes back as it was printed. */
#include "lib/base/check.h"
#include "lib/base/time.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define END_S INT64_C(7258118400) /* 2200-01-01T00:00:00Z */

static void check_months(int64_t second_s, int64_t months)
{
    int64_t later_s = time_add_months(second_s, months);
    CHECK(later_s - second_s >= months * 28 * 86400);
    CHECK(later_s - second_s <= months * 31 * 86400);
    CHECK((later_s - second_s) % 86400 == 0);
    CHECK(time_add_months(second_s + 86400, months) >= later_s); /* a day later is never earlier */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size); /* of this very size, so that no byte behind it can be read */
    if (size > 0)
        memcpy(text, data, size);
    int64_t us = -1, again_us = -1;
    if (time_parse((struct str){text, (uint32_t)size}, &us)) {
        char printed[TIME_TEXT_SIZE];
        int64_t second_s = time_second(us);
        CHECK(second_s >= 0 && second_s < END_S);
        time_print(second_s, printed);
        CHECK(time_parse(str_of(printed), &again_us));
        CHECK(again_us == second_s * SECOND_US);
        check_months(second_s, (int64_t)(size * 7 % 121));
    } else {
        CHECK(us == -1);
    }
    free(text);
    return 0;
}
