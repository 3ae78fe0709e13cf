import type { IncomingMessage } from 'node:http';
import type { KubeObject } from '@river/crds';
import {
  type ApiClient,
  authorityOf,
  type Clock,
  certificateHolders,
  inFlight,
  informer,
  type Logger,
  listen,
  nodeNameOf,
  nodesGroup,
  revocationsIn,
  revokedCertificates,
} from '@river/runtime';
import type { Limits } from './limits.ts';
import { nodeAnswers } from './nodes/node-answers.ts';
import { nodeLinks } from './nodes/node-links.ts';
import { briefly } from './people/briefly.ts';
import { identify, type Requester } from './people/identify.ts';
import { mayReadOutput } from './people/judge.ts';
import { handleRequest } from './serving/handle-request.ts';

export interface GatewayOptions {
  bind: string;
  port: number;
  cert: Buffer;
  key: Buffer;
  /** Who signs the certificates of people and nodes (PEM), and the file that it is from. */
  authority: string;
  authorityFile: string;
  client: ApiClient;
  limits: Limits;
  clock: Clock;
  log: Logger;
  signal: AbortSignal;
}

export interface RunningGateway {
  url: string;
  close(): Promise<void>;
}

const mostRemembered = 10_000;

/** Serves, once it knows which certificates are revoked. */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const { client, limits, clock, log } = options;
  const isRevoked = await followRevocations(options);
  const holderOf = certificateHolders(authorityOf(options.authority, options.authorityFile), clock.wallMs, { isRevoked });
  const nodeOf = ({ socket }: IncomingMessage) => {
    const holder = holderOf(socket);
    return holder?.groups.includes(nodesGroup) ? nodeNameOf(holder.username) : undefined;
  };
  const remembered = { clock, ms: limits.verdictMs, most: mostRemembered };
  const questions = inFlight(limits.questions, 'questions of who somebody is');
  const bounded =
    <T>(ask: () => Promise<T>) =>
    async () => {
      const leave = questions.enter('all');
      return await ask().finally(leave);
    };
  const whose = briefly<Requester | undefined>(remembered);
  const may = briefly<boolean>(remembered);
  const deps = {
    client,
    identify: identify({ client, holderOf, once: (key, ask) => whose(key, bounded(ask)) }),
    mayReadOutput: mayReadOutput({ client, once: (key, ask) => may(key, bounded(ask)) }),
    links: nodeLinks({ clock, log, limits, isNode: (request, node) => nodeOf(request) === node }),
    answers: nodeAnswers({ clock, log, limits }),
    streams: inFlight(limits.streams, 'streams of output'),
    asks: inFlight({ perClient: limits.asksPerNode, total: Number.POSITIVE_INFINITY }, 'streams of output from this node'),
    nodeOf,
    clock,
    log,
    limits,
  };
  const server = await listen({
    ...options,
    authorities: [options.authority],
    limits: limits.connection,
    onRequest: (request, response) =>
      void handleRequest(deps, request, response).catch((error: unknown) => {
        log.error('a request ended in a fault of this program', { error });
        response.destroy();
      }),
  });
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : options.port;
  return {
    url: `https://${options.bind.includes(':') ? `[${options.bind}]` : options.bind}:${port}`,
    // Whoever reads goes on at the next gateway, where they were.
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The list of what is revoked, as the API server follows it. */
async function followRevocations({ client, clock, log, signal }: GatewayOptions) {
  const { namespace, name } = revokedCertificates;
  const resource = { group: '', version: 'v1', plural: 'configmaps', namespaced: true };
  const lists = informer<KubeObject>({ client, resource, namespace, fieldSelector: `metadata.name=${name}`, signal, clock, log });
  let now = revocationsIn(undefined);
  const reload = () => {
    now = revocationsIn(lists.get(name, namespace));
  };
  lists.subscribe({ added: reload, updated: reload, deleted: reload });
  await lists.synced();
  return (certificate: Parameters<typeof now.isRevoked>[0]) => now.isRevoked(certificate);
}
