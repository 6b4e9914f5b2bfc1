#include "settler/store/memory_own.h"
#include "tests/simulation/strike.h"

static struct process *process_of(struct house *house, const struct planned *planned)
{
    return &house->processes[planned->process];
}

static bool runs(struct house *house, const struct planned *planned)
{
    const struct process *process = process_of(house, planned);
    return process->worker != NULL && process->member.handle != NULL && process->thaws_ms == 0 &&
           !process->doomed;
}

static enum memory_landing landing_of(uint64_t value)
{
    static const enum memory_landing all[] = {MEMORY_LOST, MEMORY_LANDS, MEMORY_SOME_LANDS,
                                              MEMORY_SOME_LANDS};
    return all[value / 64 % 4];
}

bool strike_kill(struct house *house, struct planned *planned)
{
    if (!runs(house, planned))
        return false;
    uint64_t v = planned->value;
    house_kill(process_of(house, planned), (uint32_t)(v % 60), landing_of(v), (int64_t)(v / 256 % 3000));
    return true;
}

bool strike_handle_dies(struct house *house, struct planned *planned)
{
    if (!runs(house, planned))
        return false;
    memory_log_kill_after(&process_of(house, planned)->member, 1 + (uint32_t)(planned->value % 40),
                          landing_of(planned->value));
    return true;
}

bool strike_ack_lost(struct house *house, struct planned *planned)
{
    if (!runs(house, planned))
        return false;
    struct process *process = process_of(house, planned);
    if (process->kind == PROCESS_SETTLER)
        memory_log_lose_ack(&process->appends, house->topics.notices);
    else
        memory_log_lose_ack(&process->member,
                            planned->value % 3 == 0 ? house->topics.snapshots : house->topics.frames);
    return true;
}

bool strike_acks_delayed(struct house *house, struct planned *planned)
{
    if (!runs(house, planned))
        return false;
    struct process *process = process_of(house, planned);
    memory_log_delay(&process->member, 50 + (int64_t)(planned->value % 3000));
    process->eases_ms = memory_log_now(house->log) + 2000;
    return true;
}

bool strike_queue_full(struct house *house, struct planned *planned)
{
    if (!runs(house, planned))
        return false;
    memory_log_fill(&process_of(house, planned)->member, 1 + (uint32_t)(planned->value % 20));
    return true;
}

bool strike_ranges_fail(struct house *house, struct planned *planned)
{
    memory_log_fail_ranges(&process_of(house, planned)->member, 1 + (uint32_t)(planned->value % 3));
    return true;
}

bool strike_brokers_away(struct house *house, struct planned *planned)
{
    memory_log_away(house->log, 200 + (int64_t)(planned->value % 15000));
    return true;
}

bool strike_open_refused(struct house *house, struct planned *planned)
{
    if (!runs(house, planned))
        return false;
    struct memory_member *member = &process_of(house, planned)->member;
    memory_log_refuse(member, planned->value % 2 == 0 ? ERROR_RETRY : ERROR_ABORT,
                      1 + (uint32_t)(planned->value / 2 % 3));
    memory_log_kill(member, MEMORY_SOME_LANDS);
    return true;
}

bool strike_second_owner(struct house *house, struct planned *planned)
{
    if (!runs(house, planned))
        return false;
    memory_log_expel(&process_of(house, planned)->member, 300 + (int64_t)(planned->value % 6000));
    return true;
}

bool strike_frozen(struct house *house, struct planned *planned)
{
    if (!runs(house, planned))
        return false;
    house_freeze(process_of(house, planned), 500 + (int64_t)(planned->value % 15000));
    return true;
}

bool strike_leaves(struct house *house, struct planned *planned)
{
    if (!runs(house, planned))
        return false;
    house_leave(process_of(house, planned), (int64_t)(planned->value % 14000));
    return true;
}

bool strike_claim_taken(struct house *house, struct planned *planned)
{
    if (house->tables->rows.claims.count == 0)
        return false;
    fence_take(&house->fence, planned->partition);
    return true;
}

static bool fail_statement(struct house *house, const struct planned *planned, enum memory_fault fault)
{
    /* One at a time: another would take its place. */
    if (house->tables->fail_at != 0 || !runs(house, planned))
        return false;
    memory_tables_fail(house->tables, 1 + planned->value % 40, fault);
    return true;
}

bool strike_rows_refused(struct house *house, struct planned *planned)
{
    return fail_statement(house, planned, MEMORY_FAULT_REFUSED);
}

bool strike_connection_lost(struct house *house, struct planned *planned)
{
    return fail_statement(house, planned, MEMORY_FAULT_DEAD);
}

bool strike_reply_lost(struct house *house, struct planned *planned)
{
    return fail_statement(house, planned, MEMORY_FAULT_REPLY_LOST);
}

/* A backup is taken, and comes back a few turns later: beneath connections that stay, or with them. */
bool strike_tables_restored(struct house *house, struct planned *planned)
{
    if (house->tables->rows.claims.count == 0)
        return false;
    if (planned->backup == NULL) {
        planned->backup = memory_tables_copy(house->tables);
        /* Soon, where it may fall between the steps of a frame; or a while later. */
        bool soon = planned->value / 4 % 2 == 0;
        planned->at = house->fed + (soon ? 0 : (uint32_t)(planned->value / 8 % 30));
        planned->turn = house->turns + 1 + planned->value / 256 % (soon ? 8 : 40);
        return false;
    }
    if (house->turns < planned->turn)
        return false;
    /* Beneath a connection that stays it is noticed when the next frame comes. */
    bool more = house->fed + 3 * house->input->partitions < house->input->list.count;
    fence_restore(&house->fence, planned->backup, more && planned->value % 4 != 0);
    return true;
}
