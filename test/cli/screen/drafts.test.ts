import { describe, expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import { DRAFT_SAVE_DELAY_MS } from "../../../src/base/limits-screen.ts";
import { ScreenDrafts } from "../../../src/cli/screen/drafts.ts";
import type { ComposerDraft } from "../../../src/core/model/state.ts";
import { ClientState } from "../../../src/io/state/client-state.ts";
import type { DraftOwner } from "../../../src/io/state/home-tables.ts";
import { tempFolder } from "../../temp-folder.ts";
import { FakeClock } from "./terminal/fake-device.ts";

const ANA = { fingerprint: "F", user: "ana" };

function openDrafts() {
  const clock = new FakeClock();
  const { drafts: store } = ClientState.inMemory();
  let input: ComposerDraft | undefined;
  let writes = 0;
  let isFull = false;
  const faults: string[] = [];
  const keep: typeof store.save = (...saved) => {
    if (isFull) throw new Fault("store-full", "no space");
    writes++;
    store.save(...saved);
  };
  const drafts: ScreenDrafts = new ScreenDrafts({
    clock,
    store: { save: keep, list: (owner: DraftOwner) => store.list(owner) } as typeof store,
    collect: () => drafts.setDraft("lobby", input),
    onFailure: ({ code }) => faults.push(code),
  });
  drafts.open(ANA);
  const type = (text: string) => {
    input = { text };
    drafts.scheduleSave();
  };
  const storedText = (owner = ANA) => store.list(owner).get("lobby")?.text;
  const fill = (on: boolean) => {
    isFull = on;
  };
  return { clock, drafts, type, storedText, fill, faults, writes: () => writes };
}

describe("an unfinished edit", () => {
  test("is written after a delay, once for several keys", () => {
    const { clock, type, storedText, writes } = openDrafts();
    type("h");
    clock.pass(DRAFT_SAVE_DELAY_MS - 1);
    expect(storedText()).toBeUndefined();
    type("half");
    clock.pass(DRAFT_SAVE_DELAY_MS);
    expect([storedText(), writes()]).toEqual(["half", 1]);
    clock.pass(DRAFT_SAVE_DELAY_MS);
    type("half");
    clock.pass(DRAFT_SAVE_DELAY_MS);
    expect(writes()).toBe(1);
  });

  test.each(["/login ana hunter2", "/regster ana hunter2", " /join dev hunter2", "/passwd x"])(
    "is not stored if it contains a secret: %p",
    (text) => {
      const { drafts, storedText } = openDrafts();
      drafts.setDraft("lobby", { text: text.slice(0, 4) });
      drafts.save();
      drafts.setDraft("lobby", { text });
      drafts.save();
      expect(storedText()).toBeUndefined();
      drafts.setDraft("lobby", { text: "edited", edits: 2, before: { text } });
      drafts.save();
      expect(storedText()).toBeUndefined();
    },
  );

  test("belongs to one account", () => {
    const { drafts, storedText } = openDrafts();
    drafts.setDraft("lobby", { text: "ana's" });
    const ben = { fingerprint: "F", user: "ben" };
    expect(drafts.open(ben).size).toBe(0);
    drafts.setDraft("lobby", { text: "ben's" });
    drafts.save();
    expect([storedText(), storedText(ben)]).toEqual(["ana's", "ben's"]);
    expect([...drafts.open(ANA)]).toEqual([["lobby", { text: "ana's" }]]);
    drafts.accountRenamed({ fingerprint: "F", user: "anna" });
    drafts.setDraft("lobby", { text: "anna's" });
    drafts.save();
    expect(storedText({ fingerprint: "F", user: "anna" })).toBe("anna's");
  });

  test("is retried after a write error, which is reported once", () => {
    const { drafts, storedText, fill, faults } = openDrafts();
    fill(true);
    for (const text of ["a", "b"]) {
      drafts.setDraft("lobby", { text });
      drafts.save();
    }
    expect([faults, storedText()]).toEqual([["store-full"], undefined]);
    fill(false);
    drafts.setDraft("lobby", { text: "b" });
    drafts.save();
    expect(storedText()).toBe("b");
    fill(true);
    drafts.setDraft("lobby", { text: "c" });
    drafts.save();
    expect(faults).toEqual(["store-full", "store-full"]);
  });
});

describe("several windows of one home", () => {
  /** Windows that share one store. */
  function openWindows() {
    const { drafts: store } = ClientState.inMemory();
    const open = () => {
      const options = { clock: new FakeClock(), store, collect: () => {}, onFailure: () => {} };
      const drafts = new ScreenDrafts(options);
      const shown = drafts.open(ANA).get("lobby")?.text;
      const type = (text: string | undefined) => {
        drafts.setDraft("lobby", text === undefined ? undefined : { text });
        drafts.save();
      };
      return { shown, type };
    };
    return { open, restored: () => open().shown };
  }

  test("a message sent in one does not delete the other's draft", () => {
    const { open, restored } = openWindows();
    const [a, b] = [open(), open()];
    a.type("one");
    b.type("a long text");
    a.type(undefined);
    expect(restored()).toBe("a long text");
  });

  test("both drafts survive, each as it was last typed", () => {
    const { open, restored } = openWindows();
    const [a, b] = [open(), open()];
    for (const text of ["o", "one"]) a.type(text);
    for (const text of ["t", "two"]) b.type(text);
    a.type("one more");
    expect(restored()).toBe("two\none more");
    expect(restored()).toBe("two\none more");
  });

  test("a window does not take the draft of one that is open, but of one that has ended", () => {
    const folder = tempFolder();
    const window = () => {
      const state = ClientState.open(folder);
      const { drafts: store } = state;
      const drafts = new ScreenDrafts({
        clock: new FakeClock(),
        store,
        collect: () => {},
        onFailure: () => {},
      });
      const shown = drafts.open(ANA).get("lobby")?.text;
      const type = (text: string | undefined) => {
        drafts.setDraft("lobby", text === undefined ? undefined : { text });
        drafts.save();
      };
      return { shown, type, drafts, close: () => state.close() };
    };
    const first = window();
    first.type("ten minutes of work");
    const fault = new Fault("not-allowed", "no");
    const refused = { body: { text: "refused" }, state: { kind: "refused", fault } } as const;
    first.drafts.keepRefused([{ ...refused, key: "a", to: "lobby", writtenUnixMs: 0, id: "" }]);
    const second = window();
    expect(second.shown).toBeUndefined();
    second.type("hello");
    second.type(undefined);
    second.type("two");
    second.close();
    first.close();
    const third = window();
    expect(third.shown).toBe("ten minutes of work\nrefused\ntwo");
    third.drafts.close();
    const fourth = window();
    expect(fourth.shown).toBe("ten minutes of work\nrefused\ntwo");
    fourth.type(undefined);
    fourth.close();
    third.close();
    const last = window();
    expect(last.shown).toBeUndefined();
    last.close();
  });

  test("a restored draft is written by the window that changes it", () => {
    const { open, restored } = openWindows();
    open().type("half");
    const [a, b] = [open(), open()];
    expect([a.shown, b.shown]).toEqual(["half", "half"]);
    b.type("half done");
    expect(restored()).toBe("half done");
    a.type("half a thought");
    expect(restored()).toBe("half done\nhalf a thought");
  });
});

test("a refused reply in a thread is a draft of it, and a refused reaction is none", () => {
  const { drafts: store } = ClientState.inMemory();
  const drafts = new ScreenDrafts({
    clock: new FakeClock(),
    store,
    collect: () => undefined,
    onFailure: () => undefined,
  });
  drafts.open(ANA);
  const state = { kind: "refused", fault: new Fault("not-allowed", "no") } as const;
  const post = { to: "lobby", writtenUnixMs: 0, id: "", state };
  drafts.keepRefused([
    { ...post, key: "a", body: { text: "reply", re: 3, thread: true } },
    { ...post, key: "b", body: { text: "", re: 3, react: "👍" } },
  ]);
  expect([...store.list(ANA)]).toEqual([["lobby 3", { text: "reply" }]]);
});
