import { createHash } from 'node:crypto';
import { ApiError, type KubeObject } from '@river/crds';
import { Event } from '@river/crds/kinds';
import type { ApiClient, Clock, Logger } from '@river/runtime';
import type { Step } from '../decide/decision.ts';
import { refOf } from './cluster.ts';

export type Told = Step & { act: 'event' };

export interface EventsOptions {
  client: Pick<ApiClient, 'resource'>;
  clock: Clock;
  log: Logger;
  signal: AbortSignal;
  onLost(): void;
}

/** The most that wait to be written; more are lost, and counted. */
const mostWaiting = 1_000;
const component = 'river-controllers';

/** Writes events beside the work, one at a time. The same event about the same object is one, with a count. */
export function tellEvents({ client, clock, log, signal, onLost }: EventsOptions): (event: Told) => void {
  const waiting: Told[] = [];
  let isWriting = false;
  const write = async () => {
    isWriting = true;
    for (let event = waiting.shift(); event && !signal.aborted; event = waiting.shift()) {
      await writeEvent(client, event, new Date(clock.wallMs()).toISOString(), signal).catch((error) => {
        onLost();
        log.debug('an event could not be written', { error });
      });
    }
    isWriting = false;
  };
  return (event) => {
    if (waiting.length >= mostWaiting) return onLost();
    waiting.push(event);
    if (!isWriting) void write();
  };
}

async function writeEvent(client: Pick<ApiClient, 'resource'>, event: Told, time: string, signal: AbortSignal): Promise<void> {
  const events = client.resource<Event>(refOf(Event));
  const fresh = eventOf(event, time);
  const { name, namespace = '' } = fresh.metadata;
  const call = { signal, timeoutMs: 5_000, namespace };
  try {
    await events.create(fresh, call);
  } catch (error) {
    if (!ApiError.is(error, 'AlreadyExists')) throw error;
    const { count = 1, metadata } = await events.get(name, call);
    const { resourceVersion = '' } = metadata;
    await events.patch(name, { metadata: { resourceVersion }, count: count + 1, lastTimestamp: time }, { type: 'merge', ...call });
  }
}

function eventOf({ about, type, reason, message }: Told, time: string): Event {
  const { name, namespace, uid = '', resourceVersion = '' } = about.metadata;
  const digest = createHash('sha256').update([about.kind, uid, type, reason, message].join('\0')).digest('hex').slice(0, 16);
  const home = namespace ?? 'default';
  return {
    apiVersion: Event.apiVersion,
    kind: Event.kind,
    metadata: { name: `${name.slice(0, 230)}.${digest}`, namespace: home },
    involvedObject: referenceTo(about, { name, uid, resourceVersion }),
    reason,
    message: message.slice(0, 1024),
    type,
    count: 1,
    firstTimestamp: time,
    lastTimestamp: time,
    source: { component },
    reportingComponent: component,
    reportingInstance: '',
  };
}

const referenceTo = ({ apiVersion, kind, metadata }: KubeObject, who: { name: string; uid: string; resourceVersion: string }) => ({
  apiVersion,
  kind,
  ...(metadata.namespace !== undefined && { namespace: metadata.namespace }),
  ...who,
});
