import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export interface ServerMetrics {
  observe(verb: string, resource: string, code: number, durationMs: number): void;
  render(): Promise<{ body: string; contentType: string }>;
}

export interface MetricSources {
  watchers: () => number;
  revision: () => bigint;
  unreadableSecrets: () => number;
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
  return {
    observe: (verb, resource, code, durationMs) => duration.observe({ verb, resource, code }, durationMs / 1000),
    render: async () => ({ body: await registry.metrics(), contentType: registry.contentType }),
  };
}
