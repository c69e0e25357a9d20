/** Tags of films and recordings in Matroska and WebM, which usually follow the pictures. */

import type { PersonalDataFound } from "./personal-data-found.ts";
import type { ReadContent, Reading } from "./read-content.ts";

/** Elements of one file. A recording of a browser has one for each 20 ms of sound. */
const ELEMENTS_MAX = 200_000;
const TEXT_BYTES_MAX = 64 * 1024;
/** Elements whose content is elements: the file, its tags, and one tag within them. */
const PARENTS: ReadonlySet<number> = new Set([0x18538067, 0x1254c367, 0x7373, 0x67c8]);
const [TAG_NAME, TAG_TEXT] = [0x45a3, 0x4487];

export function* searchMatroska(content: ReadContent, found: PersonalDataFound): Reading<void> {
  let [at, name] = [0, ""];
  for (let count = 0; count < ELEMENTS_MAX; count++) {
    const head = yield* content.view(at, 2);
    if (head === undefined) return;
    const idBytes = lengthOf(head.getUint8(0));
    const id = yield* numberAt(content, at, idBytes, 0xff);
    const sizeAt = at + idBytes;
    const sizeBytes = lengthOf((yield* content.view(sizeAt, 1))?.getUint8(0) ?? 0);
    const length = yield* numberAt(content, sizeAt, sizeBytes, 0xff >> sizeBytes);
    if (id === undefined || length === undefined) return;
    const data = sizeAt + sizeBytes;
    // A recorder that does not know the length writes only ones. The content follows.
    const isUnknown = length === 2 ** (7 * sizeBytes) - 1;
    const text = () => content.text(data, Math.min(length, TEXT_BYTES_MAX));
    if (id === TAG_NAME) name = (yield* text()).replaceAll("\0", "");
    else if (id === TAG_TEXT) found.noteComments(`${name}=${yield* text()}`);
    at = isUnknown || PARENTS.has(id) ? data : data + length;
  }
  found.suspect();
}

/** Bytes of a number that begins with this one; the first bit that is set tells. */
function lengthOf(first: number): number {
  return Math.clz32(first) - 23;
}

/** @param mask bits of the first byte that belong to the number */
function* numberAt(
  content: ReadContent,
  at: number,
  bytes: number,
  mask: number,
): Reading<number | undefined> {
  if (bytes > 8) return undefined;
  const view = yield* content.view(at, bytes);
  if (view === undefined) return undefined;
  let value = 0;
  for (let i = 0; i < bytes; i++)
    value = value * 256 + (view.getUint8(i) & (i === 0 ? mask : 0xff));
  return value;
}
