import type { CallContext } from '../library/overload.ts';
import type { Value } from '../value/value.ts';

/** One evaluation: its variables by slot, and what it may use. */
export interface Frame extends CallContext {
  slots: Value[];
}

export type Code = (frame: Frame) => Value;
