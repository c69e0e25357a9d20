import { expect, test } from "bun:test";
import { SERVICES_READ_MAX } from "../../../src/base/limits.ts";
import { type MdnsResponse, ServiceRecords } from "../../../src/io/lan/service-records.ts";

const NAME = "7._chat-share._tcp.local";
const TYPE = "_chat-share._tcp.local";
const REFLECTOR = "10.78.2.1";
const FOUND = {
  label: "7",
  port: 2428,
  addresses: ["10.78.1.2"],
  sender: REFLECTOR,
  text: { fp: "x=y", name: "7" },
};

const text = (...fields: string[]) => fields.map((field) => Buffer.from(field));
const ptr = { type: "PTR", name: TYPE, ttl: 120, data: NAME };
const srv = { type: "SRV", name: NAME, ttl: 120, data: { port: 2428, target: "chat-ab.local" } };
const txt = {
  type: "TXT",
  name: NAME,
  ttl: 4500,
  data: text("fp=x=y", "name=7", "NAME=8", "=", "b"),
};
const address = { type: "A", name: "Chat-AB.local", ttl: 120, data: "10.78.1.2" };

function response(...answers: MdnsResponse["answers"]): MdnsResponse {
  return { answers, additionals: [] };
}

test("assembles records that a reflector sends in several responses", () => {
  const records = new ServiceRecords("chat-share");
  expect(records.add(response(ptr), REFLECTOR)).toEqual([]);
  expect(records.add(response(srv, address), REFLECTOR)).toEqual([]);
  expect(records.add(response(txt), REFLECTOR)).toEqual([FOUND]);
  expect(records.add(response(ptr, srv, txt, address), REFLECTOR)).toEqual([]);
});

test("returns an announcement again when its address arrives or changes", () => {
  const records = new ServiceRecords("chat-share");
  const reply = { answers: [ptr], additionals: [srv, txt] };
  expect(records.add(reply, REFLECTOR)).toEqual([{ ...FOUND, addresses: [] }]);
  expect(records.add(response(address), REFLECTOR)).toEqual([FOUND]);
  expect(records.add(response(address), REFLECTOR)).toEqual([]);
  const moved = { ...address, data: "10.78.1.9" };
  expect(records.add(response(moved), REFLECTOR)).toEqual([{ ...FOUND, addresses: ["10.78.1.9"] }]);
});

test("never combines records of two senders, of other services or withdrawn ones", () => {
  const records = new ServiceRecords("chat-share");
  records.add(response(srv, address), REFLECTOR);
  expect(records.add(response(txt), "10.78.2.66")).toEqual([]);
  const other = { ...txt, name: "7._chat._tcp.local" };
  expect(records.add(response(other, { ...srv, name: other.name }), REFLECTOR)).toEqual([]);
  records.add(response({ ...srv, ttl: 0 }), REFLECTOR);
  expect(records.add(response(txt), REFLECTOR)).toEqual([]);
});

test("forgets the oldest services in a flood", () => {
  const records = new ServiceRecords("chat-share");
  records.add(response(srv, address), REFLECTOR);
  for (let i = 0; i < SERVICES_READ_MAX; i++) {
    records.add(response({ ...srv, name: `flood ${i}.${TYPE}` }), REFLECTOR);
  }
  expect(records.add(response(txt), REFLECTOR)).toEqual([]);
  expect(records.add(response(srv), REFLECTOR)).toEqual([FOUND]);
});

test.each([
  { ...srv, data: null },
  { ...srv, data: { port: "x", target: "chat-ab.local" } },
  { ...srv, data: { port: 1 } },
])("ignores a location without port or host", (broken) => {
  const records = new ServiceRecords("chat-share");
  expect(records.add(response(broken, txt, address), REFLECTOR)).toEqual([]);
});
