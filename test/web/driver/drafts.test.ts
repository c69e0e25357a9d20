import { describe, expect, test } from "bun:test";
import { opened, type Tab } from "../browser/browser.ts";

const TARGET = "lobby";

function draftOf(tab: Tab): string | undefined {
  return tab.chat.model.drafts.get(TARGET)?.text;
}

function type(tab: Tab, text: string): void {
  tab.chat.actions.setDraft(TARGET, { text });
}

function send(tab: Tab, text: string): void {
  tab.chat.actions.send(TARGET, { text });
  tab.chat.draftSent(TARGET, { text });
}

async function twoTabs() {
  const { site, browser, ana } = await opened();
  const second = async () => {
    const tab = await browser.tab();
    await tab.caughtUp();
    await site.time.advance(1_000);
    return tab;
  };
  const reload = async (tab: Tab) => {
    await tab.close();
    const next = await browser.tab({ reloads: tab });
    await next.caughtUp();
    await site.time.advance(1_000);
    return next;
  };
  return { site, browser, first: ana, second, reload };
}

describe("drafts of several tabs", () => {
  test("a message sent in one tab leaves the other tab's draft", async () => {
    const { site, first, second, reload } = await twoTabs();
    const other = await second();
    type(first, "ten minutes of work");
    await site.time.advance(1_000);
    type(other, "hello");
    send(other, "hello");
    await other.settled();
    await site.time.advance(1_000);
    expect(draftOf(first)).toBe("ten minutes of work");
    expect(draftOf(await reload(first))).toBe("ten minutes of work");
  });

  test("each tab keeps its own text, and a closed tab's text is adopted by a change", async () => {
    const { site, browser, first, second, reload } = await twoTabs();
    const other = await second();
    type(first, "for the class");
    type(other, "for me");
    await site.time.advance(1_000);
    const again = await reload(first);
    expect([draftOf(again), draftOf(other)]).toEqual(["for the class", "for me"]);
    await other.close();
    await again.close();
    const last = await second();
    expect(draftOf(last)?.split("\n\n").sort()).toEqual(["for me", "for the class"]);
    await site.time.advance(1_000);
    expect(await browser.store.all("drafts", "")).toHaveLength(2);
    type(last, "for all");
    await site.time.advance(1_000);
    expect(await browser.store.all("drafts", "")).toHaveLength(1);
  });

  test("tabs that reload together keep their own texts", async () => {
    const { site, browser, first, second } = await twoTabs();
    const other = await second();
    type(other, "in the other tab");
    await site.time.advance(1_000);
    await first.close();
    await other.close();
    const again = await browser.tab({ reloads: first });
    await again.caughtUp();
    await site.time.advance(1_000);
    const otherAgain = await browser.tab({ reloads: other });
    await otherAgain.caughtUp();
    await site.time.advance(1_000);
    type(again, "hello");
    send(again, "hello");
    await again.settled();
    await site.time.advance(1_000);
    expect([draftOf(again), draftOf(otherAgain)]).toEqual([undefined, "in the other tab"]);
  });

  test("a copy is deleted when its text is sent, in the owner's tab and elsewhere", async () => {
    const { site, browser, first, second } = await twoTabs();
    type(first, "from here or there");
    await site.time.advance(1_000);
    const [other, third] = [await second(), await second()];
    expect([draftOf(other), draftOf(third)]).toEqual(["from here or there", "from here or there"]);
    expect(await browser.store.all("drafts", "")).toHaveLength(1);
    send(other, "from here or there");
    await other.settled();
    await site.time.advance(1_000);
    expect([draftOf(first), draftOf(other), draftOf(third)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(await browser.store.all("drafts", "")).toEqual([]);
  });

  test("a copy follows its owner, until it is changed here", async () => {
    const { site, first, second } = await twoTabs();
    type(first, "one");
    await site.time.advance(1_000);
    const [other, third] = [await second(), await second()];
    type(third, "one, but mine");
    type(first, "one two");
    await site.time.advance(1_000);
    expect([draftOf(other), draftOf(third)]).toEqual(["one two", "one, but mine"]);
    send(first, "one two");
    await site.time.advance(1_000);
    expect([draftOf(other), draftOf(third)]).toEqual([undefined, "one, but mine"]);
  });

  test("keeps both texts if the user types before the stored draft was read", async () => {
    const { browser, first } = await twoTabs();
    type(first, "written yesterday");
    await first.close();
    const { store } = browser;
    const read = Promise.withResolvers<void>();
    browser.store = {
      get: (table, key) => store.get(table, key),
      all: async (table, prefix) => {
        if (table === "drafts") await read.promise;
        return store.all(table, prefix);
      },
      write: (changes) => store.write(changes),
    };
    const next = await browser.tab();
    await next.loggedIn("ana");
    type(next, "typed at once");
    read.resolve();
    await next.until("both", () => draftOf(next)?.includes("yesterday") === true);
    expect(draftOf(next)).toBe("written yesterday\n\ntyped at once");
  });

  test("a duplicated tab does not take over the draft of its original", async () => {
    const { site, browser, first, reload } = await twoTabs();
    type(first, "original");
    await site.time.advance(1_000);
    const copy = await browser.tab({ reloads: first });
    await copy.until("the copy", () => draftOf(copy) === "original");
    type(copy, "changed in the copy");
    await site.time.advance(1_000);
    expect(draftOf(await reload(first))).toBe("original");
  });
});
