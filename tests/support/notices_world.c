#include "tests/support/notices_world.h"

#include <stdio.h>

#include "lib/codec/notice.h"
#include "lib/codec/topics.h"
#include "tests/support/test.h"

/* When simulated time begins, in seconds since 1970. */
static const int64_t epoch_s = 1767225600;

const char *const world_accounts[ACCOUNTS] = {"a", "b", "c", "d", "e"};

/* --- rows --- */

struct claim_row *world_claim(struct world *world, uint32_t partition)
{
    struct memory_rows *rows = &world->tables->rows;
    for (uint32_t i = 0; i < rows->claims.count; i++)
        if (rows->claims.at[i].partition == partition)
            return &rows->claims.at[i].row;
    struct memory_claim fresh = {partition, {.watermark_us = INT64_MIN, .closed_s = INT64_MIN}};
    vec_push(&rows->claims, fresh);
    return &rows->claims.at[rows->claims.count - 1].row;
}

int64_t world_clock_us(const struct world *world)
{
    return (epoch_s + memory_log_now(world->log) / 1000) * SECOND_US;
}

/* The next row of the partition, in its frame of three. */
void world_add(struct world *world, uint32_t partition, const char *account, int64_t watermark_us)
{
    struct claim_row *claim = world_claim(world, partition);
    int64_t number = claim->next_notice++;
    struct notice_row row = {.partition = partition,
                             .number = number,
                             .seq = (uint64_t)number / A_FRAME,
                             .ordinal = (uint32_t)(number % A_FRAME) + 1,
                             .account = arena_copy(&world->tables->memory, str_of(account)),
                             .notice = {.state = ACCOUNT_SUSPENDED, .deadline_us = INT64_MIN},
                             .watermark_us = watermark_us};
    vec_push(&world->tables->rows.notices, row);
    if (claim->watermark_us < watermark_us)
        claim->watermark_us = watermark_us;
}

/* --- processes --- */

/* What a settler knows that has just settled the frames which made the rows. */
static enum error_class turn(struct stage *stage, struct partition *partition, struct error *error)
{
    struct settler_part *part = (struct settler_part *)partition;
    struct process *process = (struct process *)((char *)stage - offsetof(struct process, settler) -
                                                 offsetof(struct settler, stage));
    const struct memory_tables *tables = process->settler.opener.context;
    for (uint32_t i = 0; i < tables->rows.claims.count; i++) {
        const struct memory_claim *claim = &tables->rows.claims.at[i];
        if (claim->partition != partition->number ||
            (claim->row.fence != part->claim.fence && !process->knows))
            continue;
        part->claim.next_notice = claim->row.next_notice;
        part->claim.watermark_us = claim->row.watermark_us;
    }
    process->parts[partition->number] = partition;
    return process->own_ops->turn(stage, partition, error);
}

static int64_t clock_s(struct host *host)
{
    return epoch_s + memory_log_now(((struct memory_host *)host)->log) / 1000;
}

void process_start(struct world *world, struct process *process)
{
    process->reads = (struct memory_member){.log = world->log};
    process->appends = (struct memory_member){.log = world->log};
    memory_host_init(&process->host, world->log);
    process->host.host.clock_s = clock_s;
    settler_init(&process->settler, &world->topics, memory_store_opener(world->tables));
    settler_publish(&process->settler, memory_log_opener(&process->appends));
    process->own_ops = process->settler.stage.ops;
    process->ops = *process->own_ops;
    process->ops.turn = turn;
    process->settler.stage.ops = &process->ops;
    process->config = (struct worker_config){.stage = &process->settler.stage,
                                             .opener = memory_log_opener(&process->reads),
                                             .host = &process->host.host,
                                             .topic = world->topics.frames,
                                             .partitions = "all"};
    process->worker = worker_new(&process->config);
}

/* Its records on their way may land or not. */
void process_kill(struct process *process, enum memory_landing landing)
{
    if (process->worker == NULL)
        return;
    if (process->appends.handle != NULL)
        memory_log_kill(&process->appends, landing);
    if (process->settler.store != NULL)
        memory_of(process->settler.store)->dead = true; /* it says nothing more */
    worker_free(process->worker);
    process->worker = NULL;
}

void notices_world_begin(struct world *world, uint64_t seed, bool simulated)
{
    *world = (struct world){.topics = topics_of(""), .random = random_of(seed)};
    world->log =
        memory_log_new(&(struct memory_log_config){.seed = seed, .now_ms = 100000, .latency_ms = 20});
    world->tables = memory_tables_new();
    world->tables->rows.has_meta = true;
    world->tables->rows.meta = (struct meta_row){.currency = "USD", .charge_scale = 6};
    memory_log_topic(world->log, world->topics.frames, PARTITIONS);
    memory_log_topic(world->log, world->topics.snapshots, PARTITIONS);
    struct packer bytes = {0};
    generation_encode(
        &(struct generation){.partitions = PARTITIONS, .rules_number = 1, .simulated = simulated}, &bytes);
    memory_log_put(world->log, &(struct log_record){.topic = world->topics.snapshots,
                                                    .key = STR("generation"),
                                                    .value = {bytes.bytes.at, bytes.bytes.count}});
    vec_release(&bytes.bytes);
}

void notices_world_end(struct world *world)
{
    for (int p = 0; p < PROCESSES; p++)
        process_kill(&world->processes[p], MEMORY_LOST);
    memory_log_free(world->log);
    memory_tables_free(world->tables);
}

void world_turns(struct world *world, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        for (int p = 0; p < PROCESSES; p++) {
            struct process *process = &world->processes[p];
            int64_t now_ms = memory_log_now(world->log);
            int status;
            if (process->worker == NULL && process->begins_ms > 0 && now_ms >= process->begins_ms)
                process_start(world, process);
            if (process->worker != NULL && now_ms >= process->thaws_ms)
                assert_true(worker_turn(process->worker, &status));
            memory_log_pass(world->log, 1);
        }
}

void world_live(struct world *world, int64_t ms)
{
    int64_t end_ms = memory_log_now(world->log) + ms;
    while (memory_log_now(world->log) < end_ms)
        world_turns(world, 1);
}

bool world_all_sent(struct world *world)
{
    for (uint32_t p = 0; p < PARTITIONS; p++)
        if (world_claim(world, p)->notices_sent < world_claim(world, p)->next_notice)
            return false;
    return true;
}

/* --- what came --- */

static struct came came_of(const struct log_message *message, uint32_t partition)
{
    struct arena memory = {0};
    struct str texts[NOTICE_KEYS];
    struct came came;
    unsigned of, ordinal;
    unsigned long long seq;
    char id[64];
    assert_int_equal(notice_texts(message->value, &memory, texts), DECODE_OK);
    snprintf(id, sizeof id, "%.*s", STR_ARG(texts[NOTICE_ID]));
    assert_int_equal(sscanf(id, "%u-%llu-%u", &of, &seq, &ordinal), 3);
    assert_int_equal(of, partition);
    assert_true(str_equal(message->key, texts[NOTICE_ACCOUNT]));
    came.number = (int64_t)seq * A_FRAME + ordinal - 1;
    snprintf(came.account, sizeof came.account, "%.*s", STR_ARG(texts[NOTICE_ACCOUNT]));
    arena_release(&memory);
    return came;
}

/* The n-th message of the partition; false: there is none. */
bool world_look(const struct world *world, uint32_t partition, int64_t n, struct came *came)
{
    struct log_message message;
    struct log_position at = {world->topics.notices, partition, n};
    if (!memory_log_look(world->log, &at, &message))
        return false;
    *came = came_of(&message, partition);
    return true;
}

uint32_t world_count(const struct world *world, uint32_t partition)
{
    struct came came;
    uint32_t count = 0;
    while (world_look(world, partition, count, &came))
        count++;
    return count;
}

/* A reader that takes of an account what is above its last has every row of it, in order. */
static bool is_whole(const struct world *world, uint32_t partition, const char *account)
{
    const struct memory_rows *rows = &world->tables->rows;
    struct came came;
    int64_t last = -1, n = 0;
    for (uint32_t i = 0; i < rows->notices.count; i++) {
        const struct notice_row *row = &rows->notices.at[i];
        if (row->partition != partition || !str_equal(row->account, str_of(account)))
            continue;
        for (;; n++) {
            if (!world_look(world, partition, n, &came))
                return false;
            if (strcmp(came.account, account) == 0 && came.number > last)
                break;
        }
        if (came.number != row->number)
            return false;
        last = came.number;
    }
    return true;
}

void world_expect_whole(const struct world *world)
{
    for (uint32_t p = 0; p < PARTITIONS; p++)
        for (int a = 0; a < ACCOUNTS; a++)
            assert_true(is_whole(world, p, world_accounts[a]));
}

/* The numbers that came of partition 0, as text. */
void world_expect_numbers(const struct world *world, const char *expected)
{
    char text[400] = "";
    struct came came;
    for (int64_t n = 0; world_look(world, 0, n, &came); n++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%lld", n == 0 ? "" : " ",
                 (long long)came.number);
    assert_string_equal(text, expected);
}
