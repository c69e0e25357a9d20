import { describe, expect } from "bun:test";
import { KEY_PACKAGES_MAX, KEY_PACKAGES_PER_HOUR } from "../../../src/base/limits-sealed.ts";
import { MemoryNetwork } from "../../../src/io/link/memory-network.ts";
import { rejection } from "../../rejection.ts";
import { holds } from "../../server/site-lab.ts";
import { content, MemorySource } from "../contents.ts";
import { sendFile } from "../send-file.ts";
import { codeOf, replacePosts } from "./liar.ts";
import { type Person, vaultTest } from "./sealed-site.ts";

const two = vaultTest(["ben"], { operatorToken: "operator token" });
const three = vaultTest(["ben", "eve"]);

function gone(person: Person): Promise<unknown> {
  return person.until("the end", () => person.events.some(({ kind }) => kind === "room-gone"));
}

describe("a sealed room", () => {
  two("carries texts that never reach the server's disk", async ({ world, ana, ben }) => {
    await ana.postTo("the canary sings", ben);
    await ben.postTo("and ben hears it", ana);
    const both = ["ana: the canary sings", "ben: and ben hears it"];
    expect([ana.texts(), ben.texts()]).toEqual([both, both]);
    expect(holds(world.site, "canary")).toBe(false);
  });

  three("is unreadable for a removed member", async ({ ana, ben, eve }) => {
    await ana.kick("ben");
    await gone(ben);
    await ana.postTo("without ben", eve);
    expect(ben.texts()).toEqual([]);
    expect(["not-member", "seal-refused"]).toContain(await codeOf(ben.postText("let me in")));
    expect(await codeOf(ben.request("join", { room: "vault" }))).toBe("sealed-room");
  });

  three(
    "is repaired after a leave by a member who lost all state",
    async ({ world, ana, ben, eve }) => {
      await eve.quit();
      await ben.leavesRoom();
      eve.device.forget();
      const rejoined = await world.join("eve", eve.device);
      await rejoined.postTo("ben is gone", ana);
      await ana.postTo("so he is", rejoined);
      expect(await rejoined.members()).toEqual({ ana: 1, eve: 1 });
    },
  );

  two("may be created again under its name after it was removed", async ({ ana, ben }) => {
    await ana.request("join", { room: "second", create: true, sealed: true });
    await ana.waitForRoom("second");
    await ana.request("leave", { room: "second" });
    await ana.createSealedRoom("second");
    await ana.addMember(ben, "second");
    await ana.postText("to the new room", "second");
    await ben.waitForText("to the new room", "second");
  });

  two("adds an offline member by the last-resort package", async ({ world, ana }) => {
    const eve = await world.join("eve");
    await ana.createSealedRoom("second");
    await eve.quit();
    for (let i = 0; i < KEY_PACKAGES_MAX / KEY_PACKAGES_PER_HOUR; i++) {
      const greedy = await world.site.member(`greedy${i}`);
      for (let j = 0; j < KEY_PACKAGES_PER_HOUR; j++) {
        await greedy.request("key-package", { user: "eve" });
      }
    }
    for (const room of ["vault", "second"]) await ana.invite("eve", room);
    const rejoined = await world.join("eve", eve.device);
    for (const room of ["vault", "second"]) {
      await rejoined.request("join", { room });
      await ana.postText(`welcome to ${room}`, room);
      await rejoined.waitForText(`welcome to ${room}`, room);
      await rejoined.postText(`thanks in ${room}`, room);
      await ana.waitForText(`thanks in ${room}`, room);
    }
    expect(await rejoined.request("key-packages", { packages: [] })).toEqual({
      left: KEY_PACKAGES_MAX,
      lastResort: true,
    });
  });

  two("is read from the addition on by a device that comes months later", async (scene) => {
    const { world, ana } = scene;
    const eve = await world.join("eve");
    await eve.quit();
    await ana.invite("eve");
    await ana.postText("while eve is away");
    world.site.skewMs += 100 * 86_400_000;
    const late = await eve.restart();
    await late.request("join", { room: "vault" });
    await late.waitForText("while eve is away");
  });

  for (const sealed of [true, undefined]) {
    const what = sealed === true ? "a server" : "an earlier server";
    two(`is not mistaken for an open room with that former name on ${what}`, async (scene) => {
      const { ana, ben } = scene;
      await ana.request("join", { room: "before", create: true });
      await ana.request("operate", { token: "operator token" });
      await ana.request("rename", { room: "before", to: "after" });
      ben.tamperingLink.tampering = {
        onRequest: (question) => (question.kind === "join" ? { ...question, sealed } : question),
      };
      const joining = ben.client.actions.join("before", { create: true, sealed: true });
      const fault = await rejection(ben.world.wait(joining));
      expect(fault).toMatchObject({ code: "name-taken" });
      expect(ben.client.rooms.map(({ name }) => name)).not.toContain("after");
      await ana.postText("in the open room", "after");
      expect(ben.texts("after")).toEqual([]);
    });
  }

  two("without a group is completed by its creator, in several windows", async (scene) => {
    const { world, ana, ben } = scene;
    await ana.request("join", { room: "second", create: true, sealed: true });
    const window = await world.join("ana", ana.device);
    const options = { create: true, sealed: true };
    const joining = [ana, window].map(({ client }) => client.actions.join("second", options));
    await world.wait(Promise.all(joining));
    await ana.addMember(ben, "second");
    await window.postText("to ben", "second");
    await ben.waitForText("to ben", "second");
  });

  two("keeps a commit after a lost answer", async ({ world, ana, ben }) => {
    await world.join("eve");
    let isSilent = false;
    ana.tamperingLink.tampering = {
      onRequest: (question) => {
        if (question.kind === "hello") isSilent = false;
        if (question.kind === "group-commit") isSilent = true;
        return question;
      },
      onMessage: (word) => (isSilent ? [] : [word]),
    };
    const rooms = await world.wait(ana.client.sealedRooms());
    const code = codeOf(rooms.get(ana.room()).changes.invite("eve"));
    const mentionsEve = (body: unknown) => JSON.stringify(body ?? null).includes('"user":"eve"');
    await ben.until("the commit", () => ben.records.some(({ body }) => mentionsEve(body)));
    await ben.postText("ana hears nothing");
    await world.pass(60_000);
    expect(await world.wait(code)).toBe("timeout");
    await ana.waitForText("ana hears nothing");
    await ana.postTo("and continues", ben);
    expect(ana.rejoins()).toBe(0);
    expect(ben.changes).not.toContain("resync");
  });

  two("keeps an unanswered commit when a second one is requested", async ({ world, ana }) => {
    await ana.request("join", { room: "second", create: true, sealed: true });
    await ana.waitForRoom("second");
    let isSilent = false;
    ana.tamperingLink.tampering = {
      onRequest: (question) => {
        isSilent ||= question.kind === "group-create";
        return question;
      },
      onMessage: (word) => (isSilent ? [] : [word]),
    };
    const rooms = await world.wait(ana.client.sealedRooms());
    const first = codeOf(rooms.get(ana.room("second")).changes.create());
    await ana.until("the request", () => isSilent);
    expect(await world.wait(codeOf(rooms.get(ana.room("second")).changes.create()))).toBe(
      "stale-epoch",
    );
    isSilent = false;
    await ana.quit();
    await world.wait(first);
    const again = await world.join("ana", ana.device);
    await again.postText("after the restart", "second");
    await again.waitForText("after the restart", "second");
    expect(again.rejoins()).toBe(0);
  });
});

describe("a post queued without a link", () => {
  const TEXT = "said without a link";

  async function stop(person: Person): Promise<void> {
    const { site } = person.world;
    await site.stop();
    site.network.cut();
    await person.until("the loss", () => person.events.some(({ kind }) => kind === "lost"));
    let delayMs = 0;
    site.network = new MemoryNetwork(site.clock, { delayMs: () => ++delayMs });
  }

  two("is sent encrypted when a link is available", async ({ world, ana, ben }) => {
    await stop(ben);
    const pending = ben.client.post("vault", { text: TEXT });
    await world.site.start();
    await world.wait(pending);
    await ana.waitForText(TEXT);
    expect(holds(world.site, "without")).toBe(false);
  });

  two("is refused if the room is no longer known", async ({ world, ana, ben }) => {
    await stop(ben);
    ben.client.post("vault", { text: TEXT }).catch(() => undefined);
    await ben.quit();
    const observed = ana.events.length;
    await world.site.start();
    await ana.until("the next link", () =>
      ana.events.slice(observed).some(({ kind }) => kind === "caught-up"),
    );
    await ana.kick("ben");
    ben.device.forget();
    const restarted = world.person("ben", ben.device);
    const sent: unknown[] = [];
    restarted.tamperingLink.tampering = replacePosts((post) => {
      sent.push(post["body"]);
      return post;
    });
    await restarted.enter();
    const end = await restarted.until("its end", () =>
      restarted.events.find(({ kind }) => kind === "settled"),
    );
    expect(end).toMatchObject({ adopted: { body: { text: TEXT } }, outcome: { kind: "refused" } });
    expect(JSON.stringify(sent)).not.toContain("without");
  });
});

describe("a device that has lost its data", () => {
  two("sends no text to an encrypted room that its user has left", async (scene) => {
    const { world, ana, ben } = scene;
    await ana.request("join", { room: "open", create: true });
    await ben.leavesRoom();
    await ben.quit();
    ben.device.forget();
    const restarted = world.person("ben", ben.device);
    const sent: string[] = [];
    restarted.tamperingLink.tampering = {
      onRequest: (question) => {
        sent.push(JSON.stringify(question));
        return question;
      },
    };
    await restarted.enter();
    for (const room of ["vault", "open"]) {
      expect(await codeOf(restarted.postText("secret", room))).toBe("not-member");
      const upload = { to: [room], source: new MemorySource(content(9), { name: "secret" }) };
      const sending = sendFile(restarted.client.transfers, upload);
      expect(await codeOf(world.wait(sending))).toBe("not-member");
    }
    expect(await codeOf(restarted.postText("secret", "nowhere"))).toBe("room-unknown");
    expect(sent.filter((request) => request.includes("secret"))).toEqual([]);
    await restarted.request("join", { room: "open" });
    await restarted.postText("no secret", "open");
  });
});

describe("a group", () => {
  three("is sealed by any member for all members", async ({ world, ana, ben, eve }) => {
    const { name } = await ana.request("conversation", { users: ["ben", "eve"] });
    await ben.waitForRoom(name);
    await ben.postText("in the open", name);
    await eve.waitForText("in the open", name);
    await ben.sealed((rooms) =>
      rooms.get({ ...ben.room(name), isSealed: true }).changes.sealConversation(["ana", "eve"]),
    );
    await ben.postText("only for us three", name);
    await ana.waitForText("only for us three", name);
    await eve.postText("and so it stays", name);
    await ana.waitForText("and so it stays", name);
    expect(holds(world.site, "in the open")).toBe(true);
    expect(holds(world.site, "only for us")).toBe(false);
    const dora = await world.join("dora");
    expect(await codeOf(dora.request("join", { room: name }))).toBe("room-unknown");
    expect(await codeOf(dora.request("group", { target: name }))).toBe("room-unknown");
    await eve.addMember(dora, name);
    await dora.postText("now four", name);
    await ana.waitForText("now four", name);
    await ana.leavesRoom(name);
    await dora.postText("without ana", name);
    await ben.waitForText("without ana", name);
    expect(ana.texts()).not.toContain("dora: without ana");
  });

  three("stays open if one member has no encrypted rooms", async ({ world, ana, ben }) => {
    await world.site.member("dan");
    const { name } = await ana.request("conversation", { users: ["ben", "dan"] });
    await ana.waitForRoom(name);
    const sealing = ana.sealed((rooms) =>
      rooms.get({ ...ana.room(name), isSealed: true }).changes.sealConversation(["ben", "dan"]),
    );
    expect(await codeOf(sealing)).toBe("not-found");
    await ana.postText("still open", name);
    await ben.waitForText("still open", name);
  });
});

describe("a conversation", () => {
  two("is sealed when either user seals it", async ({ world, ana, ben }) => {
    const eve = await world.join("eve");
    await ana.postText("let us seal this", "@ben");
    await ana.sealed((rooms) => rooms.get(ana.room("@ben")).changes.sealConversation(["ben"]));
    await ana.postText("sealed now", "@ben");
    await ben.waitForText("sealed now", "ana");
    await ben.postText("so it is", "@ana");
    await ana.waitForText("so it is", "ben");
    expect(holds(world.site, "sealed now")).toBe(false);
    expect(eve.records.filter(({ room }) => room.kind === "person")).toEqual([]);
  });

  two("with a user without encrypted rooms stays open", async ({ world, ana }) => {
    await world.site.member("dan");
    await ana.postText("hello", "@dan");
    const sealing = ana.sealed((rooms) =>
      rooms.get(ana.room("@dan")).changes.sealConversation(["dan"]),
    );
    expect(await codeOf(sealing)).toBe("not-found");
    await ana.postText("still open", "@dan");
    expect(ana.room("@dan").isSealed).not.toBe(true);
  });

  const proved = vaultTest(["ben"], { signs: true, operatorToken: "token" });

  proved("is checked before its user is asked about it", async ({ world, ana }) => {
    await ana.request("operate", { token: "token" });
    await ana.request("enrol", { user: "dan" });
    const zoe = await world.join("zoe", undefined, { hasModel: true });
    const may = (target: string) => codeOf(world.wait(zoe.client.actions.checkSealable(target)));
    const mayVerify = (user: string) =>
      codeOf(world.wait(zoe.client.actions.checkVerifiable(user)));
    expect(await may("@ben")).toBe("fine");
    expect(await may("@dan")).toBe("not-found");
    expect(await may("@nobody")).toBe("user-unknown");
    expect(await may("@zoe")).toBe("not-allowed");
    expect(await mayVerify("ben")).toBe("fine");
    expect(await mayVerify("dan")).toBe("user-unknown");
    expect(await mayVerify("zoe")).toBe("not-allowed");
    await world.wait(zoe.client.actions.seal("@ben"));
    expect(await may("@ben")).toBe("not-allowed");
    expect(await mayVerify("ben")).toBe("fine");
  });
});

const operated = vaultTest(["ben"], { operatorToken: "token" });

operated("shows authors and times in the dashboard, but no text", async ({ world, ana, ben }) => {
  const canary = "canary-that-sings";
  const eve = await world.join("eve");
  const received: unknown[] = [];
  eve.tamperingLink.tampering = {
    onMessage: (word) => {
      received.push(word);
      return [word];
    },
  };
  await eve.request("operate", { token: "token" });
  await eve.request("watch", { on: true });
  await ana.postText(canary);
  const { seq } = await ben.post({ text: canary, mentions: ["ana"] });
  await ana.post({ text: "", react: canary.slice(0, 6), re: seq });
  await ben.waitForText(canary);
  await ana.postText("in the open", "lobby");
  await eve.waitForText("in the open", "lobby");
  for (const kind of ["stats", "clients", "transfers", "rooms"] as const)
    await eve.request(kind, {});
  const plain = (value: unknown) =>
    JSON.stringify(value, (_, one) =>
      one instanceof Uint8Array ? Buffer.from(one).toString("latin1") : one,
    );
  const feed = received.filter((word) => (word as { kind: string }).kind === "event");
  expect(plain(feed)).toContain("vault");
  expect(plain(received)).toContain("in the open");
  expect(plain(received)).not.toContain("canary");
});
