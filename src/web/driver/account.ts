/** The logged-in account on the page: its session, sealed rooms and transfers. */

import type { Fault } from "../../base/fault.ts";
import type { AccountLink, LinkedAccount } from "../../client/account-link.ts";
import type { Connection } from "../../client/link/connection.ts";
import type { Keys } from "../../client/link/keys.ts";
import { notLoggedIn } from "../../client/link/retry.ts";
import type { AccountSession } from "../../client/session.ts";
import type { Hashing } from "../../client/transfer/hashing.ts";
import { greet } from "../../client/trust.ts";
import { withMentions } from "../../core/client/mentions.ts";
import type { ModelEvent } from "../../core/model/event.ts";
import type { Fingerprint } from "../../wire/fingerprint.ts";
import { type Platform, PROGRAM } from "../browser/environment.ts";
import { BrowserOutboxStore } from "../browser/outbox-store.ts";
import { sealedDatabaseOf } from "../browser/preferences.ts";
import type { Attached } from "../transfer/attached.ts";
import type { OpenTransfers, PageTransfers } from "../transfer/page-transfers.ts";
import { fetching, type SealedPart, sealedHome, sealRefusal } from "./sealing.ts";

export interface PageAccountOptions {
  readonly platform: Platform;
  readonly hashing: Hashing;
  readonly keys: Keys;
  readonly fingerprint: Fingerprint;
  readonly link: Pick<AccountLink<PageAccount>, "newSession" | "activeLink">;
  readonly loadTransfers: () => Promise<OpenTransfers>;
  /** `undefined` if sealed rooms are not supported. */
  readonly loadSealed: (() => Promise<SealedPart>) | undefined;
  /** Receives transfer events. */
  readonly tell: (event: ModelEvent) => void;
  /** Receives attached files of a closed page. */
  readonly attach: (target: string, one: Attached) => void;
}

export class PageAccount implements LinkedAccount {
  readonly session: AccountSession;
  readonly fingerprint: Fingerprint;
  /** Why sealed rooms are unavailable here; `undefined` if they are available. */
  readonly sealRefusal: Fault | undefined;
  /** Resolves when entries of a former name or key have been moved to the current ones. */
  moved: Promise<void> = Promise.resolve();
  /** Id of the account; `undefined` before the log-in. */
  id: string | undefined;
  readonly #parts: PageAccountOptions;
  #transfers: Promise<PageTransfers> | undefined;
  #isLeft = false;

  constructor(parts: PageAccountOptions) {
    const { platform, fingerprint, hashing, keys, link, loadSealed } = parts;
    this.#parts = parts;
    this.fingerprint = fingerprint;
    this.sealRefusal = sealRefusal(platform, keys);
    const load = () => this.#load();
    const isOn = loadSealed !== undefined && this.sealRefusal === undefined;
    const home = isOn ? sealedHome(platform, load) : undefined;
    this.session = link.newSession({
      ...{ sha256: hashing.sha256, follow: "all", hasPrefs: true, adoptsUnsent: true },
      outboxes: new BrowserOutboxStore(platform, () => this.moved),
      sealed: { home, refusal: this.sealRefusal, load },
      pin: async (reader) => (await load()).logPinsOf(platform.store).pin(reader),
      announceUploads: async () => (await this.transfers()).files.announceUploads(),
    });
  }

  /** Adopts what earlier pages left; once, with the first link. @throws {Fault} store-… */
  begin(): Promise<void> {
    return this.#restore(this.session.adoption);
  }

  /** Adopts what closed pages have left since. @throws {Fault} store-… */
  adopt(): Promise<void> {
    return this.#restore(this.session.posts.adopt());
  }

  /** Resumes transfers even if the queued posts of other pages cannot be read. */
  async #restore(posts: void | Promise<void> | undefined): Promise<void> {
    const [adopted] = await Promise.allSettled([posts]); // Also waits for entries to be moved.
    await this.#restoreTransfers();
    if (adopted.status === "rejected") throw adopted.reason;
  }

  async #restoreTransfers(): Promise<void> {
    try {
      await (await this.transfers()).restoreAll();
    } catch (error) {
      if (!this.#isLeft) throw error;
    }
  }

  /** @throws {Fault} not-logged-in, or unreachable if their code cannot be fetched */
  async transfers(): Promise<PageTransfers> {
    this.#transfers ??= this.#openTransfers();
    const opening = this.#transfers;
    try {
      return await opening;
    } catch (error) {
      if (this.#transfers === opening) this.#transfers = undefined; // The next call retries.
      throw error;
    }
  }

  async #openTransfers(): Promise<PageTransfers> {
    const { platform, hashing, keys: verifier, loadTransfers, tell, attach } = this.#parts;
    const { clock, entropy } = platform;
    const { fingerprint, session } = this;
    const { activeLink } = this.#parts.link;
    const owner = { user: session.user, fingerprint };
    const open = await fetching(loadTransfers)();
    if (this.#isLeft) throw notLoggedIn();
    const said = { clock, entropy, verifier, program: PROGRAM };
    const lane = (connection: Connection) => greet(connection, said);
    const channels = { clock, entropy, activeLink, hashing, greet: lane };
    const say = (to: string, text: string) =>
      void session.posts.post(to, withMentions({ text })).catch(() => undefined);
    return open({ platform, owner, channels, session, say, attach, tell });
  }

  #load(): Promise<SealedPart> {
    const { loadSealed } = this.#parts;
    return fetching(loadSealed ?? (() => Promise.reject(new Error("there is none"))))();
  }

  /** Deletes the sealed-room data when this device is forgotten. */
  forget(): void {
    const { databases } = this.#parts.platform;
    if (this.id !== undefined) databases?.factory.deleteDatabase(sealedDatabaseOf(this.id));
  }

  leave(): void {
    this.session.logOut();
    this.#isLeft = true;
    void this.#transfers?.then((transfers) => transfers.close(), ignored);
  }

  /** Resolves when upload progress is stored. */
  async written(): Promise<void> {
    const transfers = await this.#transfers?.catch(ignored);
    await transfers?.written();
  }
}

/** Ignored: reported to the callers that wait for the promise. */
function ignored(): void {}
