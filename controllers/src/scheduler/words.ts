import { formatQuantity } from '@river/crds';
import type { Lack } from './lack.ts';
import type { Unit } from './queues.ts';
import type { QuotaLack } from './quota.ts';
import type { ResourceName } from './snapshot.ts';

const nano = (units: number): bigint => BigInt(Math.ceil(units)) * 1_000_000_000n;

export const sayBytes = (bytes: number): string => {
  // Rounded up to what people read: the next MiB, or byte below one.
  const step = bytes >= 1024 ** 2 ? 1024 ** 2 : 1;
  return formatQuantity({ nano: nano(Math.ceil(bytes / step) * step), format: 'BinarySI' });
};

const sayCores = (millis: number): string => `${millis / 1000} ${millis === 1000 ? 'core' : 'cores'}`;
const sayGpus = (count: number): string => `${count} ${count === 1 ? 'GPU' : 'GPUs'}`;

export function sayAmount(name: ResourceName, amount: number): string {
  if (name === 'cpuMillis') return sayCores(amount);
  if (name === 'gpus') return sayGpus(amount);
  return `${sayBytes(amount)} of ${name === 'memoryBytes' ? 'memory' : 'disk space'}`;
}

/** How much is missing on a node, and whether it could ever be otherwise. */
export function sayLack({ reason, missing = 0, about = '', isLasting }: Lack): string {
  const ever = isLasting ? ', and it has not so much in all' : ' free';
  switch (reason) {
    case 'NotReady':
      return 'it does not answer';
    case 'Cordoned':
      return 'it is cordoned';
    case 'Target':
      return 'it is not among the targets';
    case 'Selector':
      return `it has no label ${about}`;
    case 'Taint':
      return `its taint ${about} is not tolerated`;
    case 'Hardware':
      return `it has ${sayGpus(missing)} too few of the kind asked for that are healthy`;
    case 'CPU':
      return `${sayCores(missing)} too few${ever}`;
    case 'Memory':
      return `${sayBytes(missing)} of memory too little${ever}`;
    case 'Storage':
      return `${sayBytes(missing)} of disk space too little${ever}`;
    case 'GPU':
      return `${sayGpus(missing)} too few free`;
    case 'NUMA':
      return isLasting ? `its NUMA node ${about} is not there or too small` : `its NUMA node ${about} has no room now`;
    case 'Reserved':
      return `its room is kept for ${about}, which comes first`;
    case 'Together':
      return 'it has room for some, but not for all that start together';
  }
}

export function sayQuota({ reason, resource = 'cpuMillis', missing = 0, behind = '', isLasting }: QuotaLack, { queue }: Unit): string {
  const name = queue.facts.name;
  const more = sayAmount(resource, missing);
  const never = isLasting ? ' It asks for more than the queue may ever have: ask for less, or raise the limit.' : '';
  switch (reason) {
    case 'Missing':
      return `There is no queue ${name}: make it, or name another.`;
    case 'Foreign':
      return `The queue ${name} does not take this namespace: add it to the queue, or name another.`;
    case 'Held':
      return `The queue ${name} is held: it starts nothing until it is released.`;
    case 'MaxRunning':
      return `The queue ${name} has as many running as it may: ${missing} must end first.${never}`;
    case 'MaxRunningPerNamespace':
      return `The queue ${name} has as many running in this namespace as it may: ${missing} must end first.${never}`;
    case 'Quota':
      return `${more} must be given back within the quota of ${name}.${never}`;
    case 'BorrowLimit':
      return `${more} must be given back within what ${name} has and may borrow.${never}`;
    case 'Unlent':
      return `${more} must be given back: the rest is kept by queues that do not lend.`;
    case 'Behind':
      return `${behind} is before it and waits for the quota of ${name}.`;
  }
}
