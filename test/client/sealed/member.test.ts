import { describe, expect, test } from "bun:test";
import { fromBase64Url } from "../../../src/base/bytes.ts";
import { packBody, readBody, type SealedBody } from "../../../src/client/sealed/body.ts";
import { commitBytes } from "../../server/sealed/sealed-lab.ts";
import { codeOf } from "./liar.ts";
import { type Person, SealedSite } from "./sealed-site.ts";

/** Ana is the admin, eve an honest member; ben's program is of his own making. */
async function three(world: SealedSite): Promise<[Person, Person, Person]> {
  const people: [Person, Person, Person] = [
    await world.join("ana"),
    await world.join("ben"),
    await world.join("eve"),
  ];
  const [ana, ben, eve] = people;
  await ana.makes("vault");
  await ana.letsIn(ben, "vault");
  await ana.letsIn(eve, "vault");
  await ana.say("vault", "ready");
  await ben.hears("vault", "ready");
  await eve.hears("vault", "ready");
  return people;
}

/** A commit that only looks like one: the server cannot know. */
async function garbage(world: SealedSite, by: Person, commitId: string): Promise<void> {
  const { made } = await world.wait(by.client.request("group", { target: "vault" }));
  if (made === undefined) throw new Error("no group");
  const { group, epoch } = made;
  const bytes = commitBytes(epoch, commitId).slice();
  bytes.set(group, 5);
  const commit = new Uint8Array([...bytes, ...new Uint8Array(40).fill(9)]);
  const info = new Uint8Array(200).fill(1);
  const place = { target: "vault", group, epoch, commitId };
  await world.wait(
    by.client.request("group-commit", { ...place, commit, info, added: [], removed: [] }),
  );
}

function statusOf(person: Person) {
  return person.sealed((rooms) => rooms.sealing(person.room("vault")));
}

describe("a commit that members have to refuse", () => {
  test("ends nobody's room: an admin's device makes another one in its place", async () => {
    await using world = await SealedSite.open();
    const [ana, ben, eve] = await three(world);
    for (const id of ["garbage-one", "garbage-two"]) {
      await garbage(world, ben, id);
      await ana.say("vault", `after ${id}`);
      await eve.hears("vault", `after ${id}`);
      await eve.say("vault", `eve after ${id}`);
      await ana.hears("vault", `eve after ${id}`);
    }
    expect([(await statusOf(ana)).status, (await statusOf(eve)).status]).toEqual(["in", "in"]);
    await ana.sealed((rooms) => rooms.kick(ana.room("vault"), "ben"));
    await ana.say("vault", "without ben");
    await eve.hears("vault", "without ben");
  });

  test("waits for one while none is there, and says so", async () => {
    await using world = await SealedSite.open();
    const [ana, ben, eve] = await three(world);
    await world.wait(ana.leave());
    await garbage(world, ben, "garbage-one");
    await eve.until("a line", () => eve.events.find(({ kind }) => kind === "sealed-remark"));
    expect(await codeOf(eve.say("vault", "secret"))).toBe("seal-refused");
    const again = await world.join("ana", ana.device);
    await again.say("vault", "I am back");
    await eve.hears("vault", "I am back");
    await eve.say("vault", "so am I");
    await again.hears("vault", "so am I");
  });

  test("is put right by the kick of who made it", async () => {
    await using world = await SealedSite.open();
    const [ana, ben, eve] = await three(world);
    await garbage(world, ben, "garbage-one");
    await ana.sealed((rooms) => rooms.kick(ana.room("vault"), "ben"));
    await ana.say("vault", "ben is out");
    await eve.hears("vault", "ben is out");
    await eve.say("vault", "without ben");
    await ana.hears("vault", "without ben");
    const { members } = await statusOf(eve);
    expect(members.map(({ user }) => user)).toEqual(["ana", "eve"]);
  });

  test("nobody else takes one back, and no good one", async () => {
    await using world = await SealedSite.open();
    const [ana, ben, eve] = await three(world);
    const { made } = await world.wait(ben.client.request("group", { target: "vault" }));
    if (made === undefined) throw new Error("no group");
    const { group, seq } = made;
    const epoch = made.epoch - 1;
    const commit = commitBytes(epoch, "mine").slice();
    commit.set(group, 5);
    const fields = { target: "vault", group, epoch, commitId: "mine", commit, instead: seq };
    const all = { ...fields, info: new Uint8Array(10), added: [], removed: [] };
    expect(await codeOf(world.wait(ben.client.request("group-commit", all)))).toBe("not-allowed");
    expect(await codeOf(world.wait(ana.client.request("group-commit", all)))).toBe("not-allowed");
    // What the server may say of it by itself is signed by no admin.
    expect(await codeOf(eve.say("vault", "still here"))).toBe("fine");
    expect(fromBase64Url("AAAA")).toHaveLength(3);
  });
});

describe("what stands in a message", () => {
  const bytes = (text: string) => new TextEncoder().encode(text);

  test("is read as it is written", () => {
    const body: SealedBody = { kind: "text", text: 'hello {["}', mentions: ["ben"], re: 3 };
    expect(readBody(packBody(body))).toEqual(body);
  });

  test("is nothing if it is too deep, too long, or no object of ours", () => {
    const deep = (count: number) => `${"[".repeat(count)}${"]".repeat(count)}`;
    for (const hostile of [
      `{"kind":"text","text":"x","re":${deep(200_000)}}`,
      `{"kind":"text","a":${deep(17)}}`,
      `{"kind":"file","name":"${"n".repeat(400_000)}"}`,
      `{"kind":"reaction","react":"${"x".repeat(5_000)}","re":1}`,
      `{"kind":"text","text":"${"x".repeat(65_537)}"}`,
      `{"kind":"__proto__"}`,
      `{"kind":"constructor"}`,
      `{"kind":["text"]}`,
      `[]`,
      `null`,
      `{"kind":"text"`,
    ]) {
      expect([hostile.slice(0, 40), readBody(bytes(hostile))]).toEqual([
        hostile.slice(0, 40),
        undefined,
      ]);
    }
    const proto = readBody(bytes(`{"kind":"text","text":"x","__proto__":{"isAdmin":true}}`));
    expect((proto as { isAdmin?: boolean } | undefined)?.isAdmin).toBeUndefined();
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
  });

  test("of wrong types and with hostile signs hurts nobody", async () => {
    await using world = await SealedSite.open();
    const [, ben, eve] = await three(world);
    for (const body of [
      { text: 5 },
      { text: "\u0000\u001b[2J\u202e", mentions: [null, {}, "x".repeat(3_000)], re: -1 },
      { text: "", react: { a: 1 }, re: "x" },
      { text: "edit", edits: Number.MAX_SAFE_INTEGER },
      { text: "edit", edits: 1 },
    ]) {
      await world.wait(ben.client.post("vault", body as never)).catch(() => undefined);
    }
    await ben.say("vault", "the last");
    await eve.hears("vault", "the last");
    const closed = eve.records.filter(({ sealed }) => sealed === "closed");
    expect(closed.map(({ from }) => from)).toEqual(["ben", "ben"]);
    expect((await statusOf(eve)).status).toBe("in");
  });
});
