/* An HL7 v2 message in its usual encoding: segments that end with CR, fields, repetitions, components and
 * subcomponents between the separators that the message itself names (HL7 Version 2.6, chapter 2). Only the
 * form is read here, of any version and any type of message: what a value means is for who asks.
 *
 * Numbers count from 1, as the standard counts: MSH-1 is the field separator, MSH-2 the other separators. An
 * empty field says nothing; "" (hl7_is_null) says that a value is to be removed; neither is zero. */
#ifndef HL7_MESSAGE_H
#define HL7_MESSAGE_H

#include "base/ctx.h"

enum { LIMIT_HL7_BYTES = 1024 * 1024 };

typedef struct Hl7Separators {
    char field, component, repetition, escape, subcomponent;
} Hl7Separators;

typedef struct Hl7Segment {
    const Str *fields; /* fields[0] is the name, fields[n] the field of number n */
    size_t n;
} Hl7Segment;

/* Every Str of it is UTF-8, still escaped, and lies in the text or in the arena. */
typedef struct Hl7Message {
    Hl7Separators separators;
    Hl7Segment *segments; /* the first one is MSH */
    size_t n;
    Str type, event; /* "ORU", "R01" */
    Str control_id;
    Str version; /* "2.6" */
} Hl7Message;

/* ERR_TOO_LARGE over LIMIT_HL7_BYTES; ERR_SYNTAX, with the place ("OBX[3]-5", or the line), where the text is
 * no message: no MSH, separators that cannot be told apart, a segment without a name, a control character,
 * bytes that are not in the character set of MSH-18, no type, control id or version. LF and CRLF end a
 * segment too. Character sets: ASCII (which is also what an empty MSH-18 means; UTF-8 is let through there),
 * UNICODE UTF-8 and 8859/1; ERR_MEDIA for another one. The text must outlive the message. */
MUST_USE Err hl7_read(Ctx *c, Str text, Hl7Message *ret_message);

/* Each absent where there is none. A field without repetitions is its own first one, and so on down. */
Str hl7_field(const Hl7Segment *segment, size_t number);
Str hl7_repetition(const Hl7Message *message, Str field, size_t number);
Str hl7_component(const Hl7Message *message, Str repetition, size_t number);
Str hl7_subcomponent(const Hl7Message *message, Str component, size_t number);
static inline bool hl7_is_null(Str value)
{
    return str_is(value, "\"\"");
}

/* The text that a value stands for, without its escapes: those of the separators, bytes (\X..\), line feeds
 * (\.br\), and marks of emphasis, which are dropped. False where there is another one, or the result is not
 * UTF-8: such a value is not guessed at. */
bool hl7_text(Arena *a, const Hl7Message *message, Str value, Str *ret_text);
/* The other way: a text as it stands in a message with these separators. A control character becomes \X..\.
 */
Str hl7_escape(Arena *a, const Hl7Separators *separators, Str text);

typedef enum Hl7Answer {
    HL7_ACCEPTED, /* AA: it is stored */
    HL7_FAILED,   /* AE: not now, or this server failed: send it again */
    HL7_REFUSED,  /* AR: it will not be taken as it is */
} Hl7Answer;

/* An acknowledgement, named id, of a message; NULL where what came could not be read, so that its sender
 * cannot be named. text, for a person, says why and is absent with HL7_ACCEPTED. */
Str hl7_acknowledge(Arena *a, const Hl7Message *message, Hl7Answer answer, Str text, Str id, int64_t now_us);

#endif
