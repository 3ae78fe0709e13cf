import type { Etcd } from './start-etcd.ts';

/** Drops etcd's history up to a revision, behind the back of every API server. */
export async function compactEtcd({ endpoint }: Etcd, revision: string): Promise<void> {
  const answer = await fetch(`http://${endpoint}/v3/kv/compaction`, { method: 'POST', body: JSON.stringify({ revision, physical: true }) });
  if (!answer.ok) throw new Error(`etcd did not compact: ${answer.status} ${await answer.text()}`);
}
