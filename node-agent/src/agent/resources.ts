import type { KubeObject } from '@river/crds';
import type { Lease, Node, Placement } from '@river/crds/kinds';
import type { ApiClient, ResourceRef } from '@river/runtime';

const river = (plural: string, namespaced: boolean): ResourceRef => ({ group: 'river.dev', version: 'v1', plural, namespaced });
export const placementsRef = river('placements', true);

/** What an agent reads and writes. */
export const resourcesOf = (client: Pick<ApiClient, 'resource'>) => ({
  placements: client.resource<Placement>(placementsRef),
  nodes: client.resource<Node>(river('nodes', false)),
  secrets: client.resource<KubeObject>({ group: '', version: 'v1', plural: 'secrets', namespaced: true }),
  leases: client.resource<Lease>({ group: 'coordination.k8s.io', version: 'v1', plural: 'leases', namespaced: true }),
  events: client.resource<KubeObject>({ group: '', version: 'v1', plural: 'events', namespaced: true }),
});
export type Resources = ReturnType<typeof resourcesOf>;
