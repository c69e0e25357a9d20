import type { Clock } from "../../io/clock.ts";
import type { Entropy } from "../../io/entropy.ts";
import type { Link } from "../../io/link/link.ts";
import type { Store } from "./indexed-db.ts";

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

/** Names that only one tab of this browser holds at a time; a tab that ends lets go. */
export interface Locks {
  /** @returns how to let go; undefined: another tab has it */
  hold(name: string): Promise<(() => void) | undefined>;
}

/** What the tabs of this page say to each other. */
export interface Tabs {
  tell(message: TabMessage): void;
  onMessage(listener: (message: TabMessage) => void): void;
  close(): void;
}

/** Somebody left in another tab: so they do here. */
export interface TabMessage {
  readonly kind: "left";
  readonly user: string;
}

/** What a browser writes a file by: all of it is there once it is closed. */
export interface Writable {
  write(bytes: Uint8Array): Promise<void>;
  truncate(sizeBytes: number): Promise<void>;
  seek(at: number): Promise<void>;
  close(): Promise<void>;
  abort(): Promise<void>;
}

type WriteMode = { readonly mode: "readwrite" };

/** A file that somebody has chosen to save to; browsers keep it over a reload. */
export interface SaveHandle {
  getFile(): Promise<Blob>;
  createWritable(options?: { readonly keepExistingData: boolean }): Promise<Writable>;
  queryPermission?(mode: WriteMode): Promise<string>;
  requestPermission?(mode: WriteMode): Promise<string>;
  remove?(): Promise<void>;
}

/** Where a checked download goes. */
export interface SaveTarget {
  /** By which a later page goes on with it; undefined: it ends with this page. */
  readonly handle: SaveHandle | undefined;
  /** It knows what to do with the one file that a folder travels as. */
  readonly takesFolder?: boolean;
  /** The bytes are gone when it has resolved: what is kept is a copy. */
  write(bytes: Uint8Array): Promise<void>;
  /** What is written outlasts the page: at once, or when there is enough of it to be worth it. */
  keep(when: "now" | "due"): Promise<void>;
  /** Begins again with nothing. */
  restart(): Promise<void>;
  /** All of it is there: on the disk, or on its way among the browser's downloads. */
  finish(): Promise<void>;
  /** What is there is not wanted; what is finished stays. */
  abandon(): Promise<void>;
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
  readonly tabs: Tabs;
  /** Calls back once, in the next frame that is drawn. */
  readonly nextFrame: (callback: () => void) => void;
  /** What stood behind `#` in the page's address, once; then it is gone from there. */
  readonly fragment: string;
  /** It was used: this tab, when it is loaded again, does not find it any more. */
  readonly forgetFragment: () => void;
  /** `chat web` has given out the page, on this machine, for this person alone. */
  readonly isLocal: boolean;
  /** Of which build the page is, as the server says it in `welcome`. Empty: not known. */
  readonly build: string;
  /**
   * Asks the person where to; undefined: they do not want to. Must be called from their click.
   * @param name cleaned
   */
  readonly choosePlace: (name: string) => Promise<SaveTarget | undefined>;
  /** Calls back when the machine is on a network again. */
  readonly onOnline: (callback: () => void) => void;
}

/** `chat/VERSION`, as greetings and lists of clients show it. */
export const PROGRAM = "chat-page/1";
