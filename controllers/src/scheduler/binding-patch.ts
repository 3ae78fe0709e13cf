import type { JsonObject } from '@river/crds';
import type { Placement } from '@river/crds/kinds';
import { formatCpuList } from './cpu-list.ts';
import type { Binding, Eviction } from './snapshot.ts';

/** On a placement that was asked to end: for whom, and by what right. */
export const evictedForAnnotation = 'river.dev/evicted-for';
export const evictionReasonAnnotation = 'river.dev/eviction-reason';

/** A merge patch, good only for this revision of this object. */
const patchOf = ({ metadata }: Placement, rest: { annotations?: JsonObject; spec: JsonObject }): JsonObject => ({
  metadata: {
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    ...(rest.annotations && { annotations: rest.annotations }),
  },
  spec: rest.spec,
});

/** Where it runs and on what. A new attempt has a higher epoch than the one before it. */
export function bindingSpec({ spec }: Placement, { node, gpus, cores, numaNode }: Binding) {
  return {
    nodeName: node,
    epoch: Math.max(spec.epoch ?? 1, spec.attempt),
    ...(gpus.length > 0 && {
      gpus: gpus.map(({ index, uuid, pciAddress }) => ({
        index,
        ...(uuid !== undefined && { uuid }),
        ...(pciAddress !== undefined && { pciAddress }),
      })),
    }),
    ...(cores.length > 0 && { cpuset: formatCpuList(cores) }),
    ...(numaNode !== undefined && { numaNode }),
  };
}

export const bindingPatch = (placement: Placement, binding: Binding): JsonObject =>
  patchOf(placement, { spec: bindingSpec(placement, binding) });

export const evictionPatch = (placement: Placement, { forKey, reason }: Eviction): JsonObject =>
  patchOf(placement, { annotations: { [evictedForAnnotation]: forKey, [evictionReasonAnnotation]: reason }, spec: { power: 'Stopped' } });

/** The placement as it is once the binding is done. */
export const boundAs = (placement: Placement, binding: Binding): Placement => ({
  ...placement,
  spec: { ...placement.spec, ...bindingSpec(placement, binding) },
});
