#include "lib/io/admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/check.h"
#include "lib/base/time.h"
#include "lib/io/http.h"
#include "lib/io/listener.h"

enum { CONNECTIONS = 32, IDLE_S = 10 };

struct admin {
    struct admin_config config;
    uint16_t port;
    struct MHD_Daemon *daemon;
};

static http_result answer_text(struct MHD_Connection *connection, unsigned status, const char *text)
{
    return http_answer(connection, status, "text/plain", str_of(text), NULL);
}

static http_result answer_metrics(const struct admin *admin, struct MHD_Connection *connection)
{
    struct packer out = {0};
    metrics_print(admin->config.metrics, admin->config.readiness, &out);
    http_result result = http_answer(connection, MHD_HTTP_OK, "text/plain; version=0.0.4",
                                     (struct str){out.bytes.at, out.bytes.count}, NULL);
    vec_release(&out.bytes);
    return result;
}

static http_result answer_readiness(const struct admin *admin, struct MHD_Connection *connection)
{
    struct readiness_view view = {.ready = true};
    char since[TIME_TEXT_SIZE], text[READINESS_WHY_BYTES + 64];
    if (admin->config.readiness != NULL)
        readiness_view(admin->config.readiness, &view);
    if (view.ready)
        return answer_text(connection, MHD_HTTP_OK, "ready\n");
    time_print(time_second(view.since_us), since);
    snprintf(text, sizeof text, "not ready: %s (since %s)\n", view.why, since);
    return answer_text(connection, MHD_HTTP_SERVICE_UNAVAILABLE, text);
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **request)
{
    (void)method, (void)version, (void)upload, (void)request;
    const struct admin *admin = context;
    *upload_size = 0;
    if (strcmp(url, "/healthz") == 0)
        return answer_text(connection, MHD_HTTP_OK, "ok\n");
    if (strcmp(url, "/metrics") == 0)
        return answer_metrics(admin, connection);
    if (strcmp(url, "/readyz") == 0)
        return answer_readiness(admin, connection);
    return answer_text(connection, MHD_HTTP_NOT_FOUND, "expected /healthz, /readyz or /metrics\n");
}

struct admin *admin_start(const struct admin_config *config, struct error *error)
{
    int listening =
        listener_open(&(struct listener_place){config->address, config->port, config->port_file}, error);
    if (listening < 0)
        return NULL;
    struct admin *admin = calloc(1, sizeof *admin);
    CHECK(admin != NULL);
    admin->config = *config;
    admin->port = listener_port(listening);
    admin->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, handle, admin,
                                     MHD_OPTION_LISTEN_SOCKET, listening, MHD_OPTION_CONNECTION_LIMIT,
                                     (unsigned)CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S,
                                     MHD_OPTION_END);
    if (admin->daemon != NULL)
        return admin;
    error_set(error, ERROR_FATAL, config->address, "the HTTP server does not start");
    close(listening);
    admin_stop(admin);
    return NULL;
}

uint16_t admin_port(const struct admin *admin)
{
    return admin->port;
}

void admin_stop(struct admin *admin)
{
    if (admin == NULL)
        return;
    if (admin->daemon != NULL)
        MHD_stop_daemon(admin->daemon);
    free(admin);
}
