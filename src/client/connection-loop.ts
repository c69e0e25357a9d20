/** Connection to a server, reopened after each loss. */

import { asFault, Fault } from "../base/fault.ts";
import { RECONNECT_MAX_MS, RECONNECT_PENDING_MAX_MS } from "../base/limits.ts";
import { defined } from "../base/values.ts";
import { Backoff } from "../core/backoff.ts";
import { isSameName } from "../core/model/item.ts";
import type { Clock } from "../io/clock.ts";
import type { Entropy } from "../io/entropy.ts";
import type { Link } from "../io/link/link.ts";
import type { RequestFields } from "../wire/messages.ts";
import type { SeenQuery } from "./auditor.ts";
import { Connection, type GuessDelay } from "./link/connection.ts";
import { type GreetedServer, greet, Hello, untilProved } from "./link/greeting.ts";
import type { Keys } from "./link/keys.ts";
import type { SendRequest } from "./link/queries.ts";
import { isTransient, noMajority, notConnected } from "./link/retry.ts";
import {
  type Credentials,
  type GreetedLink,
  Login,
  type LoginContext,
  type LoginResult,
} from "./login.ts";

export type LoopState =
  | { readonly kind: "outside"; readonly fault: Fault | undefined }
  | { readonly kind: "connecting" }
  /** Connecting for a user who is waiting. A failure is reported and not retried. */
  | { readonly kind: "entering" }
  | { readonly kind: "in" }
  | {
      readonly kind: "waiting";
      readonly fault: Fault;
      readonly retryInMs: number;
      readonly isLoss: boolean;
    }
  | { readonly kind: "stopped"; readonly fault: Fault; readonly user: string | undefined }
  | { readonly kind: "closed"; readonly fault: Fault };

export type LogoutFields = RequestFields<"logout">;

export interface LoginOptions
  extends Pick<
    LoginContext,
    "isEnrolled" | "mayUseKey" | "after" | "onUnenrolled" | "beforeSignature" | "presence"
  > {
  /** The callback must set its listener synchronously, before the server's next message arrives. */
  readonly onLoggedIn: (link: GreetedLink, entered: LoginResult) => void;
}

export interface ConnectionLoopOwner {
  readonly state: (state: LoopState) => void;
  /** Returns what the server should prove in its greeting. */
  readonly query?: () => Promise<SeenQuery | undefined>;
  readonly greeted: (link: GreetedLink, query: SeenQuery | undefined) => void | Promise<void>;
  readonly account: (greeted: GreetedServer, user: string) => LoginOptions;
  readonly lost: () => void;
  readonly hasPendingWork: () => boolean;
  readonly whenReady: (callback: () => void) => void;
}

export interface ConnectionLoopOptions extends Pick<LoginContext, "policy"> {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly dial: (first: Uint8Array) => Promise<Link>;
  /**
   * Called when a dialled server is unusable. `undefined` means to dial another address
   * immediately.
   */
  readonly tryNextAddress?: ((fault: Fault) => Fault | undefined) | undefined;
  /** Called with each new connection, before the greeting. */
  readonly watch?: ((connection: Connection) => void) | undefined;
  readonly keys: Keys;
  readonly program: string;
  readonly answerTimeoutMs?: number;
  /** `inside` means only while an account is logged in. */
  readonly reconnects: "always" | "inside" | "never";
  /** Whether to keep the password in memory for reconnections without a device key. */
  readonly remembersPassword: boolean;
  readonly onGuessDelay?: ((delay: GuessDelay | undefined) => void) | undefined;
  readonly onStalled?: ((on: boolean) => void) | undefined;
  readonly stallMs?: number | undefined;
}

const CLOSE_TIMEOUT_MS = 1_000;

/** Reconnects after each loss. Uses at most one link and makes at most one attempt at a time. */
export class ConnectionLoop {
  readonly #reconnectTimer: ReconnectTimer;
  #state: LoopState = { kind: "outside", fault: undefined };
  #link: GreetedLink | undefined;
  #greeted: GreetedServer | undefined;
  #dialled: Connection | undefined;
  #opening: Promise<GreetedLink> | undefined;
  #account: Credentials | undefined;
  #isLeaving = false;
  #hasBeenIn = false;
  #hasAnotherPath = false;
  /** Set when the client closes the link to recover missing data. `final` prevents a retry. */
  #closeReason: "retry" | "final" | undefined;

  constructor(
    private readonly options: ConnectionLoopOptions,
    private readonly owner: ConnectionLoopOwner,
  ) {
    this.#reconnectTimer = new ReconnectTimer(options);
  }

  get state(): LoopState {
    return this.#state;
  }

  /** `undefined` if the link is lost or a log-in is in progress. */
  get connection(): Connection | undefined {
    const { kind } = this.#state;
    return kind === "in" || kind === "outside" ? this.#link?.connection : undefined;
  }

  get greeted(): GreetedServer | undefined {
    return this.#greeted;
  }

  readonly request: SendRequest = async (kind, fields) => {
    const { connection } = this;
    // After `logout` the server treats requests as unauthenticated and may close the link.
    if (connection === undefined || this.#isLeaving) throw notConnected();
    return connection.request(kind, fields);
  };

  open(): Promise<GreetedLink> {
    if (this.#link !== undefined) return Promise.resolve(this.#link);
    this.#opening ??= this.#dial().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  start(account: Credentials | undefined): void {
    if (this.#state.kind !== "outside") return;
    this.#account = account;
    void this.#connect();
  }

  async logIn(credentials: Credentials): Promise<LoginResult> {
    // A log-in running in the background would use the same link for a different user.
    if (this.#state.kind === "connecting") this.#drop();
    this.#reconnectTimer.cancel();
    this.#account = undefined;
    const hadLink = this.#link !== undefined;
    const state = this.#setState({ kind: "entering" });
    const authenticate = async () => this.#authenticate(await this.open(), credentials);
    try {
      return await authenticate().catch((error: unknown) => {
        if (this.#state === state && this.#takeAnotherPath()) return authenticate();
        throw error;
      });
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (this.#state === state) {
        this.#setState({ kind: "outside", fault: error });
        if (hadLink && this.#link === undefined && this.#shouldReconnect) this.#failed(error, true);
      }
      throw error;
    }
  }

  async logout(fields: LogoutFields): Promise<void> {
    const { connection } = this;
    const answered = this.request("logout", fields);
    this.#isLeaving = true;
    try {
      await answered;
    } finally {
      this.#isLeaving = false;
    }
    connection?.listen(undefined);
    this.#account = undefined;
    this.owner.lost();
    this.#setState({ kind: "outside", fault: undefined });
  }

  disconnect(): void {
    this.#account = undefined;
    this.#reconnectTimer.cancel();
    this.#drop();
    this.#setState({ kind: "outside", fault: undefined });
  }

  async passwd(password: string, current: string | undefined): Promise<void> {
    await this.request("passwd", current === undefined ? { password } : { password, current });
    const { remembersPassword } = this.options;
    if (remembersPassword && this.#account !== undefined)
      this.#account = { ...this.#account, password };
  }

  /**
   * Closes the link, so that the server sends the missing data on the next one. `isRepeated` is
   * true if the last reconnection did not help.
   */
  reconnect(fault: Fault, isRepeated: boolean): void {
    if (this.#link === undefined) return;
    this.#closeReason = isRepeated ? "final" : "retry";
    this.#link.connection.close(fault);
  }

  retrySooner(): void {
    this.#reconnectTimer.expedite();
  }

  reconnectNow(): void {
    if (this.#state.kind !== "waiting") return;
    this.#reconnectTimer.cancel();
    void this.#connect();
  }

  async close(fault: Fault): Promise<void> {
    if (this.#state.kind === "closed") return;
    this.#reconnectTimer.cancel();
    this.#state = { kind: "closed", fault };
    const connection = this.#link?.connection;
    const awaitsAnswer = connection?.awaitsAnswer === true;
    this.#drop();
    this.#dialled?.close();
    // Nothing that the server has acknowledged depends on a regular close.
    if (awaitsAnswer) await connection.drainedWithin(CLOSE_TIMEOUT_MS);
  }

  #setState(state: LoopState): LoopState {
    this.#checkOpen();
    this.#state = state;
    this.owner.state(state);
    return state;
  }

  async #connect(): Promise<void> {
    const state = this.#setState({ kind: "connecting" });
    try {
      const link = await this.open();
      if (this.#state !== state) return;
      if (this.#account !== undefined) await this.#authenticate(link, this.#account);
      else if (link.connection.isClosed) throw link.connection.closeFault;
      else this.#setState({ kind: "outside", fault: undefined });
    } catch (error) {
      const fault = asFault(error);
      if (this.#state === state) this.#failed(fault, false);
    }
  }

  async #dial(): Promise<GreetedLink> {
    const { clock, dial, tryNextAddress = (fault: Fault) => fault } = this.options;
    // A node without a majority is acceptable for reading if no node has a majority.
    let acceptable: "majority" | "any" =
      this.options.tryNextAddress === undefined ? "any" : "majority";
    let foundMinority = false;
    for (;;) {
      let isConnected = false;
      try {
        return await untilProved(clock, async () => {
          this.#checkOpen();
          isConnected = false;
          const query = await this.owner.query?.();
          const hello = new Hello({ ...this.options, ...defined({ seen: query?.fields }) });
          const link = await dial(hello.bytes);
          isConnected = true;
          return await this.#greet(link, { hello, query }, acceptable);
        });
      } catch (error) {
        if (!(error instanceof Fault) || this.#state.kind === "closed") throw error;
        foundMinority ||= error.code === "no-majority";
        if (this.#takeAnotherPath()) continue;
        const fault = isConnected ? tryNextAddress(error) : error;
        if (fault === undefined) continue;
        if (!foundMinority || acceptable === "any") throw fault;
        acceptable = "any";
      }
    }
  }

  async #greet(
    dialled: Link,
    { hello, query }: { readonly hello: Hello; readonly query: SeenQuery | undefined },
    acceptable: "majority" | "any",
  ): Promise<GreetedLink> {
    const { clock, entropy, keys, program } = this.options;
    const connection = new Connection(dialled, clock, this.options.answerTimeoutMs);
    connection.onGuessDelay = this.options.onGuessDelay;
    this.#dialled = connection;
    this.options.watch?.(connection);
    connection.onClosed(() => {
      this.#hasAnotherPath = connection.hasAnotherPath;
    });
    try {
      this.#checkOpen();
      const options = { clock, entropy, verifier: keys, program };
      const greeted = await greet(connection, options, hello);
      const { majority, refusal } = greeted.welcome;
      if (majority === false && acceptable === "majority") throw noMajority(refusal);
      const link = { connection, greeted };
      await this.owner.greeted(link, query);
      this.#checkOpen();
      if (connection.isClosed) throw connection.closeFault;
      this.#link = link;
      this.#greeted = greeted;
      connection.onClosed((fault) => this.#lost(link, fault));
      return link;
    } catch (error) {
      connection.close();
      throw error;
    } finally {
      this.#dialled = undefined;
    }
  }

  /** Whether the last link was lost and another transport should be used immediately. */
  #takeAnotherPath(): boolean {
    const hasAnotherPath = this.#hasAnotherPath;
    this.#hasAnotherPath = false;
    return hasAnotherPath;
  }

  #checkOpen(): void {
    if (this.#state.kind === "closed") throw this.#state.fault;
  }

  async #authenticate(link: GreetedLink, credentials: Credentials): Promise<LoginResult> {
    const state = this.#state;
    const { clock, keys, policy, remembersPassword } = this.options;
    const { onLoggedIn, ...loginOptions } = this.owner.account(link.greeted, credentials.user);
    let current = link;
    const reopen = async () => {
      if (this.#state !== state) throw notConnected();
      current = await this.open();
      return current;
    };
    const context = { ...link, reopen, clock, keys, policy, ...loginOptions };
    const entered = await new Login(context, credentials).logIn();
    const { connection } = current;
    if (connection.isClosed) throw connection.closeFault;
    if (this.#state !== state) throw notConnected();
    const { user } = entered.account;
    if (credentials.displayName !== undefined && !isSameName(user, credentials.user)) {
      // The stored data of this client belongs to names. That of the derived one is another's.
      this.#drop();
      const { password = credentials.password } = entered;
      const named = {
        ...credentials,
        user,
        password,
        displayName: undefined,
        mode: "login",
      } as const;
      return this.#authenticate(await this.open(), named);
    }
    const previous = this.#account;
    const password = remembersPassword ? { password: entered.password } : {};
    this.#account = { user: entered.account.user, mode: "login", ...password };
    this.#reconnectTimer.succeeded();
    this.#hasBeenIn = true;
    this.#setState({ kind: "in" });
    connection.watchStalls(this.options.onStalled, this.options.stallMs);
    try {
      onLoggedIn(current, entered);
    } catch (error) {
      this.#drop();
      this.owner.lost();
      this.#account = previous;
      if (this.#state.kind !== "closed") this.#state = state;
      throw error;
    }
    return entered;
  }

  #drop(): void {
    const link = this.#link;
    this.#link = undefined;
    link?.connection.close();
  }

  #lost(link: GreetedLink, fault: Fault | undefined): void {
    if (this.#link !== link) return;
    this.#link = undefined;
    this.owner.lost();
    const { kind } = this.#state;
    // Do nothing while connecting, because the attempt in progress will fail and be handled.
    if (kind === "connecting" || kind === "entering" || !this.#shouldReconnect) return;
    this.#failed(fault ?? new Fault("link-closed", "the server closed the connection"), true);
  }

  get #shouldReconnect(): boolean {
    return this.#account !== undefined || this.options.reconnects !== "inside";
  }

  #failed(fault: Fault, isLoss: boolean): void {
    const closeReason = this.#closeReason;
    this.#closeReason = undefined;
    const { user } = this.#account ?? {};
    // The server closes the link after wrong guesses without refusing the account, so the client
    // may reconnect.
    const wasLoggedOut = isLoss && user === undefined && closeReason === undefined;
    // Another network may have another server at this address, so wait for the known one.
    const isElsewhere = this.#hasBeenIn && fault.code === "fingerprint-changed";
    const isRetryable =
      closeReason === "retry" || wasLoggedOut || isElsewhere || isTransient(fault);
    const mayRetry = this.options.reconnects !== "never" || this.#takeAnotherPath();
    if (isRetryable && mayRetry) return this.#retryLater(fault, isLoss);
    this.#account = undefined;
    this.#setState({ kind: "stopped", fault, user });
  }

  #retryLater(fault: Fault, isLoss: boolean): void {
    this.#drop();
    const retryInMs = this.#reconnectTimer.schedule(fault, this.owner.hasPendingWork(), () =>
      this.#retry(),
    );
    this.#setState({ kind: "waiting", fault, retryInMs, isLoss });
  }

  #retry(): void {
    const waiting = this.#state;
    this.owner.whenReady(() => {
      if (this.#state === waiting) void this.#connect();
    });
  }
}

interface ScheduledDial {
  readonly dueAt: number;
  readonly notBefore: number;
  readonly dial: () => void;
  readonly cancel: () => void;
}

/** Backs off while idle, and retries often while a request or post is pending. */
export class ReconnectTimer {
  readonly #clock: Clock;
  readonly #entropy: Entropy;
  readonly #backoff = new Backoff();
  #scheduled: ScheduledDial | undefined;

  constructor({ clock, entropy }: { readonly clock: Clock; readonly entropy: Entropy }) {
    this.#clock = clock;
    this.#entropy = entropy;
  }

  /** Returns the planned delay in milliseconds. */
  schedule({ retryAfterMs = 0 }: Fault, isUrgent: boolean, dial: () => void): number {
    const now = this.#clock.now();
    const maxMs = isUrgent ? RECONNECT_PENDING_MAX_MS : RECONNECT_MAX_MS;
    const serverDelayMs = Math.min(retryAfterMs, RECONNECT_MAX_MS);
    const delayMs = Math.max(this.#backoff.next(this.#random(), maxMs), serverDelayMs);
    this.#set(now + delayMs, now + serverDelayMs, dial);
    return delayMs;
  }

  expedite(): void {
    if (this.#scheduled === undefined) return;
    const now = this.#clock.now();
    const { dueAt, notBefore, dial } = this.#scheduled;
    // Add jitter, because after an outage many users write at the same time.
    const shorterMs = RECONNECT_PENDING_MAX_MS * (0.5 + this.#random() / 2);
    const earlierAt = Math.max(now + shorterMs, notBefore);
    if (earlierAt < dueAt && dueAt - now > RECONNECT_PENDING_MAX_MS)
      this.#set(earlierAt, notBefore, dial);
  }

  succeeded(): void {
    this.#backoff.reset();
  }

  cancel(): void {
    this.#scheduled?.cancel();
    this.#scheduled = undefined;
  }

  #set(dueAt: number, notBefore: number, dial: () => void): void {
    this.cancel();
    const cancel = this.#clock.after(dueAt - this.#clock.now(), () => {
      this.#scheduled = undefined;
      dial();
    });
    this.#scheduled = { dueAt, notBefore, dial, cancel };
  }

  #random(): number {
    const [byte = 0] = this.#entropy(1);
    return byte / 256;
  }
}
