import { type Credentials, DriverError, type PullOrder } from '../driver.ts';
import { type Engine, jsonLinesOf } from './engine.ts';
import { engineCall, messageOf } from './engine-call.ts';
import { hasImage } from './has-image.ts';

const inspectMs = 10_000;
/** As long as something comes, it may take its time; silence this long ends it. */
const silenceMs = 120_000;
const longestMs = 4 * 60 * 60 * 1000;

/** Fetches images, each one at a time: who asks while it is fetched waits for the same fetch. */
export function pullImages(engine: Engine) {
  const running = new Map<string, Promise<void>>();

  const fetchWith = async (order: PullOrder, credentials: Credentials | undefined) => {
    const end = new AbortController();
    const overall = AbortSignal.timeout(longestMs);
    const asked = { query: { fromImage: withTag(order.image) }, headers: credentials ? authHeader(credentials) : {}, signal: end.signal };
    const stream = await engineCall('begin to fetch an image', silenceMs, overall, () => engine.stream('POST', '/images/create', asked));
    await readProgress(stream, order, () => end.abort());
  };

  const fetch = async (order: PullOrder) => {
    const tries = order.credentials.length === 0 ? [undefined] : order.credentials;
    let failure: unknown;
    for (const credentials of tries) {
      try {
        return await fetchWith(order, credentials);
      } catch (error) {
        if (error instanceof DriverError && error.reason !== 'ImagePull') throw error;
        failure = error;
      }
    }
    throw new DriverError('ImagePull', `the image ${order.image} cannot be fetched: ${messageOf(failure)}`, { cause: failure });
  };

  return async (order: PullOrder, signal: AbortSignal): Promise<void> => {
    if (order.policy !== 'Always') {
      if (await engineCall('look at an image', inspectMs, signal, (abortSignal) => hasImage(engine, order.image, abortSignal))) return;
      if (order.policy === 'Never')
        throw new DriverError(
          'ImageMissing',
          `the image ${order.image} is not on this node, and imagePullPolicy Never forbids to fetch it`,
        );
    }
    // Whoever has other credentials must not get what another was allowed to fetch.
    const key = JSON.stringify([order.image, order.credentials]);
    const fetching = running.get(key) ?? fetch(order).finally(() => running.delete(key));
    running.set(key, fetching);
    fetching.catch(() => {});
    await engineCall('fetch an image', longestMs, signal, () => fetching);
  };
}

const authHeader = ({ username, password, serverAddress }: Credentials) => ({
  'X-Registry-Auth': Buffer.from(JSON.stringify({ username, password, serveraddress: serverAddress })).toString('base64url'),
});

/** Without a tag the engine would fetch every tag there is. */
const withTag = (image: string): string => (/(:[^/]+|@[^/]+)$/.test(image) ? image : `${image}:latest`);

/** The engine answers 200 before it knows; what went wrong comes in a line. */
async function readProgress(stream: AsyncIterable<Buffer>, { onProgress }: PullOrder, abort: () => void): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(abort, silenceMs);
  };
  alive();
  try {
    for await (const line of jsonLinesOf(stream)) {
      alive();
      readLine(line, onProgress);
    }
  } finally {
    clearTimeout(timer);
  }
}

function readLine(line: unknown, onProgress: PullOrder['onProgress']): void {
  const said: { error?: unknown; status?: unknown; progress?: unknown } = typeof line === 'object' && line !== null ? line : {};
  if (typeof said.error === 'string') throw new DriverError('ImagePull', said.error.slice(0, 1_000));
  if (typeof said.status === 'string')
    onProgress?.(
      [said.status, said.progress]
        .filter((part) => typeof part === 'string')
        .join(' ')
        .slice(0, 200),
    );
}
