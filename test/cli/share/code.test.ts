import { expect, test } from "bun:test";
import type { Fault } from "../../../src/base/fault.ts";
import {
  freeLanNumber,
  openSharedCode,
  redeemShareCode,
  type SharedCode,
} from "../../../src/cli/share/code.ts";
import { openShareServer } from "../../../src/cli/share/server.ts";
import { systemClock } from "../../../src/io/clock.ts";
import { systemEntropy } from "../../../src/io/entropy.ts";
import { findOnLan, type MulticastDnsNetwork } from "../../../src/io/lan/discovery.ts";
import { parseShortCode } from "../../../src/wire/short-code.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";
import { fakeContext } from "../../commands/fake-world.ts";
import { until } from "../../event.ts";
import { forgedShare, privateNetwork, RawSpeaker } from "../../io/lan/mdns-fixture.ts";
import { rejection } from "../../rejection.ts";

const clock = systemClock();
const { context } = fakeContext({ clock });
const ON_LAN = { via: undefined, transport: "tcp" } as const;

async function share(around: MulticastDnsNetwork, lanNumber: number) {
  const server = await openShareServer(context, {
    user: "ana",
    listenHosts: ["127.0.0.1"],
    otherHosts: [],
    inviteHost: "127.0.0.1",
    port: 0,
    onEvent: () => {},
    onRead: () => {},
    onChanged: () => {},
  });
  const wrong: string[] = [];
  const onWrong = (code: string) => void wrong.push(code);
  const { client: owner, invite } = server;
  const onCrowded = () => {};
  const parts = { owner, invite, lanNumber, via: undefined, user: undefined, onWrong, onCrowded };
  const shared = (await openSharedCode(context, { ...parts, host: "::" }, around)) as SharedCode;
  await until("the code is announced", async () => {
    const search = { serviceType: "chat-share", clock, forMs: 250 } as const;
    return (await findOnLan(search, around)).servers.some(({ port }) => port === invite.port);
  });
  return {
    code: parseShortCode(shared.code),
    invite,
    wrong,
    [Symbol.asyncDispose]: async () => {
      await shared.close();
      await server.close();
    },
  };
}

const wrongWords = (number: number, right: string) =>
  parseShortCode(`${number}-${right.includes("tiger") ? "panda-piano" : "tiger-tulip"}`);

test.concurrent("finds the sender, whose code works until a wrong guess", async () => {
  const around = privateNetwork();
  await using shared = await share(around, 7);
  for (let i = 0; i < 2; i++) {
    const { host, port, secret, fingerprint } = await redeemShareCode(
      context,
      shared.code,
      ON_LAN,
      around,
    );
    const { invite } = shared;
    expect({ host, port, secret, fingerprint }).toEqual({
      host: "127.0.0.1",
      port: invite.port,
      secret: invite.secret,
      fingerprint: invite.fingerprint,
    });
  }
  const guess = redeemShareCode(context, wrongWords(7, shared.code.text), ON_LAN, around);
  expect(await rejection(guess)).toMatchObject({ code: "code-wrong" });
  await until("the sender is informed", () => shared.wrong.length > 0);
  expect(shared.wrong).toEqual([shared.code.text]);
  const late = redeemShareCode(context, shared.code, ON_LAN, around);
  expect(await rejection(late)).toMatchObject({ code: "code-unknown" });
});

test.concurrent("continues the search after a forged announcement", async () => {
  await using shared = await share(privateNetwork(), 8);
  const around = privateNetwork();
  using forger = await RawSpeaker.open(around);
  const dialled = Promise.withResolvers<void>();
  const trap = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data: () => {},
      open: (socket) => {
        socket.end();
        dialled.resolve();
      },
    },
  });
  const redeeming = redeemShareCode(context, shared.code, ON_LAN, around);
  await until("the question is heard", () => forger.received.length > 0);
  await forger.say(forgedShare("8", trap.port));
  await dialled.promise;
  const question = forger.received.length;
  await until("the search continues", () => forger.received.length > question);
  await forger.say(forgedShare("8", shared.invite.port));
  expect((await redeeming).secret).toBe(shared.invite.secret);
  expect(shared.wrong).toEqual([]);
  trap.stop(true);
});

test.concurrent("ends no code where several senders use its number", async () => {
  await using first = await share(privateNetwork(), 8);
  await using second = await share(privateNetwork(), 8);
  const around = privateNetwork();
  using joined = await RawSpeaker.open(around);
  const redeeming = redeemShareCode(context, first.code, ON_LAN, around);
  await until("the question is heard", () => joined.received.length > 0);
  await joined.say(forgedShare("8", second.invite.port));
  await joined.say(forgedShare("8 (2)", first.invite.port));
  expect(await rejection(redeeming)).toMatchObject({
    code: "code-unknown",
    message: "several senders on this network use the number 8",
  });
  expect([...first.wrong, ...second.wrong]).toEqual([]);
});

test.concurrent("guesses at no sender whose key differs from the announced one", async () => {
  await using moved = await share(privateNetwork(), 8);
  const around = privateNetwork();
  using speaker = await RawSpeaker.open(around);
  const redeeming = redeemShareCode(context, wrongWords(8, moved.code.text), ON_LAN, around);
  const failed = rejection(redeeming);
  await until("the question is heard", () => speaker.received.length > 0);
  await speaker.say(forgedShare("8", moved.invite.port, [`fp=${"a".repeat(42)}A`]));
  expect(await failed).toMatchObject({ code: "code-unknown" });
  expect(moved.wrong).toEqual([]);
});

test.concurrent("two shares that choose one number at once get different codes", async () => {
  const around = privateNetwork();
  const shares = await Promise.all(Array.from({ length: 3 }, () => share(around, 7)));
  const numbers = shares.map(({ code }) => code.number);
  expect(new Set(numbers).size).toBe(3);
  for (const { code, invite, wrong } of shares) {
    const redeemed = await redeemShareCode(context, code, ON_LAN, around);
    expect(redeemed.fingerprint).toBe(invite.fingerprint);
    expect(wrong).toEqual([]);
  }
  for (const shared of shares) await shared[Symbol.asyncDispose]();
});

test.concurrent("leaves a number that is already announced", async () => {
  const around = privateNetwork();
  await using first = await share(around, 7);
  await using second = await share(around, 7);
  expect(first.code.number).toBe(7);
  expect(second.code.number).not.toBe(7);
});

test.concurrent("ends the attempts when every number is announced", async () => {
  const around = privateNetwork();
  using forger = await RawSpeaker.open(around);
  let isDone = false;
  const flood = (async () => {
    while (!isDone) {
      const heardCount = forger.received.length;
      await until("a datagram is heard", () => isDone || forger.received.length > heardCount);
      for (let number = 1; number <= 99; number++) await forger.say(forgedShare(`${number}`, 9));
    }
  })();
  await using shared = await share(around, 7);
  isDone = true;
  await flood;
  expect(shared.code.number).toBeGreaterThan(0);
});

test.concurrent("finds a sender that the announcement renamed", async () => {
  const around = privateNetwork();
  await using shared = await share(around, 9);
  const other = privateNetwork();
  using forger = await RawSpeaker.open(other);
  const redeeming = redeemShareCode(context, shared.code, ON_LAN, other);
  await until("the question is heard", () => forger.received.length > 0);
  await forger.say(forgedShare("9 (2)", shared.invite.port));
  expect((await redeeming).secret).toBe(shared.invite.secret);
});

test.concurrent("reports a number that nobody announces", async () => {
  const time = new VirtualClock();
  const around = privateNetwork();
  const { context: ticking } = fakeContext({ clock: time });
  const redeeming = redeemShareCode(ticking, parseShortCode("7-tiger-canoe"), ON_LAN, around);
  const failed = rejection(redeeming);
  await until("the search has begun", async () => {
    await time.advance(1_000);
    return time.now() > 10_000;
  });
  const fault = (await failed) as Fault;
  expect([fault.code, fault.exitCode]).toEqual(["code-unknown", 4]);
  expect(fault.remedy).toContain("--via SERVER");
});

test.concurrent("finds a number beside a hundred others of one sender", async () => {
  const around = privateNetwork();
  using forger = await RawSpeaker.open(around);
  const search = freeLanNumber(context, () => Uint8Array.of(0, 0), around);
  await until("the question is heard", () => forger.received.length > 0);
  for (let number = 1; number <= 100; number++) await forger.say(forgedShare(`${number}`, number));
  expect(await search).toBe(101);
});

test.concurrent("chooses a number that no other machine announces", async () => {
  const around = privateNetwork();
  await using _shared = await share(around, 7);
  const first = (index: number) => () => Uint8Array.of(0, index);
  expect(await freeLanNumber(context, first(5), around)).toBe(6);
  expect(await freeLanNumber(context, first(6), around)).toBe(8);
  const number = await freeLanNumber(context, systemEntropy(), around);
  expect(number).toBeWithin(1, 100);
  const nowhere = { ...around, interfaces: () => [] };
  expect(await freeLanNumber(context, first(5), nowhere)).toBeUndefined();
});
