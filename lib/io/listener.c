#include "lib/io/listener.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { QUEUE = 511 };

static bool write_port(const char *path, uint16_t port)
{
    char beside[4096];
    if (snprintf(beside, sizeof beside, "%s.new", path) >= (int)sizeof beside) {
        errno = ENAMETOOLONG;
        return false;
    }
    FILE *file = fopen(beside, "we");
    if (file == NULL)
        return false;
    bool written = fprintf(file, "%u\n", port) > 0;
    return fclose(file) == 0 && written && rename(beside, path) == 0;
}

static int listen_on(const struct addrinfo *found)
{
    int yes = 1;
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
        bind(fd, found->ai_addr, found->ai_addrlen) == 0 && listen(fd, QUEUE) == 0)
        return fd;
    int why = errno;
    if (fd >= 0)
        close(fd);
    errno = why;
    return -1;
}

static int open_place(const struct listener_place *place, struct error *error)
{
    struct addrinfo *found, hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    char service[8], name[300];
    snprintf(service, sizeof service, "%u", place->port);
    snprintf(name, sizeof name, "%s:%s", place->address, service);
    int failed = getaddrinfo(place->address, service, &hints, &found);
    if (failed != 0) {
        error_set(error, ERROR_FATAL, place->address,
                  failed == EAI_SYSTEM ? strerror(errno) : gai_strerror(failed));
        return -1;
    }
    int fd = listen_on(found);
    if (fd < 0)
        error_set(error, ERROR_FATAL, name, strerror(errno));
    freeaddrinfo(found);
    return fd;
}

int listener_open(const struct listener_place *place, struct error *error)
{
    int fd = open_place(place, error);
    bool named = place->port_file != NULL && place->port_file[0] != 0;
    if (fd >= 0 && named && !write_port(place->port_file, listener_port(fd))) {
        error_set(error, ERROR_FATAL, place->port_file, strerror(errno));
        close(fd);
        return -1;
    }
    return fd;
}

uint16_t listener_port(int socket)
{
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    } bound = {0};
    socklen_t size = sizeof bound;
    if (getsockname(socket, &bound.any, &size) != 0)
        return 0;
    return ntohs(bound.any.sa_family == AF_INET6 ? bound.in6.sin6_port : bound.in.sin_port);
}
