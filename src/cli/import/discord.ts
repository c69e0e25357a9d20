/**
 * JSON of DiscordChatExporter: one file per channel, or several of a partitioned channel.
 * @see https://github.com/Tyrrrz/DiscordChatExporter (Exporting/JsonMessageWriter.cs)
 */

import { type Fields, listOf, objectFields, textOf } from "../../base/json-fields.ts";
import { joinLines, unknownText } from "../../core/slack/blocks.ts";
import { dateText, linkText } from "../../core/slack/mrkdwn.ts";
import { type ExportChannel, selectChannel } from "./channel.ts";
import { EntryList, type ParsedFile, type ReadOptions } from "./entry.ts";
import { MessageList } from "./message.ts";
import { type ExportTree, jsonFile } from "./source.ts";

export function isDiscord(value: unknown): boolean {
  const file = objectFields(value);
  const parts = [file?.["guild"], file?.["channel"]].map(objectFields);
  return parts.every((part) => part !== undefined) && Array.isArray(file?.["messages"]);
}

/** Recognises the file also if its end is missing, as after an interrupted export. */
export function isDiscordStart(bytes: Uint8Array): boolean {
  const start = new TextDecoder().decode(bytes.subarray(0, START_BYTES));
  return /^\s*\{\s*"guild"\s*:\s*\{/.test(start) && /"channel"\s*:\s*\{/.test(start);
}

const START_BYTES = 16 * 1024;

interface DiscordChannel extends ExportChannel {
  readonly key: string;
  readonly paths: string[];
}

/**
 * @throws {Fault} not-found if no file has the channel; usage if the name can mean several
 */
export function* readDiscord(tree: ExportTree, options: ReadOptions): Generator<void, ParsedFile> {
  const list = new EntryList();
  const channels = yield* channelsIn(tree, list);
  // The file of one channel needs no choice.
  if (channels.length === 0 && list.problems.length > 0) return list.parsed("Discord");
  const isOne = channels.length === 1 && !options.isChannelGiven;
  const chosen = isOne ? channels[0] : selectChannel(channels, options);
  for (const { name, key, paths } of channels) {
    if (key !== chosen?.key) list.skip("other channel", paths[0] ?? "", name);
  }
  const messages: DiscordMessage[] = [];
  for (const path of chosen?.paths ?? []) {
    yield;
    for (const message of messagesIn(tree, path, list)) messages.push(message);
  }
  // Files of one channel overlap if it was exported again later.
  const byId = new Map<string, DiscordMessage>();
  for (const message of messages) {
    const key = message.id || message.location;
    const known = byId.get(key);
    if (known === undefined || editTime(known) <= editTime(message)) byId.set(key, message);
  }
  const names = new Map(channels.map(({ key, name }) => [key, name]));
  const reader = new DiscordReader(list, names);
  const sorted = [...byId.values()].sort(compareByAge);
  for (const message of sorted) {
    yield;
    reader.add(message);
  }
  return list.parsed("Discord");
}

function* channelsIn(
  tree: ExportTree,
  list: EntryList,
): Generator<void, readonly DiscordChannel[]> {
  const channels = new Map<string, Omit<DiscordChannel, "team"> & { readonly server: Server }>();
  for (const path of tree.paths) {
    if (!/\.json$/i.test(path)) continue;
    yield;
    const file = jsonFile(tree, path);
    if (!isDiscord(file)) {
      list.problem(path, "not a JSON file of DiscordChatExporter, or its end is missing");
      continue;
    }
    const { guild, channel } = objectFields(file) ?? {};
    const [{ id: serverId, name: serverName }, { id, name, category }] = [
      objectFields(guild) ?? {},
      objectFields(channel) ?? {},
    ] as const;
    const server = { id: textOf(serverId), name: textOf(serverName) || textOf(serverId) };
    const key = textOf(id) || path;
    const paths = channels.get(key)?.paths ?? [];
    paths.push(path);
    const group = textOf(category) || undefined;
    channels.set(key, { name: textOf(name) || key, server, group, aliases: [key], key, paths });
  }
  const all = [...channels.values()];
  const ids = new Map<string, Set<string>>();
  for (const { server } of all)
    ids.set(server.name, (ids.get(server.name) ?? new Set()).add(server.id));
  return all.map(({ server, ...channel }) => {
    // Two servers can have the same name.
    const isUnique = ids.get(server.name)?.size === 1;
    return { ...channel, team: isUnique ? server.name : `${server.name} (${server.id})` };
  });
}

interface Server {
  readonly id: string;
  readonly name: string;
}

interface DiscordMessage {
  readonly location: string;
  readonly id: string;
  readonly timeUnixMs: number;
  readonly fields: Fields;
}

function messagesIn(tree: ExportTree, path: string, list: EntryList): readonly DiscordMessage[] {
  const file = objectFields(jsonFile(tree, path));
  return listOf(file?.["messages"]).flatMap((message, index) => {
    const location = `${path}, message ${index + 1}`;
    const fields = objectFields(message);
    if (fields === undefined) {
      list.problem(location, "not a message");
      return [];
    }
    const timeUnixMs = Date.parse(textOf(fields["timestamp"]));
    return { location, id: textOf(fields["id"]), timeUnixMs, fields };
  });
}

function editTime({ fields }: DiscordMessage): number {
  return Date.parse(textOf(fields["timestampEdited"])) || 0;
}

/** Discord's ids grow with time. An export can begin with the newest message. */
function compareByAge(a: DiscordMessage, b: DiscordMessage): number {
  if (a.id === "" || b.id === "") return a.timeUnixMs - b.timeUnixMs;
  return a.id.length - b.id.length || (a.id < b.id ? -1 : 1);
}

/** Events that Discord describes as a message. Kinds unknown to the exporter are numbers. */
const EVENTS: ReadonlySet<string> = new Set([
  ...["RecipientAdd", "RecipientRemove", "Call", "ChannelNameChange", "ChannelIconChange"],
  ...["ChannelPinnedMessage", "GuildMemberJoin", "ThreadCreated"],
]);

/** Fields of a message without a text of its own, or whose texts are read by name. */
const KNOWN_FIELDS: ReadonlySet<string> = new Set([
  ...["id", "type", "timestamp", "timestampEdited", "callEndedTimestamp", "isPinned", "content"],
  ...["author", "attachments", "embeds", "stickers", "reactions", "mentions", "reference"],
  ...["referencedMessage", "interaction", "inlineEmojis", "forwardedMessage", "poll", "components"],
]);

class DiscordReader {
  readonly #messages: MessageList;

  constructor(
    private readonly list: EntryList,
    private readonly channelNames: ReadonlyMap<string, string>,
  ) {
    // Ids of Discord are different in all channels.
    this.#messages = new MessageList(list, "");
  }

  add({ location, id: key, timeUnixMs, fields }: DiscordMessage): void {
    const { list } = this;
    const type = textOf(fields["type"]);
    const text = this.#textOf(fields);
    if (EVENTS.has(type)) return list.skip(`${type} (event)`, location, text);
    const from = userName(fields["author"]);
    if (text === "") return list.skip(`${type || "message"} without text`, location, from);
    const reference = objectFields(fields["reference"]) ?? {};
    const isReply = textOf(reference["type"]) !== "Forward";
    const re = isReply ? textOf(reference["messageId"]) || undefined : undefined;
    this.#messages.add({ location, from, timeUnixMs, kind: "text", text, key, re });
    if (fields["isPinned"] === true) list.skip("pin", location, text);
    for (const reaction of listOf(fields["reactions"])) {
      const { emoji, users } = objectFields(reaction) ?? {};
      const react = emojiText(objectFields(emoji) ?? {});
      const people = listOf(users);
      if (people.length === 0) list.skip("reaction without names", location, react);
      for (const user of people) {
        const [from, userId] = [userName(user), textOf(objectFields(user)?.["id"])];
        this.#messages.react({ location, from, userId, timeUnixMs, react, re: key });
      }
    }
  }

  #textOf(message: Fields): string {
    const forwarded = objectFields(message["forwardedMessage"]);
    const quote = forwarded === undefined ? "" : this.#contentOf(forwarded, message);
    const quoted = quote.split("\n").map((line) => `> ${line}`);
    const known = joinLines([
      this.#contentOf(message, message),
      quote === "" ? "" : quoted.join("\n"),
    ]).trim();
    if (known !== "") return known;
    const others = Object.entries(message).filter(([key]) => !KNOWN_FIELDS.has(key));
    return unknownText(Object.fromEntries(others), (text) => this.#plainText(text, message)).trim();
  }

  #contentOf(content: Fields, message: Fields): string {
    const plain = (value: unknown) => this.#plainText(textOf(value), message);
    const embeds = listOf(content["embeds"]).map((embed) =>
      embedText(objectFields(embed) ?? {}, plain),
    );
    const files = listOf(content["attachments"]).map((file) => {
      const { fileName, url } = objectFields(file) ?? {};
      return `[file ${textOf(fileName) || textOf(url) || "without a name"}]`;
    });
    const stickers = listOf(content["stickers"]).map((sticker) => {
      return `[sticker ${textOf(objectFields(sticker)?.["name"]) || "without a name"}]`;
    });
    const added = ["poll", "components"].map((key) =>
      unknownText({ [key]: content[key] }, (text) => this.#plainText(text, message)),
    );
    return joinLines([plain(content["content"]), ...embeds, ...added, ...stickers, ...files]);
  }

  /** Replaces ids, which an export has if it was made with `--markdown false`. */
  #plainText(text: string, message: Fields): string {
    return text.replaceAll(REFERENCE, (whole: string, mark: string, id: string, name: string) => {
      if (mark === "#") return `#${this.channelNames.get(id) ?? id}`;
      if (mark === "@" || mark === "@!") return `@${mentionedName(message, id)}`;
      if (mark === "@&") return `@${id}`;
      if (mark === "t:") return Number(id) < UNIX_SECONDS_MAX ? dateText(id) : whole;
      return `:${name}:`;
    });
  }
}

/** `<@1>`, `<@!1>`, `<@&1>`, `<#1>`, `<t:1:R>`, `<:name:1>`, `<a:name:1>`. */
const REFERENCE = /<(@[!&]?|#|t:)(\d{1,20})(?::[a-zA-Z])?>|<a?:(\w+):\d{1,20}>/g;
const UNIX_SECONDS_MAX = 253_402_300_800;

function mentionedName(message: Fields, id: string): string {
  const mentioned = listOf(message["mentions"]).find((user) => objectFields(user)?.["id"] === id);
  return mentioned === undefined ? id : userName(mentioned);
}

function userName(value: unknown): string {
  const user = objectFields(value) ?? {};
  return textOf(user["nickname"]) || textOf(user["name"]) || textOf(user["id"]);
}

/** An emoji of Unicode has no id. */
function emojiText(emoji: Fields): string {
  const name = textOf(emoji["name"]);
  const id = textOf(emoji["id"]);
  return id === "" ? name : `:${name}:`;
}

function embedText(embed: Fields, plain: (value: unknown) => string): string {
  const inner = (key: string, field: string) => plain(objectFields(embed[key])?.[field]);
  const fields = listOf(embed["fields"]).map((value) => {
    const field = objectFields(value) ?? {};
    return [plain(field["name"]), plain(field["value"])].filter((part) => part !== "").join(": ");
  });
  const images = [embed["image"], ...listOf(embed["images"]), embed["thumbnail"], embed["video"]];
  const links = images.map((image) => {
    const { canonicalUrl, url } = objectFields(image) ?? {};
    return textOf(canonicalUrl) || textOf(url);
  });
  const body = joinLines([
    inner("author", "name"),
    linkText(textOf(embed["url"]), plain(embed["title"])),
    plain(embed["description"]),
    ...fields,
    inner("footer", "text"),
  ]);
  return joinLines([body, ...new Set(links.filter((link) => !body.includes(link)))]);
}
