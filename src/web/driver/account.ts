/** The logged-in account on the page: its session, sealed rooms and transfers. */

import type { Fault } from "../../base/fault.ts";
import type { ChatClient, LinkedSession } from "../../client/chat-client.ts";
import type { Hashing } from "../../client/files/hashing.ts";
import type { Keys } from "../../client/link/keys.ts";
import { notLoggedIn } from "../../client/link/retry.ts";
import type { AccountSession } from "../../client/session.ts";
import type { QueuedBody } from "../../core/client/queued-body.ts";
import type { ModelEvent } from "../../core/model/event.ts";
import type { Fingerprint } from "../../wire/fingerprint.ts";
import { PAGE_PROGRAM, type Platform } from "../browser/environment.ts";
import { BrowserLogPins } from "../browser/log-pins.ts";
import { BrowserOutboxStore } from "../browser/outbox-store.ts";
import { withFetchFault } from "../browser/parts.ts";
import { sealedDatabaseName } from "../browser/preferences.ts";
import type { Attachment } from "../transfer/attachments.ts";
import type { PageTransfersOptions } from "../transfer/journal.ts";
import { PageTransfers } from "../transfer/page-transfers.ts";
import type { Photos } from "../transfer/photos.ts";
import type { WaitingMessages } from "../transfer/waiting-messages.ts";
import { type SealedModule, sealedBrowserHome, sealRefusal } from "./sealing.ts";

export interface PageAccountOptions {
  readonly platform: Platform;
  readonly hashing: Hashing;
  readonly keys: Keys;
  readonly fingerprint: Fingerprint;
  readonly client: Pick<ChatClient<PageAccount>, "newSession" | "activeLink" | "historyChecked">;
  readonly photos: Photos | undefined;
  readonly loadSealed: (() => Promise<SealedModule>) | undefined;
  readonly emit: (event: ModelEvent) => void;
  readonly attach: (target: string, attachment: Attachment) => void;
  readonly giveBack: PageTransfersOptions["giveBack"];
}

export class PageAccount implements LinkedSession {
  readonly session: AccountSession;
  readonly fingerprint: Fingerprint;
  readonly sealRefusal: Fault | undefined;
  readonly #outboxes: BrowserOutboxStore;
  migrated: Promise<void> = Promise.resolve();
  id: string | undefined;
  #transfers: PageTransfers | undefined;
  #isLoggedOut = false;

  constructor(private readonly options: PageAccountOptions) {
    const { platform, fingerprint, keys, client, loadSealed } = options;
    this.fingerprint = fingerprint;
    this.sealRefusal = sealRefusal(platform, keys);
    const load = () => this.#load();
    const hasSealedRooms = loadSealed !== undefined && this.sealRefusal === undefined;
    const home = hasSealedRooms ? sealedBrowserHome(platform, load) : undefined;
    this.#outboxes = new BrowserOutboxStore(platform, {
      migrated: () => this.migrated,
      posted: (key) => this.#transfers?.messages.posted(key) ?? [],
    });
    this.session = client.newSession({
      follow: "all",
      hasPrefs: true,
      adoptsUnsent: true,
      outboxes: this.#outboxes,
      sealed: { home, refusal: this.sealRefusal, load },
      logs: new BrowserLogPins(platform.store, platform.locks),
      transfers: () => this.transfers.files,
    });
  }

  /**
   * Must be called on the first link.
   * @throws {Fault} store-…
   */
  begin(): Promise<void> {
    return this.#restore(this.session.adoption);
  }

  /** `undefined` before the first link. */
  get waitingMessages(): WaitingMessages | undefined {
    return this.#transfers?.messages;
  }

  /** An adopted post was refused: the author gets its message back. */
  refused(body: QueuedBody | undefined, fault: Fault): void {
    if (body?.waiting !== undefined && !this.#isLoggedOut)
      this.transfers.messages.noteRefusal(body.waiting.key, fault);
  }

  /** Another tab has changed its waiting messages. */
  messagesChanged(): Promise<void> {
    return this.#transfers?.messages.restore() ?? Promise.resolve();
  }

  /**
   * Adopts unsent posts and transfers of pages that have closed since.
   * @throws {Fault} store-…
   */
  adopt(): Promise<void> {
    return this.#restore(this.session.posts.adopt());
  }

  async #restore(posts: void | Promise<void> | undefined): Promise<void> {
    const [adopted] = await Promise.allSettled([posts]);
    await this.#restoreTransfers();
    if (adopted.status === "rejected") throw adopted.reason;
  }

  async #restoreTransfers(): Promise<void> {
    try {
      await this.transfers.restoreAll();
    } catch (error) {
      if (!this.#isLoggedOut) throw error;
    }
  }

  /** @throws {Fault} not-logged-in */
  get transfers(): PageTransfers {
    if (this.#isLoggedOut) throw notLoggedIn();
    this.#transfers ??= this.#newTransfers();
    return this.#transfers;
  }

  #newTransfers(): PageTransfers {
    const { platform, hashing, keys: verifier, photos, ...callbacks } = this.options;
    const { emit, attach, giveBack } = callbacks;
    const { clock, entropy } = platform;
    const { fingerprint, session } = this;
    const { activeLink, historyChecked } = this.options.client;
    const owner = { user: session.user, fingerprint };
    const greeting = { clock, entropy, verifier, program: PAGE_PROGRAM };
    const channels = { ...greeting, activeLink, hashing, historyChecked };
    const events = { emit, attach, giveBack };
    return new PageTransfers({ platform, owner, channels, session, photos, ...events });
  }

  #load(): Promise<SealedModule> {
    const { loadSealed } = this.options;
    return withFetchFault(
      loadSealed ?? (() => Promise.reject(new Error("encrypted rooms are unavailable"))),
    )();
  }

  forget(): void {
    const { databases } = this.options.platform;
    if (this.id !== undefined) databases?.factory.deleteDatabase(sealedDatabaseName(this.id));
  }

  leave(): void {
    this.session.logOut();
    this.#isLoggedOut = true;
    this.#transfers?.close();
  }

  async written(): Promise<void> {
    await Promise.allSettled([this.session.posts.written(), this.#transfers?.written()]);
  }

  /** @param common `seq` of the last record that both histories contain */
  async historyReplaced(common: number): Promise<void> {
    await this.written();
    await this.#transfers?.historyReplaced(common);
    await this.#outboxes.markLost(common);
  }
}
