#include "lib/io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

enum { PIECE_BYTES = 1 << 20 };

static int open_input(const char *path)
{
    return strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
}

static ssize_t read_some(int fd, void *at, size_t size)
{
    for (;;) {
        ssize_t got = read(fd, at, size);
        if (got >= 0 || errno != EINTR)
            return got;
    }
}

/* Reads up to PIECE_BYTES more into the buffer. > 0: bytes; 0: the end; < 0: errno. */
static ssize_t read_more(int fd, struct packer *buffer)
{
    vec_reserve(&buffer->bytes, buffer->bytes.count + PIECE_BYTES);
    ssize_t got = read_some(fd, buffer->bytes.at + buffer->bytes.count, PIECE_BYTES);
    if (got > 0)
        buffer->bytes.count += (uint32_t)got;
    return got;
}

bool file_read(const char *path, size_t limit_bytes, struct packer *out)
{
    int fd = open_input(path);
    if (fd < 0)
        return false;
    ssize_t got;
    while ((got = read_more(fd, out)) > 0 && out->bytes.count <= limit_bytes)
        ;
    int error = got < 0 ? errno : out->bytes.count > limit_bytes ? EFBIG : 0;
    close(fd);
    errno = error;
    return error == 0;
}

bool file_pieces_open(struct file_pieces *pieces, const char *path)
{
    *pieces = (struct file_pieces){.fd = open_input(path)};
    return pieces->fd >= 0;
}

/* Lets go of what was handed out; what remains begins the buffer. */
static void drop_given(struct file_pieces *pieces)
{
    struct packer *buffer = &pieces->buffer;
    if (pieces->given > 0)
        memmove(buffer->bytes.at, buffer->bytes.at + pieces->given, buffer->bytes.count - pieces->given);
    buffer->bytes.count -= (uint32_t)pieces->given;
    pieces->given = 0;
}

bool file_pieces_next(struct file_pieces *pieces, struct str *piece)
{
    struct packer *buffer = &pieces->buffer;
    drop_given(pieces);
    while (!pieces->ended) {
        uint32_t before = buffer->bytes.count;
        ssize_t got = read_more(pieces->fd, buffer);
        pieces->failed = got < 0;
        pieces->error = got < 0 ? errno : 0;
        pieces->ended = got <= 0;
        if (pieces->failed)
            return false;
        const char *end = got == 0 ? NULL : memrchr(buffer->bytes.at + before, '\n', (size_t)got);
        if (end == NULL)
            continue;
        pieces->given = (size_t)(end - buffer->bytes.at) + 1;
        *piece = (struct str){buffer->bytes.at, (uint32_t)pieces->given};
        return true;
    }
    pieces->given = buffer->bytes.count;
    *piece = (struct str){buffer->bytes.at, buffer->bytes.count};
    return buffer->bytes.count > 0;
}

void file_pieces_close(struct file_pieces *pieces)
{
    close(pieces->fd);
    vec_release(&pieces->buffer.bytes);
}

bool file_write_all(int fd, const void *at, size_t size)
{
    const char *from = at;
    while (size > 0) {
        ssize_t written = write(fd, from, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        from += written;
        size -= (size_t)written;
    }
    return true;
}

bool file_write_following(int fd, const void *at, size_t size)
{
    struct pollfd reader = {.fd = fd}; /* POLLERR is told unasked */
    if (!file_write_all(fd, at, size))
        return false;
    if (poll(&reader, 1, 0) <= 0 || (reader.revents & POLLERR) == 0)
        return true;
    errno = EPIPE;
    return false;
}
