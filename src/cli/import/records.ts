/** The program's own export: the output of `chat export` and `chat history --json`. */

import { formatSize } from "../../base/sizes.ts";
import {
  EntryList,
  type Fields,
  fieldsOf,
  jsonOf,
  linesIn,
  type ParsedFile,
  textOf,
} from "./entry.ts";

const SKIPPED_KINDS: ReadonlySet<string> = new Set([
  ...["room", "join", "leave", "topic", "mute", "admission", "grant", "rename", "close", "remove"],
  ...["retention", "pin", "receipts", "group"],
  ...["erased", "unreadable"],
]);

export function readRecords(bytes: Uint8Array): ParsedFile {
  const list = new EntryList();
  const files = new Map<string, string>();
  let roomKey: string | undefined;
  for (const { location, text, isLatin1 } of linesIn(bytes)) {
    if (text.trim() === "") continue;
    const record = isLatin1 ? undefined : fieldsOf(jsonOf(text));
    if (record === undefined) {
      list.problem(location, "not a JSON object in UTF-8");
      continue;
    }
    roomKey ??= roomKeyOf(record);
    if (roomKeyOf(record) !== roomKey)
      list.problem(location, "belongs to another room than earlier records");
    else readRecord(list, files, location, record);
  }
  return list.parsed("chat");
}

function readRecord(
  list: EntryList,
  files: Map<string, string>,
  location: string,
  record: Fields,
): void {
  const kind = textOf(record["kind"]);
  if (SKIPPED_KINDS.has(kind)) {
    list.skipped++;
    return;
  }
  if (kind === "damaged") return list.problem(location, "the record is damaged");
  const imported = fieldsOf(record["imported"]);
  const from = textOf((imported ?? record)["from"]);
  const timeUnixMs = Date.parse(textOf((imported ?? record)["time"]));
  const common = { location, from, timeUnixMs };
  const key = seqOf(record["seq"]);
  const re = seqOf(record["re"]);
  const text = textOf(record["text"]);
  if (kind === "text" || kind === "action") list.add({ ...common, kind, text, key, re });
  else if (kind === "file") {
    const replacement = fileText(record);
    if (key !== undefined) files.set(key, replacement);
    list.add({ ...common, kind: "text", text: withFile(replacement, text), key });
  } else if (kind === "reaction" && re !== undefined) {
    list.add({ ...common, kind, react: textOf(record["react"]), re });
  } else if (kind === "edited" && seqOf(record["of"]) !== undefined) {
    const of = seqOf(record["of"]) ?? "";
    list.add({ ...common, kind: "edit", text: withFile(files.get(of), text), re: of });
  } else list.problem(location, "not a record of chat history --json");
}

function fileText(record: Fields): string {
  const size = Number(record["sizeBytes"]);
  const sizeText = Number.isSafeInteger(size) && size >= 0 ? `, ${formatSize(size)}` : "";
  return `[file ${textOf(record["name"])}${sizeText}, ${textOf(record["id"])}]`;
}

function withFile(file: string | undefined, caption: string): string {
  if (file === undefined) return caption;
  return caption === "" ? file : `${file} ${caption}`;
}

function seqOf(value: unknown): string | undefined {
  return typeof value === "number" ? String(value) : undefined;
}

function roomKeyOf(record: Fields): string {
  if (typeof record["room"] === "string") return record["room"];
  return [textOf(record["from"]), textOf(record["to"])].sort().join(" ");
}
