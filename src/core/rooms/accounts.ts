/** Registry of accounts and devices, built from the accounts log. */

import { assert, unreachable } from "../../base/assert.ts";
import { toBase64Url, tryBase64Url } from "../../base/bytes.ts";
import { skeletonsOf } from "../../base/display-names.ts";
import { Fault, msg } from "../../base/fault.ts";
import type { RoomId, UserId } from "../../base/ids.ts";
import {
  ACCOUNTS_MAX,
  ACCOUNTS_RESERVED,
  DEVICES_PER_ACCOUNT_MAX,
  IGNORED_MAX,
  PREDECESSORS_MAX,
} from "../../base/limits.ts";
import { type FoldedName, foldName, isName, type Name } from "../../base/names.ts";
import { clampUnixMs, DAY_MS } from "../../base/time.ts";
import { type Body, fieldsOf, hasTrait, isOfLog, kindsWith } from "../../wire/kinds.ts";
import {
  type Draft,
  type FoldedHead,
  type FoldedRecord,
  type JsonObject,
  parseBody,
} from "../../wire/record.ts";
import { NewestMap, setNewest } from "../evict.ts";
import { SmallMap } from "../small-map.ts";
import { avatarsAfter } from "./avatars.ts";
import { FormerNames } from "./former-names.ts";
import { type IrcPassword, ircPasswordsAfter, ircPasswordsGoneDraft } from "./irc-passwords.ts";
import { bannedFault, SERVER_ROOM, ServerPolicy } from "./policy.ts";
import { AccountPrefs } from "./prefs.ts";
import type { Directory } from "./targets.ts";

export interface Account {
  readonly id: UserId;
  readonly sinceUnixMs: number;
  name: Name;
  displayName?: string | undefined;
  /** Id of the user in another system, such as the school's. Only operators see it. */
  externalId?: string | undefined;
  /** Removed accounts cannot log in, but their messages keep the name. */
  isRemoved: boolean;
  readonly accountKey: Uint8Array;
  /** PHC string of an argon2id hash; `undefined` if only linked devices can log in. */
  passwordHash: string | undefined;
  passwordSeq: number | undefined;
  /** Single-use code for setting a new password. Every new password invalidates it. */
  reset: PasswordReset | undefined;
  readonly devices: SmallMap<string, Device>;
  /** The keys are the seqs of the passwords' records. */
  ircPasswords: ReadonlyMap<number, IrcPassword>;
  /** Whether an operator created the account, and its user did not register. */
  readonly isEnrolled: boolean;
  /** As declared by its user. */
  isBot: boolean;
  /** Seqs of unerased pictures. The last one is current; an interrupted change leaves others. */
  avatars: readonly number[];
  /** Seq of the last record that ended a device's or password's access; 0 if there is none. */
  revokedSeq: number;
  readonly ignored: Set<UserId>;
  prefs?: AccountPrefs | undefined;
  /** Seq of the account's last record, and the number that it has among them. */
  lastSeq: number;
  lastN: number;
}

export interface PasswordReset {
  readonly hash: string;
  readonly expires: number;
  readonly signsOut: boolean;
}

/** Why a code no longer works, which only its holder learns. */
export type EndOfReset = "expired" | "replaced" | "used";

export interface Device {
  /** False if the device was enrolled with a password and not signed with the account key. */
  readonly certified: boolean;
  readonly sinceSeq: number;
  readonly sinceUnixMs: number;
  /** Time of the last known log-in. Before the server's last start, only the day is known. */
  readonly seenUnixMs?: number;
  readonly label?: string;
}

export interface Predecessor {
  readonly key: Uint8Array;
  readonly signature: Uint8Array;
}

export interface Enrolment {
  readonly name: Name;
  readonly accountKey: Uint8Array;
  readonly deviceKey: Uint8Array;
  readonly deviceCert: Uint8Array;
}

/** Shared by all accounts without IRC passwords, to save memory. */
const NO_IRC_PASSWORDS: ReadonlyMap<number, IrcPassword> = new Map();
const NO_AVATARS: readonly number[] = [];

const REVOKING_KINDS: ReadonlySet<string> = kindsWith("revoking");

/** More than the cards of one school. An older code is unknown. */
const ENDED_RESETS_MAX = 10_000;

/** Passwords remembered without an account. Exceeds the number of concurrent registrations. */
const EARLY_PASSWORDS_MAX = 1_024;

export class Registry {
  readonly #byName = new Map<FoldedName, Account>(); // `reserve` enforces ACCOUNTS_MAX.
  /** A former name still resolves to its account and cannot be registered. */
  readonly #former = new FormerNames<Account>();
  readonly #byId = new Map<UserId, Account>();
  readonly #byDisplaySkeleton = new Map<string, Account>();
  readonly #byExternalId = new Map<string, Account>();
  /**
   * Accounts by the skeletons of the names that they have had; `undefined` if several accounts
   * share one. Built when the first display name is set.
   */
  #bySkeleton: Map<string, Account | undefined> | undefined;
  #removedCount = 0;
  /** Passwords whose account record should follow; otherwise the registration was interrupted. */
  readonly #earlyPasswords = new Map<UserId, { readonly hash: string; readonly seq: number }>();
  readonly #byReset = new Map<string, Account>();
  readonly #endedResets = new NewestMap<string, EndOfReset>(ENDED_RESETS_MAX);
  readonly #roomPasswords = new Map<RoomId, string>();
  readonly #reserved = new Set<FoldedName>();
  /**
   * `seq` of the account's previous record, by the `seq` of a record; negative if other users must
   * not learn of the record.
   */
  readonly #previousSeqs: number[] = [];

  readonly policy = new ServerPolicy();

  readonly allNames: Directory<Account> = { find: (name) => this.findWithRemoved(name) };

  readonly predecessors: Predecessor[] = [];
  successor: Uint8Array | undefined;

  head = 0;
  namesVersion = 0;

  find(name: Name): Account | undefined {
    const known = this.findWithRemoved(name);
    return known?.isRemoved === true ? undefined : known;
  }

  *names(): Iterable<Name> {
    for (const { name, isRemoved } of this.#byName.values()) if (!isRemoved) yield name;
  }

  findWithRemoved(name: Name): Account | undefined {
    const folded = foldName(name);
    return this.#byName.get(folded) ?? this.#former.get(folded);
  }

  /**
   * Returns the fault if the account may not post. Called again just before a post is recorded,
   * because its author may have been banned after submitting it.
   */
  refusal(user: UserId, unixMs: number): Fault | undefined {
    const ban = this.policy.ban(user, unixMs);
    if (ban !== undefined) return bannedFault(ban);
    const account = this.#byId.get(user);
    if (account?.isRemoved !== true) return undefined;
    return new Fault("login-refused", msg`the account ${account.name} was removed`, {
      remedy: msg`ask an operator`,
    });
  }

  get(id: UserId): Account | undefined {
    return this.#byId.get(id);
  }

  nameOf(id: UserId | "server"): Name | undefined {
    return id === "server" ? undefined : this.#byId.get(id)?.name;
  }

  get size(): number {
    return this.#byId.size;
  }

  get activeCount(): number {
    return this.#byId.size - this.#removedCount;
  }

  all(): Iterable<Account> {
    return this.#byId.values();
  }

  /** Returns the former names of the account, the oldest first. */
  formerNamesOf(id: UserId): readonly FoldedName[] {
    const account = this.#byId.get(id);
    return account === undefined ? [] : this.#former.of(account);
  }

  /** Returns the former names, the oldest first. */
  formerNames(): Iterable<readonly [FoldedName, Account]> {
    return this.#former;
  }

  byReset(hash: string, unixMs: number): Account | undefined {
    const account = this.#byReset.get(hash);
    return account?.reset !== undefined && unixMs < account.reset.expires ? account : undefined;
  }

  /** @returns `undefined` if the code is valid or unknown */
  endOfReset(hash: string, unixMs: number): EndOfReset | undefined {
    const expires = this.#byReset.get(hash)?.reset?.expires;
    // An operator may give the same code again, for example when a request is repeated.
    if (expires === undefined) return this.#endedResets.get(hash);
    return unixMs >= expires ? "expired" : undefined;
  }

  /**
   * Returns the seqs of the account's records after its record number `n`, without those after
   * `seqMax`, and the number of the last one.
   */
  recordsAfter(
    { lastSeq, lastN }: Account,
    n: number,
    seqMax: number,
    scope: "all" | "public" = "all",
  ): { readonly last: number; readonly seqs: readonly number[] } {
    let last = 0;
    const seqs: number[] = [];
    let number = lastN;
    for (let seq = lastSeq; seq > 0 && (last === 0 || number > n); number--) {
      const previous = this.#previousSeqs[seq] ?? 0;
      if (seq <= seqMax && (scope === "all" || previous >= 0)) {
        last ||= number;
        if (number > n) seqs.push(seq);
      }
      seq = Math.abs(previous);
    }
    return { last, seqs: seqs.reverse() };
  }

  roomPassword(room: RoomId): string | undefined {
    return this.#roomPasswords.get(room);
  }

  forgetRoomPassword(room: RoomId): void {
    this.#roomPasswords.delete(room);
  }

  /**
   * Forgets the passwords of rooms that do not exist, except the newest ones: a password is
   * recorded before its room.
   */
  forgetRoomPasswords(exists: (room: RoomId) => boolean): void {
    for (const room of [...this.#roomPasswords.keys()].slice(0, -EARLY_PASSWORDS_MAX)) {
      if (!exists(room)) this.#roomPasswords.delete(room);
    }
  }

  /**
   * Reserves the name of an account that is being created or renamed. A renamed account may use
   * another account's former name.
   * @param isVouched true if an operator has invited the user, who may then use ACCOUNTS_RESERVED
   * @throws {Fault} name-taken or too-many
   */
  reserve(name: Name, renamed?: Account, isVouched = false): void {
    this.checkFree(name, renamed);
    const folded = foldName(name);
    if (this.#reserved.has(folded)) throw nameTaken(name);
    if (renamed !== undefined) {
      this.#reserved.add(folded);
      return;
    }
    const max = isVouched ? ACCOUNTS_MAX : ACCOUNTS_MAX - ACCOUNTS_RESERVED;
    if (this.#byId.size + this.#reserved.size >= max) {
      throw new Fault("too-many", msg`this server has reached its account limit`, {
        remedy: msg`ask an operator for an invite`,
      });
    }
    this.#reserved.add(folded);
  }

  /** @throws {Fault} name-taken if the name belongs to another account, or looks like its name */
  checkFree(name: Name, renamed?: Account): void {
    const folded = foldName(name);
    const holder = this.#byName.get(folded) ?? (renamed ? undefined : this.#former.get(folded));
    if (holder !== undefined && holder !== renamed) throw nameTaken(name);
    this.#checkSkeletons(name, this.#byDisplaySkeleton, renamed);
  }

  /** @throws {Fault} name-taken if the name of another account looks like this one */
  #checkDisplayFree(text: string, account: Account | undefined): void {
    if (this.#bySkeleton === undefined) {
      this.#bySkeleton = new Map();
      for (const [name, named] of [...this.#byName, ...this.#former]) this.#noteName(name, named);
    }
    this.#checkSkeletons(text, this.#byDisplaySkeleton, account);
    this.#checkSkeletons(text, this.#bySkeleton, account);
  }

  #checkSkeletons(
    name: string,
    holders: ReadonlyMap<string, Account | undefined>,
    account: Account | undefined,
  ): void {
    for (const key of skeletonsOf(name)) {
      if (!holders.has(key) || (account !== undefined && holders.get(key) === account)) continue;
      throw new Fault(
        "name-taken",
        msg`somebody has the name '${name}' or one that looks like it`,
        { remedy: msg`choose another name, or add an initial` },
      );
    }
  }

  #noteName(name: FoldedName, account: Account): void {
    if (this.#bySkeleton === undefined) return;
    for (const key of skeletonsOf(name)) {
      const isShared = this.#bySkeleton.has(key) && this.#bySkeleton.get(key) !== account;
      this.#bySkeleton.set(key, isShared ? undefined : account);
    }
  }

  release(name: Name): void {
    this.#reserved.delete(foldName(name));
  }

  accountDraft(id: UserId, enrolment: Enrolment): Draft {
    const { name, accountKey, deviceKey, deviceCert } = enrolment;
    const body = {
      name,
      accountKey: toBase64Url(accountKey),
      device: toBase64Url(deviceKey),
      cert: toBase64Url(deviceCert),
    };
    return { kind: "account", room: id, by: id, id: "", body };
  }

  /**
   * Recreates an account whose id alone is known. Its user can log in after an operator has reset
   * the password.
   * @param accountKey public key without a known private key
   */
  lostDraft(id: UserId, accountKey: Uint8Array): Draft {
    const body = { name: this.#nameOfLost(id), accountKey: toBase64Url(accountKey), lost: true };
    return { kind: "account", room: id, by: id, id: "", body };
  }

  /**
   * Account that an operator creates. Its user logs in with a reset code.
   * @param accountKey public key without a known private key
   */
  enrolledDraft(id: UserId, by: UserId, name: Name, accountKey: Uint8Array): Draft {
    const body = { name, accountKey: toBase64Url(accountKey) };
    return { kind: "account", room: id, by, id: "", body };
  }

  #nameOfLost(id: UserId): Name {
    for (let number = 0; ; number++) {
      const name = number === 0 ? `lost-${id}` : `lost-${number}`;
      if (isName(name) && this.findWithRemoved(name) === undefined) return name;
    }
  }

  /** Ignores the case, but accepts no look-alikes. */
  findByDisplayName(text: string): Account | undefined {
    const typed = text.normalize("NFC").toLowerCase();
    const found = skeletonsOf(text).map((key) => this.#byDisplaySkeleton.get(key));
    return found.find((account) => account?.displayName?.toLowerCase() === typed);
  }

  nameDraft(id: UserId, by: UserId, name: Name): Draft {
    return { kind: "account-name", room: id, by, id: "", body: { name } };
  }

  /**
   * @param text checked display name; empty to remove it
   * @returns `undefined` if nothing changes
   * @throws {Fault} name-taken or user-unknown
   */
  displayNameDraft(account: Account, by: UserId, text: string): Draft | undefined {
    const { id, name, isRemoved, displayName = "" } = account;
    if (isRemoved) throw new Fault("user-unknown", msg`the account ${name} was removed`);
    if (text === displayName) return undefined;
    if (text !== "") this.#checkDisplayFree(text, account);
    return { kind: "display-name", room: id, by, id: "", body: { text } };
  }

  /**
   * Display name of an account that is created in the same batch.
   * @throws {Fault} name-taken
   */
  newDisplayNameDraft(id: UserId, by: UserId, text: string): Draft {
    this.#checkDisplayFree(text, undefined);
    return { kind: "display-name", room: id, by, id: "", body: { text } };
  }

  removalDraft({ id, passwordSeq, prefs, ircPasswords, avatars }: Account, by: UserId): Draft {
    const also = [...(prefs?.records ?? []), ...ircPasswords.keys(), ...avatars];
    const body = { replaces: passwordSeq, also: also.length > 0 ? also : undefined };
    return { kind: "account-gone", room: id, by, id: "", body };
  }

  /**
   * @param cert certificate by the account key; omitted if the device is enrolled with a password
   * @returns `undefined` if the device is already enrolled
   * @throws {Fault} too-many if the account has too many devices
   */
  deviceDraft(account: Account, deviceKey: Uint8Array, cert?: Uint8Array): Draft | undefined {
    const device = toBase64Url(deviceKey);
    const known = account.devices.get(device);
    if (known !== undefined && (known.certified || cert === undefined)) return undefined;
    if (known === undefined && account.devices.size >= DEVICES_PER_ACCOUNT_MAX) {
      throw tooManyDevices(account);
    }
    return deviceDraftOf(account, deviceKey, cert);
  }

  /** @returns true if the device exists and its label or its day of log-in changed */
  noteDeviceSeen(user: UserId, device: string, unixMs: number, label: string): boolean {
    const devices = this.#byId.get(user)?.devices;
    const known = devices?.get(device);
    const before = known?.seenUnixMs ?? Number.NEGATIVE_INFINITY;
    if (devices === undefined || known === undefined || unixMs < before) return false;
    devices.set(device, { ...known, seenUnixMs: unixMs, label });
    return dayOf(before) !== dayOf(unixMs) || known.label !== label;
  }

  /**
   * Returns the next draft for a device that logs in with a password: the removal of another device
   * or the enrolment of this one; `undefined` if this device is enrolled. Unused devices must never
   * block a correct password, so the least recently used offline device enrolled with a password
   * makes room. Linked devices and the account's first device are never removed.
   * @throws {Fault} too-many if all removable devices are online
   */
  passwordDeviceDraft(
    account: Account,
    deviceKey: Uint8Array,
    isOnline: (device: string) => boolean,
  ): Draft | undefined {
    if (account.devices.has(toBase64Url(deviceKey))) return undefined;
    if (account.devices.size < DEVICES_PER_ACCOUNT_MAX) {
      return deviceDraftOf(account, deviceKey);
    }
    const seen = ({ seenUnixMs, sinceUnixMs }: Device) => seenUnixMs ?? sinceUnixMs;
    const [oldest] = [...account.devices]
      .filter(([device, { certified }]) => !certified && !isOnline(device))
      .sort(([, a], [, b]) => seen(a) - seen(b));
    if (oldest === undefined) throw tooManyDevices(account);
    return this.deviceRemovalDraft(account, oldest[0]);
  }

  /**
   * @param evenLast allows that nobody can log in to the account afterwards
   * @throws {Fault} last-credential if the account would become inaccessible
   */
  deviceRemovalDraft(account: Account, device: string, evenLast = false): Draft {
    if (!evenLast && account.passwordHash === undefined && account.devices.size <= 1) {
      const message = msg`${account.name} has no password and no other device to sign in with`;
      throw new Fault("last-credential", message);
    }
    const body = { device };
    return { kind: "device-gone", room: account.id, by: account.id, id: "", body };
  }

  /**
   * The record contains only the password, so that the next password, which `replaces` it, can
   * erase it.
   */
  passwordDraft(id: UserId, passwordHash: string): Draft {
    const body = { password: passwordHash, replaces: this.get(id)?.passwordSeq };
    return { kind: "password", room: id, by: id, id: "", body };
  }

  resetDraft(id: UserId, by: UserId, { hash, expires, signsOut }: PasswordReset): Draft {
    const body = { hash, expires, signsOut: signsOut || undefined };
    return { kind: "reset", room: id, by, id: "", body };
  }

  signOutDrafts({ id, devices, ircPasswords }: Account, by: UserId): Draft[] {
    const drafts = [...devices.keys()].map((device): Draft => {
      return { kind: "device-gone", room: id, by, id: "", body: { device } };
    });
    // Without a record, the account's sessions on the other servers of a cluster would stay open.
    if (ircPasswords.size > 0 || drafts.length === 0) {
      drafts.push(ircPasswordsGoneDraft(id, by, [...ircPasswords.keys()]));
    }
    return drafts;
  }

  /**
   * @returns `undefined` if nothing changes
   * @throws {Fault} not-allowed or too-many
   */
  ignoreDraft(account: Account, user: UserId, on: boolean): Draft | undefined {
    if (account.ignored.has(user) === on) return undefined;
    if (user === account.id) {
      throw new Fault("not-allowed", msg`you cannot ignore yourself`, {
        remedy: msg`specify another user`,
      });
    }
    if (on && account.ignored.size >= IGNORED_MAX) {
      throw new Fault("too-many", msg`you can ignore at most ${IGNORED_MAX} people`, {
        remedy: msg`stop ignoring someone first: ${"/unignore NAME"}`,
      });
    }
    const body = { user, on };
    return { kind: "ignore", room: account.id, by: account.id, id: "", body };
  }

  identityDraft(old: Uint8Array, next: Uint8Array, signature: Uint8Array): Draft {
    const body = {
      old: toBase64Url(old),
      new: toBase64Url(next),
      signature: toBase64Url(signature),
    };
    return { kind: "identity", room: SERVER_ROOM, by: "server", id: "", body };
  }

  /**
   * @param value checked id; empty to remove it
   * @returns `undefined` if nothing changes
   * @throws {Fault} name-taken or user-unknown
   */
  externalIdDraft({ id, name, isRemoved, externalId = "" }: Account, by: UserId, value: string) {
    if (isRemoved) throw new Fault("user-unknown", msg`the account ${name} was removed`);
    return value === externalId ? undefined : this.newExternalIdDraft(id, by, value);
  }

  /**
   * Id for an account that is created in the same batch.
   * @throws {Fault} name-taken
   */
  newExternalIdDraft(id: UserId, by: UserId, value: string): Draft {
    const holder = this.#byExternalId.get(value);
    if (holder !== undefined && holder.id !== id) {
      throw new Fault("name-taken", msg`the id '${value}' belongs to ${holder.name}`, {
        remedy: msg`check the id`,
      });
    }
    return { kind: "external-id", room: id, by, id: "", body: { value } };
  }

  roomPasswordDraft(room: RoomId, by: UserId, passwordHash: string): Draft {
    return { kind: "room-password", room, by, id: "", body: { password: passwordHash } };
  }

  apply(record: FoldedRecord): void {
    const { head } = record;
    assert(head.seq === this.head + 1, "an account record is missing or repeated");
    this.head = head.seq;
    const known = this.#byId.get(head.room as UserId);
    const previousSeq = known?.lastSeq ?? 0;
    this.#previousSeqs[head.seq] = hasTrait(head.kind, "public") ? previousSeq : -previousSeq;
    if (known !== undefined) [known.lastSeq, known.lastN] = [head.seq, head.n];
    const body = parseBody(record);
    this.policy.apply(record, body);
    if (body === undefined) return;
    const before = known?.reset;
    this.#change(head, known, body);
    if (known !== undefined && before !== known.reset) this.#indexReset(known, before);
    if (before !== undefined && known?.isRemoved === false && known.reset !== before) {
      this.#endedResets.set(before.hash, head.kind === "reset" ? "replaced" : "used");
    }
  }

  #change(head: FoldedHead, known: Account | undefined, body: JsonObject): void {
    const { kind } = head;
    if (!isOfLog(kind, "accounts")) return;
    // Ignores records of a removed account that were created before the removal.
    const account = known?.isRemoved === true ? undefined : known;
    if (account !== undefined && REVOKING_KINDS.has(kind)) account.revokedSeq = head.seq;
    switch (kind) {
      case "account":
        return this.#enrol(head, fieldsOf(kind, body));
      case "identity":
        return this.#applyIdentity(fieldsOf(kind, body));
      case "room-password": {
        const { password } = fieldsOf(kind, body);
        if (password !== undefined) this.#roomPasswords.set(head.room as RoomId, password);
        return;
      }
      case "account-name":
        return known && this.#rename(known, fieldsOf(kind, body).name);
      case "display-name":
        return account && this.#setDisplayName(account, fieldsOf(kind, body).text);
      case "external-id":
        return account && this.#setExternalId(account, fieldsOf(kind, body).value);
      case "account-gone":
        return known && this.#remove(known);
      case "device": {
        const { device, cert } = fieldsOf(kind, body);
        if (account === undefined || device === undefined) return;
        const since = account.devices.get(device) ?? { sinceSeq: head.seq, sinceUnixMs: head.time };
        account.devices.set(device, { ...since, certified: cert !== undefined });
        return;
      }
      case "device-gone": {
        const { device } = fieldsOf(kind, body);
        if (device !== undefined) account?.devices.delete(device);
        return;
      }
      case "irc-password":
      case "irc-password-gone":
        if (account === undefined) return;
        account.ircPasswords = ircPasswordsAfter(account.ircPasswords, head, body);
        return;
      case "bot":
        if (account !== undefined) account.isBot = fieldsOf(kind, body).on === true;
        return;
      case "avatar":
      case "avatar-gone":
        if (account !== undefined) account.avatars = avatarsAfter(account.avatars, head, body);
        return;
      case "ignore": {
        const { user, on } = fieldsOf(kind, body);
        if (user === undefined) return;
        if (on === true) account?.ignored.add(user as UserId);
        else account?.ignored.delete(user as UserId);
        return;
      }
      case "prefs":
      case "prefs-erase":
        if (account === undefined) return;
        account.prefs ??= new AccountPrefs();
        return account.prefs.apply(head, body);
      case "password": {
        const { password } = fieldsOf(kind, body);
        if (password === undefined) return;
        if (known === undefined) return this.#storeEarlyPassword(head, password);
        if (account === undefined) return;
        account.passwordHash = password;
        account.passwordSeq = head.seq;
        account.reset = undefined;
        return;
      }
      case "reset": {
        const { hash, expires, signsOut } = fieldsOf(kind, body);
        if (account === undefined || hash === undefined || expires === undefined) return;
        account.reset = { hash, expires: clampUnixMs(expires), signsOut: signsOut === true };
        return;
      }
      case "ban":
      case "role":
      case "registration":
      case "announcement":
      case "server-rules":
      case "server-clock":
      case "invite":
      case "invite-used":
      case "invite-gone":
        return;
      default:
        return unreachable(kind);
    }
  }

  #rename(account: Account, name: string | undefined): void {
    if (name === undefined || !isName(name)) return;
    const [before, after] = [foldName(account.name), foldName(name)];
    this.#byName.delete(before);
    this.#former.delete(after);
    if (before !== after) this.#former.add(before, account);
    account.name = name;
    this.#byName.set(after, account);
    this.#noteName(after, account);
    this.namesVersion++;
  }

  #setDisplayName(account: Account, text = ""): void {
    for (const key of skeletonsOf(account.displayName ?? ""))
      if (this.#byDisplaySkeleton.get(key) === account) this.#byDisplaySkeleton.delete(key);
    account.displayName = text === "" ? undefined : text;
    if (text !== "") {
      for (const key of skeletonsOf(text)) this.#byDisplaySkeleton.set(key, account);
    }
  }

  #setExternalId(account: Account, value = ""): void {
    const { externalId = "" } = account;
    if (this.#byExternalId.get(externalId) === account) this.#byExternalId.delete(externalId);
    account.externalId = value === "" ? undefined : value;
    if (value !== "") this.#byExternalId.set(value, account);
  }

  #remove(account: Account): void {
    if (!account.isRemoved) this.#removedCount++;
    account.isRemoved = true;
    this.#setDisplayName(account);
    this.#setExternalId(account);
    account.passwordHash = undefined;
    account.passwordSeq = undefined;
    account.reset = undefined;
    account.devices.clear();
    account.ircPasswords = NO_IRC_PASSWORDS;
    account.avatars = NO_AVATARS;
    account.ignored.clear();
    account.prefs = undefined;
    this.namesVersion++;
  }

  #indexReset(account: Account, before: PasswordReset | undefined): void {
    if (before !== undefined) this.#byReset.delete(before.hash);
    if (account.reset !== undefined) this.#byReset.set(account.reset.hash, account);
  }

  /**
   * A registration records the password before the account, so that a crash never leaves an account
   * without a password.
   */
  #storeEarlyPassword({ room, seq }: FoldedHead, hash: string): void {
    setNewest(this.#earlyPasswords, room as UserId, { hash, seq }, EARLY_PASSWORDS_MAX);
  }

  #applyIdentity(body: Body<"identity">): void {
    const [key, next, signature] = [body.old, body.new, body.signature].map(tryBase64Url);
    if (key === undefined || next === undefined || signature === undefined) return;
    this.predecessors.unshift({ key, signature });
    this.predecessors.splice(PREDECESSORS_MAX);
    this.successor = next;
  }

  #enrol({ room, by, seq, n, time }: FoldedHead, body: Body<"account">): void {
    const id = room as UserId;
    const { name, device, password } = body;
    const accountKey = tryBase64Url(body.accountKey);
    // Ignored, because one damaged record must not prevent the server from starting.
    if (name === undefined || !isName(name) || accountKey === undefined) return;
    const pendingPassword = this.#earlyPasswords.get(id);
    this.#earlyPasswords.delete(id);
    const account: Account = {
      id,
      sinceUnixMs: time,
      name,
      isRemoved: false,
      accountKey,
      passwordHash: password ?? pendingPassword?.hash,
      passwordSeq: pendingPassword?.seq,
      reset: undefined,
      devices: new SmallMap(),
      ircPasswords: NO_IRC_PASSWORDS,
      isEnrolled: by !== room,
      isBot: false,
      avatars: NO_AVATARS,
      revokedSeq: 0,
      ignored: new Set(),
      lastSeq: seq,
      lastN: n,
    };
    if (device !== undefined) {
      account.devices.set(device, { certified: true, sinceSeq: seq, sinceUnixMs: time });
    }
    this.#byName.set(foldName(name), account);
    this.#noteName(foldName(name), account);
    this.#byId.set(id, account);
    this.namesVersion++;
  }
}

export function dayOf(unixMs: number): number {
  return Math.floor(unixMs / DAY_MS);
}

function deviceDraftOf({ id }: Account, deviceKey: Uint8Array, cert?: Uint8Array): Draft {
  const body = { device: toBase64Url(deviceKey), cert: cert && toBase64Url(cert) };
  return { kind: "device", room: id, by: id, id: "", body };
}

function nameTaken(name: Name): Fault {
  return new Fault("name-taken", msg`the name '${name}' is taken`);
}

function tooManyDevices({ name }: Account): Fault {
  const message = msg`${name} has reached the limit of ${DEVICES_PER_ACCOUNT_MAX} devices`;
  return new Fault("too-many", message, {
    remedy: msg`sign out another device first: ${"chat devices --revoke ID"}`,
  });
}
