/**
 * An API server without its HTTP: for whoever runs one inside another program, as the simulator does.
 * @module
 */
export type { CachedObject } from './cache/cached-object.ts';
export { limits } from './limits.ts';
export { getObject } from './read/get-object.ts';
export { type Listed, listObjects } from './read/list-objects.ts';
export { presentBytes } from './read/present.ts';
export type { ServedVersion, Target } from './registry/served-kind.ts';
export { type Core, type CoreOptions, startCore } from './start-core.ts';
export { memoryStore } from './store/memory-store.ts';
export type { Store, StoreEvent } from './store/store.ts';
export { watchFormatFor } from './watch/watch-format-for.ts';
export type { Sink } from './watch/watch-member.ts';
export { createObject } from './write/create-object.ts';
export { deleteObject } from './write/delete-object.ts';
export { patchObject } from './write/patch-object.ts';
export { type Subresource, updateObject } from './write/update-object.ts';
export type { Requester, WriteOptions, Written } from './write/write-context.ts';
