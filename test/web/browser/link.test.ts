import { describe, expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import {
  CONNECT_TIMEOUT_MS,
  MESSAGE_BYTES_MAX,
  SEND_QUEUE_BYTES_MAX,
} from "../../../src/base/limits.ts";
import type { Link } from "../../../src/io/link/link.ts";
import { dialSocket, type Socket } from "../../../src/web/browser/link.ts";
import { readFragment } from "../../../src/web/input/fragment.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";
import { rejection } from "../../rejection.ts";

class FakeSocket implements Socket {
  binaryType = "blob";
  bufferedAmount = 0;
  onopen: Socket["onopen"] = null;
  onmessage: Socket["onmessage"] = null;
  onclose: Socket["onclose"] = null;
  readonly sent: unknown[] = [];
  closedWith: number | undefined;
  send(data: Uint8Array | string): void {
    this.sent.push(typeof data === "string" ? data : data.slice());
  }
  close(code = 1005): void {
    this.closedWith = code;
  }
  open(): void {
    this.onopen?.(undefined as never);
  }
  message(data: unknown): void {
    this.onmessage?.({ data });
  }
}

async function linked() {
  const clock = new VirtualClock();
  const socket = new FakeSocket();
  const dialled = dialSocket({ open: () => socket, clock, host: "there" });
  socket.open();
  const link: Link = await dialled;
  const heard: Uint8Array[] = [];
  const ends: (Fault | undefined)[] = [];
  const receive = () =>
    link.receive({ message: (bytes) => heard.push(bytes), closed: (fault) => ends.push(fault) });
  return { clock, socket, link, heard, ends, receive };
}

describe("browser WebSocket link", () => {
  test("carries bytes both ways, and queues messages before `receive`", async () => {
    const { socket, link, heard, ends, receive } = await linked();
    expect(socket.binaryType).toBe("arraybuffer");
    socket.message(Uint8Array.of(1).buffer);
    receive();
    socket.message(Uint8Array.of(2).buffer);
    await Promise.resolve();
    expect(heard).toEqual([Uint8Array.of(1), Uint8Array.of(2)]);
    expect(link.send(Uint8Array.of(3))).toBe(true);
    expect(socket.sent).toEqual([Uint8Array.of(3)]);
    expect(link.counters()).toMatchObject({ sentMessages: 1, receivedMessages: 2 });
    link.close();
    expect(socket.closedWith).toBe(1000);
    socket.message(Uint8Array.of(4).buffer);
    socket.onclose?.({ code: 1000 });
    await Promise.resolve();
    expect(heard).toHaveLength(2);
    expect(ends).toEqual([undefined]);
    expect(link.send(Uint8Array.of(5))).toBe(false);
  });

  test("reports an unexpected close as a fault, a normal close not", async () => {
    const codes = [1000, 1001, 1006, 1009];
    const ends = codes.map(async (code) => {
      const one = await linked();
      one.receive();
      one.socket.onclose?.({ code });
      await Promise.resolve();
      return one.ends[0]?.code;
    });
    const faults = await Promise.all(ends);
    expect(faults).toEqual([undefined, undefined, "link-closed", "too-large"]);
  });

  test("closes on text messages and messages above MESSAGE_BYTES_MAX", async () => {
    const text = await linked();
    text.receive();
    text.socket.message("words");
    const long = await linked();
    long.receive();
    long.socket.message(new ArrayBuffer(MESSAGE_BYTES_MAX + 1));
    for (const one of [text, long]) one.socket.onclose?.({ code: 1000 });
    await Promise.resolve();
    expect([text.ends[0]?.code, long.ends[0]?.code]).toEqual(["frame-malformed", "too-large"]);
  });

  test("disconnects from a slow server; `drained` waits for the queue", async () => {
    const { clock, socket, link, receive, ends } = await linked();
    receive();
    socket.bufferedAmount = SEND_QUEUE_BYTES_MAX - 1;
    let isDrained = false;
    void link.drained().then(() => {
      isDrained = true;
    });
    await clock.advance(20);
    expect(isDrained).toBe(false);
    expect(link.send(Uint8Array.of(1))).toBe(true);
    expect(link.send(new Uint8Array(2))).toBe(false);
    socket.bufferedAmount = 0;
    await clock.advance(20);
    expect(isDrained).toBe(true);
    socket.onclose?.({ code: 1000 });
    await Promise.resolve();
    expect(ends[0]?.code).toBe("link-closed");
  });

  test("reports an unreachable or silent server as a fault", async () => {
    const clock = new VirtualClock();
    const silent = dialSocket({ open: () => new FakeSocket(), clock, host: "there" });
    const told = silent.catch((fault: Fault) => fault.code);
    await clock.advance(CONNECT_TIMEOUT_MS);
    expect(await told).toBe("timeout");
    const socket = new FakeSocket();
    const gone = dialSocket({ open: () => socket, clock, host: "there" });
    socket.onclose?.({ code: 1006 });
    expect(await rejection(gone)).toBeInstanceOf(Fault);
    const forbidden = () => {
      throw new TypeError("mixed content");
    };
    expect(await rejection(dialSocket({ open: forbidden, clock, host: "there" }))).toBeInstanceOf(
      Fault,
    );
  });
});

test("parses the address fragment", () => {
  const nothing = {
    secret: undefined,
    operatorToken: undefined,
    resetToken: undefined,
    linkCode: undefined,
    drafts: undefined,
    shareSecret: undefined,
    localToken: undefined,
  };
  expect(readFragment("", false)).toEqual(nothing);
  expect(readFragment("#open%20sesame", false)).toEqual({ ...nothing, secret: "open sesame" });
  expect(readFragment("#%E0%A4%A", false)).toEqual(nothing);
  expect(readFragment("#invite=abc').", false)).toEqual({ ...nothing, secret: "abc" });
  expect(readFragment("#link=4-AB", false)).toEqual({ ...nothing, linkCode: "4-AB" });
  expect(readFragment("#link=4-AB&drafts=%7B%22%26drafts%3D", false)).toEqual({
    ...nothing,
    linkCode: "4-AB",
    drafts: '{"&drafts=',
  });
  expect(readFragment("#operator=abc", false)).toEqual({
    ...nothing,
    secret: "abc",
    operatorToken: "abc",
  });
  expect(readFragment("#reset=abc", false)).toEqual({ ...nothing, resetToken: "abc" });
  expect(readFragment("#share=abc", false)).toEqual({ ...nothing, shareSecret: "abc" });
  expect(readFragment("#abc", true)).toEqual({ ...nothing, localToken: "abc" });
});
