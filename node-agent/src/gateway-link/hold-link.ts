import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { beatLine, type Clock, type LinkLine, linkBeatMs, linkPath, linkSilenceMs, parseLinkLine } from '@river/runtime';
import { type GatewayAccess, post } from './post.ts';

export interface HoldingLink {
  access: GatewayAccess;
  gateway: string;
  clock: Clock;
  onOpen(): void;
  onLine(line: LinkLine): void;
  signal: AbortSignal;
}

const longestLine = 64 * 1024;

/** Holds one request open on which the gateway says what it wants, until it ends or breaks, which is thrown. Both sides say that they are there. */
export async function holdLink({ access, gateway, clock, onOpen, onLine, signal }: HoldingLink): Promise<void> {
  const outgoing = post(access, `${gateway}${linkPath}`, 'application/x-ndjson');
  const onAbort = () => outgoing.destroy();
  signal.addEventListener('abort', onAbort, { once: true });
  let heardMs = clock.monotonicMs();
  const tick = () => {
    if (clock.monotonicMs() - heardMs > linkSilenceMs) return void outgoing.destroy(new Error('the gateway says nothing any more'));
    outgoing.write(beatLine);
    cancel = clock.after(linkBeatMs, tick);
  };
  let cancel = () => {};
  tick();
  try {
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    if (answer.statusCode !== 200) throw new Error(`the gateway answered ${answer.statusCode}`);
    onOpen();
    for await (const line of linesOf(answer, () => {
      heardMs = clock.monotonicMs();
    })) {
      const said = parseLinkLine(line);
      if (said) onLine(said);
    }
  } finally {
    cancel();
    signal.removeEventListener('abort', onAbort);
    outgoing.destroy();
  }
}

async function* linesOf(answer: IncomingMessage, onData: () => void): AsyncGenerator<string> {
  let rest = '';
  answer.setEncoding('utf8');
  for await (const chunk of answer) {
    onData();
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > longestLine) throw new Error('the gateway says a line that does not end');
    yield* lines;
  }
}
