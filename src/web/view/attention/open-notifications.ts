/** Notifications that this page has shown, which close once their messages need none. */

import { setNewest } from "../../../core/evict.ts";
import { isSettled, type Notified } from "../../../core/model/selectors.ts";
import type { Model } from "../../../core/model/state.ts";

/** Notifications that are followed. Older ones stay until the user closes them. */
const OPEN_MAX = 64;

export class OpenNotifications {
  readonly #open = new Map<string, { readonly message: Notified; readonly close: () => void }>();

  /** @param close closes the notification; called at most once */
  add(message: Notified, close: () => void): void {
    setNewest(this.#open, `${message.room} ${message.seq}`, { message, close }, OPEN_MAX);
  }

  /** Closes those whose messages were read on any device, erased or edited. */
  update(model: Pick<Model, "rooms">): void {
    for (const [key, { message, close }] of this.#open) {
      if (!isSettled(model, message)) continue;
      this.#open.delete(key);
      close();
    }
  }
}
