import { describe, expect, test } from "bun:test";
import { readBody } from "../../../src/client/sealed/body.ts";
import { commitBytes } from "../../server/sealed/sealed-lab.ts";
import { codeOf } from "./liar.ts";
import { type Person, vaultTest } from "./sealed-site.ts";

const three = vaultTest(["ben", "eve"], { isGreeted: true });

function commitOf(group: Uint8Array, epoch: number, commitId: string): Uint8Array {
  const commit = commitBytes(epoch, commitId).slice();
  commit.set(group, 5);
  return commit;
}

async function groupOf(person: Person) {
  const { made } = await person.request("group", { target: "vault" });
  if (made === undefined) throw new Error("no group");
  return made;
}

async function sendGarbage(by: Person, commitId: string): Promise<void> {
  const { group, epoch } = await groupOf(by);
  const bytes = commitOf(group, epoch, commitId);
  const commit = new Uint8Array([...bytes, ...new Uint8Array(40).fill(9)]);
  const info = new Uint8Array(200).fill(1);
  const place = { target: "vault", group, epoch, commitId };
  await by.request("group-commit", { ...place, commit, info, added: [], removed: [] });
}

describe("a commit that members must refuse", () => {
  three("is replaced by an admin's device", async ({ ana, ben, eve }) => {
    for (const id of ["garbage-one", "garbage-two"]) {
      await sendGarbage(ben, id);
      await ana.postTo(`after ${id}`, eve);
      await eve.postTo(`eve after ${id}`, ana);
    }
    expect([(await ana.status()).status, (await eve.status()).status]).toEqual(["in", "in"]);
    await sendGarbage(ben, "garbage-three");
    await ana.kick("ben");
    await ana.postTo("without ben", eve);
    await eve.postTo("ben is out", ana);
    expect(await eve.members()).toEqual({ ana: 1, eve: 1 });
  });

  three("cannot replace a valid one, and neither can a member's", async ({ ana, ben, eve }) => {
    const { group, seq, epoch: next } = await groupOf(ben);
    const epoch = next - 1;
    const commit = commitOf(group, epoch, "mine");
    const fields = { target: "vault", group, epoch, commitId: "mine", commit, instead: seq };
    const all = { ...fields, info: new Uint8Array(10), added: [], removed: [] };
    for (const by of [ben, ana])
      expect(await codeOf(by.request("group-commit", all))).toBe("not-allowed");
    await eve.postTo("still here", ana);
  });
});

describe("the body of a sealed message", () => {
  const bytes = (text: string) => new TextEncoder().encode(text);

  test("is refused if it is too deep, too long or of an unknown kind", () => {
    const deep = (count: number) => `${"[".repeat(count)}${"]".repeat(count)}`;
    for (const hostile of [
      `{"kind":"text","text":"x","re":${deep(200_000)}}`,
      `{"kind":"text","a":${deep(17)}}`,
      `{"kind":"file","name":"${"n".repeat(400_000)}"}`,
      `{"kind":"reaction","react":"${"x".repeat(5_000)}","re":1}`,
      `{"kind":"text","text":"${"x".repeat(65_537)}"}`,
      ...['{"kind":"__proto__"}', '{"kind":"constructor"}', '{"kind":["text"]}', "[]", "null"],
      `{"kind":"text"`,
    ]) {
      const observed = [hostile.slice(0, 40), readBody(bytes(hostile))];
      expect(observed).toEqual([hostile.slice(0, 40), undefined]);
    }
    const proto = readBody(bytes(`{"kind":"text","text":"x","__proto__":{"isAdmin":true}}`));
    expect((proto as { isAdmin?: boolean } | undefined)?.isAdmin).toBeUndefined();
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
  });

  three("is harmless with wrong types or hostile characters", async ({ ben, eve }) => {
    for (const body of [
      { text: 5 },
      { text: "\u0000\u001b[2J\u202e", mentions: [null, {}, "x".repeat(3_000)], re: -1 },
      { text: "", react: { a: 1 }, re: "x" },
    ]) {
      await ben.post(body as never).catch(() => undefined);
    }
    for (const seq of [Number.MAX_SAFE_INTEGER, 1]) await ben.forgeEdit(seq, "edit");
    await ben.postTo("the last", eve);
    const closed = eve.records.filter(({ sealed }) => sealed === "closed");
    expect(closed.map(({ from }) => from)).toEqual(["ben", "ben"]);
    expect((await eve.status()).status).toBe("in");
  });
});
