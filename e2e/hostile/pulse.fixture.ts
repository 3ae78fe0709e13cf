import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { monitorEventLoopDelay } from 'node:perf_hooks';

/**
 * Asks a server whether it is alive, every few milliseconds on one connection, and tells each answer's time in ms on SIGTERM;
 * also how late its own timers were, which is what the machine did to everybody.
 */
const own = monitorEventLoopDelay({ resolution: 10 });
own.enable();

const [port = '', caFile = '', everyMs = '5'] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const ca = readFileSync(caFile);
const times: number[] = [];
const failures: string[] = [];
let isOver = false;

const beat = (): void => {
  if (isOver) return;
  const startedMs = performance.now();
  const next = () => setTimeout(beat, Math.max(0, Number(everyMs) - (performance.now() - startedMs)));
  const sent = request({ host: '127.0.0.1', port, ca, servername: 'localhost', path: '/livez', agent }, (answer) => {
    answer.resume();
    answer.on('end', () => {
      times.push(performance.now() - startedMs);
      if (answer.statusCode !== 200) failures.push(`status ${answer.statusCode}`);
      next();
    });
  });
  sent.on('error', (error) => {
    failures.push(error.message);
    next();
  });
  sent.end();
};

process.on('SIGTERM', () => {
  isOver = true;
  process.stdout.write(
    JSON.stringify({ times, ownLagMs: own.percentile(99) / 1e6, failures: failures.slice(0, 20), failed: failures.length }),
    () => process.exit(0),
  );
});
beat();
process.stderr.write('beating\n');
