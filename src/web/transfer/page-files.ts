/** Sends and fetches files of open and sealed rooms. */

import type { FileId } from "../../base/ids.ts";
import type { FileTransfers, SealedFilesParts } from "../../client/sealed/files.ts";
import type { Sealing } from "../../client/sealed/sealing.ts";
import type { Hashing } from "../../client/transfer/hashing.ts";
import type {
  GetRequest,
  GotFile,
  SendRequest,
  SentFile,
  Transfers,
} from "../../client/transfer/transfers.ts";
import type { ResumableUploads } from "../../io/state/kept-upload.ts";

export type SealedFilesCode = typeof import("../../client/sealed/files.ts").SealedFiles;

/** Additional parts for files of sealed rooms. */
export interface SealedPageParts extends Pick<SealedFilesParts, "views" | "post"> {
  readonly sealing: Sealing;
  /** @throws {Fault} unreachable if the code cannot be fetched */
  readonly load: () => Promise<SealedFilesCode>;
}

export interface PageFilesParts {
  readonly transfers: Transfers;
  readonly hashing: Hashing;
  readonly uploads: ResumableUploads | undefined;
  /** `undefined` if the page has no sealed rooms. */
  readonly sealed: SealedPageParts | undefined;
}

/**
 * Files of open and sealed rooms. Nothing is sent, not even a name, before the kind of the room is
 * known. The code for sealed rooms is loaded on demand.
 */
export class PageFiles implements FileTransfers {
  readonly #parts: PageFilesParts;

  constructor(parts: PageFilesParts) {
    this.#parts = parts;
  }

  /** @throws {Fault} also not-allowed if the room is sealed and this device cannot seal */
  async send(request: SendRequest): Promise<SentFile> {
    const { transfers, uploads, sealed } = this.#parts;
    const rooms = (await sealed?.sealing.sealedOf(request.to)) ?? [];
    if (sealed === undefined || rooms.length === 0) return transfers.send(request, uploads);
    return (await this.#files(sealed)).send(request);
  }

  /** Opens a sealed file with the key that this device has read. */
  async get(request: GetRequest): Promise<GotFile> {
    const { transfers, sealed } = this.#parts;
    await sealed?.sealing.listed();
    const isOpen = sealed === undefined || !(await sealed.sealing.exists());
    return (isOpen ? transfers : await this.#files(sealed)).get(request);
  }

  withdraw(file: FileId): Promise<void> {
    return this.#parts.transfers.withdraw(file);
  }

  /** Posts to rooms the files that earlier pages uploaded but did not post. */
  async sayLeft(): Promise<void> {
    const { sealed } = this.#parts;
    if (sealed !== undefined) await (await this.#files(sealed)).sayLeft();
  }

  async #files({ sealing, views, post, load }: SealedPageParts) {
    const { transfers, hashing, uploads } = this.#parts;
    const SealedFiles = await load();
    return new SealedFiles({
      ...{ transfers, hashing, uploads, views, post, cipher: undefined },
      exists: () => sealing.exists(),
      rooms: () => sealing.rooms(),
      sealedOf: (targets) => sealing.sealedOf(targets),
    });
  }
}
