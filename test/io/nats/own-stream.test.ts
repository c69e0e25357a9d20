import { expect } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { JetStreamManager } from "@nats-io/jetstream";
import { errors, type NatsConnection } from "@nats-io/transport-node";
import { openContentStore } from "../../../src/io/nats/content.ts";
import { connectOnce, openJetStream } from "../../../src/io/nats/jetstream.ts";
import { OwnStream } from "../../../src/io/nats/own-stream.ts";
import { until } from "../../event.ts";
import { requires } from "../../installed.ts";
import { rejection } from "../../rejection.ts";
import { memberOf } from "./nats-node.ts";
import { NatsServers } from "./nats-servers.ts";

const { afterEach, beforeEach, test } = requires("nats-server");

let [own, other]: NatsServers[] = [];

beforeEach(async () => {
  [own, other] = [await NatsServers.start(1), await NatsServers.start(1)];
});

afterEach(async () => {
  await Promise.all([own?.stop(), other?.stop()]);
});

function started() {
  const [first, second] = [own?.servers[0], other?.servers[0]];
  if (own === undefined || other === undefined || first === undefined || second === undefined)
    throw new Error("no NATS servers");
  return { own, other, first, second };
}

const bytes = Uint8Array.of(1);

test("leaves a NATS server that is cut off from the others", async () => {
  const { own, first } = started();
  const stream = await openJetStream(memberOf(own, "cut"));
  const { manager, name } = stream.clusterConnection;
  let reconnects = 0;
  const connection = {
    info: { server_id: "alone", client_id: 1 },
    reconnect: () => Promise.resolve(void reconnects++),
  } as unknown as NatsConnection;
  const streams = { info: () => Promise.reject(new errors.TimeoutError()) };
  const alone = { streams } as unknown as JetStreamManager;
  const leaveFrom = async (here: JetStreamManager) => {
    const connectTo = (server: string) => connectOnce({ servers: own.urls }, server);
    const fingerprint = () => "SHA256:ours";
    const place = { connection, name, cluster: "cut", servers: own.urls, isInspected: false };
    await new OwnStream({ ...place, manager: here, connectTo, fingerprint }).leaveIfCutOff();
    return reconnects;
  };
  expect(await leaveFrom(manager)).toBe(0);
  expect(await leaveFrom(alone)).toBe(1);
  await first.kill();
  expect(await leaveFrom(alone)).toBe(1);
  await stream.close();
});

test("writes nothing to the NATS of a different cluster, and returns to its own", async () => {
  const { own, other, first } = started();
  const foreign = await openJetStream({
    ...memberOf(other, "c"),
    identity: { own: "SHA256:other", make: () => Promise.resolve("") },
  });
  await foreign.publish(bytes, "of the other cluster");
  const heard: string[] = [];
  foreign.listen((message) => heard.push(Buffer.from(message).toString()));
  await (await openJetStream(memberOf(own, "c"))).close();
  // The library chooses the first address at random.
  const servers = [...own.urls, ...other.urls];
  const stream = await openJetStream({ ...memberOf(own, "c"), servers, isKnown: true });
  expect(await stream.publish(bytes, "one")).toMatchObject({ seq: 1 });
  const { fingerprint } = stream;
  const contents = await openContentStore({ ...memberOf(own, "c"), servers, fingerprint });
  await contents.put("f1" as never, "part", bytes);

  await first.kill();
  const refused = await until("the refusal", async () => {
    const fault = await rejection(stream.publish(bytes, "two"));
    return String(fault).includes("different identities") ? fault : undefined;
  });
  expect(refused).toMatchObject({ code: "no-majority" });
  expect(String(await rejection(stream.get(1)))).toContain("different identities");
  await until("the refusal of files", async () =>
    String(await rejection(contents.put("f2" as never, "part", bytes))).includes("identities"),
  );
  expect((await stream.missing(servers)).refusal?.remedy).toContain("check --nats");
  stream.broadcast(Buffer.from("presence"));
  foreign.broadcast(Buffer.from("own presence"));
  await until("the other cluster's message", () => heard.length > 0);
  expect(heard).toEqual(["own presence"]);
  expect((await foreign.state()).last).toBe(1);
  const { manager } = foreign.clusterConnection;
  expect(await rejection(manager.streams.info("CHATFILES_c"))).toMatchObject({ code: 10_059 });

  first.start();
  await until("it stores messages again", () =>
    stream.publish(bytes, "two").then(
      () => true,
      () => false,
    ),
  );
  expect((await stream.state()).last).toBe(2);
  for (const opened of [stream, foreign, contents]) await opened.close();
});

test("creates no second stream in an empty NATS while another server may have it", async () => {
  const { own, other, first } = started();
  const servers = [...own.urls, ...other.urls];
  await (await openJetStream(memberOf(own, "c"))).close();
  const stream = await openJetStream({ ...memberOf(own, "c"), servers, isKnown: true });
  await stream.publish(bytes, "one");
  await first.kill();
  await until("the refusal", async () => {
    const fault = await rejection(stream.publish(bytes, "two"));
    return String(fault).includes("lacks the stream CHAT_c, and 1 other NATS server");
  });
  const inspecting = openJetStream({ ...memberOf(other, "c"), identity: undefined as never });
  expect(await rejection(inspecting)).toMatchObject({ code: "not-found" });
  first.start();
  await until("it stores messages again", () =>
    stream.publish(bytes, "two").then(
      ({ seq }) => seq === 2,
      () => false,
    ),
  );
  await stream.close();
});

test("reports that it created a lost stream again", async () => {
  const { own, first } = started();
  let count = 0;
  const onRecreated = () => count++;
  const stream = await openJetStream({ ...memberOf(own, "c"), onRecreated });
  await stream.publish(bytes, "one");
  expect(count).toBe(0);
  await first.kill();
  rmSync(join(own.folder, "js0"), { recursive: true });
  first.start();
  await until("the stream", async () =>
    stream.last().then(
      (last) => last === 0,
      () => false,
    ),
  );
  expect(count).toBe(1);
  await stream.close();
});
