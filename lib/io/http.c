#include "lib/io/http.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "lib/io/address.h"

http_result http_answer(struct MHD_Connection *connection, unsigned status, const char *content_type,
                        struct str body, const struct http_header *headers)
{
    union {
        const char *given;
        void *body;
    } unqualified = {.given = body.at}; /* MHD copies it and takes no const */
    struct MHD_Response *response =
        MHD_create_response_from_buffer(body.size, unqualified.body, MHD_RESPMEM_MUST_COPY);
    if (response == NULL)
        return MHD_NO;
    if (content_type != NULL)
        MHD_add_response_header(response, "Content-Type", content_type);
    for (; headers != NULL && headers->name != NULL; headers++)
        MHD_add_response_header(response, headers->name, headers->value);
    http_result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

bool http_write_port(const char *path, uint16_t port)
{
    char beside[4096];
    if (snprintf(beside, sizeof beside, "%s.new", path) >= (int)sizeof beside)
        return false;
    FILE *file = fopen(beside, "w");
    if (file == NULL)
        return false;
    bool written = fprintf(file, "%u\n", port) > 0;
    return fclose(file) == 0 && written && rename(beside, path) == 0;
}

uint16_t http_port(struct MHD_Daemon *daemon)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
    return info == NULL ? 0 : info->port;
}

bool http_address(const char *address, uint16_t port, struct sockaddr_in *out)
{
    memset(out, 0, sizeof *out);
    out->sin_family = AF_INET;
    out->sin_port = htons(port);
    return address_find(address, &out->sin_addr);
}
