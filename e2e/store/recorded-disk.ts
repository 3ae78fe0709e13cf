import { createReadStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';

/** What a process did to the files of one folder, in order, as strace saw it. */
export type DiskCall =
  | { kind: 'create' | 'unlink'; file: string }
  | { kind: 'write'; file: string; data: Buffer; offset: number | undefined }
  | { kind: 'truncate'; file: string; size: number }
  /** `startedAt`: how many calls were complete when it began; it covers no later write. An undefined file is the folder itself. */
  | { kind: 'sync'; file: string | undefined; startedAt: number };

/** For `strace -f -y -xx -s 9999999 -o FILE -e trace=STRACE_CALLS`. */
export const STRACE_CALLS = 'pwrite64,pwritev,write,writev,fsync,fdatasync,ftruncate,fallocate,openat,unlink,rename';

export async function parseTrace(trace: string, folder: string): Promise<DiskCall[]> {
  const calls: DiskCall[] = [];
  const unfinished = new Map<string, { text: string; startedAt: number }>();
  for await (const line of createInterface({ input: createReadStream(trace, 'latin1') })) {
    const [, pid = '', text = ''] = /^(\d+)\s+(.*)$/s.exec(line) ?? [];
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/s.exec(text)?.[1];
    const begun = unfinished.get(pid);
    if (text.endsWith('<unfinished ...>')) {
      unfinished.set(pid, { text: text.slice(0, -'<unfinished ...>'.length).trimEnd(), startedAt: calls.length });
    } else if (resumed !== undefined && begun) {
      unfinished.delete(pid);
      calls.push(...callsIn(begun.text + resumed, folder, begun.startedAt));
    } else calls.push(...callsIn(text, folder, calls.length));
  }
  return calls;
}

function callsIn(text: string, folder: string, startedAt: number): DiskCall[] {
  const [, name = '', rest = '', result = ''] = /^(\w+)\((.*)\)\s+= (-?\d+)/s.exec(text) ?? [];
  if (name === '' || Number(result) < 0) return [];
  const path = name === 'openat' || name === 'unlink' ? quoted(rest) : decode(/^\d+<([^>]*)>/.exec(rest)?.[1] ?? '').toString();
  if (path !== folder && !path.startsWith(`${folder}/`)) return [];
  const file = basename(path);
  if (name === 'openat') return rest.includes('O_CREAT') ? [{ kind: 'create', file }] : [];
  if (name === 'unlink') return [{ kind: 'unlink', file }];
  if (name === 'ftruncate') return [{ kind: 'truncate', file, size: Number(/, (\d+)$/.exec(rest)?.[1]) }];
  if (name === 'fsync' || name === 'fdatasync') return [{ kind: 'sync', file: path === folder ? undefined : file, startedAt }];
  if (name === 'pwrite64' || name === 'write') {
    const [, hex = '', offset] = /^\d+<[^>]*>, "([^"]*)", \d+(?:, (\d+))?$/s.exec(rest) ?? [];
    const data = decode(hex);
    if (data.length !== Number(result)) throw new Error(`a write of ${result} bytes was recorded as ${data.length}: ${text.slice(0, 200)}`);
    return [{ kind: 'write', file, data, offset: offset === undefined ? undefined : Number(offset) }];
  }
  throw new Error(`not replayed: ${name} on ${path}`);
}

const decode = (hex: string): Buffer => Buffer.from(hex.replaceAll('\\x', ''), 'hex');
const quoted = (text: string): string => decode(/"([^"]*)"/.exec(text)?.[1] ?? '').toString();

interface DiskFile {
  /** What is certain to be there after a power cut. */
  durable: Buffer;
  size: number;
  /** Calls since, in order: each may or may not have reached the disk. */
  pending: { call: DiskCall; at: number }[];
}

/** What of the calls that no fsync covered is on the disk after the cut. */
export type Luck = 'none' | 'all' | 'some';

/** A disk that forgets: it replays recorded calls and can be cut at any of them. */
export interface RecordedDisk {
  apply(call: DiskCall, at: number): void;
  /** The text that was written to a file so far, whether or not it is durable. */
  textOf(file: string): string;
  /** Writes what the power cut leaves of the files that `wanted` names. `random` gives numbers in [0, 1). */
  cut(into: string, luck: Luck, wanted: (file: string) => boolean, random: () => number): Promise<void>;
}

export function recordedDisk(): RecordedDisk {
  const names = new Map<string, DiskFile>();
  let durableNames = new Map<string, DiskFile>();

  const sync = (file: DiskFile, startedAt: number): void => {
    for (const { call, at } of file.pending) if (at < startedAt) perform(file, call);
    file.pending = file.pending.filter(({ at }) => at >= startedAt);
  };

  return {
    apply(call, at) {
      if (call.kind === 'sync' && call.file === undefined) {
        durableNames = new Map(names);
        return;
      }
      if (call.file === undefined) return;
      if (call.kind === 'create' && !names.has(call.file)) names.set(call.file, { durable: Buffer.alloc(0), size: 0, pending: [] });
      if (call.kind === 'unlink') names.delete(call.file);
      const file = names.get(call.file);
      if (call.kind === 'sync' && file) sync(file, call.startedAt);
      if (call.kind === 'write' || call.kind === 'truncate') file?.pending.push({ call, at });
    },
    textOf: (file) =>
      Buffer.concat(names.get(file)?.pending.map(({ call }) => ('data' in call ? call.data : Buffer.alloc(0))) ?? []).toString(),
    async cut(into, luck, wanted, random) {
      await mkdir(into, { recursive: true });
      // The folder's own entries are as uncertain as the bytes of the files.
      for (const [name, file] of luck === 'all' || (luck === 'some' && random() < 0.5) ? names : durableNames) {
        if (!wanted(name)) continue;
        const left = { ...file, durable: Buffer.from(file.durable) };
        for (const { call } of file.pending) {
          const isKept = luck === 'all' || (luck === 'some' && random() < 0.5);
          if (isKept) perform(left, luck === 'some' && random() < 0.2 ? torn(call) : call);
        }
        await writeFile(join(into, name), left.durable.subarray(0, left.size));
      }
    },
  };
}

const torn = (call: DiskCall): DiskCall => (call.kind === 'write' ? { ...call, data: call.data.subarray(0, call.data.length / 2) } : call);

function perform(file: DiskFile, call: DiskCall): void {
  if (call.kind === 'truncate') {
    grow(file, call.size);
    file.durable.fill(0, call.size, file.size);
    file.size = call.size;
  }
  if (call.kind !== 'write') return;
  const offset = call.offset ?? file.size;
  grow(file, offset + call.data.length);
  call.data.copy(file.durable, offset);
  file.size = Math.max(file.size, offset + call.data.length);
}

function grow(file: DiskFile, size: number): void {
  if (file.durable.length >= size) return;
  const larger = Buffer.alloc(Math.max(size, file.durable.length * 2));
  file.durable.copy(larger, 0, 0, file.size);
  file.durable = larger;
}
