import { describe, expect, test } from "bun:test";
import { SEALED_TRIES_MAX } from "../../../src/base/limits-sealed.ts";
import {
  bodyOf,
  codeOf,
  forged,
  headOf,
  isSealed,
  type Lies,
  refusal,
  type Spoken,
  type WireRecord,
} from "./liar.ts";
import { type Person, SealedSite } from "./sealed-site.ts";

async function two(world: SealedSite): Promise<[Person, Person]> {
  const people: [Person, Person] = [await world.join("ana"), await world.join("ben")];
  await people[0].makes("vault");
  await people[0].letsIn(people[1], "vault");
  // The room is followed, not caught up with any more: what a liar leaves out has no other way.
  await people[0].say("vault", "ready");
  await people[1].hears("vault", "ready");
  return people;
}

function statusOf(person: Person) {
  return person.sealed((rooms) => rooms.sealing(person.room("vault")));
}

function remarksOf(person: Person): string[] {
  return person.events.flatMap((event) => (event.kind === "sealed-remark" ? [event.sentence] : []));
}

/** As the user sees it. */
function shown(person: Person): string[] {
  return person.records
    .filter(({ kind, body }) => ["text", "sealed"].includes(kind) && body?.["text"] !== "ready")
    .map(({ from, body, sealed }) => `${from}: ${body?.["text"] ?? sealed}`);
}

/** Everything that a client says in the clear, whatever it is about. */
function listening(person: Person, lies: Lies = {}): string[] {
  const heard: string[] = [];
  person.liar.lies = {
    ...lies,
    asks: (question) => {
      if (question.kind === "post") {
        heard.push(String((question["body"] as { text: string }).text));
      }
      return lies.asks === undefined ? question : lies.asks(question);
    },
  };
  return heard;
}

describe("messages: a server", () => {
  test("says that another one wrote it: the group says who did", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    ben.liar.lies = { shows: (record) => [isSealed(record) ? { ...record, from: "eve" } : record] };
    await ana.say("vault", "it is me");
    await ben.hears("vault", "it is me");
    expect(shown(ben)).toEqual(["ana: it is me"]);
  });

  test("shows one twice, by its own number or by a new one: it is said once", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    ben.liar.lies = {
      shows: (record) => (isSealed(record) ? [record, forged(record, { seq: 900 })] : [record]),
    };
    await ana.say("vault", "once");
    await ben.until("both", () => (shown(ben).length === 2 ? true : undefined));
    expect(shown(ben)).toEqual(["ana: once", "ana: closed"]);
    ben.liar.lies = {};
    expect((await statusOf(ben)).status).toBe("in");
  });

  test("shows them in another order: nothing is lost, and no alarm for good", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    let held: WireRecord | undefined;
    ben.liar.lies = {
      shows: (record) => {
        if (!isSealed(record)) return [record];
        if (held === undefined) {
          held = record;
          return [];
        }
        const [first, second] = [held, record];
        held = undefined;
        const [one, other] = [headOf(first), headOf(second)];
        const swapped = forged(second, { seq: one.seq, n: other.n });
        return [swapped, forged(first, { seq: other.seq, n: other.n })];
      },
    };
    await ana.say("vault", "1");
    await ana.say("vault", "2");
    await ben.until("both", () => (shown(ben).length === 2 ? true : undefined));
    expect(shown(ben)).toEqual(["ana: 2", "ana: 1"]);
    expect((await statusOf(ben)).status).toBe("in");
  });

  test("gives one another id, or other bytes: it is a row that cannot be read", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    let count = 0;
    ben.liar.lies = {
      shows: (record) => {
        if (!isSealed(record)) return [record];
        count++;
        if (count === 1) return [forged(record, { id: `${headOf(record).id}0` })];
        if (count > 2) return [record];
        const text = String(bodyOf(record)["ciphertext"]);
        return [forged(record, {}, { ciphertext: `${text.slice(0, -8)}AAAA${text.slice(-4)}` })];
      },
    };
    for (const word of ["1", "2", "3"]) await ana.say("vault", word);
    await ben.hears("vault", "3");
    expect(shown(ben)).toEqual(["ana: closed", "ana: closed", "ana: 3"]);
    expect(ben.records.some(({ withheld }) => withheld !== undefined)).toBe(false);
    expect((await statusOf(ben)).status).toBe("in");
  });

  test("swaps this device's own words: the room is not trusted any more", async () => {
    await using world = await SealedSite.open();
    const [ana] = await two(world);
    ana.liar.lies = {
      shows: (record) => {
        if (!isSealed(record)) return [record];
        const text = String(bodyOf(record)["ciphertext"]);
        return [forged(record, {}, { ciphertext: `AAAA${text.slice(4)}` })];
      },
    };
    await ana.say("vault", "my own words");
    await ana.until("the alarm", () => remarksOf(ana)[0]);
    expect(remarksOf(ana)[0]).toContain("the server changed a message of this device");
    expect(await codeOf(ana.say("vault", "more"))).toBe("seal-refused");
  });

  test("confirms one, and drops it", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    const dropping = (question: Spoken) => {
      if (question.kind !== "post") return question;
      const ref = question["ref"];
      const seq = world.site.history.head() + 1;
      queueMicrotask(() => ana.liar.tell({ kind: "ok", ref, seq, n: 99, time: 1 }));
      return undefined;
    };
    ana.liar.lies = { asks: dropping };
    await ana.say("vault", "dropped");
    ana.liar.lies = {};
    await ben.say("vault", "something else");
    await ana.until("the alarm", () => remarksOf(ana)[0]);
    expect(remarksOf(ana)[0]).toContain("confirmed a message of this device, and does not show it");
  });

  test("says for ever that the epoch is another one: it is asked so often", async () => {
    await using world = await SealedSite.open();
    const [ana] = await two(world);
    let tries = 0;
    ana.liar.lies = {
      asks: (question) => {
        if (question.kind !== "post") return question;
        // At last one that says nothing, so that the server waits for it no longer.
        if ("sealed" in (question["body"] as object)) tries++;
        queueMicrotask(() => ana.liar.tell(refusal(question["ref"], "stale-epoch", 1)));
        return undefined;
      },
    };
    const refused = ana.say("vault", "never").catch((fault) => fault);
    expect(await refused).toMatchObject({ code: "seal-refused" });
    expect(tries).toBe(SEALED_TRIES_MAX);
    ana.liar.lies = {};
    await ana.say("vault", "again");
  });

  test("lies about the time of a record", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    let time = 0;
    ben.liar.lies = {
      shows: (record) => [isSealed(record) ? forged(record, { time }) : record],
    };
    for (const lie of [0, 8_640_000_000_000_000]) {
      time = lie;
      await ana.say("vault", `at ${lie}`);
      await ben.hears("vault", `at ${lie}`);
    }
    expect((await statusOf(ben)).status).toBe("in");
  });
});

describe("rooms: a server", () => {
  test("calls a sealed room an open one, at any time: nothing is said in the clear", async () => {
    await using world = await SealedSite.open();
    const [ana] = await two(world);
    await world.wait(ana.leave());
    const again = world.person("ana", ana.device);
    const heard = listening(again, {
      tells: (word) => {
        const { sealed: _, ...rest } = word;
        return [word.kind === "room" ? rest : word];
      },
    });
    await again.enter();
    expect(await codeOf(again.say("vault", "secret"))).toBe("seal-refused");
    const { id } = again.room("vault");
    again.liar.tell({ kind: "room", room: id, name: "vault", n: 9, skipped: 0 });
    expect(await codeOf(again.say("vault", "secret"))).toBe("seal-refused");
    expect(heard.filter((text) => text !== "")).toEqual([]);
  });

  test("tells late who is gone: what is not sent for that holds up nothing after it", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    const eve = await world.join("eve");
    await ana.letsIn(eve, "vault");
    ben.liar.lies = { shows: (record) => (headOf(record).kind === "kick" ? [] : [record]) };
    await world.wait(ana.leave()); // An admin's device would take them out at once.
    await world.wait(eve.client.request("unregister", {}));
    // The server refuses it for a while, and then this device does, for good.
    const fault = await ben.say("vault", "to eve, too").catch((error: unknown) => error);
    expect(fault).toMatchObject({ code: "seal-refused" });
    const back = await world.join("ana", ana.device);
    await back.say("vault", "without eve");
    await ben.hears("vault", "without eve");
    await ben.say("vault", "now I may");
    await back.hears("vault", "now I may");
  });

  test("holds an invitation back: the one invited comes in all the same", async () => {
    await using world = await SealedSite.open();
    const ana = await world.join("ana");
    const ben = await world.join("ben");
    await ana.makes("vault");
    ben.liar.lies = { tells: (word) => (word.kind === "invited" ? [] : [word]) };
    await ana.sealed((rooms) => rooms.invite(ana.room("vault"), "ben"));
    await world.wait(ben.client.request("join", { room: "vault" }));
    await ben.until("the room", () => ben.client.rooms.find(({ name }) => name === "vault"));
    await ana.say("vault", "welcome");
    await ben.hears("vault", "welcome");
    expect(ben.events.some(({ kind }) => kind === "invited")).toBe(false);
  });

  test("shows a commit twice, or garbage: the room is not trusted, nothing breaks", async () => {
    for (const change of [
      { seq: 900 },
      { commit: "!!!" },
      { commit: "AAAA" },
      { group: "!!!" },
      { epoch: -1 },
      { added: [{ __proto__: 1 }], welcome: "!!!" },
    ]) {
      await using world = await SealedSite.open();
      const [ana, ben] = await two(world);
      const eve = await world.join("eve");
      ben.liar.lies = {
        shows: (record) => {
          if (headOf(record).kind !== "group") return [record];
          return "seq" in change ? [record, forged(record, change)] : [forged(record, {}, change)];
        },
      };
      await ana.letsIn(eve, "vault");
      await ana.say("vault", "for all");
      await ben.until("the record", () => (shown(ben).length > 0 ? true : undefined));
      const { status } = await statusOf(ben);
      expect([JSON.stringify(change), status]).toEqual([
        JSON.stringify(change),
        "welcome" in change ? "in" : "suspect",
      ]);
      ben.liar.lies = {};
      await ben.sealed((rooms) => rooms.accept(ben.room("vault"))).catch(() => undefined);
      await ben.say("vault", "back");
      await ana.hears("vault", "back");
    }
  });

  test("gives a key package of another user, or garbage: nobody wrong comes in", async () => {
    await using world = await SealedSite.open();
    const [ana] = await two(world);
    const eve = await world.join("eve");
    await world.join("dan");
    const taken = await ana.sealed(() => ana.client.request("key-package", { user: "dan" }));
    const before = (await statusOf(ana)).members.length;
    for (const packages of [
      taken.packages,
      [{ device: new Uint8Array(32), keyPackage: new Uint8Array(100) }],
    ]) {
      ana.liar.lies = {
        tells: (word, asked) => {
          return [
            asked?.kind === "key-package" && word.kind === "ok" ? { ...word, packages } : word,
          ];
        },
      };
      const inviting = ana.sealed((rooms) => rooms.invite(ana.room("vault"), "eve"));
      expect(["seal-refused", "frame-malformed"]).toContain(await codeOf(inviting));
    }
    expect((await statusOf(ana)).members).toHaveLength(before);
    ana.liar.lies = {};
    await ana.letsIn(eve, "vault");
    await eve.say("vault", "in");
  });

  test("gives such as are not good yet, or a clock is wrong: one sentence says so", async () => {
    await using world = await SealedSite.open();
    const [ana] = await two(world);
    const eve = await world.join("eve");
    const { site } = world;
    const now = site.skewMs;
    // An honest server gives none that are old, and has none left then.
    for (const days of [-2, -365]) {
      site.skewMs = now + days * 86_400_000;
      const inviting = ana.sealed((rooms) => rooms.invite(ana.room("vault"), "eve"));
      const fault = await inviting.then(
        () => undefined,
        (error) => error,
      );
      expect([days, fault?.code]).toEqual([days, "seal-refused"]);
      expect(fault.message).toContain("this machine's clock or that of its device is wrong");
    }
    site.skewMs = now;
    await ana.letsIn(eve, "vault");
    await eve.say("vault", "in");
    await ana.hears("vault", "in");
  });

  test("gives the same key package to two: the device comes in by itself", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = [await world.join("ana"), await world.join("ben")];
    const eve = await world.join("eve");
    await ana.makes("one");
    await ben.makes("two");
    let packages: unknown;
    const same = {
      tells: (word: Spoken, asked: Spoken | undefined) => {
        if (asked?.kind !== "key-package" || word.kind !== "ok") return [word];
        packages ??= word["packages"];
        return [{ ...word, packages }];
      },
    };
    [ana.liar.lies, ben.liar.lies] = [same, same];
    await ana.letsIn(eve, "one");
    await ana.say("one", "first");
    await eve.hears("one", "first");
    await ben.letsIn(eve, "two");
    await eve.sealed((rooms) => rooms.enter(eve.room("two")));
    await ben.say("two", "second");
    await eve.hears("two", "second");
    await eve.say("two", "I am here");
    await ben.hears("two", "I am here");
  });

  test("gives a device that comes back an old group, or none: it comes in later", async () => {
    await using world = await SealedSite.open();
    const [ana, ben] = await two(world);
    let old: unknown;
    const { made } = await world.wait(ana.client.request("group", { target: "vault" }));
    const eve = await world.join("eve");
    await ana.letsIn(eve, "vault");
    await ben.until("eve", () => ben.records.filter(({ kind }) => kind === "group")[0]);
    const stale = made?.info;
    for (const info of [stale, new Uint8Array(64), new Uint8Array(0)]) {
      old = info;
      ben.liar.lies = {
        tells: (word, asked) => {
          if (asked?.kind !== "group" || word.kind !== "ok") return [word];
          return [{ ...word, made: { ...(word["made"] as object), info: old } }];
        },
      };
      await ben.sealed((rooms) => rooms.enter(ben.room("vault")));
    }
    ben.liar.lies = {};
    await ben.say("vault", "here");
    await ana.hears("vault", "here");
  });
});
