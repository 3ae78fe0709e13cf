import type { ClientRequest, IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { createInterface } from 'node:readline';
import {
  answersPath,
  beatLine,
  type KeyPair,
  type LinkLine,
  linkPath,
  makeClientCertificate,
  type OutputAsk,
  outputType,
  parseLinkLine,
} from '@river/runtime';

export interface NodeOptions {
  gateway: string;
  ca: string;
  authority: KeyPair;
  name: string;
}

/** Speaks as an agent does, and as none would. */
export interface FakeNode {
  name: string;
  /** One that says that it is there, unless it is silent. */
  link(isSilent?: 'silent'): FakeLink;
  /** Begins to bring an answer. */
  answer(id: string, type?: string): FakeAnswer;
}

export interface FakeLink {
  /** Resolves with the answer's status. */
  opened: Promise<number>;
  asked: OutputAsk[];
  lines: LinkLine[];
  closed: Promise<void>;
  close(): void;
}

export interface FakeAnswer {
  request: ClientRequest;
  status: Promise<number>;
  /** Resolves when the connection is gone. */
  closed: Promise<void>;
}

export async function fakeNode({ gateway, ca, authority, name }: NodeOptions): Promise<FakeNode> {
  const who = { username: `system:node:${name}`, groups: ['system:nodes'] };
  const { certificate: cert, key } = await makeClientCertificate(authority, who, new Date());
  const post = (path: string, type: string) => {
    const outgoing = request(`${gateway}${path}`, { method: 'POST', agent: false, ca, cert, key, headers: { 'content-type': type } });
    const response = new Promise<IncomingMessage>((resolve, reject) => outgoing.once('response', resolve).once('error', reject));
    response.catch(() => {});
    outgoing.on('error', () => {});
    const closed = new Promise<void>((resolve) => outgoing.once('close', () => resolve()));
    return { outgoing, response, closed };
  };
  return {
    name,
    link(isSilent) {
      const { outgoing, response, closed } = post(linkPath, 'application/x-ndjson');
      const [asked, lines]: [OutputAsk[], LinkLine[]] = [[], []];
      outgoing.write(beatLine);
      const beats = setInterval(() => outgoing.write(beatLine), isSilent ? 1e9 : 1_000);
      void closed.then(() => clearInterval(beats));
      response
        .then((answer) => {
          answer.on('error', () => {});
          createInterface({ input: answer })
            .on('error', () => {})
            .on('line', (text) => {
              const line = parseLinkLine(text);
              if (!line) return;
              lines.push(line);
              if ('output' in line) asked.push(line.output);
            });
        })
        .catch(() => {});
      return { opened: response.then(({ statusCode }) => statusCode ?? 0), asked, lines, closed, close: () => outgoing.destroy() };
    },
    answer(id, type = outputType) {
      const { outgoing, response, closed } = post(`${answersPath}${id}`, type);
      outgoing.flushHeaders();
      const status = response.then((answer) => {
        answer.resume();
        return answer.statusCode ?? 0;
      });
      status.catch(() => {});
      return { request: outgoing, status, closed };
    },
  };
}
