/* MLLP, HL7's Minimal Lower Layer Protocol, which frames messages on a stream: <VT> message <FS> <CR> (HL7
 * Transport Specification: MLLP, Release 1). Pure: whoever has the socket passes what came, however it was
 * cut. */
#ifndef HL7_MLLP_H
#define HL7_MLLP_H

#include "base/buf.h"

typedef enum MllpEvent {
    MLLP_MORE,     /* the bytes are used up */
    MLLP_MESSAGE,  /* a whole message */
    MLLP_CUT_OFF,  /* a message ended where another one started: it is lost, and its sender must hear so */
    MLLP_TOO_LONG, /* a message ended that was longer than the ceiling: lost likewise */
} MllpEvent;

typedef struct MllpReader {
    Buf message; /* of the message under way, or of the last one until the next one starts */
    bool inside;
    size_t outside_bytes; /* that belonged to no message: a sender that does not frame is not passed over */
} MllpReader;

/* The reader's buffer is a's, grows to the ceiling at most and is used again for each message. */
MllpReader mllp_reader(Arena *a, size_t ceiling_bytes);
/* Reads on in *bytes and leaves what is not read yet. *ret_message is set with MLLP_MESSAGE and borrowed
 * until the next call. A connection that ends while reader->inside has lost a message. */
MllpEvent mllp_read(MllpReader *reader, Str *bytes, Str *ret_message);

/* Absent where the message holds a byte that ends or starts a frame. */
Str mllp_frame(Arena *a, Str message);

#endif
