#include "fhir/relation.h"

#include "fhir/index.h"

bool relation_limits(const Ctx *c)
{
    return c->rights && c->rights->own_patients_only;
}

Err relation_to(Ctx *c, Str patient_id, bool *ret_related)
{
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query(
        c,
        SQL("SELECT 1 FROM (" RELATED_PATIENTS("$1", "$2", "$3", "$4") ") AS own"
                                                                       " WHERE own.patient_id = $5 LIMIT 1"),
        ARGS(T(c->user.person_id), I(c->now_us - RELATION_DAYS_US), I(c->now_us + RELATION_DAYS_US),
             I(c->now_us), T(patient_id)),
        &rows));
    *ret_related = rows_next(rows);
    return rows_error(rows);
}

/* ---- whose a resource is ---- */

typedef struct Patients {
    Str *at;
    size_t n, room;
} Patients;

static void add_patient(Arena *a, Patients *patients, Str id)
{
    for (size_t i = 0; i < patients->n; i++)
        if (str_eq(patients->at[i], id))
            return;
    *list_add(a, patients) = id;
}

/* By the rows that a search would find it by, so that both see the same. */
static Patients patients_of(Arena *a, const Resource *resource)
{
    enum { COMPARTMENT_PATIENT = 0, REFERENCE_TYPE = 4, REFERENCE_ID = 5 };
    Patients patients = { 0 };
    DerivedRows rows = { 0 };
    index_derive(a, fhir_resource(resource->type), resource->id, 0, json_parse(a, resource->body), &rows);
    for (size_t i = 0; i < rows.tables[INDEX_COMPARTMENT].n; i++)
        add_patient(a, &patients, rows.tables[INDEX_COMPARTMENT].at[i].at[COMPARTMENT_PATIENT].text);
    for (size_t i = 0; i < rows.tables[INDEX_REFERENCE].n; i++) {
        const DbArg *row = rows.tables[INDEX_REFERENCE].at[i].at;
        if (str_is(row[REFERENCE_TYPE].text, "Patient"))
            add_patient(a, &patients, row[REFERENCE_ID].text);
    }
    return patients;
}

Err relation_shows(Ctx *c, const Resource *resource, bool *ret_shows)
{
    *ret_shows = true;
    if (!relation_limits(c) || !resource->body.p)
        return OK;
    Patients patients = patients_of(c->arena, resource);
    *ret_shows = patients.n == 0;
    for (size_t i = 0; i < patients.n && !*ret_shows; i++)
        TRY(relation_to(c, patients.at[i], ret_shows));
    return OK;
}

/* ---- refusing ---- */

/* A client knows by the expression, "relation", that the glass may be broken. */
static Err refuse(Ctx *c)
{
    return problem(
        c, ERR_FORBIDDEN, S("relation"),
        "This is a patient of others: you are not on the care team and have no visit or appointment with "
        "the patient within 30 days. In an emergency break the glass, with a reason.");
}

Err relation_check(Ctx *c, const Resource *resource)
{
    bool shows;
    TRY(relation_shows(c, resource, &shows));
    return shows ? OK : refuse(c);
}

Err relation_check_patient(Ctx *c, Str patient_id)
{
    bool related = true;
    if (relation_limits(c))
        TRY(relation_to(c, patient_id, &related));
    return related ? OK : refuse(c);
}

/* ---- granting ---- */

Err relation_grant(Ctx *c, GrantKind kind, Str patient_id, Str reason, int64_t until_us, Str *ret_id)
{
    static const char *const names[] = {
        [GRANT_REGISTERED] = "registered", [GRANT_BROKE_GLASS] = "broke-glass"
    };
    Str id = uuid_v7(c->arena, c->random, c->now_us);
    TRY(db_exec(
        c,
        SQL("INSERT INTO access_grant (id, kind, person_id, display, patient_id, reason, from_us, until_us)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"),
        ARGS(T(id), T(str_from(names[kind])), T(c->user.person_id), T(c->user.display), T(patient_id),
             T(reason), I(c->now_us), I(until_us))));
    if (ret_id)
        *ret_id = id;
    return OK;
}
