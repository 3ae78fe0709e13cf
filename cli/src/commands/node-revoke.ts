import * as Flags from '@oclif/core/flags';
import { ApiError } from '@river/crds';
import { type ApiClient, joinTokenNamespace, nodeUsername } from '@river/runtime';
import { command } from '../command/command.ts';
import { UsageError } from '../command/usage-error.ts';

const list = { name: 'revoked-certificates', namespace: joinTokenNamespace };
const dayMs = 24 * 60 * 60 * 1000;
/** Longer than what is revoked can be good for: certificates of nodes 90 days, of people a year. */
const nodeMs = 91 * dayMs;
const anyMs = 3650 * dayMs;

const isoSeconds = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

/** The server's own time, to the next whole second: it is the one that the certificates were dated by. */
const serverMs = async (client: ApiClient): Promise<number> => {
  const { headers } = await client.request({ method: 'GET', path: '/version' });
  const ms = Date.parse(headers.date ?? '');
  if (Number.isNaN(ms)) throw new Error(`${client.server} does not say what time it is`);
  return ms + 1000;
};

/** Each entry is a key of its own, so that two who revoke at once do not undo each other. */
const write = async (client: ApiClient, key: string, entry: object): Promise<void> => {
  const maps = client.resource({ group: '', version: 'v1', plural: 'configmaps', namespaced: true });
  const data = { [key]: JSON.stringify(entry) };
  const patch = () => maps.patch(list.name, { data }, { type: 'merge', namespace: list.namespace, fieldManager: 'riverctl' });
  try {
    await patch();
  } catch (error) {
    if (!ApiError.is(error, 'NotFound')) throw error;
    const made = maps.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: list, data }, { fieldManager: 'riverctl' });
    await made.catch((failure: unknown) => {
      if (!ApiError.is(failure, 'AlreadyExists')) throw failure;
      return patch();
    });
  }
};

export const nodeRevokeCommand = command({
  name: 'node revoke',
  summary: "make a node's certificates, or one certificate, worth nothing at once",
  usage: '(NODE | --serial SERIAL)',
  examples: ['riverctl node revoke gpu-1', 'riverctl node revoke --serial 4f0a…'],
  flags: {
    serial: Flags.string({ helpValue: 'SERIAL', description: 'serial number of one certificate, hexadecimal, of a node or a person' }),
  },
  run: async ({ args, flags }, context) => {
    const [node, ...more] = args;
    const serial = flags.serial?.replaceAll(':', '').toLowerCase();
    if (more.length > 0 || (node === undefined) === (serial === undefined))
      throw new UsageError('name one node, or a certificate with --serial');
    if (serial !== undefined && !/^[0-9a-f]{1,64}$/.test(serial)) throw new UsageError(`--serial ${flags.serial} is not hexadecimal`);
    const client = await context.client();
    const nowMs = await serverMs(client);
    if (serial !== undefined) await write(client, `serial.${serial}`, { until: isoSeconds(nowMs + anyMs) });
    else if (node !== undefined) {
      const entry = { user: nodeUsername(node), before: isoSeconds(nowMs), until: isoSeconds(nowMs + nodeMs) };
      await write(client, `node.${node}`, entry);
    }
    context.say(serial === undefined ? `certificates of node ${node} are void` : `the certificate ${serial} is void`);
    context.result(serial === undefined ? { node, before: isoSeconds(nowMs) } : { serial });
  },
});
