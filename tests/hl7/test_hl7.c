/* HL7 v2 messages and MLLP: what is read, by values copied from the text by hand; what is refused, and where.
 */
#include "base/limits.h"
#include "hl7/message.h"
#include "hl7/mllp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

typedef struct Bench {
    Random random;
    Ctx c;
} Bench;

static int setup(void **state)
{
    Bench *bench = calloc(1, sizeof *bench);
    if (!bench)
        return -1;
    bench->random = random_seeded(7);
    bench->c = (Ctx){ .arena = arena_create(LIMIT_REQUEST_ARENA_BYTES), .random = &bench->random };
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    Bench *bench = *state;
    arena_destroy(bench->c.arena);
    free(bench);
    return 0;
}

static void assert_str(Str got, const char *want)
{
    if (!str_is(got, want))
        fail_msg("got \"%.*s\", want \"%s\"", STR_ARG(got), want);
}

/* Written for this test in the dialects of bedside monitors. */
static const char vitals[] =
    "MSH|^~\\&|MONITOR^0A^EUI-64|WARD 3|||20260912120000.0000+0530||ORU^R01^ORU_R01|23545|P|2.6"
    "||||||UNICODE UTF-8\r"
    "PID|||10006^^^Clinic^MR~77^^^Town^PI||Na\xc3\xafm^Al||19800115|F|\"\"\r"
    "OBR|1|||182777000^monitoring of patient^SCT\r"
    "OBX|1|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC|1.3.1|98|262688^MDC_DIM_PERCENT^MDC|||||R\r"
    "OBX|2|TX|note^A&B&C||cuff\\F\\left \\T\\ \\S\\ \\E\\\\R\\\\.br\\second\\XC3A9\\|||||F\r";

static Hl7Message read_message(Bench *bench, const char *text)
{
    Hl7Message m;
    if (hl7_read(&bench->c, str_from(text), &m) != OK)
        fail_msg("%.*s: %.*s", STR_ARG(bench->c.problems.at[0].path), STR_ARG(bench->c.problems.at[0].text));
    return m;
}

static void fields_are_numbered_as_the_standard_does(void **state)
{
    Hl7Message m = read_message(*state, vitals);
    const Hl7Segment *msh = &m.segments[0], *pid = &m.segments[1], *obx = &m.segments[3];
    assert_int_equal(m.n, 5);
    assert_str(m.type, "ORU");
    assert_str(m.event, "R01");
    assert_str(m.control_id, "23545");
    assert_str(m.version, "2.6");
    assert_str(hl7_field(msh, 1), "|");
    assert_str(hl7_field(msh, 2), "^~\\&");
    assert_str(hl7_component(&m, hl7_field(msh, 3), 3), "EUI-64");
    assert_str(hl7_field(obx, 5), "98");
    assert_str(hl7_component(&m, hl7_field(obx, 6), 2), "MDC_DIM_PERCENT");
    assert_str(hl7_component(&m, hl7_repetition(&m, hl7_field(pid, 3), 2), 4), "Town");
    assert_str(hl7_subcomponent(&m, hl7_component(&m, hl7_field(&m.segments[4], 3), 2), 3), "C");
}

static void absent_empty_and_null_are_three_things(void **state)
{
    Hl7Message m = read_message(*state, vitals);
    const Hl7Segment *pid = &m.segments[1];
    assert_null(hl7_field(pid, 30).p);
    assert_null(hl7_repetition(&m, hl7_field(pid, 3), 3).p);
    assert_null(hl7_component(&m, hl7_field(pid, 30), 1).p);
    assert_null(hl7_component(&m, hl7_field(pid, 8), 2).p);
    assert_non_null(hl7_field(pid, 4).p);
    assert_true(str_empty(hl7_field(pid, 4)) && !hl7_is_null(hl7_field(pid, 4)));
    assert_true(hl7_is_null(hl7_field(pid, 9)));
    assert_str(hl7_repetition(&m, hl7_field(pid, 8), 1), "F");
}

static void escapes_are_undone_or_refused(void **state)
{
    Bench *bench = *state;
    Hl7Message m = read_message(bench, vitals);
    Str text;
    assert_true(hl7_text(bench->c.arena, &m, hl7_field(&m.segments[4], 5), &text));
    assert_str(text, "cuff|left & ^ \\~\nsecond\xc3\xa9");
    assert_true(hl7_text(bench->c.arena, &m, S("\\H\\high\\N\\"), &text));
    assert_str(text, "high");
    const char *refused[] = { "\\",     "a\\F",    "\\Q\\",   "\\\\",    "\\X\\",
                              "\\X4\\", "\\X4G\\", "\\XC3\\", "\\X00\\", "\\Zlocal\\" };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (hl7_text(bench->c.arena, &m, str_from(refused[i]), &text))
            fail_msg("%s was read as \"%.*s\"", refused[i], STR_ARG(text));
}

static void a_message_chooses_its_separators(void **state)
{
    Bench *bench = *state;
    Hl7Message m = read_message(bench, "MSH*:;!%*a:b*****"
                                       "*ORU:R01*9*P*2.5\nOBX**NM*1|2^3:x%y*!F!\n");
    Str text;
    assert_str(hl7_component(&m, hl7_field(&m.segments[0], 3), 2), "b");
    assert_str(hl7_component(&m, hl7_field(&m.segments[1], 3), 1), "1|2^3");
    assert_true(hl7_text(bench->c.arena, &m, hl7_field(&m.segments[1], 4), &text));
    assert_str(text, "*");
}

static void latin_1_becomes_utf_8(void **state)
{
    Hl7Message m =
        read_message(*state, "MSH|^~\\&|||||||ORU^R01|7|P|2.2||||||8859/1\rPID|||1||M\xfcller^\xc9ve\r");
    assert_str(hl7_field(&m.segments[1], 5), "M\xc3\xbcller^\xc3\x89ve");
}

typedef struct Refusal {
    const char *text, *path;
    Err err;
} Refusal;

#define HEADER "MSH|^~\\&|||||||ORU^R01|7|P|2.6"

static const Refusal refusals[] = {
    { "", "MSH", ERR_SYNTAX },
    { "PID|||1\r" HEADER "\r", "MSH", ERR_SYNTAX },
    { "MSH", "MSH-1", ERR_SYNTAX },
    { "MSHA^~\\&A", "MSH-1", ERR_SYNTAX },
    { "MSH|^~\\|||||||ORU^R01|7|P|2.6", "MSH-2", ERR_SYNTAX },
    { "MSH|^~\\&#!|||||||ORU^R01|7|P|2.6", "MSH-2", ERR_SYNTAX },
    { "MSH|^^\\&|||||||ORU^R01|7|P|2.6", "MSH-2", ERR_SYNTAX },
    { "MSH|^~\\A|||||||ORU^R01|7|P|2.6", "MSH-2", ERR_SYNTAX },
    { "MSH|^~\\&||||||||7|P|2.6", "MSH-9", ERR_SYNTAX },
    { "MSH|^~\\&|||||||ORU^R01||P|2.6", "MSH-10", ERR_SYNTAX },
    { "MSH|^~\\&|||||||ORU^R01|7|P", "MSH-12", ERR_SYNTAX },
    { HEADER "||||||UNICODE UTF-16\r", "MSH-18", ERR_MEDIA },
    { HEADER "||||||UNICODE UTF-8\rPID|||1||M\xfcller\r", "MSH-18", ERR_SYNTAX },
    { HEADER "\rPID|||1||M\xfcller\r", "MSH-18", ERR_SYNTAX },
    { HEADER "\rPID|||1\robx||NM\r", "segment 3", ERR_SYNTAX },
    { HEADER "\rthe line went on\r", "segment 2", ERR_SYNTAX },
    { HEADER "\r" HEADER "\r", "segment 2", ERR_SYNTAX },
    { HEADER "\rOBX|1|NM|a\rOBX|2|NM|b||9\x07"
             "8\r",
      "OBX[2]-5", ERR_SYNTAX },
};

static void what_cannot_be_read_is_refused_with_its_place(void **state)
{
    Bench *bench = *state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        Hl7Message m;
        bench->c.problems = (Problems){ 0 };
        Err e = hl7_read(&bench->c, str_from(refusals[i].text), &m);
        if (e != refusals[i].err || bench->c.problems.n != 1)
            fail_msg("case %zu: error %d, %zu problems", i, e, bench->c.problems.n);
        assert_str(bench->c.problems.at[0].path, refusals[i].path);
    }
}

static void a_message_beyond_the_limit_is_refused(void **state)
{
    Bench *bench = *state;
    Hl7Message m;
    char *text = arena_new(bench->c.arena, char, LIMIT_HL7_BYTES + 1);
    memset(text, 'A', LIMIT_HL7_BYTES + 1);
    memcpy(text, HEADER "\rNTE|", sizeof HEADER + 4);
    assert_int_equal(hl7_read(&bench->c, (Str){ text, LIMIT_HL7_BYTES + 1 }, &m), ERR_TOO_LARGE);
    assert_int_equal(hl7_read(&bench->c, (Str){ text, LIMIT_HL7_BYTES }, &m), OK);
}

static void an_answer_names_what_it_answers(void **state)
{
    Bench *bench = *state;
    const int64_t now_us = INT64_C(1795000000000000); /* 2026-11-18 11:06:40 UTC, by date(1) */
    Hl7Message m = read_message(bench, vitals);
    assert_str(
        hl7_acknowledge(bench->c.arena, &m, HL7_ACCEPTED, STR_NONE, S("a1"), now_us),
        "MSH|^~\\&|||MONITOR^0A^EUI-64|WARD 3|20261118110640+0000||ACK^R01^ACK|a1|P|2.6||||||UNICODE UTF-8\r"
        "MSA|AA|23545\r");
    assert_str(
        hl7_acknowledge(bench->c.arena, &m, HL7_REFUSED, S("no unit|none"), S("a2"), now_us),
        "MSH|^~\\&|||MONITOR^0A^EUI-64|WARD 3|20261118110640+0000||ACK^R01^ACK|a2|P|2.6||||||UNICODE UTF-8\r"
        "MSA|AR|23545|no unit\\F\\none\r");
    assert_str(hl7_acknowledge(bench->c.arena, NULL, HL7_FAILED, S("cut off"), S("a3"), now_us),
               "MSH|^~\\&|||||20261118110640+0000||ACK|a3|P|2.6||||||UNICODE UTF-8\rMSA|AE||cut off\r");
}

/* ---- MLLP ---- */

/* Each event of a stream as "event:message ", read in pieces of that many bytes. */
static Str events_of(Arena *a, Str stream, size_t piece, size_t ceiling, MllpReader *ret_reader)
{
    MllpReader reader = mllp_reader(a, ceiling);
    Buf told = buf_make(a, 4096);
    for (size_t at = 0; at < stream.n; at += piece) {
        Str bytes = str_slice(stream, at, at + piece), message;
        MllpEvent event;
        while ((event = mllp_read(&reader, &bytes, &message)) != MLLP_MORE) {
            if (event != MLLP_MESSAGE)
                message = S("");
            buf_fmt(&told, "%d:%.*s ", event, STR_ARG(message));
        }
    }
    *ret_reader = reader;
    return buf_str(&told);
}

typedef struct Stream {
    const char *bytes, *events;
    size_t outside_bytes;
    bool inside;
} Stream;

/* 1: a message; 2: one cut off; 3: one too long. */
static const Stream streams[] = {
    { "\x0b"
      "a\rb\x1c\r",
      "1:a\rb ", 0, false },
    { "\x0b"
      "a\x1c\r\x0b"
      "b\x1c\r",
      "1:a 1:b ", 0, false },
    { "\x0b"
      "a\x1c\x0b"
      "b\x1c",
      "1:a 1:b ", 0, false },
    { "noise\r\n\x0b"
      "a\x1c\r\n",
      "1:a ", 5, false },
    { "\x0b"
      "half\x0b"
      "a\x1c\r",
      "2: 1:a ", 0, false },
    { "\x0b"
      "123456789\x1c\r\x0b"
      "12345678\x1c\r",
      "3: 1:12345678 ", 0, false },
    { "\x0b\x1c\r", "1: ", 0, false },
    { "\x0b"
      "a",
      "", 0, true },
    { "", "", 0, false },
};

static void frames_are_found_however_the_stream_is_cut(void **state)
{
    Bench *bench = *state;
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++)
        for (size_t piece = 1; piece < 12; piece++) {
            MllpReader reader;
            assert_str(events_of(bench->c.arena, str_from(streams[i].bytes), piece, 8, &reader),
                       streams[i].events);
            assert_int_equal(reader.outside_bytes, streams[i].outside_bytes);
            assert_int_equal(reader.inside, streams[i].inside);
        }
}

static void a_frame_holds_no_byte_of_a_frame(void **state)
{
    Bench *bench = *state;
    assert_str(mllp_frame(bench->c.arena, S("MSH|")), "\x0bMSH|\x1c\r");
    assert_true(str_eq(mllp_frame(bench->c.arena, S("a\0b")), S("\x0b"
                                                                "a\0b\x1c\r")));
    assert_null(mllp_frame(bench->c.arena, S("a\x1c")).p);
    assert_null(mllp_frame(bench->c.arena, S("a\x0b")).p);
}

/* ---- real monitors ---- */

typedef struct Monitor {
    const char *file, *control_id, *bed, *name;
    size_t n;          /* segments */
    size_t row, field; /* of one value */
    const char *value;
} Monitor;

/* Counted and copied by hand from the files of ../shared/data/hl7v2. */
static const Monitor monitors[] = {
    { "comen_nc5_sentinel_probe_off.hl7", "20250610015127.0005", "&24", "DOE^JOHN", 9, 8, 5, "8388607" },
    { "comen_nc5_v26.hl7", "202506100151270003", "&10", "lee", 0, 4, 5, "97" },
    { "mindray_egateway_pcd01_v26.hl7", "23545", "5", "", 0, 6, 5, "1.76" },
    { "no_patient.hl7", "20250610015127.0009", NULL, "", 4, 3, 5, "70" },
    { "northern_sentinel_minus100.hl7", "1362", "", "expert^vs", 0, 4, 5, "-100" },
    { "philips_intellivue_mdil_v22.hl7", "HP104220879017992", "Doc1&5&1", "Smith^John", 0, 4, 5, "95" },
};

static Str file_text(Arena *a, Str path)
{
    FILE *f = fopen(arena_cstr(a, path), "rb");
    if (!f)
        return STR_NONE;
    char *p = arena_new(a, char, 1 << 16);
    size_t n = fread(p, 1, 1 << 16, f);
    (void)fclose(f);
    return (Str){ p, n };
}

static void real_monitors_are_read(void **state)
{
    Bench *bench = *state;
    const char *shared = getenv("EUTHYMIA_SHARED");
    for (size_t i = 0; i < sizeof monitors / sizeof *monitors; i++) {
        const Monitor *want = &monitors[i];
        Str text = shared ? file_text(bench->c.arena,
                                      arena_fmt(bench->c.arena, "%s/data/hl7v2/%s", shared, want->file))
                          : STR_NONE;
        if (!text.p)
            skip();
        Hl7Message m = read_message(bench, arena_cstr(bench->c.arena, text));
        assert_str(m.control_id, want->control_id);
        if (want->n)
            assert_int_equal(m.n, want->n);
        const Hl7Segment *place = &m.segments[2];
        if (want->bed)
            assert_str(hl7_component(&m, hl7_field(place, 3), 3), want->bed);
        Str name = hl7_field(&m.segments[1], 5);
        assert_str(name, want->name);
        assert_str(hl7_field(&m.segments[want->row], want->field), want->value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(fields_are_numbered_as_the_standard_does, setup, teardown),
        cmocka_unit_test_setup_teardown(absent_empty_and_null_are_three_things, setup, teardown),
        cmocka_unit_test_setup_teardown(escapes_are_undone_or_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_message_chooses_its_separators, setup, teardown),
        cmocka_unit_test_setup_teardown(latin_1_becomes_utf_8, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_is_refused_with_its_place, setup, teardown),
        cmocka_unit_test_setup_teardown(a_message_beyond_the_limit_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(an_answer_names_what_it_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(frames_are_found_however_the_stream_is_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(a_frame_holds_no_byte_of_a_frame, setup, teardown),
        cmocka_unit_test_setup_teardown(real_monitors_are_read, setup, teardown),
    };
    return cmocka_run_group_tests_name("hl7", tests, NULL, NULL);
}
