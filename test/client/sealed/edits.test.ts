import { describe, expect } from "bun:test";
import { EDITS_PER_RECORD_MAX, RETENTION_MS_MIN } from "../../../src/base/limits.ts";
import { type ChatRecord, fieldsIn } from "../../../src/core/client/chat-record.ts";
import { rejection } from "../../rejection.ts";
import { type Person, vaultTest } from "./sealed-site.ts";

const two = vaultTest(["ben"], { operatorToken: "operator token" });

async function postEdited(by: Person): Promise<{ readonly seq: number; readonly edits: number[] }> {
  const { seq } = await by.postText("secret one");
  const edits: number[] = [];
  for (const text of ["secret two", "secret three"]) {
    edits.push((await by.edit(seq, text)).seq);
  }
  return { seq, edits };
}

async function secretsOf(person: Person): Promise<string[]> {
  const found = await person.history({ grep: "secret" });
  const all = await person.history();
  return [...found.records, ...all.records].flatMap((record) => {
    const { text = "" } = fieldsIn(record);
    return text.includes("secret") ? [text] : [];
  });
}

const isErasure = ({ kind }: { readonly kind: string }) => kind === "erase";
const erasedBy = (person: Person) =>
  person.until("the erasure", () => person.records.some(isErasure));

describe("an erasure of an edited message", () => {
  two("by its author erases the edits on all devices, and names them", async (scene) => {
    const { world, ana, ben } = scene;
    const { seq, edits } = await postEdited(ana);
    await ben.postTo("read", ana);
    const offline = await ben.restart();
    await offline.quit();
    expect(await secretsOf(ana)).toContain("secret three");
    await ana.request("erase", { seq });
    const back = await world.join("ben", offline.device);
    expect(await secretsOf(ana)).toEqual([]);
    expect(await secretsOf(back)).toEqual([]);
    const order = (await ana.history({ kinds: ["all"] })).records.find(isErasure);
    expect(order?.body).toEqual({ seq, also: edits });
    for (const person of [ana, back]) {
      const { records } = await person.history();
      const found = records.filter((record) => [seq, ...edits].includes(record.seq));
      expect(found.map(({ kind, state }) => [kind, state])).toEqual([
        ["sealed", "erased"],
        ["edit", "erased"],
        ["edit", "erased"],
      ]);
    }
  });

  two(
    "by an operator without a device in the room erases them on readers' devices",
    async (scene) => {
      const { world, ana, ben } = scene;
      const { seq } = await postEdited(ana);
      await ben.postTo("read", ana);
      const operator = await world.join("olga");
      await operator.request("operate", { token: "operator token" });
      await operator.request("erase", { seq });
      for (const person of [ana, ben]) {
        await erasedBy(person);
        expect(await secretsOf(person)).toEqual([]);
      }
    },
  );

  for (const [who, author] of [
    ["an admin's device", "ben"],
    ["the author's device", "ana"],
  ] as const) {
    two(`by an operator is completed on the server by ${who}`, async (scene) => {
      const { world, ana, ben } = scene;
      const { seq, edits } = await postEdited(scene[author]);
      await ana.postTo("read", ben);
      await ben.postTo("read too", ana);
      // The other device is offline, and finds the erasure completed.
      await ben.quit();
      const operator = await world.join("olga");
      await operator.request("operate", { token: "operator token" });
      await operator.request("erase", { seq });
      const isCompleted = ({ kind, body }: ChatRecord) =>
        kind === "erase" &&
        [body?.["seq"], ...((body?.["also"] as number[]) ?? [])].join() === edits.join();
      await ana.until("the second erasure", () => ana.records.some(isCompleted));
      const again = await world.join("ben", ben.device);
      await world.pass(10_000);
      expect(await secretsOf(again)).toEqual([]);
      const { records } = await again.history();
      const states = records.filter((record) => edits.includes(record.seq));
      expect(states.map(({ state }) => state)).toEqual(["erased", "erased"]);
      const all = await ana.history({ kinds: ["all"] });
      expect(all.records.filter(isErasure)).toHaveLength(2);
    });
  }

  two("by retention hides edits that are not old enough yet", async ({ world, ana, ben }) => {
    const operator = await world.join("olga");
    await operator.request("operate", { token: "operator token" });
    await operator.request("clock", { accept: true }); // The site's clock has jumped.
    const { seq } = await ana.postText("secret one");
    await ben.postTo("read", ana);
    await world.pass(RETENTION_MS_MIN);
    await ana.edit(seq, "secret two");
    await ben.until("the edit", () => ben.records.some(({ kind }) => kind === "edit"));
    const offline = await ben.restart();
    await offline.quit();
    await operator.request("retention", { room: "vault", keepMs: RETENTION_MS_MIN });
    await erasedBy(ana);
    const states = async (person: Person) => {
      const { records } = await person.history();
      return records.flatMap(({ kind, state }) => (kind === "text" ? [] : [[kind, state]]));
    };
    expect(await secretsOf(ana)).toEqual([]);
    const back = await world.join("ben", offline.device);
    expect(await secretsOf(back)).toEqual([]);
    await world.pass(2 * RETENTION_MS_MIN);
    for (const person of [ana, back]) {
      expect(await secretsOf(person)).toEqual([]);
      const edited = (await states(person)).filter(([kind]) => kind === "edit");
      expect(edited).toEqual([["edit", "erased"]]);
    }
  });

  two("erases more edits than one request can name", async ({ ana, ben }) => {
    const { seq } = await ana.postText("secret one");
    const edits: number[] = [];
    for (let i = 0; i < EDITS_PER_RECORD_MAX + 2; i++)
      edits.push((await ana.edit(seq, `secret ${i}`)).seq);
    await ben.postTo("read", ana);
    await ana.request("erase", { seq });
    await ben.until("all erasures", () => ben.records.filter(isErasure).length === 2);
    const erased = ben.records.filter(isErasure).flatMap(({ body }) => body?.["also"] as number[]);
    const seqs = ben.records.filter(isErasure).map(({ body }) => Number(body?.["seq"]));
    expect([...new Set([...erased, ...seqs])].sort((a, b) => a - b)).toEqual([seq, ...edits]);
  });

  two("hides an edit that arrives later", async ({ ana, ben }) => {
    const { seq } = await ana.postText("secret one");
    await ben.until("the text", () => ben.texts().includes("ana: secret one"));
    const erase = async () => {
      await ana.request("erase", { seq });
      await erasedBy(ana);
    };
    await ana.editDuring(erase, seq, "secret late");
    await ana.postTo("after it", ben);
    expect(await secretsOf(ana)).toEqual([]);
    expect(await secretsOf(ben)).toEqual([]);
    expect(ben.records.some((record) => (fieldsIn(record).text ?? "").includes("late"))).toBe(
      false,
    );
  });

  two("erases nothing else that the request names", async ({ ana, ben }) => {
    const { seq } = await ana.postText("secret one");
    const other = await ben.postText("by ben");
    const lobby = await ana.postText("in the lobby", "lobby");
    await ana.request("erase", { seq, also: [other.seq, lobby.seq, seq, 1, 999_999] });
    await erasedBy(ben);
    const { body } = ben.records.find(isErasure) ?? {};
    expect(body?.["also"] ?? []).toEqual([]);
    expect(await ben.past()).toEqual(["by ben"]);
  });
});

describe("an edit", () => {
  two(
    "of a message that is not the user's own is refused before it is encrypted",
    async (scene) => {
      const { world, ana, ben } = scene;
      const { seq: other } = await ben.postText("by ben");
      const { seq: lobby } = await ana.postText("in the lobby", "lobby");
      const { seq: own } = await ana.postText("by ana");
      const { seq: edit } = await ana.edit(own, "better");
      const { seq: reaction } = await ana.post({ text: "", react: "+1", re: own });
      await ana.postTo("read", ben);
      const sent: string[] = [];
      ana.tamperingLink.tampering = {
        onRequest: (question) => {
          sent.push(question.kind);
          return question;
        },
      };
      for (const [seq, message] of [
        [other, `message ${other} is not yours`],
        [lobby, `this device has not read a message ${lobby} in this room`],
        [edit, `this device has not read a message ${edit} in this room`],
        [reaction, `this device has not read a message ${reaction} in this room`],
        [999_999, "this device has not read a message 999999 in this room"],
      ] as const)
        expect((await rejection(ana.edit(seq, "not mine"))).message).toBe(message);
      await ana.request("erase", { seq: own });
      await erasedBy(ana);
      expect((await rejection(ana.edit(own, "too late"))).message).toBe(
        `message ${own} was deleted`,
      );
      expect(sent).not.toContain("post");
      await world.pass(1);
    },
  );

  two("of another user's message by a modified program is not shown", async ({ ana, ben }) => {
    const { seq } = await ana.postText("by ana");
    await ben.waitForText("by ana");
    const { seq: edit } = await ben.forgeEdit(seq, "by ben");
    const shown = await ana.until("the edit", () =>
      ana.records.find((record) => record.seq === edit),
    );
    expect(shown).toMatchObject({ kind: "sealed", sealed: "closed", body: { reason: "sender" } });
    expect((await ana.history({ grep: "by ben" })).records).toEqual([]);
  });

  two("is sent even if the device has not read its own message yet", async ({ ana, ben }) => {
    const withoutRecords = ({ kind }: { readonly kind: string }) => kind !== "records";
    ana.tamperingLink.tampering = { onMessage: (word) => [word].filter(withoutRecords) };
    const { seq } = await ana.postText("first");
    await ana.edit(seq, "second");
    const edit = await ben.until("the edit", () => ben.records.find(({ kind }) => kind === "edit"));
    expect(edit.body).toMatchObject({ seq, text: "second" });
  });
});

describe("an edit of an encrypted message", () => {
  two("never leaves the device for a target that is not known as encrypted", async (scene) => {
    const { ana } = scene;
    const { seq } = await ana.postText("secret");
    const sent: string[] = [];
    ana.tamperingLink.tampering = {
      onRequest: (question) => {
        sent.push(JSON.stringify(question));
        return question;
      },
    };
    for (const target of ["@ben", "lobby"]) {
      const fault = await rejection(ana.edit(seq, "secret correction", target));
      expect([target, fault]).toMatchObject([target, { code: "seal-refused" }]);
    }
    expect(sent.filter((one) => one.includes("correction"))).toEqual([]);
  });
});
