import { expect, test } from "bun:test";
import { utf8Decode, utf8Encode } from "../../../src/base/bytes.ts";
import type { Fault } from "../../../src/base/fault.ts";
import type { UserId } from "../../../src/base/ids.ts";
import { PUSH_FILE_BYTES_MAX, PUSH_SUBSCRIPTIONS_MAX } from "../../../src/base/limits-page.ts";
import { readWholeFile, writeWholeFile } from "../../../src/io/disk/disk.ts";
import { type Subscription, Subscriptions } from "../../../src/server/push/subscriptions.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";
import { SimDisk } from "../../io/disk/sim.ts";
import { rejection } from "../../rejection.ts";
import { randomOf } from "../../worlds/disk-world.ts";

const FILE = "/d/push.json";

function one(device: string, user = "ana"): Subscription {
  const endpoint = `https://push.example.org/${device}`;
  return { user: user as UserId, device, endpoint, key: "key", auth: "auth" };
}

function lab() {
  let isFull = false;
  const sim = new SimDisk({
    random: randomOf(1),
    failure: (call) => (isFull && call === "write" ? "ENOSPC" : undefined),
    unixMs: () => 0,
  });
  const disk = sim.boot();
  const warnings: Fault[] = [];
  const open = (isKnown: (one: Subscription) => boolean = () => true) => {
    const warn = (fault: Fault) => warnings.push(fault);
    const made = new Subscriptions({ disk, folder: "/d" }, new VirtualClock(), warn);
    made.open(isKnown);
    return made;
  };
  const fill = (on: boolean) => {
    isFull = on;
  };
  return { disk, warnings, open, fill };
}

test("restores acknowledged subscriptions from disk", async () => {
  const { disk, open, warnings } = lab();
  disk.makeFolder("/d");
  const before = open();
  await before.add(one("phone"));
  await before.add(one("desk"));
  before.remove("desk");
  await before.close();
  expect(open().of("ana" as UserId)).toEqual([one("phone")]);
  const { subscriptions } = JSON.parse(
    utf8Decode(readWholeFile(disk, FILE, 9_999) ?? new Uint8Array()),
  );
  expect(subscriptions).toEqual([one("phone")]);
  expect(open(() => false).size).toBe(0);
  expect(warnings).toEqual([]);
});

test("drops malformed subscriptions and reports a damaged file", async () => {
  const { disk, open, warnings } = lab();
  disk.makeFolder("/d");
  const stored = [
    one("phone"),
    { ...one("other"), endpoint: "no address" },
    null,
    7,
    { user: "eve" },
  ];
  const text = JSON.stringify({ subscriptions: stored });
  await writeWholeFile(disk, FILE, utf8Encode(text));
  const found = open();
  expect(found.size).toBe(1);
  await found.close();
  for (const damaged of ["", "{", "[]", "null", '{"subscriptions":7}']) {
    await writeWholeFile(disk, FILE, utf8Encode(damaged));
    expect(open().size).toBe(0);
  }
  await writeWholeFile(disk, FILE, new Uint8Array(PUSH_FILE_BYTES_MAX + 1));
  expect(open().size).toBe(0);
  expect(warnings.map(({ code }) => code)).toEqual(Array(6).fill("data-foreign"));
});

test("retries a failed write of the subscriptions", async () => {
  const { disk, open, fill } = lab();
  disk.makeFolder("/d");
  const all = open();
  fill(true);
  expect(await rejection(all.add(one("phone")))).toMatchObject({ code: "store-full" });
  expect(await rejection(all.add(one("phone")))).toMatchObject({ code: "store-full" });
  fill(false);
  await all.add(one("phone"));
  expect(open().size).toBe(1);
});

test("limits subscriptions across all accounts", async () => {
  const all = new Subscriptions(undefined, new VirtualClock(), () => undefined);
  for (let i = 0; i < PUSH_SUBSCRIPTIONS_MAX; i++) await all.add(one(`d${i}`, `u${i}`));
  const refused = all.add(one("one more", "eve"));
  expect(await rejection(refused)).toMatchObject({ code: "too-many" });
  await all.add({ ...one("d7", "u7"), auth: "another" });
  expect(all.get("d7")?.auth).toBe("another");
  all.remove("d7");
  await all.add(one("one more", "eve"));
  expect(all.size).toBe(PUSH_SUBSCRIPTIONS_MAX);
});
