import type { KeyReport } from '@river/runtime';
import { type Exchange, sendJson } from './exchange.ts';
import { methodNotAllowed } from './resource-context.ts';

export interface KeyReportDeps {
  report(signal: AbortSignal): Promise<KeyReport>;
  signal: AbortSignal;
}

/** Which keys the stored Secrets need. It reads all of them, so all who ask meanwhile share one answer. */
export function sendKeyReport({ report, signal }: KeyReportDeps): (exchange: Exchange) => Promise<void> {
  let underWay: Promise<KeyReport> | undefined;
  const ask = (): Promise<KeyReport> => {
    underWay ??= report(signal).finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
  return async (exchange) => {
    if (exchange.request.method !== 'GET') throw methodNotAllowed();
    return sendJson(exchange, 200, await ask());
  };
}
