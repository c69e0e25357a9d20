/** State machine of `chat lan`, a group chat without a server. */

import { unreachable } from "../../base/assert.ts";
import {
  LAN_ADDRESS_PACKETS_PER_SECOND,
  LAN_ANNOUNCE_INTERVAL_MS,
  LAN_ANSWER_INTERVAL_MS,
  LAN_ANSWER_SPREAD_MS,
  LAN_CHECKS_PER_SECOND,
  LAN_CLOCK_SKEW_MS,
  LAN_ECHO_TIMEOUT_MS,
  LAN_FORGET_MS,
  LAN_HIDDEN_INTERVAL_MS,
  LAN_HIDDEN_REPORTED_MAX,
  LAN_LEFT_MAX,
  LAN_LEFT_PER_ADDRESS_MAX,
  LAN_LEFT_PER_KEY_MAX,
  LAN_NAMES_MAX,
  LAN_PACKETS_BURST,
  LAN_PACKETS_PER_SECOND,
  LAN_PEER_TIMEOUT_MS,
  LAN_SENDERS_MAX,
  LAN_SENDERS_PER_ADDRESS_MAX,
  LAN_SESSIONS_PER_KEY_MAX,
  LAN_SOURCES_MAX,
  LAN_TEXTS_BURST,
  LAN_TEXTS_PER_SECOND,
  LAN_WINDOW,
} from "../../base/limits.ts";
import { type FoldedName, foldName, type Name } from "../../base/names.ts";
import type { Fingerprint } from "../../wire/fingerprint.ts";
import type { LanBody } from "../../wire/lan.ts";
import { TokenBucket, TokenBuckets } from "../rate.ts";

/** Datagram whose signature was verified with the sender's key. */
export interface LanDatagram {
  readonly address: string;
  readonly keyId: Fingerprint;
  readonly session: string;
  readonly sequence: number;
  readonly timeUnixMs: number;
  readonly body: LanBody;
}

/** `isVerified`: this program has received the name from no other key. */
export interface LanPeer {
  readonly name: Name;
  readonly keyId: Fingerprint;
  readonly isVerified: boolean;
}

export type UnreadableKind = "plain" | "open" | "sealed" | "version" | "malformed";

export type LanInput =
  | { readonly kind: "begin" }
  | { readonly kind: "send-text"; readonly text: string; readonly isAction: boolean }
  | { readonly kind: "datagram"; readonly datagram: LanDatagram }
  | { readonly kind: "unreadable"; readonly reason: UnreadableKind }
  | { readonly kind: "tick" }
  | { readonly kind: "end" };

export type LanNotice =
  | { readonly kind: UnreadableKind | "no-echo" }
  | { readonly kind: "crowded" | "taken"; readonly name: Name }
  | { readonly kind: "clock"; readonly name: Name; readonly aheadMs: number };

export type LanEffect =
  | {
      readonly kind: "send";
      readonly sequence: number;
      readonly timeUnixMs: number;
      readonly body: LanBody;
    }
  | { readonly kind: "wait"; readonly retryAfterMs: number }
  | {
      readonly kind: "text";
      readonly from: LanPeer;
      readonly text: string;
      readonly isAction: boolean;
      readonly timeUnixMs: number;
    }
  | { readonly kind: "join"; readonly person: LanPeer }
  | { readonly kind: "leave"; readonly person: LanPeer; readonly isSilent: boolean }
  | { readonly kind: "gap"; readonly from: LanPeer; readonly missing: number }
  | { readonly kind: "notice"; readonly notice: LanNotice };

export interface LanSelf {
  readonly name: Name;
  readonly keyId: Fingerprint;
  readonly session: string;
  /**
   * Random number from 0 (inclusive) to 1 (exclusive), which spreads the answers and announcements
   * of many peers over time.
   */
  readonly chance: number;
}

interface Sender {
  readonly name: Name;
  readonly keyId: Fingerprint;
  readonly address: string;
  readonly window: ReplayWindow;
  texts: number;
  receivedAt: number;
  isPresent: boolean;
}

/**
 * Tracks the peers in a group and detects repeated datagrams. A sender is one session with one key.
 *     unknown ──any datagram──> present ──leaving, silence──> away ──silence──> forgotten
 *                                  ^────any newer datagram────┘
 */
export class Lan {
  readonly #senders = new Map<string, Sender>();
  readonly #pins = new Map<FoldedName, Fingerprint>();
  /**
   * Notices already reported: at most one per kind or, for clock notices, one per sender
   * (LAN_SENDERS_MAX).
   */
  readonly #notified = new Set<string>();
  /** When each hidden user was last reported. */
  readonly #hiddenAt = new Map<Name, number>();
  readonly #textRate: TokenBucket;
  #sequence = 0;
  #texts = 0;
  #announceAt: number | undefined;
  #announcedAt = Number.NEGATIVE_INFINITY;
  #answerAt: number | undefined;
  /** Time by which the program must receive one of its own datagrams; `undefined` once it has. */
  #echoDeadline: number | undefined;

  constructor(
    private readonly self: LanSelf,
    now: number,
  ) {
    this.#textRate = new TokenBucket(LAN_TEXTS_PER_SECOND, LAN_TEXTS_BURST, now);
    this.#pins.set(foldName(self.name), self.keyId);
  }

  get sizes(): { readonly senders: number; readonly names: number; readonly notified: number } {
    return { senders: this.#senders.size, names: this.#pins.size, notified: this.#notified.size };
  }

  peers(): LanPeer[] {
    const present = new Map<string, LanPeer>();
    for (const sender of this.#senders.values()) {
      if (sender.isPresent) present.set(`${sender.name} ${sender.keyId}`, this.#peer(sender));
    }
    return [...present.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  handle(input: LanInput, now: number, unixMs: number): LanEffect[] {
    switch (input.kind) {
      case "begin":
        this.#echoDeadline = now + LAN_ECHO_TIMEOUT_MS;
        this.#noteAnnounced(now);
        return [this.#send({ ...this.#common(), kind: "query" }, unixMs)];
      case "send-text":
        return this.#sendText(input, now, unixMs);
      case "datagram":
        return this.#datagram(input.datagram, now, unixMs);
      case "unreadable":
        return this.#notifyOnce(input.reason, { kind: input.reason });
      case "tick":
        return this.#tick(now, unixMs);
      case "end":
        this.#announceAt = undefined;
        this.#answerAt = undefined;
        this.#echoDeadline = undefined;
        return [this.#send({ ...this.#common(), kind: "announce", isLeaving: true }, unixMs)];
      default:
        return unreachable(input);
    }
  }

  deadline(): number | undefined {
    const times = [this.#announceAt, this.#answerAt, this.#echoDeadline];
    for (const { receivedAt, isPresent: wasPresent } of this.#senders.values()) {
      times.push(receivedAt + (wasPresent ? LAN_PEER_TIMEOUT_MS : LAN_FORGET_MS));
    }
    const due = times.filter((time) => time !== undefined);
    return due.length === 0 ? undefined : Math.min(...due);
  }

  #common() {
    return { name: this.self.name, texts: this.#texts };
  }

  #send(body: LanBody, timeUnixMs: number): LanEffect {
    this.#sequence += 1;
    return { kind: "send", sequence: this.#sequence, timeUnixMs, body };
  }

  #sendText(
    { text, isAction }: Extract<LanInput, { kind: "send-text" }>,
    now: number,
    unixMs: number,
  ): LanEffect[] {
    const retryAfterMs = this.#textRate.take(now);
    if (retryAfterMs > 0) return [{ kind: "wait", retryAfterMs }];
    this.#texts += 1;
    return [this.#send({ ...this.#common(), kind: "text", text, isAction }, unixMs)];
  }

  #datagram(datagram: LanDatagram, now: number, unixMs: number): LanEffect[] {
    const { keyId, session, body: words, sequence } = datagram;
    if (keyId === this.self.keyId && session === this.self.session) {
      this.#echoDeadline = undefined;
      return [];
    }
    const aheadMs = datagram.timeUnixMs - unixMs;
    if (Math.abs(aheadMs) >= LAN_CLOCK_SKEW_MS) return this.#clockSkew(datagram, aheadMs);
    const id = `${keyId} ${session}`;
    const known = this.#senders.get(id);
    if (known !== undefined) {
      if (known.name !== words.name || !known.window.accept(sequence)) return [];
      const isNewest = known.window.highest === sequence;
      const isReturning = !known.isPresent && isNewest && !isLeaving(words);
      if (isReturning && !this.#hasRoom(datagram)) return this.#notifyHidden(words.name, now);
      return this.#received(known, datagram, isNewest, now);
    }
    this.#forget(now);
    if (!this.#canRemember(datagram) || (!isLeaving(words) && !this.#hasRoom(datagram))) {
      return this.#notifyHidden(words.name, now);
    }
    const sender: Sender = {
      name: words.name,
      keyId,
      address: datagram.address,
      window: new ReplayWindow(sequence),
      texts: words.kind === "text" ? words.texts - 1 : words.texts,
      receivedAt: now,
      isPresent: false,
    };
    this.#senders.set(id, sender);
    this.#pin(sender);
    return [...this.#nameConflict(sender), ...this.#received(sender, datagram, true, now)];
  }

  #received(sender: Sender, datagram: LanDatagram, isNewest: boolean, now: number): LanEffect[] {
    const { body: words } = datagram;
    const person = this.#peer(sender);
    const effects: LanEffect[] = [];
    sender.receivedAt = now;
    if (!sender.isPresent && isNewest && !isLeaving(words)) {
      if (!this.#hasOtherSession(sender)) effects.push({ kind: "join", person });
      sender.isPresent = true;
      effects.push(...this.#limitSessions(sender.keyId));
    }
    const before = words.kind === "text" ? words.texts - 1 : words.texts;
    const missing = before - sender.texts;
    if (missing > 0) effects.push({ kind: "gap", from: person, missing });
    sender.texts = Math.max(sender.texts, words.texts);
    if (words.kind === "text") {
      const { text, isAction } = words;
      const { timeUnixMs } = datagram;
      effects.push({ kind: "text", from: person, text, isAction, timeUnixMs });
    } else if (words.kind === "query") {
      this.#scheduleAnswer(now);
    } else if (isLeaving(words) && isNewest) {
      effects.push(...this.#left(sender, false));
    }
    return effects;
  }

  #tick(now: number, unixMs: number): LanEffect[] {
    const effects: LanEffect[] = [];
    for (const [id, sender] of this.#senders) {
      const silentMs = now - sender.receivedAt;
      if (silentMs >= LAN_PEER_TIMEOUT_MS) effects.push(...this.#left(sender, true));
      if (silentMs >= LAN_FORGET_MS) this.#senders.delete(id);
    }
    if (isDue(this.#echoDeadline, now)) {
      this.#echoDeadline = undefined;
      effects.push(...this.#notifyOnce("no-echo", { kind: "no-echo" }));
    }
    if (isDue(this.#announceAt, now) || isDue(this.#answerAt, now)) {
      this.#noteAnnounced(now);
      effects.push(this.#send({ ...this.#common(), kind: "announce", isLeaving: false }, unixMs));
    }
    return effects;
  }

  #noteAnnounced(now: number): void {
    this.#announcedAt = now;
    this.#answerAt = undefined;
    this.#announceAt = now + LAN_ANNOUNCE_INTERVAL_MS * (1 - this.self.chance / 4);
  }

  #scheduleAnswer(now: number): void {
    const soonest = Math.max(now, this.#announcedAt + LAN_ANSWER_INTERVAL_MS);
    this.#answerAt ??= soonest + this.self.chance * LAN_ANSWER_SPREAD_MS;
  }

  /** Never forgets a session whose captured datagrams could still be replayed. */
  #forget(now: number): void {
    for (const [id, sender] of this.#senders) {
      if (now - sender.receivedAt >= LAN_FORGET_MS && !sender.isPresent) this.#senders.delete(id);
    }
  }

  #hasRoom({ address }: LanDatagram): boolean {
    const { all, ofAddress } = this.#count({ address, isPresent: true });
    return all < LAN_SENDERS_MAX && ofAddress < LAN_SENDERS_PER_ADDRESS_MAX;
  }

  /** Each session leaves in the end. */
  #canRemember({ keyId, address }: LanDatagram): boolean {
    const { all, ofAddress, ofKey } = this.#count({ address, keyId, isPresent: false });
    return (
      all < LAN_LEFT_MAX && ofAddress < LAN_LEFT_PER_ADDRESS_MAX && ofKey < LAN_LEFT_PER_KEY_MAX
    );
  }

  #count(like: { address: string; keyId?: Fingerprint; isPresent: boolean }) {
    const counts = { all: 0, ofAddress: 0, ofKey: 0 };
    for (const { address, keyId, isPresent } of this.#senders.values()) {
      if (isPresent !== like.isPresent) continue;
      counts.all++;
      if (address === like.address) counts.ofAddress++;
      if (keyId === like.keyId) counts.ofKey++;
    }
    return counts;
  }

  /** Beyond the maximum, the session that has been silent longest counts as one that left. */
  #limitSessions(keyId: Fingerprint): LanEffect[] {
    const present = [...this.#senders.values()].filter(
      (sender) => sender.isPresent && sender.keyId === keyId,
    );
    if (present.length <= LAN_SESSIONS_PER_KEY_MAX) return [];
    const oldest = present.reduce((a, b) => (b.receivedAt < a.receivedAt ? b : a));
    return this.#left(oldest, true);
  }

  /** A name belongs to the first key that used it, for as long as this program runs. */
  #pin({ name, keyId }: Sender): void {
    const folded = foldName(name);
    if (this.#pins.size < LAN_NAMES_MAX && !this.#pins.has(folded)) this.#pins.set(folded, keyId);
  }

  #nameConflict({ name, keyId }: Sender): LanEffect[] {
    const isOurs = foldName(name) === foldName(this.self.name) && keyId !== this.self.keyId;
    return isOurs ? this.#notifyOnce("taken", { kind: "taken", name: this.self.name }) : [];
  }

  #clockSkew({ keyId, body: words }: LanDatagram, aheadMs: number): LanEffect[] {
    const key = `clock ${keyId}`;
    if (!this.#notified.has(key) && this.#notified.size >= LAN_SENDERS_MAX) return [];
    return this.#notifyOnce(key, { kind: "clock", name: words.name, aheadMs });
  }

  #left(sender: Sender, isSilent: boolean): LanEffect[] {
    if (!sender.isPresent) return [];
    sender.isPresent = false;
    if (this.#hasOtherSession(sender)) return [];
    return [{ kind: "leave", person: this.#peer(sender), isSilent }];
  }

  #hasOtherSession(sender: Sender): boolean {
    for (const other of this.#senders.values()) {
      const isSamePerson = other.keyId === sender.keyId && other.name === sender.name;
      if (other !== sender && other.isPresent && isSamePerson) return true;
    }
    return false;
  }

  #peer({ name, keyId }: Sender): LanPeer {
    return { name, keyId, isVerified: this.#pins.get(foldName(name)) === keyId };
  }

  #notifyHidden(name: Name, now: number): LanEffect[] {
    for (const [hidden, reportedAt] of this.#hiddenAt) {
      if (now - reportedAt >= LAN_HIDDEN_INTERVAL_MS) this.#hiddenAt.delete(hidden);
    }
    if (this.#hiddenAt.has(name) || this.#hiddenAt.size >= LAN_HIDDEN_REPORTED_MAX) return [];
    this.#hiddenAt.set(name, now);
    return [{ kind: "notice", notice: { kind: "crowded", name } }];
  }

  #notifyOnce(key: string, notice: LanNotice): LanEffect[] {
    if (this.#notified.has(key)) return [];
    this.#notified.add(key);
    return [{ kind: "notice", notice }];
  }
}

function isDue(time: number | undefined, now: number): boolean {
  return time !== undefined && now >= time;
}

function isLeaving(body: LanBody): boolean {
  return body.kind === "announce" && body.isLeaving;
}

/**
 * Sliding window of sequence numbers (RFC 4303, section 3.4.3), which may arrive slightly out of
 * order. Numbers below the window or below the first received number count as received.
 *
 * @internal
 */
export class ReplayWindow {
  #highest: number;
  #received = (1n << BigInt(LAN_WINDOW)) - 1n;

  constructor(first: number) {
    this.#highest = first;
  }

  get highest(): number {
    return this.#highest;
  }

  /** @returns true if the number is new */
  accept(sequence: number): boolean {
    const ahead = sequence - this.#highest;
    if (ahead > 0) {
      const shifted = this.#received << BigInt(Math.min(ahead, LAN_WINDOW));
      this.#received = BigInt.asUintN(LAN_WINDOW, shifted | 1n);
      this.#highest = sequence;
      return true;
    }
    if (-ahead >= LAN_WINDOW) return false;
    const bit = 1n << BigInt(-ahead);
    if ((this.#received & bit) !== 0n) return false;
    this.#received |= bit;
    return true;
  }
}

/** Limits per source, per address and in total, applied before decryption and verification. */
export class LanRateLimit {
  readonly #sources = new TokenBuckets(LAN_PACKETS_PER_SECOND, LAN_PACKETS_BURST, LAN_SOURCES_MAX);
  readonly #addresses = new TokenBuckets(
    LAN_ADDRESS_PACKETS_PER_SECOND,
    2 * LAN_ADDRESS_PACKETS_PER_SECOND,
    LAN_SOURCES_MAX,
  );
  readonly #total: TokenBucket;

  constructor(now: number) {
    this.#total = new TokenBucket(LAN_CHECKS_PER_SECOND, LAN_CHECKS_PER_SECOND, now);
  }

  get size(): number {
    return Math.max(this.#sources.size, this.#addresses.size);
  }

  accepts(address: string, port: number, now: number): boolean {
    return (
      this.#sources.of(`${address}:${port}`, now).take(now) === 0 &&
      this.#addresses.of(address, now).take(now) === 0 &&
      this.#total.take(now) === 0
    );
  }
}
