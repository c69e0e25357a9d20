/** Cancellation of transfers on other servers of the cluster. */

import { toBase64Url } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { SIBLING_CANCEL_TIMEOUT_MS } from "../../base/limits-cluster.ts";
import type { ServerContext } from "../kernel/context.ts";
import type { Cancel, SiblingMessage } from "../kernel/siblings.ts";

const SIBLING_CANCELS_MAX = 64;

interface RemoteCancelsOptions extends ServerContext {
  readonly cancelLocal: (cancel: Cancel) => Promise<boolean>;
}

const REQUEST_ID_BYTES = 8;

export class RemoteCancels {
  readonly #options: RemoteCancelsOptions;
  readonly #pending = new Map<string, (isCancelled: boolean) => void>();

  constructor(options: RemoteCancelsOptions) {
    this.#options = options;
  }

  /**
   * Returns false if no server confirms within the timeout.
   * @throws {Fault} too-many if too many cancellations are pending
   */
  request(cancel: Cancel): Promise<boolean> {
    const { clock, entropy, sequencer, siblings } = this.#options;
    if (!sequencer.isShared) return Promise.resolve(false);
    if (this.#pending.size >= SIBLING_CANCELS_MAX) {
      const detail = { retryAfterMs: SIBLING_CANCEL_TIMEOUT_MS };
      throw new Fault("too-many", "too many transfers are being cancelled", detail);
    }
    const request = toBase64Url(entropy(REQUEST_ID_BYTES));
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const stop = clock.after(SIBLING_CANCEL_TIMEOUT_MS, () => this.settle(request, false));
    this.#pending.set(request, (isCancelled) => {
      stop();
      resolve(isCancelled);
    });
    siblings.publish({ kind: "cancel", ask: request, ...cancel });
    return promise;
  }

  async handle({ ask, file, user, direction, by }: CancelRequest): Promise<void> {
    const { cancelLocal, siblings } = this.#options;
    try {
      if (await cancelLocal({ file, user, direction, by }))
        siblings.publish({ kind: "cancelled", ask });
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
    }
  }

  settle(ask: string, isCancelled = true): void {
    this.#pending.get(ask)?.(isCancelled);
    this.#pending.delete(ask);
  }
}

type CancelRequest = Extract<SiblingMessage, { kind: "cancel" }>;
