import { Fault } from "../../base/fault.ts";
import { RECONNECT_MAX_MS } from "../../base/limits.ts";
import type { Keys } from "../../client/keys.ts";
import { Connection } from "../../client/link/connection.ts";
import { askPatiently } from "../../client/link/handshake.ts";
import { isPassing, notConnected } from "../../client/link/retry.ts";
import { type Credentials, type Entered, Login, type LoginManner } from "../../client/login.ts";
import { type Greeted, greet } from "../../client/trust.ts";
import { Backoff } from "../../core/backoff.ts";
import type { ConnectionView } from "../../core/model/state.ts";
import { type Platform, PROGRAM } from "../browser/environment.ts";

/** What a life does for whoever leads it. */
export interface ConnectionLoopOwner {
  readonly connection: (view: ConnectionView) => void;
  /** A link was greeted. */
  readonly greeted: (greeted: Greeted) => Promise<void>;
  /** Whether this device was let in before under that name. */
  readonly isEnrolled: (user: string) => boolean;
  readonly after: (user: string) => number | undefined;
  /** In; whoever listens to the connection must do so now. */
  readonly entered: (
    connection: Connection,
    greeted: Greeted,
    /** `asked`: the name that was given; of a renamed account the old one does. */
    entered: Entered & { readonly asked: string },
  ) => void;
  readonly lost: () => void;
  /** The server does not know this device any more. */
  readonly forgotten: (user: string, fault: Fault) => void;
}

/** The form of the page stays, and says what was wrong. */
const FORM_MANNER: LoginManner = {
  triesAgain: true,
  refused: () => "check the name and the password",
  taken: "give its password, or choose another name",
  newcomer: "ask somebody who is in, or use an invite",
};

/** How long a farewell may take. */
const CLOSE_WITHIN_MS = 1_000;

/**
 * The page's link to its server, over any number of WebSockets: greets, lets somebody in, comes
 * back after each loss for as long as they are in.
 */
export class ConnectionLoop {
  readonly #parts: Platform;
  readonly #keys: Keys;
  readonly #owner: ConnectionLoopOwner;
  readonly #backoff = new Backoff();
  #connection: Connection | undefined;
  #greeted: Greeted | undefined;
  /** Who is in, or comes back by themselves. */
  #accountSession: Credentials | undefined;
  #cancelRetry: (() => void) | undefined;
  /** One opening at a time: whoever comes later waits for the same. */
  #opening: Promise<Connection> | undefined;
  #isClosed = false;
  /** The next link is to fill a hole that this one had. */
  #isMending = false;

  constructor(parts: Platform, keys: Keys, owner: ConnectionLoopOwner) {
    this.#parts = parts;
    this.#keys = keys;
    this.#owner = owner;
    parts.onOnline(() => this.reconnectNow());
  }

  /** On which somebody is in. @throws Fault link-closed */
  get connection(): Connection {
    if (this.#accountSession === undefined || this.#connection === undefined) throw notConnected();
    return this.#connection;
  }

  /** Greets, and lets in whoever was here last: they need say nothing. */
  async begin(user: string | undefined): Promise<void> {
    if (user !== undefined) this.#accountSession = { user, mode: "login" };
    await this.#establish();
  }

  /** @throws Fault as the server refused, or could not be reached */
  async enter(credentials: Credentials): Promise<void> {
    this.#cancelRetry?.();
    this.#accountSession = undefined;
    this.#owner.connection({ kind: "entering" });
    try {
      await this.#enter(await this.#open(), credentials);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.#owner.connection({ kind: "outside", fault: error });
      throw error;
    }
  }

  /**
   * Sets a new password by a reset code. @returns whose
   * @throws Fault login-refused: no such code, or it was used; the link's
   */
  async recover(token: string, password: string): Promise<string> {
    const connection = await this.#open();
    const { user } = await askPatiently(connection, this.#parts.clock, "recover", {
      token,
      password,
    });
    return user;
  }

  /** @throws Fault last-credential, link-closed: then they are still in */
  async logout(forget: boolean): Promise<void> {
    const { connection } = this;
    await connection.ask("logout", forget ? { forget } : {});
    this.#accountSession = undefined;
    connection.listen(() => undefined); // Records on their way are nobody's.
    this.#owner.lost();
    this.#owner.connection({ kind: "outside", fault: undefined });
  }

  /** Without a word to the server: there is no link, or nobody waits for its answer. */
  leave(): void {
    this.#accountSession = undefined;
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    this.#connection?.close();
    this.#owner.lost();
    this.#owner.connection({ kind: "outside", fault: undefined });
  }

  /** What is missing makes it come again, as far as asking helps. */
  mend(fault: Fault, again: boolean): void {
    this.#isMending = !again;
    this.#connection?.close(fault);
  }

  reconnectNow(): void {
    if (this.#cancelRetry === undefined || this.#isClosed) return;
    this.#cancelRetry();
    this.#cancelRetry = undefined;
    void this.#establish();
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelRetry?.();
    const connection = this.#connection;
    connection?.close();
    return connection?.goneWithin(CLOSE_WITHIN_MS) ?? Promise.resolve();
  }

  async #establish(): Promise<void> {
    this.#owner.connection({ kind: "connecting" });
    try {
      const connection = await this.#open();
      const accountSession = this.#accountSession;
      if (accountSession === undefined)
        this.#owner.connection({ kind: "outside", fault: undefined });
      else await this.#enter(connection, accountSession);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (!this.#isClosed) this.#failed(error);
    }
  }

  #failed(fault: Fault): void {
    const user = this.#accountSession?.user;
    if (isPassing(fault)) return this.#retry(fault);
    this.#accountSession = undefined;
    if (fault.code === "login-refused" && user !== undefined) {
      this.#owner.forgotten(user, fault);
      this.#owner.connection({ kind: "outside", fault });
    } else this.#owner.connection({ kind: "ended", fault });
  }

  #retry(fault: Fault): void {
    const { clock, entropy } = this.#parts;
    const [chance = 0] = entropy(1);
    const askedMs = Math.min(fault.retryAfterMs ?? 0, RECONNECT_MAX_MS);
    const retryInMs = Math.max(this.#backoff.next(chance / 256), askedMs);
    const retryAtUnixMs = clock.unixMs() + retryInMs;
    this.#owner.connection({ kind: "offline", fault, retryAtUnixMs });
    this.#cancelRetry?.();
    this.#cancelRetry = clock.after(retryInMs, () => {
      this.#cancelRetry = undefined;
      void this.#establish();
    });
  }

  /** A greeted link: the present one, or a new one. */
  #open(): Promise<Connection> {
    if (this.#connection !== undefined) return Promise.resolve(this.#connection);
    this.#opening ??= this.#dial().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #dial(): Promise<Connection> {
    const { clock, entropy, dial } = this.#parts;
    const connection = new Connection(await dial(), clock);
    try {
      const options = { clock, entropy, verifier: this.#keys, program: PROGRAM };
      const greeted = await greet(connection, options);
      await this.#owner.greeted(greeted);
      if (this.#isClosed) throw notConnected();
      if (connection.isClosed) throw connection.lostBy;
      this.#connection = connection;
      this.#greeted = greeted;
      connection.onClosed((fault) => this.#lost(connection, fault));
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  async #enter(connection: Connection, credentials: Credentials): Promise<void> {
    const greeted = this.#greeted;
    if (greeted === undefined) throw notConnected();
    const { clock } = this.#parts;
    const { user, password } = credentials;
    const context = {
      ...{ connection, greeted, clock, keys: this.#keys, manner: FORM_MANNER },
      isEnrolled: this.#owner.isEnrolled(user),
      after: this.#owner.after(user),
      // A password may still open the account; the owner is told when nothing does.
      forgotten: () => undefined,
    };
    // Whoever typed a password means it, though this browser's key may sign in.
    const entered = await new Login(context, { ...credentials, insist: true }).enter();
    if (connection.isClosed) throw connection.lostBy;
    // Only a browser without a key needs the password again.
    const kept = this.#keys.canSign ? {} : { password };
    this.#accountSession = { user: entered.account.user, mode: "login", ...kept };
    this.#backoff.reset();
    this.#owner.entered(connection, greeted, { ...entered, asked: user });
  }

  #lost(connection: Connection, fault: Fault | undefined): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    if (this.#isClosed) return;
    this.#owner.lost();
    const isMending = this.#isMending;
    this.#isMending = false;
    // Whoever is not in needs no link before they come in.
    if (this.#accountSession === undefined) return;
    const why = fault ?? new Fault("link-closed", "the server closed the connection");
    if (isMending) this.#retry(why);
    else this.#failed(why);
  }
}
