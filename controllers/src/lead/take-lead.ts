import { ApiError } from '@river/crds';
import { Lease } from '@river/crds/kinds';
import { type ApiClient, type Clock, jittered, type Logger, type Random, sleep } from '@river/runtime';
import { leadLease } from './lead-lease.ts';

export interface LeadOptions {
  client: Pick<ApiClient, 'resource'>;
  /** Names this process, and no other that ever was. */
  identity: string;
  /** Leads until the signal, and resolves when nothing of it goes on. */
  lead(signal: AbortSignal): Promise<void>;
  /** Ends it; the lease is given up, so that another need not wait. */
  signal: AbortSignal;
  clock: Clock;
  random: Random;
  log: Logger;
}

const leaseMs = 4_000;
/** A leader ends so long before its lease could have run out. */
const marginMs = 500;
const renewEveryMs = 1_000;
const lookEveryMs = 250;
const callMs = 1_500;

const resource = { group: Lease.group, version: Lease.version, plural: Lease.plural, namespaced: true, kind: Lease.kind };

/** Leads whenever the lease is its own, until the signal. Several may run: one leads. */
export async function takeLead(options: LeadOptions): Promise<void> {
  const { signal, clock, random, log } = options;
  const candidacy = candidate(options);
  while (!signal.aborted) {
    const untilMs = await candidacy.acquire().catch((error) => {
      log.warn('the lease of the leader could not be looked at', { error });
      return undefined;
    });
    if (untilMs === undefined) await sleep(clock, jittered(lookEveryMs, 0.1, random), signal).catch(() => undefined);
    else await term(options, candidacy, untilMs);
  }
}

/** From one taking of the lease to its end. The end comes by the clock, whatever a request is waiting for. */
async function term({ lead, clock, signal, log, identity }: LeadOptions, candidacy: Candidacy, firstUntilMs: number): Promise<void> {
  const end = new AbortController();
  const stop = (why: string) => {
    if (!end.signal.aborted) log.info('leads no more', { identity, why });
    end.abort();
  };
  const onSignal = () => stop('it is asked to end');
  signal.addEventListener('abort', onSignal, { once: true });
  let takeBack = () => {};
  const leadUntil = (untilMs: number) => {
    takeBack();
    takeBack = clock.after(untilMs - clock.monotonicMs(), () => stop('the lease could have run out'));
  };
  leadUntil(firstUntilMs);
  if (signal.aborted) onSignal();
  log.info('leads', { identity });
  const leading = lead(end.signal);
  while (!end.signal.aborted) {
    await sleep(clock, renewEveryMs, end.signal).catch(() => undefined);
    if (end.signal.aborted) break;
    const renewed = await candidacy.renew().catch((error) => {
      log.warn('the lease of the leader could not be renewed', { error });
      return 'later' as const;
    });
    if (renewed === 'taken') stop('another has taken the lease');
    else if (renewed !== 'later' && !end.signal.aborted) leadUntil(renewed);
  }
  takeBack();
  signal.removeEventListener('abort', onSignal);
  await leading;
  await candidacy.giveUp().catch((error) => log.debug('the lease of the leader could not be given up', { error }));
}

interface Candidacy {
  /** Until when it leads; undefined while another does. */
  acquire(): Promise<number | undefined>;
  renew(): Promise<number | 'taken' | 'later'>;
  giveUp(): Promise<void>;
}

function candidate({ client, identity, clock }: LeadOptions): Candidacy {
  const leases = client.resource<Lease>(resource);
  let seen = { version: '', atMs: 0 };
  const call = { timeoutMs: callMs, namespace: leadLease.namespace };
  const find = () =>
    leases.get(leadLease.name, call).catch((error) => {
      if (ApiError.is(error, 'NotFound')) return undefined;
      throw error;
    });
  const spec = (held: Lease | undefined, holderIdentity: string): NonNullable<Lease['spec']> => ({
    holderIdentity,
    leaseDurationSeconds: leaseMs / 1000,
    renewTime: new Date(clock.wallMs()).toISOString(),
    acquireTime: held?.spec?.holderIdentity === holderIdentity ? (held.spec.acquireTime ?? null) : new Date(clock.wallMs()).toISOString(),
    leaseTransitions: (held?.spec?.leaseTransitions ?? 0) + (held?.spec?.holderIdentity === holderIdentity ? 0 : 1),
  });
  /** Counted from before it was sent: whoever waits for its end counts from when it was there. */
  const write = async (held: Lease | undefined): Promise<number | undefined> => {
    const sentMs = clock.monotonicMs();
    const { apiVersion, kind } = Lease;
    const fresh: Lease = { apiVersion, kind, metadata: { ...leadLease }, spec: spec(undefined, identity) };
    try {
      await (held ? leases.update({ ...held, spec: spec(held, identity) }, call) : leases.create(fresh, call));
      return sentMs + leaseMs - marginMs;
    } catch (error) {
      if (ApiError.is(error, 'Conflict') || ApiError.is(error, 'AlreadyExists')) return undefined;
      throw error;
    }
  };
  /** Unchanged for as long as it holds, by this process's own clock. */
  const isRunOut = ({ metadata, spec }: Lease): boolean => {
    const version = `${metadata.uid}/${metadata.resourceVersion}`;
    if (seen.version !== version) seen = { version, atMs: clock.monotonicMs() };
    return clock.monotonicMs() - seen.atMs >= Math.max(leaseMs, (spec?.leaseDurationSeconds ?? 0) * 1000);
  };
  const isMine = (held: Lease | undefined) => held?.spec?.holderIdentity === identity;
  return {
    async acquire() {
      const held = await find();
      const isFree = !held?.spec?.holderIdentity || isMine(held) || isRunOut(held);
      return isFree ? write(held) : undefined;
    },
    async renew() {
      const held = await find();
      if (!held || !isMine(held)) return 'taken';
      return (await write(held)) ?? 'later';
    },
    async giveUp() {
      const held = await find();
      if (held && isMine(held)) await leases.update({ ...held, spec: { ...held.spec, holderIdentity: '' } }, call);
    },
  };
}
