import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { concatBytes } from "../../../src/base/bytes.ts";
import { Fault, msg } from "../../../src/base/fault.ts";
import {
  CHUNK_BYTES,
  EARLY_REQUESTS_BYTES_MAX,
  EARLY_REQUESTS_MAX,
  FAULT_TEXT_BYTES_MAX,
  HELLO_TIMEOUT_MS,
  IDLE_TIMEOUT_MS,
  LOGIN_TIMEOUT_MS,
  MESSAGE_BEFORE_LOGIN_BYTES_MAX,
  MESSAGE_BYTES_MAX,
  PING_INTERVAL_MS,
  REQUESTS_IN_FLIGHT_MAX,
  TEMPLATE_BYTES_MAX,
  TEMPLATE_VALUE_BYTES_MAX,
  TEMPLATE_VALUES_MAX,
  UDP_IDLE_TIMEOUT_MS,
  UDP_PING_INTERVAL_MS,
} from "../../../src/base/limits.ts";
import type { Role } from "../../../src/core/session/phase.ts";
import { FAST_HEARTBEAT, Session, type SessionEffect } from "../../../src/core/session/session.ts";
import { decode, encode, type Outgoing } from "../../../src/wire/codec.ts";
import type { Message, NoticeOf, RequestKind } from "../../../src/wire/messages.ts";
import { fixtureTest } from "../../fixture-test.ts";
import { sampleSize } from "../../samples.ts";

const BYTES = new Uint8Array(32).fill(1);
const SIGNATURE = new Uint8Array(64).fill(1);
const HELLO: NoticeOf<"hello"> = { kind: "hello", versions: [3], client: "test", nonce: BYTES };
const WELCOME: NoticeOf<"welcome"> = {
  kind: "welcome",
  version: 3,
  server: { name: "srv", key: BYTES },
  nonce: BYTES,
  certificate: BYTES,
  proof: SIGNATURE,
  needs: "open",
  limits: { messageBytes: 1, textBytes: 1 },
};
const LOGIN = { user: "ana", deviceKey: BYTES, signature: SIGNATURE };
const ACCOUNT = { account: "u1", user: "ana", seq: 0 };

class Pair {
  readonly client = new Session("client", 0);
  readonly server = new Session("server", 0);
  readonly got: Record<Role, SessionEffect[]> = { client: [], server: [] };
  now = 0;

  at(role: Role, effects: readonly SessionEffect[]): void {
    const other = role === "client" ? "server" : "client";
    for (const effect of effects) {
      if (effect.kind === "transmit") {
        this.at(other, this[other].receive(effect.bytes, this.now));
      } else this.got[role].push(effect);
    }
  }

  greet(): this {
    this.at("client", this.client.notify(HELLO));
    this.at("server", this.server.notify(WELCOME));
    return this;
  }

  logIn(): this {
    const { ref, effects } = this.client.request("login", LOGIN);
    this.at("client", effects);
    this.at("server", this.server.answer<"login">(ref, ACCOUNT));
    this.got.client.length = 0;
    this.got.server.length = 0;
    return this;
  }

  kinds(role: Role): string[] {
    return this.got[role].map((effect) => effect.kind);
  }

  closing(role: Role): string | undefined {
    const last = this.got[role].at(-1);
    return last?.kind === "close" ? (last.fault?.code ?? "orderly") : undefined;
  }
}

const sessionTest = fixtureTest(() => new Pair().greet().logIn());

describe("session", () => {
  sessionTest("refuses a request if the answer exceeds a message", (pair) => {
    const { ref, effects } = pair.client.request("bans", {});
    pair.at("client", effects);
    const bans = Array.from({ length: 2_000 }, () => ({ user: "eve", reason: "r".repeat(512) }));
    pair.at("server", pair.server.answer<"bans">(ref, { bans }));
    const refused = pair.got.client.at(-1);
    expect(refused?.kind === "refused" ? refused.fault.code : refused).toBe("too-large");
    expect([pair.client.openRequests, pair.server.openRequests]).toEqual([0, 0]);
    const again = pair.client.request("bans", {});
    pair.at("client", again.effects);
    pair.at("server", pair.server.answer<"bans">(again.ref, { bans: [] }));
    expect(pair.kinds("client").at(-1)).toBe("answered");
  });

  sessionTest("sends no request that exceeds a message", (pair) => {
    const topic = "t".repeat(MESSAGE_BYTES_MAX);
    const { effects } = pair.client.request("topic", { room: "lobby", topic });
    expect(effects).toMatchObject([{ kind: "refused", fault: { code: "too-large" } }]);
    expect(pair.client.openRequests).toBe(0);
  });

  describe("requests behind a log-in", () => {
    const request = (pair: Pair, kind: "login" | "rooms") => {
      const { ref, effects } = pair.client.request(kind, kind === "login" ? LOGIN : {});
      pair.at("client", effects);
      return ref;
    };
    const codes = (pair: Pair) =>
      pair.got.client.flatMap((effect) => (effect.kind === "refused" ? [effect.fault.code] : []));

    test("are handled after it has succeeded, and refused if it failed", () => {
      for (const outcome of ["in", "out"] as const) {
        const pair = new Pair().greet();
        const ref = request(pair, "login");
        request(pair, "rooms");
        expect([pair.kinds("server"), codes(pair)]).toEqual([["notice", "request"], []]);
        expect(pair.server.handleEarlyRequests()).toEqual([]);
        request(pair, "rooms");
        const refused = () => pair.server.refuse(ref, new Fault("login-refused", "no"));
        pair.at("server", outcome === "in" ? pair.server.answer<"login">(ref, ACCOUNT) : refused());
        expect(pair.server.hasEarlyRequests).toBe(true);
        pair.at("server", pair.server.handleEarlyRequests());
        const handled = pair.kinds("server").slice(2);
        expect(handled).toEqual(outcome === "in" ? ["request", "request"] : []);
        const refusals = ["login-refused", "not-logged-in", "not-logged-in"] as const;
        expect(codes(pair)).toEqual(outcome === "in" ? [] : [...refusals]);
      }
    });

    test("are at most EARLY_REQUESTS_MAX", () => {
      const pair = new Pair().greet();
      request(pair, "login");
      for (let i = 0; i < EARLY_REQUESTS_MAX; i++) request(pair, "rooms");
      expect(codes(pair)).toEqual([]);
      request(pair, "rooms");
      expect(codes(pair)).toEqual(["not-logged-in"]);
    });

    test("have at most EARLY_REQUESTS_BYTES_MAX in total", () => {
      const pair = new Pair().greet();
      request(pair, "login");
      let sentBytes = 0;
      const post = (sizeBytes: number) => {
        const text = "x".repeat(sizeBytes);
        const fields = { outbox: "AAAAAAAAAAA", counter: 1, to: "lobby", body: { text } };
        const { effects } = pair.client.request("post", fields);
        for (const effect of effects) {
          if (effect.kind === "transmit") sentBytes += effect.bytes.length;
        }
        pair.at("client", effects);
      };
      for (let i = 0; i < 3; i++) post(8_000);
      const overhead = sentBytes / 3 - 8_000;
      post(EARLY_REQUESTS_BYTES_MAX - sentBytes - overhead - 600);
      expect([codes(pair), EARLY_REQUESTS_BYTES_MAX - sentBytes]).toEqual([[], 600]);
      post(600 - overhead + 1);
      expect(codes(pair)).toEqual(["not-logged-in"]);
      post(600 - overhead);
      expect(codes(pair)).toEqual(["not-logged-in"]);
    });
  });

  test("greets, logs in, answers and logs out", () => {
    const pair = new Pair().greet();
    expect(pair.kinds("server")).toEqual(["notice"]);
    expect(pair.kinds("client")).toEqual(["notice"]);
    expect([pair.client.phase, pair.server.phase]).toEqual(["entering", "entering"]);
    pair.logIn();
    expect([pair.client.phase, pair.server.phase]).toEqual(["member", "member"]);
    const { ref, effects } = pair.client.request("logout", {});
    expect(ref).toBe(2);
    pair.at("client", effects);
    expect(pair.got.server).toMatchObject([{ kind: "request", request: { kind: "logout", ref } }]);
    pair.at("server", pair.server.answer<"logout">(ref, {}));
    expect(pair.got.client).toMatchObject([{ kind: "answered", ref, reply: { kind: "logout" } }]);
    expect([pair.client.phase, pair.server.phase]).toEqual(["entering", "entering"]);
  });

  test("refuses a request in the wrong phase and continues", () => {
    const pair = new Pair().greet();
    pair.at("client", pair.client.request("rooms", {}).effects);
    expect(pair.got.client.at(-1)).toMatchObject({
      kind: "refused",
      fault: { code: "not-logged-in" },
    });
    pair.logIn();
    pair.at("client", pair.client.request("login", LOGIN).effects);
    expect(pair.got.client.at(-1)).toMatchObject({ fault: { code: "already-logged-in" } });
    expect(pair.client.phase).toBe("member");
  });

  test("closes on any message before hello", () => {
    const pair = new Pair();
    pair.at("client", pair.client.request("login", LOGIN).effects);
    expect(pair.closing("server")).toBe("out-of-order");
    expect(pair.closing("client")).toBe("out-of-order");
    expect(pair.kinds("client")).toEqual(["refused", "close"]);
  });

  test("drops late records after a log-out and before a log-in", () => {
    const pair = new Pair().greet();
    pair.got.client.length = 0;
    pair.at("server", pair.server.notify({ kind: "caught-up", seq: 1 }));
    expect(pair.kinds("client")).toEqual([]);
    expect(pair.client.phase).toBe("entering");
  });

  sessionTest("reports the reason when closing, and refuses open requests with it", (pair) => {
    pair.at("client", pair.client.request("rooms", {}).effects);
    pair.at("server", pair.server.close(new Fault("banned", "out", { retryAfterMs: 5 })));
    expect(pair.got.client).toMatchObject([
      { kind: "refused", fault: { code: "banned", retryAfterMs: 5 } },
      { kind: "close", fault: { code: "banned" } },
    ]);
    expect(pair.server.close(undefined)).toEqual([]);
    expect(pair.client.linkClosed(undefined)).toEqual([]);
    expect(pair.client.receive(encode({ kind: "ping" }), 1)).toEqual([]);
  });

  test("keeps a forwarded message within its limit", () => {
    const notice = { code: "moon-full".padEnd(64, "!"), message: "x".repeat(FAULT_TEXT_BYTES_MAX) };
    const { server } = new Pair().greet();
    const [close] = server.receive(encode({ kind: "bye", ...notice } as NoticeOf<"bye">), 0);
    if (close?.kind !== "close") throw new Error("it goes on");
    expect(close.fault?.message).toHaveLength(FAULT_TEXT_BYTES_MAX);
    expect(close.fault?.message).toEndWith(`x (${notice.code})`);
  });

  test("cuts its own messages to the limit between characters", () => {
    const long = "\u{1f600}".repeat(FAULT_TEXT_BYTES_MAX);
    const [bye] = new Session("server", 0).close(new Fault("usage", long, { remedy: long }));
    if (bye?.kind !== "transmit") throw new Error("nothing was said");
    const incoming = decode(bye.bytes);
    const cut = "\u{1f600}".repeat(FAULT_TEXT_BYTES_MAX / 4);
    expect(incoming).toMatchObject({ message: { kind: "bye", message: cut, remedy: cut } });
  });

  test("sends a fault with its template, and cuts long values", () => {
    const pair = new Pair().greet();
    const { ref, effects } = pair.client.request("login", LOGIN);
    pair.at("client", effects);
    const long = "b".repeat(TEMPLATE_VALUE_BYTES_MAX + 1);
    const fault = new Fault("name-invalid", msg`${"\ud83d"} is not ${long}`, {
      remedy: msg`use ${1}`,
    });
    pair.at("server", pair.server.refuse(ref, fault));
    const refused = pair.got.client.at(-1);
    if (refused?.kind !== "refused") throw new Error("not refused");
    expect(refused.fault.message).toBe(`\ufffd is not ${long}`);
    expect(refused.fault.translatable).toMatchObject({
      message: { template: "{} is not {}", values: ["\ufffd", long.slice(1)] },
      remedy: { template: "use {}", values: ["1"] },
    });
  });

  test("omits a template that exceeds the limits", () => {
    const template = "é".repeat(TEMPLATE_BYTES_MAX / 2);
    const values = Array<string>(TEMPLATE_VALUES_MAX).fill("a");
    for (const [text, isSent] of [
      [{ template, values }, true],
      [{ template: `${template}x`, values }, false],
      [{ template, values: [...values, "a"] }, false],
    ] as const) {
      const fault = new Fault("usage", { ...text, text: "no" }, { remedy: { ...text, text: "" } });
      const [bye] = sent(new Session("server", 0).close(fault));
      expect(bye).toMatchObject({ kind: "bye", message: "no" });
      expect(["template" in (bye ?? {}), "remedyTemplate" in (bye ?? {})]).toEqual([
        isSent,
        isSent,
      ]);
    }
  });

  test.each([
    ["kept", "as many values as names", ["1", "{}"]],
    ["ignored", "too few values", ["1"]],
    ["ignored", "too many values", ["1", "2", "3"]],
    ["ignored", "no values", []],
    ["frame-malformed", "10,000 values", Array(10_000).fill("x")],
    ["too-large", "a value that is too long", ["1", "x".repeat(TEMPLATE_VALUE_BYTES_MAX + 1)]],
    ["frame-malformed", "a value that is no text", ["1", { a: 1 }]],
  ])("is %s for a template with %s", (outcome, _, values) => {
    const template = { text: "{} {}", values };
    const bye = { kind: "bye", code: "banned", message: "out", template, remedyTemplate: template };
    const { client } = new Pair().greet();
    const last = client.receive(encode(bye as unknown as Outgoing), 0).at(-1);
    const fault = last?.kind === "close" ? last.fault : undefined;
    const read = fault?.code === "banned" ? (fault.translatable.message?.values ?? "ignored") : "";
    expect(read).toEqual(outcome === "kept" ? values : outcome === "ignored" ? outcome : "");
    expect(fault?.code ?? "").toBe(read === "" ? outcome : "banned");
  });

  test("keeps the code of a later version in the message", () => {
    const pair = new Pair().greet();
    const bye = { kind: "bye", code: "moon-full", message: "not today" } as const;
    pair.at("client", pair.client.receive(encode(bye), 0));
    expect(pair.got.client.at(-1)).toMatchObject({
      fault: { code: "internal", message: "not today (moon-full)" },
    });
  });

  test("closes on an answer that does not match a request", () => {
    for (const answer of [
      { kind: "ok", ref: 1, rooms: 5, more: false },
      { kind: "ok", ref: 99 },
      { kind: "fault", ref: 99, code: "banned", message: "?" },
    ]) {
      const pair = new Pair().greet().logIn();
      const { ref, effects } = pair.client.request("rooms", {});
      pair.at("client", effects);
      const whole = { ...answer, ref: answer.ref === 1 ? ref : answer.ref };
      pair.at("client", pair.client.receive(encode(whole as unknown as Outgoing), 0));
      expect(pair.client.phase).toBe("closed");
    }
    const fault = encode({ kind: "fault", code: "banned", message: "?" });
    expect(closing(session("server", "member").receive(fault, 0))).toBe("out-of-order");
  });

  test("answers an unknown request after the greeting", () => {
    const request = encode({ kind: "teleport", ref: 3 } as unknown as Outgoing);
    const pair = new Pair().greet();
    expect(pair.server.receive(request, 0)).toMatchObject([{ kind: "transmit" }]);
    expect(pair.server.phase).toBe("entering");
    for (const end of [new Session("server", 0), pair.client]) {
      expect(end.receive(request, 0).at(-1)).toMatchObject({
        kind: "close",
        fault: { code: "kind-unknown" },
      });
    }
  });

  sessionTest("limits unanswered requests", (pair) => {
    for (let i = 0; i < REQUESTS_IN_FLIGHT_MAX; i++) {
      pair.at("client", pair.client.request("rooms", {}).effects);
    }
    expect(pair.server.openRequests).toBe(REQUESTS_IN_FLIGHT_MAX);
    const { effects } = pair.client.request("rooms", {});
    expect(effects).toMatchObject([{ kind: "refused", fault: { code: "too-many" } }]);
    const beyond = pair.server.receive(encode({ kind: "rooms", ref: 9_999 }), 0);
    expect(sent(beyond)).toMatchObject([{ kind: "fault", ref: 9_999, code: "too-many" }]);
  });

  test("limits messages of unauthenticated clients", () => {
    const pair = new Pair().greet();
    const register = { kind: "admit", ref: 1, secret: "x" } as const;
    const size = encode(register).length;
    const wide = (sizeBytes: number) => {
      const fill = "y".repeat(sizeBytes - size - 7 + 1);
      return encode({ ...register, fill } as unknown as Outgoing);
    };
    const fits = wide(MESSAGE_BEFORE_LOGIN_BYTES_MAX - 8);
    expect(fits.length).toBeLessThanOrEqual(MESSAGE_BEFORE_LOGIN_BYTES_MAX);
    pair.at("server", pair.server.receive(fits, 0));
    expect(pair.server.phase).toBe("entering");
    pair.at("server", pair.server.receive(wide(MESSAGE_BEFORE_LOGIN_BYTES_MAX + 8), 0));
    expect(pair.closing("server")).toBe("too-large");
  });
});

describe("timeouts", () => {
  sessionTest("ping an idle peer and close without an answer", ({ client }) => {
    expect(client.deadline()).toBe(PING_INTERVAL_MS);
    expect(client.tick(PING_INTERVAL_MS - 1)).toEqual([]);
    expect(client.tick(PING_INTERVAL_MS)).toMatchObject([{ kind: "transmit" }]);
    expect(client.tick(2 * PING_INTERVAL_MS)).toMatchObject([{ kind: "transmit" }]);
    expect(client.deadline()).toBe(IDLE_TIMEOUT_MS);
    const effects = client.tick(IDLE_TIMEOUT_MS);
    expect(effects.at(-1)).toMatchObject({ kind: "close", fault: { code: "timeout" } });
    expect(client.deadline()).toBeUndefined();
  });

  sessionTest("keep an idle pair alive with pings", (pair) => {
    for (let i = 0; i < 100; i++) {
      pair.now = Math.min(pair.client.deadline() ?? 0, pair.server.deadline() ?? 0);
      for (const role of ["client", "server"] as const) pair.at(role, pair[role].tick(pair.now));
    }
    expect(pair.now).toBeGreaterThan(10 * IDLE_TIMEOUT_MS);
    expect(pair.client.phase).toBe("member");
  });

  test("close clients that do not greet or log in in time", () => {
    const mute = new Session("server", 0);
    expect(mute.deadline()).toBe(HELLO_TIMEOUT_MS);
    expect(mute.tick(HELLO_TIMEOUT_MS).at(-1)).toMatchObject({ fault: { code: "timeout" } });
    const pair = new Pair().greet();
    pair.now = LOGIN_TIMEOUT_MS - 1;
    pair.at("server", pair.server.receive(encode({ kind: "ping" }), pair.now));
    expect(pair.server.phase).toBe("entering");
    expect(pair.server.deadline()).toBe(LOGIN_TIMEOUT_MS);
    pair.at("server", pair.server.tick(LOGIN_TIMEOUT_MS));
    expect(pair.closing("client")).toBe("timeout");
  });

  const reached = {
    greeting: () => new Pair(),
    entering: () => new Pair().greet(),
    member: () => new Pair().greet().logIn(),
  };
  function movesOn(session: Session): void {
    for (let i = 0; i < 10 && session.phase !== "closed"; i++) {
      const deadline = session.deadline() ?? Number.NaN;
      session.tick(deadline);
      expect(session.deadline() ?? Number.POSITIVE_INFINITY).toBeGreaterThan(deadline);
    }
    expect(session.phase).toBe("closed");
  }
  test("move the deadline at each tick in every phase of a server", () => {
    for (const pair of Object.values(reached)) movesOn(pair().server);
  });
  test("move the deadline at each tick in every phase of a client", () => {
    for (const pair of Object.values(reached)) movesOn(pair().client);
  });
});

describe("any bytes", () => {
  const anyMessage = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc
      .record(
        {
          kind: fc.constantFrom("hello", "welcome", "ok", "fault", "bye", "login", "post", "x"),
          ref: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.string()),
          code: fc.constantFrom("banned", "?"),
          message: fc.string(),
          nonce: fc.constant(BYTES),
          versions: fc.array(fc.integer()),
          client: fc.string(),
        },
        { requiredKeys: ["kind"] },
      )
      .map((message) => encode(message as unknown as Outgoing)),
  );

  test.each(["client", "server"] as const)(
    "a %s closes or continues on any input, and never throws",
    (role) =>
      fc.assert(
        fc.property(
          fc.constantFrom("greeting", "entering", "member"),
          fc.array(anyMessage, { maxLength: 8 }),
          (phase, messages) => {
            const pair = new Pair();
            if (phase !== "greeting") pair.greet();
            if (phase === "member") pair.logIn();
            const session = pair[role];
            const effects = messages.flatMap((message) => session.receive(message, 0));
            const closes = effects.filter((effect) => effect.kind === "close");
            expect(closes.length).toBe(session.phase === "closed" ? 1 : 0);
            if (closes.length > 0) expect(effects.at(-1)?.kind).toBe("close");
          },
        ),
        { numRuns: sampleSize(1_000, 5_000) },
      ),
  );
});

describe("round-trip time", () => {
  sessionTest("is measured from ping to pong", (pair) => {
    expect(pair.server.roundTripMs).toBeUndefined();
    const [ping] = pair.server.probe(1_000, 2_000);
    expect(ping?.kind).toBe("transmit");
    expect(pair.server.roundTripMs).toBeUndefined();
    pair.now = 1_030;
    pair.at("server", ping === undefined ? [] : [ping]);
    expect(pair.server.roundTripMs).toBe(30);
    pair.now = 5_000;
    pair.at("client", pair.client.notify({ kind: "pong" }));
    expect(pair.server.roundTripMs).toBe(30);
  });

  test("is measured at most once per interval, and only after the greeting", () => {
    const pair = new Pair();
    expect(pair.server.probe(0, 2_000)).toEqual([]);
    pair.greet().logIn();
    expect(pair.server.probe(1_000, 2_000)).toHaveLength(1);
    expect(pair.server.probe(2_999, 2_000)).toHaveLength(0);
    expect(pair.server.probe(3_000, 2_000)).toHaveLength(1);
  });
});

const FILE = "f1234567890a";
const CHUNK: NoticeOf<"chunk"> = {
  kind: "chunk",
  file: FILE,
  index: 0,
  sha256: BYTES,
  bytes: new Uint8Array(CHUNK_BYTES),
};
const NOTICES_OF: Record<Role, readonly Outgoing[]> = {
  client: [CHUNK, { kind: "ack", file: FILE, index: 0 }],
  server: [
    CHUNK,
    { kind: "ack", file: FILE, index: 0 },
    { kind: "durable", file: FILE, upTo: 1 },
    { kind: "held", file: FILE, where: "sender" },
    { kind: "prefix", file: FILE, chunks: 1, digest: BYTES },
    { kind: "end", file: FILE, size: 1, chunks: 1, digest: BYTES },
  ],
};
const REQUESTS_OF = {
  offer: { file: FILE, to: ["lobby"], name: "a.txt" },
  finish: { file: FILE, size: 1, chunks: 1, digest: BYTES },
  withdraw: { file: FILE },
  fetch: { file: FILE, from: 0, window: CHUNK_BYTES },
  got: { file: FILE },
} as const;

function sent(effects: readonly SessionEffect[]): Message[] {
  return effects.flatMap((effect) => {
    if (effect.kind !== "transmit") return [];
    const incoming = decode(concatBytes(effect.bytes, effect.tail ?? new Uint8Array(0)));
    return incoming.kind === "message" ? [incoming.message] : [];
  });
}

type Reached = "entering" | "member" | "lane";

function session(role: Role, phase: Reached): Session {
  const one = new Session(role, 0);
  if (role === "server") {
    one.receive(encode(HELLO), 0);
    one.notify(WELCOME);
    if (phase === "entering") return one;
    const entry = { kind: phase === "lane" ? "lane" : "login", ref: 1, ...entryFields(phase) };
    one.receive(encode(entry as Outgoing), 0);
    if (phase === "lane") one.answer<"lane">(1, {});
    else one.answer<"login">(1, { account: "u", user: "ana", seq: 0 });
    return one;
  }
  one.notify(HELLO);
  one.receive(encode(WELCOME), 0);
  if (phase === "entering") return one;
  const kind = phase === "lane" ? "lane" : "login";
  const { ref } = one.request(kind, entryFields(phase) as never);
  one.receive(encode({ kind: "ok", ref, account: "u", user: "ana", seq: 0 } as Outgoing), 0);
  return one;
}

function entryFields(phase: Reached): object {
  return phase === "lane" ? { ticket: "t" } : { user: "ana", deviceKey: BYTES };
}

const closing = (effects: readonly SessionEffect[]) => {
  const last = effects.at(-1);
  return last?.kind === "close" ? last.fault?.code : undefined;
};

function entering() {
  const one = session("server", "entering");
  return { one, hear: (message: Outgoing) => one.receive(encode(message), 0) };
}

const login = (ref: number) => ({ kind: "login", ref, user: "ana", deviceKey: BYTES }) as const;
const register = (ref: number) =>
  ({
    kind: "register",
    ref,
    user: "ana",
    deviceKey: BYTES,
    accountKey: BYTES,
    deviceCert: BYTES,
  }) as const;

describe("log-in phase", () => {
  test("allows one log-in at a time, and a retry after a refusal", () => {
    const { one, hear } = entering();
    expect(hear(login(1)).map(({ kind }) => kind)).toEqual(["request"]);
    for (const second of [login(2), register(3)]) {
      expect(sent(hear(second))).toMatchObject([{ kind: "fault", code: "too-many" }]);
    }
    expect(hear({ kind: "admit", ref: 4, secret: "x" }).map(({ kind }) => kind)).toEqual([
      "request",
    ]);
    one.refuse(1, new Fault("login-refused", "no"));
    expect(hear(register(5)).map(({ kind }) => kind)).toEqual(["request"]);
    one.answer<"register">(5, { account: "u", user: "ana", seq: 0 });
    expect(one.phase).toBe("member");
  });

  test("rejects a ref in use, also in a malformed request", () => {
    for (const body of [
      { kind: "admit", ref: 1, secret: "x" },
      { kind: "login", ref: 1 },
      { kind: "teleport", ref: 1 },
    ]) {
      const { one, hear } = entering();
      hear(login(1));
      const effects = one.receive(encode(body as unknown as Outgoing), 0);
      expect(sent(effects)).toMatchObject([{ kind: "bye", code: "out-of-order" }]);
      expect(effects.at(-1)).toMatchObject({ kind: "close" });
    }
  });
});

test("quotes text cut in the middle of a character as valid text", () => {
  const { one, hear } = entering();
  hear(login(1));
  const [answer] = sent(one.refuse(1, new Fault("name-invalid", "'x\ud83d' is no name")));
  expect(answer).toMatchObject({ kind: "fault", message: "'x\ufffd' is no name" });
  const [bye] = sent(one.close(new Fault("internal", "\udc00", { remedy: "\ud800" })));
  expect(bye).toMatchObject({ kind: "bye", message: "\ufffd", remedy: "\ufffd" });
});

describe("data channel", () => {
  test("allows one request at a time, and none after the first", () => {
    const server = session("server", "entering");
    server.receive(encode({ kind: "lane", ref: 4, ticket: "x" }), 0);
    const second = server.receive(encode({ kind: "lane", ref: 5, ticket: "y" }), 0);
    expect(sent(second)).toMatchObject([{ kind: "fault", ref: 5, code: "too-many" }]);
    for (const phase of ["member", "lane"] as const) {
      const inside = session("server", phase);
      const effects = inside.receive(encode({ kind: "lane", ref: 9, ticket: "x" }), 0);
      expect(sent(effects)).toMatchObject([{ kind: "fault", ref: 9, code: "already-logged-in" }]);
      expect(inside.phase).toBe(phase);
    }
  });

  test.each(Object.keys(REQUESTS_OF) as (keyof typeof REQUESTS_OF)[])("accepts %s", (kind) => {
    const message = encode({ kind, ref: 8, ...REQUESTS_OF[kind] } as Outgoing);
    const [effect] = session("server", "lane").receive(message, 0);
    expect(effect).toMatchObject({ kind: "request", request: { kind } });
    for (const [phase, fault] of [
      ["entering", { code: "not-logged-in" }],
      ["member", { message: `unexpected ${kind} without a data channel` }],
    ] as const) {
      const server = session("server", phase);
      expect(sent(server.receive(message, 0))).toMatchObject([{ kind: "fault", ref: 8, ...fault }]);
      expect(server.phase).toBe(phase);
    }
  });

  test.each(["post", "history", "ticket", "logout", "join"] as RequestKind[])(
    "rejects %s",
    (kind) => {
      const fields = {
        post: { outbox: "o", counter: 1, to: "lobby", body: { text: "x" } },
        history: { limit: 1 },
        join: { room: "lobby" },
      } as Partial<Record<RequestKind, object>>;
      const server = session("server", "lane");
      const effects = server.receive(encode({ kind, ref: 8, ...fields[kind] } as Outgoing), 0);
      expect(sent(effects)).toMatchObject([{ kind: "fault", ref: 8, code: "out-of-order" }]);
      expect(server.phase).toBe("lane");
    },
  );

  test("sends a chunk's content without copying it", () => {
    for (const role of ["client", "server"] as const) {
      const effects = session(role, "lane").notify(CHUNK);
      expect(effects.map((effect) => effect.kind === "transmit" && effect.tail)).toEqual([
        CHUNK.bytes,
      ]);
      expect(sent(effects)).toEqual([CHUNK]);
    }
  });

  test("allows transfer messages only in their direction", () => {
    for (const role of ["client", "server"] as const) {
      const other = role === "client" ? "server" : "client";
      for (const notice of NOTICES_OF[other]) {
        const [effect] = session(role, "lane").receive(encode(notice), 0);
        expect(effect).toMatchObject({ kind: "notice", notice: { kind: notice.kind } });
      }
    }
    for (const notice of NOTICES_OF.server.slice(2)) {
      expect(closing(session("server", "lane").receive(encode(notice), 0))).toBe("out-of-order");
    }
  });

  test("keeps transfers off the main link and records off data channels", () => {
    for (const role of ["client", "server"] as const) {
      const other = role === "client" ? "server" : "client";
      for (const notice of NOTICES_OF[other]) {
        expect(closing(session(role, "member").receive(encode(notice), 0))).toBe("out-of-order");
      }
    }
    const offered: Outgoing = { kind: "offered", room: "r", file: FILE, from: "ana", name: "a" };
    expect(session("client", "member").receive(encode(offered), 0)).toMatchObject([
      { kind: "notice", notice: offered },
    ]);
    for (const notice of [offered, { kind: "caught-up", seq: 1 } as const]) {
      expect(closing(session("client", "lane").receive(encode(notice), 0))).toBe("out-of-order");
    }
  });
});

describe("session on a link that does not report a lost peer", () => {
  function member(): Session {
    const client = new Session("client", 0, FAST_HEARTBEAT);
    client.receive(encode(WELCOME), 0);
    return client;
  }

  test("has a separate timeout for the greeting", () => {
    const client = new Session("client", 0, FAST_HEARTBEAT);
    expect(client.deadline()).toBeGreaterThan(HELLO_TIMEOUT_MS);
  });

  test("sends a ping after UDP_PING_INTERVAL_MS and closes after UDP_IDLE_TIMEOUT_MS", () => {
    const client = member();
    expect(client.deadline()).toBe(UDP_PING_INTERVAL_MS);
    expect(client.tick(UDP_PING_INTERVAL_MS - 1)).toEqual([]);
    expect(client.tick(UDP_PING_INTERVAL_MS)).toMatchObject([{ kind: "transmit" }]);
    expect(client.deadline()).toBe(UDP_IDLE_TIMEOUT_MS);
    expect(client.tick(UDP_IDLE_TIMEOUT_MS - 1)).toEqual([]);
    const effects = client.tick(UDP_IDLE_TIMEOUT_MS);
    expect(effects.at(-1)).toMatchObject({ kind: "close", fault: { code: "timeout" } });
  });

  test("postpones the timeout when data arrives", () => {
    const client = member();
    client.tick(UDP_PING_INTERVAL_MS, true);
    expect(client.deadline()).toBe(UDP_IDLE_TIMEOUT_MS);
    expect(client.tick(UDP_IDLE_TIMEOUT_MS, true)).toEqual([]);
    expect(client.deadline()).toBe(UDP_IDLE_TIMEOUT_MS + UDP_PING_INTERVAL_MS);
    client.tick(UDP_IDLE_TIMEOUT_MS + UDP_PING_INTERVAL_MS);
    expect(client.tick(2 * UDP_IDLE_TIMEOUT_MS).at(-1)).toMatchObject({ kind: "close" });
  });

  test("sends a ping before closing after a sleep", () => {
    const client = member();
    const woke = 100 * UDP_IDLE_TIMEOUT_MS;
    expect(client.tick(woke)).toMatchObject([{ kind: "transmit" }]);
    expect(client.deadline()).toBe(woke + UDP_IDLE_TIMEOUT_MS - UDP_PING_INTERVAL_MS);
    client.receive(encode({ kind: "pong" }), woke);
    expect(client.deadline()).toBe(woke + UDP_PING_INTERVAL_MS);
    expect(sent(client.tick(2 * woke))).toEqual([{ kind: "ping" }]);
  });
});
