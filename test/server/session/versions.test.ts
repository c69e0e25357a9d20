import { expect, test } from "bun:test";
import { decode } from "../../../src/wire/codec.ts";
import type { Guest } from "../guest.ts";
import { Site } from "../site.ts";

/** Kinds of the messages with which its records come. */
function listen(guest: Guest): Set<string> {
  const kinds = new Set<string>();
  guest.takes = (bytes) => {
    const incoming = decode(bytes);
    const kind = incoming.kind === "message" ? incoming.message.kind : incoming.kind;
    if (kind.startsWith("record")) kinds.add(kind);
    return false;
  };
  return kinds;
}

async function older(site: Site, name: string): Promise<Guest> {
  const guest = await site.connect();
  expect((await guest.greet([1])).version).toBe(1);
  await guest.ask("register", guest.registration(name));
  await guest.until("caught-up");
  return guest;
}

test("readers of versions 1 and 2 hear the same, each in its own messages", async () => {
  const site = await Site.open();
  const ana = await site.member("ana");
  expect(ana.welcome?.version).toBe(2);
  const old = await older(site, "old");
  await site.quiet();
  const [kinds, oldKinds] = [listen(ana), listen(old)];
  const heard = [ana, old].map(({ records }) => records.length);
  const posts = [..."abcdefghij"].map((text) => ana.say(text));
  posts.push(old.say("old"), ana.say("to one", "@old"));
  await site.wait(Promise.all(posts));
  await ana.ask("join", { room: "dev", create: true });
  await old.ask("join", { room: "dev" });
  await site.wait(old.say("in dev", "dev"));
  await site.quiet();
  const news = [ana, old].map(({ records }, i) => records.slice(heard[i]).filter(isText));
  expect(news[0]?.length).toBe(13);
  expect(news[1]).toEqual(news[0] ?? []);
  expect([...kinds]).toContain("records");
  expect([...oldKinds]).toEqual(["record"]);
});

const isText = ({ head }: Guest["records"][number]) => head.kind === "text";

test("one who leaves hears no more in version 1 either", async () => {
  const site = await Site.open();
  const ana = await site.member("ana");
  const old = await older(site, "old");
  await ana.ask("join", { room: "dev", create: true });
  await old.ask("join", { room: "dev" });
  await ana.ask("post", { outbox: "BAAAAAAAAAA", counter: 1, to: "dev", body: { text: "one" } });
  await old.ask("leave", { room: "dev" });
  await ana.ask("post", { outbox: "BAAAAAAAAAA", counter: 2, to: "dev", body: { text: "two" } });
  await site.quiet();
  expect(old.texts()).toEqual(["one"]);
});
