import type { Plan } from './earliest-start.ts';
import { estimateStarts } from './estimate.ts';
import { type Lack, lackOn } from './lack.ts';
import type { Ledger, NodeState } from './ledger.ts';
import type { Queues, Unit } from './queues.ts';
import type { QuotaLack } from './quota.ts';
import type { SchedulingOptions } from './schedule.ts';
import type { Ask, NodeReason, Waiting } from './snapshot.ts';
import { sayLack, sayQuota } from './words.ts';

/** Why a unit waits. */
export type Cause =
  | { kind: 'Gang'; missing: number; size: number }
  | { kind: 'Quota'; lack: QuotaLack }
  | { kind: 'Resources'; plan?: Plan; evicts?: number }
  | { kind: 'Behind'; key: string }
  | { kind: 'Far'; before: number };

export interface Wait {
  unit: Unit;
  cause: Cause;
}

interface Explaining {
  ledger: Ledger;
  queues: Queues;
  options: SchedulingOptions;
  nowMs: number;
  isComplete: boolean;
  waits: readonly Wait[];
}

interface Judgement {
  nodes: readonly NodeReason[];
  summary: string;
}

/** Says of every unit that waits why it does, what would let it start, and about when that is. */
export function explainWaits(explaining: Explaining): Waiting[] {
  const { waits, nowMs } = explaining;
  const judged = new Map<string, Judgement>();
  const judge = ({ members }: Unit, plan: Plan | undefined): Judgement => {
    const ask = members[0]?.ask;
    const key = (plan ? members[0]?.key : ask?.shape) ?? '';
    const known = judged.get(key);
    if (known || !ask) return known ?? unexplained;
    if (judged.size >= explaining.options.mostExplained) return unexplained;
    const made = judgeNodes(explaining, ask, plan ? members.map((member) => member.key) : []);
    judged.set(key, made);
    return made;
  };
  const texts = waits.map(({ unit, cause }) => sayCause(unit, cause, judge, nowMs));
  // The estimates play on with the ledger, so they come last.
  const starts = explaining.isComplete ? estimateStarts(explaining) : new Map<Unit, number>();
  return waits.flatMap(({ unit, cause }, at) => {
    const text = texts[at];
    if (!text) return [];
    const estimatedStartMs = starts.get(unit) ?? promisedStart(cause);
    return unit.members.map(({ key }) => ({ key, ...text, ...(estimatedStartMs !== undefined && { estimatedStartMs }) }));
  });
}

const promisedStart = (cause: Cause): number | undefined =>
  cause.kind === 'Resources' && cause.plan && Number.isFinite(cause.plan.startMs) ? cause.plan.startMs : undefined;

const unexplained: Judgement = { nodes: [], summary: 'No node has room for it now' };

function sayCause(
  unit: Unit,
  cause: Cause,
  judge: (unit: Unit, plan: Plan | undefined) => Judgement,
  nowMs: number,
): Pick<Waiting, 'reason' | 'message' | 'nodes'> {
  const { kind } = cause;
  if (kind === 'Gang')
    return {
      reason: 'Dependency',
      message: `It starts together with others: ${cause.missing} of ${cause.size} are not there yet.`,
      nodes: [],
    };
  if (kind === 'Quota') return { reason: 'Quota', message: sayQuota(cause.lack, unit), nodes: [] };
  if (kind === 'Behind')
    return { reason: 'Resources', message: `It waits behind ${cause.key}, since nothing is started out of turn.`, nodes: [] };
  if (kind === 'Far') return { reason: 'Resources', message: `More than ${cause.before} wait before it.`, nodes: [] };
  const { nodes, summary } = judge(unit, cause.plan);
  return { reason: 'Resources', message: `${summary}.${sayPlan(unit, cause, nowMs)}`, nodes };
}

function sayPlan(unit: Unit, { plan, evicts }: { plan?: Plan; evicts?: number }, nowMs: number): string {
  if (!plan) return '';
  const nodes = [...new Set(plan.places.map(({ state }) => state.facts.name))];
  const where = nodes.length > 3 ? `${nodes.length} nodes` : nodes.join(', ');
  if (evicts) return ` ${evicts} of less right ${evicts === 1 ? 'is' : 'are'} asked to leave ${where} for it.`;
  const names = [...plan.gone].filter(({ node }) => nodes.includes(node)).map(({ key }) => key);
  const whom =
    names.length === 0 ? '' : ` when ${names.slice(0, 5).join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''} end`;
  const isKnown = Number.isFinite(plan.startMs);
  const seconds = Math.max(0, Math.ceil((plan.startMs - nowMs) / 1000));
  return ` Room is kept for it on ${where}: it starts${whom}${isKnown ? `, in ${seconds} s at the latest` : ''}${unit.members.length > 1 ? ', all together' : ''}.`;
}

function judgeNodes({ ledger, options, nowMs }: Explaining, ask: Ask, own: readonly string[]): Judgement {
  const lacks = ledger.states.map((state) => ({ state, lack: lackIn(ledger, state, ask, nowMs, own) }));
  const counts = new Map<string, number>();
  for (const { lack } of lacks) counts.set(lack.reason, (counts.get(lack.reason) ?? 0) + 1);
  const parts = [...counts].sort((a, b) => b[1] - a[1]).map(([reason, count]) => `${count} ${reason}`);
  lacks.sort(
    (a, b) =>
      Number(a.lack.isLasting) - Number(b.lack.isLasting) || (a.lack.missing ?? 0) - (b.lack.missing ?? 0) || a.state.at - b.state.at,
  );
  const isHopeless = lacks.every(({ lack }) => lack.isLasting);
  const nodes = lacks.slice(0, options.mostNodes).map(({ state, lack }) => nodeReason(state, lack));
  const total = ledger.states.length;
  if (total === 0) return { nodes, summary: 'There is no node: add one' };
  const first = nodes[0] ? `; nearest is ${nodes[0].name}: ${nodes[0].message}` : '';
  return {
    nodes,
    summary: `None of ${total} nodes ${isHopeless ? 'could ever take it as they are' : 'has room'} (${parts.join(', ')})${first}`,
  };
}

const nodeReason = (state: NodeState, lack: Lack): NodeReason => ({ name: state.facts.name, reason: lack.reason, message: sayLack(lack) });

/** What keeps it from this node: there is room for one of a gang, perhaps, but not for all. */
function lackIn(ledger: Ledger, state: NodeState, ask: Ask, nowMs: number, own: readonly string[]): Lack {
  const untilMs = nowMs + ask.longestMs;
  const targets = ask.targets.filter(({ node }) => ledger.stateOf(node) === state);
  if (ask.targets.length > 0 && targets.length === 0) return { reason: 'Target', isLasting: true };
  const judged =
    targets.length === 0 ? [lackOn(state, ask, undefined, untilMs)] : targets.map((target) => lackOn(state, ask, target, untilMs));
  const lack = judged.find((each) => each !== undefined);
  if (lack && !(lack.reason === 'Reserved' && own.includes(lack.about ?? ''))) return lack;
  return { reason: 'Together', isLasting: false };
}
