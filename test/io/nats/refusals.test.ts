import { expect, test as unitTest } from "bun:test";
import { JetStreamApiError } from "@nats-io/jetstream";
import { ignoreFault } from "../../../src/base/fault.ts";
import { systemClock } from "../../../src/io/clock.ts";
import { openJetStream } from "../../../src/io/nats/jetstream.ts";
import { refusalOf } from "../../../src/io/nats/refusals.ts";
import { until } from "../../event.ts";
import { requires } from "../../installed.ts";
import { reservedPort } from "../../ports.ts";
import { rejection } from "../../rejection.ts";
import { NatsOperator } from "./nats-credentials.ts";
import { memberOf } from "./nats-node.ts";
import { NatsServers } from "./nats-servers.ts";

const { afterAll, beforeAll, test } = requires("nats-server");
const operator = new NatsOperator();
let nats: NatsServers;

beforeAll(async () => {
  nats = await NatsServers.start(1, operator.config);
});

afterAll(() => nats.stop());

const seconds = () => Math.floor(Date.now() / 1_000);

test.each([
  ["of another operator", new NatsOperator().credentials(), /refuses the credentials$/],
  ["that expired", operator.credentials(seconds() - 60), /credentials expired at 2/],
])("names credentials %s when it connects", async (_, credentials, message) => {
  const fault = await rejection(openJetStream({ ...memberOf(nats, "login"), credentials }));
  expect(fault).toMatchObject({ code: "unreachable" });
  expect(String(fault)).toMatch(message);
});

test("names credentials that expire while it is connected", async () => {
  const credentials = operator.credentials(seconds() + 4);
  const stream = await openJetStream({ ...memberOf(nats, "expiry"), credentials });
  await stream.publish(Uint8Array.of(1), "before");
  const refusal = await until("the refusal", async () => (await stream.missing([])).refusal);
  expect(refusal.message).toMatch(/credentials (expired at 2|have expired)/);
  await stream.close();
});

unitTest.each([
  ['Permissions Violation for Publish to "chat.a.log"', undefined, /publications to chat\.a\.log$/],
  [
    'Permissions Violation for Publish with Reply of "_INBOX.x.1"',
    undefined,
    /publications to _INBOX\.>$/,
  ],
  [
    'Permissions Violation for Publish to "chat.a.files.f7.c0-x"',
    undefined,
    /publications to chat\.a\.files\.>$/,
  ],
  ['Permissions Violation for Subscription to "a.b"', undefined, /subscriptions to a\.b$/],
  ["maximum bytes exceeded", 10_077, /CHAT_a has reached its limit of bytes/],
  ["maximum messages exceeded", 10_077, /CHAT_a has reached its limit of messages/],
  ["no space left on device", 10_077, /cannot store messages in the stream CHAT_a/],
  ["stream not found", 10_059, /CHAT_a no longer exists/],
  ["certificate has expired", "CERT_HAS_EXPIRED", /certificate of NATS has expired/],
  ["self-signed certificate", "DEPTH_ZERO_SELF_SIGNED_CERT", /unknown authority/],
  ["-ERR 'attempted to connect to route port'", undefined, /is the route port of NATS/],
  ["Authorization Violation", undefined, /requires a login/],
  ["User Authentication Revoked", undefined, /were revoked/],
  ["maximum connections exceeded", undefined, /no more connections/],
  ["insufficient storage resources available", 10_047, /limit of storage/],
  ["no responders", 503, undefined],
  ["timeout", undefined, undefined],
])("explains '%s' (%p)", (text, code, message) => {
  const error = Object.assign(new Error(text), code === undefined ? {} : { code });
  for (const wrapped of [error, new Error("request failed", { cause: error })]) {
    const refusal = refusalOf(wrapped, { stream: "CHAT_a" });
    if (message === undefined) expect(refusal).toBeUndefined();
    else expect(refusal?.message).toMatch(message);
  }
});

const everything = 'publish: ">", subscribe: ">"';
const users = (permissions: string) =>
  `authorization { users: [{ user: chat, password: x, permissions: { ${permissions} } }] }
no_auth_user: chat`;

test("names denied subjects, and notices when they are permitted", async () => {
  const limited = await NatsServers.start(1, users(everything));
  try {
    const { now, unixMs, after } = systemClock();
    let skippedMs = 0;
    const clock = {
      unixMs,
      now: () => now() + skippedMs,
      after: (ms: number, callback: () => void) => after(ms / 10, callback),
    };
    const stream = await openJetStream({ ...memberOf(limited, "denied"), clock });
    const received: Uint8Array[] = [];
    const stop = stream.listen((bytes) => received.push(bytes));
    const refusal = () => stream.refusal(Uint8Array.of(1));
    const publish = (id: string) => stream.publish(Uint8Array.of(1), id);
    limited.reconfigure(users('publish: { deny: ["chat.denied.log"] }, subscribe: ">"'));
    const fault = await until("the denial", () =>
      publish("denied").then(
        () => undefined,
        (error: unknown) => error,
      ),
    );
    const message = "NATS does not permit publications to chat.denied.log";
    expect(fault).toMatchObject({ code: "no-majority", message });
    expect((await refusal())?.message).toBe(message);
    limited.reconfigure(users('publish: ">", subscribe: { deny: ["chat.denied.news"] }'));
    await until("messages are accepted", async () => {
      await refusal();
      return publish("permitted").catch(() => undefined);
    });
    expect((await refusal())?.message).not.toBe(message);
    const isSubscriptionDenied = async () =>
      (await refusal())?.message === "NATS does not permit subscriptions to chat.denied.news";
    await until("the subscription is denied", async () => {
      skippedMs += 1_000;
      return await isSubscriptionDenied();
    });
    limited.reconfigure(users(everything));
    await until("the subscription is permitted", () => {
      stream.broadcast(Uint8Array.of(7));
      return received.length > 0;
    });
    skippedMs += 60_000;
    expect(await refusal()).toBeUndefined();
    stop();
    await stream.close();
  } finally {
    await limited.stop();
  }
});

test("names a NATS server that accepts no more connections or only small messages", async () => {
  const limited = await NatsServers.start(1, "max_connections: 1\nmax_payload: 65536");
  try {
    // The test of whether NATS listens may still hold the only connection.
    const stream = await until("a connection", () =>
      openJetStream(memberOf(limited, "limited")).catch(ignoreFault),
    );
    expect((await stream.state()).settings[0]).toMatchObject({
      message: "NATS refuses messages of more than 65536 bytes",
      remedy: "set max_payload: 1MB in the configuration of NATS and of its account",
    });
    const fault = await rejection(openJetStream(memberOf(limited, "limited")));
    expect(fault).toMatchObject({
      code: "unreachable",
      message: "NATS accepts no more connections",
      remedy: "raise the limit of connections in NATS",
    });
    await stream.close();
  } finally {
    await limited.stop();
  }
});

unitTest.each([
  [
    { err_code: 10_052, code: 500, description: "duplicates window can not be larger" },
    /refuses the settings of the stream of the cluster: duplicates window can not be larger$/,
  ],
  [{ err_code: 10_999, code: 400, description: "window too large" }, /request: window too large$/],
  [{ err_code: 10_071, code: 400, description: "wrong last sequence: 1" }, undefined],
  [{ err_code: 10_008, code: 503, description: "temporarily unavailable" }, undefined],
])("explains the answer %j of JetStream", (answer, message) => {
  const refusal = refusalOf(new Error("request failed", { cause: new JetStreamApiError(answer) }));
  if (message === undefined) expect(refusal).toBeUndefined();
  else expect(refusal?.message).toMatch(message);
});

test("names a port that is not for clients", async () => {
  const [leafs, monitoring] = [await reservedPort(), await reservedPort()];
  const other = [`leafnodes { listen: "127.0.0.1:${leafs}" }`, `http: "127.0.0.1:${monitoring}"`];
  const several = await NatsServers.start(1, other.join("\n"));
  try {
    for (const [port, message] of [
      [leafs, /the leaf node port of NATS/],
      [monitoring, /an HTTP server answers/],
    ] as const) {
      const member = { ...memberOf(several, "ports"), servers: [`nats://127.0.0.1:${port}`] };
      const fault = await rejection(openJetStream(member));
      expect(fault).toMatchObject({ code: "unreachable", remedy: expect.stringContaining("4222") });
      expect(String(fault)).toMatch(message);
    }
  } finally {
    await several.stop();
  }
});

test("names a NATS server that permits too few subscriptions", async () => {
  const limited = await NatsServers.start(1, "max_subscriptions: 3");
  try {
    const stream = await openJetStream(memberOf(limited, "subscriptions"));
    const stops = [1, 2, 3].map(() => stream.listen(() => {}));
    const refusal = await until("the refusal", () => stream.refusal(Uint8Array.of(1)));
    expect(refusal.remedy).toContain("max_subscriptions");
    for (const stop of stops) stop();
    await stream.close();
  } finally {
    await limited.stop();
  }
});

test("names the subject of messages that reach no stream", async () => {
  const mapping = `accounts { A: { jetstream: enabled, users: [{ user: chat, password: x }],
    mappings: { chat.mapped.log: chat.elsewhere } } }
    no_auth_user: chat`;
  const mapped = await NatsServers.start(1, mapping);
  try {
    const stream = await openJetStream(memberOf(mapped, "mapped"));
    expect(await rejection(stream.publish(Uint8Array.of(1), "lost"))).toMatchObject({
      code: "no-majority",
      message: "NATS delivers messages to chat.mapped.log to no stream",
    });
    await stream.close();
  } finally {
    await mapped.stop();
  }
});
