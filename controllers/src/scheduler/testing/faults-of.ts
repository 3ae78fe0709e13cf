import { type Decision, type Holder, type NodeFacts, type Pending, resources, type Snapshot } from '../snapshot.ts';
import { afterBindings } from './advance.ts';

/**
 * What is wrong with a decision, judged from the snapshot alone and by the simplest means, sharing nothing with the code that made it.
 * Empty when all is well.
 */
export function faultsOf(snapshot: Snapshot, decision: Decision): string[] {
  const after = afterBindings(snapshot, decision.bindings, 0);
  const touched = new Set(decision.bindings.map(({ node }) => node));
  return [
    ...faultsOfCompleteness(snapshot, decision),
    ...decision.bindings.flatMap(({ key }) => faultsOfPlace(snapshot, after, key)),
    ...snapshot.nodes.filter(({ name }) => touched.has(name)).flatMap((node) => faultsOfNode(node, after)),
    ...faultsOfQueues(snapshot, after, decision),
    ...faultsOfGangs(snapshot, after, decision),
    ...faultsOfEvictions(snapshot, decision),
  ];
}

function faultsOfCompleteness(snapshot: Snapshot, { bindings, waiting }: Decision): string[] {
  const told = [...bindings, ...waiting].map(({ key }) => key).sort();
  const asked = snapshot.pending.map(({ key }) => key).sort();
  return told.join() === asked.join() ? [] : [`of ${asked} it tells ${told}`];
}

function faultsOfPlace(snapshot: Snapshot, after: Snapshot, key: string): string[] {
  const pending = snapshot.pending.find((each) => each.key === key);
  const holder = after.holders.find((each) => each.key === key);
  const node = snapshot.nodes.find(({ name }) => name === holder?.node);
  if (!pending || !holder || !node) return [`${key} is bound to nowhere`];
  const { ask } = pending;
  const faults: string[] = [];
  const must = (holds: boolean, fault: string) => holds || faults.push(`${key} on ${node.name}: ${fault}`);
  must(node.isReady && !node.isCordoned, 'the node takes nothing');
  must(
    ask.nodeSelector.every(([label, value]) => node.labels[label] === value),
    'labels',
  );
  must(
    node.taints.every((taint) => taint.effect === 'PreferNoSchedule' || ask.tolerations.some(({ key: name }) => name === taint.key)),
    'taints',
  );
  const target = ask.targets.find((each) => each.node === node.name && fitsTarget(each, holder));
  must(ask.targets.length === 0 || target !== undefined, 'targets');
  must(holder.gpus.length === (target?.gpus?.length ?? ask.gpus?.count ?? 0), 'number of GPUs');
  const gpus = node.gpus.filter(({ index }) => holder.gpus.includes(index));
  must(gpus.length === holder.gpus.length && gpus.every(({ isUsable }) => isUsable), 'GPUs that are not there or not usable');
  must(
    gpus.every(({ model, memoryBytes }) => model.includes(ask.gpus?.model ?? '') && memoryBytes >= (ask.gpus?.memoryBytes ?? 0)),
    'other GPUs',
  );
  must(
    gpus.every(({ isSlice }) => !isSlice || ask.gpus?.model !== undefined || ask.gpus?.indexes !== undefined || target?.gpus !== undefined),
    'a slice',
  );
  must(
    !ask.gpus?.indexes || target?.gpus !== undefined || holder.gpus.join() === ask.gpus.indexes.toSorted((a, b) => a - b).join(),
    'GPU indexes',
  );
  const pins = node.numa.length > 0 && ask.cpuMillis % 1000 === 0 ? ask.cpuMillis / 1000 : 0;
  must(holder.cores.length === pins && new Set(holder.cores).size === pins, `${holder.cores.length} cores instead of ${pins}`);
  const numa = node.numa.find(({ id }) => id === holder.numaNode);
  must(
    holder.numaNode === undefined || (numa !== undefined && holder.cores.every((core) => numa.cores.includes(core))),
    'cores of another NUMA node',
  );
  return faults;
}

const fitsTarget = (target: { numa?: number; gpus?: readonly number[] }, holder: Holder): boolean =>
  (target.numa === undefined || holder.numaNode === target.numa) &&
  (target.gpus === undefined || target.gpus.toSorted((a, b) => a - b).join() === holder.gpus.join());

const repeated = (all: readonly number[]) => all.filter((each, at) => all.indexOf(each) !== at);

function faultsOfNode(node: NodeFacts, after: Snapshot): string[] {
  const here = after.holders.filter((holder) => holder.node === node.name);
  const sum = (pick: (holder: Holder) => number) => here.reduce((total, holder) => total + pick(holder), 0);
  const faults: string[] = [];
  const must = (holds: boolean, fault: string) => holds || faults.push(`${node.name}: ${fault}`);
  must(sum(({ cpuMillis }) => cpuMillis) <= node.allocatable.cpuMillis, 'more CPU than it has');
  must(sum(({ memoryBytes }) => memoryBytes) <= node.allocatable.memoryBytes, 'more memory than it has');
  must(sum(({ storageBytes }) => storageBytes) <= node.allocatable.storageBytes, 'more disk than it has');
  must(repeated(here.flatMap(({ gpus }) => gpus)).length === 0, 'a GPU twice');
  must(repeated(here.flatMap(({ cores }) => cores)).length === 0, 'a core twice');
  for (const { id, memoryBytes, cores } of node.numa) {
    const inside = here.filter(({ numaNode }) => numaNode === id);
    must(inside.reduce((total, holder) => total + holder.memoryBytes, 0) <= memoryBytes, `more memory than NUMA node ${id} has`);
    const floating = inside.filter((holder) => holder.cores.length === 0).reduce((total, { cpuMillis }) => total + cpuMillis, 0);
    const pinned = here.flatMap((holder) => holder.cores).filter((core) => cores.includes(core)).length;
    must(floating + pinned * 1000 <= cores.length * 1000, `more CPU than NUMA node ${id} has`);
  }
  return faults;
}

type Claim = { namespace: string; queue?: string };
const queueOf = (snapshot: Snapshot, claim: Claim) =>
  claim.queue === undefined
    ? snapshot.queues.toSorted((a, b) => (a.name < b.name ? -1 : 1)).find(({ namespaces }) => namespaces.includes(claim.namespace))
    : snapshot.queues.find(({ name }) => name === claim.queue);

const heldOf = (holder: Holder) => ({ ...holder, gpus: holder.gpus.length });

function faultsOfQueues(snapshot: Snapshot, after: Snapshot, { bindings }: Decision): string[] {
  const bound = new Set(bindings.map(({ key }) => key));
  const started = snapshot.pending.filter(({ key }) => bound.has(key));
  const foreign = started.filter((each) => {
    const queue = queueOf(snapshot, each);
    return each.queue !== undefined && (!queue || (!queue.isOpen && !queue.namespaces.includes(each.namespace)));
  });
  const faults = foreign.map(({ key }) => `${key} is in a queue that is not its own`);
  for (const queue of snapshot.queues) {
    const mine = started.filter((each) => queueOf(snapshot, each) === queue);
    const all = after.holders.filter((each) => queueOf(after, each) === queue);
    if (mine.length === 0) continue;
    if (queue.isHeld) faults.push(`${queue.name} is held`);
    if (all.length > (queue.maxRunning ?? Infinity)) faults.push(`${queue.name} runs ${all.length}`);
    for (const { namespace } of mine)
      if (all.filter((each) => each.namespace === namespace).length > (queue.maxRunningPerNamespace ?? Infinity))
        faults.push(`${queue.name}: ${namespace}`);
    for (const name of resources) {
      const quota = queue.quota?.[name];
      const used = all.reduce((sum, holder) => sum + heldOf(holder)[name], 0);
      const ceiling = quota === undefined ? Infinity : quota + (queue.mayBorrow ? (queue.borrowLimit?.[name] ?? Infinity) : 0);
      const asksForIt = mine.some((each) => (name === 'gpus' ? each.ask.gpus : each.ask[name]));
      if (asksForIt && used > ceiling) faults.push(`${queue.name} uses ${used} ${name} of ${ceiling}`);
    }
  }
  return faults;
}

function faultsOfGangs(snapshot: Snapshot, after: Snapshot, { bindings }: Decision): string[] {
  const bound = new Set(bindings.map(({ key }) => key));
  const sameGang = (a: Pending | Holder, b: Pending | Holder) =>
    a.namespace === b.namespace && a.queue === b.queue && a.gang?.name === b.gang?.name;
  return snapshot.pending.flatMap((member) => {
    if (!member.gang || !bound.has(member.key)) return [];
    const left = after.pending.filter((other) => sameGang(other, member)).length;
    const running = after.holders.filter((other) => sameGang(other, member)).length;
    return left > 0 || running < member.gang.size ? [`${member.key} has started without its gang`] : [];
  });
}

function faultsOfEvictions(snapshot: Snapshot, { evictions, bindings }: Decision): string[] {
  const faults = repeated(evictions.map(({ key }) => snapshot.holders.findIndex((holder) => holder.key === key))).map(
    () => 'somebody is evicted twice',
  );
  for (const { key, forKey, reason } of evictions) {
    const victim = snapshot.holders.find((holder) => holder.key === key);
    const winner = snapshot.pending.find((pending) => pending.key === forKey);
    if (!victim?.mayBeEvicted || victim.isLeaving || !winner) faults.push(`${key} may not be evicted`);
    else if (reason === 'Preempted' && victim.priority >= winner.priority) faults.push(`${key} is evicted by its equal`);
    else if (reason === 'Reclaimed') faults.push(...faultsOfReclaim(snapshot, victim, winner));
    if (bindings.some((binding) => binding.key === forKey)) faults.push(`${key} is evicted for one that has room`);
  }
  return faults;
}

function faultsOfReclaim(snapshot: Snapshot, victim: Holder, winner: Pending): string[] {
  const queue = queueOf(snapshot, victim);
  if (!queueOf(snapshot, winner)?.quota) return [`${winner.key} has no quota to claim`];
  if (!queue?.quota) return [];
  const named = resources.filter((name) => queue.quota?.[name] !== undefined && heldOf(victim)[name] > 0);
  const used = (name: (typeof resources)[number]) =>
    snapshot.holders.filter((each) => queueOf(snapshot, each) === queue).reduce((sum, holder) => sum + heldOf(holder)[name], 0);
  const isOver = named.length === 0 || named.some((name) => used(name) > (queue.quota?.[name] ?? Infinity));
  return isOver ? [] : [`${victim.key} has borrowed nothing`];
}
