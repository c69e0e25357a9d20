import { expect, test as unitTest } from "bun:test";
import { openJetStream } from "../../../src/io/nats/jetstream.ts";
import { refusalOf } from "../../../src/io/nats/refusals.ts";
import { until } from "../../event.ts";
import { requires } from "../../installed.ts";
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
  ['Permissions Violation for Publish to "chat.a.log"', undefined, /does not permit/],
  ["User Authentication Revoked", undefined, /were revoked/],
  ["maximum connections exceeded", undefined, /no more connections/],
  ["insufficient storage resources available", 10_047, /limit of storage/],
  ["no responders", 503, undefined],
  ["timeout", undefined, undefined],
])("explains '%s' (%p)", (text, code, message) => {
  const error = Object.assign(new Error(text), code === undefined ? {} : { code });
  for (const wrapped of [error, new Error("request failed", { cause: error })]) {
    const refusal = refusalOf(wrapped);
    if (message === undefined) expect(refusal).toBeUndefined();
    else expect(refusal?.message).toMatch(message);
  }
});
