#include "server/topic.h"

/* An alarm is the infusion's own judgement by the clinic's limits; what other systems send says itself that
 * it is out of range. */
#define ABNORMAL                                                                                             \
    "(interpretation | component.interpretation).coding"                                                     \
    ".where(code = 'L' or code = 'LL' or code = 'H' or code = 'HH' or code = 'A' or code = 'AA')"

const Topic topics[] = {
    { "urn:euthymia:topic:vital-out-of-range",
      "A vital sign out of range",
      { { "DetectedIssue",
          "status = 'preliminary' and code.coding.where(system = 'urn:euthymia:rule' and code "
          "= 'EU-I-001').exists()" },
        { "Observation",
          "status != 'entered-in-error' and category.coding.where(code = 'vital-signs').exists() "
          "and " ABNORMAL ".exists()" } } },
    /* LA6568-5 is "not at all" */
    { "urn:euthymia:topic:phq-item-9",
      "PHQ item 9 (thoughts of death or self-harm) above zero",
      { { "Observation",
          "status != 'entered-in-error' and code.coding.where(system = 'http://loinc.org' and code = "
          "'44260-8')"
          ".exists() and (value as CodeableConcept).coding.where(system = 'http://loinc.org' and code != "
          "'LA6568-5').exists()" },
        { "Observation", "status != 'entered-in-error' and code.coding.where(system = 'http://loinc.org' and "
                         "code = '44260-8')"
                         ".exists() and (value as integer) > 0" } } },
    { "urn:euthymia:topic:session",
      "An infusion visit starts or ends",
      { { "Encounter", "status = 'in-progress' and type.text = 'Ketamine infusion visit'" },
        { "Encounter", "status = 'finished' and type.text = 'Ketamine infusion visit'" } } },
    { 0 },
};

const Topic *topic_find(Str url)
{
    for (const Topic *topic = topics; topic->url; topic++)
        if (str_is(url, topic->url))
            return topic;
    return NULL;
}

bool topic_has_type(const Topic *topic, Str type)
{
    for (size_t i = 0; i < TOPIC_TRIGGERS && topic->triggers[i].type; i++)
        if (str_is(type, topic->triggers[i].type))
            return true;
    return false;
}

static bool holds(Arena *a, const PathNode *criterion, const FhirType *type, Json *resource)
{
    if (!resource)
        return false;
    Item root = fhirpath_root(resource, type);
    PathContext context = { .resource = root, .root_resource = root };
    return fhirpath_truth(a, criterion, root, &context) == TRUTH_TRUE;
}

bool topic_fires(Arena *a, const Topic *topic, Str type, Json *now, Json *previous)
{
    const FhirResource *definition = fhir_resource(type);
    for (size_t i = 0; i < TOPIC_TRIGGERS && topic->triggers[i].type; i++) {
        if (!str_is(type, topic->triggers[i].type))
            continue;
        const PathNode *criterion = fhirpath_parse(a, str_from(topic->triggers[i].criterion));
        if (holds(a, criterion, definition->type, now) && !holds(a, criterion, definition->type, previous))
            return true;
    }
    return false;
}
