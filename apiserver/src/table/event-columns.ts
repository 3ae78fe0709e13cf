import { humanAge, isObject, type Json, type JsonObject, type KubeObject } from '@river/crds';
import { type Column, column, nameColumn, textOf, valueAt } from './column.ts';

const objectOf = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});

/** core/v1 and events.k8s.io/v1 name the same things differently: the first of the names that is there. */
const either = (event: KubeObject, ...names: string[]): Json | undefined => {
  for (const name of names) {
    const value = valueAt(event, name);
    if (value !== undefined && value !== null) return value;
  }
  return undefined;
};

const subject = (event: KubeObject) => objectOf(either(event, 'involvedObject', 'regarding'));
const series = (event: KubeObject) => either(event, 'series');

function subjectName(event: KubeObject): string {
  const { kind, name } = subject(event);
  return textOf(name) ? `${textOf(kind).toLowerCase()}/${textOf(name)}` : textOf(kind).toLowerCase();
}

function sourceOf(event: KubeObject): string {
  const source = objectOf(either(event, 'source', 'deprecatedSource'));
  const component = textOf(source.component) || textOf(either(event, 'reportingComponent', 'reportingController'));
  const instance = textOf(source.host) || textOf(either(event, 'reportingInstance'));
  return instance ? `${component}, ${instance}` : component;
}

const firstSeen = (event: KubeObject) => textOf(either(event, 'firstTimestamp', 'deprecatedFirstTimestamp', 'eventTime'));

function lastSeen(event: KubeObject): string {
  const repeated = series(event);
  if (isObject(repeated)) return textOf(repeated.lastObservedTime);
  return textOf(either(event, 'lastTimestamp', 'deprecatedLastTimestamp')) || firstSeen(event);
}

/** An event that was made once says no count in the newer form. */
function countOf(event: KubeObject): Json {
  const repeated = series(event);
  if (isObject(repeated)) return repeated.count ?? 0;
  return either(event, 'count', 'deprecatedCount') || 1;
}

const wide = { priority: 1 };

/** An Event's name says nothing to a person, so it comes last and only where there is room. */
export const eventColumns: readonly Column[] = [
  column('Last Seen', 'The time since it last happened.', (event, nowMs) => humanAge(lastSeen(event), nowMs)),
  column('Type', 'Normal or Warning.', (event) => textOf(either(event, 'type'))),
  column('Reason', 'What happened, in one word for machines.', (event) => textOf(either(event, 'reason'))),
  column('Object', 'What it happened to.', subjectName),
  column('Subobject', 'The part of the object that it happened to.', (event) => textOf(subject(event).fieldPath), wide),
  column('Source', 'Who reports it.', sourceOf, wide),
  column('Message', 'What happened, for people.', (event) => textOf(either(event, 'message', 'note')).trim()),
  column('First Seen', 'The time since it first happened.', (event, nowMs) => humanAge(firstSeen(event), nowMs), wide),
  column('Count', 'How often it happened.', countOf, { ...wide, type: 'integer' }),
  nameColumn(1),
];
