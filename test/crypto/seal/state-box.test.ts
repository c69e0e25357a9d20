import { beforeAll, describe, expect, test } from "bun:test";
import { GROUP_STATE_BYTES_MAX } from "../../../src/base/limits-sealed.ts";
import type { SealedGroup } from "../../../src/crypto/seal/group.ts";
import {
  decryptState,
  encryptState,
  importStateKey,
  type StateKey,
} from "../../../src/crypto/seal/state-box.ts";
import vectors from "../../vectors/sealed.json";
import { applied, groupOf, POST, say, TestDevice } from "./devices.ts";
import { faultOf } from "./fault-of.ts";

const vector = vectors.state;
const hex = (text: string) => Uint8Array.fromHex(text);

describe("a stored state", () => {
  let key: StateKey;
  let ana: TestDevice;
  let bob: TestDevice;
  let first: SealedGroup;
  let second: SealedGroup;

  beforeAll(async () => {
    key = await importStateKey(new Uint8Array(32).fill(7));
    const made = await Promise.all(["ana", "bob"].map((user) => TestDevice.make({ user })));
    [ana, bob] = made as [TestDevice, TestDevice];
    [first, second] = (await groupOf([ana, bob])) as [SealedGroup, SealedGroup];
  });

  test("matches the golden vector", async () => {
    const place = {
      key: await importStateKey(hex(vector.key)),
      gid: hex(vector.gid),
      lease: vector.lease,
    };
    const closed = await encryptState(hex(vector.plain), vector.epoch, place, hex(vector.nonce));
    expect(closed.toHex()).toBe(vector.bytes);
    const { plain, epoch } = await decryptState(hex(vector.bytes), place);
    expect({ plain: plain.toHex(), epoch }).toEqual({ plain: vector.plain, epoch: vector.epoch });
  });

  test("can be loaded to decrypt, encrypt and commit", async () => {
    const lease = "a lease";
    const reload = async (device: TestDevice, group: SealedGroup) => {
      const bytes = await device.engine.save(group, { key, lease });
      return device.engine.load(bytes, { key, lease, gid: group.gid });
    };
    const [anas, bobs] = [await reload(ana, first), await reload(bob, second)];
    expect(anas.members).toEqual(first.members);
    expect(anas.policy).toEqual(first.policy);
    const { message, group } = await say(ana, anas);
    const read = await bob.engine.decrypt(bobs, message, { bound: POST });
    const again = bob.engine.decrypt(await reload(bob, read.group), message, { bound: POST });
    expect(await faultOf(again)).toBe("seal-broken");
    const place = { bound: POST, ...bob.accountChecks() };
    const { commit } = await bob.engine.commit(
      await reload(bob, read.group),
      { kind: "update" },
      place,
    );
    applied(await ana.engine.process(await reload(ana, group), commit, place));
  });

  test("is rejected if any byte is flipped, removed or added", async () => {
    const lease = "l";
    const place = { key, lease, gid: first.gid };
    const bytes = await ana.engine.save(first, { key, lease });
    expect(await faultOf(ana.engine.load(bytes, place))).toBe("no fault");
    for (let at = 0; at < bytes.length; at++) {
      const flipped = bytes.slice();
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
      expect(await faultOf(ana.engine.load(flipped, place))).toBe("seal-state");
      if (at % 8 === 0) {
        expect(await faultOf(ana.engine.load(bytes.slice(0, at), place))).toBe("seal-state");
      }
    }
    const longer = new Uint8Array([...bytes, 0]);
    expect(await faultOf(ana.engine.load(longer, place))).toBe("seal-state");
    const huge = new Uint8Array(GROUP_STATE_BYTES_MAX + 1);
    huge.set(bytes);
    expect(await faultOf(ana.engine.load(huge, place))).toBe("seal-state");
  });

  test("is rejected under another lease, group, key or device", async () => {
    const lease = "now";
    const bytes = await ana.engine.save(first, { key, lease });
    const place = { key, lease, gid: first.gid };
    for (const wrong of [
      { ...place, lease: "before" },
      { ...place, lease: "" },
      { ...place, gid: new Uint8Array(16) },
      { ...place, key: await importStateKey(new Uint8Array(32)) },
    ]) {
      expect(await faultOf(ana.engine.load(bytes, wrong))).toBe("seal-state");
    }
    expect(await faultOf(bob.engine.load(bytes, place))).toBe("seal-state");
    const otherEpoch = await encryptState(new Uint8Array(100), 3, place, new Uint8Array(12));
    expect(await faultOf(ana.engine.load(otherEpoch, place))).toBe("seal-state");
  });

  test("never contains the device's private key", async () => {
    const seed = new Uint8Array(32).fill(5);
    const { identityOfSeed } = await import("../seed-identity.ts");
    const device = await TestDevice.make({ user: "ana", key: identityOfSeed(seed) });
    const [group] = (await groupOf([device])) as [SealedGroup];
    const lease = "";
    const bytes = await device.engine.save(group, { key, lease });
    const { plain } = await decryptState(bytes, { key, lease, gid: group.gid });
    expect(plain.toHex()).not.toContain(seed.toHex());
  });
});
