import { expect, test } from "bun:test";
import {
  CODE_EXCHANGES_MAX,
  CODE_MESSAGE_BYTES_MAX,
  CODE_NUMBER_MAX,
  CODE_SHORT_NUMBER_MAX,
  CODES_PER_ACCOUNT_MAX,
  CODES_SHORT_PER_ADDRESS_MAX,
  GUESS_DELAY_FIRST_MS,
  WRONG_SECRETS_MAX,
} from "../../../src/base/limits.ts";
import type { Guest } from "../guest.ts";
import { Site, siteWith } from "../site.ts";
import { siteTest } from "../site-lab.ts";

const [FIRST, SECOND] = [Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5, 6)];

async function exchange(site: Site, sender: Guest, number: number, host: string) {
  const receiver = await site.greeted(host);
  const count = sender.all("code-asked").length + 1;
  const answer = receiver.send("code-ask", { number, message: FIRST });
  const { exchange, message } = await sender.until("code-asked", count);
  return { receiver, answer, exchange, message };
}

test("relays two messages each way between a host and a guest without account", async () => {
  const { site, ana } = await siteWith(["ana"], { roomPassword: "sesame" });
  const { number } = await ana.request("code-offer", {});
  const { receiver, answer, exchange: id, message } = await exchange(site, ana, number, "10.0.0.3");
  expect(message).toEqual(FIRST);
  await ana.request("code-reply", { exchange: id, message: SECOND });
  expect(await site.wait(answer)).toEqual({ message: SECOND });
  const next = receiver.send("code-ask", { number, message: SECOND });
  expect(await ana.until("code-asked", 2)).toMatchObject({ exchange: id, message: SECOND });
  await ana.request("code-reply", { exchange: id, message: FIRST });
  expect(await site.wait(next)).toEqual({ message: FIRST });
  expect(receiver.ended).toBeUndefined();
});

siteTest("a wrong code ends the offer for all receivers", async (site) => {
  const ana = await site.member("ana");
  const { number } = await ana.request("code-offer", {});
  const [eve, bob] = [
    await exchange(site, ana, number, "10.0.0.6"),
    await exchange(site, ana, number, "10.0.0.7"),
  ];
  expect(eve.exchange).not.toBe(bob.exchange);
  await ana.request("code-reply", { exchange: eve.exchange });
  const outcomes = await site.wait(Promise.allSettled([eve.answer, bob.answer]));
  const codes = outcomes.map((one) => one.status === "rejected" && one.reason.code);
  expect(codes).toEqual(["code-wrong", "code-unknown"]);
  const late = { number, message: FIRST };
  expect(await bob.receiver.refusal("code-ask", late)).toBe("code-unknown");
  await ana.request("code-reply", { exchange: bob.exchange, message: SECOND });
});

test("delays and disconnects a script that guesses numbers", async () => {
  const site = await Site.open({ skipsIdleTime: true });
  const eve = await site.greeted("10.6.6.6");
  for (let number = 1; number <= WRONG_SECRETS_MAX; number++) {
    expect(await eve.refusal("code-ask", { number, message: FIRST })).toBe("code-unknown");
  }
  expect((await eve.untilEnded()).fault?.code).toBe("code-unknown");
  const next = await site.greeted("10.6.6.6");
  const startedAt = site.clock.now();
  await next.refused("code-ask", { number: 9, message: FIRST });
  expect(site.clock.now() - startedAt).toBeGreaterThanOrEqual(GUESS_DELAY_FIRST_MS);
});

test("counts wrong codes as wrong guesses of the receiver's address", async () => {
  const { site, ana } = await siteWith(["ana"], { skipsIdleTime: true });
  for (let i = 1; i <= WRONG_SECRETS_MAX; i++) {
    const { number } = await ana.request("code-offer", {});
    const { answer, exchange: id } = await exchange(site, ana, number, "10.6.6.6");
    await ana.request("code-reply", { exchange: id });
    const refusal = await site.wait(answer.catch((fault: unknown) => fault));
    expect(refusal).toMatchObject({ code: "code-wrong" });
  }
  const next = await site.greeted("10.6.6.6");
  const startedAt = site.clock.now();
  await next.refused("code-ask", { number: 9, message: FIRST });
  expect(site.clock.now() - startedAt).toBeGreaterThanOrEqual(GUESS_DELAY_FIRST_MS);
});

siteTest("the offer ends with its connection, at log-out and with a newer one", async (site) => {
  const ana = await site.member("ana", "pw");
  const isOffered = async (number: number, host: string) => {
    const guest = await site.greeted(host);
    return (await guest.refusal("code-ask", { number, message: FIRST })) !== "code-unknown";
  };
  await ana.request("code-offer", { number: 7 });
  const { answer } = await exchange(site, ana, 7, "10.1.0.1");
  ana.hangUp();
  const refusal = await site.wait(answer.catch((fault: unknown) => fault));
  expect(refusal).toMatchObject({ code: "code-unknown" });
  expect(await isOffered(7, "10.1.0.2")).toBe(false);
  const back = await site.again(ana, "ana");
  await back.request("code-offer", { number: 7 });
  await back.request("code-offer", { number: 8 });
  expect(await isOffered(7, "10.1.0.3")).toBe(false);
  await back.request("code-withdraw", {});
  expect(await isOffered(8, "10.1.0.5")).toBe(false);
  await back.request("code-offer", { number: 8 });
  await back.request("logout", {});
  expect(await isOffered(8, "10.1.0.4")).toBe(false);
});

siteTest("limits offers by number and account", async (site) => {
  const ana = await site.member("ana", "pw");
  const ben = await site.member("ben");
  await ana.request("code-offer", { number: CODE_NUMBER_MAX });
  expect(await ben.refusal("code-offer", { number: CODE_NUMBER_MAX })).toBe("too-many");
  expect(await ben.refusal("code-offer", { number: CODE_NUMBER_MAX + 1 })).toBe("frame-malformed");
  const numbers = new Set<number>();
  for (let count = 1; count < CODES_PER_ACCOUNT_MAX; count++) {
    const window = await site.again(ana, "ana");
    numbers.add((await window.request("code-offer", {})).number);
  }
  expect(numbers.size).toBe(CODES_PER_ACCOUNT_MAX - 1);
  const last = await site.again(ana, "ana");
  expect(await last.refusal("code-offer", {})).toBe("too-many");
  const { number } = await ben.request("code-offer", {});
  expect(numbers.has(number)).toBe(false);
});

siteTest("receivers who do not guess do not block a code for others", async (site) => {
  const ana = await site.member("ana");
  const { number } = await ana.request("code-offer", {});
  const first = await exchange(site, ana, number, "10.3.0.1");
  const idle = [];
  for (let i = 1; i < CODE_EXCHANGES_MAX; i++)
    idle.push(await exchange(site, ana, number, "10.2.0.1"));
  const [oldest] = idle;
  const late = await exchange(site, ana, number, "10.3.0.2");
  const left = await site.wait(Promise.allSettled([oldest?.answer]));
  expect(left).toMatchObject([{ status: "rejected", reason: { code: "too-many" } }]);
  for (const { exchange: id, answer } of [first, late]) {
    await ana.request("code-reply", { exchange: id, message: SECOND });
    expect(await site.wait(answer)).toEqual({ message: SECOND });
  }
});

siteTest("an address with many codes leaves the short numbers to others", async (site) => {
  const numbers = [];
  for (let i = 0; i < CODES_SHORT_PER_ADDRESS_MAX + 1; i++) {
    const user = await site.member(`user${i}`);
    numbers.push((await user.request("code-offer", {})).number);
  }
  const last = numbers.pop() ?? 0;
  expect(Math.max(...numbers)).toBeLessThanOrEqual(CODE_SHORT_NUMBER_MAX);
  expect(last).toBeGreaterThan(CODE_SHORT_NUMBER_MAX);
});

siteTest("refuses too large messages, and replies to the exchanges of others", async (site) => {
  const ana = await site.member("ana");
  const ben = await site.member("ben");
  const { number } = await ana.request("code-offer", {});
  await ben.request("code-offer", {});
  const guest = await site.greeted("10.4.0.1");
  const large = new Uint8Array(CODE_MESSAGE_BYTES_MAX + 1);
  expect(await guest.refusal("code-ask", { number, message: large })).toBe("frame-malformed");
  const { answer, exchange: id } = await exchange(site, ana, number, "10.4.0.2");
  await ben.request("code-reply", { exchange: id, message: FIRST });
  await ben.request("code-reply", { exchange: id });
  await ana.request("code-reply", { exchange: id, message: SECOND });
  expect(await site.wait(answer)).toEqual({ message: SECOND });
});
