import type { KubeObject } from '@river/crds';
import {
  type ApiClient,
  type Clock,
  gatewayAddresses,
  gatewayMap,
  informer,
  jittered,
  type LinkLine,
  type Logger,
  type OutputAsk,
  type Random,
  sleep,
} from '@river/runtime';
import type { OutputLine } from '../output/output-line.ts';
import { bringAnswer } from './bring-answer.ts';
import { holdLink } from './hold-link.ts';
import type { GatewayAccess } from './post.ts';

export interface KeepLinksDeps {
  client: ApiClient;
  access: GatewayAccess;
  read(ask: OutputAsk, signal: AbortSignal): AsyncIterable<OutputLine>;
  clock: Clock;
  random: Random;
  log: Logger;
  signal: AbortSignal;
}

/** Answers under way at once; of more, the gateway hears nothing and says so to who asked. */
const mostAnswers = 128;
const backoffMs = { first: 250, most: 10_000 };
/** A link that held this long was a good one. */
const goodMs = 30_000;

/** Keeps a link to each gateway that the cluster tells of, for as long as it does. Resolves when the signal comes. */
export async function keepLinks(deps: KeepLinksDeps): Promise<void> {
  const { client, clock, log, signal } = deps;
  const links = new Map<string, AbortController>();
  const { namespace, name } = gatewayMap;
  const resource = { group: '', version: 'v1', plural: 'configmaps', namespaced: true };
  const maps = informer<KubeObject>({ client, resource, namespace, fieldSelector: `metadata.name=${name}`, signal, clock, log });
  const answers = new Set<string>();
  const follow = () => {
    const wanted = gatewayAddresses(maps.get(name, namespace), client.server);
    for (const [address, stop] of links) {
      if (wanted.includes(address)) continue;
      stop.abort();
      links.delete(address);
    }
    for (const address of wanted) {
      if (links.has(address)) continue;
      const stop = new AbortController();
      links.set(address, stop);
      void keepLink(deps, address, answers, AbortSignal.any([signal, stop.signal]));
    }
  };
  maps.subscribe({ added: follow, updated: follow, deleted: follow });
  await maps.done;
}

/** One link, made anew whenever it breaks. Never rejects. */
async function keepLink(deps: KeepLinksDeps, gateway: string, answers: Set<string>, signal: AbortSignal): Promise<void> {
  const { clock, log, access, random } = deps;
  for (let waitMs = backoffMs.first; !signal.aborted; waitMs = Math.min(waitMs * 2, backoffMs.most)) {
    const startMs = clock.monotonicMs();
    const onOpen = () => log.info('linked to a gateway', { gateway });
    const onLine = (line: LinkLine) => answer(deps, gateway, line, answers);
    const why = await holdLink({ access, gateway, clock, onOpen, onLine, signal }).catch((error) => error);
    if (signal.aborted) return;
    log.info('not linked to the gateway any more', { gateway, ...(why instanceof Error && { error: why.message }) });
    if (clock.monotonicMs() - startMs > goodMs) waitMs = backoffMs.first;
    await sleep(clock, jittered(waitMs, 0.5, random), signal).catch(() => {});
  }
}

function answer(deps: KeepLinksDeps, gateway: string, line: LinkLine, answers: Set<string>): void {
  const { log, signal } = deps;
  if ('end' in line) return void log.warn('the gateway has ended the link', { gateway, why: line.end });
  if (!('output' in line)) return;
  const ask = line.output;
  if (answers.size >= mostAnswers) return void log.warn('too many answers are under way: one more was asked for', { gateway });
  answers.add(ask.id);
  // An answer outlives the link on which it was asked for. Who reads goes away when they like.
  bringAnswer(deps, gateway, ask, signal)
    .catch((error) => log.debug('an answer was broken off', { gateway, uid: ask.uid, error }))
    .finally(() => answers.delete(ask.id));
}
