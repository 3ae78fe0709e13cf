import { durationMs, isFinalPhase } from '@river/crds';
import type { Placement } from '@river/crds/kinds';
import { parseCpuList } from './cpu-list.ts';
import { millisOf, unitsOf } from './read-amounts.ts';
import type { Ask, Gang, GpuAsk, Held, Target } from './snapshot.ts';

/** Placements with the same value of this annotation, in one namespace, start together or not at all. */
export const gangAnnotation = 'river.dev/gang';
/** How many they are. */
export const gangSizeAnnotation = 'river.dev/gang-size';

export const keyOf = ({ metadata }: Pick<Placement, 'metadata'>): string => `${metadata.namespace ?? ''}/${metadata.name}`;

/** Over and done with: it holds nothing any more. */
export const isOver = ({ status }: Placement): boolean =>
  isFinalPhase(status?.phase) || (status?.conditions?.some(({ type, status: is }) => type === 'Finished' && is === 'True') ?? false);

export const isBound = ({ spec }: Placement): boolean => spec.nodeName !== undefined;

/** Wanted, and nowhere yet. */
export const isPending = (placement: Placement): boolean =>
  !isBound(placement) && !isOver(placement) && placement.spec.power === 'Running' && placement.metadata.deletionTimestamp === undefined;

export function readAsk({ spec }: Placement): Ask {
  const { resources } = spec;
  const longestMs = spec.timeout === undefined ? Number.POSITIVE_INFINITY : durationMs(spec.timeout) + durationMs(spec.gracePeriod);
  const gpus = readGpuAsk(resources.gpus);
  const room = {
    cpuMillis: millisOf(resources.cpu),
    memoryBytes: unitsOf(resources.memory),
    storageBytes: unitsOf(resources.ephemeralStorage),
    ...(gpus && { gpus }),
    targets: (spec.targets ?? []).map(parseTarget),
    nodeSelector: Object.entries(spec.nodeSelector ?? {}).sort(([left], [right]) => (left < right ? -1 : 1)),
    tolerations: spec.tolerations ?? [],
  };
  return { ...room, longestMs, expectedMs: longestMs, shape: JSON.stringify(room) };
}

function readGpuAsk(gpus: Placement['spec']['resources']['gpus']): GpuAsk | undefined {
  if (!gpus) return undefined;
  const count = gpus.indexes?.length ?? gpus.count ?? 1;
  return {
    count,
    memoryBytes: unitsOf(gpus.memory),
    ...(gpus.indexes && { indexes: gpus.indexes }),
    ...(gpus.model !== undefined && { model: gpus.model.toLowerCase() }),
  };
}

/** Reads `node[:numa][::gpu,gpu]`; the schema has checked its form. */
export function parseTarget(text: string): Target {
  const [place = '', gpus] = text.split('::');
  const [node = '', numa] = place.split(':');
  return { node, ...(numa !== undefined && { numa: Number(numa) }), ...(gpus !== undefined && { gpus: gpus.split(',').map(Number) }) };
}

/** What a bound one holds: what it asked for, and the devices that it was given. */
export function readHeld({ spec }: Placement): Held {
  return {
    cpuMillis: millisOf(spec.resources.cpu),
    memoryBytes: unitsOf(spec.resources.memory),
    storageBytes: unitsOf(spec.resources.ephemeralStorage),
    gpus: (spec.gpus ?? []).map(({ index }) => index),
    cores: spec.cpuset === undefined ? [] : parseCpuList(spec.cpuset),
    ...(spec.numaNode !== undefined && { numaNode: spec.numaNode }),
  };
}

/** An array that says it starts as a whole; what is not a number from 1 says nothing. */
export function readGang({ metadata }: Placement): Gang | undefined {
  const name = metadata.annotations?.[gangAnnotation];
  const size = metadata.annotations?.[gangSizeAnnotation] ?? '';
  return name && /^[1-9][0-9]{0,5}$/.test(size) ? { name, size: Number(size) } : undefined;
}
