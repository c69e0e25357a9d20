import { unreachable } from "../../base/assert.ts";
import { clientName } from "../../base/client-name.ts";
import { Fault } from "../../base/fault.ts";
import { ChatActions } from "../../client/chat/actions.ts";
import type { FaceEffect } from "../../client/chat/model-driver.ts";
import { ConnectionLoop, type GreetedLink } from "../../client/connection-loop.ts";
import {
  type AccountEvent,
  greetedEvent,
  type LinkEvent,
  linkEventOf,
  modelEventOf,
  type SessionEvent,
} from "../../client/event.ts";
import type { Connection } from "../../client/link/connection.ts";
import type { Ask } from "../../client/link/queries.ts";
import { notConnected, notLoggedIn } from "../../client/link/retry.ts";
import {
  askPatiently,
  type Credentials,
  type Entered,
  type LoginManner,
} from "../../client/login.ts";
import type { SealedRooms } from "../../client/sealed/rooms.ts";
import type { Greeted } from "../../client/trust.ts";
import type { ModelEffect, ModelEvent } from "../../core/model/event.ts";
import type { Draft } from "../../core/model/state.ts";
import { type ServerPlace, typedSecret } from "../../wire/invite.ts";
import type { PostBody } from "../../wire/messages.ts";
import type { Device } from "../browser/device-key.ts";
import { type Platform, PROGRAM } from "../browser/environment.ts";
import { pageHashing, pageSha256 } from "../browser/hash.ts";
import { Preferences } from "../browser/preferences.ts";
import { type Fragment, readFragment } from "../input/fragment.ts";
import { type Attached, type AttachedChange, AttachedFiles } from "../transfer/attached.ts";
import type { OpenTransfers } from "../transfer/page-transfers.ts";
import { PageAccount } from "./account.ts";
import { LazyAuditor, type OpenAuditor } from "./auditing.ts";
import type { SealedPart } from "./sealing.ts";

/** What happened once, and is in no model. */
export type Told =
  | Extract<ModelEffect, { kind: "notify" }>
  | Extract<
      AccountEvent,
      { kind: "link-asked" | "came-anew" | "sealed-remark" | "identity-changed" | "event" }
    >;

/** The form of the page stays, and says what was wrong. */
const FORM_MANNER: LoginManner = {
  triesAgain: true,
  taken: () => "give its password, or choose another name",
};

/** What is written in a composer is kept this often. */
const DRAFTS_KEPT_EVERY_MS = 500;

/** Fetches code that the first screen does not need. */
export interface LaterCode {
  readonly transfers: () => Promise<OpenTransfers>;
  /** What holds the server to its log; left out: it is not held to it. */
  readonly auditor?: () => Promise<OpenAuditor>;
  /** Left out: sealed rooms are not read. */
  readonly sealed?: () => Promise<SealedPart>;
}

/** A sealed room that this account may join. */
export interface Invitation {
  readonly room: string;
  readonly by: string | undefined;
}

/** More of them are told at the next log-in. */
const INVITATIONS_MAX = 20;

/** The page's model, and all that it is told by and makes happen. */
export abstract class ChatCore extends ChatActions {
  protected readonly preferences: Preferences;
  protected readonly loop: ConnectionLoop;
  protected readonly fragment: Fragment;
  readonly #platform: Platform;
  protected readonly device: Device;
  /** What goes with the next message. */
  readonly attached = new AttachedFiles((target, one, change) => {
    this.#attachedChanged(target, one, change);
  });
  readonly #later: LaterCode;
  readonly #onTold = new Set<(told: Told) => void>();
  #account: PageAccount | undefined;
  /** Not in the store yet. */
  readonly #drafts = new Map<string, Draft | undefined>();
  #cancelDrafts: (() => void) | undefined;
  #isClosed = false;
  #resetToken: string | undefined;
  #invitations: readonly Invitation[] = [];
  #cluster: readonly ServerPlace[] = [];
  #isByLink = false;
  #isLinkDismissed = false;
  readonly #auditor: LazyAuditor;
  /** The server's log is not what it was: nothing more is sent to it. */
  #alarm: Fault | undefined;

  /** Connects, and lets in whoever was here last; but who has lost a password says so first. */
  constructor(platform: Platform, device: Device, later: LaterCode) {
    super({
      nextFrame: (callback) => platform.nextFrame(callback),
      sha256: pageSha256,
      now: () => platform.clock.now(),
      history: (fields, ask) => this.#account?.session.sealing.history(fields, ask) ?? ask(fields),
    });
    this.#platform = platform;
    this.device = device;
    this.#later = later;
    this.fragment = readFragment(platform.fragment, platform.isLocal);
    this.#resetToken = this.fragment.resetToken;
    this.preferences = new Preferences(platform.store);
    this.#auditor = new LazyAuditor(async () => {
      const open = await later.auditor?.();
      return open?.(platform, device, ({ fault }) => {
        this.#alarm = fault;
        this.loop.mend(fault, true);
      });
    });
    const { clock, entropy, dial } = platform;
    this.loop = new ConnectionLoop(
      {
        ...{ clock, entropy, dial, keys: device, manner: FORM_MANNER },
        program: clientName(PROGRAM, platform.browserName),
        ...{ reconnects: "inside", keepsPassword: !device.canSign },
        onGuessDelay: (delay) => this.#show({ kind: "guess-delay", delay }),
        onStalled: (on) => this.#show({ kind: "stalled", on }),
      },
      {
        state: (state) => this.#stands(linkEventOf(state)),
        greeted: (greeted) => this.#greeted(greeted),
        account: (_, asked) => ({
          isEnrolled: this.preferences.isEnrolled(asked),
          after: this.#accountOf(asked)?.session.after,
          // A password may still open the account; `stopped` says when nothing does.
          forgotten: () => undefined,
          entered: (link, entered) => this.#entered(link, entered, asked),
        }),
        lost: () => {
          this.#auditor.do((auditor) => auditor.lost());
          this.#account?.session.lost();
        },
        // A page has a button for those who will not wait.
        isAwaited: () => false,
        whenReady: (callback) => callback(),
      },
    );
    platform.onOnline(() => this.loop.reconnectNow());
    platform.tabs.onMessage(({ user }) => this.#leftElsewhere(user));
    void this.preferences.begin().then((user) => {
      const isKnown = user !== undefined && !this.isResetting;
      this.loop.begin(isKnown ? { user, mode: "login" } : undefined);
    });
  }

  readonly request: Ask = (kind, fields) => this.loop.ask(kind, fields);

  /** `chat web` has given out the page: its address leads nowhere from other machines. */
  get isLocal(): boolean {
    return this.#platform.isLocal;
  }

  /** Whoever is in. @throws Fault not-logged-in */
  protected get account(): PageAccount {
    if (this.#account === undefined) throw notLoggedIn();
    return this.#account;
  }

  /** Sealed rooms that others let this account into, and that it has not joined. */
  get invitations(): readonly Invitation[] {
    return this.#invitations;
  }

  /** Where users reach the servers of the cluster, as far as those who are in were told. */
  get cluster(): readonly ServerPlace[] {
    return this.#cluster;
  }

  dismissInvitation(invitation: Invitation): void {
    this.#invitations = this.#invitations.filter((one) => one !== invitation);
    this.update();
  }

  /** The operator's link has made this session one; the token stays good in this browser. */
  get isOperatorByLink(): boolean {
    return this.#isByLink;
  }

  /** The page was opened by it, and has not said so yet. */
  get isNewOperator(): boolean {
    return this.#isByLink && this.fragment.operatorToken !== undefined && !this.#isLinkDismissed;
  }

  /** It was said, and was read. */
  dismissOperatorLink(): void {
    this.#isLinkDismissed = true;
    this.#platform.forgetFragment();
    this.update();
  }

  /** The token is forgotten here: the next session, as after a reload, is no operator's by it. */
  async forgetOperatorLink(): Promise<void> {
    this.#platform.forgetFragment();
    await this.preferences.keepOperatorToken(undefined);
  }

  /** Sealed rooms, and who is in them. @throws Fault not-logged-in, not-allowed, store-… */
  async sealedRooms(): Promise<SealedRooms> {
    return this.account.session.sealing.rooms();
  }

  /** Why this page takes no part in sealed rooms; undefined: it does. */
  get sealRefusal(): Fault | undefined {
    return this.#account?.sealRefusal;
  }

  /** What the model does not keep: things to notify of, and the events of an operator's watch. */
  onTold(listener: (told: Told) => void): () => void {
    this.#onTold.add(listener);
    return () => this.#onTold.delete(listener);
  }

  /** Not to a server whose log is not what it was; the user sees why. */
  protected mayPost(): boolean {
    if (this.#alarm !== undefined) this.person({ kind: "fault", fault: this.#alarm });
    return this.#alarm === undefined;
  }

  protected post(to: string, body: PostBody): void {
    // The model shows what became of it; the promise is for callers without one.
    this.account.session.posts.post(to, body).catch(() => undefined);
    this.update();
  }

  /**
   * @throws Fault `room-password-wrong`: ask for that of the server (also when none was given);
   * `login-refused`: ask for the password; as the server refused or could not be reached
   */
  async enter(credentials: Credentials): Promise<void> {
    const { password, roomSecret } = credentials;
    const some = (text: string | undefined) => (text === "" ? undefined : text);
    await this.loop.enter({
      ...credentials,
      password: some(password),
      roomSecret: some(typedSecret(roomSecret ?? "")) ?? this.fragment.secret,
      // Whoever typed a password means it, though this browser's key may sign in.
      insist: true,
    });
  }

  /** The page's address had a reset code behind its `#`: a new password is to be set. */
  get isResetting(): boolean {
    return this.#resetToken !== undefined;
  }

  /** Sets it, and enters. @throws Fault login-refused: the code was used, or is too old */
  async recover(password: string): Promise<void> {
    const token = this.#resetToken;
    if (token === undefined) throw notLoggedIn();
    const { connection } = await this.loop.open();
    const { clock } = this.#platform;
    const { user } = await askPatiently(connection, clock, "recover", { token, password });
    this.forgetReset();
    await this.enter({ user, password, mode: "login" });
  }

  /** Enters in another way after all. */
  forgetReset(): void {
    this.#resetToken = undefined;
    this.#platform.forgetFragment();
  }

  /** `forget`: the key opens this account no longer. @throws Fault last-credential */
  async logout(forget = false): Promise<void> {
    const { account } = this;
    const { user } = account.session;
    this.flush();
    if (this.loop.state.kind === "waiting" && !forget) this.loop.leave();
    else await this.loop.logout(forget);
    this.preferences.left(user, forget);
    this.#left();
    void this.preferences.forgetAttached(user);
    if (forget) account.forget();
    this.#platform.tabs.tell({ kind: "left", user });
  }

  /** Takes over what tabs that were closed have left unsent. */
  protected adopt(): void {
    const account = this.#account;
    if (account !== undefined) this.show(account.adopt());
  }

  /** Keeps and tells what is still to be kept and told. */
  protected flush(): void {
    this.#account?.session.flush();
    this.#auditor.do((auditor) => void auditor.write());
    this.keepLastDrafts();
    void this.#keepDrafts();
  }

  /** Keeps at once what a page that ends now could not write to the store. */
  keepLastDrafts(): void {
    const user = this.#account?.session.user;
    if (user === undefined || this.#drafts.size === 0) return;
    this.#platform.lastDrafts.write(this.preferences.draftsAsText(user, this.#drafts));
  }

  /** Lets go of everything; what is not sent waits for the next page. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.flush();
    await this.#keepDrafts();
    const account = this.#account;
    this.#account = undefined;
    account?.leave();
    this.#platform.tabs.close();
    await this.loop.close(notConnected());
    await account?.written();
  }

  #stands(event: LinkEvent | undefined): void {
    if (event === undefined) return;
    if (event.kind === "stopped" && event.fault.code === "login-refused") {
      const { fault, user } = event;
      if (user !== undefined) {
        // The server does not know this device any more: its user comes in by the form.
        this.preferences.left(user, true);
        this.#left();
        void this.preferences.forgetAttached(user);
        return this.#show({ kind: "outside", fault });
      }
    }
    this.#show(event);
  }

  /** At once: somebody may wait for it. */
  #show(event: SessionEvent): void {
    const change = modelEventOf(event, this.#platform.clock.unixMs());
    if (change !== undefined) this.#told(change);
  }

  #told(event: ModelEvent): void {
    if (!this.#isClosed) this.person(event);
  }

  protected perform(effect: FaceEffect): void {
    switch (effect.kind) {
      case "read":
        this.#account?.session.read(effect.room, effect.n);
        return;
      case "notify":
        return this.#say(effect);
      case "keep-draft":
        this.#drafts.set(effect.target, effect.draft);
        this.#cancelDrafts ??= this.#platform.clock.after(DRAFTS_KEPT_EVERY_MS, () => {
          void this.#keepDrafts();
        });
        return;
      default:
        return unreachable(effect);
    }
  }

  async #keepDrafts(): Promise<void> {
    this.#cancelDrafts?.();
    this.#cancelDrafts = undefined;
    const drafts = new Map(this.#drafts);
    const user = this.#account?.session.user;
    if (user === undefined || drafts.size === 0) return;
    await this.preferences.keepDrafts(user, drafts);
    for (const [target, draft] of drafts) {
      if (this.#drafts.get(target) === draft) this.#drafts.delete(target);
    }
    if (this.#drafts.size === 0) this.#platform.lastDrafts.write(undefined);
  }

  async #greeted(greeted: Greeted): Promise<void> {
    const { fingerprint, welcome, formers } = greeted;
    const changedFrom = await this.preferences.greeted(fingerprint, formers);
    const known = this.model.server?.changedFrom;
    const former = changedFrom === undefined ? known : `SHA256:${changedFrom}`;
    const changed = former === undefined ? {} : { changedFrom: former };
    this.#told(greetedEvent(greeted, { keepsKey: this.device.canSign, ...changed }));
    const { build } = this.#platform;
    const now = welcome.build ?? "";
    if (build !== "" && now !== "" && now !== build) this.#told({ kind: "outdated" });
  }

  #accountOf(user: string): PageAccount | undefined {
    const isIt = this.#account?.session.user.toLowerCase() === user.toLowerCase();
    return isIt ? this.#account : undefined;
  }

  /** Nothing waits here: what the server sends next must find its listener. */
  #entered(link: GreetedLink, entered: Entered, asked: string): void {
    const { connection, greeted } = link;
    const { user } = entered.account;
    const { fingerprint, welcome } = greeted;
    const isRenamed = asked.toLowerCase() !== user.toLowerCase();
    const known = this.#accountOf(asked);
    if (isRenamed) this.preferences.left(asked, true);
    this.preferences.entered(user, this.device.canSign);
    const isSame = known?.fingerprint === fingerprint;
    const account = isSame
      ? known
      : this.#newAccount(fingerprint, this.preferences.moved(asked, user));
    account.entered(welcome.server.name, link, entered);
    this.#told({ kind: "entered", user, isRenamed: isRenamed && isSame });
    account.session.connected((notice) => {
      if (notice.kind !== "servers") return false;
      this.#cluster = notice.places;
      this.update();
      return true;
    });
    this.#auditor.fetch();
    const { audited } = account.session;
    this.#auditor.do((auditor) => audited && auditor.connected(audited));
    this.show(this.#operate(connection));
    if (isSame) return;
    this.show(account.begin());
    this.show(account.moved.then(() => this.#restoreDrafts(user)));
  }

  #newAccount(fingerprint: PageAccount["fingerprint"], moved: Promise<void>): PageAccount {
    this.#account?.leave();
    const account: PageAccount = new PageAccount({
      platform: this.#platform,
      hashing: pageHashing(this.#platform.subtle),
      keys: this.device,
      ask: this.request,
      loadTransfers: this.#later.transfers,
      loadSealed: this.#later.sealed,
      fingerprint,
      moved,
      emit: (event) => {
        if (event.kind === "record") {
          const { head, record } = event;
          this.#auditor.do((auditor) => auditor.saw(head, record));
        }
        // A user who left is told nothing more.
        if (this.#account === account) this.#happened(event);
      },
      tell: (event) => {
        if (this.#account === account) this.tell(event);
      },
      attach: (target, one) => {
        if (this.#account !== account) return;
        this.attached.restored(target, one);
        this.update();
      },
      hole: (fault, again) => this.loop.mend(fault, again),
    });
    this.#invitations = [];
    this.#account = account;
    return account;
  }

  #happened(event: AccountEvent): void {
    const change = modelEventOf(event, this.#platform.clock.unixMs());
    if (change !== undefined) this.tell(change);
    switch (event.kind) {
      case "event":
      case "link-asked":
      case "came-anew":
      case "sealed-remark":
      case "identity-changed":
        return this.#say(event);
      case "sealed-fault": // The rooms show why a page cannot seal.
        if (this.sealRefusal === undefined) this.tell({ kind: "fault", fault: event.fault });
        return;
      case "invited": {
        const others = this.#invitations.filter(({ room }) => room !== event.room);
        const { room, by } = event;
        this.#invitations = [...others, { room, by }].slice(-INVITATIONS_MAX);
        return this.update();
      }
      default:
        return;
    }
  }

  /** Where it cannot be kept, the page asks before it is left. */
  #attachedChanged(target: string, one: Attached, change: AttachedChange): void {
    this.update();
    const keep = async (session: PageAccount) => {
      const { attached } = await session.transfers();
      if (change === "left") await attached.drop(one);
      else if (await attached.keep(target, one)) this.attached.kept(one);
    };
    if (this.#account === undefined) return;
    keep(this.#account).catch((error: unknown) => {
      if (!(error instanceof Fault)) throw error;
    });
  }

  async #restoreDrafts(user: string): Promise<void> {
    const { lastDrafts } = this.#platform;
    const text = lastDrafts.read();
    if (text !== undefined) {
      await this.preferences.keepDrafts(user, this.preferences.draftsInText(user, text));
      lastDrafts.write(undefined);
    }
    for (const [target, draft] of await this.preferences.drafts(user)) {
      if (this.#accountOf(user) === undefined || this.model.drafts.has(target)) continue;
      this.tell({ kind: "draft", target, draft });
    }
  }

  /** Shows the token of the operators' link, which stays good for this device. */
  async #operate(connection: Connection): Promise<void> {
    this.#isByLink = false;
    const given = this.fragment.operatorToken;
    const token = given ?? (await this.preferences.operatorToken());
    if (token === undefined) return;
    try {
      await connection.ask("operate", { token });
      if (given !== undefined) void this.preferences.keepOperatorToken(given);
      this.#isByLink = true;
      this.tell({ kind: "operator" });
    } catch (error) {
      if (!(error instanceof Fault) || connection.isClosed) return;
      void this.preferences.keepOperatorToken(undefined);
      if (given !== undefined) throw error;
    }
  }

  #say(told: Told): void {
    for (const listener of [...this.#onTold]) listener(told);
  }

  #left(): void {
    this.#drafts.clear();
    this.#platform.lastDrafts.write(undefined);
    this.attached.clear();
    this.#account?.leave();
    this.#account = undefined;
    this.forget();
    this.#told({ kind: "left" });
  }

  #leftElsewhere(user: string): void {
    if (this.#accountOf(user) === undefined) return;
    this.loop.logout(false).then(
      () => this.#left(),
      () => {
        this.loop.leave();
        this.#left();
      },
    );
  }
}
