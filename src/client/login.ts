import { Fault, type FaultCode, msg } from "../base/fault.ts";
import { LOGIN_WITHIN_MS, RECONNECT_MAX_MS, WRONG_SECRETS_MAX } from "../base/limits.ts";
import { CLUSTER_LEASE_MS } from "../base/limits-cluster.ts";
import { checkName, type Name } from "../base/names.ts";
import { deviceProofBytes } from "../crypto/signed-bytes.ts";
import type { Clock } from "../io/clock.ts";
import { typedSecret } from "../wire/invite.ts";
import type { Answer, RequestFields, RequestKind } from "../wire/messages.ts";
import type { Connection } from "./link/connection.ts";
import { certifiedDevice, type Keys } from "./link/keys.ts";
import type { Greeted } from "./trust.ts";

export type SecretWanted = "password" | "new-password" | "room-password";
/**
 * Asks the user; undefined (or empty): there is no user to ask, or no answer.
 * @param again another one was refused
 * @param whenLost calls back when the link is gone: an answer is of no use any more
 */
export type AskSecret = (
  what: SecretWanted,
  again: boolean,
  whenLost: (callback: () => void) => void,
) => Promise<string | undefined>;

export interface Credentials {
  readonly user: string;
  /** `register`: the name is new. `login`: it exists. */
  readonly mode?: "either" | "register" | "login" | undefined;
  readonly password?: string | undefined;
  /** The room password, or an invite's token. */
  readonly roomSecret?: string | undefined;
  readonly ask?: AskSecret | undefined;
  /** Somebody typed the password just now: it must fit, though this device could sign in. */
  readonly insist?: boolean;
}

export interface LoginContext {
  readonly connection: Connection;
  readonly greeted: Greeted;
  readonly clock: Clock;
  readonly keys: Keys;
  /** The server has said before that it knows this device as the user's. */
  readonly isEnrolled: boolean;
  /** Called when the server does not know this device as the user's any more. */
  readonly forgotten: () => void;
  /** Cursor for a log-in; undefined: send what newcomers get. */
  readonly after: number | undefined;
  /** `false`: for a command that asks or says one thing. Nobody is told that it was there. */
  readonly presence?: boolean;
  readonly manner: LoginManner;
}

/** How a user of this client comes in: what they can do about a refusal. */
export interface LoginManner {
  /**
   * The client shows the refusal, and tries again on this link with what its user gives then. Else
   * the secrets are all there are, but for `ask`.
   */
  readonly triesAgain: boolean;
  /** Remedies; left out: those of the faults. `mayRegister`: the name may also be a new one. */
  readonly refused?: (mayRegister: boolean) => string;
  readonly taken: (user: Name) => string;
  readonly newcomer?: string;
}

export interface Entered {
  readonly account: Answer<"login">;
  readonly registered: boolean;
  /** What opened the door, for the next link. */
  readonly password: string | undefined;
}

/** A server whose registration is closed says that first. */
const MAY_BE_TAKEN: ReadonlySet<FaultCode> = new Set(["name-taken", "not-allowed"]);

type LoginKind = "admit" | "register" | "login";

/**
 * From the greeting to being in: by this device's signature where it is known, else by registering,
 * else by the password, which makes the device known.
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
  /** One wrong password is one guess. */
  readonly #refusedPasswords = new Set<string>();

  /** @throws Fault name-invalid */
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

  /** @throws Fault login-refused, name-taken, room-password-wrong, banned, too-many, the link's */
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
    // A known account does not need it; a user who can be asked may correct it.
    return (await this.#withoutDoor()) ?? this.#askRoomSecret(wrong);
  }

  async #withoutRoomSecret(): Promise<Entered> {
    if (this.#credentials.mode === "register") return this.#askRoomSecret(undefined);
    const known =
      this.#password === undefined ? await this.#bySignature() : await this.#byGivenPassword();
    return known ?? this.#askRoomSecret(undefined);
  }

  /** The account may be a known one, though the room's secret is wrong. */
  async #withoutDoor(): Promise<Entered | undefined> {
    if (this.#credentials.mode === "register") return undefined;
    if (this.#password !== undefined) return this.#byGivenPassword();
    // A form has no other way to say that the name is a known one.
    return this.#context.manner.triesAgain ? this.#bySignature() : undefined;
  }

  /** @param wrong what the server said of the last one */
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

  /** The room's door is open: the name decides. */
  async #asNewcomer(): Promise<Entered> {
    if (!this.#context.keys.canSign) return (await this.#asKnown()) ?? this.#refuseKeyless();
    const refused = await this.#register();
    if (!(refused instanceof Fault)) return refused;
    if (this.#credentials.mode === "register") throw refused;
    // Another process of this home may have registered it a moment ago.
    const known = (await this.#bySignature()) ?? (await this.#asKnown());
    if (known !== undefined) return known;
    if (refused.code === "name-taken") this.#refuseTaken();
    throw refused;
  }

  /** The account exists, as far as we know. */
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

  /** @returns undefined when the device is not known there */
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

  /** @returns the fault when the name is taken, or nobody may register, so that it may be */
  async #register(): Promise<Entered | Fault> {
    const asks = this.#password === undefined && !this.#hasAskedPassword;
    if (asks && this.#credentials.ask !== undefined) {
      // An empty password is refused, but only for a free name: for others none is to be chosen.
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

  /** The key of the new account, and its word for this device. */
  #accountKey(): Promise<Pick<RequestFields<"register">, "accountKey" | "deviceCert">> {
    const { keys, greeted, clock } = this.#context;
    const { fingerprint } = greeted;
    return certifiedDevice(keys, { fingerprint, user: this.#user, unixMs: clock.unixMs() });
  }

  /** @returns the fault when the secret is wrong */
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

  /** Given, or asked once. */
  async #somePassword(what: "password" | "new-password" = "password"): Promise<string | undefined> {
    if (this.#password === undefined && !this.#hasAskedPassword) {
      this.#hasAskedPassword = true;
      this.#password = await this.#askPerson(what);
    }
    return this.#password;
  }

  /** An answer that was tried before (it came from a file, say) is none: guesses are counted. */
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
 * Asks again while the server refuses for now, as long as it waits for a log-in.
 * @param majorityWithinMs how long a cluster may have no majority: an election is over by then
 * @throws Fault
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
      // A refusal on a link that is gone is no answer.
      if (connection.isClosed) throw connection.lostBy;
      const waitMs = error instanceof Fault ? error.retryAfterMs : undefined;
      if (waitMs === undefined) throw error;
      const boundedMs = Math.min(Math.max(waitMs, 100), RECONNECT_MAX_MS);
      const isSplit = error instanceof Fault && error.code === "no-majority";
      const until = from + (isSplit ? majorityWithinMs : LOGIN_WITHIN_MS);
      if (clock.now() + boundedMs >= until) throw error;
      await new Promise<void>((resolve) => clock.after(boundedMs, resolve));
    }
  }
}
