import { humanAge, humanDuration, isObject, type Json, type KubeObject } from '@river/crds';
import { type Column, column, nameColumn, textOf, valueAt } from './column.ts';
import { eventColumns } from './event-columns.ts';

const size = (value: Json | undefined) => (Array.isArray(value) ? value.length : isObject(value) ? Object.keys(value).length : 0);

const name = nameColumn();
const age = column('Age', 'The time since the object was created.', ({ metadata }, nowMs) =>
  humanAge(metadata.creationTimestamp ?? '', nowMs),
);

function paramKind(policy: KubeObject): string {
  const kind = valueAt(policy, 'spec', 'paramKind');
  return isObject(kind) ? `${textOf(kind.apiVersion)}/${textOf(kind.kind)}` : '<unset>';
}

/** Whether the parameter's kind has namespaces cannot be told from here, so a name without one stands for every namespace. */
function paramRef(binding: KubeObject): string {
  const ref = valueAt(binding, 'spec', 'paramRef');
  if (!isObject(ref)) return '<unset>';
  if (textOf(ref.name)) return `${textOf(ref.namespace) || '*'}/${textOf(ref.name)}`;
  return isObject(ref.selector) ? JSON.stringify(ref.selector) : '<unset>';
}

/** Verdict first, then what came of it. */
function requestState(request: KubeObject): string {
  const conditions = valueAt(request, 'status', 'conditions');
  const said = (Array.isArray(conditions) ? conditions : []).map((condition) => (isObject(condition) ? textOf(condition.type) : ''));
  const verdict = ['Denied', 'Approved'].find((type) => said.includes(type)) ?? 'Pending';
  const isIssued = textOf(valueAt(request, 'status', 'certificate')) !== '';
  return [verdict, ...(said.includes('Failed') ? ['Failed'] : []), ...(isIssued ? ['Issued'] : [])].join();
}

function requestedDuration(request: KubeObject): string {
  const seconds = valueAt(request, 'spec', 'expirationSeconds');
  return typeof seconds === 'number' ? humanDuration(seconds * 1000) : '<none>';
}

const integer = { type: 'integer' };

const columnsByKind: ReadonlyMap<string, readonly Column[]> = new Map([
  [
    '/ConfigMap',
    [
      name,
      column(
        'Data',
        'How many entries there are, text and binary.',
        (map) => size(valueAt(map, 'data')) + size(valueAt(map, 'binaryData')),
      ),
      age,
    ],
  ],
  [
    '/Secret',
    [
      name,
      column('Type', 'What the secret is for.', (secret) => textOf(valueAt(secret, 'type'))),
      column('Data', 'How many entries there are.', (secret) => size(valueAt(secret, 'data'))),
      age,
    ],
  ],
  [
    '/Namespace',
    [name, column('Status', 'Whether it is in use or going away.', (namespace) => textOf(valueAt(namespace, 'status', 'phase'))), age],
  ],
  ['/ServiceAccount', [name, column('Secrets', 'How many secrets belong to it.', (account) => size(valueAt(account, 'secrets'))), age]],
  ['/Event', eventColumns],
  ['events.k8s.io/Event', eventColumns],
  [
    'coordination.k8s.io/Lease',
    [name, column('Holder', 'Who holds it.', (lease) => textOf(valueAt(lease, 'spec', 'holderIdentity'))), age],
  ],
  [
    'apiextensions.k8s.io/CustomResourceDefinition',
    [name, column('Created At', 'When it was created.', ({ metadata }) => metadata.creationTimestamp ?? '<unknown>', { type: 'date' })],
  ],
  [
    'certificates.k8s.io/CertificateSigningRequest',
    [
      name,
      age,
      column('SignerName', 'Who is asked to sign.', (request) => textOf(valueAt(request, 'spec', 'signerName'))),
      column('Requestor', 'Who asks.', (request) => textOf(valueAt(request, 'spec', 'username'))),
      column('RequestedDuration', 'How long it shall be good for.', requestedDuration),
      column('Condition', 'What was decided.', requestState),
    ],
  ],
  [
    'scheduling.k8s.io/PriorityClass',
    [
      name,
      column('Value', 'The priority that it stands for; higher goes first.', (priority) => valueAt(priority, 'value') ?? 0, integer),
      column('Global-Default', 'Whether what names no class has this one.', (priority) => valueAt(priority, 'globalDefault') === true, {
        type: 'boolean',
      }),
      age,
      column(
        'PreemptionPolicy',
        'Whether work of the class may displace other work.',
        (priority) => textOf(valueAt(priority, 'preemptionPolicy')) || 'PreemptLowerPriority',
      ),
    ],
  ],
  [
    'admissionregistration.k8s.io/ValidatingAdmissionPolicy',
    [
      name,
      column('Validations', 'How many rules it has.', (policy) => size(valueAt(policy, 'spec', 'validations')), integer),
      column('ParamKind', 'The kind of its parameters.', paramKind),
      age,
    ],
  ],
  [
    'admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding',
    [
      name,
      column('PolicyName', 'The policy that is bound.', (binding) => textOf(valueAt(binding, 'spec', 'policyName'))),
      column('ParamRef', 'The parameters with which it is bound.', paramRef),
      age,
    ],
  ],
]);

/** Kubernetes' own kinds are shown in columns that no JSONPath can say; undefined for every other kind. */
export const builtInColumns = (group: string, kind: string): readonly Column[] | undefined => columnsByKind.get(`${group}/${kind}`);
