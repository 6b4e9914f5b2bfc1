#include "lib/io/log.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE_BYTES = 4096 };

static struct {
    const char *program;
    bool json;
    enum log_level least;
} log_state = {"hourglass", false, LOG_LEVEL_INFO};

void log_init(const char *program, bool json, enum log_level least)
{
    log_state.program = program;
    log_state.json = json;
    log_state.least = least;
}

struct line {
    char text[LINE_BYTES];
    size_t size;
};

static void put(struct line *line, const char *text)
{
    size_t size = strlen(text), room = sizeof line->text - 2 - line->size;
    if (size > room)
        size = room;
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

static void put_field(struct line *line, const struct log_field *field)
{
    char number[24];
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
    bool bare = field->text != NULL && !log_state.json && field->text[0] != 0 &&
                strpbrk(field->text, " \"=\\\n\t") == NULL;
    if (field->text == NULL)
        put(line, number);
    else if (bare)
        put(line, field->text);
    else
        put_quoted(line, field->text);
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

void log_write(enum log_level level, const char *event, const struct log_field *fields, size_t count)
{
    static const char *const levels[] = {"debug", "info", "warning", "error"};
    if (level < log_state.least)
        return;
    struct line line = {.size = 0};
    char time[40];
    put_time(time);
    const struct log_field head[] = {LOG_STR("ts", time), LOG_STR("level", levels[level]),
                                     LOG_STR("program", log_state.program), LOG_STR("event", event)};
    for (size_t i = 0; i < sizeof head / sizeof *head; i++)
        put_field(&line, &head[i]);
    for (size_t i = 0; i < count; i++)
        put_field(&line, &fields[i]);
    put(&line, log_state.json ? "}" : "");
    line.text[0] = log_state.json ? '{' : ' ';
    line.text[line.size++] = '\n';
    size_t skip = log_state.json ? 0 : 1;
    /* One write a line; a log that cannot be written must not stop the money. */
    ssize_t written = write(STDERR_FILENO, line.text + skip, line.size - skip);
    (void)written;
}
