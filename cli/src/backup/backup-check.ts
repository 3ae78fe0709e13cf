import { createHash } from 'node:crypto';
import { CommandError } from '../command/exit-code.ts';

export interface BackupSummary {
  entries: number;
  /** The revision of the store that the backup is true at. */
  revision: string;
  /** Its Secrets open only with the server's key ring. */
  isSealed: boolean;
}

/** Reads along while a backup passes by, and says at the end whether it was a whole one. Holds two lines at most. */
export interface BackupCheck {
  add(piece: Uint8Array): void;
  /** @throws CommandError when the backup was cut short or altered. */
  finish(): BackupSummary;
}

const newline = 0x0a;

const parse = (line: Buffer): Record<string, unknown> => {
  try {
    const value: unknown = JSON.parse(line.toString('utf8'));
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
};

/** A backup is lines: a heading, the entries, and a footer with their number and the SHA-256 of all that came before it. */
export const backupCheck = (): BackupCheck => {
  const digest = createHash('sha256');
  let heading: Record<string, unknown> | undefined;
  let lines = 0;
  /** What may be the footer: nothing before it is known not to be. */
  let held: Buffer = Buffer.alloc(0);
  const pass = (end: number) => {
    const passed = held.subarray(0, end);
    heading ??= parse(passed.subarray(0, passed.indexOf(newline)));
    for (let at = passed.indexOf(newline); at >= 0; at = passed.indexOf(newline, at + 1)) lines++;
    digest.update(passed);
    held = held.subarray(end);
  };
  return {
    add(piece) {
      held = Buffer.concat([held, piece]);
      const end = held.length < 2 ? 0 : held.lastIndexOf(newline, held.length - 2) + 1;
      if (end > 0) pass(end);
    },
    finish() {
      const footer = parse(held);
      const isWhole = heading?.format === 'river-backup' && footer.entries === lines - 1 && footer.sha256 === digest.digest('hex');
      if (!isWhole) throw new CommandError('failed', 'what the server sent is not a whole backup: try again', 'Truncated');
      return { entries: lines - 1, revision: String(heading?.revision), isSealed: heading?.secrets === 'sealed' };
    },
  };
};
