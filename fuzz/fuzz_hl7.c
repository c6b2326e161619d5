/* An HL7 v2 message: read or refused with a place; every value's text survives escaping; the acknowledgement
 * can be read and names what it answers. */
#include "base/random.h"
#include "hl7/message.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static Str only(Arena *a, const Hl7Message *m, Str field)
{
    Str value = hl7_repetition(m, field, 1), text, again;
    value = hl7_subcomponent(m, hl7_component(m, value, 1), 1);
    if (!value.p || !hl7_text(a, m, value, &text))
        return STR_NONE;
    assert(hl7_text(a, m, hl7_escape(a, &m->separators, text), &again) && str_eq(again, text));
    return text;
}

static void check_acknowledgement(Ctx *c, const Hl7Message *m, Hl7Answer answer)
{
    Hl7Message read;
    Str text = hl7_acknowledge(c->arena, m, answer, S("no|such^thing\n"), S("a&1"), c->now_us);
    assert(hl7_read(c, text, &read) == OK);
    assert(read.n == 2 && str_is(read.segments[1].fields[0], "MSA"));
    assert(str_eq(hl7_field(&read.segments[1], 2), m ? m->control_id : S("")));
    assert(str_is(only(c->arena, &read, hl7_field(&read.segments[1], 3)), "no|such^thing\n"));
    assert(str_is(only(c->arena, &read, read.control_id), "a&1"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    AUTO(arena_done) Arena *a = arena_create((size_t)LIMIT_HL7_BYTES * 256);
    Random random = random_seeded(1);
    Ctx c = { .arena = a, .random = &random, .now_us = 1795000000000000 };
    Hl7Message m;
    Err e = hl7_read(&c, (Str){ (const char *)data, n }, &m);
    assert((e == OK) == (c.problems.n == 0));
    if (e != OK) {
        check_acknowledgement(&c, NULL, HL7_REFUSED);
        return 0;
    }
    assert(m.n && str_is(m.segments[0].fields[0], "MSH"));
    for (size_t i = 0; i < m.n; i++)
        for (size_t k = 1; k < m.segments[i].n; k++)
            (void)only(a, &m, hl7_field(&m.segments[i], k));
    check_acknowledgement(&c, &m, HL7_FAILED);
    return 0;
}
