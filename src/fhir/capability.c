#include "fhir/capability.h"

#include "base/limits.h"
#include "fhir/definitions.h"
#include "fhir/us_core.h"

/* Of a type with an interaction: what else then works. */
static bool lists(const char *const *codes, const char *code)
{
    while (*codes && strcmp(*codes, code) != 0)
        codes++;
    return *codes != NULL;
}

typedef struct Tables {
    const Operation *const *at;
    size_t n;
} Tables;

static const char *const kind_codes[] = {
    [PARAM_NUMBER] = "number", [PARAM_DATE] = "date",           [PARAM_STRING] = "string",
    [PARAM_TOKEN] = "token",   [PARAM_REFERENCE] = "reference", [PARAM_COMPOSITE] = "composite",
    [PARAM_URI] = "uri",       [PARAM_QUANTITY] = "quantity",   [PARAM_SPECIAL] = NULL,
};

static void add_comma(Buf *b)
{
    char last = b->n ? b->p[b->n - 1] : '[';
    if (last != '[' && last != '{')
        buf_char(b, ',');
}

/* ---- US Core ---- */

#define EXPECTATION "http://hl7.org/fhir/StructureDefinition/capabilitystatement-expectation"
#define COMBINATION "http://hl7.org/fhir/StructureDefinition/capabilitystatement-search-parameter-combination"
#define SHALL       "{'url':'" EXPECTATION "','valueCode':'SHALL'}"

static void add_profiles(Buf *b, const UsCore *core)
{
    Str profile, rest = str_from(core->profiles);
    buf_add(b, S(",\"supportedProfile\":["));
    while (us_core_next(&rest, &profile)) {
        add_comma(b);
        buf_json(b, "%s", arena_fmt(b->arena, US_CORE_PROFILE "%.*s", STR_ARG(profile)));
    }
    buf_char(b, ']');
}

static void add_combination(Buf *b, Str search)
{
    add_comma(b);
    buf_json(b, "{'url':'" COMBINATION "','extension':[" SHALL);
    while (search.p) {
        Str param = str_cut(search, '+', &search);
        buf_json(b, ",{'url':'required','valueString':%s}", param);
    }
    buf_add(b, S("]}"));
}

/* The searches by several parameters that are expected together. */
static void add_combinations(Buf *b, const UsCore *core)
{
    size_t n = 0;
    Str search, rest = str_from(core->searches);
    while (us_core_next(&rest, &search)) {
        if (str_find(search, '+') == search.n)
            continue;
        if (n++ == 0)
            buf_add(b, S(",\"extension\":["));
        add_combination(b, search);
    }
    if (n)
        buf_char(b, ']');
}

static bool is_expected(const UsCore *core, const char *param)
{
    Str search, rest = str_from(core ? core->searches : NULL);
    while (us_core_next(&rest, &search))
        if (str_is(search, param))
            return true;
    return false;
}

/* ---- types ---- */

static void add_params(Buf *b, const FhirResource *resource, const UsCore *core)
{
    buf_add(b, S(",\"searchParam\":["));
    for (uint16_t i = 0; i < resource->n_params; i++) {
        const FhirParam *param = &resource->params[i];
        bool is_composite = param->kind == PARAM_COMPOSITE;
        if (!kind_codes[param->kind] || (is_composite && !param->n_components))
            continue;
        add_comma(b);
        buf_json(b, "{'name':%s,'type':%s", str_from(param->name), str_from(kind_codes[param->kind]));
        if (is_expected(core, param->name))
            buf_json(b, ",'extension':[" SHALL "]");
        buf_char(b, '}');
    }
    buf_char(b, ']');
}

/* "Patient-evaluate", "System-today". */
static Str definition_id(Arena *a, const Operation *operation)
{
    return arena_fmt(a, "%s-%s", operation->type ? operation->type : "System", operation->name);
}

static void add_operation(Buf *b, Str base, const Operation *operation)
{
    Str id = definition_id(b->arena, operation);
    Str definition = arena_fmt(b->arena, "%.*s/OperationDefinition/%.*s", STR_ARG(base), STR_ARG(id));
    buf_json(b, "{'name':%s,'definition':%s,'documentation':%s}", str_from(operation->name), definition,
             str_from(operation->title ? operation->title : operation->name));
}

static bool is_of(const Operation *operation, const char *type)
{
    return type && operation->type ? strcmp(operation->type, type) == 0 : type == operation->type;
}

static void start_operations(Buf *b, size_t n_before)
{
    if (n_before == 0)
        buf_add(b, S(",\"operation\":["));
    add_comma(b);
}

/* type NULL: those on the system and of every type. */
static void add_operations(Buf *b, Str base, const Capability *can, const char *type)
{
    size_t n = 0;
    for (const CapabilityOperation *o = can->defined; o->name; o++)
        if (type && o->type ? strcmp(type, o->type) == 0 : type == o->type) {
            start_operations(b, n++);
            buf_json(b, "{'name':%s,'definition':%s}", str_from(o->name), str_from(o->definition));
        }
    for (size_t i = 0; i < can->n_tables; i++)
        for (const Operation *o = can->tables[i]; o->name; o++)
            if (is_of(o, type)) {
                start_operations(b, n++);
                add_operation(b, base, o);
            }
    if (n)
        buf_char(b, ']');
}

static void add_interactions(Buf *b, const char *const *codes)
{
    buf_add(b, S(",\"interaction\":["));
    for (; *codes; codes++) {
        add_comma(b);
        buf_json(b, "{'code':%s}", str_from(*codes));
    }
    buf_char(b, ']');
}

#define TOPIC                                                                                                \
    "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"                                     \
    "capabilitystatement-subscriptiontopic-canonical"

static void add_topics(Buf *b, const char *const *topics)
{
    buf_add(b, S(",\"extension\":["));
    for (; *topics; topics++) {
        add_comma(b);
        buf_json(b, "{'url':'" TOPIC "','valueCanonical':%s}", str_from(*topics));
    }
    buf_char(b, ']');
}

static void add_resource(Buf *b, Str base, const Capability *can, const FhirResource *resource)
{
    const UsCore *core = us_core_of(resource->type->name);
    add_comma(b);
    buf_json(b, "{'type':%s", str_from(resource->type->name));
    if (core) {
        add_profiles(b, core);
        add_combinations(b, core);
    }
    if (can->topics && strcmp(resource->type->name, "Subscription") == 0)
        add_topics(b, can->topics);
    add_interactions(b, can->type_interactions);
    bool updates = lists(can->type_interactions, "update"), creates = lists(can->type_interactions, "create");
    buf_json(b,
             ",'versioning':'versioned-update','readHistory':%b,'updateCreate':%b,'conditionalCreate':%b,"
             "'conditionalUpdate':%b,'conditionalDelete':%s,'referencePolicy':['literal','logical','local'],"
             "'searchInclude':['*'],'searchRevInclude':['*']",
             lists(can->type_interactions, "vread"), updates, creates, updates,
             lists(can->type_interactions, "delete") ? S("single") : S("not-supported"));
    add_params(b, resource, core);
    add_operations(b, base, can, resource->type->name);
    buf_char(b, '}');
}

static void add_special(Buf *b, const CapabilityType *special)
{
    add_comma(b);
    buf_json(b, "{'type':%s", str_from(special->name));
    add_interactions(b, special->interactions);
    buf_add(b, S(",\"versioning\":\"no-version\",\"searchParam\":["));
    for (const CapabilityParam *param = special->params; param->name; param++) {
        add_comma(b);
        buf_json(b, "{'name':%s,'type':%s}", str_from(param->name), str_from(param->kind));
    }
    buf_add(b, S("]}"));
}

static const Operation *operation_of_definition(Arena *a, Str id, Tables tables)
{
    for (size_t i = 0; i < tables.n; i++)
        for (const Operation *o = tables.at[i]; o->name; o++)
            if (str_eq(definition_id(a, o), id))
                return o;
    return NULL;
}

Str fhir_operation_definition(Ctx *c, Str base, Str id, const Operation *const *tables, size_t n)
{
    const Operation *o = operation_of_definition(c->arena, id, (Tables){ tables, n });
    if (!o)
        return STR_NONE;
    Str url = arena_fmt(c->arena, "%.*s/OperationDefinition/%.*s", STR_ARG(base), STR_ARG(id));
    Str resource = o->type ? json_build(c->arena, "'resource':[%s],", str_from(o->type)) : S("");
    return json_build(
        c->arena,
        "{'resourceType':'OperationDefinition','id':%s,'url':%s,'name':%s,'title':%s,'status':'active',"
        "'kind':'operation','affectsState':%b,'code':%s,%j'system':%b,'type':false,'instance':%b,"
        "'parameter':[{'name':'return','use':'out','min':1,'max':'1','type':'Parameters'}]}",
        id, url, str_from(o->name), str_from(o->title ? o->title : o->name), o->kind == OP_WRITE,
        str_from(o->name), resource, !o->type, o->type != NULL);
}

Str fhir_capability(Ctx *c, Str base, const Capability *can)
{
    Buf b = buf_make(c->arena, LIMIT_RESPONSE_BYTES);
    buf_json(
        &b,
        "{'resourceType':'CapabilityStatement','status':'active','date':%t,'kind':'instance',"
        "'software':{'name':'Euthymia'},'implementation':{'description':'A ketamine treatment "
        "service','url':%s},"
        "'instantiates':['" US_CORE_SERVER "'],'fhirVersion':'4.0.1','format':['application/"
        "fhir+json','json'],'rest':[{'mode':'server','security':{'cors':false,'description':"
        "'A bearer token (euthymia token), or the cookie of a session of this server\\u2019s own page.'},"
        "'resource':[",
        c->now_us, base);
    for (size_t i = 0; i < fhir_n_resources; i++) {
        bool is_special = can->special && strcmp(can->special->name, fhir_resources[i].type->name) == 0;
        if (is_special)
            add_special(&b, can->special);
        else
            add_resource(&b, base, can, &fhir_resources[i]);
    }
    buf_char(&b, ']');
    add_interactions(&b, can->system_interactions);
    add_operations(&b, base, can, NULL);
    buf_add(&b, S("}]}"));
    return buf_str(&b);
}
