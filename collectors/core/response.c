#include "collectors/core/response.h"

#include <stdarg.h>
#include <stdio.h>

#include "lib/base/check.h"
#include "lib/base/time.h"

enum { DATE_SIZE = 32 };

static const struct {
    unsigned status;
    const char *reason;
} reasons[] = {
    {200, "OK"},
    {202, "Accepted"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
};

const char *response_reason(unsigned status)
{
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Unknown";
}

__attribute__((format(printf, 2, 3))) static void put(struct packer *out, const char *format, ...)
{
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    CHECK(size > 0 && size < (int)sizeof line);
    pack_raw(out, line, (size_t)size);
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 §5.6.7) */
static void print_date(int64_t second_s, char out[DATE_SIZE])
{
    static const char days[] = "ThuFriSatSunMonTueWed"; /* 1970 began with a Thursday */
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char text[TIME_TEXT_SIZE]; /* 2026-11-01T10:00:00Z */
    time_print(second_s, text);
    int month = (text[5] - '0') * 10 + text[6] - '0';
    snprintf(out, DATE_SIZE, "%.3s, %.2s %.3s %.4s %.8s GMT", days + second_s / DAY_S % 7 * 3, text + 8,
             months + (month - 1) * 3, text, text + 11);
}

void response_print(const struct response *response, struct packer *out)
{
    char date[DATE_SIZE];
    print_date(response->now_s, date);
    put(out, "HTTP/1.1 %u %s\r\nDate: %s\r\n", response->status, response_reason(response->status), date);
    if (response->content_type != NULL)
        put(out, "Content-Type: %s\r\n", response->content_type);
    for (const struct response_header *h = response->headers; h != NULL && h->name != NULL; h++)
        put(out, "%s: %s\r\n", h->name, h->value);
    put(out, "%sContent-Length: %u\r\n\r\n", response->is_last ? "Connection: close\r\n" : "",
        response->body.size);
    if (!response->is_head_alone && response->body.size > 0)
        pack_raw(out, response->body.at, response->body.size);
}
