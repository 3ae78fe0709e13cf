import { isObject, type KubeObject } from '@river/crds';
import { alignColumns } from '../output/columns.ts';
import { standingOf } from './tasks.ts';

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Why something stands where it stands, in lines for a person. What waits says what would let it start, node by node. */
export function whyLines(object: KubeObject, shown: string, nowMs: number): string[] {
  const { phase, isOver, reason, message, waiting, node } = standingOf(object);
  const place = text(node) === '' ? '' : ` on ${text(node)}`;
  const cause = [text(reason), text(message)].filter((part) => part !== '').join(': ');
  const first = `${shown} is ${phase}${place}${cause === '' ? '' : `: ${cause}`}`;
  if (isOver || !isObject(waiting))
    return isOver || place !== '' || cause !== '' ? [first] : [first, 'Nothing has been said about it yet.'];
  const about = [text(waiting.reason), text(waiting.message)].filter((part) => part !== '').join(': ');
  return [
    first,
    ...(about === '' ? [] : [`It waits for: ${about}`]),
    ...estimate(waiting.estimatedStartTime, nowMs),
    ...perNode(waiting.nodes),
  ];
}

function estimate(time: unknown, nowMs: number): string[] {
  const atMs = Date.parse(text(time));
  if (Number.isNaN(atMs)) return [];
  const minutes = Math.round((atMs - nowMs) / 60_000);
  return [`It is expected to start ${minutes < 1 ? 'within a minute' : `in about ${inWords(minutes)}`} (${text(time)}).`];
}

const inWords = (minutes: number): string => (minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`);

function perNode(nodes: unknown): string[] {
  if (!Array.isArray(nodes) || nodes.length === 0) return [];
  const rows = nodes.filter(isObject).map(({ name, reason, message }) => [text(name), text(reason), text(message)]);
  return ['', ...alignColumns([['NODE', 'KEPT FROM IT BY', ''], ...rows])];
}
