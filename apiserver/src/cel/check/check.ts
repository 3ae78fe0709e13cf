import { CelError, CelSyntaxError } from '../cel-error.ts';
import type { Environment } from '../environment.ts';
import type { Expr } from '../syntax/ast.ts';
import { isTypeName, qualifiedName, resolveCall } from '../syntax/resolve-call.ts';
import { kindOf, sizeOf } from '../value/value.ts';
import { checkBinary } from './check-binary.ts';
import { checkMacro } from './check-macro.ts';
import { fieldOf } from './field-of.ts';
import { matchOverloads } from './match-overloads.ts';
import { bool, type CelType, dyn, isCompatible, join, listOf, mapOf, optionalOf, showType } from './type.ts';

/** The static type of an expression, and the most that evaluating it can cost. */
export interface Checked {
  type: CelType;
  cost: number;
}

export type Variables = ReadonlyMap<string, CelType>;
export type CheckInner = (expr: Expr, more?: Iterable<[string, CelType]>) => Checked;

/** @throws CelSyntaxError for names, fields, functions and operators that the declared types do not have. */
export const check = (expr: Expr, environment: Environment, variables: Variables): Checked => {
  const inner: CheckInner = (part, more) => check(part, environment, more ? new Map([...variables, ...more]) : variables);
  switch (expr.kind) {
    case 'literal':
      return { type: literalType(expr), cost: 0 };
    case 'ident':
      return checkIdent(expr.name, variables);
    case 'select':
      return checkSelect(expr, variables, inner);
    case 'has': {
      const operand = inner(expr.operand);
      fieldType(operand.type, expr.field);
      return { type: bool, cost: operand.cost };
    }
    case 'index':
      return checkIndex(expr, inner);
    case 'call':
      return checkCall(expr, environment, variables, inner);
    case 'unary':
      return checkUnary(expr, inner);
    case 'binary':
      return checkBinary(expr, inner);
    case 'logic':
      return { type: bool, cost: expr.terms.reduce((cost, term) => cost + expectBool(inner(term), term).cost, 0) };
    case 'conditional':
      return checkConditional(expr, inner);
    case 'list':
    case 'map':
      return checkLiteralCollection(expr, inner);
    case 'macro':
      return checkMacro(expr, inner);
    case 'bind': {
      const value = inner(expr.value);
      const body = inner(expr.body, [[expr.variable, value.type]]);
      return { type: body.type, cost: value.cost + body.cost + 10 };
    }
    case 'optMap':
      return checkOptMap(expr, inner);
  }
};

type Of<K extends Expr['kind']> = Extract<Expr, { kind: K }>;

const literalType = ({ value }: Of<'literal'>): CelType => {
  const kind = kindOf(value);
  if (kind === 'string' || kind === 'bytes') return { kind, max: sizeOf(value) };
  return { kind: kind as 'int' }; // the other literals are numbers, booleans and null
};

const checkIdent = (name: string, variables: Variables): Checked => {
  const type = variables.get(name) ?? (isTypeName(name) ? ({ kind: 'type' } as const) : undefined);
  if (!type) throw new CelSyntaxError(`undeclared reference to '${name}' (in container '')`);
  return { type, cost: 1 };
};

/** The type of a field, also through an optional, whose fields are optional. */
const fieldType = (type: CelType, field: string): CelType => {
  if (type.kind === 'dyn') return dyn;
  if (type.kind === 'map') return type.value;
  if (type.kind === 'optional') return optionalOf(fieldType(type.of, field));
  if (type.kind !== 'object') throw new CelSyntaxError(`type '${showType(type)}' does not support field selection`);
  const declared = fieldOf(type, field);
  if (!declared) throw new CelSyntaxError(`undefined field '${field}'`);
  return declared.type;
};

const asOptional = (type: CelType): CelType => (type.kind === 'optional' ? type : optionalOf(type));

const checkSelect = (expr: Of<'select'>, variables: Variables, inner: CheckInner): Checked => {
  const qualified = qualifiedName(expr);
  if (isTypeName(qualified) && !variables.has(qualified.split('.', 1)[0] ?? '')) return { type: { kind: 'type' }, cost: 1 };
  const whole = qualified === undefined ? undefined : variables.get(qualified);
  if (whole) return { type: whole, cost: 1 };
  const operand = inner(expr.operand);
  const type = fieldType(operand.type, expr.field);
  return { type: expr.optional ? asOptional(type) : type, cost: operand.cost + 1 };
};

const elementType = (type: CelType, index: CelType): CelType => {
  if (type.kind === 'dyn') return dyn;
  if (type.kind === 'optional') return optionalOf(elementType(type.of, index));
  const numeric = index.kind === 'int' || index.kind === 'uint' || index.kind === 'double' || index.kind === 'dyn';
  if (type.kind === 'list' && numeric) return type.item;
  if (type.kind === 'map' && isCompatible(type.key, index)) return type.value;
  throw new CelSyntaxError(`found no matching overload for '_[_]' applied to '(${showType(type)}, ${showType(index)})'`);
};

const checkIndex = (expr: Of<'index'>, inner: CheckInner): Checked => {
  const operand = inner(expr.operand);
  const index = inner(expr.index);
  const type = elementType(operand.type, index.type);
  return { type: expr.optional ? asOptional(type) : type, cost: operand.cost + index.cost + 1 };
};

const checkCall = (expr: Of<'call'>, environment: Environment, variables: Variables, inner: CheckInner): Checked => {
  const { args, overloads } = resolveCall(expr, environment.functions, (name) => variables.has(name));
  const isKnown = overloads.length > 0 || environment.functions.find(expr.name, expr.target !== undefined).length > 0;
  if (!isKnown) throw new CelSyntaxError(`undeclared reference to '${expr.name}' (in container '')`);
  const checked = args.map((arg) => inner(arg));
  const types = checked.map(({ type }) => type);
  const match = matchOverloads(overloads, types);
  if (!match) throw new CelSyntaxError(`found no matching overload for '${expr.name}' applied to '(${types.map(showType).join(', ')})'`);
  if (['matches', 'find', 'findAll'].includes(expr.name)) checkPattern(args[1], environment);
  return { type: match.type, cost: checked.reduce((cost, arg) => cost + arg.cost, match.cost) };
};

const checkPattern = (pattern: Expr | undefined, environment: Environment): void => {
  if (pattern?.kind !== 'literal' || typeof pattern.value !== 'string') return;
  try {
    environment.regex(pattern.value);
  } catch (error) {
    if (error instanceof CelError) throw new CelSyntaxError(`invalid matches argument: ${error.message}`);
    throw error;
  }
};

const expectBool = (checked: Checked, expr: Expr): Checked => {
  if (isCompatible(checked.type, bool) && checked.type.kind !== 'null_type') return checked;
  throw new CelSyntaxError(`expected type 'bool' at ${expr.at + 1} but found '${showType(checked.type)}'`);
};

const checkUnary = (expr: Of<'unary'>, inner: CheckInner): Checked => {
  const operand = inner(expr.operand);
  const { kind } = operand.type;
  const allowed = expr.operator === '!' ? kind === 'bool' : kind === 'int' || kind === 'double';
  if (!allowed && kind !== 'dyn')
    throw new CelSyntaxError(`found no matching overload for '${expr.operator}_' applied to '(${showType(operand.type)})'`);
  return { type: operand.type, cost: operand.cost + 1 };
};

const checkConditional = (expr: Of<'conditional'>, inner: CheckInner): Checked => {
  const test = expectBool(inner(expr.test), expr.test);
  const then = inner(expr.then);
  const otherwise = inner(expr.otherwise);
  if (!isCompatible(then.type, otherwise.type)) {
    throw new CelSyntaxError(
      `found no matching overload for '_?_:_' applied to '(bool, ${showType(then.type)}, ${showType(otherwise.type)})'`,
    );
  }
  return { type: join(then.type, otherwise.type), cost: test.cost + Math.max(then.cost, otherwise.cost) };
};

const unwrapOptional = (type: CelType, isOptional: boolean): CelType => {
  if (!isOptional) return type;
  if (type.kind === 'optional') return type.of;
  if (type.kind === 'dyn') return dyn;
  throw new CelSyntaxError(`expected an optional but found '${showType(type)}'`);
};

const mixed = (types: CelType[]): CelType => (types.length === 0 ? { kind: 'parameter', name: 'T' } : types.reduce(join));

const keyKinds: readonly string[] = ['int', 'uint', 'bool', 'string', 'dyn', 'parameter'];

const checkLiteralCollection = (expr: Of<'list' | 'map'>, inner: CheckInner): Checked => {
  if (expr.kind === 'list') {
    const items = expr.items.map(({ value, optional }) => ({ checked: inner(value), optional }));
    const types = items.map(({ checked, optional }) => unwrapOptional(checked.type, optional));
    return { type: listOf(mixed(types), items.length), cost: items.reduce((cost, { checked }) => cost + checked.cost, 10) };
  }
  const entries = expr.entries.map(({ key, value, optional }) => ({ key: inner(key), value: inner(value), optional }));
  const keys = mixed(entries.map(({ key }) => key.type));
  if (!keyKinds.includes(keys.kind)) throw new CelSyntaxError(`unsupported key type '${keys.kind}'`);
  const values = mixed(entries.map(({ value, optional }) => unwrapOptional(value.type, optional)));
  return { type: mapOf(keys, values, entries.length), cost: entries.reduce((cost, { key, value }) => cost + key.cost + value.cost, 30) };
};

const checkOptMap = (expr: Of<'optMap'>, inner: CheckInner): Checked => {
  const operand = inner(expr.operand);
  const { type } = operand;
  if (type.kind !== 'optional' && type.kind !== 'dyn') throw new CelSyntaxError(`optMap() needs an optional but found '${showType(type)}'`);
  const body = inner(expr.body, [[expr.variable, type.kind === 'optional' ? type.of : dyn]]);
  if (expr.flat && body.type.kind !== 'optional' && body.type.kind !== 'dyn')
    throw new CelSyntaxError('optFlatMap() must give an optional');
  return { type: expr.flat ? body.type : optionalOf(body.type), cost: operand.cost + body.cost + 10 };
};
