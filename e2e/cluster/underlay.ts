import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { startNetwork } from './machine.ts';

const exec = promisify(execFile);

/** The wires between the machines and this process: a switch in a network of its own. Nothing leads out of this machine. */
export interface Underlay {
  /** This process's own address in it. */
  address: string;
  /** A cable to the machine of this process; the number is the last part of its address. */
  attach(name: string, pid: number, number: number): Promise<string>;
  /** Down: as after its cable was pulled. */
  setCable(name: string, to: 'up' | 'down'): Promise<void>;
  stop(): Promise<void>;
}

let made = 0;

export async function startUnderlay(): Promise<Underlay> {
  const network = await startNetwork();
  const subnet = `10.${150 + (made++ % 40)}.${process.pid % 250}`;
  const here = `rc${process.pid.toString(36)}x${made}`;
  const address = `${subnet}.1`;
  await network.run('ip', 'link', 'add', 'br0', 'type', 'bridge', 'stp_state', '0', 'forward_delay', '0');
  await network.run('ip', 'link', 'set', 'br0', 'up');
  const plug = (cable: string) => network.run('ip', 'link', 'set', cable, 'master', 'br0', 'up');
  await exec('ip', ['link', 'add', here, 'type', 'veth', 'peer', 'name', 'hub', 'netns', String(network.pid)]);
  await plug('hub');
  await exec('ip', ['address', 'add', `${address}/24`, 'dev', here]);
  await exec('ip', ['link', 'set', here, 'up']);
  return {
    address,
    async attach(name, pid, number) {
      const inside = ['-n', `--target=${pid}`, 'ip'];
      await exec('ip', ['link', 'add', name, 'netns', String(network.pid), 'type', 'veth', 'peer', 'name', 'u0', 'netns', String(pid)]);
      await plug(name);
      await exec('nsenter', [...inside, 'link', 'set', 'lo', 'up']);
      await exec('nsenter', [...inside, 'address', 'add', `${subnet}.${number}/24`, 'dev', 'u0']);
      await exec('nsenter', [...inside, 'link', 'set', 'u0', 'up']);
      return `${subnet}.${number}`;
    },
    setCable: async (name, to) => void (await network.run('ip', 'link', 'set', name, to)),
    // Both ends of each cable go with the network that holds one of them.
    stop: () => network.kill9(),
  };
}
