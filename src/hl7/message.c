#include "hl7/message.h"

#include "base/buf.h"
#include "base/time.h"

#include <ctype.h>

/* ---- character sets ---- */

typedef enum Charset {
    CHARSET_ASCII,
    CHARSET_UTF8,
    CHARSET_LATIN1,
    CHARSET_OTHER,
} Charset;

/* HL7 table 0211. */
static Charset charset_of(Str name)
{
    static const struct {
        const char *name;
        Charset charset;
    } known[] = {
        { "", CHARSET_ASCII },     { "ASCII", CHARSET_ASCII },   { "UNICODE UTF-8", CHARSET_UTF8 },
        { "UTF-8", CHARSET_UTF8 }, { "8859/1", CHARSET_LATIN1 },
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (str_is(name, known[i].name))
            return known[i].charset;
    return CHARSET_OTHER;
}

static Str from_latin1(Arena *a, Str s)
{
    char *p = arena_new(a, char, s.n * 2 + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char x = (unsigned char)s.p[i];
        if (x < 0x80) {
            p[n++] = s.p[i];
        } else {
            p[n++] = (char)(0xC0 | x >> 6);
            p[n++] = (char)(0x80 | (x & 0x3F));
        }
    }
    return (Str){ p, n };
}

/* ---- cutting ---- */

/* The number-th part of s; absent past the last one. */
static Str part_of(Str s, char separator, size_t number)
{
    Str rest = s;
    while (rest.p && number > 1) {
        (void)str_cut(rest, separator, &rest);
        number--;
    }
    return rest.p && number ? str_cut(rest, separator, &rest) : STR_NONE;
}

Str hl7_field(const Hl7Segment *segment, size_t number)
{
    return number < segment->n ? segment->fields[number] : STR_NONE;
}

Str hl7_repetition(const Hl7Message *message, Str field, size_t number)
{
    return part_of(field, message->separators.repetition, number);
}

Str hl7_component(const Hl7Message *message, Str repetition, size_t number)
{
    return part_of(repetition, message->separators.component, number);
}

Str hl7_subcomponent(const Hl7Message *message, Str component, size_t number)
{
    return part_of(component, message->separators.subcomponent, number);
}

/* ---- reading ---- */

static bool is_separator(char x)
{
    return x > ' ' && x < 0x7F && !isalnum((unsigned char)x) && x != '"';
}

/* MSH-1 and MSH-2. A fifth character of MSH-2 (the truncation of version 2.7) is let through. */
static Err read_separators(Ctx *c, Str line, Hl7Separators *ret)
{
    if (!str_starts(line, S("MSH")))
        return problem(c, ERR_SYNTAX, S("MSH"), "a message starts with its MSH segment");
    if (line.n < 4 || !is_separator(line.p[3]))
        return problem(c, ERR_SYNTAX, S("MSH-1"), "there is no field separator");
    Str others = str_slice(line, 4, line.n);
    others = str_slice(others, 0, str_find(others, line.p[3]));
    if (others.n < 4 || others.n > 5)
        return problem(c, ERR_SYNTAX, S("MSH-2"), "four separators are expected");
    for (size_t i = 0; i < others.n; i++)
        if (!is_separator(others.p[i]) || str_find(others, others.p[i]) < i)
            return problem(c, ERR_SYNTAX, S("MSH-2"), "the separators cannot be told apart");
    *ret = (Hl7Separators){ line.p[3], others.p[0], others.p[1], others.p[2], others.p[3] };
    return OK;
}

static bool is_name(Str s)
{
    bool good = s.n == 3 && s.p[0] >= 'A' && s.p[0] <= 'Z';
    for (size_t i = 1; good && i < 3; i++)
        good = (s.p[i] >= 'A' && s.p[i] <= 'Z') || (s.p[i] >= '0' && s.p[i] <= '9');
    return good;
}

/* "OBX[3]-5": the field of the third OBX. */
static Str place_of(Ctx *c, const Hl7Message *m, const Hl7Segment *segment, size_t number)
{
    size_t nth = 1;
    for (const Hl7Segment *before = m->segments; before < segment; before++)
        nth += str_eq(before->fields[0], segment->fields[0]);
    return arena_fmt(c->arena, "%.*s[%zu]-%zu", STR_ARG(segment->fields[0]), nth, number);
}

static Err check_characters(Ctx *c, const Hl7Message *m, const Hl7Segment *segment)
{
    for (size_t i = 0; i < segment->n; i++)
        for (size_t at = 0; at < segment->fields[i].n; at++) {
            unsigned char x = (unsigned char)segment->fields[i].p[at];
            if ((x < ' ' && x != '\t') || x == 0x7F)
                return problem(c, ERR_SYNTAX, place_of(c, m, segment, i),
                               "a control character (%02X) stands in it", x);
        }
    return OK;
}

static Err read_segment(Ctx *c, Str line, Hl7Message *m)
{
    LIST(Str) fields = { 0 };
    char separator = m->separators.field;
    for (Str rest = line; rest.p;) {
        *list_add(c->arena, &fields) = str_cut(rest, separator, &rest);
        if (fields.n == 1 && str_is(fields.at[0], "MSH"))
            *list_add(c->arena, &fields) = str_slice(line, 3, 4);
    }
    if (!is_name(fields.at[0]))
        return problem(c, ERR_SYNTAX, arena_fmt(c->arena, "segment %zu", m->n + 1),
                       "it does not start with a segment's name");
    if (m->n && str_is(fields.at[0], "MSH"))
        return problem(c, ERR_SYNTAX, arena_fmt(c->arena, "segment %zu", m->n + 1),
                       "a second message starts within the first");
    Hl7Segment *segment = &m->segments[m->n];
    *segment = (Hl7Segment){ fields.at, fields.n };
    TRY(check_characters(c, m, segment));
    m->n++;
    return OK;
}

/* What ends a segment: CR by the standard; LF and CRLF in files. */
static Str next_line(Str *text)
{
    size_t n = 0;
    while (n < text->n && text->p[n] != '\r' && text->p[n] != '\n')
        n++;
    Str line = str_slice(*text, 0, n);
    *text = str_slice(*text, n + 1, text->n);
    return line;
}

static size_t count_lines(Str text)
{
    size_t n = 1;
    for (size_t i = 0; i < text.n; i++)
        n += text.p[i] == '\r' || text.p[i] == '\n';
    return n;
}

static Err read_segments(Ctx *c, Str text, Hl7Message *m)
{
    m->segments = arena_new(c->arena, Hl7Segment, count_lines(text));
    while (text.n) {
        Str line = next_line(&text);
        if (line.n)
            TRY(read_segment(c, line, m));
    }
    return OK;
}

enum { TYPE = 9, CONTROL_ID = 10, VERSION = 12, CHARSET = 18 };

static Err read_header(Ctx *c, Hl7Message *m)
{
    const Hl7Segment *msh = &m->segments[0];
    m->type = hl7_component(m, hl7_field(msh, TYPE), 1);
    m->event = hl7_component(m, hl7_field(msh, TYPE), 2);
    m->control_id = hl7_field(msh, CONTROL_ID);
    m->version = hl7_component(m, hl7_field(msh, VERSION), 1);
    if (!m->type.n)
        return problem(c, ERR_SYNTAX, S("MSH-9"), "the type of the message is missing");
    if (!m->control_id.n)
        return problem(c, ERR_SYNTAX, S("MSH-10"), "the control id is missing: it could not be acknowledged");
    if (!m->version.n)
        return problem(c, ERR_SYNTAX, S("MSH-12"), "the version is missing");
    return OK;
}

/* The text as UTF-8, by what the message's own MSH-18 says of it. */
static Err decode(Ctx *c, Str header, char separator, Str *text)
{
    /* MSH-1 is the separator itself, so that MSH-18 is the 18th part. */
    Str name = part_of(header, separator, CHARSET);
    switch (charset_of(name.p ? name : S(""))) {
    case CHARSET_LATIN1:
        *text = from_latin1(c->arena, *text);
        return OK;
    case CHARSET_OTHER:
        return problem(c, ERR_MEDIA, S("MSH-18"), "the character set %.*s is not read here: UNICODE UTF-8 is",
                       STR_ARG(name));
    case CHARSET_ASCII:
    case CHARSET_UTF8:
        break;
    }
    if (!str_is_text(*text))
        return problem(c, ERR_SYNTAX, S("MSH-18"), "the message is not in the character set that it names");
    return OK;
}

Err hl7_read(Ctx *c, Str text, Hl7Message *ret_message)
{
    if (text.n > LIMIT_HL7_BYTES)
        return problem(c, ERR_TOO_LARGE, STR_NONE, "the message is longer than %d bytes", LIMIT_HL7_BYTES);
    Hl7Message m = { 0 };
    Str rest = text, header = next_line(&rest);
    TRY(read_separators(c, header, &m.separators));
    TRY(decode(c, header, m.separators.field, &text));
    TRY(read_segments(c, text, &m));
    TRY(read_header(c, &m));
    *ret_message = m;
    return OK;
}

/* ---- escapes ---- */

static int hex_digit(char x)
{
    if (x >= '0' && x <= '9')
        return x - '0';
    x |= 0x20;
    return x >= 'a' && x <= 'f' ? x - 'a' + 10 : -1;
}

static bool add_bytes(Buf *b, Str hex)
{
    if (!hex.n || hex.n % 2)
        return false;
    for (size_t i = 0; i < hex.n; i += 2) {
        int high = hex_digit(hex.p[i]), low = hex_digit(hex.p[i + 1]);
        if (high < 0 || low < 0)
            return false;
        buf_char(b, (char)(high << 4 | low));
    }
    return true;
}

/* What stands between two escape characters. */
static bool add_escape(Buf *b, const Hl7Separators *s, Str name)
{
    if (name.n && name.p[0] == 'X')
        return add_bytes(b, str_slice(name, 1, name.n));
    if (str_is(name, ".br")) {
        buf_char(b, '\n');
        return true;
    }
    if (name.n != 1)
        return false;
    switch (name.p[0]) {
    case 'F':
        buf_char(b, s->field);
        return true;
    case 'S':
        buf_char(b, s->component);
        return true;
    case 'T':
        buf_char(b, s->subcomponent);
        return true;
    case 'R':
        buf_char(b, s->repetition);
        return true;
    case 'E':
        buf_char(b, s->escape);
        return true;
    case 'H':
    case 'N':
        return true;
    default:
        return false;
    }
}

bool hl7_text(Arena *a, const Hl7Message *message, Str value, Str *ret_text)
{
    const Hl7Separators *s = &message->separators;
    Buf b = buf_make(a, value.n + 1);
    Str rest = value;
    while (rest.p) {
        buf_add(&b, str_cut(rest, s->escape, &rest));
        if (!rest.p)
            break;
        Str name = str_cut(rest, s->escape, &rest);
        if (!rest.p || !add_escape(&b, s, name))
            return false;
    }
    *ret_text = buf_str(&b);
    return str_is_text(*ret_text);
}

Str hl7_escape(Arena *a, const Hl7Separators *s, Str text)
{
    const struct {
        char separator, name;
    } escapes[] = {
        { s->field, 'F' },      { s->component, 'S' }, { s->subcomponent, 'T' },
        { s->repetition, 'R' }, { s->escape, 'E' },
    };
    enum { LONGEST = 5 }; /* \X0A\ */
    Buf b = buf_make(a, text.n * LONGEST + 1);
    for (size_t i = 0; i < text.n; i++) {
        unsigned char x = (unsigned char)text.p[i];
        char name = 0;
        for (size_t k = 0; k < sizeof escapes / sizeof escapes[0]; k++)
            if (text.p[i] == escapes[k].separator)
                name = escapes[k].name;
        if (name)
            buf_fmt(&b, "%c%c%c", s->escape, name, s->escape);
        else if (x < ' ' || x == 0x7F)
            buf_fmt(&b, "%cX%02X%c", s->escape, x, s->escape);
        else
            buf_char(&b, text.p[i]);
    }
    return buf_str(&b);
}

/* ---- acknowledgement ---- */

static const Hl7Message nothing_read = { .separators = { '|', '^', '~', '\\', '&' } };

static Str header_field(const Hl7Message *m, size_t number)
{
    return m->n ? hl7_field(&m->segments[0], number) : STR_NONE;
}

/* YYYYMMDDHHMMSS+0000, out of YYYY-MM-DDTHH:MM:SSZ. */
static Str timestamp(Arena *a, int64_t now_us)
{
    Str t = time_date_time(a, now_us);
    return arena_fmt(a, "%.4s%.2s%.2s%.2s%.2s%.2s+0000", t.p, t.p + 5, t.p + 8, t.p + 11, t.p + 14, t.p + 17);
}

/* The answer has the question's separators, so that what it repeats may stay as it was written. */
Str hl7_acknowledge(Arena *a, const Hl7Message *message, Hl7Answer answer, Str text, Str id, int64_t now_us)
{
    static const char *const codes[] = { [HL7_ACCEPTED] = "AA", [HL7_FAILED] = "AE", [HL7_REFUSED] = "AR" };
    enum { SENDER = 3, SENDING_PLACE, RECEIVER, RECEIVING_PLACE, PROCESSING = 11 };
    const Hl7Message *m = message ? message : &nothing_read;
    const Hl7Separators *s = &m->separators;
    char f = s->field;
    Str processing = header_field(m, PROCESSING);
    Buf b = buf_make(a, (size_t)LIMIT_HL7_BYTES * 8);
    buf_fmt(&b, "MSH%c%c%c%c%c", f, s->component, s->repetition, s->escape, s->subcomponent);
    const size_t ours[] = { RECEIVER, RECEIVING_PLACE, SENDER, SENDING_PLACE };
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        buf_char(&b, f);
        buf_add(&b, header_field(m, ours[i]));
    }
    Str when = timestamp(a, now_us), name = hl7_escape(a, s, id);
    buf_fmt(&b, "%c%.*s%c%cACK", f, STR_ARG(when), f, f);
    if (m->event.n)
        buf_fmt(&b, "%c%.*s%cACK", s->component, STR_ARG(m->event), s->component);
    buf_fmt(&b, "%c%.*s%c%.*s%c%.*s", f, STR_ARG(name), f, STR_ARG(processing.n ? processing : S("P")), f,
            STR_ARG(m->version.n ? m->version : S("2.6")));
    /* In UTF-8, whatever the question was in. */
    buf_fmt(&b, "%c%c%c%c%c%cUNICODE UTF-8\rMSA%c%s%c%.*s", f, f, f, f, f, f, f, codes[answer], f,
            STR_ARG(m->control_id));
    if (text.n) {
        Str why = hl7_escape(a, s, text);
        buf_fmt(&b, "%c%.*s", f, STR_ARG(why));
    }
    buf_char(&b, '\r');
    return buf_str(&b);
}
