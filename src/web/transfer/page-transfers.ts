/** Uploads and downloads of one account on the page. */

import { Downloads } from "./downloads.ts";
import type { PageTransfersOptions } from "./journal.ts";
import { KeptAttached } from "./kept-attached.ts";
import { Uploads } from "./uploads.ts";

/** Creates the transfers; their code is loaded after login. */
export type OpenTransfers = (options: PageTransfersOptions) => PageTransfers;

export class PageTransfers {
  readonly uploads: Uploads;
  readonly downloads: Downloads;
  readonly attached: KeptAttached;
  readonly #attach: PageTransfersOptions["attach"];

  constructor(options: PageTransfersOptions) {
    this.uploads = new Uploads(options);
    this.downloads = new Downloads(options);
    this.attached = new KeptAttached(options);
    this.#attach = options.attach;
  }

  /** Shows the transfers of earlier pages. @throws {Fault} store-… */
  async restore(): Promise<void> {
    for (const [target, one] of await this.attached.restore()) this.#attach?.(target, one);
    await this.uploads.restore();
    await this.downloads.restore();
  }

  pause(id: string): void {
    this.uploads.pause(id);
    this.downloads.pause(id);
  }

  /** @param file chosen again after a reload */
  resume(id: string, file?: File): Promise<void> {
    return this.uploads.has(id) ? this.uploads.resume(id, file) : this.downloads.resume(id);
  }

  /** Cancels a transfer; the server discards its part of an upload. */
  cancel(id: string): void {
    this.uploads.cancel(id);
    this.downloads.cancel(id);
  }

  /** Hides a finished transfer. */
  dismiss(id: string): void {
    this.uploads.dismiss(id);
    this.downloads.cancel(id);
  }

  /** Posts to sealed rooms the files that earlier pages uploaded. @throws {Fault} */
  sayLeft(): Promise<void> {
    return this.uploads.sayLeft();
  }

  leave(): void {
    this.uploads.leave();
    this.downloads.leave();
    this.attached.leave();
  }
}

export const openTransfers: OpenTransfers = (options) => new PageTransfers(options);
