import type { PlacementDraft, Task } from '@river/crds/kinds';
import { ownedBy, uidOf } from '../decide/changes.ts';
import { placementName } from '../placement/placement-name.ts';
import { ownerFinalizer, stopReasonAnnotation } from '../placement/placement-state.ts';
import { onDisconnectOf, workOf } from './spec-digest.ts';

/** What a Task wants of what runs. */
export const wantedPower = ({ spec }: Task): 'Running' | 'Paused' | 'Stopped' =>
  spec.cancel ? 'Stopped' : spec.suspend ? 'Paused' : 'Running';

/** An attempt as it is first made. One that is to be stopped at once is made nevertheless: only under its name is it sure that none runs. */
export function makePlacement(task: Task, attempt: number): PlacementDraft {
  const { metadata, kind } = task;
  const power = wantedPower(task);
  const annotations = { ...gangOf(task), ...(power === 'Stopped' && { [stopReasonAnnotation]: 'Cancelled' }) };
  return {
    apiVersion: task.apiVersion,
    kind: 'Placement',
    metadata: {
      name: placementName(task, attempt),
      ...(metadata.namespace !== undefined && { namespace: metadata.namespace }),
      ...(metadata.labels && { labels: metadata.labels }),
      ...(Object.keys(annotations).length > 0 && { annotations }),
      finalizers: [ownerFinalizer],
      ownerReferences: [ownedBy(task)],
    },
    spec: {
      ...workOf(task),
      owner: { kind, name: metadata.name, uid: uidOf(task) },
      attempt,
      onDisconnect: onDisconnectOf(task),
      power,
    },
  };
}

/** What the scheduler is told of a Task by annotations: which start together. */
const handedOn = ['river.dev/gang', 'river.dev/gang-size'];

const gangOf = ({ metadata }: Task): Record<string, string> =>
  Object.fromEntries(Object.entries(metadata.annotations ?? {}).filter(([name]) => handedOn.includes(name)));
