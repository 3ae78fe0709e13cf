import { CelSyntaxError } from '../cel-error.ts';
import type { Expr } from '../syntax/ast.ts';
import type { Checked, CheckInner } from './check.ts';
import { bool, type CelType, dyn, isComparable, isCompatible, join, maxSize, showType } from './type.ts';

type Binary = Extract<Expr, { kind: 'binary' }>;

const numeric = ['int', 'uint', 'double'];
const ordered = [...numeric, 'string', 'bytes', 'bool', 'timestamp', 'duration'];

export const checkBinary = (expr: Binary, inner: CheckInner): Checked => {
  const left = inner(expr.left);
  const right = inner(expr.right);
  const type = resultType(expr.operator, left.type, right.type);
  if (!type) {
    throw new CelSyntaxError(
      `found no matching overload for '_${expr.operator}_' applied to '(${showType(left.type)}, ${showType(right.type)})'`,
    );
  }
  return { type, cost: left.cost + right.cost + operatorCost(expr.operator, left.type, right.type) };
};

const resultType = (operator: Binary['operator'], left: CelType, right: CelType): CelType | undefined => {
  switch (operator) {
    case '==':
    case '!=':
      return isComparable(left, right) ? bool : undefined;
    case 'in':
      return isMember(left, right) ? bool : undefined;
    case '<':
    case '<=':
    case '>':
    case '>=':
      return isOrdered(left, right) ? bool : undefined;
    case '+':
      return sumType(left, right);
    case '-':
      return differenceType(left, right);
    default:
      return productType(operator, left, right);
  }
};

const isMember = (item: CelType, container: CelType): boolean => {
  if (container.kind === 'dyn') return true;
  if (container.kind === 'list') return isComparable(item, container.item);
  return container.kind === 'map' && isComparable(item, container.key);
};

const isOrdered = (left: CelType, right: CelType): boolean => {
  if (left.kind === 'dyn' || right.kind === 'dyn') return true;
  if (numeric.includes(left.kind) && numeric.includes(right.kind)) return true;
  return left.kind === right.kind && ordered.includes(left.kind);
};

const grown = (left: CelType, right: CelType): number => maxSize(left) + maxSize(right);

const sumType = (left: CelType, right: CelType): CelType | undefined => {
  if (left.kind === 'dyn' || right.kind === 'dyn') return { kind: 'dyn', max: grown(left, right) };
  if (left.kind === 'list' && right.kind === 'list') {
    return isCompatible(left.item, right.item) ? { ...left, item: join(left.item, right.item), max: grown(left, right) } : undefined;
  }
  if ((left.kind === 'string' || left.kind === 'bytes') && left.kind === right.kind) return { kind: left.kind, max: grown(left, right) };
  if (left.kind === right.kind && (numeric.includes(left.kind) || left.kind === 'duration')) return left;
  const isMoved = (left.kind === 'timestamp' && right.kind === 'duration') || (left.kind === 'duration' && right.kind === 'timestamp');
  return isMoved ? { kind: 'timestamp' } : undefined;
};

const differenceType = (left: CelType, right: CelType): CelType | undefined => {
  if (left.kind === 'dyn' || right.kind === 'dyn') return dyn;
  if (left.kind === right.kind && numeric.includes(left.kind)) return left;
  if (left.kind === 'timestamp') return right.kind === 'timestamp' ? { kind: 'duration' } : right.kind === 'duration' ? left : undefined;
  return left.kind === 'duration' && right.kind === 'duration' ? left : undefined;
};

const productType = (operator: '*' | '/' | '%', left: CelType, right: CelType): CelType | undefined => {
  const allowed = operator === '%' ? ['int', 'uint'] : numeric;
  if (left.kind === 'dyn') return right.kind === 'dyn' || allowed.includes(right.kind) ? dyn : undefined;
  if (!allowed.includes(left.kind)) return undefined;
  return right.kind === 'dyn' ? dyn : left.kind === right.kind ? left : undefined;
};

/** A tenth of a unit for each character or element of the shorter side. */
const compareCost = (left: CelType, right: CelType): number => Math.ceil(Math.min(maxSize(left), maxSize(right)) * 0.1);

const operatorCost = (operator: Binary['operator'], left: CelType, right: CelType): number => {
  if (operator === 'in') return right.kind === 'list' ? right.max + 1 : 1;
  if (operator === '+')
    return Math.max(1, 'max' in left && 'max' in right && left.kind !== 'list' ? Math.ceil(grown(left, right) * 0.1) : 1);
  return ['==', '!=', '<', '<=', '>', '>='].includes(operator) ? 1 + compareCost(left, right) : 1;
};
