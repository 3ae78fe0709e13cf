import { createServer } from 'node:net';

const explain = (error: NodeJS.ErrnoException, bind: string, port: number, flag: string): string => {
  switch (error.code) {
    case 'EADDRINUSE':
      return `port ${port} on ${bind} is in use by another program: stop it, or choose another port with ${flag}`;
    case 'EADDRNOTAVAIL':
      return `${bind} is not an address of this machine: choose another with --bind`;
    case 'EACCES':
      return `port ${port} may not be opened by this user: choose one above 1023 with ${flag}`;
    default:
      return `port ${port} on ${bind} cannot be opened: ${error.message}`;
  }
};

/** What would keep a server from listening there, in words; undefined when nothing does. `flag` is what chooses another port. */
export const portProblem = (bind: string, port: number, flag: string): Promise<string | undefined> =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', (error) => resolve(explain(error, bind, port, flag)));
    probe.listen({ host: bind, port, exclusive: true }, () => probe.close(() => resolve(undefined)));
  });
