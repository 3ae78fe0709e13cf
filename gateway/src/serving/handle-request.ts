import type { IncomingMessage, ServerResponse } from 'node:http';
import { ApiError } from '@river/crds';
import { answersPath, type Logger, linkPath, TransportError } from '@river/runtime';
import { type ShowOutputDeps, showOutput } from '../output/show-output.ts';

const logPath = /^\/v1\/namespaces\/([^/]+)\/tasks\/([^/]+)\/log$/;

/** Answers one request, whatever becomes of it. */
export async function handleRequest(deps: ShowOutputDeps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  // Who goes away in the middle is no failure of ours.
  response.on('error', () => {});
  try {
    await route(deps, request, response);
  } catch (error) {
    refuse(deps.log, error, response);
  }
}

async function route(deps: ShowOutputDeps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = URL.parse(request.url ?? '', 'https://gateway');
  if (!url) throw new ApiError('BadRequest', 'the address cannot be read');
  const { pathname } = url;
  if (pathname === '/livez' || pathname === '/readyz') return void response.writeHead(200, { 'content-type': 'text/plain' }).end('ok\n');
  if (pathname === linkPath || pathname.startsWith(answersPath)) {
    needMethod(request, 'POST');
    const node = needNode(deps, request);
    if (pathname === linkPath) return deps.links.hold(node, request, response);
    return deps.answers.take(node, pathname.slice(answersPath.length), { request, response });
  }
  const [, namespace, name] = logPath.exec(pathname) ?? [];
  if (namespace === undefined || name === undefined) throw new ApiError('NotFound', `there is nothing at ${pathname}`);
  needMethod(request, 'GET');
  await showOutput(
    deps,
    { task: { namespace: needName(namespace), name: needName(name) }, parameters: url.searchParams },
    request,
    response,
  );
}

function needMethod({ method }: IncomingMessage, wanted: string): void {
  if (method !== wanted) throw new ApiError('MethodNotAllowed', `this is asked with ${wanted}`);
}

const nameRule = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

function needName(text: string): string {
  if (!nameRule.test(text)) throw new ApiError('BadRequest', 'a namespace and a name are of small letters, digits, dots and dashes');
  return text;
}

function needNode({ nodeOf }: ShowOutputDeps, request: IncomingMessage): string {
  const node = nodeOf(request);
  if (node === undefined) throw new ApiError('Unauthorized', 'only a node, by its certificate, may do this');
  return node;
}

function refuse(log: Logger, error: unknown, response: ServerResponse): void {
  if (response.destroyed) return;
  const status = asStatus(error).toStatus();
  if (status.code >= 500) log.warn('a request could not be answered', { error });
  if (response.headersSent) return void response.destroy();
  const { retryAfterSeconds } = status.details ?? {};
  response.writeHead(status.code, {
    'content-type': 'application/json',
    // A body that nobody reads is not waited for.
    connection: 'close',
    ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
  });
  response.end(`${JSON.stringify(status)}\n`);
}

function asStatus(error: unknown): ApiError {
  if (ApiError.is(error)) return error;
  if (TransportError.is(error)) return new ApiError('ServiceUnavailable', 'the gateway cannot reach the API server: try again in a moment');
  return new ApiError('InternalError', 'the gateway has failed: its log says more');
}
