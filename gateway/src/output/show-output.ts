import type { IncomingMessage, ServerResponse } from 'node:http';
import { ApiError } from '@river/crds';
import type { ApiClient, Clock, InFlight, Logger } from '@river/runtime';
import type { Limits } from '../limits.ts';
import type { NodeAnswers } from '../nodes/node-answers.ts';
import type { NodeLinks } from '../nodes/node-links.ts';
import type { Identify } from '../people/identify.ts';
import type { MayReadOutput, TaskName } from '../people/judge.ts';
import { carryOutput } from './carry-output.ts';
import { findPlacement } from './find-placement.ts';
import { parseOutputQuery } from './parse-output-query.ts';

export interface ShowOutputDeps {
  client: ApiClient;
  identify: Identify;
  mayReadOutput: MayReadOutput;
  links: NodeLinks;
  answers: NodeAnswers;
  streams: InFlight;
  asks: InFlight;
  /** The node that a connection is from, by its certificate. */
  nodeOf(request: IncomingMessage): string | undefined;
  clock: Clock;
  log: Logger;
  limits: Limits;
}

export interface ShownOutput {
  task: TaskName;
  parameters: URLSearchParams;
}

/** Shows somebody the output of a Task, as its node has it. The node is the one to which the Placement is bound, and no other. */
export async function showOutput(
  deps: ShowOutputDeps,
  { task, parameters }: ShownOutput,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { identify, mayReadOutput, links, answers, clock, limits, log } = deps;
  const asked = parseOutputQuery(parameters);
  const who = await identify(request);
  await mayReadOutput(who, task);
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const leave = deps.streams.enter(who.username);
  let leaveNode = () => {};
  try {
    const found = await findPlacement(deps.client, task, asked.attempt);
    const { node, uid, attempt } = found;
    leaveNode = deps.asks.enter(node);
    const answer = await answers.expect(node, (id) => links.ask(node, { id, uid, query: asked.query }, gone.signal), gone.signal);
    const judge = async () => {
      if (deps.nodeOf(answer.request) !== node) throw new ApiError('Unauthorized', 'the certificate of its node is worth nothing any more');
      await mayReadOutput(await identify(request), task);
    };
    const headers = { 'x-river-attempt': String(attempt), 'x-river-node': node };
    const told = { user: who.username, ...task, attempt, node };
    log.info('output is shown', told);
    const broken = await carryOutput({ answer, response, headers, clock, limits, judge });
    log.info('output is not shown any more', { ...told, ...(broken !== undefined && { broken }) });
  } finally {
    leaveNode();
    leave();
  }
}
