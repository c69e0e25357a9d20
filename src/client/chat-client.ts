/** `ChatClient`: the client of an account on a server, for every user interface. */

import { Fault, ignoreFault, msg } from "../base/fault.ts";
import type { Sha256 } from "../base/ids.ts";
import type { RoomView } from "../core/client/chat-record.ts";
import type { Receipt } from "../core/client/outbox.ts";
import type { AccountChange } from "../core/client/own-account.ts";
import { hasNewKey, type KeyView, keyViews, type PersonPin } from "../core/client/person-keys.ts";
import type { QueuedBody } from "../core/client/queued-body.ts";
import type { ReadReport } from "../core/model/event.ts";
import { isSameName } from "../core/model/item.ts";
import { isIgnored } from "../core/model/selectors.ts";
import type { Model } from "../core/model/state.ts";
import { withTimeout } from "../io/clock.ts";
import type { Entropy } from "../io/entropy.ts";
import type { LogReader } from "../io/state/log-pins.ts";
import type { Answer, RequestFields, RequestKind } from "../wire/messages.ts";
import { Actions } from "./actions.ts";
import { type AuditAlarm, type AuditorDependencies, LogAuditor } from "./auditor.ts";
import {
  ConnectionLoop,
  type ConnectionLoopOptions,
  type LoginOptions,
  type LogoutFields,
  type LoopState,
} from "./connection-loop.ts";
import { type ClientEvent, modelEventOf } from "./event.ts";
import { ActiveLink } from "./link/active-link.ts";
import type { Connection, ServerNotice } from "./link/connection.ts";
import type { GreetedServer } from "./link/greeting.ts";
import type { FetchPage, HistoryPage, SendRequest } from "./link/queries.ts";
import { notLoggedIn } from "./link/retry.ts";
import type { GreetedLink, LoginResult } from "./login.ts";
import { ModelStore, type ModelStoreOptions, type UiEffect } from "./model-store.ts";
import { PeopleKeys } from "./people.ts";
import { closePollsInTime } from "./poll-ends.ts";
import { keyChangedNotice } from "./sealed/identities.ts";
import type { SealedRooms } from "./sealed/rooms.ts";
import { ignoreNotAllowed } from "./sealed/sealing.ts";
import { AccountSession, type AccountSessionOptions } from "./session.ts";

/** Key packages are published within a second of a login. */
const ADDABLE_TIMEOUT_MS = 5_000;

export interface LinkedSession {
  readonly session: AccountSession;
}

export interface ChatClientOptions
  extends Omit<ConnectionLoopOptions, "onGuessDelay" | "onStalled"> {
  readonly sha256: Sha256;
  /** Whether a request reconnects at once instead of after the delay. */
  readonly retriesOnUse: boolean;
  readonly reportsStalls: boolean;
  readonly address?: string;
  /** Without it, the model stays empty. */
  readonly model: Pick<ModelStoreOptions, "nextFrame" | "itemsMax"> | undefined;
  readonly audit: AuditOptions;
}

export interface PersonFacts extends Answer<"whois"> {
  /** Oldest first; empty if the server proves none. */
  readonly keys: readonly KeyView[];
  readonly hasNewKey: boolean;
}

export interface AuditOptions extends Pick<AuditorDependencies, "logs" | "formatTime"> {
  /** Whether each connection is audited; `false` if the command itself requests the proofs. */
  readonly isAutomatic: boolean;
  readonly onAlarm: (alarm: AuditAlarm) => void;
  /** Another program or tab has accepted a different history, and the client has stopped. */
  readonly onReplaced?: () => void;
}

export interface AccountLogin<Account> {
  readonly link: GreetedLink;
  readonly result: LoginResult;
  readonly requestedName: string;
  readonly isRenamed: boolean;
  readonly previous: Account | undefined;
}

/** Effects for the user interface: those of the model, and refusals of posts. */
export type ChatEffect =
  | Exclude<UiEffect, { kind: "read" }>
  | { readonly kind: "refused"; readonly to: string; readonly fault: Fault };

type LinkProvided =
  | ("clock" | "entropy" | "keys" | "sha256" | "people")
  | ("request" | "activeLink" | "emit" | "historyChecked");

export abstract class ChatClient<Account extends LinkedSession> {
  readonly loop: ConnectionLoop;
  readonly activeLink: ActiveLink;
  readonly store: ModelStore;
  readonly actions: Actions;
  readonly people: PeopleKeys;
  /** Randomness of slash commands. */
  readonly entropy: Entropy;
  protected readonly auditor: LogAuditor;
  readonly #options: ChatClientOptions;
  #account: Account | undefined;
  /** Account logged out most recently. Its session resumes if the same user logs in again. */
  #former: Account | undefined;
  /** Account that is logging in, whose posts may already be in flight. */
  #entering: { readonly name: string; readonly account: Account } | undefined;
  #alarm: Fault | undefined;

  constructor(options: ChatClientOptions) {
    const { clock, sha256, model, audit, keys: verifier } = options;
    const { retriesOnUse, reportsStalls } = options;
    this.#options = options;
    this.entropy = options.entropy;
    const onAccountChange = (change: AccountChange) => {
      const time = audit.formatTime(change.atUnixMs);
      this.handleEvent({ kind: "account-changed", ...change, time });
    };
    const stop = (fault: Fault) => {
      this.#alarm = fault;
      this.loop.reconnect(fault, true);
    };
    const onReplaced = (fault: Fault) => {
      stop(fault);
      audit.onReplaced?.();
    };
    const onAlarm = (alarm: AuditAlarm) => {
      this.#alarm = alarm.fault;
      audit.onAlarm(alarm);
      stop(alarm.fault);
    };
    this.auditor = new LogAuditor(
      { ...audit, clock, verifier, onAccountChange },
      onAlarm,
      onReplaced,
    );
    this.people = new PeopleKeys({
      logs: audit.logs,
      prove: async (user, pin, isFresh) => {
        const link = this.#auditing && this.#account?.session.auditedLink;
        return link && this.auditor.provePerson(link, user, pin, isFresh);
      },
      sealedKey: (user) =>
        this.#openSealed()
          .then((rooms) => rooms?.pinnedKey(user))
          .catch(ignoreFault),
      onChange: (pin, isNew) => this.#handleKey(pin, isNew),
    });
    this.activeLink = new ActiveLink(() => {
      if (retriesOnUse) this.loop.retrySooner();
    });
    this.store = new ModelStore({
      nextFrame: () => undefined,
      ...model,
      sha256,
      clock,
      request: (kind, fields) => this.request(kind, fields),
      history: (fields, ask) => this.historyWith(fields, ask),
      perform: (effect) => {
        if (effect.kind === "read") this.reportRead(effect.room, effect);
        else this.perform(effect);
      },
    });
    if (model !== undefined) closePollsInTime(this.store, clock);
    this.actions = new Actions({
      actor: this,
      store: this.store,
      now: () => clock.now(),
      after: (ms, run) => clock.after(ms, run),
      refused: (to, fault) => this.perform({ kind: "refused", to, fault }),
      isDisplayed: (seq) => this.isDisplayed(seq),
    });
    this.loop = new ConnectionLoop(
      {
        ...options,
        onGuessDelay: (delay) => this.handleEvent({ kind: "guess-delay", delay }),
        onStalled: reportsStalls ? (on) => this.handleEvent({ kind: "stalled", on }) : undefined,
      },
      {
        state: (state) => this.stateChanged(state),
        query: async () => {
          const reader = this.expectedReader();
          return reader && this.#auditing?.query(reader);
        },
        greeted: async ({ connection, greeted }, query) => {
          await this.greeted(greeted);
          if (query !== undefined) await this.#auditing?.greeted(connection, greeted, query);
        },
        account: (greeted, requestedName) => this.#loginOptions(greeted, requestedName),
        lost: () => {
          this.#account?.session.lost();
          this.#auditing?.lost();
        },
        hasPendingWork: () => retriesOnUse && (this.unsent > 0 || this.activeLink.isNeeded),
        whenReady: (callback) => this.whenReady(callback),
      },
    );
  }

  protected abstract stateChanged(state: LoopState): void;
  /**
   * Throws to reject an untrusted server.
   * @throws {Fault} fingerprint-changed, …
   */
  protected abstract greeted(greeted: GreetedServer): void | Promise<void>;
  protected abstract accountFor(
    greeted: GreetedServer,
    user: string,
    known: Account | undefined,
  ): Omit<LoginOptions, "after" | "onLoggedIn"> & { readonly account: Account };
  /**
   * Called before the account receives any message.
   * @throws {Fault} store-… if the log-in cannot be stored
   */
  protected abstract loggedIn(account: Account, login: AccountLogin<Account>): void;
  protected abstract connected(account: Account, login: AccountLogin<Account>): void;
  /** Account of a client that posts with its log-in, if the server is known. */
  protected expectedReader(): LogReader | undefined {
    return undefined;
  }

  /** @returns false for a notice that the session handles */
  protected abstract handleNotice(notice: ServerNotice, link: GreetedLink): boolean;
  protected abstract perform(effect: ChatEffect): void;

  protected handleEvent(event: ClientEvent): void {
    if (this.#options.model === undefined) return;
    const change = modelEventOf(event, this.#options.clock.unixMs());
    if (change !== undefined) this.store.enqueue(change);
  }

  /** Calls back when the client can receive more messages. */
  protected whenReady(callback: () => void): void {
    callback();
  }

  protected isDisplayed(_seq: number): boolean {
    return true;
  }

  get model(): Model {
    return this.store.model;
  }

  get account(): Account | undefined {
    return this.#account;
  }

  /** @throws {Fault} not-logged-in */
  get member(): Account {
    if (this.#account === undefined) throw notLoggedIn();
    return this.#account;
  }

  protected get former(): Account | undefined {
    return this.#former;
  }

  protected get entering(): Account | undefined {
    return this.#entering?.account;
  }

  get user(): string | undefined {
    return this.#account?.session.user;
  }

  get rooms(): RoomView[] {
    return this.#account?.session.rooms ?? [];
  }

  get unsent(): number {
    return this.#account?.session.posts.size ?? 0;
  }

  get alarm(): Fault | undefined {
    return this.#alarm;
  }

  protected get isAuditing(): boolean {
    return this.#options.audit.isAutomatic;
  }

  get #auditing(): LogAuditor | undefined {
    return this.#options.audit.isAutomatic ? this.auditor : undefined;
  }

  /**
   * Resolves when the server has stored the post, even if that takes several links.
   * @throws {Fault} too-many if 10,000 posts are pending, interrupted if the client is closed, and
   * the server's refusal
   */
  async post(target: string, body: QueuedBody): Promise<Receipt> {
    const { posts } = this.member.session;
    if (this.#options.retriesOnUse) this.loop.retrySooner();
    return posts.post(target, body);
  }

  readonly request: SendRequest = async (kind, fields) => {
    const { session } = this.#account ?? {};
    session?.posts.flush(); // Posts must reach the server before the request does.
    if ("seq" in fields || kind === "poll" || kind === "topic") await this.#historyChecked();
    const isWhole = kind === "erase" && !("files" in fields);
    const seq = isWhole && "seq" in fields ? Number(fields.seq) : undefined;
    const edits = seq === undefined ? [] : await session?.sealing.editsOf(seq);
    const named = edits === undefined || edits.length === 0 ? {} : { also: edits };
    const send = () => this.loop.request(kind, { ...fields, ...named });
    const answer = await this.auditor.request(kind, fields, send);
    if ("seq" in answer) this.confirmed(answer.seq);
    return answer;
  };

  /** Returns a promise while it is in doubt whether the server has the history of this device. */
  readonly historyChecked = (connection?: Connection): Promise<void> | undefined =>
    this.#auditing?.checked(connection);

  /**
   * Waits until numbers denote the messages that the user has seen.
   * @throws {Fault} log-rolled-back, log-forked or log-unproved if they may not
   */
  async #historyChecked(): Promise<void> {
    const checked = this.loop.state.kind === "in" ? this.#auditing?.checked() : undefined;
    if (checked !== undefined) await checked;
    if (this.#alarm !== undefined) throw this.#alarm;
  }

  /** @throws {Fault} kind-unknown if the server is too old for the request */
  checkSupport<Kind extends RequestKind>(kind: Kind, fields: RequestFields<Kind>): void {
    const refusal = this.loop.connection?.refusalOf(kind, fields);
    if (refusal !== undefined) throw refusal;
  }

  /** Waits for a short time until others can add this device to encrypted rooms. */
  async addable(): Promise<void> {
    const stocked = this.#account?.session.sealing.stocked();
    if (stocked === undefined) return;
    await withTimeout(stocked, ADDABLE_TIMEOUT_MS, () => undefined, this.#options.clock);
  }

  /** Requests the proofs of the log behind a log-in, whose answer is still awaited. */
  protected requestProofsEarly(
    connection: Connection,
    { fingerprint, formers }: GreetedServer,
    user: string,
  ): void {
    void this.#auditing?.requestEarly(connection, { fingerprint, formers, user });
  }

  /** Records a `seq` that the server has confirmed. An audit fails if the log lacks it. */
  confirmed(seq: number | undefined): void {
    if (seq !== undefined) this.#auditing?.confirmed(seq);
  }

  reportRead(room: string, report: ReadReport): void {
    this.#account?.session.markRead(room, report);
  }

  readonly historyWith = (
    fields: RequestFields<"history">,
    ask: FetchPage,
  ): Promise<HistoryPage> => {
    const fetched = this.#account?.session.sealing.history(fields, ask) ?? ask(fields);
    return fetched.then(({ records, more }) => {
      return { records: records.map((record) => this.people.mark(record)), more };
    });
  };

  /** @throws {Fault} not-logged-in, or not-allowed if the device does not support sealed rooms */
  async sealedRooms(): Promise<SealedRooms> {
    return this.member.session.sealing.rooms();
  }

  /** Enters the encrypted rooms for a command, and reads what other devices hand over to it. */
  async enterSealedRooms(): Promise<void> {
    await this.member.session.sealing.enterAll();
  }

  /** @throws {Fault} user-unknown, and log-unproved and others if the proofs of keys are wrong */
  async whois(user: string): Promise<PersonFacts> {
    const check = this.people.check(user);
    const [answer, pin] = await Promise.all([this.request("whois", { user }), check]);
    const keys = keyViews(pin, this.#options.sha256);
    const status = isIgnored(this.model, answer.user) ? undefined : answer.status;
    return { ...answer, status, keys, hasNewKey: pin !== undefined && hasNewKey(pin) };
  }

  /** Accepts the newest key of a user without comparing it. */
  async acceptKey(user: string): Promise<void> {
    const rooms = await this.sealedRooms().catch(ignoreNotAllowed);
    if (rooms === undefined) await this.people.accepted(user, undefined);
    else await rooms.acceptIdentity(user);
  }

  /** Returns `undefined` if this device has never used an encrypted room. */
  async #openSealed(): Promise<SealedRooms | undefined> {
    const { sealing } = this.#account?.session ?? {};
    if (sealing === undefined || !(await sealing.exists())) return undefined;
    return sealing.rooms().catch(ignoreNotAllowed);
  }

  #handleKey(pin: PersonPin, isNew: boolean): void {
    const { user, keys } = pin;
    const by = hasNewKey(pin) ? keys.at(-1)?.account : undefined;
    if (this.#options.model !== undefined) this.store.enqueue({ kind: "author-key", user, by });
    if (!isNew) return;
    this.handleEvent({ kind: "identity-changed", user, sentence: keyChangedNotice(user) });
    void this.#openSealed()
      .then((rooms) => rooms?.noteKeys(pin))
      .catch(ignoreFault);
  }

  /** Closes the connection and opens a new one immediately. */
  reconnect(): void {
    this.loop.reconnect(new Fault("link-closed", msg`reconnecting`), false);
    this.loop.reconnectNow();
  }

  async passwd(password: string, current?: string): Promise<void> {
    this.#account?.session.posts.flush();
    await this.auditor.request("passwd", {}, () => this.loop.passwd(password, current));
  }

  newSession(accountOptions: Omit<AccountSessionOptions, LinkProvided | "gap">): AccountSession {
    const { clock, keys, sha256 } = this.#options;
    const session: AccountSession = new AccountSession({
      ...accountOptions,
      clock,
      entropy: this.entropy,
      keys,
      sha256,
      people: this.people,
      request: this.request,
      activeLink: this.activeLink,
      historyChecked: this.historyChecked,
      emit: (event) => {
        if (this.#account?.session === session) this.#emit(event);
      },
      gap: (fault, isRepeated) => this.loop.reconnect(fault, isRepeated),
    });
    return session;
  }

  /**
   * Keeps the link open. Posts written during the logout must not be sent after the request,
   * because the server would refuse them.
   * @throws {Fault} last-credential or link-closed; the account then stays logged in
   */
  protected async endSession(fields: LogoutFields): Promise<void> {
    const { posts } = this.#account?.session ?? {};
    const { connection } = this.loop;
    posts?.lost();
    try {
      await this.loop.logout(fields);
    } catch (error) {
      const isSameLink = connection !== undefined && connection === this.loop.connection;
      if (isSameLink && !connection.isClosed) posts?.connected(connection);
      throw error;
    }
    this.forgetAccount();
  }

  /** Makes the account the current one before it has logged in. */
  protected restoreAccount(account: Account): void {
    this.#account = account;
  }

  protected forgetAccount(): void {
    this.#former = this.#account ?? this.#former;
    this.#account = undefined;
  }

  #loginOptions(greeted: GreetedServer, requestedName: string): LoginOptions {
    const known = [this.#account, this.#former].find((candidate) =>
      isSameName(candidate?.session.user, requestedName),
    );
    const entering = this.#entering?.name === requestedName ? this.#entering.account : undefined;
    const { account, ...loginOptions } = this.accountFor(greeted, requestedName, known ?? entering);
    this.#entering = { name: requestedName, account };
    return {
      ...loginOptions,
      after: account.session.after,
      onLoggedIn: (link, result) => {
        const previous = this.#account;
        const isRenamed = previous === account && account.session.user !== result.account.user;
        this.#loginSucceeded(account, { link, result, requestedName, isRenamed, previous });
      },
    };
  }

  #loginSucceeded(account: Account, login: AccountLogin<Account>): void {
    const { session } = account;
    const { link, result, previous } = login;
    this.#entering = undefined;
    this.#account = account;
    try {
      this.loggedIn(account, login);
    } catch (error) {
      this.#account = previous;
      throw error;
    }
    const { address = link.greeted.welcome.server.name } = this.#options;
    const { fingerprint, formers } = link.greeted;
    this.people.connected({ fingerprint, formers, user: result.account.user });
    session.connected(address, link, result, (notice) => this.handleNotice(notice, link));
    this.connected(account, login);
    const { auditedLink } = session;
    if (auditedLink === undefined || link.connection.isClosed) return;
    this.#auditing?.connected(auditedLink);
  }

  #emit(emitted: ClientEvent): void {
    const event =
      emitted.kind === "record"
        ? { ...emitted, record: this.people.mark(emitted.record) }
        : emitted;
    this.handleEvent(event);
    if (event.kind === "record") this.#auditing?.observe(event.head, event.record);
    if (event.kind === "settled" && event.outcome.kind === "durable") {
      this.confirmed(event.outcome.receipt.seq);
    }
  }
}
