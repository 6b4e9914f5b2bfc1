#include "lib/io/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stddef.h>

bool address_find(const char *text, struct in_addr *out)
{
    if (inet_pton(AF_INET, text, out) == 1)
        return true;
    struct addrinfo wanted = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found = NULL;
    if (getaddrinfo(text, NULL, &wanted, &found) != 0)
        return false;
    *out = ((struct sockaddr_in *)(void *)found->ai_addr)->sin_addr;
    freeaddrinfo(found);
    return true;
}
