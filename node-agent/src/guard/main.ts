import { nodeFlags, nodeSettings } from './node-flags.ts';

/** The guard, and by it the agent. Replaces itself by a process with the settings that it wants; its number stays the same. */
const isSetUp = nodeFlags.every((flag) => process.execArgv.includes(flag));
if (process.argv.includes('--help')) await import('../agent/main.ts');
else if (isSetUp || !process.execve) await import('./run-guard.ts');
else process.execve(process.execPath, [process.execPath, ...nodeFlags, ...process.argv.slice(1)], { ...nodeSettings, ...process.env });
