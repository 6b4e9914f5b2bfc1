#include "cli/spend_chart.h"

#include <stdarg.h>
#include <stdio.h>

#include "lib/base/check.h"

/* All lengths in pixels but HEIGHTS, which the rows' heights are parts of. */
enum {
    WIDTH = 960,
    HEIGHT = 420,
    LEFT = 96,
    TOP = 52,
    PLOT_WIDTH = 640,
    PLOT_HEIGHT = 312,
    LEGEND_LEFT = LEFT + PLOT_WIDTH + 24,
    LEGEND_STEP = 22,
    LABEL_PIXELS = 64,
    HOUR_LABEL_PIXELS = 90, /* it has a day and a time */
    HEIGHTS = 10000,
    SERIES = 9,
    NAME_CHARACTERS = 22,
    PIECE_MAX = 600,
    CENTS = 100, /* places are printed with two decimals */
};

__attribute__((format(printf, 2, 3))) static void add(struct packer *out, const char *format, ...)
{
    char piece[PIECE_MAX];
    va_list values;
    va_start(values, format);
    int size = vsnprintf(piece, sizeof piece, format, values);
    va_end(values);
    CHECK(size >= 0 && size < PIECE_MAX);
    pack_raw(out, piece, (size_t)size);
}

/* --- text --- */

static const char *entity(char byte)
{
    switch (byte) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&apos;";
    default:
        return NULL;
    }
}

/* What XML 1.0 takes for no character: controls, U+FFFE and U+FFFF (in UTF-8 EF BF BE, EF BF BF). */
static size_t forbidden(const char *at)
{
    if ((unsigned char)*at < 0x20 || *at == 0x7F)
        return 1;
    return strncmp(at, "\xEF\xBF\xBE", 3) == 0 || strncmp(at, "\xEF\xBF\xBF", 3) == 0 ? 3 : 0;
}

/* At most `characters` of it; what is cut off leaves an ellipsis. */
static void add_text(struct packer *out, const char *text, uint32_t characters)
{
    uint32_t count = 0;
    for (const char *at = text; *at != 0; at++) {
        count += ((unsigned char)*at & 0xC0) != 0x80;
        if (count > characters) {
            add(out, "…");
            return;
        }
        size_t bad = forbidden(at);
        if (bad > 0) {
            add(out, "\xEF\xBF\xBD");
            at += bad - 1;
        } else if (entity(*at) != NULL) {
            add(out, "%s", entity(*at));
        } else {
            pack_raw(out, at, 1);
        }
    }
}

/* --- rows --- */

static const char *cell(const struct spend_chart *chart, int row, enum spend_chart_column column)
{
    return PQgetvalue(chart->rows, row, (int)column);
}

static bool is_a(const struct spend_chart *chart, int row, const char *what)
{
    return strcmp(cell(chart, row, CHART_WHAT), what) == 0;
}

static long number(const struct spend_chart *chart, int row, enum spend_chart_column column)
{
    return strtol(cell(chart, row, column), NULL, 10);
}

static long times(const struct spend_chart *chart)
{
    long count = 0;
    for (int i = 0; i < PQntuples(chart->rows); i++)
        count += is_a(chart, i, "time");
    return count;
}

/* --- drawing --- */

/* A place in hundredths of a pixel. */
static void add_place(struct packer *out, const char *name, long cents)
{
    add(out, " %s=\"%ld.%02ld\"", name, cents / CENTS, cents % CENTS);
}

static long y_of(long height)
{
    return (TOP + PLOT_HEIGHT) * CENTS - height * PLOT_HEIGHT * CENTS / HEIGHTS;
}

static void add_head(const struct spend_chart *chart, struct packer *out)
{
    static const char style[] =
        "<style>text{font:12px system-ui,sans-serif;fill:#444}.h{font-size:15px;fill:#222}"
        ".g{stroke:#ddd}.z{stroke:#999}.b{fill:#fff}"
        ".k1{fill:#4269d0}.k2{fill:#efb118}.k3{fill:#e0605e}.k4{fill:#6cc5b0}.k5{fill:#3ca951}.k6{fill:#"
        "d98cb5}"
        ".k7{fill:#a463f2}.k8{fill:#97bbf5}.k9{fill:#9c9c9c}"
        "@media(prefers-color-scheme:dark){text{fill:#bbb}.h{fill:#eee}.g{stroke:#333}.z{stroke:#777}.b{fill:"
        "#16181c}"
        ".k9{fill:#777}}</style>\n";
    add(out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\""
        " role=\"img\">\n<title>",
        WIDTH, HEIGHT, WIDTH, HEIGHT);
    add_text(out, chart->title, UINT32_MAX);
    add(out, "</title>\n");
    pack_raw(out, style, sizeof style - 1);
    add(out, "<rect class=\"b\" width=\"%d\" height=\"%d\"/>\n<text class=\"h\" x=\"16\" y=\"28\">", WIDTH,
        HEIGHT);
    add_text(out, chart->title, UINT32_MAX);
    add(out, "</text>\n");
}

static void add_ticks(const struct spend_chart *chart, struct packer *out)
{
    for (int i = 0; i < PQntuples(chart->rows); i++) {
        if (!is_a(chart, i, "tick"))
            continue;
        const char *value = cell(chart, i, CHART_TEXT);
        long y = y_of(number(chart, i, CHART_LOW));
        add(out, "<line class=\"%s\" x1=\"%d\" x2=\"%d\"", strcmp(value, "0") == 0 ? "z" : "g", LEFT,
            LEFT + PLOT_WIDTH);
        add_place(out, "y1", y);
        add_place(out, "y2", y);
        add(out, "/><text text-anchor=\"end\" x=\"%d\"", LEFT - 8);
        add_place(out, "y", y + 4 * CENTS);
        add(out, ">");
        add_text(out, value, 14);
        add(out, "</text>\n");
    }
}

static void add_times(const struct spend_chart *chart, long count, struct packer *out)
{
    bool of_hours = strcmp(chart->every, "hour") == 0, of_months = strcmp(chart->every, "month") == 0;
    long most = PLOT_WIDTH / (of_hours ? HOUR_LABEL_PIXELS : LABEL_PIXELS), step = (count + most - 1) / most;
    for (int i = 0; i < PQntuples(chart->rows); i++) {
        long index = number(chart, i, CHART_INDEX);
        if (!is_a(chart, i, "time") || index % step != 0)
            continue;
        const char *time = cell(chart, i, CHART_TEXT) + (of_months ? 0 : strlen("2026-"));
        add(out, "<text text-anchor=\"middle\" y=\"%d\"", TOP + PLOT_HEIGHT + 20);
        add_place(out, "x", LEFT * CENTS + (2 * index + 1) * PLOT_WIDTH * CENTS / (2 * count));
        add(out, ">%.5s%.2s%.5s</text>\n", time, of_hours ? " " : time + 5, of_hours ? time + 6 : "");
    }
}

static const char *time_at(const struct spend_chart *chart, long index)
{
    for (int i = PQntuples(chart->rows) - 1; i >= 0 && is_a(chart, i, "time"); i--)
        if (number(chart, i, CHART_INDEX) == index)
            return cell(chart, i, CHART_TEXT);
    return "";
}

static const char *name_at(const struct spend_chart *chart, int row)
{
    const char *name = cell(chart, row, CHART_TEXT);
    return name[0] == 0 ? "(others)" : name;
}

static void add_bars(const struct spend_chart *chart, long count, struct packer *out)
{
    for (int i = 0; i < PQntuples(chart->rows) && is_a(chart, i, "bar"); i++) {
        long index = number(chart, i, CHART_INDEX), x = index * PLOT_WIDTH * CENTS / count;
        long next = (index + 1) * PLOT_WIDTH * CENTS / count, gap = (next - x) / 8;
        long low = y_of(number(chart, i, CHART_LOW)), high = y_of(number(chart, i, CHART_HIGH));
        add(out, "<rect class=\"k%ld\"", number(chart, i, CHART_SERIES));
        add_place(out, "x", LEFT * CENTS + x + gap);
        add_place(out, "y", high);
        add_place(out, "width", next - x - 2 * gap);
        add_place(out, "height", low - high);
        add(out, "><title>%s ", time_at(chart, index));
        add_text(out, name_at(chart, i), UINT32_MAX);
        add(out, ": %s %s</title></rect>\n", cell(chart, i, CHART_AMOUNT), chart->currency);
    }
}

static void add_legend(const struct spend_chart *chart, struct packer *out)
{
    bool said[SERIES + 1] = {false};
    for (int i = 0; i < PQntuples(chart->rows) && is_a(chart, i, "bar"); i++) {
        long series = number(chart, i, CHART_SERIES);
        CHECK(series >= 1 && series <= SERIES);
        if (said[series])
            continue;
        said[series] = true;
        int y = TOP + (int)(series - 1) * LEGEND_STEP;
        add(out, "<g><title>");
        add_text(out, name_at(chart, i), UINT32_MAX);
        add(out, "</title><rect class=\"k%ld\" x=\"%d\" y=\"%d\" width=\"12\" height=\"12\"/>", series,
            LEGEND_LEFT, y);
        add(out, "<text x=\"%d\" y=\"%d\">", LEGEND_LEFT + 20, y + 10);
        add_text(out, name_at(chart, i), NAME_CHARACTERS);
        add(out, "</text></g>\n");
    }
}

void spend_chart_print(const struct spend_chart *chart, struct packer *out)
{
    long count = times(chart);
    CHECK(count >= 1);
    add_head(chart, out);
    add_ticks(chart, out);
    add_times(chart, count, out);
    add_bars(chart, count, out);
    add_legend(chart, out);
    add(out, "</svg>\n");
}
