/** How one field of a message is read. */
export interface Field {
  name: string;
  is: 'string' | 'bytes' | 'integer' | 'boolean' | 'time' | 'microTime' | 'json' | Message;
  /** `map` has string keys. An `optional` field says something even when it is zero; any other is then left out, as in JSON. */
  as: 'plain' | 'optional' | 'list' | 'map';
}

/** The fields of a message, by their numbers. */
export type Message = ReadonlyMap<number, Field>;

const message = (fields: Record<number, Field>): Message =>
  new Map(Object.entries(fields).map(([number, field]) => [Number(number), field]));
const plain = (name: string, is: Field['is'] = 'string'): Field => ({ name, is, as: 'plain' });
const optional = (name: string, is: Field['is'] = 'string'): Field => ({ name, is, as: 'optional' });
const list = (name: string, is: Field['is'] = 'string'): Field => ({ name, is, as: 'list' });
const map = (name: string, is: Field['is'] = 'string'): Field => ({ name, is, as: 'map' });

const ownerReference = message({
  1: plain('kind'),
  3: plain('name'),
  4: plain('uid'),
  5: plain('apiVersion'),
  6: optional('controller', 'boolean'),
  7: optional('blockOwnerDeletion', 'boolean'),
});

const managedFieldsEntry = message({
  1: plain('manager'),
  2: plain('operation'),
  3: plain('apiVersion'),
  4: plain('time', 'time'),
  6: plain('fieldsType'),
  7: plain('fieldsV1', 'json'),
  8: plain('subresource'),
});

const objectMeta = message({
  1: plain('name'),
  2: plain('generateName'),
  3: plain('namespace'),
  4: plain('selfLink'),
  5: plain('uid'),
  6: plain('resourceVersion'),
  7: plain('generation', 'integer'),
  8: plain('creationTimestamp', 'time'),
  9: plain('deletionTimestamp', 'time'),
  10: optional('deletionGracePeriodSeconds', 'integer'),
  11: map('labels'),
  12: map('annotations'),
  13: list('ownerReferences', ownerReference),
  14: list('finalizers'),
  17: list('managedFields', managedFieldsEntry),
});

const metadata = plain('metadata', objectMeta);

const objectReference = message({
  1: plain('kind'),
  2: plain('namespace'),
  3: plain('name'),
  4: plain('uid'),
  5: plain('apiVersion'),
  6: plain('resourceVersion'),
  7: plain('fieldPath'),
});

const namespaceCondition = message({
  1: plain('type'),
  2: plain('status'),
  4: plain('lastTransitionTime', 'time'),
  5: plain('reason'),
  6: plain('message'),
});
const eventSource = message({ 1: plain('component'), 2: plain('host') });
const eventSeries = message({ 1: plain('count', 'integer'), 2: plain('lastObservedTime', 'microTime') });

const leaseSpec = message({
  1: optional('holderIdentity'),
  2: optional('leaseDurationSeconds', 'integer'),
  3: plain('acquireTime', 'microTime'),
  4: plain('renewTime', 'microTime'),
  5: optional('leaseTransitions', 'integer'),
  6: optional('strategy'),
  7: optional('preferredHolder'),
});

const deleteOptions = message({
  1: optional('gracePeriodSeconds', 'integer'),
  2: plain('preconditions', message({ 1: optional('uid'), 2: optional('resourceVersion') })),
  3: optional('orphanDependents', 'boolean'),
  4: optional('propagationPolicy'),
  5: list('dryRun'),
});

const coreEvent = message({
  1: metadata,
  2: plain('involvedObject', objectReference),
  3: plain('reason'),
  4: plain('message'),
  5: plain('source', eventSource),
  6: plain('firstTimestamp', 'time'),
  7: plain('lastTimestamp', 'time'),
  8: plain('count', 'integer'),
  9: plain('type'),
  10: plain('eventTime', 'microTime'),
  11: plain('series', eventSeries),
  12: plain('action'),
  13: plain('related', objectReference),
  14: plain('reportingComponent'),
  15: plain('reportingInstance'),
});

const eventsEvent = message({
  1: metadata,
  2: plain('eventTime', 'microTime'),
  3: plain('series', eventSeries),
  4: plain('reportingController'),
  5: plain('reportingInstance'),
  6: plain('action'),
  7: plain('reason'),
  8: plain('regarding', objectReference),
  9: plain('related', objectReference),
  10: plain('note'),
  11: plain('type'),
  12: plain('deprecatedSource', eventSource),
  13: plain('deprecatedFirstTimestamp', 'time'),
  14: plain('deprecatedLastTimestamp', 'time'),
  15: plain('deprecatedCount', 'integer'),
});

const policyRule = message({
  1: list('verbs'),
  2: list('apiGroups'),
  3: list('resources'),
  4: list('resourceNames'),
  5: list('nonResourceURLs'),
});
const labelSelector = message({
  1: map('matchLabels'),
  2: list('matchExpressions', message({ 1: plain('key'), 2: plain('operator'), 3: list('values') })),
});
const role = message({
  1: metadata,
  2: list('rules', policyRule),
  3: plain('aggregationRule', message({ 1: list('clusterRoleSelectors', labelSelector) })),
});
const binding = message({
  1: metadata,
  2: list('subjects', message({ 1: plain('kind'), 2: plain('apiGroup'), 3: plain('name'), 4: plain('namespace') })),
  3: plain('roleRef', message({ 1: plain('apiGroup'), 2: plain('kind'), 3: plain('name') })),
});

const resourceAttributes = message({
  1: plain('namespace'),
  2: plain('verb'),
  3: plain('group'),
  4: plain('version'),
  5: plain('resource'),
  6: plain('subresource'),
  7: plain('name'),
});
/** Without `extra`, on which rights do not depend. */
const accessReview = message({
  1: metadata,
  2: plain(
    'spec',
    message({
      1: plain('resourceAttributes', resourceAttributes),
      2: plain('nonResourceAttributes', message({ 1: plain('path'), 2: plain('verb') })),
      3: plain('user'),
      4: list('groups'),
      6: plain('uid'),
    }),
  ),
});

const tokenRequestSpec = message({
  1: list('audiences'),
  3: plain('boundObjectRef', message({ 1: plain('kind'), 2: plain('apiVersion'), 3: plain('name'), 4: plain('uid') })),
  4: optional('expirationSeconds', 'integer'),
});

/** Without `extra`: the server writes it. */
const requestSpec = message({
  1: plain('request', 'bytes'),
  2: plain('username'),
  3: plain('uid'),
  4: list('groups'),
  5: list('usages'),
  7: plain('signerName'),
  8: optional('expirationSeconds', 'integer'),
});
const requestCondition = message({
  1: plain('type'),
  2: plain('reason'),
  3: plain('message'),
  4: plain('lastUpdateTime', 'time'),
  5: plain('lastTransitionTime', 'time'),
  6: plain('status'),
});

/** What stands around every object: its type, and the object itself as bytes. */
export const envelope = message({
  1: plain('type', message({ 1: plain('apiVersion'), 2: plain('kind') })),
  2: plain('raw', 'bytes'),
  3: plain('contentEncoding'),
});

/** The kinds that generated clients write in this form, by `<apiVersion>/<kind>`. Field numbers are those of Kubernetes' published .proto files. */
export const messages: ReadonlyMap<string, Message> = new Map([
  ['v1/ConfigMap', message({ 1: metadata, 2: map('data'), 3: map('binaryData', 'bytes'), 4: optional('immutable', 'boolean') })],
  [
    'v1/Secret',
    message({ 1: metadata, 2: map('data', 'bytes'), 3: plain('type'), 4: map('stringData'), 5: optional('immutable', 'boolean') }),
  ],
  [
    'v1/Namespace',
    message({
      1: metadata,
      2: plain('spec', message({ 1: list('finalizers') })),
      3: plain('status', message({ 1: plain('phase'), 2: list('conditions', namespaceCondition) })),
    }),
  ],
  [
    'v1/ServiceAccount',
    message({
      1: metadata,
      2: list('secrets', objectReference),
      3: list('imagePullSecrets', message({ 1: plain('name') })),
      4: optional('automountServiceAccountToken', 'boolean'),
    }),
  ],
  ['v1/Event', coreEvent],
  ['events.k8s.io/v1/Event', eventsEvent],
  ['coordination.k8s.io/v1/Lease', message({ 1: metadata, 2: plain('spec', leaseSpec) })],
  [
    'scheduling.k8s.io/v1/PriorityClass',
    message({
      1: metadata,
      2: optional('value', 'integer'),
      3: plain('globalDefault', 'boolean'),
      4: plain('description'),
      5: optional('preemptionPolicy'),
    }),
  ],
  ['rbac.authorization.k8s.io/v1/Role', role],
  ['rbac.authorization.k8s.io/v1/ClusterRole', role],
  ['rbac.authorization.k8s.io/v1/RoleBinding', binding],
  ['rbac.authorization.k8s.io/v1/ClusterRoleBinding', binding],
  [
    'certificates.k8s.io/v1/CertificateSigningRequest',
    message({
      1: metadata,
      2: plain('spec', requestSpec),
      3: plain('status', message({ 1: list('conditions', requestCondition), 2: plain('certificate', 'bytes') })),
    }),
  ],
  ['authorization.k8s.io/v1/SelfSubjectAccessReview', accessReview],
  ['authorization.k8s.io/v1/SubjectAccessReview', accessReview],
  ['authorization.k8s.io/v1/LocalSubjectAccessReview', accessReview],
  ['authorization.k8s.io/v1/SelfSubjectRulesReview', message({ 1: metadata, 2: plain('spec', message({ 1: plain('namespace') })) })],
  ['authentication.k8s.io/v1/SelfSubjectReview', message({ 1: metadata })],
  [
    'authentication.k8s.io/v1/TokenReview',
    message({ 1: metadata, 2: plain('spec', message({ 1: plain('token'), 2: list('audiences') })) }),
  ],
  ['authentication.k8s.io/v1/TokenRequest', message({ 1: metadata, 2: plain('spec', tokenRequestSpec) })],
  ['v1/DeleteOptions', deleteOptions],
  ['meta.k8s.io/v1/DeleteOptions', deleteOptions],
]);
