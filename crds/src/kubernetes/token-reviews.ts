import { z } from 'zod';
import { defineResource } from '../define-resource.ts';
import { dateTime, listOf, mapOf } from '../schema/field.ts';

const text = (what: string) => z.string().max(1024).optional().describe(what);
const audiences = (what: string) => listOf(z.string().min(1).max(1024), { max: 16 }).optional().describe(what);

const mostSeconds = 2 ** 32;

const boundObject = z.object({
  kind: text('`Secret`, `Placement` or `Node`.'),
  apiVersion: text('`v1` for a Secret, `river.dev/v1` for the others.'),
  name: text('Its name; what has a namespace is in the one of the account.'),
  uid: text('Its uid: another object that has taken the name is then refused.'),
});

/** What is written to the `token` of a ServiceAccount: it is answered, not kept. */
export const TokenRequest = defineResource({
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'TokenRequest',
  plural: 'tokenrequests',
  scope: 'Namespaced',
  columns: [],
  description: 'Asks for a token of a ServiceAccount.',
  fields: {
    spec: z
      .object({
        audiences: audiences('Whom the token is for; this API server when left out.'),
        expirationSeconds: z
          .int()
          .min(600)
          .max(mostSeconds)
          .default(3600)
          .describe('How long it is to be valid. It may be less: the status tells.'),
        boundObjectRef: boundObject.optional().describe('The token is worth nothing any more when this object is gone.'),
      })
      .describe('What is wanted.'),
    status: z
      .object({ token: z.string().describe('The token.'), expirationTimestamp: dateTime().describe('Until when it is valid.') })
      .optional()
      .describe('What is given.'),
  },
});

export const TokenReview = defineResource({
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'TokenReview',
  plural: 'tokenreviews',
  scope: 'Cluster',
  columns: [],
  description: 'Asks whose a token is. The answer does not repeat the token.',
  fields: {
    spec: z
      .object({
        token: z.string().optional().describe('The token.'),
        audiences: audiences('Who asks: the token must be for one of them. This API server when left out.'),
      })
      .describe('The question.'),
    status: z
      .object({
        authenticated: z.boolean().optional().describe("Whether the token is somebody's."),
        user: z
          .object({
            username: text('Name.'),
            uid: text('Uid.'),
            groups: listOf(z.string()).optional().describe('Groups.'),
            extra: mapOf(listOf(z.string()), { max: 64 }).optional().describe('What else is known.'),
          })
          .optional()
          .describe('Whose it is.'),
        audiences: listOf(z.string()).optional().describe('Those of the question that the token is for.'),
        error: z.string().optional().describe("Why it is nobody's."),
      })
      .optional()
      .describe('The answer.'),
  },
});
