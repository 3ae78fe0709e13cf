/** What all warnings of one response may take together, and one of them when they do not fit. */
const mostBytesOfAll = 4096;
const mostBytesOfOne = 256;

/** Control characters, and what a header field may not carry as it is. */
const unfit = /[^\t\x20-\x7e\u0080-\uffff]/g;

const cut = (text: string, bytes: number): string => {
  let size = 0;
  let kept = '';
  for (const character of text) {
    size += Buffer.byteLength(character);
    if (size > bytes) return kept;
    kept += character;
  }
  return text;
};

/**
 * One warning as RFC 7234 writes it, with no date and no agent. Node sends header values as Latin-1, so the UTF-8 bytes are given
 * as such.
 */
export const warningHeader = (text: string): string => {
  const escaped = text.replace(unfit, ' ').replace(/[\\"]/g, '\\$&');
  return `299 - "${Buffer.from(escaped).toString('latin1')}"`;
};

/** The Warning headers of a response: each text once, and shortened when together they would be too long for clients. */
export const warningHeaders = (texts: readonly string[]): string[] => {
  const distinct = [...new Set(texts)].filter((text) => text !== '');
  const total = distinct.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  if (total <= mostBytesOfAll) return distinct.map(warningHeader);
  const most = Math.floor(mostBytesOfAll / mostBytesOfOne);
  return distinct.slice(0, most).map((text) => warningHeader(cut(text, mostBytesOfOne)));
};
