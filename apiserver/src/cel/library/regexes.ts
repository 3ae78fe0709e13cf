import { ArrayList } from '../value/value.ts';
import { type CallContext, matching, method, type Overload } from './overload.ts';

const findAll = (text: string, pattern: string, limit: bigint, context: CallContext): ArrayList => {
  const { budget } = context;
  const compiled = context.regex(pattern);
  const found: string[] = [];
  for (let from = 0; from <= text.length && (limit < 0n || BigInt(found.length) < limit); ) {
    const span = compiled.find(text, from, budget);
    if (!span) break;
    budget.spend(1);
    found.push(text.slice(span.start, span.end));
    from = span.end > span.start ? span.end : span.end + ((text.codePointAt(span.end) ?? 0) > 0xffff ? 2 : 1);
  }
  return new ArrayList(found);
};

const find = (text: string, pattern: string, context: CallContext): string => {
  const span = context.regex(pattern).find(text, 0, context.budget);
  return span ? text.slice(span.start, span.end) : '';
};

const cost = { price: matching, resultMax: ([text = 1]: readonly number[]) => text };

export const regexFunctions: readonly Overload[] = [
  method('string.find(string): string', find, cost),
  method(
    'string.findAll(string): list<string>',
    (text: string, pattern: string, context: CallContext) => findAll(text, pattern, -1n, context),
    cost,
  ),
  method('string.findAll(string, int): list<string>', findAll, cost),
];
