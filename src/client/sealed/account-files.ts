/** Files of an account in open and sealed rooms. */

import type { FileId } from "../../base/ids.ts";
import {
  type DownloadedFile,
  type DownloadRequest,
  interrupted,
  type UploadedFile,
  type UploadRequest,
} from "../files/transfers.ts";
import { unlessAborted } from "../link/abort.ts";
import type { SealedFiles, SealedFilesOptions } from "./files.ts";
import type { Sealing } from "./sealing.ts";

export interface AccountFilesOptions extends Omit<SealedFilesOptions, "session"> {
  readonly session: () => FileSession;
}

interface FileSession extends Omit<SealedFilesOptions["session"], "sealing"> {
  readonly sealing: Pick<Sealing, "untilListed" | "sealedTargets" | "exists" | "code" | "rooms">;
}

/** Loads the module for sealed rooms when it is needed. */
export class AccountFiles {
  readonly #options: AccountFilesOptions;

  constructor(options: AccountFilesOptions) {
    this.#options = options;
  }

  async send(request: UploadRequest): Promise<UploadedFile> {
    const { transfers, uploads } = this.#options;
    const { sealing } = await this.#listedSession(request);
    const sealed = await sealing.sealedTargets(request.to);
    if (sealed.length === 0) return transfers.send(request, uploads);
    return (await this.#sealedFiles()).send(request, sealed);
  }

  async get(request: DownloadRequest): Promise<DownloadedFile> {
    const { sealing } = await this.#listedSession(request);
    const isOpen = !(await sealing.exists());
    return (isOpen ? this.#options.transfers : await this.#sealedFiles()).get(request);
  }

  withdraw(file: FileId): Promise<void> {
    return this.#options.transfers.withdraw(file);
  }

  /** Posts files that earlier runs uploaded to sealed rooms but did not post. */
  async announceUploads(): Promise<void> {
    await (await this.#sealedFiles()).announceUploads();
  }

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
