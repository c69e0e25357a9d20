/** Texts of an assignment's box as a file, which is read from the log while it is sent. */

import { cutText, utf8Encode } from "../../base/bytes.ts";
import type { UserId } from "../../base/ids.ts";
import { PAGE_BYTES_MAX, PAGE_RECORDS_MAX } from "../../base/limits.ts";
import { messageLine } from "../../base/message-line.ts";
import type { Room } from "../../core/rooms/rooms.ts";
import type { PageQuery, RecordPage } from "../../io/log/log.ts";
import { bodyOf, type LogRecord } from "../../wire/record.ts";

export interface TextSource {
  /** Reads a page in turn with other readers. */
  page(query: PageQuery): Promise<RecordPage>;
  isErased(seq: number): boolean;
  nameOf(user: UserId | "server"): string | undefined;
}

/** Line of a text as last edited. */
interface Line {
  /** Record with the last version of the text. */
  readonly seq: number;
  readonly isEdited: boolean;
  readonly bytes: number;
}

const KINDS = new Set(["text", "action", "edit"] as const);
const OMITTED = "[…]\n";
const PIECE_BYTES = 64 * 1024;

/**
 * The size is determined before the content is sent, because archives list it first. A text that is
 * erased in between is replaced by spaces.
 */
export class CollectedTexts {
  readonly sizeBytes: number;
  #page: ReadonlyMap<number, LogRecord> = new Map();

  private constructor(
    private readonly room: Room["id"],
    private readonly source: TextSource,
    private readonly lines: readonly Line[],
    private readonly isCut: boolean,
  ) {
    const omittedBytes = isCut ? utf8Encode(OMITTED).length : 0;
    this.sizeBytes = lines.reduce((sum, { bytes }) => sum + bytes, omittedBytes);
  }

  /** @param countMax texts after this number are left out */
  static async measure(
    { id }: Pick<Room, "id">,
    source: TextSource,
    countMax: number,
  ): Promise<CollectedTexts> {
    const lines = new Map<number, Line>();
    for (let afterSeq = 0; ; ) {
      const page = await source.page(queryOf(id, afterSeq));
      for (const record of page.records) {
        const { seq } = record.head;
        const { text, seq: message = seq } = bodyOf(record, record.head.kind as "edit") ?? {};
        if (text === undefined || source.isErased(message)) continue;
        const isCut = lines.size >= countMax && !lines.has(message);
        if (isCut) return new CollectedTexts(id, source, [...lines.values()], true);
        const bytes = utf8Encode(lineOf(record, text, source)).length;
        lines.set(message, { seq, isEdited: message !== seq, bytes });
      }
      afterSeq = page.records.at(-1)?.head.seq ?? afterSeq;
      if (page.more && page.records.length > 0) continue;
      return new CollectedTexts(id, source, [...lines.values()], false);
    }
  }

  get count(): number {
    return this.lines.length;
  }

  /** Oldest first. */
  async *chunks(): AsyncGenerator<Uint8Array> {
    let piece: string[] = [];
    let bytes = 0;
    for (const line of this.lines) {
      piece.push(fitted(await this.#text(line), line.bytes));
      bytes += line.bytes;
      if (bytes < PIECE_BYTES) continue;
      yield utf8Encode(piece.join(""));
      [piece, bytes] = [[], 0];
    }
    if (this.isCut) piece.push(OMITTED);
    yield utf8Encode(piece.join(""));
  }

  async #text(line: Line): Promise<string> {
    const { seq } = line;
    const record = this.#page.get(seq) ?? (await this.#read(line));
    const { text, seq: message = seq } =
      (record && bodyOf(record, record.head.kind as "edit")) ?? {};
    const isErased = record === undefined || text === undefined || this.source.isErased(message);
    return isErased ? "" : lineOf(record, text, this.source);
  }

  async #read({ seq, isEdited }: Line): Promise<LogRecord | undefined> {
    const query = queryOf(this.room, seq - 1);
    // An edited text is read alone, because the records after its edit are not the next texts.
    const { records } = await this.source.page(isEdited ? { ...query, limit: 1 } : query);
    const page = new Map(records.map((record) => [record.head.seq, record]));
    if (!isEdited) this.#page = page;
    return page.get(seq);
  }
}

function queryOf(room: Room["id"], afterSeq: number): PageQuery {
  const range = { from: "oldest", limit: PAGE_RECORDS_MAX, bytesMax: PAGE_BYTES_MAX } as const;
  return { rooms: new Set([room]), kinds: KINDS, afterSeq, ...range };
}

function lineOf({ head }: LogRecord, text: string, source: TextSource): string {
  return messageLine(head.time, source.nameOf(head.by) ?? "?", text);
}

/** Returns a line of the size that was announced, also if an author was renamed since. */
function fitted(line: string, bytes: number): string {
  const sizeBytes = utf8Encode(line).length;
  if (sizeBytes === bytes) return line;
  const start = cutText(line.trimEnd(), bytes - 1);
  return `${start}${" ".repeat(bytes - 1 - utf8Encode(start).length)}\n`;
}
