import { ApiError } from '@river/crds';
import { watchFormatFor } from '../watch/watch-format-for.ts';
import { errorLine } from '../watch/watch-member.ts';
import { count, flag, text } from './query.ts';
import { includeOf, mediaOf, type ResourceDeps, type ResourceRequest } from './resource-context.ts';
import { watchSink } from './watch-sink.ts';

/** A watch: answers at once, then streams until its time is over, the client goes, or it falls too far behind. */
export async function handleWatch(deps: ResourceDeps, { exchange, target, namespace }: ResourceRequest): Promise<void> {
  const { query, response } = exchange;
  const seconds = count(query, 'timeoutSeconds') || deps.watchSeconds();
  const member = await deps.hub.watch({
    target,
    namespace,
    format: watchFormatFor({ version: target.version, cache: target.kind.cache }, mediaOf(exchange), includeOf(exchange), () =>
      deps.now().getTime(),
    ),
    query: {
      labelSelector: text(query, 'labelSelector'),
      fieldSelector: text(query, 'fieldSelector'),
      resourceVersion: text(query, 'resourceVersion'),
      resourceVersionMatch: text(query, 'resourceVersionMatch'),
      sendInitialEvents: flag(query, 'sendInitialEvents'),
      allowWatchBookmarks: flag(query, 'allowWatchBookmarks') ?? false,
    },
    open() {
      // It may have waited for a revision, and the right may be gone meanwhile.
      exchange.mayStill?.();
      return watchSink(exchange, deps.watchDrainDeadlineMs);
    },
  });
  const recheck = () => {
    try {
      exchange.mayStill?.();
    } catch (error) {
      member.end(errorLine(ApiError.is(error) ? error : new ApiError('InternalError', String(error))));
    }
  };
  const endJudging = deps.rejudging.add(recheck);
  recheck();
  const timer = setTimeout(() => member.end(), Math.min(seconds, maxSeconds) * 1000);
  await new Promise<void>((resolve) => {
    if (response.destroyed || response.writableEnded) resolve();
    response.once('close', resolve);
    response.once('finish', resolve);
  });
  clearTimeout(timer);
  endJudging();
  member.end();
}

const maxSeconds = 24 * 3600;
