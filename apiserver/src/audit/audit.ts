import type { Status } from '@river/crds';
import type { ChainHead, Clock } from '@river/runtime';
import type { Attributes } from '../authorization/attributes.ts';
import type { Exchange } from '../http/exchange.ts';
import type { Route } from '../http/route.ts';
import type { AuditLog } from './audit-log.ts';
import { event } from './chained-lines.ts';
import type { FloodGate } from './flood-gate.ts';
import { type Asked, requestFields } from './request-fields.ts';
import { type Interest, type Trail, trail } from './trail.ts';

/** Tells the log of requests. */
export interface Audit {
  /** Of one that was let in. Undefined when it is of no interest: it only reads, and nothing secret. */
  follow(exchange: Exchange, wanted: Attributes, route: Route): Trail | undefined;
  /** Of one that was not, for want of an identity or a right. */
  refused(asked: Asked, about: { wanted: Attributes | undefined; route: Route | undefined; status: Status; latencyMs: number }): void;
  head(): AuditHead;
  close(): Promise<void>;
}

/** The end of the log, to be noted elsewhere. */
export interface AuditHead extends ChainHead {
  problem: string | null;
  /** Lines that there was no room for, since the start. */
  leftOut: number;
}

export interface AuditDeps {
  log: AuditLog;
  gate: FloodGate;
  clock: Clock;
  newId: () => string;
  /** Whether all reads are told of. */
  isOfReads: boolean;
  /** Whether objects of this resource are kept: what only asks something is a read, whatever its method. */
  isKept(group: string, version: string, plural: string): boolean;
}

const streams = new Set(['exec', 'attach', 'log', 'files', 'forward', 'console']);

export function audit(deps: AuditDeps): Audit {
  const { log, gate, clock, newId } = deps;
  const interestOf = (method: string, wanted: Attributes, route: Route): Interest | undefined => {
    const plain = deps.isOfReads ? 'read' : undefined;
    if ('path' in wanted || route.is === 'document') return route.is === 'document' && route.path[0] === 'backup' ? 'secret' : plain;
    const { group, version, plural } = route.resource;
    if (streams.has(wanted.subresource)) return 'secret';
    if (method !== 'GET' && method !== 'HEAD' && deps.isKept(group, version, plural)) return 'write';
    return isOfSecrets(wanted) ? 'secret' : plain;
  };
  return {
    follow(exchange, wanted, route) {
      const interest = interestOf(exchange.request.method ?? '', wanted, route);
      if (!interest) return undefined;
      const isSecret = !('path' in wanted) && isOfSecrets(wanted);
      return trail({ log, gate, clock, newId }, exchange, { interest, wanted, version: versionOf(route), isSecret });
    },
    refused(asked, { wanted, route, status, latencyMs }) {
      const address = asked.request.socket.remoteAddress ?? '';
      const who = asked.requester?.username;
      if (!gate.lets(who === undefined ? 'nobody' : `user ${who}`, who ?? address)) return log.tickSoon();
      const why = JSON.stringify({ code: status.code, reason: status.reason, why: status.message.slice(0, 500) }).slice(1, -1);
      const request = requestFields(asked, wanted, versionOf(route));
      const line = `${event(clock, 'request')},"stage":"refused","id":"${newId()}",${request},"decision":"refused",${why},"latencyMs":${latencyMs}`;
      if (!log.offer(line)) gate.count(who ?? address);
    },
    head: () => ({ ...log.head(), problem: log.problem() ?? null, leftOut: gate.total() }),
    close: log.close,
  };
}

const isOfSecrets = (wanted: Exclude<Attributes, { path: string }>): boolean => wanted.group === '' && wanted.resource === 'secrets';

const versionOf = (route: Route | undefined): string => (route?.is === 'resource' ? route.resource.version : '');

/** What the log says of lines that there was no room for. */
export function leftOutFields(gate: Pick<FloodGate, 'take'>, clock: Pick<Clock, 'wallMs'>): string | undefined {
  const taken = gate.take();
  if (!taken) return undefined;
  const { count, sinceMs, sources } = taken;
  return `${event(clock, 'left-out')},${JSON.stringify({ count, since: new Date(sinceMs).toISOString(), sources }).slice(1, -1)}`;
}
