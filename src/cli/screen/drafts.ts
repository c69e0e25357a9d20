/** Drafts, saved with a delay, and targets muted on this device. */

import { toBase64Url } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { ID_BYTES } from "../../base/ids.ts";
import { DRAFT_SAVE_DELAY_MS } from "../../base/limits-screen.ts";
import { defined } from "../../base/values.ts";
import { draftKey, refusedPosts, threadOfPost } from "../../core/model/selectors.ts";
import type { ComposerDraft, Model, PendingPost } from "../../core/model/state.ts";
import type { Clock } from "../../io/clock.ts";
import type { ClientState } from "../../io/state/client-state.ts";
import type { DraftOwner, DraftWindow } from "../../io/state/home-tables.ts";
import { mayContainSecret } from "./editor/input-history.ts";

interface ScreenDraftsOptions {
  readonly clock: Pick<Clock, "after">;
  readonly store: ClientState["drafts"];
  readonly collect: () => void;
  readonly onFailure: (fault: Fault) => void;
}

export interface UnsavedDraft {
  readonly to: string;
  readonly text: string;
}

/** If the process is killed, at most DRAFT_SAVE_DELAY_MS of typing is lost. */
export class ScreenDrafts {
  #owner: DraftOwner | undefined;
  #changes = new Map<string, ComposerDraft | undefined>();
  /** Drafts that this window has stored. */
  #stored = new Map<string, ComposerDraft>();
  readonly #window: DraftWindow = {
    id: toBase64Url(crypto.getRandomValues(new Uint8Array(ID_BYTES))),
  };
  /** Drafts' targets of the refused posts that are stored, by key. */
  #refused = new Map<string, string>();
  #cancel: (() => void) | undefined;
  #hasFailed = false;

  constructor(private readonly options: ScreenDraftsOptions) {}

  open(owner: DraftOwner): ReadonlyMap<string, ComposerDraft> {
    this.save();
    this.#owner = owner;
    this.#refused = new Map();
    this.#stored = new Map();
    try {
      this.#stored = new Map(this.options.store.list(owner, this.#window));
      return new Map(this.#stored);
    } catch (error) {
      this.#fail(error);
      return new Map();
    }
  }

  /** Only the owner changes, because the stored drafts have already been renamed. */
  accountRenamed(owner: DraftOwner | undefined): void {
    this.#owner = owner ?? this.#owner;
  }

  scheduleSave(): void {
    this.#cancel ??= this.options.clock.after(DRAFT_SAVE_DELAY_MS, () => {
      this.options.collect();
      this.save();
    });
  }

  setDraft(target: string, draft: ComposerDraft | undefined): void {
    const isSecret =
      mayContainSecret(draft?.text ?? "") || mayContainSecret(draft?.before?.text ?? "");
    this.#changes.set(target, isSecret ? undefined : draft);
    this.scheduleSave();
  }

  /** Stores refused posts as drafts for the next start, until they are resent or discarded. */
  keepRefused(pending: readonly PendingPost[]): void {
    const owner = this.#owner;
    const refused = new Map(refusedPosts({ pending }).map((post) => [post.key, post]));
    if (owner === undefined || (refused.size === 0 && this.#refused.size === 0)) return;
    try {
      for (const [key, target] of this.#refused) {
        if (refused.has(key)) continue;
        this.#keepBeside(owner, target, key, undefined);
        this.#refused.delete(key);
      }
      for (const [key, post] of refused) {
        if (this.#refused.has(key)) continue;
        const target = draftKey(post.to, threadOfPost(post.body));
        this.#keepBeside(owner, target, key, draftOf(post));
        this.#refused.set(key, target);
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  #keepBeside(
    owner: DraftOwner,
    target: string,
    name: string,
    draft: ComposerDraft | undefined,
  ): void {
    this.options.store.saveBeside(owner, { target, name }, draft, this.#window);
  }

  /** Saves immediately; otherwise the draft of a sent message would reappear after a crash. */
  deleteSent(): void {
    const hasStored = [...this.#changes].some(
      ([target, draft]) => draft === undefined && this.#stored.has(target),
    );
    if (hasStored) this.save();
  }

  save(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const owner = this.#owner;
    const changes = new Map(
      [...this.#changes].filter(([target, draft]) => !isSameDraft(draft, this.#stored.get(target))),
    );
    this.#changes = new Map();
    if (owner === undefined || changes.size === 0) return;
    for (const [target, draft] of changes) setOrDelete(this.#stored, target, draft);
    try {
      this.options.store.save(owner, changes, this.#window);
      this.#hasFailed = false;
    } catch (error) {
      for (const target of changes.keys()) this.#stored.delete(target);
      this.#changes = new Map([...changes, ...this.#changes]);
      this.#fail(error);
    }
  }

  /**
   * Drafts that could not be saved.
   * @param isPresent false if the saved ones are gone, too
   */
  unsaved(isPresent: boolean): readonly UnsavedDraft[] {
    const stored = isPresent ? [] : this.#stored;
    const drafts = new Map<string, ComposerDraft | undefined>([...stored, ...this.#changes]);
    return [...drafts].flatMap(([to, draft]) =>
      draft === undefined || draft.text.trim() === "" ? [] : [{ to, text: draft.text }],
    );
  }

  /** A window that starts before this process has ended takes the saved drafts over. */
  close(): void {
    this.options.store.release(this.#window);
  }

  #fail(error: unknown): void {
    if (!(error instanceof Fault)) throw error;
    if (!this.#hasFailed) this.options.onFailure(error);
    this.#hasFailed = true;
  }
}

function draftOf({ body: { text, action, re, thread } }: PendingPost): ComposerDraft {
  const typed = action === true ? `/me ${text}` : text.startsWith("/") ? `/${text}` : text;
  return defined({ text: typed, re: thread === true ? undefined : re });
}

function isSameDraft(a: ComposerDraft | undefined, b: ComposerDraft | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function setOrDelete(
  drafts: Map<string, ComposerDraft>,
  target: string,
  draft: ComposerDraft | undefined,
): void {
  if (draft === undefined) drafts.delete(target);
  else drafts.set(target, draft);
}

/** Targets that `/notify off` has muted on this device. */
export class MutedList {
  #owner: DraftOwner | undefined;
  /** Lower case, such as `lobby` or `@bob`. */
  #targets: readonly string[] = [];

  constructor(private readonly store: ClientState["muted"]) {}

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
    this.store.mute(owner.fingerprint, owner.user, target, on);
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
    if (owner !== undefined) this.#targets = this.store.list(owner.fingerprint, owner.user);
  }
}
