import { afterAll, describe, expect, test } from "bun:test";
import type { Link } from "../../../src/io/link/link.ts";
import { Topics } from "../../../src/io/link/topics.ts";
import { wsDial } from "../../../src/io/ws/dial.ts";
import { listenWs } from "../../../src/io/ws/listener.ts";
import { LinkObserver } from "../link-observer.ts";

test("counts the traffic of a follower since it joined, and removes unused topics", () => {
  const topics = new Topics<string>();
  expect(topics.follow("r", "ana")).toBe(true);
  expect(topics.follow("r", "ana")).toBe(false);
  topics.count("r", 10);
  topics.follow("r", "ben");
  topics.follow("q", "ben");
  topics.count("r", 5);
  topics.count("q", 3);
  expect(topics.traffic("ana")).toEqual({ messages: 2, bytes: 15 });
  expect(topics.traffic("ben")).toEqual({ messages: 2, bytes: 8 });
  expect(topics.unfollow("r", "ana")).toEqual({ messages: 2, bytes: 15 });
  expect(topics.unfollow("r", "ana")).toBeUndefined();
  expect(topics.unfollowAll("ben")).toEqual({ messages: 2, bytes: 8 });
  expect([...topics.followers("r"), ...topics.followers("q")]).toEqual([]);
});

describe("published and directly sent messages", () => {
  const host = "127.0.0.1";
  const links: Link[] = [];
  const events = { accept: () => true, link: (link: Link) => void links.push(link) };
  const listener = listenWs({ host, port: 0, tls: false, http: () => new Response() }, events);
  afterAll(() => listener.stop());

  test("reach each follower in order, for few and many followers", async () => {
    const all: LinkObserver[] = [];
    for (let readers = 1; readers <= 7; readers++) {
      const { port } = listener;
      const dialled = await wsDial({ tls: false })({ host, port, timeoutMs: 5_000 });
      all.push(new LinkObserver(dialled));
      const link = links.at(-1);
      if (link === undefined) throw new Error("the listener has a link");
      new LinkObserver(link);
      link.follow("r");
      const before = all.map(({ messages }) => messages.length);
      const sent = links.map((one) => one.counters().sentMessages);
      for (const one of links) one.send(Uint8Array.of(readers, 1));
      listener.publish("r", Uint8Array.of(readers, 2));
      for (const one of links) one.send(Uint8Array.of(readers, 3));
      listener.publish("r", Uint8Array.of(readers, 4));
      for (const [index, observer] of all.entries()) {
        const start = before[index] ?? 0;
        await observer.count(start + 4);
        const expected = [1, 2, 3, 4].map((part) => Uint8Array.of(readers, part));
        expect(observer.messages.slice(start).map((bytes) => [...bytes])).toEqual(
          expected.map((bytes) => [...bytes]),
        );
        expect(links[index]?.counters().sentMessages).toBe((sent[index] ?? 0) + 4);
      }
    }
  });
});
