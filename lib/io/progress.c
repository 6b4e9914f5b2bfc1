#include "lib/io/progress.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/io/clock.h"
#include "lib/io/file.h"

enum { LINE_BYTES = 200, DRAW_MS = 200 };

static const char *name = "";
static bool on_terminal, drawn;
static int64_t began_ms, drawn_ms;

/* Read by the signal's handler, each for itself. */
static struct {
    _Atomic uint64_t bytes, total_bytes, events, rejected;
    const char *_Atomic stage;
} now;

static int64_t now_ms(void)
{
    return clock_steady_us() / 1000;
}

/* --- the line, without a call that a signal's handler may not make --- */

struct text {
    char at[LINE_BYTES];
    size_t size;
};

static void put(struct text *text, const char *word)
{
    while (*word != 0 && text->size < sizeof text->at)
        text->at[text->size++] = *word++;
}

static void put_number(struct text *text, uint64_t number)
{
    char digits[24];
    size_t at = sizeof digits - 1;
    digits[at] = 0;
    do
        digits[--at] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    put(text, digits + at);
}

static void describe(struct text *text)
{
    uint64_t bytes = now.bytes, total = now.total_bytes, rejected = now.rejected;
    put(text, name);
    put(text, ": ");
    put(text, now.stage);
    put(text, ", ");
    put_number(text, now.events);
    put(text, " events");
    if (rejected > 0) {
        put(text, ", ");
        put_number(text, rejected);
        put(text, " rejected");
    }
    put(text, ", ");
    put_number(text, bytes / 1000000);
    put(text, " MB");
    if (total >= 100 && bytes <= total) {
        put(text, " (");
        put_number(text, bytes / (total / 100) > 100 ? 100 : bytes / (total / 100));
        put(text, " %)");
    }
    put(text, ", ");
    put_number(text, (uint64_t)(now_ms() - began_ms) / 1000);
    put(text, " s");
}

static void on_signal(int number)
{
    (void)number;
    struct text text = {.size = 0};
    put(&text, on_terminal ? "\r\033[K" : "");
    describe(&text);
    put(&text, "\n");
    ssize_t written = write(STDERR_FILENO, text.at, text.size);
    (void)written; /* nobody to tell */
}

/* --- */

void progress_begin(const char *program)
{
    const char *terminal = getenv("TERM");
    name = program;
    began_ms = now_ms();
    now.stage = "beginning";
    on_terminal = isatty(STDERR_FILENO) && terminal != NULL && strcmp(terminal, "dumb") != 0;
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &action, NULL);
}

void progress_set(const struct progress_state *state)
{
    now.bytes = state->bytes;
    now.total_bytes = state->total_bytes;
    now.events = state->events;
    now.rejected = state->rejected;
    now.stage = state->stage;
    int64_t at_ms = on_terminal ? now_ms() : 0;
    if (!on_terminal || at_ms - drawn_ms < DRAW_MS)
        return;
    struct text text = {.size = 0};
    put(&text, "\r\033[K");
    describe(&text);
    drawn = file_write_all(STDERR_FILENO, text.at, text.size);
    drawn_ms = at_ms;
}

void progress_hide(void)
{
    static const char nothing[] = "\r\033[K";
    if (drawn)
        drawn = !file_write_all(STDERR_FILENO, nothing, sizeof nothing - 1);
}
