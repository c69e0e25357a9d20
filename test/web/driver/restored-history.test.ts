import { describe, expect, test } from "bun:test";
import { draftKey } from "../../../src/core/model/selectors.ts";
import { Site } from "../../server/site.ts";
import { Browser, type Tab } from "../browser/browser.ts";

/** Two tabs have read and answered messages that a restored server lacks. */
async function restored(before: (tabs: { readonly ana: Tab; readonly other: Tab }) => unknown) {
  const site = await Site.open({ signs: true });
  const browser = new Browser(site);
  const ana = await browser.member("ana", "secret");
  const other = await browser.tab();
  await other.caughtUp();
  const say = async (tab: Tab, ...texts: readonly string[]) => {
    for (const text of texts) tab.chat.actions.send("lobby", { text });
    await tab.settled();
    await site.time.advance(5_000);
  };
  await say(ana, "kept");
  const backup = site.disk.backUp();
  await say(ana, "lost one", "lost two");
  await before({ ana, other });
  await site.time.advance(5_000);
  await site.restore(backup);
  const accept = async (tab: Tab) => {
    await tab.until("the alarm", () => tab.acceptances.length > 0);
    const [accept] = tab.acceptances;
    await site.wait(accept?.() ?? Promise.resolve());
  };
  const reload = async (tab: Tab) => {
    await tab.until("the reload", () => tab.reloads > 0);
    tab.isFrozen = false;
    tab.kill();
    const next = await browser.tab({ reloads: tab });
    await next.caughtUp();
    await site.time.advance(1_000);
    return next;
  };
  return { site, browser, ana, other, say, accept, reload };
}

function seqOf(tab: Tab, text: string): number {
  const items = [...tab.chat.model.rooms.values()].flatMap(({ tail }) => tail.items);
  return items.find((item) => item.text === text)?.seq ?? 0;
}

function reply(tab: Tab, to: string, text: string): void {
  tab.chat.actions.send("lobby", { text, re: seqOf(tab, to) });
}

function refused(tab: Tab): unknown[] {
  return tab.chat.model.pending.map(({ body, state }) => [state.kind, body]);
}

/** The row that the tab would store. */
async function refusedKey({ browser, tabId = "" }: Tab): Promise<string> {
  const [[draft = ""] = []] = await browser.store.all("drafts", "");
  return `${draft.split(" ").slice(0, 2).join(" ")} 1\n${tabId}`;
}

function refusedReply(tab: Tab): object {
  const body = { text: "refused answer", re: seqOf(tab, "lost two") };
  return { to: "lobby", body, writtenUnixMs: 1, code: "muted", message: "muted" };
}

describe("after another tab has accepted a restored history", () => {
  test("a tab reloads, with its drafts", async () => {
    const { ana, other, accept, reload } = await restored(async ({ other }) => {
      other.chat.actions.setDraft("lobby", { text: "draft", re: seqOf(other, "lost two") });
      other.chat.actions.setDraft("@ben", { text: "kept draft" });
      await other.browser.site.time.advance(1_000);
      await other.browser.store.write([
        { table: "refused", key: await refusedKey(other), value: refusedReply(other) },
      ]);
      const thread = draftKey("@cleo", seqOf(other, "lost one"));
      other.chat.actions.setDraft(thread, { text: "in a thread" });
    });
    await other.until("its alarm", () => other.acceptances.length > 0);
    await accept(ana);
    const [first, second] = [await reload(ana), await reload(other)];
    expect(Object.fromEntries(second.chat.model.drafts)).toEqual({
      lobby: { text: "draft" },
      "@ben": { text: "kept draft" },
      "@cleo": { text: "in a thread" },
    });
    expect(refused(second)).toEqual([["refused", { text: "refused answer" }]]);
    for (const text of ["new one", "new two"]) first.chat.actions.send("lobby", { text });
    await second.until("all", () => second.texts("lobby").length === 3);
    for (const tab of [first, second]) {
      expect(tab.texts("lobby")).toEqual(["kept", "new one", "new two"]);
      expect(tab.chat.alarm).toBeUndefined();
    }
  });

  test("a tab that was frozen refers to no new message, and raises no alarm", async () => {
    const { site, ana, other, say, accept, reload } = await restored(({ other }) => {
      other.isFrozen = true;
      other.cut();
    });
    await accept(ana);
    const first = await reload(ana);
    await say(first, "new one", "new two");
    reply(other, "lost two", "unsent answer");
    const re = seqOf(other, "lost two");
    const before = { text: "before", re };
    other.chat.actions.setDraft("lobby", { text: "edited", edits: re, before });
    other.chat.actions.setDraft(draftKey("lobby", re), { text: "in a thread" });
    await site.time.advance(1_000);
    other.isFrozen = false;
    const second = await reload(other);
    expect(second.texts("lobby")).toEqual(["kept", "new one", "new two"]);
    expect(refused(second)).toEqual([["refused", { text: "unsent answer" }]]);
    expect(second.chat.model.drafts.get("lobby")).toEqual({
      text: "before\n\nedited\n\nin a thread",
    });
    first.cut();
    second.chat.actions.send("lobby", { text: "new three" });
    await first.until("new three", () => first.texts("lobby").includes("new three"));
    await site.time.advance(120_000);
    for (const tab of [first, second]) expect(tab.chat.alarm).toBeUndefined();
  });

  test("another click on its alarm does not give up the accepted history", async () => {
    const { site, ana, other, say, accept, reload } = await restored(() => undefined);
    await other.until("its alarm", () => other.acceptances.length > 0);
    other.isFrozen = true;
    await accept(ana);
    const first = await reload(ana);
    await say(first, "new one");
    await accept(other);
    await reload(other);
    first.cut();
    await first.until("away", () => first.chat.model.connection.kind !== "online");
    await first.connectionIs("online");
    await site.time.advance(5_000);
    expect(first.chat.alarm).toBeUndefined();
    expect(first.reloads).toBe(0);
  });
});
