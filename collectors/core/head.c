#include "collectors/core/head.h"

#include <strings.h>

#include "collectors/core/headers.h"

static enum head_outcome refuse(struct head *head, enum head_outcome outcome, const char *why)
{
    head->why = str_of(why);
    return outcome;
}

/* --- the end --- */

static enum head_outcome refuse_byte(struct head_scan *scan, const char *why)
{
    scan->why = str_of(why);
    return HEAD_BAD;
}

static bool is_control(char c)
{
    return ((unsigned char)c < 0x20 && c != '\t') || c == 0x7f;
}

/* A line ends at scan->at. True: it was the empty one behind a head. */
static bool ends_head(struct head_scan *scan)
{
    bool is_empty = scan->at - scan->line == 2;
    bool is_before = is_empty && scan->line == scan->begin;
    scan->line = scan->at;
    if (is_before)
        scan->begin = scan->at;
    return is_empty && !is_before;
}

enum head_outcome head_find_end(struct head_scan *scan, struct str bytes)
{
    while (scan->at < bytes.size) {
        char c = bytes.at[scan->at];
        bool after_cr = scan->at > scan->line && bytes.at[scan->at - 1] == '\r';
        if (after_cr != (c == '\n'))
            return refuse_byte(scan, "head: expected lines that end in CRLF");
        if (c != '\r' && c != '\n' && is_control(c))
            return refuse_byte(scan, "head: expected no control characters");
        scan->at++;
        if (c == '\n' && ends_head(scan))
            return HEAD_GOOD;
    }
    return HEAD_MORE;
}

/* --- names --- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_one_of(char c, const char *set)
{
    return c != 0 && strchr(set, c) != NULL;
}

/* RFC 9110 §5.6.2 */
static bool is_token(struct str text)
{
    for (uint32_t i = 0; i < text.size; i++)
        if (!is_digit(text.at[i]) && !is_letter(text.at[i]) && !is_one_of(text.at[i], "!#$%&'*+-.^_`|~"))
            return false;
    return text.size > 0;
}

bool head_name_is(struct str name, const char *expected)
{
    return name.size == strlen(expected) && strncasecmp(name.at, expected, name.size) == 0;
}

static bool begins_with(struct str text, const char *begin)
{
    size_t size = strlen(begin);
    return text.size >= size && strncasecmp(text.at, begin, size) == 0;
}

struct str head_value(const struct head *head, const char *name)
{
    for (uint32_t i = 0; i < head->field_count; i++)
        if (head_name_is(head->fields[i].name, name))
            return head->fields[i].value;
    return (struct str){NULL, 0};
}

/* What stands before the separator, cut off with it. Without one: false. */
static bool cut_before(struct str *rest, char separator, struct str *front)
{
    const char *at = memchr(rest->at, separator, rest->size);
    if (at == NULL)
        return false;
    *front = (struct str){rest->at, (uint32_t)(at - rest->at)};
    *rest = (struct str){at + 1, rest->size - front->size - 1};
    return true;
}

/* The next line, without its CRLF. */
static struct str cut_line(struct str *rest)
{
    struct str line = {"", 0};
    if (cut_before(rest, '\n', &line) && line.size > 0)
        line.size--;
    return line;
}

/* --- the request line --- */

static struct str without_query(struct str target)
{
    const char *query = target.size == 0 ? NULL : memchr(target.at, '?', target.size);
    return query == NULL ? target : (struct str){target.at, (uint32_t)(query - target.at)};
}

/* RFC 3986 §3.2.2 and a port; no user information (RFC 9110 §4.2.4). */
static bool is_authority(struct str text)
{
    for (uint32_t i = 0; i < text.size; i++)
        if (!is_digit(text.at[i]) && !is_letter(text.at[i]) && !is_one_of(text.at[i], "-._~%!$&'()*+,;=:[]"))
            return false;
    return true;
}

/* http://AUTHORITY/PATH?QUERY (RFC 9112 §3.2.2) */
static bool read_absolute(struct str target, struct str *path)
{
    uint32_t skipped = begins_with(target, "http://") ? 7 : begins_with(target, "https://") ? 8 : 0;
    if (skipped == 0)
        return false;
    struct str rest = {target.at + skipped, target.size - skipped};
    uint32_t size = 0;
    while (size < rest.size && rest.at[size] != '/' && rest.at[size] != '?')
        size++;
    *path = without_query((struct str){rest.at + size, rest.size - size});
    if (path->size == 0)
        *path = STR("/");
    return size > 0 && is_authority((struct str){rest.at, size});
}

/* RFC 9112 §3.2: of its four forms CONNECT's names no resource of ours. */
static enum head_outcome read_target(struct head *head, struct str target)
{
    for (uint32_t i = 0; i < target.size; i++)
        if (target.at[i] <= ' ' || target.at[i] > '~' || target.at[i] == '#')
            return refuse(head, HEAD_BAD, "target: expected a path of ASCII, percent-encoded");
    head->path = without_query(target);
    bool is_good = target.size > 0 && target.at[0] == '/';
    is_good = is_good || (head_name_is(target, "*") && str_equal(head->method, STR("OPTIONS")));
    is_good = is_good || str_equal(head->method, STR("CONNECT")) || read_absolute(target, &head->path);
    return is_good ? HEAD_GOOD
                   : refuse(head, HEAD_BAD, "target: expected a path, or an address with http://");
}

static enum head_outcome read_request_line(struct head *head, struct str line, bool *is_1_0)
{
    static const char expected[] = "request line: expected METHOD TARGET HTTP/1.1";
    struct str target;
    if (!cut_before(&line, ' ', &head->method) || !is_token(head->method) || !cut_before(&line, ' ', &target))
        return refuse(head, HEAD_BAD, expected);
    bool is_version = line.size == 8 && memcmp(line.at, "HTTP/", 5) == 0 && is_digit(line.at[5]) &&
                      line.at[6] == '.' && is_digit(line.at[7]);
    if (!is_version)
        return refuse(head, HEAD_BAD, expected);
    if (line.at[5] != '1')
        return refuse(head, HEAD_VERSION, "expected HTTP/1.1");
    *is_1_0 = line.at[7] == '0';
    return read_target(head, target);
}

/* --- fields --- */

/* One that has one value: were it there twice, two readers could take one each. */
static bool is_single(struct str name)
{
    static const char *const names[] = {"Host", "Content-Length", "Content-Type", "Authorization"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (head_name_is(name, names[i]))
            return true;
    return begins_with(name, "ce-");
}

static bool is_there(const struct head *head, struct str name)
{
    for (uint32_t i = 0; i < head->field_count; i++)
        if (head->fields[i].name.size == name.size &&
            strncasecmp(head->fields[i].name.at, name.at, name.size) == 0)
            return true;
    return false;
}

static enum head_outcome read_field(struct head *head, struct str line)
{
    struct head_field field;
    if (line.at[0] == ' ' || line.at[0] == '\t')
        return refuse(head, HEAD_BAD, "header: expected no folded lines");
    field.value = line;
    if (!cut_before(&field.value, ':', &field.name) || !is_token(field.name))
        return refuse(head, HEAD_BAD, "header: expected NAME: VALUE, and no blank before the colon");
    field.value = header_trimmed(field.value);
    if (is_single(field.name) && is_there(head, field.name))
        return refuse(
            head, HEAD_BAD,
            "header: expected Host, Content-Length, Content-Type, Authorization and each ce- header once");
    if (head->field_count == HEAD_FIELDS_MAX)
        return refuse(head, HEAD_TOO_LARGE, "header: expected 100 at most");
    head->fields[head->field_count++] = field;
    return HEAD_GOOD;
}

/* --- framing --- */

static enum head_outcome read_length(struct head *head, struct str value)
{
    bool is_beyond = false;
    int64_t length_bytes = 0;
    for (uint32_t i = 0; i < value.size; i++) {
        if (!is_digit(value.at[i]))
            return refuse(head, HEAD_BAD, "Content-Length: expected digits");
        is_beyond |= __builtin_mul_overflow(length_bytes, 10, &length_bytes) ||
                     __builtin_add_overflow(length_bytes, value.at[i] - '0', &length_bytes);
    }
    if (value.size == 0)
        return refuse(head, HEAD_BAD, "Content-Length: expected digits");
    head->length_bytes = is_beyond ? INT64_MAX : length_bytes;
    return HEAD_GOOD;
}

/* All Transfer-Encoding fields are one list; chunked is the one coding that is known, and stands once. */
static enum head_outcome read_codings(struct head *head)
{
    bool is_other = false;
    for (uint32_t i = 0; i < head->field_count; i++) {
        struct str list = head->fields[i].value, name;
        if (!head_name_is(head->fields[i].name, "Transfer-Encoding"))
            continue;
        while (header_next(&list, &name)) {
            bool is_chunked = head_name_is(name, "chunked");
            if (is_chunked && head->is_chunked)
                return refuse(head, HEAD_BAD, "Transfer-Encoding: expected chunked once");
            head->is_chunked |= is_chunked;
            is_other |= !is_chunked;
        }
    }
    if (is_other)
        return refuse(head, HEAD_CODING_UNKNOWN, "Transfer-Encoding: expected chunked, or none");
    return head->is_chunked ? HEAD_GOOD : refuse(head, HEAD_BAD, "Transfer-Encoding: expected chunked");
}

static enum head_outcome read_framing(struct head *head, bool is_1_0)
{
    struct str length = head_value(head, "Content-Length");
    if (head_value(head, "Transfer-Encoding").at == NULL)
        return length.at == NULL ? HEAD_GOOD : read_length(head, length);
    if (length.at != NULL)
        return refuse(head, HEAD_BAD, "Content-Length: expected none beside Transfer-Encoding");
    if (is_1_0)
        return refuse(head, HEAD_BAD, "Transfer-Encoding: expected HTTP/1.1");
    return read_codings(head);
}

static enum head_outcome read_host(struct head *head, bool is_1_0)
{
    struct str host = head_value(head, "Host");
    if (host.at == NULL)
        return is_1_0 ? HEAD_GOOD : refuse(head, HEAD_BAD, "Host: expected one");
    return is_authority(host) ? HEAD_GOOD : refuse(head, HEAD_BAD, "Host: expected a name and a port");
}

/* Whether a field that is a list has the word. */
static bool is_listed(const struct head *head, const char *field, const char *word)
{
    bool is_found = false;
    for (uint32_t i = 0; i < head->field_count; i++) {
        struct str list = head->fields[i].value, name;
        while (head_name_is(head->fields[i].name, field) && header_next(&list, &name))
            is_found |= head_name_is(name, word);
    }
    return is_found;
}

enum head_outcome head_parse(struct str bytes, struct head *out)
{
    bool is_1_0 = false;
    out->field_count = 0;
    out->is_chunked = false;
    out->length_bytes = 0;
    out->why = (struct str){NULL, 0};
    enum head_outcome outcome = read_request_line(out, cut_line(&bytes), &is_1_0);
    for (struct str line = cut_line(&bytes); outcome == HEAD_GOOD && line.size > 0; line = cut_line(&bytes))
        outcome = read_field(out, line);
    if (outcome == HEAD_GOOD)
        outcome = read_host(out, is_1_0);
    if (outcome == HEAD_GOOD)
        outcome = read_framing(out, is_1_0);
    out->is_kept_alive = !is_1_0 && !is_listed(out, "Connection", "close");
    out->is_continue_awaited = !is_1_0 && is_listed(out, "Expect", "100-continue");
    return outcome;
}
