/** Current link of an account, for tasks that use several links in turn. */

import { Fault } from "../../base/fault.ts";
import type { Fingerprint } from "../../wire/fingerprint.ts";
import { unlessAborted } from "./abort.ts";
import type { Connection } from "./connection.ts";
import { notLoggedIn } from "./retry.ts";

export interface LoggedInLink {
  readonly connection: Connection;
  readonly fingerprint: Fingerprint;
  readonly user: string;
  readonly lostSignal: AbortSignal;
}

export class ActiveLink {
  #link: { readonly link: LoggedInLink; readonly lost: AbortController } | undefined;
  /** Reason why no link is expected; `undefined` while a link is open or expected. */
  #fault: Fault | undefined = notLoggedIn();
  #change = Promise.withResolvers<void>();
  readonly #loggedOutCallbacks = new Set<(fault: Fault) => void>();

  constructor(private readonly onNeeded: () => void) {}

  get isNeeded(): boolean {
    return this.#loggedOutCallbacks.size > 0;
  }

  get fault(): Fault | undefined {
    return this.#fault;
  }

  get isOpen(): boolean {
    return this.#fault === undefined && this.#link !== undefined;
  }

  onLoggedOut(callback: (fault: Fault) => void): () => void {
    this.#loggedOutCallbacks.add(callback);
    return () => this.#loggedOutCallbacks.delete(callback);
  }

  connected(link: Omit<LoggedInLink, "lostSignal">): void {
    this.lost();
    const lost = new AbortController();
    this.#link = { link: { ...link, lostSignal: lost.signal }, lost };
    this.#fault = undefined;
    this.#wake();
  }

  lost(): void {
    this.#link?.lost.abort(new Fault("link-closed", "the connection was lost"));
    this.#link = undefined;
  }

  loggedOut(fault: Fault): void {
    this.#fault = fault;
    for (const callback of [...this.#loggedOutCallbacks]) callback(fault);
    this.lost();
    this.#wake();
  }

  /** @throws {Fault} if no link will follow, or the signal's reason */
  async next(signal: AbortSignal): Promise<LoggedInLink> {
    for (;;) {
      if (this.#fault !== undefined) throw this.#fault;
      if (this.#link !== undefined) return this.#link.link;
      const { promise } = this.#change; // Read it first, because `onNeeded` may replace it.
      this.onNeeded();
      await unlessAborted(signal, promise);
    }
  }

  #wake(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }
}
