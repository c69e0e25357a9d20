/** Reads the output of `chat export` and `chat history --json`. */

import { formatSize } from "../../base/sizes.ts";
import { EntryList, type Fields, fieldsOf, jsonOf, type ParsedFile, textOf } from "./entry.ts";
import { linesIn } from "./lines.ts";

/** Room events and erased messages are not imported. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  ...["room", "join", "leave", "topic", "mute", "grant", "rename", "close", "remove"],
  ...["retention", "pin", "receipts", "group"],
  ...["erased", "unreadable"],
]);

export function readRecords(bytes: Uint8Array): ParsedFile {
  const list = new EntryList();
  const files = new Map<string, string>();
  let place: string | undefined;
  for (const { where, text, isLatin1 } of linesIn(bytes)) {
    if (text.trim() === "") continue;
    const record = isLatin1 ? undefined : fieldsOf(jsonOf(text));
    if (record === undefined) {
      list.problem(where, "it is no JSON object in UTF-8");
      continue;
    }
    place ??= placeOf(record);
    if (placeOf(record) !== place) list.problem(where, "it is of another room than those before");
    else readRecord(list, files, where, record);
  }
  return list.parsed("chat");
}

/** @param files text in place of each file, by its key */
function readRecord(
  list: EntryList,
  files: Map<string, string>,
  where: string,
  record: Fields,
): void {
  const kind = textOf(record["kind"]);
  if (LEFT_OUT.has(kind)) {
    list.leftOut++;
    return;
  }
  if (kind === "damaged") return list.problem(where, "the record is damaged, and its text is lost");
  const imported = fieldsOf(record["imported"]);
  const from = textOf((imported ?? record)["from"]);
  const timeUnixMs = Date.parse(textOf((imported ?? record)["time"]));
  const common = { where, from, timeUnixMs };
  const key = seqOf(record["seq"]);
  const re = seqOf(record["re"]);
  const text = textOf(record["text"]);
  if (kind === "text" || kind === "action") list.add({ ...common, kind, text, key, re });
  else if (kind === "file") {
    const words = fileWords(record);
    if (key !== undefined) files.set(key, words);
    list.add({ ...common, kind: "text", text: withFile(words, text), key });
  } else if (kind === "reaction" && re !== undefined) {
    list.add({ ...common, kind, react: textOf(record["react"]), re });
  } else if (kind === "edited" && seqOf(record["of"]) !== undefined) {
    const of = seqOf(record["of"]) ?? "";
    list.add({ ...common, kind: "edit", text: withFile(files.get(of), text), re: of });
  } else list.problem(where, "it is no record of chat history --json");
}

/** The content is not in the file: its id leads to it where it still exists. */
function fileWords(record: Fields): string {
  const size = Number(record["sizeBytes"]);
  const shown = Number.isSafeInteger(size) && size >= 0 ? `, ${formatSize(size)}` : "";
  return `[file ${textOf(record["name"])}${shown}, ${textOf(record["id"])}]`;
}

/** A caption follows its file. */
function withFile(file: string | undefined, said: string): string {
  if (file === undefined) return said;
  return said === "" ? file : `${file} ${said}`;
}

function seqOf(value: unknown): string | undefined {
  return typeof value === "number" ? String(value) : undefined;
}

/** The same for both directions of a conversation. */
function placeOf(record: Fields): string {
  if (typeof record["room"] === "string") return record["room"];
  return [textOf(record["from"]), textOf(record["to"])].sort().join(" ");
}
