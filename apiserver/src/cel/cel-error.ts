/** An expression went wrong while it ran: no such key, division by zero, a bad timestamp. `||`, `&&` and `all` may absorb it. */
export class CelError extends Error {
  override readonly name: string = 'CelError';
}

/** The expression does not parse or does not type-check. It never ran. */
export class CelSyntaxError extends Error {
  override readonly name = 'CelSyntaxError';
}

/** The expression was stopped. Nothing in the language absorbs it: it ends the evaluation, whatever surrounds the call. */
export class BudgetExceeded extends Error {
  override readonly name = 'BudgetExceeded';
  /** `call`: this one expression was too expensive. `request`: all of them together, or the time, ran out. */
  readonly scope: 'call' | 'request';

  constructor(scope: 'call' | 'request', message: string) {
    super(message);
    this.scope = scope;
  }
}
