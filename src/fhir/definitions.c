#include "fhir/definitions.h"

typedef int Compare(Str name, const void *row);

/* The row of a table sorted by name, or NULL. */
static const void *find(Str name, const void *table, size_t n, size_t row_bytes, Compare *compare)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const void *row = (const char *)table + middle * row_bytes;
        int order = compare(name, row);
        if (order == 0)
            return row;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static int by_resource(Str name, const void *row)
{
    return str_cmp(name, str_from(((const FhirResource *)row)->type->name));
}

static int by_element(Str name, const void *row)
{
    return str_cmp(name, str_from(((const FhirElement *)row)->name));
}

static int by_param(Str name, const void *row)
{
    return str_cmp(name, str_from(((const FhirParam *)row)->name));
}

const FhirResource *fhir_resource(Str name)
{
    return find(name, fhir_resources, fhir_n_resources, sizeof(FhirResource), by_resource);
}

const FhirElement *fhir_element(const FhirType *type, Str name)
{
    return find(name, type->elements, type->n_elements, sizeof(FhirElement), by_element);
}

const FhirParam *fhir_param(const FhirResource *resource, Str name)
{
    return find(name, resource->params, resource->n_params, sizeof(FhirParam), by_param);
}
