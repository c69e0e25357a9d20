import { expect, test } from "bun:test";
import { TEXT_BYTES_MAX } from "../../src/base/limits.ts";
import type { ReceivedRecord } from "../server/guest.ts";
import { Site } from "../server/site.ts";
import { INTERFACES } from "./parity/interfaces.ts";

/**
 * Each slash command does the same in every interface: it appends the same records, fails with the
 * same code, and leaves the same target open.
 */
interface Scenario {
  /** Further members of the server. */
  readonly people?: readonly string[];
  /** Texts that ben posts to the lobby first. */
  readonly ben?: readonly string[];
  /** Ana's lines. `{N}` is the seq of the N-th last message. Ben types `ben /join ROOM`. */
  readonly lines: readonly string[];
  /** Codes of the faults by line number. */
  readonly faults?: Readonly<Record<number, string>>;
  /** Ana's records that ben receives, after her join of the lobby. */
  readonly records?: readonly string[];
  readonly target?: string;
  /**
   * Target on the page, if it differs: the page opens where it posts, and shows the list of rooms
   * ("none") after leaving a room. A script must stay in its room.
   */
  readonly pageTarget?: string;
  /** Questions that a user answers with yes. A script is not asked. */
  readonly questions?: number;
}

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  "/me and /shrug": {
    lines: ["/me waves", "/shrug"],
    records: ["action waves", "text ¯\\_(ツ)_/¯"],
  },
  "/remind": {
    lines: [
      "/join essay",
      "ben /join essay",
      "/rules post private",
      "/remind Please hand in",
      "/remind",
      `/remind ${"x".repeat(TEXT_BYTES_MAX + 1)}`,
      `/remind ${"x".repeat(TEXT_BYTES_MAX)}`,
    ],
    faults: { 5: "usage", 6: "too-large" },
    records: [
      ...["room essay", "join", "rules moderators", "text Please hand in"],
      `text ${"x".repeat(TEXT_BYTES_MAX)}`,
    ],
    questions: 1,
    target: "essay",
  },
  "/me without a text": { lines: ["/me"], faults: { 1: "usage" } },
  "a doubled slash": { lines: ["//me waves"], records: ["text /me waves"] },
  "an unknown command": { lines: ["/frobnicate"], faults: { 1: "usage" } },
  "/sendall": { lines: ["/sendall hi"], records: ["text hi"] },
  "/sendall in a conversation": {
    lines: ["/msg ben", "/sendall hi all"],
    records: ["text hi all"],
    target: "@ben",
  },
  "/react twice": {
    ben: ["hello"],
    lines: ["/react 👍", "/react 👍", "/react 🎉"],
    records: ["reaction 👍 of 'hello'", "erase of 'reaction'", "reaction 🎉 of 'hello'"],
  },
  "/react to a number": {
    ben: ["one", "two"],
    lines: ["/react 👍 {2}"],
    records: ["reaction 👍 of 'one'"],
  },
  "/react without a message": { lines: ["/react 👍"], faults: { 1: "not-found" } },
  "/reply": {
    ben: ["one", "two"],
    lines: ["/reply yes", "/reply {3} no"],
    records: ["text yes of 'two'", "text no of 'one'"],
  },
  "/edit": { lines: ["helo", "/edit hello"], records: ["text helo", "edit hello of 'helo'"] },
  "/edit of a number": {
    lines: ["one", "two", "/edit {2} 1st", "/edit {1} 2 of 2", "/edit 99 x"],
    records: ["text one", "text two", "edit 1st of 'one'", "edit 2 of 2 of 'two'"],
    faults: { 5: "not-found" },
  },
  "/edit of another user's message": {
    ben: ["hello"],
    lines: ["/edit {1} bye"],
    faults: { 1: "not-allowed" },
  },
  "/edit after the latest message was erased": {
    lines: ["one", "two", "/erase", "/edit 1st"],
    records: ["text one", "text two", "erase of 'two'", "edit 1st of 'one'"],
    questions: 1,
  },
  "/edit without a change": { lines: ["hello", "/edit hello"], records: ["text hello"] },
  "/edit without a message": { ben: ["hello"], lines: ["/edit hi"], faults: { 1: "not-found" } },
  "/erase": { lines: ["oops", "/erase"], records: ["text oops", "erase of 'oops'"], questions: 1 },
  "/erase of another user's message": {
    ben: ["hello"],
    lines: ["/erase {1}"],
    faults: { 1: "not-allowed" },
  },
  "deleted messages": {
    lines: [
      ...["one", "two", "/erase {1}", "/erase {1}", "/reply {1} hi", "/react 👍 {1}", "/save {1}"],
      ...["/pin {1}", "/jump {1}", "/follow {1}", "/thread {1} hi"],
    ],
    records: ["text one", "text two", "erase of 'two'", "text hi in the thread of 'two'"],
    faults: Object.fromEntries([4, 5, 6, 7, 8].map((line) => [line, "not-found"])),
    questions: 1,
  },
  "/search": {
    lines: [
      "/search from:ana after:yesterday x",
      "/search has:love",
      "/search before:soon",
      "/search",
    ],
    faults: { 2: "usage", 3: "usage", 4: "usage" },
  },
  "/thread": {
    ben: ["hello"],
    lines: ["/thread hi", "/thread {1} 5 pm", "/thread", "/thread {1}", "/search replies:x"],
    records: ["text hi in the thread of 'hello'", "text 5 pm in the thread of 'hello'"],
    faults: { 5: "usage" },
  },
  "messages that do not exist": {
    ben: ["hello"],
    lines: [
      ...["/reply 9999 hi", "/thread 9999", "/thread 9999 hi", "/react 👍 9999", "/follow 9999"],
      ...["/unfollow 9999", "/save 9999", "/unsave 9999", "/pin 9999", "/unpin 9999"],
      ...["/erase 9999", "/delete 9999", "/jump 9999", "/poll 9999", "/poll close 9999"],
      ...["/vote 1 9999", "/erase 1", "/follow 1", "/reply 1 hi"],
    ],
    faults: Object.fromEntries(Array.from({ length: 19 }, (_, i) => [i + 1, "not-found"])),
  },
  "people who do not exist": {
    lines: [
      ...["/whois zoe", "/msg zoe hi", "/notice zoe hi", "/ignore zoe", "/unignore zoe"],
      ...["/invite @zoe", "/kick zoe", "/mute zoe", "/unmute zoe", "/grant zoe", "/revoke zoe"],
      ...["/hand zoe", "/seal zoe", "/seal @zoe", "/verify zoe", "/verify @zoe"],
    ],
    faults: Object.fromEntries(Array.from({ length: 16 }, (_, i) => [i + 1, "user-unknown"])),
  },
  "one's own name": {
    lines: ["/seal ana", "/seal @ANA", "/verify ana", "/ignore ana", "/kick ana", "/invite @ana"],
    faults: Object.fromEntries([1, 2, 3, 4, 5, 6].map((line) => [line, "not-allowed"])),
  },
  "what this device cannot do": {
    lines: ["/seal ben", "/verify ben", "/msg ben", "/seal", "/handed"],
    faults: { 1: "not-allowed", 2: "not-allowed", 4: "not-allowed", 5: "not-allowed" },
    target: "@ben",
  },
  "/seal in a room": { lines: ["/seal"], faults: { 1: "not-allowed" } },
  "/follow": {
    ben: ["hello"],
    lines: ["/follow", "/follow {1}", "/unfollow {1}", "/threads", "/follow x", "/unfollow 1 2"],
    faults: { 5: "usage", 6: "usage" },
  },
  "/jump": {
    ben: ["hello"],
    lines: ["/jump {1}", "/goto yesterday", "/goto 2099-01-01", "/goto #{1}", "/jump soon"],
    faults: { 5: "usage" },
  },
  "/topic": { lines: ["/topic homework"], records: ["topic homework"] },
  "room commands in a conversation, which apply to the last room": {
    lines: ["/msg ben", "/topic homework", "/kick ben", "/leave"],
    faults: { 3: "not-allowed" },
    records: ["topic homework"],
    pageTarget: "none",
  },
  "/face of a room": {
    lines: ["/join den", "ben /join den", "/face 🌋 3", "/face", "/face lab", "/face A 13"],
    faults: { 5: "text-invalid", 6: "usage" },
    records: ["room den", "join", "profile", "profile"],
    target: "den",
    questions: 1,
  },
  "/join of a new room": { lines: ["/join den", "hello"], target: "den", questions: 1 },
  "/leave": { lines: ["/join den", "/leave"], pageTarget: "none", questions: 1 },
  "/leave of another room": {
    lines: ["/join den", "/leave lobby"],
    records: ["leave"],
    target: "den",
    questions: 1,
  },
  "/leave of a conversation": {
    lines: ["/msg ben", "hi", "/leave"],
    records: ["text hi"],
    pageTarget: "none",
  },
  "/msg with a text": { lines: ["/msg ben hi"], records: ["text hi"], pageTarget: "@ben" },
  "/msg without a text": { lines: ["/msg ben", "hi"], records: ["text hi"], target: "@ben" },
  "/msg to a room": { lines: ["/msg #hall hi"], records: ["join", "text hi"], pageTarget: "hall" },
  "/msg to a room without a text": {
    lines: ["/msg #hall", "hello"],
    records: ["join", "text hello"],
    target: "hall",
  },
  "/msg to nobody": {
    lines: ["/msg nobody hi", "/msg #nowhere hi", "/msg nobody"],
    faults: { 1: "user-unknown", 2: "room-unknown", 3: "user-unknown" },
  },
  "/msg to several people, which begins a group": {
    lines: ["/msg ben,cleo hi", "/msg @cleo,@ben", "again", "/topic Trip", "/msg ben,zoe hi"],
    faults: { 5: "user-unknown" },
    people: ["cleo"],
    records: ["room group", "text hi", "text again", "topic Trip"],
    target: "group",
  },
  "/msg to several names that are no group": {
    lines: ["/msg ben, hi", "/msg ana,ben hi", "/msg a b,c", "/msg ,, hi", "/notice ben,cleo"],
    faults: { 1: "usage", 2: "usage", 3: "user-unknown", 4: "usage", 5: "usage" },
  },
  "/invite in a group, and /leave": {
    lines: ["/msg ben,cleo", "/invite dora", "/invite @dora", "/invite zoe", "/leave"],
    people: ["cleo", "dora"],
    faults: { 3: "not-allowed", 4: "user-unknown" },
    records: ["room group", "leave"],
    pageTarget: "none",
  },
  "/ignore": { lines: ["/ignore ben", "/unignore ben", "/ignore"], faults: { 3: "usage" } },
  "moderation without the right": {
    lines: ["/kick ben", "/ban ben", "/mute ben", "/grant ben", "/receipts on"],
    faults: Object.fromEntries([1, 2, 3, 4, 5].map((line) => [line, "not-allowed"])),
  },
  moderation: {
    lines: [
      ...["/join den", "/invite @ben", "ben /join den", "/grant ben", "/revoke ben"],
      ...["/mute ben", "/unmute ben", "/receipts on", "/kick ben too loud"],
    ],
    records: [
      ...["room den", "join", "admission ben", "grant ben", "grant ben off"],
      ...["mute ben", "mute ben off", "receipts", "kick ben too loud"],
    ],
    target: "den",
    questions: 1,
  },
  "/hand": {
    lines: [
      ...["/hand", "/hand", "/hand ben", "/join den", "ben /join den", "/hand", "/hand ben"],
      ...["/hand nobody", "/hand down", "/hand UP"],
    ],
    records: [
      ...["hand ana", "hand ana off", "room den", "join", "hand ana", "hand ana off", "hand ana"],
    ],
    target: "den",
    questions: 1,
    faults: { 3: "not-allowed", 7: "not-allowed", 8: "user-unknown" },
  },
  "/poll and /vote": {
    lines: [
      ...["/poll Lunch? | soup | rice", "/vote RI", "/vote soup 9999", "/vote cake", "/vote 3"],
      ...["/vote 1,2", "/vote none", "/edit no poll", "/poll close", "/vote 1", "/poll close"],
    ],
    records: [
      ...["text Lunch?\n1. soup\n2. rice"],
      ...["vote of 'Lunch?\n1. soup\n2. rice'", "vote of 'Lunch?\n1. soup\n2. rice'"],
      "poll of 'Lunch?\n1. soup\n2. rice' off",
    ],
    faults: {
      3: "not-found",
      4: "usage",
      5: "usage",
      6: "usage",
      8: "not-allowed",
      10: "not-allowed",
      11: "not-found",
    },
  },
  "votes for no option, or in no poll": {
    lines: [
      ...["/poll Lunch? | soup | rice", "/vote 0", "/vote 00", "/vote 0,1", "/vote 1,1"],
      ...["/vote 1 0", "/vote 1 99999999999999999999", "/poll 0", "/vote 1"],
    ],
    records: ["text Lunch?\n1. soup\n2. rice", "vote of 'Lunch?\n1. soup\n2. rice'"],
    faults: Object.fromEntries(Array.from({ length: 7 }, (_, i) => [i + 2, "usage"])),
  },
  "/status and /away": {
    lines: ["/status in a lesson 2h", "/away", `/status ${"x".repeat(101)}`],
    faults: { 3: "too-large" },
  },
  "/read": { lines: ["/read", "/read all", "/read none"], faults: { 3: "usage" } },
  "/name and /nick": {
    lines: ["/name Ana Ruíz", "/name Бob", "/name", `/name ${"x".repeat(41)}`, "/nick anna"],
    faults: { 2: "name-invalid", 4: "name-invalid", 5: "usage" },
  },
  "/dnd": {
    lines: ["/dnd 2h", "/dnd off", "/dnd", "/dnd later"],
    faults: { 3: "usage", 4: "usage" },
  },
  "/keywords": {
    lines: [
      ...["/keywords", "/keywords Bus, bus stop", "/keywords", "/keywords off"],
      `/keywords ${"x".repeat(65)}`,
    ],
    faults: { 5: "too-large" },
  },
  "/sort": {
    lines: ["/sort unread", "/sort name", "/sort", "/sort date"],
    faults: { 3: "usage", 4: "usage" },
  },
  "polls with wrong arguments": {
    lines: ["/poll", "/poll one | a", "/poll one | a | a", "/poll | a | b", "/vote 1", "/vote x"],
    faults: { 1: "not-found", 2: "usage", 3: "usage", 4: "usage", 5: "not-found", 6: "not-found" },
  },
  "/bot": { lines: ["/bot on", "/bot off"] },
  "/rules": {
    lines: [
      ...["/rules", "/rules post moderators", "/join den", "ben /join den"],
      ...["/rules post moderators slow 30", "/rules slow off join approval", "/rules slow 0"],
      ...["/rules join", "/rules later everyone", "/rules newcomers on", "/rules newcomers"],
      "/rules",
    ],
    records: ["room den", "join", "rules moderators", "rules moderators"],
    target: "den",
    questions: 1,
    faults: {
      2: "not-allowed",
      7: "usage",
      8: "usage",
      9: "usage",
      10: "not-allowed",
      11: "usage",
    },
  },
  "/rules with a due date": {
    lines: [
      ...["/join den", "ben /join den", "/rules post private due 2030-11-28 10:00 slow 30"],
      ...["/rules due 2030-11-28 25:00", "/rules due soon", "/rules due off"],
    ],
    records: ["room den", "join", "rules moderators 1922090459999", "rules moderators"],
    target: "den",
    questions: 1,
    faults: { 4: "usage", 5: "usage" },
  },
  "a message to everyone": {
    lines: ["/me calls @everyone"],
    records: ["action calls @everyone"],
    questions: 1,
  },
  "/join of a room that admits by approval": {
    lines: ["/join club", "/join club"],
    records: ["knock ana"],
    faults: { 1: "approval-needed", 2: "not-allowed" },
  },
  "/pin": {
    lines: ["/join den", "ben /join den", "rules", "/pin {1}", "/unpin {1}"],
    records: ["room den", "join", "text rules", "pin of 'rules'", "pin of 'rules' off"],
    target: "den",
    questions: 1,
  },
  "/save": {
    ben: ["hello"],
    lines: ["/save", "/unsave {1}", "/unsave {1}"],
    faults: { 3: "not-found" },
  },
  "/nick": { lines: ["/nick", "/nick bob"], faults: { 1: "usage", 2: "usage" } },
  "/voice": { lines: ["/voice ben"], faults: { 1: "usage" } },
  "/query and /close": {
    lines: ["/query ben", "hi", "/close"],
    records: ["text hi"],
    pageTarget: "none",
  },
  "/notice": {
    lines: ["/notice ben hi", "/notice ben"],
    faults: { 2: "usage" },
    records: ["text hi"],
    pageTarget: "@ben",
  },
  "/op and /deop": {
    lines: ["/join den", "ben /join den", "/op ben", "/deop ben"],
    records: ["room den", "join", "grant ben", "grant ben off"],
    target: "den",
    questions: 1,
  },
  "/clear": {
    ben: ["hello"],
    lines: ["one", "/clear", "/clear all", "two"],
    faults: { 3: "usage" },
    records: ["text one", "text two"],
  },
  "/reconnect": { lines: ["/reconnect", "hello"], records: ["text hello"] },
  "/whois": { lines: ["/whois ben", "/whois nobody"], faults: { 2: "user-unknown" } },
  "/quiet": { lines: ["/quiet", "/quiet off", "/quiet maybe"], faults: { 3: "usage" } },
};

const MESSAGE_KINDS = new Set(["text", "action"]);

/** Describes a record without its numbers. A reference becomes the text of its message. */
function describeRecord({ head, body = {} }: ReceivedRecord, all: readonly ReceivedRecord[]) {
  const { re, seq, text, react, topic, reason, name, on, due } = body;
  const other = all.find((record) => record.head.seq === (re ?? seq));
  const of = body?.["thread"] === true ? "in the thread of" : "of";
  const reference = other && `${of} '${other.body?.["text"] ?? other.head.kind}'`;
  const parts = [
    text,
    react,
    topic,
    name,
    reference,
    reason,
    on === false ? "off" : undefined,
    due,
  ];
  return [head.kind, ...parts.filter((part) => part !== undefined)].join(" ");
}

function withoutDigits(text: string): string {
  return text.replace(/group-[0-9a-f]{16}/, "group");
}

test.each(Object.entries(SCENARIOS))("%s does the same in each interface", async (_, scenario) => {
  const { ben: texts = [], lines, faults = {}, records = [], target = "lobby" } = scenario;
  const expected = {
    codes: lines.map((_line, i) => faults[i + 1] ?? "done"),
    records: ["join", ...records],
  };
  for (const [name, open] of Object.entries(INTERFACES)) {
    const site = await Site.open();
    const ben = await site.member("ben");
    for (const user of scenario.people ?? []) await site.member(user);
    for (const room of ["hall", "club"]) await ben.request("join", { room, create: true });
    await ben.request("rules", { room: "club", join: "approval" });
    for (const text of texts) await site.wait(ben.post(text));
    const ana = await open(site);
    const codes: string[] = [];
    for (const line of lines) {
      const messages = ben.records.filter(({ head }) => MESSAGE_KINDS.has(head.kind));
      const [, room] = /^ben \/join (.+)$/.exec(line) ?? [];
      if (room === undefined) {
        const seqOf = (n: string) => String(messages.at(-Number(n))?.head.seq);
        codes.push(await ana.type(line.replace(/\{(\d)\}/, (_match, n) => seqOf(n))));
      } else {
        await ben.request("join", { room });
        codes.push("done");
      }
    }
    const all = ben.records;
    const byAna = all.filter(({ from }) => from === "ana");
    const described = byAna.map((record) => withoutDigits(describeRecord(record, all)));
    expect({ name, codes, records: described }).toEqual({ name, ...expected });
    const pageTarget = scenario.pageTarget ?? target;
    const shown = name === "page" ? pageTarget : target;
    expect(withoutDigits(ana.target ?? "none")).toBe(shown);
    const isScript = name === "line mode";
    expect(ana.questions).toBe(isScript ? 0 : (scenario.questions ?? 0));
    await ana.close();
    await site.stop();
  }
});

const NOTIFY: readonly (readonly [line: string, code: string])[] = [
  ["/notify all nowhere", "room-unknown"],
  ["/notify off #nowhere", "room-unknown"],
  ["/notify on nowhere", "room-unknown"],
  ["/notify mentions @zoe", "user-unknown"],
  ["/notify nothing hall", "not-member"],
  ["/notify all @ben", "not-found"],
  ["/notify all lobby", "done"],
];

test.each(["full screen", "page"])("/notify names what is missing in the %s", async (name) => {
  const site = await Site.open();
  const ben = await site.member("ben");
  await ben.request("join", { room: "hall", create: true });
  const ana = await INTERFACES[name]?.(site);
  const codes: (string | undefined)[] = [];
  for (const [line] of NOTIFY) codes.push(await ana?.type(line));
  expect(codes).toEqual(NOTIFY.map(([, code]) => code));
  await ana?.close();
  await site.stop();
});

test("/notify sets the levels of the account in line mode, as a script does", async () => {
  const site = await Site.open();
  const ben = await site.member("ben");
  await ben.request("join", { room: "hall", create: true });
  const ana = await INTERFACES["line mode"]?.(site);
  if (ana === undefined) return expect.unreachable();
  const onAccount = NOTIFY.filter(([line]) => !line.startsWith("/notify off"));
  for (const [line, code] of onAccount) expect([line, await ana.type(line)]).toEqual([line, code]);
  // A level of one device, and a list of what it mutes, exist only in full screen.
  expect(await ana.type("/notify off lobby")).toBe("usage");
  expect(await ana.type("/notify")).toBe("usage");
  expect(await ana.type("/notify nothing")).toBe("done");
  expect(await ana.type("/notify on")).toBe("done");
  expect(ana.notes).toContain("notifications from #lobby on all your devices: ");
  expect(ana.notes).toContain("#lobby is no longer muted");
  await ana.close();
  await site.stop();
});
