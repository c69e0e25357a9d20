/** Rooms and people muted on this device by `/notify off`. */

import type { Model } from "../../core/model/state.ts";
import type { ClientState } from "../../io/state/client-state.ts";
import type { DraftOwner } from "../../io/state/draft-store.ts";

export class ScreenMuted {
  readonly #store: ClientState["muted"];
  #owner: DraftOwner | undefined;
  /** `lobby`, `@bob`; lower case. */
  #targets: readonly string[] = [];

  constructor(store: ClientState["muted"]) {
    this.#store = store;
  }

  /** The same array until something changes. */
  get targets(): readonly string[] {
    return this.#targets;
  }

  /** Switches to this account's muted targets. @throws Fault store-… */
  open(owner: DraftOwner): void {
    this.#owner = owner;
    this.#read();
  }

  /** @throws Fault too-many, store-… */
  mute(target: string, on: boolean): void {
    const owner = this.#owner;
    if (owner === undefined) return;
    this.#store.mute(owner.fingerprint, owner.user, target, on);
    this.#read();
  }

  /** Renamed rooms and people stay muted under the new name. @throws Fault store-… */
  follow(before: Model, model: Model): void {
    if (this.#targets.length === 0 || before.rooms === model.rooms) return;
    for (const [id, { target: previous }] of before.rooms) {
      const current = model.rooms.get(id)?.target;
      if (
        current === undefined ||
        current === previous ||
        !this.#targets.includes(previous.toLowerCase())
      )
        continue;
      this.mute(previous, false);
      this.mute(current, true);
    }
  }

  #read(): void {
    const owner = this.#owner;
    if (owner !== undefined) this.#targets = this.#store.list(owner.fingerprint, owner.user);
  }
}
