import { sqliteStore } from './sqlite-store.ts';

/** A process that holds a store open until it is killed. */
const store = await sqliteStore({ path: process.argv[2] ?? '' });
await store.txn([], [{ key: '/held', value: new Uint8Array(1) }]);
process.send?.('open');
