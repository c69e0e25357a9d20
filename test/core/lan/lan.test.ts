import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  LAN_ANNOUNCE_INTERVAL_MS,
  LAN_ANSWER_INTERVAL_MS,
  LAN_ANSWER_SPREAD_MS,
  LAN_CLOCK_SKEW_MS,
  LAN_ECHO_TIMEOUT_MS,
  LAN_FORGET_MS,
  LAN_HIDDEN_INTERVAL_MS,
  LAN_HIDDEN_REPORTED_MAX,
  LAN_LEFT_MAX,
  LAN_LEFT_PER_ADDRESS_MAX,
  LAN_LEFT_PER_KEY_MAX,
  LAN_NAMES_MAX,
  LAN_PEER_TIMEOUT_MS,
  LAN_SENDERS_MAX,
  LAN_SENDERS_PER_ADDRESS_MAX,
  LAN_TEXTS_BURST,
  LAN_TEXTS_PER_SECOND,
} from "../../../src/base/limits.ts";
import { checkName } from "../../../src/base/names.ts";
import { Lan, type LanDatagram, type LanEffect, type LanInput } from "../../../src/core/lan/lan.ts";
import type { Fingerprint } from "../../../src/wire/fingerprint.ts";
import type { LanBody } from "../../../src/wire/lan.ts";
import { fixtureTest } from "../../fixture-test.ts";

const WALL = 1_800_000_000_000;
const keyOf = (letters: string) => letters as Fingerprint;
const ANA = checkName("ana");
const BOB = checkName("bob");

class Room {
  readonly lan: Lan;
  now = 0;

  constructor(chance = 0) {
    this.lan = new Lan({ name: ANA, keyId: keyOf("KA"), session: "sa", chance }, 0);
  }

  do(input: LanInput): LanEffect[] {
    return this.lan.handle(input, this.now, WALL + this.now);
  }

  pass(ms: number): LanEffect[] {
    const until = this.now + ms;
    const effects: LanEffect[] = [];
    for (;;) {
      const due = this.lan.deadline();
      if (due === undefined || due > until) break;
      this.now = Math.max(this.now, due);
      effects.push(...this.do({ kind: "tick" }));
    }
    this.now = until;
    return effects;
  }

  receive(datagram: Partial<LanDatagram> = {}): LanEffect[] {
    const timeUnixMs = WALL + this.now;
    const whole = { ...FROM_BOB, timeUnixMs, ...datagram };
    return this.do({ kind: "datagram", datagram: whole });
  }
}

const HERE: LanBody = { kind: "announce", name: BOB, texts: 0, isLeaving: false };
const FROM_BOB: LanDatagram = {
  address: "192.0.2.7",
  keyId: keyOf("KB"),
  session: "sb",
  sequence: 1,
  timeUnixMs: WALL,
  body: HERE,
};
const text = (body: string, texts: number): LanBody => ({
  kind: "text",
  name: BOB,
  texts,
  text: body,
  isAction: false,
});

const kinds = (effects: readonly LanEffect[]) => effects.map(({ kind }) => kind);
const sent = (effects: readonly LanEffect[]) =>
  effects.flatMap((effect) => (effect.kind === "send" ? [effect.body.kind] : []));
const notices = (effects: readonly LanEffect[]) =>
  effects.flatMap((effect) => (effect.kind === "notice" ? [effect.notice.kind] : []));

const roomTest = fixtureTest(() => new Room());

describe("kind is said", () => {
  roomTest("are numbered and counted", (room) => {
    const query = { kind: "query", name: ANA, texts: 0 };
    const all = [
      ...room.do({ kind: "begin" }),
      ...room.do({ kind: "send-text", text: "one", isAction: false }),
      ...room.do({ kind: "send-text", text: "two", isAction: true }),
      ...room.do({ kind: "end" }),
    ];
    const common = { kind: "send", timeUnixMs: WALL } as const;
    const expected = { kind: "text", name: ANA } as const;
    expect(all).toEqual([
      { ...common, sequence: 1, body: query as LanBody },
      { ...common, sequence: 2, body: { ...expected, texts: 1, text: "one", isAction: false } },
      { ...common, sequence: 3, body: { ...expected, texts: 2, text: "two", isAction: true } },
      { ...common, sequence: 4, body: { kind: "announce", name: ANA, texts: 2, isLeaving: true } },
    ]);
    expect(room.lan.deadline()).toBeUndefined();
  });

  roomTest("are sent in a burst, then at a limited rate", (room) => {
    const sendText = () => room.do({ kind: "send-text", text: "x", isAction: false });
    for (let i = 0; i < LAN_TEXTS_BURST; i++) expect(kinds(sendText())).toEqual(["send"]);
    expect(sendText()).toEqual([{ kind: "wait", retryAfterMs: 1_000 / LAN_TEXTS_PER_SECOND }]);
    room.now += 1_000 / LAN_TEXTS_PER_SECOND;
    expect(kinds(sendText())).toEqual(["send"]);
    expect(kinds(sendText())).toEqual(["wait"]);
  });
});

describe("received texts", () => {
  roomTest("are displayed once despite repetitions over several interfaces", (room) => {
    expect(kinds(room.receive())).toEqual(["join"]);
    expect(kinds(room.receive({ sequence: 2, body: text("hi", 1) }))).toEqual(["text"]);
    for (const address of ["192.0.2.7", "198.51.100.7"]) {
      expect(room.receive({ address, sequence: 2, body: text("hi", 1) })).toEqual([]);
    }
  });

  test("are not displayed again when a conversation is replayed", () => {
    const expected = Array.from({ length: 200 }, (_, i) => ({
      sequence: i + 1,
      words: text(`${i}`, i + 1),
    }));
    fc.assert(
      fc.property(fc.shuffledSubarray(expected, { minLength: 1 }), (replayed) => {
        const room = new Room();
        for (const datagram of expected) room.receive(datagram);
        expect(replayed.flatMap((datagram) => room.receive(datagram))).toEqual([]);
      }),
    );
  });

  roomTest("sent before this session are not displayed when replayed", (room) => {
    const first = room.receive({ sequence: 50, body: text("now", 40) });
    expect(kinds(first)).toEqual(["join", "text"]);
    expect(room.receive({ sequence: 49, body: text("before", 39) })).toEqual([]);
  });

  roomTest("report a gap once, also at the end", (room) => {
    room.receive({ sequence: 1, body: text("1", 1) });
    const gap = room.receive({ sequence: 4, body: text("4", 4) });
    expect(kinds(gap)).toEqual(["gap", "text"]);
    expect(gap[0]).toMatchObject({ missing: 2, from: { name: BOB } });
    const late = room.receive({ sequence: 6, body: { ...HERE, texts: 5 } });
    expect(late).toMatchObject([{ kind: "gap", missing: 1 }]);
    expect(room.receive({ sequence: 7, body: { ...HERE, texts: 5 } })).toEqual([]);
    expect(kinds(room.receive({ sequence: 5, body: text("5", 5) }))).toEqual(["text"]);
  });

  roomTest("drop the program's own datagrams, which prove that multicast works", (room) => {
    room.do({ kind: "begin" });
    const own = { ...FROM_BOB, keyId: keyOf("KA"), session: "sa" };
    expect(room.receive(own)).toEqual([]);
    expect(notices(room.pass(LAN_ECHO_TIMEOUT_MS))).toEqual([]);
    expect(room.lan.peers()).toEqual([]);
  });

  roomTest("report a missing echo once", (room) => {
    room.do({ kind: "begin" });
    expect(notices(room.pass(LAN_ECHO_TIMEOUT_MS - 1))).toEqual([]);
    expect(notices(room.pass(1))).toEqual(["no-echo"]);
    expect(notices(room.pass(10 * LAN_ECHO_TIMEOUT_MS))).toEqual([]);
  });

  roomTest("treat the user's other window as a peer", (room) => {
    const body: LanBody = { ...HERE, name: ANA };
    const joined = room.receive({ keyId: keyOf("KA"), session: "other", body });
    expect(joined).toMatchObject([{ kind: "join", person: { name: ANA, isVerified: true } }]);
  });

  roomTest("report each kind of unreadable datagram once", (room) => {
    const reasons = ["plain", "open", "sealed", "version", "malformed"] as const;
    for (const reason of reasons) {
      expect(notices(room.do({ kind: "unreadable", reason }))).toEqual([reason]);
      expect(room.do({ kind: "unreadable", reason })).toEqual([]);
    }
  });
});

describe("name", () => {
  roomTest("belongs to the first key that uses it, in any spelling", (room) => {
    room.receive();
    const eve = { keyId: keyOf("KE"), session: "se" };
    const body: LanBody = { ...HERE, name: checkName("BOB") };
    expect(room.receive({ ...eve, body })).toMatchObject([
      { kind: "join", person: { name: "BOB", keyId: "KE", isVerified: false } },
    ]);
    expect(room.lan.peers().map(({ keyId, isVerified }) => [keyId, isVerified])).toEqual([
      [keyOf("KE"), false],
      [keyOf("KB"), true],
    ]);
  });

  roomTest("of this user is reported once when another key uses it", (room) => {
    const body: LanBody = { ...HERE, name: ANA };
    const effects = room.receive({ body });
    expect(notices(effects)).toEqual(["taken"]);
    expect(effects.at(-1)).toMatchObject({ kind: "join", person: { isVerified: false } });
    expect(notices(room.receive({ session: "later", body }))).toEqual([]);
  });

  roomTest("stays with its key after the peer has left", (room) => {
    room.receive();
    room.pass(LAN_PEER_TIMEOUT_MS + LAN_FORGET_MS);
    expect(room.lan.sizes.senders).toBe(0);
    const [joined] = room.receive({ keyId: keyOf("KE"), session: "se" });
    expect(room.lan.sizes.senders).toBe(1);
    expect(joined).toMatchObject({ kind: "join", person: { isVerified: false } });
  });

  roomTest("does not change within a session", (room) => {
    room.receive();
    const body: LanBody = { ...text("I am eve", 1), name: checkName("eve") };
    expect(room.receive({ sequence: 2, body })).toEqual([]);
  });
});

describe("presence", () => {
  roomTest("is announced periodically", (room) => {
    room.do({ kind: "begin" });
    expect(sent(room.pass(LAN_ANNOUNCE_INTERVAL_MS - 1))).toEqual([]);
    expect(sent(room.pass(1))).toEqual(["announce"]);
    expect(sent(room.pass(3 * LAN_ANNOUNCE_INTERVAL_MS)).length).toBe(3);
  });

  roomTest("ends by leaving or silence, and begins again", (room) => {
    room.receive();
    const leaving: LanBody = { kind: "announce", name: BOB, texts: 0, isLeaving: true };
    expect(room.receive({ sequence: 2, body: leaving })).toMatchObject([
      { kind: "leave", isSilent: false },
    ]);
    expect(kinds(room.receive({ sequence: 4 }))).toEqual(["join"]);
    expect(room.receive({ sequence: 3, body: leaving })).toEqual([]);
    expect(kinds(room.pass(LAN_PEER_TIMEOUT_MS - 1))).toEqual([]);
    expect(room.pass(1)).toMatchObject([{ kind: "leave", isSilent: true }]);
    expect(room.lan.peers()).toEqual([]);
    expect(kinds(room.receive({ sequence: 5 }))).toEqual(["join"]);
  });

  roomTest("of one person with two windows is reported once", (room) => {
    expect(kinds(room.receive())).toEqual(["join"]);
    expect(room.receive({ session: "sb2" })).toEqual([]);
    const leaving: LanBody = { kind: "announce", name: BOB, texts: 0, isLeaving: true };
    expect(room.receive({ sequence: 2, body: leaving })).toEqual([]);
    expect(kinds(room.receive({ session: "sb2", sequence: 2, body: leaving }))).toEqual(["leave"]);
  });

  test("answers simultaneous queries once, with a random delay", () => {
    const query: LanBody = { kind: "query", name: BOB, texts: 0 };
    const room = new Room(0.5);
    room.do({ kind: "begin" });
    for (let i = 1; i <= 40; i++) room.receive({ sequence: i, body: query });
    const soonest = LAN_ANSWER_INTERVAL_MS + LAN_ANSWER_SPREAD_MS / 2;
    expect(sent(room.pass(soonest - 1))).toEqual([]);
    expect(sent(room.pass(1))).toEqual(["announce"]);
    expect(sent(room.pass(LAN_ANSWER_INTERVAL_MS))).toEqual([]);
    room.receive({ sequence: 50, body: query });
    expect(sent(room.pass(LAN_ANSWER_SPREAD_MS))).toEqual(["announce"]);
  });
});

describe("clock", () => {
  roomTest("that differs too much is reported once, and its texts are dropped", (room) => {
    const wrong = { timeUnixMs: WALL + LAN_CLOCK_SKEW_MS };
    const effects = room.receive(wrong);
    const notice = { kind: "clock", name: BOB, aheadMs: LAN_CLOCK_SKEW_MS } as const;
    expect(effects).toEqual([{ kind: "notice", notice }]);
    expect(room.receive({ ...wrong, sequence: 2 })).toEqual([]);
    expect(kinds(room.receive({ timeUnixMs: WALL - LAN_CLOCK_SKEW_MS + 1 }))).toEqual(["join"]);
  });

  roomTest("limit prevents the replay of a datagram after its sender is forgotten", (room) => {
    const captured = { sequence: 9, timeUnixMs: WALL + LAN_CLOCK_SKEW_MS - 1 };
    room.receive({ ...captured, body: text("pay eve", 1) });
    for (let passed = 0; passed <= LAN_FORGET_MS; passed += 10_000) {
      const again = room.receive({ ...captured, body: text("pay eve", 1) });
      expect(kinds(again)).not.toContain("text");
      room.pass(10_000);
    }
  });
});

describe("flood", () => {
  const forged = (i: number): Partial<LanDatagram> => ({
    address: `10.0.${(i >> 8) & 255}.${i & 255}`,
    keyId: keyOf(`K${i}`),
    session: `s${i}`,
    body: { ...HERE, name: checkName(`fake-${i}`) },
  });

  roomTest(
    "of 10,000 forged senders is limited, reported a few times, and removes nobody",
    (room) => {
      room.receive();
      const effects = Array.from({ length: 10_000 }, (_, i) => room.receive(forged(i))).flat();
      expect(room.lan.sizes.senders).toBe(LAN_SENDERS_MAX);
      expect(notices(effects)).toEqual(Array(LAN_HIDDEN_REPORTED_MAX).fill("crowded"));
      expect(kinds(room.receive({ sequence: 2, body: text("still here", 1) }))).toEqual(["text"]);
      expect(room.receive({ sequence: 2, body: text("still here", 1) })).toEqual([]);
    },
  );

  roomTest("over days stays within the limits of names and clocks", (room) => {
    for (let i = 0; i < 10_000; i++) {
      if (i % LAN_SENDERS_MAX === 0) room.pass(LAN_FORGET_MS);
      room.receive(forged(i));
      room.receive({ ...forged(i), timeUnixMs: 0 });
    }
    const { senders, names, notified } = room.lan.sizes;
    expect(senders).toBeLessThanOrEqual(LAN_SENDERS_MAX);
    expect(names).toBe(LAN_NAMES_MAX);
    expect(notified).toBeLessThanOrEqual(LAN_SENDERS_MAX + 10);
    const other = new Room();
    for (let i = 0; i <= LAN_SENDERS_MAX; i++) other.receive({ ...forged(i), timeUnixMs: 0 });
    expect(other.lan.sizes.notified).toBe(LAN_SENDERS_MAX);
    room.pass(LAN_FORGET_MS);
    expect(room.receive()).toMatchObject([{ kind: "join", person: { isVerified: false } }]);
  });

  roomTest("makes room by forgetting senders whose datagrams can no longer be replayed", (room) => {
    room.receive();
    room.receive({ sequence: 2, body: text("once", 1) });
    room.receive({ sequence: 3, body: { ...HERE, texts: 1, isLeaving: true } as LanBody });
    room.receive(forged(1));
    expect(room.receive({ sequence: 2, body: text("once", 1) })).toEqual([]);
    room.receive({
      ...forged(1),
      sequence: 2,
      body: { ...HERE, name: checkName("fake-1"), isLeaving: true } as LanBody,
    });
    room.now += LAN_FORGET_MS;
    room.receive(forged(2));
    expect(room.lan.sizes.senders).toBe(1);
  });

  roomTest("from one address fills only its share", (room) => {
    const address = "192.0.2.66";
    for (let i = 0; i < 100; i++) room.receive({ ...forged(i), address });
    expect(room.lan.peers().length).toBe(LAN_SENDERS_PER_ADDRESS_MAX);
    expect(kinds(room.receive())).toEqual(["join"]);
  });

  roomTest("of sessions that left is limited per address, per key and in total", (room) => {
    const leaving: LanBody = { ...HERE, isLeaving: true } as LanBody;
    for (let i = 0; i < 2_000; i++) room.receive({ session: `s${i}`, body: leaving });
    expect(room.lan.sizes.senders).toBe(LAN_LEFT_PER_KEY_MAX);
    const address = "192.0.2.66";
    for (let i = 0; i < 2_000; i++) room.receive({ ...forged(i), address, body: leaving });
    expect(room.lan.sizes.senders).toBe(LAN_LEFT_PER_KEY_MAX + LAN_LEFT_PER_ADDRESS_MAX);
    for (let i = 0; i < 5_000; i++) room.receive({ ...forged(i), body: leaving });
    expect(room.lan.sizes.senders).toBe(LAN_LEFT_MAX);
    room.pass(LAN_FORGET_MS);
    expect(kinds(room.receive())).toEqual(["join"]);
  });

  roomTest("hides users by name, and reports them again after a while", (room) => {
    for (let i = 0; i < LAN_SENDERS_MAX; i++) room.receive(forged(i));
    const crowded = [{ kind: "notice", notice: { kind: "crowded", name: BOB } }];
    expect(room.receive()).toEqual(crowded as LanEffect[]);
    expect(room.receive({ sequence: 2 })).toEqual([]);
    room.pass(LAN_HIDDEN_INTERVAL_MS);
    expect(room.receive({ sequence: 3 })).toEqual(crowded as LanEffect[]);
  });
});

describe("a script that sends one line per session", () => {
  function run(room: Room, i: number, isCut = false): LanEffect[] {
    const session = `run ${i}`;
    const leaving: LanBody = { kind: "announce", name: BOB, texts: 1, isLeaving: true };
    return [
      ...room.receive({ session, body: { kind: "query", name: BOB, texts: 0 } }),
      ...room.receive({ session, sequence: 2, body: text(`step ${i}`, 1) }),
      ...(isCut ? [] : room.receive({ session, sequence: 3, body: leaving })),
    ];
  }
  const visit: LanEffect["kind"][] = ["join", "text", "leave"];

  test.each([
    ["every minute for a day", 60_000, 24 * 60],
    ["every second for ten minutes", 1_000, 600],
  ])("%s is read completely", (_, intervalMs, runs) => {
    const room = new Room();
    for (let i = 0; i < runs; i++) {
      expect(kinds(run(room, i))).toEqual(visit);
      room.pass(intervalMs);
    }
    expect(kinds(room.receive({ session: "stays" }))).toEqual(["join"]);
  });

  roomTest("is read completely if each session ends without a farewell", (room) => {
    const texts: string[] = [];
    for (let i = 0; i < 60; i++) {
      for (const effect of run(room, i, true)) {
        expect(effect.kind).not.toBe("notice");
        if (effect.kind === "text") texts.push(effect.text);
      }
      room.pass(1_000);
    }
    expect(texts.length).toBe(60);
    expect(room.lan.peers().length).toBe(1);
  });
});
