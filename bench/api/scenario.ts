import { closedLoop, eventually, type LoopFigures, percentile, round } from './measure.ts';
import { connections, type RunningServer } from './processes.ts';
import { measureWatchers, type WatchFigures } from './watchers.ts';
import { collection, collectionOf, definitionOf, namespace, widget, widgetDefinition } from './widget.ts';
import type { Answer, Connection } from './wire.ts';

export interface Figures {
  readyMs: number;
  create: Record<string, LoopFigures>;
  /** The creates with 64 in flight that take the number of objects from 5,000 to 10,000. */
  createAt10000: LoopFigures;
  read: Record<string, { p50Ms: number; p99Ms: number; items?: number; mebibytes?: number }>;
  update: Record<string, LoopFigures>;
  watch: Record<string, WatchFigures>;
  definitionServedMs: number;
  /** `peakMiB` with 64 writers and 100 watchers at 10,000 objects, `crowdedMiB` after 1,000 watchers more. */
  memory: { idleMiB: number; peakMiB: number; crowdedMiB?: number };
}

export interface Pace {
  isQuick: boolean;
  log: (line: string) => void;
}

const nameOf = (at: number) => `widget-${at}`;

/** Everything that is measured on one server, in the order in which its contents grow. */
export async function measureServer(server: RunningServer, { isQuick, log }: Pace): Promise<Figures> {
  const writers = await connections(server.target, 64);
  const [one] = writers;
  if (!one) throw new Error('no connection');
  const idleMiB = server.memory().rssMiB;
  await ok(one, 'POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  await ok(one, 'POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', widgetDefinition);
  await served(one, collection);

  let made = 0;
  const grow = (inFlight: number, count: number) => closedLoop(writers.slice(0, inFlight), count, (writer) => create(writer, made++));
  await grow(8, 300);
  const create32 = {
    create1: await grow(1, isQuick ? 200 : 500),
    create8: await grow(8, isQuick ? 500 : 1_000),
    create32: await grow(32, 2_000),
  };
  const createFigures = { ...create32, create64: await grow(64, 5_000 - made) };
  log(
    `create/s at 1, 8, 32, 64 in flight: ${Object.values(createFigures)
      .map((figures) => figures.perSecond)
      .join(', ')}`,
  );

  const rounds = isQuick ? 9 : 31;
  const read: Figures['read'] = {
    list5000: await measureList(one, collection, rounds),
    byLabel: await measureList(one, `${collection}?labelSelector=batch%3D7`, rounds * 2),
    byField: await measureList(one, `${collection}?fieldSelector=spec.colour%3Dc7`, rounds * 2),
    page500: await measureList(one, `${collection}?limit=500`, rounds),
    get: await measureGet(one, isQuick ? 300 : 1_000),
  };
  log(`list of 5,000 p50 ${read.list5000?.p50Ms} ms, by label ${read.byLabel?.p50Ms} ms, get ${read.get?.p50Ms} ms`);
  const update = await measureUpdates(writers.slice(0, 8), isQuick ? 500 : 2_000);
  const watch = await measureAllWatchers(server, writers.slice(0, 8), isQuick, log);
  const definitionServedMs = await measureDefinitions(one, isQuick ? 5 : 15);
  const createAt10000 = await grow(64, 10_000 - made);
  read.list10000 = await measureList(one, collection, rounds);
  log(`at 10,000 objects: create p99 ${createAt10000.p99Ms} ms with 64 in flight, list p50 ${read.list10000.p50Ms} ms`);
  const { peakMiB } = server.memory();
  const memory: Figures['memory'] = { idleMiB, peakMiB };
  if (!isQuick) {
    watch.paced1000 = await measureWatchersOf(server, writers.slice(0, 8), { watchers: 1_000, writesPerSecond: 10, durationMs: 8_000 });
    memory.crowdedMiB = server.memory().peakMiB;
  }
  log(`peak RSS ${peakMiB} MiB, with 1,000 watchers ${memory.crowdedMiB ?? '-'}`);
  for (const writer of writers) writer.close();
  return { readyMs: round(server.readyMs), create: createFigures, createAt10000, read, update, watch, definitionServedMs, memory };
}

async function create(writer: Connection, at: number): Promise<void> {
  const { status, body } = await writer.send({ method: 'POST', path: collection, body: JSON.stringify(widget(nameOf(at), at)) });
  if (status !== 201) throw unexpected('create', { status, body });
}

async function measureList(from: Connection, path: string, rounds: number) {
  const tookMs: number[] = [];
  for (let at = 0; at < rounds; at++) {
    const startMs = performance.now();
    const answer = await from.send({ method: 'GET', path, discards: true });
    tookMs.push(performance.now() - startMs);
    if (answer.status !== 200) throw unexpected(path, answer);
  }
  const { body } = await from.send({ method: 'GET', path });
  const { items } = JSON.parse(body.toString()) as { items: unknown[] };
  return {
    p50Ms: round(percentile(tookMs, 50)),
    p99Ms: round(percentile(tookMs, 99)),
    items: items.length,
    mebibytes: round(body.length / 2 ** 20),
  };
}

async function measureGet(from: Connection, rounds: number) {
  const { p50Ms, p99Ms } = await closedLoop([from], rounds, async (connection, at) => {
    const answer = await connection.send({ method: 'GET', path: `${collection}/${nameOf(at)}` });
    if (answer.status !== 200) throw unexpected('get', answer);
  });
  return { p50Ms, p99Ms };
}

async function measureUpdates(writers: readonly Connection[], count: number): Promise<Record<string, LoopFigures>> {
  const patch = async (writer: Connection, path: string, contentType: string, body: unknown) => {
    const answer = await writer.send({ method: 'PATCH', path, contentType, body: JSON.stringify(body) });
    if (answer.status >= 300) throw unexpected('patch', answer);
  };
  const applied = (at: number, revision: number) => {
    const { apiVersion, kind } = widget('', 0);
    return {
      apiVersion,
      kind,
      metadata: { name: nameOf(at), namespace },
      spec: { text1: `applied ${revision}`, ports: [{ name: 'ssh', port: 22 }] },
    };
  };
  const applyPath = (at: number) => `${collection}/${nameOf(at)}?fieldManager=bench-apply`;
  return {
    apply8: await closedLoop(writers, count, (writer, at) =>
      patch(writer, applyPath(at % 1_000), 'application/apply-patch+yaml', applied(at % 1_000, at)),
    ),
    status8: await closedLoop(writers, count, (writer, at) =>
      patch(writer, `${collection}/${nameOf(at % 1_000)}/status`, 'application/merge-patch+json', { status: { ready: at } }),
    ),
  };
}

async function measureAllWatchers(server: RunningServer, writers: readonly Connection[], isQuick: boolean, log: (line: string) => void) {
  const figures: Record<string, WatchFigures> = {};
  const durationMs = isQuick ? 2_500 : 8_000;
  const plans = {
    paced1: { watchers: 1, writesPerSecond: 50 },
    paced100: { watchers: 100, writesPerSecond: 50 },
    unpaced1: { watchers: 1 },
    unpaced100: { watchers: 100 },
  };
  figures.floor100 = await measureWatchFloor(server, { ...plans.paced100, durationMs });
  for (const [name, plan] of Object.entries(plans)) figures[name] = await measureWatchersOf(server, writers, { ...plan, durationMs });
  for (const [name, measured] of Object.entries(figures)) log(`${name}: ${JSON.stringify(measured)}`);
  return figures;
}

interface WatchPlan {
  watchers: number;
  writesPerSecond?: number;
  durationMs: number;
}

const watchedNames = Array.from({ length: 100 }, (_, at) => nameOf(at));

async function measureWatchersOf({ target }: RunningServer, writers: readonly Connection[], plan: WatchPlan): Promise<WatchFigures> {
  const [one] = writers;
  if (!one) throw new Error('no writer');
  return measureWatchers({ target, collection, resourceVersion: await currentVersion(one), writers, names: watchedNames, ...plan });
}

/** The same writers and watchers, of a server that does nothing but hand on. */
async function measureWatchFloor(server: RunningServer, plan: WatchPlan): Promise<WatchFigures> {
  const { target, stop } = await server.startWatchFloor();
  const writers = await connections(target, 8);
  try {
    return await measureWatchers({ target, collection, resourceVersion: '0', writers, names: watchedNames, ...plan });
  } finally {
    for (const writer of writers) writer.close();
    await stop();
  }
}

async function currentVersion(from: Connection): Promise<string> {
  const answer = await from.send({ method: 'GET', path: `${collection}?limit=1` });
  const { metadata } = JSON.parse(answer.body.toString()) as { metadata: { resourceVersion: string } };
  return metadata.resourceVersion;
}

/** From the POST of a definition until a list of its kind is answered. */
async function measureDefinitions(from: Connection, rounds: number): Promise<number> {
  const tookMs: number[] = [];
  for (let at = 0; at < rounds; at++) {
    const plural = `gadget${at}s`;
    const startMs = performance.now();
    await ok(from, 'POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definitionOf(plural, `Gadget${at}`));
    await served(from, collectionOf(plural));
    tookMs.push(performance.now() - startMs);
  }
  return round(percentile(tookMs, 50));
}

async function served(from: Connection, path: string): Promise<void> {
  const isServed = await eventually(async () => (await from.send({ method: 'GET', path: `${path}?limit=1` })).status === 200, 10_000, 1);
  if (!isServed) throw new Error(`${path} was not served within 10 s`);
}

async function ok(from: Connection, method: string, path: string, body: unknown): Promise<void> {
  const answer = await from.send({ method, path, body: JSON.stringify(body) });
  if (answer.status >= 300) throw unexpected(`${method} ${path}`, answer);
}

const unexpected = (what: string, { status, body }: Answer) => new Error(`${what} was answered with ${status}: ${body.subarray(0, 500)}`);
