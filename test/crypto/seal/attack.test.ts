import { beforeAll, describe, expect, test } from "bun:test";
import type { LeafNode } from "ts-mls/leafNode.js";
import { utf8Encode } from "../../../src/base/bytes.ts";
import { checkName, foldName } from "../../../src/base/names.ts";
import { makeDeviceCert } from "../../../src/crypto/device-cert.ts";
import { CommitCheck } from "../../../src/crypto/seal/commit-check.ts";
import type { SealCommit } from "../../../src/crypto/seal/engine.ts";
import type { SealedGroup } from "../../../src/crypto/seal/group.ts";
import { MemberCertificates } from "../../../src/crypto/seal/members.ts";
import { readMessage, writeMessage } from "../../../src/crypto/seal/mls.ts";
import { packValue } from "../../../src/wire/codec.ts";
import { fixtureTest } from "../../fixture-test.ts";
import {
  adding,
  addingPackage,
  opensNext,
  rawCommit,
  rawExternalCommit,
  rawGroupInfo,
  rawKeyPackage,
  rawMessage,
  removing,
} from "./attacker.ts";
import { groupOf, POST, ROOM, SERVER_TEXT, say, secretIn, stocked, TestDevice } from "./devices.ts";
import { faultOf } from "./fault-of.ts";

let ana: TestDevice;
let bob: TestDevice;
let cleo: TestDevice;
let eve: TestDevice;

const threeTest = fixtureTest(three);

beforeAll(async () => {
  const users = ["ana", "bob", "cleo", "eve"];
  const made = await Promise.all(users.map((user) => TestDevice.make({ user })));
  [ana, bob, cleo, eve] = made as [TestDevice, TestDevice, TestDevice, TestDevice];
});

const at = (device: TestDevice) => ({ bound: POST, ...device.accountChecks() });

async function three(): Promise<[SealedGroup, SealedGroup, SealedGroup]> {
  return (await groupOf([ana, bob, cleo])) as [SealedGroup, SealedGroup, SealedGroup];
}

async function verdict(reader: TestDevice, group: SealedGroup, commit: Uint8Array, more = {}) {
  const processed = await reader.engine.process(group, commit, { ...at(reader), ...more });
  return processed.kind === "rejected" ? processed.reason : processed.kind;
}

describe("a member's commit is rejected if it", () => {
  threeTest("both adds and removes devices", async ([first, second]) => {
    const { keyPackage } = await stocked(eve);
    const proposals = [adding(keyPackage), removing(2)];
    const { bytes } = await rawCommit(ana, first, proposals);
    expect(await verdict(bob, second, bytes)).toBe("mixed");
    const replacing = [removing(1), adding(keyPackage)];
    const { bytes: replaced } = await rawCommit(ana, first, replacing);
    expect(await verdict(bob, second, replaced)).toBe("mixed");
  });

  test("adds or removes without permission", async () => {
    const groups = await groupOf([ana, bob, cleo], { adders: "admins" });
    const [first, second] = groups as [SealedGroup, SealedGroup];
    const { keyPackage } = await stocked(eve);
    const { bytes: added } = await rawCommit(bob, second, [adding(keyPackage)]);
    expect(await verdict(ana, first, added)).toBe("not-allowed");
    const { bytes: removed } = await rawCommit(bob, second, [removing(2)]);
    expect(await verdict(ana, first, removed)).toBe("not-allowed");
    const add = { kind: "add", keyPackages: [keyPackage] } as const;
    expect(await faultOf(bob.engine.commit(second, add, at(bob)))).toBe("seal-refused");
    const remove = { kind: "remove", devices: [cleo.id] } as const;
    expect(await faultOf(bob.engine.commit(second, remove, at(bob)))).toBe("seal-refused");
    const phone = await TestDevice.make({ user: "ana", account: ana.account });
    for (const device of [eve, phone]) {
      const pair = await stocked(device);
      const { welcome } = await rawCommit(bob, second, [adding(pair.keyPackage)]);
      if (welcome === undefined) throw new Error("a welcome");
      const invitation = writeMessage({ wireformat: "mls_welcome", welcome });
      const joining = device.engine.join(invitation, secretIn(pair), at2(device));
      expect(await faultOf(joining)).toBe("seal-refused");
    }
  });

  threeTest("adds a device twice", async ([first, second]) => {
    const pairs = await eve.engine.makeKeyPackages(2);
    const twice = pairs.map(({ keyPackage }) => adding(keyPackage));
    const { bytes } = await rawCommit(ana, first, twice);
    expect(await verdict(bob, second, bytes)).toBe("device-twice");
    const { keyPackage } = await stocked(cleo);
    const again = { kind: "add", keyPackages: [keyPackage] } as const;
    expect(await faultOf(ana.engine.commit(first, again, at(ana)))).toBe("seal-refused");
  });

  threeTest("adds several devices of which one is invalid", async ([first, second]) => {
    const gus = await TestDevice.make({ user: "gus" });
    const { publicPackage: valid } = await rawKeyPackage(gus);
    const { publicPackage } = await rawKeyPackage(eve);
    const signature = publicPackage.signature.toReversed();
    for (const invalid of [
      { ...publicPackage, signature },
      { ...publicPackage, leafNode: { ...publicPackage.leafNode, signature } },
    ]) {
      for (const packages of [[invalid], [invalid, valid], [valid, invalid]]) {
        const { bytes } = await rawCommit(ana, first, packages.map(addingPackage));
        expect(await verdict(bob, second, bytes)).toBe("unverified");
      }
    }
  });

  threeTest("adds a device with the encryption key of another", async ([first, second]) => {
    const leafKey = first.mls.ratchetTree.flatMap((node) =>
      node?.nodeType === "leaf" ? [node.leaf.hpkePublicKey] : [],
    )[2];
    if (leafKey === undefined) throw new Error("cleo's leaf");
    const { bytes: keyPackage } = await rawKeyPackage(eve, { leafKey });
    const { bytes } = await rawCommit(ana, first, [adding(keyPackage)]);
    expect(await verdict(bob, second, bytes)).toBe("unverified");
    const add = { kind: "add", keyPackages: [keyPackage] } as const;
    expect(await faultOf(ana.engine.commit(first, add, at(ana)))).toBe("seal-refused");
  });

  test("adds a browser where browsers are not allowed", async () => {
    const groups = await groupOf([ana, bob], { web: false });
    const [first, second] = groups as [SealedGroup, SealedGroup];
    const tab = await TestDevice.make({ user: "tab", kind: "web" });
    const { bytes } = await rawCommit(ana, first, [adding((await stocked(tab)).keyPackage)]);
    expect(await verdict(bob, second, bytes)).toBe("web-barred");
    const second2 = await TestDevice.make({ user: "bob", account: bob.account, kind: "web" });
    const info = await ana.engine.groupInfo(first);
    const place = { room: ROOM, ...at(second2) };
    expect(await faultOf(second2.engine.rejoin(info, place))).toBe("seal-refused");
    const external = await rawExternalCommit(second2, info);
    expect(await verdict(bob, second, external)).toBe("web-barred");
  });

  threeTest("adds an expired, unlimited or incapable key package", async ([first, second]) => {
    const { keyPackage } = await stocked(eve);
    const { bytes } = await rawCommit(ana, first, [adding(keyPackage)]);
    const later = Date.now() + 91 * 86_400_000;
    expect(await verdict(bob, second, bytes, { atUnixMs: later })).toBe("clock");
    expect(await verdict(bob, second, bytes, { atUnixMs: Date.now() })).toBe("applied");
    expect(await verdict(bob, second, bytes)).toBe("applied");
    const past = await TestDevice.make({
      user: "eve",
      unixMs: () => Date.now() - 100 * 86_400_000,
    });
    const old = (await stocked(past)).keyPackage;
    const expired = await ana.engine.inspect(old, ana.accountChecks());
    expect(expired).toEqual({ kind: "rejected", reason: "clock" });
    const add = { kind: "add", keyPackages: [old] } as const;
    expect(await faultOf(ana.engine.commit(first, add, at(ana)))).toBe("seal-refused");
    for (const raw of [
      { lifetime: { notBefore: 0n, notAfter: 2n ** 63n } },
      { lifetime: { notBefore: 5n, notAfter: 4n } },
      { extensions: [] },
      { extensions: Array.from({ length: 65 }, (_, i) => 0xf000 + i) },
    ]) {
      const { bytes: kept } = await rawKeyPackage(eve, raw);
      const foreign = { kind: "rejected", reason: "key-package" } as const;
      expect(await ana.engine.inspect(kept, ana.accountChecks())).toEqual(foreign);
    }
  });

  threeTest("adds a device with another device's certificate", async ([first, second]) => {
    const foreign = makeDeviceCert(eve.account, {
      server: SERVER_TEXT.replace(/.$/, (last) => (last === "A" ? "E" : "A")),
      user: checkName("eve"),
      deviceKey: eve.key.publicKey,
      kind: "cli",
      signedAtUnixMs: 1,
    });
    const flipped = eve.cert.slice();
    flipped[3] = (flipped[3] ?? 0) ^ 1;
    for (const identity of [bob.cert, foreign, flipped, utf8Encode("eve"), new Uint8Array(600)]) {
      const { bytes: kept } = await rawKeyPackage(eve, {
        credential: { credentialType: "basic", identity },
      });
      const observed = await ana.engine.inspect(kept, ana.accountChecks());
      expect(observed).toEqual({ kind: "rejected", reason: "certificate" });
      const { bytes } = await rawCommit(ana, first, [adding(kept)]);
      expect(await verdict(bob, second, bytes)).toBe("certificate");
    }
  });

  threeTest("adds a user with an unexpected account key", async ([first, second]) => {
    const impostor = await TestDevice.make({ user: "Eve" });
    bob.pins.set(foldName(checkName("eve")), eve.accountId);
    const { keyPackage } = await stocked(impostor);
    const { bytes } = await rawCommit(ana, first, [adding(keyPackage)]);
    expect(await verdict(bob, second, bytes)).toBe("identity-changed");
    const known = await stocked(eve);
    const { bytes: honest } = await rawCommit(ana, first, [adding(known.keyPackage)]);
    expect(await verdict(bob, second, honest)).toBe("applied");
    const observed = await bob.engine.inspect(keyPackage, bob.accountChecks());
    expect(observed).toEqual({ kind: "rejected", reason: "identity-changed" });
    bob.pins.clear();
  });

  threeTest("adds a user who is a member under another account key", async ([first, second]) => {
    const impostor = await TestDevice.make({ user: "CLEO" });
    const { keyPackage } = await stocked(impostor);
    const { bytes } = await rawCommit(ana, first, [adding(keyPackage)]);
    expect(await verdict(bob, second, bytes)).toBe("identity-changed");
    const two = await Promise.all(
      ["zoe", "Zoe"].map(async (user) => stocked(await TestDevice.make({ user }))),
    );
    const both = await rawCommit(
      ana,
      first,
      two.map((pair) => adding(pair.keyPackage)),
    );
    expect(await verdict(bob, second, both.bytes)).toBe("identity-changed");
    const { group } = await ana.engine.create(ana.policy());
    const pair = await stocked(bob);
    const forged = await rawCommit(ana, group, [
      adding(pair.keyPackage),
      ...two.map((other) => adding(other.keyPackage)),
    ]);
    const { welcome } = forged;
    if (welcome === undefined) throw new Error("a welcome");
    const invitation = writeMessage({ wireformat: "mls_welcome", welcome });
    const joining = bob.engine.join(invitation, secretIn(pair), at2(bob));
    expect(await faultOf(joining)).toBe("seal-refused");
  });

  threeTest("changes the certificate of its device", async ([first, second]) => {
    const renamed = makeDeviceCert(bob.account, {
      server: SERVER_TEXT,
      user: checkName("ana"),
      deviceKey: bob.key.publicKey,
      kind: "cli",
      signedAtUnixMs: 1,
    });
    const changed = async (change: Partial<LeafNode>) => {
      const ratchetTree = second.mls.ratchetTree.map((node, at) =>
        node?.nodeType === "leaf" && at === 2
          ? { ...node, leaf: { ...node.leaf, ...change } as LeafNode }
          : node,
      );
      const state = { ...second.mls, ratchetTree };
      return verdict(ana, first, (await rawCommit(bob, second, [], { state })).bytes);
    };
    const credential = { credentialType: "basic", identity: renamed } as const;
    expect(await changed({ credential })).toBe("leaf-changed");
    const own = second.mls.ratchetTree[2];
    if (own?.nodeType !== "leaf") throw new Error("a leaf");
    const capabilities = { ...own.leaf.capabilities, extensions: [] };
    expect(await changed({ capabilities })).toBe("leaf-changed");
  });

  test("changes the policy without the role, for another room, or for newcomers", async () => {
    const [first, second] = await three();
    const rules = { ...first.policy, admins: [bob.accountId] };
    const intent = { kind: "policy", policy: rules } as const;
    expect(await faultOf(bob.engine.commit(second, intent, at(bob)))).toBe("seal-refused");
    const { extensions } = (await bob.engine.create(rules)).group.mls.groupContext;
    const change = {
      proposalType: "group_context_extensions",
      groupContextExtensions: { extensions },
    } as const;
    const { bytes } = await rawCommit(bob, second, [change]);
    expect(await verdict(ana, first, bytes)).toBe("not-allowed");
    const elsewhere = (await ana.engine.create({ ...first.policy, room: "rBBBBBBBBBBB" })).group;
    const moved = await rawCommit(ana, first, [
      { ...change, groupContextExtensions: { extensions: elsewhere.mls.groupContext.extensions } },
    ]);
    expect(await verdict(bob, second, moved.bytes)).toBe("policy");
    const open = (await ana.engine.create({ ...first.policy, history: true })).group;
    const opened = await rawCommit(ana, first, [
      { ...change, groupContextExtensions: { extensions: open.mls.groupContext.extensions } },
    ]);
    expect(await verdict(bob, second, opened.bytes)).toBe("policy");
    const none = { ...change, groupContextExtensions: { extensions: extensions.slice(0, 1) } };
    const dropped = await rawCommit(ana, first, [none]);
    expect(await verdict(bob, second, dropped.bytes)).toBe("policy");
  });

  threeTest("contains unsupported proposals or another binding", async ([first, second]) => {
    const { bytes: custom } = await rawCommit(ana, first, [
      { proposalType: 0xf001, proposalData: POST },
    ]);
    expect(await verdict(bob, second, custom)).toBe("proposal-kind");
    const { bytes } = await rawCommit(ana, first, [], { bound: utf8Encode("another post") });
    expect(await verdict(bob, second, bytes)).toBe("bound");
    const [other] = (await groupOf([ana, bob, cleo])) as [SealedGroup];
    const elsewhere = await rawCommit(ana, other, []);
    expect(await verdict(bob, second, elsewhere.bytes)).toBe("bound");
  });

  threeTest("claims to come from the receiving device", async ([first, second]) => {
    const stolen = { ...second.mls.privatePath, leafIndex: 0 };
    const state = { ...second.mls, privatePath: stolen };
    const { bytes } = await rawCommit(bob, second, [], { state });
    expect(await verdict(ana, first, bytes)).toBe("unverified");
    const info = await ana.engine.groupInfo(first);
    const identity = ana.cert;
    const double = await TestDevice.make({ user: "ana", account: ana.account, key: ana.key });
    const honest = await rawExternalCommit(double, info, { victim: ana.key.publicKey });
    expect(await verdict(ana, first, honest)).toBe("own");
    const forger = { publicKey: ana.key.publicKey, sign: (b: Uint8Array) => eve.key.sign(b) };
    const mask = { ...eve, key: forger } as TestDevice;
    const forged = await rawExternalCommit(mask, info, {
      victim: ana.key.publicKey,
      credential: { credentialType: "basic", identity },
    });
    expect(await verdict(ana, first, forged)).toBe("unverified");
  });
});

describe("an external commit is rejected if its device", () => {
  threeTest("belongs to no member", async ([first, second]) => {
    const info = await ana.engine.groupInfo(first);
    expect(await verdict(bob, second, await rawExternalCommit(eve, info))).toBe("stranger");
    const impostor = await TestDevice.make({ user: "ana" });
    const claimed = await rawExternalCommit(impostor, info);
    expect(await verdict(bob, second, claimed)).toBe("stranger");
    bob.pins.set(foldName(checkName("ana")), ana.accountId);
    expect(await verdict(bob, second, claimed)).toBe("identity-changed");
    bob.pins.clear();
    const alias = await TestDevice.make({ user: "zoe", account: ana.account });
    expect(await verdict(bob, second, await rawExternalCommit(alias, info))).toBe("stranger");
  });

  threeTest("removes another device", async ([first, second]) => {
    const info = await ana.engine.groupInfo(first);
    const phone = await TestDevice.make({ user: "cleo", account: cleo.account });
    const victim = ana.key.publicKey;
    const bytes = await rawExternalCommit(phone, info, { victim });
    expect(await verdict(bob, second, bytes)).toBe("other-removed");
    expect(await verdict(ana, first, bytes)).toBe("other-removed");
    const own = await rawExternalCommit(phone, info, { victim: cleo.key.publicKey });
    expect(await verdict(bob, second, own)).toBe("other-removed");
  });

  threeTest(
    "is already a member, or rejoins under another account key",
    async ([first, second]) => {
      const info = await ana.engine.groupInfo(first);
      const again = await TestDevice.make({ user: "cleo", account: eve.account, key: cleo.key });
      const bytes = await rawExternalCommit(again, info, { victim: cleo.key.publicKey });
      expect(await verdict(bob, second, bytes)).toBe("identity-changed");
      const twice = await rawExternalCommit(cleo, info);
      expect(await verdict(bob, second, twice)).toBe("device-twice");
    },
  );

  threeTest("names a leaf outside of the tree (without a long search)", async ([first]) => {
    const certificates = new MemberCertificates([SERVER_TEXT]);
    const check = new CommitCheck(certificates, ana.accountChecks());
    const info = await ana.engine.groupInfo(first);
    const { commit } = await cleo.engine.rejoin(info, at2(cleo));
    const { content } = readMessage("mls_public_message", commit).publicMessage;
    if (content.contentType !== "commit") throw new Error("a commit");
    const view = { tree: first.mls.ratchetTree, policy: first.policy, epoch: 1 };
    const [, init] = content.commit.proposals;
    if (init === undefined) throw new Error("an external init");
    for (const removed of [0xffffffff, 3, 2 ** 31, 77]) {
      const removal = { proposalOrRefType: "proposal", proposal: removing(removed) } as const;
      const commit = { ...content.commit, proposals: [removal, init] };
      const judged = await check.verify(view, "newcomer", commit);
      expect(judged).toEqual({ ok: false, reason: "other-removed" });
    }
    const many = { ...content.commit, proposals: Array.from({ length: 257 }, () => init) };
    expect(await check.verify(view, "newcomer", many)).toMatchObject({ reason: "too-many" });
    const reference = { proposalOrRefType: "reference", reference: new Uint8Array(32) } as const;
    const byReference = { ...content.commit, proposals: [reference, init] };
    expect(await check.verify(view, "newcomer", byReference)).toMatchObject({
      reason: "proposal-kind",
    });
  });
});

const at2 = (device: TestDevice) => ({ room: ROOM, ...at(device) });

describe("rejoining", () => {
  threeTest("immediately rejects a tree that would take forever to search", async ([first]) => {
    const update = await ana.engine.commit(first, { kind: "update" }, at(ana));
    const { ratchetTree } = update.group.mls;
    const wild = ratchetTree.map((node) =>
      node?.nodeType === "parent"
        ? { ...node, parent: { ...node.parent, unmergedLeaves: [0xffffffff] } }
        : node,
    );
    const info = await rawGroupInfo(ana, update.group, wild);
    expect(await faultOf(cleo.engine.rejoin(info, at2(cleo)))).toBe("frame-malformed");
    const blanks = [...ratchetTree, ...new Array(1_500), ratchetTree[0]];
    const large = await rawGroupInfo(ana, update.group, blanks);
    expect(await faultOf(cleo.engine.rejoin(large, at2(cleo)))).toBe("seal-refused");
    const [zero, one, two, third, four, ...remaining] = ratchetTree;
    const swapped = [zero, one, two, four, third, ...remaining];
    const unsound = await rawGroupInfo(ana, update.group, swapped);
    expect(await faultOf(cleo.engine.rejoin(unsound, at2(cleo)))).toBe("frame-malformed");
  });

  threeTest("rejects a group signed by a non-member", async ([first]) => {
    const info = await rawGroupInfo(eve, first, first.mls.ratchetTree);
    expect(await faultOf(cleo.engine.rejoin(info, at2(cleo)))).toBe("seal-broken");
  });

  threeTest("rejects another room, another group and an older epoch", async ([first]) => {
    const info = await ana.engine.groupInfo(first);
    const room = { ...at2(cleo), room: "rBBBBBBBBBBB" };
    expect(await faultOf(cleo.engine.rejoin(info, room))).toBe("seal-refused");
    const observed = (epochMin: number) => cleo.engine.rejoin(info, { ...at2(cleo), epochMin });
    expect(await faultOf(observed(first.epoch))).toBe("no fault");
    expect(await faultOf(observed(first.epoch + 1))).toBe("seal-refused");
    const group = { ...at2(cleo), gid: new Uint8Array(16) };
    expect(await faultOf(cleo.engine.rejoin(info, group))).toBe("seal-refused");
  });
});

describe("a removed device with all its stored data cannot decrypt:", () => {
  async function opensAny(device: TestDevice, savedGroups: SealedGroup[], epochs: Epoch[]) {
    const tries = epochs.flatMap((epoch) =>
      savedGroups.map((group) => opensNext(device, group, epoch)),
    );
    return (await Promise.all(tries)).includes(true);
  }

  interface Epoch {
    readonly commit: Uint8Array;
    readonly before: SealedGroup;
    readonly next: SealedGroup;
    readonly message: Uint8Array;
  }

  async function epochOf(by: TestDevice, before: SealedGroup, made: SealCommit): Promise<Epoch> {
    const { message } = await say(by, made.group);
    return { commit: made.commit, before, next: made.group, message };
  }

  threeTest("one device", async ([first, second, third]) => {
    const kick = await ana.engine.commit(first, { kind: "remove", devices: [cleo.id] }, at(ana));
    const epoch = await epochOf(ana, first, kick);
    expect(await opensAny(bob, [second], [epoch])).toBe(true);
    expect(await opensAny(cleo, [third], [epoch])).toBe(false);
    const update = await ana.engine.commit(kick.group, { kind: "update" }, at(ana));
    const later = await epochOf(ana, kick.group, update);
    expect(await opensAny(cleo, [third], [epoch, later])).toBe(false);
    expect(await faultOf(cleo.engine.decrypt(third, epoch.message, { bound: POST }))).toBe(
      "stale-epoch",
    );
  });

  threeTest("a stolen state whose device has rejoined", async ([first, second, third]) => {
    const info = await ana.engine.groupInfo(first);
    const back = await cleo.engine.rejoin(info, at2(cleo));
    const epoch = await epochOf(cleo, first, back);
    expect(await opensAny(bob, [second], [epoch])).toBe(true);
    expect(await opensAny(cleo, [third], [epoch])).toBe(false);
    // Includes the path even if no other device needs its secrets.
    const alone = await ana.engine.create(ana.policy());
    const again = await ana.engine.rejoin(alone.groupInfo, at2(ana));
    const last = await epochOf(ana, alone.group, again);
    expect(await opensAny(ana, [alone.group], [last])).toBe(false);
  });
});

describe("messages", () => {
  test("of a member that signs for another room or name are rejected", async () => {
    const [first, second] = await three();
    const content = { body: utf8Encode("hi"), ts: 1, c: 1, sig: new Uint8Array(64) };
    const unsigned = await rawMessage(ana, first, packValue(content));
    expect(await faultOf(bob.engine.decrypt(second, unsigned, { bound: POST }))).toBe(
      "seal-broken",
    );
    const nonsense = await rawMessage(ana, first, utf8Encode("no content"));
    expect(await faultOf(bob.engine.decrypt(second, nonsense, { bound: POST }))).toBe(
      "frame-malformed",
    );
    const { message } = await say(ana, first);
    const bound = utf8Encode("another post");
    expect(await faultOf(bob.engine.decrypt(second, message, { bound }))).toBe("seal-broken");
    const [other] = (await groupOf([ana, bob])) as [SealedGroup];
    const elsewhere = await say(ana, other);
    expect(await faultOf(bob.engine.decrypt(second, elsewhere.message, { bound: POST }))).toBe(
      "seal-broken",
    );
  });
});

describe("damaged bytes", () => {
  /**
   * Flips each byte (every nth byte of long inputs), truncates at each position, and appends a
   * byte.
   */
  function* damaged(bytes: Uint8Array): Generator<Uint8Array> {
    const step = Math.max(1, Math.floor(bytes.length / 200));
    for (let at = 0; at < bytes.length; at += step) {
      const flipped = bytes.slice();
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
      yield flipped;
      yield bytes.slice(0, at);
    }
    yield new Uint8Array([...bytes, 0]);
  }

  threeTest("of a message are rejected with a fault", async ([first, second]) => {
    const { message } = await say(ana, first);
    for (const bytes of damaged(message)) {
      const fault = await faultOf(bob.engine.decrypt(second, bytes, { bound: POST }));
      expect(["frame-malformed", "seal-broken", "stale-epoch"]).toContain(fault);
    }
  });

  threeTest("of a commit change nothing", async ([first, second]) => {
    const { keyPackage } = await stocked(eve);
    const add = await ana.engine.commit(first, { kind: "add", keyPackages: [keyPackage] }, at(ana));
    const update = await ana.engine.commit(first, { kind: "update" }, at(ana));
    const info = await ana.engine.groupInfo(first);
    const resync = await cleo.engine.rejoin(info, at2(cleo));
    for (const { commit } of [add, update, resync]) {
      for (const bytes of damaged(commit)) {
        try {
          const { kind } = await bob.engine.process(second, bytes, at(bob));
          expect(kind).toBe("rejected");
        } catch (error) {
          expect(["frame-malformed", "stale-epoch"]).toContain(
            await faultOf(Promise.reject(error)),
          );
        }
      }
    }
  });

  test("of a Welcome, a GroupInfo and a key package are rejected", async () => {
    const { group } = await ana.engine.create(ana.policy());
    const pair = await stocked(bob);
    const add = await ana.engine.commit(
      group,
      { kind: "add", keyPackages: [pair.keyPackage] },
      at(ana),
    );
    const expected = ["frame-malformed", "seal-broken", "seal-refused"];
    for (const bytes of damaged(add.welcome ?? POST)) {
      const joining = bob.engine.join(bytes, () => pair.secret, at2(bob));
      expect(expected).toContain(await faultOf(joining));
    }
    for (const bytes of damaged(add.groupInfo)) {
      expect(expected).toContain(await faultOf(bob.engine.rejoin(bytes, at2(bob))));
    }
    for (const bytes of damaged(pair.keyPackage)) {
      const adding = ana.engine.commit(group, { kind: "add", keyPackages: [bytes] }, at(ana));
      expect(expected).toContain(await faultOf(adding));
      const observed = ana.engine.inspect(bytes, ana.accountChecks()).then(({ kind }) => kind);
      expect(await observed.catch(() => "rejected" as const)).toBe("rejected");
    }
  });
});
