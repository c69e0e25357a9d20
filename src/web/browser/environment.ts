import type { Clock } from "../../io/clock.ts";
import type { Entropy } from "../../io/entropy.ts";
import type { Link } from "../../io/link/link.ts";
import type { Between, DatabaseFactory, Store } from "./indexed-db.ts";

/** What is used of `crypto.subtle`; missing on pages without TLS. */
export interface Subtle {
  digest(algorithm: "SHA-256", bytes: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer>;
  generateKey(
    algorithm: { readonly name: "Ed25519" },
    extractable: boolean,
    usages: ("sign" | "verify")[],
  ): Promise<unknown>;
  exportKey(format: "raw" | "pkcs8", key: PageKey): Promise<ArrayBuffer>;
  importKey(
    format: "raw" | "pkcs8",
    bytes: Uint8Array<ArrayBuffer>,
    algorithm: { readonly name: "Ed25519" },
    extractable: boolean,
    usages: ("sign" | "verify")[],
  ): Promise<PageKey>; // Of `pkcs8` the private key.
  sign(
    algorithm: { readonly name: "Ed25519" },
    key: PageKey,
    bytes: Uint8Array<ArrayBuffer>,
  ): Promise<ArrayBuffer>;
  verify(
    algorithm: { readonly name: "Ed25519" },
    key: PageKey,
    signature: Uint8Array<ArrayBuffer>,
    bytes: Uint8Array<ArrayBuffer>,
  ): Promise<boolean>;
}

/** A CryptoKey: only the browser looks into it. */
export type PageKey = CryptoKey;

/** Names that only one tab of this browser holds at a time, until it ends. */
export interface Locks {
  /** @returns a function that releases it; undefined if another tab holds it */
  hold(name: string): Promise<(() => void) | undefined>;
  /** Waits until no other tab holds it, and holds it during the work. @throws Fault store-failed */
  run<Result>(name: string, waitMsMax: number, work: () => Promise<Result>): Promise<Result>;
}

/** For what is kept beside the page's one store. */
export interface Databases {
  readonly factory: DatabaseFactory;
  readonly between: Between;
  /** Asks the browser not to throw it away when its disk is full. */
  persist(): void;
}

/** What the tabs of this page say to each other. */
export interface Tabs {
  tell(message: TabMessage): void;
  onMessage(listener: (message: TabMessage) => void): void;
  close(): void;
}

/** The user has logged out in another tab, and so in this one. */
export interface TabMessage {
  readonly kind: "left";
  readonly user: string;
}

/** A file that is being written: the browser stores it when it is closed. */
export interface Writable {
  write(bytes: Uint8Array): Promise<void>;
  truncate(sizeBytes: number): Promise<void>;
  seek(at: number): Promise<void>;
  close(): Promise<void>;
  abort(): Promise<void>;
}

type WriteMode = { readonly mode: "readwrite" };

/** A file that the user has chosen to save to; browsers keep it over a reload. */
export interface SaveHandle {
  getFile(): Promise<Blob>;
  createWritable(options?: { readonly keepExistingData: boolean }): Promise<Writable>;
  queryPermission?(mode: WriteMode): Promise<string>;
  requestPermission?(mode: WriteMode): Promise<string>;
  remove?(): Promise<void>;
}

/** Where a checked download goes. */
export interface SaveTarget {
  /** For a later page to go on with; undefined: the download ends with this page. */
  readonly handle: SaveHandle | undefined;
  /** It unpacks the one file in which a folder is sent. */
  readonly takesFolder?: boolean;
  /** The caller may overwrite the bytes once it has resolved. */
  write(bytes: Uint8Array): Promise<void>;
  /** Makes what is written outlast the page: at once, or once there is enough of it. */
  keep(when: "now" | "due"): Promise<void>;
  /** Begins again with nothing. */
  restart(): Promise<void>;
  /** Stores the complete file, on the disk or among the browser's downloads. */
  finish(): Promise<void>;
  /** Removes an incomplete file; a finished one stays. */
  abandon(): Promise<void>;
}

/** One text that is written at once. It is lost if the browser has no room for it. */
export interface LastDrafts {
  readonly read: () => string | undefined;
  readonly write: (text: string | undefined) => void;
}

/** All that the page's driver has from its browser; a test gives it something else. */
export interface Platform {
  readonly clock: Clock;
  readonly entropy: Entropy;
  /** One attempt to reach the server that the page came from. @throws Fault unreachable, timeout */
  readonly dial: () => Promise<Link>;
  readonly store: Store;
  readonly subtle: Subtle | undefined;
  readonly locks: Locks;
  /** Undefined: the browser keeps nothing. */
  readonly databases: Databases | undefined;
  readonly tabs: Tabs;
  /** Calls back once, in the next frame that is drawn. */
  readonly nextFrame: (callback: () => void) => void;
  /** What was behind `#` in the address; the page has removed it there. */
  readonly fragment: string;
  /** It was used: a reload of this tab does not find it again. */
  readonly forgetFragment: () => void;
  /** Drafts that the store may not have when the page ends; a reload of this tab finds them. */
  readonly lastDrafts: LastDrafts;
  /** `chat web` has given out the page, on this machine, for this user alone. */
  readonly isLocal: boolean;
  /** By which its user knows it again among other devices. */
  readonly browserName: string;
  /** The page's build, as the server names it in `welcome`. Empty: not known. */
  readonly build: string;
  /**
   * Asks the user where to save; undefined: cancelled. Must be called from a click.
   * @param name cleaned
   */
  readonly chooseTarget: (name: string) => Promise<SaveTarget | undefined>;
  /** Calls back when the machine is on a network again. */
  readonly onOnline: (callback: () => void) => void;
}

/** `chat/VERSION`, as greetings and lists of clients show it. */
export const PROGRAM = "chat-page/1";
