import type { Clock, Logger } from '@river/runtime';
import type { Registry } from '../registry/registry.ts';
import { type Audit, audit, leftOutFields } from './audit.ts';
import { type AuditLimits, auditLog } from './audit-log.ts';
import { event } from './chained-lines.ts';
import { type FloodLimits, floodGate } from './flood-gate.ts';
import { openAuditFolder } from './open-folder.ts';

export interface AuditOptions {
  dir: string;
  /** Of all files together. */
  keepBytes: number;
  isOfReads: boolean;
}

export interface StartAuditDeps {
  options: AuditOptions;
  limits: { log: Omit<AuditLimits, 'keepBytes'>; refused: FloodLimits };
  registry: Registry;
  version: string;
  newId: () => string;
  clock: Clock;
  log: Logger;
}

/** Goes on with the log in a folder, and says in it that it does. @throws Error when the folder cannot be used */
export async function startAudit({ options, limits, registry, version, newId, clock, log }: StartAuditDeps): Promise<Audit> {
  const gate = floodGate(limits.refused, clock);
  const folder = openAuditFolder(options.dir);
  const lines = auditLog({
    folder,
    limits: { ...limits.log, keepBytes: options.keepBytes, fileBytes: Math.min(limits.log.fileBytes, options.keepBytes / 8) },
    clock,
    log,
    onTick: () => leftOutFields(gate, clock),
  });
  const fieldsOf = (name: string, about: object) => `${event(clock, name)},${JSON.stringify(about).slice(1, -1)}`;
  for (const part of folder.torn) {
    log.warn('the end of the audit log was torn, and is moved aside', { ...part });
    lines.follow(fieldsOf('torn', part));
  }
  // Reads are served also when it cannot be written.
  const begun = lines.record(fieldsOf('started', { version, pid: process.pid }));
  await begun.then(folder.named, () => {});
  return audit({
    log: lines,
    gate,
    clock,
    newId,
    isOfReads: options.isOfReads,
    isKept: (group, version, plural) => registry.find(group, version, plural)?.kind.rules.verbs.includes('get') ?? true,
  });
}
