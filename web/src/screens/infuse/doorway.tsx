// Before a session: take the patient into a chair, or go to where he already sits.
import type { JSX } from 'preact';
import { ask, list, number, search, tell, text } from '../../client';
import { dayClock } from '../../format';
import { Card, Icon, Problem, useLoad, useSend } from '../../parts';
import { follow, go } from '../../router';

export function Doorway({ patientId }: { patientId: string }): JSX.Element {
  const { data, error } = useLoad(() => ask('$today'), (e) => e.type === 'Encounter', [patientId]);
  const { busy, error: refused, send } = useSend();
  const chairs = list(data?.['chair']);
  const here = chairs.find((c) => text(c['patient']) === patientId);
  const open = (chair: number): void => {
    void send(async () => {
      const answer = await tell(`Patient/${patientId}/$session-open`, { chair });
      go(`/patients/${patientId}/infuse/${text(answer['encounter'])}`);
    });
  };
  return <div class="page doorway">
    <h1>Infuse</h1>
    <p class="sub">A session is the live record of one infusion. The program never moves the pump; what is done there is written down here.</p>
    <Problem error={error} />
    {here ? <Card title={`In ${text(here['chair'])}`}><div class="pad">
      <a class="btn pri tall" href={`/patients/${patientId}/infuse/${text(here['encounter'])}`} onClick={follow}><Icon name="right" />Open the session in {text(here['chair'])}</a></div></Card>
      : <Card title="Take into a chair"><div class="pad">
        {!data && !error && <p class="dim" role="status">Looking at the chairs</p>}
        <div class="seats">{chairs.map((c) => {
          const seat = number(c['seat']);
          return <button type="button" class="btn tall" disabled={c['free'] !== true || busy} onClick={() => open(seat)}><b>Chair {seat}</b><small>{c['free'] === true ? 'free' : text(c['name'])}</small></button>;
        })}</div>
        <Problem error={refused} />
        <p class="dim sm">Opening needs a signed, active course. Everything else that the start needs is listed in the session.</p></div></Card>}
    <Earlier patientId={patientId} />
  </div>;
}

function Earlier({ patientId }: { patientId: string }): JSX.Element | null {
  const { data, error } = useLoad(() => search('Procedure', { patient: patientId, status: 'completed', _count: '200' }), (e) => e.type === 'Procedure' && e.patient === patientId, [patientId]);
  const infusions = (data ?? []).filter((p) => (p['code'] as { text?: string })?.text === 'Ketamine infusion')
    .sort((a, b) => start(b).localeCompare(start(a)));
  if (error) return <Problem error={error} />;
  if (!infusions.length) return null;
  return <Card title="Earlier infusions"><div class="pad"><table class="tbl"><thead><tr><th scope="col">When</th><th scope="col">Infusion</th><th scope="col">Given</th></tr></thead>
    <tbody>{infusions.map((p) => {
      const encounter = ((p['encounter'] as { reference?: string })?.reference ?? '').split('/')[1] ?? '';
      return <tr><th scope="row"><a href={`/patients/${patientId}/infuse/${encounter}`} onClick={follow}>{dayClock(start(p))}</a></th><td>{extension(p, 'infusion-number')}</td><td>{extension(p, 'given-mg') || 'not recorded'} mg</td></tr>;
    })}</tbody></table></div></Card>;
}

const start = (p: { [member: string]: unknown }): string => (p['performedPeriod'] as { start?: string })?.start ?? '';
function extension(p: { [member: string]: unknown }, name: string): string {
  const found = ((p['extension'] ?? []) as { url: string; valueDecimal?: number; valueInteger?: number }[]).find((e) => e.url === `urn:euthymia:extension:${name}`);
  return String(found?.valueDecimal ?? found?.valueInteger ?? '');
}
