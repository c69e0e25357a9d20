import { describe, expect, test } from "bun:test";
import {
  type FinderOverlay,
  finderChoices,
  finderLines,
} from "../../../../src/cli/screen/state/finder.ts";
import type { ChatRecord } from "../../../../src/core/client/chat-record.ts";
import type { ModelEvent } from "../../../../src/core/model/event.ts";
import type { Model } from "../../../../src/core/model/state.ts";
import { record, recordEvent } from "../../../core/model-scene.ts";
import { lobby, Screen } from "./scene.ts";

const ROWS = 3;

function roomChanged(name: string): ModelEvent {
  return { kind: "room", room: name as never, name, n: 0, skipped: 0, read: 0 } as never;
}

function finderOf({ state }: Screen): FinderOverlay {
  if (state.overlay?.kind !== "finder") throw new Error("the finder is not open");
  return state.overlay;
}

/** Groups with their rows, as short texts. */
function listed(screen: Screen): readonly string[] {
  return finderLines(finderOf(screen), screen.context.model, ROWS).map((line) => {
    if (line.kind === "heading") return `${line.group}${line.count ? ` ${line.count}` : ""}`;
    if (line.kind === "more") return `  ${line.count} more`;
    if (line.kind !== "row") return line.kind;
    const { row } = line;
    if (row.kind === "messages") return `  #${row.found.item.seq}`;
    if (row.kind === "shorter") return `  ${row.query} ${row.count}`;
    if (row.kind === "filters") return `  ${row.word}`;
    return row.kind === "more-help" ? "  …" : `  ${row.id}`;
  });
}

function choiceAt(screen: Screen) {
  const overlay = finderOf(screen);
  return finderChoices(overlay, screen.context.model, ROWS)[overlay.selectedIndex];
}

function rooms(...targets: readonly string[]): Model {
  return lobby(...targets.map((target) => roomChanged(target)));
}

function answer(screen: Screen, records: readonly ChatRecord[], hasMore = false): void {
  const query = finderOf(screen).result.search;
  if (query === undefined) throw new Error("no search");
  const found = { kind: "found", query, records, hasMore } as ModelEvent;
  screen.model({ kind: "search", query }, found);
}

const text = (seq: number, said: string) => recordEvent(seq, { body: { text: said } });

describe("what is listed", () => {
  test("the groups follow their best rows, and messages are last", () => {
    const screen = new Screen(lobby(roomChanged("deploys"), text(30, "deploy it"))).press("alt-k");
    screen.type("deploy");
    expect(listed(screen)).toEqual(["rooms", "  #deploys", "messages", "  #30"]);
  });

  test("a sign chooses rooms, people, or commands and settings, and lists all of them", () => {
    const many = ["a1", "a2", "a3", "a4", "a5", "a6"];
    const screen = new Screen(rooms(...many)).press("alt-k").type("#a");
    expect(listed(screen)).toHaveLength(1 + many.length);
    screen.press("ctrl-u").type("@be");
    expect(listed(screen)).toEqual(["people", "  @ben"]);
    screen.press("ctrl-u").type("/re");
    expect(listed(screen)).toContain("  /react");
  });

  test("more than three rows of a group unfold, and Esc folds them", () => {
    const screen = new Screen(rooms("a1", "a2", "a3", "a4", "a5", "a6")).press("alt-k").type("a");
    expect(listed(screen)).toContain("  3 more");
    const at = finderChoices(finderOf(screen), screen.context.model, ROWS).findIndex(
      ({ kind }) => kind === "more",
    );
    screen.press(...Array.from({ length: at }, () => "down"), "enter");
    expect(listed(screen)).toHaveLength(7);
    expect(listed(screen.press("esc"))).toContain("  3 more");
    expect(screen.press("esc").state.overlay).toBeUndefined();
  });

  test("a fourth row is listed in place of `1 more`", () => {
    const screen = new Screen(rooms("a1", "a2", "a3", "a4")).press("alt-k").type("a");
    expect(listed(screen).slice(0, 5)).toEqual(["rooms", "  #a1", "  #a2", "  #a3", "  #a4"]);
  });

  test("commands and settings are found by words of their purpose", () => {
    const screen = new Screen().press("alt-k").type("noise");
    expect(listed(screen)).toContain("  /quiet");
    screen.press("ctrl-u").type("colours");
    expect(listed(screen)).toContain("  =theme");
  });

  test("rooms that can be joined follow, and Enter asks", () => {
    const joinable = [{ room: "dev-playground", topic: "" }];
    const screen = new Screen(rooms("dev"), { joinable }).press("alt-k").type("dev");
    expect(listed(screen).slice(0, 3)).toEqual(["rooms", "  #dev", "  +dev-playground"]);
    screen.press("down", "enter");
    expect(screen.state.overlay).toMatchObject({ kind: "menu", title: "Join #dev-playground?" });
    expect(screen.press("enter").actions).toEqual([
      { kind: "enter", text: "/join dev-playground" },
    ]);
  });

  test("a query without results offers a near name, and what fewer words find", () => {
    const screen = new Screen(rooms("general")).press("alt-k").type("genreal");
    answer(screen, []);
    expect(listed(screen)).toEqual(["near", "  #general"]);
    expect(screen.press("enter").actions).toEqual([{ kind: "open", target: "general" }]);
    const words = new Screen(lobby(text(30, "the certificate"), text(31, "a registrar")));
    words.press("alt-k").type("certificate registrar");
    answer(words, []);
    expect(listed(words)).toEqual(["shorter", "  registrar 1", "  certificate 1"]);
    expect(listed(words.press("enter"))).toEqual(["messages", "  #31"]);
    expect(finderOf(words.press("esc")).query.text).toBe("certificate registrar");
  });

  test.each([
    ["only punctuation", "!?…, -"],
    ["a regular expression", "(a+)+$[x"],
    ["Arabic", "مرحبا"],
    ["Thai", "สวัสดี"],
    ["ten thousand letters", "ab ".repeat(3_334)],
    ["an incomplete filter", "before:soon"],
    ["a phrase that is not closed", '"to be'],
  ])("%s is no fault", (_, query) => {
    const screen = new Screen().press("alt-k").paste(query);
    expect(finderOf(screen).query.text).toBe(query.replaceAll("\n", " "));
    expect(screen.press("down", "enter", "esc", "esc").state.overlay).toBeUndefined();
  });

  test("messages in any script are found", () => {
    const screen = new Screen(
      lobby(text(30, "قال مرحبا"), text(31, "ผมพูดสวัสดีครับ"), text(32, "a(b)*")),
    );
    expect(listed(screen.press("alt-k").type("مرحبا"))).toContain("  #30");
    expect(listed(screen.press("ctrl-u").type("สวัสดี"))).toContain("  #31");
    expect(listed(screen.press("ctrl-u").type("a(b)*"))).toContain("  #32");
  });
});

describe("the search of the server", () => {
  test("is asked for with three letters or a filter", () => {
    const screen = new Screen().press("alt-k").type("wo");
    expect(screen.actions).toEqual([{ kind: "find-messages", query: undefined }]);
    const query = { input: "word", text: "word", words: ["word"] };
    expect(screen.type("rd").actions).toEqual([{ kind: "find-messages", query }]);
    screen.press("ctrl-u").type("from:ben ");
    expect(screen.actions).toMatchObject([{ query: { from: "ben" } }]);
    expect(screen.press("esc").actions).toEqual([{ kind: "find-messages", query: undefined }]);
  });

  test("adds its results below those of this device, and moves nothing", () => {
    const screen = new Screen(lobby(roomChanged("zebras"), text(30, "a zebra")));
    screen.press("alt-k").type("zebra").press("down");
    const [before, choice] = [listed(screen), choiceAt(screen)];
    expect(before).toEqual(["rooms", "  #zebras", "messages", "  #30"]);
    answer(screen, [record(1, { body: { text: "zebra" } }), record(30)]);
    expect(listed(screen)).toEqual(["rooms", "  #zebras", "messages 2", "  #30", "  #1"]);
    expect(choiceAt(screen)).toEqual(choice);
  });

  test("an answer to an earlier query is not listed", () => {
    const screen = new Screen().press("alt-k").type("zebra");
    const query = finderOf(screen).result.search;
    screen.type("s");
    const late = { kind: "found", query, records: [record(1)], hasMore: false } as ModelEvent;
    screen.model({ kind: "search", query }, late);
    expect(listed(screen)).toEqual(["messages"]);
  });

  test("an erased result leaves", () => {
    const screen = new Screen(lobby(text(30, "a word"))).press("alt-k").type("word");
    expect(listed(screen)).toContain("  #30");
    screen.model(recordEvent(31, { kind: "erase", body: { seq: 30 } }));
    expect(listed(screen)).not.toContain("  #30");
  });
});

describe("keys", () => {
  test("Ctrl-K opens it at the end of a line, Alt-K everywhere, F4 in the open room", () => {
    expect(new Screen().press("ctrl-k").state.overlay?.kind).toBe("finder");
    expect(new Screen().type("abc").press("home", "ctrl-k").state.overlay).toBeUndefined();
    expect(new Screen().type("abc").press("alt-k").line).toBe("abc|");
    expect(finderOf(new Screen().press("f4")).query.text).toBe("in:here ");
    expect(finderOf(new Screen().press("ctrl-f")).query.text).toBe("in:here ");
  });

  test("begins on the room that was open before, so that Ctrl-K Enter goes back", () => {
    const screen = new Screen(rooms("dev", "ops"));
    screen.state = { ...screen.state, previousTarget: "ops" };
    expect(screen.press("ctrl-k", "enter").actions).toEqual([{ kind: "open", target: "ops" }]);
  });

  test("the query of the last use is selected: typing replaces it, an arrow keeps it", () => {
    const screen = new Screen().press("alt-k").type("word").press("esc", "alt-k");
    expect(finderOf(screen)).toMatchObject({ query: { text: "word" }, selectedFrom: 0 });
    expect(finderOf(screen.type("x")).query.text).toBe("x");
    screen.press("esc", "alt-k", "left").type("y");
    expect(finderOf(screen).query.text).toBe("yx");
    screen.press("esc", "alt-k", "backspace");
    expect(finderOf(screen).query.text).toBe("");
  });

  test("in the open room, only the words are selected", () => {
    const screen = new Screen().press("f4").type("word").press("esc", "f4").type("x");
    expect(finderOf(screen).query.text).toBe("in:here x");
  });

  test("what it opens is not its next query", () => {
    const screen = new Screen(rooms("dev")).press("alt-k").type("dev").press("enter", "alt-k");
    expect(finderOf(screen).query.text).toBe("");
  });

  test("a command fills the input line, and does not run", () => {
    const screen = new Screen().press("alt-k").type("/reac").press("enter");
    expect([screen.line, screen.actions, screen.state.overlay]).toEqual([
      "/react |",
      [],
      undefined,
    ]);
    expect(new Screen().press("alt-k").type("/reac").press("tab").line).toBe("/react |");
  });

  test("a setting lists its values, of which Enter sets one", () => {
    const screen = new Screen().press("alt-k").type("/theme");
    const values = ["  =theme auto", "  =theme dark", "  =theme light"];
    expect(listed(screen).slice(0, 4)).toEqual(["values", ...values]);
    const [auto] = finderOf(screen).result.groups[0]?.rows ?? [];
    expect(auto).toMatchObject({ value: "auto", isPresent: true });
    expect(screen.press("down", "down", "enter").actions).toEqual([
      { kind: "set", setting: "theme light" },
    ]);
    const found = new Screen().press("alt-k").type("colours").press("enter");
    expect(listed(found)).toContain("  =theme light");
    expect(finderOf(found.press("esc")).query.text).toBe("colours");
  });

  test("Tab lists the actions of a row, which Esc closes", () => {
    const screen = new Screen(rooms("dev")).press("alt-k").type("dev").press("tab");
    expect(finderOf(screen).action).toBe(0);
    expect(screen.press("down", "enter").actions).toEqual([{ kind: "all-read", target: "dev" }]);
    screen.press("alt-k").type("dev").press("tab", "esc");
    expect(finderOf(screen).action).toBeUndefined();
    screen.press("tab", "down", "down", "enter");
    expect(screen.actions).toEqual([{ kind: "mute", target: "dev" }]);
  });

  test("Tab completes a filter with its values", () => {
    const screen = new Screen().press("alt-k").type("from:b");
    expect(listed(screen)[0]).toBe("  from:ben");
    expect(finderOf(screen.press("tab")).query.text).toBe("from:ben ");
  });

  test("a letter in the finder reaches no message, and its line feed no room", () => {
    const screen = new Screen().press("shift-up", "alt-k").paste("and yes\n/quit");
    expect(finderOf(screen).query.text).toBe("and yes /quit");
    expect(screen.line).toBe("|");
  });
});

describe("walking through results", () => {
  function found(): Screen {
    const screen = new Screen(lobby(text(30, "a word"), text(31, "the word"), text(32, "words")));
    screen.press("f4").type("word");
    answer(screen, [record(30), record(31), record(32)]);
    return screen;
  }

  test("Enter opens one, n and p the next and the previous", () => {
    const screen = found().press("down", "enter");
    expect(screen.state).toMatchObject({ overlay: undefined, highlighted: 31, walk: { at: 1 } });
    expect(screen.actions).toContainEqual({ kind: "jump", target: "lobby", seq: 31 });
    expect(screen.press("n").state.highlighted).toBe(30);
    expect(screen.press("p", "p").state.highlighted).toBe(32);
    expect(screen.press("p").state.notes.at(-1)?.text).toBe("this is the first one");
    expect(screen.press("esc").state.walk).toBeUndefined();
  });

  test("the finder shows the same results again, on the one that was opened", () => {
    const screen = found().press("down", "enter", "alt-k");
    expect(listed(screen)).toEqual(["messages 3", "  #32", "  #31", "  #30"]);
    expect(finderOf(screen).selectedIndex).toBe(1);
  });

  test("results that arrive later continue the walk", () => {
    const screen = new Screen(lobby(text(30, "a word"))).press("f4").type("word");
    answer(screen, [record(30)], true);
    screen.press("enter");
    const query = screen.context.model.search?.query;
    if (query === undefined) throw new Error("no search");
    const edit = record(6, { kind: "edit", body: { seq: 3, text: "word" } } as never);
    const more = { kind: "found", query, records: [record(4), edit], hasMore: false } as ModelEvent;
    screen.model({ kind: "search-more" }, more);
    // An edit stands for the message that it changes.
    expect(screen.press("n").state.highlighted).toBe(3);
    expect(screen.press("n").state.highlighted).toBe(4);
  });

  test("opens no result in a room that the user has left", () => {
    const screen = new Screen().press("alt-k").type("from:ben word");
    const room = { ...record(8).room, name: "attic" };
    answer(screen, [record(90, { room, body: { text: "word" } })]);
    expect(() => screen.press("enter")).toThrow("you are not in attic");
  });
});

describe("help", () => {
  test("F1 begins with ten keys, and typing searches answers, keys and commands", () => {
    const screen = new Screen().press("f1");
    expect(listed(screen)).toHaveLength(11);
    screen.type("REACT");
    expect(listed(screen)).toContain("keys");
    expect(listed(screen)).toContain("  /react");
    expect(listed(screen)[0]).toBe("answers");
    expect(listed(screen.press("ctrl-u").type("?keys")).length).toBeGreaterThan(80);
  });

  test("begins with the keys of the state in which it was opened", () => {
    const screen = new Screen().press("shift-up", "f1");
    expect(finderOf(screen).result.groups[0]?.title).toBe("Selected message");
  });

  test("Enter on an answer in the list shows it, and Esc returns", () => {
    const screen = new Screen().press("alt-k").type("hand in my work");
    expect(choiceAt(screen)).toMatchObject({ row: { kind: "answers" } });
    screen.press("enter");
    expect(finderOf(screen).query.text).toBe("?hand in my work");
    expect(finderOf(screen.press("esc")).query.text).toBe("hand in my work");
  });

  test("a key of the list does what it does", () => {
    const screen = new Screen().press("f1", "down", "enter");
    expect(screen.actions).toEqual([{ kind: "inbox" }]);
  });
});

test("lists followed threads, or says that there are none", () => {
  const screen = new Screen().press("alt-k").type("in:threads ");
  expect(listed(screen)).toEqual(["hints"]);
});
