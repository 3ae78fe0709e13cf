import type { Environment } from '../environment.ts';
import type { CallContext } from '../library/overload.ts';
import type { Value } from '../value/value.ts';
import type { Budget } from './budget.ts';
import type { Regex } from './regex.ts';

/** Where expressions run, one at a time: the declared variables by slot, and after them the slots that an expression uses while it runs. */
export class Frame implements CallContext {
  readonly slots: Value[];
  readonly budget: Budget;
  readonly environment: Environment;
  constructor(slots: Value[], budget: Budget, environment: Environment) {
    this.slots = slots;
    this.budget = budget;
    this.environment = environment;
  }
  regex(pattern: string): Regex {
    return this.environment.regex(pattern, this.budget);
  }
}

export type Code = (frame: Frame) => Value;
