/** Slack's export: a folder or a zip. */

import { noChannel } from "./channel.ts";
import {
  EntryList,
  type Fields,
  fieldsOf,
  jsonOf,
  listOf,
  type ParsedFile,
  textOf,
} from "./entry.ts";
import type { ExportTree } from "./source.ts";

const DAY_FILE = /^(?:(.*)\/)?\d{4}-\d\d-\d\d\.json$/;

export function isSlack(tree: ExportTree): boolean {
  return tree.paths.some((path) => DAY_FILE.test(path));
}

/**
 * Reads a folder or zip with `users.json` and one folder per channel, with files such as
 * `2026-11-21.json`. The folder of a single channel is also accepted.
 * @see https://slack.com/help/articles/220556107-How-to-read-Slack-data-exports
 * @throws {Fault} not-found if the export lacks the channel
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
