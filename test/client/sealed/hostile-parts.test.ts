import { describe, expect } from "bun:test";
import fc from "fast-check";
import { concatBytes, toBase64Url } from "../../../src/base/bytes.ts";
import { packPart } from "../../../src/client/sealed/handover-part.ts";
import { handoverKey } from "../../../src/client/sealed/rows.ts";
import { packValue } from "../../../src/wire/codec.ts";
import {
  applicationContent,
  contentOf,
  handOverAs,
  postUnderOwnKey,
  sendPart,
  sendUpload,
} from "./foreign-content.ts";
import { type Person, vaultTest } from "./sealed-site.ts";

const withHistory = vaultTest(["ben"], { history: true });

function steps({ events }: Person): string[] {
  return events.flatMap((event) =>
    event.kind === "handover" ? [`${event.step} ${event.messages}`] : [],
  );
}

function faults({ events }: Person): string[] {
  return events.flatMap((event) => (event.kind === "sealed-fault" ? [event.fault.message] : []));
}

async function uploads(person: Person): Promise<string[]> {
  return (await person.request("uploads", {})).uploads.map(({ name }) => name);
}

/** Parts are looked for every second at first, and every minute later. */
async function until(person: Person, isDone: () => boolean): Promise<void> {
  for (let s = 0; s < 90 && !isDone(); s++) await person.world.pass(1_000);
  expect(isDone()).toBe(true);
}

async function untilTaken(person: Person): Promise<void> {
  for (let s = 0; s < 90 && (await uploads(person)).length > 0; s++) await person.world.pass(1_000);
  expect(await uploads(person)).toEqual([]);
}

const UNREADABLE = "earlier messages that another device sent cannot be read";

/** Posts content below a key of ana's own, hands it over, and returns the newcomer. */
async function handsOver(ana: Person, contents: readonly Uint8Array[]): Promise<Person> {
  const { seq: original } = await ana.postText("first");
  const { row } = await contentOf(ana, original);
  for (const content of contents)
    await handOverAs(ana, await postUnderOwnKey(ana, content), { row });
  const dan = await ana.world.join("daniel");
  await ana.addMember(dan);
  await until(dan, () => steps(dan).some((step) => step.startsWith("hidden")));
  return dan;
}

describe("content that an admin has chosen", () => {
  const bytes = (...values: number[]) => Uint8Array.from(values);

  withHistory("does not end a newcomer's program, and hides nothing else", async ({ ana, ben }) => {
    const { seq } = await ben.postText("from ben");
    await ana.waitForText("from ben");
    const { bytes: signed } = await contentOf(ana, seq);
    const whole = applicationContent(signed);
    const dan = await handsOver(ana, [
      bytes(0xc0),
      bytes(0xc0, ...new Array<number>(20).fill(0xff)),
      bytes(),
      bytes(0x80),
      bytes(0xbf, 0xff, 0xff, 0xff),
      bytes(0x7f, 0xff),
      whole.subarray(0, whole.length - 2),
      whole.subarray(0, 1),
      concatBytes(whole, bytes(1)),
      applicationContent(bytes(0xc1)),
      applicationContent(signed.subarray(0, 40)),
      applicationContent(packValue({ body: bytes(), ts: 1, c: 2 ** 53, sig: new Uint8Array(64) })),
    ]);
    expect(await dan.past()).toEqual(["from ben", "first"]);
    expect(steps(dan)).toEqual(["receiving 14", "read 2", "hidden 12"]);
    expect(await uploads(ana)).toEqual([]);
    await dan.postText("still here");
    await ben.waitForText("still here");
  });

  withHistory("may be any bytes", async ({ ana }) => {
    const samples = fc.sample(fc.uint8Array({ maxLength: 80 }), 12);
    const dan = await handsOver(ana, samples);
    expect(await dan.past()).toEqual(["first"]);
    expect(steps(dan).at(-1)).toBe("hidden 12");
  });
});

describe("a part that cannot be read", () => {
  withHistory("is withdrawn, and reported once", async ({ ana, ben, world }) => {
    await ana.postTo("before", ben);
    const dan = await world.join("daniel");
    await ana.addMember(dan);
    await until(dan, () => steps(dan).includes("read 1"));
    const device = await dan.sealed(
      async (rooms) => rooms.get(dan.room()).parts.device.engine.device,
    );
    for (const garbage of [
      new Uint8Array([0xc1]),
      new Uint8Array(1_000).fill(0xff),
      packValue({ v: 1, group: new Uint8Array(0), by: 1 }),
    ])
      await sendUpload(ana, "daniel", { device, bytes: garbage });
    await sendPart(ana, "daniel", new Uint8Array([0xc1]));
    await sendPart(ana, "daniel", packValue({ total: -1 }));
    await untilTaken(ana);
    expect(faults(dan)).toEqual([UNREADABLE]);
    expect(await dan.past()).toEqual(["before"]);
  });

  withHistory("and names more messages than the room has is dropped", async ({ ana, world }) => {
    await ana.postText("before");
    const dan = await world.join("daniel");
    await ana.addMember(dan);
    await until(dan, () => steps(dan).includes("read 1"));
    const shown = steps(dan).length;
    for (const total of [Number.MAX_SAFE_INTEGER, 1_000_000]) {
      const part = packPart({ total, done: 0, isLast: true, certs: [], keys: [] });
      await sendPart(ana, "daniel", part);
    }
    await untilTaken(ana);
    expect(steps(dan)).toHaveLength(shown);
    expect(faults(dan)).toEqual([UNREADABLE]);
  });

  withHistory("by an unexpected error ends only itself", async ({ ana, ben, world }) => {
    await ana.postTo("before", ben);
    const dan = await world.join("daniel");
    await dan.sealed(async (rooms) => {
      const { engine } = rooms.get(ana.room()).parts.device;
      engine.openBox = () => Promise.reject(new RangeError("planted"));
    });
    await ana.addMember(dan);
    await until(dan, () => faults(dan).length > 0);
    await untilTaken(ana);
    expect(faults(dan)).toEqual([UNREADABLE]);
    await dan.postText("still here");
    await ben.waitForText("still here");
  });
});

withHistory("gives nothing to a device whose key is unusable", async ({ ana, ben, world }) => {
  await ana.postTo("before", ben);
  const dan = await world.join("daniel");
  let isAsked = false;
  await ana.sealed(async (rooms) => {
    const { engine } = rooms.get(ana.room()).parts.device;
    const seal = engine.sealFor.bind(engine);
    engine.sealFor = (group, device, plain) => {
      isAsked = true;
      const leaves = group.mls.ratchetTree.map((node) =>
        node?.nodeType === "leaf" && toBase64Url(node.leaf.signaturePublicKey) === device
          ? { ...node, leaf: { ...node.leaf, hpkePublicKey: new Uint8Array(32) } }
          : node,
      );
      const { gid, epoch, policy, members, self } = group;
      const mls = { ...group.mls, ratchetTree: leaves };
      return seal({ gid, epoch, policy, members, self, mls }, device, plain);
    };
  });
  await ana.addMember(dan);
  await until(ana, () => isAsked);
  await world.pass(5_000);
  expect(await uploads(ana)).toEqual([]);
  const row = await ana.sealed((rooms) => {
    const room = rooms.get(ana.room());
    return room.run(({ vault, group }) => {
      const { device = "" } = group?.members.find(({ user }) => user === "daniel") ?? {};
      return vault.find(handoverKey(device, room.view.id));
    });
  });
  expect(row).toBeUndefined();
  await ana.postTo("still here", ben);
});
