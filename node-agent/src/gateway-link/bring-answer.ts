import { once } from 'node:events';
import type { ClientRequest } from 'node:http';
import { ApiError } from '@river/crds';
import { answersPath, type Clock, type OutputAsk, outputType } from '@river/runtime';
import type { OutputLine } from '../output/output-line.ts';
import { asAnswer } from '../output/read-output.ts';
import { type GatewayAccess, post } from './post.ts';
import { sendOutput } from './send-output.ts';

export interface AnswerDeps {
  access: GatewayAccess;
  clock: Clock;
  read(ask: OutputAsk, signal: AbortSignal): AsyncIterable<OutputLine>;
}

/** Brings a gateway the output that it asked for, on a connection of its own: so its reader's pace is felt here, and by no other. */
export async function bringAnswer(deps: AnswerDeps, gateway: string, ask: OutputAsk, signal: AbortSignal): Promise<void> {
  const gone = new AbortController();
  const either = AbortSignal.any([signal, gone.signal]);
  const lines = deps.read(ask, either)[Symbol.asyncIterator]();
  const first = await begin(lines, deps.clock);
  const outgoing = post(deps.access, `${gateway}${answersPath}${ask.id}`, first instanceof ApiError ? 'application/json' : outputType);
  const end = ended(outgoing);
  end.finally(() => gone.abort()).catch(() => {});
  const onAbort = () => outgoing.destroy();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    if (first instanceof ApiError) outgoing.write(JSON.stringify(first.toStatus()));
    else await sendOutput(startingWith(first, lines), outgoing, deps.clock, either);
    outgoing.end();
    await end;
  } finally {
    signal.removeEventListener('abort', onAbort);
    outgoing.destroy();
    gone.abort();
  }
}

type First = { next: Promise<IteratorResult<OutputLine>> };

const beginMs = 1_000;

/** A refusal comes at once, or not at all: what takes longer is output that is waited for. */
async function begin(lines: AsyncIterator<OutputLine>, clock: Clock): Promise<First | ApiError> {
  const next = lines.next();
  next.catch(() => {});
  let cancel = () => {};
  const soon = new Promise<undefined>((resolve) => {
    cancel = clock.after(beginMs, () => resolve(undefined));
  });
  try {
    await Promise.race([next, soon]);
    return { next };
  } catch (error) {
    return asAnswer(error);
  } finally {
    cancel();
  }
}

const startingWith = ({ next: first }: First, lines: AsyncIterator<OutputLine>): AsyncIterable<OutputLine> => {
  let isFirst = true;
  const next = () => {
    const result = isFirst ? first : lines.next();
    isFirst = false;
    return result;
  };
  return { [Symbol.asyncIterator]: () => ({ next, return: async () => (await lines.return?.()) ?? { done: true, value: undefined } }) };
};

/** Resolves when the gateway has said that it has all of it. */
async function ended(outgoing: ClientRequest): Promise<void> {
  const [answer] = await once(outgoing, 'response');
  answer.resume();
  if (answer.statusCode !== 200) {
    outgoing.destroy();
    throw new Error(`the gateway answered ${answer.statusCode}`);
  }
  await once(answer, 'end');
}
