/** `Platform`: every browser feature that the page's driver uses; tests replace it. */

import * as v from "valibot";
import type { ComposerDraft } from "../../core/model/state.ts";
import type { Clock } from "../../io/clock.ts";
import type { Entropy } from "../../io/entropy.ts";
import type { Link } from "../../io/link/link.ts";
import { isDraft } from "../../ui/text/draft.ts";
import type { DatabaseFactory, MakeKeyRange, Store } from "./indexed-db.ts";
import type { StoreWatch } from "./store-watch.ts";

export type Subtle = Pick<
  SubtleCrypto,
  "digest" | "exportKey" | "generateKey" | "importKey" | "sign" | "verify"
>;

/** Locks shared by this browser's tabs. The browser releases a closed tab's locks. */
export interface Locks {
  /** @returns a function that releases the lock; `undefined` if another tab holds it */
  hold(name: string): Promise<(() => void) | undefined>;
  run<Result>(name: string, waitMsMax: number, work: () => Promise<Result>): Promise<Result>;
  /** Without locks, the promise never resolves. */
  whenReleased(name: string): Promise<void>;
}

export interface Databases {
  readonly factory: DatabaseFactory;
  readonly keyRange: MakeKeyRange;
  readonly watch: StoreWatch;
  persist(): void;
}

export interface Tabs {
  broadcast(message: TabMessage): void;
  onMessage(listener: (message: TabMessage) => void): void;
  close(): void;
}

export const TAB_MESSAGE = v.variant("kind", [
  /** A page has logged in, or answers one that has. */
  v.object({ kind: v.literal("opened"), page: v.string(), answers: v.boolean() }),
  /** The user has accepted a different history of the server in this tab. */
  v.object({ kind: v.literal("accepted") }),
  v.object({ kind: v.literal("left"), user: v.string(), isForgotten: v.optional(v.boolean()) }),
  /** The tab has changed its waiting messages. */
  v.object({ kind: v.literal("messages"), user: v.string() }),
  /** `draft` is undefined if the tab's draft was sent or deleted. */
  v.object({
    kind: v.literal("draft"),
    user: v.string(),
    tab: v.string(),
    target: v.string(),
    draft: v.optional(v.custom<ComposerDraft>(isDraft)),
  }),
  v.object({
    kind: v.literal("sent"),
    user: v.string(),
    target: v.string(),
    draft: v.custom<ComposerDraft>(isDraft),
  }),
]);
export type TabMessage = v.InferOutput<typeof TAB_MESSAGE>;

export interface Writable {
  write(bytes: Uint8Array): Promise<void>;
  truncate(sizeBytes: number): Promise<void>;
  seek(offset: number): Promise<void>;
  close(): Promise<void>;
  abort(): Promise<void>;
}

type WriteMode = { readonly mode: "readwrite" };

export interface SaveHandle {
  getFile(): Promise<Blob>;
  createWritable(options?: { readonly keepExistingData: boolean }): Promise<Writable>;
  queryPermission?(mode: WriteMode): Promise<string>;
  requestPermission?(mode: WriteMode): Promise<string>;
  remove?(): Promise<void>;
}

export interface SaveTarget {
  readonly handle: SaveHandle | undefined;
  readonly unpacksFolder?: boolean;
  /** The caller may reuse `bytes` when the promise resolves. */
  write(bytes: Uint8Array): Promise<void>;
  /** `now` flushes to disk, `due` only if enough bytes are unflushed. */
  flush(mode: "now" | "due"): Promise<void>;
  restart(): Promise<void>;
  finish(): Promise<void>;
  abandon(): Promise<void>;
}

/** Value that survives a reload of its tab. A duplicated tab starts with a copy. */
export interface TabValue {
  readonly read: () => string | undefined;
  readonly write: (text: string | undefined) => void;
}

export interface Platform {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly dial: () => Promise<Link>;
  readonly store: Store;
  readonly storeWatch: StoreWatch;
  /** True if the browser deletes all data of the page with the last private window. */
  readonly isPrivate: boolean;
  readonly subtle: Subtle | undefined;
  readonly locks: Locks;
  readonly databases: Databases | undefined;
  readonly tabs: Tabs;
  readonly nextFrame: (callback: () => void) => void;
  /** Initial fragment without `#`, already removed from the address bar. */
  readonly fragment: string;
  /** Removes the fragment from session storage, so that a reload does not use it again. */
  readonly forgetFragment: () => void;
  readonly lastDrafts: TabValue;
  /** Names the tab as the owner of its drafts. */
  readonly tabId: TabValue;
  /** Account of the tab; empty if its user has signed out. */
  readonly tabAccount: TabValue;
  /** Account of the notification that opened the tab. */
  readonly linkedAccount: string | undefined;
  /** Places where the user has left rooms and threads in this tab. */
  readonly tabPlaces: TabValue;
  readonly isLocal: boolean;
  readonly browserName: string;
  readonly build: string;
  /**
   * Must be called from a click handler.
   * @returns `undefined` if the user cancels
   */
  readonly chooseTarget: (name: string) => Promise<SaveTarget | undefined>;
  readonly onOnline: (callback: () => void) => void;
  /** Starts the page again, in its room. */
  readonly reload: () => void;
  /** Removes what this tab stores, and starts the page again, without a room. */
  readonly forget: () => void;
}

export const PAGE_PROGRAM = "chat-page/1";
