import { CelSyntaxError } from '../cel-error.ts';
import { checkedInt, Uint, type Value } from '../value/value.ts';
import type { BinaryOperator, Expr } from './ast.ts';
import { expandMacro } from './macros.ts';
import { type Token, tokenize } from './tokenize.ts';

/** A tree that is higher than this is refused, so that no later pass can run out of stack. */
const maxHeight = 250;
const maxLength = 100_000;

const precedence: Record<string, number> = {
  '==': 1,
  '!=': 1,
  '<': 1,
  '<=': 1,
  '>': 1,
  '>=': 1,
  in: 1,
  '+': 2,
  '-': 2,
  '*': 3,
  '/': 3,
  '%': 3,
};

const reserved = new Set(
  'as break const continue else for function if import let loop package namespace return var void while in true false null'.split(' '),
);

/** The macro-expanded syntax tree of a CEL expression. @throws CelSyntaxError */
export const parse = (source: string): Expr => {
  if (source.length > maxLength) throw new CelSyntaxError(`expression is longer than ${maxLength} characters`);
  if (source.trim() === '') throw new CelSyntaxError('Syntax error: the expression is empty');
  return new Parser(tokenize(source)).parseAll();
};

/** Distributes `Omit` over the union of expression kinds. */
type Unplaced<T> = T extends unknown ? Omit<T, 'at' | 'height'> : never;

class Parser {
  readonly #tokens: Token[];
  #next = 0;
  #depth = 0;

  constructor(tokens: Token[]) {
    this.#tokens = tokens;
  }

  parseAll(): Expr {
    const expr = this.#expression();
    if (this.#peek().kind !== 'end') throw this.#unexpected();
    return expr;
  }

  #peek(): Token {
    return this.#tokens[this.#next] ?? { kind: 'end', text: '<end>', at: 0 };
  }

  #take(): Token {
    const token = this.#peek();
    this.#next++;
    return token;
  }

  #accept(text: string): boolean {
    const token = this.#peek();
    if (token.text !== text || (token.kind !== 'punct' && token.kind !== 'ident')) return false;
    this.#next++;
    return true;
  }

  #expect(text: string): void {
    if (!this.#accept(text)) throw this.#unexpected(`'${text}'`);
  }

  #unexpected(wanted?: string): CelSyntaxError {
    const token = this.#peek();
    return new CelSyntaxError(`Syntax error at ${token.at + 1}: unexpected '${token.text}'${wanted ? `, expecting ${wanted}` : ''}`);
  }

  #node(at: number, children: readonly Expr[], fields: Unplaced<Expr>): Expr {
    const height = children.reduce((highest, child) => Math.max(highest, child.height), 0) + 1;
    if (height > maxHeight) throw new CelSyntaxError(`expression recursion limit exceeded: ${maxHeight}`);
    return { ...fields, at, height } as Expr; // the compiler does not see that a spread over the union gives the union
  }

  #expression(): Expr {
    if (++this.#depth > maxHeight) throw new CelSyntaxError(`expression recursion limit exceeded: ${maxHeight}`);
    const test = this.#logic('||');
    const expr = this.#accept('?') ? this.#conditional(test) : test;
    this.#depth--;
    return expr;
  }

  #conditional(test: Expr): Expr {
    const then = this.#logic('||');
    this.#expect(':');
    const otherwise = this.#expression();
    return this.#node(test.at, [test, then, otherwise], { kind: 'conditional', test, then, otherwise });
  }

  #logic(operator: '||' | '&&'): Expr {
    const operand = () => (operator === '||' ? this.#logic('&&') : this.#binary(1));
    const terms = [operand()];
    while (this.#accept(operator)) terms.push(operand());
    const [first] = terms;
    return terms.length === 1 && first ? first : this.#node(first?.at ?? 0, terms, { kind: 'logic', operator, terms });
  }

  #binary(minimum: number): Expr {
    let left = this.#unary();
    for (;;) {
      const token = this.#peek();
      const level = token.kind === 'punct' || token.text === 'in' ? precedence[token.text] : undefined;
      if (level === undefined || level < minimum || token.kind === 'string') return left;
      this.#next++;
      const right = this.#binary(level + 1);
      left = this.#node(token.at, [left, right], { kind: 'binary', operator: token.text as BinaryOperator, left, right }); // the table has only operators
    }
  }

  #unary(): Expr {
    const token = this.#peek();
    if (token.kind !== 'punct' || (token.text !== '!' && token.text !== '-')) return this.#postfix(this.#primary());
    this.#next++;
    const following = this.#peek();
    if (token.text === '-' && (following.kind === 'int' || following.kind === 'double')) {
      this.#next++;
      return this.#postfix(this.#literal(token.at, numberValue(following, '-')));
    }
    if (++this.#depth > maxHeight) throw new CelSyntaxError(`expression recursion limit exceeded: ${maxHeight}`);
    const operand = this.#unary();
    this.#depth--;
    return this.#node(token.at, [operand], { kind: 'unary', operator: token.text, operand });
  }

  #postfix(start: Expr): Expr {
    let expr = start;
    for (;;) {
      if (this.#accept('.')) expr = this.#member(expr);
      else if (this.#accept('[')) {
        const optional = this.#accept('?');
        const index = this.#expression();
        this.#expect(']');
        expr = this.#node(expr.at, [expr, index], { kind: 'index', operand: expr, index, optional });
      } else return expr;
    }
  }

  #member(operand: Expr): Expr {
    const optional = this.#accept('?');
    const token = this.#take();
    if (token.kind !== 'ident' && token.kind !== 'quoted') {
      this.#next--;
      throw this.#unexpected('a field name');
    }
    if (optional || token.kind === 'quoted' || !this.#accept('(')) {
      return this.#node(operand.at, [operand], { kind: 'select', operand, field: token.text, optional });
    }
    return this.#call(token, operand, this.#list(')'));
  }

  #call(token: Token, target: Expr | undefined, args: Expr[]): Expr {
    const macro = expandMacro(token.text, target, args);
    const children = target ? [target, ...args] : args;
    return this.#node(token.at, children, macro ?? { kind: 'call', name: token.text, target, args });
  }

  #list(end: string): Expr[] {
    const items: Expr[] = [];
    while (!this.#accept(end)) {
      items.push(this.#expression());
      if (this.#accept(',')) continue;
      this.#expect(end);
      break;
    }
    return items;
  }

  #primary(): Expr {
    const token = this.#take();
    if (token.kind === 'string' || token.kind === 'bytes') return this.#literal(token.at, token.content ?? '');
    if (token.kind === 'int' || token.kind === 'uint' || token.kind === 'double') return this.#literal(token.at, numberValue(token, ''));
    if (token.kind === 'ident') return this.#name(token);
    if (token.text === '(') {
      const inner = this.#expression();
      this.#expect(')');
      return inner;
    }
    if (token.text === '[' && token.kind === 'punct') return this.#listLiteral(token.at);
    if (token.text === '{' && token.kind === 'punct') return this.#mapLiteral(token.at);
    if (token.text === '.' && this.#peek().kind === 'ident') return this.#name(this.#take());
    this.#next--;
    throw this.#unexpected();
  }

  #literal(at: number, value: Value): Expr {
    return this.#node(at, [], { kind: 'literal', value });
  }

  #name(token: Token): Expr {
    if (token.text === 'true' || token.text === 'false') return this.#literal(token.at, token.text === 'true');
    if (token.text === 'null') return this.#literal(token.at, null);
    if (reserved.has(token.text)) throw new CelSyntaxError(`Syntax error at ${token.at + 1}: reserved identifier: ${token.text}`);
    if (this.#accept('(')) return this.#call(token, undefined, this.#list(')'));
    return this.#node(token.at, [], { kind: 'ident', name: token.text });
  }

  #listLiteral(at: number): Expr {
    const items: { value: Expr; optional: boolean }[] = [];
    while (!this.#accept(']')) {
      const optional = this.#accept('?');
      items.push({ value: this.#expression(), optional });
      if (this.#accept(',')) continue;
      this.#expect(']');
      break;
    }
    const children = items.map((item) => item.value);
    return this.#node(at, children, { kind: 'list', items });
  }

  #mapLiteral(at: number): Expr {
    const entries: { key: Expr; value: Expr; optional: boolean }[] = [];
    while (!this.#accept('}')) {
      const optional = this.#accept('?');
      const key = this.#expression();
      this.#expect(':');
      entries.push({ key, value: this.#expression(), optional });
      if (this.#accept(',')) continue;
      this.#expect('}');
      break;
    }
    const children = entries.flatMap((entry) => [entry.key, entry.value]);
    return this.#node(at, children, { kind: 'map', entries });
  }
}

const numberValue = (token: Token, sign: '' | '-'): Value => {
  if (token.kind === 'double') return Number(sign + token.text);
  const digits = BigInt(token.kind === 'uint' ? token.text.slice(0, -1) : token.text);
  try {
    return token.kind === 'uint' ? new Uint(digits) : checkedInt(sign ? -digits : digits);
  } catch {
    throw new CelSyntaxError(`Syntax error at ${token.at + 1}: invalid ${token.kind} literal`);
  }
};
