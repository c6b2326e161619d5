/* Genotypes, medicines and bioavailabilities, as data/covariates.json has them. */
#include "base/embed.h"
#include "base/json.h"
#include "pkpd/network.h"

#include <math.h>

static Json *list_of(Arena *a, const char *member)
{
    return json_get(json_parse(a, embedded_file(S("data/covariates.json"))), member);
}

static double number_or_unknown(Json *row, const char *member)
{
    double value = NAN;
    (void)json_number(json_get(row, member), &value);
    return value;
}

const NetworkCovariate *network_covariates(Arena *a, size_t *ret_n)
{
    Json *list = list_of(a, "covariates");
    NetworkCovariate *rows = arena_new(a, NetworkCovariate, json_count(list) + 1);
    *ret_n = json_count(list);
    for (size_t i = 0; i < *ret_n; i++) {
        Json *row = json_at(list, i);
        rows[i] = (NetworkCovariate){ .id = json_find_str(row, "id"),
                                      .title = json_find_str(row, "title"),
                                      .cites = json_find_str(row, "cites"),
                                      .seen = json_find_str(row, "seen"),
                                      .clearance = number_or_unknown(row, "clearance"),
                                      .iv_exposure = number_or_unknown(row, "iv_exposure"),
                                      .oral_exposure = number_or_unknown(row, "oral_exposure") };
    }
    return rows;
}

const NetworkCovariate *network_covariate(Arena *a, Str id)
{
    size_t n;
    const NetworkCovariate *rows = network_covariates(a, &n);
    for (size_t i = 0; i < n; i++)
        if (str_eq(rows[i].id, id))
            return &rows[i];
    return NULL;
}

const Bioavailability *network_bioavailability(Arena *a, size_t *ret_n)
{
    Json *list = list_of(a, "bioavailability");
    Bioavailability *rows = arena_new(a, Bioavailability, json_count(list) + 1);
    *ret_n = json_count(list);
    for (size_t i = 0; i < *ret_n; i++) {
        Json *row = json_at(list, i);
        rows[i] = (Bioavailability){ .route = json_find_str(row, "route"),
                                     .drug = json_find_str(row, "drug"),
                                     .cites = json_find_str(row, "cites"),
                                     .seen = json_find_str(row, "seen"),
                                     .fraction = number_or_unknown(row, "fraction"),
                                     .dose_mg = number_or_unknown(row, "dose_mg") };
    }
    return rows;
}
