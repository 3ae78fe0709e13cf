/**
 * A program that sleeps until it is killed, for a container that does nothing but hold a network namespace: no image of anybody's
 * is needed. Static, a few bytes of code, by the architecture that this process runs on.
 */
export function pauseProgram(arch: string): Buffer {
  const machine = machines[arch];
  if (!machine) throw new Error(`there is no sandbox for the architecture ${arch}`);
  const code = Buffer.from(machine.code);
  const start = 0x400000;
  const headers = 64 + 56;
  const file = Buffer.alloc(headers);
  // ELF, 64 bit, little endian, version 1, executable.
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0], 0);
  file.writeUInt16LE(2, 16);
  file.writeUInt16LE(machine.id, 18);
  file.writeUInt32LE(1, 20);
  file.writeBigUInt64LE(BigInt(start + headers), 24);
  file.writeBigUInt64LE(64n, 32);
  file.writeUInt16LE(64, 52);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(1, 56);
  // One segment, the whole file, to be read and run.
  file.writeUInt32LE(1, 64);
  file.writeUInt32LE(5, 68);
  file.writeBigUInt64LE(BigInt(start), 80);
  file.writeBigUInt64LE(BigInt(start), 88);
  file.writeBigUInt64LE(BigInt(headers + code.length), 96);
  file.writeBigUInt64LE(BigInt(headers + code.length), 104);
  file.writeBigUInt64LE(0x1000n, 112);
  return Buffer.concat([file, code]);
}

/** Number of the architecture in ELF, and: for ever, ask the kernel for `pause` (on arm64 `ppoll` of nothing). */
const machines: Readonly<Record<string, { id: number; code: readonly number[] }>> = {
  x64: { id: 62, code: [0xb8, 34, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf7] },
  arm64: {
    id: 183,
    // mov x0..x3, #0; mov x8, #73; svc #0; b to the beginning
    code: [0xd2800000, 0xd2800001, 0xd2800002, 0xd2800003, 0xd2800928, 0xd4000001, 0x17fffffa].flatMap((word) => [
      word & 0xff,
      (word >>> 8) & 0xff,
      (word >>> 16) & 0xff,
      word >>> 24,
    ]),
  },
};

/** A tar with that one program in it, as an engine imports it. */
export function pauseArchive(arch: string): Buffer {
  const program = pauseProgram(arch);
  const header = Buffer.alloc(512);
  const octal = (value: number, at: number, length: number) =>
    header.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1');
  header.write('pause', 0, 'latin1');
  octal(0o755, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(program.length, 124, 12);
  octal(0, 136, 12);
  header.write('        0', 148, 'latin1');
  header.write('ustar\u000000', 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  const padding = Buffer.alloc((512 - (program.length % 512)) % 512);
  return Buffer.concat([header, program, padding, Buffer.alloc(1024)]);
}
