import type { Duplex } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { Api } from '../server/http.ts';
import type { RunningServer } from '../server/start-server.ts';
import { head, openTcp, openTls } from './raw.ts';
import { configMap, configMaps } from './victim.ts';

/** Many of one kind of bad client. What they opened is closed at the end. */
export interface Crowd {
  attack(server: RunningServer, api: Api, size: number): Promise<void>;
}

const atOnce = 50;

/** Runs `size` of them, some at a time, and gives back what they hold. Who is turned away is no failure. */
async function each(size: number, open: (at: number) => Promise<Duplex>): Promise<Duplex[]> {
  const held: Duplex[] = [];
  let next = 0;
  const runner = async () => {
    while (next < size) {
      const socket = await open(next++).catch(() => undefined);
      if (socket) held.push(socket);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, runner));
  return held;
}

const closeAll = (held: readonly Duplex[]) => {
  for (const socket of held) socket.destroy();
};

const saying = async (server: RunningServer, text: string): Promise<Duplex> => {
  const socket = await openTls(server);
  socket.pause();
  socket.write(text);
  return socket;
};

/** Holds connections and says a little more on each every 100 ms, for a while. */
async function holding(held: readonly Duplex[], more: string, forMs: number): Promise<void> {
  const end = performance.now() + forMs;
  while (performance.now() < end) {
    for (const socket of held) if (more !== '' && socket.writable) socket.write(more);
    await pause(more === '' ? 100 : 1_000);
  }
  closeAll(held);
}

const write = async (api: Api, count: number, bytes: number): Promise<void> => {
  const data = { a: 'x'.repeat(bytes) };
  let next = 0;
  const writer = async () => {
    while (next < count) {
      const name = `w-${next++}`;
      const answer = await api.call('PUT', `${configMaps}/slow-${name}`, { body: configMap(`slow-${name}`, data) });
      if (answer.status === 404) await api.create(configMaps, configMap(`slow-${name}`, data));
    }
  };
  await Promise.all(Array.from({ length: 16 }, writer));
};

const table = 'Accept: application/json;as=Table;v=v1;g=meta.k8s.io';

/** `holdMs` is how long the patient ones stay. */
export const crowds = (holdMs: number): Record<string, Crowd> => ({
  'connect and never shake hands': {
    attack: async (server, _api, size) => holding(await each(size, () => openTcp(server)), '', holdMs),
  },
  'send their headers a byte a second': {
    attack: async (server, _api, size) =>
      holding(await each(size, () => saying(server, 'GET /livez HTTP/1.1\r\nHost: a\r\nX-Slow: ')), 'a', holdMs),
  },
  'never finish their body': {
    attack: async (server, _api, size) =>
      holding(await each(size, () => saying(server, `${head(server, 'POST', configMaps, ['Content-Length: 100000'])}{`)), ' ', holdMs),
  },
  'watch and never read while others write': {
    async attack(server, api, size) {
      const held = await each(size, () => saying(server, head(server, 'GET', `${configMaps}?watch=1`)));
      await write(api, 400, 5_000);
      closeAll(held);
    },
  },
  'ask for long lists and never read': {
    async attack(server, api, size) {
      await write(api, 400, 5_000);
      await holding(await each(size, (at) => saying(server, head(server, 'GET', configMaps, at % 2 ? [table] : []))), '', holdMs);
    },
  },
  'begin watches and leave': {
    async attack(server, _api, size) {
      await each(size, async () => {
        const socket = await saying(server, head(server, 'GET', `${configMaps}?watch=1&resourceVersion=0`));
        socket.resume();
        await new Promise((resolve) => {
          socket.once('data', resolve);
          socket.once('close', resolve);
        });
        return socket.destroy();
      });
    },
  },
  'watch with long selectors while others write': {
    async attack(server, api, size) {
      const selector = (at: number) => encodeURIComponent(Array.from({ length: 1_500 }, (_, key) => `!k${at}x${key}`).join(','));
      const held = await each(size, (at) => saying(server, head(server, 'GET', `${configMaps}?watch=1&labelSelector=${selector(at)}`)));
      await write(api, 200, 500);
      closeAll(held);
    },
  },
});
