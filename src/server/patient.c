#include "server/patient.h"

#include "db/db.h"
#include "server/session.h"

static Err take_patient(Request *r, const Sql *sql, DbArgs args)
{
    AUTO(rows_done) Rows *rows = NULL;
    TRY(db_query(&r->ctx, sql, args, &rows));
    if (rows_next(rows))
        r->patient_id = arena_str(r->ctx.arena, rows_text(rows, 0));
    return rows_error(rows);
}

Err patient_of_resource(Request *r)
{
    if (str_is(r->type, "Patient")) {
        r->patient_id = r->id;
        return OK;
    }
    return take_patient(r,
                        SQL("SELECT p.patient_id FROM resource r JOIN compartment p ON p.number = r.number"
                            " WHERE r.type = $1 AND r.id = $2 ORDER BY p.patient_id LIMIT 1"),
                        ARGS(T(r->type), T(r->id)));
}

void patient_of_content(Request *r, const Content *content)
{
    enum { PATIENT = 0 };
    if (str_is(r->type, "Patient")) { /* its compartments are also those that it is linked to */
        r->patient_id = content->id;
        return;
    }
    for (size_t i = 0; i < content->rows.tables[INDEX_COMPARTMENT].n; i++) {
        Str patient_id = content->rows.tables[INDEX_COMPARTMENT].at[i].at[PATIENT].text;
        if (!r->patient_id.p || str_cmp(patient_id, r->patient_id) < 0)
            r->patient_id = patient_id;
    }
}

Err patient_of_link(Request *r, Str token)
{
    return take_patient(r, SQL("SELECT patient_id FROM patient_link WHERE token_hash = $1"),
                        ARGS(T(secret_hash(r->ctx.arena, token))));
}

/* "Patient/1" and "1" both name a patient; a list of several names none alone. */
static Str patient_named(Str value)
{
    Str id = str_starts(value, S("Patient/")) ? str_slice(value, 8, value.n) : value;
    bool is_one = str_find(id, ',') == id.n && str_find(id, '/') == id.n;
    return is_one ? id : STR_NONE;
}

void patient_of_search(Request *r, const SearchTerms *terms)
{
    Str patient = form_value(terms, "patient"), subject = form_value(terms, "subject");
    if (str_is(r->type, "Patient"))
        r->patient_id = patient_named(form_value(terms, "_id"));
    else if (patient.p)
        r->patient_id = patient_named(patient);
    else if (str_starts(subject, S("Patient/")))
        r->patient_id = patient_named(subject);
}

void patient_of_bundle(Request *r, Json *bundle)
{
    Json *entries = json_get(bundle, "entry");
    for (size_t i = 0; i < json_count(entries); i++) {
        Json *resource = json_find(json_at(entries, i), "resource");
        Str subject = json_find_str(resource, "subject.reference");
        if (!r->patient_id.p && str_is(json_find_str(resource, "resourceType"), "Patient"))
            r->patient_id = json_find_str(resource, "id");
        else if (!r->patient_id.p && str_starts(subject, S("Patient/")))
            r->patient_id = patient_named(subject);
    }
}
