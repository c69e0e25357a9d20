import { Fault } from "../../base/fault.ts";
import type { Fingerprint } from "../../wire/fingerprint.ts";
import type { Connection } from "./connection.ts";
import { notLoggedIn } from "./retry.ts";

/** A link on which the account is in. */
export interface LoggedInLink {
  readonly connection: Connection;
  readonly fingerprint: Fingerprint;
  readonly user: string;
  /** Aborted when the link is gone, and with it all that hangs on it. */
  readonly gone: AbortSignal;
}

/** The link on which the account is in, over any number of them, for those who outlive one. */
export class ActiveLink {
  #link: { readonly link: LoggedInLink; readonly lost: AbortController } | undefined;
  /** Why there is none and none comes by itself. */
  #fault: Fault | undefined = notLoggedIn();
  readonly #onAwaited: () => void;
  /** As many as there are transfers without a link. */
  readonly #waiting = new Set<() => void>();
  /** As many as there are transfers. */
  readonly #onLeft = new Set<(fault: Fault) => void>();

  /** @param onAwaited told when somebody begins to wait for a link */
  constructor(onAwaited: () => void) {
    this.#onAwaited = onAwaited;
  }

  /** Somebody waits for a link, or will in a moment. */
  get isAwaited(): boolean {
    return this.#onLeft.size > 0;
  }

  /** The account is not in, and nobody mends that. */
  get fault(): Fault | undefined {
    return this.#fault;
  }

  /** Calls back when the account is not in any more and does not come back; @returns its undoing */
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

  /** The link is gone; another one is looked for. */
  lost(): void {
    this.#link?.lost.abort(new Fault("link-closed", "the connection was lost"));
    this.#link = undefined;
  }

  /** There will be none. */
  left(fault: Fault): void {
    this.#fault = fault;
    for (const callback of [...this.#onLeft]) callback(fault);
    this.lost();
    this.#wake();
  }

  /** As soon as there is one. @throws Fault why there will be none; the signal's reason */
  async next(signal: AbortSignal): Promise<LoggedInLink> {
    for (;;) {
      if (this.#fault !== undefined) throw this.#fault;
      if (this.#link !== undefined) return this.#link.link;
      await this.#change(signal);
    }
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const wake = () => {
        signal.removeEventListener("abort", stop);
        this.#waiting.delete(wake);
        resolve();
      };
      const stop = () => {
        this.#waiting.delete(wake);
        reject(signal.reason);
      };
      if (signal.aborted) return stop();
      signal.addEventListener("abort", stop, { once: true });
      this.#waiting.add(wake);
      this.#onAwaited();
    });
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}
