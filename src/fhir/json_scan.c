#include "fhir/json_scan.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/random.h"

#include <sodium.h>

/* Where the scan stands in one object or array. */
typedef struct Level {
    bool is_object;
    Str name;      /* of the member under way, unescaped */
    size_t index;  /* of the element under way */
    size_t *slots; /* open-addressed table of the names so far: 1 + position in names */
    size_t n_slots;
    LIST(Str) names;
} Level;

typedef struct Scan {
    Ctx *c;
    Str s;
    size_t at;
    unsigned char key[crypto_shorthash_KEYBYTES]; /* so that nobody can choose names that collide */
    Level levels[LIMIT_JSON_DEPTH + 1];
    size_t depth;
} Scan;

static Str fault_path(Scan *scan)
{
    Buf b = buf_make(scan->c->arena, 4096);
    for (size_t i = 0; i < scan->depth; i++) {
        const Level *level = &scan->levels[i];
        if (!level->is_object)
            buf_fmt(&b, "[%zu]", level->index);
        else if (level->name.p)
            buf_fmt(&b, "%s%.*s", b.n ? "." : "", STR_ARG(level->name));
    }
    return buf_str(&b);
}

static Err fault(Scan *scan, const char *what)
{
    return problem(scan->c, ERR_SYNTAX, fault_path(scan), "%s (byte %zu)", what, scan->at);
}

static bool at_end(const Scan *scan)
{
    return scan->at >= scan->s.n;
}

/* The byte here, or 0 at the end: a NUL byte is no part of JSON either. */
static char peek(const Scan *scan)
{
    return at_end(scan) ? '\0' : scan->s.p[scan->at];
}

static void skip_space(Scan *scan)
{
    while (!at_end(scan) && strchr(" \t\r\n", peek(scan)) && peek(scan))
        scan->at++;
}

static bool skip(Scan *scan, char c)
{
    if (at_end(scan) || peek(scan) != c)
        return false;
    scan->at++;
    return true;
}

/* ---- strings ---- */

/* The length of the UTF-8 sequence at p: 0 where it is broken, overlong, a surrogate or past U+10FFFF. */
static size_t utf8_length(const unsigned char *p, size_t n)
{
    if (p[0] < 0x80)
        return 1;
    size_t length = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || length > n)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
    bool surrogate = p[0] == 0xed && p[1] > 0x9f;
    bool too_high = p[0] == 0xf4 && p[1] > 0x8f;
    return overlong || surrogate || too_high ? 0 : length;
}

static bool read_hex4(Scan *scan, unsigned *ret_unit)
{
    unsigned unit = 0;
    for (int i = 0; i < 4; i++) {
        char c = peek(scan);
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
                         : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10)
                                                : 16;
        if (digit == 16)
            return false;
        unit = unit * 16 + digit;
        scan->at++;
    }
    *ret_unit = unit;
    return true;
}

static void add_utf8(Buf *b, unsigned code)
{
    if (code < 0x80) {
        buf_char(b, (char)code);
    } else if (code < 0x800) {
        buf_char(b, (char)(0xc0 | (code >> 6)));
        buf_char(b, (char)(0x80 | (code & 0x3f)));
    } else if (code < 0x10000) {
        buf_char(b, (char)(0xe0 | (code >> 12)));
        buf_char(b, (char)(0x80 | ((code >> 6) & 0x3f)));
        buf_char(b, (char)(0x80 | (code & 0x3f)));
    } else {
        buf_char(b, (char)(0xf0 | (code >> 18)));
        buf_char(b, (char)(0x80 | ((code >> 12) & 0x3f)));
        buf_char(b, (char)(0x80 | ((code >> 6) & 0x3f)));
        buf_char(b, (char)(0x80 | (code & 0x3f)));
    }
}

/* After "\u". out may be NULL: then the character is only checked. */
static Err scan_unicode_escape(Scan *scan, Buf *out)
{
    unsigned unit, low;
    if (!read_hex4(scan, &unit))
        return fault(scan, "\\u needs four hexadecimal digits");
    if (unit == 0)
        return fault(scan, "a string holds the character NUL");
    if (unit >= 0xdc00 && unit <= 0xdfff)
        return fault(scan, "a low surrogate stands alone");
    if (unit >= 0xd800 && unit <= 0xdbff) {
        if (!skip(scan, '\\') || !skip(scan, 'u') || !read_hex4(scan, &low) || low < 0xdc00 || low > 0xdfff)
            return fault(scan, "a high surrogate stands alone");
        unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
    }
    if (out)
        add_utf8(out, unit);
    return OK;
}

static Err scan_escape(Scan *scan, Buf *out)
{
    static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    if (skip(scan, 'u'))
        return scan_unicode_escape(scan, out);
    const char *letter = peek(scan) ? strchr(letters, peek(scan)) : NULL;
    if (!letter)
        return fault(scan, "an unknown escape in a string");
    if (out)
        buf_char(out, meant[letter - letters]);
    scan->at++;
    return OK;
}

/* At the opening quote. */
static Err scan_string(Scan *scan, Buf *out)
{
    scan->at++;
    for (;;) {
        if (at_end(scan))
            return fault(scan, "a string does not end");
        unsigned char c = (unsigned char)peek(scan);
        if (c == '"') {
            scan->at++;
            return OK;
        }
        if (c < 0x20)
            return fault(scan, "a control character stands in a string unescaped");
        if (c == '\\') {
            scan->at++;
            TRY(scan_escape(scan, out));
            continue;
        }
        size_t n = utf8_length((const unsigned char *)scan->s.p + scan->at, scan->s.n - scan->at);
        if (n == 0)
            return fault(scan, "a string is not valid UTF-8");
        if (out)
            buf_bytes(out, scan->s.p + scan->at, n);
        scan->at += n;
    }
}

/* ---- numbers and words ---- */

static bool ends_a_value(char c)
{
    return c == '\0' || strchr(" \t\r\n,]}", c);
}

static Err scan_number(Scan *scan)
{
    size_t from = scan->at;
    while (!ends_a_value(peek(scan)))
        scan->at++;
    Str text = str_slice(scan->s, from, scan->at);
    double value;
    int64_t whole;
    scan->at = from;
    if (!str_to_double(text, &value))
        return fault(scan, "not a number that can be kept: a JSON number of at most 63 characters is wanted");
    bool is_integer =
        str_find(text, '.') == text.n && str_find(text, 'e') == text.n && str_find(text, 'E') == text.n;
    if (is_integer && !str_to_int(text, &whole))
        return fault(scan, "an integer does not fit 64 bits");
    if (is_integer && str_is(text, "-0"))
        return fault(scan, "-0 is not a number that can be kept");
    scan->at = from + text.n;
    return OK;
}

static Err scan_word(Scan *scan)
{
    static const Str words[] = { { "true", 4 }, { "false", 5 }, { "null", 4 } };
    Str rest = str_slice(scan->s, scan->at, scan->s.n);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_starts(rest, words[i]) && (rest.n == words[i].n || ends_a_value(rest.p[words[i].n]))) {
            scan->at += words[i].n;
            return OK;
        }
    return fault(scan, "not a JSON value");
}

/* ---- names ---- */

static size_t slot_of(const Scan *scan, const Level *level, Str name)
{
    uint64_t hash;
    crypto_shorthash((unsigned char *)&hash, (const unsigned char *)name.p, name.n, scan->key);
    size_t slot = (size_t)hash & (level->n_slots - 1);
    while (level->slots[slot] && !str_eq(level->names.at[level->slots[slot] - 1], name))
        slot = (slot + 1) & (level->n_slots - 1);
    return slot;
}

static void grow_slots(Scan *scan, Level *level)
{
    level->n_slots = level->n_slots ? level->n_slots * 4 : 32;
    level->slots = arena_new(scan->c->arena, size_t, level->n_slots);
    for (size_t i = 0; i < level->names.n; i++)
        level->slots[slot_of(scan, level, level->names.at[i])] = i + 1;
}

/* False where the name stands in this object already. */
static bool add_name(Scan *scan, Level *level, Str name)
{
    if (2 * level->names.n >= level->n_slots)
        grow_slots(scan, level);
    size_t slot = slot_of(scan, level, name);
    if (level->slots[slot])
        return false;
    *list_add(scan->c->arena, &level->names) = name;
    level->slots[slot] = level->names.n;
    return true;
}

static Err scan_name(Scan *scan, Level *level)
{
    level->name = STR_NONE;
    if (peek(scan) != '"')
        return fault(scan, "a member's name in double quotes is wanted");
    Buf name = buf_make(scan->c->arena, LIMIT_BODY_BYTES);
    TRY(scan_string(scan, &name));
    level->name = buf_str(&name);
    if (!add_name(scan, level, level->name))
        return fault(scan, "the same name stands twice in one object");
    skip_space(scan);
    if (!skip(scan, ':'))
        return fault(scan, "':' is wanted after a member's name");
    return OK;
}

/* ---- objects and arrays, without recursion ---- */

static Err open_level(Scan *scan)
{
    bool is_object = peek(scan) == '{';
    if (scan->depth == LIMIT_JSON_DEPTH)
        return fault(scan, "nested deeper than 64 levels");
    scan->at++;
    scan->levels[scan->depth++] = (Level){ .is_object = is_object };
    return OK;
}

static Err scan_scalar(Scan *scan)
{
    char c = peek(scan);
    if (c == '"')
        return scan_string(scan, NULL);
    return c == '-' || (c >= '0' && c <= '9') ? scan_number(scan) : scan_word(scan);
}

/* Closes what ends here. Afterwards either the whole value has ended (depth 0) or a ',' was read. */
static Err close_levels(Scan *scan)
{
    while (scan->depth) {
        Level *level = &scan->levels[scan->depth - 1];
        skip_space(scan);
        if (skip(scan, ',')) {
            level->index++;
            return OK;
        }
        if (!skip(scan, level->is_object ? '}' : ']'))
            return fault(scan, level->is_object ? "',' or '}' is wanted" : "',' or ']' is wanted");
        scan->depth--;
    }
    return OK;
}

/* One value, or the opening of one. */
static Err scan_step(Scan *scan, bool *ret_opened)
{
    skip_space(scan);
    *ret_opened = peek(scan) == '{' || peek(scan) == '[';
    return *ret_opened ? open_level(scan) : scan_scalar(scan);
}

static Err scan_value(Scan *scan)
{
    do {
        bool opened;
        if (scan->depth && scan->levels[scan->depth - 1].is_object) {
            skip_space(scan);
            TRY(scan_name(scan, &scan->levels[scan->depth - 1]));
        }
        TRY(scan_step(scan, &opened));
        if (opened) {
            skip_space(scan);
            bool empty = peek(scan) == (scan->levels[scan->depth - 1].is_object ? '}' : ']');
            if (!empty)
                continue;
        }
        TRY(close_levels(scan));
    } while (scan->depth);
    return OK;
}

Err json_scan(Ctx *c, Str bytes)
{
    Scan *scan = arena_new(c->arena, Scan, 1);
    scan->c = c;
    scan->s = bytes;
    random_bytes(c->random, scan->key, sizeof scan->key);
    TRY(scan_value(scan));
    skip_space(scan);
    return at_end(scan) ? OK : fault(scan, "something stands after the value");
}
