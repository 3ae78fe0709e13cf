import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { isFinalPhase, type KubeObject } from '@river/crds';
import type { Placement, Task } from '@river/crds/kinds';
import { eventually } from '../server/eventually.ts';
import { type Stage, sharedLines } from './stage.ts';

export interface Killings {
  count: number;
  /** The same number kills the same parts after the same pauses. */
  seed: number;
  deadlineMs: number;
  /** Between two of them; a random part of it. */
  mostPauseMs: number;
}

/** The usual 32-bit mixer: a number in [0, 1) for each call. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Work {
  name: string;
  lines: number;
  code: number;
  isFenced: boolean;
}

const worksOf = (count: number): Work[] =>
  Array.from({ length: count }, (_, index) => ({
    name: `k-${index}`,
    lines: 5 + ((index * 7) % 40),
    code: index % 4 === 0 ? 0 : index % 120,
    isFenced: index % 5 === 0,
  }));

const submit = (stage: Stage, { name, lines, code, isFenced }: Work) =>
  stage.submit(name, {
    command: [
      'sh',
      '-c',
      `echo ${name} >>/shared/begun; for i in $(seq 1 ${lines}); do echo $i; sleep 0.05; done; echo end >&2; exit ${code}`,
    ],
    mounts: [{ mountPath: '/shared', shared: { path: '' } }],
    resources: { cpu: '300m', memory: '16Mi' },
    ...(isFenced && { retry: { limit: 9, when: ['Lost'], backoff: { initial: '100ms' } } }),
  });

/** Many Tasks over all nodes while every part is killed with -9 at random moments: each ends once, with its own code and its whole output. */
export async function survivesKillings(stage: Stage, { count, seed, deadlineMs, mostPauseMs }: Killings): Promise<void> {
  process.stdout.write(`# seed ${seed}\n`);
  const works = worksOf(count);
  const ends = endsOf(stage);
  const isDone = new AbortController();
  const killing = killAtRandom({ stage, random: seeded(seed), mostPauseMs, isDone: isDone.signal });
  killing.catch(() => {});
  try {
    for (const work of works) await withServer(() => submit(stage, work));
    const names = works.map(({ name }) => name);
    await Promise.race([
      killing.then(() => undefined),
      eventually(
        'all are over',
        () => overOf(stage, names),
        (over) => over.length === count,
        deadlineMs,
      ),
    ]);
  } finally {
    isDone.abort();
    await ends.stop();
  }
  const kills = await killing;
  process.stdout.write(`# killed ${JSON.stringify(kills)}\n`);
  const placements = await stage.placements();
  const begun = sharedLines(stage, 'begun');
  const unknown = await unknownTo(stage, works);
  process.stdout.write(`# unknown to an engine that was killed: ${[...unknown].join(' ') || 'none'}\n`);
  assert.ok(unknown.size <= (kills.dockerd ?? 0), `${unknown.size} are lost`);
  const known = works.filter(({ name }) => !unknown.has(name));
  const wrong = (await Promise.all(known.map((work) => wrongWith(stage, work, placements, begun)))).flat();
  assert.deepEqual([...wrong, ...ends.changed], []);
}

/** An engine that is killed in the middle of a start may not know afterwards how that ended. It is said so, and no code is made up. */
async function unknownTo(stage: Stage, works: readonly Work[]): Promise<Set<string>> {
  const names = new Set(works.filter(({ isFenced }) => !isFenced).map(({ name }) => name));
  const lost = (await stage.tasks()).filter(({ status }) => status?.phase === 'Lost' && status.reason === 'Infrastructure');
  return new Set(lost.map(({ metadata }) => metadata.name).filter((name) => names.has(name)));
}

/** The server may be away at the moment. What was made before the answer was lost is there. */
const withServer = <T>(call: () => Promise<T>): Promise<T | undefined> =>
  eventually(
    'the server takes it',
    () =>
      call().then(
        (answer) => ({ answer }),
        (error) => (/AlreadyExists|already exists/.test(String(error)) ? { answer: undefined } : Promise.reject(error)),
      ),
    Boolean,
    60_000,
  ).then(({ answer }) => answer);

async function overOf(stage: Stage, names: readonly string[]): Promise<string[]> {
  const tasks = await stage.tasks();
  return tasks
    .filter(({ metadata: { name }, status }) => names.includes(name) && isFinalPhase(status?.phase))
    .map(({ metadata }) => metadata.name);
}

interface KillingAtRandom extends Pick<Killings, 'mostPauseMs'> {
  stage: Stage;
  random: () => number;
  isDone: AbortSignal;
}

/** Each part that is killed is started again at once, by whoever does it: the guard, the agent, or this test in the place of a service manager. */
async function killAtRandom({ stage, random, mostPauseMs, isDone }: KillingAtRandom): Promise<Record<string, number>> {
  const kills: Record<string, number> = {};
  const parts = ['agent', 'agent', 'guard', 'dockerd', 'controllers', 'server'] as const;
  while (!isDone.aborted) {
    await pause(random() * mostPauseMs, undefined, { signal: isDone }).catch(() => {});
    const part = parts[Math.floor(random() * parts.length)] ?? 'agent';
    const node = stage.nodes[Math.floor(random() * stage.nodes.length)];
    if (isDone.aborted || !node) break;
    kills[part] = (kills[part] ?? 0) + 1;
    if (part === 'server') await stage.control.restartServer();
    else if (part === 'controllers') await stage.control.restartControllers();
    else await node.signal(part, 'SIGKILL');
    if (part === 'dockerd') await node.start('dockerd');
    // Both may have been killed before one could start the other.
    if (node.pidOf('guard') === undefined && node.pidOf('agent') === undefined) await node.start('guard');
  }
  return kills;
}

/** Follows every Task: one that leaves its final phase, or ends anew, is noted. */
function endsOf(stage: Stage) {
  const ended = new Map<string, string>();
  const changed: string[] = [];
  const isOver = new AbortController();
  const note = ({ object }: { object: KubeObject }) => {
    const { metadata, status } = object as unknown as Task;
    const before = ended.get(metadata.name);
    if (before !== undefined && before !== status?.phase) changed.push(`${metadata.name}: ${before}, then ${status?.phase}`);
    if (isFinalPhase(status?.phase)) ended.set(metadata.name, status.phase);
  };
  const follow = async () => {
    while (!isOver.signal.aborted) {
      const watching = stage.control.api.watch('/apis/river.dev/v1/namespaces/default/tasks?watch=true');
      const close = () => watching.close();
      isOver.signal.addEventListener('abort', close, { once: true });
      await watching.ended;
      isOver.signal.removeEventListener('abort', close);
      for (const event of watching.events) if (event.type === 'ADDED' || event.type === 'MODIFIED') note(event);
      await pause(50);
    }
  };
  const following = follow();
  return {
    changed,
    async stop() {
      isOver.abort();
      await following;
    },
  };
}

/** What is not as it should be. */
async function wrongWith(
  stage: Stage,
  { name, lines, code, isFenced }: Work,
  placements: readonly Placement[],
  begun: readonly string[],
): Promise<string[]> {
  const { status } = await stage.task(name);
  const mine = placements.filter(({ spec }) => spec.owner.name === name).sort((a, b) => b.spec.attempt - a.spec.attempt);
  const node = stage.node(mine[0]?.spec.nodeName ?? '');
  const output = await node.output(mine[0]?.metadata.uid ?? '');
  const begins = begun.filter((line) => line === name).length;
  const of = (stream: string) => output.filter((line) => line.startsWith(stream)).join();
  const counted = Array.from({ length: lines }, (_, index) => `stdout: ${index + 1}`).join();
  const faults: [string, boolean][] = [
    [
      `ended ${JSON.stringify(status)}, and not with ${code}`,
      status?.phase !== (code === 0 ? 'Succeeded' : 'Failed') || status.exitCode !== code,
    ],
    // On a slow machine the server may be away for so long that what is fenced is lost, and begun again.
    [`had ${mine.length} attempts`, mine.length < 1 || (mine.length > 1 && !isFenced)],
    [`was begun ${begins} times in ${mine.length} attempts`, begins < 1 || begins > mine.length],
    [`said ${of('stdout')} and not 1 to ${lines}`, of('stdout') !== counted],
    [`complained ${of('stderr')}`, of('stderr') !== 'stderr: end'],
  ];
  return faults.flatMap(([text, isSo]) => (isSo ? [`${name} on ${node.name} ${text}`] : []));
}
