/** Mattermost's bulk export in JSON Lines, in its zip, or unpacked. */

import { type Fields, listOf, objectFields, textOf } from "../../base/json-fields.ts";
import {
  attachmentsText,
  type BlockNames,
  either,
  joinLines,
  unknownText,
} from "../../core/slack/blocks.ts";
import { type ExportChannel, selectChannel } from "./channel.ts";
import { withEmoji } from "./emoji-names.ts";
import { EntryList, type ParsedFile, type ReadOptions } from "./entry.ts";
import { jsonLinesIn, jsonOf, type LinesFile } from "./json.ts";
import { emojiText, MessageList } from "./message.ts";

/** Channel of a team, or a direct conversation, whose name lists its members. */
interface MattermostChannel extends ExportChannel {
  readonly key: string;
}

/**
 * @see https://docs.mattermost.com/administration-guide/manage/bulk-export-tool.html
 * @throws {Fault} not-found if the export lacks the channel; usage if it can mean several
 */
export function* readMattermost(
  files: readonly LinesFile[],
  options: ReadOptions,
): Generator<void, ParsedFile> {
  const list = new EntryList();
  const channels = yield* channelsIn(files);
  // Lines that cannot be read explain why there is no channel.
  const chosen = channels.length === 0 ? undefined : selectChannel(channels, options);
  const messages = new MessageList(list, chosen?.key ?? "");
  for (const file of files) {
    const reader = new MattermostReader(messages, chosen);
    for (const { location: place, isUtf8, object: line } of jsonLinesIn(file.read())) {
      const location = file.path === "" ? place : `${file.path}, ${place}`;
      if (!isUtf8) list.problem(location, "not text in UTF-8");
      else if (line === undefined || textOf(line["type"]) === "") list.problem(location, NO_LINE);
      else reader.read(location, line);
      yield;
    }
  }
  if (chosen === undefined && list.problems.length === 0) selectChannel(channels, options);
  return list.parsed("Mattermost");
}

const NO_LINE = "not a line of a bulk export, or nested too deeply";

function* channelsIn(files: readonly LinesFile[]): Generator<void, readonly MattermostChannel[]> {
  const channels = new Map<string, MattermostChannel>();
  for (const file of files) {
    for (const { isUtf8, object: line } of jsonLinesIn(file.read())) {
      yield;
      if (!isUtf8 || line === undefined) continue;
      const channel = objectFields(line["channel"]);
      const [name, team] = [textOf(channel?.["name"]), textOf(channel?.["team"])];
      const declared =
        name === "" ? undefined : { name, team: team || undefined, key: keyOf(team, name) };
      const found = declared ?? channelOf(line);
      if (found !== undefined) channels.set(found.key, found);
    }
  }
  const all = [...channels.values()];
  const counts = new Map<string, number>();
  for (const { name } of all) counts.set(name, (counts.get(name) ?? 0) + 1);
  return all.filter(({ name, team }) => team !== undefined || counts.get(name) === 1);
}

/** Returns the post of a line, also of a kind that Mattermost added since. */
function postIn(line: Fields): Fields | undefined {
  const known = objectFields(line["post"]) ?? objectFields(line["direct_post"]);
  if (known !== undefined) return known;
  const other = objectFields(line[textOf(line["type"])]);
  const isInChannel =
    textOf(other?.["channel"]) !== "" || Array.isArray(other?.["channel_members"]);
  return isInChannel && other?.["create_at"] !== undefined ? other : undefined;
}

function channelOf(line: Fields): MattermostChannel | undefined {
  const post = postIn(line);
  if (post === undefined) return undefined;
  if (!Array.isArray(post["channel_members"])) {
    const [name, team] = [textOf(post["channel"]), textOf(post["team"])];
    return { name, team: team || undefined, key: keyOf(team, name) };
  }
  const members = post["channel_members"].map(textOf).sort();
  const name = members.map((member) => `@${member}`).join(",");
  return { name, aliases: [members.join(",")], key: name };
}

/** Mattermost compares names without regard to case. */
function keyOf(team: string, name: string): string {
  return JSON.stringify([team.toLowerCase(), name.toLowerCase()]);
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

/** Reads the posts of one file. */
class MattermostReader {
  /** Numbers of posts by author and time. */
  readonly #counts = new Map<string, number>();

  constructor(
    private readonly messages: MessageList,
    private readonly chosen: MattermostChannel | undefined,
  ) {}

  read(location: string, line: Fields): void {
    const { list } = this.messages;
    const type = textOf(line["type"]);
    const post = postIn(line);
    const isPost = type === "post" || type === "direct_post";
    if (isPost && post === undefined) return list.problem(location, "post without content");
    if (post === undefined) return list.skip(`${type} (not a message)`, location);
    const channel = channelOf(line);
    if (channel !== undefined && channel.key === this.chosen?.key)
      return this.#post(location, post);
    const name = channel?.team === undefined ? channel?.name : `${channel.team}/${channel.name}`;
    list.skip("post in another channel", location, name);
  }

  #post(location: string, post: Fields): void {
    const replies = listOf(post["replies"]);
    const re = this.#add(location, post, { hasReplies: replies.length > 0 });
    for (const [index, reply] of replies.entries()) {
      const fields = objectFields(reply);
      const replyLocation = `${location}, reply ${index + 1}`;
      if (fields === undefined) this.messages.list.problem(replyLocation, "not a reply");
      else this.#add(replyLocation, fields, { re, hasReplies: false });
    }
  }

  /** @returns the key of the message; `undefined` if it is not imported */
  #add(location: string, post: Fields, { re, hasReplies }: Thread): string | undefined {
    const { messages } = this;
    const { list } = messages;
    const type = textOf(post["type"]);
    const text = textIn(post);
    if (EVENT.test(type) && !(hasReplies && text !== "")) {
      list.skip(`${type} (event)`, location, text);
      return undefined;
    }
    const timeUnixMs = Number(post["create_at"] ?? "x");
    const kind = type === "me" ? "action" : "text";
    const from = authorOf(post);
    if (Number(post["delete_at"]) > 0) {
      list.skip("deleted post", location);
      return undefined;
    }
    if (text === "") {
      list.skip(`${type || "post"} without text`, location, from);
      return undefined;
    }
    const key = this.#keyOf(from, timeUnixMs);
    messages.add({ location, from, timeUnixMs, kind, text, key, re });
    for (const reaction of listOf(post["reactions"])) {
      const fields = objectFields(reaction) ?? {};
      const react = emojiText(textOf(fields["emoji_name"]));
      const reactionUnixMs = Number(fields["create_at"] ?? timeUnixMs);
      const from = textOf(fields["user"]);
      const reactionAt = { location, from, userId: from, timeUnixMs: reactionUnixMs };
      messages.react({ ...reactionAt, react, re: key });
    }
    return key;
  }

  /** Exported posts have no ids. An integration can write several in a millisecond. */
  #keyOf(from: string, timeUnixMs: number): string {
    const key = `${timeUnixMs} ${from}`;
    const count = this.#counts.get(key) ?? 0;
    this.#counts.set(key, count + 1);
    return `${key} ${count}`;
  }
}

function textIn(post: Fields): string {
  const props = propsOf(post);
  const files = listOf(post["attachments"]).map((attachment) => {
    const path = textOf(objectFields(attachment)?.["path"]);
    return `[file ${path.split(/[/\\]/).at(-1) || "without a name"}]`;
  });
  const attached = attachmentsText(props["attachments"], NAMES);
  const card = withEmoji(textOf(props["card"]));
  const message = withEmoji(textOf(post["message"]));
  const known = joinLines([either(message, card), attached, ...files]).trim();
  if (known !== "") return known;
  const others = Object.entries(props).filter(([key]) => !AUTHOR_PROPS.has(key));
  return unknownText(Object.fromEntries(others), withEmoji).trim();
}

/** Properties that name the author, or mark a post of an integration. */
const AUTHOR_PROPS: ReadonlySet<string> = new Set([
  ...["override_username", "override_icon_emoji", "webhook_display_name", "username"],
  ...["from_webhook", "from_bot", "from_plugin", "from_oauth_app", "disable_group_highlight"],
]);

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
  return objectFields(typeof props === "string" ? jsonOf(props) : props) ?? {};
}
