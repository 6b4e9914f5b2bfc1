#include "lib/io/http.h"

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
