import { expect, test } from "bun:test";
import { itemOf } from "../../../src/core/model/item.ts";
import { shownName } from "../../../src/core/model/people.ts";
import {
  authorText,
  briefText,
  deletedText,
  eventText,
  lastLine,
  quotedText,
} from "../../../src/ui/text/event-text.ts";
import { timesIn } from "../../../src/ui/text/times.ts";
import { loadTexts } from "../../../src/web/browser/texts.ts";
import { fileBody, fileEntry } from "../../cli/screen/view/scenes.ts";
import { record } from "../../core/model-scene.ts";

test("formats a file with its caption in one line, and a deleted file without", async () => {
  const texts = await loadTexts("en");
  const times = timesIn(texts);
  const brief = (change: object) =>
    briefText(
      itemOf(record(5, { kind: "file", ...change }), "ana", () => false),
      texts,
      times,
    );
  expect(brief({ body: fileBody("a.png") })).toBe("File: a.png");
  expect(brief({ body: fileBody("a.png", { text: "look\n\u001b[2J here" }) })).toBe(
    "File: a.png: look ␛[2J here",
  );
  const details = { durationMs: 7_200, peaks: "0f" };
  expect(brief({ body: { files: [fileEntry("a.png", { details })] } })).toBe("Voice message, 0:07");
  expect(brief({ state: "erased", body: undefined })).toBe(texts.deleted);
});

test.each([
  ["en", "ana removed ben: too ␛[2J*loud*", "ana left: too ␛[2J*loud*", "ana removed ben"],
  [
    "id",
    "ana mengeluarkan ben: too ␛[2J*loud*",
    "ana keluar: too ␛[2J*loud*",
    "ana mengeluarkan ben",
  ],
] as const)("states the reason of a kick or leave in %s", async (language, kicked, left, plain) => {
  const texts = await loadTexts(language);
  const brief = (kind: string, body: object) =>
    briefText(
      itemOf(record(5, { kind, from: "ana", body: { name: "ben", ...body } }), "eve", () => false),
      texts,
      timesIn(texts),
    );
  const reason = "too \u001b[2J*loud*";
  expect(brief("kick", { reason })).toBe(kicked);
  expect(brief("leave", { reason })).toBe(left);
  expect(brief("kick", { reason: "" })).toBe(plain);
  expect(brief("admission", { on: true })).toBe(`ana ${texts.eventInvite("ben")}`);
  expect(brief("admission", { on: false })).toBe(`ana ${texts.eventUninvite("ben")}`);
});

test("removes markup from a topic", async () => {
  const texts = await loadTexts("en");
  const topic = record(5, { kind: "topic", from: "ana", body: { topic: "test on **Friday**" } });
  const item = itemOf(topic, "eve", () => false);
  expect(briefText(item, texts, timesIn(texts))).toBe("ana set the topic: test on Friday");
});

test("removes markup from a message, but not from a file name", async () => {
  const texts = await loadTexts("id");
  const item = (change: object) => itemOf(record(5, change), "ana", () => false);
  const said = item({ body: { text: "**look**, `here`\n> _there_" } });
  expect(briefText(said, texts, timesIn(texts))).toBe("look, here there");
  expect(quotedText(said, 7)).toBe("look, h");
  const file = item({ kind: "file", body: fileBody("_a_.png", { text: "*look*" }) });
  expect(briefText(file, texts, timesIn(texts))).toBe("Berkas: _a_.png: look");
  expect(quotedText(file, 100)).toBe("_a_.png");
});

test.each([
  ["en", 4, "p0, p1 and 2 others joined"],
  ["en", 5, "p0, p1 and 3 others joined"],
  ["id", 30, "30 orang bergabung"],
] as const)(
  "counts most names of a folded event in %s, %d names",
  async (language, count, text) => {
    const texts = await loadTexts(language);
    const items = Array.from({ length: count }, (_, i) =>
      itemOf(record(i + 2, { kind: "join", from: `p${i}` }), "ana", () => false),
    );
    const last = items.at(-1) as (typeof items)[number];
    expect(eventText(last, texts, timesIn(texts), { earlier: items, isFolded: true })).toBe(text);
  },
);

test("names the people whom one user invited", async () => {
  const texts = await loadTexts("en");
  const items = Array.from({ length: 5 }, (_, i) =>
    itemOf(
      record(i + 2, { kind: "admission", from: "ben", body: { name: `p${i}`, on: true } }),
      "ana",
      () => false,
    ),
  );
  const last = items.pop() as (typeof items)[number];
  const text = (isFolded: boolean) =>
    eventText(last, texts, timesIn(texts), { earlier: items, isFolded });
  expect(text(true)).toBe("ben invited p0, p1 and 3 others");
  expect(text(false)).toBe("ben invited p0, p1, p2, p3 and p4");
});

test("shows display names of authors and affected people, but not of a rename", async () => {
  const texts = await loadTexts("en");
  const displayNames = new Map([
    ["ana", "Ana Ruíz"],
    ["ben", "李伟"],
  ]);
  const nameOf = (account: string) => shownName({ displayNames }, account);
  const items = (kind: string, ...changes: object[]) =>
    changes.map((change, i) =>
      itemOf(record(i + 2, { kind, from: "ana", ...change }), "eve", () => false),
    );
  const text = (kind: string, ...changes: object[]) => {
    const earlier = items(kind, ...changes);
    const last = earlier.pop() as (typeof earlier)[number];
    return eventText(last, texts, timesIn(texts), { earlier, nameOf });
  };
  expect(text("join", {}, { from: "Ben" }, { from: "cleo" })).toBe(
    "Ana Ruíz, 李伟 and cleo joined",
  );
  expect(text("topic", { body: { topic: "test" } })).toBe("Ana Ruíz set the topic: test");
  expect(text("pin", { body: { seq: 1, on: true } })).toStartWith("Ana Ruíz pinned");
  expect(text("kick", { body: { name: "ben" } })).toBe("Ana Ruíz removed 李伟");
  const invited = ["ben", "cleo"].map((name) => ({ body: { name, on: true } }));
  expect(text("admission", ...invited)).toBe("Ana Ruíz invited 李伟 and cleo");
  const renamed = { from: "cleo", body: { user: "u", was: "carl", name: "ana" } };
  expect(text("rename", renamed)).toBe("cleo renamed carl to ana");
  const room = { from: "cleo", body: { was: "math", name: "ben" } };
  expect(text("rename", room)).toContain("ben");
});

test("shows authors by display name, except imported ones", async () => {
  const texts = await loadTexts("en");
  const times = timesIn(texts);
  const names = { displayNames: new Map([["ben", "Ben Lee"]]) };
  const item = itemOf(record(5, { from: "Ben" }), "ana", () => false);
  expect(authorText(item, texts)).toBe("Ben");
  expect(authorText(item, texts, names)).toBe("Ben Lee");
  expect(authorText({ ...item, from: undefined }, texts, names)).toBe(texts.server);
  const imported = { from: "ben", timeUnixMs: 0 };
  expect(authorText({ ...item, imported }, texts, names)).toBe(texts.importedAuthor("ben"));
  expect(lastLine(item, texts, times, names)).toBe("Ben Lee: 5");
  expect(lastLine(item, texts, times, { ...names, isDirect: true })).toBe("5");
  expect(lastLine({ ...item, isMine: true }, texts, times, names)).toBe("You: 5");
  const citra = { displayNames: new Map([["ben", "Citra Ayu Lestari"]]) };
  expect(lastLine(item, texts, times, citra)).toBe("Citra: 5");
  expect(deletedText({ ...item, erasedBy: "ben" }, texts, names)).toBe(
    "Message deleted by Ben Lee",
  );
  expect(deletedText({ ...item, erasedBy: "eve" }, texts, names)).toBe("Message deleted by eve");
  expect(deletedText(item, texts, names)).toBe(texts.deleted);
  const expired = { ...item, state: "erased", erasedBy: "ben", hasExpired: true } as const;
  for (const [kind, text] of [
    ["text", "Message expired"],
    ["file", "File expired"],
  ] as const) {
    expect(deletedText({ ...expired, kind }, texts, names)).toBe(text);
    expect(briefText({ ...expired, kind }, texts, times)).toBe(text);
  }
});

test("says that a newer version wrote a record of an unknown kind", async () => {
  const item = itemOf(record(5, { kind: "x\u001b[2J", body: { text: "hi" } }), "ana", () => false);
  const texts = await loadTexts("en");
  expect(eventText(item, texts, timesIn(texts))).toBe("ben: x␛[2J, written by a newer version");
  const indonesian = await loadTexts("id");
  const line = eventText(item, indonesian, timesIn(indonesian));
  expect(line).toBe("ben: x␛[2J, ditulis oleh versi yang lebih baru");
});
