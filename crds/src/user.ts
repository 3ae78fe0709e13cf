import { z } from 'zod';
import { type Draft, defineResource, type Resource } from './define-resource.ts';
import { observed } from './observed.ts';
import { cel, dateTime, listOf } from './schema/field.ts';

/** Type, base64 and perhaps a comment, in one line, as OpenSSH writes it. */
const publicKeyPattern =
  /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)|sk-ssh-ed25519@openssh\.com|sk-ecdsa-sha2-nistp256@openssh\.com) AAAA[A-Za-z0-9+/]+={0,3}( [^\r\n]*)?$/;

const sshKey = z.object({
  name: z.string().min(1).max(64).describe('What its owner calls it: `laptop`.'),
  publicKey: z.string().max(8192).regex(publicKeyPattern).describe('The public half, one line as in a `.pub` file: `ssh-ed25519 AAAA…`.'),
  notAfter: dateTime().optional().describe('From then on it opens nothing.'),
});

const group = cel(z.string().min(1).max(256), [
  { rule: "!self.startsWith('system:')", message: 'groups that begin with system: are not given by hand' },
]);

const userSpec = z.object({
  displayName: z.string().max(256).optional().describe('How the person is called.'),
  email: z
    .string()
    .max(254)
    .regex(/^[^\s@]+@[^\s@]+$/)
    .optional()
    .describe('Where the person is reached.'),
  disabled: z
    .boolean()
    .default(false)
    .describe('Shut out: nobody is let in under this name, whatever they show, and what they watch ends.'),
  groups: listOf(group, { type: 'set', max: 64 }).optional().describe('Groups that the person is of, as roles are bound to them.'),
  sshKeys: listOf(sshKey, { type: 'map', keys: ['name'], max: 64 })
    .optional()
    .describe('Keys by which the gateway knows the person.'),
});

export const User = defineResource({
  group: 'river.dev',
  version: 'v1',
  kind: 'User',
  plural: 'users',
  scope: 'Cluster',
  description: 'A person, under the name that roles are bound to. It holds nothing secret.',
  categories: ['river'],
  columns: [
    { name: 'Name', type: 'string', jsonPath: '.spec.displayName', description: 'How the person is called.' },
    { name: 'Groups', type: 'string', jsonPath: '.spec.groups', description: 'Groups that the person is of.' },
    { name: 'Disabled', type: 'boolean', jsonPath: '.spec.disabled', description: 'Whether the person is shut out.' },
    { name: 'Email', type: 'string', jsonPath: '.spec.email', priority: 1, description: 'Where the person is reached.' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Since when River knows the person.' },
  ],
  subresources: { status: {} },
  fields: {
    spec: userSpec.prefault({}).describe('Who it is.'),
    status: z
      .object({ ...observed() })
      .optional()
      .describe('How things are.'),
  },
});

export type User = Resource<typeof User>;
export type UserDraft = Draft<typeof User>;
