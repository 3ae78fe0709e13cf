import type { Clock } from '@river/runtime';
import type { Attributes } from '../authorization/attributes.ts';
import type { CachedObject } from '../cache/cached-object.ts';
import type { Decoded } from '../decode/decode-json.ts';
import type { Exchange } from '../http/exchange.ts';
import type { AuditLog } from './audit-log.ts';
import { event, type Fields } from './chained-lines.ts';
import type { FloodGate } from './flood-gate.ts';
import { bodyFields, outcomeFields, requestFields } from './request-fields.ts';

/** `write`: its body is to be told before anything is done; `secret`: it reads what must not be read unseen; `read`: told of when it is over. */
export type Interest = 'write' | 'secret' | 'read';

/** What the log is told of one request while it goes its way. */
export interface Trail {
  readonly interest: Interest;
  /** Tells the log of it before anything is done, beginning now. @throws ApiError ServiceUnavailable */
  receive(body?: Pick<Decoded, 'value' | 'text'>): void;
  /** Resolves once the log has what was received; only then may anything be done. @throws ApiError ServiceUnavailable */
  recorded(): Promise<void>;
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
  // Asked for while there is a connection, from then on it is known.
  void exchange.request.socket.remoteAddress;
  let received: Promise<void> | undefined;
  let isAnswered = false;
  let written: Pick<CachedObject, 'name' | 'uid' | 'revision'> | undefined;

  const head = (stage: string) => `${event(clock, 'request')},"stage":"${stage}","id":"${id}",`;
  const about = () => `${requestFields(exchange, wanted, version)},"decision":"allowed"`;
  const count = () => {
    gate.count(exchange.requester.username);
    log.tickSoon();
  };
  const record = (fields: Fields): Promise<void> => {
    try {
      return log.record(fields);
    } catch (error) {
      count();
      throw error;
    }
  };
  return {
    interest,
    receive(body) {
      if (received || interest === 'read') return;
      const isTold = body !== undefined && ('path' in wanted || !withoutBody.has(`${wanted.group}/${wanted.resource}`));
      const begin = head('received');
      // The value may be changed on its way.
      const text = isTold ? (body.text ?? JSON.stringify(body.value)) : undefined;
      received = record(() => begin + about() + (text === undefined ? '' : bodyFields(text, isSecret)));
      // Whoever does something waits for it; a request that fails before does not.
      received.catch(() => {});
    },
    recorded: () => received ?? Promise.resolve(),
    wrote(object) {
      written = object;
    },
    answered(code, reason = '') {
      if (isAnswered) return;
      isAnswered = true;
      const latencyMs = clock.monotonicMs() - startedMs;
      const begin = head(received ? 'answered' : 'whole');
      const outcome = () => outcomeFields(code, reason, latencyMs) + writtenFields(written);
      if (received) log.follow(() => begin + outcome());
      else if (!log.offer(() => `${begin}${about()},${outcome()}`)) count();
    },
  };
}

/** The name may have been made up here. */
const writtenFields = (written: Pick<CachedObject, 'name' | 'uid' | 'revision'> | undefined): string =>
  written === undefined
    ? ''
    : `,"object":${JSON.stringify({ name: written.name, uid: written.uid, resourceVersion: written.revision.toString() })}`;
