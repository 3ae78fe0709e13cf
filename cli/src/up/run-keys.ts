import { type ApiClient, addKey, type KeyReport, type KeyRing, keepKeys, newKey, readKeyRing, useKey, writeKeyRing } from '@river/runtime';
import { askKeyReport, runningServer, warningOf } from './ask-key-report.ts';
import { awaitResealed } from './await-resealed.ts';
import { changeKeys } from './change-keys.ts';
import type { DataDir } from './data-dir.ts';
import { UpError } from './up-error.ts';

export type KeysAct = { act: 'list' | 'add' | 'rotate' | 'prune' } | { act: 'use'; id: string };

export interface KeysOptions {
  dir: DataDir;
  asked: KeysAct;
}

export interface KeysDeps {
  say(line: string): void;
  now(): Date;
}

/** Works on the key ring of this data folder, with the server that runs on it when there is one. */
export const runKeys = async ({ dir, asked }: KeysOptions, deps: KeysDeps): Promise<number> => {
  const client = await runningServer(dir);
  const about = { dir, client, ...deps };
  try {
    if (asked.act === 'list') await list(about);
    else if (asked.act === 'prune') await prune(about);
    else await change(about, asked);
    return 0;
  } finally {
    client?.close();
  }
};

interface About extends KeysDeps {
  dir: DataDir;
  client: ApiClient | undefined;
}

const list = async ({ dir, client, say }: About): Promise<void> => {
  const ring = readKeyRing(dir.secretKeys);
  const report = client && (await askKeyReport(client));
  for (const { id, createdAt } of ring.keys) {
    const values = report?.keys.find((key) => key.id === id)?.values ?? 0;
    say([id, createdAt, report ? `${values} Secrets` : '', id === ring.use.id ? 'in use' : ''].filter(Boolean).join('  '));
  }
  if (report) tellOddities(report, ring, dir, say);
  else say('(the server does not run, so nobody knows how many Secrets need each)');
};

const tellOddities = (report: KeyReport, ring: KeyRing, dir: DataDir, say: KeysDeps['say']): void => {
  if (report.problem) say(`the server has not taken this file: ${report.problem}`);
  else if (report.use !== ring.use.id) say(`the server still seals with ${report.use}`);
  if (report.plain > 0) say(`${report.plain} Secrets stand in clear and wait to be sealed`);
  const warning = warningOf(report, dir);
  if (warning) say(`warning: ${warning}`);
};

/** A new key goes to the end; `rotate` and `use` also make the server seal everything again. */
const change = async ({ dir, client, say, now }: About, asked: Exclude<KeysAct, { act: 'list' | 'prune' }>): Promise<void> => {
  const next = changeKeys(dir, () => {
    const ring = readKeyRing(dir.secretKeys);
    const changed = asked.act === 'use' ? useKey(ring, asked.id) : withNewKey(ring, now(), asked.act === 'rotate');
    writeKeyRing(dir.secretKeys, changed);
    return changed;
  });
  if (asked.act === 'add') {
    say(`added ${next.keys.at(-1)?.id}: it opens Secrets from now on, and seals them after ./river keys use ${next.keys.at(-1)?.id}`);
    return;
  }
  say(`Secrets are sealed with ${next.use.id} from now on`);
  if (client) await awaitResealed({ ask: () => askKeyReport(client), use: next.use.id, say });
  else say('the server does not run: it seals the others again when it starts');
};

const withNewKey = (ring: KeyRing, now: Date, isUsed: boolean): KeyRing => {
  const key = newKey(now);
  const added = addKey(ring, key);
  return isUsed ? useKey(added, key.id) : added;
};

/** Takes away only what nothing needs, and only with the word of a server that already seals with the key in use. */
const prune = async ({ dir, client, say }: About): Promise<void> => {
  if (!client) throw new UpError('the server must say which keys its Secrets still need: start it first with ./river up');
  const before = readKeyRing(dir.secretKeys);
  await awaitResealed({ ask: () => askKeyReport(client), use: before.use.id, say });
  const report = await askKeyReport(client);
  const needed = new Set(report.keys.flatMap(({ id, values }) => (values > 0 ? [id] : [])));
  const kept = changeKeys(dir, () => {
    const ring = readKeyRing(dir.secretKeys);
    if (ring.use.id !== before.use.id) throw new UpError('the key ring was changed meanwhile: try again');
    // What comes after the key in use was added for later.
    const later = ring.keys.slice(ring.keys.indexOf(ring.use) + 1).map(({ id }) => id);
    const next = keepKeys(ring, (id) => needed.has(id) || later.includes(id));
    if (next.keys.length < ring.keys.length) writeKeyRing(dir.secretKeys, next);
    return next;
  });
  const gone = before.keys.filter(({ id }) => !kept.keys.some((key) => key.id === id));
  const held = kept.keys.filter(({ id }) => id !== kept.use.id && needed.has(id));
  for (const { id } of gone) say(`removed ${id}; backups that were sealed with it can no longer be restored with this key ring`);
  if (held.length > 0)
    throw new UpError(
      `kept ${held.map(({ id }) => id).join(', ')}: Secrets are still sealed with them that cannot be opened; delete or repair those first`,
    );
  if (gone.length === 0) say('there is nothing to remove');
};
