import type { RecordFolder } from '@river/node-agent';
import type { Dice } from '../dice.ts';

/** A folder on a disk. What was written is safe at once, as the journal's writes are; that a file is gone may be forgotten by a power cut. */
export interface Disk extends RecordFolder {
  powerCut(dice: Dice): void;
}

export function disk(): Disk {
  const files = new Map<string, string>();
  /** Removed, and no later write has made that safe. */
  const loose = new Map<string, string>();
  return {
    names: () => [...files.keys()].sort(),
    read: (name) => files.get(name) ?? '',
    write(name, text) {
      files.set(name, text);
      // A write makes the folder safe, with all that it says.
      loose.clear();
    },
    remove(name) {
      const text = files.get(name);
      if (text !== undefined) loose.set(name, text);
      files.delete(name);
    },
    setAside: (name) => void files.delete(name),
    powerCut(dice) {
      for (const [name, text] of loose) if (dice.chance(0.5)) files.set(name, text);
      loose.clear();
    },
  };
}
