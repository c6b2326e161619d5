/* A stream of MLLP: the same messages come out however the stream is cut (the first byte says how), and each
 * can be framed and read again. */
#include "hl7/mllp.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { CEILING = 64, ARENA = 64 * 1024 * 1024 };

/* What a reader told, as text: an event a line. */
static void read_piece(MllpReader *reader, Str piece, Buf *told)
{
    Str message;
    for (;;) {
        size_t before = piece.n;
        MllpEvent event = mllp_read(reader, &piece, &message);
        assert(event == MLLP_MORE ? piece.n == 0 : piece.n < before);
        if (event == MLLP_MORE)
            return;
        buf_fmt(told, "%d ", event);
        if (event == MLLP_MESSAGE) {
            assert(message.n <= CEILING);
            buf_add(told, message);
        }
        buf_char(told, '\n');
    }
}

static Str read_all(Arena *a, Str stream, size_t piece)
{
    MllpReader reader = mllp_reader(a, CEILING);
    Buf told = buf_make(a, ARENA);
    for (size_t at = 0; at < stream.n; at += piece)
        read_piece(&reader, str_slice(stream, at, at + piece), &told);
    buf_fmt(&told, "%d %zu", reader.inside, reader.outside_bytes);
    return buf_str(&told);
}

static void frame_and_read(Arena *a, Str message)
{
    Str frame = mllp_frame(a, message), got;
    if (!frame.p)
        return;
    MllpReader reader = mllp_reader(a, ARENA);
    assert(mllp_read(&reader, &frame, &got) == MLLP_MESSAGE && str_eq(got, message));
    assert(mllp_read(&reader, &frame, &got) == MLLP_MORE && reader.outside_bytes == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (!n)
        return 0;
    AUTO(arena_done) Arena *a = arena_create(ARENA);
    Str stream = { (const char *)data + 1, n - 1 };
    assert(str_eq(read_all(a, stream, (size_t)data[0] % 16 + 1), read_all(a, stream, stream.n + 1)));
    frame_and_read(a, stream);
    return 0;
}
