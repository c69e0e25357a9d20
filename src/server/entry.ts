import { equalBytes, toBase64Url, utf8Encode } from "../base/bytes.ts";
import { Fault } from "../base/fault.ts";
import { ID_BYTES, type RoomId, type UserId, userId } from "../base/ids.ts";
import {
  GUESSES_HELD_PER_ADDRESS_MAX,
  PASSWORD_CHECKS_MAX,
  PASSWORD_CHECKS_WAITING_MAX,
  SESSIONS_PER_ACCOUNT_MAX,
  WRONG_SECRETS_MAX,
} from "../base/limits.ts";
import { checkName, type FoldedName, foldName, type Name } from "../base/names.ts";
import { inviteUsedDraft } from "../core/house-rules.ts";
import { Guessing } from "../core/rate.ts";
import type { Account, Registry } from "../core/registry.ts";
import { verifyDeviceCert } from "../crypto/device-cert.ts";
import { verifyDeviceProof } from "../crypto/greeting.ts";
import { sha256 } from "../crypto/sha256.ts";
import type { Clock } from "../io/clock.ts";
import type { Entropy } from "../io/entropy.ts";
import type { Log } from "../io/log.ts";
import { type Fingerprint, formatFingerprint } from "../wire/fingerprint.ts";
import type { RequestOf } from "../wire/messages.ts";
import type { Draft } from "../wire/record.ts";
import { addressKey } from "./addresses.ts";
import type { Bans } from "./bans.ts";
import type { Invites } from "./invites.ts";
import type { OperatorLink } from "./operator-link.ts";
import type { Peer } from "./peer.ts";
import { FairQueue, WorkQueue } from "./work-queue.ts";

/** Hashing of passwords: slow on purpose, so a world brings its own. */
export interface Passwords {
  hash(password: string): Promise<string>;
  /** Takes as long for an absent hash as for a wrong password. */
  verify(password: string, hash: string | undefined): Promise<boolean>;
}

export interface EntryOptions {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly registry: Registry;
  readonly accounts: Pick<Log, "append">;
  readonly passwords: Passwords;
  readonly fingerprint: Fingerprint;
  /** Undefined: whoever comes may register. */
  readonly roomPassword: string | undefined;
  readonly sessionsOf: (account: Account) => number;
  /** Whoever shows it in place of the room password may register in any case. */
  readonly operatorToken: string | undefined;
  /** The token of the link for the page. */
  readonly operatorLink: OperatorLink;
  readonly invites: Pick<Invites, "admission" | "begin" | "end">;
  readonly bans: Bans;
}

/**
 * The door: who may come in, and as whom. Every refusal is a Fault that the session answers with;
 * secrets are compared in constant time and guesses are slowed.
 */
export class Entry {
  readonly #options: EntryOptions;
  readonly #guessing = new Guessing();
  /**
   * Wrong answers that are held back, by address. Bounded by the links, each of which goes after
   * WRONG_SECRETS_MAX: a bound of its own would let wrong answers out early once it is reached.
   */
  readonly #held = new Map<string, number>();
  readonly #hashing = new WorkQueue(PASSWORD_CHECKS_MAX, PASSWORD_CHECKS_WAITING_MAX);
  /** By account: who is in takes one place of those at most, and leaves the rest to log-ins. */
  readonly #turns = new FairQueue(1, PASSWORD_CHECKS_WAITING_MAX);
  /** Names that are on their way to the disk; as many as there are links. */
  readonly #registering = new Map<FoldedName, Promise<void>>();

  constructor(options: EntryOptions) {
    this.#options = options;
  }

  /**
   * By the room password or an invite's token.
   * @throws Fault room-password-wrong, not-allowed (a spent invite), banned, too-many
   */
  async admit(peer: Peer, { secret }: RequestOf<"admit">): Promise<void> {
    const { invites, bans } = this.#options;
    bans.checkPeer(peer);
    let isAdmitted = false;
    const check = (): Promise<boolean> => {
      const isPassword = this.#isRoomPassword(secret); // Always, so that all take as long.
      const isLink = this.#options.operatorLink.isFresh(secret);
      peer.isVouched = this.#isOperatorToken(secret) || isLink;
      const invite = invites.admission(secret);
      if (invite !== undefined) peer.invite = invite.id;
      isAdmitted = isPassword || peer.isVouched || invite !== undefined;
      return Promise.resolve(isAdmitted);
    };
    await this.#guess(peer, [], "room-password-wrong", "the room password is another one", check);
    peer.isAdmitted = isAdmitted;
  }

  #isOperatorToken(given: string): boolean {
    const { operatorToken } = this.#options;
    return sameSecret(given, operatorToken ?? "") && operatorToken !== undefined;
  }

  #isRoomPassword(secret: string): boolean {
    const { roomPassword, registry } = this.#options;
    return roomPassword === undefined ? !registry.rules.isClosed : sameSecret(secret, roomPassword);
  }

  /** @throws Fault room-password-wrong, name-invalid, name-taken, too-many, store-… */
  async register(peer: Peer, request: RequestOf<"register">): Promise<Account> {
    const { registry, bans } = this.#options;
    bans.checkPeer(peer);
    this.#checkAdmitted(peer);
    const name = checkName(request.user);
    this.#checkCert(request);
    const folded = foldName(name);
    // Taken is taken: whoever hears of it may be the same person, who then logs in by signature.
    while (this.#registering.has(folded)) await this.#registering.get(folded);
    registry.reserve(name);
    const done = Promise.withResolvers<void>();
    this.#registering.set(folded, done.promise);
    try {
      await this.#enrol(peer, name, request);
    } finally {
      registry.release(name);
      this.#registering.delete(folded);
      done.resolve();
    }
    return this.#enrolled(name);
  }

  /** @throws Fault room-password-wrong, not-allowed */
  #checkAdmitted(peer: Peer): void {
    const { roomPassword, registry } = this.#options;
    if (roomPassword !== undefined && !peer.isAdmitted) {
      throw new Fault("room-password-wrong", "this server asks for its room password first", {
        remedy: "give it as CHAT_ROOM_PASSWORD, with --room-password-file, or use an invite",
      });
    }
    if (registry.rules.isClosed && peer.invite === undefined && !peer.isVouched) {
      throw new Fault("not-allowed", "registration is closed", { remedy: "ask for an invite" });
    }
  }

  /** In one batch of the log, in this order: what a crash cuts off is the newer. */
  async #enrol(peer: Peer, name: Name, request: RequestOf<"register">): Promise<void> {
    const { registry, accounts, entropy } = this.#options;
    const { password, accountKey, deviceKey, deviceCert } = request;
    const hash = password === undefined ? undefined : await this.#hash(password);
    const id = userId(entropy(ID_BYTES));
    const drafts = [registry.accountDraft(id, { name, accountKey, deviceKey, deviceCert })];
    if (hash !== undefined) drafts.unshift(registry.passwordDraft(id, hash));
    const { invite } = peer;
    if (invite !== undefined) {
      await this.#withInvite(invite, [inviteUsedDraft(invite, id), ...drafts]);
      peer.invited = id;
      return;
    }
    await Promise.all(drafts.map((draft) => accounts.append(draft)));
  }

  /** One use of it goes with these records, and is on the disk no later than they. */
  async #withInvite(invite: string, drafts: readonly Draft[]): Promise<void> {
    const { accounts, invites } = this.#options;
    invites.begin(invite);
    try {
      await Promise.all(drafts.map((draft) => accounts.append(draft)));
    } finally {
      invites.end(invite);
    }
  }

  /** @throws Fault login-refused, banned, too-many, store-… */
  async login(peer: Peer, request: RequestOf<"login">): Promise<Account> {
    const { registry, bans } = this.#options;
    bans.checkPeer(peer);
    const name = checkName(request.user);
    const account = registry.find(name);
    if (request.signature !== undefined) return this.#loginByDevice(peer, request, account);
    const { password, deviceKey } = request;
    if (password === undefined) {
      throw new Fault("frame-malformed", "a log-in needs a signature or a password");
    }
    await this.#guess(
      peer,
      [`name:${foldName(name)}`],
      "login-refused",
      "wrong password or no such name",
      () => this.#hashing.run(() => this.#verify(password, account?.passwordHash)),
    );
    const known = this.#enrolled(name);
    bans.checkAccount(known);
    this.#checkSessions(known);
    const draft = registry.deviceDraft(known, deviceKey);
    if (draft !== undefined) await this.#options.accounts.append(draft);
    return known;
  }

  /** Why whoever was let in may not enter after all: the disk took its time, and others acted. */
  refusal(peer: Peer, account: Account): Fault | undefined {
    try {
      this.#options.bans.checkPeer(peer);
      this.#options.bans.checkAccount(account);
      this.#checkSessions(account);
    } catch (error) {
      if (error instanceof Fault) return error;
      throw error;
    }
    return account.devices.has(peer.device) ? undefined : foreignDevice();
  }

  /** For a member. @throws Fault usage, too-many */
  hash(user: UserId, password: string): Promise<string> {
    return this.#turns.run(user, () => this.#hash(password));
  }

  async #hash(password: string): Promise<string> {
    if (password === "") throw new Fault("usage", "a password cannot be empty");
    return this.#hashing.run(() => this.#options.passwords.hash(password));
  }

  /**
   * A guess at a room's own password, slowed and counted like any other. The token of an invite
   * into this room does as well, and is used by it.
   */
  async guessRoom(
    peer: Peer,
    password: string,
    { hash, room, user }: { readonly hash: string; readonly room: RoomId; readonly user: UserId },
  ): Promise<void> {
    const invite = this.#options.invites.admission(password);
    if (invite?.room === room) {
      const drafts = [inviteUsedDraft(invite.id, user)];
      return this.#withInvite(invite.id, drafts);
    }
    await this.#guess(peer, [], "room-password-wrong", "the room's password is another one", () =>
      this.#turns.run(user, () => this.#hashing.run(() => this.#verify(password, hash))),
    );
  }

  /** A guess at the code of another device. @throws Fault login-refused, banned, too-many */
  async guessLink(peer: Peer, sentence: string, check: () => boolean): Promise<void> {
    this.#options.bans.checkPeer(peer);
    await this.#guess(peer, [], "login-refused", sentence, () => Promise.resolve(check()));
  }

  /** A guess at the operator token. @throws Fault login-refused, too-many */
  async guessOperator(peer: Peer, token: string): Promise<void> {
    await this.#guess(peer, [], "login-refused", "the operator token is another one", () => {
      const isLink = this.#options.operatorLink.opens(token, peer);
      return Promise.resolve(this.#isOperatorToken(token) || isLink);
    });
  }

  #loginByDevice(
    peer: Peer,
    { user, deviceKey, signature }: RequestOf<"login">,
    account: Account | undefined,
  ): Account {
    const { certificateHash } = peer.link;
    const { clientNonce, serverNonce } = peer;
    const greeting = { certificateHash, clientNonce, serverNonce };
    const isSigned =
      signature !== undefined && verifyDeviceProof(deviceKey, greeting, user, signature);
    if (!isSigned || account?.devices.has(toBase64Url(deviceKey)) !== true) {
      throw foreignDevice();
    }
    this.#options.bans.checkAccount(account);
    this.#checkSessions(account);
    return account;
  }

  #verify(password: string, hash: string | undefined): Promise<boolean> {
    return this.#options.passwords.verify(password, hash);
  }

  #enrolled(name: string): Account {
    const account = this.#options.registry.find(checkName(name));
    if (account === undefined) throw new Fault("login-refused", "wrong password or no such name");
    return account;
  }

  #checkSessions(account: Account): void {
    if (this.#options.sessionsOf(account) < SESSIONS_PER_ACCOUNT_MAX) return;
    const sentence = `${account.name} is in ${SESSIONS_PER_ACCOUNT_MAX} times, which is the most`;
    throw new Fault("too-many", sentence);
  }

  #checkCert({ user, deviceKey, accountKey, deviceCert }: RequestOf<"register">): void {
    const cert = verifyDeviceCert(deviceCert);
    const fits =
      cert !== undefined &&
      cert.user === user &&
      cert.server === formatFingerprint(this.#options.fingerprint) &&
      cert.dev === toBase64Url(deviceKey) &&
      cert.uik === toBase64Url(accountKey);
    if (!fits) throw new Fault("frame-malformed", "the device certificate does not fit");
  }

  /** Holds a guess back as long as earlier wrong ones earned, then counts it. */
  async #guess(
    peer: Peer,
    names: readonly string[],
    code: "login-refused" | "room-password-wrong",
    sentence: string,
    check: () => Promise<boolean>,
  ): Promise<void> {
    const { clock } = this.#options;
    const address = `address:${addressKey(peer.link.remote.host)}`;
    const isHeldUp = (this.#held.get(address) ?? 0) >= GUESSES_HELD_PER_ADDRESS_MAX;
    const delayMs = this.#guessing.delayMs(isHeldUp ? [address, ...names] : names, clock.now());
    this.#guessing.begin(names);
    try {
      if (delayMs > 0) await delay(clock, delayMs);
      const isRight = !peer.isClosed && (await check());
      // Whoever was shown out meanwhile gets nothing for a guess that was still under way.
      if (peer.isClosed) throw new Fault("link-closed", "the connection is closed");
      if (isRight) {
        this.#guessing.right(names);
        peer.wrongSecrets = 0;
        return;
      }
      peer.wrongSecrets++;
      await this.#holdBack(address, names);
      throw new Fault(code, sentence);
    } finally {
      this.#guessing.end(names);
    }
  }

  /** A wrong answer comes as late as the ones before it earned, whether anybody waits or not. */
  async #holdBack(address: string, names: readonly string[]): Promise<void> {
    const { clock } = this.#options;
    const delayMs = this.#guessing.delayMs([address], clock.now());
    this.#guessing.wrong([address, ...names], clock.now());
    if (delayMs === 0) return;
    this.#held.set(address, (this.#held.get(address) ?? 0) + 1);
    try {
      await delay(clock, delayMs);
    } finally {
      const left = (this.#held.get(address) ?? 1) - 1;
      if (left === 0) this.#held.delete(address);
      else this.#held.set(address, left);
    }
  }
}

/** Whether the peer has guessed often enough to be shown out. */
export function guessedTooOften(peer: Peer): boolean {
  return peer.wrongSecrets >= WRONG_SECRETS_MAX;
}

function foreignDevice(): Fault {
  return new Fault("login-refused", "this device does not sign in for that name");
}

function delay(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => clock.after(delayMs, resolve));
}

function sameSecret(one: string, other: string): boolean {
  return equalBytes(sha256(utf8Encode(one)), sha256(utf8Encode(other)));
}
