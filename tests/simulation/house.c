#include "tests/simulation/house.h"

#include <stdio.h>

#include "lib/base/check.h"
#include "lib/codec/topics.h"

/* Well after 2026-11-01, the time of stories: what the brokers' clocks say is nothing to log time. */
static const int64_t begin_ms = INT64_C(1795000000000);

/* --- the process's host --- */

static struct process *process_of(struct host *host)
{
    return (struct process *)host;
}

static int64_t host_now_ms(struct host *host)
{
    return memory_log_now(process_of(host)->house->log);
}

static bool host_stopping(struct host *host)
{
    (void)host;
    return false;
}

static void host_alive(struct host *host)
{
    (void)host;
}

static void host_pause(struct host *host, int64_t pause_ms)
{
    memory_log_pass(process_of(host)->house->log, pause_ms);
}

static uint64_t host_random(struct host *host)
{
    struct random random = {process_of(host)->house->random};
    uint64_t value = random_next(&random);
    process_of(host)->house->random = random.state;
    return value;
}

static const struct host house_host = {.now_ms = host_now_ms,
                                       .stopping = host_stopping,
                                       .alive = host_alive,
                                       .pause = host_pause,
                                       .random = host_random};

/* --- processes --- */

/* The stage's `stopped`, with its cause noted. */
static void on_stopped(struct stage *stage, struct partition *partition)
{
    struct process *process = (struct process *)stage->host;
    struct house_stop stop = {.kind = process->kind, .partition = partition->number};
    snprintf(stop.why, sizeof stop.why, "%s", partition->why);
    vec_push(&process->house->stops, stop);
    process->own_ops->stopped(stage, partition);
}

static void start(struct process *process)
{
    process->stage = process_stage_new(process);
    process->own_ops = process->stage->ops;
    process->ops = *process->own_ops;
    process->ops.stopped = on_stopped;
    process->stage->ops = &process->ops;
    process->config = (struct worker_config){
        .stage = process->stage,
        .opener = memory_log_opener(&process->member),
        .host = &process->host,
        .topic = process->member.topic,
        .partitions = "group",
    };
    process->worker = worker_new(&process->config);
}

static void end(struct process *process)
{
    if (process->worker == NULL)
        return;
    worker_free(process->worker);
    process->stage->ops = process->own_ops;
    process_stage_free(process);
    process->worker = NULL;
    process->stage = NULL;
    process->doomed = false;
    process->member.armed = process->appends.armed = (struct memory_armed){0};
}

bool process_is_dead(const struct process *process)
{
    return process->doomed && process->member.armed.fuse == 0;
}

static void add_process(struct house *house, enum process_kind kind, uint32_t number)
{
    struct process *process = &house->processes[house->count++];
    bool folds = kind == PROCESS_AGGREGATOR;
    *process = (struct process){.host = house_host, .house = house, .kind = kind};
    snprintf(process->name, sizeof process->name, "%s-%u", folds ? "aggregator" : "settler", number);
    process->member = (struct memory_member){.log = house->log,
                                             .group = folds ? "aggregators" : "settlers",
                                             .topic = folds ? house->topics.records : house->topics.frames,
                                             .name = process->name};
    process->appends = (struct memory_member){.log = house->log};
}

void house_turn(struct house *house, struct process *process)
{
    int64_t now_ms = memory_log_now(house->log);
    int status;
    memory_log_pass(house->log, 1);
    house->turns++;
    if (process->eases_ms != 0 && now_ms >= process->eases_ms) {
        process->eases_ms = 0;
        memory_log_delay(&process->member, 0);
    }
    if (process->thaws_ms != 0 && now_ms >= process->thaws_ms) {
        process->thaws_ms = 0;
        memory_log_thaw(&process->member);
    }
    if (process->thaws_ms != 0 || now_ms < process->begins_ms)
        return;
    if (process->worker == NULL)
        start(process);
    if (!worker_turn(process->worker, &status)) {
        house->ended = true;
        snprintf(house->why_ended, sizeof house->why_ended, "%s ended with %d", process->name, status);
    }
    if (!process_is_dead(process))
        return;
    process->begins_ms = memory_log_now(house->log) + process->away_ms;
    end(process);
}

void house_kill(struct process *process, uint32_t calls, enum memory_landing landing, int64_t away_ms)
{
    process->begins_ms = memory_log_now(process->house->log) + away_ms;
    process->thaws_ms = 0;
    if (process->worker == NULL)
        return;
    process->doomed = true;
    if (calls > 0) {
        memory_log_kill_after(&process->member, calls, landing);
        process->begins_ms = 0;
        process->away_ms = away_ms;
        return;
    }
    memory_log_kill(&process->member, landing);
    if (process->appends.handle != NULL)
        memory_log_kill(&process->appends, landing);
    end(process);
}

void house_leave(struct process *process, int64_t away_ms)
{
    process->begins_ms = memory_log_now(process->house->log) + away_ms;
    end(process);
}

void house_freeze(struct process *process, int64_t ms)
{
    if (process->worker == NULL)
        return;
    process->thaws_ms = memory_log_now(process->house->log) + ms;
    memory_log_freeze(&process->member);
}

/* --- the house --- */

/* What `init` leaves beside the records: the generation's manifest. */
static void put_manifest(struct house *house)
{
    struct packer bytes = {0};
    struct generation generation = {
        .partitions = house->input->partitions, .rules_number = 1, .simulated = false};
    struct str init = input_bytes(house->input, 0);
    digest_of(init.at, init.size, generation.init_digest);
    generation_encode(&generation, &bytes);
    memory_log_put(house->log, &(struct log_record){.topic = house->topics.snapshots,
                                                    .key = STR("generation"),
                                                    .value = {bytes.bytes.at, bytes.bytes.count}});
    vec_release(&bytes.bytes);
}

struct house *house_new(const struct house_config *config)
{
    struct house *house = calloc(1, sizeof *house);
    CHECK(house != NULL);
    CHECK(config->aggregators + config->settlers <= HOUSE_PROCESSES_MAX);
    house->input = config->input;
    house->random = config->seed;
    house->topics = topics_of("");
    house->log = memory_log_new(&(struct memory_log_config){
        .seed = config->seed, .now_ms = begin_ms, .latency_ms = config->latency_ms});
    house->tables = memory_tables_new();
    fence_init(&house->fence, house->tables);
    house->fence.work_max = config->work_max;
    house->fence.accounts_max = config->accounts_max;
    const char *const topics[] = {house->topics.records, house->topics.frames, house->topics.snapshots,
                                  house->topics.rejects, house->topics.notices};
    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++)
        memory_log_topic(house->log, topics[i], config->input->partitions);
    put_manifest(house);
    for (uint32_t i = 0; i < config->aggregators; i++)
        add_process(house, PROCESS_AGGREGATOR, i);
    for (uint32_t i = 0; i < config->settlers; i++)
        add_process(house, PROCESS_SETTLER, i);
    return house;
}

void house_free(struct house *house)
{
    for (uint32_t i = 0; i < house->count; i++)
        end(&house->processes[i]);
    memory_log_free(house->log);
    memory_tables_free(house->tables);
    vec_release(&house->stops);
    free(house);
}

void house_feed(struct house *house, uint32_t count)
{
    for (; count > 0 && house->fed < house->input->list.count; count--) {
        const struct input_message *message = &house->input->list.at[house->fed];
        memory_log_put(house->log, &(struct log_record){.topic = house->topics.records,
                                                        .partition = message->partition,
                                                        .value = input_bytes(house->input, house->fed),
                                                        .timestamp_ms = message->timestamp_ms});
        house->fed++;
    }
}
