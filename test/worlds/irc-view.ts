import type { IrcLine } from "../../src/wire/irc/line.ts";
import { type LogRecord, parseBody } from "../../src/wire/record.ts";
import { textOf } from "./disk-world.ts";
import { check, HOSTILE, type ReferenceModel } from "./reference-model.ts";

/** Begins each post of devices and of IRC programs, so that a client without tags knows it. */
const KEY = /^(?:\u0001ACTION |\[\d\d:\d\d\] )*((?!mal)(?:[a-z]+\d[ab]|irc\d)\.\d+) /;
const TEXT_KINDS: ReadonlySet<string> = new Set(["text", "action"]);

/** Index of the posts, for all IRC programs of a world. */
export class IrcPosts {
  readonly model: ReferenceModel;
  readonly #seqs = new Map<string, number>();
  readonly #edited = new Set<number>();
  #indexed = 0;

  constructor(model: ReferenceModel) {
    this.model = model;
  }

  seqOf(key: string): number | undefined {
    this.#index();
    return this.#seqs.get(key);
  }

  isEdited(seq: number): boolean {
    this.#index();
    return this.#edited.has(seq);
  }

  record(seq: number): LogRecord | undefined {
    return this.model.records[seq - 1];
  }

  /** Posts of a room after a record. Texts of the hostile user are unknown or not unique. */
  after(room: string, seq: number): LogRecord[] {
    const records = this.model.rooms.get(room)?.records ?? [];
    return records.filter(
      ({ head }) =>
        head.seq > seq &&
        TEXT_KINDS.has(head.kind) &&
        head.by !== this.model.idOf(HOSTILE) &&
        !this.model.isErased(head.seq),
    );
  }

  #index(): void {
    const { records } = this.model;
    for (; this.#indexed < records.length; this.#indexed++) {
      const record = records[this.#indexed] as LogRecord;
      const { seq, kind, by } = record.head;
      if (kind === "edit") this.#edited.add(Number(parseBody(record)?.["seq"]));
      const key = keyOf(textOf(record));
      if (TEXT_KINDS.has(kind) && key !== undefined && by !== this.model.idOf(HOSTILE))
        this.#seqs.set(key, seq);
    }
  }
}

export function keyOf(text: string): string | undefined {
  return KEY.exec(text)?.[1];
}

/** How a line arrives: as it happens, as playback at the log-in, or after a request. */
export type Way = "live" | "missed" | "fetched";

interface Conversation {
  readonly seen: Set<number>;
  /** Last live post since the program is in the room on this connection. */
  live: number;
  /** Posts from here on must be seen. */
  from: number;
  /** A program with CHATHISTORY has all posts up to here. */
  complete: number;
}

export interface IrcAccount {
  readonly user: string;
  /** Name of the program, which begins the keys of its posts. */
  readonly name: string;
  readonly hasTags: boolean;
  readonly hasHistory: boolean;
  readonly hasEcho: boolean;
  /** True if other devices of the account, or programs, move its read position. */
  readonly isShared: boolean;
}

/** Posts that one IRC program has shown, over all of its connections. */
export class IrcView {
  readonly #posts: IrcPosts;
  readonly #account: IrcAccount;
  readonly #conversations = new Map<string, Conversation>();
  /** Posts shown on this connection; those shown live. */
  #shown = new Set<number>();
  #shownLive = new Set<number>();
  /** Number of records when the first and the current connection were ready. */
  #first: number | undefined;
  #since: number | undefined;

  constructor(posts: IrcPosts, account: IrcAccount) {
    this.#posts = posts;
    this.#account = account;
  }

  get #id(): string {
    return this.#posts.model.idOf(this.#account.user) ?? "";
  }

  /** The server has completed the log-in; what it records from now on must arrive live. */
  ready(): void {
    const { model } = this.#posts;
    const { isShared, hasHistory } = this.#account;
    this.#since = model.records.length;
    this.#first ??= this.#since;
    if (hasHistory || !isShared) return;
    for (const room of model.rooms.keys()) this.#conversation(room).from = this.#since;
  }

  /** The server has reported that it shows only the last missed messages of a room. */
  playedPart(room: string): void {
    this.#conversation(room).from = this.#posts.model.records.length;
  }

  closed(): void {
    this.#shown = new Set();
    this.#shownLive = new Set();
    this.#since = undefined;
    for (const conversation of this.#conversations.values()) {
      conversation.live = 0;
      // A program whose first query was cut begins again with the newest posts.
      if (this.#account.hasHistory && conversation.complete === 0) conversation.seen.clear();
    }
  }

  /** The program enters or leaves a room. */
  moved(room: string): void {
    this.#conversation(room).live = 0;
  }

  /** Whether a post may be shown, when the server writes it. */
  checkPermission(line: IrcLine): void {
    const { command } = line;
    if (command !== "PRIVMSG" && command !== "NOTICE" && command !== "BATCH") return;
    const seq = this.#seqOf(line);
    const record = seq === undefined ? undefined : this.#posts.record(seq);
    if (record === undefined) return;
    const { room } = record.head;
    const membership = this.#posts.model.rooms.get(room)?.members.get(this.#id);
    const mayRead = membership?.isMember === true || record.head.seq <= (membership?.leftSeq ?? 0);
    check(mayRead, () => `${this.#account.name} is sent seq ${seq} of ${room} over IRC`);
  }

  show(line: IrcLine, way: Way): void {
    const { name, hasHistory } = this.#account;
    const seq = this.#seqOf(line);
    if (seq === undefined) return;
    const record = this.#posts.record(seq);
    check(record !== undefined, () => `${name} is sent seq ${seq}, which does not exist`);
    const { room, kind } = record.head;
    // A message to oneself arrives beside its echo.
    const isToSelf = new Set(this.#posts.model.rooms.get(room)?.pair).size === 1;
    const conversation = this.#conversation(room);
    const shown = hasHistory ? this.#shownLive : this.#shown;
    const isRepeated = way !== "fetched" && shown.has(seq) && !isToSelf;
    check(!isRepeated, () => `${name} is shown seq ${seq} twice`);
    this.#shown.add(seq);
    if (way === "live" && !isToSelf) this.#live(conversation, record);
    if (TEXT_KINDS.has(kind)) conversation.seen.add(seq);
  }

  #live(conversation: Conversation, { head: { room, seq } }: LogRecord): void {
    const { name } = this.#account;
    this.#shownLive.add(seq);
    check(seq > conversation.live, () => `${name} is shown seq ${seq} after ${conversation.live}`);
    if (conversation.live > 0) {
      const missing = this.#missing(conversation, room, conversation.live, seq);
      check(missing.length === 0, () => `${name} is shown seq ${seq} without ${missing}`);
    }
    conversation.live = seq;
  }

  /** Identifier from which history is to be fetched. */
  completeOf(room: string): number {
    return this.#conversation(room).complete;
  }

  /** The program has fetched the posts between `completeOf` and this record. */
  fetched(room: string, seq: number): void {
    this.#conversation(room).complete = seq;
  }

  /** Reports whether everything that this connection must show was shown. */
  get gap(): string | undefined {
    const { model } = this.#posts;
    const { hasHistory, name } = this.#account;
    if (this.#first === undefined) return undefined;
    for (const [room, { members, name: roomName }] of model.rooms) {
      const membership = members.get(this.#id);
      if (membership?.isMember !== true) continue;
      const conversation = this.#conversation(room);
      const { seen } = conversation;
      const joined = membership.joins.at(-1) ?? 0;
      const from =
        hasHistory && seen.size > 0
          ? Math.min(...seen)
          : Math.max(this.#first, conversation.from, joined);
      const missing = this.#missing(conversation, room, from, Number.POSITIVE_INFINITY);
      if (missing.length > 0) return `${name} never showed seq ${missing} of ${roomName ?? room}`;
    }
    return undefined;
  }

  #missing({ seen }: Conversation, room: string, after: number, before: number): number[] {
    const { hasTags, hasEcho, hasHistory, name } = this.#account;
    const missing: number[] = [];
    for (const record of this.#posts.after(room, after)) {
      const { seq } = record.head;
      if (seq >= before) break;
      const key = keyOf(textOf(record));
      const isUnknown = !hasTags && (key === undefined || this.#posts.isEdited(seq));
      // Without CHATHISTORY, a cut loses the echo, because own posts count as read.
      const isOwn = (!hasEcho || !hasHistory) && key?.startsWith(`${name}.`) === true;
      const mayIgnore = this.#posts.model.settings.hasIgnored(this.#id);
      if (!seen.has(seq) && !isUnknown && !isOwn && !mayIgnore) missing.push(seq);
    }
    return missing;
  }

  #seqOf({ tags, params, source }: IrcLine): number | undefined {
    const id = tags.get("msgid");
    if (id !== undefined) return Number(id.slice(id.lastIndexOf("-") + 1));
    const key = this.#account.hasTags ? undefined : keyOf(params.at(-1) ?? "");
    // The hostile user repeats texts of others.
    if (key === undefined || source?.startsWith(`${HOSTILE}!`) === true) return undefined;
    const seq = this.#posts.seqOf(key);
    check(seq !== undefined, () => `${this.#account.name} is shown '${key}', which is not durable`);
    return seq;
  }

  #conversation(room: string): Conversation {
    const known = this.#conversations.get(room);
    if (known !== undefined) return known;
    const conversation = { seen: new Set<number>(), live: 0, from: 0, complete: 0 };
    this.#conversations.set(room, conversation);
    return conversation;
  }
}
