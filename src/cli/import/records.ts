/** The program's own export: the output of `chat export` and `chat history --json`. */

import { type Fields, listOf, objectFields, textOf } from "../../base/json-fields.ts";
import { FILES_PER_POST_MAX } from "../../base/limits.ts";
import { formatSize } from "../../base/sizes.ts";
import { type ExportChannel, selectChannel } from "./channel.ts";
import { EntryList, type ParsedFile, type ReadOptions } from "./entry.ts";
import { jsonLinesIn, type LinesFile } from "./json.ts";

interface RoomOfRecords extends ExportChannel {
  readonly key: string;
}

interface Contents {
  readonly rooms: readonly RoomOfRecords[];
  /** Keys of records, and ids of files, that were erased after they were written to the file. */
  readonly erased: ReadonlySet<string>;
}

/**
 * Reads the records of one room, which can be in several files.
 * @throws {Fault} not-found if the file lacks the room; usage if it has several rooms and none is
 * chosen
 */
export function* readRecords(
  files: readonly LinesFile[],
  options: ReadOptions,
): Generator<void, ParsedFile> {
  const list = new EntryList();
  const { rooms, erased } = yield* contentsOf(files);
  // A file without records is empty, or has only lines that are reported below.
  const isOne = rooms.length === 0 || (rooms.length === 1 && !options.isChannelGiven);
  const chosen = isOne ? rooms[0] : selectChannel(rooms, options);
  const reader = new RecordReader(list, erased);
  for (const file of files) {
    for (const { location: place, isUtf8, object: record } of jsonLinesIn(file.read())) {
      const location = file.path === "" ? place : `${file.path}, ${place}`;
      if (!isUtf8 || record === undefined) list.problem(location, "not a JSON object in UTF-8");
      else if (textOf(record["kind"]) === "")
        list.problem(location, "not a record of chat history");
      else if (isRecord(record) && roomOf(record).key !== chosen?.key) {
        list.skip("record of another room", location, roomOf(record).name);
      } else reader.add(location, record);
      yield;
    }
  }
  return list.parsed("chat");
}

function* contentsOf(files: readonly LinesFile[]): Generator<void, Contents> {
  const rooms = new Map<string, RoomOfRecords>();
  const erased = new Set<string>();
  for (const file of files) {
    for (const { object: record } of jsonLinesIn(file.read())) {
      yield;
      if (record === undefined || !isRecord(record)) continue;
      const room = roomOf(record);
      rooms.set(room.key, room);
      const kind = textOf(record["kind"]);
      if (kind === "erased-files")
        for (const file of listOf(record["files"])) erased.add(String(file));
      if (kind !== "erased") continue;
      for (const seq of [record["seq"], ...listOf(record["also"])]) erased.add(String(seq));
    }
  }
  return { rooms: [...rooms.values()], erased };
}

/** Other lines of `--json` output, such as acknowledgements, are not part of a room's history. */
function isRecord(record: Fields): boolean {
  return seqOf(record["seq"]) !== undefined && textOf(record["from"]) !== "";
}

function roomOf(record: Fields): RoomOfRecords {
  const room = textOf(record["room"]);
  if (room !== "") return { name: room, key: room };
  const people = [textOf(record["from"]), textOf(record["to"])].sort();
  return {
    name: people.join(","),
    aliases: people.map((user) => `@${user}`),
    key: people.join(" "),
  };
}

/** Names of kinds without a message. Others, also future ones, are imported if they have a text. */
const EVENT_TEXTS: Readonly<Record<string, string>> = {
  erased: "erased message",
  vote: "vote in a poll",
  poll: "start or end of a poll (its text is imported)",
};

const UNREAD: ReadonlySet<string> = new Set(["damaged", "unreadable"]);

class RecordReader {
  /** Texts that stand for files, by the key of their record. */
  readonly #files = new Map<string, string>();
  /** Hashes of the records so far by number, because two exports of a room can overlap. */
  readonly #hashes = new Map<string, number | bigint>();

  constructor(
    private readonly list: EntryList,
    private readonly erased: ReadonlySet<string>,
  ) {}

  /** Reports a record with the number of another one, which is from another server. */
  #isRepeated(location: string, record: Fields): boolean {
    const key = seqOf(record["seq"]);
    // Another export may have a record that this one could not read.
    if (key === undefined || !isRecord(record) || UNREAD.has(textOf(record["kind"]))) return false;
    const { kind, time, text, react } = record;
    const hash = Bun.hash(JSON.stringify([kind, time, text, react]));
    const known = this.#hashes.get(key);
    if (known === undefined) this.#hashes.set(key, hash);
    else if (known === hash) this.list.skip("repeated record", location);
    else {
      const reason = `another record has the number ${key}; import each server's export by itself`;
      this.list.problem(location, reason);
    }
    return known !== undefined;
  }

  add(location: string, record: Fields): void {
    const { list } = this;
    const kind = textOf(record["kind"]);
    const imported = objectFields(record["imported"]);
    const from = textOf((imported ?? record)["from"]);
    const timeUnixMs = Date.parse(textOf((imported ?? record)["time"]));
    const common = { location, from, timeUnixMs };
    const key = seqOf(record["seq"]);
    const re = seqOf(record["re"]);
    const text = textOf(record["text"]);
    const isErased = key !== undefined && this.erased.has(key);
    if (isErased) return list.skip("erased message", location);
    // Its number is that of the message.
    if (kind === "erased-files") return list.skip("erased files", location);
    if (this.#isRepeated(location, record)) return;
    switch (kind) {
      case "text":
      case "action": {
        const thread = record["thread"] === true || undefined;
        const notice = record["notice"] === true || undefined;
        return list.add({ ...common, kind, text, key, re, thread, notice });
      }
      case "file": {
        const files = filesOf(record).filter(({ id }) => !this.erased.has(textOf(id)));
        const replacement = files.map(fileText).join(" ");
        if (replacement === "" && text === "") return list.skip("erased message", location);
        if (key !== undefined) this.#files.set(key, replacement);
        return list.add({ ...common, kind: "text", text: withFile(replacement, text), key });
      }
      case "reaction":
        if (re === undefined) return list.skip("reaction to no message", location);
        return list.add({ ...common, kind, react: textOf(record["react"]), re });
      case "edited": {
        const of = seqOf(record["of"]);
        if (of === undefined) return list.problem(location, "edit of no message");
        if (this.erased.has(of)) return list.skip("erased message", location);
        const edited = withFile(this.#files.get(of), text);
        return list.add({ ...common, kind: "edit", text: edited, re: of });
      }
      case "damaged":
        return list.problem(location, "the record is damaged");
      case "unreadable":
        return list.lose("message that the exporting device could not decrypt", location);
      default:
        // A message of a kind that only a later version knows.
        if (from !== "" && text !== "") list.add({ ...common, kind: "text", text, key, re });
        else list.skip(EVENT_TEXTS[kind] ?? `${kind} (event)`, location, from);
    }
  }
}

/** A line of versions before 0.4 has the fields of its only file. */
function filesOf(record: Fields): readonly Fields[] {
  if (record["files"] === undefined) return [record];
  const files = listOf(record["files"]).slice(0, FILES_PER_POST_MAX);
  return files.map((file) => objectFields(file) ?? {});
}

function fileText(record: Fields): string {
  const size = Number(record["sizeBytes"]);
  const sizeText = Number.isSafeInteger(size) && size >= 0 ? `, ${formatSize(size)}` : "";
  return `[file ${textOf(record["name"])}${sizeText}, ${textOf(record["id"])}]`;
}

function withFile(file: string | undefined, caption: string): string {
  if (file === undefined || file === "") return caption;
  return caption === "" ? file : `${file} ${caption}`;
}

function seqOf(value: unknown): string | undefined {
  return typeof value === "number" ? String(value) : undefined;
}
