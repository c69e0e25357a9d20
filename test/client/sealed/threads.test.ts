import { describe, expect } from "bun:test";
import { content, MemorySource } from "../contents.ts";
import { sendFile } from "../send-file.ts";
import { type Person, vaultTest } from "./sealed-site.ts";

const two = vaultTest(["ben"]);

/** Returns the replies that only their thread shows. */
function hiddenFrom({ records }: Pick<Person, "records">): unknown[] {
  return records.flatMap(({ body }) => (body?.["thread"] === true ? [body["text"]] : []));
}

async function hiddenInHistory(person: Person, target = "vault"): Promise<unknown[]> {
  return hiddenFrom(await person.history({ target }));
}

async function replyTo(re: number, text: string, from: Person, to: Person): Promise<number> {
  const { seq } = await from.post({ text, re, thread: true });
  for (const person of [from, to]) await person.waitForText(text);
  return seq;
}

describe("a reply in a thread of an encrypted room", () => {
  two("is shown in the room if no message begins the thread", async ({ ana, ben }) => {
    const { seq: first } = await ana.postText("first");
    const { seq: reaction } = await ana.post({ text: "", react: "+1", re: first });
    const { seq: elsewhere } = await ana.postText("elsewhere", "lobby");
    const reply = await replyTo(first, "real", ana, ben);
    const { records } = await ben.history();
    const group = records.find(({ kind }) => kind === "group")?.seq ?? 0;
    const numbers = Object.entries({ reaction, elsewhere, reply, group });
    for (const [name, re] of numbers) {
      expect([name, re]).not.toEqual([name, 0]);
      await replyTo(re, name, ana, ben);
    }
    for (const person of [ana, ben]) {
      expect(hiddenFrom(person)).toEqual(["real"]);
      expect(await hiddenInHistory(person)).toEqual(["real"]);
    }
  });

  two("is shown in the room, as a file, if no message begins the thread", async (here) => {
    const { world, ana, ben } = here;
    const { seq: elsewhere } = await ana.postText("elsewhere", "lobby");
    const { seq: first } = await ana.postText("first");
    for (const [name, re] of Object.entries({ elsewhere, first })) {
      const source = new MemorySource(content(9), { name });
      const request = { source, to: ["vault"], text: name, re, thread: true };
      await world.wait(sendFile(ana.client.transfers, request));
      for (const person of [ana, ben]) {
        const isShown = ({ body }: (typeof person.records)[0]) => body?.["text"] === name;
        await person.until("the file", () => person.records.find(isShown));
      }
    }
    for (const person of [ana, ben]) {
      expect(hiddenFrom(person)).toEqual(["first"]);
      expect(await hiddenInHistory(person)).toEqual(["first"]);
    }
  });

  two("stays in the thread of a file and of a deleted message", async ({ world, ana, ben }) => {
    const source = new MemorySource(content(9), { name: "one.txt" });
    await world.wait(sendFile(ana.client.transfers, { source, to: ["vault"] }));
    await ben.until("the file", () => ben.records.find(({ kind }) => kind === "file"));
    const file = ben.records.find(({ kind }) => kind === "file")?.seq ?? 0;
    await replyTo(file, "to the file", ben, ana);
    const { seq } = await ana.postText("deleted");
    await replyTo(seq, "before", ben, ana);
    await ana.request("erase", { seq });
    await ben.until("the erasure", () => ben.records.some(({ kind }) => kind === "erase"));
    await replyTo(seq, "after", ben, ana);
    const texts = ["to the file", "before", "after"];
    const ben2 = await ben.restart();
    for (const person of [ana, ben2]) expect(await hiddenInHistory(person)).toEqual(texts);
  });

  two("stays in the thread of a message from before the encryption", async ({ ana, ben }) => {
    const { seq } = await ana.postText("open", "@ben");
    await ben.until("the conversation", () => ben.room("@ana"));
    await ana.sealed((rooms) => rooms.get(ana.room("@ben")).changes.sealConversation(["ben"]));
    await ben.until("the encryption", () => ben.room("@ana").isSealed);
    await ana.post({ text: "in the thread", re: seq, thread: true }, "@ben");
    await ben.waitForText("in the thread", "ana");
    expect(hiddenFrom(ben)).toEqual(["in the thread"]);
    expect(await hiddenInHistory(ben, "@ana")).toEqual(["in the thread"]);
  });

  two("is shown to those who cannot read the first message", async ({ world, ana, ben }) => {
    const { seq } = await ana.postText("first");
    const cleo = await world.join("cleo");
    await ana.addMember(cleo);
    await replyTo(seq, "answer", ben, cleo);
    expect(hiddenFrom(ben)).toEqual(["answer"]);
    expect(hiddenFrom(cleo)).toEqual([]);
    expect(await hiddenInHistory(cleo)).toEqual([]);
  });
});
