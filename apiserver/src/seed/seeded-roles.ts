import type { KubeObject } from '@river/crds';
import { gatewayMap, revokedCertificates } from '@river/runtime';
import { rbacGroup as rbac } from '../authorization/rights.ts';
import { everything, type PolicyRule } from '../authorization/rules.ts';
import { asObject } from '../object/encode.ts';

const river = 'river.dev';

const read = ['get', 'list', 'watch'];
const write = ['create', 'update', 'patch', 'delete', 'deletecollection'];

/** What runs once. */
const batch = ['tasks', 'tasksets'];
/** What stays. */
const lasting = ['vpses', 'snapshots', 'environments', 'workspaces', 'routes', 'gitsources'];
const machines = ['nodes', 'queues', 'overlaynetworks', 'overlayallocations', 'vmimages'];

const looks: PolicyRule[] = [
  { verbs: read, apiGroups: [river], resources: [...batch, ...lasting, ...machines, 'placements', 'approvals', 'ipreservations'] },
  { verbs: read, apiGroups: [''], resources: ['namespaces', 'events', 'configmaps', 'serviceaccounts'] },
  { verbs: read, apiGroups: ['events.k8s.io'], resources: ['events'] },
];
const runsTasks: PolicyRule[] = [
  { verbs: write, apiGroups: [river], resources: batch },
  { verbs: ['get', 'update', 'patch'], apiGroups: [river], resources: ['tasksets/scale'] },
  // What a gateway shows of them. Whoever may only look does not see what they say.
  { verbs: ['create'], apiGroups: [river], resources: ['tasks/log'] },
  { verbs: [...read, ...write], apiGroups: [''], resources: ['configmaps', 'secrets'] },
];
const runsAll: PolicyRule[] = [
  { verbs: write, apiGroups: [river], resources: [...lasting, 'approvals'] },
  { verbs: write, apiGroups: [''], resources: ['serviceaccounts', 'events'] },
  { verbs: write, apiGroups: ['events.k8s.io'], resources: ['events'] },
  { verbs: read, apiGroups: [river], resources: ['users'] },
];

const asksForOthers: PolicyRule[] = [
  { verbs: ['create'], apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'] },
  { verbs: ['create'], apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'] },
];

/** The ClusterRoles that are there from the start. Bound in a namespace they hold within it, bound in the cluster everywhere. */
const seededRoles: Readonly<Record<string, readonly PolicyRule[]>> = {
  'cluster-admin': everything,
  admin: everything,
  operator: [...looks, ...runsTasks, ...runsAll],
  user: [...looks, ...runsTasks],
  viewer: looks,
  'system:discovery': [
    {
      verbs: ['get', 'head'],
      nonResourceURLs: [
        '/',
        '/api',
        '/api/*',
        '/apis',
        '/apis/*',
        '/openapi',
        '/openapi/*',
        '/version',
        '/version/',
        '/healthz*',
        '/livez*',
        '/readyz*',
      ],
    },
  ],
  'system:basic-user': [
    {
      verbs: ['create'],
      apiGroups: ['authorization.k8s.io'],
      resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
    },
    { verbs: ['create'], apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'] },
  ],
  'system:auth-delegator': asksForOthers,
  'system:service-account-issuer-discovery': [
    {
      verbs: ['get', 'head'],
      nonResourceURLs: ['/.well-known/openid-configuration', '/.well-known/openid-configuration/', '/openid/v1/jwks', '/openid/v1/jwks/'],
    },
  ],
  /** What the controllers read, write and write about; their leases are their own and those of the nodes. */
  'system:river-controllers': [
    { verbs: read, apiGroups: [river], resources: ['tasks', 'tasksets', 'placements', 'nodes', 'approvals', 'queues'] },
    { verbs: read, apiGroups: ['scheduling.k8s.io'], resources: ['priorityclasses'] },
    { verbs: read, apiGroups: [''], resources: ['namespaces'] },
    { verbs: ['create', 'patch', 'delete'], apiGroups: [river], resources: ['tasks', 'placements'] },
    { verbs: ['delete'], apiGroups: [river], resources: ['tasksets'] },
    { verbs: ['patch'], apiGroups: [river], resources: ['nodes'] },
    { verbs: ['update'], apiGroups: [river], resources: ['tasks/status', 'tasksets/status', 'placements/status', 'nodes/status'] },
    { verbs: [...read, 'create', 'update', 'patch'], apiGroups: ['coordination.k8s.io'], resources: ['leases'] },
    { verbs: ['get', 'create', 'patch'], apiGroups: [''], resources: ['events'] },
  ],
  /** What the scheduler writes: where Placements run, why the others wait, and what queues have used. It reads with the controllers. */
  'system:river-scheduler': [
    { verbs: ['get', 'patch'], apiGroups: [river], resources: ['placements', 'queues'] },
    { verbs: ['patch'], apiGroups: [river], resources: ['placements/status', 'queues/status'] },
  ],
  /** What a gateway asks: who somebody is, what they may, and which node has what they want. */
  'system:river-gateway': [
    ...asksForOthers,
    { verbs: ['get'], apiGroups: [river], resources: ['tasks', 'users'] },
    { verbs: ['list'], apiGroups: [river], resources: ['placements'] },
  ],
  /** What a join token is good for; which request, and how many, is judged when it is made. */
  'system:node-bootstrapper': [{ verbs: ['create'], apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests'] }],
};

type Subject = { kind: 'Group' | 'User'; name: string };

const group = (name: string): Subject => ({ kind: 'Group', name });
const user = (name: string): Subject => ({ kind: 'User', name });

/** What is the server's own, and others are to know: one ConfigMap each, by its name. */
const seededMapReaders: Readonly<Record<string, { map: string; subject: Subject }>> = {
  'system:river-gateway': { map: revokedCertificates.name, subject: user('system:river-gateway') },
  'system:river-gateway-addresses': { map: gatewayMap.name, subject: group('system:authenticated') },
};

/** Who has them from the start. */
const seededBindings: Readonly<Record<string, Subject>> = {
  'cluster-admin': group('system:masters'),
  'system:discovery': group('system:authenticated'),
  'system:basic-user': group('system:authenticated'),
  'system:service-account-issuer-discovery': group('system:serviceaccounts'),
  'system:node-bootstrapper': group('system:bootstrappers:river:nodes'),
  'system:river-controllers': user('system:river-controllers'),
  'system:river-scheduler': user('system:river-scheduler'),
  'system:river-gateway': user('system:river-gateway'),
};

const metadata = (name: string) => ({
  name,
  labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' },
  annotations: { [autoUpdate]: 'true' },
});

/** Set to false, the server leaves the object as it finds it. */
export const autoUpdate = 'rbac.authorization.kubernetes.io/autoupdate';

/** Clones, since a server fills in what it stores. */
const objectOf = (object: object): KubeObject => asObject(JSON.parse(JSON.stringify(object)));

export const roleObjects = (): KubeObject[] =>
  Object.entries(seededRoles).map(([name, rules]) =>
    objectOf({ apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata: metadata(name), rules }),
  );

export const bindingObjects = (): KubeObject[] =>
  Object.entries(seededBindings).map(([name, subject]) =>
    objectOf({
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: metadata(name),
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name },
      subjects: [{ apiGroup: rbac, ...subject }],
    }),
  );

const systemNamespace = gatewayMap.namespace;

export const mapRoleObjects = (): KubeObject[] =>
  Object.entries(seededMapReaders).map(([name, { map }]) =>
    objectOf({
      apiVersion: `${rbac}/v1`,
      kind: 'Role',
      metadata: { ...metadata(name), namespace: systemNamespace },
      rules: [{ verbs: read, apiGroups: [''], resources: ['configmaps'], resourceNames: [map] }],
    }),
  );

export const mapBindingObjects = (): KubeObject[] =>
  Object.entries(seededMapReaders).map(([name, { subject }]) =>
    objectOf({
      apiVersion: `${rbac}/v1`,
      kind: 'RoleBinding',
      metadata: { ...metadata(name), namespace: systemNamespace },
      roleRef: { apiGroup: rbac, kind: 'Role', name },
      subjects: [{ apiGroup: rbac, ...subject }],
    }),
  );
