import { describe, expect } from "bun:test";
import { Fault, ignoreFault } from "../../../src/base/fault.ts";
import type { FileId } from "../../../src/base/ids.ts";
import { sealedEdit } from "../../../src/client/sealed/body.ts";
import { adoptHistory } from "../../../src/client/sealed/replaced-history.ts";
import type { Fingerprint } from "../../../src/wire/fingerprint.ts";
import { rejection } from "../../rejection.ts";
import { content, MemoryFolder, MemorySource } from "../contents.ts";
import { sendFile } from "../send-file.ts";
import type { WireMessage } from "./liar.ts";
import { type Person, type SealedSite, vaultTest } from "./sealed-site.ts";

const two = vaultTest(["ben"], { signs: true });
const three = vaultTest(["ben", "cleo"], { signs: true });

function fingerprintOf({ client }: Person): string {
  return String(client.fingerprint);
}

async function pinned(...people: readonly Person[]): Promise<void> {
  for (const person of people) {
    const { logPins } = person.device.state;
    const reader = { fingerprint: fingerprintOf(person), formers: [], user: person.name };
    await person.until("its checkpoint", () => logPins.pin(reader));
  }
}

async function leaveServer(...people: readonly Person[]): Promise<void> {
  for (const person of people) {
    await pinned(person);
    await person.quit();
  }
}

/** Delays the answers that the audit of a person's client needs. */
function holdAudit({ tamperingLink }: Person): { release(): void } {
  const held: WireMessage[] = [];
  const hold = (word: WireMessage) => {
    held.push(word);
    return [];
  };
  tamperingLink.tampering = {
    onMessage: (word, request) => (request?.kind === "checkpoint" ? hold(word) : [word]),
  };
  const release = () => {
    tamperingLink.tampering = {};
    for (const word of held) tamperingLink.deliver(word);
  };
  return { release };
}

async function countOf(kind: string, { client, world }: Person): Promise<number> {
  const query = { target: "vault", kinds: [kind], limit: 100 };
  return (await world.wait(client.request("history", query))).records.length;
}

/** Logs in until the audit raises an alarm. */
async function meetAlarm(world: SealedSite, { name, device }: Person): Promise<Person> {
  const person = world.person(name, device);
  await person.enter().catch(() => undefined);
  await person.until("the alarm", () => person.client.alarm);
  return person;
}

/** Meets the alarm, accepts the new history like `chat trust accept`, and logs in again. */
async function acceptHistory(world: SealedSite, person: Person): Promise<Person> {
  const alarmed = await meetAlarm(world, person);
  await alarmed.quit();
  person.device.state.acceptHistory(fingerprintOf(alarmed));
  return world.join(person.name, person.device);
}

async function expectUsable(world: SealedSite, ...people: readonly Person[]): Promise<void> {
  for (const person of people) {
    const others = people.filter((other) => other !== person);
    await person.postTo(`from ${person.name}`, ...others);
  }
  // Claims about the server's history are checked some seconds later.
  await world.pass(15_000);
  for (const person of people) {
    expect(person.remarks).toEqual([]);
    expect((await person.status()).status).toBe("in");
    expect(person.records.filter(({ withheld }) => withheld !== undefined)).toEqual([]);
    expect(person.records.filter(({ hasNewKey }) => hasNewKey === true)).toEqual([]);
  }
}

describe("after a rollback that all members have accepted", () => {
  two("a message under the number of a lost file is erased alone", async (scene) => {
    const { world, ana, ben } = scene;
    await ana.postTo("kept", ben);
    const backup = world.site.disk.backUp();
    await ana.postTo("lost", ben); // The restored log gets a record of its own here.
    const source = new MemorySource(content(9), { name: "lost.txt" });
    const lost = await world.wait(sendFile(ana.client.transfers, { source, to: ["vault"] }));
    await ben.until("the lost file", () => ben.records.some(({ kind }) => kind === "file"));
    await leaveServer(ana, ben);
    await world.site.restore(backup);
    const [ana2, ben2] = [await acceptHistory(world, ana), await acceptHistory(world, ben)];
    const { seq } = await ana2.postText("new one");
    await ana2.postTo("new two", ben2);
    expect(lost.posted[0]?.seq).toBe(seq);
    const openSink = new MemoryFolder().open;
    const request = { file: lost.id as FileId, into: "/", openSink };
    expect(await rejection(world.wait(ben2.client.transfers.get(request)))).toBeInstanceOf(Fault);
    await ana2.request("erase", { seq });
    await ben2.until("the erasure", () => ben2.records.some(({ kind }) => kind === "erase"));
    await ana2.postTo("after it", ben2);
    expect(await ben2.past()).toEqual(["kept", "new two", "after it"]);
  });

  two("a post that is recorded again under another number is read", async (scene) => {
    const { world, ana, ben } = scene;
    await ana.postTo("kept", ben);
    const backup = world.site.disk.backUp();
    await pinned(ana, ben);
    // Ben does not learn that his post was recorded, and sends it again.
    const unanswered = (word: WireMessage, request: WireMessage | undefined) =>
      request?.kind === "post" ? [] : [word];
    ben.tamperingLink.tampering = {
      onMessage: unanswered,
      onRecord: (record) => (record.from === "ben" ? [] : [record]),
    };
    ben.client.post("vault", { text: "again" }).catch(ignoreFault);
    await ana.waitForText("again");
    for (const person of [ana, ben]) await person.quit();
    await world.site.restore(backup);
    const reader = { fingerprint: fingerprintOf(ben), formers: [], user: "ben" };
    ben.device.state.logPins.setAlarm(reader, "restored", 1);
    ben.device.state.acceptHistory(reader.fingerprint);
    const ana2 = await acceptHistory(world, ana);
    await ana2.postText("something else");
    await world.join("ben", ben.device);
    await ana2.waitForText("again");
    expect(await ana2.past()).toEqual(["kept", "something else", "again"]);
  });

  two("unsent posts refer to no other message", async ({ world, ana, ben }) => {
    await ana.postTo("kept", ben);
    const backup = world.site.disk.backUp();
    await ana.postTo("lost", ben);
    await ben.postTo("own", ana);
    const found = ["kept", "lost", "own"].map((text) =>
      ben.records.find(({ body }) => body?.["text"] === text),
    );
    const [kept = 0, lost = 0, own = 0] = found.map((record) => record?.seq);
    await pinned(ana, ben);
    await world.site.stop();
    const { client } = ben;
    for (const body of [
      { text: "answers kept", re: kept },
      { text: "answers lost", re: lost, thread: true },
      { text: "", react: "+1", re: lost },
      sealedEdit(own, "edited"),
      { text: "plain" },
    ])
      client.post("vault", body).catch(ignoreFault);
    for (const person of [ana, ben]) await person.quit();
    await world.wait(world.site.start());
    await world.site.restore(backup);
    const reader = { fingerprint: fingerprintOf(ben), formers: [], user: "ben" };
    // A command that does not send queued posts has met the alarm.
    ben.device.state.logPins.setAlarm(reader, "restored", kept);
    ben.device.state.acceptHistory(reader.fingerprint);
    const ana2 = await acceptHistory(world, ana);
    for (const text of ["new 1", "new 2"]) await ana2.postText(text);
    const ben2 = await world.join("ben", ben.device);
    await ana2.waitForText("plain");
    const settled = ben2.events.flatMap((event) =>
      event.kind === "settled" && event.outcome.kind === "refused"
        ? [[event.adopted?.body.text, event.outcome.fault.code]]
        : [],
    );
    expect(settled).toEqual([
      ["answers lost", "not-found"],
      ["+1", "not-found"],
      ["edited", "not-found"],
    ]);
    const sent = ana2.records.filter(({ from, sealed }) => from === "ben" && sealed === "open");
    expect(sent.map(({ body }) => [body?.["text"], body?.["re"]])).toEqual([
      ["answers kept", kept],
      ["plain", undefined],
    ]);
  });

  two("new messages are read under the numbers of lost ones", async ({ world, ana, ben }) => {
    await ana.postTo("kept", ben);
    const backup = world.site.disk.backUp();
    for (const text of ["lost 1", "lost 2", "lost 3"]) await ben.postTo(text, ana);
    await leaveServer(ana, ben);
    await world.site.restore(backup);
    const [ana2, ben2] = [await acceptHistory(world, ana), await acceptHistory(world, ben)];
    for (const text of ["new 1", "new 2"]) await ana2.postTo(text, ben2);
    await expectUsable(world, ana2, ben2);
    const texts = ["kept", "new 1", "new 2", "from ana", "from ben"];
    for (const person of [ana2, ben2]) {
      expect(await person.past()).toEqual(texts);
      const { records } = await person.history({ grep: "lost" });
      expect(records).toEqual([]);
      expect(person.rejoins()).toBe(0);
      expect(person.texts().some((text) => text.includes("lost"))).toBe(false);
    }
  });

  two("devices rejoin if a key change was lost", async ({ world, ana, ben }) => {
    await ana.postTo("kept", ben);
    const backup = world.site.disk.backUp();
    await ana.makeAdmin("ben");
    await ben.postTo("lost", ana);
    await leaveServer(ana, ben);
    await world.site.restore(backup);
    const [ana2, ben2] = [await acceptHistory(world, ana), await acceptHistory(world, ben)];
    await expectUsable(world, ana2, ben2);
    expect(ana2.events.filter(({ kind }) => kind === "rejoined")).toMatchObject([
      { reason: "replaced" },
    ]);
    expect(await ana2.past()).toEqual(["kept", "from ana", "from ben"]);
  });

  two("devices rejoin even if the backup lacks the GroupInfo", async ({ world, ana, ben }) => {
    await ana.makeAdmin("ben");
    await ana.postTo("kept", ben);
    const backup = world.site.disk.backUp();
    for (const on of [false, true]) await ana.makeAdmin("ben", on);
    await ben.postTo("lost", ana);
    await leaveServer(ana, ben);
    await world.site.restore(backup, (disk) => disk.removeFolder("/d/sealed"));
    const [ana2, ben2] = [await acceptHistory(world, ana), await acceptHistory(world, ben)];
    await expectUsable(world, ana2, ben2);
  });

  two("a device returns to an epoch whose keys it never had", async ({ world, ana, ben }) => {
    await ana.postTo("kept", ben);
    const first = world.site.disk.backUp();
    await ana.makeAdmin("ben");
    await ben.postTo("lost", ana);
    await leaveServer(ana, ben);
    await world.site.restore(first);
    const ben2 = await acceptHistory(world, ben);
    await ben2.until("to be in", () => ben2.rejoins() > 0);
    const second = world.site.disk.backUp();
    const ana2 = await acceptHistory(world, ana);
    await ana2.until("to be in", () => ana2.rejoins() > 0);
    await ana2.postTo("lost too", ben2);
    await leaveServer(ana2, ben2);
    await world.site.restore(second, (disk) => disk.removeFolder("/d/sealed"));
    const ana3 = await acceptHistory(world, ana);
    await ana3.postText("alone");
    const ben3 = await acceptHistory(world, ben);
    await expectUsable(world, ana3, ben3);
  });

  three("a member who was offline reads on", async ({ world, ana, ben, cleo }) => {
    await ana.postTo("kept", ben, cleo);
    const backup = world.site.disk.backUp();
    await leaveServer(cleo);
    await ana.makeAdmin("ben");
    await ben.postTo("lost", ana);
    await leaveServer(ana, ben);
    await world.site.restore(backup);
    const [ana2, ben2] = [await acceptHistory(world, ana), await acceptHistory(world, ben)];
    await ana2.postTo("while cleo is away", ben2);
    const cleo2 = await acceptHistory(world, cleo);
    await cleo2.waitForText("while cleo is away");
    await expectUsable(world, ana2, ben2, cleo2);
    expect(cleo2.rejoins()).toBe(0);
  });

  three("a removal that was lost is undone for everyone", async ({ world, ana, ben, cleo }) => {
    await ana.postTo("kept", ben, cleo);
    const backup = world.site.disk.backUp();
    await ana.kick("cleo");
    await ana.postTo("lost", ben);
    await leaveServer(ana, ben, cleo);
    await world.site.restore(backup);
    const people: Person[] = [];
    for (const person of [ana, ben, cleo]) people.push(await acceptHistory(world, person));
    await expectUsable(world, ...people);
  });

  two("an addition that was lost can be repeated", async ({ world, ana, ben }) => {
    await ana.postTo("kept", ben);
    const dora = await world.join("dora");
    const backup = world.site.disk.backUp();
    await ana.addMember(dora);
    await dora.postTo("lost", ana, ben);
    await leaveServer(ana, ben, dora);
    await world.site.restore(backup);
    const [ana2, ben2] = [await acceptHistory(world, ana), await acceptHistory(world, ben)];
    const dora2 = await acceptHistory(world, dora);
    await ana2.addMember(dora2);
    await expectUsable(world, ana2, ben2, dora2);
    expect(await dora2.past()).toEqual(["from ana", "from ben", "from dora"]);
  });

  two("both devices of a person work", async ({ world, ana, ben }) => {
    const device = await world.link(ana);
    const second = await world.join("ana", device);
    await second.until("to be in", () => second.changes.length > 0);
    await ana.postTo("kept", ben, second);
    const backup = world.site.disk.backUp();
    await ana.makeAdmin("ben");
    await second.postTo("lost", ana, ben);
    await leaveServer(ana, second, ben);
    await world.site.restore(backup);
    const people: Person[] = [];
    for (const person of [ana, second, ben]) people.push(await acceptHistory(world, person));
    await expectUsable(world, ...people);
    expect(await people[0]?.members()).toEqual({ ana: 2, ben: 1 });
  });

  two("an erasure deletes nothing under a reused number", async ({ world, ana, ben }) => {
    await ana.postTo("kept", ben);
    const backup = world.site.disk.backUp();
    const { seq } = await ben.postText("lost");
    await ana.waitForText("lost");
    await ben.request("erase", { seq });
    await ana.until("the erasure", () => ana.records.some(({ kind }) => kind === "erase"));
    await leaveServer(ana, ben);
    await world.site.restore(backup);
    const [ana2, ben2] = [await acceptHistory(world, ana), await acceptHistory(world, ben)];
    await ana2.postTo("new", ben2);
    await expectUsable(world, ana2, ben2);
    expect(await ben2.past()).toEqual(["kept", "new", "from ana", "from ben"]);
  });

  for (const isKeyChanged of [false, true]) {
    const title = isKeyChanged ? "a key change" : "texts";
    two(`a second rollback that loses ${title} is like the first`, async ({ world, ana, ben }) => {
      await ana.postTo("kept", ben);
      const first = world.site.disk.backUp();
      let people: readonly [Person, Person] = [ana, ben];
      const lose = async (backup: typeof first, text: string) => {
        const [ana1, ben1] = people;
        if (isKeyChanged) await ana1.makeAdmin("ben");
        await ben1.postTo(text, ana1);
        await leaveServer(...people);
        await world.site.restore(backup);
        people = [await acceptHistory(world, ana), await acceptHistory(world, ben)];
      };
      await lose(first, "lost 1");
      await people[0].postTo("new 1", people[1]);
      const second = world.site.disk.backUp();
      await lose(second, "lost 2");
      await people[1].postTo("new 2", people[0]);
      await lose(first, "lost 3");
      await expectUsable(world, ...people);
      for (const person of people) {
        expect(await person.past()).toEqual(["kept", "from ana", "from ben"]);
        if (!isKeyChanged) expect(person.rejoins()).toBe(0);
      }
    });
  }
});

two("two adoptions at once lose no keys of what was read between them", async (scene) => {
  const { world, ana, ben } = scene;
  await ana.postTo("one", ben);
  const roomOf = async () => (await ben.client.sealedRooms()).get(ben.room());
  const room = await world.wait(roomOf());
  const setHistory = (history: "accepted" | undefined) =>
    world.wait(room.run((tx) => tx.change({ history })));
  const held: WireMessage[] = [];
  ben.tamperingLink.tampering = {
    onMessage: (word, request) => {
      if (request?.kind !== "history") return [word];
      held.push(word);
      return [];
    },
  };
  await setHistory("accepted");
  const slow = adoptHistory(room);
  await ben.until("the slow task's answer", () => held.length > 0);
  await setHistory(undefined); // Another task has adopted the history.
  await ana.makeAdmin("ben");
  await ana.postTo("two", ben);
  await setHistory("accepted"); // The user has accepted another one.
  ben.tamperingLink.tampering = {};
  for (const word of held) ben.tamperingLink.deliver(word);
  await world.wait(slow);
  await ben.postTo("three", ana);
  expect(await ben.past()).toEqual(["one", "two", "three"]);
  expect(ben.rejoins()).toBe(0);
});

two("a link that begins while a message is read is checked before the next one", async (scene) => {
  const { world, ana, ben } = scene;
  await ana.postTo("one", ben);
  const room = await ben.sealed(async (rooms) => rooms.get(ben.room()));
  const last = ben.records.filter((record) => record.room.name === "vault").slice(-1);
  const opening = room.openRecords(last);
  room.connected();
  await world.wait(opening);
  let queries = 0;
  const count = (question: WireMessage) => {
    if (question.kind === "history") queries += 1;
    return question;
  };
  ben.tamperingLink.tampering = { onRequest: count };
  await ana.postTo("two", ben);
  expect(queries).toBeGreaterThan(0);
});

two("a post before the alarm waits until the history is accepted", async (scene) => {
  const { world, ana, ben } = scene;
  await ana.postTo("kept", ben);
  const backup = world.site.disk.backUp();
  for (const text of ["lost 1", "lost 2", "lost 3"]) await ana.postTo(text, ben);
  await leaveServer(ana, ben);
  await world.site.restore(backup);
  const early = world.person("ben", ben.device);
  const audit = holdAudit(early);
  await early.enter();
  early.client.post("vault", { text: "early" }).catch(ignoreFault);
  await world.pass(3_000);
  expect(await countOf("sealed", early)).toBe(1);
  audit.release();
  await early.until("the alarm", () => early.client.alarm);
  await early.quit();
  const ana2 = await acceptHistory(world, ana);
  const ben2 = await acceptHistory(world, ben);
  await ana2.waitForText("early");
  await expectUsable(world, ana2, ben2);
  const texts = ["kept", "early", "from ana", "from ben"];
  for (const person of [ana2, ben2]) expect(await person.past()).toEqual(texts);
});

two("a device that was joining does not repeat that in the other history", async (scene) => {
  const { world, ana, ben } = scene;
  await ana.postTo("kept", ben);
  const device = await world.link(ana);
  const backup = world.site.disk.backUp();
  await ana.makeAdmin("ben");
  const second = world.person("ana", device);
  let isJoining = false;
  second.tamperingLink.tampering = {
    onRequest: (question) => {
      isJoining ||= question.kind === "group-commit";
      return question.kind === "group-commit" ? undefined : question;
    },
  };
  await second.enter();
  await second.until("the commit", () => isJoining);
  await leaveServer(ana, ben, second);
  await world.site.restore(backup);
  // Ana rejoins, so that the group reaches the epoch on which the unanswered commit rests.
  const ana2 = await acceptHistory(world, ana);
  await ana2.until("to be in", () => ana2.rejoins() > 0);
  const second2 = await acceptHistory(world, second);
  await second2.until("to be in", () => second2.changes.includes("join"));
  const ben2 = await acceptHistory(world, ben);
  await expectUsable(world, ana2, ben2, second2);
});

describe("an edit that was lost in an accepted rollback", () => {
  two("does not make the erasure of its message erase others", async ({ world, ana, ben }) => {
    const { seq } = await ana.postText("kept");
    const backup = world.site.disk.backUp();
    await ana.post(sealedEdit(seq, "lost edit 1"));
    // The server records the restore under the number of the first edit.
    const { seq: editSeq } = await ana.post(sealedEdit(seq, "lost edit 2"));
    await ben.until("the edit", () => ben.records.some((record) => record.seq === editSeq));
    await leaveServer(ana, ben);
    await world.site.restore(backup);
    const [ana2, ben2] = [await acceptHistory(world, ana), await acceptHistory(world, ben)];
    const texts: string[] = [];
    for (let last = 0; last < editSeq; ) {
      texts.push(`new ${texts.length}`);
      ({ seq: last } = await ben2.postText(texts.at(-1) ?? ""));
    }
    await ana2.waitForText(texts.at(-1) ?? "");
    expect(await ana2.sealed((rooms) => rooms.editsOf([ana2.room()], seq))).toEqual([]);
    await ana2.request("erase", { seq });
    for (const person of [ana2, ben2]) {
      await person.until("the erasure", () => person.records.some(({ kind }) => kind === "erase"));
      expect(await person.past()).toEqual(texts);
    }
  });
});

two("an edit of an erased message that was lost does not count as withheld", async (scene) => {
  const { world, ana, ben } = scene;
  const { seq } = await ana.postText("erased");
  await ben.waitForText("erased");
  let backup = world.site.disk.backUp();
  const erase = async () => {
    await ana.request("erase", { seq });
    await ana.until("the erasure", () => ana.records.some(({ kind }) => kind === "erase"));
    backup = world.site.disk.backUp();
    await leaveServer(ben);
  };
  const edit = await ana.editDuring(erase, seq, "lost");
  await ana.until("the edit", () => ana.records.some((record) => record.seq === edit.seq));
  await leaveServer(ana);
  await world.site.restore(backup);
  const [ana2, ben2] = [await acceptHistory(world, ana), await acceptHistory(world, ben)];
  await expectUsable(world, ana2, ben2);
});

two("a client that began without a link before the acceptance is stopped", async (scene) => {
  const { world, ana, ben } = scene;
  await ana.postTo("kept", ben);
  const backup = world.site.disk.backUp();
  await ana.postTo("lost", ben);
  await leaveServer(ana, ben);
  const offline = world.person("ben", ben.device);
  world.site.network.cut();
  const fingerprint = fingerprintOf(ben) as Fingerprint;
  offline.client.start(fingerprint, "ben", undefined);
  ben.device.state.acceptHistory(fingerprint);
  await world.site.restore(backup);
  const { message } = await offline.until("the stop", () => offline.client.alarm);
  expect(message).toContain("accepted");
});

describe("before a rollback is accepted", () => {
  two("no message is taken for the one after a lost message", async ({ world, ana, ben }) => {
    await ana.postTo("kept", ben);
    const backup = world.site.disk.backUp();
    // The restored log gets a record of its own under the number of the first message.
    for (const text of ["lost 1", "lost 2"]) await ana.postText(text, "lobby");
    const lost = await ana.postText("lost");
    await ben.waitForText("lost");
    await leaveServer(ana, ben);
    await world.site.restore(backup);
    const ana2 = await acceptHistory(world, ana);
    const first = await ana2.postText("new 1");
    const { seq } = await ana2.postText("new in the lobby", "lobby");
    expect([first.seq + 1, seq]).toEqual([lost.seq, lost.seq]);
    const second = await ana2.postText("new 2");
    const early = world.person("ben", ben.device);
    const audit = holdAudit(early);
    await early.enter();
    await early.until("the second message", () => early.records.some((r) => r.seq === second.seq));
    audit.release();
    await early.until("the alarm", () => early.client.alarm);
    await early.quit();
    const ben2 = await acceptHistory(world, ben);
    await expectUsable(world, ana2, ben2);
    const texts = ["kept", "new 1", "new 2", "from ana", "from ben"];
    expect(await ben2.past()).toEqual(texts);
    expect((await ben2.history({ grep: "lost" })).records).toEqual([]);
  });

  two("a message that arrives after the acceptance hides none before it", async (scene) => {
    const { world, ana, ben } = scene;
    await ana.postTo("kept", ben);
    const backup = world.site.disk.backUp();
    for (const text of ["lost 1", "lost 2", "lost 3"]) await ana.postTo(text, ben);
    await leaveServer(ana, ben);
    await world.site.restore(backup);
    const ana2 = await acceptHistory(world, ana);
    for (const text of ["new 1", "new 2"]) await ana2.postText(text);
    const early = world.person("ben", ben.device);
    holdAudit(early);
    await early.enter();
    const { seq } = await ana2.postText("new 3");
    await early.until("the record", () => early.records.some((record) => record.seq === seq));
    // Another program of the home has accepted the history.
    const room = await early.sealed(async (rooms) => rooms.get(early.room()));
    await world.wait(room.run((tx) => tx.change({ history: "accepted" })));
    await ana2.postText("new 4");
    await early.waitForText("new 4");
    expect(await early.past()).toEqual(["kept", "new 1", "new 2", "new 3", "new 4"]);
  });

  two("messages under the numbers of lost ones do not continue the history", async (scene) => {
    const { world, ana, ben } = scene;
    await ana.postTo("kept", ben);
    const backup = world.site.disk.backUp();
    for (const text of ["lost 1", "lost 2", "lost 3"]) await ana.postTo(text, ben);
    await leaveServer(ana, ben);
    await world.site.restore(backup);
    const ana2 = await acceptHistory(world, ana);
    const early = world.person("ben", ben.device);
    const audit = holdAudit(early);
    await early.enter();
    const texts = ["new 1", "new 2", "new 3", "new 4"];
    for (const text of texts) {
      const { seq } = await ana2.postText(text);
      await early.until(text, () => early.records.some((record) => record.seq === seq));
    }
    expect(early.texts().filter((text) => text.includes("new"))).toEqual([]);
    audit.release();
    await early.until("the alarm", () => early.client.alarm);
    await early.quit();
    const ben2 = await acceptHistory(world, ben);
    expect(await ben2.past()).toEqual(["kept", ...texts]);
    expect((await ben2.history({ grep: "lost" })).records).toEqual([]);
  });

  two("a change with the keys of the lost history is not made", async (scene) => {
    const { world, ana, ben } = scene;
    await ana.makeAdmin("ben");
    await ana.postTo("kept", ben);
    const backup = world.site.disk.backUp();
    await world.join("cleo");
    await ana.invite("cleo");
    for (const text of ["lost 1", "lost 2", "lost 3", "lost 4"]) await ben.postTo(text, ana);
    await leaveServer(ana, ben);
    await world.site.restore(backup);
    // Ana rejoins, so that the group has the epoch of ben's keys again.
    const ana2 = await acceptHistory(world, ana);
    await ana2.until("to be in", () => ana2.rejoins() > 0);
    const early = world.person("ben", ben.device);
    const audit = holdAudit(early);
    await early.enter();
    const groups = await countOf("group", early);
    const made = rejection(early.makeAdmin("ana", false));
    expect(await world.wait(made)).toMatchObject({ code: "stale-epoch" });
    expect(await countOf("group", early)).toBe(groups);
    audit.release();
    await early.until("the alarm", () => early.client.alarm);
    await early.quit();
    const ben2 = await acceptHistory(world, ben);
    await expectUsable(world, ana2, ben2);
  });

  two("no read position of the former history is reported", async ({ world, ana, ben }) => {
    await ana.request("receipts", { target: "vault", on: true });
    await ana.postTo("kept", ben);
    const backup = world.site.disk.backUp();
    for (const text of ["lost 1", "lost 2", "lost 3"]) await ana.postTo(text, ben);
    await pinned(ana, ben);
    const newest = ben.records.findLast(({ kind }) => kind === "text");
    await leaveServer(ana);
    // Ben reads the lost messages without a link, and comes back after the new ones.
    ben.tamperingLink.tampering = { onMessage: () => [] };
    await world.site.restore(backup);
    if (newest !== undefined) ben.client.reportRead(newest.room.id, newest);
    const ana2 = await acceptHistory(world, ana);
    const { seq } = await ana2.postText("new 1");
    for (const text of ["new 2", "new 3"]) await ana2.postText(text);
    ben.tamperingLink.tampering = {};
    await ben.until("the alarm", () => ben.client.alarm);
    await ben.quit();
    expect(await ana2.request("readers", { seq })).toMatchObject({ readers: 0, of: 1 });
  });

  for (const room of ["lobby", "vault"]) {
    two(`posts in ${room} that refer to a message stay unsent`, async ({ world, ana, ben }) => {
      await ana.postText("kept", room);
      const backup = world.site.disk.backUp();
      const { seq: lost } = await ana.postText("lost", room);
      await ben.waitForText("lost", room);
      await pinned(ana, ben);
      await world.site.stop();
      for (const body of [
        { text: "answer", re: lost },
        { text: "", react: "+1", re: lost },
        { text: "in a thread", re: lost, thread: true },
      ])
        ben.client.post(room, body).catch(ignoreFault);
      for (const person of [ana, ben]) await person.quit();
      await world.wait(world.site.start());
      await world.site.restore(backup);
      const ana2 = await acceptHistory(world, ana);
      for (const text of ["new 1", "new 2"]) await ana2.postText(text, room);
      const alarmed = await meetAlarm(world, ben);
      await alarmed.quit();
      const sent = await ana2.history({ target: room });
      expect(sent.records.filter(({ from, body }) => from === "ben" && body?.["re"])).toEqual([]);
      ben.device.state.acceptHistory(fingerprintOf(alarmed));
      const ben2 = await world.join("ben", ben.device);
      const refused = await ben2.until("the refusals", () => {
        const settled = ben2.events.flatMap((event) =>
          event.kind === "settled" && event.outcome.kind === "refused"
            ? [[event.adopted?.body.text, event.outcome.fault.code]]
            : [],
        );
        return settled.length === 3 && settled;
      });
      const texts = ["answer", "+1", "in a thread"];
      expect(refused).toEqual(texts.map((text) => [text, "not-found"]));
    });
  }

  two("requests that name a message are refused", async ({ world, ana, ben }) => {
    await ana.postText("kept", "lobby");
    const backup = world.site.disk.backUp();
    const { seq } = await ben.postText("lost", "lobby");
    await leaveServer(ana, ben);
    await world.site.restore(backup);
    const ana2 = await acceptHistory(world, ana);
    await ana2.postText("new", "lobby");
    const ben2 = world.person("ben", ben.device);
    await world.wait(ben2.client.connect());
    const { client } = ben2;
    const room = client.rooms.find(({ name }) => name === "lobby")?.id ?? "";
    const asked = Promise.all([
      rejection(client.request("edit", { seq, text: "edited" })),
      rejection(client.request("erase", { seq })),
      rejection(client.request("pin", { seq, on: true })),
      rejection(client.request("vote", { seq, choices: [1] })),
      rejection(client.request("save", { room, seq, on: true })),
    ]);
    for (const fault of await world.wait(asked)) expect(fault).toMatchObject({ exitCode: 6 });
    expect(
      (await ana2.history({ target: "lobby", kinds: ["edit", "erase", "pin"] })).records,
    ).toEqual([]);
  });
});

describe("a message that was lost after its erasure", () => {
  for (const [what, texts] of [
    ["alone", []],
    ["with its edits", ["edit 1", "edit 2"]],
  ] as const) {
    two(`does not count as withheld, ${what}`, async ({ world, ana, ben }) => {
      await ana.postTo("kept", ben);
      const backup = world.site.disk.backUp();
      await leaveServer(ben);
      const { seq } = await ana.postText("lost");
      for (const text of texts) await ana.edit(seq, text);
      await ana.waitForText("lost");
      await ana.request("erase", { seq });
      await ana.until("the erasure", () => ana.records.some(({ kind }) => kind === "erase"));
      await leaveServer(ana);
      await world.site.restore(backup);
      const [ana2, ben2] = [await acceptHistory(world, ana), await acceptHistory(world, ben)];
      await expectUsable(world, ana2, ben2);
    });
  }

  two("is shown as deleted if its erasure alone was lost", async ({ world, ana, ben }) => {
    const { seq } = await ana.postText("deleted");
    await ben.waitForText("deleted");
    const backup = world.site.disk.backUp();
    await ana.request("erase", { seq });
    await ana.until("the erasure", () => ana.records.some(({ kind }) => kind === "erase"));
    await leaveServer(ana, ben);
    await world.site.restore(backup);
    const ana2 = await acceptHistory(world, ana);
    const { records } = await ana2.history();
    expect(records.find((record) => record.seq === seq)).toMatchObject({
      state: "erased",
      body: undefined,
    });
  });
});

describe("a member who has not accepted the rollback", () => {
  two("sees no content of a lost message under its number", async ({ world, ana, ben }) => {
    await ana.postTo("kept", ben);
    const backup = world.site.disk.backUp();
    for (const text of ["lost 1", "lost 2"]) await ben.postTo(text, ana);
    await leaveServer(ana, ben);
    await world.site.restore(backup);
    const ana2 = await acceptHistory(world, ana);
    for (const text of ["new 1", "new 2", "new 3", "new 4"]) await ana2.postText(text);
    const ben2 = await meetAlarm(world, ben);
    expect(ben2.texts().filter((text) => text.includes("lost"))).toEqual([]);
    expect(ben2.texts().filter((text) => text.includes("new"))).toEqual([]);
    await ben2.quit();
    const ben3 = await acceptHistory(world, ben);
    await expectUsable(world, ana2, ben3);
    const texts = ["kept", "new 1", "new 2", "new 3", "new 4", "from ana", "from ben"];
    expect(await ben3.past()).toEqual(texts);
  });

  three("does no harm to the others", async ({ world, ana, ben, cleo }) => {
    await ana.postTo("kept", ben, cleo);
    const backup = world.site.disk.backUp();
    await ana.makeAdmin("ben");
    await cleo.postTo("lost", ana, ben);
    await leaveServer(ana, ben, cleo);
    await world.site.restore(backup);
    const [ana2, ben2] = [await acceptHistory(world, ana), await acceptHistory(world, ben)];
    const cleo2 = await meetAlarm(world, cleo);
    await cleo2.quit();
    await expectUsable(world, ana2, ben2);
    expect(await ana2.members()).toEqual({ ana: 1, ben: 1, cleo: 1 });
  });

  const unsigned = vaultTest(["ben"]);
  unsigned("cannot post, and may accept the room alone", async ({ world, ana, ben }) => {
    await ana.postTo("kept", ben);
    const backup = world.site.disk.backUp();
    await ana.makeAdmin("ben");
    await ben.postTo("lost", ana);
    for (const person of [ana, ben]) await person.quit();
    await world.site.restore(backup);
    const ana2 = await world.join("ana", ana.device);
    const refusal = await rejection(ana2.postText("unread"));
    expect(refusal).toMatchObject({ code: "seal-refused" });
    expect(String(refusal)).toContain("lacks messages of 'vault' that this device has read");
    const remark =
      "'vault' is no longer trusted: the server's history lacks messages that this device has read";
    expect(ana2.remarks).toEqual([remark]);
    expect(await rejection(ana2.makeAdmin("ben"))).toMatchObject({ code: "seal-refused" });
    await ana2.sealed((rooms) => rooms.get(ana2.room()).acceptState());
    await ana2.postText("after accepting");
    const ben2 = await world.join("ben", ben.device);
    await ben2.sealed((rooms) => rooms.get(ben2.room()).acceptState());
    await ben2.postTo("both have", ana2);
  });
});

vaultTest(["ben"])(
  "a post is refused if a server without proofs lacks the newest message",
  async (scene) => {
    const { world, ana, ben } = scene;
    await ana.postTo("kept", ben);
    const backup = world.site.disk.backUp();
    await ana.postTo("lost", ben);
    for (const person of [ana, ben]) await person.quit();
    await world.site.restore(backup);
    const ben2 = await world.join("ben", ben.device);
    const refusal = await rejection(ben2.postText("unread"));
    expect(String(refusal)).toContain("lacks messages of 'vault' that this device has read");
    await ben2.sealed((rooms) => rooms.get(ben2.room()).acceptState());
    await ben2.postText("read");
    const ana2 = await world.join("ana", ana.device);
    await ana2.sealed((rooms) => rooms.get(ana2.room()).acceptState());
    expect(await ana2.past()).toEqual(["kept", "read"]);
  },
);

describe("a second program of a home in which another one accepts a rollback", () => {
  for (const room of ["lobby", "vault"]) {
    two(`ends without sending a reply in ${room}`, async ({ world, ana, ben }) => {
      await ana.postText("kept", room);
      const backup = world.site.disk.backUp();
      const { seq: lost } = await ana.postText("lost", room);
      await ben.waitForText("lost", room);
      await pinned(ana, ben);
      await ana.quit();
      await world.site.stop();
      const posted = rejection(ben.client.post(room, { text: "answer", re: lost }));
      await world.pass(100); // The post is stored.
      const { fingerprint } = ben.client;
      const { logPins } = ben.device.state;
      const reader = { fingerprint: String(fingerprint), formers: [], user: "ben" };
      logPins.setAlarm(reader, "restored", lost - 1);
      ben.device.state.acceptHistory(reader.fingerprint);
      await world.wait(world.site.start());
      await world.site.restore(backup);
      const ana2 = await acceptHistory(world, ana);
      for (const text of ["new 1", "new 2"]) await ana2.postText(text, room);
      await ben.until("the end", () => ben.client.alarm);
      expect(ben.client.alarm).toMatchObject({ code: "log-forked" });
      await ben.quit();
      expect(await world.wait(posted)).toMatchObject({ code: "log-forked" });
      expect(logPins.alarm(reader.fingerprint)).toBeUndefined();
      const { records } = await ana2.history({ target: room });
      expect(records.filter(({ from, body }) => from === "ben" && body?.["re"])).toEqual([]);
      const ben2 = await world.join("ben", ben.device);
      const refused = await ben2.until("the refusal", () =>
        ben2.events.find((event) => event.kind === "settled" && event.outcome.kind === "refused"),
      );
      expect(refused).toMatchObject({ outcome: { fault: { code: "not-found" } } });
      await ben2.postText("from ben", room);
      await ana2.waitForText("from ben", room);
      expect(
        (await ben2.history({ target: room })).records.map(({ body }) => body?.["text"]),
      ).not.toContain("lost");
    });
  }
});

describe("a server that has lost a room's GroupInfo", () => {
  /** Restarts the server without the GroupInfo, while nobody is connected. */
  async function loseGroupInfo(world: SealedSite, ...people: readonly Person[]): Promise<void> {
    for (const person of people) await person.quit();
    await world.site.stop();
    await world.site.disk.boot().removeFolder("/d/sealed");
    await world.wait(world.site.start());
  }

  two("gets it from a member's device", async ({ world, ana, ben }) => {
    await ana.postTo("kept", ben);
    await loseGroupInfo(world, ana, ben);
    const ana2 = await world.join("ana", ana.device);
    const device = await world.link(ana2);
    const second = await world.join("ana", device);
    await second.until("to be in", () => second.changes.includes("join"));
    await second.postTo("hello", ana2);
  });

  two("may publish it during a new device's request for it", async ({ world, ana, ben }) => {
    const device = await world.link(ana);
    await loseGroupInfo(world, ana, ben);
    const second = world.person("ana", device);
    const answers: WireMessage[] = [];
    second.tamperingLink.tampering = {
      onMessage: (word, request) => {
        if (request?.kind !== "group") return [word];
        answers.push(word);
        return [];
      },
    };
    await second.enter();
    await second.until("the answer", () => answers.length > 0);
    const ana2 = await world.join("ana", ana.device);
    const isGroup = ({ kind }: { readonly kind: string }) => kind === "group";
    const count = second.records.filter(isGroup).length;
    await second.until("the state", () => second.records.filter(isGroup).length > count);
    second.tamperingLink.tampering = {};
    for (const answer of answers) second.tamperingLink.deliver(answer);
    await second.until("to be in", () => second.changes.includes("join"));
    await second.postTo("hello", ana2);
  });
});
