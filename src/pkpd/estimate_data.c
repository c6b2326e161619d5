#include "pkpd/estimate.h"

#include <math.h>

enum { ROWS_MOST = 1000000, ADDITIONAL_MOST = 10000 };

typedef enum Column { ID, TIME, DV, AMT, RATE, EVID, CMT, MDV, ADDL, II, BLQ, SS, COLUMNS } Column;
static const char *const column_names[COLUMNS] = { "ID",  "TIME", "DV",   "AMT", "RATE", "EVID",
                                                   "CMT", "MDV",  "ADDL", "II",  "BLQ",  "SS" };
enum { EVENT_OBSERVATION, EVENT_DOSE, EVENT_OTHER };

typedef LIST(EstimateDose) Doses;
typedef LIST(EstimateObservation) Observations;
typedef LIST(EstimatePerson) Persons;

typedef struct Reader {
    Ctx *c;
    Str path;
    EstimateReading reading;
    size_t row;
    int place[COLUMNS]; /* of the column, or -1 */
    Str cell[COLUMNS];  /* of this row; absent where missing */
    Persons persons;
    Doses doses; /* of the person under way */
    Observations observations;
    double time_before;
    EstimateFile *file;
} Reader;

static Err fault(Reader *r, Column column, const char *what)
{
    return problem(
        r->c, ERR_INVALID,
        arena_fmt(r->c->arena, "%.*s: row %zu, column %s", STR_ARG(r->path), r->row, column_names[column]),
        "%s, not \"%.*s\".", what, STR_ARG(r->cell[column]));
}

static Str unquoted(Str cell)
{
    Str trimmed = str_trim(cell);
    return trimmed.n >= 2 && trimmed.p[0] == '"' && trimmed.p[trimmed.n - 1] == '"'
               ? str_slice(trimmed, 1, trimmed.n - 1)
               : trimmed;
}

/* ---- the first row ---- */

static Err read_header(Reader *r, Str line)
{
    for (int i = 0; i < COLUMNS; i++)
        r->place[i] = -1;
    Str rest = line;
    for (int place = 0; rest.p; place++) {
        Str name = unquoted(str_cut(rest, ',', &rest));
        for (int i = 0; i < COLUMNS; i++)
            if (str_is(name, column_names[i]) || (i == BLQ && str_is(name, "CENS"))) {
                if (r->place[i] >= 0)
                    return problem(r->c, ERR_INVALID, r->path, "There are two columns %s.", column_names[i]);
                r->place[i] = place;
            }
    }
    for (int i = ID; i <= DV; i++)
        if (r->place[i] < 0)
            return problem(r->c, ERR_INVALID, r->path, "The first row names the columns: there is no %s.",
                           column_names[i]);
    return OK;
}

/* ---- a row ---- */

static void read_cells(Reader *r, Str line)
{
    for (int i = 0; i < COLUMNS; i++)
        r->cell[i] = STR_NONE;
    Str rest = line;
    for (int place = 0; rest.p; place++) {
        Str cell = unquoted(str_cut(rest, ',', &rest));
        for (int i = 0; i < COLUMNS; i++)
            if (r->place[i] == place && !str_empty(cell) && !str_is(cell, ".") && !str_is(cell, "NA"))
                r->cell[i] = cell;
    }
}

static Err number(Reader *r, Column column, double missing, double least, double *ret_value)
{
    *ret_value = missing;
    if (!r->cell[column].p)
        return OK;
    Str text = r->cell[column];
    if (str_starts(text, S("."))) /* ".74", as NONMEM writes it */
        text = arena_fmt(r->c->arena, "0%.*s", STR_ARG(text));
    if (!str_to_double(text, ret_value) || *ret_value < least)
        return fault(r, column, least >= 0 ? "A number of 0 or more" : "A number");
    return OK;
}

static Err count(Reader *r, Column column, int64_t missing, int64_t most, int64_t *ret_value)
{
    *ret_value = missing;
    if (!r->cell[column].p)
        return OK;
    if (!str_to_int(r->cell[column], ret_value) || *ret_value < 0 || *ret_value > most)
        return fault(
            r, column,
            arena_cstr(r->c->arena, arena_fmt(r->c->arena, "A whole number of 0 to %lld", (long long)most)));
    return OK;
}

static void finish_person(Reader *r)
{
    if (r->persons.n == 0)
        return;
    EstimatePerson *person = &r->persons.at[r->persons.n - 1];
    person->doses = r->doses.at;
    person->n_doses = r->doses.n;
    person->observations = r->observations.at;
    person->n_observations = r->observations.n;
    r->doses = (Doses){ 0 };
    r->observations = (Observations){ 0 };
}

/* Begins another person where the ID changes. */
static Err take_person(Reader *r, bool *ret_new)
{
    Str id = r->cell[ID];
    if (!id.p)
        return fault(r, ID, "Who it is");
    *ret_new = r->persons.n == 0 || !str_eq(id, r->persons.at[r->persons.n - 1].id);
    if (!*ret_new)
        return OK;
    for (size_t i = 0; i < r->persons.n; i++)
        if (str_eq(id, r->persons.at[i].id))
            return fault(r, ID, "A person's rows must follow each other");
    finish_person(r);
    *list_add(r->c->arena, &r->persons) = (EstimatePerson){ .id = id };
    r->time_before = -INFINITY;
    return OK;
}

static Err take_dose(Reader *r, double at)
{
    double amount, rate, interval;
    int64_t additional, compartment;
    TRY(number(r, AMT, 0, 0, &amount));
    TRY(number(r, RATE, 0, -INFINITY, &rate));
    TRY(number(r, II, 0, 0, &interval));
    TRY(count(r, ADDL, 0, ADDITIONAL_MOST, &additional));
    TRY(count(r, CMT, 1, 1000, &compartment));
    if (!(amount > 0))
        return fault(r, AMT, "A dose above 0");
    if (rate < 0)
        return fault(r, RATE,
                     "A rate of 0 or more (a rate or duration that the model computes is not known here)");
    if (compartment > 1)
        return fault(r, CMT, "Doses enter compartment 1");
    if (additional > 0 && !(interval > 0))
        return fault(r, II, "Additional doses need an interval above 0");
    for (int64_t i = 0; i <= additional; i++)
        *list_add(r->c->arena, &r->doses) =
            (EstimateDose){ at + (double)i * interval, amount, rate > 0 ? amount / rate : 0 };
    r->file->doses += (size_t)additional + 1;
    return OK;
}

static Err take_observation(Reader *r, double at)
{
    double value;
    int64_t missing, below, compartment, measured = r->reading.absorption ? 2 : 1;
    TRY(count(r, MDV, r->cell[DV].p ? 0 : 1, 1, &missing));
    if (missing)
        return OK;
    TRY(number(r, DV, NAN, -INFINITY, &value));
    TRY(count(r, BLQ, 0, 1, &below));
    TRY(count(r, CMT, 0, 1000, &compartment));
    if (isnan(value))
        return fault(r, DV, "A value, or MDV 1");
    if (compartment > 0 && compartment != measured)
        return fault(r, CMT,
                     measured == 2 ? "Observations are of compartment 2 (1 is the depot)"
                                   : "Observations are of compartment 1");
    *list_add(r->c->arena, &r->observations) = (EstimateObservation){ at, value, below == 1 };
    r->file->observations++;
    r->file->below_limit += below == 1;
    return OK;
}

static Err take_row(Reader *r)
{
    bool new_person;
    double at, amount, steady;
    int64_t event;
    TRY(take_person(r, &new_person));
    TRY(number(r, TIME, NAN, -INFINITY, &at));
    TRY(number(r, AMT, 0, 0, &amount));
    TRY(number(r, SS, 0, -INFINITY, &steady));
    TRY(count(r, EVID, amount > 0 && !r->reading.one_dose ? EVENT_DOSE : EVENT_OBSERVATION, 1000, &event));
    if (isnan(at))
        return fault(r, TIME, "A time");
    if (at < r->time_before)
        return fault(r, TIME, "A person's times do not go back");
    if (steady != 0)
        return fault(r, SS, "0: a steady state is not known here, give its doses");
    if (event > EVENT_OTHER)
        return fault(r, EVID, "0 observation, 1 dose or 2 neither");
    r->time_before = at;
    if (r->reading.one_dose && new_person)
        TRY(take_dose(r, 0));
    if (event == EVENT_DOSE)
        return take_dose(r, at);
    if (amount > 0 && !r->reading.one_dose)
        return fault(r, AMT, "A row with EVID 0 or 2 has no dose");
    return event == EVENT_OTHER ? OK : take_observation(r, at);
}

/* A file where each row has both a dose and a value is either one dose told many times, or many doses: nobody
 * should have to guess. */
static Err refuse_ambiguous(Reader *r)
{
    bool both = r->cell[AMT].p && r->cell[DV].p && r->place[EVID] < 0 && r->place[MDV] < 0;
    double amount = 0;
    TRY(number(r, AMT, 0, 0, &amount));
    return both && amount > 0 && !r->reading.one_dose
               ? fault(r, AMT,
                       "A dose beside a value, without EVID: one dose at time 0 on every row (--one-dose), "
                       "or a dose "
                       "row without DV")
               : OK;
}

Err estimate_data_read(Ctx *c, Str path, Str csv, EstimateReading reading, EstimateFile *ret_file)
{
    *ret_file = (EstimateFile){ 0 };
    Reader r = { .c = c, .path = path, .reading = reading, .row = 1, .file = ret_file };
    Str rest = csv;
    TRY(read_header(&r, str_trim(str_cut(rest, '\n', &rest))));
    while (rest.p) {
        Str line = str_trim(str_cut(rest, '\n', &rest));
        if (++r.row > ROWS_MOST)
            return problem(c, ERR_TOO_LARGE, path, "At most %d rows are read.", ROWS_MOST);
        if (str_empty(line))
            continue;
        read_cells(&r, line);
        TRY(refuse_ambiguous(&r));
        TRY(take_row(&r));
    }
    finish_person(&r);
    ret_file->data = (EstimateData){ r.persons.at, r.persons.n };
    return OK;
}
