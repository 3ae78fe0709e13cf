import type { JsonObject } from '@river/crds';

/** Where schemas refer to each other in a document of version 3. */
export const schemaRoot = '#/components/schemas/';

const metaPrefix = 'io.k8s.apimachinery.pkg.apis.meta.v1.';

/** The full names of the schemas that every kind shares. */
export const metaName = (name: string): string => `${metaPrefix}${name}`;
export const intOrStringName = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString';
export const scaleName = 'io.k8s.api.autoscaling.v1.Scale';

export const refTo = (name: string): JsonObject => ({ $ref: `${schemaRoot}${name}` });

/** A reference that says in its own words what the referred stands for here. */
export const described = (description: string, name: string): JsonObject => ({ description, allOf: [refTo(name)], default: {} });

const string = (description: string, extra: JsonObject = {}): JsonObject => ({ type: 'string', description, ...extra });
const integer = (description: string, format: 'int32' | 'int64'): JsonObject => ({ type: 'integer', format, description });
const boolean = (description: string): JsonObject => ({ type: 'boolean', description });
const stringMap = (description: string): JsonObject => ({
  type: 'object',
  description,
  additionalProperties: { type: 'string', default: '' },
});
const list = (description: string, items: JsonObject, extra: JsonObject = {}): JsonObject => ({
  type: 'array',
  description,
  items,
  ...extra,
});
const meta = (description: string, name: string): JsonObject => ({ description, allOf: [refTo(metaName(name))] });
const object = (description: string, properties: JsonObject, extra: JsonObject = {}): JsonObject => ({
  type: 'object',
  description,
  properties,
  ...extra,
});
const ofKind = (kind: string, group = ''): JsonObject => ({ 'x-kubernetes-group-version-kind': [{ group, kind, version: 'v1' }] });

export const apiVersion = string(
  'The group and version of the API in which this object is written, such as river.dev/v1, or v1 for the core group.',
);
export const kind = string('The kind of this object, in the singular and in camel case. It can not be changed.');

const objectMeta = object('What every object has whatever its kind: its name, its place in time, and what others say about it.', {
  annotations: stringMap('Notes that tools and people keep with the object. They can not be selected by.'),
  creationTimestamp: meta('When the server stored the object for the first time. Set by the server.', 'Time'),
  deletionGracePeriodSeconds: integer(
    'How many seconds the object has from the request to delete it until it goes. Set by the server.',
    'int64',
  ),
  deletionTimestamp: meta('When deletion was asked for. The object goes once its finalizers are gone. Set by the server.', 'Time'),
  finalizers: list(
    'Who still has something to do before the object may go. Each removes its own entry when it is done.',
    { type: 'string', default: '' },
    { 'x-kubernetes-list-type': 'set', 'x-kubernetes-patch-strategy': 'merge' },
  ),
  generateName: string('A prefix from which the server makes a unique name when none is given.'),
  generation: integer('A number that grows with every change of what is wanted. Set by the server.', 'int64'),
  labels: stringMap('Names and values by which objects can be selected.'),
  managedFields: list('Which fields each manager owns. Kept by the server for server-side apply.', refTo(metaName('ManagedFieldsEntry')), {
    'x-kubernetes-list-type': 'atomic',
  }),
  name: string('The name of the object, unique among those of its kind in its namespace. It can not be changed.'),
  namespace: string('The namespace in which the name is unique. Kinds that belong to the whole cluster have none. It can not be changed.'),
  ownerReferences: list(
    'The objects without which this one has no reason to be: when all are gone, so is it.',
    refTo(metaName('OwnerReference')),
    {
      'x-kubernetes-list-map-keys': ['uid'],
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-patch-merge-key': 'uid',
      'x-kubernetes-patch-strategy': 'merge',
    },
  ),
  resourceVersion: string(
    'An opaque value that changes with every change of the object. A write that carries it fails when the object has changed since.',
  ),
  selfLink: string('No longer filled in.'),
  uid: string('What tells this object from all others, also from those of the same name before and after it. Set by the server.'),
});

const listMeta = object('What every list has: the revision it shows, and how to go on.', {
  continue: string('With this token the next page is asked for. Empty on the last page.'),
  remainingItemCount: integer('How many objects come after this page, where that is known.', 'int64'),
  resourceVersion: string('The revision that the list shows. A watch that starts here misses nothing.'),
  selfLink: string('No longer filled in.'),
});

const ownerReference = object(
  'Names an owner of the object, in the same namespace or in none.',
  {
    apiVersion: string('The group and version of the owner.', { default: '' }),
    blockOwnerDeletion: boolean('Whether the owner waits for this object when it is deleted in the foreground.'),
    controller: boolean('Whether the owner is the one that manages this object. At most one is.'),
    kind: string('The kind of the owner.', { default: '' }),
    name: string('The name of the owner.', { default: '' }),
    uid: string('The uid of the owner.', { default: '' }),
  },
  { required: ['apiVersion', 'kind', 'name', 'uid'], 'x-kubernetes-map-type': 'atomic' },
);

const managedFieldsEntry = object('The fields of the object that one manager owns through one way of writing.', {
  apiVersion: string('The version in which the fields are named.'),
  fieldsType: string('The form of the fields. There is one: FieldsV1.'),
  fieldsV1: meta('The fields that are owned.', 'FieldsV1'),
  manager: string('Who owns the fields.'),
  operation: string('How they were written: Apply or Update.'),
  subresource: string('The part of the resource through which they were written; empty for the resource itself.'),
  time: meta('When the entry last changed.', 'Time'),
});

const status = object(
  'The outcome of a request that returns no object, and of every one that failed.',
  {
    apiVersion,
    code: integer('The HTTP status code that fits.', 'int32'),
    details: meta('More about the outcome, where the reason has more to say.', 'StatusDetails'),
    kind,
    message: string('What happened, for people.'),
    metadata: meta('A list that has expired says here how to go on.', 'ListMeta'),
    reason: string('Why the request failed, in one word for machines.'),
    status: string('Success or Failure.'),
  },
  ofKind('Status'),
);

const statusDetails = object('More about the outcome of a request.', {
  causes: list('What is wrong with the request, one entry for each thing.', refTo(metaName('StatusCause')), {
    'x-kubernetes-list-type': 'atomic',
  }),
  group: string('The group of the object in question.'),
  kind: string('The kind, or the resource, of the object in question.'),
  name: string('The name of the object in question.'),
  retryAfterSeconds: integer('After how many seconds it is worth trying again.', 'int32'),
  uid: string('The uid of the object in question.'),
});

const statusCause = object('One thing that is wrong with a request.', {
  field: string('The path of the field, such as spec.targets[0].node.'),
  message: string('What is wrong, for people.'),
  reason: string('What is wrong, in one word for machines.'),
});

const deleteOptions = object(
  'How to delete.',
  {
    apiVersion,
    dryRun: list(
      'With All the request is checked to the end and changes nothing.',
      { type: 'string', default: '' },
      { 'x-kubernetes-list-type': 'atomic' },
    ),
    gracePeriodSeconds: integer('After how many seconds the object goes; 0 means at once.', 'int64'),
    kind,
    orphanDependents: boolean('Replaced by propagationPolicy.'),
    preconditions: meta('What must hold of the object, or else it is not deleted.', 'Preconditions'),
    propagationPolicy: string('What happens to what the object owns: Background deletes it after, Foreground before, Orphan not at all.'),
  },
  ofKind('DeleteOptions'),
);

const preconditions = object('What must hold of an object for a request to be carried out.', {
  resourceVersion: string('The resourceVersion that the object must have.'),
  uid: string('The uid that the object must have.'),
});

const watchEvent = object(
  'One event of a watch.',
  {
    object: meta('The object as it now is, as it last was if it is gone, or the Status that ended the watch.', 'RawExtension'),
    type: string('ADDED, MODIFIED, DELETED, BOOKMARK or ERROR.', { default: '' }),
  },
  { required: ['type', 'object'], ...ofKind('WatchEvent') },
);

const scale = object(
  'How many there are of something, and how many there should be.',
  {
    apiVersion,
    kind,
    metadata: described('The metadata of the object that is scaled.', metaName('ObjectMeta')),
    spec: described('What is wanted.', `${scaleName}Spec`),
    status: described('What is.', `${scaleName}Status`),
  },
  ofKind('Scale', 'autoscaling'),
);

const scaleStatus = object(
  'How many there are.',
  { replicas: integer('How many there are.', 'int32'), selector: string('Selects what is counted, in the form that queries use.') },
  { required: ['replicas'] },
);

/** Version 2 knows it by its format alone. */
const intOrString: JsonObject = {
  description: 'A number or a string.',
  format: 'int-or-string',
  oneOf: [{ type: 'integer' }, { type: 'string' }],
};

/** The schemas that documents of every group share, by their full names. */
export const metaSchemas: Readonly<Record<string, JsonObject>> = {
  [metaName('DeleteOptions')]: deleteOptions,
  [metaName('FieldsV1')]: {
    type: 'object',
    description: 'A set of fields: a tree with f:<name>, k:<keys>, v:<value> and i:<index> for its keys.',
  },
  [metaName('ListMeta')]: listMeta,
  [metaName('ManagedFieldsEntry')]: managedFieldsEntry,
  [metaName('MicroTime')]: string('A moment in RFC 3339, to the microsecond.', { format: 'date-time' }),
  [metaName('ObjectMeta')]: objectMeta,
  [metaName('OwnerReference')]: ownerReference,
  [metaName('Patch')]: { type: 'object', description: 'A change to an object, in the form that the Content-Type names.' },
  [metaName('Preconditions')]: preconditions,
  [metaName('RawExtension')]: { type: 'object', description: 'An object of any kind.', 'x-kubernetes-preserve-unknown-fields': true },
  [metaName('Status')]: status,
  [metaName('StatusCause')]: statusCause,
  [metaName('StatusDetails')]: statusDetails,
  [metaName('Time')]: string('A moment in RFC 3339, to the second.', { format: 'date-time' }),
  [metaName('WatchEvent')]: watchEvent,
  [intOrStringName]: intOrString,
};

/** Only where something can be scaled. */
export const scaleSchemas: Readonly<Record<string, JsonObject>> = {
  [scaleName]: scale,
  [`${scaleName}Spec`]: object('How many are wanted.', { replicas: integer('How many are wanted.', 'int32') }),
  [`${scaleName}Status`]: scaleStatus,
};
