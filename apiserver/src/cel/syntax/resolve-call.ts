import type { Functions } from '../library/functions.ts';
import type { Overload } from '../library/overload.ts';
import type { Expr } from './ast.ts';

/** `a.b.c` as text, when the expression is a chain of plain names. */
export const qualifiedName = (expr: Expr | undefined): string | undefined => {
  if (expr?.kind === 'ident') return expr.name;
  if (expr?.kind !== 'select' || expr.optional) return undefined;
  const prefix = qualifiedName(expr.operand);
  return prefix === undefined ? undefined : `${prefix}.${expr.field}`;
};

const rootName = (expr: Expr): string | undefined => {
  if (expr.kind === 'ident') return expr.name;
  return expr.kind === 'select' ? rootName(expr.operand) : undefined;
};

type Call = Extract<Expr, { kind: 'call' }>;

/** Which overloads a call may mean and what their arguments are: `sets.contains(a, b)` is a function in a namespace, `a.contains(b)` a method. */
export const resolveCall = (
  call: Call,
  functions: Functions,
  isVariable: (name: string) => boolean,
): { args: Expr[]; overloads: readonly Overload[] } => {
  const { target, name, args } = call;
  const ofLength = (overloads: readonly Overload[], length: number) => overloads.filter((overload) => overload.params.length === length);
  if (!target) return { args, overloads: ofLength(functions.find(name, false), args.length) };
  const prefix = qualifiedName(target);
  if (prefix !== undefined && !isVariable(rootName(target) ?? '')) {
    const overloads = ofLength(functions.find(`${prefix}.${name}`, false), args.length);
    if (overloads.length > 0) return { args, overloads };
  }
  return { args: [target, ...args], overloads: ofLength(functions.find(name, true), args.length + 1) };
};

const typeNames = new Set(
  'bool int uint double string bytes list map null_type type optional_type google.protobuf.Timestamp google.protobuf.Duration quantity url ip cidr semver format object'.split(
    ' ',
  ),
);

/** Names of types are values too: `type(self.port) == int`. */
export const isTypeName = (name: string | undefined): name is string => name !== undefined && typeNames.has(name);
