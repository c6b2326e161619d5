// Calibrates the mood model on published means and prints targets, fit and residuals.
//
//     node tools/calibrate-mood.mjs            prints, for the files as they are
//     node tools/calibrate-mood.mjs --fit      searches anew first
//     node tools/calibrate-mood.mjs --write    the same, and writes the result into data/mood/*.json
//     node tools/calibrate-mood.mjs --plots    draws docs/models/mood-*.svg
//
// The model is written here a second time, from docs/models/mood.md, and not taken from the C program: the tests
// of the C program compare its own simulation with the same published targets. Only numbers that their file
// marks "calibrated on means" move; those "published" or "assumed" stay. No packages; one seed, so the same result
// each time.

import { readFileSync, writeFileSync } from 'node:fs'

const REPORTED = 4000, SEARCHED = 1500 // virtual persons
const STARTS = 3, STEPS = { 'drug-free': 330, clinic: 160 }
let PERSONS = REPORTED
const BETWEEN_TRIAL_SD = 5 // MADRS points at 24 h after one infusion

// ---- random numbers: the same persons at every evaluation ----

function generator(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

function normals(seed, count) {
  const unit = generator(seed)
  const values = new Float64Array(count)
  for (let i = 0; i < count; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(1 - unit())), angle = 2 * Math.PI * unit()
    values[i] = radius * Math.cos(angle)
    if (i + 1 < count) values[i + 1] = radius * Math.sin(angle)
  }
  return values
}

const PERSON = 7, DAYS = 140 // numbers a person: seven deviations, the drift of each day, noise of each score
const NOISE = PERSON + DAYS, NUMBERS = NOISE + DAYS
const Z = normals(20261124, REPORTED * NUMBERS)

// ---- the model ----

const rate = (halfLife) => Math.LN2 / halfLife

function person(p, z, at) {
  const stretch = Math.exp(p.duration_log_sd * z[at + 5])
  const responder = z[at + 2] < p.class_limit
  return {
    responder,
    baseline: p.baseline_points + p.baseline_sd_points * z[at],
    expectancy: p.expectancy_points + p.expectancy_sd_points * z[at + 1],
    // The average trial: what differs between trials is not in a trial's own spread.
    effect: responder ? p.effect_points + p.effect_sd_points * z[at + 3] : 0,
    self: p.self_rating_sd_points * z[at + 6],
    onset: rate(p.onset_h / 24), fast: rate(p.fast_d * stretch),
    rise: rate(p.slow_rise_d * stretch), slow: rate(p.slow_d * stretch), fade: rate(p.expectancy_fade_d * stretch),
  }
}

const bateman = (rise, fall, t) => (t <= 0 ? 0 : (rise / (rise - fall)) * (Math.exp(-fall * t) - Math.exp(-rise * t)))

function activity(p, who, doses, t) {
  let sum = 0
  for (const dose of doses) {
    if (dose.at >= t) break
    const size = dose.mg / p.standard_dose_mg_per_kg
    sum += size * (p.fast_activity * bateman(who.onset, who.fast, t - dose.at) +
                   p.slow_activity * bateman(who.rise, who.slow, t - dose.at))
  }
  return sum
}

function expectancy(p, who, doses, t) {
  const come = rate(p.expectancy_onset_h / 24), go = who.fade
  let level = 0, since = null
  const at = (time) => (since === null ? 0 : Math.exp(-go * (time - since)) * (1 - (1 - level) * Math.exp(-come * (time - since))))
  for (const dose of doses) {
    if (dose.at > t) break
    level = at(dose.at)
    since = dose.at
  }
  return at(t)
}

function drug(p, who, doses, t) {
  const a = activity(p, who, doses, t)
  return (who.effect * a) / (1 + a)
}

// ---- trials ----

const every = (days, mg) => days.map((at) => ({ at, mg }))
const SINGLE = every([0], 0.5)
const SIX = every([0, 2, 4, 7, 9, 11], 0.5)
const SHAM = (doses) => doses.map((dose) => ({ at: dose.at, mg: 0 }))
const TWICE = every([0, 3, 7, 10], 0.5), THRICE = every([0, 2, 4, 7, 9, 11], 0.5)
const EIGHT = every([0, 3, 7, 10, 14, 17, 21, 24], 0.5)
const INDUCTION = every([0, 3, 7, 10, 14, 17], 0.5) // twice a week for three weeks
// From the end of the induction: weekly four times, then every other week (clinic policy for a usual taper).
const MAINTAINED = [...INDUCTION, ...every([24, 31, 38, 45, 59, 73, 87], 0.5)]

const DRIFT_NODES = DAYS
function driftOf(p, k) {
  const keep = Math.exp(-1 / p.drift_correlation_d), step = p.drift_sd_points * Math.sqrt(1 - keep * keep)
  const drift = new Float64Array(DRIFT_NODES)
  drift[0] = p.drift_sd_points * Z[k * NUMBERS + PERSON]
  for (let d = 1; d < DRIFT_NODES; d++) drift[d] = keep * drift[d - 1] + step * Z[k * NUMBERS + PERSON + d]
  return drift
}

const points = (p, who, doses, t) => who.baseline - who.expectancy * expectancy(p, who, doses, t) - drug(p, who, doses, t)

function measure(scale, who, latent, noise) {
  const line = scale.intercept + scale.slope * (latent + (scale.self_rated ? who.self : 0)) + scale.noise_sd * noise
  return Math.min(scale.most, Math.max(0, Math.round(line)))
}

// Change, its SD, and response of the measured score at a time after treatment began.
function arm(p, scale, doses, t) {
  let sum = 0, squares = 0, responses = 0, remissions = 0, worse = 0
  for (let k = 0; k < PERSONS; k++) {
    const who = person(p, Z, k * NUMBERS), drift = driftOf(p, k)
    const before = measure(scale, who, who.baseline + drift[0], Z[k * NUMBERS + NOISE])
    const day = Math.round(t)
    const latent = points(p, who, doses, t) + drift[day]
    const after = measure(scale, who, latent, Z[k * NUMBERS + NOISE + 1 + day])
    sum += before - after
    squares += (before - after) ** 2
    responses += after <= before / 2
    remissions += after < scale.remission_below
    worse += after >= before + 5
  }
  const mean = sum / PERSONS
  return { mean, sd: Math.sqrt(squares / PERSONS - mean * mean), response: responses / PERSONS,
           remission: remissions / PERSONS, worse: worse / PERSONS }
}

const meanDrug = (p, doses, t) => {
  let sum = 0
  for (let k = 0; k < PERSONS; k++) sum += drug(p, person(p, Z, k * NUMBERS), doses, t)
  return sum / PERSONS
}

// Days from a moment until response is lost (the first day above half that is so again a week later), of those
// who have it then.
function losses(p, doses, from, within) {
  const days = []
  for (let k = 0; k < PERSONS; k++) {
    const who = person(p, Z, k * NUMBERS), drift = driftOf(p, k), limit = who.baseline / 2
    const at = (d) => points(p, who, doses, from + d) + drift[Math.floor(from) + d]
    if (at(0) > limit) continue
    let day = 1
    while (day <= within && !(at(day) > limit && at(day + 7) > limit)) day++
    days.push(day <= within ? day : Infinity)
  }
  return days.sort((a, b) => a - b)
}

const kept = (days, by) => days.filter((d) => d > by).length / days.length

// ---- what is compared ----

const daly = 'Daly 2018 | secondary: PMC5838571 Table 1', ajp = 'Murrough 2013 AJP | memory'
const six = 'Murrough 2013 Biol Psychiatry | secondary: clinical fact base, F1'
const singh = 'Singh 2016 | secondary: clinical fact base, F32'
const mcinnes = 'McInnes 2022 | secondary: clinical fact base, F28'

// name, published value, its uncertainty (theirs where it was given, else ours: marked *), source | seen; and where
// it is not 1 the weight in the search
const TARGETS = {
  'drug-free': [
    ['single: drug less control at 24 h, points', 7.95, 2.43, ajp, 4],
    ['single: response at 24 h', 0.64, 0.07, ajp],
    ['control: response at 24 h', 0.28, 0.09, ajp],
    ['control: change at 24 h, points', 5.7, 2.5, daly + ' *'],
    ['control: change on day 15, points', 4.4, 2.5, singh + ' (mean of two arms) *'],
    ['single: effect on day 7 / on day 1', 0.38, 0.1, 'Kishimoto 2016 | memory *'],
    ['twice a week: drug less control on day 15', 12.7, 3.5, singh + ' *'],
    ['thrice a week: drug less control on day 15', 14.6, 3.5, singh + ' *'],
    ['six: change 2 h after the sixth, points', 18.9, 1.35, six],
    ['six: SD of that change', 6.6, 3, six + ' *'],
    ['six: response 2 h after the sixth', 0.708, 0.093, six],
    ['six, then nothing: median days to loss', 18, 3, six + ' *'],
    ['six, then nothing: still well at 90 d', 0.25, 0.1, 'Murrough 2013 Biol Psychiatry | secondary: clinical fact base, F148 *'],
    ['blinded: Lii, drug less control on day 1', -1.1, 5.9, 'Lii 2023 | secondary: PMC10769130; with the between-trial SD *'],
    ['blinded: KARMA-Dep 2, drug less control', 3.16, 5.7, 'Jelovac 2025 | secondary: clinical fact base, F16; with the between-trial SD'],
  ],
  clinic: [
    ['induction: PHQ-9 response', 0.536, 0.022, mcinnes],
    ['induction: PHQ-9 remission', 0.289, 0.02, mcinnes],
    ['induction: PHQ-9 worse by 5 or more', 0.084, 0.03, mcinnes + ' (their rule is not known to us) *'],
    ['maintained: response kept at 4 weeks', 0.8, 0.03, mcinnes + ' *'],
    ['maintained: response kept at 8 weeks', 0.6, 0.03, mcinnes + ' *'],
  ],
}

const SIMULATED = {
  'drug-free': (p, scales) => {
    const madrs = scales[0], day = 1
    const drugArm = arm(p, madrs, SINGLE, day), control = arm(p, madrs, SHAM(SINGLE), day)
    const last = 11 + 2 / 24, end = arm(p, madrs, SIX, last), days = losses(p, SIX, last, 90)
    return [
      meanDrug(p, SINGLE, 1), drugArm.response, control.response, control.mean,
      arm(p, madrs, SHAM(TWICE), 14).mean, meanDrug(p, SINGLE, 7) / meanDrug(p, SINGLE, 1),
      meanDrug(p, TWICE, 14), meanDrug(p, THRICE, 14), end.mean, end.sd, end.response,
      days[days.length >> 1], kept(days, 90), meanDrug(p, SINGLE, 1), meanDrug(p, EIGHT, 27),
    ]
  },
  clinic: (p, scales) => {
    const end = arm(p, scales[1], INDUCTION, 24), days = losses(p, MAINTAINED, 18, 60)
    return [end.response, end.remission, end.worse, kept(days, 28), kept(days, 56)]
  },
}

// What moves, with its limits. The clinics' drug is the trials' drug: only the setting is fitted there.
const FREE = {
  'drug-free': { expectancy_points: [0, 20], expectancy_sd_points: [2, 15], expectancy_fade_d: [5, 400],
                 responder_share: [0.4, 0.8], effect_points: [5, 35], effect_sd_points: [2, 10],
                 fast_activity: [0.3, 12], slow_activity: [0.02, 6], fast_d: [0.8, 8], slow_d: [4, 90],
                 duration_log_sd: [0.1, 1.2] },
  clinic: { expectancy_points: [-5, 20], expectancy_sd_points: [2, 10], expectancy_fade_d: [5, 600], responder_share: [0.4, 0.8],
            slow_d: [4, 300] },
}
const SHARED = ['effect_points', 'effect_sd_points', 'fast_activity', 'slow_activity', 'fast_d', 'duration_log_sd', 'setting_sd_points']

// ---- the search: Nelder and Mead's simplex on the logits within the limits ----

const inward = ([low, high], x) => Math.log((x - low) / (high - x))
const outward = ([low, high], y) => low + (high - low) / (1 + Math.exp(-y))

function simplex(f, start, steps) {
  const n = start.length
  let corners = [start, ...start.map((_, i) => start.map((x, j) => (i === j ? x + 0.8 : x)))].map((x) => ({ x, y: f(x) }))
  for (let step = 0; step < steps; step++) {
    corners.sort((a, b) => a.y - b.y)
    const worst = corners[n]
    const centre = start.map((_, i) => corners.slice(0, n).reduce((sum, c) => sum + c.x[i], 0) / n)
    const along = (t) => { const x = centre.map((c, i) => c + t * (worst.x[i] - c)); return { x, y: f(x) } }
    const mirrored = along(-1)
    if (mirrored.y < corners[0].y) {
      const further = along(-2)
      corners[n] = further.y < mirrored.y ? further : mirrored
    } else if (mirrored.y < corners[n - 1].y) corners[n] = mirrored
    else {
      const nearer = along(mirrored.y < worst.y ? -0.5 : 0.5)
      if (nearer.y < Math.min(worst.y, mirrored.y)) corners[n] = nearer
      else corners = corners.map((c, i) => (i === 0 ? c : (({ x }) => ({ x, y: f(x) }))({ x: c.x.map((v, j) => (v + corners[0].x[j]) / 2) })))
    }
  }
  return corners.sort((a, b) => a.y - b.y)[0]
}

// ---- the normal quantile, by bisection on a series: only for the class limit ----

function normalBelow(x) {
  let term = x, sum = x
  for (let k = 1; k < 200; k++) sum += term *= (x * x) / (2 * k + 1)
  return 0.5 + (sum * Math.exp(-(x * x) / 2)) / Math.sqrt(2 * Math.PI)
}

function classLimit(share) {
  let low = -5, high = 5
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2
    if (normalBelow(middle) < share) low = middle
    else high = middle
  }
  return (low + high) / 2
}

// ---- files ----

const path = (id) => new URL(`../data/mood/${id}.json`, import.meta.url)

function load(id) {
  const file = JSON.parse(readFileSync(path(id), 'utf8'))
  const p = Object.fromEntries(file.parameters.map((row) => [row.name, row.value]))
  const limits = { MADRS: 11, 'PHQ-9': 5, QIDS: 6 } // remission: below
  return { p, scales: file.scales.map((scale) => ({ ...scale, remission_below: limits[scale.name] })) }
}

function save(id, p) {
  let text = readFileSync(path(id), 'utf8')
  for (const name of [...Object.keys(FREE[id]), ...SHARED])
    text = text.replace(new RegExp(`("name": "${name}", "value": )[-0-9.]+`), (_, head) => head + p[name])
  writeFileSync(path(id), text)
}

const digits = (x) => Number(x.toPrecision(3))

function misfit(id, p, scales) {
  p.class_limit = classLimit(p.responder_share)
  const values = SIMULATED[id](p, scales)
  return TARGETS[id].reduce((sum, [, target, sd, , weight = 1], i) => {
    const off = (Math.min(values[i], 200) - target) / sd
    return sum + weight * off * off
  }, 0)
}

function fit(id, p, scales) {
  const names = Object.keys(FREE[id])
  const from = (y) => ({ ...p, ...Object.fromEntries(names.map((name, i) => [name, outward(FREE[id][name], y[i])])) })
  let best = { x: names.map((name) => inward(FREE[id][name], p[name])) }
  PERSONS = SEARCHED
  for (let start = 0; start < STARTS; start++) best = simplex((y) => misfit(id, from(y), scales), best.x, STEPS[id])
  PERSONS = REPORTED
  const result = from(best.x)
  for (const name of names) result[name] = digits(result[name])
  return result
}

// The between-trial SD is one of points at 24 h: the parameter is that of the full effect.
function settingSd(p) {
  let share = 0
  for (let k = 0; k < PERSONS; k++) {
    const a = activity(p, person(p, Z, k * NUMBERS), SINGLE, 1)
    share += a / (1 + a) / PERSONS
  }
  return digits(BETWEEN_TRIAL_SD / share)
}

function report(id, p, scales) {
  p.class_limit = classLimit(p.responder_share)
  const values = SIMULATED[id](p, scales)
  console.log(`\n${id}\n\n| target | published | ± | model | (model - published) / ± | source, seen |\n|---|---|---|---|---|---|`)
  TARGETS[id].forEach(([name, target, sd, source], i) =>
    console.log(`| ${name} | ${target} | ${sd} | ${values[i].toFixed(3)} | ${((values[i] - target) / sd).toFixed(2)} | ${source.replace(' | ', '; ')} |`))
  console.log('\n' + [...Object.keys(FREE[id])].map((name) => `${name} ${p[name]}`).join(', '))
}

// What the fit was not shown.
function predictions(p, scales) {
  p.class_limit = classLimit(p.responder_share)
  console.log('\nnot fitted: drug effect at 24 h by dose, points: ' +
    [0.1, 0.2, 0.5, 1].map((mg) => `${mg} mg/kg ${meanDrug(p, every([0], mg), 1).toFixed(2)}`).join(', '))
  console.log('not fitted: drug effect of one infusion by time, points: ' +
    [2, 4, 8, 12, 24, 48, 96, 168, 336].map((h) => `${h} h ${meanDrug(p, SINGLE, h / 24).toFixed(2)}`).join(', '))
  console.log(`not fitted: response on day 7 after one infusion ${arm(p, scales[0], SINGLE, 7).response.toFixed(3)} (Zarate 2006: 0.35, memory)`)
}

// ---- plots: a line of the model, dots of the papers ----

function plot(name, title, [xTitle, xMost], [yTitle, yMost], line, dots) {
  const x = (v) => 50 + (v / xMost) * 390, y = (v) => 200 - (v / yMost) * 165
  const ticks = (most, draw) => [0, 0.25, 0.5, 0.75, 1].map((share) => draw(most * share)).join('')
  const label = (at, text, more = '') => `<text x="${at[0]}" y="${at[1]}" ${more}>${text}</text>`
  const text = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 460 240" role="img" aria-label="${title}">
<style>text{font:11px sans-serif;fill:#555}path{fill:none;stroke:#2b6cb0;stroke-width:2}circle{fill:#c05621}line{stroke:#bbb}</style>
${label([50, 18], title)}
${ticks(xMost, (v) => label([x(v), 215], Number(v.toPrecision(3)), 'text-anchor="middle"'))}
${ticks(yMost, (v) => `<line x1="50" x2="440" y1="${y(v)}" y2="${y(v)}"/>` + label([44, y(v) + 4], Number(v.toPrecision(3)), 'text-anchor="end"'))}
${label([440, 233], xTitle, 'text-anchor="end"')}${label([4, 30], yTitle)}
<path d="M${line.map(([a, b]) => `${x(a).toFixed(1)} ${y(b).toFixed(1)}`).join('L')}"/>
${dots.map(([a, b, what]) => `<circle cx="${x(a)}" cy="${y(b)}" r="4"><title>${what}</title></circle>`).join('')}
</svg>
`
  writeFileSync(new URL(`../docs/models/mood-${name}.svg`, import.meta.url), text)
}

const range = (from, to, step) => Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => from + i * step)

function plots(trials, clinics) {
  const day1 = meanDrug(trials.p, SINGLE, 1), days = losses(trials.p, SIX, 11 + 2 / 24, 90)
  plot('single', 'One infusion: drug less control, MADRS points', ['days', 14], ['points', 12],
       range(0, 14, 0.1).map((t) => [t, meanDrug(trials.p, SINGLE, t)]),
       [[1, 7.95, 'Murrough 2013 AJP'], [7, 0.38 * day1, 'Kishimoto 2016: 0.38 of day 1']])
  plot('six', 'Six infusions, then nothing: response kept', ['days after the sixth', 90], ['share', 1],
       range(0, 90, 1).map((d) => [d, kept(days, d)]), [[18, 0.5, 'median 18 d'], [90, 0.25, '25 % at about 90 d']])
  const maintained = losses(clinics.p, MAINTAINED, 18, 60)
  plot('clinic', 'Clinics, maintained: response kept', ['days after the sixth', 60], ['share', 1],
       range(0, 60, 1).map((d) => [d, kept(maintained, d)]), [[28, 0.8, 'McInnes 2022'], [56, 0.6, 'McInnes 2022']])
}

const write = process.argv.includes('--write'), search = write || process.argv.includes('--fit')
const trials = load('drug-free'), clinics = load('clinic')
if (search) {
  trials.p = fit('drug-free', trials.p, trials.scales)
  trials.p.class_limit = classLimit(trials.p.responder_share)
  trials.p.setting_sd_points = settingSd(trials.p)
  for (const name of SHARED) clinics.p[name] = trials.p[name]
  clinics.p = fit('clinic', clinics.p, clinics.scales)
}
report('drug-free', trials.p, trials.scales)
predictions(trials.p, trials.scales)
report('clinic', clinics.p, clinics.scales)
if (write) {
  save('drug-free', trials.p)
  save('clinic', clinics.p)
}
if (process.argv.includes('--plots')) plots(trials, clinics)
