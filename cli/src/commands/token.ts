import * as Flags from '@oclif/core/flags';
import { command } from '../command/command.ts';
import { UsageError } from '../command/usage-error.ts';
import { askToken, parseSeconds } from '../token/ask-token.ts';
import { cachedToken, refuseCircles, wantedVersion } from '../token/exec-credential.ts';

const flags = {
  audience: Flags.string({ helpValue: 'NAME', multiple: true, description: 'whom the token is for (default: this API server)' }),
  duration: Flags.string({ helpValue: 'DURATION', description: 'how long it is to be valid, at least 10m (default: 1h)' }),
  for: Flags.string({ helpValue: 'KIND/NAME', description: 'end with this secret, placement or node' }),
};

type Given = { audience?: string[] | undefined; duration?: string | undefined; for?: string | undefined };
const wishOf = ({ audience, duration, for: boundTo }: Given) => ({ audiences: audience ?? [], seconds: parseSeconds(duration), boundTo });

export const tokenCreateCommand = command({
  name: 'token create',
  summary: 'get a token of a ServiceAccount',
  usage: 'ACCOUNT',
  examples: ['riverctl token create robot --duration 20m', 'riverctl -n lab token create robot --for placement/t-train-1-x7k2p-1'],
  flags,
  run: async ({ args: [account, ...more], flags: given }, context) => {
    if (!account || more.length > 0) throw new UsageError('name the one account: riverctl token create ACCOUNT');
    const wish = wishOf(given);
    const client = await context.client();
    const token = await askToken(client, { ...wish, account, namespace: client.namespace });
    context.say(token.token);
    context.result(token);
  },
});

export const tokenExecCredentialCommand = command({
  name: 'token exec-credential',
  summary: 'give kubectl or riverctl the credential of a ServiceAccount, for exec in a kubeconfig',
  usage: '--account ACCOUNT',
  examples: ['riverctl token exec-credential --account robot -n lab --context admin'],
  flags: {
    ...flags,
    account: Flags.string({ helpValue: 'NAME', required: true, description: 'the account' }),
    fresh: Flags.boolean({ description: 'do not use the token that is kept' }),
  },
  run: async ({ args, flags: given }, context) => {
    if (args.length > 0) throw new UsageError(`token exec-credential takes nothing but flags: --account ${args[0]}?`);
    const apiVersion = wantedVersion(context.env);
    const wish = wishOf(given);
    refuseCircles(context.env);
    const client = await context.client();
    const cached = { ...wish, account: given.account, namespace: client.namespace, isAnew: given.fresh };
    const { token, expirationTimestamp } = await cachedToken(client, cached, context.env, context.wallMs());
    context.write(`${JSON.stringify({ apiVersion, kind: 'ExecCredential', status: { token, expirationTimestamp } })}\n`);
  },
});
