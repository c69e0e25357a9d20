/** Log-in: by device signature, registration or password. */

import { Fault, type FaultCode, msg } from "../base/fault.ts";
import { LOGIN_TIMEOUT_MS, RECONNECT_MAX_MS, WRONG_SECRETS_MAX } from "../base/limits.ts";
import { CLUSTER_LEASE_MS } from "../base/limits-cluster.ts";
import { checkName, type Name } from "../base/names.ts";
import { deviceProofBytes } from "../crypto/signed-bytes.ts";
import { type Clock, delay } from "../io/clock.ts";
import { typedSecret } from "../wire/invite.ts";
import type { Answer, RequestFields, RequestKind } from "../wire/messages.ts";
import type { Connection } from "./link/connection.ts";
import { certifiedDevice, type Keys } from "./link/keys.ts";
import type { Greeted } from "./trust.ts";

export type SecretWanted = "password" | "new-password" | "room-password";
/**
 * Asks the user; `undefined` or empty if there is no user or no answer.
 * @param again an earlier answer was refused
 * @param whenLost calls back when the link is lost, which makes an answer useless
 */
export type AskSecret = (
  what: SecretWanted,
  again: boolean,
  whenLost: (callback: () => void) => void,
) => Promise<string | undefined>;

export interface Credentials {
  readonly user: string;
  /** `register`: the name must be new. `login`: it must exist. */
  readonly mode?: "either" | "register" | "login" | undefined;
  readonly password?: string | undefined;
  readonly roomSecret?: string | undefined;
  readonly ask?: AskSecret | undefined;
  /** The user has just typed the password: it must fit, even if this device could sign in. */
  readonly insist?: boolean;
}

export interface LoginContext {
  readonly connection: Connection;
  readonly greeted: Greeted;
  readonly clock: Clock;
  readonly keys: Keys;
  /** The server has accepted this device for the user before. */
  readonly isEnrolled: boolean;
  /** Called when the server does not accept this device for the user any more. */
  readonly forgotten: () => void;
  /** Cursor for a log-in; `undefined` requests what new users get. */
  readonly after: number | undefined;
  /** `false`: other users see no presence. For commands that send one request. */
  readonly presence?: boolean;
  readonly manner: LoginManner;
}

/** Remedies for a refusal, in terms of this client's commands. */
export interface LoginManner {
  /**
   * The client shows the refusal and retries on this link with new input of its user. Otherwise
   * there are no secrets but the given ones and those of `ask`.
   */
  readonly triesAgain: boolean;
  /** Remedies; default: those of the faults. `mayRegister`: the name may also be a new one. */
  readonly refused?: (mayRegister: boolean) => string;
  readonly taken: (user: Name) => string;
  readonly newcomer?: string;
}

export interface Entered {
  readonly account: Answer<"login">;
  readonly registered: boolean;
  /** The password that succeeded, for the next link. */
  readonly password: string | undefined;
}

/** A server with closed registration reports `not-allowed` even if the name is taken. */
const MAY_BE_TAKEN: ReadonlySet<FaultCode> = new Set(["name-taken", "not-allowed"]);

type LoginKind = "admit" | "register" | "login";

/**
 * Logs in with this device's signature where it is known, else by registering, else with the
 * password, which enrols the device.
 */
export class Login {
  readonly #context: LoginContext;
  readonly #credentials: Credentials;
  readonly #user: Name;
  #password: string | undefined;
  #hasAskedPassword = false;
  /** Bounded by the attempts. */
  readonly #tried: Readonly<Record<SecretWanted, Set<string>>>;
  #wasSignatureRefused = false;
  /** Each wrong password is sent only once. */
  readonly #refusedPasswords = new Set<string>();

  /** @throws {Fault} name-invalid */
  constructor(context: LoginContext, credentials: Credentials) {
    this.#context = context;
    this.#credentials = credentials;
    this.#user = checkName(credentials.user, "person's name");
    const { password, roomSecret } = credentials;
    this.#password = password;
    this.#tried = {
      password: new Set(password === undefined ? [] : [password]),
      "new-password": new Set(),
      "room-password": new Set(roomSecret === undefined ? [] : [roomSecret]),
    };
  }

  /**
   * @throws {Fault} login-refused, name-taken, room-password-wrong, banned, too-many, or the link's
   */
  async enter(): Promise<Entered> {
    const { mode, roomSecret } = this.#credentials;
    const { isEnrolled, greeted, connection } = this.#context;
    const isOpen = greeted.welcome.needs === "open";
    const insists = this.#credentials.insist === true && this.#password !== undefined;
    if (mode !== "register" && isEnrolled && !insists) {
      const entered = await this.#bySignature();
      if (entered !== undefined) return entered;
    }
    if (mode === "login") return (await this.#asKnown()) ?? this.#refuse();
    if (isOpen || connection.isAdmitted) return this.#asNewcomer();
    if (roomSecret !== undefined) return this.#withRoomSecret(roomSecret);
    return this.#withoutRoomSecret();
  }

  async #withRoomSecret(secret: string): Promise<Entered> {
    const wrong = await this.#admit(secret);
    if (wrong === undefined) return this.#asNewcomer();
    // A known account does not need the room password; a user who can be asked may correct it.
    return (await this.#withoutDoor()) ?? this.#askRoomSecret(wrong);
  }

  async #withoutRoomSecret(): Promise<Entered> {
    if (this.#credentials.mode === "register") return this.#askRoomSecret(undefined);
    const known =
      this.#password === undefined ? await this.#bySignature() : await this.#byGivenPassword();
    return known ?? this.#askRoomSecret(undefined);
  }

  /** Logs in with a wrong room password, if the account exists. */
  async #withoutDoor(): Promise<Entered | undefined> {
    if (this.#credentials.mode === "register") return undefined;
    if (this.#password !== undefined) return this.#byGivenPassword();
    // A form cannot state that the name exists.
    return this.#context.manner.triesAgain ? this.#bySignature() : undefined;
  }

  /** @param wrong the server's fault for the last secret */
  async #askRoomSecret(wrong: Fault | undefined): Promise<Entered> {
    let fault = wrong;
    for (let attempt = 0; attempt < WRONG_SECRETS_MAX; attempt++) {
      const secret = await this.#askPerson("room-password");
      if (secret === undefined) break;
      fault = await this.#admit(secret);
      if (fault === undefined) return this.#asNewcomer();
    }
    if (fault !== undefined) throw fault;
    if (this.#credentials.mode === "register" || this.#context.manner.triesAgain) {
      this.#refuseNewcomer();
    }
    return (await this.#asKnown()) ?? this.#refuse();
  }

  /** Registers the name, or logs in if it exists. */
  async #asNewcomer(): Promise<Entered> {
    if (!this.#context.keys.canSign) return (await this.#asKnown()) ?? this.#refuseKeyless();
    const refused = await this.#register();
    if (!(refused instanceof Fault)) return refused;
    if (this.#credentials.mode === "register") throw refused;
    // Another process of this home may have registered the name a moment ago.
    const known = (await this.#bySignature()) ?? (await this.#asKnown());
    if (known !== undefined) return known;
    if (refused.code === "name-taken") this.#refuseTaken();
    throw refused;
  }

  /** Logs in to an account that is expected to exist. */
  async #asKnown(): Promise<Entered | undefined> {
    const password = await this.#somePassword();
    if (password === undefined) return this.#bySignature();
    const wasAsked = this.#hasAskedPassword;
    let entered = await this.#byGivenPassword();
    for (let attempt = 1; attempt < WRONG_SECRETS_MAX && wasAsked && !entered; attempt++) {
      this.#password = await this.#askPerson("password");
      if (this.#password === undefined) return undefined;
      entered = await this.#byGivenPassword();
    }
    return entered;
  }

  get #presence(): { readonly presence?: false } {
    return this.#context.presence === false ? { presence: false } : {};
  }

  /** @returns `undefined` if the server does not know the device */
  async #bySignature(): Promise<Entered | undefined> {
    const { keys, greeted, forgotten } = this.#context;
    if (this.#wasSignatureRefused || !keys.canSign) return undefined;
    const signature = await keys.device.sign(deviceProofBytes(greeted.greeting, this.#user));
    const entered = await this.#login({ signature });
    if (entered !== undefined) return entered;
    this.#wasSignatureRefused = true;
    forgotten();
    return undefined;
  }

  async #byGivenPassword(): Promise<Entered | undefined> {
    const password = this.#password;
    if (password === undefined || this.#refusedPasswords.has(password)) return undefined;
    const entered = await this.#login({ password });
    if (entered === undefined) this.#refusedPasswords.add(password);
    return entered;
  }

  async #login(
    proof: Pick<RequestFields<"login">, "signature" | "password">,
  ): Promise<Entered | undefined> {
    const { keys, after } = this.#context;
    const fields = {
      user: this.#user,
      deviceKey: keys.device.publicKey,
      ...proof,
      ...this.#presence,
    };
    try {
      const account = await this.#ask("login", after === undefined ? fields : { ...fields, after });
      return this.#entered(account, false);
    } catch (error) {
      if (error instanceof Fault && error.code === "login-refused") return undefined;
      throw error;
    }
  }

  /** @returns the fault if the name is taken or registration is closed, as the account may exist */
  async #register(): Promise<Entered | Fault> {
    const asks = this.#password === undefined && !this.#hasAskedPassword;
    if (asks && this.#credentials.ask !== undefined) {
      // Probe with an empty password, which only a free name refuses: for others none is to be
      // chosen.
      const probed = await this.#registerWith("");
      if (!(probed instanceof Fault) || probed.code !== "usage") return probed;
    }
    return this.#registerWith(await this.#somePassword("new-password"));
  }

  async #registerWith(password: string | undefined): Promise<Entered | Fault> {
    const made = await this.#accountKey();
    try {
      const account = await this.#ask("register", {
        user: this.#user,
        ...(password === undefined ? {} : { password }),
        deviceKey: this.#context.keys.device.publicKey,
        ...made,
        ...this.#presence,
      });
      return this.#entered(account, true);
    } catch (error) {
      const isProbe = password === "";
      if (!(error instanceof Fault)) throw error;
      if (MAY_BE_TAKEN.has(error.code) || (isProbe && error.code === "usage")) return error;
      throw error;
    }
  }

  #accountKey(): Promise<Pick<RequestFields<"register">, "accountKey" | "deviceCert">> {
    const { keys, greeted, clock } = this.#context;
    const { fingerprint } = greeted;
    return certifiedDevice(keys, { fingerprint, user: this.#user, unixMs: clock.unixMs() });
  }

  /** @returns the fault if the secret is wrong */
  async #admit(secret: string): Promise<Fault | undefined> {
    try {
      await this.#ask("admit", { secret });
      this.#context.connection.isAdmitted = true;
      return undefined;
    } catch (error) {
      if (error instanceof Fault && error.code === "room-password-wrong") return error;
      throw error;
    }
  }

  #entered(account: Answer<"login">, registered: boolean): Entered {
    return { account, registered, password: this.#password };
  }

  /** Returns the given password, or asks once. */
  async #somePassword(what: "password" | "new-password" = "password"): Promise<string | undefined> {
    if (this.#password === undefined && !this.#hasAskedPassword) {
      this.#hasAskedPassword = true;
      this.#password = await this.#askPerson(what);
    }
    return this.#password;
  }

  /**
   * Ignores an answer that was tried before, for example from a file: wrong guesses are counted.
   */
  async #askPerson(what: SecretWanted): Promise<string | undefined> {
    const { connection } = this.#context;
    const answer = await this.#credentials.ask?.(what, this.#tried[what].size > 0, (callback) =>
      connection.onClosed(callback),
    );
    if (answer === undefined || answer === "") return undefined;
    const secret = what === "room-password" ? typedSecret(answer) : answer;
    if (this.#tried[what].has(secret)) return undefined;
    this.#tried[what].add(secret);
    return secret;
  }

  #ask<Kind extends LoginKind>(kind: Kind, fields: RequestFields<Kind>): Promise<Answer<Kind>> {
    const { connection, clock, greeted } = this.#context;
    const hasMajority = greeted.welcome.majority !== false;
    return askPatiently(connection, clock, kind, fields, hasMajority ? undefined : 0);
  }

  #refuse(): never {
    const isOpen = this.#context.greeted.welcome.needs === "open";
    const mayRegister = !isOpen && this.#credentials.mode !== "login";
    throw new Fault("login-refused", msg`${this.#user}: no such name, or another password`, {
      remedy: this.#context.manner.refused?.(mayRegister),
    });
  }

  #refuseTaken(): never {
    const hasTried = this.#refusedPasswords.size > 0;
    const why = hasTried
      ? "this is not its password"
      : "this device does not sign in for that name";
    throw new Fault("login-refused", msg`${this.#user} exists, and ${why}`, {
      remedy: this.#context.manner.taken(this.#user),
    });
  }

  #refuseNewcomer(): never {
    throw new Fault("room-password-wrong", "a new name needs the server's room password", {
      remedy: this.#context.manner.newcomer,
    });
  }

  #refuseKeyless(): never {
    throw new Fault("not-allowed", "this browser cannot make the key of a new account", {
      remedy: "use a newer browser, or make the account with the program",
    });
  }
}

/**
 * Retries while the server refuses temporarily, up to LOGIN_TIMEOUT_MS.
 * @param majorityWithinMs longest time without a cluster majority; covers an election
 * @throws {Fault}
 */
export async function askPatiently<Kind extends RequestKind>(
  connection: Connection,
  clock: Clock,
  kind: Kind,
  fields: RequestFields<Kind>,
  majorityWithinMs: number = CLUSTER_LEASE_MS,
): Promise<Answer<Kind>> {
  const from = clock.now();
  for (;;) {
    try {
      return await connection.ask(kind, fields);
    } catch (error) {
      // On a lost link the loss is the fault to report.
      if (connection.isClosed) throw connection.lostBy;
      const waitMs = error instanceof Fault ? error.retryAfterMs : undefined;
      if (waitMs === undefined) throw error;
      const boundedMs = Math.min(Math.max(waitMs, 100), RECONNECT_MAX_MS);
      const isSplit = error instanceof Fault && error.code === "no-majority";
      const until = from + (isSplit ? majorityWithinMs : LOGIN_TIMEOUT_MS);
      if (clock.now() + boundedMs >= until) throw error;
      await delay(clock, boundedMs);
    }
  }
}
