#include "fhir/capability.h"

#include "base/limits.h"
#include "fhir/definitions.h"

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

static void add_params(Buf *b, const FhirResource *resource)
{
    buf_add(b, S(",\"searchParam\":["));
    for (uint16_t i = 0; i < resource->n_params; i++) {
        const FhirParam *param = &resource->params[i];
        bool is_composite = param->kind == PARAM_COMPOSITE;
        if (!kind_codes[param->kind] || (is_composite && !param->n_components))
            continue;
        add_comma(b);
        buf_json(b, "{'name':%s,'type':%s}", str_from(param->name), str_from(kind_codes[param->kind]));
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
    add_comma(b);
    buf_json(b, "{'name':%s,'definition':%s,'documentation':%s}", str_from(operation->name), definition,
             str_from(operation->title ? operation->title : operation->name));
}

static bool is_of(const Operation *operation, const char *type)
{
    return type && operation->type ? strcmp(operation->type, type) == 0 : type == operation->type;
}

/* type NULL: those on the system. */
static void add_operations(Buf *b, Str base, Tables tables, const char *type)
{
    size_t n = 0;
    for (size_t i = 0; i < tables.n; i++)
        for (const Operation *o = tables.at[i]; o->name; o++)
            if (is_of(o, type)) {
                if (n++ == 0)
                    buf_add(b, S(",\"operation\":["));
                add_operation(b, base, o);
            }
    if (n)
        buf_char(b, ']');
}

static void add_resource(Buf *b, Str base, Tables tables, const FhirResource *resource)
{
    add_comma(b);
    buf_json(b,
             "{'type':%s,'interaction':[{'code':'read'},{'code':'vread'},{'code':'update'},{'code':'delete'},"
             "{'code':'patch'},{'code':'create'},{'code':'search-type'},{'code':'history-instance'},"
             "{'code':'history-type'}],"
             "'versioning':'versioned-update','readHistory':true,'updateCreate':true,"
             "'conditionalCreate':true,'conditionalUpdate':true,'conditionalDelete':'single',"
             "'referencePolicy':['literal','logical','local'],'searchInclude':['*'],'searchRevInclude':['*']",
             str_from(resource->type->name));
    add_params(b, resource);
    add_operations(b, base, tables, resource->type->name);
    buf_char(b, '}');
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

Str fhir_capability(Ctx *c, Str base, const Operation *const *tables, size_t n)
{
    Buf b = buf_make(c->arena, LIMIT_RESPONSE_BYTES);
    Tables all = { tables, n };
    buf_json(&b,
             "{'resourceType':'CapabilityStatement','status':'active','date':%t,'kind':'instance',"
             "'software':{'name':'Euthymia'},'implementation':{'description':'A ketamine treatment "
             "service','url':%s},"
             "'fhirVersion':'4.0.1','format':['application/"
             "fhir+json','json'],'rest':[{'mode':'server','resource':[",
             c->now_us, base);
    for (size_t i = 0; i < fhir_n_resources; i++)
        add_resource(&b, base, all, &fhir_resources[i]);
    buf_add(&b, S("],\"interaction\":[{\"code\":\"transaction\"},{\"code\":\"batch\"},{\"code\":\"history-"
                  "system\"}]"));
    add_operations(&b, base, all, NULL);
    buf_add(&b, S("}]}"));
    return buf_str(&b);
}
