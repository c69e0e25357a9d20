import { expect, test } from "bun:test";
import {
  MDNS_ANSWERS_PER_SECOND,
  MDNS_DATAGRAM_BYTES_MAX,
  MDNS_DATAGRAMS_PER_SECOND,
  MDNS_ENTRIES_MAX,
  MDNS_QUESTIONS_MAX,
} from "../../../src/base/limits.ts";
import { isWithinLimits, MdnsSocket } from "../../../src/io/lan/discovery.ts";
import { until } from "../../event.ts";
import { forged, forgedAll, header, privateNetwork, question, RawSpeaker } from "./mdns-fixture.ts";

test("drops datagrams with too many records or bytes", () => {
  expect(isWithinLimits(question())).toBe(true);
  expect(isWithinLimits(header(true, [0, MDNS_ENTRIES_MAX, 0, 0]))).toBe(true);
  expect(isWithinLimits(header(true, [0, MDNS_ENTRIES_MAX - 1, 1, 1]))).toBe(false);
  expect(isWithinLimits(header(false, [MDNS_QUESTIONS_MAX, 0, 0, 0]))).toBe(true);
  expect(isWithinLimits(header(false, [MDNS_QUESTIONS_MAX + 1, 0, 0, 0]))).toBe(false);
  expect(isWithinLimits(new Uint8Array(MDNS_DATAGRAM_BYTES_MAX))).toBe(true);
  expect(isWithinLimits(new Uint8Array(MDNS_DATAGRAM_BYTES_MAX + 1))).toBe(false);
  expect(isWithinLimits(new Uint8Array(11))).toBe(false);
});

async function listening() {
  const around = privateNetwork();
  const troubles: unknown[] = [];
  const now = { ms: 0 };
  const socket = new MdnsSocket(
    around.port,
    () => now.ms,
    (error) => troubles.push(error),
  );
  const receivedData: Uint8Array[] = [];
  socket.on("message", (bytes: Uint8Array) => receivedData.push(bytes));
  const ready = new Promise<void>((resolve) => socket.on("listening", () => resolve()));
  socket.bind();
  await ready;
  socket.addMembership(around.group, "127.0.0.1");
  return { around, socket, heard: receivedData, troubles, now };
}

test("limits the rate of received datagrams", async () => {
  const { around, socket, heard, now } = await listening();
  using speaker = await RawSpeaker.open(around);
  const flood = MDNS_DATAGRAMS_PER_SECOND + 50;
  for (let i = 0; i < flood; i++) await speaker.say(forged(`f${i}`, 1, []));
  await until("all have come", () => speaker.received.length === flood);
  await until("they are read", () => heard.length === MDNS_DATAGRAMS_PER_SECOND);
  now.ms = 1_000;
  await speaker.say(forged("later", 1, []));
  await until("a later one is read", () => heard.length === MDNS_DATAGRAMS_PER_SECOND + 1);
  socket.close();
});

test("limits the rate of answered queries", async () => {
  const { around, socket, heard } = await listening();
  using speaker = await RawSpeaker.open(around);
  const asked = 3 * MDNS_ANSWERS_PER_SECOND;
  for (let i = 0; i < asked; i++) await speaker.say(question());
  await until("all have come", () => speaker.received.length === asked);
  await speaker.say(forged("last", 1, []));
  await until("the last one is read", () => heard.length === MDNS_ANSWERS_PER_SECOND + 1);
  socket.close();
});

test("reads queries and responses about chat however many others there are", async () => {
  const { around, socket, heard } = await listening();
  using speaker = await RawSpeaker.open(around);
  const others = ["_googlecast", "_airplay", "_ipp", "_chatter", "_chat-share"];
  const rounds = Math.ceil(MDNS_DATAGRAMS_PER_SECOND / others.length);
  for (let i = 0; i < rounds; i++) {
    for (const other of others) {
      await speaker.say(question(1, [other, "_tcp", "local"]));
      await speaker.say(forgedAll(["Printer"], 631, [], [other, "_tcp", "local"]));
    }
    await until("all have come", () => speaker.received.length === 2 * others.length * (i + 1));
  }
  expect(heard).toEqual([]);
  await speaker.say(question());
  await speaker.say(forged("server", 1, []));
  await until("both are read", () => heard.length === 2);
  socket.close();
});

test("drops responses from other ports", async () => {
  const { around, socket, heard } = await listening();
  using stranger = await RawSpeaker.open(around, 0);
  await stranger.say(forged("stranger", 1, []));
  using speaker = await RawSpeaker.open(around);
  await speaker.say(forged("honest", 1, []));
  await until("the honest one is read", () => heard.length === 1);
  expect(Buffer.from(heard[0] ?? []).includes("honest")).toBe(true);
  socket.close();
});

test("survives errors of listeners and of the system", async () => {
  const { around, socket, troubles } = await listening();
  socket.on("message", () => {
    throw new Error("a bug of the library");
  });
  using speaker = await RawSpeaker.open(around);
  await speaker.say(question());
  await until("the trouble is reported", () => troubles.length === 1);
  const sent = new Promise((resolve) => {
    socket.send(new Uint8Array(70_000), 0, 70_000, around.port, around.group, resolve);
  });
  expect(await sent).toBeInstanceOf(Error);
  expect(() => socket.addMembership(around.group, "203.0.113.1")).toThrow();
  expect(troubles.length).toBe(3);
  socket.close();
  socket.close();
});
