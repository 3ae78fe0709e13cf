import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

/** First the cache, then the code that it is for: a static import would be compiled before the cache is on. */
enableCompileCache(fileURLToPath(new URL('../../.cache/riverctl', import.meta.url)));

/** A reader that has seen enough (`riverctl get … | head`) is no failure; a full disk is one. */
const onLost = (error: Error): never => {
  if ('code' in error && error.code === 'EPIPE') process.exit(0);
  process.stderr.write(`riverctl: the output could not be written: ${error.message}\n`);
  process.exit(1);
};
process.stdout.on('error', onLost);
process.stderr.on('error', () => process.exit(1));

const { main } = await import('./main.ts');
const code = await main(process.argv.slice(2));
// Not when the last socket is gone: one to a server that hangs would keep the process for minutes. What was written goes out first.
// A write that fails has its own end, above.
process.exitCode = code;
process.stdout.write('', (lost) => lost ?? process.stderr.write('', () => process.exit(code)));
