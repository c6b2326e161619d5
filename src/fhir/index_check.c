#include "fhir/index_check.h"

#include "fhir/index.h"

#include <sodium.h>
#include <string.h>

/* Of a table's rows, whatever their order: the sum of their hashes. */
typedef struct Digest {
    uint64_t sum[2];
    int64_t rows;
} Digest;

static const char *const names[INDEX_TABLES] = {
    [INDEX_TOKEN] = "index_token",       [INDEX_STRING] = "index_string",
    [INDEX_DATE] = "index_date",         [INDEX_NUMBER] = "index_number",
    [INDEX_QUANTITY] = "index_quantity", [INDEX_REFERENCE] = "index_reference",
    [INDEX_URI] = "index_uri",           [INDEX_COMPARTMENT] = "compartment",
};

enum { COLUMNS_MOST = 8 };

/* texts columns, then numbers columns. */
static Err rows_of(Ctx *c, IndexTable table, int *ret_texts, int *ret_numbers, Rows **ret_rows)
{
    *ret_numbers = 0;
    switch (table) {
    case INDEX_TOKEN:
        *ret_texts = 5, *ret_numbers = 3;
        return db_query(
            c, SQL("SELECT type, param, system, code, patient_id, at_us, element, number FROM index_token"),
            NO_ARGS, ret_rows);
    case INDEX_STRING:
        *ret_texts = 4, *ret_numbers = 2;
        return db_query(c, SQL("SELECT type, param, folded, exact, element, number FROM index_string"),
                        NO_ARGS, ret_rows);
    case INDEX_DATE:
        *ret_texts = 2, *ret_numbers = 5;
        return db_query(c,
                        SQL("SELECT type, param, from_us, to_us, is_long, element, number FROM index_date"),
                        NO_ARGS, ret_rows);
    case INDEX_NUMBER:
        *ret_texts = 4, *ret_numbers = 2;
        return db_query(c, SQL("SELECT type, param, low, high, element, number FROM index_number"), NO_ARGS,
                        ret_rows);
    case INDEX_QUANTITY:
        *ret_texts = 7, *ret_numbers = 2;
        return db_query(
            c, SQL("SELECT type, param, system, code, unit, low, high, element, number FROM index_quantity"),
            NO_ARGS, ret_rows);
    case INDEX_REFERENCE:
        *ret_texts = 4, *ret_numbers = 2;
        return db_query(
            c, SQL("SELECT type, param, target_type, target_id, element, number FROM index_reference"),
            NO_ARGS, ret_rows);
    case INDEX_URI:
        *ret_texts = 3, *ret_numbers = 2;
        return db_query(c, SQL("SELECT type, param, uri, element, number FROM index_uri"), NO_ARGS, ret_rows);
    default:
        *ret_texts = 2, *ret_numbers = 1;
        return db_query(c, SQL("SELECT patient_id, type, number FROM compartment"), NO_ARGS, ret_rows);
    }
}

static void add_part(crypto_generichash_state *state, const void *bytes, size_t n)
{
    (void)crypto_generichash_update(state, (const unsigned char *)&n, sizeof n);
    (void)crypto_generichash_update(state, bytes, n);
}

static void add_row(Digest *digest, const Rows *rows, int texts, int numbers)
{
    crypto_generichash_state state;
    uint64_t hash[2];
    (void)crypto_generichash_init(&state, NULL, 0, sizeof hash);
    for (int i = 0; i < texts; i++) {
        Str text = rows_text(rows, i);
        add_part(&state, text.p ? text.p : "", text.n);
    }
    for (int i = texts; i < texts + numbers; i++) {
        int64_t number = rows_int(rows, i);
        add_part(&state, &number, sizeof number);
    }
    (void)crypto_generichash_final(&state, (unsigned char *)hash, sizeof hash);
    digest->sum[0] += hash[0];
    digest->sum[1] += hash[1];
    digest->rows++;
}

static Err digest_of(Ctx *c, IndexTable table, Digest *ret_digest)
{
    AUTO(rows_done) Rows *rows = NULL;
    int texts, numbers;
    Digest digest = { 0 };
    TRY(rows_of(c, table, &texts, &numbers, &rows));
    while (rows_next(rows))
        add_row(&digest, rows, texts, numbers);
    *ret_digest = digest;
    return rows_error(rows);
}

static Err digests(Ctx *c, Digest ret_digests[INDEX_TABLES])
{
    for (IndexTable i = 0; i < INDEX_TABLES; i++)
        TRY(digest_of(c, i, &ret_digests[i]));
    return OK;
}

Err index_check(Ctx *c, Str *ret_fault)
{
    Digest stored[INDEX_TABLES], derived[INDEX_TABLES];
    AUTO(tx_done) Tx *tx = NULL; /* never committed */
    TRY(tx_begin(c, &tx));
    TRY(digests(c, stored));
    TRY(index_rebuild(c));
    TRY(digests(c, derived));
    *ret_fault = STR_NONE;
    for (IndexTable i = 0; i < INDEX_TABLES; i++)
        if (memcmp(&stored[i], &derived[i], sizeof stored[i]) != 0) {
            *ret_fault =
                arena_fmt(c->arena, "%s does not agree with the resources: %lld rows are stored, %lld follow",
                          names[i], (long long)stored[i].rows, (long long)derived[i].rows);
            break;
        }
    return OK;
}
