/** The current link of an account, for tasks that outlive one link. */

import { Fault } from "../../base/fault.ts";
import type { Fingerprint } from "../../wire/fingerprint.ts";
import { unlessAborted } from "./abort.ts";
import type { Connection } from "./connection.ts";
import { notLoggedIn } from "./retry.ts";

export interface LoggedInLink {
  readonly connection: Connection;
  readonly fingerprint: Fingerprint;
  readonly user: string;
  /** Aborted when the link is lost. */
  readonly gone: AbortSignal;
}

export class ActiveLink {
  #link: { readonly link: LoggedInLink; readonly lost: AbortController } | undefined;
  /** The reason why there is no link and none will follow without a user. */
  #fault: Fault | undefined = notLoggedIn();
  readonly #onAwaited: () => void;
  /** Resolves with the next link or fault. */
  #change = Promise.withResolvers<void>();
  /** Bounded by the transfers. */
  readonly #onLeft = new Set<(fault: Fault) => void>();

  /** @param onAwaited called when a task begins to wait for a link */
  constructor(onAwaited: () => void) {
    this.#onAwaited = onAwaited;
  }

  /** Reports whether a task waits for a link, or will soon. */
  get isAwaited(): boolean {
    return this.#onLeft.size > 0;
  }

  /** The reason why the account is logged out; `undefined` while a link is up or expected. */
  get fault(): Fault | undefined {
    return this.#fault;
  }

  /**
   * Calls back when the account has logged out and will not reconnect.
   * @returns a function that removes the callback
   */
  onLeft(callback: (fault: Fault) => void): () => void {
    this.#onLeft.add(callback);
    return () => this.#onLeft.delete(callback);
  }

  found(place: Omit<LoggedInLink, "gone">): void {
    this.lost();
    const lost = new AbortController();
    this.#link = { link: { ...place, gone: lost.signal }, lost };
    this.#fault = undefined;
    this.#wake();
  }

  /** Reports that the link is lost and another one is being dialled. */
  lost(): void {
    this.#link?.lost.abort(new Fault("link-closed", "the connection was lost"));
    this.#link = undefined;
  }

  left(fault: Fault): void {
    this.#fault = fault;
    for (const callback of [...this.#onLeft]) callback(fault);
    this.lost();
    this.#wake();
  }

  /** Resolves with the next link. @throws {Fault} if there will be none; the signal's reason */
  async next(signal: AbortSignal): Promise<LoggedInLink> {
    for (;;) {
      if (this.#fault !== undefined) throw this.#fault;
      if (this.#link !== undefined) return this.#link.link;
      const { promise } = this.#change; // The callback may change it.
      this.#onAwaited();
      await unlessAborted(signal, promise);
    }
  }

  #wake(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }
}
