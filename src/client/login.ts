/** Log-in by device signature, registration or password. */

import { Fault, type FaultCode, msg } from "../base/fault.ts";
import { LOGIN_TIMEOUT_MS, RECONNECT_MAX_MS, WRONG_SECRETS_MAX } from "../base/limits.ts";
import { CLUSTER_LEASE_MS } from "../base/limits-cluster.ts";
import { checkName, isOperatorName, type Name } from "../base/names.ts";
import { checkNewPassword } from "../base/new-passwords.ts";
import { defined } from "../base/values.ts";
import { findResetCode, isWrittenAsCode } from "../core/reset-codes.ts";
import { registrationClosed } from "../core/rooms/registration-closed.ts";
import { deviceProofBytes } from "../crypto/signed-bytes.ts";
import { type Clock, delay } from "../io/clock.ts";
import type { Fingerprint } from "../wire/fingerprint.ts";
import { secretFromInput } from "../wire/invite.ts";
import type { Answer, RequestFields, RequestKind } from "../wire/messages.ts";
import type { Connection } from "./link/connection.ts";
import type { GreetedServer } from "./link/greeting.ts";
import { certifiedDevice, type Keys } from "./link/keys.ts";

export type LoginSecret = "password" | "new-password" | "room-password" | "invite";
export type PromptSecret = (kind: LoginSecret, isRetry: boolean) => Promise<string | undefined>;

export interface Credentials {
  readonly user: string;
  /** `register` requires a new name; `login` requires an existing one. */
  readonly mode?: "either" | "register" | "login" | undefined;
  readonly password?: string | undefined;
  readonly roomSecret?: string | undefined;
  /** Server password that this machine stores for a server, if none was given. */
  readonly storedRoomSecret?: ((server: Fingerprint) => string | undefined) | undefined;
  readonly promptSecret?: PromptSecret | undefined;
  /** Asks before an unknown name gets an account. Without it, the account is created unasked. */
  readonly confirmNew?: (() => Promise<boolean>) | undefined;
  /** True if a wrong password must fail the log-in even if this device could log in without one. */
  readonly requiresPassword?: boolean;
  /** Typed in place of `user`, which was derived from it. */
  readonly displayName?: string | undefined;
  /** False if this device's key must not open the account. */
  readonly usesKey?: boolean;
}

/** The server has refused a secret that may be the code of a card. */
export class TypedCode extends Fault {
  /** @param isCertain false if the secret may be a password of this form */
  constructor(
    readonly resetCode: string,
    readonly isCertain: boolean,
    readonly refusal: Fault,
  ) {
    super(refusal.code, msg`this is the code of a card, and no password`, {
      cause: refusal,
      remedy: msg`use it with ${"chat passwd --reset"}`,
    });
  }
}

export interface GreetedLink {
  readonly connection: Connection;
  readonly greeted: GreetedServer;
}

export interface LoginContext extends GreetedLink {
  readonly reopen: () => Promise<GreetedLink>;
  readonly clock: Clock;
  readonly keys: Keys;
  readonly isEnrolled: boolean;
  /** False after the user has signed out on this device. */
  readonly mayUseKey?: boolean;
  readonly onUnenrolled: () => void;
  /**
   * Called before a signature is sent to a server that accepts requests before its answer. The
   * returned function is called when it has been sent.
   */
  readonly beforeSignature?: ((link: GreetedLink) => () => void) | undefined;
  readonly after: number | undefined;
  /** False for one-shot commands, during which the user does not appear online. */
  readonly presence?: boolean;
  readonly policy: LoginPolicy;
}

export interface LoginPolicy {
  readonly retriesOnLink: boolean;
  /** `newNames`: the secret that a new name needs, absent if none could be registered so. */
  readonly refusedRemedy?: (newNames: "room-password" | "invite" | undefined) => string;
  readonly takenRemedy: (user: Name) => string;
  readonly registrationRemedy?: string;
}

export interface LoginResult {
  readonly account: Answer<"login">;
  readonly registered: boolean;
  readonly password: string | undefined;
}

/**
 * Faults after which the account may exist. A server with closed registration reports `not-allowed`
 * even if the name is taken.
 */
const MAYBE_TAKEN_CODES: ReadonlySet<FaultCode> = new Set(["name-taken", "not-allowed"]);

type LoginKind = "admit" | "register" | "login" | "recover-user";

/**
 * Uses this device's signature if the server knows the device. Otherwise registers the account, or
 * logs in with the password, which enrols the device.
 */
export class Login {
  readonly #user: Name;
  #password: string | undefined;
  #hasPromptedPassword = false;
  readonly #roomSecret: string | undefined;
  #roomPassword: string | undefined;
  readonly #tried: Readonly<Record<LoginSecret, Set<string>>>;
  #wasSignatureRefused = false;
  /** Passwords refused by the server. No password is sent twice. */
  readonly #refusedPasswords = new Set<string>();
  /** Code that was typed where a secret is asked for. */
  #typedCode: Pick<TypedCode, "resetCode" | "isCertain"> | undefined;

  constructor(
    private context: LoginContext,
    private readonly credentials: Credentials,
  ) {
    this.#user = checkName(credentials.user, "person's name");
    const { password, storedRoomSecret } = credentials;
    const roomSecret = credentials.roomSecret ?? storedRoomSecret?.(context.greeted.fingerprint);
    this.#roomSecret = roomSecret;
    this.#password = password;
    this.#tried = {
      password: new Set(password === undefined ? [] : [password]),
      "new-password": new Set(),
      "room-password": new Set(roomSecret === undefined ? [] : [roomSecret]),
      invite: new Set(roomSecret === undefined ? [] : [roomSecret]),
    };
  }

  /**
   * @throws {Fault} login-refused, name-taken, room-password-wrong, banned or too-many if the
   * server refuses
   */
  async logIn(): Promise<LoginResult> {
    try {
      return await this.#attempt();
    } catch (error) {
      const { resetCode, isCertain } = this.#typedCode ?? {};
      if (resetCode === undefined || !(error instanceof Fault)) throw error;
      throw new TypedCode(resetCode, isCertain === true, error);
    }
  }

  async #attempt(): Promise<LoginResult> {
    const { mode } = this.credentials;
    const roomSecret = this.#roomSecret;
    const { isEnrolled, greeted, connection } = this.context;
    const isOpen = greeted.welcome.needs === "open";
    if (mode !== "register" && isEnrolled && !this.#requiresPassword) {
      const result = await this.#logInBySignature();
      if (result !== undefined) return result;
    }
    if (mode === "login") return (await this.#logInExisting()) ?? this.#failRefused();
    // Only the operator's token permits these names, also on an open server.
    const needsToken = roomSecret !== undefined && isOperatorName(this.#user);
    if ((isOpen && !needsToken) || connection.isAdmitted) return this.#registerOrLogIn();
    if (roomSecret !== undefined) return this.#withRoomSecret(roomSecret);
    return this.#withoutRoomSecret();
  }

  get #requiresPassword(): boolean {
    return this.credentials.requiresPassword === true && this.#password !== undefined;
  }

  async #withRoomSecret(secret: string): Promise<LoginResult> {
    const refusal = await this.#sendRoomPassword(secret);
    if (refusal === undefined) return this.#registerOrLogIn();
    // An existing account does not need the server password, so try to log in first.
    return (await this.#skipRoomPassword()) ?? this.#promptRoomSecret(refusal);
  }

  async #withoutRoomSecret(): Promise<LoginResult> {
    if (this.credentials.mode === "register") return this.#promptRoomSecret(undefined);
    const result =
      this.#password === undefined ? await this.#logInBySignature() : await this.#logInByPassword();
    return result ?? this.#promptRoomSecret(undefined);
  }

  async #skipRoomPassword(): Promise<LoginResult | undefined> {
    if (this.credentials.mode === "register") return undefined;
    if (this.#password !== undefined) return this.#logInByPassword();
    // A user who fills in a form may not know whether the account exists, so try to log in as well.
    return this.context.policy.retriesOnLink ? this.#logInBySignature() : undefined;
  }

  async #promptRoomSecret(refusal: Fault | undefined): Promise<LoginResult> {
    let fault = refusal;
    for (let attempt = 0; attempt < WRONG_SECRETS_MAX; attempt++) {
      const secret = await this.#promptUser(this.#newNameSecret);
      if (secret === undefined) break;
      fault = await this.#sendRoomPassword(secret);
      if (fault === undefined) return this.#registerOrLogIn();
    }
    if (fault !== undefined) throw fault;
    if (this.credentials.mode === "register" || this.context.policy.retriesOnLink) {
      this.#failNoRoomPassword();
    }
    return (await this.#logInExisting()) ?? this.#failRefused();
  }

  async #registerOrLogIn(): Promise<LoginResult> {
    if (!this.context.keys.canSign) return (await this.#logInExisting()) ?? this.#failNoKey();
    const refused = await this.#register();
    if (!(refused instanceof Fault)) return refused;
    if (this.credentials.mode === "register") throw refused;
    // Another process of this CHAT_HOME may have registered the name just now.
    const result = (await this.#logInBySignature()) ?? (await this.#logInExisting());
    if (result !== undefined) return result;
    if (refused.code === "name-taken") this.#failNameTaken();
    throw refused;
  }

  async #logInExisting(): Promise<LoginResult | undefined> {
    const password = await this.#passwordOrPrompt();
    if (password === undefined) return this.#logInBySignature();
    const wasPrompted = this.#hasPromptedPassword;
    let result = await this.#logInByPassword();
    for (let attempt = 1; attempt < WRONG_SECRETS_MAX && wasPrompted && !result; attempt++) {
      this.#password = await this.#promptUser("password");
      if (this.#password === undefined) return undefined;
      result = await this.#logInByPassword();
    }
    return result;
  }

  get #presence(): { readonly presence?: false } {
    return this.context.presence === false ? { presence: false } : {};
  }

  async #logInBySignature(): Promise<LoginResult | undefined> {
    const { keys, connection, greeted, onUnenrolled, beforeSignature } = this.context;
    if (this.#wasSignatureRefused || !keys.canSign) return undefined;
    if (this.context.mayUseKey === false || this.credentials.usesKey === false) return undefined;
    if (this.#requiresPassword) return undefined;
    const signature = await keys.device.sign(deviceProofBytes(greeted.greeting, this.#user));
    const isEarly = greeted.welcome.early === true;
    const afterSignature = isEarly ? beforeSignature?.({ connection, greeted }) : undefined;
    const answered = this.#login({ signature });
    afterSignature?.();
    const result = await answered;
    if (result !== undefined) return result;
    this.#wasSignatureRefused = true;
    onUnenrolled();
    return undefined;
  }

  async #logInByPassword(): Promise<LoginResult | undefined> {
    const password = this.#password;
    if (password === undefined || this.#refusedPasswords.has(password)) return undefined;
    await this.#checkCode(password);
    const result = await this.#login({ password });
    if (result !== undefined) return result;
    this.#refusedPasswords.add(password);
    this.#refuseCode(password);
    return undefined;
  }

  /** Finds a valid code first, because a wrong password delays everybody at this address. */
  async #checkCode(secret: string): Promise<void> {
    const token = isWrittenAsCode(secret) ? findResetCode(secret) : undefined;
    if (token === undefined) return;
    try {
      await this.#request("recover-user", { token });
    } catch (error) {
      if (error instanceof Fault && error.code === "code-wrong") return;
      throw error;
    }
    this.#refuseCode(secret);
  }

  /** People type the code of their card where a password is asked for. */
  #refuseCode(secret: string): void {
    const resetCode = findResetCode(secret);
    if (resetCode === undefined) return;
    this.#typedCode = { resetCode, isCertain: isWrittenAsCode(secret) };
    this.#failRefused();
  }

  async #login(
    proof: Pick<RequestFields<"login">, "signature" | "password">,
  ): Promise<LoginResult | undefined> {
    const { keys, after } = this.context;
    const device = { user: this.#user, deviceKey: keys.device.publicKey };
    try {
      const { displayName } = this.credentials;
      const typed = proof.password === undefined ? {} : defined({ displayName });
      const fields = { ...device, ...proof, ...typed, ...this.#presence, after };
      const account = await this.#request("login", fields);
      return this.#loginResult(account, false);
    } catch (error) {
      if (error instanceof Fault && error.code === "login-refused") return undefined;
      throw error;
    }
  }

  async #register(): Promise<LoginResult | Fault> {
    const { mode, promptSecret, confirmNew } = this.credentials;
    const asksPassword =
      this.#password === undefined && !this.#hasPromptedPassword && promptSecret !== undefined;
    const confirm = mode === "register" ? undefined : confirmNew;
    if (asksPassword || confirm !== undefined) {
      // Probe with an empty password, which the server refuses as malformed only if the name is
      // free, so that users are asked nothing about the account of another user.
      const probe = await this.#registerWith("");
      if (!(probe instanceof Fault) || probe.code !== "usage") return probe;
      const found = mode !== "register" && (await this.#logInByDisplayName());
      if (found) return found;
      if (confirm !== undefined) await this.#confirmNew(confirm);
    }
    const password = await this.#passwordOrPrompt("new-password");
    if (password !== undefined && isWrittenAsCode(password)) this.#refuseCode(password);
    return this.#registerWith(password);
  }

  /** The derived name is free, but the display name may be that of an account. */
  async #logInByDisplayName(): Promise<LoginResult | undefined> {
    return this.credentials.displayName === undefined ? undefined : this.#logInByPassword();
  }

  async #confirmNew(confirm: () => Promise<boolean>): Promise<void> {
    if (this.#password !== undefined) {
      checkNewPassword(this.#password);
      if (isWrittenAsCode(this.#password)) this.#refuseCode(this.#password);
    }
    if (!(await confirm())) {
      throw new Fault("user-unknown", msg`no account ${this.#user} on this server`, {
        remedy: msg`check the name`,
      });
    }
    if (this.context.connection.isClosed) await this.#reopen();
  }

  async #registerWith(password: string | undefined): Promise<LoginResult | Fault> {
    const accountKeyFields = await this.#accountKey();
    try {
      const account = await this.#request("register", {
        user: this.#user,
        password,
        deviceKey: this.context.keys.device.publicKey,
        ...accountKeyFields,
        ...this.#presence,
      });
      return this.#loginResult(account, true);
    } catch (error) {
      const isProbe = password === "";
      if (!(error instanceof Fault)) throw error;
      if (MAYBE_TAKEN_CODES.has(error.code) || (isProbe && error.code === "usage")) return error;
      throw error;
    }
  }

  #accountKey(): Promise<Pick<RequestFields<"register">, "accountKey" | "deviceCert">> {
    const { keys, greeted, clock } = this.context;
    const { fingerprint } = greeted;
    return certifiedDevice(keys, { fingerprint, user: this.#user, unixMs: clock.unixMs() });
  }

  async #sendRoomPassword(secret: string): Promise<Fault | undefined> {
    await this.#checkCode(secret);
    try {
      await this.#request("admit", { secret });
      this.context.connection.isAdmitted = true;
      this.#roomPassword = secret;
      return undefined;
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== "room-password-wrong") throw error;
      this.#refuseCode(secret);
      return error;
    }
  }

  #loginResult(account: Answer<"login">, registered: boolean): LoginResult {
    return { account, registered, password: this.#password };
  }

  async #passwordOrPrompt(
    kind: "password" | "new-password" = "password",
  ): Promise<string | undefined> {
    if (this.#password === undefined && !this.#hasPromptedPassword) {
      this.#hasPromptedPassword = true;
      this.#password = await this.#promptUser(kind);
    }
    return this.#password;
  }

  /**
   * Ignores an answer that was given before, for example read from a file, because the server
   * counts wrong guesses.
   */
  async #promptUser(kind: LoginSecret): Promise<string | undefined> {
    const answer = await this.credentials.promptSecret?.(kind, this.#tried[kind].size > 0);
    if (answer === undefined || answer === "") return undefined;
    if (this.context.connection.isClosed) await this.#reopen();
    const isRoomSecret = kind === "room-password" || kind === "invite";
    const secret = isRoomSecret ? secretFromInput(answer) : answer;
    if (this.#tried[kind].has(secret)) return undefined;
    this.#tried[kind].add(secret);
    return secret;
  }

  /**
   * The server closes a link after LOGIN_TIMEOUT_MS, but a user may take longer to find a password.
   */
  async #reopen(): Promise<void> {
    this.context = { ...this.context, ...(await this.context.reopen()) };
    if (this.#roomPassword === undefined) return;
    const fault = await this.#sendRoomPassword(this.#roomPassword);
    if (fault !== undefined) throw fault;
  }

  #request<Kind extends LoginKind>(kind: Kind, fields: RequestFields<Kind>): Promise<Answer<Kind>> {
    const { connection, clock, greeted } = this.context;
    const hasMajority = greeted.welcome.majority !== false;
    return requestWithRetry(connection, clock, kind, fields, hasMajority ? undefined : 0);
  }

  #failRefused(): never {
    const isOpen = this.context.greeted.welcome.needs === "open";
    const mayRegister = !isOpen && this.credentials.mode !== "login";
    const typed = this.credentials.displayName ?? this.#user;
    throw new Fault("login-refused", msg`${typed}: the name and the password do not match`, {
      remedy: this.context.policy.refusedRemedy?.(mayRegister ? this.#newNameSecret : undefined),
    });
  }

  #failNameTaken(): never {
    const hasTriedPassword = this.#refusedPasswords.size > 0;
    const reason = hasTriedPassword
      ? "this is not its password"
      : "this device is not signed in to that account";
    throw new Fault("login-refused", msg`${this.#user} exists, but ${reason}`, {
      remedy: this.context.policy.takenRemedy(this.#user),
    });
  }

  get #newNameSecret(): "room-password" | "invite" {
    return this.context.greeted.welcome.closed === true ? "invite" : "room-password";
  }

  #failNoRoomPassword(): never {
    if (this.#newNameSecret === "invite") throw registrationClosed();
    throw new Fault("room-password-wrong", msg`registration requires the server password`, {
      remedy: this.context.policy.registrationRemedy,
    });
  }

  #failNoKey(): never {
    throw new Fault("not-allowed", msg`this browser cannot create an account key`, {
      remedy: msg`open the page over https or in a newer browser, or sign in with a password`,
    });
  }
}

/**
 * Retries temporary refusals for up to LOGIN_TIMEOUT_MS.
 * @param majorityTimeoutMs maximum wait for a cluster majority, long enough for an election
 */
export async function requestWithRetry<Kind extends RequestKind>(
  connection: Connection,
  clock: Clock,
  kind: Kind,
  fields: RequestFields<Kind>,
  majorityTimeoutMs: number = CLUSTER_LEASE_MS,
): Promise<Answer<Kind>> {
  const startedAt = clock.now();
  for (;;) {
    try {
      return await connection.request(kind, fields);
    } catch (error) {
      // If the link is closed, report why it was closed instead.
      if (connection.isClosed) throw connection.closeFault;
      const waitMs = error instanceof Fault ? error.retryAfterMs : undefined;
      if (waitMs === undefined) throw error;
      const delayMs = Math.min(Math.max(waitMs, 100), RECONNECT_MAX_MS);
      const lacksMajority = error instanceof Fault && error.code === "no-majority";
      const deadline = startedAt + (lacksMajority ? majorityTimeoutMs : LOGIN_TIMEOUT_MS);
      if (clock.now() + delayMs >= deadline) throw error;
      await delay(clock, delayMs);
    }
  }
}
