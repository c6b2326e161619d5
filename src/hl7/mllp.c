#include "hl7/mllp.h"

enum { START = 0x0B, END = 0x1C };

MllpReader mllp_reader(Arena *a, size_t ceiling_bytes)
{
    return (MllpReader){ .message = buf_make(a, ceiling_bytes) };
}

static void start(MllpReader *reader)
{
    reader->inside = true;
    reader->message.n = 0;
    reader->message.overflowed = false;
}

static MllpEvent end(MllpReader *reader, Str *ret_message)
{
    reader->inside = false;
    if (buf_overflowed(&reader->message))
        return MLLP_TOO_LONG;
    *ret_message = buf_str(&reader->message);
    return MLLP_MESSAGE;
}

/* The CR after an END is not waited for: some senders leave it out, and the message is whole without it. */
static bool is_between(char x)
{
    return x == '\r' || x == '\n';
}

MllpEvent mllp_read(MllpReader *reader, Str *bytes, Str *ret_message)
{
    while (bytes->n) {
        char x = bytes->p[0];
        *bytes = str_slice(*bytes, 1, bytes->n);
        if (x == START) {
            bool cut_off = reader->inside;
            start(reader);
            if (cut_off)
                return MLLP_CUT_OFF;
        } else if (!reader->inside) {
            reader->outside_bytes += !is_between(x);
        } else if (x == END) {
            return end(reader, ret_message);
        } else {
            buf_char(&reader->message, x);
        }
    }
    return MLLP_MORE;
}

Str mllp_frame(Arena *a, Str message)
{
    if (str_find(message, START) < message.n || str_find(message, END) < message.n)
        return STR_NONE;
    Buf b = buf_make(a, message.n + 3);
    buf_char(&b, START);
    buf_add(&b, message);
    buf_char(&b, END);
    buf_char(&b, '\r');
    return buf_str(&b);
}
