#include "lib/port/error.h"

#include <stdio.h>

enum error_class error_set(struct error *error, enum error_class class, const char *what, const char *why)
{
    error->class = class;
    snprintf(error->text, sizeof error->text, "%s: %s", what, why);
    for (char *c = error->text; *c != 0; c++)
        if (*c == '\n')
            *c = ' ';
    return class;
}
