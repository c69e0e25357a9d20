import { describe, expect, test } from "bun:test";
import type { Fault } from "../../../src/base/fault.ts";
import type { Spoken } from "./liar.ts";
import { type Person, SealedSite } from "./sealed-site.ts";

async function two(world: SealedSite): Promise<[Person, Person]> {
  const people: [Person, Person] = [await world.join("ana"), await world.join("ben")];
  await people[0].makes("vault");
  await people[0].letsIn(people[1], "vault");
  return people;
}

function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "fine",
    (error: Fault) => error.code,
  );
}

describe("at the same time", () => {
  test("two who let others in: one commit wins, and both users are in", async () => {
    await using world = await SealedSite.open();
    const [ana] = await two(world);
    const [eve, dan] = [await world.join("eve"), await world.join("dan")];
    const [one, other] = [eve, dan].map((person) =>
      ana.client.sealedRooms().then((rooms) => rooms.invite(ana.room("vault"), person.name)),
    );
    await world.wait(Promise.all([one, other]));
    const { members } = await ana.sealed((rooms) => rooms.sealing(ana.room("vault")));
    expect(members.map(({ user }) => user).sort()).toEqual(["ana", "ben", "dan", "eve"]);
  });

  test("a word and a commit: the word is encrypted anew, and shown once", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    const eve = await world.join("eve");
    const words = Array.from({ length: 20 }, (_, at) => `word ${at}`);
    const said = words.map((text) => ben.client.post("vault", { text }));
    const invited = ana.client
      .sealedRooms()
      .then((rooms) => rooms.invite(ana.room("vault"), eve.name));
    await world.wait(Promise.all([...said, invited]));
    await ana.hears("vault", "word 19");
    expect(ana.texts("vault")).toEqual(words.map((text) => `ben: ${text}`));
  });

  test("two windows of one user: both read, both write, nothing is used twice", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    const window = await world.join("ana", ana.device);
    await ana.say("vault", "from the one");
    await window.say("vault", "from the other");
    await Promise.all([
      ana.say("vault", "both at once, one"),
      window.say("vault", "both at once, other"),
    ]);
    for (const text of ["from the one", "from the other", "at once, one", "at once, other"]) {
      await ben.hears("vault", text);
      await ana.hears("vault", text);
      await window.hears("vault", text);
    }
    expect(ben.texts("vault")).toHaveLength(4);
  });
});

describe("a server that lies", () => {
  test("says that the room is open now: nothing goes out", async () => {
    await using world = await SealedSite.open();
    const [ana] = await two(world);
    await ana.say("vault", "sealed");
    const room = world.site.server;
    expect(room).toBeDefined();
    // The server drops its mark; what it tells from now on calls the room an open one.
    const again = await world.join("ana", ana.device);
    const view = again.client.rooms.find(({ name }) => name === "vault");
    expect(view?.isSealed).toBe(true);
    Object.assign(view ?? {}, { isSealed: false });
    expect(await codeOf(again.say("vault", "in the clear?"))).toBe("seal-refused");
  });
});

test("a thousand words while a device was away are read when it is back, in order", async () => {
  await using world = await SealedSite.open();
  const [ana, ben] = await two(world);
  await world.wait(ben.leave());
  const words = Array.from({ length: 1_000 }, (_, at) => `word ${at}`);
  await world.wait(Promise.all(words.map((text) => ana.client.post("vault", { text }))));
  const again = await world.join("ben", ben.device);
  const read = async () => {
    const seen: string[] = [];
    for (let after = 0; ; ) {
      const page = await again.client.history({ target: "vault", after, limit: 500 });
      const texts = page.records.filter(({ kind }) => kind === "text");
      seen.push(...texts.map(({ body }) => String(body?.["text"])));
      after = page.records.at(-1)?.seq ?? after;
      if (!page.more) return seen;
    }
  };
  expect(await world.wait(read())).toEqual(words);
});

test("a commit whose link fell silent is the device's own when it is back", async () => {
  await using world = await SealedSite.open();
  const ana = await world.join("ana");
  const ben = await world.join("ben");
  await world.join("eve");
  await ana.makes("vault");
  await ana.letsIn(ben, "vault");
  let isSilent = false;
  ana.liar.lies = {
    asks: (question) => {
      if (question.kind === "hello") isSilent = false;
      if (question.kind === "group-commit") isSilent = true;
      return question;
    },
    tells: (word) => (isSilent ? [] : [word]),
  };
  const rooms = await world.wait(ana.client.sealedRooms());
  const code = codeOf(rooms.invite(ana.room("vault"), "eve"));
  const changes = () => ben.records.filter(({ kind }) => kind === "group").map(({ body }) => body);
  const isOfEve = (one: object | undefined) => JSON.stringify(one).includes('"user":"eve"');
  await ben.until("the commit", () => changes().find(isOfEve));
  await ben.say("vault", "ana hears nothing");
  await world.site.time.advance(60_000);
  expect(await world.wait(code)).toBe("timeout");
  await ana.hears("vault", "ana hears nothing");
  await ana.say("vault", "and goes on");
  await ben.hears("vault", "and goes on");
  expect(ana.anew("copy") + ana.anew("damaged")).toBe(0);
  expect(changes().map((one) => one?.["change"])).not.toContain("resync");
});

test("a device that is let in while it comes in by itself comes in once", async () => {
  await using world = await SealedSite.open();
  const [ana, ben] = await two(world);
  const laptop = world.person("ben", await world.link(ben), "10.0.1.50");
  const [questions, told]: [Spoken[], Spoken[]] = [[], []];
  let isHeld = true;
  laptop.liar.lies = {
    asks: (question) => {
      if (!isHeld || question.kind !== "group") return question;
      questions.push(question);
      return undefined;
    },
    tells: (word) => {
      const isNews = word.kind === "record" || word.kind === "records";
      if (!isHeld || !isNews || questions.length === 0) return [word];
      told.push(word);
      return [];
    },
  };
  await laptop.enter();
  await laptop.until("its question", () => questions[0]);
  const { added } = await ana.sealed((rooms) => rooms.invite(ana.room("vault"), "ben"));
  expect(added).toBe(1);
  await ana.sealed((rooms) => rooms.rule(ana.room("vault"), "ben", true));
  await laptop.until("what it is not told yet", () => (told.length > 1 ? true : undefined));
  // The answer has the group of after both, of which it has read nothing.
  laptop.liar.ask(questions[0] ?? { kind: "group" });
  const changes = () => ben.records.filter(({ kind }) => kind === "group").map(({ body }) => body);
  await ben.until("its own commit", () => changes().find((one) => one?.["change"] === "resync"));
  isHeld = false;
  for (const word of told) laptop.liar.tell(word);
  await ana.say("vault", "for all of ben's devices");
  await laptop.hears("vault", "for all of ben's devices");
  await laptop.say("vault", "from the laptop");
  await ana.hears("vault", "from the laptop");
  expect(changes().filter((one) => one?.["change"] === "resync")).toHaveLength(1);
  expect(laptop.anew("copy")).toBe(0);
});
