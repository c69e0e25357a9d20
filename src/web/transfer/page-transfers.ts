import { Downloads } from "./downloads.ts";
import type { PageTransfersOptions } from "./journal.ts";
import { KeptAttached } from "./kept-attached.ts";
import { Uploads } from "./uploads.ts";

/** Makes what sends and fetches files; its code is fetched once a user is in. */
export type OpenTransfers = (options: PageTransfersOptions) => PageTransfers;

/** Files of one account that this page sends and fetches. */
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

  /** Shows what earlier pages have left. @throws Fault store-… */
  async restore(): Promise<void> {
    for (const [target, one] of await this.attached.restore()) this.#attach?.(target, one);
    await this.uploads.restore();
    await this.downloads.restore();
  }

  pause(id: string): void {
    this.uploads.pause(id);
    this.downloads.pause(id);
  }

  /** @param file chosen again, after a reload */
  resume(id: string, file?: File): Promise<void> {
    return this.uploads.has(id) ? this.uploads.resume(id, file) : this.downloads.resume(id);
  }

  /** Gives it up; what the server has of an upload is withdrawn. */
  cancel(id: string): void {
    this.uploads.cancel(id);
    this.downloads.cancel(id);
  }

  /** One that is done is not shown any more. */
  dismiss(id: string): void {
    this.uploads.dismiss(id);
    this.downloads.cancel(id);
  }

  /** Tells sealed rooms of what earlier pages have sent there. @throws Fault */
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
