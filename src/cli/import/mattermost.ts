/** Mattermost's bulk export in JSON Lines. */

import { noChannel } from "./channel.ts";
import {
  EntryList,
  type Fields,
  fieldsOf,
  jsonOf,
  linesIn,
  listOf,
  type ParsedFile,
  textOf,
} from "./entry.ts";

/**
 * Reads Mattermost's bulk export in JSON Lines.
 * @see https://docs.mattermost.com/administration-guide/manage/bulk-export-tool.html
 * @throws {Fault} not-found if the export lacks the channel
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
