// One finding: what was found and on what it rests, the rule and its source, and what can be done about it.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { list, text, type Group } from '../../client';
import { clock, day } from '../../format';
import { Glyph, Icon, Unverified } from '../../parts';
import { EntryForm } from './entry';
import { type Level, type Report, glyphs, ofLevel, words } from './model';
import { OverrideForm } from './override';

export function When({ at }: { at: string }): JSX.Element | null {
  if (!at) return null;
  return <>{day(at)} {clock(at)}</>;
}

function Source({ finding }: { finding: Group }): JSX.Element {
  const policy = finding['policy'] as Group | undefined;
  const seen = text(finding['seen']);
  return <div class="rl">
    <p>{text(finding['limit'])}</p>
    <p class="src"><span class="num">{text(finding['rule'])}</span> · {text(finding['source'])}{' '}
      {seen === 'policy' ? null : <Unverified seen={seen} />}</p>
    {policy && text(policy['seen']) !== 'policy' && text(policy['source']) !== text(finding['source']) &&
      <p class="src">{text(policy['title'])}: {text(policy['source'])} <Unverified seen={text(policy['seen'])} /></p>}
  </div>;
}

function Signed({ name, override }: { name: string; override: Group | undefined }): JSX.Element | null {
  if (!override) return null;
  return <p class="signed"><Icon name="pen" size="s" /><span><b>{name}</b>{' '}
    {list(override['signer']).map((s) => `${text(s['name'])}, ${text(s['role'])}, ${day(text(s['at']))} ${clock(text(s['at']))}`).join(' and ')}.
    {' '}“{text(override['reason'])}” Ends {day(text(override['expires']))} {clock(text(override['expires']))}.</span></p>;
}

type Open = 'none' | 'record' | 'override';

export function Finding({ report, finding }: { report: Report; finding: Group }): JSX.Element {
  const [open, setOpen] = useState<Open>('none');
  const level = text(finding['level']) as Level;
  const asks = words(finding, 'asks');
  const rule = text(finding['rule']);
  const overridden = finding['override'] as Group | undefined;
  const may = text(finding['override-kind']) !== 'none' && level !== 'day' && !overridden && !report.dead;
  const toggle = (which: Open): void => setOpen(open === which ? 'none' : which);
  return <li class={`fd ${open === 'none' ? '' : 'open'}`} id={rule}>
    <Glyph level={overridden ? 'low' : glyphs[level]} label={overridden ? `${level}, overridden` : level} />
    <div class="ft">
      <h3>{text(finding['title'])}</h3>
      <p class="dt">{text(finding['because'])}</p>
      <p class="src"><When at={text(finding['fact-at'])} />{text(finding['fact']) !== '' && <> · {text(finding['fact']).split('/')[0]}</>}</p>
      <Signed name="Overridden by" override={overridden} />
      <Signed name="Signed by one, a second person is needed:" override={finding['pending'] as Group | undefined} />
    </div>
    <Source finding={finding} />
    <div class="ac no-print">
      {asks.length > 0 && !report.dead && <button type="button" class={`btn ${level === 'missing' && open === 'none' ? '' : ''}`} aria-expanded={open === 'record'}
        aria-label={`Record: ${text(finding['title'])}`} onClick={() => toggle('record')}>Record…</button>}
      {may && <button type="button" class="btn" aria-expanded={open === 'override'} aria-label={`Override: ${text(finding['title'])}`}
        onClick={() => toggle('override')}>Override…</button>}
      {text(finding['override-kind']) === 'none' && level === 'stop' && <p class="never"><Icon name="lock" size="s" />Nobody can override this</p>}
    </div>
    {open === 'record' && <div class="ov">{asks.map((key) => <EntryForm key={key} report={report} ask={key} done={() => { if (asks.length === 1) setOpen('none'); }} />)}</div>}
    {open === 'override' && <OverrideForm report={report} finding={finding} close={() => setOpen('none')} />}
  </li>;
}

/** The first row of every evaluation. */
export function LevelOfCare({ report, finding }: { report: Report; finding: Group }): JSX.Element {
  const [open, setOpen] = useState(false);
  const level = text(finding['level']) as Level;
  const known = level !== 'missing';
  return <section class={`card loc ${glyphs[level] ?? ''}`} aria-label="Level of care today" id="EU-E-002">
    <Icon name="shield" size="l" />
    <p><b>Level of care today: {known ? text(finding['because']).split('.')[0]!.toLowerCase() : 'not known'}</b>
      <span>{known ? text(finding['because']).split('.').slice(1).join('.').trim() : text(finding['because'])} {known && <When at={text(finding['fact-at'])} />}</span>
      <span class="xs">{text(finding['limit'])} <span class="num">{text(finding['rule'])}</span> · {text(finding['source'])} <Unverified seen={text(finding['seen'])} /></span></p>
    <Glyph level={glyphs[level] ?? 'void'} label={level} />
    {!report.dead && <button type="button" class="btn no-print" aria-expanded={open} onClick={() => setOpen(!open)}>{known ? 'Change…' : 'Record…'}</button>}
    {open && <div class="ov"><EntryForm report={report} ask="level-of-care" done={() => setOpen(false)} /></div>}
  </section>;
}

/** What is fine: short, but each with the data it rests on and its rule. */
export function Fine({ report }: { report: Report }): JSX.Element | null {
  const fine = ofLevel(report, 'fine').filter((f) => text(f['rule']) !== 'EU-E-002');
  return <section class="card grp ok" aria-labelledby="group-fine">
    <header><h2 id="group-fine">Fine <span class="ct">{fine.length}</span></h2><span class="sub sm">Each with the data it rests on</span></header>
    <ul class="fine">{fine.map((f) => <li>
      <Glyph level="ok" label="fine" />
      <span><b>{text(f['title'])}</b> {text(f['because'])}</span>
      <small title={`${text(f['limit'])} ${text(f['source'])}`}>{text(f['rule'])}{text(f['fact-at']) && ` · ${day(text(f['fact-at']))}`}
        {!['policy', 'paper', 'label'].includes(text(f['seen'])) && <sup title="not verified at source">†</sup>}</small></li>)}</ul>
    <p class="legend-line">† not verified at source</p>
  </section>;
}
