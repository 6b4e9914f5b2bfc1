/* Addresses as options name them: an IPv4 address, or a name that has one. */
#pragma once

#include <stdbool.h>

struct in_addr;

/* Asks the resolver where it is no address. False: there is none. */
__attribute__((warn_unused_result)) bool address_find(const char *text, struct in_addr *out);
