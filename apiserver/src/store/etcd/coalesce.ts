/**
 * Many callers, few reads: a call made while a read runs shares the next one with all others that wait,
 * because the running one may have looked before the call was made.
 */
export function coalesce<Result>(read: () => Promise<Result>): () => Promise<Result> {
  let running: Promise<unknown> | undefined;
  let next: Promise<Result> | undefined;

  const start = (): Promise<Result> => {
    next = undefined;
    const result = read();
    const done = () => {
      if (running === result) running = undefined;
    };
    running = result;
    result.then(done, done);
    return result;
  };

  return () => {
    if (next) return next;
    if (!running) return start();
    next = running.then(start, start);
    return next;
  };
}
