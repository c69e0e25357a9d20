import { describe, expect, test } from "bun:test";
import { CLAIM_TRIES_MAX } from "../../../src/base/limits-sealed.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { checkpointText, keyIdOf, noteText } from "../../../src/wire/checkpoint.ts";
import { forkFor } from "./forked-log.ts";
import { codeOf } from "./liar.ts";
import { type Person, SealedSite } from "./sealed-site.ts";

async function two(world: SealedSite): Promise<[Person, Person]> {
  const people: [Person, Person] = [await world.join("ana"), await world.join("ben")];
  await people[0].makes("vault");
  await people[0].letsIn(people[1], "vault");
  return people;
}

function statusOf(person: Person) {
  return person.sealed((rooms) => rooms.sealing(person.room("vault")));
}

function remarksOf(person: Person): string[] {
  return person.events.flatMap((event) => (event.kind === "sealed-remark" ? [event.sentence] : []));
}

/** So many seconds go by. */
function pass(world: SealedSite, seconds: number): Promise<void> {
  return world.site.time.advance(seconds * 1_000);
}

describe("what others were shown", () => {
  test("is compared, and costs few requests", async () => {
    await using world = await SealedSite.open({ signs: true });
    const [ana, ben] = await two(world);
    let asked = 0;
    ana.liar.lies = {
      asks: (question) => {
        if (question.kind === "checkpoint") asked++;
        return question;
      },
    };
    for (let i = 0; i < 30; i++) {
      await ben.say("vault", `word ${i}`);
      await pass(world, 1);
    }
    await ana.hears("vault", "word 29");
    await pass(world, 60);
    expect(asked).toBeGreaterThan(0);
    expect(asked).toBeLessThan(16);
    expect(remarksOf(ana)).toEqual([]);
    expect((await statusOf(ana)).status).toBe("in");
    await ana.say("vault", "fine");
  });

  test("is another history: the room is not trusted, until its owner has looked", async () => {
    await using world = await SealedSite.open({ signs: true });
    const ana = await world.join("ana");
    await ana.makes("vault");
    // From the first contact on ben is shown another history.
    const device = world.device();
    const first = await world.join("ben", device);
    await ana.letsIn(first, "vault");
    const { fingerprint } = readerOf(first);
    await world.wait(first.leave());
    device.state.logs.forget(fingerprint);
    const ben = world.person("ben", device);
    await forkFor(world, ben);
    await ben.enter();
    await ben.until("its checkpoint", () => pinOf(ben));
    await ben.say("vault", "hello");
    await ana.hears("vault", "hello");
    await pass(world, 30);
    await ana.until("the alarm", () => remarksOf(ana)[0]);
    const sentence = "the server showed ben a different history";
    expect(await statusOf(ana)).toMatchObject({ status: "suspect", reason: sentence });
    expect(remarksOf(ana)).toEqual([`'vault' is not trusted any more: ${sentence}`]);
    expect(await codeOf(ana.say("vault", "secret"))).toBe("seal-refused");
    await ana.sealed((rooms) => rooms.accept(ana.room("vault")));
    await ana.say("vault", "after asking ben");
    await ben.hears("vault", "after asking ben");
  });

  test("may be made up: that is told of the one who says so, and stops nobody", async () => {
    await using world = await SealedSite.open({ signs: true });
    const [ana, ben] = await two(world);
    await ben.until("its checkpoint", () => pinOf(ben));
    const pin = pinOf(ben);
    if (pin === undefined) throw new Error("no pin");
    const { origin } = pin;
    const made = { origin, size: pin.size + 1_000_000, root: new Uint8Array(32).fill(3) };
    const { publicKey } = world.site.identity;
    const keyId = keyIdOf(origin, publicKey, sha256);
    const signature = new Uint8Array(64).fill(5);
    const note = noteText(checkpointText(made), [{ name: origin, keyId, signature }]);
    ben.device.state.logs.keepPin(readerOf(ben), { ...made, note });
    await ben.say("vault", "look what the server did");
    await ana.hears("vault", "look what the server did");
    await pass(world, 10);
    await ana.until("a line", () => remarksOf(ana)[0]);
    const line = "'vault': ben's program names a history that the server did not sign";
    expect(remarksOf(ana)).toEqual([line]);
    expect((await statusOf(ana)).status).toBe("in");
    await ana.say("vault", "you did, ben");
  });

  test("is not proved: that is said after some tries, and no more than that", async () => {
    await using world = await SealedSite.open({ signs: true });
    const [ana, ben] = await two(world);
    await ana.until("its checkpoint", () => pinOf(ana));
    let asked = 0;
    ana.liar.lies = {
      asks: (question) => {
        if (question.kind === "checkpoint") asked++;
        return question.kind === "checkpoint" ? undefined : question;
      },
    };
    await pass(world, 61);
    await ben.say("vault", "1");
    await pass(world, 61);
    await ben.say("vault", "2");
    await ana.hears("vault", "2");
    const before = asked;
    for (let i = 0; i < 60 && remarksOf(ana).length === 0; i++) {
      await pass(world, 5);
      await statusOf(ana);
    }
    expect(remarksOf(ana)).toEqual([
      "'vault': the server does not prove that ben is shown what you are",
    ]);
    expect(asked - before).toBeLessThanOrEqual(CLAIM_TRIES_MAX + 2);
    expect((await statusOf(ana)).status).toBe("in");
  });
});

function readerOf(person: Person) {
  return { fingerprint: String(person.client.fingerprint), formers: [], user: person.name };
}

function pinOf(person: Person) {
  return person.device.state.logs.pin(readerOf(person));
}
