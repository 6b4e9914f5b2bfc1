#include "collectors/settings.h"

#include "lib/run/program.h"
#include "lib/run/value_checks.h"

static struct live_options live;
static struct file_source_options file;
static const char *path;
static int64_t port;

static const struct option_row rows[] = {
    {"kafka", OPTION_TEXT, &live.kafka, NULL, 0, 0, "bootstrap servers, HOST:PORT,...", .value = "SERVERS",
     .check = check_servers},
    {"prefix", OPTION_TEXT, &live.sender.prefix, "", 0, 0, "before each topic's name", .check = check_prefix},
    {"http-address", OPTION_TEXT, &live.http.address, "127.0.0.1", 0, 0, "where POST /v1/events listens",
     .value = "ADDRESS", .check = check_address},
    {"http-port", OPTION_NUMBER, &port, "8080", 0, 65535, "its port; 0: any free one", .value = "PORT"},
    {"http-port-file", OPTION_TEXT, &live.http.port_file, "", 0, 0, "the port is written there",
     .value = "FILE", .check = check_output_file},
    {"token-file", OPTION_TEXT, &live.http.token_file, "", 0, 0,
     "bearer tokens, one a line; none: all may send", .value = "FILE", .check = check_input_file},
    {"body-bytes", OPTION_NUMBER, &live.http.body_bytes, "4194304", 1024, 1 << 30,
     "of one request; more is 413"},
    {"batch-events", OPTION_NUMBER, &live.http.batch_events, "50000", 1, 1 << 30,
     "of one request; more is 413"},
    {"held-bytes", OPTION_NUMBER, &live.http.held_bytes, "134217728", 1024, INT64_MAX,
     "of all requests that Kafka has not yet; more is 503"},
    {"connections", OPTION_NUMBER, &live.http.connections, "800", 1, 100000, "at most at once"},
    {"address-connections", OPTION_NUMBER, &live.http.address_connections, "0", 0, 100000,
     "of them from one address; 0: a quarter"},
    {"request-ms", OPTION_NUMBER, &live.http.request_ms, "10000", 100, 600000,
     "a request must have come by then"},
    {"linger-ms", OPTION_NUMBER, &live.sender.linger_ms, "50", 0, 10000, "how long records wait for others"},
    {"answer-ms", OPTION_NUMBER, &live.sender.answer_ms, "10000", 100, 600000,
     "then a request is answered 503"},
    {"file", OPTION_TEXT, &path, "", 0, 0,
     "instead of HTTP: a file of events, in simulated time; - is standard input", .value = "FILE",
     .check = check_input_file},
    {"until", OPTION_TEXT, &file.until, "", 0, 0, "of a file, TIME: things that run are billed up to it",
     .value = "TIME", .check = check_time},
    {"until-file", OPTION_TEXT, &file.until_file, "", 0, 0,
     "the TIME that was used is written there, in seconds", .value = "FILE", .check = check_output_file},
    {"whole-hours", OPTION_SWITCH, &file.whole_hours, "false", 0, 0, "refuse a TIME that is no whole hour"},
};

static const struct option_page page = {
    .name = "hourglass-collector",
    .summary = "Turns events into usage records on Kafka.",
    .example = "  hourglass-collector --kafka k1:9092,k2:9092 --http-address 0.0.0.0 --token-file tokens\n",
    .rows = rows,
    .count = sizeof rows / sizeof *rows,
};

int settings_read(struct settings *settings, int count, char **arguments)
{
    int status = program_begin(&page, count, arguments);
    live.http.port = (uint16_t)port;
    live.sender.feed = STR("http");
    if (status == OPTIONS_GO && path[0] != 0) {
        file.kafka = live.kafka;
        file.prefix = live.sender.prefix;
        file.files = &path;
        file.file_count = 1;
    }
    *settings = (struct settings){live, file};
    return status;
}
