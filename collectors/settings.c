#include "collectors/settings.h"

#include "lib/io/options.h"

static struct live_options live;
static struct file_source_options file;
static const char *path;
static int64_t port;
static bool log_json;

static const struct option_row rows[] = {
    {"kafka", OPTION_TEXT, &live.kafka, NULL, 0, 0, "bootstrap servers, HOST:PORT,..."},
    {"prefix", OPTION_TEXT, &live.sender.prefix, "", 0, 0, "before each topic's name"},
    {"http-address", OPTION_TEXT, &live.http.address, "127.0.0.1", 0, 0, "where POST /v1/events listens"},
    {"http-port", OPTION_NUMBER, &port, "8080", 0, 65535, "its port; 0: any free one"},
    {"http-port-file", OPTION_TEXT, &live.http.port_file, "", 0, 0, "the port is written there"},
    {"token-file", OPTION_TEXT, &live.http.token_file, "", 0, 0,
     "bearer tokens, one a line; none: all may send"},
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
     "instead of HTTP: a file of events, in simulated time; - is standard input"},
    {"until", OPTION_TEXT, &file.until, "", 0, 0, "of a file, TIME: things that run are billed up to it"},
    {"until-file", OPTION_TEXT, &file.until_file, "", 0, 0,
     "the TIME that was used is written there, in seconds"},
    {"whole-hours", OPTION_SWITCH, &file.whole_hours, "false", 0, 0, "refuse a TIME that is no whole hour"},
    {"admin-address", OPTION_TEXT, &live.admin_address, "127.0.0.1", 0, 0,
     "where /healthz, /readyz, /metrics listen"},
    {"admin-port", OPTION_NUMBER, &live.admin_port, "0", 0, 65535, "their port; 0: any free one"},
    {"admin-port-file", OPTION_TEXT, &live.admin_port_file, "", 0, 0, "the port is written there"},
    {"log-json", OPTION_SWITCH, &log_json, "false", 0, 0, "JSON lines instead of logfmt"},
};

int settings_read(struct settings *settings, int count, char **arguments)
{
    int status = options_read("hourglass-collector", "Turns events into usage records on Kafka.", rows,
                              sizeof rows / sizeof *rows, count, arguments);
    live.http.port = (uint16_t)port;
    live.sender.feed = STR("http");
    if (status == OPTIONS_GO && path[0] != 0) {
        file.kafka = live.kafka;
        file.prefix = live.sender.prefix;
        file.files = &path;
        file.file_count = 1;
    }
    *settings = (struct settings){live, file, log_json};
    return status;
}
