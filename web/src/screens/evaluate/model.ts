// What the parts of Evaluate share: the report as it came, and the way to write.
import { list, text, type Group, type Me } from '../../client';
import type { Priority } from '../../parts';

export type Level = 'stop' | 'caution' | 'missing' | 'day' | 'fine';
export const glyphs: Record<Level, Priority> = { stop: 'hi', caution: 'med', missing: 'void', day: 'low', fine: 'ok' };

export interface Report {
  patientId: string;
  data: Group;
  user: Me | undefined;
  dead: boolean;
  reload: () => Promise<void>;
  send: (operation: string, body: Record<string, unknown>) => Promise<void>;
}

export function ofLevel(report: Report, level: Level): Group[] {
  return list(report.data['finding']).filter((finding) => text(finding['level']) === level);
}
export function question(report: Report, key: string): Group | undefined {
  return list(report.data['question']).find((row) => text(row['key']) === key);
}
export function instrument(report: Report, id: string): Group | undefined {
  return list(report.data['instrument']).find((row) => text(row['id']) === id);
}
/** A repeated plain value: `asks`. */
export function words(finding: Group, name: string): string[] {
  return (list(finding[name]) as unknown[]).map(String);
}
/** Radio buttons that look like one row of buttons. */
export const field = (form: FormData, name: string): string => String(form.get(name) ?? '').trim();
