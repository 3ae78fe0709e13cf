import { type JoinToken, joinNode, parseJoinToken, renewCertificate, systemClock } from '@river/runtime';

/** Joins or renews, and is killed with -9 after so many files were replaced or requests were made: argv is JSON. */
const { what, killAt, server, token, node, dir }: Record<'what' | 'server' | 'token' | 'node' | 'dir', string> & { killAt: number } =
  JSON.parse(process.argv[2] ?? '');

let steps = 0;
const step = () => {
  steps++;
  if (steps === killAt) process.kill(process.pid, 'SIGKILL');
};

/** Before each thing that the rest of the world can see: a file gets its name, a request goes out. */
const fs = process.getBuiltinModule('node:fs');
const { renameSync } = fs;
fs.renameSync = (...args) => {
  step();
  renameSync(...args);
  step();
};
const https = process.getBuiltinModule('node:https');
const { request } = https;
https.request = ((...args: Parameters<typeof request>) => {
  step();
  const made = request(...args);
  made.once('response', step);
  return made;
}) as typeof request; // the overloads are those of the original
process.getBuiltinModule('node:module').syncBuiltinESMExports();

const asking = { clock: systemClock, timeoutMs: 20_000, dir };
const parsed = parseJoinToken(token) as JoinToken; // the test gives a good one
if (what === 'join') await joinNode({ ...asking, server, token: parsed, node });
else await renewCertificate(asking);
process.stdout.write(`${steps}\n`);
