import { after } from 'node:test';
import { storeContract } from '../store.contract.ts';
import { etcdStore } from './etcd-store.ts';
import { etcdMissing, startEtcd } from './start-etcd.ts';

const skip = etcdMissing();
const etcd = skip === undefined ? await startEtcd() : undefined;
after(() => etcd?.remove());

let count = 0;
storeContract(
  'etcd',
  () => etcdStore({ endpoints: [etcd?.endpoint ?? ''], prefix: `/river-${count++}` }),
  skip === undefined ? {} : { skip },
);
