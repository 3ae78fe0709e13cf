import { riverControllers } from '@river/controllers';
import { isFinalPhase, type KubeObject } from '@river/crds';
import { Node, Placement, Task, TaskSet } from '@river/crds/kinds';
import type { World } from '../world.ts';

/** What is not over yet, in words; nothing when all is at rest. */
export function unrest(world: World): string | undefined {
  const { mirror, truth, nodes, gone } = world;
  for (const { kind, metadata } of [...mirror.all('Task'), ...mirror.all('TaskSet'), ...mirror.all('Placement')])
    if (metadata.deletionTimestamp !== undefined) return `${kind} ${metadata.name} is being deleted`;
  for (const { metadata, status, spec } of mirror.all('Task')) {
    if (!isFinalPhase(status?.phase))
      return `Task ${metadata.name} is ${status?.phase}, ${status?.waiting?.reason ?? status?.reason}: ${status?.waiting?.message}`;
    if (spec.ttlAfterFinished !== undefined) return `Task ${metadata.name} is to be deleted`;
  }
  for (const { metadata, status } of mirror.all('TaskSet'))
    if (!isFinalPhase(status?.phase)) return `TaskSet ${metadata.name} is ${status?.phase}`;
  for (const { metadata, status } of mirror.all('Placement'))
    if (!isFinalPhase(status?.phase)) return `Placement ${metadata.name} is ${status?.phase}`;
  for (const node of nodes) {
    const { conditions = [] } = mirror.find('Node', node.machine.name)?.status ?? {};
    const isWell = ['Reachable', 'Ready'].every((wanted) => conditions.some(({ type, status }) => type === wanted && status === 'True'));
    if (!gone.has(node) && !isWell) return `node ${node.machine.name} is not well`;
  }
  const behind = behindOf(world);
  if (behind !== undefined) return behind;
  const [running] = truth.allExecuting();
  return running && `${running.order.name} runs on ${running.node.machine.name}`;
}

const followed = [Task, TaskSet, Placement, Node] as const;

const leaderOf = ({ controls }: World) => controls.find((control) => control.isAlive && control.manager()?.isLeading);

/** Who leads has not seen all that there is. */
function behindOf(world: World): string | undefined {
  const cluster = leaderOf(world)?.manager()?.cluster;
  if (!cluster) return 'nobody leads';
  for (const kind of followed)
    for (const { metadata } of world.mirror.all(kind.kind as 'Task')) {
      const seen = cluster.get(kind as never, metadata.name, metadata.namespace) as KubeObject | undefined;
      if (seen?.metadata.resourceVersion !== metadata.resourceVersion) return `who leads has an old ${kind.kind} ${metadata.name}`;
    }
  return undefined;
}

/** What is wrong although all is at rest. */
export function* wrongAtRest(world: World): Iterable<string> {
  yield* orphans(world);
  yield* unfinished(world);
}

function* orphans({ mirror }: World): Iterable<string> {
  const owners = new Set([...mirror.all('Task'), ...mirror.all('TaskSet')].map(({ metadata }) => metadata.uid));
  const owned: readonly { kind: string; metadata: KubeObject['metadata'] }[] = [...mirror.all('Task'), ...mirror.all('Placement')];
  for (const { kind, metadata } of owned)
    for (const { uid, name } of metadata.ownerReferences ?? [])
      if (!owners.has(uid)) yield `${kind} ${metadata.name} is still there, and its owner ${name} is gone`;
}

/** A decider that is asked once more about what is at rest has nothing to do. */
function* unfinished(world: World): Iterable<string> {
  const leading = leaderOf(world);
  const clock = leading?.process()?.clock;
  const cluster = leading?.manager()?.cluster;
  if (!clock || !cluster) return yield 'nobody leads';
  const now = { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() };
  for (const { name, kind, reconcile } of riverControllers)
    for (const object of cluster.informer<KubeObject>(kind as never).list()) {
      const { changes } = reconcile(object, cluster, now);
      if (changes.length > 0) yield `${name} still wants something of ${object.metadata.name}: ${JSON.stringify(changes).slice(0, 4000)}`;
    }
}
