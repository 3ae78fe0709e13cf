import { statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { auditFileName, auditFilesIn, firstSeqOf } from '@river/runtime';
import { UsageError } from '../command/usage-error.ts';

export interface AuditFiles {
  /** In the order of their lines. */
  files: string[];
  /** They are all that there is of a log, and not some that were picked. */
  isAll: boolean;
}

/** The files of a folder, or those that are named. @throws UsageError */
export function auditFiles(paths: readonly string[]): AuditFiles {
  const files = paths.flatMap((path) => (isFolder(path) ? auditFilesIn(path).map((name) => join(path, name)) : [path]));
  const strange = files.find((file) => firstSeqOf(basename(file)) === undefined);
  if (strange !== undefined) throw new UsageError(`${strange} is not named as a file of an audit log, such as ${auditFileName(1)}`);
  if (files.length === 0) throw new UsageError(`there is no audit log in ${paths.join(', ')}`);
  const sorted = files.toSorted((a, b) => (firstSeqOf(basename(a)) ?? 0) - (firstSeqOf(basename(b)) ?? 0));
  return { files: sorted, isAll: paths.length === 1 && paths.every(isFolder) };
}

function isFolder(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) throw new UsageError(`there is no ${path}: name the folder that the API server has as --audit-dir, or a file in it`);
  return found.isDirectory();
}
