import type { Json, KubeObject } from '@river/crds';

/** The same event is served by two groups that name its fields differently. It is kept as the core group has it. */
const renamed: readonly [core: string, events: string][] = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
  ['reportingComponent', 'reportingController'],
];

function rename(object: KubeObject, names: readonly (readonly [from: string, to: string])[], apiVersion: string): KubeObject {
  const to = new Map(names);
  const fields = Object.entries(object).map(([field, value]) => [to.get(field) ?? field, value]);
  const converted: { [field: string]: Json | KubeObject['metadata'] } = Object.fromEntries(fields);
  return { ...converted, apiVersion, kind: object.kind, metadata: object.metadata };
}

export const eventFromCore = (object: KubeObject): KubeObject => rename(object, renamed, 'events.k8s.io/v1');

export const eventToCore = (object: KubeObject): KubeObject =>
  rename(
    object,
    renamed.map(([core, events]) => [events, core] as const),
    'v1',
  );
