/** Directories of TIFF, which is also the structure of EXIF. */

import { TIFF_ENTRIES_MAX, TIFF_ENTRY_BYTES } from "./picture-header.ts";
import type { ReadContent, Reading } from "./read-content.ts";

export interface Tag {
  readonly count: number;
  readonly value: number;
  /** Offset of a value of at most 4 bytes. */
  readonly inlineAt: number;
}

export type Tags = ReadonlyMap<number, Tag>;

/** Reads the first directory. */
export function* directoryOf(
  content: ReadContent,
  base: number,
): Reading<{ readonly tags: Tags; readonly isLittle: boolean }> {
  const head = yield* content.view(base, 8);
  const isLittle = head?.getUint8(0) === 0x49;
  if (head === undefined) return { tags: new Map(), isLittle };
  const tags = yield* tagsAt(content, base, head.getUint32(4, isLittle), isLittle);
  return { tags, isLittle };
}

/** Reads the complete entries of a directory. */
export function* tagsAt(
  content: ReadContent,
  base: number,
  directory: number,
  isLittle: boolean,
): Reading<Tags> {
  const at = base + directory;
  const count = (yield* content.view(at, 2))?.getUint16(0, isLittle) ?? 0;
  const length = Math.min(count, TIFF_ENTRIES_MAX) * TIFF_ENTRY_BYTES;
  const bytes = yield* content.read(at + 2, length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tags = new Map<number, Tag>();
  for (let entry = 0; entry + TIFF_ENTRY_BYTES <= bytes.length; entry += TIFF_ENTRY_BYTES) {
    tags.set(view.getUint16(entry, isLittle), {
      count: view.getUint32(entry + 4, isLittle),
      value: view.getUint32(entry + 8, isLittle),
      inlineAt: at + 2 + entry + 8,
    });
  }
  return tags;
}
