/** Targets that `/notify off` has muted on this device. */

import type { Model } from "../../core/model/state.ts";
import type { ClientState } from "../../io/state/client-state.ts";
import type { DraftOwner } from "../../io/state/home-tables.ts";

export class MutedTargets {
  readonly #store: ClientState["muted"];
  #owner: DraftOwner | undefined;
  /** Lower case, such as `lobby` or `@bob`. */
  #targets: readonly string[] = [];

  constructor(store: ClientState["muted"]) {
    this.#store = store;
  }

  get targets(): readonly string[] {
    return this.#targets;
  }

  open(owner: DraftOwner): void {
    this.#owner = owner;
    this.#read();
  }

  mute(target: string, on: boolean): void {
    const owner = this.#owner;
    if (owner === undefined) return;
    this.#store.mute(owner.fingerprint, owner.user, target, on);
    this.#read();
  }

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
