import { beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { toBase64Url, utf8Decode, utf8Encode } from "../../../src/base/bytes.ts";
import type { SealedGroup } from "../../../src/crypto/seal/group.ts";
import { parseBox } from "../../../src/crypto/seal/handover-box.ts";
import { packValue, unpackValue } from "../../../src/wire/codec.ts";
import { OWN_KEY, sealedUnderOwnKey } from "../../client/sealed/foreign-content.ts";
import { sampleSize } from "../../samples.ts";
import { applied, groupOf, POST, ROOM, say, TestDevice } from "./devices.ts";
import { faultOf } from "./fault-of.ts";

let [ana, phone, tablet, bob]: TestDevice[] = [];
let groups: SealedGroup[] = [];

function devices() {
  if (ana === undefined || phone === undefined || tablet === undefined || bob === undefined)
    throw new Error("the devices are made first");
  const [one, two, three, four] = groups as [SealedGroup, SealedGroup, SealedGroup, SealedGroup];
  return { ana, phone, tablet, bob, one, two, three, four };
}

beforeAll(async () => {
  ana = await TestDevice.make({ user: "ana" });
  const { account } = ana;
  phone = await TestDevice.make({ user: "ana", account });
  tablet = await TestDevice.make({ user: "ana", account });
  bob = await TestDevice.make({ user: "bob" });
  groups = await groupOf([ana, phone, tablet, bob]);
});

describe("the key of a message", () => {
  test("opens it for sender and reader, and nothing else", async () => {
    const { ana, phone, bob, one, four } = devices();
    const sent = await say(ana, one, "hello");
    const other = await say(ana, sent.group, "another");
    const read = await bob.engine.decrypt(four, sent.message, { bound: POST });
    expect(read.key).toEqual(sent.key);
    const { gid, epoch } = one;
    const account = ana.account.publicKey;
    const about = { bound: POST, gid, room: ROOM, epoch, account, device: ana.id };
    const opened = await phone.engine.openWithKey(sent.message, sent.key, about);
    expect(utf8Decode(opened.body)).toBe("hello");
    const open = (message: Uint8Array, change: Partial<typeof about> = {}, key = sent.key) =>
      faultOf(phone.engine.openWithKey(message, key, { ...about, ...change }));
    expect(await open(other.message)).toBe("seal-broken");
    expect(await open(sent.message, { bound: utf8Encode("outbox 2") })).toBe("seal-broken");
    expect(await open(sent.message, { gid: new Uint8Array(16) })).toBe("seal-broken");
    expect(await open(sent.message, { room: "rBBBBBBBBBBB" })).toBe("seal-broken");
    expect(await open(sent.message, { device: bob.id })).toBe("seal-broken");
    expect(await open(sent.message, { epoch: epoch + 1 })).toBe("seal-broken");
    expect(await open(sent.message, { account: bob.account.publicKey })).toBe("seal-broken");
    expect(await open(sent.message, {}, other.key)).toBe("seal-broken");
    expect(await open(sent.message, {}, sent.key.subarray(1))).toBe("seal-broken");
    expect(await open(sent.message.subarray(1))).toBe("frame-malformed");
  });
});

/** Ana is the admin of a room with history for new members, to which bob and cleo belong. */
async function roomWithHistory() {
  const people = [
    await TestDevice.make({ user: "ana" }),
    await TestDevice.make({ user: "bob" }),
    await TestDevice.make({ user: "cleo" }),
  ] as const;
  const [one, two, three] = await groupOf([...people], { history: true });
  if (one === undefined || two === undefined || three === undefined) throw new Error("three");
  return { ana: people[0], bob: people[1], cleo: people[2], one, two, three };
}

test("a key that an admin hands over opens no other bytes of an admin", async () => {
  const { ana, phone, one } = devices();
  const { gid, epoch } = one;
  const account = ana.account.publicKey;
  const about = { bound: POST, gid, room: ROOM, epoch, account, device: ana.id };
  const sent = await say(ana, one, "hello");
  const bytes = fc.uint8Array({ maxLength: 200 });
  const check = async (content: Uint8Array, cut: number) => {
    const own = sealedUnderOwnKey({ gid, epoch, bound: POST }, content);
    for (const message of [own, own.subarray(0, cut), sent.message.subarray(0, cut), content])
      for (const key of [OWN_KEY, sent.key.map((byte) => byte ^ 1)]) {
        const fault = await faultOf(phone.engine.openWithKey(message, key, about));
        expect(["seal-broken", "frame-malformed"]).toContain(fault);
      }
  };
  const length = fc.nat({ max: sent.message.length - 1 });
  await fc.assert(fc.asyncProperty(bytes, length, check), { numRuns: sampleSize(30, 500) });
});

test("no box is sealed for a key with which nothing can be encrypted", async () => {
  const { ana, phone, one } = devices();
  const { gid, epoch, policy, members, self } = one;
  for (const hpkePublicKey of [new Uint8Array(32), new Uint8Array(31), new Uint8Array()]) {
    const ratchetTree = one.mls.ratchetTree.map((node) =>
      node?.nodeType === "leaf" && toBase64Url(node.leaf.signaturePublicKey) === phone.id
        ? { ...node, leaf: { ...node.leaf, hpkePublicKey } }
        : node,
    );
    const group = { gid, epoch, policy, members, self, mls: { ...one.mls, ratchetTree } };
    expect(await faultOf(ana.engine.sealFor(group, phone.id, POST))).toBe("seal-broken");
  }
});

describe("in a room with history for new members, a box", () => {
  const plain = utf8Encode("keys");

  test("opens if an admin has sealed it for the device", async () => {
    const { ana, bob, cleo, one, two, three } = await roomWithHistory();
    const box = parseBox(await ana.engine.sealFor(one, bob.id, plain));
    const opened = await bob.engine.openBox(two, box);
    expect([opened.by.device, opened.plain]).toEqual([ana.id, plain]);
    expect(await faultOf(cleo.engine.openBox(three, box))).toBe("seal-refused");
  });

  test("by a member who is no admin is refused", async () => {
    const { bob, cleo, two, three } = await roomWithHistory();
    const box = parseBox(await bob.engine.sealFor(two, cleo.id, plain));
    expect(await faultOf(cleo.engine.openBox(three, box))).toBe("seal-refused");
  });

  test("by an admin who has lost the role is refused", async () => {
    const { ana, bob, one, two } = await roomWithHistory();
    const box = parseBox(await ana.engine.sealFor(one, bob.id, plain));
    const intent = { kind: "policy", policy: { ...one.policy, admins: [bob.accountId] } } as const;
    const made = await ana.engine.commit(one, intent, { bound: POST, ...ana.accountChecks() });
    const checks = { bound: POST, ...bob.accountChecks() };
    const after = applied(await bob.engine.process(two, made.commit, checks));
    expect(await faultOf(bob.engine.openBox(after, box))).toBe("seal-refused");
  });
});

describe("a box", () => {
  const plain = utf8Encode("keys");

  test("opens on the device for which another of the account has sealed it", async () => {
    const { ana, phone, tablet, bob, one, two, three, four } = devices();
    const box = parseBox(await ana.engine.sealFor(one, phone.id, plain));
    const opened = await phone.engine.openBox(two, box);
    expect([opened.by.device, opened.plain]).toEqual([ana.id, plain]);
    expect(await faultOf(tablet.engine.openBox(three, box))).toBe("seal-refused");
    expect(await faultOf(bob.engine.openBox(four, box))).toBe("seal-refused");
    expect(await faultOf(ana.engine.openBox(one, box))).toBe("seal-refused");
  });

  test("by a device of another account is refused", async () => {
    const { phone, bob, two, four } = devices();
    const box = parseBox(await bob.engine.sealFor(four, phone.id, plain));
    expect(await faultOf(phone.engine.openBox(two, box))).toBe("seal-refused");
  });

  test("by a device that was removed is refused", async () => {
    const { ana, phone, tablet, one, two } = devices();
    const box = parseBox(await tablet.engine.sealFor(groups[2] as SealedGroup, phone.id, plain));
    const intent = { kind: "remove", devices: [tablet.id] } as const;
    const made = await ana.engine.commit(one, intent, { bound: POST, ...ana.accountChecks() });
    const processed = await phone.engine.process(two, made.commit, {
      bound: POST,
      ...phone.accountChecks(),
    });
    expect(await faultOf(phone.engine.openBox(applied(processed), box))).toBe("seal-refused");
    expect(await faultOf(ana.engine.sealFor(made.group, tablet.id, plain))).toBe("seal-refused");
  });

  test("that was altered, cut or moved to another group is refused", async () => {
    const { ana, phone, one, two } = devices();
    const bytes = await ana.engine.sealFor(one, phone.id, plain);
    const fields = unpackValue(bytes) as Record<string, Uint8Array>;
    for (const field of ["ct", "enc", "sig", "by", "group"]) {
      const value = new Uint8Array(fields[field] ?? []);
      value[0] = (value[0] ?? 0) ^ 1;
      const box = parseBox(packValue({ ...fields, [field]: value }));
      expect(await faultOf(phone.engine.openBox(two, box))).toBe("seal-refused");
    }
    const cut = { ...fields, ct: fields["ct"]?.slice(0, -1) };
    expect(await faultOf(phone.engine.openBox(two, parseBox(packValue(cut))))).toBe("seal-refused");
    for (const broken of [bytes.subarray(1), bytes.subarray(0, -1), new Uint8Array()])
      expect(() => parseBox(broken)).toThrow();
    expect(() => parseBox(packValue({ ...fields, v: 2 }))).toThrow();
  });

  test("is out of date once its receiver has renewed its keys", async () => {
    const { ana, phone, one, two } = devices();
    const box = parseBox(await ana.engine.sealFor(one, phone.id, plain));
    const at = { bound: POST, ...phone.accountChecks() };
    const renewed = await phone.engine.commit(two, { kind: "update" }, at);
    expect((await phone.engine.openBox(renewed.group, box)).plain).toBeUndefined();
  });
});
