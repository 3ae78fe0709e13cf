import { isFinalPhase, isObject, type KubeObject, parseQuantity, quantityMillis, quantityUnits } from '@river/crds';

/** What is held of a node, or what it has: thousandths of cores, bytes, GPUs. */
export interface Held {
  cpuMillis: number;
  memoryBytes: number;
  gpus: number;
}

export const nothingHeld: Held = { cpuMillis: 0, memoryBytes: 0, gpus: 0 };

export const sumOf = (all: readonly Held[]): Held =>
  all.reduce(
    (sum, { cpuMillis, memoryBytes, gpus }) => ({
      cpuMillis: sum.cpuMillis + cpuMillis,
      memoryBytes: sum.memoryBytes + memoryBytes,
      gpus: sum.gpus + gpus,
    }),
    nothingHeld,
  );

export const partOf = (value: unknown, name: string): unknown => (isObject(value) ? value[name] : undefined);
const amount = (value: unknown, read: typeof quantityUnits): number =>
  typeof value === 'string' || typeof value === 'number' ? Number(read(parseQuantity(value))) : 0;
const specOf = (object: KubeObject): unknown => partOf(object, 'spec');

export interface Bound {
  name: string;
  namespace: string;
  /** `task/train-1`. */
  owner: string;
  node: string;
  phase: string;
  since: string | undefined;
  held: Held;
}

/** A Placement that is on a node and not over; whatever its phase, it holds what it was given. */
export function boundIn(placement: KubeObject): Bound | undefined {
  const spec = specOf(placement);
  const [node, phase, since] = [partOf(spec, 'nodeName'), partOf(placement.status, 'phase'), partOf(placement.status, 'startTime')];
  if (typeof node !== 'string' || (typeof phase === 'string' && isFinalPhase(phase))) return undefined;
  const [resources, owner, gpus] = [partOf(spec, 'resources'), partOf(spec, 'owner'), partOf(spec, 'gpus')];
  return {
    name: placement.metadata.name,
    namespace: placement.metadata.namespace ?? '',
    owner: `${String(partOf(owner, 'kind')).toLowerCase()}/${partOf(owner, 'name')}`,
    node,
    phase: typeof phase === 'string' ? phase : 'Assigned',
    since: typeof since === 'string' ? since : undefined,
    held: {
      cpuMillis: amount(partOf(resources, 'cpu'), quantityMillis),
      memoryBytes: amount(partOf(resources, 'memory'), quantityUnits),
      gpus: Array.isArray(gpus) ? gpus.length : 0,
    },
  };
}

/** What a node has to give. */
export function givenBy(node: KubeObject): Held {
  const amounts = partOf(node.status, 'allocatable') ?? partOf(node.status, 'capacity');
  const gpus = partOf(partOf(node.status, 'topology'), 'gpus');
  return {
    cpuMillis: amount(partOf(amounts, 'cpu'), quantityMillis),
    memoryBytes: amount(partOf(amounts, 'memory'), quantityUnits),
    gpus: Array.isArray(gpus) ? gpus.filter((gpu) => partOf(gpu, 'health') === 'Healthy').length : 0,
  };
}

export const coresText = (millis: number): string => String(Math.round(millis / 100) / 10);

export function bytesText(bytes: number): string {
  const units = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi'];
  const at = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${Math.round((bytes / 1024 ** at) * 10) / 10}${units[at]}`;
}

/** `3/16 (19%)`; what there is nothing of is a dash. */
export const shareText = (held: number, all: number, text: (amount: number) => string): string =>
  all === 0 && held === 0 ? '-' : `${text(held)}/${text(all)}${all === 0 ? '' : ` (${Math.round((100 * held) / all)}%)`}`;
