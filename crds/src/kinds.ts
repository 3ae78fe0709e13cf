import { Approval } from './approval.ts';
import type { ResourceDef } from './define-resource.ts';
import { Node } from './node.ts';
import { Placement } from './placement.ts';
import { Queue } from './queue.ts';
import { Task } from './task.ts';
import { TaskSet } from './task-set.ts';

/** Every kind of the group river.dev. */
export const riverKinds: readonly ResourceDef[] = [Task, TaskSet, Approval, Placement, Node, Queue];
