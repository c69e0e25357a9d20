import { expect, test } from "bun:test";
import { Fault } from "../../src/base/fault.ts";
import {
  EARLY_REQUESTS_MAX,
  PING_INTERVAL_MS,
  REQUESTS_IN_FLIGHT_MAX,
} from "../../src/base/limits.ts";
import { STALL_MS, STALL_PING_AFTER_MS } from "../../src/base/limits-page.ts";
import {
  Connection,
  RATE_WAIT_MS_MAX,
  type ServerNotice,
} from "../../src/client/link/connection.ts";
import { Session } from "../../src/core/session/session.ts";
import type { Link } from "../../src/io/link/link.ts";
import { MemoryNetwork } from "../../src/io/link/memory-network.ts";
import type { NoticeOf } from "../../src/wire/messages.ts";
import { rejection } from "../rejection.ts";
import { VirtualClock } from "./virtual-clock.ts";

const BYTES = new Uint8Array(32);
const WELCOME: NoticeOf<"welcome"> = {
  kind: "welcome",
  version: 3,
  server: { name: "srv", key: BYTES },
  nonce: BYTES,
  certificate: BYTES,
  proof: new Uint8Array(64),
  needs: "open",
  limits: { messageBytes: 1, textBytes: 1 },
};
const LOGIN = { user: "ana", deviceKey: BYTES, signature: new Uint8Array(64) };

async function entered(early?: (connection: Connection) => void) {
  const clock = new VirtualClock();
  const network = new MemoryNetwork(clock);
  const server = new Session("server", 0);
  const { promise, resolve } = Promise.withResolvers<Link>();
  const address = { host: "server", port: 1 };
  const listening = { ...address, certificateHash: BYTES };
  network.listen(listening, { accept: () => true, link: (link) => resolve(link) });
  const dialed = network.dialFrom("home")({ ...address, timeoutMs: 1_000 });
  await clock.advance(0);
  const connection = new Connection(await dialed, clock);
  const link = await promise;
  const perform = (effects: ReturnType<Session["notify"]>) => {
    for (const effect of effects)
      if (effect.kind === "transmit") link.send(effect.bytes, effect.tail);
  };
  let isSilent = false;
  link.receive({
    message: (bytes) => {
      if (!isSilent) perform(server.receive(bytes, 0));
    },
    closed: () => undefined,
  });
  const fallSilent = () => {
    isSilent = true;
  };
  connection.send({ kind: "hello", versions: [3], client: "test", nonce: BYTES });
  await clock.advance(0);
  perform(server.notify(WELCOME));
  await clock.advance(0);
  connection.listen(() => undefined);
  connection.listen(undefined);
  const login = connection.request("login", LOGIN);
  early?.(connection);
  await clock.advance(0);
  perform(server.answer<"login">(1, { account: "u1", user: "ana", seq: 0 }));
  await clock.advance(0);
  perform(server.handleEarlyRequests());
  await login;
  const tell = (notice: ServerNotice) => perform(server.notify(notice));
  const refuse = (ref: number, fault: Fault) => perform(server.refuse(ref, fault));
  const answer = (ref: number) => perform(server.answer<"ignored">(ref, { users: ["bob"] }));
  return { clock, connection, tell, link, refuse, answer, fallSilent };
}

test("answers the first equal request with the answer of an early one", async () => {
  const { clock, connection, answer } = await entered((link) => link.requestEarly("ignored", {}));
  const first = connection.request("ignored", {});
  expect(connection.stats.requested).toBe(2);
  answer(2);
  await clock.advance(0);
  expect(await first).toEqual({ users: ["bob"] });
  const second = connection.request("ignored", {});
  expect(connection.stats.requested).toBe(3);
  await clock.advance(0);
  answer(3);
  await clock.advance(0);
  expect(await second).toEqual({ users: ["bob"] });
});

test("repeats an early request that an earlier log-in refused", async () => {
  const { clock, connection, refuse, answer } = await entered((link) =>
    link.requestEarly("ignored", {}),
  );
  refuse(2, new Fault("not-logged-in", "not yet"));
  await clock.advance(0);
  const asked = connection.request("ignored", {});
  await clock.advance(0);
  answer(3);
  await clock.advance(0);
  expect(await asked).toEqual({ users: ["bob"] });
});

test("sends no more early requests than a server accepts", async () => {
  const { connection } = await entered((link) => {
    for (let i = 1; i <= EARLY_REQUESTS_MAX + 1; i++)
      link.requestEarly("read", { room: "r", n: i });
  });
  expect(connection.stats.requested).toBe(1 + EARLY_REQUESTS_MAX);
});

test("retries a request only after too-fast", async () => {
  const { clock, connection, refuse, answer } = await entered();
  const asked = connection.request("ignored", {});
  await clock.advance(0);
  refuse(2, new Fault("too-fast", "you ask too fast", { retryAfterMs: 700 }));
  await clock.advance(699);
  answer(3);
  await clock.advance(1);
  refuse(3, new Fault("too-fast", "you ask too fast", { retryAfterMs: 50 }));
  await clock.advance(50);
  answer(4);
  await clock.advance(0);
  expect(await asked).toEqual({ users: ["bob"] });
  const refused = connection.request("ignored", {}).catch((fault) => fault.code);
  await clock.advance(0);
  refuse(5, new Fault("too-many", "the server is busy", { retryAfterMs: 700 }));
  await clock.advance(0);
  expect(await refused).toBe("too-many");
});

test("leaves waits above five seconds to the user", async () => {
  const { clock, connection, refuse } = await entered();
  const ask = async (ref: number, retryAfterMs: number) => {
    const asked = connection.request("ignored", {}).catch((fault) => fault);
    await clock.advance(0);
    refuse(ref, new Fault("too-fast", "you ask too fast", { retryAfterMs }));
    await clock.advance(0);
    return { asked };
  };
  const { remedy, retryAfterMs } = await (await ask(2, 2_520_000)).asked;
  expect([remedy, retryAfterMs]).toEqual(["try again in 42 min", 2_520_000]);
  expect((await (await ask(3, RATE_WAIT_MS_MAX + 1)).asked).code).toBe("too-fast");
  const { asked } = await ask(4, RATE_WAIT_MS_MAX);
  expect(await Promise.race([asked, "waiting"])).toBe("waiting");
  connection.stopWaiting();
  expect((await asked).code).toBe("too-fast");
  expect((await (await ask(5, 1)).asked).code).toBe("too-fast");
});

test("stops waiting for a rate limit after a minute, or when the link closes", async () => {
  const { clock, connection, refuse } = await entered();
  const fault = new Fault("too-fast", "you ask too fast", { retryAfterMs: RATE_WAIT_MS_MAX });
  const first = connection.request("ignored", {}).catch(({ code }) => code);
  for (let ref = 2; ref <= 14; ref++) {
    await clock.advance(0);
    refuse(ref, fault);
    await clock.advance(RATE_WAIT_MS_MAX);
  }
  expect(await first).toBe("too-fast");
  const second = connection.request("ignored", {}).catch(({ code }) => code);
  await clock.advance(0);
  refuse(15, fault);
  await clock.advance(0);
  connection.close();
  expect(await second).toBe("link-closed");
});

test("measures the round trip of an idle link", async () => {
  const { clock, connection } = await entered();
  expect(connection.stats.counters.roundTripMs).toBeUndefined();
  await clock.advance(PING_INTERVAL_MS);
  await clock.advance(0);
  expect(connection.stats.counters.roundTripMs).toBe(0);
});

test("bounds the notices that are queued without a listener", async () => {
  const { clock, connection, tell } = await entered();
  for (let i = 0; i < 20_000 && !connection.isClosed; i++) {
    tell({ kind: "caught-up", seq: i });
    if (i % 1_000 === 0) await clock.advance(0);
  }
  await clock.advance(0);
  expect(connection.closeFault.code).toBe("too-many");
});

test("reserves capacity for posts, and fails all requests on close", async () => {
  const { clock, connection } = await entered();
  const codes: string[] = [];
  const note = (error: unknown) => codes.push(error instanceof Fault ? error.code : "bug");
  for (let i = 0; i < REQUESTS_IN_FLIGHT_MAX; i++) connection.request("rooms", {}).catch(note);
  const post = { outbox: "o", counter: 1, to: "lobby", body: { text: "" } };
  connection.request("post", post).catch(note);
  await clock.advance(0);
  const refused = codes.length;
  expect(refused).toBeGreaterThan(0);
  expect(new Set(codes)).toEqual(new Set(["too-many"]));
  connection.close();
  await clock.advance(0);
  expect(codes.length).toBe(REQUESTS_IN_FLIGHT_MAX + 1);
  expect(codes.slice(refused).every((code) => code === "link-closed")).toBe(true);
  expect(await rejection(connection.request("rooms", {}))).toBeInstanceOf(Fault);
});

test("reports when an answer is delayed and when it arrives", async () => {
  const { clock, connection, tell, refuse } = await entered();
  const reported: unknown[] = [];
  connection.onGuessDelay = (delay) => reported.push(delay?.waitMs);
  const listened: ServerNotice[] = [];
  connection.listen((notice) => listened.push(notice));
  const refusal = "wrong password for this room";
  const join = (password: string) =>
    connection.request("join", { room: "vault", password }).catch((error: Error) => error.message);
  const asked = join("wrong");
  tell({ kind: "guess-delay", waitMs: 2_000, of: "everyone" });
  tell({ kind: "guess-delay", waitMs: 4_000, of: "address" });
  await clock.advance(0);
  expect(reported).toEqual([2_000, 4_000]);
  refuse(2, new Fault("room-password-wrong", refusal));
  await clock.advance(0);
  expect(await asked).toBe(refusal);
  expect(reported).toEqual([2_000, 4_000, undefined]);
  const again = join("another wrong one");
  await clock.advance(0);
  refuse(3, new Fault("room-password-wrong", refusal));
  await clock.advance(0);
  expect(await again).toBe(refusal);
  expect(reported).toHaveLength(3);
  expect(listened).toEqual([]);
});

test("reports a stalled link, even while idle, until the server answers", async () => {
  const { clock, connection, tell, fallSilent } = await entered();
  const reported: [number, boolean][] = [];
  const begun = clock.now();
  connection.watchStalls((on) => reported.push([clock.now() - begun, on]));
  await clock.advance(30_000);
  expect(reported).toEqual([]);
  fallSilent();
  const silent = clock.now() - begun;
  await clock.advance(STALL_PING_AFTER_MS + STALL_MS);
  expect(reported).toHaveLength(1);
  const [[at = 0, on] = []] = reported;
  expect([on, at > silent, at <= silent + STALL_PING_AFTER_MS + STALL_MS]).toEqual([
    true,
    true,
    true,
  ]);
  tell({ kind: "caught-up", seq: 1 });
  await clock.advance(0);
  expect(reported.slice(1).map(([, isOn]) => isOn)).toEqual([false]);
  connection.request("ignored", {}).catch(() => undefined);
  await clock.advance(STALL_MS - 1);
  expect(reported).toHaveLength(2);
  await clock.advance(1);
  expect(reported.at(-1)?.[1]).toBe(true);
});
