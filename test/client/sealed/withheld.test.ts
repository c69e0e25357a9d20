import { describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { OUTBOX_IN_FLIGHT_MAX } from "../../../src/base/limits.ts";
import { SEALED_STATE_FILE } from "../../../src/io/state/sealed-store.ts";
import { headOf, isSealed, refusal, type Spoken, type WireRecord } from "./liar.ts";
import { type Person, SealedSite } from "./sealed-site.ts";

async function two(world: SealedSite): Promise<[Person, Person]> {
  const people: [Person, Person] = [await world.join("ana"), await world.join("ben")];
  await people[0].makes("vault");
  await people[0].letsIn(people[1], "vault");
  // The room is followed, not caught up with any more: what a liar leaves out has no other way.
  await people[0].say("vault", "ready");
  await people[1].hears("vault", "ready");
  return people;
}

/** Each text, with what is missing before it. */
function heard(person: Person): string[] {
  return person.records
    .filter(({ kind, body }) => ["text", "sealed"].includes(kind) && body?.["text"] !== "ready")
    .map(({ body, withheld }) => `${body?.["text"] ?? "?"}${withheld ? ` (${withheld})` : ""}`);
}

/** Keeps the messages back that come as these, counted from 1. */
function withholding(person: Person, ...places: readonly number[]): void {
  const seen: number[] = [];
  person.liar.lies = {
    shows: (record: WireRecord) => {
      if (!isSealed(record)) return [record];
      const { seq } = headOf(record);
      if (!seen.includes(seq)) seen.push(seq);
      return places.includes(seen.indexOf(seq) + 1) ? [] : [record];
    },
  };
}

describe("messages that a server holds back", () => {
  test("are told of with the next one that comes", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    withholding(ben, 2, 3, 5);
    for (const word of ["1", "2", "3", "4", "5", "6", "7"]) {
      await ana.say("vault", word);
      await ana.hears("vault", word); // Until then the next one would excuse it.
    }
    await ben.hears("vault", "7");
    expect(heard(ben)).toEqual(["1", "4 (2)", "6 (1)", "7"]);
    const { records } = await world.wait(ben.client.history({ target: "vault", limit: 50 }));
    expect(records.map(({ withheld }) => withheld).filter((one) => one !== undefined)).toEqual([
      2, 1,
    ]);
  });

  test("also the first ones of a device that came in later", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    withholding(ana, 1);
    await ben.say("vault", "first");
    await ben.hears("vault", "first");
    await ben.say("vault", "second");
    await ana.hears("vault", "second");
    expect(heard(ana)).toEqual(["second (1)"]);
  });

  test("and those of a device that lost its state and came back", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    await ben.say("vault", "1");
    await ana.hears("vault", "1");
    withholding(ana, 1);
    const again = await lost(world, ben);
    await again.say("vault", "2");
    await again.hears("vault", "2");
    await again.say("vault", "3");
    await ana.hears("vault", "3");
    expect(heard(ana)).toEqual(["1", "3 (1)"]);
  });
});

describe("no alarm is raised", () => {
  test("by the first message after one came in", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    for (const word of ["1", "2", "3"]) await ana.say("vault", word);
    const eve = await world.join("eve");
    await ana.letsIn(eve, "vault");
    await ana.say("vault", "4");
    await eve.hears("vault", "4");
    await ben.hears("vault", "4");
    expect(heard(eve).at(-1)).toBe("4");
    expect(heard(ben)).toEqual(["1", "2", "3", "4"]);
  });

  test("by what was erased before it was read", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    await ana.say("vault", "1");
    await ben.hears("vault", "1");
    await world.wait(ben.leave());
    const { seq } = await world.wait(ana.client.post("vault", { text: "2" }));
    await world.wait(ana.client.request("erase", { room: ana.room("vault").id, seq } as never));
    await ana.say("vault", "3");
    const again = await world.join("ben", ben.device);
    await again.hears("vault", "3");
    expect(heard(again).filter((one) => one.includes("("))).toEqual([]);
    expect((await statusOf(ana)).status).toBe("in");
  });

  test("by a message that was encrypted anew for another epoch", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    const eve = await world.join("eve");
    const words = Array.from({ length: 30 }, (_, at) => `word ${at}`);
    const said = words.map((text) => ben.client.post("vault", { text }));
    const inviting = ana.client
      .sealedRooms()
      .then((rooms) => rooms.invite(ana.room("vault"), "eve"));
    await world.wait(Promise.all([...said, inviting]));
    await ana.hears("vault", "word 29");
    expect(heard(ana)).toEqual(words);
    expect(eve.name).toBe("eve");
  });

  test("by an answer that was lost: the message is in the log, and sent again", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    await ana.say("vault", "1");
    let isLost = false;
    ana.liar.lies = {
      tells: (word, asked) => {
        if (isLost || asked?.kind !== "post" || word.kind !== "ok") return [word];
        isLost = true;
        return [];
      },
    };
    const second = ana.client.post("vault", { text: "2" });
    await ben.hears("vault", "2");
    await ana.until("its loss", () => isLost || undefined);
    await ana.loses();
    await world.wait(second);
    for (const word of ["3", "4"]) await ana.say("vault", word);
    await ben.hears("vault", "4");
    expect(heard(ben)).toEqual(["1", "2", "3", "4"]);
  });

  test("by messages that the server refused for good", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    await ana.say("vault", "1");
    let refused = 0;
    ana.liar.lies = {
      asks: (question) => {
        if (question.kind !== "post" || refused === 3) return question;
        refused++;
        queueMicrotask(() => ana.liar.tell({ ...refusal(question["ref"], "muted") }));
        return undefined;
      },
    };
    for (const word of ["2", "3", "4"]) {
      expect(await ana.say("vault", word).catch(({ code }) => code)).toBe("muted");
    }
    for (const word of ["5", "6", "7"]) await ana.say("vault", word);
    await ben.hears("vault", "7");
    expect(heard(ben)).toEqual(["1", "5", "6", "7"]);
  });

  test("by a device that lost its state and comes back", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    for (const word of ["1", "2"]) await ben.say("vault", word);
    await ana.hears("vault", "2");
    const again = await lost(world, ben);
    for (const word of ["3", "4"]) await again.say("vault", word);
    await ana.hears("vault", "4");
    expect(heard(ana)).toEqual(["1", "2", "3", "4"]);
  });

  test("by what a device wrote by another link, and is sent later", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    await ana.say("vault", "1");
    ana.liar.lies = { asks: (question) => (question.kind === "post" ? undefined : question) };
    void ana.client.post("vault", { text: "late" }).catch(() => undefined);
    await ana.until("it is encrypted", () => ana.client.stats?.asked);
    await ana.sealed((rooms) => rooms.sealing(ana.room("vault")));
    const window = await world.join("ana", ana.device);
    await window.say("vault", "2");
    await ben.hears("vault", "2");
    ana.liar.lies = {};
    await ana.loses();
    await ben.hears("vault", "late");
    await window.say("vault", "3");
    await ben.hears("vault", "3");
    expect(heard(ben)).toEqual(["1", "2", "late", "3"]);
  });
});

test("what is told is read, also where the past is kept from its reader", async () => {
  await using world = await SealedSite.open();
  const [ana, ben] = await two(world);
  // A change that came to nothing: what comes next is asked for, too.
  const inviting = ben.sealed((rooms) => rooms.invite(ben.room("vault"), "ana"));
  await inviting.catch(() => undefined);
  ben.liar.lies = {
    tells: (word, asked) => [asked?.kind === "history" ? { ...word, records: [] } : word],
  };
  await ana.say("vault", "told in time");
  await ben.hears("vault", "told in time");
});

test("also what the next link tells first, of what came while nobody was here", async () => {
  await using world = await SealedSite.open();
  const [ana, ben] = await two(world);
  await ana.say("vault", "before");
  await ben.hears("vault", "before");
  await world.wait(ben.leave());
  await ana.sealed((rooms) => rooms.rule(ana.room("vault"), "ben", true));
  await ana.say("vault", "while ben was away");
  const again = world.person("ben", ben.device);
  again.liar.lies = {
    tells: (word, asked) => [asked?.kind === "history" ? { ...word, records: [] } : word],
  };
  await again.enter();
  await again.hears("vault", "while ben was away");
});

test("what overtakes all that another process of the device says loses none of it", async () => {
  await using world = await SealedSite.open();
  const [ana, ben] = await two(world);
  const held: Spoken[] = [];
  const hold = (question: Spoken) =>
    question.kind === "post" ? void held.push(question) : question;
  ana.liar.lies = { asks: hold };
  const words = Array.from({ length: OUTBOX_IN_FLIGHT_MAX }, (_, at) => `late ${at}`);
  const said = Promise.all(words.map((text) => ana.client.post("vault", { text })));
  await ana.until("all are encrypted", () => held.length === words.length || undefined);
  const window = await world.join("ana", ana.device);
  await window.say("vault", "early");
  await ben.hears("vault", "early");
  for (const question of held) ana.liar.ask(question);
  await world.wait(said);
  await ben.hears("vault", words.at(-1) ?? "");
  expect(heard(ben)).toEqual(["early", ...words]);
});

async function lost(world: SealedSite, person: Person): Promise<Person> {
  await world.wait(person.leave());
  for (const end of ["", "-wal", "-shm"]) {
    rmSync(`${person.device.folder}/${SEALED_STATE_FILE}${end}`, { force: true });
  }
  return world.join(person.name, person.device);
}

function statusOf(person: Person) {
  return person.sealed((rooms) => rooms.sealing(person.room("vault")));
}
