import { killUnderLoad } from './kill-under-load.ts';

for (const store of ['sqlite', 'etcd'] as const) killUnderLoad(store, 20);
