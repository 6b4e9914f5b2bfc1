/* How the environment failed, for Kafka and PostgreSQL alike: what recovery switches on (STYLE, rule 7).
 *
 * A function that can fail returns the class and fills the error with it; ERROR_NONE leaves the error as it
 * was. Nobody logs below the place that decides. */
#pragma once

enum error_class {
    ERROR_NONE,
    ERROR_RETRY, /* call again */
    ERROR_ABORT, /* the handle is dead: discard it, and begin again from what is durable */
    ERROR_FATAL, /* waiting does not heal it: an operator must act, and the text says how */
};

struct error {
    enum error_class class;
    char text[400]; /* one line */
};

/* Fills *error with the class and "what: why"; line ends become blanks. Returns the class. */
enum error_class error_set(struct error *error, enum error_class class, const char *what, const char *why);
