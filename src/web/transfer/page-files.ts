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

/** What files of sealed rooms take, beside those of open ones. */
export interface SealedPageParts extends Pick<SealedFilesParts, "views" | "post"> {
  readonly sealing: Sealing;
  /** @throws Fault unreachable: its code cannot be fetched now */
  readonly load: () => Promise<SealedFilesCode>;
  /** Resolves when it is known which rooms are sealed, or the account is left. */
  readonly known: () => Promise<void>;
}

export interface PageFilesParts {
  readonly transfers: Transfers;
  readonly hashing: Hashing;
  readonly uploads: ResumableUploads | undefined;
  /** Undefined: a page without sealed rooms. */
  readonly sealed: SealedPageParts | undefined;
}

/**
 * Files of open and of sealed rooms. Nothing goes out before it is known which a room is, not even
 * a name. The code for sealed ones is fetched where there is one.
 */
export class PageFiles implements FileTransfers {
  readonly #parts: PageFilesParts;

  constructor(parts: PageFilesParts) {
    this.#parts = parts;
  }

  /** @throws Fault also not-allowed: the room is sealed, and this device cannot seal */
  async send(request: SendRequest): Promise<SentFile> {
    const { transfers, uploads, sealed } = this.#parts;
    await sealed?.known();
    const rooms = (await sealed?.sealing.sealedOf(request.to)) ?? [];
    if (sealed === undefined || rooms.length === 0) return transfers.send(request, uploads);
    return (await this.#files(sealed)).send(request);
  }

  /** What this device has read of a sealed file opens it. */
  async get(request: GetRequest): Promise<GotFile> {
    const { transfers, sealed } = this.#parts;
    await sealed?.known();
    const isOpen = sealed === undefined || !(await sealed.sealing.exists());
    return (isOpen ? transfers : await this.#files(sealed)).get(request);
  }

  withdraw(file: FileId): Promise<void> {
    return this.#parts.transfers.withdraw(file);
  }

  /** Tells rooms of files that earlier pages have sent there, and not told of. */
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
