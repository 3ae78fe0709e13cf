import { admissionOf } from '../plan/plan.ts';
import type { Action, Admission, Container, Work } from '../plan/work.ts';

/** What actions do to a node, in the plainest way: what the plan counts on. */
export function modelNode() {
  const containers = new Map<string, Container>();
  const admissions = new Map<string, Admission>();
  let made = 0;
  const change = (id: string, to: Partial<Container>) => {
    const container = containers.get(id);
    if (container) containers.set(id, { ...container, ...to });
  };
  const note = (uid: string, to: Partial<Admission>) => {
    const admission = admissions.get(uid);
    if (admission) admissions.set(uid, { ...admission, ...to });
  };
  const create = ({ uid, epoch }: Work) => {
    made++;
    containers.set(`c${made}`, { id: `c${made}`, uid, epoch, state: 'created' });
  };
  const apply = (action: Action, nowMs: number) => {
    if (action.do === 'admit') admissions.set(action.work.uid, admissionOf(action.work, nowMs));
    if (action.do === 'refuse') admissions.set(action.work.uid, { ...admissionOf(action.work, nowMs), outcome: action.outcome });
    if (action.do === 'create') create(action.work);
    if (action.do === 'start') {
      note(action.uid, { mayHaveStarted: true });
      change(action.containerId, { state: 'running', startMs: nowMs });
    }
    if (action.do === 'pause') change(action.containerId, { state: 'paused' });
    if (action.do === 'unpause') change(action.containerId, { state: 'running' });
    if (action.do === 'stop') {
      if (action.ending) note(action.uid, { ending: action.ending });
      change(action.containerId, { state: 'exited', exit: { code: 143, finishMs: nowMs, isOutOfMemory: false } });
    }
    if (action.do === 'settle') note(action.uid, { outcome: action.outcome });
    if (action.do === 'undo') note(action.uid, { mayHaveStarted: false });
    if (action.do === 'remove' || action.do === 'undo') containers.delete(action.containerId);
    if (action.do === 'forget') admissions.delete(action.uid);
  };
  return {
    apply,
    exit: (id: string, code: number, nowMs: number) =>
      change(id, { state: 'exited', exit: { code, finishMs: nowMs, isOutOfMemory: false } }),
    lose: (id: string) => containers.delete(id),
    observed: () => ({ containers: [...containers.values()], admissions: [...admissions.values()] }),
  };
}
