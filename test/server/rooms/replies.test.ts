import { expect } from "bun:test";
import {
  type HistoryPage,
  queryHistory,
  type SendRequest,
} from "../../../src/client/link/queries.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import type { Answer, RequestFields } from "../../../src/wire/messages.ts";
import { rejection } from "../../rejection.ts";
import type { Guest } from "../guest.ts";
import { labTest } from "../site-lab.ts";

type Body = RequestFields<"post">["body"];

let posts = 0;
function post(guest: Guest, body: Body, to = "lab"): Promise<Answer<"post">> {
  return guest.request("post", { outbox: "repliesAAAA", counter: ++posts, to, body });
}

const KINDS = ["text", "action", "file"];

function repliesIn(guest: Guest, re: number, fields: object = {}): Promise<HistoryPage> {
  const request: SendRequest = (kind, asked) => guest.request(kind, asked);
  return queryHistory(request, sha256, { kinds: KINDS, re, limit: 10, ...fields });
}

async function textsOf(page: Promise<HistoryPage>): Promise<readonly unknown[]> {
  return (await page).records.map(({ body }) => body?.["text"]);
}

labTest("lists the replies to a message, also in pages", async ({ site, ana, ben, eve }) => {
  const { seq: re } = await site.wait(ana.post("plan?", "lab"));
  for (const text of ["one", "two", "three"]) await post(ben, { text, re });
  await post(ben, { text: "", react: "+", re });
  await post(ben, { text: `"re":${re}`, re: re * 10 + 1 });
  await post(ben, { text: "elsewhere", re }, "lobby");
  expect(await textsOf(repliesIn(eve, re, { target: "lab" }))).toEqual(["one", "two", "three"]);
  expect(await textsOf(repliesIn(eve, re, { target: "lab", grep: "T" }))).toEqual([]);
  expect(await textsOf(repliesIn(eve, re, { grep: "T", ignoreCase: true }))).toEqual([
    ...["two", "three"],
  ]);
  const newest = await repliesIn(eve, re, { target: "lab", limit: 2 });
  expect(newest.more).toBe(true);
  const before = newest.records[0]?.seq;
  expect(await textsOf(repliesIn(eve, re, { target: "lab", limit: 2, before }))).toEqual(["one"]);
  for (const none of [re + 1, Number.MAX_SAFE_INTEGER])
    expect(await textsOf(repliesIn(eve, none, { target: "lab" }))).toEqual([]);
  expect(await eve.refusal("history", { re: 0, limit: 1 })).toBe("frame-malformed");
});

labTest("lists the replies to an erased message, without erased ones", async (lab) => {
  const { site, ana, ben, eve } = lab;
  const { seq: re } = await site.wait(ana.post("plan?", "lab"));
  const { seq } = await post(ben, { text: "one", re });
  await post(ben, { text: "two", re });
  await ana.request("erase", { seq: re });
  await ben.request("erase", { seq });
  expect(await textsOf(repliesIn(eve, re))).toEqual(["two"]);
  await site.restart();
  expect(await textsOf(repliesIn(await site.again(eve, "eve"), re))).toEqual(["two"]);
});

labTest("accepts replies in a thread to messages of the room, also to erased ones", async (lab) => {
  const { site, ana, ben, eve } = lab;
  const { seq: re } = await site.wait(ana.post("plan?", "lab"));
  const { seq: other } = await site.wait(ana.post("hello", "lobby"));
  const thread = true;
  const reply = await post(ben, { text: "one", re, thread });
  const refused = async (body: Body) => (await rejection(post(ben, body))).message;
  expect(await refused({ text: "x", thread })).toContain("needs the number");
  for (const wrong of [reply.seq, 99_999, re + 10])
    expect(await refused({ text: "x", re: wrong, thread })).toContain(`no message ${wrong}`);
  expect(await refused({ text: "x", re: other, thread })).toContain(`${other} is in #lobby`);
  // A reply in the room may answer anything, as in older versions.
  await post(ben, { text: "two", re: reply.seq });
  await ana.request("erase", { seq: re });
  // Posts that follow the check of a reference stay in order.
  const [third, fourth] = await Promise.all([
    post(ben, { text: "three", re, thread }),
    post(ben, { text: "four" }),
  ]);
  expect(fourth.n).toBe(third.n + 1);
  const { records } = await repliesIn(eve, re);
  expect(records.map(({ body }) => [body?.["text"], body?.["thread"]])).toEqual([
    ["one", true],
    ["three", true],
  ]);
  await site.restart();
  expect(await textsOf(repliesIn(await site.again(eve, "eve"), re))).toEqual(["one", "three"]);
});
