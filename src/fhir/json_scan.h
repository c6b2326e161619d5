/* The strict scan of bytes from outside, before json-c sees them: RFC 8259 and I-JSON. It refuses what json-c
 * would accept or change silently: duplicate member names (after unescaping), NaN and Infinity, integers
 * outside 64 bits, -0, single quotes, comments, raw control characters, invalid or overlong UTF-8, lone
 * surrogates, NUL in a string, depth over LIMIT_JSON_DEPTH, and anything after the value. Numbers keep their
 * text. */
#ifndef FHIR_JSON_SCAN_H
#define FHIR_JSON_SCAN_H

#include "base/ctx.h"

/* ERR_SYNTAX with one problem: the path of the fault ("entry[3].resource.name[0].family") and what it is. */
MUST_USE Err json_scan(Ctx *c, Str bytes);

#endif
