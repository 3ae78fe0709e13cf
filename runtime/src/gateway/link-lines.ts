import { isObject, type Json } from '@river/crds';
import type { OutputQuery, OutputStream } from '../output/output-line.ts';

/** What a gateway and the agents say to each other; docs/gateway.md tells it. */

/** An agent holds one request open here, on which it is asked for things. */
export const linkPath = '/v1/node-link';
/** Where an agent brings what it was asked for. */
export const answersPath = '/v1/node-answers/';

/** Each side says something as often as this, and gives the other up after the longer time. */
export const linkBeatMs = 5_000;
export const linkSilenceMs = 15_000;

/** A gateway wants the output of a Placement. */
export interface OutputAsk {
  id: string;
  uid: string;
  query: OutputQuery;
}

export type LinkLine = { beat: true } | { output: OutputAsk } | { end: string };

export const beatLine = '{"beat":true}\n';
export const endLine = (why: string): string => `${JSON.stringify({ end: why })}\n`;

export function askLine({ id, uid, query }: OutputAsk): string {
  const { sinceNs, ...rest } = query;
  return `${JSON.stringify({ output: { id, uid, ...rest, ...(sinceNs !== undefined && { sinceNs: String(sinceNs) }) } })}\n`;
}

/** Nothing when it is not understood: a newer gateway may say more. */
export function parseLinkLine(line: string): LinkLine | undefined {
  const said = parse(line);
  if (!isObject(said)) return undefined;
  if (said.beat === true) return { beat: true };
  if (typeof said.end === 'string') return { end: said.end };
  const { output } = said;
  if (!isObject(output) || typeof output.id !== 'string' || typeof output.uid !== 'string') return undefined;
  const { streams, tail, sinceNs, follow } = output;
  const query: OutputQuery = {
    ...(Array.isArray(streams) && {
      streams: streams.filter((stream): stream is OutputStream => stream === 'stdout' || stream === 'stderr'),
    }),
    ...(typeof tail === 'number' && { tail }),
    ...(typeof sinceNs === 'string' && /^-?[0-9]{1,20}$/.test(sinceNs) && { sinceNs: BigInt(sinceNs) }),
    ...(follow === true && { follow }),
  };
  return { output: { id: output.id, uid: output.uid, query } };
}

function parse(line: string): Json | undefined {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
