#include "lib/io/journal.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    LINE_BYTES = 4096,
    WINDOW_S = 10, /* in which of one event ... */
    LINES_MAX = 100,
    EVENTS_MAX = 64, /* events that are counted apart; what is beyond is never suppressed */
};

static struct {
    const char *program;
    bool json;
    enum journal_level least;
} log_state = {"hourglass", false, JOURNAL_LEVEL_INFO};

void journal_init(const char *program, bool json, enum journal_level least)
{
    log_state.program = program;
    log_state.json = json;
    log_state.least = least;
}

/* --- how often --- */

struct budget {
    const char *event;
    time_t begun_s;
    int written;
    int64_t suppressed;
};

static struct {
    pthread_mutex_t lock;
    struct budget of[EVENTS_MAX];
    size_t count;
} budgets = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct budget *budget_of(const char *event)
{
    for (size_t i = 0; i < budgets.count; i++)
        if (strcmp(budgets.of[i].event, event) == 0)
            return &budgets.of[i];
    if (budgets.count == EVENTS_MAX)
        return NULL;
    budgets.of[budgets.count] = (struct budget){.event = event};
    return &budgets.of[budgets.count++];
}

/* Whether the line may be written, and how many before it were not. */
static bool take_budget(const char *event, int64_t *suppressed)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    pthread_mutex_lock(&budgets.lock);
    struct budget *budget = budget_of(event);
    bool may = true;
    *suppressed = 0;
    if (budget != NULL) {
        if (now.tv_sec - budget->begun_s >= WINDOW_S) {
            *suppressed = budget->suppressed;
            *budget = (struct budget){.event = budget->event, .begun_s = now.tv_sec};
        }
        may = budget->written < LINES_MAX;
        budget->written += may;
        budget->suppressed += !may;
    }
    pthread_mutex_unlock(&budgets.lock);
    return may;
}

/* --- a line --- */

struct line {
    char text[LINE_BYTES];
    size_t size;
    bool full;
};

static void put(struct line *line, const char *text)
{
    size_t size = strlen(text);
    line->full |= size > sizeof line->text - 2 - line->size;
    if (line->full)
        return;
    memcpy(line->text + line->size, text, size);
    line->size += size;
}

/* In quotes, with what would end them escaped. Control characters become blanks. */
static void put_quoted(struct line *line, const char *text)
{
    put(line, "\"");
    for (; *text != 0; text++) {
        char piece[3] = {*text, 0, 0};
        if (*text == '"' || *text == '\\') {
            piece[0] = '\\';
            piece[1] = *text;
        } else if ((unsigned char)*text < 0x20) {
            piece[0] = ' ';
        }
        put(line, piece);
    }
    put(line, "\"");
}

/* Needs no quotes in logfmt. */
static bool is_bare(const char *text)
{
    if (*text == 0)
        return false;
    for (; *text != 0; text++)
        if ((unsigned char)*text <= 0x20 || strchr("\"=\\", *text) != NULL)
            return false;
    return true;
}

static void put_field(struct line *line, const struct journal_field *field)
{
    char number[24];
    size_t before = line->size;
    if (log_state.json) {
        put(line, ",");
        put_quoted(line, field->key);
        put(line, ":");
    } else {
        put(line, " ");
        put(line, field->key);
        put(line, "=");
    }
    snprintf(number, sizeof number, "%lld", (long long)field->number);
    if (field->text == NULL)
        put(line, number);
    else if (!log_state.json && is_bare(field->text))
        put(line, field->text);
    else
        put_quoted(line, field->text);
    if (line->full)
        line->size = before;
    line->full = false;
}

static void put_time(char out[40])
{
    struct timespec now;
    struct tm parts;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    size_t size = strftime(out, 32, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(out + size, 40 - size, ".%03ldZ", now.tv_nsec / 1000000);
}

void journal_write(enum journal_level level, const char *event, const struct journal_field *fields,
                   size_t count)
{
    static const char *const levels[] = {"debug", "info", "warning", "error"};
    int64_t suppressed;
    if (level < log_state.least || !take_budget(event, &suppressed))
        return;
    struct line line = {.size = 0};
    char time[40];
    put_time(time);
    const struct journal_field head[] = {JOURNAL_STR("ts", time), JOURNAL_STR("level", levels[level]),
                                         JOURNAL_STR("program", log_state.program),
                                         JOURNAL_STR("event", event)};
    for (size_t i = 0; i < sizeof head / sizeof *head; i++)
        put_field(&line, &head[i]);
    for (size_t i = 0; i < count; i++)
        put_field(&line, &fields[i]);
    if (suppressed > 0)
        put_field(&line, &JOURNAL_INT("suppressed", suppressed));
    if (log_state.json)
        line.text[line.size++] = '}';
    line.text[0] = log_state.json ? '{' : ' ';
    line.text[line.size++] = '\n';
    size_t skip = log_state.json ? 0 : 1;
    /* One write a line; a log that cannot be written must not stop the money. */
    ssize_t written = write(STDERR_FILENO, line.text + skip, line.size - skip);
    (void)written;
}
