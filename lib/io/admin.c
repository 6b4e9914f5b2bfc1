#include "lib/io/admin.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "lib/base/check.h"
#include "lib/io/http.h"

struct admin {
    struct admin_config config;
    struct MHD_Daemon *daemon;
};

static http_result answer_metrics(const struct admin *admin, struct MHD_Connection *connection)
{
    struct packer out = {0};
    metrics_print(admin->config.metrics, admin->config.metric_count, &out);
    http_result result = http_answer(connection, MHD_HTTP_OK, "text/plain; version=0.0.4",
                                     (struct str){out.bytes.at, out.bytes.count}, NULL);
    vec_release(&out.bytes);
    return result;
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **request)
{
    (void)method, (void)version, (void)upload, (void)request;
    const struct admin *admin = context;
    *upload_size = 0;
    if (strcmp(url, "/healthz") == 0)
        return http_answer(connection, MHD_HTTP_OK, "text/plain", STR("ok\n"), NULL);
    if (strcmp(url, "/metrics") == 0)
        return answer_metrics(admin, connection);
    if (strcmp(url, "/readyz") != 0)
        return http_answer(connection, MHD_HTTP_NOT_FOUND, "text/plain", STR("not found\n"), NULL);
    if (atomic_load(admin->config.ready))
        return http_answer(connection, MHD_HTTP_OK, "text/plain", STR("ready\n"), NULL);
    return http_answer(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "text/plain", STR("not ready\n"), NULL);
}

struct admin *admin_start(const struct admin_config *config)
{
    struct sockaddr_in address;
    if (!http_address(config->address, config->port, &address)) {
        errno = EINVAL;
        return NULL;
    }
    struct admin *admin = calloc(1, sizeof *admin);
    CHECK(admin != NULL);
    admin->config = *config;
    admin->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, config->port, NULL, NULL, handle, admin,
                                     MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_CONNECTION_LIMIT, 32u,
                                     MHD_OPTION_CONNECTION_TIMEOUT, 10u, MHD_OPTION_END);
    bool named = config->port_file != NULL && config->port_file[0] != 0;
    if (admin->daemon == NULL || (named && !http_write_port(config->port_file, http_port(admin->daemon)))) {
        admin_stop(admin);
        return NULL;
    }
    return admin;
}

uint16_t admin_port(const struct admin *admin)
{
    return http_port(admin->daemon);
}

void admin_stop(struct admin *admin)
{
    if (admin == NULL)
        return;
    if (admin->daemon != NULL)
        MHD_stop_daemon(admin->daemon);
    free(admin);
}
