import { CelSyntaxError } from '../cel-error.ts';
import type { Expr, MacroName } from './ast.ts';

type Unplaced<T> = T extends unknown ? Omit<T, 'at' | 'height'> : never;
type Expansion = Unplaced<Extract<Expr, { kind: 'has' | 'macro' | 'bind' | 'optMap' }>>;

/** For each name and number of arguments: which macro it is, and how many of the arguments are variables. */
const ranges: Record<string, Record<number, { macro: MacroName; variables: number }>> = {
  all: { 2: { macro: 'all', variables: 1 }, 3: { macro: 'all', variables: 2 } },
  exists: { 2: { macro: 'exists', variables: 1 }, 3: { macro: 'exists', variables: 2 } },
  exists_one: { 2: { macro: 'existsOne', variables: 1 } },
  existsOne: { 2: { macro: 'existsOne', variables: 1 }, 3: { macro: 'existsOne', variables: 2 } },
  filter: { 2: { macro: 'filter', variables: 1 } },
  map: { 2: { macro: 'map', variables: 1 }, 3: { macro: 'map', variables: 1 } },
  transformList: { 3: { macro: 'transformList', variables: 2 }, 4: { macro: 'transformList', variables: 2 } },
  transformMap: { 3: { macro: 'transformMap', variables: 2 }, 4: { macro: 'transformMap', variables: 2 } },
  transformMapEntry: { 3: { macro: 'transformMapEntry', variables: 2 }, 4: { macro: 'transformMapEntry', variables: 2 } },
};

/** What a call stands for when it is a macro; undefined when it is an ordinary function. */
export const expandMacro = (name: string, target: Expr | undefined, args: Expr[]): Expansion | undefined => {
  if (!target) return name === 'has' ? expandHas(args) : undefined;
  if (name === 'bind' && target.kind === 'ident' && target.name === 'cel') return expandBind(args);
  if (name === 'optMap' || name === 'optFlatMap') return expandOptMap(name, target, args);
  const range = Object.hasOwn(ranges, name) ? ranges[name]?.[args.length] : undefined;
  if (!range) return undefined;
  const variables = args.slice(0, range.variables).map(variableName);
  if (new Set(variables).size < variables.length) throw new CelSyntaxError(`${name}: the two variables must have different names`);
  return { kind: 'macro', macro: range.macro, range: target, variables, steps: args.slice(range.variables) };
};

const variableName = (expr: Expr): string => {
  if (expr.kind !== 'ident') throw new CelSyntaxError(`Syntax error at ${expr.at + 1}: argument must be a simple name`);
  return expr.name;
};

const expandHas = ([argument, ...rest]: Expr[]): Expansion => {
  if (argument?.kind !== 'select' || argument.optional || rest.length > 0) throw new CelSyntaxError('invalid argument to has() macro');
  return { kind: 'has', operand: argument.operand, field: argument.field };
};

const expandBind = ([variable, value, body, ...rest]: Expr[]): Expansion => {
  if (!variable || !value || !body || rest.length > 0) throw new CelSyntaxError('cel.bind() takes a name, a value and an expression');
  return { kind: 'bind', variable: variableName(variable), value, body };
};

const expandOptMap = (name: string, operand: Expr, [variable, body, ...rest]: Expr[]): Expansion => {
  if (!variable || !body || rest.length > 0) throw new CelSyntaxError(`${name}() takes a name and an expression`);
  return { kind: 'optMap', flat: name === 'optFlatMap', operand, variable: variableName(variable), body };
};
