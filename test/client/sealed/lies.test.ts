import { describe, expect } from "bun:test";
import { SEALED_TRIES_MAX } from "../../../src/base/limits-sealed.ts";
import { rejection } from "../../rejection.ts";
import {
  answered,
  bodyOf,
  codeOf,
  forged,
  headOf,
  refusal,
  replacePosts,
  replaceSealed,
  type Tampering,
  type WireRecord,
} from "./liar.ts";
import { GREETING, type Person, vaultTest } from "./sealed-site.ts";

const two = vaultTest(["ben"], { isGreeted: true });
const REFUSED = "seal-refused";

function displayedTexts(person: Person): string[] {
  return person.records
    .filter(({ kind, body }) => ["text", "sealed"].includes(kind) && body?.["text"] !== GREETING)
    .map(({ from, body, sealed }) => `${from}: ${body?.["text"] ?? sealed}`);
}

async function expectIn(person: Person): Promise<void> {
  expect((await person.status()).status).toBe("in");
}

function withCiphertext(record: WireRecord, change: (text: string) => string): WireRecord[] {
  return [forged(record, {}, { ciphertext: change(String(bodyOf(record)["ciphertext"])) })];
}

describe("messages: a server that", () => {
  two("names another author is corrected by the group", async ({ ana, ben }) => {
    ben.tamperingLink.tampering = replaceSealed((record) => [{ ...record, from: "eve" }]);
    await ana.postTo("it is me", ben);
    expect(displayedTexts(ben)).toEqual(["ana: it is me"]);
  });

  two("repeats a message causes no duplicate text", async ({ ana, ben }) => {
    ben.tamperingLink.tampering = replaceSealed((record) => [record, forged(record, { seq: 900 })]);
    await ana.postText("once");
    await ben.until("both", () => displayedTexts(ben).length === 2);
    expect(displayedTexts(ben)).toEqual(["ana: once", "ana: closed"]);
    ben.tamperingLink.tampering = {};
    await expectIn(ben);
  });

  two("changes an id or bytes makes messages unreadable", async ({ ana, ben }) => {
    ben.tamperingLink.tampering = replaceSealed((record, nth) => {
      if (nth === 1) return [forged(record, { id: `${headOf(record).id}0` })];
      if (nth > 2) return [record];
      return withCiphertext(record, (text) => `${text.slice(0, -8)}AAAA${text.slice(-4)}`);
    });
    for (const text of ["1", "2", "3"]) await ana.postText(text);
    await ben.waitForText("3");
    expect(displayedTexts(ben)).toEqual(["ana: closed", "ana: closed", "ana: 3"]);
    expect(ben.records.some(({ withheld }) => withheld !== undefined)).toBe(false);
    await expectIn(ben);
  });

  two("changes a message of this device makes the room suspect", async ({ ana }) => {
    ana.tamperingLink.tampering = replaceSealed((record) =>
      withCiphertext(record, (text) => `AAAA${text.slice(4)}`),
    );
    await ana.postText("my own words");
    await ana.until("the alarm", () => ana.remarks[0]);
    expect(ana.remarks[0]).toContain("the server altered a message from this device");
    expect(await codeOf(ana.postText("more"))).toBe(REFUSED);
  });

  two("confirms a message but drops it is detected", async ({ world, ana, ben }) => {
    ana.tamperingLink.tampering = replacePosts(({ ref }) => {
      const seq = world.site.history.head() + 1;
      queueMicrotask(() => ana.tamperingLink.deliver({ kind: "ok", ref, seq, n: 99, time: 1 }));
      return undefined;
    });
    await ana.postText("dropped");
    ana.tamperingLink.tampering = {};
    await ben.postText("something else");
    await ana.until("the alarm", () => ana.remarks[0]);
    expect(ana.remarks[0]).toContain("confirmed a message from this device but does not return it");
  });

  two("always names another epoch is retried SEALED_TRIES_MAX times", async ({ ana }) => {
    let tries = 0;
    ana.tamperingLink.tampering = replacePosts(({ ref, body }) => {
      if ("sealed" in (body as object)) tries++;
      queueMicrotask(() => ana.tamperingLink.deliver(refusal(ref, "stale-epoch", 1)));
      return undefined;
    });
    expect(await rejection(ana.postText("never"))).toMatchObject({ code: REFUSED });
    expect(tries).toBe(SEALED_TRIES_MAX);
    ana.tamperingLink.tampering = {};
    await ana.postText("again");
  });
});

describe("rooms: a server that", () => {
  two("claims that an encrypted room is open gets no unencrypted text", async ({ world, ana }) => {
    await ana.quit();
    const restarted = world.person("ana", ana.device);
    const posted: string[] = [];
    restarted.tamperingLink.tampering = {
      ...replacePosts((post) => {
        posted.push(String((post["body"] as { text: string }).text));
        return post;
      }),
      onMessage: (word) => {
        const { sealed: _, ...rest } = word;
        return [word.kind === "room" ? rest : word];
      },
    };
    await restarted.enter();
    expect(await codeOf(restarted.postText("secret"))).toBe(REFUSED);
    const { id } = restarted.room();
    restarted.tamperingLink.deliver({ kind: "room", room: id, name: "vault", n: 9, skipped: 0 });
    expect(await codeOf(restarted.postText("secret"))).toBe(REFUSED);
    expect(posted.filter((text) => text !== "")).toEqual([]);
  });

  two("sends a damaged commit makes the room suspect", async ({ world, ana, ben }) => {
    const eve = await world.join("eve");
    const changes: Tampering["onRecord"][] = [
      (record) => [record, forged(record, { seq: 900 })],
      ...[{ commit: "!!!" }, { commit: "AAAA" }, { group: "!!!" }, { epoch: -1 }].map(
        (change) => (record: WireRecord) => [forged(record, {}, change)],
      ),
      (record) => [forged(record, {}, { added: [{ __proto__: 1 }], welcome: "!!!" })],
    ];
    for (const [at, change] of changes.entries()) {
      ben.events.length = 0;
      eve.events.length = 0;
      ben.tamperingLink.tampering = {
        onRecord: (record) =>
          headOf(record).kind === "group" ? (change?.(record) ?? []) : [record],
      };
      await ana.addMember(eve);
      await ana.postText("for all");
      await ben.until("the record", () => displayedTexts(ben).length > 0);
      const { status } = await ben.status();
      expect([at, status]).toEqual([at, at === changes.length - 1 ? "in" : "suspect"]);
      ben.tamperingLink.tampering = {};
      await ben.sealed((rooms) => rooms.get(ben.room()).acceptState()).catch(() => undefined);
      await ben.postTo(`back ${at}`, ana);
      await ana.kick("eve");
      await eve.until("the end", () => eve.events.some(({ kind }) => kind === "room-gone"));
    }
  });

  two("sends wrong key packages cannot add anyone", async ({ world, ana }) => {
    const [eve] = await world.joinAll("eve", "dan");
    const ofDan = await ana.request("key-package", { user: "dan" });
    const garbage = [{ device: new Uint8Array(32), keyPackage: new Uint8Array(100) }];
    for (const packages of [ofDan.packages, garbage]) {
      ana.tamperingLink.tampering = answered("key-package", () => ({ packages }));
      expect([REFUSED, "frame-malformed"]).toContain(await codeOf(ana.invite("eve")));
    }
    expect(await ana.members()).toEqual({ ana: 1, ben: 1 });
    ana.tamperingLink.tampering = {};
    await ana.addMember(eve);
    await eve.postText("in");
  });
});
