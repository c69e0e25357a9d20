/** `Platform`: every browser feature that the page's driver uses; tests replace it. */

import type { Clock } from "../../io/clock.ts";
import type { Entropy } from "../../io/entropy.ts";
import type { Link } from "../../io/link/link.ts";
import type { DatabaseFactory, MakeKeyRange, Store } from "./indexed-db.ts";

/** Methods of `crypto.subtle` in use; absent on pages without TLS. */
export type Subtle = Pick<
  SubtleCrypto,
  "digest" | "exportKey" | "generateKey" | "importKey" | "sign" | "verify"
>;

/** Locks that one tab of this browser holds at a time, released when the tab ends. */
export interface Locks {
  /** @returns a function that releases the lock; `undefined` if another tab holds it */
  hold(name: string): Promise<(() => void) | undefined>;
  /** Waits for the lock and holds it while `work` runs. @throws {Fault} store-failed */
  run<Result>(name: string, waitMsMax: number, work: () => Promise<Result>): Promise<Result>;
}

export interface Databases {
  readonly factory: DatabaseFactory;
  readonly keyRange: MakeKeyRange;
  /** Asks the browser not to evict the database when its disk is full. */
  persist(): void;
}

export interface Tabs {
  broadcast(message: TabMessage): void;
  onMessage(listener: (message: TabMessage) => void): void;
  close(): void;
}

/** Called when the user has logged out in another tab, which also logs out this tab. */
export interface TabMessage {
  readonly kind: "left";
  readonly user: string;
}

export interface Writable {
  write(bytes: Uint8Array): Promise<void>;
  truncate(sizeBytes: number): Promise<void>;
  seek(offset: number): Promise<void>;
  close(): Promise<void>;
  abort(): Promise<void>;
}

type WriteMode = { readonly mode: "readwrite" };

/** A file that the user has chosen to save to. Browsers keep the handle across reloads. */
export interface SaveHandle {
  getFile(): Promise<Blob>;
  createWritable(options?: { readonly keepExistingData: boolean }): Promise<Writable>;
  queryPermission?(mode: WriteMode): Promise<string>;
  requestPermission?(mode: WriteMode): Promise<string>;
  remove?(): Promise<void>;
}

export interface SaveTarget {
  /** Lets a later page resume; `undefined` if the download ends with this page. */
  readonly handle: SaveHandle | undefined;
  /** Whether the target unpacks the single file that a folder is sent as. */
  readonly unpacksFolder?: boolean;
  /** The caller may overwrite `bytes` once the promise resolves. */
  write(bytes: Uint8Array): Promise<void>;
  /** Flushes written bytes to disk: `now`, or `due` when there are enough of them. */
  flush(mode: "now" | "due"): Promise<void>;
  /** Discards what is written and starts from the beginning. */
  restart(): Promise<void>;
  finish(): Promise<void>;
  abandon(): Promise<void>;
}

export interface LastDrafts {
  readonly read: () => string | undefined;
  readonly write: (text: string | undefined) => void;
}

export interface Platform {
  readonly clock: Clock;
  readonly entropy: Entropy;
  /** Makes one attempt to reach the page's server. @throws {Fault} unreachable, timeout */
  readonly dial: () => Promise<Link>;
  readonly store: Store;
  readonly subtle: Subtle | undefined;
  readonly locks: Locks;
  /** `undefined` if the browser stores nothing. */
  readonly databases: Databases | undefined;
  readonly tabs: Tabs;
  /** Calls back in the next frame. */
  readonly nextFrame: (callback: () => void) => void;
  /** Fragment of the address (after `#`). The page has removed it from the address bar. */
  readonly fragment: string;
  /** Marks the fragment as used, so that a reload of this tab does not find it. */
  readonly forgetFragment: () => void;
  /** Drafts written while the page closes, restored by a reload of this tab. */
  readonly lastDrafts: LastDrafts;
  /** Whether `chat web` serves the page, on this machine and for this user alone. */
  readonly isLocal: boolean;
  readonly browserName: string;
  /** Build of the page, as in the server's `welcome`. Empty if unknown. */
  readonly build: string;
  /**
   * Asks the user where to save. Must be called from a click.
   * @param name cleaned
   * @returns `undefined` if the user cancels
   */
  readonly chooseTarget: (name: string) => Promise<SaveTarget | undefined>;
  readonly onOnline: (callback: () => void) => void;
}

/** `chat/VERSION`, as shown in greetings and lists of clients. */
export const PROGRAM = "chat-page/1";
