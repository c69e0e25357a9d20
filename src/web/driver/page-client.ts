/** `PageClient`: the chat on the page, with its account, stored data and transfers. */

import { unreachable } from "../../base/assert.ts";
import { clientName } from "../../base/client-name.ts";
import { asFault, Fault } from "../../base/fault.ts";
import { type FileId, isFileId, type RoomId } from "../../base/ids.ts";
import { IDLE_PING_AFTER_MS } from "../../base/limits-cluster.ts";
import { checkName } from "../../base/names.ts";
import { dateOf } from "../../base/time.ts";
import { bareTarget } from "../../client/actions.ts";
import type { AuditAlarm } from "../../client/auditor.ts";
import { type AccountLogin, ChatClient, type ChatEffect } from "../../client/chat-client.ts";
import type { LoginOptions, LoopState } from "../../client/connection-loop.ts";
import { type ClientEvent, greetedEvent, linkEventOf, modelEventOf } from "../../client/event.ts";
import type { Connection, ServerNotice } from "../../client/link/connection.ts";
import type { GreetedServer } from "../../client/link/greeting.ts";
import { closeIfSilent } from "../../client/link/idle-probe.ts";
import type { SendRequest } from "../../client/link/queries.ts";
import { notConnected, notLoggedIn } from "../../client/link/retry.ts";
import type { OfferedLink } from "../../client/linking.ts";
import { type Credentials, type LoginPolicy, requestWithRetry } from "../../client/login.ts";
import type { OutgoingCommand } from "../../core/client/outgoing.ts";
import type { ModelEffect, ModelEvent } from "../../core/model/event.ts";
import { isSameName } from "../../core/model/item.ts";
import { draftKey, threadOfPost, unsentPosts } from "../../core/model/selectors.ts";
import type { ComposerDraft } from "../../core/model/state.ts";
import { parseResetCode } from "../../core/reset-codes.ts";
import { withTimeout } from "../../io/clock.ts";
import { isEmptyDraft, joinedDraft } from "../../ui/text/draft.ts";
import type { Fingerprint } from "../../wire/fingerprint.ts";
import { encodeSecret, type ServerAddress, secretFromInput } from "../../wire/invite.ts";
import type { Answer, PostBody } from "../../wire/messages.ts";
import { PageDevice } from "../browser/device-key.ts";
import { PAGE_PROGRAM, type Platform } from "../browser/environment.ts";
import { pageHashing, pageSha256 } from "../browser/hash.ts";
import { storeFault } from "../browser/indexed-db.ts";
import { BrowserLogPins } from "../browser/log-pins.ts";
import { withFetchFault } from "../browser/parts.ts";
import { type KnownAccount, Preferences, sealedDatabaseName } from "../browser/preferences.ts";
import { isWorseLoss, type Loss } from "../browser/store-watch.ts";
import { type Fragment, readFragment } from "../input/fragment.ts";
import {
  type AttachedContent,
  type Attachment,
  type AttachmentChange,
  Attachments,
} from "../transfer/attachments.ts";
import { Avatars } from "../transfer/avatars.ts";
import type { ReturnedMessage } from "../transfer/journal.ts";
import type { PageTransfers, PreviewOptions, SavedFolder } from "../transfer/page-transfers.ts";
import type { Photos } from "../transfer/photos.ts";
import type { PreviewStore } from "../transfer/preview-store.ts";
import { PageAccount } from "./account.ts";
import { TabDrafts } from "./drafts.ts";
import type { HandedLists } from "./handed-lists.ts";
import { OtherTabs } from "./other-tabs.ts";
import { RefusedPosts } from "./refused-posts.ts";
import type { SealedModule } from "./sealing.ts";

const linkingModule = withFetchFault(() => import("./linking.ts"));

export type PageEvent =
  | Extract<ModelEffect, { kind: "notify" }>
  | Extract<
      ClientEvent,
      {
        kind:
          | "account-changed"
          | "code-asked"
          | "event"
          | "handover"
          | "identity-changed"
          | "rejoined"
          | "sealed-remark";
      }
    >;

const FORM_LOGIN_POLICY: LoginPolicy = {
  retriesOnLink: true,
  takenRemedy: () => "give its password or the code of your card, or choose another name",
};

/** Safari accepts addresses of 80,000 characters, other browsers longer ones. */
const DRAFTS_LENGTH_MAX = 60_000;

export interface FilesMessage extends Pick<PostBody, "re" | "thread"> {
  readonly text?: string;
  /** Sends smaller copies of photos. */
  readonly isSmaller?: boolean;
  /** Key of the draft that the message was. */
  readonly draft?: string;
}

/** State of the operator link that opened the page. */
export type OperatorLinkState = "offered" | "granted" | "refused";

export interface PageClientOptions {
  /**
   * Shows why the page stopped. Without it, the page does not audit the server's log.
   * @param accept starts all tabs again, which then trust the server's current log
   */
  readonly onAlarm?: (alarm: AuditAlarm, accept: () => Promise<void>) => void;
  /** Without it, the page sends photos only as they are, and no previews. */
  readonly photos?: Photos;
  /** Loads the code for sealed rooms. */
  readonly sealed?: () => Promise<SealedModule>;
  /**
   * Removes what the browser stores about accounts outside the page's tables.
   * @param isLast whether no account remains in this browser
   */
  readonly forgetTraces?: (isLast: boolean) => Promise<void>;
}

/** A service worker that does not answer must not keep an account here. */
const FORGET_TIMEOUT_MS = 3_000;

export interface Invitation {
  readonly room: string;
  readonly by: string | undefined;
  readonly isSealed: boolean;
}

/** The user was signed out by another device or an operator. */
interface SignedOut {
  readonly user: string;
  /** Number of messages that are sent after the next sign-in. */
  readonly unsent: number;
}

/** The user was removed from a room. */
export interface Removal {
  readonly room: RoomId;
  readonly target: string;
  readonly by: string | undefined;
  /** Empty if no reason was given. */
  readonly reason: string;
}

/** Maximum number of removals displayed; the oldest is dropped first. */
const REMOVALS_MAX = 5;

/** Maximum number of invitations displayed. The server sends the rest at the next login. */
const INVITATIONS_MAX = 20;

/**
 * Returns a chat that connects by itself.
 * @param platform `browserPlatform()` or a fake
 */
/** @throws {Fault} version-unsupported if a newer page has taken the storage over meanwhile */
export async function openPageClient(
  platform: Platform,
  options: PageClientOptions = {},
): Promise<PageClient> {
  const { storeWatch } = platform;
  const device = await PageDevice.open(platform).catch((error: unknown) => {
    if (!storeWatch.isReleased) throw error;
  });
  if (device === undefined || storeWatch.isReleased)
    throw new Fault("version-unsupported", "a newer page uses this browser's data", {
      remedy: "reload the page",
    });
  return new PageClient(platform, device, options);
}

export class PageClient extends ChatClient<PageAccount> {
  readonly #preferences: Preferences;
  readonly #fragment: Fragment;
  readonly photos: Photos | undefined;
  readonly attached = new Attachments((...change) => this.#attachmentChanged(...change));
  readonly avatars = new Avatars(this.request);
  /** Work of the account's rooms. Created by its module, which the sign-in does not need. */
  handedLists: HandedLists | undefined;
  readonly #loadSealed: PageClientOptions["sealed"];
  readonly #forgetTraces: PageClientOptions["forgetTraces"];
  readonly #listeners = new Set<(event: PageEvent) => void>();
  /** Connection whose answer the page awaits. */
  #probed: Connection | undefined;
  readonly #drafts: TabDrafts;
  readonly #otherTabs: OtherTabs;
  readonly #refused: RefusedPosts;
  readonly #logs: BrowserLogPins;
  #isClosed = false;
  #resetToken: string | undefined;
  #linkCode: string | undefined;
  #signedOut: SignedOut | undefined;
  #invitations: readonly Invitation[] = [];
  #removals: readonly Removal[] = [];
  #cluster: readonly ServerAddress[] = [];
  #addresses: readonly ServerAddress[] = [];
  #operatorLink: OperatorLinkState | undefined;
  #isOperatorLinkUsed = false;
  /** Whether somebody chose the account on this page; if not, it was signed in before. */
  #hasChosenAccount = false;
  /** User of the tab's latest session, which may have ended. */
  #latestUser: string | undefined;
  #isReplaced = false;
  #isRestarting = false;
  #dismissedLoss: Loss | undefined;
  #hasAskedToPersist = false;

  constructor(
    readonly platform: Platform,
    private readonly device: PageDevice,
    { onAlarm, photos, sealed, forgetTraces }: PageClientOptions,
  ) {
    const { clock, entropy, dial, store, locks } = platform;
    const logs = new BrowserLogPins(store, locks);
    super({
      clock,
      entropy,
      dial,
      keys: device,
      policy: FORM_LOGIN_POLICY,
      program: clientName(PAGE_PROGRAM, platform.browserName),
      sha256: pageSha256,
      reconnects: "inside",
      remembersPassword: !device.canSign,
      retriesOnUse: false,
      reportsStalls: true,
      model: { nextFrame: (callback) => platform.nextFrame(callback) },
      audit: {
        logs,
        formatTime: (unixMs) => dateOf(unixMs).toLocaleString(),
        isAutomatic: onAlarm !== undefined,
        onAlarm: (alarm) => onAlarm?.(alarm, () => this.#accept(alarm)),
        onReplaced: () => void this.#restartIfReplaced(),
      },
    });
    this.#logs = logs;
    this.photos = photos;
    this.#loadSealed = sealed;
    this.#forgetTraces = forgetTraces;
    this.#fragment = readFragment(platform.fragment, platform.isLocal);
    this.#resetToken = this.#fragment.resetToken;
    this.#linkCode = this.#fragment.linkCode;
    this.#preferences = new Preferences(platform.store);
    this.#drafts = new TabDrafts({
      platform,
      preferences: this.#preferences,
      user: () => this.account?.session.user,
      drafts: () => this.model.drafts,
      emit: (target, draft) => this.#applyUnlessClosed({ kind: "draft", target, draft }),
    });
    this.#refused = new RefusedPosts({
      platform,
      preferences: this.#preferences,
      tabs: this.#drafts,
      user: () => this.account?.session.user,
      pending: () => this.model.pending,
      emit: (event) => this.#applyUnlessClosed(event),
      written: async () => this.account?.session.posts.written(),
    });
    this.store.subscribe(() => this.#refused.follow());
    platform.onOnline(() => this.loop.reconnectNow());
    platform.storeWatch.onRelease = () => this.#releaseStore();
    platform.storeWatch.onChange = () => this.store.update();
    this.#otherTabs = new OtherTabs(platform, () => this.#adopt());
    platform.tabs.onMessage((message) => {
      if (message.kind === "opened") return this.#otherTabs.receive(message);
      if (message.kind === "accepted") return void this.#restartIfReplaced();
      if (!this.#isLoggedInAs(message.user)) {
        if (message.kind === "left") void this.#preferences.refresh();
        // The server may have closed this tab's session before.
        const wasOwn = message.kind === "left" && isSameName(message.user, this.#latestUser);
        if (wasOwn && message.isForgotten === true) void this.#startAgain(false);
        return;
      }
      if (message.kind === "left") void this.#loggedOutElsewhere(message.isForgotten === true);
      else if (message.kind === "messages") void this.account?.messagesChanged().catch(asFault);
      else this.#drafts.receive(message);
    });
    this.store.subscribe(() => this.#recordDisplayName());
    void this.#preferences.loadLastUser().then(async (lastUser) => {
      const { linkedAccount = "", tabAccount } = platform;
      // A link may name any account.
      const isLinked = linkedAccount !== "" && (await this.#preferences.isSignedIn(linkedAccount));
      const user = isLinked ? linkedAccount : (tabAccount.read() ?? lastUser);
      const hasForm = this.isResetting || this.linkCode !== undefined || this.isKeyEphemeral;
      const isKnown = user !== undefined && user !== "" && !hasForm;
      this.loop.start(isKnown ? { user, mode: "login" } : undefined);
    });
  }

  /** True if `chat web` serves the page. Other computers then cannot open the page's address. */
  get isLocal(): boolean {
    return this.platform.isLocal;
  }

  /** True if the network refuses WebSocket. */
  get isOverHttp(): boolean {
    return this.loop.connection?.link.transport === "http";
  }

  get invitations(): readonly Invitation[] {
    return this.#invitations;
  }

  get removals(): readonly Removal[] {
    return this.#removals;
  }

  /** Dismisses the user's removals from a room. */
  dismissRemovals(room: RoomId): void {
    this.#removals = this.#removals.filter((removal) => removal.room !== room);
    this.store.update();
  }

  /** True if a newer page took over the browser's storage, so that this page can store nothing. */
  get isReplaced(): boolean {
    return this.#isReplaced;
  }

  /** Loss when the page closes, and its cause, until dismissed; `undefined` if there is none. */
  get storeFailure(): { readonly fault: Fault; readonly loss: Loss } | undefined {
    const { failure: fault, loss } = this.platform.storeWatch;
    if (fault === undefined || loss === undefined) return undefined;
    return isWorseLoss(loss, this.#dismissedLoss) ? { fault, loss } : undefined;
  }

  /** True if this browser's data was deleted while the page is open, with the account's key. */
  get isStoreDeleted(): boolean {
    return this.platform.storeWatch.isDeleted;
  }

  /** True if the browser deletes the account's key when its private window closes. */
  get isPrivate(): boolean {
    return this.platform.isPrivate;
  }

  /** True if this device's key is only in memory, because the browser did not store it. */
  get isKeyEphemeral(): boolean {
    return !this.device.isStored;
  }

  dismissStoreFailure(): void {
    this.#dismissedLoss = this.platform.storeWatch.loss;
    this.store.update();
  }

  /** Reports settings that the browser could not store. */
  settingsFailed(cause: unknown): void {
    this.platform.storeWatch.failed(storeFault(cause), "settings");
  }

  get cluster(): readonly ServerAddress[] {
    return this.#cluster;
  }

  /** Addresses at which others reach the server. */
  get addresses(): readonly ServerAddress[] {
    return this.#addresses;
  }

  dismissInvitation(invitation: Invitation): void {
    this.#invitations = this.#invitations.filter((entry) => entry !== invitation);
    this.store.update();
  }

  /** Effect of the operator link that opened this page, until the notice is dismissed. */
  get operatorLink(): OperatorLinkState | undefined {
    // Another tab may have accepted the offer.
    const isMoot = this.#operatorLink === "offered" && this.model.isOperator;
    return isMoot ? undefined : this.#operatorLink;
  }

  acceptOperatorLink(): void {
    this.#hasChosenAccount = true;
    this.#operatorLink = undefined; // A second press must not present the used link again.
    this.store.update();
    const { connection } = this.loop;
    if (connection !== undefined) this.store.reportFailure(this.#presentOperatorLink(connection));
  }

  /** An offer that is dismissed is not repeated; the link still works elsewhere. */
  dismissOperatorLink(): void {
    if (this.#operatorLink === "offered") this.#endOperatorLink();
    this.#operatorLink = undefined;
    this.store.update();
  }

  #endOperatorLink(): void {
    this.#isOperatorLinkUsed = true;
    this.platform.forgetFragment();
  }

  get sealRefusal(): Fault | undefined {
    return this.account?.sealRefusal;
  }

  onEvent(listener: (event: PageEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * @throws {Fault} `room-password-wrong` if the server password is missing or wrong;
   * `login-refused` if the user's password is missing or wrong
   */
  async enter(credentials: Credentials): Promise<void> {
    const { password, roomSecret } = credentials;
    const nonEmpty = (text: string | undefined) => (text === "" ? undefined : text);
    this.#hasChosenAccount = true;
    await this.loop.logIn({
      ...credentials,
      password: nonEmpty(password),
      roomSecret: nonEmpty(secretFromInput(roomSecret ?? "")) ?? this.#fragment.secret,
      requiresPassword: true,
      usesKey: this.#preferences.opensByKey(credentials.user),
    });
  }

  /** Changes to another account that is signed in in this browser. */
  async changeAccount(user: string): Promise<void> {
    await this.#preferences.refresh();
    if (!this.#preferences.mayUseKey(user)) throw notLoggedIn();
    this.platform.tabAccount.write(user);
    this.#flush();
    await Promise.allSettled([this.#drafts.store(), this.account?.written()]);
    this.platform.reload();
  }

  /** Shows the form for another account, while the present one stays signed in. */
  async addAccount(): Promise<void> {
    await this.changeAccount("");
  }

  /** Code in the page's address. */
  get linkCode(): string | undefined {
    return this.#linkCode;
  }

  /**
   * Signs in as the user of the device that shows the code.
   * @throws {Fault} usage if the code is malformed; code-unknown, code-wrong, checksum-wrong
   */
  async joinAccount(code: string): Promise<void> {
    const { connection, greeted } = await this.loop.open();
    const { clock, entropy: random } = this.platform;
    const { fingerprint } = greeted;
    const sendRequest: SendRequest = (kind, fields) =>
      requestWithRetry(connection, clock, kind, fields);
    const { publicKey: deviceKey } = this.device.device;
    const newDevice = { deviceKey, kind: "web" } as const;
    const { LINKING } = await linkingModule();
    const { user, seed } = await LINKING.requestLink(
      { fingerprint, random, sendRequest },
      code,
      newDevice,
    );
    await this.device.setAccountSeed(fingerprint, user, seed);
    seed.fill(0);
    this.platform.lastDrafts.write(this.#fragment.drafts);
    this.forgetLinkCode();
    await this.#preferences.recordLinked(user);
    await this.#enterByKey(user);
  }

  async #enterByKey(user: string): Promise<void> {
    this.#hasChosenAccount = true;
    await this.loop.logIn({ user, mode: "login" });
  }

  forgetLinkCode(): void {
    this.#linkCode = undefined;
    this.platform.forgetFragment();
  }

  /**
   * Fragment that links this page at another address of the server, and hands the drafts over.
   * Drafts that exceed the length of an address stay here.
   */
  linkFragment(code: string): string {
    const { user } = this.member.session;
    const drafts = new Map<string, ComposerDraft>();
    let fragment = `#link=${code}`;
    for (const [target, draft] of this.model.drafts) {
      drafts.set(target, draft);
      const text = encodeURIComponent(this.#preferences.serializeDrafts(user, drafts));
      if (text.length > DRAFTS_LENGTH_MAX) drafts.delete(target);
      else fragment = `#link=${code}&drafts=${text}`;
    }
    return fragment;
  }

  get isResetting(): boolean {
    return this.#resetToken !== undefined;
  }

  /**
   * Returns the user whose password the link in the page's address, or a typed code, sets.
   * @throws {Fault} usage if the code has a typing error; code-wrong if it does not work
   */
  async resetUser(typed?: string): Promise<Answer<"recover-user">> {
    const token = typed === undefined ? this.#resetToken : parseResetCode(typed);
    if (token === undefined) throw notLoggedIn();
    const { connection } = await this.loop.open();
    const { clock } = this.platform;
    const owner = await requestWithRetry(connection, clock, "recover-user", { token });
    this.#resetToken = token;
    return owner;
  }

  /** User who is signed in on this browser while the page's address has a code. */
  get signedInUser(): string | undefined {
    return this.#preferences.signedInUser;
  }

  /**
   * Sets the new password and logs in.
   * @throws {Fault} code-wrong if the code does not work
   */
  async recover(password: string): Promise<void> {
    const token = this.#resetToken;
    if (token === undefined) throw notLoggedIn();
    const { connection } = await this.loop.open();
    const { clock } = this.platform;
    const recover = () => requestWithRetry(connection, clock, "recover", { token, password });
    const { user } = await this.auditor.request("recover", {}, recover);
    this.forgetReset();
    await this.enter({ user, password, mode: "login" });
  }

  forgetReset(): void {
    this.#resetToken = undefined;
    this.platform.forgetFragment();
  }

  /**
   * Ends the session. This browser's key opens the account only after the next sign-in.
   * @param forget removes this device from the account, and everything about the account from this
   * browser, and starts the page again
   */
  async logout(forget = false): Promise<void> {
    const account = this.member;
    const { user } = account.session;
    this.#flush();
    if (this.loop.state.kind === "waiting") this.loop.disconnect();
    else await this.endSession(forget ? { forget, evenLast: true } : {});
    await this.#preferences.recordLogout(user);
    this.platform.tabAccount.write("");
    this.#loggedOut(account);
    void this.#preferences.deleteContent(user);
    if (!forget) return this.platform.tabs.broadcast({ kind: "left", user });
    if (this.isShared) this.setShared(true);
    // A running check would store the account's pin again.
    const written = Promise.allSettled([account.written(), this.auditor.close()]);
    const { clock } = this.platform;
    await withTimeout(written, FORGET_TIMEOUT_MS, () => undefined, clock);
    account.forget();
    await this.forgetAccountOf(user);
  }

  /** Removes everything about an account that is not signed in in this tab. */
  async forgetAccountOf(user: string): Promise<void> {
    const { account: id } = this.knownAccounts.find((known) => isSameName(known.user, user)) ?? {};
    if (id !== undefined) this.platform.databases?.factory.deleteDatabase(sealedDatabaseName(id));
    this.platform.tabs.broadcast({ kind: "left", user, isForgotten: true });
    const isLast = await this.#preferences.forget(user);
    this.platform.tabs.broadcast({ kind: "left", user }); // Others read their accounts again.
    await this.#startAgain(isLast);
  }

  async #startAgain(isLast: boolean): Promise<void> {
    const { clock } = this.platform;
    const forgotten = this.#forgetTraces?.(isLast) ?? Promise.resolve();
    await withTimeout(forgotten, FORGET_TIMEOUT_MS, () => undefined, clock);
    this.platform.forget();
  }

  #adopt(): void {
    const { account } = this;
    if (account !== undefined) this.store.reportFailure(account.adopt());
  }

  #flush(): void {
    this.account?.session.flush();
    void this.auditor.write();
    this.storeDraftsNow();
    void this.#drafts.store();
  }

  /** Blocks the composer first, so that nothing is typed that would be lost. */
  async #releaseStore(): Promise<void> {
    this.#isReplaced = true;
    this.store.update();
    this.#flush();
    await Promise.allSettled([this.#drafts.store(), this.account?.written()]);
  }

  async #accept({ reader }: AuditAlarm): Promise<void> {
    await this.#logs.forget(reader);
    this.platform.tabs.broadcast({ kind: "accepted" });
    await this.#restart((await this.#logs.replacedAfter(reader)) ?? 0);
  }

  async #restartIfReplaced(): Promise<void> {
    const reader = this.account?.session.auditedLink?.reader;
    const common = reader && (await this.#logs.replacedAfter(reader));
    if (common !== undefined) await this.#restart(common);
  }

  /**
   * Shows the history that the user has accepted, and nothing of the former one.
   * @param common `seq` of the last record that both histories contain
   */
  async #restart(common: number): Promise<void> {
    if (this.#isRestarting) return;
    this.#isRestarting = true;
    this.#drafts.historyReplaced(common);
    this.#flush();
    await Promise.allSettled([this.#drafts.store(), this.account?.historyReplaced(common)]);
    this.platform.reload();
  }

  /** True if the user must confirm that the page closes, because something would be lost. */
  get isLossy(): boolean {
    const isStored = this.#isRestarting && this.platform.storeWatch.failure === undefined;
    const messages = this.account?.waitingMessages;
    return (
      this.attached.isLossy || messages?.isLossy === true || (this.actions.hasUnsent && !isStored)
    );
  }

  /** Stores drafts synchronously, because the page is closing. */
  storeDraftsNow(): void {
    this.#drafts.storeNow();
  }

  /** A draft was sent, so that other tabs delete their copies. */
  draftSent(target: string, draft: ComposerDraft): void {
    // Asked once the user has something to lose, because some browsers ask the user.
    if (!this.#hasAskedToPersist) this.platform.databases?.persist();
    this.#hasAskedToPersist = true;
    this.#drafts.sent(bareTarget(target), draft);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#flush();
    await this.#drafts.store();
    const { account } = this;
    this.forgetAccount();
    account?.leave();
    this.platform.tabs.close();
    await this.loop.close(notConnected());
    await account?.written();
  }

  protected override stateChanged(state: LoopState): void {
    const event = linkEventOf(state);
    if (event === undefined) return;
    if (event.kind === "stopped" && event.fault.code === "login-refused") {
      const { fault, user } = event;
      if (user !== undefined) {
        const isOwnChoice = !this.#preferences.mayUseKey(user);
        if (!isOwnChoice) this.#signedOut = { user, unsent: unsentPosts(this.model).length };
        void this.#preferences.recordLogout(user);
        this.platform.tabAccount.write("");
        this.#loggedOut(this.account);
        void this.#preferences.deleteContent(user);
        return this.#applyEvent({ kind: "outside", fault: isOwnChoice ? undefined : fault });
      }
    }
    this.#applyEvent(event);
  }

  /** Applies updates immediately, because a caller may be waiting for them. */
  #applyEvent(event: ClientEvent): void {
    const change = modelEventOf(event, this.platform.clock.unixMs());
    if (change !== undefined) this.#applyUnlessClosed(change);
  }

  #applyUnlessClosed(event: ModelEvent): void {
    if (!this.#isClosed) this.store.applyNow(event);
  }

  protected override perform(effect: ChatEffect): void {
    switch (effect.kind) {
      case "refused": // The model shows it beside the message.
        return;
      case "notify": {
        const { room, target, item, why } = effect;
        if (why === "put-out") {
          const removal = { room, target, by: item.from, reason: item.text };
          this.#removals = [...this.#removals, removal].slice(-REMOVALS_MAX);
          this.store.update();
        }
        return this.#publish(effect);
      }
      case "keep-draft":
        this.#probe(IDLE_PING_AFTER_MS);
        return this.#drafts.changed(effect.target, effect.draft);
      default:
        return unreachable(effect);
    }
  }

  protected override async greeted(greeted: GreetedServer): Promise<void> {
    const { fingerprint, welcome, formers } = greeted;
    const changedFrom = await this.#preferences.recordGreeting(fingerprint, formers);
    const modelFormer = this.model.server?.changedFrom;
    const former = changedFrom === undefined ? modelFormer : `SHA256:${changedFrom}`;
    const change = former === undefined ? {} : { changedFrom: former };
    this.#applyUnlessClosed(greetedEvent(greeted, { keepsKey: this.device.canSign, ...change }));
    const { build } = this.platform;
    const serverBuild = welcome.build ?? "";
    if (build !== "" && serverBuild !== "" && serverBuild !== build)
      this.#applyUnlessClosed({ kind: "outdated" });
  }

  /** A phone drops connections in the background without a word. */
  #probe(idleMs: number): void {
    const { connection } = this.loop;
    if (connection === undefined || connection === this.#probed) return;
    this.#probed = connection;
    void closeIfSilent(connection, this.platform.clock, idleMs).then(() => {
      this.#probed = undefined;
    });
  }

  #isLoggedInAs(user: string): boolean {
    return isSameName(this.account?.session.user, user);
  }

  protected override accountFor(
    { fingerprint }: GreetedServer,
    user: string,
    known: PageAccount | undefined,
  ): Omit<LoginOptions, "after" | "onLoggedIn"> & { readonly account: PageAccount } {
    return {
      account: this.#accountOf(fingerprint, known),
      isEnrolled: this.#preferences.isEnrolled(user),
      mayUseKey: this.#preferences.mayUseKey(user),
      // Ignored: the user can still log in with a password, and `stopped` reports a final refusal.
      onUnenrolled: () => undefined,
    };
  }

  #accountOf(fingerprint: Fingerprint, current: PageAccount | undefined): PageAccount {
    const isSame = current !== undefined && current === this.account;
    if (isSame && current.fingerprint === fingerprint) return current;
    const account: PageAccount = new PageAccount({
      platform: this.platform,
      hashing: pageHashing(this.platform.subtle),
      keys: this.device,
      client: this,
      photos: this.photos,
      loadSealed: this.#loadSealed,
      fingerprint,
      emit: (event) => {
        if (this.account === account) this.store.enqueue(event);
      },
      attach: (target, attachment) => {
        if (this.account !== account) return;
        this.attached.addStored(target, attachment);
        this.store.update();
      },
      giveBack: (message) => this.#giveBack(message),
    });
    return account;
  }

  protected override loggedIn(
    account: PageAccount,
    { result, requestedName, isRenamed, previous }: AccountLogin<PageAccount>,
  ): void {
    const { user, account: id, hasPassword } = result.account;
    if (!isSameName(requestedName, user)) this.#preferences.recordRename(requestedName);
    const signedInUnixMs = this.platform.clock.unixMs();
    const known = { account: id, hasPassword, signedInUnixMs };
    this.#preferences.recordLogin(user, known, this.device.canSign);
    this.platform.tabAccount.write(user);
    this.#latestUser = user;
    this.#signedOut = undefined;
    account.id = id;
    if (account !== previous) {
      previous?.leave();
      this.#invitations = [];
      this.#removals = [];
      account.migrated = this.#preferences.migrate(requestedName, user);
    }
    this.#applyUnlessClosed({ kind: "entered", user, isRenamed });
  }

  protected override handleNotice(notice: ServerNotice): boolean {
    if (notice.kind === "avatar-set") {
      this.avatars.changed(notice);
      return true;
    }
    if (notice.kind !== "servers") return false;
    this.#cluster = notice.places;
    this.store.update();
    return true;
  }

  protected override connected(
    account: PageAccount,
    { link, result, previous }: AccountLogin<PageAccount>,
  ): void {
    this.store.reportFailure(this.#presentOperatorLink(link.connection));
    this.avatars.connected();
    link.connection.request("addresses", {}).then(({ places }) => {
      this.#addresses = places;
    }, asFault); // Asked again on the next link.
    if (account === previous) return;
    this.store.reportFailure(account.begin());
    this.store.reportFailure(
      account.migrated.then(async () => {
        const { user } = result.account;
        await Promise.all([this.#drafts.restore(user), this.#refused.restore(user)]);
        await this.#otherTabs.announce();
      }),
    );
  }

  protected override handleEvent(event: ClientEvent): void {
    super.handleEvent(event);
    switch (event.kind) {
      case "event":
      case "code-asked":
      case "rejoined":
      case "sealed-remark":
      case "handover":
      case "identity-changed":
      case "account-changed":
        return this.#publish(event);
      case "sealed-fault":
        if (this.sealRefusal === undefined)
          this.store.enqueue({ kind: "fault", fault: event.fault });
        return;
      case "settled":
        // Refused posts are stored before the outbox deletes them.
        if (event.outcome.kind !== "refused") return;
        this.account?.refused(event.adopted?.body, event.outcome.fault);
        this.store.update();
        return;
      case "room":
        // The user has joined the room again.
        if (this.#removals.length > 0) this.dismissRemovals(event.room);
        return;
      case "invited": {
        const { room, by, sealed } = event;
        return this.#setInvitation(room, { room, by, isSealed: sealed !== false });
      }
      case "uninvited":
        return this.#setInvitation(event.room, undefined);
      default:
        return;
    }
  }

  #setInvitation(room: string, invitation: Invitation | undefined): void {
    const others = this.#invitations.filter((each) => each.room !== room);
    const all = invitation === undefined ? others : [...others, invitation];
    this.#invitations = all.slice(-INVITATIONS_MAX);
    this.store.update();
  }

  #attachmentChanged(
    target: string,
    attachment: Attachment,
    change: AttachmentChange,
    before?: Attachment,
  ): void {
    this.store.update();
    const store = async ({ transfers: { attached } }: PageAccount) => {
      if (change === "removed") await attached.delete(attachment);
      else if (await attached.store(target, attachment, before))
        this.attached.markStored(attachment);
    };
    const { account } = this;
    if (account === undefined) return;
    store(account).catch(asFault);
  }

  /**
   * Makes the account an operator, once. The right is lasting, so it is only offered to an account
   * that was signed in before: the browser may be shared.
   */
  async #presentOperatorLink(connection: Connection): Promise<void> {
    const token = this.#fragment.operatorToken;
    if (token === undefined || this.#isOperatorLinkUsed) return;
    if (!this.#hasChosenAccount) {
      this.#operatorLink = "offered";
      return this.store.update();
    }
    try {
      await connection.request("operate", { token });
      this.#operatorLink = "granted";
    } catch (error) {
      if (!(error instanceof Fault) || connection.isClosed) return;
      if (error.code !== "login-refused") throw error;
      // The account may have its rights from elsewhere.
      if (!this.model.isOperator) this.#operatorLink = "refused";
    }
    this.#endOperatorLink();
    this.store.update();
  }

  #publish(event: PageEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }

  #loggedOut(account: PageAccount | undefined): void {
    this.platform.tabPlaces.write(undefined);
    this.#drafts.clear();
    this.#refused.clear();
    this.attached.clear();
    this.avatars.clear();
    this.handedLists = undefined;
    this.forgetAccount();
    // The next account is chosen in the form, which explains the link.
    if (this.#operatorLink === "offered") this.#operatorLink = undefined;
    account?.leave();
    this.store.dropEvents();
    this.#applyUnlessClosed({ kind: "left" });
  }

  async #loggedOutElsewhere(isForgotten: boolean): Promise<void> {
    const { account } = this;
    this.platform.tabAccount.write("");
    try {
      await this.endSession({});
    } catch (error) {
      asFault(error);
      this.loop.disconnect();
    }
    this.#loggedOut(account);
    if (isForgotten) await this.#startAgain(false);
  }

  /** The sign-in form and the list of accounts show the user's display name. */
  #recordDisplayName(): void {
    const { me, displayNames } = this.model;
    if (me === undefined || !this.#isLoggedInAs(me)) return;
    this.#preferences.recordDisplayName(me, displayNames.get(me.toLowerCase()));
  }

  get isInvited(): boolean {
    return this.#fragment.secret !== undefined;
  }

  /** Fragment that passes the invite on to another address of this server; empty without one. */
  get inviteHash(): string {
    const { secret, operatorToken } = this.#fragment;
    if (secret === undefined || operatorToken !== undefined) return "";
    return `#invite=${encodeSecret(secret)}`;
  }

  get isOperatorInvited(): boolean {
    return this.#fragment.operatorToken !== undefined;
  }

  /** User whom another device, or an operator, has signed out on this browser. */
  get signedOut(): SignedOut | undefined {
    return this.#signedOut;
  }

  /** Accounts used in this browser, the last one first. */
  get knownAccounts(): readonly KnownAccount[] {
    return this.#preferences.accounts;
  }

  /** Whether the account opens without a password for somebody who chooses it in the form. */
  opensByKey(user: string): boolean {
    return this.#preferences.opensByKey(user);
  }

  /** Whether the account of this tab has a password; `undefined` if the server does not say. */
  get hasPassword(): boolean | undefined {
    const { me } = this.model;
    return this.knownAccounts.find(({ user }) => isSameName(user, me))?.hasPassword;
  }

  override async passwd(password: string, current?: string): Promise<void> {
    await super.passwd(password, current);
    this.#preferences.recordPassword(this.member.session.user);
  }

  /** Whether signing out also forgets the account. */
  get isShared(): boolean {
    return this.#preferences.isShared;
  }

  setShared(isShared: boolean): void {
    this.#preferences.setShared(isShared);
    this.store.update();
  }

  /**
   * Offers a code with which another device joins this account.
   * @throws {Fault} not-allowed if this browser cannot export the account key
   */
  async offerLink(onCrowded: () => void): Promise<OfferedLink> {
    const { fingerprint, session } = this.member;
    const { LINKING } = await linkingModule();
    const offered = await LINKING.offerPageLink({
      device: this.device,
      user: checkName(session.user),
      fingerprint,
      random: this.platform.entropy,
      clock: this.platform.clock,
      sendRequest: this.request,
      onCrowded,
    });
    const release = this.onEvent((event) => {
      if (event.kind === "code-asked") offered.answer(event);
    });
    const end = () => {
      offered.end();
      release();
    };
    return { ...offered, end };
  }

  reconnectNow(): void {
    this.loop.reconnectNow();
  }

  /** The page has become visible or hidden. */
  setFocus(on: boolean): void {
    this.actions.setFocus(on);
    if (on) this.#probe(0);
    if (on) this.#adopt();
    else this.#flush();
  }

  get madePreviews(): PreviewStore {
    return this.member.transfers.madePreviews;
  }

  chooseSize(target: string, isSmaller: boolean): void {
    this.attached.chooseSize(target, isSmaller);
    this.store.update();
  }

  /**
   * Stores the message, and posts it when its files are uploaded.
   * @param draft the draft that the message was, which is removed when the message is stored
   * @returns false if this page cannot send to the target; the page displays the reason
   */
  sendFiles(
    target: string,
    files: readonly Attachment[],
    { text = "", isSmaller = false, re, thread, draft }: FilesMessage = {},
  ): boolean {
    const to = bareTarget(target);
    const sealRefusal = this.actions.sealedRoomAt(target) && this.sealRefusal;
    try {
      if (sealRefusal !== undefined) throw sealRefusal;
      const { messages } = this.member.transfers;
      const mayBeSmaller = (file: AttachedContent) =>
        isSmaller && file instanceof File && this.photos?.mayHaveSmaller(file) === true;
      messages.send({
        to,
        text,
        re,
        thread,
        files: files.map((attachment) => ({
          attachment,
          isSmaller: mayBeSmaller(attachment.file),
          isExamined: this.attached.examined.has(attachment.file),
        })),
        draft:
          draft === undefined ? undefined : this.#drafts.changesFor(bareTarget(draft), undefined),
      });
    } catch (error) {
      this.store.reportFailure(Promise.reject(asFault(error)));
      return false;
    }
    this.actions.showPosted(to, { re, thread });
    return true;
  }

  /** @param draft key of the composer, which gets the recording if it cannot be sent */
  sendVoice(target: string, draft: string, file: File, message: FilesMessage): void {
    const attachment = { file, handle: undefined };
    // The page has recorded it, without personal data.
    this.attached.examined.add(file);
    this.attached.add(draft, [attachment]);
    if (this.sendFiles(target, [attachment], message)) this.attached.take(draft, [attachment]);
  }

  /** Content of a file of an unrecorded message; `undefined` if this tab does not have it. */
  waitingContent(key: string, index: number): AttachedContent | undefined {
    return this.account?.waitingMessages?.contentAt(key, index);
  }

  commandWaiting(key: string, command: OutgoingCommand): void {
    const { messages } = this.member.transfers;
    // Runs in this tick, because the browser asks for access to files only after a click.
    if (command.kind === "retry") this.store.reportFailure(messages.retry(key));
    else messages.command(key, command);
  }

  /** Continues a waiting message with a file that was chosen again. */
  chooseWaiting(key: string, file: number, content: AttachedContent): void {
    this.#transfer(({ messages }) => messages.choose(key, file, content));
  }

  async #giveBack({ to, text, re, thread, attachments }: ReturnedMessage) {
    const key = draftKey(to, threadOfPost({ re, thread }));
    const draft = { text, ...(re !== undefined && thread !== true && { re }) };
    const before = this.model.drafts.get(key);
    const joined = text === "" && before !== undefined ? before : joinedDraft(before, draft);
    this.actions.setDraft(key, isEmptyDraft(joined) ? undefined : joined);
    for (const attachment of attachments) {
      if (this.account?.transfers.attached.isStored(attachment) === true)
        this.attached.addStored(key, attachment);
      else this.attached.add(key, [attachment]);
    }
    this.store.update();
    return isEmptyDraft(joined) ? [] : this.#drafts.changesFor(key, joined);
  }

  pauseTransfer(id: string): void {
    this.#transfer((transfers) => transfers.pause(id));
  }

  resumeTransfer(id: string): void {
    this.#transfer((transfers) => transfers.resume(id, (task) => task.reopen()));
  }

  cancelTransfer(id: string): void {
    this.#transfer((transfers) => transfers.cancel(id));
  }

  /** Returns a path for the browser's own resumable download, valid for 60 s. */
  async downloadPath(file: string): Promise<string> {
    return (await this.request("download", { file })).path;
  }

  /** Verifies each chunk. Must be called from a click handler, as the save dialog requires. */
  download(file: string, name: string, folder?: SavedFolder): void {
    const id = checkFileId(file);
    this.#transfer((transfers) => transfers.download(id, name, folder));
  }

  /**
   * Fetches a verified file into memory.
   * @throws {Fault} too-large, checksum-wrong, …
   */
  async preview(
    file: string,
    sizeBytesMax: number,
    options: PreviewOptions = {},
  ): Promise<Uint8Array> {
    return this.member.transfers.preview(checkFileId(file), sizeBytesMax, options);
  }

  #transfer(act: (transfers: PageTransfers) => unknown): void {
    // Runs in this tick, because file dialogs need the user's click.
    const run = async () => act(this.member.transfers);
    this.store.reportFailure(run());
  }
}

function checkFileId(text: string): FileId {
  if (isFileId(text)) return text;
  throw new Fault("file-unknown", "invalid file id");
}
