// Calibrates the acute effects on published figures and writes data/effects/*.json, the pictures and the table of
// docs/models/effects.md. Its pharmacokinetics are its own (Runge-Kutta), so that it checks the program's as well.
//   node tools/calibrate-effects.mjs           print targets, fit and residuals
//   node tools/calibrate-effects.mjs --write   also write data/effects/*.json and docs/pictures/effects-*.svg
//   node tools/calibrate-effects.mjs --check   fail if the data files are not what comes out
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/* ---- the normal distribution, and sums over it ---- */

function normalCdf(x) {
  const z = Math.abs(x);
  if (z > 38) return x > 0 ? 1 : 0;
  const density = Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI);
  let tail;
  if (z < 3) {
    let term = z, sum = z;
    for (let n = 1; Math.abs(term) > 1e-17 * sum; n++) sum += term *= z * z / (2 * n + 1);
    tail = 0.5 - density * sum;
  } else {
    let fraction = 0;
    for (let n = 60; n > 0; n--) fraction = n / (z + fraction);
    tail = density / (z + fraction);
  }
  return x > 0 ? 1 - tail : tail;
}

const nodes = Array.from({ length: 49 }, (_, i) => -6 + i * 0.25);
const weights = nodes.map((z) => Math.exp(-z * z / 2));
const total = weights.reduce((a, b) => a + b);
const expected = (f) => nodes.reduce((sum, z, i) => sum + weights[i] / total * f(z), 0);

/* The x where a function that rises reaches the target. */
function solve(rising, target, low, high) {
  for (let i = 0; i < 23; i++) {
    const middle = (low + high) / 2;
    if (rising(middle) < target) low = middle; else high = middle;
  }
  return (low + high) / 2;
}
const solveFalling = (f, target, low, high) => solve((x) => -f(x), -target, low, high);

/* ---- exposure: Kamp 2020 at 70 kg with its effect site, 35 mg over 40 min ---- */

function concentrations(minutes, mgPerMin = 35 / 40, stopMin = 40) {
  const [v1, v2, v3, cl, q2, q3, ke0] = [25, 56, 157, 84 / 60, 161 / 60, 79 / 60, 1.39];
  const slope = ([c1, c2, c3, ce], rate) => [(rate - cl * c1 - q2 * (c1 - c2) - q3 * (c1 - c3)) / v1,
    q2 * (c1 - c2) / v2, q3 * (c1 - c3) / v3, ke0 * (c1 - ce)];
  const h = 0.01, ce = [0];
  let y = [0, 0, 0, 0];
  for (let i = 0; i < minutes / h; i++) {
    const rate = i * h < stopMin - h / 2 ? mgPerMin : 0;
    const at = (k, f) => y.map((v, j) => v + f * h * k[j]);
    const k1 = slope(y, rate), k2 = slope(at(k1, 0.5), rate), k3 = slope(at(k2, 0.5), rate), k4 = slope(at(k3, 1), rate);
    y = y.map((v, j) => v + h / 6 * (k1[j] + 2 * k2[j] + 2 * k3[j] + k4[j]));
    ce.push(y[3] * 1000);
  }
  return (min) => ce[Math.round(min / h)];
}
const ce = concentrations(120);
/* Every 10 min during the infusion and every 15 min after it (Riva-Posse 2018); scales every 15 min. */
const cuffMin = [10, 20, 30, 40, 55, 70, 85];
const scaleMin = [15, 30, 40, 55, 70, 85];

/* ---- where the numbers come from ---- */

const from = {
  emory: ['Riva-Posse 2018, J Affect Disord, 684 infusions', 'secondary: abstract at moreblossom.com'],
  zhou: ['Zhou, 741 infusions in 135 patients', 'secondary: abstract at physiciansweekly.com'],
  yale: ['Gen Hosp Psychiatry 2024, doi 10.1016/j.genhosppsych.2024.07.001, 2,342 infusions at Yale',
    'secondary: abstract at litmetric.com'],
  meta: ['Vankawala 2021, Front Psychiatry 12:549080, meta-analysis of 2,252 treatments',
    'secondary: abstract at frontiersin.org'],
  wan: ['Wan 2015, pooled trials', 'memory'],
  cadss: ['van Schalkwyk 2018, J Affect Disord 227:11, 110 patients', 'secondary: abstract at ncbi.nlm.nih.gov'],
  label: ['SPRAVATO prescribing information, section 5', 'secondary: prescriberpoint.com and jnjmedicalconnect.com'],
  rems: ['SPRAVATO REMS programme, March 2019 to January 2024', 'secondary: jnjmedicalconnect.com'],
  nausea: ['SPRAVATO prescribing information, 98 of 346 patients', 'secondary: spravatohcp.com'],
  week: ['Longitudinal course of adverse events with esketamine, pooled phase 3, 928 patients',
    'secondary: abstract at psychiatrist.com'],
  simons: ['Simons 2022 part 2, C50 of drug high 0.3 nmol/mL = 71 ng/mL S-ketamine', 'secondary: doaj.org abstract'],
  bowdle: ['Bowdle 1998, doi 10.1097/00000542-199801000-00015, ten volunteers', 'secondary: abstract at litmetric.com'],
};

const report = [];
function tell(effect, what, kind, source, target, fit, use) {
  report.push({ effect, what, kind, cites: from[source][0], seen: from[source][1], target, fit, use });
}

const rounded = (x) => Number(x.toPrecision(4));
const parameter = (name, value, unit, basis, cites, seen = 'policy') =>
  ({ name, value: rounded(value), unit, basis, cites, seen });
const calibrated = (name, value, unit, sources, note = '') => parameter(name, value, unit, 'calibrated on means',
  sources.map((s) => from[s][0]).join('; ') + (note && `; ${note}`),
  [...new Set(sources.map((s) => from[s][1]))].join('; '));

/* ---- vitals: value = baseline + slope exp(omega z) Ce / 100 ---- */

const meanOfLogNormal = (omega) => Math.exp(omega * omega / 2);

/* Mean over persons of the largest reading less one resting reading: an individual peak. */
function individualPeak(slope, omega, readingSd) {
  return expected((z) => {
    const means = cuffMin.map((t) => slope * Math.exp(omega * z) * ce(t) / 100), low = Math.min(...means) - 6 * readingSd;
    const high = Math.max(...means) + 6 * readingSd, n = 120, h = (high - low) / n;
    let area = 0;
    for (let i = 0; i <= n; i++) {
      const below = means.reduce((p, m) => p * normalCdf((low + i * h - m) / readingSd), 1);
      area += (i === 0 || i === n ? 0.5 : 1) * h * (1 - below);
    }
    return low + area;
  });
}

/* The spread of differences of two readings at 40 min is that of the true rise and twice that of a reading. */
function omegaOfSpread(mean, sd, readingSd) {
  return Math.sqrt(Math.log(1 + (sd * sd - 2 * readingSd * readingSd) / (mean * mean)));
}

function pressure(id, title, targets) {
  const slopeAt = (mean, min, omega) => mean / meanOfLogNormal(omega) / ce(min) * 100;
  const peak = (readingSd) => {
    const omega = omegaOfSpread(targets.yale.mean, targets.yale.sd, readingSd);
    return individualPeak(slopeAt(targets.yale.mean, 40, omega), omega, readingSd);
  };
  /* The search ends where the whole spread would be noise. */
  const readingSd = solve(peak, targets.wan, 0.5, targets.yale.sd / Math.SQRT2 * 0.95);
  const omega = omegaOfSpread(targets.yale.mean, targets.yale.sd, readingSd);
  const settings = [['Emory', 'emory', targets.emory, 30], ['Zhou', 'zhou', targets.zhou, 40],
    ['Yale', 'yale', targets.yale.mean, 40]].map(([name, source, mean, min]) => ({ name, source, mean, min,
    slope: rounded(slopeAt(mean, min, omega)) }));
  const logs = settings.map((s) => Math.log(s.slope)), middle = logs.reduce((a, b) => a + b) / logs.length;
  const trialSd = Math.sqrt(logs.reduce((a, x) => a + (x - middle) ** 2, 0) / (logs.length - 1));
  const fitted = { slope: rounded(Math.exp(middle)), trialSd: rounded(trialSd), omega, readingSd: rounded(readingSd) };
  reportPressure(id, targets, settings, fitted);
  return pressureFile(id, title, settings, fitted);
}

function reportPressure(id, targets, settings, { slope, trialSd, omega, readingSd }) {
  for (const s of settings)
    tell(id, `rise at ${s.min} min, ${s.name}`, 'mean of readings at one time', s.source, s.mean,
      s.slope * meanOfLogNormal(omega) * ce(s.min) / 100, 'calibrated');
  const yale = settings.find((s) => s.name === 'Yale').slope, m = meanOfLogNormal(omega);
  const spread = yale * ce(40) / 100 * m * Math.sqrt(m * m - 1);
  tell(id, 'SD of the rise at 40 min, Yale', 'SD of readings at one time', 'yale', targets.yale.sd,
    Math.hypot(spread, Math.SQRT2 * readingSd), 'calibrated');
  tell(id, "largest rise of each person, at Yale's mean", 'mean of individual peaks', 'wan', targets.wan,
    individualPeak(yale, omega, readingSd), 'calibrated');
  tell(id, 'rise at 40 min, all trials', 'mean over trials, definitions mixed', 'meta', targets.meta,
    slope * meanOfLogNormal(Math.hypot(omega, trialSd)) * ce(40) / 100, 'not used: a check');
}

const vitalStart = (id, title, unit, most, sensitivity) => ({ id, title, unit, structure: 'vital', sensitivity, least: 0,
  most, exposure_model: 'kamp-2020' });
const domain = { title: 'up to what 1 mg/kg over 40 min reaches; figures are from 0.5 mg/kg', ce_ng_per_ml_max: 550,
  cites: 'Clinic policy: Fava 2018 gave up to 1.0 mg/kg; nothing above it was calibrated', seen: 'policy' };
const noCovariates = 'Age and hypertension raise the response in three sources, but none gives a size that can be turned ' +
  'into a slope: no covariate. Ce is that of the typical patient, so the spread between patients holds that of exposure. ' +
  'The sources give one dose: the line in Ce is assumed.';

function pressureFile(id, title, settings, { slope, trialSd, omega, readingSd }) {
  const per100 = 'mmHg per 100 ng/mL';
  return { ...vitalStart(id, title, 'mmHg', id === 'systolic' ? 300 : 200, 'log-normal'),
    parameters: [
      calibrated('slope', slope, per100, ['emory', 'zhou', 'yale'], 'geometric mean of three trials that disagree'),
      calibrated('trial_sd', trialSd, '1', ['emory', 'zhou', 'yale'], 'SD of the three logarithms'),
      calibrated('patient_sd', omega * Math.sqrt(2 / 3), '1', ['yale'],
        'total from the SD at 40 min; that two thirds of the variance stay with the person is assumed'),
      calibrated('occasion_sd', omega * Math.sqrt(1 / 3), '1', ['yale'], 'a third of the variance, assumed'),
      calibrated('baseline_sd', readingSd, 'mmHg', ['wan', 'yale'], 'one resting reading is as uncertain as any other'),
      calibrated('reading_sd', readingSd, 'mmHg', ['wan', 'yale'],
        "what makes individual peaks larger than Yale's mean, if the pooled trials had that mean"),
    ],
    settings: settings.map((s) => ({ name: s.name, figure: `mean of readings at ${s.min} min: +${s.mean} mmHg`,
      slope: s.slope, cites: from[s.source][0], seen: from[s.source][1] })),
    domain, left_out: noCovariates };
}

/* Share of sessions whose reading at 40 min reaches the limit, over people whose resting value is normal and below
 * what stops a session from beginning. */
function passing(file, limit, rest, restSd, refusedFrom) {
  const value = (name) => file.parameters.find((p) => p.name === name).value;
  const slope = file.settings.find((s) => s.name === 'Yale').slope, omega = Math.hypot(value('patient_sd'), value('occasion_sd'));
  const begun = expected((z) => rest + restSd * z < refusedFrom ? 1 : 0);
  return expected((z) => rest + restSd * z >= refusedFrom ? 0 : expected((w) =>
    normalCdf((rest + restSd * z + slope * Math.exp(omega * w) * ce(40) / 100 - limit) / value('reading_sd')))) / begun;
}

/* Two figures only and no spread: a rise may be a fall in one person, so s is added. */
function heartRate() {
  const unit = 'beats/min per 100 ng/mL', per = 100 / ce(40);
  const trials = [['Zhou', 'zhou', 1.9, 'largest mean of readings (30 to 40 min): +1.9',
    'mean of readings at one time'],
    ['meta-analysis', 'meta', 4.09, 'average rise over trials: +4.09 (0.55 to 7.63)',
    'mean over trials, definitions mixed']];
  const settings = trials.map(([name, source, mean, figure]) => ({ name, figure: `${figure} beats/min`,
    slope: rounded(mean * per), cites: from[source][0], seen: from[source][1] }));
  trials.forEach(([name, source, mean, , kind], i) => tell('heart-rate', `rise at 40 min, ${name}`, kind, source, mean,
    settings[i].slope * ce(40) / 100, 'calibrated'));
  const slope = (settings[0].slope + settings[1].slope) / 2;
  return { ...vitalStart('heart-rate', 'Heart rate', 'beats/min', 250, 'normal'),
    parameters: [
      calibrated('slope', slope, unit, ['zhou', 'meta'], 'mean of the two'),
      calibrated('trial_sd', Math.abs(settings[0].slope - settings[1].slope) / Math.SQRT2, unit, ['zhou', 'meta'],
        'SD of the two'),
      parameter('patient_sd', 5 * per, unit, 'assumed', '5 beats/min at the peak: no source gives the spread'),
      parameter('occasion_sd', 3.5 * per, unit, 'assumed', '3.5 beats/min at the peak: no source gives the spread'),
      parameter('baseline_sd', 4, 'beats/min', 'assumed', 'one resting reading is as uncertain as any other'),
      parameter('reading_sd', 4, 'beats/min', 'assumed', 'no source gives the noise of one reading'),
    ],
    settings, domain, left_out: noCovariates };
}

/* ---- scales: logit = ln(background odds + exp(s) (Ce / C50)^hill), s = omega z ---- */

const logit = (share) => Math.log(share / (1 - share));

function scale(most, c50, hill, background, readingSd) {
  const atRest = background / most / (1 - background / most);
  const middle = (s, min) => Math.log(atRest + Math.exp(s) * (ce(min) / c50) ** hill);
  /* A reading of so many points or more away from rest. */
  const reaches = (s, min, points) => normalCdf((middle(s, min) - logit((points - 0.5) / most)) / readingSd);
  const neverReaches = (s, points) => scaleMin.reduce((p, min) => p * (1 - reaches(s, min, points)), 1);
  return { reaches, neverReaches };
}

/* That at least one of n sessions reaches the points: the person's part of s is one, the occasion's is new. */
function anyOf(n, it, points, patientSd, occasionSd) {
  return expected((z) => 1 - expected((w) => it.neverReaches(patientSd * z + occasionSd * w, points)) ** n);
}
const split = (omega, share) => [omega * Math.sqrt(share), omega * Math.sqrt(1 - share)];

const readingSdOfScales = 0.4;
const scaleStart = (id, title, unit, most, falls) => ({ id, title, unit, structure: 'scale', sensitivity: 'log-normal',
  least: 0, most, ...(falls && { falls }), exposure_model: 'kamp-2020' });
const scaleAssumed = (background, trialSd) => [
  parameter('background', background, '', 'assumed', 'what a person at rest scores on average'),
  parameter('trial_sd', trialSd, '1', 'assumed', 'no second trial to compute it from'),
  parameter('reading_sd', readingSdOfScales, '1', 'assumed', 'no source gives the noise of one rating'),
];
const withUnit = (file) => ({ ...file,
  parameters: file.parameters.map((p) => p.name === 'background' ? { ...p, unit: file.unit } : p) });

function cadss() {
  const most = 92, background = 0.1, moments = (c50, omega) => {
    const it = scale(most, c50, 1, background, readingSdOfScales);
    let mean = 0, square = 0;
    for (let k = 1; k <= most; k++) {
      const p = expected((z) => it.reaches(omega * z, 40, k));
      mean += p;
      square += (2 * k - 1) * p;
    }
    return { mean, sd: Math.sqrt(square - mean * mean) };
  };
  const c50At = (omega) => Math.exp(solveFalling((x) => moments(Math.exp(x), omega).mean, 7.7, 5, 11));
  const omega = solve((w) => moments(c50At(w), w).sd, 9.2, 0.2, 2);
  const c50 = rounded(c50At(omega)), it = scale(most, c50, 1, background, readingSdOfScales);
  const share = solveFalling((r) => anyOf(8, it, 5, ...split(omega, r)), 0.725, 0.05, 0.98);
  const [patientSd, occasionSd] = split(omega, share).map(rounded);
  const fit = moments(c50, Math.hypot(patientSd, occasionSd));
  tell('cadss', 'score at 40 min', 'mean of readings', 'cadss', 7.7, fit.mean, 'calibrated');
  tell('cadss', 'SD of the score at 40 min', 'SD of readings', 'cadss', 9.2, fit.sd, 'calibrated');
  tell('cadss', 'above 4 in any of 8 sessions (61 to 84 %)', 'share of patients, esketamine', 'label', 0.725,
    anyOf(8, it, 5, patientSd, occasionSd), 'calibrated');
  return withUnit({ ...scaleStart('cadss', 'CADSS', 'points', most),
    parameters: [calibrated('C50', c50, 'ng/mL', ['cadss'], 'where the typical person would reach 46 of 92'),
      parameter('hill', 1, '1', 'assumed', `${from.bowdle[0]}: linear from 50 to 200 ng/mL, as this is there`, from.bowdle[1]),
      calibrated('patient_sd', patientSd, '1', ['cadss', 'label'], 'total from the SD, its split from the share of patients'),
      calibrated('occasion_sd', occasionSd, '1', ['cadss', 'label'], 'as patient_sd'), ...scaleAssumed(background, 0.3)],
    domain, left_out: 'That scores fall with repetition: no number at hand. The share of patients above 4 is from ' +
      'esketamine, over eight sessions' });
}

function dissociation() {
  const c50 = 142;
  return withUnit({ ...scaleStart('dissociation', 'Dissociation 0 to 10', 'points', 10),
    parameters: [
      parameter('C50', c50, 'ng/mL', 'published',
        `${from.simons[0]}, doubled for the racemate, half of which is S: that R does nothing is assumed`, from.simons[1]),
      parameter('hill', 1, '1', 'assumed', `${from.bowdle[0]}: linear from 50 to 200 ng/mL, as this nearly is`, from.bowdle[1]),
      parameter('patient_sd', 0.6, '1', 'assumed', 'no source gives the spread'),
      parameter('occasion_sd', 0.4, '1', 'assumed', 'no source gives the spread'), ...scaleAssumed(0.05, 0.3)],
    domain, left_out: 'The C50 is of volunteers who rated "drug high". Patients who scored CADSS look less affected: the ' +
      'two scales are not one scale' });
}

function sedation() {
  const most = 5, background = 0.02;
  const at = (c50) => scale(most, c50, 1, background, readingSdOfScales);
  const inOne = (c50, omega) => 1 - expected((z) => at(c50).neverReaches(omega * z, 1));
  const c50At = (omega) => Math.exp(solveFalling((x) => inOne(Math.exp(x), omega), 0.347, 4, 11));
  const omegaAt = (share) => solve((w) => anyOf(8, at(c50At(w)), 5, ...split(w, share)), 0.0035, 0.4, 4);
  let low = 0.05, high = 0.98;
  for (let i = 0; i < 16; i++) {
    const share = (low + high) / 2, omega = omegaAt(share);
    if (anyOf(8, at(c50At(omega)), 1, ...split(omega, share)) > 0.545) low = share; else high = share;
  }
  const share = (low + high) / 2, omega = omegaAt(share), c50 = rounded(c50At(omega));
  const [patientSd, occasionSd] = split(omega, share).map(rounded), it = at(c50);
  tell('sedation', 'MOAA/S below 5 in a session', 'share of sessions, esketamine', 'rems', 0.347,
    anyOf(1, it, 1, patientSd, occasionSd), 'calibrated');
  tell('sedation', 'MOAA/S below 5 in any of 8 sessions (48 to 61 %)', 'share of patients, esketamine', 'label', 0.545,
    anyOf(8, it, 1, patientSd, occasionSd), 'calibrated');
  tell('sedation', 'MOAA/S 0 in any of 8 sessions (0.3 to 0.4 %)', 'share of patients, esketamine', 'label', 0.0035,
    anyOf(8, it, 5, patientSd, occasionSd), 'calibrated');
  return withUnit({ ...scaleStart('sedation', 'Sedation (MOAA/S)', 'points', most, true),
    parameters: [calibrated('C50', c50, 'ng/mL', ['rems', 'label']),
      parameter('hill', 1, '1', 'assumed', 'no source gives the shape'),
      calibrated('patient_sd', patientSd, '1', ['rems', 'label'], 'from the shares of sessions and of patients'),
      calibrated('occasion_sd', occasionSd, '1', ['rems', 'label'], 'as patient_sd'), ...scaleAssumed(background, 0.3)],
    domain, left_out: 'All shares are from nasal esketamine, counted over eight sessions, and taken to hold for 0.5 mg/kg of ' +
      'the racemate over 40 min. In the REMS programme sedation was reported, not always rated' });
}

function nausea() {
  const most = 10, background = 0.05, omega = 1.5;
  const at = (c50) => scale(most, c50, 1, background, readingSdOfScales);
  const c50At = (share) => Math.exp(solveFalling((x) => anyOf(2, at(Math.exp(x)), 1, ...split(omega, share)), 0.14, 4, 13));
  const share = solveFalling((r) => anyOf(8, at(c50At(r)), 1, ...split(omega, r)), 98 / 346, 0.05, 0.98);
  const c50 = rounded(c50At(share)), [patientSd, occasionSd] = split(omega, share).map(rounded), it = at(c50);
  tell('nausea', 'any nausea in the first week (2 sessions)', 'share of patients, esketamine', 'week', 0.14,
    anyOf(2, it, 1, patientSd, occasionSd), 'calibrated');
  tell('nausea', 'any nausea in 4 weeks (8 sessions)', 'share of patients, esketamine', 'nausea', 98 / 346,
    anyOf(8, it, 1, patientSd, occasionSd), 'calibrated');
  return withUnit({ ...scaleStart('nausea', 'Nausea 0 to 10', 'points', most),
    parameters: [calibrated('C50', c50, 'ng/mL', ['week', 'nausea'], 'given the assumed total SD of 1.5'),
      parameter('hill', 1, '1', 'assumed', 'no source gives the shape'),
      calibrated('patient_sd', patientSd, '1', ['week', 'nausea'], 'a total SD of 1.5 is assumed, its split calibrated'),
      calibrated('occasion_sd', occasionSd, '1', ['week', 'nausea'], 'as patient_sd'), ...scaleAssumed(background, 0.3)],
    domain, left_out: 'How severe: only whether any was reported. That nausea of 1 or more of 10 is what was reported is ' +
      'assumed. All from nasal esketamine' });
}

/* ---- output ---- */

const files = [
  pressure('systolic', 'Systolic pressure', { emory: 3.28, zhou: 7.4, yale: { mean: 16.0, sd: 11.2 }, wan: 19.6, meta: 12.61 }),
  pressure('diastolic', 'Diastolic pressure', { emory: 3.17, zhou: 6.0, yale: { mean: 11.0, sd: 8.45 }, wan: 13.4, meta: 8.49 }),
  heartRate(), dissociation(), cadss(), sedation(), nausea(),
];

tell('pressure', '180/110 at 40 min, rest 125 (SD 15) / 78 (SD 10) assumed', 'share of sessions, severe hypertension', 'yale',
  0.0098, 1 - (1 - passing(files[0], 180, 125, 15, 160)) * (1 - passing(files[1], 110, 78, 10, 100)), 'not used: a check');

/* One parameter a line: these files are read by people. */
function text(file) {
  const list = (items) => '[\n' + items.map((item) => '    ' + line(item)).join(',\n') + '\n  ]';
  const line = (object) => '{ ' + Object.entries(object).map(([k, v]) => `${JSON.stringify(k)}: ${JSON.stringify(v)}`).join(', ') + ' }';
  const value = (v) => Array.isArray(v) ? list(v) : typeof v === 'object' ? line(v) : JSON.stringify(v);
  return '{\n' + Object.entries(file).map(([k, v]) => `  ${JSON.stringify(k)}: ${value(v)}`).join(',\n') + '\n}\n';
}

/* No "-0.0 %". */
const percent = (r) => `${((r.fit / r.target - 1) * 100).toFixed(1).replace(/^-0\.0$/, '0.0')} %`;
const digits = (x) => Number(x.toPrecision(3));
function table() {
  const head = '| effect | figure | which kind | target | fit | residual | use | source | seen |\n|---|---|---|---|---|---|---|---|---|\n';
  return head + report.map((r) => `| ${r.effect} | ${r.what} | ${r.kind} | ${digits(r.target)} | ${digits(r.fit)} | ` +
    `${percent(r)} | ${r.use} | ${r.cites} | ${r.seen} |`).join('\n') + '\n';
}

function pressurePicture() {
  const [w, h] = [560, 260], x = (min) => 46 + min / 120 * 490, y = (mmHg) => 220 - mmHg / 20 * 190;
  const curve = (slope, omega) => Array.from({ length: 61 }, (_, i) => 2 * i)
    .map((t) => `${x(t).toFixed(1)},${y(slope * meanOfLogNormal(omega) * ce(t) / 100).toFixed(1)}`).join(' ');
  const systolic = files[0], value = (name) => systolic.parameters.find((p) => p.name === name).value;
  const omega = Math.hypot(value('patient_sd'), value('occasion_sd'));
  const at = { Emory: [30, 3.28], Zhou: [40, 7.4], Yale: [40, 16] };
  const lines = systolic.settings.map((s) => `<polyline points="${curve(s.slope, omega)}"/>` +
    `<circle cx="${x(at[s.name][0])}" cy="${y(at[s.name][1])}" r="4"/>` +
    `<text x="${x(at[s.name][0]) - 4}" y="${y(at[s.name][1]) - 9}" text-anchor="end">${s.name} +${at[s.name][1]}</text>`);
  const ticks = [0, 5, 10, 15, 20].map((v) => `<text x="38" y="${y(v) + 4}" text-anchor="end">${v}</text>`)
    .concat([0, 20, 40, 60, 80, 100, 120].map((t) => `<text x="${x(t)}" y="240" text-anchor="middle">${t}</text>`));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${w} ${h}" font-family="sans-serif" font-size="12">
<title>Mean systolic rise in mmHg by minutes from the start of 0.5 mg/kg over 40 min: three trials and what the model gives for each</title>
<rect width="${w}" height="${h}" fill="#fff"/>
<g fill="#333">${ticks.join('')}<text x="46" y="18">mean systolic rise, mmHg: dots published, lines the model in that setting</text><text x="536" y="255" text-anchor="end">minutes</text></g>
<path d="M46 30V220H536" stroke="#999" fill="none"/>
<g stroke="#1f5a8c" fill="none" stroke-width="1.5">${lines.map((l) => l.replace(/<text.*/, '')).join('').replace(/<circle/g, '<circle fill="#1f5a8c"')}</g>
<g fill="#1f5a8c">${lines.map((l) => l.match(/<text.*/)[0]).join('')}</g>
</svg>
`;
}

const residualsPicture = () => {
  const h = 40 + report.length * 22, x = (r) => 330 + Math.max(-1, Math.min(1, r)) * 180;
  const rows = report.map((r, i) => {
    const y = 46 + i * 22, off = r.fit / r.target - 1, color = r.use === 'calibrated' ? '#1f5a8c' : '#b35c00';
    return `<text x="8" y="${y}">${r.effect}: ${r.what.replace(/ \(.*|, rest.*|, at Yale's.*/, '')}</text><circle cx="${x(off).toFixed(1)}" cy="${y - 4}" r="4" fill="${color}"/>` +
      `<text x="522" y="${y}">${percent(r)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 590 ${h + 12}" font-family="sans-serif" font-size="11">
<title>Fit less target, in percent of the target: what was calibrated, and what was only checked</title>
<rect width="590" height="${h + 12}" fill="#fff"/>
<text x="8" y="20">fit against target: blue calibrated, orange a check that was not used</text>
<path d="M330 30V${h}" stroke="#999"/><g fill="#333">${rows.join('\n')}</g>
</svg>
`;
};

console.log(table());
for (const file of files) console.log(file.id, file.parameters.map((p) => `${p.name} ${p.value}`).join('  '));
const path = (file) => join(root, 'data/effects', `${file.id}.json`);
if (process.argv.includes('--write')) {
  for (const file of files) writeFileSync(path(file), text(file));
  writeFileSync(join(root, 'docs/pictures/effects-pressure.svg'), pressurePicture());
  writeFileSync(join(root, 'docs/pictures/effects-residuals.svg'), residualsPicture());
}
if (process.argv.includes('--check')) {
  const other = files.filter((file) => readFileSync(path(file), 'utf8') !== text(file));
  if (other.length) {
    console.error(`not what comes out: ${other.map((file) => file.id).join(', ')}`);
    process.exit(1);
  }
}
