import { BudgetExceeded } from '../cel-error.ts';

/** What one expression and one request may cost, in Kubernetes' cost units, and how long a request's expressions may hold the thread (by the given clock). */
export interface Limits {
  perCall: number;
  perRequest: number;
  threadMs: number;
}

export const defaultLimits: Limits = { perCall: 1_000_000, perRequest: 10_000_000, threadMs: 20 };

/** The clock is read only after this much work, so a cheap expression never fails because the machine was busy. */
const workBetweenClockReads = 8192;

/**
 * The cost counter that every step of every expression draws from. One per request; `beginCall` starts the next expression.
 * Work that costs nothing in Kubernetes' model (the inside of one regex match) is counted with `work`, which only the clock bounds.
 */
export class Budget {
  #request: number;
  readonly #limits: Limits;
  readonly #clock: () => number;
  #deadline = 0;
  #untilClock = workBetweenClockReads;
  #atCallStart: number;
  left: number;

  constructor(limits: Limits, clock: () => number) {
    this.#limits = limits;
    this.#clock = clock;
    this.#request = limits.perRequest;
    this.left = Math.min(limits.perCall, limits.perRequest);
    this.#atCallStart = this.left;
  }

  /** Settles what the last expression used, and gives the next one a fresh allowance. */
  beginCall(): void {
    this.#request -= this.#atCallStart - this.left;
    if (this.#request <= 0) throw new BudgetExceeded('request', 'the cost budget of the request is used up');
    this.left = Math.min(this.#limits.perCall, this.#request);
    this.#atCallStart = this.left;
  }

  spend(units: number): void {
    this.left -= units;
    if (this.left < 0) this.#stop();
    this.#untilClock -= units;
    if (this.#untilClock < 0) this.#readClock();
  }

  work(steps: number): void {
    this.#untilClock -= steps;
    if (this.#untilClock < 0) this.#readClock();
  }

  /** The time counts from the first reading, so that short expressions read the clock at most once. */
  #readClock(): void {
    this.#untilClock = workBetweenClockReads;
    const now = this.#clock();
    if (this.#deadline === 0) this.#deadline = now + this.#limits.threadMs;
    if (now > this.#deadline) throw new BudgetExceeded('request', `expressions took longer than ${this.#limits.threadMs} ms`);
  }

  #stop(): never {
    if (this.#atCallStart < this.#limits.perCall) throw new BudgetExceeded('request', 'the cost budget of the request is used up');
    throw new BudgetExceeded('call', 'the expression exceeds the cost limit of one evaluation');
  }
}
