import type { Budget } from './evaluate/budget.ts';
import { type Regex, regexCache } from './evaluate/regex.ts';
import { type Functions, kubernetesFunctions } from './library/functions.ts';
import type { Overload } from './library/overload.ts';

/** What all expressions of one server share: the functions and the compiled patterns. */
export interface Environment {
  functions: Functions;
  /** @throws CelError when the pattern is not valid. */
  regex(pattern: string, budget?: Budget): Regex;
}

export const createEnvironment = (more: readonly Overload[] = []): Environment => ({
  functions: kubernetesFunctions(more),
  regex: regexCache(),
});
