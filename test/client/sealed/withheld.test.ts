import { describe, expect } from "bun:test";
import { answered, headOf, postsAsked, sealedShown } from "./liar.ts";
import { GREETING, type Person, vaultTest } from "./sealed-site.ts";

const two = vaultTest(["ben"], { isGreeted: true });

function heard(person: Person): string[] {
  return person.records
    .filter(({ kind, body }) => ["text", "sealed"].includes(kind) && body?.["text"] !== GREETING)
    .map(({ body, withheld }) => `${body?.["text"] ?? "?"}${withheld ? ` (${withheld})` : ""}`);
}

function withhold(person: Person, ...which: readonly number[]): void {
  const seen: number[] = [];
  person.liar.lies = sealedShown((record) => {
    const { seq } = headOf(record);
    if (!seen.includes(seq)) seen.push(seq);
    return which.includes(seen.indexOf(seq) + 1) ? [] : [record];
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
    // Ana reads each: until then the next one would excuse it.
    for (const text of ["1", "2", "3", "4", "5", "6", "7"]) await ana.tells(text, ana);
    await ben.hears("7");
    expect(heard(ben)).toEqual(["1", "4 (2)", "6 (1)", "7"]);
    const { records } = await ben.history();
    const counts = records.flatMap(({ withheld }) => (withheld === undefined ? [] : [withheld]));
    expect(counts).toEqual([2, 1]);
  });

  two("when the sender's device has lost its state and rejoined", async ({ ana, ben }) => {
    await ben.tells("1", ana);
    withhold(ana, 1);
    const again = await restartsEmpty(ben);
    await again.tells("2", again);
    await again.tells("3", ana);
    expect(heard(ana)).toEqual(["1", "3 (1)"]);
  });
});

describe("no alarm is raised by", () => {
  two("a message that was erased before it was read", async ({ ana, ben }) => {
    await ana.tells("1", ben);
    await ben.quit();
    const { seq } = await ana.say("2");
    await ana.ask("erase", { seq });
    await ana.say("3");
    const again = await ben.restarts();
    await again.hears("3");
    expect(heard(again).filter((one) => one.includes("("))).toEqual([]);
    expect((await ana.status()).status).toBe("in");
  });

  two("a message that is resent after a lost answer", async ({ world, ana, ben }) => {
    await ana.say("1");
    let isLost = false;
    ana.liar.lies = {
      tells: (word, asked) => {
        if (isLost || asked?.kind !== "post" || word.kind !== "ok") return [word];
        isLost = true;
        return [];
      },
    };
    const second = ana.client.post("vault", { text: "2" });
    await ben.hears("2");
    await ana.until("its loss", () => isLost);
    await ana.losesLink();
    await world.wait(second);
    for (const text of ["3", "4"]) await ana.tells(text, ben);
    expect(heard(ben)).toEqual(["1", "2", "3", "4"]);
  });

  two("messages that another process of the device sends later", async ({ world, ana, ben }) => {
    await ana.say("1");
    ana.liar.lies = postsAsked(() => undefined);
    void ana.client.post("vault", { text: "late" }).catch(() => undefined);
    await ana.until("it is encrypted", () => ana.client.stats?.asked);
    await ana.status();
    const window = await world.join("ana", ana.device);
    await window.tells("2", ben);
    ana.liar.lies = {};
    await ana.losesLink();
    await ben.hears("late");
    await window.tells("3", ben);
    expect(heard(ben)).toEqual(["1", "2", "late", "3"]);
  });
});

describe("a server that answers history requests with an empty page", () => {
  const noHistory = answered("history", () => ({ records: [] }));

  two("while a member is connected", async ({ ana, ben }) => {
    // A change that failed: the client asks for what comes next, too.
    await ben.invites("ana").catch(() => undefined);
    ben.liar.lies = noHistory;
    await ana.tells("in time", ben);
  });

  two("when a member reconnects", async ({ world, ana, ben }) => {
    await ana.tells("before", ben);
    await ben.quit();
    await ana.makesAdmin("ben");
    await ana.say("while ben was away");
    const again = world.person("ben", ben.device);
    again.liar.lies = noHistory;
    await again.enter();
    await again.hears("while ben was away");
  });
});
