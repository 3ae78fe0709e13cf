import { isIP } from 'node:net';
import * as Flags from '@oclif/core/flags';
import { joinTokenName, joinTokenNamespace, joinTokenType, longestJoinTokenMs } from '@river/runtime';
import { command } from '../command/command.ts';
import { UsageError } from '../command/usage-error.ts';
import { type JoinChoice, makeJoinToken, type TokenSecret, tokenSecretsOf } from '../node/make-join-token.ts';
import { alignColumns } from '../output/columns.ts';
import { parseDurationMs } from '../wait/duration.ts';

/** `10.0.0.0/8`, or one address. */
const checkRange = (range: string): string => {
  const [address = '', bits, ...more] = range.split('/');
  const most = isIP(address) === 4 ? 32 : 128;
  const isGood = isIP(address) > 0 && more.length === 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most));
  if (!isGood) throw new UsageError(`--address ${range} is no address and no range such as 10.0.0.0/8`);
  return range;
};

const lifeMs = (text: string): number => {
  const ms = parseDurationMs(text);
  if (ms > longestJoinTokenMs || ms <= 0 || text.startsWith('-'))
    throw new UsageError(`--ttl ${text}: a join token lives for 7 days (168h) at most`);
  return ms;
};

export const nodeJoinTokenCommand = command({
  name: 'node join-token',
  summary: 'make a token with which one machine may join',
  usage: '',
  examples: ['riverctl node join-token --node gpu-1', 'riverctl node join-token --address 10.1.0.0/16 --ttl 24h --no-auto-approve'],
  flags: {
    node: Flags.string({ helpValue: 'NAME', description: 'the only node that may join with it' }),
    address: Flags.string({ helpValue: 'CIDR', multiple: true, multipleNonGreedy: true, description: 'where it may be shown from' }),
    ttl: Flags.string({ default: '1h', helpValue: 'DURATION', description: 'how long it is good for, 168h at most' }),
    'auto-approve': Flags.boolean({ allowNo: true, default: true, description: 'who shows it need not be approved' }),
  },
  run: async ({ args, flags }, context) => {
    if (args.length > 0) throw new UsageError(`"${args[0]}" is one argument too many (see riverctl node join-token --help)`);
    const choice: JoinChoice = {
      node: flags.node,
      addresses: (flags.address ?? []).map(checkRange),
      untilMs: context.wallMs() + lifeMs(flags.ttl),
      isAutomatic: flags['auto-approve'],
    };
    const client = await context.client();
    const { id, token } = await makeJoinToken(client, choice);
    const join = `riverctl node join --server ${client.server}${flags.node ? ` --name ${flags.node}` : ''} --token-file -`;
    context.say(token);
    context.note(
      `\nGood once, until ${new Date(choice.untilMs).toISOString()}. On the node run this, and give it the token on stdin:\n  ${join}`,
    );
    context.result({ id, token, expires: new Date(choice.untilMs).toISOString(), command: join });
  },
});

const said = ({ data = {} }: TokenSecret, field: string): string => Buffer.from(data[field] ?? '', 'base64').toString();

export const nodeJoinTokenListCommand = command({
  name: 'node join-token list',
  summary: 'list the join tokens that are there',
  usage: '',
  examples: ['riverctl node join-token list'],
  flags: {},
  run: async (_, context) => {
    const { items } = await tokenSecretsOf(await context.client()).list({
      namespace: joinTokenNamespace,
      fieldSelector: `type=${joinTokenType}`,
    });
    const tokens = items.map((secret) => ({
      id: secret.metadata.name.slice(joinTokenName('').length),
      expires: said(secret, 'expiration'),
      node: said(secret, 'node'),
      addresses: said(secret, 'addresses'),
      approval: said(secret, 'approval'),
      usedFor: said(secret, 'request'),
    }));
    const rows = tokens.map(({ id, expires, node, addresses, approval, usedFor }) => [
      id,
      expires,
      node || 'any',
      addresses || 'any',
      approval,
      usedFor || '-',
    ]);
    if (rows.length === 0) context.note('no join tokens');
    else for (const line of alignColumns([['ID', 'EXPIRES', 'NODE', 'ADDRESSES', 'APPROVAL', 'USED FOR'], ...rows])) context.say(line);
    context.result(tokens);
  },
});

export const nodeJoinTokenDeleteCommand = command({
  name: 'node join-token delete',
  summary: 'delete join tokens: they are worth nothing from then on',
  usage: 'ID…',
  examples: ['riverctl node join-token delete ab12cd34ef'],
  flags: {},
  run: async ({ args }, context) => {
    if (args.length === 0) throw new UsageError('name join tokens by their id: riverctl node join-token list shows them');
    const secrets = tokenSecretsOf(await context.client());
    for (const id of args) {
      await secrets.delete(joinTokenName(id), { namespace: joinTokenNamespace });
      context.say(`join token ${id} deleted`);
    }
    context.result({ deleted: args });
  },
});
