import { CelError } from '../cel-error.ts';
import type { BinaryOperator } from '../syntax/ast.ts';
import { compare, isEqual, listContains } from '../value/compare.ts';
import { isList, isMap, type Value } from '../value/value.ts';
import { add, divide, modulo, multiply, subtract } from './arithmetic.ts';
import type { Budget } from './budget.ts';
import type { Code } from './frame.ts';

const isMember = (item: Value, container: Value, budget: Budget): boolean => {
  if (isList(container)) return listContains(container, item, budget);
  if (isMap(container)) return container.has(item);
  throw new CelError('no such overload');
};

const operations: Record<BinaryOperator, (a: Value, b: Value, budget: Budget) => Value> = {
  '+': add,
  '-': subtract,
  '*': multiply,
  '/': divide,
  '%': modulo,
  '==': isEqual,
  '!=': (a, b, budget) => !isEqual(a, b, budget),
  '<': (a, b, budget) => compare(a, b, budget) < 0,
  '<=': (a, b, budget) => compare(a, b, budget) <= 0,
  '>': (a, b, budget) => compare(a, b, budget) > 0,
  '>=': (a, b, budget) => compare(a, b, budget) >= 0,
  in: isMember,
};

export const compileBinary = (operator: BinaryOperator, left: Code, right: Code): Code => {
  const operation = operations[operator];
  return (frame) => {
    frame.budget.spend(1);
    return operation(left(frame), right(frame), frame.budget);
  };
};
