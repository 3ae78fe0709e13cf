import * as Flags from '@oclif/core/flags';
import { command } from '../command/command.ts';

/** Set when the bundle is made. */
declare const RIVER_VERSION: string;

export const versionCommand = command({
  name: 'version',
  summary: 'show the versions of riverctl and the server',
  usage: '',
  examples: ['riverctl version', 'riverctl version --client'],
  flags: { client: Flags.boolean({ description: 'only of riverctl; asks no server' }) },
  run: async ({ flags }, context) => {
    const client = { version: RIVER_VERSION, node: process.version, platform: `${process.platform}/${process.arch}` };
    context.say(`riverctl ${client.version} (Node ${client.node}, ${client.platform})`);
    if (flags.client) return context.result({ client });
    const api = await context.client();
    const server = await api.json<{ gitVersion: string }>({ method: 'GET', path: '/version' });
    context.say(`server   ${server.gitVersion} at ${api.server}`);
    context.result({ client, server });
  },
});
