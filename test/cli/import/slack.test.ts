import { expect, test } from "bun:test";
import { TEXT_BYTES_MAX } from "../../../src/base/limits.ts";
import { finishSteps } from "../../../src/base/steps.ts";
import { isSlack, readSlack as stepsOf } from "../../../src/cli/import/slack.ts";
import type { ExportTree } from "../../../src/cli/import/source.ts";

function tree(files: Readonly<Record<string, unknown>>): ExportTree {
  return {
    paths: Object.keys(files),
    read: (path) => new TextEncoder().encode(JSON.stringify(files[path])),
  };
}

const readSlack = (...args: Parameters<typeof stepsOf>) => finishSteps(stepsOf(...args));
const wanted = (channel: string) => ({ channel, isChannelGiven: true });

const USERS = [
  { id: "U1", name: "ana.m", profile: { display_name: "Ana" } },
  { id: "U2", name: "ben", profile: { display_name: "" } },
];
const DAY = [
  { type: "message", subtype: "channel_join", user: "U1", text: "joined", ts: "1600000000.000100" },
  {
    type: "message",
    user: "U1",
    text: "hi <@U2> &amp; <#C1|general>, see <https://x.example|this> &lt;b&gt; <!here>",
    ts: "1600000001.000200",
    reactions: [{ name: "+1", users: ["U2", "U9"], count: 2 }],
  },
  {
    type: "message",
    user: "U2",
    text: "yes",
    ts: "1600000002.000300",
    thread_ts: "1600000001.000200",
    files: [{ name: "a.png" }, { mode: "tombstone" }],
  },
  { type: "message", subtype: "bot_message", username: "ci", text: "done", ts: "1600000003.5" },
  { type: "message", subtype: "me_message", user: "U2", text: "waves", ts: "1600000004" },
  { type: "message", subtype: "huddle_thread", user: "U2", text: "x", ts: "1600000005" },
  "nothing",
];

const NAMES = {
  users: USERS,
  channels: [
    { id: "C1", name: "general" },
    { id: "C2", name: "random" },
  ],
};

function entriesOf(messages: readonly object[]) {
  const files = {
    "users.json": NAMES.users,
    "channels.json": NAMES.channels,
    "general/2026-01-06.json": messages.map((message, index) => ({
      type: "message",
      ts: `176770000${index}.000100`,
      ...message,
    })),
  };
  return readSlack(tree(files), wanted("general"));
}

test("reads a channel with names, threads, reactions and files", () => {
  const day = "general/2020-09-13.json";
  const files = { "users.json": USERS, [day]: DAY, "other/2020-09-13.json": [] };
  const { entries, problems, skippedKinds } = readSlack(tree(files), wanted("General"));
  expect(problems).toEqual([{ location: `${day}, message 7`, reason: "not a message" }]);
  expect(skippedKinds).toEqual([
    { reason: "other channel", count: 1, example: "other", isLost: false },
    {
      reason: "channel_join (event)",
      count: 1,
      example: `${day}, message 1: 'joined'`,
      isLost: false,
    },
    { reason: "huddle_thread (event)", count: 1, example: `${day}, message 6: 'x'`, isLost: false },
  ]);
  const shown = entries.map((entry) => {
    const what = entry.kind === "reaction" ? entry.react : entry.text;
    return [entry.kind, entry.from, entry.timeUnixMs, what];
  });
  const greeting = "hi @ben & #general, see this (https://x.example) <b> @here";
  expect(shown).toEqual([
    ["text", "Ana", 1_600_000_001_000, greeting],
    ["reaction", "ben", 1_600_000_001_000, "👍"],
    ["reaction", "U9", 1_600_000_001_000, "👍"],
    ["text", "ben", 1_600_000_002_000, "yes\n[file a.png]"],
    ["text", "ci", 1_600_000_003_500, "done"],
    ["action", "ben", 1_600_000_004_000, "waves"],
  ]);
  expect(entries[3]).toMatchObject({ re: "1600000001.000200" });
});

const rich = (...elements: object[]) => [{ type: "rich_text", elements }];
const section = (...elements: object[]) => ({ type: "rich_text_section", elements });

const GRAFANA = {
  pretext: "Firing",
  author_name: "alertmanager",
  title: "High load",
  title_link: "https://g.example/1",
  text: "load *12*",
  fields: [{ title: "host", value: "db1" }],
  actions: [{ type: "button", text: "Silence" }],
  footer: "v9",
  image_url: "https://g.example/i.png",
  fallback: "High load on db1",
};
const BLOCKS = [
  { type: "header", text: { type: "plain_text", text: "Deploy finished" } },
  { type: "section", fields: [{ type: "mrkdwn", text: "*env*\nprod" }] },
  {
    type: "context",
    elements: [{ type: "image", image_url: "https://i.example/a", alt_text: "a" }],
  },
  { type: "actions", elements: [{ type: "button", text: { type: "plain_text", text: "Undo" } }] },
  { type: "table", rows: [["a", "b"].map((text) => ({ type: "raw_text", text }))] },
  { type: "next_years_block", text: "strange" },
];
const RICH = rich(
  {
    type: "rich_text_list",
    style: "ordered",
    offset: 1,
    elements: [
      section({ type: "text", text: "one ", style: { bold: true } }),
      section({ type: "user", user_id: "U1" }, { type: "emoji", name: "wave", skin_tone: 2 }),
    ],
  },
  { type: "rich_text_preformatted", elements: [{ type: "text", text: "x = *1*" }] },
  { type: "rich_text_quote", elements: [{ type: "text", text: "said\nso" }] },
  section({ type: "channel", channel_id: "C2" }, { type: "link", url: "https://a.example" }),
);

test.each([
  ["the fallback of an attachment", { attachments: [{ fallback: "disk full" }] }, "disk full"],
  [
    "all parts of an attachment",
    { text: "alert", attachments: [GRAFANA] },
    "alert\nFiring\nalertmanager\nHigh load (https://g.example/1)\nload **12**\nhost: db1\n" +
      "[Silence]\nv9\nhttps://g.example/i.png",
  ],
  ["blocks", { text: "", blocks: BLOCKS.slice(0, 1) }, "Deploy finished"],
  [
    "blocks with more than the text",
    { text: "Deploy finished", blocks: BLOCKS },
    "Deploy finished\n**env**\nprod\na\nhttps://i.example/a\n[Undo]\na | b\nstrange",
  ],
  [
    "a call",
    { text: "", blocks: [{ type: "call", call: { v1: { name: "Zoom", join_url: "https://z" } } }] },
    "Zoom\nhttps://z",
  ],
  [
    "blocks and another text",
    { text: "Fallback", blocks: BLOCKS.slice(0, 1) },
    "Fallback\nDeploy finished",
  ],
  [
    "rich text",
    { text: "", blocks: RICH },
    "2. **one** \n3. @Ana👋🏻\n```\nx = *1*\n```\n> said\n> so\n#randomhttps://a.example",
  ],
  [
    "rich text with the same text",
    { text: "a *b*", blocks: rich(section({ type: "text", text: "a b" })) },
    "a **b**",
  ],
  [
    "a shared message",
    {
      text: "",
      attachments: [
        {
          is_share: true,
          author_name: "Ben Ito",
          text: "shared",
          message_blocks: [
            { message: { blocks: rich(section({ type: "text", text: "shared" })) } },
          ],
        },
      ],
    },
    "Ben Ito\nshared",
  ],
  ["a file's name", { text: "", files: [{ name: "plan.pdf" }] }, "[file plan.pdf]"],
  ["an old file's name", { text: "", file: { title: "plan" } }, "[file plan]"],
  [
    "a hidden file",
    { files: [{ id: "F1", mode: "hidden_by_limit" }] },
    "[file F1, hidden by Slack's limit]",
  ],
  ["a comment on a file", { subtype: "file_comment", comment: { comment: "*nice*" } }, "**nice**"],
  ["a title", { subtype: "assistant_app_thread", assistant_app_thread: { title: "Chat" } }, "Chat"],
  ["a new kind", { subtype: "next_years_kind", text: "future" }, "future"],
  [
    "unknown fields in an unknown block",
    {
      text: "",
      blocks: [
        {
          type: "stat",
          block_id: "b1",
          caption: "Visitors",
          entries: [{ name: "today", value: "42" }],
          style: "primary",
          owner_id: "U024BE7LH",
        },
      ],
    },
    "Visitors\ntoday\n42",
  ],
  [
    "the choices of a menu",
    {
      blocks: [
        {
          type: "actions",
          elements: [
            {
              type: "static_select",
              action_id: "a1",
              placeholder: { type: "plain_text", text: "Which day?" },
              options: [{ text: { type: "plain_text", text: "Monday" }, value: "day-1" }],
            },
          ],
        },
      ],
    },
    "Which day?\nMonday",
  ],
  [
    "an unknown part of an attachment",
    { attachments: [{ id: 1, color: "36a64f", list_record: { headline: "Item 7", ts: "1" } }] },
    "Item 7",
  ],
  [
    "an unknown field",
    {
      subtype: "next_years_kind",
      latest_reply: "1767700001.000100",
      canvas: { title: "Plan", canvas_id: "F024BE7LH" },
      metadata: { event_type: "task", event_payload: { summary: "Write it" } },
    },
    "Plan\nWrite it",
  ],
  [
    "the first comment on a file",
    { files: [{ name: "a.png", initial_comment: { comment: "look" } }] },
    "look\n[file a.png]",
  ],
  ["a response", { subtype: "slackbot_response", text: "try again" }, "try again"],
])("imports a message that has only %s", (_, message, text) => {
  const { entries, problems } = entriesOf([{ user: "U1", ...message }]);
  expect(problems).toEqual([]);
  expect(entries).toMatchObject([{ kind: "text", from: "Ana", text }]);
});

test.each([
  [
    "a bot's profile",
    { user: "UB", bot_id: "B1", bot_profile: { name: "Deploy Bot" } },
    "Deploy Bot",
  ],
  ["an override", { user: "UB", bot_id: "B1", username: "CI", bot_profile: { name: "x" } }, "CI"],
  ["the list of users", { user: "U2", user_profile: { real_name: "x" } }, "ben"],
  ["a profile in the message", { user: "U7", user_profile: { real_name: "Gina" } }, "Gina"],
  ["an id", { bot_id: "B9" }, "B9"],
  ["a comment", { subtype: "file_comment", comment: { user: "U2", comment: "x" } }, "ben"],
  ["Slackbot", { user: "USLACKBOT" }, "Slackbot"],
  ["an attachment", { attachments: [{ author_name: "alert" }] }, "alert"],
])("names the author by %s", (_, message, from) => {
  expect(entriesOf([{ text: "x", ...message }]).entries).toMatchObject([{ from }]);
});

test("imports an event that begins a thread, and counts other events and empty messages", () => {
  const ts = "1767700000.000100";
  const { entries, problems, skippedKinds } = entriesOf([
    {
      subtype: "tombstone",
      user: "USLACKBOT",
      text: "This message was deleted.",
      ts,
      thread_ts: ts,
    },
    { user: "U1", text: "answer", thread_ts: ts },
    { subtype: "pinned_item", user: "U1", text: "pinned" },
    { subtype: "bot_enable", user: "U1", text: "enabled" },
    { subtype: "next_years_kind", user: "U1" },
    { user: "U1", text: "", files: [{ mode: "tombstone" }] },
  ]);
  expect(problems).toEqual([]);
  expect(entries).toMatchObject([
    { key: ts },
    { text: "answer", re: ts },
    { text: "[deleted file]" },
  ]);
  expect(skippedKinds.map(({ reason, count }) => [reason, count])).toEqual([
    ["pinned_item (event)", 1],
    ["bot_enable (event)", 1],
    ["next_years_kind without text", 1],
  ]);
});

test("imports a changed message in its last form", () => {
  const changed = (ts: string, text: string, at: string) => {
    return { subtype: "message_changed", ts: at, message: { user: "U1", text, ts } };
  };
  const { entries, skippedKinds } = entriesOf([
    { user: "U1", text: "first", ts: "1.0001" },
    { user: "U1", text: "same", ts: "2.0001" },
    changed("1.0001", "second", "3.0001"),
    changed("2.0001", "same", "4.0001"),
    changed("0.0001", "only the change", "5.0001"),
  ]);
  expect(entries).toMatchObject([
    { kind: "text", text: "first", key: "1.0001" },
    { kind: "text", text: "same" },
    { kind: "edit", text: "second", re: "1.0001" },
    { kind: "text", text: "only the change", from: "Ana", key: "0.0001" },
  ]);
  expect(skippedKinds.map(({ reason, count }) => [reason, count])).toEqual([
    ["repeated message", 1],
  ]);
});

test("imports no message that was deleted later", () => {
  const users = { "users.json": USERS };
  const deleted = { type: "message", subtype: "message_deleted", hidden: true };
  const files = {
    ...users,
    "general/2026-01-06.json": [
      { type: "message", user: "U1", text: "secret", ts: "1.0001" },
      { type: "message", user: "U1", text: "stays", ts: "2.0001" },
      { type: "message", user: "U2", text: "gone, too", ts: "3.0001" },
    ],
    "general/2026-01-07.json": [
      {
        type: "message",
        subtype: "message_changed",
        ts: "4.1",
        message: { user: "U1", text: "changed", ts: "1.0001" },
      },
      { ...deleted, deleted_ts: "1.0001", ts: "5.0001" },
      {
        ...deleted,
        previous_message: { user: "U2", text: "gone, too", ts: "3.0001" },
        ts: "6.0001",
      },
    ],
  };
  const { entries, problems, skippedKinds } = readSlack(tree(files), wanted("general"));
  expect(problems).toEqual([]);
  expect(entries).toMatchObject([{ text: "stays" }]);
  expect(skippedKinds.map(({ reason, count }) => [reason, count])).toEqual([
    ["deleted message", 3],
    ["message_deleted (event)", 2],
  ]);
});

test("imports a message once that two files of a channel have", () => {
  const message = { type: "message", user: "U1", text: "hi", ts: "1.0001" };
  const files = {
    "users.json": USERS,
    "general/2026-01-06.json": [message, { ...message, text: "other", ts: "2.0001" }],
    "general/2026-01-07.json": [message, { ...message, text: "edited", ts: "2.0001" }],
  };
  const { entries, skippedKinds } = readSlack(tree(files), wanted("general"));
  expect(entries).toMatchObject([
    { text: "hi" },
    { text: "other" },
    { kind: "edit", text: "edited", re: "2.0001" },
  ]);
  expect(skippedKinds).toMatchObject([{ reason: "repeated message", count: 1 }]);
});

test("imports a thread's first message before its replies", () => {
  const { entries } = entriesOf([
    { user: "U1", text: "reply", ts: "2.0001", thread_ts: "1.0001" },
    { user: "U2", text: "root", ts: "1.0001", thread_ts: "1.0001" },
  ]);
  expect(entries).toMatchObject([{ text: "root" }, { text: "reply", re: "1.0001" }]);
});

test("converts reactions, and counts those whose name is too long", () => {
  const reactions = ["white_check_mark", "+1::skin-tone-3", "party_cat", "x".repeat(63)].map(
    (name) => ({ name, users: ["U1"] }),
  );
  const { entries, skippedKinds } = entriesOf([{ user: "U1", text: "x", reactions }]);
  expect(entries.map((entry) => (entry.kind === "reaction" ? entry.react : ""))).toEqual([
    ...["", "✅", "👍🏼", ":party_cat:"],
  ]);
  expect(skippedKinds).toMatchObject([{ reason: "reaction with a long name", count: 1 }]);
});

test("divides a long text, and refuses one that is too long", () => {
  const line = "ä 12345678\n";
  const { entries } = entriesOf([{ user: "U1", text: line.repeat(10_000) }]);
  const texts = entries.map((entry) => (entry.kind === "text" ? entry.text : ""));
  expect(texts).toHaveLength(2);
  expect(texts.every((text) => Buffer.byteLength(text) <= TEXT_BYTES_MAX)).toBe(true);
  expect(`${texts.join("\n")}\n`).toBe(line.repeat(10_000));
  const words = entriesOf([{ user: "U1", text: "ä".repeat(TEXT_BYTES_MAX) }]).entries;
  expect(words.map((entry) => (entry.kind === "text" ? entry.text : "")).join("")).toBe(
    "ä".repeat(TEXT_BYTES_MAX),
  );
  const fits = entriesOf([{ user: "U1", text: "x".repeat(16 * TEXT_BYTES_MAX) }]);
  expect([fits.entries.length, fits.problems.length]).toEqual([16, 0]);
  const long = entriesOf([{ user: "U1", text: "x".repeat(16 * TEXT_BYTES_MAX + 1) }]);
  expect([long.entries.length, long.problems.length]).toEqual([0, 1]);
});

const message = (text: string) => [{ type: "message", user: "U1", text, ts: "1767700000.0001" }];

test("keeps two workspaces apart, with their users", () => {
  const bea = [{ id: "U1", name: "bea", profile: {} }];
  const files = {
    "alpha/users.json": USERS,
    "alpha/general/2026-01-06.json": message("alpha"),
    "beta/users.json": bea,
    "beta/general/2026-01-06.json": message("beta"),
    "beta/random/2026-01-06.json": message("random"),
  };
  const error = "the export has 2 teams: alpha/general, beta/general";
  expect(() => readSlack(tree(files), wanted("general"))).toThrow(error);
  expect(() => readSlack(tree(files), wanted("random"))).toThrow("the export has 2 teams");
  const { entries } = readSlack(tree(files), wanted("beta/general"));
  expect(entries).toMatchObject([{ from: "bea", text: "beta" }]);
});

test("finds direct conversations by id and by members", () => {
  const files = {
    "users.json": USERS,
    "dms.json": [{ id: "D1", members: ["U2", "U1"] }],
    "mpims.json": [{ id: "G1", name: "mpdm-ana--ben--eve-1", members: ["U1", "U2", "U3"] }],
    "D1/2026-01-06.json": message("direct"),
    "mpdm-ana--ben--eve-1/2026-01-06.json": message("group"),
    "general/2026-01-06.json": message("open"),
  };
  for (const [channel, text] of [
    ["D1", "direct"],
    ["Ana,ben", "direct"],
    ["@Ana,@ben", "direct"],
    ["G1", "group"],
    ["Ana,U3,ben", "group"],
  ] as const) {
    expect(readSlack(tree(files), wanted(channel)).entries).toMatchObject([{ text }]);
  }
});

test("accepts the folder of one channel, and names the known channels", () => {
  const one = tree({ "2020-09-13.json": DAY.slice(1, 2) });
  expect(readSlack(one, wanted("whatever")).entries[0]).toMatchObject({ from: "U1" });
  expect(isSlack(one)).toBe(true);
  expect(isSlack(tree({ "a.json": [] }))).toBe(false);
  const export_ = tree({ "x/general/2020-09-13.json": [], "x/general/canvas.json": {} });
  expect(() => readSlack(export_, wanted("lobby"))).toThrow(
    "no channel 'lobby' in the export; channels: general",
  );
  expect(readSlack(export_, wanted("general")).skippedKinds).toMatchObject([
    { reason: "file of the channel without messages", example: "x/general/canvas.json" },
  ]);
  expect(readSlack(tree({ "2020-09-13.json": {} }), wanted("x")).problems).toHaveLength(1);
});
