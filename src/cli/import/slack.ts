/** Slack's export: a folder or a zip. */

import { type Fields, listOf, objectFields, textOf } from "../../base/json-fields.ts";
import {
  attachmentsText,
  type BlockNames,
  blocksText,
  either,
  filesText,
  joinLines,
  unknownText,
} from "../../core/slack/blocks.ts";
import type { SlackNames } from "../../core/slack/mrkdwn.ts";
import { type ExportChannel, selectChannel } from "./channel.ts";
import { EntryList, type ParsedFile, type ReadOptions } from "./entry.ts";
import { emojiText, MessageList } from "./message.ts";
import { markdownOf } from "./mrkdwn.ts";
import { type ExportTree, jsonFile } from "./source.ts";

const DAY_FILE = /^(?:(.*)\/)?\d{4}-\d\d-\d\d\.json$/;

export function isSlack(tree: ExportTree): boolean {
  return tree.paths.some((path) => DAY_FILE.test(path));
}

interface SlackChannel extends ExportChannel {
  readonly folder: string;
  readonly lists: SlackLists;
}

/**
 * Reads a folder or zip with `users.json` and one folder per channel, with files such as
 * `2026-11-21.json`. The folder of a single channel is also accepted.
 * @see https://slack.com/help/articles/220556107-How-to-read-Slack-data-exports
 * @throws {Fault} not-found if the export lacks the channel; usage if it can mean several
 */
export function* readSlack(tree: ExportTree, options: ReadOptions): Generator<void, ParsedFile> {
  const list = new EntryList();
  const days = tree.paths.filter((path) => DAY_FILE.test(path)).sort();
  const folders = [...new Set(days.map(parentOf))];
  const isOneChannel = folders.length === 1 && folders[0] === "";
  const roots = new Set(folders.map(parentOf));
  const files = new ListFiles(tree, list);
  const listsByRoot = new Map<string, SlackLists>();
  const listsByFolder = new Map<string, SlackLists>();
  for (const root of roots) {
    const folder = files.nearestFolder(root);
    const lists = listsByFolder.get(folder) ?? (yield* listsIn(files, folder));
    listsByFolder.set(folder, lists);
    listsByRoot.set(root, lists);
  }
  const teams = teamsOf(roots);
  const channels: SlackChannel[] = [];
  for (const folder of folders) {
    const root = parentOf(folder);
    const team = roots.size === 1 ? undefined : teams.get(root);
    const lists = listsByRoot.get(root) ?? EMPTY_LISTS;
    channels.push({ folder, lists, team, ...channelNames(folder, lists) });
    yield;
  }
  const chosen = isOneChannel ? channels[0] : selectChannel(channels, options);
  for (const { folder } of channels)
    if (folder !== chosen?.folder) list.skip("other channel", folder);
  const reader = new SlackReader(list, chosen?.lists ?? EMPTY_LISTS, chosen?.name ?? "");
  const chosenDays = days.filter((path) => parentOf(path) === chosen?.folder);
  // The deletion of a message can be in the file of a later day.
  for (const path of chosenDays) {
    for (const message of listOf(jsonFile(tree, path))) reader.noteDeletion(message);
    yield;
  }
  for (const path of chosenDays) yield* readDay(tree, path, list, reader);
  for (const path of tree.paths) {
    const isOther = !isOneChannel && parentOf(path) === chosen?.folder && !DAY_FILE.test(path);
    if (isOther) list.skip("file of the channel without messages", path);
  }
  return list.parsed("Slack");
}

function* readDay(
  tree: ExportTree,
  path: string,
  list: EntryList,
  reader: SlackReader,
): Generator<void> {
  const messages = jsonFile(tree, path);
  if (!Array.isArray(messages)) {
    list.problem(path, "not a list of messages in JSON");
    return;
  }
  const located = messages.map((message: unknown, index) => {
    return { location: `${path}, message ${index + 1}`, fields: objectFields(message) };
  });
  // Replies follow the message that they answer.
  const ordered = located.sort((a, b) => timeOf(a.fields) - timeOf(b.fields));
  for (const { location, fields } of ordered) {
    if (fields === undefined) list.problem(location, "not a message");
    else reader.add(location, fields);
    yield;
  }
}

/** Messages without a valid time are reported later and keep their order. */
function timeOf(message: Fields | undefined): number {
  const time = Number(textOf(message?.["ts"]));
  return Number.isFinite(time) ? time : 0;
}

function parentOf(path: string): string {
  return path.split("/").slice(0, -1).join("/");
}

function nameOf(path: string): string {
  return path.split("/").at(-1) ?? path;
}

/** Maps each root to its name, or to its path if another workspace's folder has the same name. */
function teamsOf(roots: ReadonlySet<string>): ReadonlyMap<string, string> {
  const label = (root: string) => nameOf(root) || ".";
  const counts = new Map<string, number>();
  for (const root of roots) counts.set(label(root), (counts.get(label(root)) ?? 0) + 1);
  const isOnly = (root: string) => counts.get(label(root)) === 1;
  return new Map([...roots].map((root) => [root, isOnly(root) ? label(root) : root]));
}

interface SlackLists extends SlackNames {
  readonly members: ReadonlyMap<string, readonly string[]>;
  /** Ids of the channels by name. */
  readonly ids: ReadonlyMap<string, readonly string[]>;
}

const USER_FILES = ["org_users.json", "users.json"];
const CHANNEL_FILES = ["channels.json", "groups.json", "mpims.json", "dms.json"];
const LIST_FILES = [...USER_FILES, ...CHANNEL_FILES];

function pathIn(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}

/** Lists of users and channels, each of which is read once, whatever the number of workspaces. */
class ListFiles {
  readonly #paths: ReadonlySet<string>;
  readonly #rows = new Map<string, readonly Fields[]>();

  constructor(
    private readonly tree: ExportTree,
    private readonly list: EntryList,
  ) {
    this.#paths = new Set(tree.paths);
  }

  /** Returns the innermost folder with a list that contains the root or is the root. */
  nearestFolder(root: string): string {
    const hasList = (folder: string) =>
      LIST_FILES.some((name) => this.#paths.has(pathIn(folder, name)));
    let folder = root;
    while (folder !== "" && !hasList(folder)) folder = parentOf(folder);
    return folder;
  }

  rows(path: string): readonly Fields[] {
    if (!this.#paths.has(path)) return [];
    const known = this.#rows.get(path);
    if (known !== undefined) return known;
    const rows = jsonFile(this.tree, path);
    if (!Array.isArray(rows)) this.list.problem(path, "not a list in JSON");
    const fields = listOf(rows).flatMap<Fields>((row) => objectFields(row) ?? []);
    this.#rows.set(path, fields);
    return fields;
  }
}

/** Reads the lists of users and channels. Larger plans have some of them in a folder above. */
function* listsIn(files: ListFiles, root: string): Generator<void, SlackLists> {
  const users = new Map([["USLACKBOT", "Slackbot"]]);
  const channels = new Map<string, string>();
  const members = new Map<string, readonly string[]>();
  const above = root.split("/").map((_, index, parts) => parts.slice(0, index).join("/"));
  const read = (name: string): readonly Fields[] =>
    [...new Set([...above, root])].flatMap((folder) => files.rows(pathIn(folder, name)));
  for (const file of USER_FILES) {
    for (const user of read(file)) {
      const profile = objectFields(user["profile"]) ?? {};
      const name = textOf(profile["display_name"]) || textOf(user["name"]);
      const shown = name || textOf(profile["real_name"]) || textOf(user["real_name"]);
      for (const id of [textOf(user["id"]), textOf(profile["bot_id"])]) {
        if (id !== "" && shown !== "") users.set(id, shown);
      }
      yield;
    }
  }
  for (const file of CHANNEL_FILES) {
    for (const channel of read(file)) {
      const id = textOf(channel["id"]);
      const name = textOf(channel["name"]);
      if (name !== "") channels.set(id, name);
      const isNamed = name !== "" && file !== "mpims.json";
      if (!isNamed) members.set(id, listOf(channel["members"]).map(textOf));
      yield;
    }
  }
  const ids = new Map<string, string[]>();
  for (const [id, name] of channels) {
    const known = ids.get(name);
    if (known === undefined) ids.set(name, [id]);
    else known.push(id);
  }
  return { users, channels, members, ids };
}

/** A channel's folder has its name; that of a direct conversation has its id. */
function channelNames(
  folder: string,
  { channels, members, users, ids: idsByName }: SlackLists,
): Pick<SlackChannel, "name" | "aliases"> {
  const name = nameOf(folder);
  const ids = channels.has(name) || members.has(name) ? [name] : [];
  ids.push(...(idsByName.get(name) ?? []));
  const people = ids.flatMap((id) => {
    const names = members.get(id)?.map((user) => users.get(user) || user);
    if (names === undefined) return [];
    names.sort();
    return [names.map((person) => `@${person}`).join(","), names.join(",")];
  });
  return { name: channels.get(name) ?? name, aliases: [...people, ...ids, name] };
}

const EMPTY_LISTS: SlackLists = {
  users: new Map(),
  channels: new Map(),
  members: new Map(),
  ids: new Map(),
};

/** Events that Slack describes in the text of a message. */
const EVENT = new RegExp(
  [
    "^(?:channel_|group_|bot_(?:add|remove|enable|disable)$|pinned_item$|unpinned_item$",
    "|tombstone$|reminder_|sh_room_|huddle_thread$|joiner_notification|file_mention$",
    "|message_(?:deleted|replied|changed)$|ekm_access_denied$)",
  ].join(""),
);

/** Fields of a message that contain other messages, or whose texts are read by name. */
const KNOWN_FIELDS: ReadonlySet<string> = new Set([
  ...["text", "blocks", "attachments", "comment", "file", "files", "username", "reactions"],
  ...["root", "message", "previous_message", "original", "replies", "reply_users", "edited"],
  ...["item", "room", "inviter", "old_name", "name", "client_msg_id", "upload_reply_to"],
]);

function withoutKnown(message: Fields): Fields {
  return Object.fromEntries(Object.entries(message).filter(([key]) => !KNOWN_FIELDS.has(key)));
}

class SlackReader {
  readonly #names: SlackNames;
  readonly #blockNames: BlockNames;
  /** The key of a message is its time, which no other one in the channel has. */
  readonly #messages: MessageList;
  /** Times of messages that were deleted later. */
  readonly #deleted = new Set<string>();

  constructor(
    private readonly list: EntryList,
    names: SlackLists,
    channel: string,
  ) {
    this.#names = names;
    this.#messages = new MessageList(list, channel);
    const { users, channels } = names;
    this.#blockNames = {
      convert: (text) => markdownOf(text, this.#names),
      emoji: emojiText,
      userName: (id) => users.get(id) || id,
      channelName: (id) => channels.get(id) || id,
    };
  }

  /** Exports with edited and deleted messages have the message and, later, its deletion. */
  noteDeletion(value: unknown): void {
    const message = objectFields(value) ?? {};
    if (message["subtype"] !== "message_deleted") return;
    const previous = objectFields(message["previous_message"]);
    const key = textOf(message["deleted_ts"]) || textOf(previous?.["ts"]);
    if (key !== "") this.#deleted.add(key);
  }

  add(location: string, message: Fields): void {
    const { list } = this;
    const subtype = textOf(message["subtype"]);
    const changed = subtype === "message_changed" ? objectFields(message["message"]) : undefined;
    const type = textOf(message["type"]);
    const key = textOf(message["ts"]);
    if (this.#deleted.has(textOf((changed ?? message)["ts"]))) {
      list.skip("deleted message", location);
      return;
    }
    if (changed !== undefined && this.#textOf(changed) !== "") return this.add(location, changed);
    const thread = textOf(message["thread_ts"]);
    const text = this.#textOf(message);
    // Without its first message, a thread would fall apart.
    const beginsThread = thread !== "" && thread === key;
    if (EVENT.test(subtype) && !(beginsThread && text !== "")) {
      list.skip(`${subtype} (event)`, location, text);
      return;
    }
    const re = thread === "" || thread === key ? undefined : thread;
    const timeUnixMs = Math.round(Number(key || "x") * 1_000);
    const kind = subtype === "me_message" ? "action" : "text";
    const from = this.#authorOf(message);
    if (text !== "") this.#messages.add({ location, from, timeUnixMs, kind, text, key, re });
    else if (type === "" && key === "") list.problem(location, "not a message");
    else list.skip(`${subtype || type || "message"} without text`, location, from);
    if (text !== "") this.#addReactions(location, message, timeUnixMs, key);
  }

  #addReactions(location: string, message: Fields, timeUnixMs: number, re: string): void {
    for (const reaction of listOf(message["reactions"])) {
      const fields = objectFields(reaction) ?? {};
      const react = emojiText(textOf(fields["name"]));
      for (const user of listOf(fields["users"])) {
        const userId = textOf(user);
        const from = this.#blockNames.userName(userId);
        this.#messages.react({ location, from, userId, timeUnixMs, react, re });
      }
    }
  }

  #textOf(message: Fields): string {
    const names = this.#blockNames;
    const text = names.convert(textOf(message["text"]));
    const { comment, file, files } = message;
    const list = Array.isArray(files) ? files : [file].filter(objectFields);
    const initial = list.map((one) => objectFields(objectFields(one)?.["initial_comment"]));
    const comments = joinLines(
      [objectFields(comment), ...initial].map((one) => names.convert(textOf(one?.["comment"]))),
    );
    const body = either(text, blocksText(message["blocks"], names));
    const title = names.convert(textOf(objectFields(message["assistant_app_thread"])?.["title"]));
    const attached = attachmentsText(message["attachments"], names);
    const known = joinLines([either(body, either(comments, title)), attached, filesText(list)]);
    if (known.trim() !== "") return known.trim();
    const unknown = unknownText(withoutKnown(message), names.convert).trim();
    return unknown === "" && list.length > 0 ? "[deleted file]" : unknown;
  }

  #authorOf(message: Fields): string {
    const { users } = this.#names;
    const user = textOf(message["user"]) || textOf(objectFields(message["comment"])?.["user"]);
    const bot = textOf(message["bot_id"]);
    const [profile, botProfile] = [message["user_profile"], message["bot_profile"]].map(
      (value) => objectFields(value) ?? {},
    );
    const botName = textOf(message["username"]) || textOf(botProfile?.["name"]);
    const [attachment] = listOf(message["attachments"]);
    return (
      (bot === "" ? "" : botName) ||
      users.get(user) ||
      textOf(profile?.["display_name"]) ||
      textOf(profile?.["real_name"]) ||
      botName ||
      users.get(bot) ||
      user ||
      bot ||
      textOf(objectFields(attachment)?.["author_name"]) ||
      textOf(objectFields(attachment)?.["service_name"])
    );
  }
}
