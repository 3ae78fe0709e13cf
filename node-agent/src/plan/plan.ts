import { refusalOf } from './admit.ts';
import { begunElsewhere, lost, neverStarted, outcomeOf } from './outcome-of.ts';
import type { Action, Admission, Container, Limits, Work } from './work.ts';

export interface Observed {
  containers: readonly Container[];
  admissions: readonly Admission[];
}

/**
 * What brings this node from what is there to what is wanted, in order. Carried out, it leaves nothing to do but what time brings.
 * Without `desired` nobody knows what is wanted, since the server was not heard yet: then ends are noted and nothing else is done.
 */
export function plan(desired: readonly Work[] | undefined, observed: Observed, limits: Limits): Action[] {
  const works = new Map(desired?.map((work) => [work.uid, work]));
  const admissions = new Map(observed.admissions.map((admission) => [admission.uid, admission]));
  const uids = new Set([...admissions.keys(), ...observed.containers.map(({ uid }) => uid), ...works.keys()]);
  const actions: Action[] = [];
  for (const uid of uids) {
    const mine = observed.containers.filter((container) => container.uid === uid);
    const steps = planOne(desired ? works.get(uid) : 'unknown', admissions.get(uid), mine, admissions.values(), limits);
    actions.push(...steps);
    for (const step of steps) foresee(step, admissions, limits.nowMs);
  }
  return actions;
}

/** What holds once this is done, for those that are planned after it. */
function foresee(step: Action, admissions: Map<string, Admission>, nowMs: number): void {
  if (step.do === 'admit') admissions.set(step.work.uid, admissionOf(step.work, nowMs));
  if (step.do === 'forget') admissions.delete(step.uid);
  const held = step.do === 'settle' ? admissions.get(step.uid) : undefined;
  if (step.do === 'settle' && held) admissions.set(step.uid, { ...held, outcome: step.outcome });
}

export const admissionOf = (work: Work, nowMs: number): Admission => {
  const { uid, namespace, name, epoch, gpus, cpus, isFenced, graceMs, timeoutMs } = work;
  const timeout = timeoutMs === undefined ? {} : { timeoutMs };
  return { uid, namespace, name, epoch, gpus, cpus, isFenced, graceMs, ...timeout, admittedMs: nowMs, mayHaveStarted: false };
};

/** The same for one Placement: what the work of one key is. `admissions` are all of the node's. */
export function planOne(
  work: Work | undefined | 'unknown',
  admission: Admission | undefined,
  containers: readonly Container[],
  admissions: Iterable<Admission>,
  limits: Limits,
): Action[] {
  if (work === 'unknown') return planUnheard(admission, containers, limits);
  if (!work) return planGone(admission, containers, limits);
  // What is seen of it is older than what was done: the newer word is on its way.
  if (admission && work.epoch < admission.epoch) return [];
  const old = containers.filter(({ epoch }) => epoch !== work.epoch);
  const discarded = old.flatMap((container) => discard(container, 0));
  // What is frozen does not end before it is thawed, and would only hold up the engine.
  if (limits.isFrozen && admission?.isFenced && admission.outcome) return [];
  if (admission?.outcome)
    return [...discarded, ...containers.filter(({ epoch }) => epoch === work.epoch).flatMap((container) => discard(container, 0))];
  const current = admission?.epoch === work.epoch ? admission : undefined;
  const container = containers.find(({ epoch }) => epoch === work.epoch);
  if (limits.isFrozen && work.isFenced) return container && current ? settleIfOver(current, container, limits) : [];
  if (work.isOver && !admission) return containers.flatMap((container) => discard(container, 0));
  if (!admission && containers.length === 0 && work.hasBegun) return [{ do: 'refuse', work, outcome: begunElsewhere(limits.nowMs) }];
  // What is free is judged in the moment in which it is taken: so first the old goes, and the next look begins anew.
  if (!current) return discarded.length > 0 ? discarded : planNew(work, admissions, limits);
  return [...discarded, ...(container ? planContainer(work, current, container, limits) : planWithout(work, current, limits))];
}

function planUnheard(admission: Admission | undefined, containers: readonly Container[], limits: Limits): Action[] {
  const container = containers.find(({ epoch }) => epoch === admission?.epoch);
  if (!admission || admission.outcome || !container) return [];
  const over = settleIfOver(admission, container, limits);
  return over.length > 0 ? over.filter((action) => action.do === 'settle') : planTimeout(admission, container, limits);
}

/** It was deleted: nobody asks for its outcome any more. */
function planGone(admission: Admission | undefined, containers: readonly Container[], limits: Limits): Action[] {
  if (limits.isFrozen && admission?.isFenced) return [];
  const discarded = containers.flatMap((container) => discard(container, admission?.graceMs ?? 0));
  return admission ? [...discarded, { do: 'forget', uid: admission.uid }] : discarded;
}

function planNew(work: Work, admissions: Iterable<Admission>, limits: Limits): Action[] {
  if (work.power === 'Stopped') return [{ do: 'refuse', work, outcome: neverStarted(limits.nowMs) }];
  const refusal = refusalOf(work, admissions, limits);
  if (refusal) return [{ do: 'refuse', work, outcome: { phase: 'Rejected', ...refusal, finishMs: limits.nowMs } }];
  return [{ do: 'admit', work }, ...prepare(work)];
}

/** A start needs the container's id, which is there once it was made: the next look finds it. */
const prepare = (work: Work): Action[] => [
  { do: 'pull', work },
  { do: 'create', work },
];

function planWithout(work: Work, admission: Admission, limits: Limits): Action[] {
  if (admission.mayHaveStarted) return [{ do: 'settle', uid: work.uid, outcome: lost(admission, limits.nowMs) }];
  if (work.power === 'Stopped' || work.isOver) return [{ do: 'settle', uid: work.uid, outcome: neverStarted(limits.nowMs) }];
  return prepare(work);
}

function planContainer(work: Work, admission: Admission, container: Container, limits: Limits): Action[] {
  const { uid } = work;
  const of = { uid, containerId: container.id };
  const over = settleIfOver(admission, container, limits);
  if (over.length > 0) return over;
  if (container.state === 'created') {
    if (work.power !== 'Stopped' && !work.isOver) return [{ do: container.lacksNetwork ? 'undo' : 'start', ...of }];
    return [
      { do: 'settle', outcome: neverStarted(limits.nowMs), ...of },
      { do: 'remove', ...of },
    ];
  }
  if (work.isOver) return [{ do: 'stop', ...of, graceMs: 0, ending: 'Stopped' }];
  if (work.power === 'Stopped') return [{ do: 'stop', ...of, graceMs: work.graceMs, ending: 'Stopped' }];
  const late = planTimeout(admission, container, limits);
  if (late.length > 0) return late;
  if (work.power === 'Paused' && container.state === 'running') return [{ do: 'pause', ...of }];
  if (work.power === 'Running' && container.state === 'paused') return [{ do: 'unpause', ...of }];
  return [];
}

function settleIfOver(admission: Admission, container: Container, limits: Limits): Action[] {
  if (container.state !== 'exited' || !container.exit) return [];
  const of = { uid: admission.uid, containerId: container.id };
  return [
    { do: 'settle', outcome: outcomeOf(admission, container, container.exit, limits), ...of },
    { do: 'remove', ...of },
  ];
}

function planTimeout({ uid, timeoutMs, graceMs }: Admission, { id, state, startMs }: Container, { nowMs }: Limits): Action[] {
  if (timeoutMs === undefined || startMs === undefined || (state !== 'running' && state !== 'paused')) return [];
  return nowMs >= startMs + timeoutMs ? [{ do: 'stop', uid, containerId: id, graceMs, ending: 'Timeout' }] : [];
}

function discard({ uid, id, state }: Container, graceMs: number): Action[] {
  const of = { uid, containerId: id };
  const isAlive = state === 'running' || state === 'paused';
  return [...(isAlive ? [{ do: 'stop' as const, ...of, graceMs }] : []), { do: 'remove', ...of }];
}
