import { CertificateError } from '../certificates/ensure-certificates.ts';
import { sleep } from '../clock/clock.ts';
import type { Logger } from '../log/logger.ts';
import { jittered, type Random } from '../random/random.ts';
import { backoffMs } from '../reconcile/backoff.ts';
import type { Asking } from './ask-certificate.ts';
import { identityFolder, type NodeIdentity } from './identity-folder.ts';
import { renewCertificate, requireJoined } from './join-node.ts';

export type CertificateStep = { do: 'wait'; ms: number } | { do: 'renew' } | { do: 'giveUp'; why: string };

const renewedShare = 2 / 3;
/** Timers do not wait longer; and a clock may be set meanwhile. */
const longestWaitMs = 60 * 60 * 1000;

/** What is to be done for a certificate now: after two thirds of its life it is renewed, and once it is over nothing helps but to join again. */
export function planCertificate({ validFromMs, validToMs, node }: NodeIdentity, nowMs: number): CertificateStep {
  if (nowMs >= validToMs) return { do: 'giveUp', why: `the certificate of node ${node} has expired: remove its folder, and join again` };
  const dueMs = validFromMs + (validToMs - validFromMs) * renewedShare;
  return nowMs >= dueMs ? { do: 'renew' } : { do: 'wait', ms: Math.min(longestWaitMs, dueMs - nowMs) };
}

export interface KeepingCertificate extends Omit<Asking, 'signal' | 'onWaiting' | 'onMade'> {
  dir: string;
  random: Random;
  log: Logger;
  signal: AbortSignal;
  /** Whoever talks to the server goes on with this identity. */
  onRenewed: (identity: NodeIdentity) => void;
}

const backoff = { baseMs: 1_000, maxMs: 5 * 60 * 1000 };
const spread = 0.02;

/**
 * Keeps a node's certificate good until the signal is aborted: renews it in time, and tries again when that fails.
 * @throws CertificateError when it has expired
 */
export async function keepCertificate(keeping: KeepingCertificate): Promise<void> {
  const { dir, clock, random, log, signal, timeoutMs, onRenewed } = keeping;
  let failures = 0;
  while (!signal.aborted) {
    const step = planCertificate(requireJoined(identityFolder(dir).read(), dir), clock.wallMs());
    if (step.do === 'giveUp') throw new CertificateError(step.why);
    if (step.do === 'wait') {
      await sleep(clock, Math.max(1_000, jittered(step.ms, spread, random)), signal).catch(() => undefined);
      continue;
    }
    try {
      onRenewed(await renewCertificate({ dir, clock, signal, timeoutMs }));
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      failures++;
      log.warn('the certificate of this node could not be renewed yet', { error });
      await sleep(clock, backoffMs(failures, error, backoff, random), signal).catch(() => undefined);
    }
  }
}
