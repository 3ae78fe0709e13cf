import { type Condition, type KubeObject, phaseOf } from '@river/crds';
import type { Placement, Task } from '@river/crds/kinds';
import { type Api, mergeType } from '../server/http.ts';

const river = '/apis/river.dev/v1';
export const at = (plural: string, name = '') => `${river}/namespaces/default/${plural}${name && `/${name}`}`;
const leases = '/apis/coordination.k8s.io/v1/namespaces/river-nodes/leases';

/** What people, the scheduler and nodes do, each as itself. */
export interface Stage {
  submit(name: string, spec?: object): Promise<Task>;
  submitSet(name: string, spec: object): Promise<KubeObject>;
  task(name: string): Promise<Task>;
  placements(): Promise<Placement[]>;
  addNode(name: string): Promise<void>;
  /** The right to bind, which the admin may not do either. */
  allowScheduler(): Promise<void>;
  renew(node: string): Promise<void>;
  /** Gives everything that waits to a node. Returns how many. */
  bindAll(node: string): Promise<number>;
  /** As the node that has it. */
  say(placement: Placement, said: Record<string, string>, more?: object): Promise<void>;
  want(name: string, spec: object): Promise<void>;
}

export function stageOf(api: Api): Stage {
  const list = async <T>(plural: string): Promise<T[]> => (await api.read(at(plural))).items as T[];
  const good = async (method: string, path: string, token: string, body: unknown, type?: string): Promise<void> => {
    const { status, text } = await api.call(method, path, { token, body, ...(type && { type }) });
    if (status > 299 && status !== 409) throw new Error(`${method} ${path} as ${token}: ${status} ${text}`);
  };
  const head = (kind: string, name: string) => ({ apiVersion: 'river.dev/v1', kind, metadata: { name } });
  return {
    submit: async (name, spec = {}) =>
      (await api.create(at('tasks'), { ...head('Task', name), spec: { image: 'busybox', ...spec } })) as unknown as Task,
    submitSet: (name, spec) =>
      api.create(at('tasksets'), { ...head('TaskSet', name), spec: { template: { spec: { image: 'busybox' } }, ...spec } }),
    task: async (name) => (await api.read(at('tasks', name))) as unknown as Task,
    placements: () => list('placements'),
    async addNode(name) {
      await good('POST', `${river}/nodes`, `node-${name}`, { ...head('Node', name), spec: {} });
      const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name }, spec: { holderIdentity: name } };
      await good('POST', leases, `node-${name}`, lease);
    },
    async allowScheduler() {
      const rbac = '/apis/rbac.authorization.k8s.io/v1';
      const rules = [{ verbs: ['get', 'patch'], apiGroups: ['river.dev'], resources: ['placements'] }];
      await api.create(`${rbac}/clusterroles`, { metadata: { name: 'binds' }, rules });
      await api.create(`${rbac}/clusterrolebindings`, {
        metadata: { name: 'binds' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'binds' },
        subjects: [{ kind: 'User', name: 'system:river-scheduler' }],
      });
    },
    renew: (node) => {
      const spec = { holderIdentity: node, renewTime: new Date().toISOString() };
      return good('PATCH', `${leases}/${node}`, `node-${node}`, { spec }, mergeType);
    },
    async bindAll(node) {
      const waiting = (await list<Placement>('placements')).filter(
        ({ spec, status, metadata }) =>
          !spec.nodeName && spec.power === 'Running' && !metadata.deletionTimestamp && !status?.phase?.match(/Killed/),
      );
      for (const { metadata } of waiting) {
        const { name, resourceVersion } = metadata;
        const body = { metadata: { resourceVersion }, spec: { nodeName: node, epoch: 1 } };
        await good('PATCH', at('placements', name), 'scheduler', body, mergeType);
      }
      return waiting.length;
    },
    async say({ metadata: { name }, spec: { nodeName } }, said, more = {}) {
      const time = new Date().toISOString();
      const now = (await api.read(at('placements', name))) as unknown as Placement;
      const fresh = Object.entries(said).map(
        ([type, reason]): Condition => ({ type, status: 'True', reason, message: '', lastTransitionTime: time }),
      );
      const kept = (now.status?.conditions ?? []).filter(({ type }) => !Object.hasOwn(said, type));
      const conditions = [
        ...kept,
        { type: 'Scheduled', status: 'True', reason: 'Bound', message: '', lastTransitionTime: time } as Condition,
        ...fresh,
      ];
      const distinct = conditions.filter(({ type }, index) => conditions.findIndex((other) => other.type === type) === index);
      const status = { ...now.status, ...more, conditions: distinct, phase: phaseOf(distinct) };
      const body = { ...now, status };
      await good('PUT', `${at('placements', name)}/status`, `node-${nodeName}`, body);
    },
    want: async (name, spec) => void (await api.merge(at('tasks', name), { spec })),
  };
}
