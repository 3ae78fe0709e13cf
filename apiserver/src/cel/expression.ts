import { CelError, CelSyntaxError } from './cel-error.ts';
import { type Checked, check, type Variables } from './check/check.ts';
import { type CelType, isCompatible, showType } from './check/type.ts';
import type { Environment } from './environment.ts';
import { compile } from './evaluate/compile.ts';
import type { Frame } from './evaluate/frame.ts';
import { parse } from './syntax/parse.ts';
import type { Value } from './value/value.ts';

/** One expression, ready to run as often as wanted. */
export interface Expression extends Checked {
  source: string;
  /** Whether the expression mentions the variable. */
  uses(variable: string): boolean;
  /** @throws CelError when the expression fails, BudgetExceeded when it is stopped. The frame holds the declared variables, in their order. */
  run(frame: Frame): Value;
}

/** @throws CelSyntaxError */
export const compileExpression = (source: string, environment: Environment, variables: Variables, expected?: CelType): Expression => {
  const tree = parse(source);
  const checked = check(tree, environment, variables);
  if (expected && !isCompatible(checked.type, expected))
    throw new CelSyntaxError(`must evaluate to ${showType(expected)} but is ${showType(checked.type)}`);
  const code = compile(tree, environment, new Map([...variables.keys()].map((name, slot) => [name, slot])));
  const used = new Set(source.match(/[A-Za-z_]\w*/g));
  return {
    ...checked,
    source,
    uses: (variable) => used.has(variable) && mentions(tree, variable),
    run: (frame) => {
      frame.budget.beginCall();
      try {
        return code(frame);
      } catch (error) {
        if (error instanceof RangeError) throw new CelError(error.message); // a text or number that is too large for the runtime
        throw error;
      }
    },
  };
};

/** Whether any part of the tree is the identifier. */
const mentions = (node: unknown, variable: string): boolean => {
  if (typeof node !== 'object' || node === null) return false;
  if ('kind' in node && node.kind === 'literal') return false;
  if ('kind' in node && node.kind === 'ident' && 'name' in node && node.name === variable) return true;
  return Object.values(node).some((part) => mentions(part, variable));
};
