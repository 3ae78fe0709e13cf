/**
 * What a machine does with the Placements that are bound to it: the deciding parts, which the simulator runs too.
 * @module
 */
export { formatCpuList, InventoryError, parseCpuList } from './inventory/cpu-list.ts';
export { type Looking, type Machine, type NumaNode, observeMachine } from './inventory/observe-machine.ts';
export type { Gpu } from './inventory/read-gpus.ts';
export { type ReadTree, readTree } from './inventory/read-tree.ts';
