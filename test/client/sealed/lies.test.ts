import { describe, expect } from "bun:test";
import { SEALED_TRIES_MAX } from "../../../src/base/limits-sealed.ts";
import { rejection } from "../../rejection.ts";
import {
  answered,
  bodyOf,
  codeOf,
  forged,
  headOf,
  type Lies,
  postsAsked,
  refusal,
  sealedShown,
  type WireRecord,
} from "./liar.ts";
import { GREETING, type Person, vaultTest } from "./sealed-site.ts";

const two = vaultTest(["ben"], { isGreeted: true });
const REFUSED = "seal-refused";

function shown(person: Person): string[] {
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
    ben.liar.lies = sealedShown((record) => [{ ...record, from: "eve" }]);
    await ana.tells("it is me", ben);
    expect(shown(ben)).toEqual(["ana: it is me"]);
  });

  two("repeats a message causes no duplicate text", async ({ ana, ben }) => {
    ben.liar.lies = sealedShown((record) => [record, forged(record, { seq: 900 })]);
    await ana.say("once");
    await ben.until("both", () => shown(ben).length === 2);
    expect(shown(ben)).toEqual(["ana: once", "ana: closed"]);
    ben.liar.lies = {};
    await expectIn(ben);
  });

  two("changes an id or bytes makes messages unreadable", async ({ ana, ben }) => {
    ben.liar.lies = sealedShown((record, nth) => {
      if (nth === 1) return [forged(record, { id: `${headOf(record).id}0` })];
      if (nth > 2) return [record];
      return withCiphertext(record, (text) => `${text.slice(0, -8)}AAAA${text.slice(-4)}`);
    });
    for (const text of ["1", "2", "3"]) await ana.say(text);
    await ben.hears("3");
    expect(shown(ben)).toEqual(["ana: closed", "ana: closed", "ana: 3"]);
    expect(ben.records.some(({ withheld }) => withheld !== undefined)).toBe(false);
    await expectIn(ben);
  });

  two("changes a message of this device makes the room suspect", async ({ ana }) => {
    ana.liar.lies = sealedShown((record) =>
      withCiphertext(record, (text) => `AAAA${text.slice(4)}`),
    );
    await ana.say("my own words");
    await ana.until("the alarm", () => ana.remarks[0]);
    expect(ana.remarks[0]).toContain("the server altered a message from this device");
    expect(await codeOf(ana.say("more"))).toBe(REFUSED);
  });

  two("confirms a message but drops it is detected", async ({ world, ana, ben }) => {
    ana.liar.lies = postsAsked(({ ref }) => {
      const seq = world.site.history.head() + 1;
      queueMicrotask(() => ana.liar.tell({ kind: "ok", ref, seq, n: 99, time: 1 }));
      return undefined;
    });
    await ana.say("dropped");
    ana.liar.lies = {};
    await ben.say("something else");
    await ana.until("the alarm", () => ana.remarks[0]);
    expect(ana.remarks[0]).toContain("confirmed a message from this device but does not return it");
  });

  two("always names another epoch is retried SEALED_TRIES_MAX times", async ({ ana }) => {
    let tries = 0;
    ana.liar.lies = postsAsked(({ ref, body }) => {
      // At last one without a text, so that the server waits for it no longer.
      if ("sealed" in (body as object)) tries++;
      queueMicrotask(() => ana.liar.tell(refusal(ref, "stale-epoch", 1)));
      return undefined;
    });
    expect(await rejection(ana.say("never"))).toMatchObject({ code: REFUSED });
    expect(tries).toBe(SEALED_TRIES_MAX);
    ana.liar.lies = {};
    await ana.say("again");
  });
});

describe("rooms: a server that", () => {
  two("claims that a sealed room is open gets no unencrypted text", async ({ world, ana }) => {
    await ana.quit();
    const again = world.person("ana", ana.device);
    const posted: string[] = [];
    again.liar.lies = {
      ...postsAsked((post) => {
        posted.push(String((post["body"] as { text: string }).text));
        return post;
      }),
      tells: (word) => {
        const { sealed: _, ...rest } = word;
        return [word.kind === "room" ? rest : word];
      },
    };
    await again.enter();
    expect(await codeOf(again.say("secret"))).toBe(REFUSED);
    const { id } = again.room();
    again.liar.tell({ kind: "room", room: id, name: "vault", n: 9, skipped: 0 });
    expect(await codeOf(again.say("secret"))).toBe(REFUSED);
    expect(posted.filter((text) => text !== "")).toEqual([]);
  });

  two("sends a damaged commit makes the room suspect", async ({ world, ana, ben }) => {
    const eve = await world.join("eve");
    const changes: Lies["shows"][] = [
      (record) => [record, forged(record, { seq: 900 })],
      ...[{ commit: "!!!" }, { commit: "AAAA" }, { group: "!!!" }, { epoch: -1 }].map(
        (change) => (record: WireRecord) => [forged(record, {}, change)],
      ),
      (record) => [forged(record, {}, { added: [{ __proto__: 1 }], welcome: "!!!" })],
    ];
    for (const [at, change] of changes.entries()) {
      ben.events.length = 0;
      eve.events.length = 0;
      ben.liar.lies = {
        shows: (record) => (headOf(record).kind === "group" ? (change?.(record) ?? []) : [record]),
      };
      await ana.letsIn(eve);
      await ana.say("for all");
      await ben.until("the record", () => shown(ben).length > 0);
      const { status } = await ben.status();
      expect([at, status]).toEqual([at, at === changes.length - 1 ? "in" : "suspect"]);
      ben.liar.lies = {};
      await ben.sealed((rooms) => rooms.acceptState(ben.room())).catch(() => undefined);
      await ben.tells(`back ${at}`, ana);
      await ana.kicks("eve");
      await eve.until("the end", () => eve.events.some(({ kind }) => kind === "room-gone"));
    }
  });

  two("sends wrong key packages cannot add anyone", async ({ world, ana }) => {
    const [eve] = await world.joinAll("eve", "dan");
    const ofDan = await ana.ask("key-package", { user: "dan" });
    const garbage = [{ device: new Uint8Array(32), keyPackage: new Uint8Array(100) }];
    for (const packages of [ofDan.packages, garbage]) {
      ana.liar.lies = answered("key-package", () => ({ packages }));
      expect([REFUSED, "frame-malformed"]).toContain(await codeOf(ana.invites("eve")));
    }
    expect(await ana.members()).toEqual({ ana: 1, ben: 1 });
    ana.liar.lies = {};
    await ana.letsIn(eve);
    await eve.say("in");
  });
});
