import { durationMs, parseQuantity, quantityUnits } from '@river/crds';
import type { Placement } from '@river/crds/kinds';
import type { Driver } from '../driver/driver.ts';
import type { WorkOrder } from '../driver/work-order.ts';
import type { Journal } from '../journal/journal.ts';
import type { KeptOutput } from '../output/keep-output.ts';
import { admissionOf } from '../plan/plan.ts';
import type { Action, Outcome } from '../plan/work.ts';

export interface WorkDeps {
  driver: Driver;
  journal: Journal;
  output: KeptOutput;
  orderOf(placement: Placement): Promise<WorkOrder>;
  /** The image is there when this resolves. */
  pull(placement: Placement, signal: AbortSignal): Promise<void>;
  /** Whatever was laid out for it is taken away. */
  clean(uid: string): void;
  nowMs(): number;
  /** Names this start of the machine. */
  bootId(): string | undefined;
}

/** What is kept of output when its Placement is gone, so that nobody can say for how long. */
const usualLogs = { limit: '100Mi', keepAfterFinished: '168h' };

/** Carries out one action. Whatever must outlive a crash is in the journal before the act that it is about. */
export async function perform(action: Action, placement: Placement | undefined, deps: WorkDeps, signal: AbortSignal): Promise<void> {
  const { driver, journal } = deps;
  switch (action.do) {
    case 'admit':
      return journal.put(admissionOf(action.work, deps.nowMs()));
    case 'refuse':
      return journal.put({ ...admissionOf(action.work, deps.nowMs()), outcome: action.outcome });
    case 'pull':
      return placement && deps.pull(placement, signal);
    case 'create':
      if (placement) await driver.create(await deps.orderOf(placement), signal);
      return;
    case 'start':
      note(journal, action.uid, { mayHaveStarted: true, ...bootOf(deps.bootId()) });
      return driver.start(action.containerId, signal);
    case 'pause':
      return driver.pause(action.containerId, signal);
    case 'unpause':
      return driver.unpause(action.containerId, signal);
    case 'stop':
      if (action.ending) note(journal, action.uid, { ending: action.ending });
      return driver.stop(action.containerId, action.graceMs, signal);
    case 'settle':
      return note(journal, action.uid, { outcome: action.outcome });
    case 'remove':
      return removeContainer(action.uid, action.containerId, placement, deps, signal);
    case 'undo':
      note(journal, action.uid, { mayHaveStarted: false });
      return driver.remove(action.containerId, signal);
    case 'forget':
      deps.clean(action.uid);
      return journal.drop(action.uid);
  }
}

const bootOf = (bootId: string | undefined) => (bootId === undefined ? {} : { bootId });

function note(
  journal: Journal,
  uid: string,
  to: { mayHaveStarted?: boolean; bootId?: string; ending?: 'Stopped' | 'Timeout'; outcome?: Outcome },
): void {
  const admission = journal.get(uid);
  // An orphan has no record, and needs none.
  if (admission) journal.put({ ...admission, ...to });
}

/** Its output is safe before it goes. */
async function removeContainer(
  uid: string,
  id: string,
  placement: Placement | undefined,
  deps: WorkDeps,
  signal: AbortSignal,
): Promise<void> {
  const { driver, output } = deps;
  const { limit, keepAfterFinished } = placement?.spec.logs ?? usualLogs;
  const lines = driver.output(id, {}, signal);
  const untilMs = deps.nowMs() + durationMs(keepAfterFinished);
  await output.keep(uid, lines, Number(quantityUnits(parseQuantity(limit))), untilMs);
  await driver.remove(id, signal);
  deps.clean(uid);
}
