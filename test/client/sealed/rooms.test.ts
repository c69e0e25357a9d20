import { describe, expect, test } from "bun:test";
import type { Fault } from "../../../src/base/fault.ts";
import { KEY_PACKAGES_MAX, KEY_PACKAGES_PER_HOUR } from "../../../src/base/limits-sealed.ts";
import { MemoryNetwork } from "../../../src/io/link/memory-network.ts";
import { holds } from "../../server/site-lab.ts";
import { type Person, SealedSite } from "./sealed-site.ts";

async function three(world: SealedSite): Promise<[Person, Person, Person]> {
  const people: [Person, Person, Person] = [
    await world.join("ana"),
    await world.join("ben"),
    await world.join("eve"),
  ];
  const [ana, ben] = people;
  await ana.makes("vault");
  await ana.letsIn(ben, "vault");
  return people;
}

async function leaves(world: SealedSite, person: Person): Promise<void> {
  const leave = await person.sealed((rooms) => rooms.leaving(person.room("vault")));
  await world.wait(person.client.request("leave", { room: "vault", ...leave }));
}

async function faultOf(promise: Promise<unknown>): Promise<Fault> {
  return promise.then(
    () => {
      throw new Error("it was not refused");
    },
    (error: Fault) => error,
  );
}

describe("a sealed room", () => {
  test("two talk in it, and the server's disk knows nothing of it", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await three(world);
    await ana.say("vault", "the canary sings");
    await ben.hears("vault", "the canary sings");
    await ben.say("vault", "and ben hears it");
    await ana.hears("vault", "and ben hears it");
    const both = ["ana: the canary sings", "ben: and ben hears it"];
    expect([ana.texts("vault"), ben.texts("vault")]).toEqual([both, both]);
    expect(holds(world.site, "canary")).toBe(false);
  });

  test("who comes later reads from then on, and sees one kind of record before", async () => {
    await using world = await SealedSite.open();
    const [ana, ben, eve] = await three(world);
    await ana.say("vault", "before eve");
    await ben.hears("vault", "before eve");
    await ana.letsIn(eve, "vault");
    await ana.say("vault", "welcome, eve");
    await eve.hears("vault", "welcome, eve");
    const page = await world.wait(eve.client.history({ target: "vault", limit: 50 }));
    const seen = page.records.filter(({ kind }) => kind === "text" || kind === "sealed");
    expect(seen.map(({ kind, sealed }) => [kind, sealed])).toEqual([
      ["sealed", "closed"],
      ["text", "open"],
    ]);
  });

  test("who is put out reads nothing more, and is not let back in by themselves", async () => {
    await using world = await SealedSite.open();
    const [ana, ben, eve] = await three(world);
    await ana.letsIn(eve, "vault");
    await ana.sealed((rooms) => rooms.kick(ana.room("vault"), "ben"));
    await ben.until("the end", () => ben.events.find(({ kind }) => kind === "room-gone"));
    await ana.say("vault", "without ben");
    await eve.hears("vault", "without ben");
    expect(ben.texts("vault")).toEqual([]);
    const fault = await faultOf(ben.say("vault", "let me in"));
    expect(["not-member", "seal-refused"]).toContain(fault.code);
    const again = await faultOf(world.wait(ben.client.request("join", { room: "vault" })));
    expect(again.code).toBe("sealed-room");
  });

  test("after somebody left, the next word waits for nobody", async () => {
    await using world = await SealedSite.open();
    const [ana, ben, eve] = await three(world);
    await ana.letsIn(eve, "vault");
    await leaves(world, ben);
    // Eve is no admin: ben's own signature lets her remove him.
    await eve.say("vault", "ben is gone");
    await ana.hears("vault", "ben is gone");
    const { members } = await ana.sealed((rooms) => rooms.sealing(ana.room("vault")));
    expect(members.map(({ user }) => user)).toEqual(["ana", "eve"]);
  });

  test("also where who removes them has lost all that it knew", async () => {
    await using world = await SealedSite.open();
    const [ana, ben, eve] = await three(world);
    await ana.letsIn(eve, "vault");
    await world.wait(eve.leave());
    await leaves(world, ben);
    eve.device.forget();
    const again = await world.join("eve", eve.device);
    await again.say("vault", "ben is gone");
    await ana.hears("vault", "ben is gone");
    await ana.say("vault", "so he is");
    await again.hears("vault", "so he is");
    const { members } = await again.sealed((rooms) => rooms.sealing(again.room("vault")));
    expect(members.map(({ user }) => user)).toEqual(["ana", "eve"]);
  });

  test("who left can be let in again at once", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await three(world);
    await leaves(world, ben);
    await ben.until("the end", () => ben.events.find(({ kind }) => kind === "room-gone"));
    ben.events.splice(0);
    await ana.letsIn(ben, "vault");
    await ana.say("vault", "welcome back, ben");
    await ben.hears("vault", "welcome back, ben");
  });

  test("adds an absent member by the last-resort package when the others are gone", async () => {
    await using world = await SealedSite.open();
    const [ana, , eve] = await three(world);
    await ana.makes("second");
    await world.wait(eve.leave());
    for (let i = 0; i < KEY_PACKAGES_MAX / KEY_PACKAGES_PER_HOUR; i++) {
      const greedy = await world.site.member(`greedy${i}`);
      for (let j = 0; j < KEY_PACKAGES_PER_HOUR; j++) {
        await greedy.ask("key-package", { user: "eve" });
      }
    }
    for (const room of ["vault", "second"]) {
      await ana.sealed((rooms) => rooms.invite(ana.room(room), "eve"));
    }
    const again = await world.join("eve", eve.device);
    for (const room of ["vault", "second"]) {
      await world.wait(again.client.request("join", { room }));
      await ana.say(room, `welcome to ${room}`);
      await again.hears(room, `welcome to ${room}`);
      await again.say(room, `thanks in ${room}`);
      await ana.hears(room, `thanks in ${room}`);
    }
    const ask = () => world.wait(again.client.request("key-packages", { packages: [] }));
    expect(await ask()).toEqual({ left: KEY_PACKAGES_MAX, lastResort: true });
  });

  test("only who may lets others in", async () => {
    await using world = await SealedSite.open();
    const [, ben] = await three(world);
    const inviting = ben.sealed((rooms) => rooms.invite(ben.room("vault"), "eve"));
    expect((await faultOf(inviting)).code).toBe("seal-refused");
  });

  test("many words in a row arrive in order", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await three(world);
    const words = Array.from({ length: 100 }, (_, at) => `word ${at}`);
    await world.wait(Promise.all(words.map((text) => ana.client.post("vault", { text }))));
    await ben.hears("vault", "word 99");
    expect(ben.texts("vault")).toEqual(words.map((text) => `ana: ${text}`));
  });

  test("edits are their author's; reactions and answers arrive", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await three(world);
    const { seq } = await world.wait(ana.client.post("vault", { text: "frist" }));
    await world.wait(ben.client.post("vault", { text: "", react: "👍", re: seq }));
    await world.wait(ben.client.post("vault", { text: "yes", re: seq }));
    await ana.until("the reaction", () => ana.records.find(({ kind }) => kind === "reaction"));
    await ana.hears("vault", "yes");
    const answer = ana.records.find(({ body }) => body?.["text"] === "yes");
    expect(answer?.body).toMatchObject({ re: seq });
  });
});

describe("a device", () => {
  test("reads its past again after a restart, and goes on", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await three(world);
    await ana.say("vault", "one");
    await ben.hears("vault", "one");
    await world.wait(ben.leave());
    await ana.say("vault", "two, while ben is away");
    const again = await world.join("ben", ben.device);
    await again.hears("vault", "two, while ben is away");
    const page = await world.wait(again.client.history({ target: "vault", limit: 50 }));
    const texts = page.records.filter(({ kind }) => kind === "text");
    expect(texts.map(({ body }) => body?.["text"])).toEqual(["one", "two, while ben is away"]);
    await again.say("vault", "three");
    await ana.hears("vault", "three");
    const query = { target: "vault", grep: "while ben", limit: 5 };
    const found = await world.wait(again.client.history(query));
    expect(found.records).toHaveLength(1);
  });

  test("that lost its state comes back by itself, and reads from then on", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await three(world);
    await ana.say("vault", "one");
    await ben.hears("vault", "one");
    await world.wait(ben.leave());
    ben.device.forget();
    const again = await world.join("ben", ben.device);
    await again.until("it is back", () => (again.records.length >= 0 ? true : undefined));
    await again.say("vault", "back again");
    await ana.hears("vault", "back again");
    await ana.say("vault", "welcome back");
    await again.hears("vault", "welcome back");
  });
});

/** The server stops; when it starts again, each message takes longer than the one before. */
async function goesAway({ site }: SealedSite, person: Person): Promise<void> {
  await site.stop();
  site.network.cut();
  await person.until("the loss", () => person.events.find(({ kind }) => kind === "lost"));
  let delayMs = 0;
  site.network = new MemoryNetwork(site.clock, { delayMs: () => ++delayMs });
}

describe("a word that waited for a link", () => {
  test("goes out sealed, as soon as the link has told what is", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await three(world);
    await goesAway(world, ben);
    const waiting = ben.client.post("vault", { text: "said without a link" });
    await world.site.start();
    await world.wait(waiting);
    await ana.hears("vault", "said without a link");
    expect(holds(world.site, "without")).toBe(false);
  });

  test("also for a next run, on a device that does not know the room", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await three(world);
    await goesAway(world, ben);
    ben.client.post("vault", { text: "said in an earlier run" }).catch(() => undefined);
    await world.wait(ben.leave());
    ben.device.forget();
    await world.site.start();
    const again = await world.join("ben", ben.device);
    await again.until("its end", () => again.events.find(({ kind }) => kind === "adopted"));
    await ana.hears("vault", "said in an earlier run");
  });
});

test("what waited for a sealed room is not sent when all that told of it is lost", async () => {
  await using world = await SealedSite.open();
  const [ana, ben] = await three(world);
  await goesAway(world, ben);
  ben.client.post("vault", { text: "said in an earlier run" }).catch(() => undefined);
  await world.wait(ben.leave());
  const told = ana.events.length;
  await world.site.start();
  await ana.until("the next link", () =>
    ana.events.slice(told).find(({ kind }) => kind === "caught-up"),
  );
  await ana.sealed((rooms) => rooms.kick(ana.room("vault"), "ben"));
  ben.device.forget();
  const again = world.person("ben", ben.device);
  const sent: unknown[] = [];
  again.liar.lies = {
    asks: (question) => {
      if (question.kind === "post") sent.push(question["body"]);
      return question;
    },
  };
  await again.enter();
  const end = await again.until("its end", () =>
    again.events.find((event) => event.kind === "adopted"),
  );
  expect(end).toMatchObject({ text: "said in an earlier run", outcome: { kind: "refused" } });
  expect(JSON.stringify(sent)).not.toContain("earlier");
});

describe("a conversation of two", () => {
  test("is sealed when one of them says so, and stays so", async () => {
    await using world = await SealedSite.open();
    const ana = await world.join("ana");
    const ben = await world.join("ben");
    const eve = await world.join("eve");
    await world.wait(ana.client.post("@ben", { text: "let us seal this" }));
    await ana.sealed((rooms) => rooms.create(ana.room("@ben")));
    await ana.sealed((rooms) => rooms.invite(ana.room("@ben"), "ben"));
    await ana.say("@ben", "sealed now");
    await ben.hears("ana", "sealed now");
    await ben.say("@ana", "so it is");
    await ana.hears("ben", "so it is");
    expect(holds(world.site, "sealed now")).toBe(false);
    expect(eve.records.filter(({ room }) => room.kind === "person")).toEqual([]);
  });
});

describe("a conversation with somebody who cannot seal", () => {
  test("stays open, and can be written to", async () => {
    await using world = await SealedSite.open();
    const ana = await world.join("ana");
    await world.site.member("ben");
    await ana.say("@ben", "hello");
    const sealing = ana.sealed((rooms) => rooms.begin(ana.room("@ben"), "ben"));
    expect((await faultOf(sealing)).code).toBe("not-found");
    await ana.say("@ben", "still open");
    expect(ana.room("@ben").isSealed).not.toBe(true);
  });
});

describe("who somebody is", () => {
  test("is compared by digits, the same for both", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await three(world);
    await ben.until("ben is in", () => ben.client.rooms.find(({ name }) => name === "vault"));
    const one = await ana.sealed((rooms) => rooms.safetyNumber("ben"));
    await ana.say("vault", "hello");
    await ben.hears("vault", "hello");
    const other = await ben.sealed((rooms) => rooms.safetyNumber("ana"));
    expect(one).toEqual(other);
    expect(one.isVerified).toBe(false);
    const wrong = ana.sealed((rooms) => rooms.confirm("ben", "1".repeat(60)));
    expect((await faultOf(wrong)).code).toBe("usage");
    await ana.sealed((rooms) => rooms.confirm("ben", one.digits));
    expect((await ana.sealed((rooms) => rooms.safetyNumber("ben"))).isVerified).toBe(true);
    const unknown = ana.sealed((rooms) => rooms.safetyNumber("eve"));
    expect((await faultOf(unknown)).code).toBe("user-unknown");
  });
});
