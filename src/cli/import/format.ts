/** Detects the format of an import and reads its files. */

import { closeSync, lstatSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../base/fault.ts";
import { formatSize } from "../../base/sizes.ts";
import { quoteText } from "../../base/text.ts";
import { diskFault, errorCode } from "../../io/disk/disk.ts";
import { isZip, openZip } from "../zip.ts";
import {
  EntryList,
  type Fields,
  fieldsOf,
  jsonOf,
  linesIn,
  listOf,
  type ParsedFile,
  type ReadOptions,
  textOf,
  unknownFormat,
} from "./entry.ts";
import { isIrssi, isWeechat, readIrssi, readWeechat } from "./irc.ts";

/** The file is read into memory; this size holds a few million lines. */
const FILE_BYTES_MAX = 512 * 1024 * 1024;
const READ_BYTES = 1024 * 1024;
const DETECTION_LINES_MAX = 50;
const TREE_FILES_MAX = 200_000;

/** @throws {Fault} usage if the format is unknown; not-found, too-large, store-… */
export function readImport(path: string, options: ReadOptions): ParsedFile {
  const { channel, offsetMinutes } = options;
  const bytes = isFolder(path) ? undefined : fileBytes(path);
  if (bytes === undefined || isZip(bytes)) {
    const tree = bytes === undefined ? folderTree(path) : zipTree(bytes);
    if (!isSlack(tree)) throw unknownFormat(quoteText(path));
    return readSlack(tree, channel);
  }
  let linesChecked = 0;
  for (const { text } of linesIn(bytes)) {
    if (text.trim() === "") continue;
    const object = fieldsOf(jsonOf(text));
    if (object !== undefined && typeof object["kind"] === "string") return readRecords(bytes);
    if (object?.["type"] === "version") return readMattermost(bytes, channel);
    if (isWeechat(text)) return readWeechat(bytes, offsetMinutes);
    if (isIrssi(text)) return readIrssi(bytes, offsetMinutes);
    if (++linesChecked === DETECTION_LINES_MAX) break;
  }
  throw unknownFormat(quoteText(path));
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    throw readFault(error, path);
  }
}

/** Ignores the file size, because the path may be a pipe or an endless device. */
function fileBytes(path: string): Uint8Array {
  try {
    const file = openSync(path, "r");
    try {
      const pieces: Buffer[] = [];
      const buffer = Buffer.allocUnsafe(READ_BYTES);
      for (let sizeBytes = 0; sizeBytes <= FILE_BYTES_MAX; ) {
        const readBytes = readSync(file, buffer);
        if (readBytes === 0) return Buffer.concat(pieces);
        pieces.push(Buffer.from(buffer.subarray(0, readBytes)));
        sizeBytes += readBytes;
      }
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw readFault(error, path);
  }
  throw new Fault("too-large", `${quoteText(path)} is larger than 512 MiB`, { remedy: "split it" });
}

/** Lists regular files up to two levels deep; exports contain no links or deeper folders. */
function folderTree(path: string): ExportTree {
  const paths: string[] = [];
  const listFolder = (folder: string, depth: number): void => {
    for (const name of readdirSync(join(path, folder)).sort()) {
      const innerPath = folder === "" ? name : `${folder}/${name}`;
      const stat = lstatSync(join(path, innerPath));
      if (stat.isFile() && paths.length < TREE_FILES_MAX) paths.push(innerPath);
      else if (stat.isDirectory() && depth > 0) listFolder(innerPath, depth - 1);
    }
  };
  try {
    listFolder("", 2);
  } catch (error) {
    throw readFault(error, path);
  }
  return { paths, read: (innerPath) => fileBytes(join(path, innerPath)) };
}

function zipTree(bytes: Uint8Array): ExportTree {
  const { entries, read } = openZip(bytes);
  return { paths: [...entries.keys()], read };
}

function readFault(error: unknown, path: string): Fault {
  if (errorCode(error) !== "ENOENT") return diskFault(error, quoteText(path));
  return new Fault("not-found", `no such file: ${quoteText(path)}`, { remedy: "check the path" });
}

const SKIPPED_KINDS: ReadonlySet<string> = new Set([
  ...["room", "join", "leave", "topic", "mute", "admission", "grant", "rename", "close", "remove"],
  ...["retention", "pin", "receipts", "group"],
  ...["erased", "unreadable"],
]);

/**
 * Reads the output of `chat export` and `chat history --json`.
 * @internal
 */
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

/**
 * Reads Mattermost's bulk export in JSON Lines.
 * @see https://docs.mattermost.com/administration-guide/manage/bulk-export-tool.html
 * @throws {Fault} not-found if the export lacks the channel
 * @internal
 */
export function readMattermost(bytes: Uint8Array, channel: string): ParsedFile {
  const list = new EntryList();
  const channels = new Set<string>();
  for (const { location, text, isLatin1 } of linesIn(bytes)) {
    if (text.trim() === "") continue;
    const line = isLatin1 ? undefined : fieldsOf(jsonOf(text));
    const type = textOf(line?.["type"]);
    if (line === undefined || type === "") {
      list.problem(location, "not a line of a bulk export");
      continue;
    }
    const post = fieldsOf(line["post"]);
    if (type !== "post" || post === undefined) {
      const name = textOf(fieldsOf(line["channel"])?.["name"]);
      if (type === "channel" && name !== "") channels.add(name);
      if (type === "post") list.problem(location, "post without content");
      else list.skipped++;
      continue;
    }
    const name = textOf(post["channel"]);
    channels.add(name);
    if (name.toLowerCase() !== channel.toLowerCase()) list.skipped++;
    else addPost(list, location, post);
  }
  if (![...channels].some((name) => name.toLowerCase() === channel.toLowerCase())) {
    throw noChannel(channel, channels);
  }
  return list.parsed("Mattermost");
}

function addPost(list: EntryList, location: string, post: Fields): void {
  addMessageOf(list, location, post, undefined);
  for (const [index, reply] of listOf(post["replies"]).entries()) {
    const fields = fieldsOf(reply);
    const replyLocation = `${location}, reply ${index + 1}`;
    if (fields === undefined) list.problem(replyLocation, "not a reply");
    else addMessageOf(list, replyLocation, fields, location);
  }
}

/** Identifies messages by their positions, because exported posts have no ids. */
function addMessageOf(
  list: EntryList,
  location: string,
  post: Fields,
  re: string | undefined,
): void {
  const type = textOf(post["type"]);
  if (type.startsWith("system_")) {
    list.skipped++;
    return;
  }
  const timeUnixMs = Number(post["create_at"]);
  const files = listOf(post["attachments"]).map((attachment) =>
    textOf(fieldsOf(attachment)?.["path"]),
  );
  const names = files.map((path) => `[file ${path.split("/").at(-1)}]`);
  const text = [textOf(post["message"]), ...names].filter((part) => part !== "").join("\n");
  const kind = type === "me" ? "action" : "text";
  list.add({ location, from: textOf(post["user"]), timeUnixMs, kind, text, key: location, re });
  for (const reaction of listOf(post["reactions"])) {
    const fields = fieldsOf(reaction) ?? {};
    const react = `:${textOf(fields["emoji_name"])}:`;
    const reactionUnixMs = Number(fields["create_at"] ?? timeUnixMs);
    const from = textOf(fields["user"]);
    list.add({ location, from, timeUnixMs: reactionUnixMs, kind: "reaction", react, re: location });
  }
}

function noChannel(channel: string, channels: Iterable<string>): Fault {
  const names = [...channels].slice(0, 20).join(", ");
  const message = `no channel '${channel}' in the export; channels: ${names || "none"}`;
  return new Fault("not-found", message, { remedy: "choose one with --channel" });
}

/** Files of the export by path, such as `general/2026-11-21.json`. */
export interface ExportTree {
  readonly paths: readonly string[];
  read(path: string): Uint8Array;
}

const DAY_FILE = /^(?:(.*)\/)?\d{4}-\d\d-\d\d\.json$/;

/** @internal */
export function isSlack(tree: ExportTree): boolean {
  return tree.paths.some((path) => DAY_FILE.test(path));
}

/**
 * Reads a folder or zip with `users.json` and one folder per channel, with files such as
 * `2026-11-21.json`. The folder of a single channel is also accepted.
 * @see https://slack.com/help/articles/220556107-How-to-read-Slack-data-exports
 * @throws {Fault} not-found if the export lacks the channel
 * @internal
 */
export function readSlack(tree: ExportTree, channel: string): ParsedFile {
  const list = new EntryList();
  const channels = new Set(tree.paths.flatMap((path) => DAY_FILE.exec(path)?.[1] ?? []));
  const nameOf = (folder: string) => folder.split("/").at(-1)?.toLowerCase();
  const folder = [...channels].find((path) => nameOf(path) === channel.toLowerCase());
  if (folder === undefined && channels.size > 0) {
    throw noChannel(
      channel,
      [...channels].map((path) => path.split("/").at(-1) ?? path),
    );
  }
  const names = namesIn(tree);
  const days = tree.paths.filter((path) => {
    const match = DAY_FILE.exec(path);
    return match !== null && match[1] === folder;
  });
  for (const path of days.sort()) {
    const messages = jsonOf(new TextDecoder().decode(tree.read(path)));
    if (!Array.isArray(messages)) {
      list.problem(path, "not a list of messages");
      continue;
    }
    for (const [index, message] of messages.entries()) {
      const location = `${path}, message ${index + 1}`;
      const fields = fieldsOf(message);
      if (fields === undefined) list.problem(location, "not a message");
      else addMessage(list, location, fields, names);
    }
  }
  return list.parsed("Slack");
}

function namesIn(tree: ExportTree): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const path = tree.paths.find((path) => path.split("/").at(-1) === "users.json");
  if (path === undefined) return names;
  for (const user of listOf(jsonOf(new TextDecoder().decode(tree.read(path))))) {
    const fields = fieldsOf(user) ?? {};
    const profile = fieldsOf(fields["profile"]) ?? {};
    const name = textOf(profile["display_name"]) || textOf(fields["name"]);
    names.set(textOf(fields["id"]), name || textOf(profile["real_name"]));
  }
  return names;
}

const MESSAGE_SUBTYPES: ReadonlySet<string> = new Set([
  ...["", "me_message", "bot_message", "file_share", "thread_broadcast", "file_comment"],
]);
const EVENT = /^(?:channel_|group_|bot_add|bot_remove|pinned_item|tombstone|reminder_|sh_room_)/;

function addMessage(
  list: EntryList,
  location: string,
  message: Fields,
  names: ReadonlyMap<string, string>,
): void {
  const subtype = textOf(message["subtype"]);
  if (EVENT.test(subtype)) {
    list.skipped++;
    return;
  }
  if (textOf(message["type"]) !== "message" || !MESSAGE_SUBTYPES.has(subtype)) {
    list.problem(location, `unsupported message type '${subtype || textOf(message["type"])}'`);
    return;
  }
  const key = textOf(message["ts"]);
  const thread = textOf(message["thread_ts"]);
  const re = thread === "" || thread === key ? undefined : thread;
  const timeUnixMs = Math.round(Number(key || "x") * 1_000);
  const files = listOf(message["files"]).map((file) => {
    const { name, title, mode } = fieldsOf(file) ?? {};
    return mode === "tombstone" ? "" : `[file ${textOf(name) || textOf(title)}]`;
  });
  const messageText = plainText(textOf(message["text"]), names);
  const text = [messageText, ...files].filter((part) => part !== "").join("\n");
  const kind = subtype === "me_message" ? "action" : "text";
  if (text === "") list.skipped++;
  else list.add({ location, from: authorOf(message, names), timeUnixMs, kind, text, key, re });
  for (const reaction of listOf(message["reactions"])) {
    const fields = fieldsOf(reaction) ?? {};
    for (const user of listOf(fields["users"])) {
      const from = names.get(textOf(user)) || textOf(user);
      const react = `:${textOf(fields["name"])}:`;
      list.add({ location, from, timeUnixMs, kind: "reaction", react, re: key });
    }
  }
}

function authorOf(message: Fields, names: ReadonlyMap<string, string>): string {
  const profile = fieldsOf(message["user_profile"]) ?? {};
  const user = textOf(message["user"]);
  return (
    names.get(user) ||
    textOf(profile["display_name"]) ||
    textOf(profile["real_name"]) ||
    textOf(message["username"]) ||
    user ||
    textOf(message["bot_id"])
  );
}

function plainText(text: string, names: ReadonlyMap<string, string>): string {
  const plain = text.replaceAll(/<([^<>]*)>/g, (_, inner: string) => {
    const [target = "", label = ""] = inner.split("|");
    if (target.startsWith("@")) return `@${label || names.get(target.slice(1)) || target.slice(1)}`;
    if (target.startsWith("#")) return `#${label || target.slice(1)}`;
    if (target.startsWith("!")) return label || `@${target.slice(1)}`;
    const address = target.replace(/^mailto:/, "");
    return label === "" || label === address ? address : `${label} (${address})`;
  });
  return plain.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}
