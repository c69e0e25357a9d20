/** Random steps of a class: a start of the server and a fresh client show what was shown live. */

import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import { defined } from "../../../src/base/values.ts";
import { pollText } from "../../../src/core/rooms/polls.ts";
import type { PostBody } from "../../../src/wire/messages.ts";
import { FIRST_SEED, sampleSize } from "../../samples.ts";
import { Site } from "../../server/site.ts";
import { TOKEN } from "../../server/site-lab.ts";
import { randomOf } from "../../worlds/disk-world.ts";
import { Browser, type Tab } from "../browser/browser.ts";

const PEOPLE = ["ana", "ben", "eve"] as const;
const STEPS = 60;
const PASSWORD = "secret";

const SEEDS = Array.from({ length: sampleSize(12, 500) }, (_, i) => FIRST_SEED + i);

interface Class {
  readonly site: Site;
  readonly tabs: readonly Tab[];
  readonly polls: number[];
  readonly posts: { readonly by: number; readonly seq: number }[];
  room: string;
  work: string;
  number: number;
}

type Step = (of: Class, tab: Tab, at: number, pick: (max: number) => number) => Promise<unknown>;

async function post(of: Class, at: number, to: string, body: PostBody): Promise<void> {
  const tab = of.tabs[at] as Tab;
  const { seq } = await tab.chat.post(to, body);
  of.posts.push({ by: at, seq });
  if ("poll" in body) of.polls.push(seq);
}

const STEPS_OF_CLASS: readonly Step[] = [
  (of, _, at, pick) => {
    const name = PEOPLE[pick(3)] ?? "";
    return post(of, at, of.room, { text: `hello @${name}`, mentions: [name] });
  },
  (of, _, at, pick) => {
    const text = pick(2) === 0 ? "my work" : "is it due?";
    const owner = at === 0 ? PEOPLE[1 + pick(2)] : PEOPLE[at];
    return post(of, at, `${of.work}@${owner}`, { text });
  },
  (of, _, at, pick) => {
    const poll = defined({ options: 2, many: pick(2) === 0 || undefined });
    return post(of, at, of.room, { text: pollText("Which?", ["a", "b"]), poll });
  },
  (of, tab, _, pick) => {
    const seq = of.polls[pick(of.polls.length)] ?? 1;
    return tab.chat.request("vote", { seq, choices: [1 + pick(2)] });
  },
  (of, tab, _, pick) => tab.chat.request("poll", { seq: of.polls[pick(of.polls.length)] ?? 1 }),
  (of, _, at, pick) => {
    const own = of.posts[pick(of.posts.length)];
    const text = pick(2) === 0 ? "changed" : "changed @ben?";
    return (of.tabs[own?.by ?? at] as Tab).chat.request("edit", { seq: own?.seq ?? 1, text });
  },
  (of, _, at, pick) => {
    const own = of.posts[pick(of.posts.length)];
    return (of.tabs[own?.by ?? at] as Tab).chat.request("erase", { seq: own?.seq ?? 1 });
  },
  (of, tab, _, pick) => {
    const re = of.posts[pick(of.posts.length)]?.seq ?? 1;
    return tab.chat.post(of.room, { text: "", react: "👍", re });
  },
  (of, tab, _, pick) => tab.chat.request("hand", { room: of.room, on: pick(3) > 0 }),
  (of, _, __, pick) => {
    const seq = of.posts[pick(of.posts.length)]?.seq ?? 1;
    return (of.tabs[0] as Tab).chat.request("pin", { seq, on: pick(3) > 0 });
  },
  (of, tab, at, pick) => {
    const room = pick(2) === 0 ? of.room : of.work;
    return at === 0 ? Promise.resolve() : tab.chat.request("leave", { room });
  },
  (of, tab, _, pick) => tab.chat.request("join", { room: pick(2) === 0 ? of.room : of.work }),
  (of, _, __, pick) => {
    const user = PEOPLE[1 + pick(2)] ?? "";
    return (of.tabs[0] as Tab).chat.request("kick", { room: of.room, user });
  },
  async (of, _, __, pick) => {
    const isRoom = pick(2) === 0;
    const room = isRoom ? of.room : of.work;
    const to = `${isRoom ? "lab" : "hw"}${++of.number}`;
    await (of.tabs[0] as Tab).chat.request("rename", { room, to });
    if (isRoom) of.room = to;
    else of.work = to;
  },
];

/** What a user sees of all rooms, and a moderator of the work handed in. */
async function shown({ site, polls, room, work }: Class, tab: Tab) {
  const rooms = [...tab.chat.model.rooms.values()].map((one) => {
    const { name, unread, mentions, hands, pins, topic, rules, isClosed } = one;
    const seqs = mentions.map(({ seq }) => seq);
    return { name, unread, mentions: seqs, hands, pins, topic, rules, isClosed };
  });
  const results: object[] = [];
  for (const seq of polls) {
    const poll = await site.wait(
      tab.chat.actions.pollIn(room, seq).catch((error: unknown) => error as Fault),
    );
    results.push(poll instanceof Fault ? { code: poll.code } : poll.poll);
  }
  const handed = await site.wait(tab.chat.actions.handed(work).catch(({ code }: Fault) => code));
  return { rooms: rooms.sort((a, b) => (a.name < b.name ? -1 : 1)), results, handed };
}

test.each(SEEDS)(
  "what was shown is shown after a replay, seed %i",
  async (seed) => {
    const site = await Site.open({ seed, operatorToken: TOKEN });
    const random = randomOf(seed);
    const pick = (max: number) => Math.floor(random() * Math.max(1, max));
    const tabs: Tab[] = [];
    for (const name of PEOPLE) tabs.push(await new Browser(site).member(name, PASSWORD));
    const of: Class = { site, tabs, polls: [], posts: [], room: "lab", work: "hw", number: 0 };
    const [ana] = tabs as [Tab];
    await site.wait(ana.chat.request("operate", { token: TOKEN }));
    await site.wait(ana.chat.request("join", { room: "lab", create: true }));
    await site.wait(ana.chat.request("join", { room: "hw", create: true, assignment: true }));
    for (const tab of tabs.slice(1))
      for (const room of ["lab", "hw"]) await site.wait(tab.chat.request("join", { room }));
    for (let step = 0; step < STEPS; step++) {
      const at = pick(PEOPLE.length);
      const run = STEPS_OF_CLASS[pick(STEPS_OF_CLASS.length)];
      // Refused steps change nothing.
      const done = run?.(of, tabs[at] as Tab, at, pick).catch((error: unknown) => {
        if (!(error instanceof Fault)) throw error;
      });
      await site.wait(done ?? Promise.resolve());
    }
    await site.quiet();
    const live: Awaited<ReturnType<typeof shown>>[] = [];
    for (const tab of tabs) live.push(await shown(of, tab));
    await site.stop();
    await site.wait(site.start());
    for (const [at, name] of PEOPLE.entries()) {
      const fresh = await new Browser(site).member(name, PASSWORD);
      await site.quiet();
      expect(await shown(of, fresh)).toEqual(live[at] as (typeof live)[number]);
    }
  },
  60_000,
);
