/** A client's link to its server, over any number of connections. */

import { Fault } from "../base/fault.ts";
import type { Clock } from "../io/clock.ts";
import type { Entropy } from "../io/entropy.ts";
import type { Link } from "../io/link/link.ts";
import { Connection, type GuessDelay } from "./link/connection.ts";
import type { Keys } from "./link/keys.ts";
import type { Ask } from "./link/queries.ts";
import { isPassing, notConnected, withoutMajority } from "./link/retry.ts";
import { type Credentials, type Entered, Login, type LoginContext } from "./login.ts";
import { Redial } from "./redial.ts";
import { type Greeted, greet } from "./trust.ts";

export type LoopState =
  /** Nobody is logged in, nor will be without a user. There may be a greeted link. */
  | { readonly kind: "outside"; readonly fault: Fault | undefined }
  /** Dials, greets and logs in the last account, without a user. */
  | { readonly kind: "connecting" }
  /** Connects for a user who waits: a failure is reported, and not retried. */
  | { readonly kind: "entering" }
  | { readonly kind: "in" }
  /** Dials again later. `isLoss`: there was a link until now. */
  | {
      readonly kind: "waiting";
      readonly fault: Fault;
      readonly retryInMs: number;
      readonly isLoss: boolean;
    }
  /** Retrying cannot help: a user has to act. `user`: the account that would have reconnected. */
  | { readonly kind: "stopped"; readonly fault: Fault; readonly user: string | undefined }
  /** Permanent. */
  | { readonly kind: "closed"; readonly fault: Fault };

/** A link on which the server has proved its identity. */
export interface GreetedLink {
  readonly connection: Connection;
  readonly greeted: Greeted;
}

export interface AccountEntry
  extends Pick<LoginContext, "isEnrolled" | "after" | "forgotten" | "presence"> {
  /**
   * Called after the log-in. Must set its listener synchronously, before the server's next message.
   */
  readonly entered: (link: GreetedLink, entered: Entered) => void;
}

export interface ConnectionLoopOwner {
  readonly state: (state: LoopState) => void;
  /**
   * Called after the greeting; nothing secret is sent before this resolves.
   * @throws {Fault} if the server is not trusted
   */
  readonly greeted: (greeted: Greeted) => void | Promise<void>;
  readonly account: (greeted: Greeted, user: string) => AccountEntry;
  readonly lost: () => void;
  /** Reports whether something waits for the link, which is then dialled sooner. */
  readonly isAwaited: () => boolean;
  /** Calls back once, when there is room for the messages of another link. */
  readonly whenReady: (callback: () => void) => void;
}

export interface ConnectionLoopParts extends Pick<LoginContext, "manner"> {
  readonly clock: Clock;
  readonly entropy: Entropy;
  /** Makes one attempt to reach the server. @throws {Fault} unreachable, timeout, port-taken */
  readonly dial: () => Promise<Link>;
  /**
   * Called when a dialled server is of no use. Returns the fault of the attempt, or `undefined` to
   * dial another address immediately.
   */
  readonly elsewhere?: ((fault: Fault) => Fault | undefined) | undefined;
  readonly keys: Keys;
  readonly program: string;
  /** Longest wait for an answer; default: as long as the link lasts. */
  readonly answerWithinMs?: number;
  /** After a loss: retry for ever, also while logged out; only while logged in; or stop. */
  readonly reconnects: "always" | "inside" | "never";
  /** Keeps the password for the next log-in, if the device key does not suffice. */
  readonly keepsPassword: boolean;
  /** Called when the answer to a secret is delayed, and with `undefined` when it has arrived. */
  readonly onGuessDelay?: ((delay: GuessDelay | undefined) => void) | undefined;
  /** Called when the server stops answering on an open link, and when it answers again. */
  readonly onStalled?: ((on: boolean) => void) | undefined;
}

/** Longest time to wait for the close to be sent. */
const CLOSE_WITHIN_MS = 1_000;

/**
 * Dials, greets, logs in, and reconnects after each loss. There is at most one link, and one
 * attempt to get one.
 */
export class ConnectionLoop {
  readonly #parts: ConnectionLoopParts;
  readonly #owner: ConnectionLoopOwner;
  readonly #redial: Redial;
  #state: LoopState = { kind: "outside", fault: undefined };
  #link: GreetedLink | undefined;
  #greeted: Greeted | undefined;
  #dialled: Connection | undefined;
  /** The one attempt in progress; later callers wait for it too. */
  #opening: Promise<GreetedLink> | undefined;
  /** Account that is logged in, or reconnects without a user. */
  #account: Credentials | undefined;
  #isLeaving = false;
  /** Set when this side closed the link: the next one fills a gap, or there is none. */
  #mends: "again" | "no more" | undefined;

  constructor(parts: ConnectionLoopParts, owner: ConnectionLoopOwner) {
    this.#parts = parts;
    this.#owner = owner;
    this.#redial = new Redial(parts);
  }

  get state(): LoopState {
    return this.#state;
  }

  /**
   * A greeted link, logged in if there is an account. `undefined` if it is lost or a log-in is in
   * progress.
   */
  get connection(): Connection | undefined {
    const { kind } = this.#state;
    return kind === "in" || kind === "outside" ? this.#link?.connection : undefined;
  }

  /** Greeting of the current server, or the last one. */
  get greeted(): Greeted | undefined {
    return this.#greeted;
  }

  readonly ask: Ask = async (kind, fields) => {
    const { connection } = this;
    // After `logout` the server takes a request as one of an unauthenticated client, and may close.
    if (connection === undefined || this.#isLeaving) throw notConnected();
    return connection.ask(kind, fields);
  };

  /** Returns a greeted link: the current one, or a new one. @throws {Fault} if there is none */
  open(): Promise<GreetedLink> {
    if (this.#link !== undefined) return Promise.resolve(this.#link);
    this.#opening ??= this.#dial().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  /** Connects without a user and logs in the account, unless a user has already acted. */
  begin(account: Credentials | undefined): void {
    if (this.#state.kind !== "outside") return;
    this.#account = account;
    void this.#connect();
  }

  /**
   * Makes one attempt for a user.
   * @throws {Fault} if the server refused, or could not be reached
   */
  async enter(credentials: Credentials): Promise<Entered> {
    // A log-in in progress would log in another user on the same link.
    if (this.#state.kind === "connecting") this.#drop();
    this.#redial.cancel();
    this.#account = undefined;
    const hadLink = this.#link !== undefined;
    const state = this.#become({ kind: "entering" });
    try {
      return await this.#logIn(await this.open(), credentials);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (this.#state === state) {
        this.#become({ kind: "outside", fault: error });
        if (hadLink && this.#link === undefined && this.#isWanted) this.#failed(error, true);
      }
      throw error;
    }
  }

  /**
   * Logs out; the link stays.
   * @throws {Fault} last-credential, link-closed: the account stays logged in
   */
  async logout(forget: boolean): Promise<void> {
    const { connection } = this;
    const answered = this.ask("logout", forget ? { forget } : {});
    this.#isLeaving = true;
    try {
      await answered;
    } finally {
      this.#isLeaving = false;
    }
    connection?.listen(undefined);
    this.#account = undefined;
    this.#owner.lost();
    this.#become({ kind: "outside", fault: undefined });
  }

  /** Drops the link without notifying the server or the owner, whose account ends by this. */
  leave(): void {
    this.#account = undefined;
    this.#redial.cancel();
    this.#drop();
    this.#become({ kind: "outside", fault: undefined });
  }

  /** Changes the password, here and for the next link. @throws {Fault} */
  async passwd(password: string, current: string | undefined): Promise<void> {
    await this.ask("passwd", current === undefined ? { password } : { password, current });
    const { keepsPassword } = this.#parts;
    if (keepsPassword && this.#account !== undefined)
      this.#account = { ...this.#account, password };
  }

  /**
   * Closes the link so that the next one brings what is missing. `again`: the last link did not
   * help.
   */
  mend(fault: Fault, again: boolean): void {
    if (this.#link === undefined) return;
    this.#mends = again ? "no more" : "again";
    this.#link.connection.close(fault);
  }

  awaited(): void {
    this.#redial.awaited();
  }

  /** Ends the wait before the next attempt. */
  reconnectNow(): void {
    if (this.#state.kind !== "waiting") return;
    this.#redial.cancel();
    void this.#connect();
  }

  /** Closes permanently; resolves when the close is sent. @param fault for pending requests */
  async close(fault: Fault): Promise<void> {
    if (this.#state.kind === "closed") return;
    this.#redial.cancel();
    this.#state = { kind: "closed", fault };
    const connection = this.#link?.connection;
    this.#drop();
    this.#dialled?.close();
    await connection?.goneWithin(CLOSE_WITHIN_MS);
  }

  #become(state: LoopState): LoopState {
    this.#checkOpen();
    this.#state = state;
    this.#owner.state(state);
    return state;
  }

  async #connect(): Promise<void> {
    const state = this.#become({ kind: "connecting" });
    try {
      const link = await this.open();
      if (this.#state !== state) return; // A user has logged in or out meanwhile.
      if (this.#account !== undefined) await this.#logIn(link, this.#account);
      else if (link.connection.isClosed) throw link.connection.lostBy;
      else this.#become({ kind: "outside", fault: undefined });
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (this.#state === state) this.#failed(error, false);
    }
  }

  async #dial(): Promise<GreetedLink> {
    const { dial, elsewhere = (fault: Fault) => fault } = this.#parts;
    // A node without a majority can be read, if no other node has one.
    let found: "majority" | "any" = this.#parts.elsewhere === undefined ? "any" : "majority";
    let isThere = false;
    for (;;) {
      let isDialled = false;
      try {
        const link = await dial();
        isDialled = true;
        return await this.#greet(link, found);
      } catch (error) {
        if (!(error instanceof Fault) || this.#state.kind === "closed") throw error;
        isThere ||= error.code === "no-majority";
        const fault = isDialled ? elsewhere(error) : error;
        if (fault === undefined) continue;
        if (!isThere || found === "any") throw fault;
        found = "any";
      }
    }
  }

  async #greet(dialled: Link, found: "majority" | "any"): Promise<GreetedLink> {
    const { clock, entropy, keys, program } = this.#parts;
    const connection = new Connection(dialled, clock, this.#parts.answerWithinMs);
    connection.onGuessDelay = this.#parts.onGuessDelay;
    this.#dialled = connection;
    try {
      this.#checkOpen();
      const greeted = await greet(connection, { clock, entropy, verifier: keys, program });
      if (greeted.welcome.majority === false && found === "majority") throw withoutMajority();
      await this.#owner.greeted(greeted);
      this.#checkOpen();
      if (connection.isClosed) throw connection.lostBy;
      const link = { connection, greeted };
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

  #checkOpen(): void {
    if (this.#state.kind === "closed") throw this.#state.fault;
  }

  async #logIn(link: GreetedLink, credentials: Credentials): Promise<Entered> {
    const state = this.#state;
    const { connection, greeted } = link;
    const { clock, keys, manner, keepsPassword } = this.#parts;
    const { entered: onEntered, ...known } = this.#owner.account(greeted, credentials.user);
    const context = { connection, greeted, clock, keys, manner, ...known };
    const entered = await new Login(context, credentials).enter();
    if (connection.isClosed) throw connection.lostBy;
    if (this.#state !== state) throw notConnected();
    const before = this.#account;
    const password = keepsPassword ? { password: entered.password } : {};
    this.#account = { user: entered.account.user, mode: "login", ...password };
    this.#redial.succeeded();
    this.#become({ kind: "in" });
    connection.watchStalls(this.#parts.onStalled);
    try {
      onEntered(link, entered);
    } catch (error) {
      // The owner cannot store what it must: this attempt has failed.
      this.#drop();
      this.#owner.lost();
      this.#account = before;
      if (this.#state.kind !== "closed") this.#state = state;
      throw error;
    }
    return entered;
  }

  /** Drops the link, if there is one, without notifying anybody. */
  #drop(): void {
    const link = this.#link;
    this.#link = undefined;
    link?.connection.close();
  }

  #lost(link: GreetedLink, fault: Fault | undefined): void {
    if (this.#link !== link) return;
    this.#link = undefined;
    this.#owner.lost();
    const { kind } = this.#state;
    // An attempt in progress fails by itself.
    if (kind === "connecting" || kind === "entering" || !this.#isWanted) return;
    this.#failed(fault ?? new Fault("link-closed", "the server closed the connection"), true);
  }

  get #isWanted(): boolean {
    return this.#account !== undefined || this.#parts.reconnects !== "inside";
  }

  #failed(fault: Fault, isLoss: boolean): void {
    const mends = this.#mends;
    this.#mends = undefined;
    const { user } = this.#account ?? {};
    // A client closed for wrong guesses may reconnect and try again: no account was refused.
    const wasOutside = isLoss && user === undefined && mends === undefined;
    const mayPass = mends === "again" || wasOutside || isPassing(fault);
    if (mayPass && this.#parts.reconnects !== "never") return this.#wait(fault, isLoss);
    this.#account = undefined;
    this.#become({ kind: "stopped", fault, user });
  }

  #wait(fault: Fault, isLoss: boolean): void {
    this.#drop();
    const retryInMs = this.#redial.after(fault, this.#owner.isAwaited(), () => this.#due());
    this.#become({ kind: "waiting", fault, retryInMs, isLoss });
  }

  #due(): void {
    const waiting = this.#state;
    this.#owner.whenReady(() => {
      if (this.#state === waiting) void this.#connect();
    });
  }
}
