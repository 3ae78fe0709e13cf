import type { Value } from '../value/value.ts';

export type BinaryOperator = '+' | '-' | '*' | '/' | '%' | '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in';

/** The macros that walk a range. `steps` holds the predicate or the transform, or a filter and a transform. */
export type MacroName = 'all' | 'exists' | 'existsOne' | 'map' | 'filter' | 'transformList' | 'transformMap' | 'transformMapEntry';

interface Node {
  /** Offset in the source. */
  at: number;
  /** Height of this tree: bounds the stack that anything which walks it needs. */
  height: number;
}

export type Expr = Node &
  (
    | { kind: 'literal'; value: Value }
    | { kind: 'ident'; name: string }
    | { kind: 'select'; operand: Expr; field: string; optional: boolean }
    | { kind: 'has'; operand: Expr; field: string }
    | { kind: 'index'; operand: Expr; index: Expr; optional: boolean }
    | { kind: 'call'; name: string; target: Expr | undefined; args: Expr[] }
    | { kind: 'unary'; operator: '!' | '-'; operand: Expr }
    | { kind: 'binary'; operator: BinaryOperator; left: Expr; right: Expr }
    | { kind: 'logic'; operator: '&&' | '||'; terms: Expr[] }
    | { kind: 'conditional'; test: Expr; then: Expr; otherwise: Expr }
    | { kind: 'list'; items: { value: Expr; optional: boolean }[] }
    | { kind: 'map'; entries: { key: Expr; value: Expr; optional: boolean }[] }
    | { kind: 'macro'; macro: MacroName; range: Expr; variables: string[]; steps: Expr[] }
    | { kind: 'bind'; variable: string; value: Expr; body: Expr }
    | { kind: 'optMap'; flat: boolean; operand: Expr; variable: string; body: Expr }
  );
