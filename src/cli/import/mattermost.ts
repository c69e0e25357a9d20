/** Mattermost's bulk export in JSON Lines, in its zip, or unpacked. */

import { type Fields, fieldsOf, listOf, textOf } from "../../base/json-fields.ts";
import { attachmentsText, type BlockNames, joinLines } from "../../core/slack/blocks.ts";
import { type ExportChannel, selectChannel } from "./channel.ts";
import { withEmoji } from "./emoji-names.ts";
import { EntryList, type ParsedFile, type ReadOptions } from "./entry.ts";
import { jsonLinesIn, jsonOf } from "./json.ts";
import { addMessage, addReaction, emojiText } from "./message.ts";

/** Channel of a team, or a direct conversation, whose name lists its members. */
interface MattermostChannel extends ExportChannel {
  readonly key: string;
}

/**
 * @see https://docs.mattermost.com/administration-guide/manage/bulk-export-tool.html
 * @throws {Fault} not-found if the export lacks the channel; usage if it can mean several
 */
export function readMattermost(bytes: Uint8Array, options: ReadOptions): ParsedFile {
  const list = new EntryList();
  const channels = channelsIn(bytes);
  // Lines that cannot be read explain why there is no channel.
  const chosen = channels.length === 0 ? undefined : selectChannel(channels, options);
  for (const { location, isLatin1, object: line } of jsonLinesIn(bytes)) {
    if (isLatin1) list.problem(location, "not text in UTF-8");
    else if (line === undefined || textOf(line["type"]) === "") list.problem(location, NO_LINE);
    else readLine(list, location, line, chosen);
  }
  if (chosen === undefined && list.problems.length === 0) selectChannel(channels, options);
  return list.parsed("Mattermost");
}

const NO_LINE = "not a line of a bulk export, or nested too deeply";

function channelsIn(bytes: Uint8Array): readonly MattermostChannel[] {
  const channels = new Map<string, MattermostChannel>();
  for (const { isLatin1, object: line } of jsonLinesIn(bytes)) {
    if (isLatin1 || line === undefined) continue;
    const channel = fieldsOf(line["channel"]);
    const [name, team] = [textOf(channel?.["name"]), textOf(channel?.["team"])];
    const declared =
      name === "" ? undefined : { name, team: team || undefined, key: keyOf(team, name) };
    const found = declared ?? channelOf(line);
    if (found !== undefined) channels.set(found.key, found);
  }
  const all = [...channels.values()];
  const isRepeated = ({ name, team, key }: MattermostChannel) =>
    team === undefined && all.some((other) => other.key !== key && other.name === name);
  return all.filter((channel) => !isRepeated(channel));
}

function channelOf(line: Fields): MattermostChannel | undefined {
  const post = fieldsOf(line["post"]);
  if (post !== undefined) {
    const [name, team] = [textOf(post["channel"]), textOf(post["team"])];
    return { name, team: team || undefined, key: keyOf(team, name) };
  }
  const direct = fieldsOf(line["direct_post"]);
  if (direct === undefined) return undefined;
  const members = listOf(direct["channel_members"]).map(textOf).sort();
  const name = members.map((member) => `@${member}`).join(",");
  return { name, aliases: [members.join(",")], key: name };
}

/** Mattermost compares names without regard to case. */
function keyOf(team: string, name: string): string {
  return JSON.stringify([team.toLowerCase(), name.toLowerCase()]);
}

function readLine(
  list: EntryList,
  location: string,
  line: Fields,
  chosen: MattermostChannel | undefined,
): void {
  const type = textOf(line["type"]);
  const post = fieldsOf(line["post"]) ?? fieldsOf(line["direct_post"]);
  const isPost = type === "post" || type === "direct_post";
  if (isPost && post === undefined) return list.problem(location, "post without content");
  if (post === undefined) return list.skip(`${type} (not a message)`, location);
  const channel = channelOf(line);
  if (channel !== undefined && channel.key === chosen?.key) return addPost(list, location, post);
  const name = channel?.team === undefined ? channel?.name : `${channel.team}/${channel.name}`;
  list.skip("post in another channel", location, name);
}

function addPost(list: EntryList, location: string, post: Fields): void {
  const replies = listOf(post["replies"]);
  const isAdded = addMessageOf(list, location, post, { hasReplies: replies.length > 0 });
  for (const [index, reply] of replies.entries()) {
    const fields = fieldsOf(reply);
    const replyLocation = `${location}, reply ${index + 1}`;
    const re = isAdded ? location : undefined;
    if (fields === undefined) list.problem(replyLocation, "not a reply");
    else addMessageOf(list, replyLocation, fields, { re, hasReplies: false });
  }
}

/** Events that Mattermost describes in the text of a post. Plugins and bots have other types. */
const EVENT = new RegExp(
  [
    "^(?:system_(?:(?:guest_)?join|leave|add|remove|move|header|displayname|purpose|convert",
    "|channel_|change_|ephemeral|combined|wrangler|gm_to|warn_metric)|add_bot_teams_channels$)",
  ].join(""),
);

interface Thread {
  readonly re?: string | undefined;
  /** Without its first message, a thread would fall apart. */
  readonly hasReplies: boolean;
}

/** Identifies messages by their positions, because exported posts have no ids. */
function addMessageOf(
  list: EntryList,
  location: string,
  post: Fields,
  { re, hasReplies }: Thread,
): boolean {
  const type = textOf(post["type"]);
  const text = textIn(post);
  if (EVENT.test(type) && !(hasReplies && text !== "")) {
    list.skip(`${type} (event)`, location, text);
    return false;
  }
  const timeUnixMs = Number(post["create_at"] ?? "x");
  const kind = type === "me" ? "action" : "text";
  const from = authorOf(post);
  if (text === "") {
    list.skip(`${type || "post"} without text`, location, from);
    return false;
  }
  addMessage(list, { location, from, timeUnixMs, kind, text, key: location, re });
  for (const reaction of listOf(post["reactions"])) {
    const fields = fieldsOf(reaction) ?? {};
    const react = emojiText(textOf(fields["emoji_name"]));
    const reactionUnixMs = Number(fields["create_at"] ?? timeUnixMs);
    const from = textOf(fields["user"]);
    addReaction(list, { location, from, timeUnixMs: reactionUnixMs, react, re: location });
  }
  return true;
}

function textIn(post: Fields): string {
  const props = propsOf(post);
  const files = listOf(post["attachments"]).map((attachment) => {
    const path = textOf(fieldsOf(attachment)?.["path"]);
    return `[file ${path.split("/").at(-1) || "without a name"}]`;
  });
  const attached = attachmentsText(props["attachments"], NAMES);
  return joinLines([withEmoji(textOf(post["message"])), attached, ...files]).trim();
}

/** Mattermost's texts are in Markdown already. */
const NAMES: BlockNames = {
  convert: withEmoji,
  userName: (id) => id,
  channelName: (id) => id,
  emoji: emojiText,
};

/** An integration can post under a name of its own. */
function authorOf(post: Fields): string {
  const props = propsOf(post);
  const override = textOf(props["override_username"]);
  return override || textOf(post["user"]) || textOf(props["webhook_display_name"]);
}

/** Some versions write the properties as JSON in a string. */
function propsOf(post: Fields): Fields {
  const { props } = post;
  return fieldsOf(typeof props === "string" ? jsonOf(props) : props) ?? {};
}
