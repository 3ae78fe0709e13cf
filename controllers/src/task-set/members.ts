import type { TaskDraft, TaskSet } from '@river/crds/kinds';
import { ownedBy, uidOf } from '../decide/changes.ts';
import { numberedName } from '../placement/placement-name.ts';

/** A label of every Task of a set: the set's uid. */
export const setLabel = 'river.dev/task-set-uid';
/** Another: its index, from 0. */
export const indexLabel = 'river.dev/task-index';

const mostMembers = 1_000_000;
const mostVariables = 512;

export type Extent = { total: number } | { problem: string };

/** How many Tasks a set comes to, or why it cannot be. */
export function extentOf({ spec }: TaskSet): Extent {
  if (spec.targets) return { total: spec.targets.length };
  if (spec.count !== undefined) return fits(spec, spec.count);
  const lengths = (spec.sweep?.parameters ?? []).map(({ values }) => values.length);
  if (lengths.length === 0) return { problem: 'spec.sweep.parameters is empty: name at least one parameter' };
  if (spec.sweep?.mode === 'Grid')
    return fits(
      spec,
      lengths.reduce((product, length) => product * length, 1),
    );
  if (new Set(lengths).size > 1)
    return { problem: `a sweep of mode Zip needs as many values of each parameter; here are ${lengths.join(', ')}` };
  return fits(spec, lengths[0] ?? 0);
}

function fits(spec: TaskSet['spec'], total: number): Extent {
  if (total > mostMembers) return { problem: `it comes to ${total} Tasks; the most is ${mostMembers}` };
  const variables = (spec.template.spec.env?.length ?? 0) + (spec.sweep?.parameters.length ?? 0) + 1;
  if (variables > mostVariables)
    return { problem: `with its parameters a Task would have ${variables} variables; the most is ${mostVariables}` };
  return { total };
}

export const memberName = (set: TaskSet, index: number): string => numberedName(set, index);

/** The Task at an index. */
export function makeMember(set: TaskSet, index: number): TaskDraft {
  const { template, targets, suspend } = set.spec;
  const target = targets?.[index];
  const given = { RIVER_INDEX: String(index), ...parametersAt(set, index) };
  const env = [
    ...(template.spec.env ?? []).filter(({ name }) => !Object.hasOwn(given, name)),
    ...Object.entries(given).map(([name, value]) => ({ name, value })),
  ];
  return {
    apiVersion: set.apiVersion,
    kind: 'Task',
    metadata: {
      name: memberName(set, index),
      ...(set.metadata.namespace !== undefined && { namespace: set.metadata.namespace }),
      labels: { ...template.metadata?.labels, [setLabel]: uidOf(set), [indexLabel]: String(index) },
      ...(template.metadata?.annotations && { annotations: template.metadata.annotations }),
      ownerReferences: [ownedBy(set)],
    },
    spec: { ...template.spec, env, ...(target !== undefined && { targets: [target] }), suspend: template.spec.suspend || suspend },
  };
}

/** In a grid the last parameter changes fastest. */
function parametersAt({ spec }: TaskSet, index: number): Record<string, string> {
  const { parameters = [], mode } = spec.sweep ?? {};
  let rest = index;
  const values = [...parameters].reverse().map(({ name, values }) => {
    const at = mode === 'Zip' ? index : rest % values.length;
    rest = Math.floor(rest / values.length);
    return [name, values[at] ?? ''] as const;
  });
  return Object.fromEntries(values.reverse());
}
