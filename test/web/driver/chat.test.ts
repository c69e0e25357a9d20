import { describe, expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import { POLLS_OPEN_PER_MEMBER_MAX } from "../../../src/base/limits.ts";
import { IDLE_PING_AFTER_MS } from "../../../src/base/limits-cluster.ts";
import { SCROLL_PAGE_RECORDS } from "../../../src/base/limits-page.ts";
import { itemAt } from "../../../src/core/model/item.ts";
import { RowBuilder } from "../../../src/core/model/rows.ts";
import { openRoom, roomList, roomOf } from "../../../src/core/model/selectors.ts";
import { Identity } from "../../../src/crypto/identity.ts";
import { makeSuccession } from "../../../src/crypto/succession.ts";
import type { Store } from "../../../src/web/browser/indexed-db.ts";
import { revokeOthers } from "../../../src/web/driver/devices.ts";
import { readFragment } from "../../../src/web/input/fragment.ts";
import { faultOf } from "../../fault-code.ts";
import { fixtureTest } from "../../fixture-test.ts";
import { plantVersion } from "../../plant.ts";
import { rejection } from "../../rejection.ts";
import { Site } from "../../server/site.ts";
import { siteTest } from "../../server/site-lab.ts";
import { Browser, opened, type Tab } from "../browser/browser.ts";

plantVersion();

async function operated() {
  const site = await Site.open({ operatorToken: "token" });
  const olga = await site.member("olga");
  await olga.request("operate", { token: "token" });
  return { site, olga };
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return ((await rejection(promise)) as Fault).code;
}

function unreadIn(tab: Tab, target: string): number {
  const { rooms, people } = roomList(tab.chat.model);
  return [...rooms, ...people].find((line) => line.target === target)?.unread ?? -1;
}

const openTest = fixtureTest(opened);

describe("login", () => {
  test("registers a new name, and logs in by key after a reload", async () => {
    const { browser, ana: first } = await opened();
    expect(first.chat.model.me).toBe("ana");
    await first.close();
    const again = await browser.tab();
    await again.caughtUp();
    expect(again.chat.model.me).toBe("ana");
    expect(again.chat.knownAccounts.map(({ user }) => user)).toEqual(["ana"]);
    expect(again.texts("lobby")).toEqual([]);
  });

  test("offers the operator link once, and to nobody who signs out", async () => {
    const site = await Site.open({ operatorLink: "first" });
    const browser = new Browser(site);
    await browser.member("ana");
    const ana = await browser.tab({ fragment: "#operator=first" });
    await ana.until("the offer", () => ana.chat.operatorLink === "offered");
    await site.wait(ana.chat.logout());
    expect([ana.chat.operatorLink, ana.chat.isOperatorInvited]).toEqual([undefined, true]);
    const other = new Browser(site);
    await other.member("cleo");
    const cleo = await other.tab({ fragment: "#operator=first" });
    await cleo.until("the offer", () => cleo.chat.operatorLink === "offered");
    cleo.chat.acceptOperatorLink();
    expect(cleo.chat.operatorLink).toBeUndefined();
    await cleo.until("she is operator", () => cleo.chat.operatorLink === "granted");
    expect(cleo.chat.model.isOperator).toBe(true);
  });

  test("presents an operator link that was accepted without a connection", async () => {
    const site = await Site.open({ operatorLink: "first" });
    const browser = new Browser(site);
    await browser.member("ana");
    const ana = await browser.tab({ fragment: "#operator=first" });
    await ana.until("the offer", () => ana.chat.operatorLink === "offered");
    ana.cut();
    await ana.connectionIs("offline");
    ana.chat.acceptOperatorLink();
    expect(ana.chat.model.faults).toEqual([]);
    await ana.until("she is operator", () => ana.chat.operatorLink === "granted");
    expect(ana.chat.model.isOperator).toBe(true);
  });

  test("ends the offer in other tabs once the account is operator", async () => {
    const site = await Site.open({ operatorLink: "first" });
    const browser = new Browser(site);
    await browser.member("ana");
    const tabs = [0, 1, 2].map(() => browser.tab({ fragment: "#operator=first" }));
    const [one, two, three] = (await Promise.all(tabs)) as [Tab, Tab, Tab];
    for (const tab of [one, two, three])
      await tab.until("the offer", () => tab.chat.operatorLink === "offered");
    one.chat.acceptOperatorLink();
    three.chat.acceptOperatorLink();
    await one.until("she is operator", () => one.chat.operatorLink === "granted");
    await site.quiet();
    // Who has pressed is answered.
    expect([two.chat.operatorLink, three.chat.operatorLink]).toEqual([undefined, "granted"]);
    for (const { chat } of [two, three])
      expect([chat.model.isOperator, chat.model.faults]).toEqual([true, []]);
  });

  test("keeps the rights of the operator link after a restart", async () => {
    const site = await Site.open({ operatorLink: "first" });
    const browser = new Browser(site);
    const ana = await browser.tab({ fragment: "#operator=first" });
    await site.wait(ana.chat.enter({ user: "ana", password: "xxxxxxxx", mode: "register" }));
    await ana.until("she is operator", () => ana.chat.operatorLink === "granted");
    ana.chat.dismissOperatorLink();
    const ben = await new Browser(site).tab({ fragment: "#operator=first" });
    await site.wait(ben.chat.enter({ user: "ben", password: "xxxxxxxx", mode: "register" }));
    await ben.until("a notice", () => ben.chat.operatorLink === "refused");
    expect([ben.chat.model.isOperator, ben.chat.model.faults]).toEqual([false, []]);
    await site.restart();
    await ana.until("she is offline", () => ana.chat.model.connection.kind !== "online");
    await site.time.advance(60_000);
    await ana.until("she is back", () => ana.chat.model.isCaughtUp);
    expect([ana.chat.operatorLink, ana.chat.model.isOperator]).toEqual([undefined, true]);
  });

  test("logs in with a reset link", async () => {
    const { site, olga } = await operated();
    await new Browser(site).member("ana", "lost");
    const { token } = await olga.request("reset", { user: "ana" });
    const browser = new Browser(site);
    await browser.member("ben");
    const tab = await browser.tab({ fragment: `#reset=${token}` });
    expect([tab.chat.isResetting, tab.chat.model.me]).toEqual([true, undefined]);
    await site.wait(tab.chat.recover("found"));
    await tab.loggedIn("ana");
    expect(tab.chat.isResetting).toBe(false);
    const late = await new Browser(site).tab({ fragment: `#reset=${token}` });
    expect(await codeOf(site.wait(late.chat.recover("again")))).toBe("code-wrong");
    expect(late.chat.isResetting).toBe(true);
    late.chat.forgetReset();
    await site.wait(late.chat.enter({ user: "ana", password: "found" }));
    await late.loggedIn("ana");
  });

  test("logs in after a rename by an operator", async () => {
    const { site, olga } = await operated();
    const browser = new Browser(site);
    const tab = await browser.member("ana");
    tab.chat.actions.open("lobby");
    tab.chat.actions.send("lobby", { text: "before" });
    await tab.until("said", () => tab.texts("lobby").length === 1);
    await olga.request("rename", { user: "ana", to: "anna" });
    await tab.until("renamed", () => tab.chat.model.me === "anna" && tab.chat.model.isCaughtUp);
    expect(tab.texts("lobby")).toContain("before");
    tab.chat.actions.send("lobby", { text: "after" });
    await tab.until("said again", () => tab.texts("lobby").includes("after"));
    tab.chat.actions.setDraft("lobby", { text: "half" });
    await tab.close();
    await olga.request("rename", { user: "anna", to: "zoe" });
    const again = await browser.tab();
    await again.loggedIn("zoe");
    await again.until("a draft", () => again.chat.model.drafts.get("lobby")?.text === "half");
    expect(again.chat.knownAccounts.map(({ user }) => user)).toEqual(["zoe"]);
  });

  openTest("logs in from another browser by password, then by key", async ({ site }) => {
    const other = new Browser(site);
    const tab = await other.tab();
    expect(await codeOf(site.wait(tab.chat.enter({ user: "ana" })))).toBe("login-refused");
    await site.wait(tab.chat.enter({ user: "ana", password: "secret" }));
    tab.kill();
    const again = await other.tab();
    await again.loggedIn("ana");
  });

  openTest("requires the password on each visit if the browser stores no key", async ({ site }) => {
    const old = new Browser(site);
    old.subtle = undefined;
    const tab = await old.tab();
    expect(tab.chat.model.server?.keepsKey).toBe(false);
    await site.wait(tab.chat.enter({ user: "ana", password: "secret" }));
    tab.cut();
    await tab.connectionIs("offline");
    await tab.connectionIs("online");
    const stranger = await old.tab();
    expect(await codeOf(site.wait(stranger.chat.enter({ user: "cleo" })))).toBe("not-allowed");
  });

  openTest("requires a new login after being signed out elsewhere", async ({ site, ana }) => {
    const other = await new Browser(site).tab();
    await site.wait(other.chat.enter({ user: "ana", password: "secret" }));
    expect(await site.wait(revokeOthers(other.chat.request))).toBe(1);
    await ana.connectionIs("outside");
    expect(ana.chat.model.me).toBeUndefined();
    expect(ana.chat.model.rooms.size).toBe(0);
    expect(other.chat.model.me).toBe("ana");
  });

  openTest("logs out all tabs together", async ({ site, browser, ana: one }) => {
    const two = await browser.tab();
    await two.loggedIn("ana");
    await site.wait(one.chat.logout());
    await two.until("out", () => two.chat.model.me === undefined);
    const three = await browser.tab();
    expect(three.chat.model.connection.kind).toBe("outside");
    expect(three.chat.knownAccounts.map(({ user }) => user)).toEqual(["ana"]);
  });
});

describe("messages", () => {
  test("marks all rooms and conversations as read, also after a reload", async () => {
    const { ana, ben, site } = await opened("ben");
    for (const to of ["lobby", "@ben"]) ana.chat.actions.send(to, { text: `for ${to}` });
    await ben.until("unread", () => roomList(ben.chat.model).unread === 2);
    ben.chat.actions.allRead();
    ben.chat.actions.endAllRead(false);
    expect(roomList(ben.chat.model).unread).toBe(0);
    await site.quiet();
    await site.restartAfterCrash();
    await ben.until("again", () => ben.chat.model.isCaughtUp);
    expect(roomList(ben.chat.model).unread).toBe(0);
  });

  test("shows messages to another user, with unread counts and replies", async () => {
    const { ana, ben } = await opened("ben");
    ana.chat.actions.open("lobby");
    ana.chat.actions.send("#lobby", { text: "hello @ben" });
    expect(ana.chat.model.pending).toHaveLength(1);
    await ben.until("heard", () => ben.texts("lobby").length === 1);
    await ana.settled();
    const [item] = roomOf(ben.chat.model, "lobby")?.tail.items.slice(-1) ?? [];
    expect(item?.mentionsMe).toBe(true);
    expect(roomList(ben.chat.model).mentions).toBe(1);
    const seq = item?.seq ?? 0;
    ben.chat.actions.open("lobby");
    const n = item?.n ?? 0;
    ben.chat.actions.setVisible({ from: n, to: n, isFollowing: true });
    ben.chat.actions.turnPage();
    expect(unreadIn(ben, "lobby")).toBe(0);
    ben.chat.actions.send("lobby", { text: "hi", re: seq });
    const shown = () => itemAt(openRoom(ben.chat.model)?.tail.items ?? [], seq);
    const react = () => ben.chat.actions.react({ seq, reactions: shown()?.reactions ?? [] }, "👍");
    react();
    react();
    await ana.until("reaction", () => {
      const items = roomOf(ana.chat.model, "lobby")?.tail.items ?? [];
      return items.some(({ reactions }) => reactions.length === 1);
    });
    await ben.until("reaction", () => {
      const items = openRoom(ben.chat.model)?.tail.items ?? [];
      return items.some(({ reactions }) => (reactions[0]?.mine ?? []).length > 0);
    });
    await ben.settled();
    expect(shown()?.reactions[0]?.mine).toHaveLength(1);
    react();
    await ana.until("taken back", () => {
      const items = roomOf(ana.chat.model, "lobby")?.tail.items ?? [];
      return items.every(({ reactions }) => reactions.length === 0);
    });
    ana.chat.actions.send("lobby", { text: "hello all", edits: seq });
    await ben.until("edited", () => ben.texts("lobby").includes("hello all"));
    ana.chat.actions.erase(seq);
    await ben.until("erased", () => {
      const items = openRoom(ben.chat.model)?.tail.items ?? [];
      return items.some(({ state }) => state === "erased");
    });
    expect(ben.texts("lobby")).toEqual(["", "hi"]);
  });

  test("creates a conversation with its first message", async () => {
    const { site, ana, ben } = await opened("ben");
    const told: string[] = [];
    ben.chat.onEvent((one) => told.push(one.kind));
    ana.chat.actions.open("@ben");
    ana.chat.actions.send("@ben", { text: "between us" });
    await ben.until("heard", () => ben.texts("@ana").length === 1);
    await ana.until("there", () => ana.texts("@ben").length === 1);
    expect(openRoom(ana.chat.model)?.name).toBe("ben");
    expect(told).toEqual(["notify"]);
    await site.wait(ben.chat.actions.ignore("ana", true));
    await ben.until("ignored", () => ben.chat.model.ignored.has("ana"));
    ana.chat.actions.send("@ben", { text: "again" });
    await ben.until("came", () => ben.texts("@ana").length === 2);
    expect(told).toEqual(["notify"]);
  });
});

describe("broken links", () => {
  openTest("delivers offline messages once, in order, after many losses", async ({ site, ana }) => {
    const ben = await site.member("ben");
    for (let i = 0; i < 30; i++) {
      ana.chat.actions.send("lobby", { text: `word ${i}` });
      if (i % 7 === 3) ana.cut();
      await site.time.advance(i % 5);
    }
    await ana.until("all there", () => ana.texts("lobby").length === 30);
    await ana.settled();
    expect(ana.texts("lobby")).toEqual(Array.from({ length: 30 }, (_, i) => `word ${i}`));
    const page = await ben.request("history", { target: "lobby", limit: 100 });
    expect(page.records.length).toBe(30 + 2);
  });

  test("sends the unsent messages of a killed tab once", async () => {
    const { site, browser, ana: first } = await opened();
    first.chat.actions.send("lobby", { text: "sent" });
    await first.until("there", () => first.texts("lobby").length === 1);
    first.chat.actions.send("lobby", { text: "perhaps" });
    first.chat.actions.send("lobby", { text: "never" });
    await site.time.advance(0);
    first.kill();
    const next = await browser.tab();
    await next.until("all", () => next.texts("lobby").length === 3);
    await next.settled();
    expect(next.texts("lobby")).toEqual(["sent", "perhaps", "never"]);
    expect(await browser.store.all("outbox", "")).toEqual([]);
  });

  test("open tabs send what a closed tab could not, without the focus, and once", async () => {
    const { site, browser, ana: first } = await opened();
    const others = [await browser.tab(), await browser.tab()];
    for (const tab of others) {
      await tab.caughtUp();
      tab.chat.setFocus(false);
    }
    await site.time.advance(1_000);
    for (const [text, closes] of [
      ["killed", async () => first.kill()],
      ["closed", async () => others.shift()?.close()],
    ] as const) {
      const tab = text === "killed" ? first : others[0];
      tab?.cut();
      tab?.chat.actions.send("lobby", { text });
      await site.time.advance(10);
      await closes();
      const last = others.at(-1);
      await last?.until(`${text} is there`, () => last.texts("lobby").includes(text));
    }
    const last = others[0];
    await last?.settled();
    await site.time.advance(10_000);
    expect(last?.texts("lobby")).toEqual(["killed", "closed"]);
    expect(await browser.store.all("outbox", "")).toEqual([]);
  });

  test("a tab that reloads keeps its unsent messages", async () => {
    const { site, browser, ana: first } = await opened();
    const other = await browser.tab();
    await other.caughtUp();
    await site.time.advance(1_000);
    first.cut();
    first.chat.actions.send("lobby", { text: "mine" });
    await site.time.advance(10);
    first.kill();
    await site.time.advance(4_000);
    expect(other.texts("lobby")).toEqual([]);
    const again = await browser.tab({ reloads: first });
    await again.settled();
    await other.until("it is there", () => other.texts("lobby").length > 0);
    await site.time.advance(10_000);
    for (const tab of [again, other]) expect(tab.texts("lobby")).toEqual(["mine"]);
  });

  test.each(["another name", "another key"])("and so under %s", async (change) => {
    const { site, olga } = await operated();
    const browser = new Browser(site);
    const first = await browser.member("ana");
    first.chat.actions.setDraft("@olga", { text: "half" });
    await site.time.advance(600);
    first.cut();
    first.chat.actions.send("lobby", { text: "never" });
    await site.time.advance(10);
    expect(await browser.store.all("outbox", "")).toHaveLength(1);
    first.kill();
    if (change === "another name") await olga.request("rename", { user: "ana", to: "anna" });
    else {
      const old = site.identity;
      site.identity = Identity.generate();
      await site.restart();
      site.registry.predecessors.push(makeSuccession(old, site.identity.publicKey));
    }
    const next = await browser.tab();
    await next.until("all", () => next.texts("lobby").includes("never"));
    await next.until("a draft", () => next.chat.model.drafts.get("@olga")?.text === "half");
    expect(next.texts("lobby")).toEqual(["never"]);
    await next.settled();
    await site.time.advance(10);
    expect(await browser.store.all("outbox", "")).toEqual([]);
  });

  test("persists a draft and its removal when the page ends immediately", async () => {
    const { browser, ana } = await opened();
    ana.chat.actions.setDraft("lobby", { text: "half a sen" });
    ana.chat.actions.setDraft("@olga", { text: "kept" });
    ana.chat.storeDraftsNow();
    ana.kill();
    const next = await browser.tab({ reloads: ana });
    await next.until("drafts", () => next.chat.model.drafts.size === 2);
    expect(next.chat.model.drafts.get("lobby")).toEqual({ text: "half a sen" });
    expect(browser.lastDrafts).toBeUndefined();
    next.chat.actions.setDraft("lobby", undefined);
    next.chat.storeDraftsNow();
    next.kill();
    const last = await browser.tab({ reloads: next });
    await last.until("the other draft", () => last.chat.model.drafts.has("@olga"));
    expect(last.chat.model.drafts.has("lobby")).toBe(false);
  });

  test("hands over the drafts that fit in an address, and ignores damaged ones", async () => {
    const { browser, ana } = await opened();
    ana.chat.actions.setDraft("lobby", { text: "half a sen" });
    ana.chat.actions.setDraft("@olga", { text: "é".repeat(11_000) });
    const fragment = ana.chat.linkFragment("4-AB");
    const { linkCode, drafts = "" } = readFragment(fragment, false);
    expect([linkCode, fragment.length < 500]).toEqual(["4-AB", true]);
    for (const target of ["lobby", "@olga"]) ana.chat.actions.setDraft(target, undefined);
    await ana.close();
    const damaged = [
      "",
      "{",
      drafts.replace(" ana ", " eve "),
      drafts.replace('"half a sen"', "7"),
    ];
    for (const text of damaged) {
      browser.lastDrafts = text;
      const next = await browser.tab();
      await next.until("it has read them", () => browser.lastDrafts === undefined);
      expect([text, await browser.store.all("drafts", "")]).toEqual([text, []]);
      await next.close();
    }
    browser.lastDrafts = drafts;
    const last = await browser.tab();
    await last.until("the draft", () => last.chat.model.drafts.has("lobby"));
    expect(last.chat.model.drafts.get("lobby")?.text).toBe("half a sen");
  });
});

describe("history", () => {
  siteTest("counts late votes, edits and reactions of an old message", async (site) => {
    const ben = await site.member("ben");
    const text = "Lunch?\n1. soup\n2. rice";
    const { seq } = await site.wait(ben.post(text, "lobby", undefined, { poll: { options: 2 } }));
    const typo = (await site.wait(ben.post("helo"))).seq;
    for (let i = 0; i < 300; i++) void ben.post(`word ${i}`);
    await site.quiet();
    await ben.request("vote", { seq, choices: [2] });
    await ben.request("edit", { seq: typo, text: "hello" });
    const sign = (react: string, counter: number) => {
      const body = { text: "", react, re: typo };
      return ben.request("post", { outbox: "BBBBBBBBBBB", counter, to: "lobby", body });
    };
    await sign("👍", 1);
    await ben.request("erase", { seq: (await sign("🎉", 2)).seq });
    for (let i = 0; i < 300; i++) void ben.post(`later ${i}`);
    await site.quiet();
    const ana = await new Browser(site).member("ana");
    const { actions } = ana.chat;
    const { poll } = await site.wait(actions.pollIn("lobby", seq));
    expect(poll.options.map(({ count }) => count)).toEqual([0, 1]);
    actions.open("lobby");
    actions.jump("lobby", typo);
    const shown = () => openRoom(ana.chat.model)?.jump?.items ?? [];
    await ana.until("jumped", () => shown().length > 0);
    const item = shown().find((one) => one.seq === typo);
    expect([item?.text, item?.reactions.map((one) => one.sign)]).toEqual(["hello", ["👍"]]);
    const jumped = shown().find((one) => one.seq === seq)?.poll;
    expect(jumped?.options.map(({ count }) => count)).toEqual([0, 1]);
  });

  siteTest("scrolls without gaps, and jumps to search results", async (site) => {
    const ben = await site.member("ben");
    for (let i = 0; i < 400; i++) void ben.post(`word ${i}`);
    await site.quiet();
    const ana = await new Browser(site).member("ana");
    ana.chat.actions.open("lobby");
    const count = () => ana.texts("lobby").length;
    expect(count()).toBeLessThan(51);
    ana.chat.actions.search({ input: "", text: "x", words: ["WORD", "17"], target: "lobby" });
    await ana.until("found", () => ana.chat.model.search?.isLoading === false);
    const found = ana.chat.model.search?.found.map(({ item }) => item.text) ?? [];
    expect(found).toContain("word 17");
    expect(found).toContain("word 179");
    const seq = ana.chat.model.search?.found.at(-1)?.item.seq ?? 0;
    ana.chat.actions.jump("lobby", seq);
    const room = () => openRoom(ana.chat.model);
    await ana.until("jumped", () => room()?.jump !== undefined);
    expect(room()?.jump?.items.some((item) => item.seq === seq)).toBe(true);
    for (let i = 0; i < 20 && room()?.jump !== undefined; i++) {
      ana.chat.actions.loadMore("newer");
      await ana.until("page", () => room()?.loading === undefined);
    }
    expect(room()?.jump).toBeUndefined();
    for (let i = 0; i < 20 && room()?.tail.hasOlder === true; i++) {
      ana.chat.actions.loadMore("older");
      await ana.until("page", () => room()?.loading === undefined);
    }
    expect(400 / SCROLL_PAGE_RECORDS).toBeLessThan(20);
    expect(ana.texts("lobby")).toEqual(Array.from({ length: 400 }, (_, i) => `word ${i}`));
  });
});

describe("a thread", () => {
  const thread = true;

  siteTest(
    "loads old replies with their edits and reactions, and those that arrive",
    async (site) => {
      const ben = await site.member("ben");
      let posts = 0;
      const post = (body: object) => {
        const fields = { outbox: "threadsAAAA", counter: ++posts, to: "lobby" };
        return ben.request("post", { ...fields, body: { text: "", ...body } });
      };
      const { seq: re } = await post({ text: "plan?" });
      const replies: number[] = [];
      for (let i = 0; i < SCROLL_PAGE_RECORDS + 20; i++)
        replies.push((await post({ text: `reply ${i}`, re, thread })).seq);
      const [first = 0, last = 0] = [replies[0], replies.at(-1)];
      await ben.request("edit", { seq: last, text: "edited" });
      await post({ react: "+", re: first });
      for (let i = 0; i < 300; i++) void ben.post(`word ${i}`);
      await site.quiet();
      const ana = await new Browser(site).member("ana");
      ana.chat.actions.open("lobby");
      const state = () => openRoom(ana.chat.model)?.thread;
      ana.chat.actions.openThread(last);
      await ana.until("loaded", () => state()?.root === re && state()?.loading === undefined);
      const texts = () => state()?.items.map((item) => item.text) ?? [];
      expect([texts()[0], texts().at(-1)]).toEqual(["plan?", "edited"]);
      expect(texts()).toHaveLength(SCROLL_PAGE_RECORDS + 1);
      ana.chat.actions.loadOlderReplies();
      await ana.until("all", () => texts().length === replies.length + 1);
      expect(state()?.items[1]?.reactions).toMatchObject([{ sign: "+" }]);
      expect(state()?.hasOlder).toBe(false);
      await post({ text: "live", re, thread });
      await ana.until("live", () => texts().at(-1) === "live");
      ana.chat.actions.setDraft("lobby", { text: "unsent" });
      ana.chat.actions.send("lobby", { text: "mine" }, re);
      ana.chat.actions.send("lobby", { text: "for all" }, re, true);
      await ana.until("sent", () => texts().at(-1) === "for all");
      expect(ana.chat.model.drafts.get("lobby")).toEqual({ text: "unsent" });
      const bodies = openRoom(ana.chat.model)?.tail.items.slice(-2);
      expect(bodies?.map((item) => [item.re, item.isInThread])).toEqual([
        [re, true],
        [re, undefined],
      ]);
    },
  );

  siteTest("loads older messages if a page has only replies in threads", async (site) => {
    const ben = await site.member("ben");
    const { seq: re } = await site.wait(ben.post("plan?"));
    for (let counter = 1; counter <= 3 * SCROLL_PAGE_RECORDS; counter++) {
      const body = { text: `reply ${counter}`, re, thread };
      await ben.request("post", { outbox: "threadsAAAA", counter, to: "lobby", body });
    }
    const ana = await new Browser(site).member("ana");
    ana.chat.actions.open("lobby");
    const rows = () => new RowBuilder().rowsOf(ana.chat.model, () => 0);
    const hasRoot = () =>
      rows().rows.some((row) => row.kind === "item" && row.item.text === "plan?");
    // As the timeline does while its rows do not fill the view.
    for (let i = 0; i < 5 && rows().hasOlder; i++) {
      ana.chat.actions.loadMore("older");
      await ana.until("page", () => rows().loading === undefined);
    }
    expect(hasRoot()).toBe(true);
  });
});

siteTest("loads the message before hundreds of joins with the first older page", async (site) => {
  const ben = await site.member("ben");
  const cleo = await site.member("cleo");
  await site.wait(ben.post("announcement"));
  const joins = SCROLL_PAGE_RECORDS;
  for (let i = 0; i < joins; i++) {
    const person = i % 2 === 0 ? ben : cleo;
    await person.request("leave", { room: "lobby" });
    await person.request("join", { room: "lobby" });
  }
  const ana = await new Browser(site).member("ana");
  ana.chat.actions.open("lobby");
  const items = () => openRoom(ana.chat.model)?.tail.items ?? [];
  await ana.until("joins", () => items().some(({ kind }) => kind === "join"));
  expect(items().some(({ kind }) => kind === "text")).toBe(false);
  ana.chat.actions.loadMore("older");
  await ana.until("page", () => items().some(({ text }) => text === "announcement"));
  expect(items().filter(({ kind }) => kind === "leave").length).toBe(joins);
});

test("does nothing by halves on a server of 0.4.0", async () => {
  const { site, ana } = await opened();
  const { connection } = ana.chat.loop;
  if (connection === undefined) throw new Error("not connected");
  connection.serverVersion = "0.4.0";
  const { actions } = ana.chat;
  const poll = actions.startPoll("lobby", "Lunch?", ["yes", "no"], {});
  const refusals = [
    await site.wait(rejection(poll)),
    await site.wait(rejection(actions.join("hw", { create: true, assignment: true }))),
    faultOf(() => actions.setKeywords(["exam"])),
  ];
  expect(refusals.map((refusal) => (refusal as Fault).code)).toEqual(Array(3).fill("kind-unknown"));
  expect(ana.texts("lobby")).toEqual([]);
  expect([...ana.chat.model.rooms.values()].map(({ name }) => name)).toEqual(["lobby"]);
  expect(actions.keywords).toEqual([]);
});

test("posts no text of a poll that the server refuses", async () => {
  const { site, ana } = await opened();
  const { actions } = ana.chat;
  const past = actions.startPoll("lobby", "Past?", ["a", "b"], { until: 1 });
  expect(((await site.wait(rejection(past))) as Fault).code).toBe("usage");
  for (let n = 1; n <= POLLS_OPEN_PER_MEMBER_MAX; n++) {
    await site.wait(actions.startPoll("lobby", `N${n}?`, ["a", "b"], {}));
  }
  const refused = await site.wait(rejection(actions.startPoll("lobby", "N6?", ["a", "b"], {})));
  expect((refused as Fault).code).toBe("too-many");
  const shown = () => ana.texts("lobby").filter((text) => text !== "");
  await ana.until("the polls", () => shown().length === POLLS_OPEN_PER_MEMBER_MAX);
  expect(ana.texts("lobby").join()).not.toMatch(/N6|Past/);
  expect(ana.chat.model.pending).toEqual([]);
});

test.each([
  [["Yes", "Yes\u200b"], "usage"],
  [["Yes", "\u2060"], "usage"],
  [["very good", "very\u00a0 good"], "usage"],
  [["A", "\u0410"], "usage"],
  [["Anna", "\u0410nna"], "usage"],
  [["caf\u00e9", "cafe\u0301"], "usage"],
  [["C", "C++", "c", "10", "1.0", "schon", "sch\u00f6n", "rod", "r\u00f8d"], undefined],
  [["\u03b8", "\u03bf"], undefined],
  [["\u0434\u0430", "\u0414\u0430"], undefined],
])("refuses options that look alike: %j", async (options, code) => {
  const { site, ana } = await opened();
  const start = ana.chat.actions.startPoll("lobby", "Which?", options, {});
  const outcome = await site.wait(start.catch((error: unknown) => error));
  expect((outcome as Partial<Fault>).code).toBe(code as Fault["code"]);
  await ana.until("the text", () => ana.texts("lobby").length === (code === undefined ? 1 : 0));
});

test("starts a poll once if the connection is lost before the answer", async () => {
  const { site, ana } = await opened();
  const { loop, actions } = ana.chat;
  const start = actions.startPoll("lobby", "Lunch?", ["yes", "no"], {});
  loop.connection?.close();
  const seq = await site.wait(start);
  const polls = () => {
    const { tail } = roomOf(ana.chat.model, "lobby") ?? {};
    return tail?.items.flatMap((item) => (item.poll === undefined ? [] : item.seq)) ?? [];
  };
  await ana.until("the poll", () => polls().length === 1);
  expect([ana.texts("lobby").length, polls()]).toEqual([1, [seq ?? 0]]);
  // Asked again on purpose.
  const again = await site.wait(actions.startPoll("lobby", "Lunch?", ["yes", "no"], {}));
  expect(again).toBeGreaterThan(seq ?? 0);
});

test("a vote without a number does not count in an older poll than the deleted one", async () => {
  const { site, ana } = await opened();
  const { actions } = ana.chat;
  const old = await site.wait(actions.startPoll("lobby", "Old?", ["yes", "no"], {}));
  const seq = (await site.wait(actions.startPoll("lobby", "New?", ["yes", "no"], {}))) ?? 0;
  await ana.until("the polls", () => ana.texts("lobby").length === 2);
  actions.erase(seq);
  await ana.until("the erasure", () => ana.texts("lobby").filter(Boolean).length === 1);
  const refused = await site.wait(rejection(actions.pollIn("lobby")));
  expect(refused).toMatchObject({ message: "the newest poll here was deleted" });
  expect((await site.wait(actions.pollIn("lobby", old ?? 0))).seq).toBe(old ?? 0);
  // Nor for those who have never seen it.
  const ben = await new Browser(site).member("ben");
  ben.chat.actions.open("lobby");
  await ben.until("the room", () => ben.texts("lobby").length === 2);
  expect(await site.wait(rejection(ben.chat.actions.pollIn("lobby")))).toMatchObject({
    message: "the newest poll here was deleted",
  });
});

test("does nothing by halves while a server of the cluster is too old", async () => {
  const { site, ana } = await opened();
  const { connection } = ana.chat.loop;
  if (connection === undefined) throw new Error("not connected");
  connection.clusterVersion = "0.4.0";
  const { actions } = ana.chat;
  const poll = () => actions.startPoll("lobby", "Lunch?", ["yes", "no"], {});
  const refusals = [
    await site.wait(rejection(poll())),
    await site.wait(rejection(actions.join("hw", { create: true, assignment: true }))),
  ];
  const fault = { code: "kind-unknown", remedy: "upgrade them to chat 0.5.0 first" };
  expect(refusals).toMatchObject([fault, fault]);
  expect(ana.texts("lobby")).toEqual([]);
  expect([...ana.chat.model.rooms.values()].map(({ name }) => name)).toEqual(["lobby"]);
  // The server knows the request, and stores nothing new.
  actions.setStatus("busy", undefined);
  connection.clusterVersion = "0.5.0";
  await site.wait(poll());
  await ana.until("the poll", () => ana.texts("lobby").length === 1);
});

describe("storage failures", () => {
  const writingBy = (store: Store, write: Store["write"]): Store => ({
    get: (table, key) => store.get(table, key),
    all: (table, prefix) => store.all(table, prefix),
    write,
  });

  test("sends messages that the browser cannot store, and reports it", async () => {
    const { browser, ana } = await opened();
    const { store } = browser;
    const full = () => Promise.reject(new Fault("store-full", "no room left"));
    browser.store = writingBy(store, full);
    ana.chat.actions.send("lobby", { text: "unkept" });
    await ana.until("there", () => ana.texts("lobby").length === 1);
    expect(ana.chat.storeFailure?.fault.code).toBe("store-full");
    browser.store = store;
    await ana.settled();
  });

  openTest("marks a message as sending only once it is stored", async ({ site, browser, ana }) => {
    const { store } = browser;
    const writing = Promise.withResolvers<void>();
    browser.store = writingBy(store, (changes) => writing.promise.then(() => store.write(changes)));
    ana.cut();
    await ana.connectionIs("offline");
    ana.chat.actions.send("lobby", { text: "kept" });
    const stateNow = () => ana.chat.model.pending[0]?.state.kind;
    await site.time.advance(20);
    expect(stateNow()).toBe("storing");
    expect(ana.chat.actions.hasUnsent).toBe(true);
    browser.store = store;
    writing.resolve();
    await ana.until("stored", () => stateNow() === "waiting");
    expect(await store.all("outbox", "")).toHaveLength(1);
    await ana.settled();
  });

  test("stores what was typed and sent before a newer page takes the storage over", async () => {
    const { site, browser, ana } = await opened();
    ana.cut();
    await ana.connectionIs("offline");
    ana.chat.actions.send("lobby", { text: "sent last" });
    ana.chat.actions.setDraft("lobby", { text: "typed last" });
    await site.wait(ana.storeWatch.release());
    expect(ana.chat.isReplaced).toBe(true);
    expect((await browser.store.all("outbox", "")).map(([, row]) => row)).toMatchObject([
      { body: { text: "sent last" } },
    ]);
    expect((await browser.store.all("drafts", "")).map(([, row]) => row)).toEqual([
      { text: "typed last" },
    ]);
  });

  test("reports that the browser stores nothing, whoever writes", async () => {
    const { site, browser, ana } = await opened();
    const { store } = browser;
    const full = () => Promise.reject(new Fault("store-full", "the storage is full"));
    browser.store = writingBy(store, full);
    ana.chat.actions.setDraft("lobby", { text: "typed" });
    await site.time.advance(1_000);
    expect(ana.chat.storeFailure?.fault.code).toBe("store-full");
    ana.chat.dismissStoreFailure();
    expect(ana.chat.storeFailure).toBeUndefined();
  });

  test.each([
    ["comes back", ({ chat }: Tab) => chat.setFocus(true)],
    ["writes", ({ chat }: Tab) => chat.actions.setDraft("lobby", { text: "t" })],
  ])(
    "connects again within 10 s over a link that died unnoticed if the user %s",
    async (_, act) => {
      const { site, ana, ben } = await opened("ben");
      ana.chat.actions.open("lobby");
      await site.time.advance(IDLE_PING_AFTER_MS);
      ana.loseSilently();
      ben.chat.actions.send("lobby", { text: "meanwhile" });
      act(ana);
      const arrived = () => {
        const items = openRoom(ana.chat.model)?.tail.items ?? [];
        return items.some(({ text }) => text === "meanwhile");
      };
      await site.time.advance(10_000);
      await ana.until("it arrives", arrived);
      expect(site.time.now()).toBeLessThan(30_000);
    },
  );

  test("keeps a link that answers when the user comes back", async () => {
    const { site, ana } = await opened();
    const { connection } = ana.chat.loop;
    await site.time.advance(60_000);
    ana.chat.setFocus(true);
    await site.time.advance(10_000);
    expect(ana.chat.loop.connection).toBe(connection);
  });

  test("reports a page of another build than the server's", async () => {
    const site = await Site.open({ build: "new" });
    const browser = new Browser(site);
    const isOutdated = async (build: string) => {
      browser.build = build;
      return (await browser.tab()).chat.model.isOutdated;
    };
    const told = [await isOutdated("old"), await isOutdated("new"), await isOutdated("")];
    expect(told).toEqual([true, false, false]);
  });
});
