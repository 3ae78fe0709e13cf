import { parseQuantity, quantityMillis, quantityUnits } from '@river/crds';

type Written = string | number | undefined;

/** Thousandths, rounded up; none when it is not said. */
export const millisOf = (text: Written): number => (text === undefined ? 0 : Math.max(0, Number(quantityMillis(parseQuantity(text)))));

/** Whole units, rounded up; none when it is not said. */
export const unitsOf = (text: Written): number => (text === undefined ? 0 : Math.max(0, Number(quantityUnits(parseQuantity(text)))));

/** What is named in a map of amounts, and nothing else. */
export function partialAmounts(amounts: Readonly<Record<string, string | number>>) {
  const { cpu, memory, ephemeralStorage, gpus } = amounts;
  return {
    ...(cpu !== undefined && { cpuMillis: millisOf(cpu) }),
    ...(memory !== undefined && { memoryBytes: unitsOf(memory) }),
    ...(ephemeralStorage !== undefined && { storageBytes: unitsOf(ephemeralStorage) }),
    ...(gpus !== undefined && { gpus: unitsOf(gpus) }),
  };
}
