import type { IncomingMessage, ServerResponse } from 'node:http';
import { ApiError } from '@river/crds';
import { askLine, beatLine, type Clock, endLine, type Logger, linkBeatMs, linkSilenceMs, type OutputAsk } from '@river/runtime';
import type { Limits } from '../limits.ts';

export interface NodeLinksDeps {
  clock: Clock;
  log: Logger;
  limits: Pick<Limits, 'awaitLinkMs' | 'unreadBytes'>;
  /** Whether the connection is still the node's. */
  isNode(request: IncomingMessage, node: string): boolean;
}

export interface NodeLinks {
  /** A node holds this request open, to be asked on it. A new link takes the place of the old. */
  hold(node: string, request: IncomingMessage, response: ServerResponse): void;
  /** Tells a node what is wanted, once it has a link. @throws ApiError ServiceUnavailable */
  ask(node: string, ask: OutputAsk, signal: AbortSignal): Promise<void>;
}

interface Link {
  say(line: string): void;
  end(why: string): void;
}

/** The requests that nodes hold open here: how a node is reached that has no open port. */
export function nodeLinks(deps: NodeLinksDeps): NodeLinks {
  const { log, clock, limits } = deps;
  const links = new Map<string, Link>();
  const waiting = new Map<string, Set<(link: Link) => void>>();
  return {
    hold(node, request, response) {
      links.get(node)?.end('another link of this node has taken its place');
      const link = openLink(deps, node, request, response, () => {
        if (links.get(node) !== link) return;
        links.delete(node);
        log.info('a node has gone', { node });
      });
      links.set(node, link);
      log.info('a node has come', { node });
      for (const resolve of waiting.get(node) ?? []) resolve(link);
    },
    async ask(node, ask, signal) {
      const link = links.get(node) ?? (await comes(node, waiting, clock, limits.awaitLinkMs, signal));
      if (!link)
        throw new ApiError(
          'ServiceUnavailable',
          `the node ${node} is away: it has no link to the gateway (is its agent running, and can it reach the gateway?)`,
        );
      link.say(askLine(ask));
    },
  };
}

function openLink(
  { clock, limits, isNode }: NodeLinksDeps,
  node: string,
  request: IncomingMessage,
  response: ServerResponse,
  onGone: () => void,
): Link {
  let heardMs = clock.monotonicMs();
  let cancel = () => {};
  const tick = () => {
    const isDead = clock.monotonicMs() - heardMs > linkSilenceMs || response.writableLength > limits.unreadBytes;
    if (isDead || !isNode(request, node)) return void request.destroy();
    response.write(beatLine);
    cancel = clock.after(linkBeatMs, tick);
  };
  // What it says is only that it is there.
  request.on('data', () => {
    heardMs = clock.monotonicMs();
  });
  request.once('end', () => response.end());
  request.on('error', () => {});
  response.once('close', () => {
    cancel();
    onGone();
  });
  response.on('error', () => {});
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  tick();
  return {
    say: (line) => void response.write(line),
    end(why) {
      response.end(endLine(why));
      // The other side closes when it has read that; if it does not, it is closed here.
      cancel();
      cancel = clock.after(linkBeatMs, () => request.destroy());
    },
  };
}

/** The next link of a node, or nothing within the time. */
function comes(
  node: string,
  waiting: Map<string, Set<(link: Link) => void>>,
  clock: Clock,
  ms: number,
  signal: AbortSignal,
): Promise<Link | undefined> {
  return new Promise((resolve) => {
    const mine = waiting.get(node) ?? new Set();
    const finish = (link?: Link) => {
      cancel();
      signal.removeEventListener('abort', onAbort);
      mine.delete(finish);
      if (mine.size === 0) waiting.delete(node);
      resolve(link);
    };
    const onAbort = () => finish();
    const cancel = clock.after(ms, () => finish());
    signal.addEventListener('abort', onAbort, { once: true });
    mine.add(finish);
    waiting.set(node, mine);
  });
}
