/** Files of an account, in open and sealed rooms. */

import type { FileId } from "../../base/ids.ts";
import { unlessAborted } from "../link/abort.ts";
import {
  type GetRequest,
  type GotFile,
  interrupted,
  type SendRequest,
  type SentFile,
} from "../transfer/transfers.ts";
import type { SealedFiles, SealedFilesParts } from "./files.ts";
import type { Sealing } from "./sealing.ts";

export interface AccountFilesParts extends Omit<SealedFilesParts, "session"> {
  /** @throws {Fault} not-logged-in */
  readonly session: () => FileSession;
}

/** The session of the account, as far as its files need it. */
interface FileSession extends Omit<SealedFilesParts["session"], "sealing"> {
  readonly sealing: Pick<Sealing, "listed" | "sealedOf" | "exists" | "code" | "rooms">;
}

/**
 * Nothing is sent, not even a name, before the kind of the room is known. The code for sealed rooms
 * is loaded on demand.
 */
export class AccountFiles {
  readonly #parts: AccountFilesParts;

  constructor(parts: AccountFilesParts) {
    this.#parts = parts;
  }

  /** @throws {Fault} as `Transfers`; not-allowed if this device cannot seal for a sealed room */
  async send(request: SendRequest): Promise<SentFile> {
    const { transfers, uploads } = this.#parts;
    const { sealing } = await this.#listed(request);
    const sealed = await sealing.sealedOf(request.to);
    if (sealed.length === 0) return transfers.send(request, uploads);
    return (await this.#sealed()).send(request, sealed);
  }

  /** Decrypts a file of a sealed room with the key that this device has read. @throws {Fault} */
  async get(request: GetRequest): Promise<GotFile> {
    const { sealing } = await this.#listed(request);
    const isOpen = !(await sealing.exists());
    return (isOpen ? this.#parts.transfers : await this.#sealed()).get(request);
  }

  withdraw(file: FileId): Promise<void> {
    return this.#parts.transfers.withdraw(file);
  }

  /** Posts to sealed rooms the files that ended runs uploaded but did not post. @throws {Fault} */
  async sayLeft(): Promise<void> {
    await (await this.#sealed()).sayLeft();
  }

  /** Waits until this link has listed all rooms. @throws {Fault} not-logged-in, interrupted */
  async #listed({ signal }: Pick<SendRequest, "signal">): Promise<FileSession> {
    const session = this.#parts.session();
    const listed = session.sealing.listed();
    await (signal === undefined
      ? listed
      : unlessAborted(signal, listed).catch(() => {
          throw interrupted();
        }));
    return session;
  }

  async #sealed(): Promise<SealedFiles> {
    const { session, ...parts } = this.#parts;
    const { SealedFiles } = await session().sealing.code();
    return new SealedFiles({ ...parts, session: session() });
  }
}
