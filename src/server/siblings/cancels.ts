import { toBase64Url } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { FileId, UserId } from "../../base/ids.ts";
import { SIBLING_CANCEL_MS } from "../../base/limits-cluster.ts";
import type { Clock } from "../../io/clock.ts";
import type { Entropy } from "../../io/entropy.ts";
import type { SiblingNews, Siblings } from "./siblings.ts";

/** Transfers that operators of one server cancel at others at once: more than a hand can click. */
const SIBLING_CANCELS_MAX = 64;

/** What is to end of a file, and who wants it. */
export interface Cancel {
  readonly file: FileId;
  readonly user: UserId;
  readonly direction: "up" | "down";
  readonly by: UserId;
}

export interface RemoteCancelsOptions {
  readonly clock: Pick<Clock, "after">;
  readonly entropy: Entropy;
  readonly siblings: Pick<Siblings, "tell" | "isShared">;
  /** @returns false: nothing of it is under way here. @throws Fault store-… */
  readonly here: (cancel: Cancel) => Promise<boolean>;
}

const ASK_BYTES = 8;

/** Files under way at the other servers of a cluster: all of them are asked, and one answers. */
export class RemoteCancels {
  readonly #options: RemoteCancelsOptions;
  /** By the number of the question. Bounded by SIBLING_CANCELS_MAX. */
  readonly #asked = new Map<string, (isCancelled: boolean) => void>();

  constructor(options: RemoteCancelsOptions) {
    this.#options = options;
  }

  /** @returns false: none of them has said within a while that it was. @throws Fault too-many */
  ask(cancel: Cancel): Promise<boolean> {
    const { clock, entropy, siblings } = this.#options;
    if (!siblings.isShared) return Promise.resolve(false);
    if (this.#asked.size >= SIBLING_CANCELS_MAX) {
      const detail = { retryAfterMs: SIBLING_CANCEL_MS };
      throw new Fault("too-many", "too many transfers are being cancelled", detail);
    }
    const ask = toBase64Url(entropy(ASK_BYTES));
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const stop = clock.after(SIBLING_CANCEL_MS, () => this.answered(ask, false));
    this.#asked.set(ask, (isCancelled) => {
      stop();
      resolve(isCancelled);
    });
    siblings.tell({ kind: "cancel", ask, ...cancel });
    return promise;
  }

  /** Another server asks. */
  async asked({ ask, file, user, direction, by }: AskedCancel): Promise<void> {
    const { here, siblings } = this.#options;
    try {
      if (await here({ file, user, direction, by })) siblings.tell({ kind: "cancelled", ask });
    } catch (error) {
      if (!(error instanceof Fault)) throw error; // The file service has told its own operators.
    }
  }

  answered(ask: string, isCancelled = true): void {
    this.#asked.get(ask)?.(isCancelled);
    this.#asked.delete(ask);
  }
}

type AskedCancel = Extract<SiblingNews, { kind: "cancel" }>;
