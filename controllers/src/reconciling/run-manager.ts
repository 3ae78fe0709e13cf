import { Namespace, Node, Placement, PriorityClass, Queue, type ResourceDef } from '@river/crds/kinds';
import type { ApiClient, Clock, Logger, Random } from '@river/runtime';
import { takeLead } from '../lead/take-lead.ts';
import { runScheduler, type SchedulerInformers } from '../scheduler/run-scheduler.ts';
import { type Cluster, cluster } from './cluster.ts';
import { type Counters, counters } from './counters.ts';
import { riverControllers, riverViews } from './river-controllers.ts';
import { runController } from './run-controller.ts';
import { tellEvents } from './tell-events.ts';

export interface ManagerOptions {
  client: Pick<ApiClient, 'resource'>;
  /** The scheduler's own way in: nobody else may bind. Nothing is scheduled here without it. */
  schedulerClient?: Pick<ApiClient, 'resource'> | undefined;
  /** Names this process, and no other that ever was. */
  identity: string;
  signal: AbortSignal;
  clock: Clock;
  random: Random;
  log: Logger;
}

export interface Manager {
  cluster: Cluster;
  counters: Counters;
  /** Whether it leads now. */
  readonly isLeading: boolean;
  /** Resolves when nothing of it goes on. */
  done: Promise<void>;
}

/** Follows the cluster and, whenever it leads, runs every controller, and the scheduler. */
export function runManager(options: ManagerOptions): Manager {
  const { client, signal, clock, random, log } = options;
  const view = cluster({ client, kinds: riverViews, signal, clock, random, log });
  const counts = counters();
  const kinds = riverViews.map(({ kind }) => kind);
  let isLeading = false;
  const lead = async (term: AbortSignal) => {
    isLeading = true;
    counts.add('terms_total');
    await view.synced().catch(() => undefined);
    const onLost = () => counts.add('events_lost_total');
    const tell = tellEvents({ client, clock, log, signal: term, onLost });
    const deps = { cluster: view, client, kinds, tell, counters: counts, clock, random, log, signal: term };
    const queues = term.aborted ? [] : riverControllers.map((each) => runController(each, deps));
    const scheduling = options.schedulerClient
      ? runScheduler({ client: options.schedulerClient, informers: scheduledFrom(view), clock, log, signal: term })
      : undefined;
    if (!term.aborted) await new Promise((resolve) => term.addEventListener('abort', resolve, { once: true }));
    isLeading = false;
    await Promise.all([scheduling, ...queues.map((queue) => queue.idle())]);
  };
  return {
    cluster: view,
    counters: counts,
    get isLeading() {
      return isLeading;
    },
    done: takeLead({ ...options, lead }),
  };
}

const scheduledFrom = (view: Cluster): SchedulerInformers => ({
  nodes: view.informer<Node>(Node),
  placements: view.informer<Placement>(Placement),
  queues: view.informer<Queue>(Queue),
  priorityClasses: view.informer<PriorityClass>(PriorityClass),
  namespaces: view.informer(Namespace as ResourceDef),
});
