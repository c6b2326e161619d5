// The dose and the two typical patients' curves once more: in another language, from the rules and the papers' equations
// alone, with nothing taken from the program. Exact: fractions of whole numbers for doses, 60 decimal places for curves.
//
//     node oracle.mjs doses > doses.csv      node oracle.mjs curves > curves.csv
//
// Sources. Devine's ideal weight, adjusted weight, rounding, pump rate: clinical fact base 3c (seen: memory) with its two
// worked examples; what is rounded downward and the limits of a first dose: safety review 2.8 (seen: policy).
// Domino 1984, Clin Pharmacol Ther 36:645 (seen: secondary, three public programs agree); Kamp 2020, Anesthesiology
// 133:1192 (seen: secondary, SimTIVA); effect-site constants: Navarrete 2025 (seen: secondary, SimTIVA).

// ---- fractions

const gcd = (a, b) => { while (b) [a, b] = [b, a % b]; return a < 0n ? -a : a; };
const fraction = (top, bottom = 1n) => { const g = gcd(top, bottom) || 1n; return { top: top / g, bottom: bottom / g }; };
const exact = (text) => { const [whole, part = ''] = String(text).split('.'); return fraction(BigInt(whole + part), 10n ** BigInt(part.length)); };
const add = (a, b) => fraction(a.top * b.bottom + b.top * a.bottom, a.bottom * b.bottom);
const times = (a, b) => fraction(a.top * b.top, a.bottom * b.bottom);
const over = (a, b) => fraction(a.top * b.bottom, a.bottom * b.top);
const less = (a, b) => a.top * b.bottom < b.top * a.bottom;
const least = (a, b) => less(b, a) ? b : a;
/** A square root to 60 places. */
const root = (value) => {
  const square = value.top * 10n ** 120n / value.bottom;
  let x = 10n ** BigInt(Math.ceil(String(square).length / 2));
  for (let y = (x + square / x) / 2n; y < x; y = (x + square / x) / 2n) x = y;
  return fraction(x, 10n ** 60n);
};
/** Of a value that is not negative: to whole steps, half away from zero or downward. */
const steps = (value, step, down) => {
  const { top, bottom } = over(value, step);
  return times(fraction(down ? top / bottom : (2n * top + bottom) / (2n * bottom)), step);
};
const places = (value, n, down = false) => {
  const { top, bottom } = steps(value, fraction(1n, 10n ** BigInt(n)), down);
  const digits = String(top * 10n ** BigInt(n) / bottom).padStart(n + 1, '0');
  return n ? `${digits.slice(0, -n)}.${digits.slice(-n)}` : digits;
};

// ---- doses

const idealKg = (sex, heightCm) => {
  const inchesOver60 = add(over(exact(heightCm), exact('2.54')), exact('-60'));
  return less(inchesOver60, exact('0')) ? undefined : add(exact(sex === 'male' ? '50' : '45.5'), times(exact('2.3'), inchesOver60));
};
const doseKg = (sex, heightCm, weightKg, basis) => {
  const actual = steps(exact(weightKg), exact('0.1'), true);
  const ideal = idealKg(sex, heightCm);
  if (basis === 'actual') return actual;
  const formula = basis === 'ideal' ? ideal : add(ideal, times(exact('0.4'), add(actual, times(exact('-1'), ideal))));
  return steps(least(formula, actual), exact('0.1'), true);
};
/** A first dose is at most 60 mg and never more than 0.5 mg/kg of its weight; no dose is rounded past a limit it keeps. */
const limitsMg = (kg, first, minutes, bagMl) => [
  ...(first ? [exact('60'), times(kg, exact('0.5'))] : [exact('60'), exact('80'), times(kg, exact('0.75'))]),
  exact('100'), kg, times(exact('1.5'), minutes), times(exact('2'), bagMl)];
const orderedMg = (asked, limits, first) => {
  const allowed = first ? least(asked, exact('60')) : asked;
  const nearest = steps(allowed, exact('0.5'), false);
  const crosses = limits.some((limit) => !less(limit, allowed) && less(limit, nearest));
  return crosses ? steps(allowed, exact('0.5'), true) : nearest;
};

function* doses() {
  yield 'sex,height_cm,weight_kg,basis,mg_per_kg,minutes,vial_mg_per_ml,bag_ml,first,dose_weight_kg,nearest_mg,mg,drug_ml,concentration_mg_per_ml,pump_ml_per_h,rate_mg_per_min';
  const people = [['male', '178', '80'], ['female', '165', '110'], ['female', '175', '40'], ['male', '190', '139.95'], ['female', '152.4', '51.3'],
    ['male', '169.5', '63.07'], ['female', '160', '97.15'], ['male', '201', '99.9']];
  const orders = [['0.5', 40, 50, 100], ['0.4', 60, 10, 250], ['0.37', 45, 100, 50], ['0.5', 55, 50, 500]];
  for (const [sex, heightCm, weightKg] of people)
    for (const basis of ['actual', 'ideal', 'adjusted'])
      for (const [mgPerKg, minutes, vial, bag] of orders)
        for (const first of [true, false]) {
          const kg = doseKg(sex, heightCm, weightKg, basis), asked = times(kg, exact(mgPerKg));
          const min = exact(minutes), bagMl = exact(bag);
          const mg = orderedMg(asked, limitsMg(kg, first, min, bagMl), first);
          yield [sex, heightCm, weightKg, basis, mgPerKg, minutes, vial, bag, first ? 1 : 0, places(kg, 1), places(steps(asked, exact('0.5'), false), 1),
            places(mg, 1), places(over(mg, exact(vial)), 3), places(over(mg, bagMl), 4), places(times(over(bagMl, min), exact('60')), 1, true),
            places(over(mg, min), 2)].join(',');
        }
}

// ---- curves: dx/dt = A x + rate into the first compartment; x = amounts and the effect site's concentration

const SCALE = 10n ** 60n;
const fixed = (value) => value.top * SCALE / value.bottom;
const multiply = (a, b) => a.map((row) => b[0].map((_, j) => row.reduce((sum, x, k) => sum + x * b[k][j], 0n) / SCALE));
/** exp(matrix) by Taylor's series at a small enough part of the time, then squared back. */
function exponential(matrix) {
  const halvings = 24n;
  const small = matrix.map((row) => row.map((x) => x / 2n ** halvings));
  const unit = matrix.map((row, i) => row.map((_, j) => i === j ? SCALE : 0n));
  let sum = unit, term = unit;
  for (let k = 1n; k <= 30n; k++) {
    term = multiply(term, small).map((row) => row.map((x) => x / k));
    sum = sum.map((row, i) => row.map((x, j) => x + term[i][j]));
  }
  for (let k = 0n; k < halvings; k++) sum = multiply(sum, sum);
  return sum;
}

/** Rate constants per minute and the first volume in litres, at a weight. */
const models = {
  'domino-1984': (kg) => ({ v1: times(exact('0.063'), kg), k10: exact('0.438'), k12: exact('0.592'), k21: exact('0.247'), k13: exact('0.590'), k31: exact('0.0146'), ke0: exact('0.238') }),
  // Clearances grow with weight to the power 0.75, volumes with weight.
  'kamp-2020': (kg) => {
    const ratio = over(kg, exact('70')), power = times(root(ratio), root(root(ratio)));
    const flow = (perH) => times(over(exact(perH), exact('60')), power), volume = (litres) => times(exact(litres), ratio);
    const v1 = volume('25');
    return { v1, k10: over(flow('84'), v1), k12: over(flow('161'), v1), k21: over(flow('161'), volume('56')), k13: over(flow('79'), v1), k31: over(flow('79'), volume('157')), ke0: exact('1.39') };
  },
};
/** [from, to, mg per hour]: as planned; with a pause and a slower rest; two infusions four days apart. */
const schedules = {
  planned: [[0, 40, '52.5']],
  paused: [[0, 12, '52.5'], [17, 60, '39.9']],
  twice: [[0, 40, '52.5'], [5760, 5800, '60']],
};
const timesMin = { planned: [1, 10, 20, 40, 41, 60, 110, 230, 1440], paused: [5, 12, 15, 17, 30, 60, 90, 240], twice: [40, 300, 5760, 5770, 5800, 5900, 8000] };

function matrixOf(m, rateMgPerMin, minutes) {
  const zero = exact('0'), minus = (x) => times(x, exact('-1'));
  const rows = [
    [minus(add(m.k10, add(m.k12, m.k13))), m.k21, m.k31, zero, rateMgPerMin],
    [m.k12, minus(m.k21), zero, zero, zero],
    [m.k13, zero, minus(m.k31), zero, zero],
    [over(m.ke0, m.v1), zero, zero, minus(m.ke0), zero],
    [zero, zero, zero, zero, zero]];
  return rows.map((row) => row.map((x) => fixed(times(x, exact(minutes)))));
}
/** mg/L, as ng/mL with 20 significant digits. */
const nanograms = (x) => {
  const digits = String(x * 1000n), point = digits.length - 60;
  const text = point > 0 ? `${digits.slice(0, point)}.${digits.slice(point)}` : `0.${'0'.repeat(-point)}${digits}`;
  return Number(text).toPrecision(15);
};

function* curves() {
  yield 'model,weight_kg,schedule,time_min,cp_ng_per_ml,ce_ng_per_ml';
  for (const [model, weights] of [['domino-1984', ['45.5', '70', '110']], ['kamp-2020', ['45.5', '70', '110']]])
    for (const weight of weights)
      for (const [name, rates] of Object.entries(schedules)) {
        const m = models[model](exact(weight));
        const edges = [...new Set([0, ...rates.flatMap(([from, to]) => [from, to]), ...timesMin[name]])].sort((a, b) => a - b);
        let state = [[0n], [0n], [0n], [0n], [SCALE]];
        for (let i = 0; i < edges.length; i++) {
          const from = edges[i - 1] ?? 0, at = edges[i];
          const running = rates.find(([start, end]) => start <= from && from < end);
          const step = matrixOf(m, over(exact(running ? running[2] : '0'), exact('60')), String(at - from));
          state = multiply(exponential(step), state);
          if (timesMin[name].includes(at))
            yield [model, weight, name, at, nanograms(state[0][0] * m.v1.bottom / m.v1.top), nanograms(state[3][0])].join(',');
        }
      }
}

export const golden = { doses: () => [...doses()].join('\n') + '\n', curves: () => [...curves()].join('\n') + '\n' };
if (process.argv[1]?.endsWith('oracle.mjs')) {
  const make = golden[process.argv[2]];
  if (!make) { console.error('node oracle.mjs doses|curves'); process.exit(2); }
  process.stdout.write(make());
}
