/** Unread messages in line mode on a terminal: lists them, and reads on page by page. */

import { ignoreFault } from "../../base/fault.ts";
import type { RoomId } from "../../base/ids.ts";
import { PAGE_RECORDS_MAX } from "../../base/limits.ts";
import { formatTarget } from "../../base/names.ts";
import { cleanText } from "../../base/text.ts";
import type { Client } from "../../client/client.ts";
import { queryInbox } from "../../client/link/queries.ts";
import { type ChatRecord, fieldsIn } from "../../core/client/chat-record.ts";
import {
  type Inbox,
  type InboxCall,
  type InboxPlace,
  readInbox,
  withoutMuted,
} from "../../core/client/inbox.ts";
import { withSealed } from "../../core/model/sealed-inbox.ts";
import { isIgnored, isMuted } from "../../core/model/selectors.ts";
import { sha256 } from "../../crypto/sha256.ts";
import { OPEN_MESSAGE_KINDS } from "../../wire/kinds.ts";
import type { RequestFields } from "../../wire/messages.ts";
import { INBOX_ROWS_MAX } from "../output/inbox.ts";
import { destinationName } from "../output/render.ts";
import { type SpokenLines, when } from "../output/spoken.ts";
import { inboxSum, spokenCall, spokenInbox, spokenPlace } from "../output/spoken-inbox.ts";
import { wrapMarked } from "../word-wrap.ts";
import { Backlog } from "./backlog.ts";
import { type ChatConsole, displayChatRecord } from "./console.ts";

/** Rows of a page if the terminal does not tell its height. */
const PAGE_ROWS = 20;
const PAGE_ROWS_MIN = 3;
/** Rows of the page that the prompt and the last line of the page before use. */
const OTHER_ROWS = 2;
const RECORDS_AT_ONCE = 100;

export interface NumberedMessage {
  readonly target: string;
  /** `undefined` opens only the room. */
  readonly seq: number | undefined;
}

/** Part of a page that is printed as a whole, and counts as read then. */
interface Piece {
  text(lines: SpokenLines): string;
  read?(): void;
}

function ending(read: () => void): Piece {
  return { text: () => "", read };
}

interface PageReaderOptions {
  readonly client: Client;
  readonly chatConsole: ChatConsole;
  readonly me: () => string;
  readonly size: () => { readonly columns: number; readonly rows: number | undefined };
}

export class PageReader {
  /** Messages that the last list has numbered from 1. */
  listed: readonly NumberedMessage[] = [];
  readonly #backlog = new Backlog();
  readonly #unreadThreads = new Set<number>();
  #pieces: AsyncGenerator<Piece, undefined> | undefined;
  #held: Piece | undefined;
  /** Whether what was missed is listed, not printed. Ends when the client has caught up. */
  #isListing = false;

  constructor(private readonly options: PageReaderOptions) {}

  /** Messages that fit on the screen are printed as they arrive. More of them are listed. */
  connected(printsAll: boolean): void {
    this.#pieces = undefined;
    this.#held = undefined;
    const rooms = [...this.options.client.store.current.rooms.values()];
    const unread = rooms.filter((room) => room.unread > 0);
    this.#backlog.begin(printsAll ? [] : unread.map(({ id }) => id));
    const count = unread
      .filter(({ id }) => !isMuted(this.options.client.model, id))
      .reduce((sum, room) => sum + room.unread, 0);
    this.#isListing = !printsAll && count > this.#pageRows;
  }

  get isListing(): boolean {
    return this.#isListing;
  }

  /** Lists what is left to read, or prints it if it fits on one page. */
  async caughtUp(isFirst: boolean, printsAll: boolean): Promise<void> {
    const wasListing = this.#isListing;
    this.#isListing = false;
    if (printsAll) return;
    const inbox = await this.#load();
    const { callCount, unread } = withoutMuted(inbox);
    const count = unread + inbox.threads.reduce((sum, thread) => sum + thread.unread, 0);
    const isNew = count > 0 || callCount > 0;
    if (!isNew) return;
    if (!wasListing && count <= this.#pageRows) return this.readOn(withoutMuted(inbox));
    if (isFirst) return this.list(inbox);
    this.#note([`${inboxSum(withoutMuted(inbox))}. To read on: an empty line.`]);
  }

  /** Returns whether a printed record may count as read, with those before it. */
  printed(record: ChatRecord): boolean {
    const { client } = this.options;
    const { id } = record.room;
    if (this.#backlog.printed(record, client.model.rooms.get(id)?.read ?? 0)) return true;
    client.store.update(); // Finds out whether the record calls the user.
    const isCall = client.model.rooms.get(id)?.mentions.some(({ seq }) => seq === record.seq);
    if (isCall === true) client.markCallPrinted(id, record.n);
    return false;
  }

  /** Whether replies in the thread are unread that were not printed. */
  isThreadUnread(root: number): boolean {
    return this.#unreadThreads.has(root);
  }

  async list(loaded?: Inbox): Promise<void> {
    const whole = loaded ?? (await this.#load());
    const inbox = withoutMuted(whole);
    const roots = await this.#rootTexts(inbox.threads);
    const muted = [...whole.people, ...whole.rooms].filter((place) => place.isMuted);
    this.#number(inbox.calls);
    const { columns } = this.options.size();
    const style = { columns, nameOf: this.#nameOf, rootText: (root: number) => roots.get(root) };
    this.#note(spokenInbox(inbox, muted, style));
  }

  /** Prints the next page. What it prints is read. */
  async readOn(inbox?: Inbox): Promise<void> {
    const { chatConsole } = this.options;
    this.#pieces ??= this.#read(inbox ?? withoutMuted(await this.#load()));
    const page = await this.#nextPage(this.#pieces).catch((error: unknown) => {
      this.#pieces = undefined;
      throw error;
    });
    const isOver = this.#held === undefined;
    if (isOver) this.#pieces = undefined;
    const texts = page.map((piece) => piece.text(chatConsole.spoken));
    chatConsole.data(texts.join("") + (isOver ? "Everything read.\n" : ""));
    for (const piece of page) piece.read?.();
    this.options.client.reportPrinted();
  }

  /** Holds the piece that does not fit. What arrives while it loads may move the others. */
  async #nextPage(pieces: AsyncGenerator<Piece, undefined>): Promise<readonly Piece[]> {
    const lines = this.options.chatConsole.spoken.copy();
    const page: Piece[] = [];
    let used = 0;
    for (;;) {
      const piece = this.#held ?? (await pieces.next()).value;
      this.#held = undefined;
      if (piece === undefined) return page;
      used += piece.text(lines).split("\n").length - 1;
      if (page.length > 0 && used > this.#pageRows) {
        this.#held = piece;
        return page;
      }
      page.push(piece);
    }
  }

  get #pageRows(): number {
    const { rows } = this.options.size();
    return rows === undefined ? PAGE_ROWS : Math.max(PAGE_ROWS_MIN, rows - OTHER_ROWS);
  }

  get #nameOf(): (account: string) => string {
    return (account) => this.options.chatConsole.shownName(account);
  }

  async #load(): Promise<Inbox> {
    const { client, me } = this.options;
    client.reportPrinted();
    const counted = readInbox(await queryInbox(client.request), sha256, me());
    const inbox = withSealed(counted, client.model);
    this.#unreadThreads.clear();
    for (const { thread } of inbox.threads) {
      if (thread !== undefined) this.#unreadThreads.add(thread);
    }
    return inbox;
  }

  #number(calls: readonly InboxCall[]): void {
    this.listed = calls.map(({ room, seq }) => ({ target: formatTarget(room), seq }));
  }

  #note(lines: readonly string[]): void {
    this.options.chatConsole.data(`${lines.join("\n")}\n`);
  }

  async #rootTexts(threads: readonly InboxPlace[]): Promise<ReadonlyMap<number, string>> {
    const { client } = this.options;
    const found = new Map<number, string>();
    for (const { room, thread = 0 } of threads.slice(0, INBOX_ROWS_MAX)) {
      const record = await client.store.record(formatTarget(room), thread).catch(ignoreFault);
      const text = record && fieldsIn(record).text;
      if (text !== undefined && text !== "") found.set(thread, text);
    }
    return found;
  }

  /** Calls in full, then people, threads and rooms in the order of the list. */
  async *#read(inbox: Inbox): AsyncGenerator<Piece, undefined> {
    const { calls, people, threads, rooms } = inbox;
    this.#number(calls);
    for (const [at, call] of calls.entries()) yield this.#callPiece(call, at);
    const printed = new Set(calls.flatMap(({ seq }) => seq ?? []));
    for (const place of people) yield* this.#room(place);
    for (const place of threads) yield* this.#thread(place, printed);
    for (const place of rooms) yield* this.#room(place);
    return undefined;
  }

  #callPiece(call: InboxCall, at: number): Piece {
    const { client, size } = this.options;
    const { reason, n, room } = call;
    // A reply in a thread is read with the thread.
    const read = () => {
      if (reason !== "thread" && n !== undefined && room.id !== undefined)
        client.markCallPrinted(room.id, n);
    };
    const mark = `${at + 1}. `;
    const lines = cleanText(spokenCall(call, { nameOf: this.#nameOf }), { lines: true });
    return {
      text: () => {
        const wrapped = lines.split("\n").map((line, i) => {
          const start = i === 0 ? mark : "  | ";
          return wrapMarked(start + line, size().columns, "  | ");
        });
        return `${at === 0 ? "For you:\n" : ""}${wrapped.join("\n")}\n`;
      },
      read,
    };
  }

  /** Messages from the first unread one up to those that were printed as they arrived. */
  async *#room({ room, first, unread }: InboxPlace): AsyncGenerator<Piece, undefined> {
    const { client } = this.options;
    if (first === undefined) return;
    const target = formatTarget(room);
    const edits = await this.#editsIn(target, first);
    const isNew = (record: ChatRecord) => fieldsIn(record).thread !== true;
    const heading = (record: ChatRecord) =>
      `${spokenPlace(room, { nameOf: this.#nameOf })}, ${unread} new, ${when(record.timeUnixMs)}:`;
    let last: ChatRecord | undefined;
    for await (const record of this.#records({ target, after: first - 1 }, room.id)) {
      if (!isNew(record) || !this.#isShown(record)) continue;
      const isFirst = last === undefined;
      last = record;
      yield this.#piece(record, edits, isFirst ? heading(record) : undefined, () =>
        client.markPrinted(record),
      );
    }
    yield ending(() => {
      const newest = this.#backlog.end(room.id) ?? last;
      if (newest !== undefined) client.markPrinted(newest);
    });
  }

  async *#thread(
    place: InboxPlace,
    printed: ReadonlySet<number>,
  ): AsyncGenerator<Piece, undefined> {
    const { client } = this.options;
    const { room, thread: root = 0, last } = place;
    const target = formatTarget(room);
    const after = Math.max(root, client.model.follows?.get(root)?.read ?? 0);
    const edits = await this.#editsIn(target, after);
    const name = spokenPlace(room, { nameOf: this.#nameOf });
    let isFirst = true;
    for await (const record of this.#records({ target, after, re: root }, undefined)) {
      const isReply = fieldsIn(record).thread === true;
      if (!isReply || printed.has(record.seq) || !this.#isShown(record)) continue;
      const heading = `${name}, in a thread, ${place.unread} new, ${when(record.timeUnixMs)}:`;
      yield this.#piece(record, edits, isFirst ? heading : undefined, () =>
        client.markReplyPrinted(root, record.seq),
      );
      isFirst = false;
    }
    yield ending(() => {
      this.#unreadThreads.delete(root);
      if (last !== undefined) client.markReplyPrinted(root, last.seq);
    });
  }

  async *#records(
    fields: Pick<RequestFields<"history">, "target" | "after" | "re">,
    room: RoomId | undefined,
  ): AsyncGenerator<ChatRecord, undefined> {
    const { client } = this.options;
    let { after = 0 } = fields;
    for (;;) {
      const before = room === undefined ? undefined : this.#backlog.printedFrom(room);
      const page = await client.history({
        ...fields,
        after,
        before,
        kinds: [...OPEN_MESSAGE_KINDS],
        limit: RECORDS_AT_ONCE,
      });
      for (const record of page.records) {
        // It was printed as it arrived, while the page was on its way.
        const from = room === undefined ? undefined : this.#backlog.printedFrom(room);
        if (from !== undefined && record.seq >= from) return undefined;
        yield record;
      }
      after = page.records.at(-1)?.seq ?? after;
      if (!page.more || page.records.length === 0) return undefined;
    }
  }

  /** Texts of the newest edits of messages. */
  async #editsIn(target: string, after: number): Promise<ReadonlyMap<number, string>> {
    const { client } = this.options;
    const query = { target, kinds: ["edit"], limit: PAGE_RECORDS_MAX };
    const { records } = await client.history(query);
    const texts = new Map<number, string>();
    for (const record of records) {
      const { seq = 0, text = "" } = fieldsIn(record);
      if (record.seq > after && record.state === "whole") texts.set(Number(seq), text);
    }
    return texts;
  }

  #isShown({ state, from }: ChatRecord): boolean {
    return state !== "erased" && !isIgnored(this.options.client.model, from);
  }

  #piece(
    record: ChatRecord,
    edits: ReadonlyMap<number, string>,
    heading: string | undefined,
    read: () => void,
  ): Piece {
    const { chatConsole, me } = this.options;
    const text = edits.get(record.seq);
    const body = text === undefined ? record.body : { ...record.body, text };
    const displayed = displayChatRecord({ ...record, body }, me());
    const place = heading === undefined ? undefined : destinationName(displayed, me());
    const before = heading === undefined ? "" : `${heading}\n`;
    return {
      text: (lines) => before + lines.next(displayed, chatConsole.spokenStyle, place),
      read,
    };
  }
}
