import { afterAll, describe, expect, test } from "bun:test";
import type { Link } from "../../../src/io/link/link.ts";
import { wsDial } from "../../../src/io/ws/dial.ts";
import { listenWs } from "../../../src/io/ws/listener.ts";
import { WsTopics } from "../../../src/io/ws/topics.ts";
import { LinkObserver } from "../link-observer.ts";

describe("topics", () => {
  test("few followers are named, many are not", () => {
    const topics = new WsTopics<string>();
    expect([...(topics.few("r") ?? ["many"])]).toEqual([]);
    const users = ["ana", "ben", "cem", "dan", "eve"];
    for (const user of users) topics.enter("r", user);
    expect(topics.few("r")).toBeUndefined();
    topics.leave("r", "ana");
    expect([...(topics.few("r") ?? ["many"])]).toEqual(users.slice(1));
  });

  test("a follower's share is what was counted since it came", () => {
    const topics = new WsTopics<string>();
    const first = topics.enter("r", "ana");
    topics.count("r", 10);
    const second = topics.enter("r", "ben");
    topics.count("r", 5);
    expect(topics.since("r", first)).toEqual({ messages: 2, bytes: 15 });
    expect(topics.since("r", second)).toEqual({ messages: 1, bytes: 5 });
  });
});

describe("what is published, and what is sent beside it", () => {
  const host = "127.0.0.1";
  const links: Link[] = [];
  const events = { accept: () => true, link: (link: Link) => void links.push(link) };
  const listener = listenWs({ host, port: 0, tls: false, http: () => new Response() }, events);
  afterAll(() => listener.stop());

  test("comes to each follower in one order, whether few or many follow", async () => {
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
