import type { Json } from '@river/crds';
import type { Clock } from '@river/runtime';
import type { Attributes } from '../authorization/attributes.ts';
import type { CachedObject } from '../cache/cached-object.ts';
import type { Exchange } from '../http/exchange.ts';
import type { AuditLog } from './audit-log.ts';
import { event } from './chained-lines.ts';
import type { FloodGate } from './flood-gate.ts';
import { bodyFields, outcomeFields, requestFields } from './request-fields.ts';

/** `write`: its body is to be told before anything is done; `secret`: it reads what must not be read unseen; `read`: told of when it is over. */
export type Interest = 'write' | 'secret' | 'read';

/** What the log is told of one request while it goes its way. */
export interface Trail {
  readonly interest: Interest;
  /** Resolves once the log has it; only then may anything be done. @throws ApiError ServiceUnavailable */
  received(body?: Json): Promise<void>;
  /** What it has made, changed or removed. */
  wrote(object: Pick<CachedObject, 'name' | 'uid' | 'revision'>): void;
  /** What was answered, once it was. Only the first time counts. */
  answered(code: number, reason?: string): void;
}

export interface TrailDeps {
  log: AuditLog;
  gate: FloodGate;
  clock: Clock;
  newId: () => string;
}

export interface Subject {
  interest: Interest;
  wanted: Attributes;
  version: string;
  /** It is about Secrets. */
  isSecret: boolean;
}

/** A renewal of a Lease says nothing that its line does not, and there are more of them than of all else. Events tell themselves. */
const withoutBody = new Set(['coordination.k8s.io/leases', '/events', 'events.k8s.io/events']);

export function trail({ log, gate, clock, newId }: TrailDeps, exchange: Exchange, subject: Subject): Trail {
  const { interest, wanted, version, isSecret } = subject;
  const startedMs = clock.monotonicMs();
  const id = newId();
  let isReceived = false;
  let isAnswered = false;
  let written: Pick<CachedObject, 'name' | 'uid' | 'revision'> | undefined;

  const head = (stage: string) => `${event(clock, 'request')},"stage":"${stage}","id":"${id}",`;
  const about = () => `${requestFields(exchange, wanted, version)},"decision":"allowed"`;
  const count = () => {
    gate.count(exchange.requester.username);
    log.tickSoon();
  };
  const record = (fields: string): Promise<void> => {
    try {
      return log.record(fields);
    } catch (error) {
      count();
      throw error;
    }
  };
  return {
    interest,
    async received(body) {
      if (isReceived || interest === 'read') return;
      const isTold = body !== undefined && ('path' in wanted || !withoutBody.has(`${wanted.group}/${wanted.resource}`));
      const done = record(head('received') + about() + (isTold ? bodyFields(body, isSecret) : ''));
      isReceived = true;
      return done;
    },
    wrote(object) {
      written = object;
    },
    answered(code, reason = '') {
      if (isAnswered) return;
      isAnswered = true;
      const outcome = outcomeFields(code, reason, clock.monotonicMs() - startedMs) + writtenFields(written);
      if (isReceived) log.follow(head('answered') + outcome);
      else if (!log.offer(`${head('whole')}${about()},${outcome}`)) count();
    },
  };
}

/** The name may have been made up here. */
const writtenFields = (written: Pick<CachedObject, 'name' | 'uid' | 'revision'> | undefined): string =>
  written === undefined
    ? ''
    : `,"object":${JSON.stringify({ name: written.name, uid: written.uid, resourceVersion: written.revision.toString() })}`;
