import { CelError } from '../cel-error.ts';
import type { Environment } from '../environment.ts';
import { accepts } from '../library/functions.ts';
import type { Overload } from '../library/overload.ts';
import type { Expr } from '../syntax/ast.ts';
import { isTypeName, qualifiedName, resolveCall } from '../syntax/resolve-call.ts';
import { ArrayList, EntryMap, none, OptionalValue, sizeOf, TypeValue, type Value } from '../value/value.ts';
import { accessField, accessIndex, accessPath, hasField } from './access.ts';
import { negate } from './arithmetic.ts';
import { compileBinary } from './compile-binary.ts';
import { compileMacro } from './compile-macro.ts';
import type { Code, Frame } from './frame.ts';

/** Where each variable lives in the frame. */
export type Slots = ReadonlyMap<string, number>;
export type CompileInner = (expr: Expr, more?: Iterable<[string, number]>) => Code;

/** Turns a checked expression into nested closures; every one of them pays from the frame's budget. */
export const compile = (expr: Expr, environment: Environment, slots: Slots): Code => {
  const inner: CompileInner = (part, more) => compile(part, environment, more ? new Map([...slots, ...more]) : slots);
  switch (expr.kind) {
    case 'literal':
      return literal(expr.value);
    case 'ident':
      return compileIdent(expr.name, slots);
    case 'select':
      return compileSelect(expr, slots, inner);
    case 'has':
      return compileHas(inner(expr.operand), expr.field);
    case 'index':
      return compileIndex(expr, inner);
    case 'call':
      return compileCall(expr, environment, slots, inner);
    case 'unary':
      return compileUnary(expr, inner);
    case 'binary':
      return compileBinary(expr.operator, inner(expr.left), inner(expr.right));
    case 'logic':
      return compileLogic(
        expr.terms.map((term) => inner(term)),
        expr.operator === '||',
      );
    case 'conditional':
      return compileConditional(inner(expr.test), inner(expr.then), inner(expr.otherwise));
    case 'list':
      return compileList(expr.items.map(({ value, optional }) => ({ value: inner(value), optional })));
    case 'map':
      return compileMap(expr.entries.map(({ key, value, optional }) => ({ key: inner(key), value: inner(value), optional })));
    case 'macro': {
      const slotsFrom = slots.size;
      const variables = expr.variables.map((name, index): [string, number] => [name, slotsFrom + index]);
      // A variable may hide another of its name, so slots are counted by position, not by name.
      const steps = expr.steps.map((step) => inner(step, reserve(slots, variables)));
      return compileMacro(
        expr.macro,
        inner(expr.range),
        variables.map(([, slot]) => slot),
        steps,
      );
    }
    case 'bind':
      return compileBind(inner(expr.value), slots.size, inner(expr.body, reserve(slots, [[expr.variable, slots.size]])));
    case 'optMap':
      return compileOptMap(expr.flat, inner(expr.operand), slots.size, inner(expr.body, reserve(slots, [[expr.variable, slots.size]])));
  }
};

type Of<K extends Expr['kind']> = Extract<Expr, { kind: K }>;

/** Keeps the number of names equal to the number of slots also when a name is hidden. */
const reserve = (slots: Slots, variables: [string, number][]): [string, number][] =>
  variables.flatMap(([name, slot]): [string, number][] =>
    slots.has(name)
      ? [
          [`${slot}#`, slot],
          [name, slot],
        ]
      : [[name, slot]],
  );

// Each kind of closure is made in a function of its own, so that it holds on to nothing but what it uses: a request walks hundreds of
// them, and what they hold must come from memory first.

const literal =
  (value: Value): Code =>
  () =>
    value;

const compileHas =
  (operand: Code, field: string): Code =>
  (frame) =>
    hasField(operand(frame), field);

const compileIdent = (name: string, slots: Slots): Code => {
  const slot = slots.get(name);
  if (slot === undefined && isTypeName(name)) {
    const type = new TypeValue(name);
    return () => type;
  }
  if (slot === undefined) throw new CelError(`undeclared reference to '${name}'`);
  return variableAt(slot);
};

const variableAt =
  (slot: number): Code =>
  (frame) => {
    frame.budget.spend(1);
    return frame.slots[slot] ?? null;
  };

const compileSelect = (expr: Of<'select'>, slots: Slots, inner: CompileInner): Code => {
  const qualified = qualifiedName(expr);
  if (isTypeName(qualified) && !slots.has(qualified.split('.', 1)[0] ?? '')) return compileIdent(qualified, new Map());
  if (qualified !== undefined && slots.has(qualified)) return compileIdent(qualified, slots);
  const path = pathOf(expr, slots);
  return path ? fieldsOf(path.slot, path.fields) : fieldOf(inner(expr.operand), expr.field, expr.optional);
};

/** `a.b.c` of a variable `a`: walked in one step, the commonest of all. */
const pathOf = (expr: Expr, slots: Slots): { slot: number; fields: readonly string[] } | undefined => {
  const slot = slots.get(qualifiedName(expr) ?? '');
  if (slot !== undefined) return { slot, fields: [] };
  if (expr.kind !== 'select' || expr.optional) return undefined;
  const path = pathOf(expr.operand, slots);
  return path && { slot: path.slot, fields: [...path.fields, expr.field] };
};

const fieldsOf =
  (slot: number, fields: readonly string[]): Code =>
  (frame) => {
    frame.budget.spend(1 + fields.length);
    return accessPath(frame.slots[slot] ?? null, fields);
  };

const fieldOf =
  (operand: Code, field: string, isOptional: boolean): Code =>
  (frame) => {
    frame.budget.spend(1);
    return accessField(operand(frame), field, isOptional);
  };

const compileIndex = (expr: Of<'index'>, inner: CompileInner): Code => {
  const operand = inner(expr.operand);
  const index = inner(expr.index);
  return (frame) => {
    frame.budget.spend(1);
    return accessIndex(operand(frame), index(frame), expr.optional);
  };
};

const compileCall = (expr: Of<'call'>, environment: Environment, slots: Slots, inner: CompileInner): Code => {
  const { args, overloads } = resolveCall(expr, environment.functions, (name) => slots.has(name));
  const codes = args.map((arg) => inner(arg));
  return (frame) => {
    const values = codes.map((code) => code(frame));
    const chosen = overloads.find((overload) => accepts(overload, values));
    if (!chosen) throw new CelError(`no such overload: ${expr.name}`);
    return invoke(chosen, values, frame);
  };
};

const invoke = (overload: Overload, values: Value[], frame: Frame): Value => {
  const sizes = values.map(sizeOf);
  frame.budget.spend(overload.price(sizes));
  // A function may walk its arguments whatever it costs on paper.
  for (const size of sizes) frame.budget.work(size >> 3);
  return overload.call(values, frame);
};

const compileUnary = (expr: Of<'unary'>, inner: CompileInner): Code => {
  const operand = inner(expr.operand);
  if (expr.operator === '-') {
    return (frame) => {
      frame.budget.spend(1);
      return negate(operand(frame));
    };
  }
  return (frame) => {
    frame.budget.spend(1);
    const value = operand(frame);
    if (typeof value !== 'boolean') throw new CelError('no such overload');
    return !value;
  };
};

/** `||` (decided by true) and `&&` (decided by false): a term that decides hides the errors of the others, whichever side they are on. */
const compileLogic =
  (terms: readonly Code[], deciding: boolean): Code =>
  (frame) => {
    let failure: CelError | undefined;
    for (const term of terms) {
      try {
        const value = term(frame);
        if (value === deciding) return deciding;
        if (typeof value !== 'boolean') throw new CelError('no such overload');
      } catch (error) {
        if (!(error instanceof CelError)) throw error;
        frame.budget.spend(10);
        failure ??= error;
      }
    }
    if (failure) throw failure;
    return !deciding;
  };

const compileConditional =
  (test: Code, then: Code, otherwise: Code): Code =>
  (frame) => {
    const value = test(frame);
    if (typeof value !== 'boolean') throw new CelError('no such overload');
    return value ? then(frame) : otherwise(frame);
  };

/** Present unless it is an entry marked `?` whose optional is empty. */
const presentValue = (value: Value, optional: boolean): Value | undefined => {
  if (!optional) return value;
  if (!(value instanceof OptionalValue)) throw new CelError('no such overload');
  return value.value;
};

const compileList =
  (items: readonly { value: Code; optional: boolean }[]): Code =>
  (frame) => {
    frame.budget.spend(10);
    const values = items.map(({ value, optional }) => presentValue(value(frame), optional));
    return new ArrayList(values.filter((value) => value !== undefined));
  };

const compileMap =
  (entries: readonly { key: Code; value: Code; optional: boolean }[]): Code =>
  (frame) => {
    frame.budget.spend(30);
    const map = new EntryMap();
    for (const entry of entries) {
      const key = entry.key(frame);
      const value = presentValue(entry.value(frame), entry.optional);
      if (value !== undefined) map.add(key, value);
    }
    return map;
  };

const compileBind =
  (value: Code, slot: number, body: Code): Code =>
  (frame) => {
    frame.budget.spend(10);
    frame.slots[slot] = value(frame);
    return body(frame);
  };

const compileOptMap =
  (isFlat: boolean, operand: Code, slot: number, body: Code): Code =>
  (frame) => {
    frame.budget.spend(10);
    const optional = operand(frame);
    if (!(optional instanceof OptionalValue)) throw new CelError('no such overload');
    if (optional.value === undefined) return none;
    frame.slots[slot] = optional.value;
    const result = body(frame);
    return isFlat ? result : new OptionalValue(result);
  };
