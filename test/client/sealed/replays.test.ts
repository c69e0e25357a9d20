import { describe, expect } from "bun:test";
import { fromBase64Url, toBase64Url } from "../../../src/base/bytes.ts";
import { checkName } from "../../../src/base/names.ts";
import { accountKeyOf } from "../../../src/client/account-key.ts";
import { packPart } from "../../../src/client/sealed/handover-part.ts";
import { TOKEN } from "../../server/site-lab.ts";
import {
  applicationContent,
  changeRow,
  contentOf,
  type ForeignContent,
  handOverAs,
  OWN_KEY,
  postUnderOwnKey,
  sendPart,
} from "./foreign-content.ts";
import {
  forged,
  headOf,
  replacePosts,
  type Tampering,
  type WireMessage,
  type WireRecord,
} from "./liar.ts";
import { type Person, vaultTest } from "./sealed-site.ts";

const plain = vaultTest(["ben"], { history: true });
const proved = vaultTest(["ben"], { history: true, signs: true });
const linked = vaultTest(["ben"]);
const operated = vaultTest(["ben"], { history: true, signs: true, operatorToken: TOKEN });
const three = vaultTest(["ben", "eve"], { history: true, signs: true });

function steps({ events }: Person): string[] {
  return events.flatMap((event) =>
    event.kind === "handover" ? [`${event.step} ${event.messages}`] : [],
  );
}

/** Parts are looked for every second at first, and every minute later. */
async function handedOver(person: Person): Promise<void> {
  const isDone = () => steps(person).some((step) => /^(?:read|hidden) /.test(step));
  for (let s = 0; s < 90 && !isDone(); s++) await person.world.pass(1_000);
  await person.world.pass(1_000);
}

async function textsAndEdits(person: Person): Promise<unknown[]> {
  const { records } = await person.history();
  return records.flatMap(({ kind, body, from }) =>
    kind === "text" || kind === "edit" ? [`${from}: ${body?.["text"]}`] : [],
  );
}

async function join(scene: { readonly ana: Person }, tampering: Tampering = {}): Promise<Person> {
  const { ana } = scene;
  const dan = ana.world.person("daniel");
  dan.tamperingLink.tampering = tampering;
  await dan.enter();
  await ana.addMember(dan);
  await handedOver(dan);
  return dan;
}

describe("an admin who hands over", () => {
  for (const [run, about] of [
    [plain, "without proofs"],
    [proved, "with proofs"],
  ] as const) {
    run(`cannot repeat another user's message, ${about}`, async (scene) => {
      const { ana, ben } = scene;
      await ana.postTo("shall we pay 10?", ben);
      const { seq } = await ben.postText("yes, do it");
      await ana.waitForText("yes, do it");
      await ana.postTo("shall we pay 100,000?", ben);
      const content = await contentOf(ana, seq);
      const again = await postUnderOwnKey(ana, applicationContent(content.bytes));
      await handOverAs(ana, again, content);
      const dan = await join(scene);
      expect(await textsAndEdits(dan)).toEqual([
        "ana: shall we pay 10?",
        "ben: yes, do it",
        "ana: shall we pay 100,000?",
      ]);
      expect(steps(dan)).toEqual(["receiving 4", "read 3", "hidden 1"]);
    });

    run(`cannot bring back a superseded edit, ${about}`, async (scene) => {
      const { ana, ben } = scene;
      const { seq } = await ben.postText("maybe");
      const former = await ben.edit(seq, "yes, do it");
      await ben.edit(seq, "NO, never");
      await ana.until("the edits", () => ana.records.filter(({ kind }) => kind === "edit")[1]);
      const content = await contentOf(ana, former.seq);
      const again = await postUnderOwnKey(ana, applicationContent(content.bytes));
      await handOverAs(ana, again, content);
      const dan = await join(scene);
      expect((await textsAndEdits(dan)).at(-1)).toBe("ben: NO, never");
      expect(steps(dan)).toEqual(["receiving 4", "read 3", "hidden 1"]);
    });
  }

  /** Ben writes once, and ana posts his content again: below his record's id, epoch and so on. */
  async function repeats(
    scene: { readonly ana: Person; readonly ben: Person },
    {
      isSameId = false,
      inLaterEpoch = false,
      keepsEpoch = false,
      isByServer = false,
      isHidden = false,
    },
  ): Promise<{ readonly dan: Person; readonly content: ForeignContent }> {
    const { ana, ben } = scene;
    const { seq } = await ben.postText("yes, do it");
    await ana.waitForText("yes, do it");
    const content = await contentOf(ana, seq);
    if (inLaterEpoch) {
      const eve = await ana.world.join("evelyn");
      await ana.addMember(eve);
    }
    const again = await postUnderOwnKey(ana, applicationContent(content.bytes), {
      ...(isSameId ? { id: content.id } : {}),
      ...(keepsEpoch ? { epoch: content.epoch } : {}),
    });
    await handOverAs(ana, again, content);
    if (isHidden) await changeRow(ana, seq, (row) => ({ ...row, key: undefined }));
    // A server names ben as the author of ana's record.
    const lie = (record: WireRecord) =>
      headOf(record).seq === again ? [{ ...record, from: "ben" }] : [record];
    const dan = await join(scene, isByServer ? { onRecord: lie } : {});
    return { dan, content };
  }

  for (const [about, lies] of [
    ["under the id of its record", { isSameId: true }],
    ["in a later epoch", { inLaterEpoch: true, isSameId: true }],
    [
      "with the header of the earlier epoch",
      { inLaterEpoch: true, keepsEpoch: true, isSameId: true },
    ],
    ["in the author's name, together with the server", { isByServer: true }],
    ["in the author's name and epoch, with the server", { isByServer: true, isSameId: true }],
    [
      "in the author's name in a later epoch, with the server",
      { isByServer: true, isSameId: true, inLaterEpoch: true },
    ],
    [
      "in the author's name with the earlier epoch, with the server",
      { isByServer: true, isSameId: true, inLaterEpoch: true, keepsEpoch: true },
    ],
  ] as const) {
    proved(`cannot repeat a message ${about}`, async (scene) => {
      const { dan } = await repeats(scene, lies);
      const texts = await textsAndEdits(dan);
      expect(texts.filter((text) => text === "ben: yes, do it")).toHaveLength(1);
      expect(steps(dan)).toContain("hidden 1");
    });
    const isMovable = "isByServer" in lies && "isSameId" in lies && !("inLaterEpoch" in lies);
    if (isMovable) continue;
    proved(`cannot move a message that it hides ${about}`, async (scene) => {
      const { dan } = await repeats(scene, { ...lies, isHidden: true });
      expect(await textsAndEdits(dan)).toEqual([]);
      expect(steps(dan)).toEqual(["receiving 1", "hidden 1"]);
    });
  }

  proved("can move a message within its epoch, together with the server", async (scene) => {
    const lies = { isByServer: true, isSameId: true, isHidden: true };
    const { dan } = await repeats(scene, lies);
    expect(await textsAndEdits(dan)).toEqual(["ben: yes, do it"]);
  });

  three("cannot give a message to a user who certifies its device", async (scene) => {
    const { ana, ben, eve, world } = scene;
    const { seq } = await ben.postText("I resign");
    await Promise.all([ana, eve].map((person) => person.waitForText("I resign")));
    const content = await contentOf(eve, seq);
    // Eve posts it again under its id, so that the record is by her.
    const again = await postUnderOwnKey(eve, applicationContent(content.bytes), { id: content.id });
    const { fingerprint } = eve.client;
    if (fingerprint === undefined) throw new Error("the server has a key");
    const account = accountKeyOf({
      ...eve.device,
      device: eve.device.identity,
      clock: world.site.clock,
      fingerprint,
      user: checkName("eve"),
    });
    const deviceKey = fromBase64Url(content.row.device);
    const cert = await account.certify({ deviceKey, kind: "cli" });
    await ana.until("the record", () => ana.records.find((record) => record.seq === again));
    await changeRow(ana, seq, (row) => ({ ...row, key: undefined }));
    const dan = await world.join("daniel");
    await ana.addMember(dan);
    const keys = [{ seq: again, sender: 0, key: OWN_KEY }];
    const part = packPart({ total: 1, done: 0, isLast: true, certs: [cert], keys });
    await sendPart(ana, "daniel", part);
    await handedOver(dan);
    expect(await textsAndEdits(dan)).toEqual([]);
    expect(steps(dan)).toEqual(["receiving 1", "hidden 1"]);
  });

  proved("cannot move a message from another room", async (scene) => {
    const { ana, ben, world } = scene;
    const { seq } = await ben.postText("yes, do it");
    await ana.waitForText("yes, do it");
    const content = await contentOf(ana, seq);
    await ana.createSealedRoom("attic", true);
    await ana.addMember(ben, "attic");
    await ben.postText("hello", "attic");
    await ana.waitForText("hello", "attic");
    for (const id of [undefined, content.id]) {
      const at = id === undefined ? {} : { id };
      const options = { ...at, room: "attic" };
      const again = await postUnderOwnKey(ana, applicationContent(content.bytes), options);
      await handOverAs(ana, again, content, "attic");
    }
    const dan = await world.join("daniel");
    await ana.addMember(dan, "attic");
    await handedOver(dan);
    const { records } = await world.wait(dan.client.history({ target: "attic", limit: 100 }));
    const texts = records.flatMap(({ kind, body }) => (kind === "text" ? [body?.["text"]] : []));
    expect(texts).toEqual(["hello"]);
    expect(steps(dan)).toEqual(["receiving 3", "read 1", "hidden 2"]);
  });

  operated("shows messages of a user who was renamed since", async (scene) => {
    const { ana, ben, world } = scene;
    await ben.postTo("as ben", ana);
    const olga = await world.join("olga");
    await olga.request("operate", { token: TOKEN });
    await olga.request("rename", { user: "ben", to: "benjamin" });
    await ana.postText("after");
    const dan = await join(scene);
    expect(steps(dan)).toEqual(["receiving 2", "read 2"]);
    expect(await dan.past()).toEqual(["as ben", "after"]);
  });

  three("cannot post for somebody who was removed", async (scene) => {
    const { ana, ben, eve } = scene;
    const { seq } = await eve.postText("I agree");
    await ana.waitForText("I agree");
    const content = await contentOf(ana, seq);
    await ana.kick("eve");
    await ben.until("the removal", () => ben.changes.includes("remove"));
    const again = await postUnderOwnKey(ana, applicationContent(content.bytes));
    await handOverAs(ana, again, content);
    const dan = await join(scene);
    expect(await textsAndEdits(dan)).toEqual(["eve: I agree"]);
    expect(steps(dan)).toContain("hidden 1");
  });
});

describe("a lying device of the own account", () => {
  linked("cannot repeat what another device has written", async ({ world, ana, ben }) => {
    const tablet = await world.join("ben", await world.link(ben));
    await handedOver(tablet);
    const { seq } = await ben.postText("yes, do it");
    await tablet.waitForText("yes, do it");
    await ana.waitForText("yes, do it");
    const content = await contentOf(tablet, seq);
    const again = await postUnderOwnKey(tablet, applicationContent(content.bytes));
    await handOverAs(tablet, again, content);
    await ben.quit();
    const phone = await world.join("ben", await world.link(tablet));
    await handedOver(phone);
    expect(await phone.past()).toEqual(["yes, do it"]);
    expect(steps(phone)).toContain("hidden 1");
  });

  linked("cannot attribute another user's words to a record", async ({ world, ana, ben }) => {
    const { seq } = await ana.postText("yes, do it");
    await ben.waitForText("yes, do it");
    const content = await contentOf(ben, seq);
    for (const id of [undefined, content.id]) {
      const at = id === undefined ? {} : { id };
      const again = await postUnderOwnKey(ben, applicationContent(content.bytes), at);
      await handOverAs(ben, again, content);
    }
    const phone = await world.join("ben", await world.link(ben));
    await handedOver(phone);
    expect(await phone.past()).toEqual(["yes, do it"]);
    expect(steps(phone)).toContain("hidden 2");
  });
});

describe("a server", () => {
  linked("cannot record a post twice that was encrypted for two epochs", async (scene) => {
    const { world, ana, ben } = scene;
    const dan = await world.join("daniel");
    const posts: WireMessage[] = [];
    ben.tamperingLink.tampering = replacePosts((post) => {
      posts.push(post);
      return undefined;
    });
    const posting = ben.client.post("vault", { text: "yes, do it" });
    const first = await ben.until("the first ciphertext", () => posts[0]);
    // Leaves a number for the record that the server adds.
    await ana.postText("hello", "lobby");
    const { outbox, counter, body } = first as unknown as {
      readonly outbox: string;
      readonly counter: number;
      readonly body: {
        readonly sealed: { readonly epoch: number; readonly ciphertext: Uint8Array };
      };
    };
    const { epoch, ciphertext } = body.sealed;
    const added = { epoch, ciphertext: toBase64Url(ciphertext) };
    const onRecord = (record: WireRecord) => {
      const { kind, seq } = headOf(record);
      if (kind !== "group") return [record];
      const head = { kind: "sealed", id: `${outbox}.${counter}`, seq: seq - 1 };
      return [{ ...forged(record, head, added), from: "ben" }, record];
    };
    ana.tamperingLink.tampering = { onRecord };
    await ana.addMember(dan);
    await ana.waitForText("yes, do it");
    ana.tamperingLink.tampering = { onRecord };
    ben.tamperingLink.tampering = {};
    await ben.loseLink();
    await world.wait(posting);
    await ben.postTo("the end", ana);
    expect(ana.texts().filter((text) => text.includes("yes"))).toEqual(["ben: yes, do it"]);
    expect((await ana.status()).status).toBe("in");
  });
});
