/** Unfinished uploads by account, so that a question about one account looks at no other. */

import { firstIndex } from "../../base/binary-search.ts";
import type { FileId, UserId } from "../../base/ids.ts";

export class UploadLists {
  /** Ids in order. */
  readonly #files = new Map<UserId, FileId[]>();

  count(user: UserId): number {
    return this.#files.get(user)?.length ?? 0;
  }

  add(user: UserId, file: FileId): void {
    const files = this.#files.get(user) ?? [];
    const at = indexOf(files, file);
    if (files[at] === file) return;
    files.splice(at, 0, file);
    this.#files.set(user, files);
  }

  delete(user: UserId, file: FileId): void {
    const files = this.#files.get(user) ?? [];
    const at = indexOf(files, file);
    if (files[at] === file) files.splice(at, 1);
    if (files.length === 0) this.#files.delete(user);
  }

  /** Ids after this one, of a copy, because the caller can remove uploads meanwhile. */
  *after(user: UserId, file: string): Generator<FileId> {
    const files = this.#files.get(user) ?? [];
    const first = firstIndex(files.length, (index) => (files[index] ?? "") <= file);
    yield* files.slice(first);
  }
}

function indexOf(files: readonly FileId[], file: FileId): number {
  return firstIndex(files.length, (index) => (files[index] ?? "") < file);
}

/** Merges lists whose ids are in order. */
export function* inOrder(lists: readonly Iterator<FileId>[]): Generator<FileId> {
  const heads = lists.map((list) => ({ list, file: list.next().value as FileId | undefined }));
  for (;;) {
    let first: (typeof heads)[number] | undefined;
    for (const head of heads) {
      if (head.file === undefined) continue;
      if (first?.file === undefined || head.file < first.file) first = head;
    }
    if (first?.file === undefined) return;
    yield first.file;
    first.file = first.list.next().value as FileId | undefined;
  }
}
