/** What one pass over the bytes of a JSON text tells before anything is built from it. */
export interface Outline {
  /** How many fields its objects have together, duplicates counted each time. */
  fields: number;
  /** How many values it has at least: what reading it costs. */
  values: number;
  /** How deeply its objects and lists are nested. */
  depth: number;
}

/** Index of the quote that ends the string that begins before `at`, or the length of the text. */
export const endOfString = (bytes: Uint8Array, at: number): number => {
  let end = at;
  while (end < bytes.length) {
    const byte = bytes[end];
    if (byte === 0x22) return end;
    end += byte === 0x5c ? 2 : 1;
  }
  return bytes.length;
};

/** Looks at brackets, colons and quotes alone: true of valid JSON, harmless on anything else. */
export const outline = (bytes: Uint8Array): Outline => {
  let fields = 0;
  let commas = 0;
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < bytes.length; at++) {
    switch (bytes[at]) {
      case 0x22:
        at = endOfString(bytes, at + 1);
        break;
      case 0x3a:
        fields++;
        break;
      case 0x2c:
        commas++;
        break;
      case 0x5b:
      case 0x7b:
        depth++;
        if (depth > deepest) deepest = depth;
        break;
      case 0x5d:
      case 0x7d:
        depth--;
        break;
    }
  }
  return { fields, values: Math.max(fields, commas), depth: deepest };
};
