import { Approval, type Task } from '@river/crds/kinds';
import { uidOf } from '../decide/changes.ts';
import { holds } from '../decide/conditions.ts';
import type { Now, View } from '../decide/decision.ts';
import { dueAt } from '../decide/elapsed.ts';
import { specDigest } from './spec-digest.ts';

export type Answer =
  | { is: 'NotNeeded' }
  | { is: 'Approved'; message: string }
  | { is: 'Rejected'; reason: string; message: string }
  | { is: 'Open'; message: string; again?: number };

/** What people have said of this Task, and of nothing else that bore its name. Once agreed it stays so. */
export function answerTo(task: Task, view: View, now: Now): Answer {
  const { required, approvals, expireAfter } = task.spec.approval;
  if (!required) return { is: 'NotNeeded' };
  const held = task.status?.conditions?.find(({ type }) => type === 'Approved');
  if (holds(task.status?.conditions, 'Approved')) return { is: 'Approved', message: held?.message ?? '' };
  const digest = specDigest(task);
  const answers = view
    .byIndex(Approval, 'task', uidOf(task))
    // Who may agree in another namespace has no say here.
    .filter(({ metadata }) => metadata.namespace === task.metadata.namespace)
    .map(({ spec }) => spec)
    .filter((spec) => spec.taskName === task.metadata.name && spec.taskUid === uidOf(task) && spec.specDigest === digest);
  const denied = answers.find(({ decision }) => decision === 'Denied');
  if (denied)
    return { is: 'Rejected', reason: 'Denied', message: `${denied.approver} said no${denied.reason ? `: ${denied.reason}` : ''}` };
  const people = [...new Set(answers.map(({ approver }) => approver))].sort();
  if (people.length >= approvals) return { is: 'Approved', message: `approved by ${people.join(', ')}` };
  const message = `${people.length} of ${approvals} approvals; say yes with an Approval of ${digest}`;
  if (expireAfter === undefined) return { is: 'Open', message };
  const due = dueAt(task, expireAfter, task.metadata.creationTimestamp, view, now);
  if (now.monotonicMs < due) return { is: 'Open', message, again: due };
  return { is: 'Rejected', reason: 'ApprovalExpired', message: `nobody agreed within ${expireAfter}` };
}
