/* Subscriptions without a thread: where notices may go, and what each topic is told of. */
#include "groups.h"

#include "bed.h"

#include "server/subscription.h"

#include <string.h>

/* ---- where notices may go ---- */

static const struct {
    const char *endpoint;
    bool allowed;
} endpoints[] = {
    { "https://hub.example/hooks", true },
    { "https://hub.example/hooks/a", true },
    { "https://hub.example/hooks?x=1", true },
    { "https://other.example:8443/", true },
    { "https://other.example:8443/x", true },
    { "http://127.0.0.1:9000/in", true },
    { "http://[::1]:9000/in/x", true },
    { "https://hub.example/hooksx", false },
    { "https://hub.example/", false },
    { "https://hub.example.evil/hooks", false },
    { "http://hub.example/hooks", false },
    { "http://lan.example/in", false }, /* allowed by its letters, but not https */
    { "https://hub.example/hooks/../private", false },
    { "https://hub.example/hooks@evil.example/", false },
    { "https://hub.example\\hooks", false },
    { "https://hub.example/hooks a", false },
    { "https://hub.example/hooks\n", false },
    { "ftp://hub.example/hooks", false },
    { "file:///etc/passwd", false },
    { "https://", false },
    { "", false },
};

static void notices_go_only_below_the_allowed_addresses(void **state)
{
    (void)state;
    Str at[] = { S("https://hub.example/hooks"), S("https://other.example:8443/"),
                 S("http://127.0.0.1:9000/in"), S("http://[::1]:9000/in"), S("http://lan.example/in") };
    const Texts allowed = { .at = at, .n = sizeof at / sizeof at[0] };
    for (size_t i = 0; i < sizeof endpoints / sizeof endpoints[0]; i++) {
        if (endpoint_is_allowed(str_from(endpoints[i].endpoint), &allowed) != endpoints[i].allowed)
            fail_msg("'%s'", endpoints[i].endpoint);
        assert_false(endpoint_is_allowed(str_from(endpoints[i].endpoint), &(Texts){ 0 }));
    }
}

/* ---- topics ---- */

#define ITEM_9(value)                                                                                        \
    "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"coding\":[{\"system\":"              \
    "\"http://loinc.org\",\"code\":\"44260-8\"}]}" value "}"
#define ANSWER(code)                                                                                         \
    ",\"valueCodeableConcept\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"" code "\"}]}"
#define VITAL(status, more)                                                                                  \
    "{\"resourceType\":\"Observation\",\"status\":\"" status                                                 \
    "\",\"category\":[{\"coding\":[{\"code\":\"vital-signs\"}]}],\"code\":{\"text\":\"x\"}" more "}"
#define FLAGGED(code) "\"interpretation\":[{\"coding\":[{\"code\":\"" code "\"}]}]"
#define ALARM(status, rule)                                                                                  \
    "{\"resourceType\":\"DetectedIssue\",\"status\":\"" status                                               \
    "\",\"code\":{\"coding\":[{\"system\":\"urn:euthymia:rule\",\"code\":\"" rule "\"}]}}"
#define VISIT(status, type)                                                                                  \
    "{\"resourceType\":\"Encounter\",\"status\":\"" status "\",\"type\":[{\"text\":\"" type "\"}]}"
#define INFUSION "Ketamine infusion visit"

/* The answers of LOINC's list LL358-3: LA6568-5 not at all, LA6569-3 several days, LA6571-9 nearly every day.
 */
static const struct {
    const char *topic, *type, *now, *previous;
    bool fires;
} firings[] = {
    { "phq-item-9", "Observation", ITEM_9(ANSWER("LA6568-5")), NULL, false },
    { "phq-item-9", "Observation", ITEM_9(ANSWER("LA6569-3")), NULL, true },
    { "phq-item-9", "Observation", ITEM_9(ANSWER("LA6571-9")), ITEM_9(ANSWER("LA6568-5")), true },
    { "phq-item-9", "Observation", ITEM_9(ANSWER("LA6571-9")), ITEM_9(ANSWER("LA6569-3")), false },
    { "phq-item-9", "Observation", ITEM_9(",\"valueInteger\":0"), NULL, false },
    { "phq-item-9", "Observation", ITEM_9(",\"valueInteger\":1"), NULL, true },
    { "phq-item-9", "Observation", ITEM_9(""), NULL, false },
    { "phq-item-9", "Observation", VITAL("final", "," FLAGGED("H")), NULL, false },
    { "vital-out-of-range", "Observation", VITAL("final", "," FLAGGED("H")), NULL, true },
    { "vital-out-of-range", "Observation", VITAL("final", "," FLAGGED("LL")), NULL, true },
    { "vital-out-of-range", "Observation", VITAL("final", "," FLAGGED("N")), NULL, false },
    { "vital-out-of-range", "Observation", VITAL("final", ""), NULL, false },
    { "vital-out-of-range", "Observation",
      VITAL("final", ",\"component\":[{\"code\":{\"text\":\"x\"}," FLAGGED("HH") "}]"), NULL, true },
    { "vital-out-of-range", "Observation", VITAL("entered-in-error", "," FLAGGED("H")), NULL, false },
    { "vital-out-of-range", "DetectedIssue", ALARM("preliminary", "EU-I-001"), NULL, true },
    { "vital-out-of-range", "DetectedIssue", ALARM("final", "EU-I-001"), ALARM("preliminary", "EU-I-001"),
      false },
    { "vital-out-of-range", "DetectedIssue", ALARM("preliminary", "EU-I-004"), NULL, false },
    { "session", "Encounter", VISIT("in-progress", INFUSION), VISIT("planned", INFUSION), true },
    { "session", "Encounter", VISIT("in-progress", INFUSION), NULL, true },
    { "session", "Encounter", VISIT("in-progress", INFUSION), VISIT("in-progress", INFUSION), false },
    { "session", "Encounter", VISIT("finished", INFUSION), VISIT("in-progress", INFUSION), true },
    { "session", "Encounter", VISIT("in-progress", "Check-up"), NULL, false },
    { "session", "Observation", ITEM_9(ANSWER("LA6569-3")), NULL, false },
};

static void a_topic_is_told_when_its_criterion_becomes_true(void **state)
{
    Bed *bed = *state;
    for (size_t i = 0; i < sizeof firings / sizeof firings[0]; i++) {
        Arena *a = bed->arena;
        const Topic *topic = topic_find(arena_fmt(a, "urn:euthymia:topic:%s", firings[i].topic));
        Json *now = json_parse(a, str_from(firings[i].now));
        Json *previous = firings[i].previous ? json_parse(a, str_from(firings[i].previous)) : NULL;
        assert_non_null(topic);
        assert_non_null(now);
        if (topic_fires(a, topic, str_from(firings[i].type), now, previous) != firings[i].fires)
            fail_msg("%s, row %zu", firings[i].topic, i);
    }
}

/* A criterion that does not parse would never be true, and nobody would notice. */
static void every_criterion_is_FHIRPath_that_we_have(void **state)
{
    Bed *bed = *state;
    for (const Topic *topic = topics; topic->url; topic++)
        for (size_t i = 0; i < TOPIC_TRIGGERS && topic->triggers[i].type; i++) {
            assert_non_null(fhir_resource(str_from(topic->triggers[i].type)));
            if (!fhirpath_parse(bed->arena, str_from(topic->triggers[i].criterion)))
                fail_msg("%s: %s", topic->url, topic->triggers[i].criterion);
        }
    assert_null(topic_find(S("urn:euthymia:topic:none")));
}

int run_subscription_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notices_go_only_below_the_allowed_addresses),
        TEST_ON_BED(a_topic_is_told_when_its_criterion_becomes_true),
        TEST_ON_BED(every_criterion_is_FHIRPath_that_we_have),
    };
    return cmocka_run_group_tests_name("subscription", tests, NULL, NULL);
}
