/* codec_seeds FOLDER: random messages and frames, as fuzz_usage and fuzz_frame take them, to begin from. */
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/check.h"
#include "lib/codec/frame.h"
#include "lib/codec/usage.h"
#include "lib/codec/wire.h"
#include "tests/support/samples.h"

enum { SEEDS = 60, PATH = 4096 };

/* The body: what the target puts around it is left out. `kind` comes before it, if it is not negative. */
static void write_seed(const char *folder, const char *target, int number, int kind, struct str body)
{
    char path[PATH];
    snprintf(path, sizeof path, "%s/%s/seed-%d", folder, target, number);
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL);
    if (kind >= 0)
        fputc(kind, file);
    CHECK(fwrite(body.at, 1, body.size, file) == body.size);
    CHECK(fclose(file) == 0);
}

static struct str body_of(const struct packer *bytes, uint32_t tail)
{
    return (struct str){bytes->bytes.at + WIRE_HEADER_SIZE, bytes->bytes.count - WIRE_HEADER_SIZE - tail};
}

static void write_seeds(const char *folder, struct samples *samples, int number)
{
    struct packer bytes = {0};
    struct frame_writer writer = {0};
    uint8_t hash[FRAME_HASH_SIZE];
    struct message message = sample_message(samples);
    usage_encode(&message, &bytes);
    write_seed(folder, "fuzz_usage", number, -1, body_of(&bytes, 0));
    vec_clear(&bytes.bytes);
    struct frame frame = sample_frame(samples);
    frame_encode(&writer, &frame, &bytes, hash);
    frame_writer_release(&writer);
    write_seed(folder, "fuzz_frame", number, 0, body_of(&bytes, FRAME_HASH_SIZE));
    vec_release(&bytes.bytes);
}

int main(int count, char **arguments)
{
    struct samples samples = {.random = random_of(1)};
    CHECK(count == 2);
    for (int i = 0; i < SEEDS; i++) {
        write_seeds(arguments[1], &samples, i);
        samples_reset(&samples);
    }
    samples_release(&samples);
    return EXIT_SUCCESS;
}
