import { countFreeGpus } from './gpus.ts';
import { type Heap, heap } from './heap.ts';
import { isTolerated, lackOn } from './lack.ts';
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

/**
 * For each shape of ask, the nodes that have room in order of score. A node is judged again only when it has changed, so what
 * a placement costs does not grow with the number of nodes.
 */
export function nodeIndex(ledger: Ledger, layout: Layout): NodeIndex {
  const shapes = new Map<string, Candidates>();
  const { states, journal } = ledger;

  const judge = (candidates: Candidates, state: NodeState, ask: Ask, untilMs: number) => {
    if (lackOn(state, ask, undefined, untilMs)) return;
    candidates.entries.push({ score: scoreOn(state, ask, layout), at: state.at, version: state.version });
  };
  const open = (ask: Ask, untilMs: number): Candidates => {
    const oldest = shapes.size >= mostShapes ? shapes.keys().next().value : undefined;
    if (oldest !== undefined) shapes.delete(oldest);
    const entries = heap<Entry>((left, right) => left.score < right.score || (left.score === right.score && left.at < right.at));
    const candidates = { entries, read: journal.length };
    for (const state of states) judge(candidates, state, ask, untilMs);
    shapes.set(ask.shape, candidates);
    return candidates;
  };
  const catchUp = (candidates: Candidates, ask: Ask, untilMs: number): Candidates => {
    const changed = journal.length - candidates.read;
    if (changed > states.length || candidates.entries.size > 4 * states.length + 16) {
      shapes.delete(ask.shape);
      return open(ask, untilMs);
    }
    const places = changed === 1 ? journal.slice(-1) : new Set(journal.slice(candidates.read));
    candidates.read = journal.length;
    for (const at of places) {
      const state = states[at];
      if (state) judge(candidates, state, ask, untilMs);
    }
    return candidates;
  };

  return {
    best(ask, untilMs) {
      const known = shapes.get(ask.shape);
      const { entries } = known ? catchUp(known, ask, untilMs) : open(ask, untilMs);
      for (let top = entries.peek(); top; top = entries.peek()) {
        const state = states[top.at];
        if (state && state.version === top.version) return state;
        entries.pop();
      }
      return undefined;
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
