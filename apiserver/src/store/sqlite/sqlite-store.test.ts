import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { storeContract } from '../store.contract.ts';
import { sqliteStore } from './sqlite-store.ts';

const folder = await mkdtemp(join(tmpdir(), 'river-sqlite-'));
after(() => rm(folder, { recursive: true, force: true }));

let count = 0;
storeContract('sqlite', () => sqliteStore({ path: join(folder, `store-${count++}.db`) }));
