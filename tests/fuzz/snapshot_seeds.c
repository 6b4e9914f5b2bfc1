/* snapshot_seeds FOLDER: the states that stories leave behind, as fuzz_restore takes them, to begin from. */
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/check.h"
#include "lib/base/time.h"
#include "tests/property/story.h"

enum { SEEDS = 40, PATH = 4096 };

static void write_seed(const char *folder, uint64_t number)
{
    struct world world = {0};
    struct log log;
    struct byte_list frames = {0};
    struct packer bytes = {0};
    struct fold *fold = fold_new(0);
    char path[PATH];
    story_make(&world, number, (struct story_kind){(int)number, 30, 20, true, false});
    world.horizon_us = 20 * HOUR_S * (int64_t)SECOND_US;
    log_make(&log, &world, world.arrivals.count, 1, INT64_MAX);
    log_fold(&log, 0, fold, 0, &frames);
    fold_snapshot(fold, &bytes);
    snprintf(path, sizeof path, "%s/fuzz_restore/seed-%d", folder, (int)number);
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL);
    CHECK(fwrite(bytes.bytes.at, 1, bytes.bytes.count, file) == bytes.bytes.count);
    CHECK(fclose(file) == 0);
    fold_free(fold);
    vec_release(&bytes.bytes);
    byte_list_release(&frames);
    log_release(&log);
    world_release(&world);
}

int main(int count, char **arguments)
{
    CHECK(count == 2);
    for (uint64_t number = 1; number <= SEEDS; number++)
        write_seed(arguments[1], number);
    return EXIT_SUCCESS;
}
