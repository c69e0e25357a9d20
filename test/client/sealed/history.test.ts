import { describe, expect } from "bun:test";
import { CLAIM_TRIES_MAX } from "../../../src/base/limits-sealed.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { checkpointText, keyIdOf, noteText } from "../../../src/wire/checkpoint.ts";
import { forkFor } from "./forked-log.ts";
import { codeOf } from "./liar.ts";
import { type Person, vaultTest } from "./sealed-site.ts";

const two = vaultTest(["ben"], { signs: true });

function readerOf({ client, name }: Person) {
  return { fingerprint: String(client.fingerprint), formers: [], user: name };
}

function pinOf(person: Person) {
  return person.until("its checkpoint", () => person.device.state.logPins.pin(readerOf(person)));
}

function countCheckpoints(person: Person, isAnswered: boolean): { requestCount: number } {
  const count = { requestCount: 0 };
  person.tamperingLink.tampering = {
    onRequest: (question) => {
      if (question.kind !== "checkpoint") return question;
      count.requestCount++;
      return isAnswered ? question : undefined;
    },
  };
  return count;
}

describe("the histories of members", () => {
  two("are compared and equal", async ({ world, ana, ben }) => {
    const count = countCheckpoints(ana, true);
    for (const text of ["1", "2", "3"]) {
      await ben.postTo(text, ana);
      await world.pass(60_000);
    }
    expect(count.requestCount).toBeGreaterThan(0);
    expect(ana.remarks).toEqual([]);
    expect((await ana.status()).status).toBe("in");
  });

  vaultTest([], { signs: true })("make the room suspect if they differ", async ({ world, ana }) => {
    const device = world.device();
    const first = await world.join("ben", device);
    await ana.addMember(first);
    const { fingerprint } = readerOf(first);
    await first.quit();
    device.state.logPins.forget(fingerprint);
    const ben = world.person("ben", device);
    await forkFor(world, ben);
    await ben.enter();
    await pinOf(ben);
    await ben.postTo("hello", ana);
    await ana.until("the alarm", () => ana.remarks[0]);
    const reason = "the server showed ben a different history than this device";
    expect(await ana.status()).toMatchObject({ status: "suspect", reason });
    expect(ana.remarks).toEqual([`'vault' is no longer trusted: ${reason}`]);
    expect(await codeOf(ana.postText("secret"))).toBe("seal-refused");
    await ana.sealed((rooms) => rooms.get(ana.room()).acceptState());
    await ana.postTo("after asking ben", ben);
  });

  two("are attributed to the member who forged them", async ({ world, ana, ben }) => {
    const { origin, size } = await pinOf(ben);
    const made = { origin, size: size + 1_000_000, root: new Uint8Array(32).fill(3) };
    const keyId = keyIdOf(origin, world.site.identity.publicKey, sha256);
    const signature = new Uint8Array(64).fill(5);
    const note = noteText(checkpointText(made), [{ name: origin, keyId, signature }]);
    ben.device.state.logPins.storePin(readerOf(ben), { ...made, note });
    await ben.postTo("look what the server did", ana);
    await ana.until("a line", () => ana.remarks[0]);
    const line =
      "'vault': ben's device reported a history without a valid signature from the server";
    expect(ana.remarks).toEqual([line]);
    expect((await ana.status()).status).toBe("in");
    await ana.postText("you did, ben");
  });

  two("are reported if the server does not prove them", async ({ world, ana, ben }) => {
    await pinOf(ana);
    const count = countCheckpoints(ana, false);
    await world.pass(61_000);
    await ben.postText("1");
    await world.pass(61_000);
    await ben.postTo("2", ana);
    const before = count.requestCount;
    for (let i = 0; i < 60 && ana.remarks.length === 0; i++) {
      await world.pass(5_000);
      await ana.status();
    }
    const line = "'vault': the server could not prove that ben sees the same history as you";
    expect(ana.remarks).toEqual([line]);
    expect(count.requestCount - before).toBeLessThanOrEqual(CLAIM_TRIES_MAX + 2);
    expect((await ana.status()).status).toBe("in");
  });
});
