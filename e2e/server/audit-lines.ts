import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A line of an audit log, as it stands there. */
export interface AuditLine {
  seq: number;
  event: string;
  stage?: string;
  id?: string;
  code?: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into lines of every shape
  [member: string]: any;
}

export const auditFiles = (dir: string): string[] =>
  readdirSync(dir)
    .filter((name) => name.endsWith('.jsonl'))
    .sort()
    .map((name) => join(dir, name));

/** Every whole line. */
export const auditLines = (dir: string): AuditLine[] =>
  auditFiles(dir).flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line)),
  );

/** What was answered to each request that was received. */
export function outcomes(lines: readonly AuditLine[]): Map<string | undefined, AuditLine> {
  return new Map(lines.flatMap((line) => (line.stage === 'answered' ? [[line.id, line]] : [])));
}

const river = fileURLToPath(new URL('../../river', import.meta.url));

export interface Said {
  code: number;
  stdout: string;
  stderr: string;
}

/** riverctl, as people run it. */
export const riverctl = (args: readonly string[]): Promise<Said> =>
  new Promise((resolve) => {
    execFile(river, ['ctl', ...args], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr }),
    );
  });
