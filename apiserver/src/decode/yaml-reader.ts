import { Worker } from 'node:worker_threads';
import { ApiError } from '@river/crds';
import { badBody } from './decode-json.ts';

/** What a YAML text says, as JSON text; or why it says nothing. */
export type YamlAnswer = { json: string; duplicates: string[] } | { error: string };

/** Turns YAML into JSON away from the event loop: a hostile text costs its sender, nobody else. */
export interface YamlReader {
  /** @throws ApiError `BadRequest` when it is not YAML or takes too long, `TooManyRequests` when too many wait. */
  read(text: string): Promise<{ json: string; duplicates: string[] }>;
  close(): Promise<void>;
}

export interface YamlLimits {
  /** How long one text may take, from when its turn comes. */
  deadlineMs: number;
  mostWaiting: number;
  memoryMb: number;
}

interface Job {
  text: string;
  settle(answer: YamlAnswer): void;
}

const usual: YamlLimits = { deadlineMs: 2000, mostWaiting: 32, memoryMb: 128 };

/** Reads one text at a time in a worker thread that lives as long as there is something to read. */
export const yamlReader = (limits: YamlLimits = usual): YamlReader => {
  const waiting: Job[] = [];
  let worker: Worker | undefined;
  let current: Job | undefined;
  let deadline: NodeJS.Timeout | undefined;

  const stop = async (): Promise<void> => {
    const old = worker;
    worker = undefined;
    await old?.terminate();
  };
  const finish = (answer: YamlAnswer): void => {
    clearTimeout(deadline);
    const job = current;
    current = undefined;
    if ('error' in answer) void stop();
    job?.settle(answer);
    next();
    // Who reads one text after the other has the next one ready by then.
    setImmediate(() => {
      if (!current) void stop();
    });
  };
  const start = (): Worker => {
    const started = new Worker(new URL('./yaml-worker.ts', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: limits.memoryMb },
    });
    const ifStillOurs = (answer: YamlAnswer): void => {
      if (worker === started) finish(answer);
    };
    started.on('message', ifStillOurs);
    started.on('error', (error) => ifStillOurs({ error: error instanceof Error ? error.message : String(error) }));
    return started;
  };
  const next = (): void => {
    if (current) return;
    current = waiting.shift();
    if (!current) return;
    worker ??= start();
    deadline = setTimeout(() => finish({ error: `reading it takes longer than ${limits.deadlineMs} ms` }), limits.deadlineMs);
    worker.postMessage(current.text);
  };

  return {
    async read(text) {
      if (waiting.length >= limits.mostWaiting) {
        throw new ApiError('TooManyRequests', 'too many YAML bodies are waiting to be read: send JSON, or try again', {
          details: { retryAfterSeconds: 1 },
        });
      }
      const { promise, resolve } = Promise.withResolvers<YamlAnswer>();
      waiting.push({ text, settle: resolve });
      next();
      const answer = await promise;
      if ('error' in answer) throw badBody(`the body is not valid YAML: ${answer.error}`);
      return answer;
    },
    async close() {
      clearTimeout(deadline);
      for (const job of [current, ...waiting.splice(0)]) job?.settle({ error: 'the server is stopping' });
      current = undefined;
      await stop();
    },
  };
};
