import { describe, expect } from "bun:test";
import { answered, headOf, replacePosts, replaceSealed } from "./liar.ts";
import { GREETING, type Person, vaultTest } from "./sealed-site.ts";

const two = vaultTest(["ben"], { isGreeted: true });

function received(person: Person): string[] {
  return person.records
    .filter(({ kind, body }) => ["text", "sealed"].includes(kind) && body?.["text"] !== GREETING)
    .map(({ body, withheld }) => `${body?.["text"] ?? "?"}${withheld ? ` (${withheld})` : ""}`);
}

function withhold(person: Person, ...which: readonly number[]): void {
  const observed: number[] = [];
  person.tamperingLink.tampering = replaceSealed((record) => {
    const { seq } = headOf(record);
    if (!observed.includes(seq)) observed.push(seq);
    return which.includes(observed.indexOf(seq) + 1) ? [] : [record];
  });
}

async function restartsEmpty(person: Person): Promise<Person> {
  await person.quit();
  person.device.forget();
  return person.world.join(person.name, person.device);
}

describe("withheld messages are reported", () => {
  two("with the next message", async ({ ana, ben }) => {
    withhold(ben, 2, 3, 5);
    for (const text of ["1", "2", "3", "4", "5", "6", "7"]) await ana.postTo(text, ana);
    await ben.waitForText("7");
    expect(received(ben)).toEqual(["1", "4 (2)", "6 (1)", "7"]);
    const { records } = await ben.history();
    const counts = records.flatMap(({ withheld }) => (withheld === undefined ? [] : [withheld]));
    expect(counts).toEqual([2, 1]);
  });

  two("when the sender's device has lost its state and rejoined", async ({ ana, ben }) => {
    await ben.postTo("1", ana);
    withhold(ana, 1);
    const restarted = await restartsEmpty(ben);
    await restarted.postTo("2", restarted);
    await restarted.postTo("3", ana);
    expect(received(ana)).toEqual(["1", "3 (1)"]);
  });
});

describe("no alarm is raised by", () => {
  two("a message that was erased before it was read", async ({ ana, ben }) => {
    await ana.postTo("1", ben);
    await ben.quit();
    const { seq } = await ana.postText("2");
    await ana.request("erase", { seq });
    await ana.postText("3");
    const restarted = await ben.restart();
    await restarted.waitForText("3");
    expect(received(restarted).filter((one) => one.includes("("))).toEqual([]);
    expect((await ana.status()).status).toBe("in");
  });

  two("a message that is resent after a lost answer", async ({ world, ana, ben }) => {
    await ana.postText("1");
    let isLost = false;
    ana.tamperingLink.tampering = {
      onMessage: (word, request) => {
        if (isLost || request?.kind !== "post" || word.kind !== "ok") return [word];
        isLost = true;
        return [];
      },
    };
    const second = ana.client.post("vault", { text: "2" });
    await ben.waitForText("2");
    await ana.until("its loss", () => isLost);
    await ana.loseLink();
    await world.wait(second);
    for (const text of ["3", "4"]) await ana.postTo(text, ben);
    expect(received(ben)).toEqual(["1", "2", "3", "4"]);
  });

  two("messages that another process of the device sends later", async ({ world, ana, ben }) => {
    await ana.postText("1");
    ana.tamperingLink.tampering = replacePosts(() => undefined);
    void ana.client.post("vault", { text: "late" }).catch(() => undefined);
    await ana.until("it is encrypted", () => ana.client.stats?.requested);
    await ana.status();
    const window = await world.join("ana", ana.device);
    await window.postTo("2", ben);
    ana.tamperingLink.tampering = {};
    await ana.loseLink();
    await ben.waitForText("late");
    await window.postTo("3", ben);
    expect(received(ben)).toEqual(["1", "2", "late", "3"]);
  });
});

describe("a server that answers history requests with an empty page", () => {
  const noHistory = answered("history", () => ({ records: [] }));

  two("while a member is connected", async ({ ana, ben }) => {
    await ben.invite("ana").catch(() => undefined);
    ben.tamperingLink.tampering = noHistory;
    await ana.postTo("in time", ben);
  });

  two("when a member reconnects", async ({ world, ana, ben }) => {
    await ana.postTo("before", ben);
    await ben.quit();
    await ana.makeAdmin("ben");
    await ana.postText("while ben was away");
    const restarted = world.person("ben", ben.device);
    restarted.tamperingLink.tampering = noHistory;
    await restarted.enter();
    await restarted.waitForText("while ben was away");
  });
});
