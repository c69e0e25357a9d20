/**
 * Messages of encrypted rooms that are handed over between devices on different servers of a
 * cluster. Each is an upload of one chunk, which the other servers read from the shared store.
 */

import { assert } from "../../base/assert.ts";
import type { FileId, UserId } from "../../base/ids.ts";
import { UPLOAD_KEEP_MS } from "../../base/limits.ts";
import { setNewest } from "../../core/evict.ts";
import type { BlobMetadata } from "../../io/blob/interfaces.ts";
import type { SharedFiles } from "../../io/cluster/shared-files.ts";
import type { DownloadContent } from "../session/connection-state.ts";
import type { PartialUpload } from "./uploads.ts";

/** Maximum number of uploads whose metadata this server remembers. */
const KNOWN_MAX = 4_096;

interface KnownUpload {
  readonly about: BlobMetadata;
  readonly isComplete: boolean;
}

export class HandedOver {
  readonly #known = new Map<FileId, KnownUpload>();

  constructor(private readonly shared: SharedFiles) {}

  /** `undefined` unless `list` has found the upload. */
  aboutOf(file: FileId): BlobMetadata | undefined {
    return this.#known.get(file)?.about;
  }

  /**
   * Uploads to the user, or of the user to the own devices, in the order of their ids. Asks the
   * store once, and again only about those of the page that were not complete before.
   * @throws {Fault} no-majority if the store does not answer, so that nothing seems missing
   */
  async list(
    user: UserId,
    isWanted: (file: FileId) => boolean,
    max: number,
  ): Promise<PartialUpload[]> {
    const files = (await this.shared.handedTo(user)).filter(isWanted).sort();
    const found: PartialUpload[] = [];
    for (const file of files) {
      if (found.length === max) break;
      const known = await this.#find(file);
      if (known === undefined) continue;
      const { about, isComplete } = known;
      const doneBytes = isComplete ? (about.sizeBytes ?? 0) : 0;
      const expiresMs = about.sinceMs + UPLOAD_KEEP_MS;
      found.push({ about, doneBytes, isSending: !isComplete, isComplete, expiresMs });
    }
    return found;
  }

  async #find(file: FileId): Promise<KnownUpload | undefined> {
    const { shared } = this;
    const known = this.#known.get(file);
    if (known?.isComplete === true) return known;
    const about = known?.about ?? (await shared.about(file));
    if (about === undefined) return undefined;
    const isComplete = (await shared.storedHashes(file)).length === 1;
    const upload = { about, isComplete };
    setNewest(this.#known, file, upload, KNOWN_MAX);
    return upload;
  }

  async open(file: FileId): Promise<DownloadContent | undefined> {
    const metadata = this.aboutOf(file);
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
