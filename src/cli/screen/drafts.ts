/** Stores drafts of the full screen on disk. */

import { Fault } from "../../base/fault.ts";
import { DRAFT_SAVE_DELAY_MS } from "../../base/limits-screen.ts";
import type { Draft } from "../../core/model/state.ts";
import type { Clock } from "../../io/clock.ts";
import type { ClientState } from "../../io/state/client-state.ts";
import type { DraftOwner } from "../../io/state/draft-store.ts";
import { mayCarrySecret } from "./editor/typed-history.ts";

export interface ScreenDraftsParts {
  readonly clock: Pick<Clock, "after">;
  readonly store: ClientState["drafts"];
  /** Moves the current input into the model, which reports it by `changed`. */
  readonly collect: () => void;
  /** Called once: from then on drafts are kept only in memory. */
  readonly failed: (fault: Fault) => void;
}

/** Drafts on disk. A killed program loses half a second of typing. */
export class ScreenDrafts {
  readonly #parts: ScreenDraftsParts;
  #owner: DraftOwner | undefined;
  /** Not on the disk yet. */
  #changes = new Map<string, Draft | undefined>(); // Bounded by the model's drafts.
  /** Content of the disk, as it was written. */
  #kept = new Map<string, string>();
  #cancel: (() => void) | undefined;
  #hasFailed = false;

  constructor(parts: ScreenDraftsParts) {
    this.#parts = parts;
  }

  /** Switches to this account's drafts. @returns its stored drafts, by target */
  open(owner: DraftOwner): ReadonlyMap<string, Draft> {
    this.keep();
    this.#owner = owner;
    this.#kept = new Map();
    try {
      const drafts = this.#parts.store.list(owner);
      for (const [target, draft] of drafts) this.#kept.set(target, JSON.stringify(draft));
      return drafts;
    } catch (error) {
      this.#fail(error);
      return new Map();
    }
  }

  /** The account was renamed on the server, and its stored drafts have followed. */
  renamed(owner: DraftOwner | undefined): void {
    this.#owner = owner ?? this.#owner;
  }

  /** Schedules collecting the input after a key. */
  typed(): void {
    this.#cancel ??= this.#parts.clock.after(DRAFT_SAVE_DELAY_MS, () => {
      this.#parts.collect();
      this.keep();
    });
  }

  /** @param draft `undefined` if the text was removed */
  changed(target: string, draft: Draft | undefined): void {
    const isSecret = mayCarrySecret(draft?.text ?? "") || mayCarrySecret(draft?.before?.text ?? "");
    this.#changes.set(target, isSecret ? undefined : draft);
    this.typed();
  }

  /** Drops a sent draft immediately, so that it cannot come back after a crash. */
  sent(): void {
    const isKept = [...this.#changes].some(
      ([target, draft]) => draft === undefined && this.#kept.has(target),
    );
    if (isKept) this.keep();
  }

  /** Writes all changes immediately. */
  keep(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const owner = this.#owner;
    const changes = this.#changes;
    this.#changes = new Map();
    if (owner === undefined) return;
    for (const [target, draft] of changes) {
      const text = draft === undefined ? undefined : JSON.stringify(draft);
      if (text === this.#kept.get(target)) changes.delete(target);
      else if (text === undefined) this.#kept.delete(target);
      else this.#kept.set(target, text);
    }
    if (changes.size === 0) return;
    try {
      this.#parts.store.save(owner, changes);
      this.#hasFailed = false;
    } catch (error) {
      for (const target of changes.keys()) this.#kept.delete(target);
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (!(error instanceof Fault)) throw error;
    if (!this.#hasFailed) this.#parts.failed(error);
    this.#hasFailed = true;
  }
}
