import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Manager } from './run-manager.ts';

export interface MetricsServer {
  url: string;
  close(): Promise<void>;
}

/** `/metrics` for Prometheus, to this machine only. */
export async function serveMetrics(port: number, manager: Pick<Manager, 'counters' | 'cluster' | 'isLeading'>): Promise<MetricsServer> {
  const server = createServer({ requestTimeout: 5_000, headersTimeout: 5_000 }, ({ method, url }, response) => {
    if (method === 'GET' && url === '/metrics')
      return void response.setHeader('content-type', 'text/plain; version=0.0.4').end(textOf(manager));
    response.writeHead(404, { 'content-type': 'text/plain' }).end('there is only /metrics here\n');
  });
  server.maxConnections = 64;
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the metrics have no port');
  return {
    url: `http://127.0.0.1:${address.port}/metrics`,
    async close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

const textOf = ({ counters, cluster, isLeading }: Pick<Manager, 'counters' | 'cluster' | 'isLeading'>): string => {
  const sizes = cluster.sizes().map(([kind, size]) => `river_controllers_objects{kind="${kind}"} ${size}\n`);
  const leading = `# TYPE river_controllers_leading gauge\nriver_controllers_leading ${isLeading ? 1 : 0}\n`;
  return `${counters.text()}# TYPE river_controllers_objects gauge\n${sizes.join('')}${leading}`;
};
