import { createServer } from 'node:net';

const explain = (error: NodeJS.ErrnoException, bind: string, port: number): string => {
  switch (error.code) {
    case 'EADDRINUSE':
      return `port ${port} on ${bind} is in use by another program: stop it, or choose another port with --api-port`;
    case 'EADDRNOTAVAIL':
      return `${bind} is not an address of this machine: choose another with --bind`;
    case 'EACCES':
      return `port ${port} may not be opened by this user: choose one above 1023 with --api-port`;
    default:
      return `port ${port} on ${bind} cannot be opened: ${error.message}`;
  }
};

/** What would keep the server from listening there, in words; undefined when nothing does. */
export const portProblem = (bind: string, port: number): Promise<string | undefined> =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', (error) => resolve(explain(error, bind, port)));
    probe.listen({ host: bind, port, exclusive: true }, () => probe.close(() => resolve(undefined)));
  });
