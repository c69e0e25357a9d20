/** Log-in, registration and rate limits for guesses. */

import { assert } from "../../base/assert.ts";
import { toBase64Url } from "../../base/bytes.ts";
import { asFault, Fault, msg } from "../../base/fault.ts";
import { ID_BYTES, type RoomId, type UserId, userId } from "../../base/ids.ts";
import {
  ACCOUNTS_PER_ADDRESS_HOUR_MAX,
  ACCOUNTS_PER_INVITER_HOUR_MAX,
  GUESSES_DELAYED_PER_ADDRESS_MAX,
  KNOWN_ADDRESSES_MAX,
  PASSWORD_CHECKS_MAX,
  PASSWORD_CHECKS_QUEUED_MAX,
  SESSIONS_PER_ACCOUNT_MAX,
  WRONG_SECRETS_MAX,
} from "../../base/limits.ts";
import {
  checkName,
  type FoldedName,
  foldName,
  isOperatorName,
  type Name,
} from "../../base/names.ts";
import { checkNewName } from "../../base/new-names.ts";
import { checkNewPassword, checkReadable } from "../../base/new-passwords.ts";
import { pastedText } from "../../base/text.ts";
import { NewestMap } from "../../core/evict.ts";
import { GuessLimiter, HourlyQuota, SharedGuessLimiter } from "../../core/rate.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import { ircPasswordSeq, looksLikeIrcPassword } from "../../core/rooms/irc-passwords.ts";
import { inviteUsedDraft, roleDraft } from "../../core/rooms/policy.ts";
import { registrationClosed } from "../../core/rooms/registration-closed.ts";
import { verifyDeviceProof } from "../../crypto/greeting.ts";
import { delay } from "../../io/clock.ts";
import { TaskQueue } from "../../io/task-queue.ts";
import type { RequestOf } from "../../wire/messages.ts";
import type { Draft, LogRecord } from "../../wire/record.ts";
import type { ServerContext } from "../kernel/context.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import { addressKey, isOwnHost } from "../session/connection-limits.ts";
import type { Admission, ConnectionLogin } from "../session/connection-state.ts";
import type { FloodGuard } from "../session/flood-guard.ts";
import { admitUdpConnection } from "../session/udp-connections.ts";
import type { Bans } from "./bans.ts";
import type { Invites } from "./invites.ts";
import { OperatorLink } from "./operator-link.ts";
import { hasCredential, hashOf, isCertifiedBy, isSignedOut, sameSecret } from "./secrets.ts";
import { VerifiedPasswords } from "./verified-passwords.ts";

export interface Passwords {
  hash(password: string): Promise<string>;
  verify(password: string, hash: string | undefined): Promise<boolean>;
}

interface AuthenticatorOptions extends ServerContext {
  readonly passwords: Passwords;
  readonly invites: Pick<Invites, "registrationInvite" | "checkUse">;
  readonly bans: Bans;
  readonly floodGuard: Pick<FloodGuard, "check">;
}

export interface GatewayLogin extends Pick<ConnectionLogin, "ircPassword"> {
  readonly account: Account;
}

export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #operatorLink: OperatorLink;
  readonly #guessing = new GuessLimiter();
  readonly #shared = new SharedGuessLimiter();
  /**
   * Number of delayed wrong answers by address. Only the number of links limits it, because a lower
   * limit would release wrong answers early.
   */
  readonly #delayed = new Map<string, number>();
  readonly #hashing = new TaskQueue({
    running: PASSWORD_CHECKS_MAX,
    waiting: PASSWORD_CHECKS_QUEUED_MAX,
  });
  /** Reserved for `#knownAddresses`, because strangers at many addresses can fill `#hashing`. */
  readonly #memberHashing = new TaskQueue({ waiting: PASSWORD_CHECKS_QUEUED_MAX });
  /** Addresses of log-ins since the start. Beyond the maximum, the oldest is forgotten. */
  readonly #knownAddresses = new NewestMap<string, true>(KNOWN_ADDRESSES_MAX);
  readonly #accountQueue = new TaskQueue({ waiting: PASSWORD_CHECKS_QUEUED_MAX });
  readonly #addressQueue = new TaskQueue({ waiting: PASSWORD_CHECKS_QUEUED_MAX });
  readonly #addressRate = new HourlyQuota(ACCOUNTS_PER_ADDRESS_HOUR_MAX);
  readonly #inviterRate = new HourlyQuota(ACCOUNTS_PER_INVITER_HOUR_MAX);
  readonly #verified: VerifiedPasswords;
  readonly #registering = new Map<FoldedName, Promise<void>>();

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
    this.#verified = new VerifiedPasswords(options.entropy);
    this.#operatorLink = new OperatorLink(options.clock, options.settings.operatorLink);
  }

  /**
   * Accepts the server password or an invite's token.
   * @throws {Fault} room-password-wrong, banned, too-many, or not-allowed if the invite is invalid
   */
  async admit(client: ClientConnection, { secret }: RequestOf<"admit">): Promise<void> {
    const { invites, bans } = this.#options;
    bans.checkClient(client);
    checkReadable(secret);
    const admission = admissionOf(client);
    let isAdmitted = false;
    // A valid token bypasses the delays that other clients cause, because 128 random bits cannot be
    // guessed.
    const isToken =
      this.#isOperatorToken(secret) ||
      this.#operatorLink.isUnused(secret) ||
      this.#options.invites.registrationInvite(secret) !== undefined;
    const check = (): Promise<boolean> => {
      const isPassword = this.#isRoomPassword(secret);
      const isLink = this.#operatorLink.isUnused(secret);
      admission.isOperator = this.#isOperatorToken(secret);
      admission.isVouched = admission.isOperator || isLink;
      const invite = invites.registrationInvite(secret);
      if (invite !== undefined) admission.invite = invite.id;
      isAdmitted = isPassword || admission.isVouched || invite !== undefined;
      return Promise.resolve(isAdmitted);
    };
    const refusal = new Fault("room-password-wrong", msg`wrong server password`);
    const guess = () => this.#guess(client, [], refusal, check);
    await (isToken ? guess() : this.#guessShared(client, "server", guess));
    admission.isAdmitted = isAdmitted;
  }

  #isOperatorToken(token: string): boolean {
    const { operatorToken } = this.#options.settings;
    return sameSecret(token, operatorToken ?? "") && operatorToken !== undefined;
  }

  #isRoomPassword(secret: string): boolean {
    const { settings, registry } = this.#options;
    return settings.roomPassword === undefined
      ? !registry.policy.isClosed
      : sameSecret(secret, settings.roomPassword);
  }

  async register(client: ClientConnection, request: RequestOf<"register">): Promise<Account> {
    const { registry, bans } = this.#options;
    bans.checkClient(client);
    this.#checkAdmitted(admissionOf(client));
    const name = this.#newName(request.user, admissionOf(client));
    const { user, accountKey, deviceKey, deviceCert } = request;
    if (!isCertifiedBy(deviceCert, this.#options.identity, { user, accountKey, deviceKey })) {
      throw new Fault("frame-malformed", "invalid device certificate");
    }
    const folded = foldName(name);
    // Wait, because a pending registration may be by this same user, who can then log in by
    // signature.
    while (this.#registering.has(folded)) await this.#registering.get(folded);
    const inviter = this.#inviterOf(admissionOf(client));
    registry.reserve(name, undefined, inviter === "operator");
    const done = Promise.withResolvers<void>();
    this.#registering.set(folded, done.promise);
    try {
      // Clients find out in this way whether a name is free, which does not count as an account.
      if (request.password === "") checkNewPassword(request.password);
      this.#checkRegistrationRate(client, inviter);
      await this.#createAccount(client, name, request);
    } finally {
      registry.release(name);
      this.#registering.delete(folded);
      done.resolve();
    }
    return this.#registeredAccount(name);
  }

  #inviterOf({ isVouched, invite: id }: Admission): UserId | "operator" | undefined {
    const { policy } = this.#options.registry;
    const invite = id === undefined ? undefined : policy.invite(id);
    if (isVouched || invite?.isByToken === true) return "operator";
    return invite !== undefined && policy.isOperator(invite.by) ? "operator" : invite?.by;
  }

  /** Loopback is exempt, because all clients behind a local proxy share it. */
  #checkRegistrationRate(client: ClientConnection, inviter: UserId | "operator" | undefined): void {
    if (inviter === "operator") return;
    const { host } = client.link.remote;
    const now = this.#options.clock.now();
    const remedy = "try again in an hour, or ask an operator for an invite";
    if (!isOwnHost(host)) {
      const message = `limit of ${ACCOUNTS_PER_ADDRESS_HOUR_MAX} accounts per hour and address`;
      this.#addressRate.take(addressKey(host), now, message, remedy);
    }
    if (inviter === undefined) return;
    const max = ACCOUNTS_PER_INVITER_HOUR_MAX;
    const message = `limit of ${max} new accounts per hour reached for this member's invites`;
    this.#inviterRate.take(inviter, now, message, remedy);
  }

  #checkAdmitted({ isAdmitted, isVouched, invite }: Admission): void {
    const { settings, registry } = this.#options;
    if (settings.roomPassword !== undefined && !isAdmitted) {
      throw new Fault("room-password-wrong", msg`registration requires the server password`, {
        remedy: msg`set CHAT_ROOM_PASSWORD, use --room-password-file, or use an invite`,
      });
    }
    if (registry.policy.isClosed && invite === undefined && !isVouched) {
      throw registrationClosed();
    }
  }

  /** Accepts a taken name, whose owner then receives name-taken and can log in. */
  #newName(text: string, { isOperator }: Admission): Name {
    const name = checkName(text);
    if (isOperator && isOperatorName(name)) return name;
    return this.#options.registry.find(name) === undefined ? checkNewName(text) : name;
  }

  /** Writes the records as one batch in this order, so a crash can lose only the last records. */
  async #createAccount(
    client: ClientConnection,
    name: Name,
    request: RequestOf<"register">,
  ): Promise<void> {
    const { registry, entropy, invites } = this.#options;
    const { password, accountKey, deviceKey, deviceCert } = request;
    const hash =
      password === undefined
        ? undefined
        : await this.#inAddressQueue(client, () => this.#hash(password, this.#queueOf(client)));
    const admission = admissionOf(client);
    const id = userId(entropy(ID_BYTES));
    const drafts = [registry.accountDraft(id, { name, accountKey, deviceKey, deviceCert })];
    if (hash !== undefined) drafts.unshift(registry.passwordDraft(id, hash));
    const { invite } = admission;
    if (invite !== undefined) drafts.unshift(inviteUsedDraft(invite, id));
    await this.#record(() => {
      if (invite !== undefined) invites.checkUse(invite);
      this.#checkAdmitted(admission);
      registry.checkFree(name);
      return drafts;
    });
    if (invite !== undefined) admission.invited = id;
  }

  async #record(decide: () => readonly Draft[]): Promise<void> {
    try {
      await this.#options.kernel.transact(decide);
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== "no-majority") throw error;
      // Omit the retry time, so that clients report the fault instead of retrying.
      throw new Fault(error.code, error.message, { cause: error, remedy: error.remedy });
    }
  }

  async login(client: ClientConnection, request: RequestOf<"login">): Promise<Account> {
    const { registry, bans } = this.#options;
    bans.checkClient(client);
    const name = checkName(request.user);
    const account = registry.find(name);
    if (request.signature !== undefined) return this.#loginByDevice(client, request, account);
    const { password, deviceKey } = request;
    if (password === undefined) {
      throw new Fault("frame-malformed", "log-in requires a signature or a password");
    }
    checkReadable(password);
    const owner = this.#passwordOwner(request, account);
    // Somebody who registers with a full name must not count as guessing.
    if (owner === undefined && request.displayName !== undefined && this.#mayRegister(client))
      throw loginRefused();
    await this.#guessPassword(client, guessKeys(owner?.name ?? name), () =>
      this.#verifyInQueue(client, password, owner?.passwordHash),
    );
    const known = this.#verifiedAccount(owner);
    await this.#addDevice(known, deviceKey);
    return known;
  }

  /** Account whose name or display name was typed. Display names differ from each other. */
  #passwordOwner(
    { user, displayName }: RequestOf<"login">,
    account: Account | undefined,
  ): Account | undefined {
    const { registry } = this.#options;
    if (displayName === undefined) return account ?? registry.findByDisplayName(user);
    return registry.findByDisplayName(displayName) ?? account;
  }

  #mayRegister(client: ClientConnection): boolean {
    try {
      this.#checkAdmitted(admissionOf(client));
      return true;
    } catch (error) {
      asFault(error);
      return false;
    }
  }

  /**
   * Accepts an IRC password or the account's password, and adds no device.
   * @throws {Fault} login-refused, banned, too-fast or too-many
   */
  async loginGateway(client: ClientConnection, user: string, typed: string): Promise<GatewayLogin> {
    this.#options.bans.checkClient(client);
    const name = checkName(user);
    checkReadable(typed);
    // A copy may have spaces around it, or invisible characters inside.
    const copied = pastedText(typed);
    const password = looksLikeIrcPassword(copied) ? copied : typed;
    const account = this.#options.registry.find(name);
    // A valid IRC password bypasses the delays that other clients cause, because 128 random bits
    // cannot be guessed.
    const ircPassword = account && ircPasswordSeq(account, hashOf(password));
    if (ircPassword === undefined) {
      // A client that retries a revoked IRC password must not delay the account's other log-ins.
      const names = looksLikeIrcPassword(password) ? [] : guessKeys(account?.name ?? name);
      await this.#guessPassword(client, names, () => this.#verifyOnce(client, password, account));
    }
    return { account: this.#verifiedAccount(account), ircPassword };
  }

  async #verifyOnce(
    client: ClientConnection,
    password: string,
    account: Account | undefined,
  ): Promise<boolean> {
    if (account !== undefined && this.#verified.has(account, password)) return true;
    const hash = account?.passwordHash;
    const isCorrect = await this.#verifyInQueue(client, password, hash);
    if (!isCorrect || account === undefined || account.passwordHash !== hash) return false;
    this.#verified.add(account, password);
    return true;
  }

  /** Forgets a verified password when the account's password changes. */
  onAccountRecord({ head: { kind, room } }: LogRecord): void {
    if (kind === "password" || kind === "account-gone") this.#verified.delete(room as UserId);
  }

  #guessPassword(
    client: ClientConnection,
    names: readonly string[],
    check: () => Promise<boolean>,
  ): Promise<void> {
    return this.#guess(client, names, loginRefused(), check);
  }

  /** Does not look the name up again, because it could now belong to a different account. */
  #verifiedAccount(account: Account | undefined): Account {
    if (account === undefined || account.isRemoved) throw loginRefused();
    this.#options.bans.checkAccount(account);
    this.#checkSessions(account);
    return account;
  }

  async #addDevice(account: Account, deviceKey: Uint8Array): Promise<void> {
    const { registry, kernel, peers } = this.#options;
    const isOnline = (device: string) =>
      peers.of(account.id).some(({ member }) => member?.device === device);
    for (;;) {
      const record = await kernel.transact(() => {
        const draft = registry.passwordDeviceDraft(account, deviceKey, isOnline);
        return draft === undefined ? [] : [draft];
      });
      if (record === undefined) return;
      if (record.head.kind === "device-gone") this.#closeRemovedDevice(account);
    }
  }

  #closeRemovedDevice(account: Account): void {
    const fault = new Fault(
      "login-refused",
      msg`this device was signed out to make room for another`,
      { remedy: msg`log in again` },
    );
    const isTarget = ({ member }: ClientConnection) => isSignedOut(account, member);
    this.#options.peers.close(account.id, fault, isTarget);
  }

  /** Repeats the checks after the write, because the account may have changed in the meantime. */
  refusal(client: ClientConnection, account: Account): Fault | undefined {
    try {
      this.#options.bans.checkClient(client);
      this.#options.bans.checkAccount(account);
      this.#checkSessions(account);
      const { state } = client;
      const login = state.kind === "unauthenticated" ? state.login : undefined;
      const isValid = login !== undefined && hasCredential(account, login) && !account.isRemoved;
      if (!isValid) throw unknownDevice();
      admitUdpConnection(this.#options.peers, client, account, "session");
      return undefined;
    } catch (error) {
      if (error instanceof Fault) return error;
      throw error;
    }
  }

  /**
   * An account without a password may set its first password.
   * @throws {Fault} login-refused or too-many
   */
  async checkCurrent(
    client: ClientConnection,
    { name, passwordHash }: Account,
    current: string | undefined,
  ): Promise<void> {
    if (passwordHash === undefined) return;
    if (current === undefined) {
      throw new Fault("login-refused", msg`the current password is required`, {
        remedy: msg`use CHAT_PASSWORD or --password-file; if you lost it: ${"chat passwd --reset"}`,
      });
    }
    checkReadable(current);
    const check = () => this.#memberHashing.run(() => this.#verify(current, passwordHash));
    const refusal = new Fault("login-refused", msg`wrong current password`);
    await this.#guess(client, guessKeys(name), refusal, check);
  }

  hash(user: UserId, password: string): Promise<string> {
    return this.#accountQueue.runFor(user, () => this.#hash(password, this.#memberHashing));
  }

  onLogin(client: ClientConnection): void {
    this.#knownAddresses.set(addressKey(client.link.remote.host), true);
  }

  #queueOf({ link }: ClientConnection): TaskQueue {
    const isKnown = this.#knownAddresses.has(addressKey(link.remote.host));
    return isKnown ? this.#memberHashing : this.#hashing;
  }

  #inAddressQueue<Result>(client: ClientConnection, task: () => Promise<Result>): Promise<Result> {
    return this.#addressQueue.runFor(addressKey(client.link.remote.host), async () => {
      if (client.isClosed) throw new Fault("link-closed", "the connection is closed");
      return task();
    });
  }

  async #hash(password: string, queue: TaskQueue): Promise<string> {
    if (password === "") {
      throw new Fault("usage", msg`the password is empty`, {
        remedy: msg`choose another password`,
      });
    }
    return queue.run(() => this.#options.passwords.hash(password));
  }

  /** Also accepts an invite token for this room, and consumes one use of the invite. */
  async guessRoomPassword(
    client: ClientConnection,
    password: string,
    { hash, room, user }: { readonly hash: string; readonly room: RoomId; readonly user: UserId },
  ): Promise<void> {
    checkReadable(password);
    const { invites } = this.#options;
    const invite = invites.registrationInvite(password);
    if (invite?.room === room) {
      const drafts = [inviteUsedDraft(invite.id, user)];
      return this.#record(() => {
        invites.checkUse(invite.id);
        return drafts;
      });
    }
    const check = () =>
      this.#accountQueue.runFor(user, () =>
        this.#memberHashing.run(() => this.#verify(password, hash)),
      );
    const refusal = new Fault("room-password-wrong", msg`wrong password for this room`);
    await this.#guessShared(client, room, () => this.#guess(client, [], refusal, check));
  }

  countRemoteGuess(keys: readonly string[]): void {
    const now = this.#options.clock.now();
    const secrets = keys.filter((key) => key.startsWith(SECRET_PREFIX));
    for (const secret of secrets) this.#shared.begin(secret.slice(SECRET_PREFIX.length), now);
    const counted = keys.filter((key) => !key.startsWith(SECRET_PREFIX));
    for (const address of counted.filter((key) => key.startsWith(ADDRESS_PREFIX))) {
      void this.#delay(address, this.#guessing.delayMs([address], now));
    }
    this.#guessing.wrong(counted, now);
  }

  clearRemoteGuess(keys: readonly string[]): void {
    const secrets = keys.filter((key) => key.startsWith(SECRET_PREFIX));
    for (const secret of secrets) this.#shared.right(secret.slice(SECRET_PREFIX.length));
    this.#guessing.right(keys.filter((key) => !key.startsWith(SECRET_PREFIX)));
  }

  #publish(kind: "guess" | "guessed", keys: readonly string[]): void {
    if (keys.length > 0) this.#options.siblings.publish({ kind, keys });
  }

  async guessCode<Found>(
    client: ClientConnection,
    refusal: Fault,
    find: () => Found | undefined,
  ): Promise<Found> {
    this.#options.bans.checkClient(client);
    let found: Found | undefined;
    await this.#guess(client, [], refusal, () => {
      found = find();
      return Promise.resolve(found !== undefined);
    });
    if (found === undefined) throw refusal;
    return found;
  }

  /**
   * The operator's token grants the rights to this session. The operator link grants them to the
   * account, also after a restart, but not again to an account that has lost them.
   */
  async operate(client: ClientConnection, account: Account, token: string): Promise<void> {
    const { registry, kernel } = this.#options;
    const link = this.#operatorLink;
    const refusal = new Fault("login-refused", msg`wrong operator token`);
    await this.#guess(client, [], refusal, () => {
      const isOwner = link.claim(token, account.id);
      const isCurrent = !link.isGranted || registry.policy.isOperator(account.id);
      return Promise.resolve(this.#isOperatorToken(token) || (isOwner && isCurrent));
    });
    if (this.#isOperatorToken(token)) {
      if (client.member?.account === account) client.member.isOperator = true;
      return;
    }
    const role = roleDraft(account.id, account.id, true);
    await kernel.transact(() => (registry.policy.isOperator(account.id) ? [] : [role]));
    link.granted();
  }

  #loginByDevice(
    client: ClientConnection,
    { user, deviceKey, signature }: RequestOf<"login">,
    account: Account | undefined,
  ): Account {
    const { handshake } = client;
    const isSigned =
      handshake !== undefined &&
      signature !== undefined &&
      [client.link.certificateHash, ...handshake.proxyCertificates].some((certificateHash) =>
        verifyDeviceProof(deviceKey, { certificateHash, ...handshake }, user, signature),
      );
    if (!isSigned || account?.devices.has(toBase64Url(deviceKey)) !== true) {
      throw unknownDevice();
    }
    this.#options.bans.checkAccount(account);
    this.#checkSessions(account);
    return account;
  }

  #verifyInQueue(
    client: ClientConnection,
    password: string,
    hash: string | undefined,
  ): Promise<boolean> {
    return this.#inAddressQueue(client, () =>
      this.#queueOf(client).run(() => this.#verify(password, hash)),
    );
  }

  #verify(password: string, hash: string | undefined): Promise<boolean> {
    return this.#options.passwords.verify(password, hash);
  }

  #registeredAccount(name: string): Account {
    const account = this.#options.registry.find(checkName(name));
    if (account === undefined) throw loginRefused();
    return account;
  }

  #checkSessions(account: Account): void {
    this.#options.floodGuard.check(account.id);
    if (this.#options.peers.of(account.id).length < SESSIONS_PER_ACCOUNT_MAX) return;
    const message = `${account.name} has reached the limit of ${SESSIONS_PER_ACCOUNT_MAX} sessions`;
    throw new Fault("too-many", message);
  }

  async #guessShared(
    client: ClientConnection,
    secret: string,
    guess: () => Promise<void>,
  ): Promise<void> {
    const { clock } = this.#options;
    const delayMs = this.#shared.begin(secret, clock.now());
    this.#publish("guess", [`${SECRET_PREFIX}${secret}`]);
    if (delayMs > 0) {
      client.notify({ kind: "guess-delay", waitMs: delayMs, of: "everyone" });
      await delay(clock, delayMs);
    }
    if (client.isClosed) throw new Fault("link-closed", "the connection is closed");
    await guess();
    this.#shared.right(secret);
    this.#publish("guessed", [`${SECRET_PREFIX}${secret}`]);
  }

  async #guess(
    client: ClientConnection,
    names: readonly string[],
    refusal: Fault,
    check: () => Promise<boolean>,
  ): Promise<void> {
    const { clock } = this.#options;
    const address = `${ADDRESS_PREFIX}${addressKey(client.link.remote.host)}`;
    const isDelayed = (this.#delayed.get(address) ?? 0) >= GUESSES_DELAYED_PER_ADDRESS_MAX;
    const requestedAt = clock.now();
    const delayMs = this.#guessing.delayMs(isDelayed ? [address, ...names] : names, requestedAt);
    this.#sendDelay(client, address, names);
    this.#guessing.begin(names);
    // Publish the guess before the check, so that simultaneous guesses on all servers are counted.
    this.#publish("guess", names);
    try {
      if (delayMs > 0) await delay(clock, delayMs);
      const isCorrect = !client.isClosed && (await check());
      // A client that has disconnected must not learn the result of its guess.
      if (client.isClosed) throw new Fault("link-closed", "the connection is closed");
      if (isCorrect) {
        this.#guessing.right(names);
        this.#publish("guessed", names);
        client.wrongSecrets = 0;
        return;
      }
      client.wrongSecrets++;
      await this.#delayWrongAnswer(address, names, requestedAt);
      throw refusal;
    } finally {
      this.#guessing.end(names);
    }
  }

  #sendDelay(client: ClientConnection, address: string, names: readonly string[]): void {
    const now = this.#options.clock.now();
    const byAddress = this.#guessing.delayMs([address], now);
    const byAccount = this.#guessing.delayMs(names, now);
    const waitMs = Math.max(byAddress, byAccount);
    if (waitMs === 0) return;
    const of = byAddress >= byAccount ? "address" : "account";
    client.notify({ kind: "guess-delay", waitMs, of });
  }

  /** Delays the answer even if the client has disconnected, less the time already waited. */
  async #delayWrongAnswer(
    address: string,
    names: readonly string[],
    requestedAt: number,
  ): Promise<void> {
    const { clock } = this.#options;
    const waitedMs = clock.now() - requestedAt;
    const delayMs = Math.max(0, this.#guessing.delayMs([address], clock.now()) - waitedMs);
    this.#guessing.wrong([address, ...names], clock.now());
    this.#publish("guess", [address]);
    await this.#delay(address, delayMs);
  }

  async #delay(address: string, delayMs: number): Promise<void> {
    if (delayMs === 0) return;
    this.#delayed.set(address, (this.#delayed.get(address) ?? 0) + 1);
    try {
      await delay(this.#options.clock, delayMs);
    } finally {
      const remaining = (this.#delayed.get(address) ?? 1) - 1;
      if (remaining === 0) this.#delayed.delete(address);
      else this.#delayed.set(address, remaining);
    }
  }
}

const SECRET_PREFIX = "secret:";
const ADDRESS_PREFIX = "address:";

function guessKeys(name: Name): string[] {
  return [`name:${foldName(name)}`];
}

export function hasGuessedTooOften(client: ClientConnection): boolean {
  return client.wrongSecrets >= WRONG_SECRETS_MAX;
}

function admissionOf({ handshake }: ClientConnection): Admission {
  assert(handshake !== undefined, "the handshake is complete");
  return handshake.admission;
}

function loginRefused(): Fault {
  return new Fault("login-refused", msg`the name and the password do not match`);
}

function unknownDevice(): Fault {
  return new Fault("login-refused", msg`this device cannot sign in as that user`);
}
