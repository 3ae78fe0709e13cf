import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { AuditHead } from '../audit/audit.ts';

export interface ServerMetrics {
  observe(verb: string, resource: string, code: number, durationMs: number): void;
  render(): Promise<{ body: string; contentType: string }>;
}

export interface MetricSources {
  watchers: () => number;
  revision: () => bigint;
  unreadableSecrets: () => number;
  /** Undefined where there is no audit log. */
  auditHead: (() => AuditHead) | undefined;
  objects: () => Iterable<{ resource: string; count: number }>;
}

const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function serverMetrics(sources: MetricSources): ServerMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const duration = new Histogram({
    name: 'river_apiserver_request_duration_seconds',
    help: 'How long requests took, until their last byte was handed over; a watch until it ended.',
    labelNames: ['verb', 'resource', 'code'],
    buckets,
    registers,
  });
  new Gauge({
    name: 'river_apiserver_watchers',
    help: 'Watches that are open.',
    registers,
    collect() {
      this.set(sources.watchers());
    },
  });
  new Gauge({
    name: 'river_apiserver_revision',
    help: 'The revision that the caches have reached.',
    registers,
    collect() {
      this.set(Number(sources.revision()));
    },
  });
  new Gauge({
    name: 'river_apiserver_unreadable_secrets',
    help: 'Secrets that cannot be read: their key is not in the key ring, or they were altered.',
    registers,
    collect() {
      this.set(sources.unreadableSecrets());
    },
  });
  new Gauge({
    name: 'river_apiserver_objects',
    help: 'Objects that are kept, by resource.',
    labelNames: ['resource'],
    registers,
    collect() {
      this.reset();
      for (const { resource, count } of sources.objects()) this.set({ resource }, count);
    },
  });
  if (sources.auditHead) auditGauges(registers, sources.auditHead);
  return {
    observe: (verb, resource, code, durationMs) => duration.observe({ verb, resource, code }, durationMs / 1000),
    render: async () => ({ body: await registry.metrics(), contentType: registry.contentType }),
  };
}

function auditGauges(registers: Registry[], head: () => AuditHead): void {
  const gauges: Record<string, { help: string; value: () => number }> = {
    river_audit_seq: { help: 'The last line of the audit log. /audit-head says its hash, too.', value: () => head().seq },
    river_audit_left_out: { help: 'Lines that the audit log had no room for, counted in lines of their own.', value: () => head().leftOut },
    river_audit_failing: {
      help: '1 while the audit log cannot be written, and writes are refused.',
      value: () => (head().problem ? 1 : 0),
    },
  };
  for (const [name, { help, value }] of Object.entries(gauges)) {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  }
}
