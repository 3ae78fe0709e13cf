import { type CelType, dyn, listOf, mapOf, optionalOf, stringType } from '../check/type.ts';
import type { Budget } from '../evaluate/budget.ts';
import type { Regex } from '../evaluate/regex.ts';
import { kindOf, type Value } from '../value/value.ts';

/** What a function may use beside its arguments. */
export interface CallContext {
  budget: Budget;
  regex(pattern: string): Regex;
}

/** Cost from the sizes of the arguments (receiver first): the true sizes when it runs, the largest possible when it is estimated. */
export type Price = (sizes: readonly number[]) => number;

export interface Overload {
  name: string;
  isMethod: boolean;
  /** The receiver first. */
  params: readonly CelType[];
  result: CelType;
  price: Price;
  /** The largest size of a string or list that comes out. */
  resultMax: Price;
  call(args: readonly Value[], context: CallContext): Value;
}

/** Called only with arguments of the declared types, and with the context after them. */
type Body = (...args: never[]) => Value;

export interface Cost {
  price?: Price;
  resultMax?: Price;
}

const sum: Price = (sizes) => sizes.reduce((total, size) => total + size, 0);
const unit: Price = () => 1;
/** Walks the receiver once. */
export const traverse: Price = ([first = 1]) => Math.ceil(first * 0.1) + 1;
export const traverseAll: Price = (sizes) => Math.ceil(sum(sizes) * 0.1) + 1;
export const perItem: Price = ([first = 1]) => first + 1;
export const product: Price = ([first = 1, second = 1]) => Math.ceil(first * 0.1) * Math.ceil(second * 0.1) + 1;
export const matching: Price = ([text = 1, pattern = 1]) => Math.ceil((text + 1) * 0.1) * Math.ceil(pattern * 0.25) + 1;

const simple = (name: string): CelType => {
  if (name === 'dyn') return dyn;
  if (name === 'string') return stringType();
  if (name === 'bytes') return { kind: 'bytes', max: 3 * 1024 * 1024 };
  if (/^[A-Z]$/.test(name)) return { kind: 'parameter', name };
  return { kind: name as 'int' }; // signatures are written in this folder: a wrong name fails the first test that calls it
};

const splitTop = (text: string): string[] => {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '<') depth++;
    if (text[at] === '>') depth--;
    if (text[at] === ',' && depth === 0) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return text.trim() === '' ? [] : [...parts, text.slice(start)].map((part) => part.trim());
};

const typeOf = (text: string): CelType => {
  const generic = /^(list|map|optional)<(.*)>$/.exec(text);
  if (!generic) return simple(text);
  const [first = dyn, second = dyn] = splitTop(generic[2] ?? '').map(typeOf);
  if (generic[1] === 'list') return listOf(first);
  return generic[1] === 'map' ? mapOf(first, second) : optionalOf(first);
};

const overload = (signature: string, isMethod: boolean, body: Body, cost: Cost): Overload => {
  const match = /^(?:(.+)\.)?([\w.]+)\((.*)\): (.+)$/.exec(signature);
  if (!match) throw new Error(`not a signature: ${signature}`);
  const [, receiver, name = '', params = '', result = ''] = match;
  return {
    name: isMethod || receiver === undefined ? name : `${receiver}.${name}`,
    isMethod,
    params: [...(isMethod && receiver ? [receiver] : []), ...splitTop(params)].map(typeOf),
    result: typeOf(result),
    price: cost.price ?? unit,
    resultMax: cost.resultMax ?? sum,
    call: (args, context) => (body as (...args: unknown[]) => Value)(...args, context), // the declared types hold: `accepts` was asked first
  };
};

/** `method('string.charAt(int): string', (text: string, at: bigint) => …)` */
export const method = (signature: string, body: Body, cost: Cost = {}): Overload => overload(signature, true, body, cost);
/** `func('sets.contains(list<A>, list<A>): bool', …)` */
export const func = (signature: string, body: Body, cost: Cost = {}): Overload => overload(signature, false, body, cost);

const acceptsOne = (param: CelType, value: Value): boolean => {
  if (param.kind === 'dyn' || param.kind === 'parameter') return true;
  const kind = kindOf(value);
  return kind === param.kind || (param.kind === 'map' && kind === 'object');
};

export const accepts = (candidate: Overload, args: readonly Value[]): boolean =>
  candidate.params.every((param, index) => acceptsOne(param, args[index] ?? null));
