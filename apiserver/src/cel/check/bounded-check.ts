import { BudgetExceeded } from '../cel-error.ts';
import type { Environment } from '../environment.ts';
import { Budget } from '../evaluate/budget.ts';
import { threadClock } from '../evaluate/thread-clock.ts';

/** Far more than any honest set of expressions takes to check. */
const checkMs = 200;
/** In steps of the budget: what reading one character of an expression is worth. */
const stepsPerCharacter = 8;

export interface BoundedCheck {
  environment: Environment;
  /** To be called with every expression before it is compiled. @throws BudgetExceeded */
  begin(source: string): void;
}

/** Bounds the time in which stranger's expressions are parsed, checked and their patterns compiled, all together. */
export const boundedCheck = (environment: Environment, clock: () => number = threadClock): BoundedCheck => {
  const unlimited = Number.MAX_SAFE_INTEGER;
  const budget = new Budget({ perCall: unlimited, perRequest: unlimited, threadMs: checkMs }, clock);
  return {
    environment: { functions: environment.functions, regex: (pattern) => environment.regex(pattern, budget) },
    begin: (source) => budget.work(source.length * stepsPerCharacter),
  };
};

export const isOutOfTime = (error: unknown): error is BudgetExceeded => error instanceof BudgetExceeded;
