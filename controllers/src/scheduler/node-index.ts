import { countFreeGpus } from './gpus.ts';
import { type Heap, heap } from './heap.ts';
import { isTolerated, lackBesideReservations, lackOn } from './lack.ts';
import type { Ledger, NodeState } from './ledger.ts';
import type { Ask } from './snapshot.ts';

export type Layout = 'Spread' | 'Pack';

interface Entry {
  score: number;
  at: number;
  version: number;
}

interface Candidates {
  entries: Heap<Entry>;
  /** How far the ledger's journal has been read. */
  read: number;
}

export interface NodeIndex {
  /** The best node that has room, for an ask without targets. */
  best(ask: Ask, untilMs: number): NodeState | undefined;
}

const mostShapes = 256;

/** Reservations are judged when a node is about to be taken, since they ask for how long. */
const forever = Number.NEGATIVE_INFINITY;

/**
 * For each shape of ask, the nodes that have room in order of score. A node is judged again only when it has changed, so what
 * a placement costs does not grow with the number of nodes. A shape that is met for the first time is not worth an order yet.
 */
export function nodeIndex(ledger: Ledger, layout: Layout): NodeIndex {
  const shapes = new Map<string, Candidates>();
  const once = new Set<string>();
  const { states, journal } = ledger;

  const judge = (candidates: Candidates, state: NodeState, ask: Ask) => {
    if (lackOn(state, ask, undefined, forever)) return;
    candidates.entries.push({ score: scoreOn(state, ask, layout), at: state.at, version: state.version });
  };
  const open = (ask: Ask): Candidates => {
    const oldest = shapes.size >= mostShapes ? shapes.keys().next().value : undefined;
    if (oldest !== undefined) shapes.delete(oldest);
    const entries = heap<Entry>((left, right) => left.score < right.score || (left.score === right.score && left.at < right.at));
    const candidates = { entries, read: journal.length };
    for (const state of states) judge(candidates, state, ask);
    shapes.set(ask.shape, candidates);
    return candidates;
  };
  const catchUp = (candidates: Candidates, ask: Ask): Candidates => {
    const changed = journal.length - candidates.read;
    if (changed > states.length || candidates.entries.size > 4 * states.length + 16) {
      shapes.delete(ask.shape);
      return open(ask);
    }
    const places = changed === 1 ? journal.slice(-1) : new Set(journal.slice(candidates.read));
    candidates.read = journal.length;
    for (const at of places) {
      const state = states[at];
      if (state) judge(candidates, state, ask);
    }
    return candidates;
  };
  const firstFree = ({ entries }: Candidates, ask: Ask, untilMs: number): NodeState | undefined => {
    const passedOver: Entry[] = [];
    let found: NodeState | undefined;
    for (let top = entries.peek(); top && !found; top = entries.peek()) {
      const state = states[top.at];
      if (state?.version === top.version && !lackBesideReservations(state, ask, undefined, untilMs)) found = state;
      else {
        entries.pop();
        if (state?.version === top.version) passedOver.push(top);
      }
    }
    for (const entry of passedOver) entries.push(entry);
    return found;
  };
  const scan = (ask: Ask, untilMs: number): NodeState | undefined => {
    let best: NodeState | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const state of states) {
      if (lackOn(state, ask, undefined, untilMs)) continue;
      const score = scoreOn(state, ask, layout);
      if (score < least) [best, least] = [state, score];
    }
    return best;
  };

  return {
    best(ask, untilMs) {
      const known = shapes.get(ask.shape);
      if (known) return firstFree(catchUp(known, ask), ask, untilMs);
      if (once.has(ask.shape)) return firstFree(open(ask), ask, untilMs);
      once.add(ask.shape);
      return scan(ask, untilMs);
    },
  };
}

/**
 * Lower is better. In this order: taints that would rather be left alone, nodes without GPUs for who needs none, the node with the
 * fewest GPUs to spare, then the fullest or the emptiest.
 */
export function scoreOn(state: NodeState, ask: Ask, layout: Layout): number {
  const { facts } = state;
  const unwanted = facts.taints.filter((taint) => taint.effect === 'PreferNoSchedule' && !isTolerated(taint, ask.tolerations)).length;
  const spare = ask.gpus ? countFreeGpus(state) - ask.gpus.count : facts.gpus.length > 0 ? 1 : 0;
  const { cpuMillis, memoryBytes } = facts.allocatable;
  const freeShare = Math.min(ratio(state.cpuMillis - ask.cpuMillis, cpuMillis), ratio(state.memoryBytes - ask.memoryBytes, memoryBytes));
  return unwanted * 10_000 + spare * 2 + (layout === 'Pack' ? freeShare : 1 - freeShare);
}

const ratio = (part: number, whole: number) => (whole > 0 ? part / whole : 0);
