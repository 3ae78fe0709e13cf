import { humanAge, isObject, type KubeObject } from '@river/crds';
import type { ApiClient } from '@river/runtime';

const events = { group: '', version: 'v1', plural: 'events', namespaced: true, kind: 'Event' };

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

const part = (event: KubeObject, name: string): Record<string, unknown> => {
  const value = event[name];
  return isObject(value) ? value : {};
};

/** When an event last happened: a series says it itself, else the two ways in which events are written. */
export const lastSeen = (event: KubeObject): string =>
  text(part(event, 'series').lastObservedTime) ||
  text(event.lastTimestamp) ||
  text(event.eventTime) ||
  (event.metadata.creationTimestamp ?? '');

const byTime = (a: KubeObject, b: KubeObject): number => Date.parse(lastSeen(a)) - Date.parse(lastSeen(b));

/** Oldest first. */
export const listEvents = async (client: ApiClient, options: { namespace?: string; fieldSelector?: string }): Promise<KubeObject[]> => {
  const found: KubeObject[] = [];
  for await (const { items } of client.resource(events).pages(options)) found.push(...items);
  return found.sort(byTime);
};

export const eventHeader = ['LAST SEEN', 'TYPE', 'REASON', 'OBJECT', 'MESSAGE'];

export const eventRow = (event: KubeObject, wallMs: number): string[] => {
  const about = part(event, 'involvedObject');
  const count = Number(part(event, 'series').count ?? event.count ?? 1);
  const seen = humanAge(lastSeen(event) ?? '', wallMs) + (count > 1 ? ` (x${count})` : '');
  return [seen, text(event.type), text(event.reason), `${text(about.kind).toLowerCase()}/${text(about.name)}`, text(event.message).trim()];
};
