/** Avatars of the people whom the page displays, fetched when their version is new. */

import { ignoreFault } from "../../base/fault.ts";
import { AVATARS_ASKED_MAX } from "../../base/limits-page.ts";
import type { SendRequest } from "../../client/link/queries.ts";
import { avatarType } from "../../core/client/picture-header.ts";
import type { NoticeOf } from "../../wire/messages.ts";

/** Pictures of people who are not displayed. */
const IDLE_MAX = 200;
/** Leaves most of an account's pace to other requests. */
const CONCURRENT_MAX = 4;

interface Entry {
  readonly user: string;
  readonly listeners: Set<() => void>;
  /** Latest known version; `undefined` if the user has no avatar. */
  version?: number | undefined;
  /** Version of the picture at `url`. */
  loaded?: number | undefined;
  /** `undefined` also if the picture is invalid. */
  url?: string | undefined;
}

export class Avatars {
  readonly #entries = new Map<string, Entry>();
  readonly #unasked = new Set<Entry>();
  /** The latest comes first. */
  readonly #queue = new Set<Entry>();
  #running = 0;
  /** Becomes invalid with each link and log-out, so that late answers change nothing. */
  #epoch = {};

  constructor(private readonly request: SendRequest) {}

  urlOf(user: string): string | undefined {
    return this.#entries.get(user.toLowerCase())?.url;
  }

  /** Calls `onChange` after each change until the returned function is called. */
  follow(user: string, onChange: () => void): () => void {
    const key = user.toLowerCase();
    const known = this.#entries.get(key);
    const entry: Entry = known ?? { user, listeners: new Set() };
    this.#entries.delete(key);
    this.#entries.set(key, entry); // Most recently used.
    entry.listeners.add(onChange);
    if (known === undefined) this.#ask([entry]);
    else this.#load(entry);
    return () => {
      entry.listeners.delete(onChange);
      this.#forgetIdle();
    };
  }

  /** Asks again for all versions, because notices may have been missed. */
  connected(): void {
    this.#epoch = {};
    this.#running = 0;
    this.#queue.clear();
    this.#ask([...this.#entries.values()]);
  }

  changed({ user, version }: NoticeOf<"avatar-set">): void {
    const entry = this.#entries.get(user.toLowerCase());
    if (entry !== undefined) this.#setVersion(entry, version);
  }

  clear(): void {
    this.#epoch = {};
    this.#unasked.clear();
    this.#queue.clear();
    for (const entry of this.#entries.values()) this.#show(entry, undefined, undefined);
    this.#entries.clear();
  }

  #ask(entries: readonly Entry[]): void {
    const isPending = this.#unasked.size > 0;
    for (const entry of entries) this.#unasked.add(entry);
    if (!isPending && this.#unasked.size > 0) queueMicrotask(() => void this.#askAll());
  }

  async #askAll(): Promise<void> {
    const entries = [...this.#unasked];
    this.#unasked.clear();
    const epoch = this.#epoch;
    for (let at = 0; at < entries.length; at += AVATARS_ASKED_MAX) {
      const asked = entries.slice(at, at + AVATARS_ASKED_MAX);
      const users = asked.map(({ user }) => user);
      // After a fault, the next link asks again. Old servers know no avatars.
      const answer = await this.request("avatars", { users }).catch(ignoreFault);
      if (answer === undefined || epoch !== this.#epoch) return;
      const versions = new Map(answer.avatars.map(({ user, version }) => [user, version]));
      for (const entry of asked) this.#setVersion(entry, versions.get(entry.user));
    }
  }

  #setVersion(entry: Entry, version: number | undefined): void {
    entry.version = version;
    if (version === undefined) this.#show(entry, undefined, undefined);
    else this.#load(entry);
  }

  #load(entry: Entry): void {
    if (entry.version === entry.loaded || entry.listeners.size === 0) return;
    this.#queue.delete(entry);
    this.#queue.add(entry);
    this.#next();
  }

  #next(): void {
    const entry = [...this.#queue].at(-1);
    if (entry === undefined || this.#running >= CONCURRENT_MAX) return;
    this.#queue.delete(entry);
    this.#running++;
    void this.#fetch(entry);
    this.#next();
  }

  async #fetch(entry: Entry): Promise<void> {
    const epoch = this.#epoch;
    const answer = await this.request("avatar", { user: entry.user }).catch(ignoreFault);
    if (epoch !== this.#epoch) return;
    this.#running--;
    // With another version, a notice is on its way.
    if (answer?.version !== undefined && answer.version === entry.version) {
      const bytes = new Uint8Array(answer.picture ?? []);
      const type = avatarType(bytes);
      const blob = type && new Blob([bytes], { type });
      this.#show(entry, answer.version, blob && URL.createObjectURL(blob));
    }
    this.#next();
  }

  #show(entry: Entry, loaded: number | undefined, url: string | undefined): void {
    if (entry.url !== undefined) URL.revokeObjectURL(entry.url);
    const isChanged = entry.url !== url;
    Object.assign(entry, { loaded, url });
    if (isChanged) for (const listener of [...entry.listeners]) listener();
  }

  #forgetIdle(): void {
    const idle = [...this.#entries].filter(([, { listeners }]) => listeners.size === 0);
    for (const [key, entry] of idle.slice(0, Math.max(0, idle.length - IDLE_MAX))) {
      this.#show(entry, undefined, undefined);
      this.#entries.delete(key);
    }
  }
}
