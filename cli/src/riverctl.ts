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
process.exitCode = await main(process.argv.slice(2));
