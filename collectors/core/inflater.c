#include "collectors/core/inflater.h"

#include "lib/base/check.h"

#define ZLIB_CONST
#include <zlib.h>

enum {
    GZIP_ALONE = 16,      /* zlib's flag: neither its own format nor a raw one */
    GZIP_FIRST = 0x1f,    /* of a member's bytes */
    GZIP_WINDOW_BITS = 15 /* any that gzip can have */
};

struct inflater {
    z_stream stream;
    bool inside; /* of a member */
    bool whole;  /* one member at least has ended */
};

struct inflater *inflater_new(void)
{
    struct inflater *inflater = calloc(1, sizeof *inflater);
    CHECK(inflater != NULL);
    CHECK(inflateInit2(&inflater->stream, GZIP_WINDOW_BITS + GZIP_ALONE) == Z_OK);
    return inflater;
}

void inflater_free(struct inflater *inflater)
{
    if (inflater == NULL)
        return;
    inflateEnd(&inflater->stream);
    free(inflater);
}

static enum inflater_outcome begin_member(struct inflater *inflater)
{
    if (inflater->whole && *inflater->stream.next_in != GZIP_FIRST)
        return INFLATER_TRAILING;
    CHECK(inflateReset(&inflater->stream) == Z_OK);
    inflater->inside = true;
    return INFLATER_GOOD;
}

/* Until the piece is used up, or the room. */
static enum inflater_outcome run(struct inflater *inflater)
{
    z_stream *stream = &inflater->stream;
    do {
        if (!inflater->inside && stream->avail_in == 0)
            return INFLATER_GOOD;
        if (!inflater->inside && begin_member(inflater) != INFLATER_GOOD)
            return INFLATER_TRAILING;
        int status = inflate(stream, Z_NO_FLUSH);
        CHECK(status != Z_MEM_ERROR && status != Z_STREAM_ERROR);
        if (status == Z_DATA_ERROR || status == Z_NEED_DICT)
            return INFLATER_CORRUPT;
        if (status == Z_STREAM_END) {
            inflater->inside = false;
            inflater->whole = true;
        }
    } while (stream->avail_in > 0 && stream->avail_out > 0);
    return INFLATER_GOOD;
}

enum inflater_outcome inflater_take(struct inflater *inflater, struct str *piece, char *out, uint32_t *size)
{
    z_stream *stream = &inflater->stream;
    stream->next_in = (const Bytef *)piece->at;
    stream->avail_in = piece->size;
    stream->next_out = (Bytef *)out;
    stream->avail_out = *size;
    enum inflater_outcome outcome = run(inflater);
    *piece = (struct str){(const char *)stream->next_in, stream->avail_in};
    *size -= stream->avail_out;
    return outcome;
}

enum inflater_outcome inflater_end(const struct inflater *inflater)
{
    return inflater->whole && !inflater->inside ? INFLATER_GOOD : INFLATER_TRUNCATED;
}
