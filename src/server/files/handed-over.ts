/**
 * Messages of encrypted rooms that are handed over between devices on different servers of a
 * cluster. Each is an upload of one chunk, which the other servers read from the shared store.
 */

import { assert } from "../../base/assert.ts";
import type { FileId } from "../../base/ids.ts";
import { UPLOAD_KEEP_MS } from "../../base/limits.ts";
import { setNewest } from "../../core/evict.ts";
import type { BlobMetadata } from "../../io/blob/interfaces.ts";
import type { SharedFiles } from "../../io/cluster/shared-files.ts";
import type { DownloadContent } from "../session/connection-state.ts";
import type { PartialUpload } from "./uploads.ts";

/** Maximum number of uploads whose metadata this server remembers. */
const KNOWN_MAX = 4_096;

export class HandedOver {
  readonly #known = new Map<FileId, BlobMetadata>();

  constructor(private readonly shared: SharedFiles) {}

  /** `undefined` unless `list` has found the upload. */
  aboutOf(file: FileId): BlobMetadata | undefined {
    return this.#known.get(file);
  }

  /** @throws {Fault} no-majority if the store does not answer, so that nothing seems missing */
  async list(isWanted: (about: BlobMetadata) => boolean): Promise<PartialUpload[]> {
    const { shared } = this;
    const found: PartialUpload[] = [];
    for (const file of await shared.handed()) {
      const about = this.#known.get(file) ?? (await shared.about(file));
      if (about === undefined) continue;
      setNewest(this.#known, file, about, KNOWN_MAX);
      if (!isWanted(about)) continue;
      const isComplete = (await shared.storedHashes(file)).length === 1;
      const doneBytes = isComplete ? (about.sizeBytes ?? 0) : 0;
      const expiresMs = about.sinceMs + UPLOAD_KEEP_MS;
      found.push({ about, doneBytes, isSending: !isComplete, expiresMs });
    }
    return found;
  }

  async open(file: FileId): Promise<DownloadContent | undefined> {
    const metadata = this.#known.get(file);
    const [hash] = metadata === undefined ? [] : await this.shared.storedHashes(file);
    if (metadata === undefined || hash === undefined) return undefined;
    const bytes = await this.shared.chunk(file, 0, hash);
    return {
      metadata,
      have: 1,
      diskBytes: undefined,
      hash: (index) => {
        assert(index === 0, "there is one chunk");
        return Promise.resolve(hash);
      },
      readSome: () => Promise.resolve([bytes]),
      close: () => undefined,
    };
  }
}
