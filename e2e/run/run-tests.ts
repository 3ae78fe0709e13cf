import { relative } from 'node:path';
import { run } from 'node:test';
import { inspect } from 'node:util';

/** One test that did not simply pass, as people need to read it. */
export interface Finding {
  file: string;
  /** The suite names and the test's own, outermost first. */
  name: string;
  detail: string;
}

export interface Tally {
  passed: number;
  failed: Finding[];
  skipped: Finding[];
}

export const emptyTally = (): Tally => ({ passed: 0, failed: [], skipped: [] });

export const addTally = (a: Tally, b: Tally): Tally => ({
  passed: a.passed + b.passed,
  failed: [...a.failed, ...b.failed],
  skipped: [...a.skipped, ...b.skipped],
});

interface TestEvent {
  name: string;
  nesting: number;
  file?: string;
  skip?: string | boolean;
  todo?: string | boolean;
  details: { type?: string; error?: Error & { cause?: unknown; failureType?: string } };
}

/** A parent that failed only because a child did says nothing new. */
const isEcho = ({ details }: TestEvent): boolean => details.error?.failureType === 'subtestsFailed';

/** node:test reports children before parents, each with its depth: the parents' names come from the starts. */
const pathNames = () => {
  const open = new Map<string, string[]>();
  return {
    start: ({ file = '', nesting, name }: TestEvent) => {
      const names = open.get(file) ?? [];
      names.length = nesting;
      names[nesting] = name;
      open.set(file, names);
    },
    of: ({ file = '', nesting, name }: TestEvent) => [...(open.get(file) ?? []).slice(0, nesting), name].join(' › '),
  };
};

const reasonOf = (mark: string | boolean | undefined): string => (typeof mark === 'string' ? mark : '(no reason given)');

const errorText = (error: TestEvent['details']['error']): string => {
  const cause = error?.cause ?? error;
  return cause instanceof Error ? (cause.stack ?? cause.message) : inspect(cause);
};

interface Options {
  files: readonly string[];
  root: string;
  concurrency: number;
  timeoutMs: number;
  print(line: string): void;
}

/** Runs the files, each in a process of its own, and tells of each failure as it happens. */
export const runTests = async ({ files, root, concurrency, timeoutMs, print }: Options): Promise<Tally> => {
  const tally = emptyTally();
  if (files.length === 0) return tally;
  const names = pathNames();
  const find = (event: TestEvent, detail: string): Finding => ({ file: relative(root, event.file ?? ''), name: names.of(event), detail });
  const onPass = (event: TestEvent) => {
    if (event.skip !== undefined && event.skip !== false) tally.skipped.push(find(event, reasonOf(event.skip)));
    else if (event.todo !== undefined && event.todo !== false) tally.skipped.push(find(event, `to do: ${reasonOf(event.todo)}`));
    else if (event.details.type !== 'suite') tally.passed++;
  };
  const onFail = (event: TestEvent) => {
    if (isEcho(event)) return;
    const finding = find(event, errorText(event.details.error));
    tally.failed.push(finding);
    print(`FAILED ${finding.file}: ${finding.name}\n${finding.detail.replace(/^/gm, '    ')}`);
  };
  const stream = run({ files: [...files], concurrency, timeout: timeoutMs, isolation: 'process' });
  stream.on('test:start', (event) => names.start(event as unknown as TestEvent));
  stream.on('test:pass', (event) => onPass(event as unknown as TestEvent));
  stream.on('test:fail', (event) => onFail(event as unknown as TestEvent));
  stream.on('test:summary', ({ file, success, counts, duration_ms: ms }) => {
    if (file) print(`${success ? 'ok    ' : 'FAILED'} ${relative(root, file)} (${counts.passed} tests, ${(ms / 1000).toFixed(1)} s)`);
  });
  for await (const _ of stream.resume()) {
    // The events above do the work; the stream must be read to its end.
  }
  return tally;
};
