/* Nanoseconds and bytes per record of usage.records and per row of usage.frames, encoded and decoded. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lib/base/check.h"
#include "lib/codec/frame.h"
#include "lib/codec/usage.h"

enum { ITEMS = 256, ROUNDS = 100, PASSES = 200, NAME = 40 };

static char names[ITEMS][4][NAME];

static struct str name(int item, int which, const char *stem)
{
    int size = snprintf(names[item][which], NAME, "%s%012x", stem, (unsigned)item * 7919u);
    return (struct str){names[item][which], (uint32_t)size};
}

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* The best of some passes over `run`, per item. */
static double best_ns(void (*run)(void))
{
    double best = 1e18;
    for (int pass = 0; pass < PASSES; pass++) {
        double from = now_ns();
        for (int i = 0; i < ROUNDS; i++)
            run();
        double took = (now_ns() - from) / ROUNDS / ITEMS;
        best = took < best ? took : best;
    }
    return best;
}

static struct packer bytes;
static struct record records[ITEMS];
static struct message message = {
    .clock_us = INT64_C(1793527200123456), .feed = STR("http"), .records = records, .record_count = ITEMS};
static struct usage_records room;

static void encode_message(void)
{
    vec_clear(&bytes.bytes);
    usage_encode(&message, &bytes);
}

static void decode_message(void)
{
    struct message out;
    CHECK(usage_decode((struct str){bytes.bytes.at, bytes.bytes.count}, &room, &out) == DECODE_OK);
    CHECK(out.record_count == ITEMS);
}

static struct level_row levels[ITEMS];
static struct level_segment segments[ITEMS];
static struct frame frame = {.seq = 1, .next_offset = 1, .levels = levels, .level_count = ITEMS};
static struct frame_writer writer;
static struct frame_rows rows;

static void encode_frame(void)
{
    uint8_t hash[FRAME_HASH_SIZE];
    vec_clear(&bytes.bytes);
    frame_encode(&writer, &frame, &bytes, hash);
}

static void decode_frame(void)
{
    struct frame out;
    CHECK(frame_decode((struct str){bytes.bytes.at, bytes.bytes.count}, &rows, &out) == DECODE_OK);
    CHECK(out.level_count == ITEMS);
}

static void report(const char *what, void (*encode)(void), void (*decode)(void))
{
    double encode_ns = best_ns(encode);
    double decode_ns = best_ns(decode);
    printf("%s: %u bytes, encode %.0f ns, decode %.0f ns\n", what, bytes.bytes.count / ITEMS, encode_ns,
           decode_ns);
}

int main(void)
{
    for (int i = 0; i < ITEMS; i++) {
        records[i] = (struct record){
            .kind = RECORD_TOKENS,
            .product = PRODUCT_MAAS,
            .account = name(i, 0, "a-"),
            .subject = name(i, 1, "ep-"),
            .source = STR("/platform/inference/eu-1"),
            .id = name(i, 2, "6f1c1a52-40f1-4a0e-9d25-"),
            .time_us = message.clock_us + i * 1000,
            .sku = STR("qwen-72b"),
            .input_tokens = 1874,
            .output_tokens = 512,
        };
        segments[i] = (struct level_segment){0, 3600, STR("gpu-h100"), STR(""), 8};
        levels[i] = (struct level_row){PRODUCT_CONTAINER,   records[i].account,
                                       records[i].subject,  STR(""),
                                       INT64_C(1793527200), false,
                                       &segments[i],        1};
    }
    report("a record of tokens", encode_message, decode_message);
    report("a row of one level", encode_frame, decode_frame);
    usage_records_release(&room);
    frame_writer_release(&writer);
    frame_rows_release(&rows);
    vec_release(&bytes.bytes);
    return EXIT_SUCCESS;
}
