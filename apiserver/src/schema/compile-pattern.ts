import { RE2JS } from '@bufbuild/re2';

/** Says whether the pattern matches anywhere in the text, in time linear in the text. */
export type Matcher = (text: string) => boolean;

/** Steps that a backtracking match may cost before the automaton is the better choice. */
const stepBudget = 20_000;

const charClass = /\[\^?(?:[A-Za-z0-9 _@#%&=:;,<>"'/.*+?(){}$!~|-]|\\[dw.\-\]\\/^[])+\]/.source;
const atom = `(?:[A-Za-z0-9 _@#%&=:;,<>"'/~!-]|\\\\[dw.\\-/+*?()|[\\]{}$^\\\\]|${charClass})`;
const token = new RegExp(`(?<atom>${atom})|(?<open>\\((?:\\?:)?)|(?<close>\\))|(?<or>\\|)|(?<start>\\^)|(?<end>\\$)`, 'y');
const quantifier = /(?:[*+?]|\{\d{1,4}(?:,\d{0,4})?\})(?![*+?{])/y;

interface Cost {
  /** Repetitions of varying length: each multiplies the ways to match by the length of the text. */
  loops: number;
  /** What optional parts and alternatives multiply them by. */
  factor: number;
}

/**
 * What a backtracking engine may cost, when the pattern is of the plain sort that both engines read alike and nothing
 * that varies is repeated; otherwise undefined.
 */
const costOf = (pattern: string): Cost | undefined => {
  const cost: Cost = { loops: pattern.startsWith('^') && !pattern.includes('|') ? 0 : 1, factor: pattern.length + 1 };
  let afterGroup = false;
  let at = 0;
  while (at < pattern.length) {
    token.lastIndex = at;
    const found = token.exec(pattern)?.groups;
    if (!found) return undefined;
    at = token.lastIndex;
    afterGroup = found.close !== undefined;
    if (found.or !== undefined) cost.factor *= 2;
    quantifier.lastIndex = at;
    const repeat = quantifier.exec(pattern)?.[0];
    if (repeat === undefined) continue;
    if (found.atom === undefined && !(afterGroup && repeat === '?')) return undefined;
    at = quantifier.lastIndex;
    if (repeat === '?') cost.factor *= 2;
    else if (!/^\{\d+\}$/.test(repeat)) cost.loops++;
    else cost.factor *= Math.max(1, Number(repeat.slice(1, -1)));
  }
  return cost;
};

/** A range such as `[z-a]` or a `-` between classes reads differently per engine; Unicode mode refuses what is doubtful. */
const nativeOf = (pattern: string): RegExp | undefined => {
  try {
    return new RegExp(pattern, 'u');
  } catch {
    return undefined;
  }
};

/**
 * Compiles a pattern in RE2's syntax. Short texts against plain patterns go to the native engine, within a budget of steps;
 * everything else to RE2.
 * @throws Error when the pattern is not RE2 syntax.
 */
export const compilePattern = (pattern: string): Matcher => {
  const automaton = new RE2JS(pattern);
  const cost = costOf(pattern);
  const native = cost && nativeOf(pattern);
  if (!native) return (text) => automaton.test(text);
  const longest = Math.floor((stepBudget / cost.factor) ** (1 / Math.max(1, cost.loops))) - 1;
  return (text) => (text.length <= longest ? native.test(text) : automaton.test(text));
};
