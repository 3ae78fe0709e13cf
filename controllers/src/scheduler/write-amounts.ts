import { type Amounts, type ResourceName, resources } from './snapshot.ts';

const written: Record<ResourceName, { name: string; text: (amount: number) => string }> = {
  cpuMillis: { name: 'cpu', text: (millis) => (millis % 1000 === 0 ? String(millis / 1000) : `${millis}m`) },
  memoryBytes: { name: 'memory', text: bytes },
  storageBytes: { name: 'ephemeralStorage', text: bytes },
  gpus: { name: 'gpus', text: String },
};

/** Amounts as objects say them; fractions of the least part are left out. */
export const amountsText = (amounts: Amounts): Record<string, string> =>
  Object.fromEntries(resources.map((resource) => [written[resource].name, written[resource].text(Math.floor(amounts[resource]))]));

function bytes(count: number): string {
  const units = ['', 'Ki', 'Mi', 'Gi', 'Ti'];
  let at = 0;
  let left = count;
  while (left > 0 && left % 1024 === 0 && at < units.length - 1) {
    left /= 1024;
    at++;
  }
  return `${left}${units[at]}`;
}
