import { expect, test } from "bun:test";
import { finishSteps } from "../../../src/base/steps.ts";
import {
  isDiscord,
  isDiscordStart,
  readDiscord as stepsOf,
} from "../../../src/cli/import/discord.ts";
import type { ExportTree } from "../../../src/cli/import/source.ts";

const readDiscord = (...args: Parameters<typeof stepsOf>) => finishSteps(stepsOf(...args));

const user = (id: string, name: string, nickname = name) => {
  return { id, name, discriminator: "0000", nickname, color: null, isBot: false, roles: [] };
};
const ANA = user("1", "ana", "Ana 🌟");
const BEN = user("2", "ben");
const EMPTY = {
  timestampEdited: null,
  callEndedTimestamp: null,
  isPinned: false,
  content: "",
  author: ANA,
  attachments: [],
  embeds: [],
  stickers: [],
  reactions: [],
  mentions: [],
  inlineEmojis: [],
};
const message = (id: number, fields: object) => {
  const timestamp = `2026-01-05T10:00:${10 + (id % 50)}.1234567+00:00`;
  return { id: String(id), type: "Default", timestamp, ...EMPTY, ...fields };
};

interface Place {
  readonly guild?: object;
  readonly channel?: object;
}

function file(messages: readonly object[], { guild, channel }: Place = {}): object {
  return {
    guild: { id: "5", name: "Lab", iconUrl: "https://cdn.example/i.png", ...guild },
    channel: { id: "10", type: "GuildTextChat", category: "Text", name: "general", ...channel },
    dateRange: { after: null, before: null },
    exportedAt: "2026-01-06T10:00:00+00:00",
    messages,
    messageCount: messages.length,
  };
}

function read(files: Readonly<Record<string, unknown>>, channel?: string) {
  const tree: ExportTree = {
    paths: Object.keys(files),
    read: (path) => new TextEncoder().encode(JSON.stringify(files[path], undefined, 2)),
  };
  return readDiscord(tree, { channel: channel ?? "room", isChannelGiven: channel !== undefined });
}

const EMBED = {
  title: "Release 2",
  url: "https://r.example/2",
  description: "Now **faster**",
  author: { name: "CI" },
  thumbnail: { url: "media/t.png", canonicalUrl: "https://r.example/t.png" },
  footer: { text: "pipeline 9" },
  images: [],
  fields: [{ name: "tests", value: "120", isInline: true }],
};

test.each([
  ["a text", { content: "hi **there**" }, "hi **there**"],
  [
    "an embed",
    { embeds: [EMBED] },
    "CI\nRelease 2 (https://r.example/2)\nNow **faster**\ntests: 120\npipeline 9\n" +
      "https://r.example/t.png",
  ],
  ["a sticker", { stickers: [{ id: "1", name: "Wave", format: "Lottie" }] }, "[sticker Wave]"],
  ["a file", { attachments: [{ id: "1", url: "m/c.png", fileName: "cat.png" }] }, "[file cat.png]"],
  [
    "a forwarded message",
    {
      reference: { type: "Forward", messageId: "99", channelId: "9", guildId: "5" },
      forwardedMessage: {
        content: "from\nelsewhere",
        embeds: [],
        stickers: [],
        attachments: [{ fileName: "f.txt" }],
      },
    },
    "> from\n> elsewhere\n> [file f.txt]",
  ],
  [
    "a poll",
    {
      poll: { question: { text: "Lunch?" }, answers: [{ answerId: "1", text: "soup" }] },
      pollId: "123456789012345678",
    },
    "Lunch?\nsoup",
  ],
  [
    "components",
    { components: [{ type: 17, components: [{ type: 10, content: "hi <@2>" }] }], mentions: [BEN] },
    "hi @ben",
  ],
  ["a new field", { type: "99", soundboard: { caption: "drums", iconUrl: "x.png" } }, "drums"],
  ["a command's answer", { type: "20", content: "pong", interaction: { name: "ping" } }, "pong"],
  [
    "raw references",
    {
      content: "<@2> <@!2> <@3> <@&4> <#10> <#11> <:cat:7> <a:dog:8> <t:1600000000:R> a < b",
      mentions: [BEN],
    },
    "@ben @ben @3 @4 #general #11 :cat: :dog: 2020-09-13 12:26 a < b",
  ],
])("imports a message that has only %s", (_, fields, text) => {
  const { entries, problems } = read({ "a.json": file([message(100, fields)]) });
  expect(problems).toEqual([]);
  expect(entries).toMatchObject([{ kind: "text", from: "Ana 🌟", text }]);
  expect(entries[0]).not.toHaveProperty("re", "99");
});

test("imports replies and reactions, and counts events, pins and empty messages", () => {
  const unicode = { id: "", name: "👍", code: "thumbsup" };
  const custom = { id: "77", name: "parrot", code: "parrot" };
  const reactions = [
    { emoji: unicode, count: 2, users: [BEN, ANA] },
    { emoji: custom, count: 1, users: [BEN] },
    { emoji: unicode, count: 4 },
  ];
  const reply = { type: "Reply", content: "yes", author: BEN, reference: { messageId: "101" } };
  const { entries, problems, skippedKinds } = read({
    "a.json": file([
      message(100, { type: "GuildMemberJoin", content: "Joined the server." }),
      message(101, { content: "hi", reactions, isPinned: true }),
      message(102, reply),
      message(103, { type: "46" }),
      5 as unknown as object,
    ]),
  });
  expect(problems).toEqual([{ location: "a.json, message 5", reason: "not a message" }]);
  expect(entries).toMatchObject([
    { text: "hi", key: "101", timeUnixMs: Date.parse("2026-01-05T10:00:11.123Z") },
    { react: "👍", from: "ben", re: "101" },
    { react: "👍", from: "Ana 🌟", re: "101" },
    { react: ":parrot:", from: "ben", re: "101" },
    { text: "yes", from: "ben", re: "101" },
  ]);
  expect(skippedKinds.map(({ reason, example }) => [reason, example])).toEqual([
    ["GuildMemberJoin (event)", "a.json, message 1: 'Joined the server.'"],
    ["pin", "a.json, message 2: 'hi'"],
    ["reaction without names", "a.json, message 2: '👍'"],
    ["46 without text", "a.json, message 4: 'Ana 🌟'"],
  ]);
});

test("joins the parts of one channel, in the order of age and without repetitions", () => {
  const [first, second, third] = [9, 10, 11].map((id) => message(id, { content: `m${id}` }));
  const { entries } = read({
    "a [part 2].json": file([third ?? {}, second ?? {}]),
    "a.json": file([first ?? {}, second ?? {}]),
  });
  expect(entries).toMatchObject([{ text: "m9" }, { text: "m10" }, { text: "m11" }]);
});

test("imports the last form of a message that two exports have", () => {
  const edited = { content: "new", timestampEdited: "2025-01-02T00:00:00+00:00" };
  const { entries } = read({
    "a.json": file([message(9, edited)]),
    "b.json": file([message(9, { content: "old", timestampEdited: null })]),
  });
  expect(entries).toMatchObject([{ text: "new" }]);
});

test("keeps channels and servers apart", () => {
  const one = { "a.json": file([message(1, { content: "one" })]) };
  expect(read(one).entries).toHaveLength(1);
  expect(() => read(one, "random")).toThrow("no channel 'random'");
  const random = file([message(2, { content: "two" })], { channel: { id: "20", name: "random" } });
  const two = { ...one, "b.json": random };
  expect(() => read(two)).toThrow("no channel 'room' in the export; channels: general, random");
  expect(read(two, "Text/random").entries).toMatchObject([{ text: "two" }]);
  const hr = { guild: { id: "6", name: "HR" }, channel: { id: "30" } };
  const servers = { ...one, "c.json": file([message(3, { content: "three" })], hr) };
  expect(() => read(servers, "general")).toThrow("the export has 2 teams: HR/general, Lab/general");
  expect(read(servers, "HR/general").entries).toMatchObject([{ text: "three" }]);
  const sameName = { guild: { id: "6" }, channel: { id: "30" } };
  const twins = { ...one, "c.json": file([], sameName) };
  expect(() => read(twins, "general")).toThrow("Lab (5)/general, Lab (6)/general");
});

test("recognises an export also without its end", () => {
  expect(isDiscord(file([]))).toBe(true);
  expect(isDiscord({ guild: {}, messages: [] })).toBe(false);
  const text = JSON.stringify(file([message(1, {})]), undefined, 2);
  expect(isDiscordStart(new TextEncoder().encode(text.slice(0, 400)))).toBe(true);
  expect(isDiscordStart(new TextEncoder().encode('{"a":1}'))).toBe(false);
  const broken = { paths: ["a.json"], read: () => new TextEncoder().encode(text.slice(0, 400)) };
  const { problems } = readDiscord(broken, { channel: "x", isChannelGiven: false });
  expect(problems).toMatchObject([{ location: "a.json" }]);
});
