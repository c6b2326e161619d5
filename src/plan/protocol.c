#include "plan/protocol.h"

#include "base/embed.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/limits.h"

static Str words(Ctx *c, Json *object, const char *member)
{
    Str text = json_find_str(object, member);
    if (str_empty(text))
        (void)problem(c, ERR_INVALID, str_from(member), "The protocol lacks it.");
    return text;
}

static int64_t whole(Ctx *c, Json *object, const char *member, int64_t at_most)
{
    int64_t value = 0;
    if (!json_int(json_find(object, member), &value) || value < 1 || value > at_most)
        (void)problem(c, ERR_INVALID, str_from(member), "It must be a whole number from 1 to %d.",
                      (int)at_most);
    return value;
}

static Decimal exact(Ctx *c, Json *number, const char *member)
{
    Decimal value = { 0 };
    if (!decimal_parse(json_number_text(c->arena, number), &value) || value.units <= 0)
        (void)problem(c, ERR_INVALID, str_from(member), "It must be a plain number above 0.");
    return value;
}

/* "{plan_home_after} min" becomes "60 min". */
static Str with_policy(Ctx *c, const Policy *policy, Str text)
{
    Buf b = buf_make(c->arena, LIMIT_URL_BYTES);
    while (text.p) {
        Str rest, key_and_rest;
        buf_add(&b, str_cut(text, '{', &key_and_rest));
        if (!key_and_rest.p)
            break;
        Str key = str_cut(key_and_rest, '}', &rest);
        buf_add(&b, decimal_plain(c->arena, policy_decimal(policy, arena_cstr(c->arena, key))));
        text = rest;
    }
    return buf_str(&b);
}

static void read_products(Ctx *c, Json *file, const char *member, Decimal *list, size_t *ret_n)
{
    Json *products = json_get(file, member);
    *ret_n = json_count(products);
    if (*ret_n == 0 || *ret_n > PROTOCOL_PRODUCTS_MAX) {
        (void)problem(c, ERR_INVALID, str_from(member), "It must list 1 to %d.", PROTOCOL_PRODUCTS_MAX);
        *ret_n = 0;
    }
    for (size_t i = 0; i < *ret_n; i++)
        list[i] = exact(c, json_at(products, i), member);
}

static void read_week(Ctx *c, Json *file, Protocol *protocol)
{
    static const char *const days[7] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat" };
    Json *week = json_get(file, "days_to_second");
    for (int i = 0; i < 7; i++)
        protocol->days_to_second[i] = (int)whole(c, week, days[i], 6);
}

static void read_time_of_day(Ctx *c, Json *file, Protocol *protocol)
{
    Str minute, hour = str_cut(words(c, file, "time_of_day"), ':', &minute);
    int64_t h, m;
    if (!str_to_int(hour, &h) || !str_to_int(minute, &m) || h < 0 || h > 23 || m < 0 || m > 59) {
        (void)problem(c, ERR_INVALID, S("time_of_day"), "It must be a time such as 09:00.");
        return;
    }
    protocol->hour = (int)h;
    protocol->minute = (int)m;
}

static void read_visits(Ctx *c, Json *file, const Policy *policy, Protocol *protocol)
{
    Json *visits = json_get(file, "visits");
    if (json_count(visits) != (size_t)protocol->infusions)
        (void)problem(c, ERR_INVALID, S("visits"), "There must be one for each of the %d infusions.",
                      protocol->infusions);
    for (size_t i = 0; i < json_count(visits) && i < PROTOCOL_INFUSIONS_MAX; i++) {
        Json *visit = json_at(visits, i);
        protocol->visits[i] =
            (ProtocolVisit){ .number = (int)whole(c, visit, "number", PROTOCOL_INFUSIONS_MAX),
                             .measures = with_policy(c, policy, words(c, visit, "measures")),
                             .gate = json_true(json_get(visit, "gate")) };
    }
}

static void read_orders(Ctx *c, Json *file, const Policy *policy, Protocol *protocol)
{
    Json *orders = json_get(file, "orders");
    if (json_count(orders) > PROTOCOL_ROWS_MAX)
        (void)problem(c, ERR_INVALID, S("orders"), "There are more than %d.", PROTOCOL_ROWS_MAX);
    for (size_t i = 0; i < json_count(orders) && i < PROTOCOL_ROWS_MAX; i++) {
        Json *order = json_at(orders, i);
        protocol->orders[protocol->n_orders++] =
            (ProtocolOrder){ .title = words(c, order, "title"),
                             .text = with_policy(c, policy, words(c, order, "text")),
                             .cites = words(c, order, "cites"),
                             .seen = words(c, order, "seen") };
    }
}

Err protocol_load(Ctx *c, Str json, const Policy *policy, Protocol *ret_protocol)
{
    Json *file = json_parse(c->arena, json);
    if (!file)
        return problem(c, ERR_INVALID, STR_NONE, "The protocol is not JSON.");
    size_t problems_before = c->problems.n;
    Protocol protocol = {
        .id = words(c, file, "id"),
        .title = words(c, file, "title"),
        .indication = words(c, file, "indication"),
        .drug = words(c, file, "drug"),
        .route = words(c, file, "route"),
        .evidence = words(c, file, "evidence"),
        .cites = words(c, file, "cites"),
        .seen = words(c, file, "seen"),
        .mg_per_kg = exact(c, json_get(file, "mg_per_kg"), "mg_per_kg"),
        .minutes = whole(c, file, "minutes", 24 * 60),
        .infusions = (int)whole(c, file, "infusions", PROTOCOL_INFUSIONS_MAX),
        .infusions_a_week = (int)whole(c, file, "infusions_a_week", 7),
        .usual_vial_mg_per_ml = exact(c, json_get(file, "usual_vial_mg_per_ml"), "usual_vial_mg_per_ml"),
        .usual_bag_ml = exact(c, json_get(file, "usual_bag_ml"), "usual_bag_ml"),
        .hash = content_hash(c->arena, json),
    };
    read_products(c, file, "vials_mg_per_ml", protocol.vials_mg_per_ml, &protocol.n_vials);
    read_products(c, file, "bags_ml", protocol.bags_ml, &protocol.n_bags);
    read_week(c, file, &protocol);
    read_time_of_day(c, file, &protocol);
    read_visits(c, file, policy, &protocol);
    read_orders(c, file, policy, &protocol);
    if (c->problems.n > problems_before)
        return ERR_INVALID;
    *ret_protocol = protocol;
    return OK;
}

Err protocol_find(Ctx *c, Str id, Protocol *ret_protocol)
{
    for (const EmbeddedFile *file = embedded_files; file->path; file++) {
        if (!str_starts(str_from(file->path), S("data/protocols/")))
            continue;
        Protocol protocol;
        TRY(protocol_load(c, (Str){ file->start, (size_t)(file->end - file->start) }, policy_in_force(),
                          &protocol));
        if (str_eq(protocol.id, id)) {
            *ret_protocol = protocol;
            return OK;
        }
    }
    return problem(c, ERR_NOT_FOUND, S("protocol"), "There is no protocol \"%.*s\".", STR_ARG(id));
}

static bool among(const Decimal *list, size_t n, Decimal value)
{
    for (size_t i = 0; i < n; i++)
        if (decimal_cmp(list[i], value) == 0)
            return true;
    return false;
}

bool protocol_has_vial(const Protocol *protocol, Decimal mg_per_ml)
{
    return among(protocol->vials_mg_per_ml, protocol->n_vials, mg_per_ml);
}

bool protocol_has_bag(const Protocol *protocol, Decimal ml)
{
    return among(protocol->bags_ml, protocol->n_bags, ml);
}
