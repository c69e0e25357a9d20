import { Fault } from "../base/fault.ts";
import { WRONG_SECRETS_MAX } from "../base/limits.ts";
import { checkName, type Name } from "../base/names.ts";
import { makeDeviceCert } from "../crypto/device-cert.ts";
import { makeDeviceProof } from "../crypto/greeting.ts";
import { Identity } from "../crypto/identity.ts";
import type { ClientState } from "../io/client-state.ts";
import type { Clock } from "../io/clock.ts";
import type { Connection } from "../io/connection.ts";
import { askPatiently } from "../io/first-words.ts";
import { formatFingerprint } from "../wire/fingerprint.ts";
import type { Answer, RequestFields } from "../wire/messages.ts";
import type { Greeted } from "./trust.ts";

export type SecretWanted = "password" | "room-password";
/** Asks the person; undefined (or empty): there is nobody to ask, or no answer. */
/** @param again another one was refused: whoever is asked should know */
export type AskSecret = (what: SecretWanted, again: boolean) => Promise<string | undefined>;

export interface Credentials {
  readonly user: string;
  /** `register`: the name is new. `login`: it exists. */
  readonly mode: "either" | "register" | "login";
  readonly password?: string | undefined;
  /** The room password, or an invite's token. */
  readonly roomSecret?: string | undefined;
  readonly ask?: AskSecret | undefined;
  /** Somebody typed the password just now: it must fit, though this device could sign in. */
  readonly insist?: boolean;
}

export interface EntryContext {
  readonly connection: Connection;
  readonly greeted: Greeted;
  readonly clock: Clock;
  readonly state: ClientState;
  readonly device: Identity;
  /** Cursor for a log-in; undefined: send what newcomers get. */
  readonly after: number | undefined;
}

export interface Entered {
  readonly account: Answer<"login">;
  readonly registered: boolean;
  /** What opened the door, for the next link. */
  readonly password: string | undefined;
}

type EntryKind = "admit" | "register" | "login";

/**
 * From the greeting to being in: by this device's signature where it is known, else by registering,
 * else by the password, which makes the device known.
 */
export class Entry {
  readonly #context: EntryContext;
  readonly #credentials: Credentials;
  readonly #user: Name;
  #password: string | undefined;
  #hasAskedPassword = false;
  /** Bounded by the attempts. */
  readonly #tried: Readonly<Record<SecretWanted, Set<string>>>;
  #wasSignatureRefused = false;

  /** @throws Fault name-invalid */
  constructor(context: EntryContext, credentials: Credentials) {
    this.#context = context;
    this.#credentials = credentials;
    this.#user = checkName(credentials.user, "person's name");
    const { password, roomSecret } = credentials;
    this.#password = password;
    this.#tried = {
      password: new Set(password === undefined ? [] : [password]),
      "room-password": new Set(roomSecret === undefined ? [] : [roomSecret]),
    };
  }

  /** @throws Fault login-refused, name-taken, room-password-wrong, banned, too-many, the link's */
  async enter(): Promise<Entered> {
    const { mode, roomSecret } = this.#credentials;
    const { state, greeted } = this.#context;
    const isOpen = greeted.welcome.needs === "open";
    const insists = this.#credentials.insist === true && this.#password !== undefined;
    const isEnrolled = state.enrolment(greeted.fingerprint, this.#user) !== undefined;
    if (mode !== "register" && isEnrolled && !insists) {
      const entered = await this.#bySignature();
      if (entered !== undefined) return entered;
    }
    if (mode === "login") return (await this.#asKnown()) ?? this.#refuse();
    if (isOpen || this.#context.connection.isAdmitted) return this.#asNewcomer();
    if (roomSecret !== undefined) return this.#withRoomSecret(roomSecret);
    return this.#withoutRoomSecret();
  }

  async #withRoomSecret(secret: string): Promise<Entered> {
    const wrong = await this.#admit(secret);
    if (wrong === undefined) return this.#asNewcomer();
    // A known account does not need it; whoever can be asked may correct it.
    const known = this.#password === undefined ? undefined : await this.#byGivenPassword();
    return known ?? this.#askRoomSecret(wrong);
  }

  async #withoutRoomSecret(): Promise<Entered> {
    if (this.#credentials.mode === "register") return this.#askRoomSecret(undefined);
    const known =
      this.#password === undefined ? await this.#bySignature() : await this.#byGivenPassword();
    return known ?? this.#askRoomSecret(undefined);
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
    if (this.#credentials.mode === "register") this.#refuseNewcomer();
    return (await this.#asKnown()) ?? this.#refuse();
  }

  /** The room's door is open: the name decides. */
  async #asNewcomer(): Promise<Entered> {
    const taken = await this.#register();
    if (!(taken instanceof Fault)) return taken;
    if (this.#credentials.mode === "register") throw taken;
    // Another process of this home may have registered it a moment ago.
    return (await this.#bySignature()) ?? (await this.#asKnown()) ?? this.#refuseTaken();
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

  /** @returns undefined when the device is not known there */
  async #bySignature(): Promise<Entered | undefined> {
    if (this.#wasSignatureRefused) return undefined;
    const { device, greeted, state } = this.#context;
    const signature = makeDeviceProof(device, greeted.greeting, this.#user);
    const entered = await this.#login({ signature });
    if (entered !== undefined) return entered;
    this.#wasSignatureRefused = true;
    state.unenrol(greeted.fingerprint, this.#user);
    return undefined;
  }

  async #byGivenPassword(): Promise<Entered | undefined> {
    const password = this.#password;
    return password === undefined ? undefined : this.#login({ password });
  }

  async #login(
    proof: Pick<RequestFields<"login">, "signature" | "password">,
  ): Promise<Entered | undefined> {
    const { device, after } = this.#context;
    const fields = { user: this.#user, deviceKey: device.publicKey, ...proof };
    try {
      const account = await this.#ask("login", after === undefined ? fields : { ...fields, after });
      return this.#entered(account, false);
    } catch (error) {
      if (error instanceof Fault && error.code === "login-refused") return undefined;
      throw error;
    }
  }

  /** @returns the fault when the name is taken */
  async #register(): Promise<Entered | Fault> {
    const { state, greeted, device, clock } = this.#context;
    const password = await this.#somePassword();
    const pem = state.accountKey(greeted.fingerprint, this.#user, () =>
      Identity.generate().toPem(),
    );
    const accountKey = Identity.fromPem(pem, "the stored account key");
    const deviceCert = makeDeviceCert(accountKey, {
      server: formatFingerprint(greeted.fingerprint),
      user: this.#user,
      deviceKey: device.publicKey,
      kind: "cli",
      signedAtUnixMs: clock.unixMs(),
    });
    try {
      const account = await this.#ask("register", {
        user: this.#user,
        ...(password === undefined ? {} : { password }),
        deviceKey: device.publicKey,
        accountKey: accountKey.publicKey,
        deviceCert,
      });
      return this.#entered(account, true);
    } catch (error) {
      if (error instanceof Fault && error.code === "name-taken") return error;
      throw error;
    }
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
    const { state, greeted } = this.#context;
    state.enrol(greeted.fingerprint, account.user, account.account);
    return { account, registered, password: this.#password };
  }

  /** Given, or asked once: the same one registers a new name and opens a known one. */
  async #somePassword(): Promise<string | undefined> {
    if (this.#password === undefined && !this.#hasAskedPassword) {
      this.#hasAskedPassword = true;
      this.#password = await this.#askPerson("password");
    }
    return this.#password;
  }

  /** An answer that was tried before (it came from a file, say) is none: guesses are counted. */
  async #askPerson(what: SecretWanted): Promise<string | undefined> {
    const answer = await this.#credentials.ask?.(what, this.#tried[what].size > 0);
    if (answer === undefined || answer === "" || this.#tried[what].has(answer)) return undefined;
    this.#tried[what].add(answer);
    return answer;
  }

  #ask<Kind extends EntryKind>(kind: Kind, fields: RequestFields<Kind>): Promise<Answer<Kind>> {
    return askPatiently(this.#context.connection, this.#context.clock, kind, fields);
  }

  #refuse(): never {
    const isOpen = this.#context.greeted.welcome.needs === "open";
    const newcomer =
      isOpen || this.#credentials.mode === "login"
        ? ""
        : ", or for a new name the room password (CHAT_ROOM_PASSWORD)";
    throw new Fault("login-refused", `${this.#user}: no such name, or another password`, {
      remedy: `give the password (CHAT_PASSWORD)${newcomer}`,
    });
  }

  #refuseTaken(): never {
    throw new Fault("login-refused", `${this.#user} exists, and this is not its password`, {
      remedy: "give its password (CHAT_PASSWORD), or choose another name",
    });
  }

  #refuseNewcomer(): never {
    throw new Fault("room-password-wrong", "a new name needs the server's room password", {
      remedy: "give it as CHAT_ROOM_PASSWORD, or use an invite",
    });
  }
}
