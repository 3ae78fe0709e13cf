import type { Admission, Container, Exit, Limits, Outcome } from './work.ts';

/** How long before its own end an engine may have ended its containers. */
const shutdownMs = 20_000;

/** What the end of a container means. A program that got over the loss of a child ended well. The order matters: what the machine did to it comes before what the program said. */
export function outcomeOf(admission: Admission, container: Container, exit: Exit, limits: Limits): Outcome {
  const { startMs } = container;
  const times = { ...(startMs !== undefined && { startMs }), finishMs: exit.finishMs };
  const ended = { exitCode: exit.code, ...times };
  if (wasKilledByRestart(container, exit, limits) || wasKilledByBoot(admission, exit, limits))
    return { phase: 'Lost', reason: 'Infrastructure', message: 'the container engine or the machine was restarted', ...times };
  if (isUnknown(container, exit, limits) || isHalfStarted(exit))
    return {
      phase: 'Lost',
      reason: 'Infrastructure',
      message: 'the container engine was killed, and does not know how it ended',
      ...times,
    };
  if (exit.isOutOfMemory && exit.code !== 0)
    return { phase: 'KilledOOM', reason: 'OutOfMemory', message: 'it wanted more memory than its limit', ...ended };
  if (admission.ending === 'Stopped') return { phase: 'Stopped', reason: 'Stopped', message: 'it was asked to end', ...ended };
  if (admission.ending === 'Timeout') return { phase: 'Failed', reason: 'Timeout', message: 'it ran longer than its timeout', ...ended };
  if (exit.error !== undefined) return { phase: 'Failed', reason: 'CannotStart', message: exit.error.slice(0, 2_000), ...ended };
  return exit.code === 0
    ? { phase: 'Succeeded', reason: 'Completed', message: '', ...ended }
    : { phase: 'Failed', reason: 'Error', message: `exit code ${exit.code}`, ...ended };
}

function wasKilledByRestart({ startMs }: Container, { finishMs, code }: Exit, { killedAllMs }: Limits): boolean {
  return killedAllMs !== undefined && code !== 0 && startMs !== undefined && startMs < killedAllMs && finishMs >= killedAllMs - shutdownMs;
}

/** An engine that was killed in the middle of a start, or of an end, writes this code and the time of its own start for what is gone when it is back. */
const unknownCode = 255;
const backMs = 5_000;

/** The engine was killed in the middle of a start, and finds below it what it knows nothing of. It may have run. */
const isHalfStarted = ({ error = '' }: Exit): boolean => /^task [0-9a-f]+: already exists/.test(error);

function isUnknown({ startMs }: Container, { finishMs, code }: Exit, { engineStartMs }: Limits): boolean {
  if (code !== unknownCode || engineStartMs === undefined || startMs === undefined) return false;
  return startMs < engineStartMs && finishMs >= engineStartMs && finishMs <= engineStartMs + backMs;
}

/** Only in another life of the machine: clocks may be set, and then times alone say nothing. */
function wasKilledByBoot({ bootId }: Admission, { finishMs, code }: Exit, { boot }: Limits): boolean {
  return bootId !== undefined && boot !== undefined && bootId !== boot.id && code !== 0 && finishMs >= boot.startedMs - shutdownMs;
}

export const lost = (admission: Admission, nowMs: number): Outcome => ({
  phase: 'Lost',
  reason: 'ContainerGone',
  message: `its container is not there any more, so nobody knows how it ended (epoch ${admission.epoch})`,
  finishMs: nowMs,
});

/** What is said of fenced work by whoever is first: the controllers, or its node when it is back. */
export const nodeLost = (node: string, nowMs: number): Outcome => ({
  phase: 'Lost',
  reason: 'NodeLost',
  message: `Node ${node} has been silent for so long that it has frozen what it ran.`,
  finishMs: nowMs,
});

/** Another agent of this name has taken it on, and what became of it is not known here. */
export const begunElsewhere = (nowMs: number): Outcome => ({
  phase: 'Lost',
  reason: 'JournalGone',
  message: 'it was taken on here once, but nothing of it is left, so nobody knows how it ended',
  finishMs: nowMs,
});

export const neverStarted = (nowMs: number): Outcome => ({
  phase: 'Stopped',
  reason: 'NeverStarted',
  message: 'it was asked to end before it had started',
  finishMs: nowMs,
});
