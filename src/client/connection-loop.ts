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

/** Where a client stands with its server. */
export type LoopState =
  /** Nobody is in, and nobody comes in without a user. There may be a greeted link. */
  | { readonly kind: "outside"; readonly fault: Fault | undefined }
  /** By itself: dials, greets, and logs in whoever was in. */
  | { readonly kind: "connecting" }
  /** The same for a user who waits for it: what fails is told to them, and not tried again. */
  | { readonly kind: "entering" }
  | { readonly kind: "in" }
  /** Dials again later. `isLoss`: there was a link until now. */
  | {
      readonly kind: "waiting";
      readonly fault: Fault;
      readonly retryInMs: number;
      readonly isLoss: boolean;
    }
  /** Another attempt would be in vain: a user has to act. `user`: who would have come back. */
  | { readonly kind: "stopped"; readonly fault: Fault; readonly user: string | undefined }
  /** For good. */
  | { readonly kind: "closed"; readonly fault: Fault };

/** A link on which the server has proved who it is. */
export interface GreetedLink {
  readonly connection: Connection;
  readonly greeted: Greeted;
}

/** What the owner knows of an account that is about to log in. */
export interface AccountEntry
  extends Pick<LoginContext, "isEnrolled" | "after" | "forgotten" | "presence"> {
  /** In. What the server sends next must find its listener: nothing may wait. */
  readonly entered: (link: GreetedLink, entered: Entered) => void;
}

export interface ConnectionLoopOwner {
  readonly state: (state: LoopState) => void;
  /** A link was greeted; nothing secret is sent before this resolves. @throws Fault: no trust */
  readonly greeted: (greeted: Greeted) => void | Promise<void>;
  readonly account: (greeted: Greeted, user: string) => AccountEntry;
  /** The account has no link any more. */
  readonly lost: () => void;
  /** Something waits for the link: it is dialled again sooner. */
  readonly isAwaited: () => boolean;
  /** Calls back, once, when there is room for what another link brings. */
  readonly whenReady: (callback: () => void) => void;
}

export interface ConnectionLoopParts extends Pick<LoginContext, "manner"> {
  readonly clock: Clock;
  readonly entropy: Entropy;
  /** One attempt to reach the server. @throws Fault unreachable, timeout, port-taken */
  readonly dial: () => Promise<Link>;
  /** What was dialled is of no use: as what it counts, or undefined: to be dialled anew at once. */
  readonly elsewhere?: ((fault: Fault) => Fault | undefined) | undefined;
  readonly keys: Keys;
  /** `chat/VERSION`. */
  readonly program: string;
  /** How long a request waits for its answer; left out: as long as the link lasts. */
  readonly answerWithinMs?: number;
  /** After a loss: try again for ever, also while nobody is in; only for who is in; or stop. */
  readonly reconnects: "always" | "inside" | "never";
  /** The password logs in on the next link, where the key of the device does not. */
  readonly keepsPassword: boolean;
  /** Told that the answer to a secret is held back; undefined: it is there. */
  readonly onGuessDelay?: ((delay: GuessDelay | undefined) => void) | undefined;
  /** Told when the server stops answering on an open link, and when it answers again. */
  readonly onStalled?: ((on: boolean) => void) | undefined;
}

/** How long a farewell may take. */
const CLOSE_WITHIN_MS = 1_000;

/**
 * A client's link to its server, over any number of them: dials, greets, logs somebody in, and
 * comes back after each loss. There is at most one link, and one attempt to get one.
 */
export class ConnectionLoop {
  readonly #parts: ConnectionLoopParts;
  readonly #owner: ConnectionLoopOwner;
  readonly #redial: Redial;
  #state: LoopState = { kind: "outside", fault: undefined };
  #link: GreetedLink | undefined;
  #greeted: Greeted | undefined;
  /** Not greeted yet. */
  #dialled: Connection | undefined;
  /** One at a time: whoever comes later waits for the same. */
  #opening: Promise<GreetedLink> | undefined;
  /** Who is in, or comes back without a user. */
  #account: Credentials | undefined;
  #isLeaving = false;
  /** The link was let go from here: the next one is to fill a hole, or there is to be none. */
  #mends: "again" | "no more" | undefined;

  constructor(parts: ConnectionLoopParts, owner: ConnectionLoopOwner) {
    this.#parts = parts;
    this.#owner = owner;
    this.#redial = new Redial(parts);
  }

  get state(): LoopState {
    return this.#state;
  }

  /** Greeted, and in if anybody is. Undefined: it is lost, or somebody is on the way in. */
  get connection(): Connection | undefined {
    const { kind } = this.#state;
    return kind === "in" || kind === "outside" ? this.#link?.connection : undefined;
  }

  /** By the present server, or the last one. */
  get greeted(): Greeted | undefined {
    return this.#greeted;
  }

  readonly ask: Ask = async (kind, fields) => {
    const { connection } = this;
    // Behind the farewell the server takes what comes for a newcomer's, and may end the link by it.
    if (connection === undefined || this.#isLeaving) throw notConnected();
    return connection.ask(kind, fields);
  };

  /** A greeted link: the present one, or a new one. @throws Fault why there is none */
  open(): Promise<GreetedLink> {
    if (this.#link !== undefined) return Promise.resolve(this.#link);
    this.#opening ??= this.#dial().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  /** Connects by itself, and lets in whoever may come without a user; unless a user did so. */
  begin(account: Credentials | undefined): void {
    if (this.#state.kind !== "outside") return;
    this.#account = account;
    void this.#connect();
  }

  /** One attempt for a user. @throws Fault as the server refused, or could not be reached */
  async enter(credentials: Credentials): Promise<Entered> {
    // A log-in that is under way would let in another user on the same link.
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

  /** The link stays. @throws Fault last-credential, link-closed: then they are still in */
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

  /** Without a word to the server, nor to the owner, whose account ends by this. */
  leave(): void {
    this.#account = undefined;
    this.#redial.cancel();
    this.#drop();
    this.#become({ kind: "outside", fault: undefined });
  }

  /** Changes the password, here and for the next link. @throws Fault */
  async passwd(password: string, current: string | undefined): Promise<void> {
    await this.ask("passwd", current === undefined ? { password } : { password, current });
    const { keepsPassword } = this.#parts;
    if (keepsPassword && this.#account !== undefined)
      this.#account = { ...this.#account, password };
  }

  /** What is missing makes it come again, as far as asking helps. */
  mend(fault: Fault, again: boolean): void {
    if (this.#link === undefined) return;
    this.#mends = again ? "no more" : "again";
    this.#link.connection.close(fault);
  }

  /** Something waits for the link from now on. */
  awaited(): void {
    this.#redial.awaited();
  }

  /** Instead of later. */
  reconnectNow(): void {
    if (this.#state.kind !== "waiting") return;
    this.#redial.cancel();
    void this.#connect();
  }

  /** For good; resolves when the farewell is out. @param fault for those who still wait */
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
      if (this.#state !== state) return; // A user has come, or has left.
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
    // One without a majority can be read, if no other one has a majority.
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
      // The owner cannot keep what it must: this attempt has failed.
      this.#drop();
      this.#owner.lost();
      this.#account = before;
      if (this.#state.kind !== "closed") this.#state = state;
      throw error;
    }
    return entered;
  }

  /** Lets the link go, if there is one; nobody is told of it. */
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
    // An attempt that is under way fails by itself.
    if (kind === "connecting" || kind === "entering" || !this.#isWanted) return;
    this.#failed(fault ?? new Fault("link-closed", "the server closed the connection"), true);
  }

  /** A link that is lost is replaced, if it may be. */
  get #isWanted(): boolean {
    return this.#account !== undefined || this.#parts.reconnects !== "inside";
  }

  #failed(fault: Fault, isLoss: boolean): void {
    const mends = this.#mends;
    this.#mends = undefined;
    const { user } = this.#account ?? {};
    // Who guessed too often is shown out, and may guess on: nobody who was in is refused by that.
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
