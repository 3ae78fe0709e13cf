import { CelSyntaxError } from '../cel-error.ts';
import type { Expr } from '../syntax/ast.ts';
import type { Checked, CheckInner } from './check.ts';
import { macroCost } from './macro-cost.ts';
import { bool, type CelType, dyn, int, isCompatible, listOf, mapOf, showType } from './type.ts';

type Macro = Extract<Expr, { kind: 'macro' }>;

interface Range {
  one: CelType;
  two: [CelType, CelType];
  max: number;
}

const rangeOf = (type: CelType): Range => {
  if (type.kind === 'list') return { one: type.item, two: [int, type.item], max: type.max };
  if (type.kind === 'map') return { one: type.key, two: [type.key, type.value], max: type.max };
  if (type.kind === 'dyn') return { one: dyn, two: [dyn, dyn], max: type.max };
  throw new CelSyntaxError(`expression of type '${showType(type)}' cannot be range of a comprehension (must be list, map, or dynamic)`);
};

export const checkMacro = (expr: Macro, inner: CheckInner): Checked => {
  const operand = inner(expr.range);
  const range = rangeOf(operand.type);
  const [first = '', second] = expr.variables;
  const variables: [string, CelType][] =
    second === undefined
      ? [[first, range.one]]
      : [
          [first, range.two[0]],
          [second, range.two[1]],
        ];
  const steps = expr.steps.map((step) => inner(step, variables));
  const last = steps.at(-1)?.type ?? dyn;
  const conditions = ['all', 'exists', 'existsOne', 'filter'].includes(expr.macro) ? steps : steps.slice(0, -1);
  for (const { type } of conditions) {
    if (!isCompatible(type, bool)) throw new CelSyntaxError(`${expr.macro}: expected type 'bool' but found '${showType(type)}'`);
  }
  const perStep = steps.reduce((cost, step) => cost + step.cost, macroCost[expr.macro]);
  return { type: macroType(expr.macro, range, last), cost: operand.cost + 1 + range.max * perStep };
};

const macroType = (macro: Macro['macro'], range: Range, last: CelType): CelType => {
  switch (macro) {
    case 'map':
    case 'transformList':
      return listOf(last, range.max);
    case 'filter':
      return listOf(range.one, range.max);
    case 'transformMap':
      return mapOf(range.two[0], last, range.max);
    case 'transformMapEntry':
      return last.kind === 'map' ? { ...last, max: range.max } : dyn;
    default:
      return bool;
  }
};
