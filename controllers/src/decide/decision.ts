import type { JsonObject, KubeObject } from '@river/crds';
import type { ResourceDef } from '@river/crds/kinds';

/** Time as a decision may see it. */
export interface Now {
  /** Of this process's clock that never goes back: what every deadline is judged by. */
  monotonicMs: number;
  /** For timestamps that people read. */
  wallMs: number;
}

/** An object as it was seen: a change to it holds only while it still is that. */
export type Seen = KubeObject;

/**
 * One step towards what is wanted. The steps of a decision are done in order, and none after one whose precondition failed.
 *
 * - `create`: the name must be free. A name is a lock.
 * - `patch`: merges into metadata and spec; the object must be the revision that was seen.
 * - `status`: replaces the status; the same.
 * - `delete`: the same.
 * - `confirm`: changes nothing; the object must still be the revision that was seen. Before what must not be done from an old view.
 * - `confirmGone`: changes nothing; there must be no such object, at most another one under its name.
 * - `together`: the order among these does not matter; a precondition that fails ends the decision after them.
 * - `event`: tells people. Never fails a decision.
 */
export type Change = Step | { act: 'together'; changes: Step[] };

export type Step =
  | { act: 'create'; object: KubeObject }
  | { act: 'patch'; of: Seen; body: JsonObject }
  | { act: 'status'; of: Seen; status: JsonObject }
  | { act: 'delete'; of: Seen }
  | { act: 'confirm'; of: Seen }
  | { act: 'confirmGone'; kind: ResourceDef; name: string; namespace?: string; uid: string }
  | { act: 'event'; about: Seen; type: 'Normal' | 'Warning'; reason: string; message: string };

export interface Decision {
  changes: Change[];
  /** The monotonic time at which to ask again, if nothing happens before. */
  again?: number;
}

/** The cluster as far as it is known here. It may be old: what must happen once is guarded by a name or a precondition. */
export interface View {
  get<T extends KubeObject>(kind: ResourceDef<T, unknown>, name: string, namespace?: string): T | undefined;
  byIndex<T extends KubeObject>(kind: ResourceDef<T, unknown>, index: string, value: string): T[];
  /** The monotonic time at which this revision was first seen here. Undefined when the object is another by now. */
  seenAt(object: KubeObject): number | undefined;
  /** Since when the view has been kept up without a gap: what was silent before may just not have been heard. */
  readonly unbrokenSince: number;
}

/** Decides, and does nothing else: no I/O, no clock, no dice. Twice on the same is once. */
export type Reconciler<T extends KubeObject> = (object: T, view: View, now: Now) => Decision;

export const nothing: Decision = { changes: [] };
