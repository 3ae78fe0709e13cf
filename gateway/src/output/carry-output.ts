import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { ApiError, type Json } from '@river/crds';
import { type Clock, outputType, statusFailure } from '@river/runtime';
import type { Limits } from '../limits.ts';
import type { NodeAnswer } from '../nodes/node-answers.ts';

export interface Carrying {
  answer: NodeAnswer;
  response: ServerResponse;
  headers: Record<string, string>;
  clock: Clock;
  limits: Pick<Limits, 'silentMs' | 'rejudgeMs' | 'unjudgedMs' | 'refusalBytes'>;
  /** Asked again and again whether it may go on. @throws ApiError when not */
  judge(): Promise<void>;
}

/**
 * Lets a node's answer through to who asked, at the pace of the slower: nothing is kept here but what the sockets hold.
 * An end that is not the answer's own breaks the connection, so that nobody takes a part for the whole. Resolves with why it was broken.
 * @throws ApiError when the node says why there is nothing to carry
 */
export async function carryOutput(carrying: Carrying): Promise<string | undefined> {
  const { answer, response, headers } = carrying;
  const { request } = answer;
  if (request.headers['content-type'] !== outputType) throw await refusalIn(carrying);
  const guard = guardStream(carrying);
  try {
    response.writeHead(200, { 'content-type': outputType, 'cache-control': 'no-store', ...headers });
    response.flushHeaders();
    await pipeline(request, response);
    answer.response.end();
    return undefined;
  } catch (error) {
    // Whichever side has gone, the other is to know.
    request.destroy();
    response.destroy();
    return guard.reason() ?? (error instanceof Error ? error.message : String(error));
  } finally {
    guard.stop();
  }
}

/** Looks each second whether the stream may go on, and whether its node still says something. */
function guardStream({ answer: { request }, response, clock, limits, judge }: Carrying) {
  const startMs = clock.monotonicMs();
  let [judgedMs, heardMs, bytes] = [startMs, startMs, 0];
  let reason: string | undefined;
  let cancel = () => {};
  let isStopped = false;
  const stop = () => {
    isStopped = true;
    cancel();
  };
  const end = (why: string) => {
    if (isStopped) return;
    reason = why;
    stop();
    request.destroy();
  };
  const look = async () => {
    const nowMs = clock.monotonicMs();
    if (request.socket.bytesRead !== bytes || response.writableNeedDrain) heardMs = nowMs;
    bytes = request.socket.bytesRead;
    if (nowMs - heardMs > limits.silentMs) return end('its node says nothing any more');
    try {
      await judge();
      judgedMs = nowMs;
    } catch (error) {
      const isVerdict = ApiError.is(error, 'Forbidden') || ApiError.is(error, 'Unauthorized');
      if (isVerdict || nowMs - judgedMs > limits.unjudgedMs) return end(error instanceof Error ? error.message : String(error));
    }
    if (!isStopped) cancel = clock.after(limits.rejudgeMs, () => void look());
  };
  cancel = clock.after(limits.rejudgeMs, () => void look());
  return { stop, reason: () => reason };
}

/** Why a node has nothing to show, in its own words. */
async function refusalIn({ answer, response, clock, limits }: Carrying): Promise<ApiError> {
  const leave = () => void answer.request.destroy();
  const cancel = clock.after(limits.silentMs, leave);
  response.once('close', leave);
  const text = await beginningOf(answer.request, limits.refusalBytes).catch(() => '');
  cancel();
  response.off('close', leave);
  answer.response.end();
  return statusFailure(parse(text)) ?? new ApiError('ServiceUnavailable', 'the node has answered with something that is no output');
}

async function beginningOf(request: IncomingMessage, most: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > most) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
