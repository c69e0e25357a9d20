import { beforeAll, describe, expect, test } from "bun:test";
import { utf8Decode, utf8Encode } from "../../../src/base/bytes.ts";
import {
  GROUP_COMMIT_BYTES_MAX,
  GROUP_DEVICES_MAX,
  GROUP_INFO_BYTES_MAX,
  GROUP_WELCOME_BYTES_MAX,
  SEALED_SKIPPED_KEYS_MAX,
  SEALED_SKIPPED_MAX,
} from "../../../src/base/limits-sealed.ts";
import { SealEngine } from "../../../src/crypto/seal/engine.ts";
import type { SealedGroup } from "../../../src/crypto/seal/group.ts";
import type { KeyPackagePair } from "../../../src/crypto/seal/key-packages.ts";
import { wipe } from "../../../src/crypto/seal/secrets.ts";
import {
  applied,
  groupOf,
  POST,
  ROOM,
  say,
  secretIn,
  stocked,
  TestDevice,
  welcomeOf,
} from "./devices.ts";
import { faultOf } from "./fault-of.ts";

let ana: TestDevice;
let bob: TestDevice;
let cleo: TestDevice;

beforeAll(async () => {
  const users = ["ana", "bob", "cleo"];
  const made = await Promise.all(users.map((user) => TestDevice.make({ user })));
  [ana, bob, cleo] = made as [TestDevice, TestDevice, TestDevice];
});

async function three(): Promise<[SealedGroup, SealedGroup, SealedGroup]> {
  return (await groupOf([ana, bob, cleo])) as [SealedGroup, SealedGroup, SealedGroup];
}

const at = (device: TestDevice) => ({ bound: POST, ...device.accountChecks() });
const users = (group: SealedGroup) => group.members.map(({ user }) => String(user));

describe("a group", () => {
  test("can be created, joined by a Welcome, and read by all members", async () => {
    const groups = await three();
    for (const group of groups) {
      expect(users(group)).toEqual(["ana", "bob", "cleo"]);
      expect(group.epoch).toBe(1);
      expect(group.policy).toEqual(ana.policy());
    }
    const [first, second, third] = groups;
    const { message } = await say(ana, first, "hello");
    for (const [device, group] of [[bob, second] as const, [cleo, third] as const]) {
      const { message: read } = await device.engine.decrypt(group, message, { bound: POST });
      expect(utf8Decode(read.body)).toBe("hello");
      expect(read.sender.device).toBe(ana.id);
      expect(read.sender.account).toBe(ana.accountId);
    }
  });

  test("describes added and removed devices as plain data", async () => {
    const [first, second] = (await groupOf([ana, bob])) as [SealedGroup, SealedGroup];
    const { keyPackage } = await stocked(cleo);
    const add = await ana.engine.commit(first, { kind: "add", keyPackages: [keyPackage] }, at(ana));
    const processed = await bob.engine.process(second, add.commit, at(bob));
    if (processed.kind !== "applied") throw new Error(processed.kind);
    expect(processed.change).toMatchObject({ kind: "add", epoch: 2, removed: [] });
    expect(processed.change.by.user).toBe(ana.user as never);
    expect(processed.change.added.map(({ device }) => device)).toEqual([cleo.id]);
    expect(processed.change).toEqual(add.change);

    const out = await bob.engine.process(
      processed.group,
      (await ana.engine.commit(add.group, { kind: "remove", devices: [bob.id] }, at(ana))).commit,
      at(bob),
    );
    if (out.kind !== "removed") throw new Error(out.kind);
    expect(out.change.removed.map(({ device }) => device)).toEqual([bob.id]);
    expect(out.consumed.length).toBeGreaterThan(10);
  });

  test("accepts a further device of a member", async () => {
    const [first, second] = (await groupOf([ana, bob], { adders: "admins" })) as SealedGroup[];
    if (first === undefined || second === undefined) throw new Error("two groups");
    const phone = await TestDevice.make({ user: "bob", account: bob.account });
    const info = await ana.engine.groupInfo(first);
    const join = await phone.engine.rejoin(info, { room: ROOM, ...at(phone) });
    expect(join.change).toMatchObject({ kind: "join", removed: [] });
    const next = applied(await ana.engine.process(first, join.commit, at(ana)));
    expect(users(next)).toEqual(["ana", "bob", "bob"]);
    const { message } = await say(ana, next);
    const { message: read } = await phone.engine.decrypt(join.group, message, { bound: POST });
    expect(read.sender.device).toBe(ana.id);
  });

  test("changes its policy by an admin's commit", async () => {
    const [first, second, third] = await three();
    const policy = { ...first.policy, admins: [ana.accountId, bob.accountId], web: false };
    const change = await ana.engine.commit(first, { kind: "policy", policy }, at(ana));
    const next = applied(await bob.engine.process(second, change.commit, at(bob)));
    expect(next.policy).toEqual(policy);
    const kick = await bob.engine.commit(next, { kind: "remove", devices: [cleo.id] }, at(bob));
    const others = applied(await cleo.engine.process(third, change.commit, at(cleo)));
    expect((await cleo.engine.process(others, kick.commit, at(cleo))).kind).toBe("removed");
  });
});

describe("ordering", () => {
  test("rejects a message of an earlier epoch until the sender encrypts it again", async () => {
    const [first, second] = await three();
    const { message, group } = await say(ana, first);
    const update = await bob.engine.commit(second, { kind: "update" }, at(bob));
    const late = bob.engine.decrypt(update.group, message, { bound: POST });
    expect(await faultOf(late)).toBe("stale-epoch");
    const next = applied(await ana.engine.process(group, update.commit, at(ana)));
    const again = await say(ana, next);
    await bob.engine.decrypt(update.group, again.message, { bound: POST });
  });

  test("rejects duplicates, and own messages unless a later state created them", async () => {
    const [first, second] = await three();
    const { message, group } = await say(ana, first);
    const { group: read } = await bob.engine.decrypt(second, message, { bound: POST });
    expect(await faultOf(bob.engine.decrypt(read, message, { bound: POST }))).toBe("seal-broken");
    expect(await faultOf(ana.engine.decrypt(group, message, { bound: POST }))).toBe("seal-broken");
    const older = await ana.engine.decrypt(first, message, { bound: POST });
    expect(older.message.sender.device).toBe(ana.engine.device);
    const again = await say(ana, older.group);
    const { message: other } = await bob.engine.decrypt(read, again.message, { bound: POST });
    expect(other.sender.device).toBe(ana.engine.device);
    const update = await ana.engine.commit(group, { kind: "update" }, at(ana));
    expect(await ana.engine.process(group, update.commit, at(ana))).toEqual({ kind: "own" });
    const next = applied(await bob.engine.process(read, update.commit, at(bob)));
    expect(await faultOf(bob.engine.process(next, update.commit, at(bob)))).toBe("stale-epoch");
  });
});

describe("sizes", () => {
  test("rejects input above the size limits", async () => {
    const [first] = await three();
    const huge = new Uint8Array(1 << 20);
    const { engine } = ana;
    const place = { room: ROOM, ...at(ana) };
    for (const work of [
      engine.decrypt(first, huge, { bound: POST }),
      engine.process(first, huge, at(ana)),
      engine.join(huge, () => undefined, place),
      engine.rejoin(huge, place),
      engine.inspect(huge, ana.accountChecks()),
    ]) {
      expect(await faultOf(work)).toBe("too-large");
    }
  });
});

describe("bounds", () => {
  test("tolerates a bounded number of missed messages", async () => {
    const [first, second] = await three();
    const messages: Uint8Array[] = [];
    let from = first;
    for (let i = 0; i <= SEALED_SKIPPED_MAX + 1; i++) {
      const { message, group } = await say(ana, from, `${i}`);
      messages.push(message);
      from = group;
    }
    const read = (group: SealedGroup, i: number) =>
      bob.engine.decrypt(group, messages[i] ?? POST, { bound: POST });
    expect(await faultOf(read(second, SEALED_SKIPPED_MAX + 1))).toBe("seal-broken");
    const { group } = await read(second, SEALED_SKIPPED_MAX);
    const oldest = SEALED_SKIPPED_MAX - SEALED_SKIPPED_KEYS_MAX;
    expect(await faultOf(read(group, oldest))).toBe("no fault");
    expect(await faultOf(read(group, oldest - 1))).toBe("seal-broken");
  });

  test("limits the devices of a room", async () => {
    const { group } = await ana.engine.create(ana.policy());
    const crowd: TestDevice[] = [];
    for (let i = 1; i < GROUP_DEVICES_MAX; i++) {
      crowd.push(await TestDevice.make({ user: `user-${i}` }));
    }
    const keyPackages: Uint8Array[] = [];
    for (const device of crowd) keyPackages.push((await stocked(device)).keyPackage);
    const full = await ana.engine.commit(group, { kind: "add", keyPackages }, at(ana));
    expect(full.group.members).toHaveLength(GROUP_DEVICES_MAX);
    for (const [bytes, most] of [
      [full.commit, GROUP_COMMIT_BYTES_MAX],
      [full.welcome, GROUP_WELCOME_BYTES_MAX],
      [full.groupInfo, GROUP_INFO_BYTES_MAX],
    ] as const) {
      expect((bytes?.length ?? 0) + 32 * GROUP_DEVICES_MAX).toBeLessThan(most);
    }
    const { keyPackage } = await stocked(bob);
    const more = { kind: "add", keyPackages: [keyPackage] } as const;
    expect(await faultOf(ana.engine.commit(full.group, more, at(ana)))).toBe("seal-refused");
    const phone = await TestDevice.make({ user: "ana", account: ana.account });
    const place = { room: ROOM, ...at(phone) };
    expect(await faultOf(phone.engine.rejoin(full.groupInfo, place))).toBe("seal-refused");
    const last = crowd.at(-1) ?? ana;
    const back = await last.engine.rejoin(full.groupInfo, { room: ROOM, ...at(last) });
    expect(applied(await ana.engine.process(full.group, back.commit, at(ana))).epoch).toBe(2);
  });
});

describe("key packages", () => {
  test("open a Welcome only for its recipient", async () => {
    const pairs = await bob.engine.makeKeyPackages(2);
    const [spare, used] = pairs as [KeyPackagePair, KeyPackagePair];
    const { group } = await ana.engine.create(ana.policy());
    const add = await ana.engine.commit(
      group,
      { kind: "add", keyPackages: [used.keyPackage] },
      at(ana),
    );
    const welcome = welcomeOf(add);
    const place = { room: ROOM, ...bob.accountChecks() };
    const joined = await bob.engine.join(welcome, secretIn(used), place);
    expect(joined.ref).toBe(used.ref);
    expect(joined.by.device).toBe(ana.id);
    expect(await faultOf(bob.engine.join(welcome, secretIn(spare), place))).toBe("seal-refused");
    const wrong = bob.engine.join(welcome, () => spare.secret, place);
    expect(await faultOf(wrong)).toBe("seal-broken");
    for (const damaged of [new Uint8Array(0), new Uint8Array([0xc0]), POST]) {
      expect(await faultOf(bob.engine.join(welcome, () => damaged, place))).toBe("seal-state");
    }
    const elsewhere = { ...place, room: "rBBBBBBBBBBB" };
    expect(await faultOf(bob.engine.join(welcome, secretIn(used), elsewhere))).toBe("seal-refused");
    const other = { ...place, gid: new Uint8Array(16) };
    expect(await faultOf(bob.engine.join(welcome, secretIn(used), other))).toBe("seal-refused");
  });
});

describe("secrets", () => {
  test("are wiped from the previous state without affecting the new one", async () => {
    const [first, second] = await three();
    const update = await ana.engine.commit(first, { kind: "update" }, at(ana));
    const processed = await bob.engine.process(second, update.commit, at(bob));
    const next = applied(processed);
    const old = await say(ana, first);
    wipe("consumed" in processed ? processed.consumed : []);
    wipe(update.consumed);
    expect(await faultOf(bob.engine.decrypt(second, old.message, { bound: POST }))).toBe(
      "seal-broken",
    );
    const { message, consumed, group } = await say(ana, update.group);
    wipe(consumed);
    const read = await bob.engine.decrypt(next, message, { bound: POST });
    wipe(read.consumed);
    const again = await say(ana, group);
    await bob.engine.decrypt(read.group, again.message, { bound: POST });
    const more = await bob.engine.commit(read.group, { kind: "update" }, at(bob));
    applied(await ana.engine.process(again.group, more.commit, at(ana)));
  });
});

test("a signed leave, and nothing else, lets anyone remove the device", async () => {
  const [first, second, third] = await three();
  const signature = await cleo.engine.signLeave(third);
  const member = second.members.find(({ device }) => device === cleo.id);
  if (member === undefined) throw new Error("cleo is in");
  const proof = { member, epoch: third.epoch, signature };
  expect(await bob.engine.hasSignedLeave(second, proof)).toBe(true);
  expect(await bob.engine.hasSignedLeave(second, { ...proof, epoch: 2 })).toBe(false);
  const remove = { kind: "remove", devices: [cleo.id] } as const;
  expect(await faultOf(bob.engine.commit(second, remove, at(bob)))).toBe("seal-refused");
  const left = (device: TestDevice) => ({ ...at(device), hasLeft: () => true });
  const { commit } = await bob.engine.commit(second, remove, left(bob));
  const without = await ana.engine.process(first, commit, at(ana));
  expect(without).toEqual({ kind: "rejected", reason: "not-allowed" });
  applied(await ana.engine.process(first, commit, left(ana)));
});

describe("an engine", () => {
  test("rejects the certificate of another device or server", async () => {
    const unixMs = Date.now;
    const signer = ana.key;
    const open = (cert: Uint8Array, servers: string[]) =>
      faultOf(SealEngine.open({ signer, cert, servers, unixMs }));
    expect(await open(bob.cert, [])).toBe("not-allowed");
    expect(await open(ana.cert, ["SHA256:NHUPmL1Z_PyUbaRaqr6TO-FUpLUJThxKv0KGZQXzyX4"])).toBe(
      "not-allowed",
    );
    expect(await open(utf8Encode("no certificate"), [])).toBe("not-allowed");
  });

  test("signs with a non-extractable WebCrypto key", async () => {
    const pair = (await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"])) as {
      readonly publicKey: Parameters<typeof crypto.subtle.exportKey>[1];
      readonly privateKey: Parameters<typeof crypto.subtle.sign>[1];
    };
    const raw = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
    const tab = await TestDevice.make({
      user: "bob",
      kind: "web",
      key: {
        publicKey: raw,
        sign: async (bytes: Uint8Array) =>
          new Uint8Array(await crypto.subtle.sign("Ed25519", pair.privateKey, bytes.slice())),
      },
    });
    const [first, second] = (await groupOf([ana, tab])) as [SealedGroup, SealedGroup];
    const { message } = await say(tab, second);
    const { message: read } = await ana.engine.decrypt(first, message, { bound: POST });
    expect(read.sender).toMatchObject({ kind: "web", device: tab.id });
    const update = await tab.engine.commit(second, { kind: "update" }, at(tab));
    applied(await ana.engine.process(first, update.commit, at(ana)));
  });
});
