/** Files of an account, in open and sealed rooms. */

import type { FileId } from "../../base/ids.ts";
import { unlessAborted } from "../link/abort.ts";
import {
  type DownloadedFile,
  type DownloadRequest,
  interrupted,
  type UploadedFile,
  type UploadRequest,
} from "../transfer/transfers.ts";
import type { SealedFiles, SealedFilesOptions } from "./files.ts";
import type { Sealing } from "./sealing.ts";

export interface AccountFilesOptions extends Omit<SealedFilesOptions, "session"> {
  /** @throws {Fault} not-logged-in */
  readonly session: () => FileSession;
}

interface FileSession extends Omit<SealedFilesOptions["session"], "sealing"> {
  readonly sealing: Pick<Sealing, "untilListed" | "sealedTargets" | "exists" | "code" | "rooms">;
}

/**
 * Sends only after it is known whether the rooms are sealed. The code for sealed rooms is loaded on
 * demand.
 */
export class AccountFiles {
  readonly #options: AccountFilesOptions;

  constructor(options: AccountFilesOptions) {
    this.#options = options;
  }

  /** @throws {Fault} as `Transfers`; not-allowed if this device does not support sealed rooms */
  async send(request: UploadRequest): Promise<UploadedFile> {
    const { transfers, uploads } = this.#options;
    const { sealing } = await this.#listedSession(request);
    const sealed = await sealing.sealedTargets(request.to);
    if (sealed.length === 0) return transfers.send(request, uploads);
    return (await this.#sealedFiles()).send(request, sealed);
  }

  /** Decrypts a file of a sealed room with the key that this device has read. @throws {Fault} */
  async get(request: DownloadRequest): Promise<DownloadedFile> {
    const { sealing } = await this.#listedSession(request);
    const isOpen = !(await sealing.exists());
    return (isOpen ? this.#options.transfers : await this.#sealedFiles()).get(request);
  }

  withdraw(file: FileId): Promise<void> {
    return this.#options.transfers.withdraw(file);
  }

  /**
   * Posts to sealed rooms the files that earlier runs uploaded but did not post. @throws {Fault}
   */
  async announceUploads(): Promise<void> {
    await (await this.#sealedFiles()).announceUploads();
  }

  /** Waits until this link has listed all rooms. @throws {Fault} not-logged-in, interrupted */
  async #listedSession({ signal }: Pick<UploadRequest, "signal">): Promise<FileSession> {
    const session = this.#options.session();
    const listed = session.sealing.untilListed();
    await (signal === undefined
      ? listed
      : unlessAborted(signal, listed).catch(() => {
          throw interrupted();
        }));
    return session;
  }

  async #sealedFiles(): Promise<SealedFiles> {
    const { session, ...fileOptions } = this.#options;
    const { SealedFiles } = await session().sealing.code();
    return new SealedFiles({ ...fileOptions, session: session() });
  }
}
