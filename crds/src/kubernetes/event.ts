import { z } from 'zod';
import { defineResource, type Resource } from '../define-resource.ts';
import { dateTime } from '../schema/field.ts';
import { objectReference } from './object-reference.ts';

const moment = () => dateTime().nullable().optional();
const reporter = z.object({
  component: z.string().optional().describe('The program.'),
  host: z.string().optional().describe('The machine it runs on.'),
});
const seriesOf = z.object({
  count: z.int32().optional().describe('How often it has happened.'),
  lastObservedTime: moment().describe('When it happened last.'),
});

const referenceFields = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'];

/** Events of the core group: what kubectl get events shows. */
export const Event = defineResource({
  group: '',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  scope: 'Namespaced',
  description: 'Something that happened to an object. Kept for a while only.',
  shortNames: ['ev'],
  columns: [
    { name: 'Last Seen', type: 'string', jsonPath: '.lastTimestamp', description: 'When it happened last.' },
    { name: 'Type', type: 'string', jsonPath: '.type', description: 'Normal or Warning.' },
    { name: 'Reason', type: 'string', jsonPath: '.reason', description: 'What happened, in one word.' },
    { name: 'Object', type: 'string', jsonPath: '.involvedObject', description: 'What it happened to.' },
    { name: 'Subobject', type: 'string', jsonPath: '.involvedObject.fieldPath', priority: 1, description: 'The part that it happened to.' },
    { name: 'Source', type: 'string', jsonPath: '.source', priority: 1, description: 'Who says so.' },
    { name: 'Message', type: 'string', jsonPath: '.message', description: 'What happened.' },
    { name: 'First Seen', type: 'string', jsonPath: '.firstTimestamp', priority: 1, description: 'When it happened first.' },
    { name: 'Count', type: 'string', jsonPath: '.count', priority: 1, description: 'How often it happened.' },
    { name: 'Name', type: 'string', jsonPath: '.metadata.name', priority: 1, description: 'Name of the event.' },
  ],
  selectableFields: [
    ...referenceFields.map((field) => `.involvedObject.${field}`),
    '.reason',
    '.type',
    '.reportingComponent',
    { jsonPath: '.source.component', label: 'source' },
  ],
  fields: {
    involvedObject: objectReference().describe('What it happened to.'),
    reason: z.string().optional().describe('What happened, in one word.'),
    message: z.string().optional().describe('What happened, for people.'),
    source: reporter.optional().describe('Who says so.'),
    firstTimestamp: moment().describe('When it happened first.'),
    lastTimestamp: moment().describe('When it happened last.'),
    count: z.int32().optional().describe('How often it has happened.'),
    type: z.string().optional().describe('Normal or Warning.'),
    eventTime: moment().describe('When it happened first, to the microsecond.'),
    series: seriesOf.optional().describe('The series that this event stands for.'),
    action: z.string().optional().describe('What was being done.'),
    related: objectReference().optional().describe('A second object that has to do with it.'),
    reportingComponent: z.string().default('').describe('The controller that says so: `river.dev/scheduler`.'),
    reportingInstance: z.string().default('').describe('Which of its instances.'),
  },
});

export type Event = Resource<typeof Event>;

/** The same events, as the group events.k8s.io names their fields. */
export const EventsEvent = defineResource({
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  scope: 'Namespaced',
  description: 'Something that happened to an object. Kept for a while only.',
  shortNames: ['ev'],
  columns: [
    { name: 'Last Seen', type: 'string', jsonPath: '.deprecatedLastTimestamp', description: 'When it happened last.' },
    { name: 'Type', type: 'string', jsonPath: '.type', description: 'Normal or Warning.' },
    { name: 'Reason', type: 'string', jsonPath: '.reason', description: 'What happened, in one word.' },
    { name: 'Object', type: 'string', jsonPath: '.regarding', description: 'What it happened to.' },
    { name: 'Subobject', type: 'string', jsonPath: '.regarding.fieldPath', priority: 1, description: 'The part that it happened to.' },
    { name: 'Source', type: 'string', jsonPath: '.deprecatedSource', priority: 1, description: 'Who says so.' },
    { name: 'Message', type: 'string', jsonPath: '.note', description: 'What happened.' },
    { name: 'First Seen', type: 'string', jsonPath: '.deprecatedFirstTimestamp', priority: 1, description: 'When it happened first.' },
    { name: 'Count', type: 'string', jsonPath: '.deprecatedCount', priority: 1, description: 'How often it happened.' },
    { name: 'Name', type: 'string', jsonPath: '.metadata.name', priority: 1, description: 'Name of the event.' },
  ],
  selectableFields: [...referenceFields.map((field) => `.regarding.${field}`), '.reason', '.type', '.reportingController'],
  fields: {
    eventTime: dateTime().nullable().optional().describe('When it happened first, to the microsecond.'),
    series: seriesOf.optional().describe('The series that this event stands for.'),
    reportingController: z.string().optional().describe('The controller that says so.'),
    reportingInstance: z.string().optional().describe('Which of its instances.'),
    action: z.string().optional().describe('What was being done.'),
    reason: z.string().optional().describe('What happened, in one word.'),
    regarding: objectReference().optional().describe('What it happened to.'),
    related: objectReference().optional().describe('A second object that has to do with it.'),
    note: z.string().optional().describe('What happened, for people.'),
    type: z.string().optional().describe('Normal or Warning.'),
    deprecatedSource: reporter.optional().describe('The source of the core group.'),
    deprecatedFirstTimestamp: moment().describe('The firstTimestamp of the core group.'),
    deprecatedLastTimestamp: moment().describe('The lastTimestamp of the core group.'),
    deprecatedCount: z.int32().optional().describe('The count of the core group.'),
  },
});

export type EventsEvent = Resource<typeof EventsEvent>;
