/* The worked cases of the contract through the ports in memory: a file's events, an aggregator, a settler,
 * and the lines that stand in the tables, byte for byte. cases FOLDER; prints TAP. */
#include <dirent.h>
#include <stdio.h>

#include "lib/base/check.h"
#include "lib/base/time.h"
#include "lib/io/journal.h"
#include "tests/simulation/lines.h"
#include "tests/simulation/reference.h"

enum { PARTITIONS = 4, CATALOGS_MAX = 8, PATH_SIZE = 512 };

struct worked {
    const char *folder;
    struct packer files[CATALOGS_MAX + 3]; /* what was read */
    uint32_t file_count;
    struct catalog_text catalogs[CATALOGS_MAX];
    uint32_t catalog_count;
    int64_t until_s;
};

/* What the file holds, as long as the case lasts. */
static struct str read_file(struct worked *worked, const char *name)
{
    char path[PATH_SIZE], piece[4096];
    CHECK(worked->file_count < sizeof worked->files / sizeof *worked->files);
    struct packer *out = &worked->files[worked->file_count++];
    snprintf(path, sizeof path, "%s/%s", worked->folder, name);
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL);
    for (size_t size; (size = fread(piece, 1, sizeof piece, file)) > 0;)
        pack_raw(out, piece, size);
    fclose(file);
    return (struct str){out->bytes.at, out->bytes.count};
}

/* FILE[@HOUR] */
static void take_catalog(struct worked *worked, char *argument)
{
    char *at = strrchr(argument, '@');
    struct catalog_text catalog = {.from_s = INT64_MIN};
    CHECK(worked->catalog_count < CATALOGS_MAX);
    if (at != NULL) {
        int64_t hour_us;
        *at = 0;
        CHECK(time_parse(str_of(at + 1), &hour_us));
        catalog.from_s = time_second(hour_us);
    }
    catalog.text = read_file(worked, argument);
    worked->catalogs[worked->catalog_count++] = catalog;
}

static void take_args(struct worked *worked)
{
    char text[PATH_SIZE], *rest = text;
    struct str args = read_file(worked, "args");
    CHECK(args.size < sizeof text);
    memcpy(text, args.at, args.size);
    text[args.size] = 0;
    worked->until_s = INT64_MAX;
    for (char *word; (word = strsep(&rest, " \n")) != NULL;) {
        int64_t until_us;
        if (strcmp(word, "--catalog") == 0)
            take_catalog(worked, strsep(&rest, " \n"));
        if (strcmp(word, "--until") == 0) {
            CHECK(time_parse(str_of(strsep(&rest, " \n")), &until_us));
            worked->until_s = time_second(until_us);
        }
    }
    if (worked->catalog_count == 0)
        take_catalog(worked, (char[]){"catalog.yaml"});
}

static bool run_case(const char *folder)
{
    struct worked worked = {.folder = folder};
    struct input input;
    struct packer lines = {0};
    take_args(&worked);
    input_of_file(&input, PARTITIONS, worked.catalogs, worked.catalog_count,
                  read_file(&worked, "events.ndjson"), worked.until_s);
    struct house *house =
        house_new(&(struct house_config){.input = &input, .seed = 1, .aggregators = 1, .settlers = 1});
    house_feed(house, UINT32_MAX);
    CHECK(house_rest(house) && house->stops.count == 0);
    lines_print(house->tables, &lines);
    bool same =
        str_equal((struct str){lines.bytes.at, lines.bytes.count}, read_file(&worked, "lines.ndjson"));
    house_free(house);
    input_release(&input);
    vec_release(&lines.bytes);
    for (uint32_t i = 0; i < worked.file_count; i++)
        vec_release(&worked.files[i].bytes);
    return same;
}

int main(int count, char **arguments)
{
    struct dirent **entries;
    int found = count == 2 ? scandir(arguments[1], &entries, NULL, alphasort) : -1, number = 0, wrong = 0;
    if (found < 0) {
        fprintf(stderr, "cases FOLDER\n");
        return 2;
    }
    journal_init("cases", false, JOURNAL_LEVEL_ERROR + 1);
    for (int i = 0; i < found; i++) {
        char folder[PATH_SIZE];
        snprintf(folder, sizeof folder, "%s/%s", arguments[1], entries[i]->d_name);
        if (entries[i]->d_name[0] != '.') {
            bool good = run_case(folder);
            wrong += !good;
            printf("%sok %d - %s\n", good ? "" : "not ", ++number, entries[i]->d_name);
        }
        free(entries[i]);
    }
    free(entries);
    printf("1..%d\n", number);
    return wrong > 0 || number == 0;
}
