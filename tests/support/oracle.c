#include "tests/support/oracle.h"

#include <avro.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/check.h"
#include "lib/codec/wire.h"

enum { SCHEMA_MAX = 1 << 16, MESSAGE_MAX = 1 << 22, STEP_MAX = 64, PATH = 200 };

struct oracle {
    avro_schema_t schema;
    avro_value_iface_t *interface;
    avro_value_t value;
    char header[WIRE_HEADER_SIZE];
    char *room;
};

struct oracle *oracle_new(const char *name)
{
    struct oracle *oracle = calloc(1, sizeof *oracle);
    char path[200], *text = malloc(SCHEMA_MAX);
    CHECK(oracle != NULL && text != NULL);
    snprintf(path, sizeof path, "schemas/%s.avsc", name);
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL);
    size_t size = fread(text, 1, SCHEMA_MAX, file);
    fclose(file);
    CHECK(avro_schema_from_json_length(text, size, &oracle->schema) == 0);
    free(text);
    oracle->interface = avro_generic_class_from_schema(oracle->schema);
    CHECK(avro_generic_value_new(oracle->interface, &oracle->value) == 0);
    oracle->room = malloc(MESSAGE_MAX);
    CHECK(oracle->room != NULL);
    return oracle;
}

void oracle_free(struct oracle *oracle)
{
    avro_value_decref(&oracle->value);
    avro_value_iface_decref(oracle->interface);
    avro_schema_decref(oracle->schema);
    free(oracle->room);
    free(oracle);
}

bool oracle_read(struct oracle *oracle, struct str message)
{
    CHECK(message.size >= WIRE_HEADER_SIZE);
    memcpy(oracle->header, message.at, WIRE_HEADER_SIZE);
    avro_value_reset(&oracle->value);
    avro_reader_t reader =
        avro_reader_memory(message.at + WIRE_HEADER_SIZE, (int64_t)message.size - WIRE_HEADER_SIZE);
    char left;
    bool read = avro_value_read(reader, &oracle->value) == 0 && avro_read(reader, &left, 1) != 0;
    avro_reader_free(reader);
    return read;
}

void oracle_write(struct oracle *oracle, struct packer *out)
{
    avro_writer_t writer = avro_writer_memory(oracle->room, MESSAGE_MAX);
    CHECK(avro_value_write(writer, &oracle->value) == 0);
    pack_raw(out, oracle->header, WIRE_HEADER_SIZE);
    pack_raw(out, oracle->room, (size_t)avro_writer_tell(writer));
    avro_writer_free(writer);
}

/* One step down from *at; false: there is nothing of that name. */
static bool step_down(avro_value_t *at, const char *step)
{
    avro_value_t child;
    switch ((int)avro_value_get_type(at)) {
    case AVRO_RECORD:
        if (avro_value_get_by_name(at, step, &child, NULL) != 0)
            return false;
        break;
    case AVRO_ARRAY:
        if (avro_value_get_by_index(at, strtoul(step, NULL, 10), &child, NULL) != 0)
            return false;
        break;
    case AVRO_UNION:
        if (avro_value_get_current_branch(at, &child) != 0 ||
            strcmp(avro_schema_type_name(avro_value_get_schema(&child)), step) != 0)
            return false;
        break;
    default:
        return false;
    }
    *at = child;
    return true;
}

static bool walk(const struct oracle *oracle, const char *path, avro_value_t *at)
{
    *at = oracle->value;
    while (*path != '\0') {
        char step[STEP_MAX];
        size_t size = strcspn(path, "/");
        CHECK(size < STEP_MAX);
        memcpy(step, path, size);
        step[size] = '\0';
        if (!step_down(at, step))
            return false;
        path += size + (path[size] == '/');
    }
    return true;
}

static bool find_long(const struct oracle *oracle, const char *path, int64_t *out)
{
    avro_value_t at;
    int small = 0;
    if (!walk(oracle, path, &at))
        return false;
    switch ((int)avro_value_get_type(&at)) {
    case AVRO_INT64:
        return avro_value_get_long(&at, out) == 0;
    case AVRO_INT32:
        avro_value_get_int(&at, &small);
        break;
    case AVRO_BOOLEAN:
        avro_value_get_boolean(&at, &small);
        break;
    default:
        return false;
    }
    *out = small;
    return true;
}

static bool find_bytes(const struct oracle *oracle, const char *path, struct str *out)
{
    avro_value_t at;
    const void *bytes = NULL;
    const char *text = NULL;
    size_t size = 0;
    int symbol = 0;
    if (!walk(oracle, path, &at))
        return false;
    switch ((int)avro_value_get_type(&at)) {
    case AVRO_STRING:
        avro_value_get_string(&at, &text, &size);
        *out = (struct str){text, (uint32_t)size - 1}; /* it counts the NUL */
        return true;
    case AVRO_ENUM:
        avro_value_get_enum(&at, &symbol);
        *out = str_of(avro_schema_enum_get(avro_value_get_schema(&at), symbol));
        return true;
    case AVRO_BYTES:
        avro_value_get_bytes(&at, &bytes, &size);
        break;
    case AVRO_FIXED:
        avro_value_get_fixed(&at, &bytes, &size);
        break;
    default:
        return false;
    }
    *out = (struct str){bytes, (uint32_t)size};
    return true;
}

void oracle_expect_long(struct oracle *oracle, const char *at, const char *name, int64_t value)
{
    char path[PATH];
    int64_t found;
    snprintf(path, sizeof path, "%s%s", at, name);
    if (find_long(oracle, path, &found) && found == value)
        return;
    fprintf(stderr, "%s is not %lld\n", path, (long long)value);
    abort();
}

void oracle_expect_bytes(struct oracle *oracle, const char *at, const char *name, struct str value)
{
    char path[PATH];
    struct str found;
    snprintf(path, sizeof path, "%s%s", at, name);
    if (find_bytes(oracle, path, &found) && str_equal(found, value))
        return;
    fprintf(stderr, "%s is not \"%.*s\"\n", path, STR_ARG(value));
    abort();
}

void oracle_expect_whole(struct oracle *oracle, const char *at, const char *name, unsigned __int128 value)
{
    char path[PATH];
    int64_t low, high;
    snprintf(path, sizeof path, "%s%s/low", at, name);
    bool found = find_long(oracle, path, &low);
    snprintf(path, sizeof path, "%s%s/high", at, name);
    if (found && find_long(oracle, path, &high) && low >= 0 && high >= 0 &&
        ((unsigned __int128)high << 63) + (unsigned __int128)low == value)
        return;
    fprintf(stderr, "%s%s is another number\n", at, name);
    abort();
}

void oracle_expect_number(struct oracle *oracle, const char *at, const char *name, struct str value)
{
    char path[PATH];
    int64_t number;
    snprintf(path, sizeof path, "%s%s", at, name);
    if (!find_long(oracle, path, &number) || (number == 0) != (value.size == 0)) {
        fprintf(stderr, "%s is no number of \"%.*s\"\n", path, STR_ARG(value));
        abort();
    }
    if (number == 0)
        return;
    snprintf(path, sizeof path, "names/%lld", (long long)number - 1);
    oracle_expect_bytes(oracle, path, "", value);
}
